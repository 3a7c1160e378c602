// SPDX-License-Identifier: ISC
// The shipped policy with one thing broken: each gets its own message, on its own line, with what, why and what to do.
#include "policy/base/array.h"
#include "tests/unit/policy_support.h"

// The built-in processor, and another in its place.
#define SKETCH                                                                                                                             \
	"<processor id=\"sketch\" name=\"BizImages (built in)\" brand=\"Built-in previews\" service=\"Previews drawn on our own server\" " \
	"roles=\"text image\"\n               standing=\"built-in\" order=\"2\" trains=\"no\" added=\"2026-05-11\" "                       \
	"effective=\"2026-05-11\">"                                                                                                        \
	"\n      <task>Writes prompts and draws simple previews; nothing leaves our server</task>\n      <for purpose=\"make\"/>"
#define OTHER(id, standing, within)                                                                                                        \
	"<processor id=\"" id "\" name=\"x\" brand=\"x\" service=\"x\" roles=\"text image\" standing=\"" standing                          \
	"\" order=\"2\" trains=\"no\" added=\"2026-05-11\" effective=\"2026-05-11\"><task>x</task><for purpose=\"make\"/>" within

static const struct mutation {
	const char *name, *from, *to;
	const char *where; // on this line of the broken file; NULL: on that of `to`
	const char *says;  // after "LINE: "
} mutations[] = {
    // What the schema says.
    {"unknown element", "<lead>", "<leed/><lead>", NULL, "error: <leed> is not expected here; an element that is unknown or out of order"},
    {"misspelt attribute", " needed=\"yes\"", " neded=\"yes\"", NULL,
     "error: <kind> has an attribute neded that the language does not know"},
    {"missing attribute", " mail=\"privacy@bizimages.example\"", "", "<controller",
     "error: <controller> lacks the attribute mail; requests"},
    {"missing part", "<answer regime=\"gdpr\" within=\"statutory\"/>", "", "<right id=\"access\"",
     "error: <right> is incomplete; the notice"},
    {"text between elements", "<kinds>", "<kinds>all of it", NULL, "error: <kinds> holds text where only elements belong"},
    {"negative retention", "length=\"P14D\"", "length=\"-P14D\"", NULL,
     "error: length=\"-P14D\" of <life> is not valid; the server computes"},
    {"retention in words", "length=\"P14D\"", "length=\"two weeks\"", NULL, "error: length=\"two weeks\" of <life> is not valid"},
    {"unknown keep", "keep=\"memory\"", "keep=\"ram\"", NULL,
     "error: keep=\"ram\" of <kind> is not a word of the language; the vault decides"},
    {"unknown start", "after=\"creation\"", "after=\"birth\"", NULL, "error: after=\"birth\" of <life> is not a word of the language"},
    {"unknown ending", "then=\"delete\"", "then=\"forget\"", NULL, "error: then=\"forget\" of <life> is not a word of the language"},
    {"unknown role", "roles=\"text image\"", "roles=\"text images\"", "order=\"1\"",
     "error: roles=\"images\" of <processor> is not a word"},
    {"undeclared purpose", "<for purpose=\"make\"/>", "<for purpose=\"fun\"/>", NULL, "error: <for> names the purpose \"fun\", which"},
    {"undeclared subject", "<about subject=\"visitor\"/>", "<about subject=\"cat\"/>", NULL,
     "error: <about> names the subject \"cat\", which"},
    {"undeclared kind received", "<receives kind=\"input\"/>", "<receives kind=\"upload\"/>", NULL,
     "error: <receives> names the kind \"upload\", which this policy does not declare"},
    {"undeclared kind in prose", "<life-of kind=\"archive\"/>, and", "<life-of kind=\"gallery\"/>, and", NULL,
     "error: <life-of> names the kind \"gallery\", which this policy does not declare"},
    {"undeclared processor in prose", "<name-of processor=\"azure-openai\"/>", "<name-of processor=\"openai\"/>", NULL,
     "error: <name-of> names the processor \"openai\", which this policy does not declare"},
    {"undeclared processor promised", "id=\"no-training\" processor=\"azure-openai\"", "id=\"no-training\" processor=\"acme\"", NULL,
     "error: <promise> names the processor \"acme\", which this policy does not declare"},
    {"undeclared language", "<lead>", "<lead lang=\"de\">Kurz</lead><lead>", NULL,
     "error: <lead> names the language \"de\", which this policy"},
    {"processor declared twice", "<processor id=\"sketch\"", "<processor id=\"azure-openai\"", "standing=\"built-in\"",
     "error: <processor> \"azure-openai\" is declared twice"},
    {"right declared twice", "<right id=\"rectification\" verify=\"receipt\"", "<right verify=\"receipt\" id=\"access\"", NULL,
     "error: <right> \"access\" is declared twice"},
    {"two times for one answer", "<answer regime=\"gdpr\" within=\"statutory\"/>",
     "<answer regime=\"gdpr\" within=\"P1D\"/><answer regime=\"gdpr\" within=\"statutory\"/>", NULL,
     "error: <answer> \"gdpr\" is declared twice"},
    {"section declared twice", "<section id=\"cookies\"", "<section id=\"rights\"", "<section id=\"rights\">\n      <title>Your",
     "error: <section> \"rights\" is declared twice"},
    {"a date that does not exist", "updated=\"2026-05-11\"", "updated=\"2026-02-30\"", NULL,
     "error: updated=\"2026-02-30\" of <version> is not"},
    {"host with a scheme", "<host>*.openai", "<host>https://x.openai", NULL,
     "error: \"https://x.openai.azure.com\" in <host> is not valid"},
    {"dangerous link", "<link to=\"/rights\">", "<link to=\"javascript:alert(1)\">", NULL,
     "error: to=\"javascript:alert(1)\" of <link> is not"},
    {"age out of range", "years=\"16\"", "years=\"160\"", NULL, "error: years=\"160\" of <minimum-age> is not valid; younger visitors"},
    {"user agent with control", "user-agent=\"BizImages", "user-agent=\"Biz$Images", NULL, "error: user-agent=\"Biz$Images/1.0"},
    {"unknown safeguard", "<training>", "<safeguard type=\"trust-us\">x</safeguard><training>", NULL,
     "error: type=\"trust-us\" of <safeguard>"},
    // What the reader says.
    {"doctype", "<policy ", "<!DOCTYPE policy>\n<policy ", "<!DOCTYPE", "error: a DOCTYPE is not allowed"},
    {"entity", "We build no profiles.", "We build &no; profiles.", NULL, "error: this is not well-formed XML"},
    {"namespace", "<kinds>", "<kinds xmlns:x=\"urn:x\">", NULL, "error: <kinds> uses an XML namespace"},
    {"schema of its own", "site=\"bizimages\"",
     "site=\"bizimages\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:noNamespaceSchemaLocation=\"/etc/passwd\"", NULL,
     "error: <policy> uses an XML namespace; it could point the reader at another file"},
    {"newer format", "format=\"1\"", "format=\"2\"", NULL, "error: the policy is written in format 2, and this program reads format 1"},
    {"wrong encoding", "There is no registration.", "Caf\xe9.", NULL, "error: the file is not UTF-8 here"},
    {"unclosed", "</lead>", "", "</notice>", "error: this is not well-formed XML"},
    {"another root", "<policy format=\"1\" site=\"bizimages\" shown-as=\"BizImages\">", "<html>", "</policy>",
     "error: this is not well-formed"},
    {"empty sentence", "<what>There is no advertising.</what>", "<what> </what>", NULL,
     "error: <what> is empty; the notice would have a gap"},
    // What a schema cannot say.
    {"a kind of no software", "<kind id=\"ledger\"", "<kind id=\"diary\"", NULL, "error: the software holds no data of the kind \"diary\""},
    {"stored without a life", "<kind id=\"prompt\" keep=\"memory\"", "<kind id=\"prompt\" keep=\"stored\"", NULL,
     "error: kind prompt is stored without a life"},
    {"in memory with a life", "<kind id=\"archive\" keep=\"stored\"", "<kind id=\"archive\" keep=\"memory\"", NULL,
     "error: kind archive is kept in memory only and yet has a life"},
    {"a life without an end", "<life length=\"P4Y\">", "<life>", "<life>", "error: a life of kind ledger has no end"},
    {"a life of no time", "length=\"PT1H\"", "length=\"PT0S\"", NULL, "error: a life of kind archive has the length zero"},
    {"a life without a reason",
     "<reason>Long enough to download the set, also over a slow connection. You can delete it earlier yourself.</reason>", "", "PT1H",
     "error: a life of kind archive has no reason"},
    {"a ZIP anonymised", "<life length=\"PT1H\" after=\"creation\" then=\"delete\">", "<life length=\"PT1H\" then=\"anonymise\">", NULL,
     "error: kind archive cannot be anonymised"},
    {"a log for an hour", "<life length=\"P14D\"", "<life length=\"PT6H\"", NULL, "error: kind request-log is to live for less than a day"},
    {"a log after closing", "<life length=\"P14D\" after=\"creation\"", "<life length=\"P14D\" after=\"closing\"", NULL,
     "error: the life of kind request-log must start at creation"},
    {"a log kept from an erasure", "<life length=\"P14D\"", "<life ends-on-erasure=\"no\" length=\"P14D\"", NULL,
     "error: the life of kind request-log is more than a time"},
    {"a case that an erasure ends", "<life length=\"P5Y\" after=\"closing\" then=\"delete\" ends-on-erasure=\"no\">",
     "<life length=\"P5Y\" after=\"closing\" then=\"delete\">", NULL, "error: a life of kind accountability ends on erasure"},
    {"a hold that an erasure ends", "<life length=\"P3Y\" after=\"closing\" then=\"delete\" ends-on-erasure=\"no\">",
     "<life length=\"P3Y\" after=\"closing\" then=\"delete\">", NULL, "error: a life of kind hold ends on erasure"},
    {"months for days", "<life length=\"P14D\"", "<life length=\"P14M\"", NULL,
     "warning: kind request-log is to live for more than half a year"},
    {"a page that is never fetched", "<page-fetch user-agent=\"BizImages/1.0 (+https://bizimages.example/)\">", "<!--", "<kind id=\"page\"",
     "error: kind page is declared, but no page is ever fetched"},
    {"no host",
     "      <host>*.openai.azure.com</host>\n      <host>*.services.ai.azure.com</host>\n      "
     "<host>*.cognitiveservices.azure.com</host>\n",
     "", "order=\"1\"", "error: processor azure-openai has no host"},
    {"no region", "<region country=\"SE\" place=\"Sweden Central (European Union)\">swedencentral</region>", "", "order=\"1\"",
     "error: processor azure-openai has no region"},
    {"a host of everyone", "*.openai.azure.com", "*.com", NULL, "error: \"*.com\" in <host> is not valid; egress connects"},
    {"transfer without safeguard", "country=\"SE\"", "country=\"US\"", NULL, "error: processor azure-openai takes data to US"},
    {"Privacy Shield", "<training>", "<safeguard type=\"privacy-shield\">We rely on it.</safeguard>\n<training>", "privacy-shield",
     "error: privacy-shield no longer protects anything"},
    {"Privacy Shield in prose", "We build no profiles.", "We follow the Privacy Shield.", NULL,
     "warning: the text speaks of \"privacy shield\""},
    {"the same order", "standing=\"built-in\" order=\"2\"", "standing=\"built-in\" order=\"1\"", NULL,
     "error: processors azure-openai and sketch both have order 1 for the role image"},
    {"a built-in that is none", "<processor id=\"sketch\"", "<processor id=\"magic\"", "standing=\"built-in\"",
     "error: processor magic is called built-in, but the software has no such processor"},
    {"somebody else's called one's own", SKETCH, OTHER("openai", "own", ""), "standing=\"own\"",
     "error: processor openai is declared as a server of your own, which it is not"},
    {"one's own called somebody else's", SKETCH, OTHER("self-hosted", "processor", "<within>10.0.0.0/8</within>"), "standing=\"processor\"",
     "error: processor self-hosted is a server of your own, but is declared as somebody else's"},
    {"one's own without an address", SKETCH, OTHER("self-hosted", "own", ""), "standing=\"own\"",
     "error: processor self-hosted does not say at which addresses it is"},
    {"addresses of somebody else's", "<host>*.cognitiveservices.azure.com</host>", "<within>10.0.0.0/8</within>", "order=\"1\"",
     "error: processor azure-openai has addresses, which only a server of your own can have"},
    {"a range of the Internet", SKETCH, OTHER("self-hosted", "own", "<within>8.8.8.0/24</within>"), "standing=\"own\"",
     "error: processor self-hosted may be anywhere in 8.8.8.0/24, which is not of a private network"},
    {"a range of everything", SKETCH, OTHER("self-hosted", "own", "<within>::/0</within>"), "standing=\"own\"",
     "error: processor self-hosted may be anywhere in ::/0, which is not of a private network"},
    {"half a range", SKETCH, OTHER("self-hosted", "own", "<within>10.8.1.0/16</within>"), "standing=\"own\"",
     "error: processor self-hosted is at “10.8.1.0/16”, which is no address and no range"},
    {"a name for a range", SKETCH, OTHER("self-hosted", "own", "<within>my-server</within>"), "<within>",
     "error: \"my-server\" in <within> is not valid"},
    // A policy that promises less than its processor keeps is not obeyed: no program starts with it.
    {"what a processor keeps untold", "<retention longest=\"P30D\">", "<retention>", "order=\"1\"",
     "error: processor azure-openai keeps prompts and outputs for abuse monitoring for up to 30 days unless it is switched off, and"},
    {"what a processor keeps, longer than told", "<retention longest=\"P30D\">", "<retention longest=\"P1D\">", "order=\"1\"",
     "error: processor azure-openai keeps prompts and outputs for abuse monitoring for up to 30 days unless it is switched off, longer"},
    {"a switch that does not exist", "order=\"1\" trains", "order=\"1\" ask=\"no-retention\" trains", NULL,
     "error: processor azure-openai is asked not to keep anything, but it has no such switch"},
    {"sent and never sent", "<never kind=\"request-log\">User agent</never>", "<never kind=\"page\">User agent</never>", "order=\"1\"",
     "error: processor azure-openai receives page and is never sent it"},
    {"a field that no call has", "<receives kind=\"prompt\"/>", "<receives kind=\"prompt\" fields=\"prompt user\"/>", "order=\"1\"",
     "error: processor azure-openai receives prompt in the field user, which none of its calls has for it"},
    {"a kind received twice", "<receives kind=\"prompt\"/>", "<receives kind=\"prompt\"/><receives kind=\"prompt\"/>", NULL,
     "error: <receives> \"prompt\" is declared twice"},
    {"a task that the vendor does not offer", "roles=\"text image\"\n", "roles=\"text image storage\"\n", "order=\"1\"",
     "error: processor azure-openai has the role storage, which its vendor does not offer"},
    {"trains in silence", "order=\"1\" trains=\"no\"", "order=\"1\" ask=\"no-training\" trains=\"yes\"", NULL,
     "error: processor azure-openai is asked not to train and yet may train"},
    {"effective before added", "effective=\"2026-05-11\">\n      <task>Writes the prompts and makes",
     "effective=\"2026-05-10\">\n      <task>Writes the prompts and makes", "effective=\"2026-05-10\"",
     "error: processor azure-openai is in effect before it was added"},
    {"added after the update", "added=\"2026-05-11\" effective=\"2026-05-11\"", "added=\"2026-06-01\" effective=\"2026-06-01\"", NULL,
     "error: processor azure-openai was added after the policy was last updated"},
    {"versions in the wrong order", "</versions>", "<version id=\"2027\" effective=\"2027-01-01\" updated=\"2027-01-01\"/></versions>",
     NULL, "error: version 2027 is older in this list than 2026-05-11 but has a later date"},
    {"an answer too late", "within=\"statutory\"", "within=\"P60D\"", NULL,
     "error: right access is to be answered later than the law allows"},
    {"done before it is shown who asks", "<right id=\"erasure\" verify=\"receipt\"", "<right id=\"erasure\" verify=\"mail\"", NULL,
     "error: right erasure is self-service, but who asks shall show first who they are"},
    {"an answer in no time", "within=\"statutory\"", "within=\"P0D\"", NULL, "error: right access is to be answered in no time"},
    {"consent that is none", "basis=\"contract\"", "basis=\"consent\"", NULL, "error: purpose make rests on consent, but names none"},
    {"consents that nobody could show", "  <minimum-age",
     "  <consents><consent id=\"yes\" form=\"opt-in\"><what>May we?</what><withdraw>Say so.</withdraw></consent></consents>\n  "
     "<minimum-age",
     "<consents", "error: consents are asked for, but the kind consent is not kept"},
    {"consents that nobody could remember", "  <minimum-age",
     "  <consents><consent id=\"yes\" form=\"opt-in\"><what>May we?</what><withdraw>Say so.</withdraw></consent></consents>\n  "
     "<minimum-age",
     "<consents", "error: consents are asked for, but the necessary cookie __Host-consent is not declared"},
    {"interests unnamed", "<purpose id=\"account\" basis=\"legal-obligation\">", "<purpose id=\"account\" basis=\"legitimate-interests\">",
     NULL, "error: purpose account rests on legitimate interests, but does not name them"},
    {"a tracking cookie", "  </cookies>", "<cookie name=\"_ga\" class=\"analytics\"><purpose>Counting</purpose></cookie></cookies>", NULL,
     "error: cookie _ga is for analytics and asks for no consent"},
    {"cookies promised away", "  </cookies>", "<cookie name=\"sid\" class=\"necessary\"><purpose>Session</purpose></cookie></cookies>",
     "id=\"no-cookies\"", "error: the policy promises no-cookies, but a cookie is declared"},
    {"resources promised away", "  </third-parties>",
     "<resource origin=\"https://cdn.example.com\" type=\"font\"><purpose>Type</purpose></resource></third-parties>",
     "id=\"no-third-party-resources\"", "error: the policy promises no-third-party-resources, but"},
    {"training promised away", "order=\"1\" trains=\"no\"", "order=\"1\" trains=\"yes\"", "id=\"no-training\"",
     "error: the policy promises no-training, but a processor may train"},
    {"no sharing", "<promise id=\"no-name\">", "<promise id=\"no-sharing\">", NULL,
     "error: the policy promises no-sharing, but a processor"},
    {"no personal data", "<promise id=\"no-name\">", "<promise id=\"no-personal-data\">", NULL,
     "error: the policy promises no-personal-data, but IP addresses"},
    {"visits linked", "  </cookies>",
     "<cookie name=\"sid\" class=\"necessary\" lasts=\"P1M\"><purpose>Session</purpose></cookie></cookies>", "id=\"no-linking\"",
     "error: the policy promises no-linking, but a cookie that outlasts the visit"},
    {"never on disk, of no kind", "id=\"no-disk\" kind=\"input\"", "id=\"no-disk\"", NULL, "error: the promise no-disk names no kind"},
    {"never on disk, but stored", "id=\"no-disk\" kind=\"input\"", "id=\"no-disk\" kind=\"request-log\"", NULL,
     "error: the policy promises no-disk, but this kind is stored"},
    {"never on disk, but the archive is", "<kind id=\"archive\" keep", "<kind place=\"disk\" id=\"archive\" keep", "id=\"no-disk\"",
     "error: the policy promises no-disk, but the ZIP archives are on a disk"},
    {"a place for what is no file", "<kind id=\"request-log\" keep", "<kind place=\"disk\" id=\"request-log\" keep", NULL,
     "error: kind request-log has a place"},
    {"the rights not shown", "<insert what=\"rights\"/>", "<p>None.</p>", "<section id=\"changes\"",
     "error: no section of the notice shows the rights"},
    {"a link to nowhere", "<link to=\"/rights\">Your rights</link>", "Your rights", NULL, NULL},
    {"minors anonymised", "id=\"minors\" action=\"refuse\"", "id=\"minors\" action=\"anonymise\"", NULL,
     "error: content about minors cannot be anonymised"},
    {"children", "years=\"16\"", "years=\"9\"", "<?xml", "warning: a minimum age of 9 is below what any Member State allows"},
};

static bool has_line(const struct buf *messages, int line, const char *says)
{
	char start[32];
	size_t len = (size_t)snprintf(start, sizeof start, "%d: ", line);

	for (const char *m = buf_text(messages); *m; m += strcspn(m, "\n") + 1) {
		if (strncmp(m, start, len) == 0 && strncmp(m + len, says, strlen(says)) == 0)
			return true;
	}
	return false;
}

// "what; why; what to do": three parts at least.
static void check_form(const char *name, const char *message)
{
	size_t parts = 1;

	for (const char *c = message; *c && *c != '\n'; c++)
		parts += *c == ';';
	if (parts < 3)
		fail_msg("%s: this message lacks the why or what to do: %s", name, message);
}

static void break_it(const struct mutation *m)
{
	BUF_AUTO struct buf text, messages;
	char end[] = "</page-fetch>";

	read_policy(&text);
	replace_once(&text, m->from, m->to);
	if (strcmp(m->to, "<!--") == 0)
		replace_once(&text, end, "-->");
	POLICY_AUTO struct policy *p = load_bytes(text.data, text.len, &messages);
	if (m->says == NULL) { // a harmless change, to show that change alone is no fault
		assert_non_null(p);
		assert_int_equal(messages.len, 0);
		return;
	}
	bool warning = strncmp(m->says, "warning", 7) == 0;
	if ((p != NULL) != warning)
		fail_msg("%s: %s\n%s", m->name, warning ? "a warning must not refuse" : "it was accepted", buf_text(&messages));
	int line = line_of(&text, m->where != NULL ? m->where : m->to);
	if (!has_line(&messages, line, m->says))
		fail_msg("%s: expected at line %d:\n%s\nbut there is only:\n%s", m->name, line, m->says, buf_text(&messages));
	for (const char *c = buf_text(&messages); *c; c += strcspn(c, "\n") + 1)
		check_form(m->name, c);
}

static void every_mutation_has_its_own_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mutations); i++)
		break_it(&mutations[i]);
	print_message("%zu mutations\n", ARRAY_LEN(mutations));
}

static void kinds_that_the_software_holds_must_be_declared(void **state)
{
	static const char *const needed[] = {"input", "page", "prompt", "image", "archive", "error-log", "rights-request", "ledger"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		BUF_AUTO struct buf text, messages;
		char from[64], expected[128];
		read_policy(&text);
		snprintf(from, sizeof from, "<kind id=\"%s\" ", needed[i]);
		replace_once(&text, from, "<kind id=\"ticket\" ");
		snprintf(from, sizeof from, "kind=\"%s\"", needed[i]);
		while (strstr(text.data, from) != NULL) // references go with it
			replace_once(&text, from, "kind=\"ticket\"");
		POLICY_AUTO struct policy *p = load_bytes(text.data, text.len, &messages);
		snprintf(expected, sizeof expected, "error: kind %s (", needed[i]);
		assert_null(p);
		if (strstr(buf_text(&messages), expected) == NULL)
			fail_msg("no finding for %s: %s", needed[i], buf_text(&messages));
	}
}

static void kinds_always_stored_cannot_be_promised_to_memory(void **state)
{
	BUF_AUTO struct buf text, messages;

	(void)state;
	read_policy(&text);
	replace_once(&text, "<kind id=\"request-log\" keep=\"stored\"", "<kind id=\"request-log\" keep=\"memory\"");
	POLICY_AUTO struct policy *p = load_bytes(text.data, text.len, &messages);
	assert_null(p);
	assert_non_null(strstr(buf_text(&messages), "error: kind request-log cannot be kept in memory only"));
}

static void promises_that_two_places_contradict(void **state)
{
	static const struct {
		const char *from, *to, *policy, *says;
	} rows[] = {
	    {"<category>Business description</category>", "<category>Card numbers</category>", "<promise id=\"no-card-data\">",
	     "error: the policy promises no-card-data, but a kind of data names card numbers"},
	    {"<kind id=\"ledger\"",
	     "<kind id=\"ticket\" keep=\"memory\" source=\"visitor\"><name>Tickets</name><what>x</what><for purpose=\"answer\"/></kind>"
	     "<kind id=\"ledger\"",
	     "<promise id=\"no-human-access\">", "error: the policy promises no-human-access, but support tickets"},
	    {"  </third-parties>",
	     "<resource origin=\"https://cdn.example.com\" type=\"font\"><purpose>Type</purpose></resource></third-parties>",
	     "<promise id=\"no-sharing\">", "error: the policy promises no-sharing, but a processor or a third party's resource"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf text, messages;
		read_policy(&text);
		replace_once(&text, "<promise id=\"no-name\">", rows[i].policy);
		replace_once(&text, rows[i].from, rows[i].to);
		POLICY_AUTO struct policy *p = load_bytes(text.data, text.len, &messages);
		assert_null(p);
		if (!has_line(&messages, line_of(&text, rows[i].policy), rows[i].says))
			fail_msg("row %zu: %s", i, buf_text(&messages));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_mutation_has_its_own_message),
	    cmocka_unit_test(kinds_that_the_software_holds_must_be_declared),
	    cmocka_unit_test(kinds_always_stored_cannot_be_promised_to_memory),
	    cmocka_unit_test(promises_that_two_places_contradict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
