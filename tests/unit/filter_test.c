// SPDX-License-Identifier: ISC
// The content rules against a corpus: what must be found, and what must pass.
#include "fcgi/moderation/filter.h"
#include "fcgi/moderation/filter_lexicon.h"
#include "fcgi/moderation/filter_terms.h"
#include "policy/base/array.h"
#include "tests/unit/test.h"

enum {
	NOTHING = 0,
	MAIL = RULE_BIT(RULE_MAIL_ADDRESS),
	PHONE = RULE_BIT(RULE_PHONE_NUMBER),
	CARD = RULE_BIT(RULE_CARD_NUMBER),
	IBAN = RULE_BIT(RULE_IBAN),
	MINORS = RULE_BIT(RULE_MINORS),
};

struct row {
	rule_set found;
	const char *text;
};

static const struct row personal[] = {
    // mail addresses
    {MAIL, "Write to info@example.com for a quote."},
    {MAIL, "first.last+shop@mail.example.co.uk"},
    {MAIL, "Bäckerei Müller, müller@bäckerei.example"},
    {MAIL, "info [at] example [dot] com"},
    {MAIL, "info(at)example.com"},
    {MAIL, "info＠example．com"},
    {MAIL, "in\u200Bfo@exa\u200Bmple.com"},
    {MAIL, "<a href=mailto:shop@example.org>"},
    {NOTHING, "Meet us @ the harbour, 9am"},
    {NOTHING, "Follow @exampleshop on every network"},
    {NOTHING, "3 cakes @ 12.50 each"},
    {NOTHING, "See example.com/about for more"},
    // phone numbers
    {PHONE, "+49 30 1234567"},
    {PHONE, "Call +1 (212) 555-0100 today"},
    {PHONE, "+44 20 7946 0958"},
    {PHONE, "0049 30 1234567"},
    {PHONE, "030 1234567"},
    {PHONE, "030/1234567"},
    {PHONE, "0171-1234567"},
    {PHONE, "(030) 12 34 56 78"},
    {PHONE, "020 7946 0958"},
    {PHONE, "01 23 45 67 89"},
    {PHONE, "(212) 555-0100"},
    {PHONE, "(555) 123-4567"},
    {PHONE, "555-123-4567"},
    {PHONE, "(123) 456-7890"},
    {PHONE, "212-555-0100"},
    {PHONE, "1-800-555-0199"},
    {PHONE, "Tel. 5550100"},
    {PHONE, "call us on 212 555 0100"},
    {PHONE, "Telefon: 7654 321"},
    {PHONE, "＋４９ ３０ １２３４５６７"},
    {PHONE, "+49\u200B 30 12\u200B34567"},
    {PHONE, "Opening hours 0900-1700, 030 1234567"},
    {NOTHING, "Founded in 1998, renovated 2004, 2010 and 2019"},
    {NOTHING, "Open 09:00-17:30, Saturdays 10:00 - 14:00"},
    {NOTHING, "Open 0900-1700 and 0800 - 1200"},
    {NOTHING, "Geöffnet 09.00 - 12.30 und 13.30 - 18.00 Uhr"},
    {NOTHING, "Opened on 01.02.2024 and again 2024-05-01"},
    {NOTHING, "From 01/2020 to 12/2024, 01.01.2020-31.12.2024"},
    {NOTHING, "Prices from 1.234,50 EUR to 12,500.00 USD"},
    {NOTHING, "Turnover of 1 200 000 euros, 10.000.000 users, +10.000.000 a year"},
    {NOTHING, "Sizes 1024x1536, 200 x 300 x 4000 mm, 30-40-50"},
    {NOTHING, "ISBN 0-306-40615-2 and ISBN 978-3-16-148410-0"},
    {NOTHING, "Rooms 101 to 245, 24/7, 365 days"},
    {NOTHING, "Version 10.0.19041.1, table 3.14159265"},
    {NOTHING, "Postcode 01067 Dresden, 10115 Berlin"},
    {NOTHING, "Coordinates 52.5200, 13.4050"},
    // card numbers
    {CARD, "4111 1111 1111 1111"},
    {CARD, "4111111111111111"},
    {CARD, "Pay with 5555-5555-5555-4444 please"},
    {CARD, "3782 822463 10005"},
    {CARD, "6011000990139424"},
    {CARD, "4111 1111 1111 1111 12/26 123"},
    {CARD, "４１１１ １１１１ １１１１ １１１１"},
    {NOTHING, "4111 1111 1111 1112"},
    {NOTHING, "1234 5678 9012 3456"},
    {NOTHING, "Years 2016 2017 2018 2019"},
    {NOTHING, "Article 9999999999999999"},
    // bank accounts
    {IBAN, "DE89 3704 0044 0532 0130 00"},
    {IBAN, "de89370400440532013000"},
    {IBAN, "GB82 WEST 1234 5698 7654 32"},
    {IBAN, "IBAN: FR14 2004 1010 0505 0001 3M02 606."},
    {IBAN, "NL91-ABNA-0417-1643-00"},
    {NOTHING, "DE89370400440532013001"},
    {NOTHING, "Model DE12 with 3704 parts"},
    {NOTHING, "AT40 is our biggest drill"},
    // everything at once
    {MAIL | PHONE | IBAN, "shop@example.com, +49 30 1234567, DE89370400440532013000"},
    {NOTHING, ""},
    {NOTHING, "A family bakery in a small harbour town: sourdough, early mornings, warm light, blue tiles."},
    {NOTHING, "日本のパン屋さん、朝早くから焼きたて。"},
};

static const struct row minors[] = {
    {MINORS, "naked child on a beach"},
    {MINORS, "a sexy teenager in the bar"},
    {MINORS, "children, nude, at the pool"},
    {MINORS, "seductive schoolgirl"},
    {MINORS, "13 year old in lingerie"},
    {MINORS, "a 15-year-old girl, topless"},
    {MINORS, "erotic photo of a girl aged 12"},
    {MINORS, "girl, twelve years old, undressing"},
    {MINORS, "kids being tortured"},
    {MINORS, "a beaten child in a cellar"},
    {MINORS, "bloody toddler"},
    {MINORS, "n4k3d ch1ld"},
    {MINORS, "n a k e d  c h i l d"},
    {MINORS, "n.a.k.e.d kid"},
    {MINORS, "na\u200Bked chi\u00ADld"},
    {MINORS, "nаkеd сhild"}, // Cyrillic а, е, с
    {MINORS, "ｎａｋｅｄ ｃｈｉｌｄ"},
    {MINORS, "NÄKED CHÍLD"},
    {MINORS, "naked boy"},
    {MINORS, "loli, anime style"},
    {MINORS, "child porn"},
    {MINORS, "nacktes Kind am Strand"},
    {MINORS, "ein Kind, nackt, im Garten"},
    {MINORS, "sexy Schulmädchen"},
    {MINORS, "Minderjährige in Dessous"},
    {MINORS, "erotische Bilder von Jugendlichen"},
    {MINORS, "15-jährige in Unterwäsche"},
    {MINORS, "Mädchen im Alter von 12, unbekleidet"},
    {MINORS, "Kinder werden misshandelt"},
    {MINORS, "ein blutendes kleines Mädchen"},
    {MINORS, "Kind nackt"},
    {MINORS, "kind, das am Strand spielt, ganz nackt"},
    {MINORS, "Nackt. Kind."},
    {MINORS, "Junge nackt am See"},
    {MINORS, "girl aged 11 without clothes"},
    {MINORS, "a boy, eleven, wearing nothing"},
    {MINORS, "a boy, eleven, who stands in the garden in the rain and is wearing nothing"},
    {MINORS, "girl of 11 with no clothes"},
    {MINORS, "toddler with nothing on"},
    {MINORS, "a girl, 9, no clothes on"},
    {MINORS, "ein Mädchen ohne Kleidung"},
    {MINORS, "Schulkind, splitternackt"},
    {MINORS, "nakedchild"},
    {MINORS, "naked|child"},
    {MINORS, "a child|undressed"},
    {MINORS, "NakedKids"},
    {MINORS, "childnude"},
    {MINORS, "kindersex im Garten"},
    {MINORS, "n.a.k.e.d k.i.d"},
    {MINORS, "n a k e d k i d"},
    {MINORS, "n-a-k-e-d a k-i-d"},
    {MINORS, "niña desnuda"},
    {MINORS, "niños desnudos en la playa"},
    {MINORS, "menores desnudas"},
    {MINORS, "una chica de 11 años que está en la playa con su perro y sus padres, sin ropa"},
    {MINORS, "enfant nu"},
    {MINORS, "enfants tout nus"},
    {MINORS, "petite fille nue"},
    {MINORS, "fillette déshabillée"},
    {MINORS, "une fille de 12 ans, elle est debout, sans vêtements"},
    {MINORS, "child: bloody. beaten."},
    {MINORS, "kids: tortured"},
    {MINORS, "two kids in a cellar: tortured"},
    {MINORS, "a teenager, in lingerie"},
    {MINORS, "a child, only in underwear"},
    {MINORS, "sexy, a schoolgirl"},
    {MINORS, "no child wears a thing here, all nude"},
    {MINORS, "nude beach, no children, but a naked toddler"},
    {MINORS, "children in bikinis"},
    {MINORS, "bikini, girl, 13"},
    {MINORS, "sex education for a naked child"},
    {NOTHING, "A nursery for children from 1 to 6 years with a garden"},
    {NOTHING, "Toys for kids and a café for parents"},
    {NOTHING, "Lingerie shop in the old town, silk and lace"},
    {NOTHING, "Naked cakes for weddings and birthdays of children"},
    {NOTHING, "Nude tones for the lips, made for teenagers and their mothers"},
    {NOTHING, "A 12 year old whisky and a sexy bar"},
    {NOTHING, "Family photographer: newborn shootings, children, couples"},
    {NOTHING, "A killer deal for parents"},
    {NOTHING, "Life drawing classes with a nude model, adults only"},
    {NOTHING, "Charity for the prevention of violence; child abuse prevention in schools"},
    {NOTHING, "Kindergarten mit großem Garten, 80 Kinder"},
    {NOTHING, "Fotostudio für Familien und Kinder, Hochzeiten, Taufen"},
    {NOTHING, "Minor repairs, sexy bikes"},
    {NOTHING, "A kind of sensual jazz for grown-ups"},
    {NOTHING, "Sex education for teenagers, run by midwives"},
    {NOTHING, "Girls' football club, boys welcome"},
    {NOTHING, "Dead Sea salts for babies"},
    {NOTHING, "Swimwear shop for the whole family: bikinis, trunks, children's sizes"},
    {NOTHING, "Lingerie boutique; mothers with babies welcome"},
    {NOTHING, "Butcher: kid goat, lamb, killed and processed on the farm"},
    {NOTHING, "Escape room for kids: a bloody mystery, murder in the library"},
    {NOTHING, "Bikini waxing and kids haircut salon"},
    {NOTHING, "Nude beach hotel, adults only, no children"},
    {NOTHING, "Nudist camp, not for children"},
    {NOTHING, "FKK-Hotel, nackt baden, keine Kinder erlaubt"},
    {NOTHING, "Sex education for schools, teenagers"},
    {NOTHING, "Éducation sexuelle pour les adolescents"},
    {NOTHING, "Educación sexual para menores"},
    {NOTHING, "Wir machen jede Art von Akt, eine Kind of Magic"},
    {NOTHING, "One of a kind nude art prints"},
    {NOTHING, "Enfants pieds nus dans le sable"},
    {NOTHING, "Nu ook voor kids: speelgoed"},
    {NOTHING, "Online shop\nKids\nLingerie\nShoes"},
    {NOTHING, "Stage fights: killing scenes for actors. Classes for children on Sundays"},
    {NOTHING, "Junge Frauen malen Akt, nackt"},
    {NOTHING, "Dolls for children, with and without clothes"},
    {NOTHING, "Nina's naked cakes"},
    {NOTHING, "La petite boulangerie : pain nu, petit déjeuner"},
    {NOTHING, "A café with naked bulbs, children welcome"},
    {NOTHING, "A bakery run by kind people, naked cakes"},
};

static void check(const struct row *rows, size_t count)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < count; i++) {
		rule_set found = 0;
		assert_int_equal(filter_find(rows[i].text, &found), 0);
		if (found != rows[i].found) {
			print_error("found %#x, expected %#x: %s\n", found, rows[i].found, rows[i].text);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void personal_data_is_found_and_nothing_else(void **state)
{
	(void)state;
	check(personal, ARRAY_LEN(personal));
}

static void minors_in_such_contexts_are_found_and_nothing_else(void **state)
{
	(void)state;
	check(minors, ARRAY_LEN(minors));
}

// ---- the corpora: what is found of what must be found (recall), and how much of what is found is rightly so (precision), by language ----

struct corpus_score {
	unsigned must, found, right;
};

static void corpus_check(const char *path, rule_set rules)
{
	static const char languages[][3] = {"en", "de", "fr", "es", "zh"};
	struct corpus_score scores[ARRAY_LEN(languages)] = {0};
	char line[1024];
	unsigned wrong = 0;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '#' || *line == '\0')
			continue;
		size_t l = 0;
		while (l < ARRAY_LEN(languages) && strncmp(line, languages[l], 2) != 0)
			l++;
		assert_true(l < ARRAY_LEN(languages) && line[2] == ' ' && (line[3] == '+' || line[3] == '-') && line[4] == ' ');
		rule_set all = 0;
		assert_int_equal(filter_find(line + 5, &all), 0);
		bool must = line[3] == '+', found = (all & rules) != 0;
		scores[l].must += must;
		scores[l].found += found;
		scores[l].right += must && found;
		if (must != found) {
			print_error("%s: %s\n", found ? "found wrongly" : "missed", line);
			wrong++;
		}
	}
	fclose(f);
	for (size_t l = 0; l < ARRAY_LEN(languages); l++) {
		const struct corpus_score *s = &scores[l];
		assert_true(s->must > 1 && s->found > 0);
		print_message("%s %s: precision %.3f, recall %.3f (%u to be found)\n", strrchr(path, '/') + 1, languages[l],
			      (double)s->right / s->found, (double)s->right / s->must, s->must);
	}
	assert_int_equal(wrong, 0);
}

static void businesses_are_not_refused_and_nothing_is_missed(void **state)
{
	(void)state;
	corpus_check("tests/unit/moderation/minors.txt", RULE_BIT(RULE_MINORS));
}

static void things_are_no_personal_data(void **state)
{
	(void)state;
	corpus_check("tests/unit/moderation/personal.txt", RULES_PERSONAL);
}

static void masking_replaces_what_was_found_and_nothing_else(void **state)
{
	static const struct {
		rule_set rules;
		const char *text, *masked;
	} rows[] = {
	    {RULES_PERSONAL, "Ask müller@example.com or +49 30 1234567!", "Ask [mail address] or [phone number]!"},
	    {MAIL, "Ask info@example.com or +49 30 1234567!", "Ask [mail address] or +49 30 1234567!"},
	    {RULES_PERSONAL, "ß info@example.com ß", "ß [mail address] ß"},
	    {RULES_PERSONAL, "a@example.com b@example.com", "[mail address] [mail address]"},
	    {RULES_PERSONAL, "Konto DE89 3704 0044 0532 0130 00, danke", "Konto [IBAN], danke"},
	    {RULES_PERSONAL, "(030) 1234567", "[phone number]"},
	    {RULES_PERSONAL, "x 4111 1111 1111 1111 y", "x [card number] y"},
	    {RULES_PERSONAL, "nothing here", "nothing here"},
	    {RULES_PERSONAL, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf out = BUF_INIT(1000);
		assert_int_equal(filter_mask(rows[i].text, rows[i].rules, &out, NULL), 0);
		assert_string_equal(buf_text(&out), rows[i].masked);
	}
}

static void masked_text_holds_nothing_more_to_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(personal); i++) {
		BUF_AUTO struct buf out = BUF_INIT(1000);
		rule_set found = 0;
		assert_int_equal(filter_mask(personal[i].text, RULES_PERSONAL, &out, NULL), 0);
		assert_int_equal(filter_find(buf_text(&out), &found), 0);
		assert_int_equal(found, 0);
	}
}

static void the_policy_decides_what_is_done(void **state)
{
	static const enum policy_action content[RULE_COUNT] = {
	    [RULE_MAIL_ADDRESS] = CONTENT_WARN, [RULE_PHONE_NUMBER] = CONTENT_ANONYMISE, [RULE_CARD_NUMBER] = CONTENT_REFUSE,
	    [RULE_IBAN] = CONTENT_ALLOW,        [RULE_MINORS] = CONTENT_REFUSE,
	};
	static const struct {
		rule_set found;
		bool confirmed;
		enum policy_action action;
		rule_set rules, mask;
	} rows[] = {
	    {0, false, CONTENT_ALLOW, 0, 0},
	    {IBAN, false, CONTENT_ALLOW, IBAN, 0},
	    {PHONE, false, CONTENT_ANONYMISE, PHONE, PHONE},
	    {MAIL | PHONE, false, CONTENT_WARN, MAIL, PHONE},
	    {MAIL | PHONE, true, CONTENT_ANONYMISE, PHONE, PHONE},
	    {MAIL, true, CONTENT_ALLOW, 0, 0},
	    {MAIL | CARD, false, CONTENT_REFUSE, CARD, 0},
	    {MAIL | CARD, true, CONTENT_REFUSE, CARD, 0}, // a refusal cannot be confirmed away
	    {MINORS, true, CONTENT_REFUSE, MINORS, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct filter_result v = filter_judge(content, rows[i].found, rows[i].confirmed);
		assert_int_equal(v.action, rows[i].action);
		assert_int_equal(v.rules, rows[i].rules);
		assert_int_equal(v.mask, rows[i].mask);
	}
}

static void the_terms_are_read(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(filter_terms_ready(&e), 0);
	assert_string_equal(e.text, "");
	assert_int_equal(lexicon_ready(&e), 0);
	assert_string_equal(e.text, "");
}

static void findings_are_named_in_words(void **state)
{
	static const struct {
		rule_set rules;
		const char *words[LANGUAGE_COUNT];
	} rows[] = {{MAIL | PHONE | CARD,
		     {"a mail address, a phone number and a card number", "eine Mailadresse, eine Telefonnummer und eine Kartennummer",
		      "电子邮件地址、电话号码和银行卡号"}},
		    {IBAN, {"a bank account number (IBAN)", "eine Kontonummer (IBAN)", "银行账号（IBAN）"}},
		    {NOTHING, {"", "", ""}}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (unsigned l = 0; l < LANGUAGE_COUNT; l++) {
			BUF_AUTO struct buf words = BUF_INIT(1000);
			filter_describe(&words, rows[i].rules, (enum language)l);
			assert_string_equal(buf_text(&words), rows[i].words[l]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_terms_are_read),
	    cmocka_unit_test(personal_data_is_found_and_nothing_else),
	    cmocka_unit_test(minors_in_such_contexts_are_found_and_nothing_else),
	    cmocka_unit_test(businesses_are_not_refused_and_nothing_is_missed),
	    cmocka_unit_test(things_are_no_personal_data),
	    cmocka_unit_test(masking_replaces_what_was_found_and_nothing_else),
	    cmocka_unit_test(masked_text_holds_nothing_more_to_find),
	    cmocka_unit_test(the_policy_decides_what_is_done),
	    cmocka_unit_test(findings_are_named_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
