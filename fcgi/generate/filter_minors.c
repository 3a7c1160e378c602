// SPDX-License-Identifier: ISC
// Minors in a sexualised or violent context. A term alone is innocent (a nursery, a lingerie shop); what is refused is the two close
// together. Words are compared after fold(), with digits and signs that stand for letters replaced and spelled-out words joined, so that
// n4ked, n a k e d and nакеd are the same word. What is explicit counts across a whole passage; what is merely suggestive or violent counts
// within one clause, because a shop that sells bikinis may have children's sizes too. English and German; the plain words of French and
// Spanish.
#include "fcgi/generate/filter.h"
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 40, WORDS_MAX = 65536 };

enum word_end { JOINED, ITEM_ENDS, CLAUSE_ENDS };
struct word {
	char plain[WORD_MAX], leet[WORD_MAX];
	bool spelled; // joined from single letters: terms may stand anywhere in it
	enum word_end after;
	unsigned clause, item; // which it stands in; an item is what commas set apart
};

// A term is one or more words; a trailing "*" takes any ending.
static const char *const alone[] = {"loli",
				    "lolis",
				    "lolicon",
				    "shotacon",
				    "csam",
				    "jailbait",
				    "childporn*",
				    "kiddieporn*",
				    "kidporn*",
				    "teenporn*",
				    "kinderporn*",
				    "child porn*",
				    "kiddie porn*",
				    "kid porn*",
				    "kinder porno*",
				    "jugendporno*",
				    "pedophil*",
				    "paedophil*",
				    "padophil*",
				    "pedo",
				    "child erotica",
				    "barely legal teen*",
				    "underage sex*",
				    "kindesmissbrauchsdarstellung*",
				    NULL};
static const char *const minors[] = {"child",          "children",        "kid",
				     "kids",           "minor",           "minors",
				     "underage",       "under age",       "underaged",
				     "teen",           "teens",           "teenage",
				     "teenaged",       "teenager*",       "preteen*",
				     "pre teen*",      "tween",           "tweens",
				     "toddler*",       "infant",          "infants",
				     "baby",           "babies",          "newborn*",
				     "schoolgirl*",    "schoolboy*",      "school girl*",
				     "school boy*",    "schoolchild*",    "schoolkid*",
				     "pupil",          "pupils",          "little girl*",
				     "little boy*",    "young girl*",     "young boy*",
				     "small girl*",    "small boy*",      "lolita*",
				     "prepubescent",   "pubescent",       "adolescent*",
				     "juvenile*",      "barely legal",    "daycare",
				     "kindergarten*",  "preschool*",      "ein kind",
				     "das kind",       "dem kind",        "einem kind",
				     "kleines kind",   "kleine kind",     "kleinen kind",
				     "nacktes kind",   "nackte kind",     "jedes kind",
				     "mein kind",      "dieses kind",     "kinder",
				     "kindern",        "kindes",          "kinds",
				     "kleinkind*",     "schulkind*",      "minderjahrig*",
				     "minderjaehrig*", "jugendliche*",    "saugling*",
				     "saeugling*",     "schulmadchen*",   "schulmaedchen*",
				     "schuler",        "schulern",        "schulerin*",
				     "schueler*",      "kleines madchen", "kleine madchen",
				     "junges madchen", "junge madchen",   "kleiner junge*",
				     "kleine jungen",  "teenie*",         "grundschul*",
				     "kind",           "kiddo*",          "youngster*",
				     "menores",        "menor de edad",   "colegiala*",
				     "bebe",           "bebes",           "enfant",
				     "enfants",        "fillette*",       "garconnet*",
				     "gamin",          "gamins",          "gamine*",
				     "bambin",         "bambins",         "ecolier*",
				     "collegien*",     "lyceen*",         "petite fille*",
				     "petites filles", "petit garcon*",   "petits garcons",
				     "mineure",        "mineures",        NULL};
// May also be said of grown-ups; they count only beside a grave term.
static const char *const young[] = {"girl",   "girls",    "boy",       "boys",  "madchen", "maedchen", "jungs",    "knabe",
				    "knaben", "bub",      "buben",     "young", "sohn",    "tochter",  "daughter", "son",
				    "junge",  "jungen",   "nina",      "ninas", "nino",    "ninos",    "chica*",   "chico",
				    "chicos", "muchach*", "jovencit*", "fille", "filles",  "garcon",   "garcons",  NULL};
// "nu" alone is "now" or "no" elsewhere: it counts beside a French word only.
static const char *const french[] = {"enfant*", "fillette*", "garcon*",  "gamin*",      "fille",   "filles",  "bebe*",
				     "ado",     "ados",      "ecolier*", "adolescent*", "mineur*", "bambin*", NULL};
static const char *const nu[] = {"nu", "nue", "nus", "nues", NULL};
static const char *const sexual[] = {"nude",
				     "nudes",
				     "nudity",
				     "naked",
				     "undressed",
				     "undressing",
				     "unclothed",
				     "porn*",
				     "sex",
				     "sexual*",
				     "sexualis*",
				     "sexualiz*",
				     "sexually",
				     "erotic*",
				     "erotik*",
				     "erotisch*",
				     "topless",
				     "fetish*",
				     "fetisch*",
				     "nsfw",
				     "hentai",
				     "genital*",
				     "masturbat*",
				     "orgasm*",
				     "incest*",
				     "inzest*",
				     "intercourse",
				     "striptease",
				     "stripping",
				     "nackt*",
				     "sexuell*",
				     "entkleidet*",
				     "unbekleidet*",
				     "ausgezogen*",
				     "oben ohne",
				     "unzuchtig*",
				     "pornograf*",
				     "pornograph*",
				     "rape",
				     "raped",
				     "raping",
				     "rapes",
				     "vergewaltig*",
				     "molest*",
				     "without clothes",
				     "without clothing",
				     "without any clothes",
				     "without her clothes",
				     "without his clothes",
				     "without their clothes",
				     "with no clothes",
				     "with no clothing",
				     "no clothes on",
				     "wearing nothing",
				     "wears nothing",
				     "wear nothing",
				     "wearing no clothes",
				     "not wearing anything",
				     "not wearing any clothes",
				     "with nothing on",
				     "in the buff",
				     "birthday suit",
				     "unclad",
				     "disrobed",
				     "disrobing",
				     "halfnaked",
				     "seminude*",
				     "undress",
				     "undresses",
				     "bare breasted",
				     "takes off her clothes",
				     "takes off his clothes",
				     "ohne kleidung",
				     "ohne kleider",
				     "ohne klamotten",
				     "ohne was an",
				     "hullenlos*",
				     "huellenlos*",
				     "splitternackt*",
				     "splitterfasernackt*",
				     "halbnackt*",
				     "barbusig*",
				     "nackig*",
				     "nackert*",
				     "entblosst*",
				     "desnud*",
				     "desvestid*",
				     "sin ropa",
				     "en cueros",
				     "violad*",
				     "denude*",
				     "deshabill*",
				     "devetu*",
				     "sans vetement*",
				     "seins nus",
				     "sexuel",
				     "sexuels",
				     "viol",
				     "viole",
				     "violee",
				     "violees",
				     NULL};
static const char *const suggestive[] = {"sexy",           "seductive*",      "sensual*",    "provocative*", "suggestive*", "sultry",
					 "lustful*",       "lewd*",           "see through", "explicit*",    "bondage",     "lasziv*",
					 "verfuhrerisch*", "verfuehrerisch*", "aufreizend*", "freizugig*",   "freizuegig*", "provocativ*",
					 "sugerente*",     "aguichant*",      NULL};
// Said of people or sold in shops.
static const char *const garments[] = {"lingerie",      "bikini*",        "underwear",    "panties",     "hot pants",
				       "dessous",       "unterwasche",    "unterwaesche", "reizwasche",  "lenceria",
				       "ropa interior", "sous vetement*", "no clothes",   "no clothing", NULL};
static const char *const violent[] = {"beaten",
				      "beating",
				      "abuse",
				      "abused",
				      "abusing",
				      "abuses",
				      "torture*",
				      "torturing",
				      "murder*",
				      "kill",
				      "kills",
				      "killed",
				      "killing",
				      "stabbed",
				      "stabbing",
				      "strangle*",
				      "strangling",
				      "gore",
				      "gory",
				      "bloody",
				      "bleeding",
				      "mutilat*",
				      "dismember*",
				      "execution*",
				      "behead*",
				      "corpse*",
				      "dead",
				      "suicide",
				      "self harm*",
				      "cutting herself",
				      "cutting himself",
				      "missbrauch*",
				      "misshandel*",
				      "geschlagen*",
				      "verprugel*",
				      "verpruegel*",
				      "gefoltert*",
				      "folter*",
				      "ermord*",
				      "getotet*",
				      "getoetet*",
				      "toten",
				      "erstochen*",
				      "erwurg*",
				      "blutend*",
				      "blutig*",
				      "blutuberstromt*",
				      "gequalt*",
				      "gequaelt*",
				      "enthaupt*",
				      "leiche*",
				      "selbstmord*",
				      "hingerichtet*",
				      "golpead*",
				      "torturad*",
				      "asesinad*",
				      "ensangrentad*",
				      "assassine*",
				      "ensanglante*",
				      "maltraite*",
				      NULL};

// A term followed (or, with "<", preceded) by one of these is something else.
static const struct {
	const char *term, *beside;
} innocent[] = {
    {"naked", "cake*"},
    {"naked", "juice*"},
    {"naked", "bike*"},
    {"naked", "eye"},
    {"nude", "tone*"},
    {"nude", "colo*"},
    {"nude", "shade*"},
    {"nude", "lip*"},
    {"nude", "heel*"},
    {"nude", "shoe*"},
    {"nude", "make*"},
    {"nude", "palette*"},
    {"nude", "nail*"},
    {"sex", "education"},
    {"sex", "ed"},
    {"sexual", "health"},
    {"sexual", "education"},
    {"sexual", "orientation"},
    {"sexualpadagog*", ""},
    {"sexualpaedagog*", ""},
    {"sexualkunde*", ""},
    {"sex", "<same"},
    {"abuse", "prevention"},
    {"abuse", "counsel*"},
    {"abuse", "support"},
    {"abuse", "protection"},
    {"missbrauchspra*", ""},
    {"missbrauchsberat*", ""},
    {"suicide", "prevention"},
    {"selbstmordpra*", ""},
    {"beaten", "egg*"},
    {"beaten", "track*"},
    {"beating", "heart*"},
    {"dead", "sea"},
    {"dead", "line*"},
    {"bloody", "mary*"},
    {"corpse", "reviver*"},
    {"execution", "of"},
    {"execution*", "plan*"},
    {"young", "frau*"},
    {"son", "<and"},
    {"daughter", "<and"},
    {"minor", "repair*"},
    {"minor", "change*"},
    {"minor", "surger*"},
    {"kinds", "of"},
    {"baby", "blue"},
    {"baby", "pink"},
    {"baby", "doll"},
    {"kid", "leather"},
    {"toten", "<roten"},
    {"kind", "of"},
    {"kind", "to"},
    {"kind", "words"},
    {"kind", "regards"},
    {"kind", "people"},
    {"kind", "staff"},
    {"kind", "person"},
    {"kind", "service"},
    {"kind", "gesture"},
    {"kind", "and"},
    {"kind", "hearted"},
    {"kind", "souls"},
    {"kind", "welcome"},
    {"kind", "team"},
    {"kind", "<a"},
    {"kind", "<any"},
    {"kind", "<every"},
    {"kind", "<some"},
    {"kind", "<this"},
    {"kind", "<that"},
    {"kind", "<each"},
    {"kind", "<one"},
    {"kind", "<other"},
    {"kind", "<what"},
    {"kind", "<which"},
    {"kind", "<is"},
    {"kind", "<are"},
    {"kind", "<be"},
    {"kind", "<very"},
    {"kind", "<so"},
    {"kind", "<most"},
    {"kind", "<different"},
    {"kind", "<its"},
    {"kid", "goat*"},
    {"kid", "glove*"},
    {"kid", "<goat"},
    {"kids", "<goat"},
    {"baby", "goat*"},
    {"baby", "lamb*"},
    {"baby", "spinach"},
    {"baby", "back"},
    {"bikini*", "wax*"},
    {"bikini*", "line"},
    {"bikini*", "zone*"},
    {"bikinizone*", ""},
    {"without clothes", "<and"},
    {"murder*", "myster*"},
    {"murder*", "<mystery"},
    {"murder*", "dinner*"},
    {"bloody", "myster*"},
    {"sexual*", "<educacion"},
    {"sexual*", "<salud"},
    {"sexuel*", "<education"},
    {"sexuel*", "<sante"},
    {"sexuell*", "bildung"},
    {"sexuell*", "aufklarung"},
    {"sexuell*", "gesundheit"},
    {"sexuell*", "orientierung"},
    {"sexualerziehung*", ""},
    {"sexualberatung*", ""},
    {"sexualaufklarung*", ""},
    {"naked", "bulb*"},
    {"naked", "wall*"},
    {"nackt*", "gluhbirne*"},
    {"nackt*", "wand*"},
    {"nackt*", "beton*"},
    {"dead", "poet*"},
    {"nude", "tights"},
    {"nude", "stocking*"},
    {"junge", "frau*"},
    {"junge", "dame*"},
    {"junge", "leute"},
    {"junge", "manner"},
    {"junge", "erwachsene*"},
    {"jungen", "frau*"},
    {"jungen", "manner*"},
    {"jungen", "erwachsene*"},
    {"jungen", "leute*"},
    {"viole", "de"},
    {"viole", "d"},
    {"nus", "<pieds"},
    {"nues", "<mains"},
    {"nu", "metal"},
    {"nu", "jazz"},
    {"nu", "soul"},
    {"petit", "dejeuner*"},
};

// ---- words ----

static bool in_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '@' || c == '$' || c == '!' || c == '|' || c == FOLD_OTHER;
}

static char unleet(char c)
{
	static const char from[] = "0134578@$!|", to[] = "oieastbasil";
	const char *p = strchr(from, c);

	return p != NULL && c != '\0' ? to[p - from] : c;
}

static void word_set(struct word *w, const char *s, size_t len)
{
	size_t letters = 0;

	while (len > 0 && (s[len - 1] == '!' || s[len - 1] == '|'))
		len--;
	if (len >= WORD_MAX)
		len = WORD_MAX - 1;
	memcpy(w->plain, s, len);
	for (size_t i = 0; i < len; i++)
		letters += s[i] >= 'a' && s[i] <= 'z';
	for (size_t i = 0; i < len; i++)
		w->leet[i] = letters > 0 || len == 1 ? unleet(s[i]) : s[i];
	w->plain[len] = w->leet[len] = '\0';
	w->spelled = false;
}

// Joins runs of three or more words of one letter: "c h i l d", "n.u.d.e".
static size_t join_spelled(struct word *w, size_t count)
{
	size_t out = 0;

	for (size_t i = 0; i < count;) {
		size_t run = 0;
		while (i + run < count && run < WORD_MAX - 1 && w[i + run].plain[0] != '\0' && w[i + run].plain[1] == '\0')
			run++;
		if (run < 3) {
			w[out++] = w[i++];
			continue;
		}
		struct word joined = {.spelled = true, .after = w[i + run - 1].after};
		for (size_t k = 0; k < run; k++)
			joined.plain[k] = joined.leet[k] = w[i + k].leet[0];
		w[out++] = joined;
		i += run;
	}
	return out;
}

// What stands between the word that ends at `end` and the next one.
static enum word_end ends_here(const char *text, size_t end)
{
	enum word_end found = JOINED;

	while (end > 0 && (text[end - 1] == '!' || text[end - 1] == '|')) // letters in disguise, or what they are
		end--;
	const char *s = text + end;
	for (; *s != '\0' && (!in_word(*s) || *s == '!' || *s == '|'); s++) {
		bool before_space = s[1] == '\0' || s[1] == ' ' || s[1] == '\n';
		if (strchr(";:?!", *s) != NULL || (*s == '.' && before_space))
			return CLAUSE_ENDS;
		if (strchr(",\n|()", *s) != NULL)
			found = ITEM_ENDS;
	}
	return found;
}

// "a teenager, in lingerie" is one item in spite of its comma.
static bool goes_on(const struct word *next)
{
	static const char *const words[] = {"in",  "wearing", "wears", "with", "who",  "dressed", "posing", "tragt", "traegt",
					    "mit", "im",      "nur",   "only", "just", "en",      "con",    "avec",  NULL};

	for (const char *const *w = words; *w != NULL; w++) {
		if (strcmp(next->plain, *w) == 0)
			return true;
	}
	return false;
}

// A clause of one word belongs to its neighbour: "child: bloody. beaten."
static void number_clauses(struct word *w, size_t count)
{
	unsigned clause = 0, item = 0, words = 0;

	for (size_t i = 0; i < count; i++) {
		w[i].clause = clause;
		w[i].item = item;
		words++;
		if (w[i].after == JOINED || i + 1 == count)
			continue;
		item += w[i].after == CLAUSE_ENDS || !goes_on(&w[i + 1]);
		bool next_is_short = i + 2 >= count || w[i + 1].after == CLAUSE_ENDS;
		if (w[i].after == CLAUSE_ENDS && words > 1 && !next_is_short) {
			clause++;
			words = 0;
		}
	}
}

// All of them are wiped by words_free().
static struct word *words_of(const char *text, size_t *count, size_t *room)
{
	FOLD_AUTO struct folded f = {0};
	size_t n = 0, begins = 0;

	if (fold(&f, text) != 0)
		return NULL;
	for (size_t i = 0; i < f.len; i++)
		begins += in_word(f.text[i]) && (i == 0 || !in_word(f.text[i - 1]));
	if (begins > WORDS_MAX)
		begins = WORDS_MAX;
	struct word *w = calloc(begins + 1, sizeof *w);
	for (size_t i = 0; w != NULL && n < begins;) {
		size_t end = i;
		while (in_word(f.text[end]))
			end++;
		if (end > i) {
			word_set(&w[n], f.text + i, end - i);
			w[n++].after = ends_here(f.text, end);
		}
		i = end > i ? end : i + 1;
	}
	if (w == NULL)
		return NULL;
	*count = join_spelled(w, n);
	number_clauses(w, *count);
	*room = begins + 1;
	return w;
}

static void words_free(struct word *w, size_t room)
{
	explicit_bzero(w, room * sizeof *w);
	free(w);
}

// ---- terms ----

// One word of a term, of `len` characters, against one word of the text.
static bool same(const struct word *w, const char *part, size_t len)
{
	bool any_ending = len > 0 && part[len - 1] == '*';

	if (any_ending)
		len--;
	for (const char *const *form = (const char *const[]){w->plain, w->leet, NULL}; *form != NULL; form++) {
		if (strncmp(*form, part, len) == 0 && (any_ending || (*form)[len] == '\0'))
			return true;
	}
	return w->spelled && len >= 3 && memmem(w->leet, strlen(w->leet), part, len) != NULL;
}

// How many words the term takes at w; 0 when it is not there.
static size_t term_at(const struct word *w, size_t left, const char *term)
{
	size_t taken = 0;

	if (left > 0 && !w->spelled && *term != w->plain[0] && *term != w->leet[0]) // nearly always, and cheaper
		return 0;
	while (*term != '\0') {
		size_t len = strcspn(term, " ");
		if (taken == left || !same(&w[taken], term, len))
			return 0;
		taken++;
		term += len + (term[len] == ' ');
	}
	return taken;
}

static bool is_innocent(const struct word *w, size_t count, size_t at)
{
	for (size_t i = 0; i < sizeof innocent / sizeof innocent[0]; i++) {
		const char *beside = innocent[i].beside;
		if (term_at(w + at, count - at, innocent[i].term) == 0)
			continue;
		if (*beside == '\0' || (*beside == '<' && at > 0 && same(&w[at - 1], beside + 1, strlen(beside + 1))) ||
		    (*beside != '<' && at + 1 < count && same(&w[at + 1], beside, strlen(beside))))
			return true;
	}
	return false;
}

static size_t any_at(const struct word *w, size_t count, size_t at, const char *const *terms)
{
	for (; *terms != NULL; terms++) {
		size_t taken = term_at(w + at, count - at, *terms);
		if (taken > 0 && !is_innocent(w, count, at))
			return taken;
	}
	return 0;
}

// ---- ages ----

static bool one_of(const struct word *w, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (same(w, *list, strlen(*list)))
			return true;
	}
	return false;
}

static bool under_18(const struct word *w)
{
	static const char *const names[] = {"one",      "two",      "three",     "four",     "five",     "six",      "seven",
					    "eight",    "nine",     "ten",       "eleven",   "twelve",   "thirteen", "fourteen",
					    "fifteen",  "sixteen",  "seventeen", "zwei",     "drei",     "vier",     "funf",
					    "sechs",    "sieben",   "acht",      "neun",     "zehn",     "elf",      "zwolf",
					    "dreizehn", "vierzehn", "funfzehn",  "sechzehn", "siebzehn", NULL};
	const char *s = w->plain;
	size_t digits = strspn(s, "0123456789");

	if (digits == 0 || s[digits] != '\0')
		return one_of(w, names);
	return (digits == 1 && s[0] != '0') || (digits == 2 && s[0] == '1' && s[1] < '8');
}

// "12 year old", "12 yo", "aged 12", "12 jahre alt", "15 jahrig…", "15jahrig…"; not the age of a whisky.
static bool young_age(const struct word *w, size_t count, size_t at)
{
	static const char *const years[] = {"year old*", "years old", "yr old*", "yo", "y o", "jahre alt*", "jahrig*", "jaehrig*", NULL};
	static const char *const romance[] = {"ans", "anos", NULL};
	static const char *const before[] = {"age", "aged", "alter", NULL};
	static const char *const things[] = {"whisky",   "whiskey", "wine*",       "rum",   "cheese*", "company",
					     "business", "house",   "building",    "brand", "shop",    "firm",
					     "wein*",    "firma",   "unternehmen", "haus",  NULL};
	const struct word *here = &w[at];
	size_t digits = strspn(here->plain, "0123456789");

	if (digits > 0 && digits < 3 &&
	    (strncmp(here->plain + digits, "jahrig", 6) == 0 || strcmp(here->plain + digits, "yo") == 0 ||
	     strncmp(here->plain + digits, "jaehrig", 7) == 0))
		return digits == 1 || (here->plain[0] == '1' && here->plain[1] < '8');
	if (!under_18(here))
		return false;
	if (at > 0 && one_of(&w[at - 1], before))
		return true;
	if (at > 1 && strcmp(w[at - 1].plain, "von") == 0 && strcmp(w[at - 2].plain, "alter") == 0)
		return true;
	size_t next = at + 1;
	if (at > 0 && next < count && strcmp(w[at - 1].plain, "de") == 0 && one_of(&w[next], romance))
		return true;
	for (const char *const *form = years; *form != NULL && next < count; form++) {
		size_t taken = term_at(w + next, count - next, *form);
		if (taken > 0)
			return next + taken >= count || !one_of(&w[next + taken], things);
	}
	return false;
}

// "boy, eleven", "girl of 11"
static bool child_of_age(const struct word *w, size_t count, size_t at)
{
	static const char *const who[] = {"girl*", "boy*", "madchen", "maedchen", "junge",   "daughter",
					  "son",   "sohn", "tochter", "sister",   "brother", NULL};
	static const char *const of[] = {"of", "von", "de", NULL};
	size_t next = at + 1;

	if (!one_of(&w[at], who))
		return false;
	next += next < count && one_of(&w[next], of);
	return next < count && under_18(&w[next]);
}

// ---- together ----

// "no children", "keine Kinder erlaubt"; but not "no child wears a thing".
static bool negated(const struct word *w, size_t count, size_t at)
{
	static const char *const no[] = {"no", "kein", "keine", "ohne", "without", "sans", "sin", NULL};
	static const char *const ends[] = {"allowed", "admitted",   "permitted", "please", "or",
					   "erlaubt", "zugelassen", "gestattet", "oder",   NULL};
	static const char *const for_them[] = {"for", "fur", "fuer", NULL};
	bool denied = at > 0 && one_of(&w[at - 1], no);

	if (at > 1 && one_of(&w[at - 1], for_them))
		denied = strcmp(w[at - 2].plain, "not") == 0 || strcmp(w[at - 2].plain, "nicht") == 0;
	return denied && (w[at].after != JOINED || at + 1 == count || one_of(&w[at + 1], ends));
}

static bool minor_at(const struct word *w, size_t count, size_t at)
{
	return any_at(w, count, at, minors) > 0 && !negated(w, count, at);
}

static bool in_list(const char *s, size_t len, const char *const *terms)
{
	for (; *terms != NULL; terms++) {
		size_t n = strcspn(*terms, "* ");
		if ((*terms)[n] != ' ' && (n == len || ((*terms)[n] == '*' && n < len)) && strncmp(s, *terms, n) == 0)
			return true;
	}
	return false;
}

// "nakedchild": two terms without a space.
static bool glued(const struct word *w)
{
	const char *s = w->leet;
	size_t len = strlen(s);

	for (size_t cut = 3; cut + 3 <= len; cut++) {
		bool first = in_list(s, cut, sexual), second = in_list(s + cut, len - cut, sexual);
		if (first && (in_list(s + cut, len - cut, minors) || in_list(s + cut, len - cut, young)))
			return true;
		if (second && (in_list(s, cut, minors) || in_list(s, cut, young)))
			return true;
	}
	return false;
}

// Where each was last seen, counted from 1; 0: not yet.
struct seen {
	size_t minor, aged, young, sexual, suggestive, garment, violent, french, nu;
};

static bool near(size_t a, size_t b, size_t words)
{
	return a > 0 && b > 0 && (a > b ? a - b : b - a) <= words;
}

static bool together(const struct word *w, const struct seen *s)
{
	enum { SEXUAL_NEAR = 25, YOUNG_NEAR = 4, SUGGESTIVE_NEAR = 5, VIOLENT_NEAR = 6, NU_NEAR = 4 };

	if (near(s->minor, s->sexual, SEXUAL_NEAR) || near(s->young, s->sexual, YOUNG_NEAR) || near(s->french, s->nu, NU_NEAR))
		return true;
	if (near(s->minor, s->garment, SUGGESTIVE_NEAR) && w[s->minor - 1].item == w[s->garment - 1].item)
		return true;
	// Who has an age is a person, not a size.
	if (near(s->aged, s->garment, SUGGESTIVE_NEAR) && w[s->aged - 1].clause == w[s->garment - 1].clause)
		return true;
	if (near(s->minor, s->suggestive, SUGGESTIVE_NEAR) && w[s->minor - 1].clause == w[s->suggestive - 1].clause)
		return true;
	return near(s->minor, s->violent, VIOLENT_NEAR) && w[s->minor - 1].clause == w[s->violent - 1].clause;
}

static void look(const struct word *w, size_t count, size_t i, struct seen *seen)
{
	const struct {
		const char *const *terms;
		size_t *at;
	} rows[] = {{young, &seen->young},
		    {sexual, &seen->sexual},
		    {suggestive, &seen->suggestive},
		    {garments, &seen->garment},
		    {violent, &seen->violent},
		    {french, &seen->french},
		    {nu, &seen->nu}};

	if (young_age(w, count, i) || child_of_age(w, count, i))
		seen->aged = seen->minor = i + 1;
	else if (minor_at(w, count, i))
		seen->minor = i + 1;
	for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
		if (any_at(w, count, i, rows[r].terms) > 0)
			*rows[r].at = i + 1;
	}
}

bool filter_minors(const char *text)
{
	size_t count = 0, room = 0;
	struct word *w = words_of(text, &count, &room);
	struct seen seen = {0};
	bool found = false;

	if (w == NULL)
		return true;
	for (size_t i = 0; i < count && !found; i++) {
		look(w, count, i, &seen);
		found = any_at(w, count, i, alone) > 0 || glued(&w[i]) || together(w, &seen);
	}
	words_free(w, room);
	return found;
}
