// SPDX-License-Identifier: ISC
// What `lethe policy lint` says beyond the schema: the shipped policy with one thing broken, each with its own message on its own line.
#include "policy/base/array.h"
#include "policy/rules/lint.h"
#include "tests/unit/policy_support.h"

#define RIGHT(id) "<right id=\"" id "\""

static const struct mutation {
	const char *name, *from, *to;
	const char *where; // on this line of the broken file; NULL: on that of `to`
	const char *says;
	const char *also_from, *also_to; // a second change
} mutations[] = {
    // Articles 13 and 14, item by item.
    {"place and where", "<kind id=\"archive\" keep=\"stored\"", "<kind id=\"archive\" keep=\"stored\" place=\"disk\"", NULL,
     "error: kind archive lies on a disk, and its <where> speaks of memory (en)", NULL, NULL},
    {"13(1)(a) representative", "web=\"https://bizimages.example/\"/>", "web=\"https://bizimages.example/\" country=\"US\"/>", NULL,
     "error: Article 13(1)(a): the controller is in US and names no representative", NULL, NULL},
    {"13(1)(a) silent representative", "  <subjects>", "  <representative name=\"Ida Example\"/>\n  <subjects>", "<representative",
     "error: Article 13(1)(a): the representative has no contact", NULL, NULL},
    {"13(1)(b) silent officer", "  <subjects>", "  <officer name=\"Ida Example\"/>\n  <subjects>", "<officer",
     "error: Article 13(1)(b): the data protection officer has no contact", NULL, NULL},
    {"27 representative to be filled in", "  <subjects>",
     "  <representative name=\"BizImages EU\" mail=\"privacy@bizimages.example\"/>\n  <subjects>", "<representative",
     "warning: Article 27: the representative is to be filled in", NULL, NULL},
    {"37 officer to be filled in", "  <subjects>", "  <officer name=\"BizImages\" mail=\"dpo@bizimages.example\"/>\n  <subjects>",
     "<officer", "warning: Article 37: the data protection officer is to be filled in", NULL, NULL},
    {"13(1)(c) idle purpose", "  <purposes>", "  <purposes><purpose id=\"idle\" basis=\"contract\"><what>Nothing.</what></purpose>", NULL,
     "warning: Article 13(1)(c): no kind of data and no processor is for the purpose idle", NULL, NULL},
    {"13(1)(e) recipient", "  </third-parties>",
     "<resource origin=\"https://cdn.example.com\" type=\"font\"><purpose>Type</purpose></resource></third-parties>", NULL,
     "error: Article 13(1)(e): pages load from https://cdn.example.com", NULL, NULL},
    {"13(1)(f) copy", "<region country=\"SE\" place=\"Sweden Central (European Union)\">swedencentral</region>",
     "<region country=\"US\" place=\"Virginia\">eastus</region>", "<safeguard",
     "warning: Article 13(1)(f): nothing says where to get a copy of the safeguard for processor azure-openai", "<training>",
     "<safeguard type=\"standard-contractual-clauses\">Signed.</safeguard>\n<training>"},
    {"13(2)(b) access", RIGHT("access"), RIGHT("feedback"), NULL, "error: Article 13(2)(b): the right access is missing", NULL, NULL},
    {"13(2)(b) rectification", RIGHT("rectification"), RIGHT("feedback"), RIGHT("access"),
     "error: Article 13(2)(b): the right rectification is missing", NULL, NULL},
    {"13(2)(b) erasure", RIGHT("erasure"), RIGHT("feedback"), RIGHT("access"), "error: Article 13(2)(b): the right erasure is missing",
     NULL, NULL},
    {"13(2)(b) restriction", RIGHT("restriction"), RIGHT("feedback"), RIGHT("access"),
     "error: Article 13(2)(b): the right restriction is missing", NULL, NULL},
    {"13(2)(b) objection", RIGHT("objection"), RIGHT("feedback"), RIGHT("access"),
     "error: Article 13(2)(b): the right objection is missing", NULL, NULL},
    {"13(2)(b) portability", RIGHT("portability"), RIGHT("feedback"), RIGHT("access"),
     "error: Article 13(2)(b): the right portability is missing", NULL, NULL},
    {"13(2)(c) withdrawal", "basis=\"contract\"", "basis=\"consent\" consent=\"yes\"", RIGHT("access"),
     "error: Article 13(2)(c): the right withdrawal is missing", "  <minimum-age",
     "  <consents><consent id=\"yes\" form=\"opt-in\"><what>May we?</what><withdraw>Say so.</withdraw></consent></consents>\n  "
     "<minimum-age"},
    {"13(2)(d) complaint", RIGHT("complaint"), RIGHT("feedback"), RIGHT("access"),
     "error: Article 13(2)(d): the right complaint is missing", NULL, NULL},
    {"13(2)(d) silent authority", "  <subjects>", "  <authority name=\"The Authority\"/>\n  <subjects>", "<authority",
     "warning: Article 13(2)(d): the supervisory authority is named without an address", NULL, NULL},
    {"13(2)(e) needed", "source=\"visitor\" needed=\"yes\"", "source=\"visitor\"", "<kind id=\"input\"",
     "warning: Article 13(2)(e): no kind says that it is needed", "source=\"browser\" needed=\"yes\"", "source=\"browser\""},
    {"13(2)(f) no human", "legal-effect=\"no\"", "legal-effect=\"yes\"", RIGHT("access"),
     "error: Article 13(2)(f): automated decisions have legal effect, and nobody can ask", "used=\"no\"", "used=\"yes\""},
    {"13(2)(f) contradiction", "legal-effect=\"no\"", "legal-effect=\"yes\"", "<version id",
     "error: Article 13(2)(f): automated decisions have legal effect and yet are not used", NULL, NULL},
    {"14(1)(d) categories", "      <category>Public text of a web page</category>\n", "", "<kind id=\"page\"",
     "error: Article 14(1)(d): kind page names no category", NULL, NULL},
    {"30(1)(c) subjects", "      <about subject=\"mentioned\"/>\n      <for purpose=\"make\"/>\n    </kind>\n    <kind id=\"prompt\"",
     "      <for purpose=\"make\"/>\n    </kind>\n    <kind id=\"prompt\"", "<kind id=\"page\"",
     "warning: Article 30(1)(c): kind page does not say whom it is about", NULL, NULL},
    {"cookies not shown", "  </cookies>",
     "<cookie name=\"sid\" class=\"necessary\" lasts=\"PT1H\"><purpose>Session</purpose></cookie></cookies>", "<section id=\"changes\"",
     "error: the notice does not show the cookies", "<insert what=\"cookies\"/>", "<p>None.</p>"},
    {"promises not shown", "<insert what=\"promises\"/>", "<p>None.</p>", "<section id=\"changes\"",
     "error: the notice does not show the promises", NULL, NULL},
    {"short notice", "<changes notice=\"P30D\"", "<changes notice=\"P7D\"", "<version id",
     "warning: <changes> announces material changes less than 30 days ahead", NULL, NULL},
    {"a date of the future", "updated=\"2026-05-11\"", "updated=\"2126-05-11\"", NULL,
     "warning: version 2026-05-11 was updated on a day that has not come", NULL, NULL},
    // Regimes.
    {"a regime in one right only", "<answer regime=\"gdpr\" within=\"statutory\"/>",
     "<answer regime=\"gdpr\" within=\"statutory\"/>\n<answer regime=\"ccpa\" within=\"statutory\"/>", RIGHT("erasure"),
     "error: California Civil Code 1798.105: the right erasure says nothing for the regime ccpa", NULL, NULL},
    {"ccpa: sale", "<answer regime=\"gdpr\" within=\"statutory\"/>",
     "<answer regime=\"gdpr\" within=\"statutory\"/>\n<answer regime=\"ccpa\" within=\"statutory\"/>", RIGHT("access"),
     "error: California Civil Code 1798.120: the right opt-out-of-sale is missing", NULL, NULL},
    {"ccpa: discrimination", "<answer regime=\"gdpr\" within=\"statutory\"/>",
     "<answer regime=\"gdpr\" within=\"statutory\"/>\n<answer regime=\"ccpa\" within=\"statutory\"/>", RIGHT("access"),
     "error: California Civil Code 1798.125: the right non-discrimination is missing", NULL, NULL},
    {"uk-gdpr", "<answer regime=\"gdpr\" within=\"statutory\"/>",
     "<answer regime=\"gdpr\" within=\"statutory\"/>\n<answer regime=\"uk-gdpr\" within=\"statutory\"/>", RIGHT("complaint"),
     "error: Article 13(2)(d): the right complaint says nothing for the regime uk-gdpr", NULL, NULL},
    {"a right without an account to use it", "<right id=\"access\" verify=\"receipt\"", "<right id=\"access\" verify=\"account\"", NULL,
     "error: right access needs an account, and the policy keeps none", NULL, NULL},
    // What is known of vendors.
    {"another owner", "name=\"Microsoft Ireland Operations Limited\"", "name=\"Acme Limited\"", "order=\"1\"",
     "warning: processor azure-openai is known to belong to Microsoft Ireland Operations Limited", NULL, NULL},
    {"mail without letters", "      <receives kind=\"outbox\"/>\n", "", "policy=\"https://bizimages.example/privacy\" added",
     "warning: processor smtp delivers mail, but does not receive outbox", NULL, NULL},
    {"a vendor that deletes, and no place for what waits", "<processor id=\"sketch\"",
     "<processor id=\"fal\" name=\"Features &amp; Labels, Inc.\" brand=\"fal.ai\" service=\"x\" roles=\"image\" order=\"3\" trains=\"no\" "
     "added=\"2026-05-11\" effective=\"2026-05-11\"><task>x</task><for purpose=\"make\"/><host>queue.fal.run</host>"
     "<region country=\"US\" place=\"x\">us</region><receives kind=\"prompt\"/>"
     "<safeguard type=\"standard-contractual-clauses\">x</safeguard><retention longest=\"P30D\">x</retention></processor><processor "
     "id=\"sketch\"",
     "id=\"fal\"", "warning: processor fal deletes what it is asked to, but deletions are not kept until it has", NULL, NULL},
    {"another host", "<host>*.openai.azure.com</host>", "<host>*.openai.azure.example</host>", "order=\"1\"",
     "warning: *.openai.azure.example is not known as a host of processor azure-openai", NULL, NULL},
    // Times.
    {"forgotten here, kept there",
     "after five minutes away in all, it is closed at any rate. The web server's own memory may hold remains of it until it is used again, "
     "and never a disk. Azure OpenAI may hold a copy of what it gets",
     "Then it is discarded. A copy may be held", "<kind id=\"input\"",
     "warning: kind input is kept only in memory here, but processor azure-openai, which gets it, keeps it for up to 30 days", NULL, NULL},
    {"while an account that is none", "<life length=\"P24M\" after=\"closing\"",
     "<life while=\"account\" length=\"P24M\" after=\"closing\"", NULL,
     "error: a life of kind rights-request hangs on the condition account", NULL, NULL},
    {"unless saved where nothing is saved", "<life length=\"P24M\" after=\"closing\"",
     "<life unless=\"saved\" length=\"P24M\" after=\"closing\"", NULL, "error: a life of kind rights-request hangs on the condition saved",
     NULL, NULL},
    {"while a consent that nobody asks", "<life length=\"P24M\" after=\"closing\"",
     "<life while=\"consent\" length=\"P24M\" after=\"closing\"", NULL, "error: a life of kind rights-request lasts while a consent does",
     NULL, NULL},
    {"after an account that is none", "<life length=\"P24M\" after=\"closing\"", "<life length=\"P24M\" after=\"account-end\"", NULL,
     "error: a life of kind rights-request begins at the end of an account", NULL, NULL},
    {"months beside days", "<life length=\"P24M\" after=\"closing\"", "<life length=\"P14M\" after=\"closing\"", NULL,
     "warning: kind rights-request is to live for 14 months while kind request-log lives for 14 days", NULL, NULL},
    // Places.
    {"adequacy that is none", "<region country=\"SE\"", "<region country=\"CN\"", NULL,
     "error: the safeguards of processor azure-openai do not cover CN", "<training>",
     "<safeguard type=\"adequacy\">x</safeguard><training>"},
    {"framework elsewhere", "<region country=\"SE\"", "<region country=\"SG\"", NULL,
     "error: the safeguards of processor azure-openai do not cover SG", "<training>",
     "<safeguard type=\"data-privacy-framework\">x</safeguard><training>"},
    {"consent for every transfer", "<region country=\"SE\"", "<region country=\"US\"", "<safeguard",
     "warning: transfers to processor azure-openai rest on explicit-consent alone", "<training>",
     "<safeguard type=\"explicit-consent\">x</safeguard><training>"},
    {"no link to its notice", " policy=\"https://privacy.microsoft.com/privacystatement\"", "", "order=\"1\"",
     "warning: processor azure-openai has no link to its own notice; visitors cannot look up what it does; add "
     "policy=\"https://privacy.microsoft",
     NULL, NULL},
    // Browser and consents.
    {"a cookie for ever", "  </cookies>", "<cookie name=\"sid\" class=\"necessary\"><purpose>Session</purpose></cookie></cookies>", NULL,
     "warning: cookie sid does not say how long it lasts", NULL, NULL},
    {"silence as consent", "  </cookies>",
     "<cookie name=\"_a\" class=\"analytics\" lasts=\"P1M\" consent=\"c\"><purpose>Counting</purpose></cookie></cookies>", NULL,
     "error: cookie _a rests on the consent c, which counts unless somebody objects", "  <minimum-age",
     "  <consents><consent id=\"c\" form=\"opt-out\"><what>x</what><withdraw>y</withdraw></consent></consents>\n  <minimum-age"},
    {"a consent for longer than consents last", "  </cookies>",
     "<cookie name=\"_a\" class=\"analytics\" lasts=\"P2Y\" consent=\"c\"><purpose>Counting</purpose></cookie></cookies>", NULL,
     "warning: cookie _a lasts for more than 13 months", "  <minimum-age",
     "  <consents><consent id=\"c\" form=\"opt-in\"><what>x</what><withdraw>y</withdraw></consent></consents>\n  <minimum-age"},
    {"a consent to nothing", "  <minimum-age",
     "  <consents><consent id=\"c\" form=\"opt-in\"><what>x</what><withdraw>y</withdraw></consent></consents>\n  <minimum-age",
     "<consents>", "warning: consent c is asked for and nothing rests on it", NULL, NULL},
    {"purpose on silence", "basis=\"contract\"", "basis=\"consent\" consent=\"c\"", NULL,
     "error: purpose make rests on the consent c, which counts unless somebody objects", "  <minimum-age",
     "  <consents><consent id=\"c\" form=\"opt-out\"><what>x</what><withdraw>y</withdraw></consent></consents>\n  <minimum-age"},
    {"consent of children", "basis=\"contract\"", "basis=\"consent\" consent=\"c\"", "<version id",
     "warning: a minimum age of 14 is below 16", "  <minimum-age years=\"16\">",
     "  <consents><consent id=\"c\" form=\"opt-in\"><what>x</what><withdraw>y</withdraw></consent></consents>\n  <minimum-age "
     "years=\"14\">"},
};

static void lint_text(const struct buf *text, const struct policy *before, struct buf *messages, struct report *report)
{
	char path[] = "/tmp/lethe-policy-XXXXXX";
	int fd = mkstemp(path);

	*messages = BUF_INIT(1024 * 1024);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text->data, text->len), 0);
	close(fd);
	policy_lint(path, before, report);
	report_print(report, messages);
	unlink(path);
}

static bool said(const struct buf *messages, int line, const char *says)
{
	char expected[512];

	snprintf(expected, sizeof expected, ":%d: %s", line, says);
	return strstr(buf_text(messages), expected) != NULL;
}

// Without the promises that would refuse cookies and resources before the lint sees them.
static void read_silent_policy(struct buf *text)
{
	static const char *const promises[] = {
	    "no-cookies", "no-analytics",           "no-tracking",          "no-third-party-resources", "no-linking",
	    "no-sale",    "no-disk\" kind=\"input", "no-disk\" kind=\"page"};
	char from[64];

	read_policy(text);
	for (size_t i = 0; i < ARRAY_LEN(promises); i++) {
		snprintf(from, sizeof from, "<promise id=\"%s\">", promises[i]);
		replace_once(text, from, "<promise id=\"no-mixing\">");
	}
	// What consents need.
	replace_once(text, "  </cookies>",
		     "<cookie name=\"__Host-consent\" class=\"necessary\" lasts=\"P1Y\"><purpose>Choices</purpose></cookie>  </cookies>");
	replace_once(text, "<kind id=\"ledger\"",
		     "<kind id=\"consent\" keep=\"stored\" source=\"visitor\"><name>Choices</name><what>What you chose.</what>"
		     "<category>Consents</category><where>On our server.</where><about subject=\"visitor\"/><for purpose=\"account\"/>"
		     "<life length=\"P1Y\" after=\"creation\" then=\"delete\"><reason>Proof.</reason></life></kind><kind id=\"ledger\"");
}

static void break_it(const struct mutation *m)
{
	BUF_AUTO struct buf text, messages;
	REPORT_AUTO struct report report = {0};

	read_silent_policy(&text);
	replace_once(&text, m->from, m->to);
	if (m->also_from != NULL)
		replace_once(&text, m->also_from, m->also_to);
	lint_text(&text, NULL, &messages, &report);
	int line = line_of(&text, m->where != NULL ? m->where : m->to);
	if (!said(&messages, line, m->says))
		fail_msg("%s: expected at line %d:\n%s\nbut there is only:\n%s", m->name, line, m->says, buf_text(&messages));
	assert_true(strncmp(m->says, "error", 5) == 0 ? report.errors > 0 : report.warnings > 0);
}

static void every_mutation_has_its_own_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mutations); i++)
		break_it(&mutations[i]);
	print_message("%zu mutations\n", ARRAY_LEN(mutations));
}

static void messages_differ_from_each_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mutations); i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(mutations[i].says, mutations[j].says);
	}
}

// An erasure ends nothing that a vendor is still to be asked for, and not before it can be.
static void deletions_at_vendors_outlive_an_erasure(void **state)
{
	static const char life[] = "<life length=\"P30D\" unless=\"closed\" then=\"delete\" ends-on-erasure=\"no\">";
	static const char *const shorter[] = {"<life length=\"P30D\" unless=\"closed\" then=\"delete\">",
					      "<life length=\"P1D\" unless=\"closed\" then=\"delete\" ends-on-erasure=\"no\">",
					      "<life length=\"P30D\" after=\"creation\" then=\"delete\" ends-on-erasure=\"no\">"};

	(void)state;
	for (size_t i = 0; i <= ARRAY_LEN(shorter); i++) {
		BUF_AUTO struct buf text = BUF_INIT(1 << 20), messages;
		REPORT_AUTO struct report report = {0};
		assert_int_equal(file_read("policy/sites/imagedesigner.xml", &text, NULL), 0);
		if (i < ARRAY_LEN(shorter))
			replace_once(&text, life, shorter[i]);
		lint_text(&text, NULL, &messages, &report);
		const bool says = strstr(buf_text(&messages), "error: what waits of kind deletion ends on erasure") != NULL;
		assert_int_equal(says, i < ARRAY_LEN(shorter));
	}
}

static void the_shipped_policy_has_nothing_to_find(void **state)
{
	BUF_AUTO struct buf text, messages;
	REPORT_AUTO struct report report = {0};

	(void)state;
	read_policy(&text);
	lint_text(&text, NULL, &messages, &report);
	assert_string_equal(buf_text(&messages), "");
	assert_int_equal(report.errors + report.warnings, 0);
}

static void a_unit_that_changed_since_the_version_before_is_seen(void **state)
{
	BUF_AUTO struct buf text, messages, none;
	REPORT_AUTO struct report report = {0};

	(void)state;
	read_policy(&text);
	POLICY_AUTO struct policy *before = load_bytes(text.data, text.len, &none);
	replace_once(&text, "<life length=\"P14D\"", "<life length=\"P14M\"");
	lint_text(&text, before, &messages, &report);
	assert_non_null(
	    strstr(buf_text(&messages), "warning: kind request-log lived for 14 days in the version before and is to live for 14 months"));
}

// In each language: what is said in numbers or words, of a kind, a processor, a right and in the notice's own sentences.
static void times_in_prose_are_those_that_are_obeyed(void **state)
{
	static const struct {
		const char *file, *from, *to, *says;
	} cases[] = {
	    {BIZIMAGES, "<life length=\"P14D\"", "<life length=\"P7D\"",
	     "kind request-log speaks of “two weeks”, and no time declared there"},
	    {BIZIMAGES, "<retention longest=\"P30D\">", "<retention longest=\"P60D\">", "processor azure-openai speaks of “30 days”"},
	    {"policy/sites/blogimg.xml", "<life length=\"P90D\"", "<life length=\"P60D\"", "kind image speaks of “Drei Monate”"},
	    {"policy/sites/blogimg.xml", "Tax law asks for the books of seven years", "Tax law asks for the books of 10 years",
	     "kind payment speaks of “10 years”"},
	    {"policy/sites/blogimg.xml", "Wir antworten innerhalb von 30 Tagen", "Wir antworten innerhalb von 5 Tagen",
	     "the notice speaks of “5 Tagen” in responsible"},
	    {"policy/sites/product-images.xml", "上保存一天后清除", "上保存两天后清除", "processor dashscope speaks of “两天”"},
	    {"policy/sites/product-images.xml", "我们将在 30 天内答复。</how>", "我们将在 20 天内答复。</how>",
	     "right access speaks of “20 天”"},
	    {"policy/sites/product-images.xml", "变更后将在顶部注明新的日期。", "变更后将在 16 周内注明新的日期。", "speaks of “16 周”"},
	    {"policy/sites/product-images.xml", "变更后将在顶部注明新的日期。", "本网站面向年满 16 周岁者。", NULL}, // of age
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		BUF_AUTO struct buf text = BUF_INIT(1 << 20), messages, before;
		REPORT_AUTO struct report report = {0}, shipped = {0};
		assert_int_equal(file_read(cases[i].file, &text, NULL), 0);
		lint_text(&text, NULL, &before, &shipped);
		assert_null(strstr(buf_text(&before), "speaks of “"));
		replace_once(&text, cases[i].from, cases[i].to);
		lint_text(&text, NULL, &messages, &report);
		const char *says = strstr(buf_text(&messages), cases[i].says != NULL ? cases[i].says : "speaks of “");
		if ((says != NULL) != (cases[i].says != NULL))
			fail_msg("%s: %s: said: %s", cases[i].file, cases[i].to, buf_text(&messages));
	}
}

// What a file holds never looks like the end of a part of a finding.
static void the_parts_of_a_finding_stay_apart(void **state)
{
	BUF_AUTO struct buf text, messages;
	REPORT_AUTO struct report report = {0};

	(void)state;
	read_policy(&text);
	replace_once(&text, "<life length=\"P14D\"", "<life length=\"P14D; or: error: longer; \"");
	lint_text(&text, NULL, &messages, &report);
	assert_int_equal(report.errors, 1);
	assert_int_equal(report.count, 1);
	assert_true(report.findings[0].error);
	assert_string_equal(report.findings[0].what, "length=\"P14D; or: error: longer;\" of <life> is not valid");
	assert_string_equal(report.findings[0].why, "the server computes from it when data must be gone");
	assert_string_equal(report.findings[0].instead, "write an ISO 8601 duration such as \"P14D\", \"PT1H\" or \"P24M\"");
	assert_true(said(&messages, report.findings[0].line, "error: length="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_mutation_has_its_own_message),
	    cmocka_unit_test(messages_differ_from_each_other),
	    cmocka_unit_test(deletions_at_vendors_outlive_an_erasure),
	    cmocka_unit_test(the_shipped_policy_has_nothing_to_find),
	    cmocka_unit_test(a_unit_that_changed_since_the_version_before_is_seen),
	    cmocka_unit_test(times_in_prose_are_those_that_are_obeyed),
	    cmocka_unit_test(the_parts_of_a_finding_stay_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
