// SPDX-License-Identifier: ISC
#include "fcgi/moderation/filter_terms.h"
#include "policy/base/array.h"
#include <pthread.h>
#include <string.h>

// A term is one or more words; a trailing "*" takes any ending.
static const char *const alone[] = {
    "loli",         "lolis",       "lolicon",       "shotacon",           "csam",          "jailbait",
    "childporn*",   "kiddieporn*", "kidporn*",      "teenporn*",          "kinderporn*",   "child porn*",
    "kiddie porn*", "kid porn*",   "kinder porno*", "jugendporno*",       "pedophil*",     "paedophil*",
    "padophil*",    "pedo",        "child erotica", "barely legal teen*", "underage sex*", "kindesmissbrauchsdarstellung*"};
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
				     "mineure",        "mineures"};
static const char *const young[] = {"girl",   "girls",    "boy",       "boys",  "madchen", "maedchen", "jungs",    "knabe",
				    "knaben", "bub",      "buben",     "young", "sohn",    "tochter",  "daughter", "son",
				    "junge",  "jungen",   "nina",      "ninas", "nino",    "ninos",    "chica*",   "chico",
				    "chicos", "muchach*", "jovencit*", "fille", "filles",  "garcon",   "garcons"};
static const char *const french[] = {"enfant*", "fillette*", "garcon*",  "gamin*",      "fille",   "filles", "bebe*",
				     "ado",     "ados",      "ecolier*", "adolescent*", "mineur*", "bambin*"};
static const char *const nu[] = {"nu", "nue", "nus", "nues"};
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
				     "violees"};
static const char *const suggestive[] = {"sexy",       "seductive*",  "sensual*",       "provocative*",    "suggestive*",
					 "sultry",     "lustful*",    "lewd*",          "see through",     "explicit*",
					 "bondage",    "lasziv*",     "verfuhrerisch*", "verfuehrerisch*", "aufreizend*",
					 "freizugig*", "freizuegig*", "provocativ*",    "sugerente*",      "aguichant*"};
static const char *const garments[] = {"lingerie",      "bikini*",        "underwear",    "panties",    "hot pants",
				       "dessous",       "unterwasche",    "unterwaesche", "reizwasche", "lenceria",
				       "ropa interior", "sous vetement*", "no clothes",   "no clothing"};
static const char *const violent[] = {
    "beaten",        "beating",     "abuse",        "abused",      "abusing",       "abuses",          "torture*",        "torturing",
    "murder*",       "kill",        "kills",        "killed",      "killing",       "stabbed",         "stabbing",        "strangle*",
    "strangling",    "gore",        "gory",         "bloody",      "bleeding",      "mutilat*",        "dismember*",      "execution*",
    "behead*",       "corpse*",     "dead",         "suicide",     "self harm*",    "cutting herself", "cutting himself", "missbrauch*",
    "misshandel*",   "geschlagen*", "verprugel*",   "verpruegel*", "gefoltert*",    "folter*",         "ermord*",         "getotet*",
    "getoetet*",     "toten",       "erstochen*",   "erwurg*",     "blutend*",      "blutig*",         "blutuberstromt*", "gequalt*",
    "gequaelt*",     "enthaupt*",   "leiche*",      "selbstmord*", "hingerichtet*", "golpead*",        "torturad*",       "asesinad*",
    "ensangrentad*", "assassine*",  "ensanglante*", "maltraite*"};

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

// ---- found by their first character ----

enum {
	TERMS = ARRAY_LEN(alone) + ARRAY_LEN(minors) + ARRAY_LEN(young) + ARRAY_LEN(sexual) + ARRAY_LEN(suggestive) + ARRAY_LEN(garments) +
		ARRAY_LEN(violent) + ARRAY_LEN(french) + ARRAY_LEN(nu),
	FIRSTS = 128, // terms are ASCII
};
static struct entry {
	const char *term;
	size_t word; // characters of its one word, without the "*"; 0: it has several
	term_classes classes;
	bool open; // takes any ending
} entries[TERMS];
static unsigned short begins[FIRSTS + 1]; // entries[begins[c]] to before entries[begins[c + 1]] have c for their first character

static struct entry entry_of(const char *term, enum term_class class)
{
	size_t len = strcspn(term, " *");

	return (struct entry){.term = term, .word = term[len] == ' ' ? 0 : len, .classes = TERM_BIT(class), .open = term[len] == '*'};
}

static void sort_terms(void)
{
	static const struct {
		const char *const *terms;
		size_t count;
		enum term_class class;
	} lists[] = {
	    {alone, ARRAY_LEN(alone), TERM_ALONE},
	    {minors, ARRAY_LEN(minors), TERM_MINOR},
	    {young, ARRAY_LEN(young), TERM_YOUNG},
	    {sexual, ARRAY_LEN(sexual), TERM_SEXUAL},
	    {suggestive, ARRAY_LEN(suggestive), TERM_SUGGESTIVE},
	    {garments, ARRAY_LEN(garments), TERM_GARMENT},
	    {violent, ARRAY_LEN(violent), TERM_VIOLENT},
	    {french, ARRAY_LEN(french), TERM_FRENCH},
	    {nu, ARRAY_LEN(nu), TERM_NU},
	};
	unsigned short n = 0;

	for (int c = 0; c < FIRSTS; c++) {
		begins[c] = n;
		for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
			for (size_t i = 0; i < lists[l].count; i++) {
				if (*lists[l].terms[i] == c)
					entries[n++] = entry_of(lists[l].terms[i], lists[l].class);
			}
		}
	}
	begins[FIRSTS] = n;
}

static void terms_ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, sort_terms);
}

static bool is_innocent(const struct word *w, size_t count, size_t at)
{
	for (size_t i = 0; i < ARRAY_LEN(innocent); i++) {
		const char *beside = innocent[i].beside;
		if (term_at(w + at, count - at, innocent[i].term) == 0)
			continue;
		if (*beside == '\0' || (*beside == '<' && at > 0 && word_is(&w[at - 1], beside + 1, strlen(beside + 1))) ||
		    (*beside != '<' && at + 1 < count && word_is(&w[at + 1], beside, strlen(beside))))
			return true;
	}
	return false;
}

static term_classes those_at(const struct word *w, size_t left, unsigned from, unsigned to)
{
	term_classes found = 0;

	for (unsigned i = from; i < to; i++) {
		if ((found & entries[i].classes) == 0 && term_at(w, left, entries[i].term) > 0)
			found |= entries[i].classes;
	}
	return found;
}

term_classes terms_at(const struct word *w, size_t count, size_t at)
{
	const struct word *here = &w[at];
	unsigned char plain = (unsigned char)here->plain[0] % FIRSTS, leet = (unsigned char)here->leet[0] % FIRSTS;
	term_classes found;

	terms_ready();
	if (here->spelled)
		found = those_at(here, count - at, 0, TERMS);
	else
		found = those_at(here, count - at, begins[plain], begins[plain + 1]);
	if (!here->spelled && leet != plain)
		found |= those_at(here, count - at, begins[leet], begins[leet + 1]);
	return found != 0 && !is_innocent(w, count, at) ? found : 0;
}

// Those that `len` characters at s are, of the terms of one word.
static term_classes piece_is(const char *s, size_t len)
{
	unsigned char first = (unsigned char)*s % FIRSTS;
	term_classes found = 0;

	for (unsigned i = begins[first]; i < begins[first + 1]; i++) {
		const struct entry *e = &entries[i];
		if (e->word > 0 && (len == e->word || (e->open && len > e->word)) && memcmp(s, e->term, e->word) == 0)
			found |= e->classes;
	}
	return found;
}

static bool grave(term_classes a, term_classes b)
{
	const term_classes who = TERM_BIT(TERM_MINOR) | TERM_BIT(TERM_YOUNG), what = TERM_BIT(TERM_SEXUAL);

	return ((a & what) != 0 && (b & who) != 0) || ((a & who) != 0 && (b & what) != 0);
}

bool terms_glued(const struct word *w)
{
	enum { SHORTEST = 3 };
	const char *s = w->leet;
	size_t len = strlen(s);

	terms_ready();
	for (size_t cut = SHORTEST; cut + SHORTEST <= len; cut++) {
		term_classes first = piece_is(s, cut);
		size_t sign = w->plain[cut] == '|' || w->plain[cut] == '!';
		if (first != 0 && (grave(first, piece_is(s + cut, len - cut)) || grave(first, piece_is(s + cut + sign, len - cut - sign))))
			return true;
	}
	return false;
}
