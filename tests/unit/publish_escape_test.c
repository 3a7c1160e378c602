// SPDX-License-Identifier: ISC
// Whatever a policy's texts hold, it is shown as text: in HTML, Markdown, CSV, XML and JSON, in pages and in headers.
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/template.h"
#include "policy/publish/variables.h"
#include "tests/unit/policy_support.h"
#include <libxml/parser.h>

#define VARIABLES_AUTO __attribute__((cleanup(variables_free)))

#define EVIL "&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=alert(2)&gt; \"'&amp;|`*_[x](javascript:alert(3))"

static struct policy *evil_policy(void)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
	    {"shown-as=\"BizImages\"", "shown-as=\"&lt;script&gt;alert(1)&lt;/script&gt;\""},
	    {"<controller name=\"BizImages\"", "<controller name=\"&lt;script&gt;alert(1)&lt;/script&gt;\""},
	    {"<name>What you type</name>", "<name>" EVIL "</name>"},
	    {"<category>Page address</category>", "<category>" EVIL "</category>"},
	    {"<title>Who is responsible</title>", "<title>" EVIL "</title>"},
	    {"name=\"Microsoft Ireland Operations Limited\"", "name=\"=HYPERLINK(&quot;https://x.example&quot;)\""},
	    {"brand=\"Azure OpenAI\"", "brand=\"&lt;script&gt;alert(1)&lt;/script&gt;\""},
	    {"service=\"Azure OpenAI\"", "service=\"+1;&lt;script&gt;, &quot;x&quot;\""},
	    {"<task>Writes the prompts and makes the pictures</task>", "<task>@SUM(1) " EVIL "</task>"},
	    {"place=\"Sweden Central (European Union)\"", "place=\"-2 &lt;script&gt;alert(1)&lt;/script&gt;\""},
	    {"<lead>You describe", "<lead>" EVIL " <em>&lt;b&gt;</em><link to=\"/rights\">&lt;i&gt;</link>You describe"},
	    {"<paste>Customer lists</paste>", "<paste>" EVIL "</paste>"},
	    {"<how>Your pictures", "<how>" EVIL "Your pictures"},
	};
	BUF_AUTO struct buf text, messages;

	read_policy(&text);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		replace_once(&text, rows[i].from, rows[i].to);
	struct policy *p = load_bytes(text.data, text.len, &messages);
	if (p == NULL)
		fail_msg("%s", buf_text(&messages));
	return p;
}

static size_t occurrences(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		count++;
	return count;
}

static void check_no_markup(const struct buf *out)
{
	static const char *const never[] = {"<script", "<img", "<b>", "<i>", "javascript:alert(3)\""};

	assert_false(out->failed);
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		if (strstr(buf_text(out), never[i]) != NULL)
			fail_msg("%s in: %.300s", never[i], strstr(buf_text(out), never[i]));
	}
}

static void html_shows_it_as_text(void **state)
{
	POLICY_AUTO struct policy *p = evil_policy();
	FACTS_AUTO struct facts f = {0};
	BUF_AUTO struct buf out = BUF_INIT(1 << 24);
	struct err e = {0};

	(void)state;
	assert_int_equal(facts_make(&f, p, true, &e), 0);
	notice_write(p, FORM_HTML, &out);
	check_no_markup(&out);
	assert_true(occurrences(buf_text(&out), "&lt;script&gt;alert(1)") >= 6);
	buf_reset(&out);
	assert_int_equal(subprocessors_write(&f, LIST_HTML, &out, &e), 0);
	check_no_markup(&out);
	assert_true(occurrences(buf_text(&out), "&lt;script&gt;alert(1)") >= 3);
}

static void markdown_shows_it_as_text(void **state)
{
	POLICY_AUTO struct policy *p = evil_policy();
	FACTS_AUTO struct facts f = {0};
	BUF_AUTO struct buf out = BUF_INIT(1 << 24);
	struct err e = {0};

	(void)state;
	assert_int_equal(facts_make(&f, p, true, &e), 0);
	notice_write(p, FORM_MARKDOWN, &out);
	check_no_markup(&out);
	assert_null(strstr(buf_text(&out), "[x](javascript"));
	assert_non_null(strstr(buf_text(&out), "\\[x\\]\\(javascript"));
	buf_reset(&out);
	assert_int_equal(subprocessors_write(&f, LIST_MARKDOWN, &out, &e), 0);
	check_no_markup(&out);
	const char *row = strstr(buf_text(&out), "| =HYPERLINK");
	assert_non_null(row);
	size_t bars = 0; // every bar of a text is escaped: the row has as many cells as the heading
	for (const char *c = row; *c != '\n'; c++)
		bars += *c == '|' && (c == row || c[-1] != '\\');
	assert_int_equal(bars, 10);
}

// An RFC 4180 reader, written for this test.
static size_t csv_read(const char *text, char cells[][512], size_t max)
{
	size_t count = 0, len = 0;
	bool quoted = false;

	for (; *text && count < max; text++) {
		if (*text == '"' && quoted && text[1] == '"')
			cells[count][len++] = *text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (!quoted && (*text == ',' || (*text == '\r' && text[1] == '\n'))) {
			cells[count++][len] = '\0';
			len = 0;
			text += *text == '\r';
		} else if (len < 511)
			cells[count][len++] = *text;
	}
	assert_false(quoted);
	return count;
}

static void csv_cells_are_text_and_never_formulas(void **state)
{
	POLICY_AUTO struct policy *p = evil_policy();
	FACTS_AUTO struct facts f = {0};
	BUF_AUTO struct buf out = BUF_INIT(1 << 20);
	static char cells[128][512];
	struct err e = {0};

	(void)state;
	assert_int_equal(facts_make(&f, p, true, &e), 0);
	assert_int_equal(subprocessors_write(&f, LIST_CSV, &out, &e), 0);
	assert_memory_equal(out.data, "\xef\xbb\xbf", 3);               // so that Excel reads it as UTF-8
	assert_int_equal(csv_read(buf_text(&out) + 3, cells, 128), 69); // 23 columns, a heading and two processors
	for (size_t i = 0; i < 69; i++) {
		if (cells[i][0] != '\0' && strchr("=+-@\t\r", cells[i][0]) != NULL)
			fail_msg("a spreadsheet would run this cell: %s", cells[i]);
	}
	assert_string_equal(cells[23 + 1], "'=HYPERLINK(\"https://x.example\")");
	assert_string_equal(cells[23 + 4], "'+1;<script>, \"x\"");
}

static void xml_and_json_hold_the_same_text(void **state)
{
	POLICY_AUTO struct policy *p = evil_policy();
	FACTS_AUTO struct facts f = {0};
	BUF_AUTO struct buf xml = BUF_INIT(1 << 20), list = BUF_INIT(1 << 20), notice = BUF_INIT(1 << 24);
	struct err e = {0};

	(void)state;
	assert_int_equal(facts_make(&f, p, true, &e), 0);
	assert_int_equal(subprocessors_write(&f, LIST_XML, &xml, &e), 0);
	check_no_markup(&xml);
	xmlDoc *document = xmlReadMemory(xml.data, (int)xml.len, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(document);
	xmlFreeDoc(document);
	assert_int_equal(subprocessors_write(&f, LIST_JSON, &list, &e), 0);
	JSON_AUTO cJSON *parsed = json_parse(list.data, list.len, &e);
	const cJSON *first = cJSON_GetArrayItem(json_get(parsed, "subprocessors"), 0);
	assert_string_equal(json_string(first, "legal_name"), "=HYPERLINK(\"https://x.example\")");
	assert_string_equal(json_string(first, "brand"), "<script>alert(1)</script>");
	assert_int_equal(notice_json(&f, &notice, &e), 0);
	JSON_AUTO cJSON *whole = json_parse(notice.data, notice.len, &e);
	assert_non_null(whole);
	assert_string_equal(json_string(whole, "shown_as"), "<script>alert(1)</script>");
}

static void page_variables_are_escaped_by_their_place(void **state)
{
	POLICY_AUTO struct policy *p = evil_policy();
	VARIABLES_AUTO struct variables v = {0};
	BUF_AUTO struct buf out = BUF_INIT(1 << 20);
	struct err e = {0};

	(void)state;
	assert_int_equal(variables_make(&v, p, true, &e), 0);
	assert_int_equal(
	    template_render(
		"<title>{{site_name}}</title><p title=\"{{image_regions}}\">{{controller_name}} {{image_processors}} {{banner}}</p>"
		"{{{leave_out}}}{{{check_card}}}{{service}}",
		"x.html", 1, p, v.list, &out, &e),
	    0);
	check_no_markup(&out);
	assert_non_null(strstr(buf_text(&out), "<li>&lt;script&gt;alert(1)&lt;/script&gt;"));
}

static void headers_cannot_be_broken_out_of(void **state)
{
	static const char *const bad[] = {"https://x.example; script-src *",
					  "https://x.example\" always; return 200",
					  "https://x.example'",
					  "https://$host",
					  "https://*",
					  "http://x.example",
					  "https://x.example/path",
					  "data:"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		BUF_AUTO struct buf text, messages;
		BUF_AUTO struct buf resource = BUF_INIT(4096);
		buf_adds(&resource, "<resource origin='");
		for (const char *c = bad[i]; *c; c++)
			*c == '\'' ? buf_adds(&resource, "&apos;") : buf_addc(&resource, *c);
		buf_adds(&resource, "' type=\"script\"><purpose>x</purpose></resource></third-parties>");
		read_policy(&text);
		replace_once(&text, "<promise id=\"no-third-party-resources\">", "<promise id=\"no-sale\">");
		replace_once(&text, "</third-parties>", buf_text(&resource));
		POLICY_AUTO struct policy *p = load_bytes(text.data, text.len, &messages);
		if (p != NULL)
			fail_msg("accepted as an origin: %s", bad[i]);
		assert_non_null(strstr(buf_text(&messages), "of <resource> is not valid"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(html_shows_it_as_text),
	    cmocka_unit_test(markdown_shows_it_as_text),
	    cmocka_unit_test(csv_cells_are_text_and_never_formulas),
	    cmocka_unit_test(xml_and_json_hold_the_same_text),
	    cmocka_unit_test(page_variables_are_escaped_by_their_place),
	    cmocka_unit_test(headers_cannot_be_broken_out_of),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
