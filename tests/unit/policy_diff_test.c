// SPDX-License-Identifier: ISC
// One change each to the shipped policy, and whether it is material.
#include "policy/base/array.h"
#include "policy/rules/diff.h"
#include "tests/unit/policy_support.h"

#define PROCESSOR                                                                                                                          \
	"<processor id=\"acme\" name=\"Acme Limited\" brand=\"Acme\" service=\"Pictures\" roles=\"image\" order=\"3\" trains=\"no\" "      \
	"policy=\"https://acme.example/\" added=\"2026-05-11\" effective=\"2026-05-11\"><task>Pictures</task><for purpose=\"make\"/>"      \
	"<host>api.acme.example</host><region country=\"SE\" place=\"Sweden\">se-1</region><receives kind=\"prompt\"/></processor>"

#define OWN(more)                                                                                                                          \
	"<processor id=\"self-hosted\" name=\"Acme Limited\" brand=\"Our model\" service=\"Pictures\" roles=\"image\" order=\"3\" "        \
	"standing=\"own\" "                                                                                                                \
	"trains=\"no\" added=\"2026-05-11\" effective=\"2026-05-11\"><task>Pictures</task><for "                                           \
	"purpose=\"make\"/><within>10.8.0.0/16</within>" more "<receives kind=\"prompt\"/></processor>"

static const struct change {
	const char *from, *to;
	bool material; // of old → new
	bool back;     // of new → old
	const char *says;
} changes[] = {
    {"<life length=\"P14D\"", "<life length=\"P20D\"", true, false, "Request log: kept longer, 20 days instead of 14 days."},
    {"<life length=\"P14D\"", "<life length=\"P14M\"", true, false, "The number is the same and the unit is not: were days meant?"},
    // Two years have 730 or 731 days.
    {"<life length=\"P24M\"", "<life length=\"P730D\"", false, true, "Your requests to us: kept for a shorter time"},
    {"<life length=\"P24M\"", "<life length=\"P731D\"", true, false, "Your requests to us: kept longer"},
    {"after=\"closing\" then=\"delete\" hold=\"yes\"", "after=\"closing\" then=\"delete\"", false, true,
     "Your requests to us: a legal hold no longer lengthens the time."},
    {"<life length=\"P27M\" unless=\"closed\"", "<life length=\"P24M\" after=\"closing\"", true, false,
     "Your requests to us: what nobody closes no longer ends by itself."},
    {"after=\"closing\" then=\"delete\"", "after=\"closing\" then=\"anonymise\"", true, false,
     "Your requests to us: at the end anonymised instead of deleted."},
    {"<life length=\"P24M\" after=\"closing\"", "<life length=\"P24M\" after=\"creation\"", false, true,
     "Your requests to us: the time now runs from when it is made."},
    {"<life length=\"P24M\"", "<life ends-on-erasure=\"no\" length=\"P24M\"", true, false,
     "Your requests to us: may now be kept after a request for erasure, for 2 years."},
    {"<kind id=\"archive\" keep", "<kind place=\"disk\" id=\"archive\" keep", true, false,
     "now on a disk, sealed; until now in memory only."},
    {"<category>Technical faults</category>", "", false, true, "It no longer names: Technical faults."},
    {"  <kinds>",
     "  <kinds><kind id=\"ticket\" keep=\"memory\" source=\"officer\"><name>Holds</name><what>Holds.</what><for purpose=\"make\"/></kind>",
     true, false, "A new kind of data: Holds."},
    {"  <purposes>", "  <purposes><purpose id=\"new\" basis=\"contract\"><what>Something new.</what></purpose>", true, false,
     "A new purpose: Something new."},
    {"<purpose id=\"account\" basis=\"legal-obligation\">", "<purpose id=\"account\" basis=\"public-task\">", true, true,
     "The lawful basis of the purpose"},
    {"<processor id=\"sketch\"", PROCESSOR "<processor id=\"sketch\"", true, false, "A new processor: Acme (Acme Limited). Pictures."},
    {"<region country=\"SE\"", "<region country=\"IE\" place=\"Ireland\">northeurope</region><region country=\"SE\"", true, false,
     "Azure OpenAI now works in a new place: Ireland."},
    {"<host>*.openai.azure.com</host>", "<host>*.openai.azure.com</host><host>api.acme.example</host>", true, false,
     "What is sent to Azure OpenAI may now also go to the host api.acme.example."},
    {"<host>*.openai.azure.com</host>", "<host>bizimages.openai.azure.com</host>", false, true,
     "What is sent to Azure OpenAI no longer goes to the host *.openai.azure.com."},
    {"<processor id=\"sketch\"", OWN("") "<processor id=\"sketch\"", false, false, "A new processor: Our model (Acme Limited). Pictures."},
    {"<receives kind=\"prompt\"/>\n      <never", "<never", false, true, "Microsoft Ireland Operations Limited no longer gets: prompts."},
    {"<receives kind=\"prompt\"/>\n      <never", "<receives kind=\"prompt\" fields=\"prompt\"/>\n      <never", false, true,
     "Of prompts, Azure OpenAI now gets only the fields: prompt."},
    {"<never>Receipt</never>", "", true, false, "It is no longer promised that it never gets: Receipt."},
    {"<retention longest=\"P30D\">", "<retention longest=\"P60D\">", true, false, "Azure OpenAI keeps what it gets for up to 60 days."},
    {"name=\"Microsoft Ireland Operations Limited\"", "name=\"Microsoft Corporation\"", true, true,
     "Another company is behind Azure OpenAI: Microsoft Corporation."},
    {"order=\"1\" trains=\"no\"", "order=\"1\" ask=\"no-training\" trains=\"no\"", false, true, "It is now asked for: no-training."},
    {"<right id=\"objection\"", "<right id=\"feedback\"", true, true, "A right is no longer promised: Objection."},
    {"<right id=\"objection\" verify=\"receipt\"", "<right id=\"objection\" verify=\"identity\"", true, false,
     "For Objection you now show: identity."},
    {"<right id=\"access\" verify=\"receipt\" self-service=\"yes\">", "<right id=\"access\" verify=\"receipt\">", true, false,
     "Access can no longer be used without asking us."},
    {"within=\"statutory\"", "within=\"P7D\"", false, true, "Access is answered sooner: within 7 days."},
    {"years=\"16\"", "years=\"14\"", true, false, "The minimum age is now 14."},
    {"years=\"16\"", "years=\"16\" deletes=\"yes\"", false, true, "Data of younger people is now deleted when it is found."},
    {"id=\"card-number\" action=\"refuse\"", "id=\"card-number\" action=\"warn\"", true, false, "card numbers are now asked about."},
    {"<measure>All connections to this site use HTTPS.</measure>", "", true, false,
     "No longer among the security measures: All connections to this site use HTTPS."},
    {"<measure>All connections to this site use HTTPS.</measure>", "<measure>HTTPS everywhere.</measure>", false, false,
     "Among the security measures now: HTTPS everywhere."},
    {"<automated-decisions used=\"no\"", "<automated-decisions used=\"yes\"", true, false, "Decisions are now made automatically."},
    {"    <promise id=\"no-profiles\"><what>We build no profiles.</what></promise>\n", "", true, false,
     "No longer promised: We build no profiles."},
    {"<changes notice=\"P30D\"", "<changes notice=\"P60D\"", false, true, "Changes are now announced 2 months ahead.|60 days ahead."},
    {"use-accepts=\"yes\"", "use-accepts=\"no\"", false, true, "is no longer taken as accepting what changed."},
    {"by=\"effective-date\"", "by=\"effective-date\" material-by=\"banner mail\"", false, true,
     "Material changes are now also announced by: mail."},
    {"answers=\"required-by-law\"", "answers=\"valid-requests\"", true, false,
     "Which requests of authorities are answered is now: valid-requests."},
    {"<law-enforcement answers=\"required-by-law\"", "<law-enforcement", true, false,
     "It is no longer said which requests of authorities are answered; they were: required-by-law."},
    {"<controller name=\"BizImages\"", "<controller name=\"Acme Limited\"", true, true, "The controller is now Acme Limited."},
    {"mail=\"privacy@bizimages.example\"", "mail=\"data@bizimages.example\"", false, false, "The controller has new contact details."},
    {"  </third-parties>", "<resource origin=\"https://cdn.example.com\" type=\"font\"><purpose>Type</purpose></resource></third-parties>",
     true, false, "Pages now load something from a third party: https://cdn.example.com (font)."},
    {"  </cookies>", "<cookie name=\"sid\" class=\"necessary\"><purpose>Session</purpose></cookie></cookies>", true, false,
     "A new cookie: sid (Session)."},
    {"There is no registration.", "Nobody registers.", false, false, NULL},
    {"<title>Who is responsible</title>", "<title>Who answers for it</title>", false, false,
     "The section “Who answers for it” is put differently."},
    {"<lead>", "<lead>Hello. ", false, false, "The lead of notice is put differently."},
    {"</policy>", "</policy><!-- nothing -->", false, false, NULL},
};

// Any of the words between "|".
static bool says(const struct policy_diff *d, const char *words)
{
	for (size_t i = 0; i < d->count; i++) {
		for (const char *w = words; *w; w += strcspn(w, "|"), w += *w == '|') {
			char one[256];
			snprintf(one, sizeof one, "%.*s", (int)strcspn(w, "|"), w);
			if (strstr(d->changes[i].what, one) != NULL)
				return true;
		}
	}
	return words == NULL;
}

static void quiet_policy(struct buf *text)
{
	static const char *const promises[] = {"no-cookies\"", "no-third-party-resources\"", "no-disk\" kind=\"input\"",
					       "no-disk\" kind=\"page\""};
	char from[64];

	read_policy(text);
	for (size_t i = 0; i < ARRAY_LEN(promises); i++) {
		snprintf(from, sizeof from, "<promise id=\"%s>", promises[i]);
		replace_once(text, from, "<promise id=\"no-mixing\">");
	}
	replace_once(text, "after=\"closing\" then=\"delete\" hold=\"yes\" ends-on-erasure=\"no\"",
		     "after=\"closing\" then=\"delete\" hold=\"yes\"");
	replace_once(text, "unless=\"closed\" then=\"delete\" hold=\"yes\" ends-on-erasure=\"no\"", "unless=\"closed\" then=\"delete\"");
	replace_once(text, "  <notice>",
		     "<law-enforcement answers=\"required-by-law\"><what>Authorities.</what></law-enforcement>  <notice>");
}

static void try_it(const struct change *c)
{
	BUF_AUTO struct buf text, changed, messages, none;
	POLICY_DIFF_AUTO struct policy_diff there = {0}, back = {0};
	struct err e = {0};

	quiet_policy(&text);
	quiet_policy(&changed);
	replace_once(&changed, c->from, c->to);
	POLICY_AUTO struct policy *before = load_bytes(text.data, text.len, &none);
	POLICY_AUTO struct policy *after = load_bytes(changed.data, changed.len, &messages);
	if (before == NULL || after == NULL)
		fail_msg("%s: %s", c->to, buf_text(&messages));
	assert_int_equal(policy_diff(&there, before, after, &e), 0);
	assert_int_equal(policy_diff(&back, after, before, &e), 0);
	if ((there.material > 0) != c->material || (back.material > 0) != c->back)
		fail_msg("%s → %s: %zu material there, %zu back; first: %s", c->from, c->to, there.material, back.material,
			 there.count > 0 ? there.changes[0].what : "none");
	if (c->says != NULL && !says(&there, c->says))
		fail_msg("%s: does not say: %s, but: %s", c->to, c->says, there.count > 0 ? there.changes[0].what : "nothing");
	for (size_t i = 0; i < there.count; i++)
		assert_true(there.changes[i].material == (i < there.material)); // in order
}

static void each_change_is_classed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		try_it(&changes[i]);
	print_message("%zu changes, each both ways\n", ARRAY_LEN(changes));
}

static void each_difference(const char *from, const char *to, const char *then, const char *sentence, bool material)
{
	BUF_AUTO struct buf text, changed, messages, none;
	POLICY_DIFF_AUTO struct policy_diff d = {0};

	quiet_policy(&text);
	quiet_policy(&changed);
	replace_once(&text, from, to);
	replace_once(&changed, from, then);
	POLICY_AUTO struct policy *before = load_bytes(text.data, text.len, &none);
	POLICY_AUTO struct policy *after = load_bytes(changed.data, changed.len, &messages);
	if (before == NULL || after == NULL)
		fail_msg("%s: %s%s", then, buf_text(&none), buf_text(&messages));
	assert_int_equal(policy_diff(&d, before, after, NULL), 0);
	if (!says(&d, sentence) || (d.material > 0) != material)
		fail_msg("%s: %zu material, not said: %s, but: %s", then, d.material, sentence,
			 d.count > 0 ? d.changes[0].what : "nothing");
}

// Where nothing was said before.
static void requests_of_authorities_newly_stated(void **state)
{
	(void)state;
	each_difference("<law-enforcement answers=\"required-by-law\"", "<law-enforcement", "<law-enforcement answers=\"valid-requests\"",
			"Which requests of authorities are answered is now: valid-requests.", true);
}

// A kind with several lives: what changes in the shorter one, or one that waits for a condition, is told as well.
static void every_life_is_compared(void **state)
{
#define LIFE(attributes) "<life " attributes "><reason>Also.</reason></life>"
#define LIVES(attributes)                                                                                                                  \
	LIFE("length=\"P30D\" then=\"delete\"") LIFE(attributes) "<life length=\"P24M\" after=\"closing\" then=\"delete\" hold=\"yes\""
	static const struct {
		const char *from, *to, *says;
		bool material;
	} rows[] = {
	    {LIVES("while=\"service\""), LIVES("while=\"service\" then=\"anonymise\""), "at the end anonymised instead of deleted.", true},
	    {LIVES("length=\"P5D\" after=\"completion\""), LIVES("length=\"P9D\" after=\"completion\""),
	     "Your requests to us: kept longer, 9 days instead of 5 days.", true},
	    {LIVES("length=\"P9D\" after=\"completion\""), LIVES("length=\"P5D\" after=\"completion\""),
	     "Your requests to us: kept for a shorter time, 5 days instead of 9 days.", false},
	    {LIVES("length=\"P9D\" after=\"completion\""), LIVES("length=\"P9D\" after=\"creation\""),
	     "Your requests to us: no longer kept for the fixed time of 9 days.", false},
	    {LIVES("length=\"P9D\" after=\"creation\""), LIVES("length=\"P9D\" after=\"completion\""),
	     "Your requests to us: now kept for 9 days.", true},
	    {LIVES("length=\"P9D\" while=\"service\""), LIVES("while=\"service\""),
	     "Your requests to us: may now also be kept while the service runs.", true},
	    {LIVES("while=\"service\""), LIVES("length=\"P9D\" while=\"service\""),
	     "Your requests to us: no longer kept for as long as the service runs.", false},
	    {LIVES("length=\"P50D\" unless=\"service\""), LIVES("length=\"P50D\""),
	     "Your requests to us: the time no longer ends early while the service runs.", true},
	    {LIVES("length=\"P50D\""), LIVES("length=\"P50D\" unless=\"service\""),
	     "Your requests to us: the time now ends early while the service runs.", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		each_difference("<life length=\"P24M\" after=\"closing\" then=\"delete\" hold=\"yes\"", rows[i].from, rows[i].to,
				rows[i].says, rows[i].material);
}

// What a range of the other version covers is not new.
static void a_server_of_one_s_own_that_may_be_elsewhere(void **state)
{
#define SKETCH "<processor id=\"sketch\""
	static const struct {
		const char *from, *to, *says;
		bool material;
	} rows[] = {
	    {OWN("") SKETCH, OWN("<within>10.9.0.1</within>") SKETCH, "Our model may now also stand at the addresses 10.9.0.1.", true},
	    {OWN("<within>10.9.0.1</within>") SKETCH, OWN("") SKETCH, "Our model stands no longer at the addresses 10.9.0.1.", false},
	    {OWN("<within>10.0.0.0/8</within>") SKETCH, OWN("<within>10.9.0.0/16</within>") SKETCH,
	     "Our model stands no longer at the addresses 10.0.0.0/8.", false},
	    {OWN("<within>10.9.0.0/16</within>") SKETCH, OWN("<within>10.0.0.0/8</within>") SKETCH,
	     "Our model may now also stand at the addresses 10.0.0.0/8.", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		each_difference(SKETCH, rows[i].from, rows[i].to, rows[i].says, rows[i].material);
}

// Past what one comparison holds, it is no comparison: the changes that would come last may be the material ones.
static void too_many_changes_are_an_error(void **state)
{
	static const char unused[] = "<automated-decisions used=\"no\"";
	BUF_AUTO struct buf text, many, measures = BUF_INIT(1024 * 1024), none;
	POLICY_DIFF_AUTO struct policy_diff d = {0};
	struct err e = {0};

	(void)state;
	read_policy(&text);
	read_policy(&many);
	for (unsigned i = 0; i < 12000; i++)
		buf_printf(&measures, "<measure>%u</measure>", i);
	buf_adds(&measures, "</security>");
	replace_once(&many, "</security>", buf_text(&measures));
	replace_once(&many, unused, "<automated-decisions used=\"yes\"");
	POLICY_AUTO struct policy *a = load_bytes(text.data, text.len, &none);
	buf_free(&none);
	POLICY_AUTO struct policy *b = load_bytes(many.data, many.len, &none);
	if (a == NULL || b == NULL)
		fail_msg("%s", buf_text(&none));
	assert_int_equal(policy_diff(&d, a, b, &e), -1);
	assert_int_equal(e.code, ERR_MEMORY);
	assert_non_null(strstr(e.text, "by more than 10000 changes"));
	assert_int_equal(d.count, 0);
}

static void weaker_safeguards_and_training_are_material(void **state)
{
	static const char us[] = "<region country=\"US\" place=\"Virginia\">eastus</region>";
	static const char se[] = "<region country=\"SE\" place=\"Sweden Central (European Union)\">swedencentral</region>";
	BUF_AUTO struct buf strong, weak, none;
	POLICY_DIFF_AUTO struct policy_diff there = {0}, back = {0};
	struct err e = {0};

	(void)state;
	read_policy(&strong);
	replace_once(&strong, se, us);
	replace_once(&strong, "<training>", "<safeguard type=\"standard-contractual-clauses\">x</safeguard><training>");
	read_policy(&weak);
	replace_once(&weak, se, us);
	replace_once(&weak, "<training>", "<safeguard type=\"explicit-consent\">x</safeguard><training>");
	POLICY_AUTO struct policy *a = load_bytes(strong.data, strong.len, &none);
	buf_free(&none);
	POLICY_AUTO struct policy *b = load_bytes(weak.data, weak.len, &none);
	assert_int_equal(policy_diff(&there, a, b, &e), 0);
	assert_int_equal(there.material, 1);
	assert_string_equal(there.changes[0].what, "Transfers to Azure OpenAI have a weaker safeguard.");
	assert_string_equal(there.changes[0].part, "processor");
	assert_string_equal(there.changes[0].id, "azure-openai");
	assert_int_equal(policy_diff(&back, b, a, &e), 0);
	assert_int_equal(back.material, 0);
}

static void the_same_is_no_change(void **state)
{
	BUF_AUTO struct buf text, none;
	POLICY_DIFF_AUTO struct policy_diff d = {0};
	struct err e = {0};

	(void)state;
	read_policy(&text);
	POLICY_AUTO struct policy *a = load_bytes(text.data, text.len, &none);
	assert_int_equal(policy_diff(&d, a, a, &e), 0);
	assert_int_equal(d.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_change_is_classed),        cmocka_unit_test(requests_of_authorities_newly_stated),
	    cmocka_unit_test(every_life_is_compared),        cmocka_unit_test(weaker_safeguards_and_training_are_material),
	    cmocka_unit_test(the_same_is_no_change),         cmocka_unit_test(a_server_of_one_s_own_that_may_be_elsewhere),
	    cmocka_unit_test(too_many_changes_are_an_error),
	};
	setenv("LETHE_ALLOW_UNBUILT", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
