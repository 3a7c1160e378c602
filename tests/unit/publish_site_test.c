// SPDX-License-Identifier: ISC
// publish_all: every file, whole or not at all; unchanged ones untouched; what is no longer made goes, what is not ours stays.
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/pages.h"
#include "policy/publish/publish.h"
#include "policy/publish/render/writer.h"
#include "policy/publish/variables.h"
#include "policy/rules/capability.h"
#include "policy/rules/load.h"
#include "tests/unit/policy_support.h"
#include <ftw.h>
#include <libxml/parser.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct place {
	char top[64], templates[96], out[96];
};

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];
	struct err e = {0};

	assert_int_equal(path_join(path, sizeof path, folder, name, &e), 0);
	if (file_write(path, text, strlen(text), 0644, NULL, &e) != 0)
		fail_msg("%s", e.text);
}

static void get(const char *folder, const char *name, struct buf *out)
{
	char path[256];
	struct err e = {0};

	*out = BUF_INIT(1 << 24);
	assert_int_equal(path_join(path, sizeof path, folder, name, &e), 0);
	if (file_read(path, out, &e) != 0)
		fail_msg("%s", e.text);
}

static bool exists(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	struct err e = {0};

	snprintf(p->top, sizeof p->top, "/tmp/lethe-publish-XXXXXX");
	if (mkdtemp(p->top) == NULL)
		return -1;
	snprintf(p->templates, sizeof p->templates, "%s/templates", p->top);
	snprintf(p->out, sizeof p->out, "%s/publish", p->top);
	char assets[128];
	snprintf(assets, sizeof assets, "%s/assets", p->templates);
	if (folder_make(assets, 0755, &e) != 0)
		return -1;
	put(p->templates, "layout.html",
	    "<!doctype html><html lang=\"{{lang}}\">{{{head}}}<p>{{banner}}</p><main>{{{content}}}</main></html>\n");
	put(p->templates, "index.html", "<title>Start</title>\n\n<h1>{{site_name}}</h1>\n");
	put(p->templates, "soon.html", "<title>Soon</title>\n\n<h1>{{site_name}}</h1>\n<p>{{service}}</p>\n");
	put(p->templates, "404.html", "<title>No</title>\n\n<h1>Not here</h1>\n");
	put(p->templates, "notes.txt", "not a page\n");
	put(assets, "app.css", "h1 { color: green }\n");
	put(assets, "example-en-1-1.webp", "bread\n");
	put(assets, "example-de-1-1.webp", "Brot\n");
	*state = p;
	return 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
	(void)s;
	(void)type;
	(void)f;
	return remove(path);
}

static int teardown(void **state)
{
	struct place *p = *state;

	nftw(p->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(p);
	return 0;
}

static struct publish_result publish_policy(const struct place *place, const struct policy *p, bool testing)
{
	struct publish_result result;
	struct err e = {0};

	assert_non_null(p);
	if (publish_all(p, place->templates, place->out, testing, &result, &e) != 0)
		fail_msg("%s", e.text);
	return result;
}

static struct publish_result publish(const struct place *place, bool testing)
{
	BUF_AUTO struct buf messages = BUF_INIT(65536);
	POLICY_AUTO struct policy *p = policy_load(BIZIMAGES, &messages);

	return publish_policy(place, p, testing);
}

static int publish_fails(const struct place *place, struct err *e)
{
	BUF_AUTO struct buf messages = BUF_INIT(65536);
	POLICY_AUTO struct policy *p = policy_load(BIZIMAGES, &messages);
	struct publish_result result;

	assert_non_null(p);
	return publish_all(p, place->templates, place->out, false, &result, e);
}

static void every_form_is_written(void **state)
{
	static const char *const names[] = {
	    "programs/frame.html",
	    "programs/live.html",
	    "programs/versions.html",
	    "html/index.html",
	    "html/404.html",
	    "html/assets/app.css",
	    "html/assets/example-en-1-1.webp",
	    "html/privacy.html",
	    "html/privacy.json",
	    "html/privacy.md",
	    "html/privacy.txt",
	    "html/subprocessors.html",
	    "html/subprocessors.json",
	    "html/subprocessors.csv",
	    "html/subprocessors.md",
	    "html/subprocessors.txt",
	    "html/subprocessors.xml",
	    "html/.well-known/gpc.json",
	    "html/.well-known/security.txt",
	    "html/subprocessors.atom",
	    "html/privacy.atom",
	    "html/privacy.tilt.json",
	    "html/privacy.dpv.jsonld",
	    "nginx/headers.conf",
	    "nginx/clear.conf",
	    "nginx/cookies.conf",
	    "nginx/connections.conf",
	    "nginx/proxies.conf",
	    "nginx/problems.conf",
	    "nginx/verify.conf",
	};
	const struct place *p = *state;
	struct publish_result r = publish(p, false);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!exists(p->out, names[i]))
			fail_msg("%s was not made", names[i]);
	}
	assert_int_equal(r.written, ARRAY_LEN(names));
	assert_false(exists(p->out, "html/layout.html"));
	assert_false(exists(p->out, "html/notes.txt"));
	BUF_AUTO struct buf index;
	get(p->out, "html/index.html", &index);
	assert_string_equal(buf_text(&index), "<!doctype html><html lang=\"en\"><title>Start</title>\n<p></p><main><h1>BizImages</h1>\n"
					      "</main></html>\n");
	BUF_AUTO struct buf frame;
	get(p->out, "programs/frame.html", &frame);
	assert_string_equal(buf_text(&frame),
			    "<!doctype html><html lang=\"en\">" FRAME_HEAD "<p></p><main>" FRAME_CONTENT "</main></html>\n");
}

static void publishing_again_touches_nothing(void **state)
{
	const struct place *p = *state;
	struct stat before, after;
	char path[256];

	publish(p, false);
	snprintf(path, sizeof path, "%s/html/privacy.html", p->out);
	assert_int_equal(stat(path, &before), 0);
	struct publish_result r = publish(p, false);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(r.written, 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void what_is_no_longer_made_goes_and_what_is_not_ours_stays(void **state)
{
	const struct place *p = *state;
	char path[256];

	publish(p, false);
	put(p->out, "html/foreign.html", "somebody else's\n");
	put(p->top, "outside.html", "outside\n");
	BUF_AUTO struct buf list;
	get(p->out, "published", &list);
	buf_adds(&list, "../outside.html\nhtml/../../outside.html\n/etc/hostname\n"); // a damaged list reaches nothing outside
	put(p->out, "published", buf_text(&list));
	snprintf(path, sizeof path, "%s/404.html", p->templates);
	unlink(path);
	publish(p, false);
	assert_false(exists(p->out, "html/404.html"));
	assert_true(exists(p->out, "html/foreign.html"));
	assert_true(exists(p->top, "outside.html"));
	assert_true(exists(p->out, "html/index.html"));
}

// The example pictures are those of the site's languages, and stand on the start page of a site that makes pictures.
static void only_pictures_that_a_page_shows_are_published(void **state)
{
	const struct place *p = *state;
	POLICY_AUTO struct policy *makes_none = policy_load_as("policy/sites/image-describer.xml", true, NULL);

	publish(p, false);
	assert_true(exists(p->out, "html/assets/example-en-1-1.webp"));
	assert_false(exists(p->out, "html/assets/example-de-1-1.webp"));
	publish_policy(p, makes_none, false);
	assert_false(exists(p->out, "html/assets/example-en-1-1.webp"));
	assert_true(exists(p->out, "html/assets/app.css"));
}

static int count_drafts(const char *path, const struct stat *s, int type, struct FTW *f)
{
	(void)s;
	(void)type;
	(void)f;
	return strstr(path, ".tmp") != NULL;
}

// As on a full disk: the pages before it are written already, and none of them is put in its place.
static void a_page_that_cannot_be_written_leaves_the_site_as_it_was(void **state)
{
	const struct place *p = *state;
	BUF_AUTO struct buf before, after;
	struct rlimit was, small;
	struct err e = {0};

	publish(p, false);
	get(p->out, "html/404.html", &before);
	put(p->templates, "404.html", "x\n\n<h1>Changed</h1>");
	BUF_AUTO struct buf large = BUF_INIT(1 << 20);
	buf_adds(&large, "x\n\n");
	while (large.len < 1 << 19)
		buf_adds(&large, "a line of a page that is too large\n");
	put(p->templates, "zz.html", buf_text(&large));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){.rlim_cur = 1 << 18, .rlim_max = was.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int ret = publish_fails(p, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(ret, -1);
	assert_non_null(strstr(e.text, "html/zz.html"));
	get(p->out, "html/404.html", &after);
	assert_string_equal(buf_text(&after), buf_text(&before));
	assert_int_equal(nftw(p->out, count_drafts, 16, FTW_PHYS), 0);
}

static void a_broken_template_leaves_the_site_as_it_was(void **state)
{
	static const struct {
		const char *name, *text, *says;
	} rows[] = {
	    {"index.html", "<title>\n{{nonsense}}</title>\n\n", "index.html:2: there is no variable \"nonsense\""},
	    {"index.html", "<title>x</title>\n<p>\n\n<h1>{{site_name}</h1>", "index.html:4: \"{{site_name}</h1>\" is no variable"},
	    {"index.html", "<title>x</title>\n\n\n<h1>{{{site_name}}</h1>", "index.html:4:"},
	    {"index.html", "<title>x</title>\n\n<h1>{{", "index.html:3:"},
	    {"index.html", "<h1>no head</h1>\n", "index.html:1: an empty line is missing"},
	    {"index.html", "", "index.html:1: an empty line is missing"},
	    {"layout.html", "{{{content}}}{{x}}", "layout.html:1: there is no variable \"x\""},
	    {"privacy.html", "mine\n\nalone", "html/privacy.html would be made twice"},
	};
	const struct place *p = *state;
	BUF_AUTO struct buf before;

	publish(p, false);
	get(p->out, "html/index.html", &before);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf good = BUF_INIT(4096), after;
		struct err e = {0};
		bool had = exists(p->templates, rows[i].name);
		if (had)
			get(p->templates, rows[i].name, &good);
		put(p->templates, rows[i].name, rows[i].text);
		put(p->templates, "404.html", i % 2 ? "x\n\n<h1>Changed</h1>" : "x\n\n<h1>Changed again</h1>");
		assert_int_equal(publish_fails(p, &e), -1);
		if (strncmp(e.text, rows[i].says, strlen(rows[i].says)) != 0)
			fail_msg("row %zu: %s", i, e.text);
		get(p->out, "html/index.html", &after);
		assert_string_equal(buf_text(&after), buf_text(&before));
		buf_free(&after);
		get(p->out, "html/404.html", &after);
		assert_non_null(strstr(buf_text(&after), "<h1>Not here</h1>\n"));
		char path[256];
		snprintf(path, sizeof path, "%s/%s", p->templates, rows[i].name);
		unlink(path);
		if (had)
			put(p->templates, rows[i].name, buf_text(&good));
	}
}

static void templates_are_never_published_over(void **state)
{
	const struct place *p = *state;
	struct place same = *p;
	struct err e = {0};

	snprintf(same.out, sizeof same.out, "%s/over", p->top);
	assert_int_equal(folder_make(same.out, 0755, &e), 0);
	char link[256];
	snprintf(link, sizeof link, "%s/html", same.out);
	assert_int_equal(symlink(p->templates, link), 0);
	assert_int_equal(publish_fails(&same, &e), -1);
	assert_non_null(strstr(e.text, "folder of the templates"));
}

static void a_test_build_says_so_on_every_page(void **state)
{
	static const char *const names[] = {"html/index.html", "html/privacy.html", "html/subprocessors.html"};
	const struct place *p = *state;

	publish(p, true);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		BUF_AUTO struct buf page;
		get(p->out, names[i], &page);
		assert_non_null(strstr(buf_text(&page), "<p>Test build: "));
	}
}

static void headers_follow_the_policy(void **state)
{
	const struct place *p = *state;
	BUF_AUTO struct buf headers, text, messages, csp = BUF_INIT(4096);

	publish(p, false);
	get(p->out, "nginx/headers.conf", &headers);
	assert_non_null(strstr(
	    buf_text(&headers),
	    "add_header Content-Security-Policy \"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src "
	    "'self'; img-src 'self' blob: data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\" always;\n"));
	assert_null(strstr(buf_text(&headers), "unsafe"));
	for (const char *line = strchr(buf_text(&headers), '\n') + 1; *line; line = strchr(line, '\n') + 1) {
		assert_memory_equal(line, "add_header ", 11);
		assert_memory_equal(strchr(line, '\n') - 8, " always;", 8);
	}
	read_policy(&text);
	replace_once(&text, "<promise id=\"no-third-party-resources\">", "<promise id=\"no-sale\">");
	replace_once(&text, "</third-parties>",
		     "<resource origin=\"https://cdn.example.com\" type=\"image\"><purpose>x</purpose></resource>"
		     "<resource origin=\"https://*.frames.example\" type=\"frame\"><purpose>x</purpose></resource></third-parties>");
	POLICY_AUTO struct policy *q = load_bytes(text.data, text.len, &messages);
	assert_non_null(q);
	assert_int_equal(headers_csp(q, &csp), 0);
	assert_non_null(strstr(buf_text(&csp),
			       "; img-src 'self' blob: data: https://cdn.example.com; frame-src https://*.frames.example; form-action"));
}

static void security_txt_is_renewed_in_steps(void **state)
{
	BUF_AUTO struct buf messages = BUF_INIT(65536), first = BUF_INIT(4096), next = BUF_INIT(4096);
	POLICY_AUTO struct policy *p = policy_load(BIZIMAGES, &messages);
	const time_t day = 86400, start = 90 * day * 229; // the first second of a step
	size_t changes = 0;

	(void)state;
	headers_security(p, start, &first);
	assert_non_null(strstr(buf_text(&first), "Contact: mailto:privacy@bizimages.example\n"));
	for (time_t t = start; t < start + 180 * day; t += day) {
		time_t expires;
		char date[WHEN_TEXT];
		buf_reset(&next);
		headers_security(p, t, &next);
		memcpy(date, strstr(buf_text(&next), "Expires: ") + 9, WHEN_TEXT - 1);
		date[WHEN_TEXT - 1] = '\0';
		assert_int_equal(when_parse(&expires, date), 0);
		assert_true(expires - t >= 180 * day && expires - t <= 270 * day); // RFC 9116: less than a year
		changes += strcmp(buf_text(&next), buf_text(&first)) != 0;
		buf_reset(&first);
		buf_adds(&first, buf_text(&next));
	}
	assert_int_equal(changes, 1);
}

// Only where the policy gives the right that the signal asks for is it said to be honoured.
static void gpc_json_promises_what_the_policy_promises(void **state)
{
	BUF_AUTO struct buf plain = BUF_INIT(4096), sale = BUF_INIT(4096);
	POLICY_AUTO struct policy *without = policy_load_as(BIZIMAGES, true, NULL),
				  *with = policy_load_as("policy/sites/imagedesigner.xml", true, NULL);
	struct err e = {0};

	(void)state;
	headers_gpc(without, &plain);
	headers_gpc(with, &sale);
	JSON_AUTO cJSON *json = json_parse(plain.data, plain.len, &e), *honoured = json_parse(sale.data, sale.len, &e);
	assert_null(json_get(json, "gpc"));
	assert_string_equal(json_string(json, "lastUpdate"), "2026-05-11");
	assert_true(cJSON_IsTrue(json_get(honoured, "gpc")));
	assert_string_equal(json_string(honoured, "lastUpdate"), "2025-09-12");
}

// The start page offers a ZIP only where the policy keeps one.
static void the_start_offers_what_the_policy_keeps(void **state)
{
	static const struct {
		const char *file;
		bool archive;
	} rows[] = {{BIZIMAGES, true}, {"policy/sites/imagedesigner.xml", true}, {"policy/sites/product-images.xml", false}};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		POLICY_AUTO struct policy *p = policy_load_as(rows[i].file, true, NULL);
		struct variables v;
		const char *get = NULL;
		assert_non_null(p);
		assert_int_equal(variables_make(&v, p, false, &e), 0);
		for (size_t j = 0; j < v.count; j++)
			get = strcmp(v.list[j].name, "what_you_get") == 0 ? v.list[j].value : get;
		assert_non_null(get);
		assert_int_equal(strstr(get, "ZIP") != NULL, rows[i].archive);
		for (size_t j = 0; j < v.count; j++)
			if (strcmp(v.list[j].name, "image_regions") == 0)
				assert_null(strstr(v.list[j].value, "United States, United States")); // each place once
		variables_free(&v);
	}
}

// How long things are kept, here and by whom besides, stands in the first layer; each clock names who sets it; brands stand beside firms.
static void the_notice_names_times_regimes_and_brands(void **state)
{
	static const struct {
		const char *file, *language, *says;
	} rows[] = {
	    {BIZIMAGES, "en", "Kept for a time: Your ZIP (1 hour), Request log (14 days)"},
	    {BIZIMAGES, "en", "Who else sees data: Azure OpenAI (keeps it for up to 30 days)"},
	    {BIZIMAGES, "en", "Time to answer: GDPR: one month at most."},
	    {BIZIMAGES, "en", "Azure OpenAI: Microsoft Ireland Operations Limited"},
	    {"policy/sites/imagedesigner.xml", "en", "Time to answer: GDPR: one month at most; CCPA (California): 45 days at most."},
	    {"policy/sites/imagedesigner.xml", "en", "Time to answer: CCPA (California): 15 business days at most."},
	    {"policy/sites/blogimg.xml", "en", "CCPA (California): 45 days at most; Our own promise: 30 days."},
	    {"policy/sites/blogimg.xml", "de", "Zeit für die Antwort: DSGVO: höchstens ein Monat; Unser eigenes Versprechen: 30 Tage."},
	    {"policy/sites/blogimg.xml", "de", "Replicate (bewahrt es bis zu 30 Tage auf)"},
	    {"policy/sites/product-images.xml", "zh-Hans", "我们自己的承诺"},
	    {"policy/sites/image-describer.xml", "en", "Our own promise: 48 hours"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf out = BUF_INIT(1 << 20);
		POLICY_AUTO struct policy *p = policy_load_as(rows[i].file, true, NULL);
		notice_write(policy_language(p, rows[i].language), FORM_TEXT, &out);
		if (strstr(buf_text(&out), rows[i].says) == NULL)
			fail_msg("%s: the notice does not say: %s", rows[i].file, rows[i].says);
	}
}

// An attribute like onclick="…"; the word "on" in a value is none.
static bool has_handler(const char *tag, size_t len)
{
	for (const char *at = tag; (at = memmem(at, len - (size_t)(at - tag), " on", 3)) != NULL; at++) {
		size_t name = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz");
		if (name > 2 && at[1 + name] == '=')
			return true;
	}
	return false;
}

// Every element has an end, every link within the page a target, every id is there once, and nothing is inline.
static void the_notice_is_sound_html(void **state)
{
	static const char *const never[] = {"<script", "style=", "<style", "http://"};
	const struct place *p = *state;
	BUF_AUTO struct buf page, whole = BUF_INIT(1 << 20);

	publish(p, false);
	get(p->out, "html/privacy.html", &page);
	const char *main_part = strstr(buf_text(&page), "<main>"), *end = strstr(buf_text(&page), "</main>");
	buf_add(&whole, main_part, (size_t)(end - main_part) + 7);
	xmlDoc *document = xmlReadMemory(whole.data, (int)whole.len, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(document);
	xmlFreeDoc(document);
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		for (const char *tag = strchr(buf_text(&whole), '<'); tag != NULL; tag = strchr(tag + 1, '<')) {
			size_t len = strcspn(tag, ">");
			if (memmem(tag, len, never[i], strlen(never[i])) != NULL)
				fail_msg("%s in %.*s", never[i], (int)len, tag);
			assert_false(has_handler(tag, len));
		}
	}
	for (const char *link = strstr(buf_text(&whole), "href=\"#"); link != NULL; link = strstr(link + 1, "href=\"#")) {
		char id[128];
		snprintf(id, sizeof id, "id=\"%.*s\"", (int)strcspn(link + 7, "\""), link + 7);
		const char *first = strstr(buf_text(&whole), id);
		assert_non_null(first);
		assert_null(strstr(first + 1, id));
	}
	assert_non_null(strstr(buf_text(&page), "<html lang=\"en\">"));
	assert_true(strstr(buf_text(&whole), "<table") < strstr(buf_text(&whole), "<section")); // the summary comes first
}

static void the_shipped_templates_publish(void **state)
{
	struct place real = *(struct place *)*state;

	snprintf(real.templates, sizeof real.templates, "nginx/html");
	publish(&real, false);
	BUF_AUTO struct buf index;
	get(real.out, "html/index.html", &index);
	assert_null(strstr(buf_text(&index), "{{"));
	assert_non_null(strstr(buf_text(&index), "<h1>A set of pictures for your business. <em>Then we forget it.</em></h1>"));
	assert_non_null(strstr(buf_text(&index), "<label for=\"description\">Describe the business</label>"));
	assert_non_null(strstr(buf_text(&index), "action=\"/api/generate\""));
	assert_non_null(strstr(buf_text(&index), "<p>Please leave out:</p>\n<ul>\n<li>Customer lists</li>"));
	assert_non_null(strstr(buf_text(&index), "Before you publish, check</h2>\n<ul>"));
}

// A policy may bring its heading, its question and its examples; their pictures have to be there.
static void a_policy_may_have_a_start_page_of_its_own(void **state)
{
	static const char own[] =
	    "<heading>Cups for your shop.</heading>\n<ask>Which cup?</ask>\n"
	    "<example pictures=\"cups\" style=\"line\"><name>Blue &amp; low</name><text>A low blue cup.</text></example>\n"
	    "<example pictures=\"mugs\" style=\"night\"><name>Mug</name><text>A mug by night.</text></example>\n  </service>";
	static const char *const shown[] = {
	    "<h1>Cups for your shop. <em>",
	    "<title>BizImages: Cups for your shop.</title>",
	    "<label for=\"description\">Which cup?</label>",
	    "placeholder=\"A low blue cup.\"",
	    "id=\"example-1\" checked><span>Blue &amp; low</span>",
	    "id=\"example-2\"><span>Mug</span>",
	    "src=\"/assets/cups-1.webp\"",
	    "src=\"/assets/mugs-4.webp\"",
	    "<q>A mug by night.</q> <span>Style: Night</span> <button type=\"button\" class=\"use script-only\" data-style=\"night\">"};
	struct place *place = *state;
	BUF_AUTO struct buf text, page;
	BUF_AUTO struct buf changed = BUF_INIT(1 << 20);
	struct publish_result result;
	struct err e = {0};
	char file[128], assets[160];

	get(".", BIZIMAGES, &text);
	const char *end = strstr(buf_text(&text), "</service>");
	assert_non_null(end);
	buf_add(&changed, text.data, (size_t)(end - text.data));
	buf_adds(&changed, own);
	buf_adds(&changed, end + strlen("</service>"));
	put(place->top, "policy.xml", buf_text(&changed));
	snprintf(file, sizeof file, "%s/policy.xml", place->top);
	snprintf(assets, sizeof assets, "%s/assets", place->templates);
	POLICY_AUTO struct policy *p = policy_load_as(file, true, NULL);
	assert_non_null(p);
	for (const char *name = "index.html"; name != NULL; name = strcmp(name, "index.html") == 0 ? "layout.html" : NULL) {
		BUF_AUTO struct buf template;
		get("nginx/html", name, &template);
		put(place->templates, name, buf_text(&template));
	}
	assert_int_not_equal(publish_all(p, place->templates, place->out, false, &result, &e), 0);
	assert_non_null(strstr(e.text, "the example “Blue & low” has no picture assets/cups-1.webp"));
	for (unsigned i = 1; i <= 4; i++) {
		char name[16];
		snprintf(name, sizeof name, "cups-%u.webp", i);
		put(assets, name, "RIFF");
		memcpy(name, "mugs", 4);
		put(assets, name, "RIFF");
	}
	publish_policy(place, p, false);
	assert_false(exists(place->out, "html/assets/example-en-1-1.webp")); // which it does not show
	get(place->out, "html/index.html", &page);
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		if (strstr(buf_text(&page), shown[i]) == NULL)
			fail_msg("%s is not in the page", shown[i]);
	assert_null(strstr(buf_text(&page), "example-3"));
	assert_null(strstr(buf_text(&page), "Drawn here")); // these may come from anywhere
	assert_null(strstr(buf_text(&page), "your business"));
}

// What pages say of the request log and of those who keep what was typed comes from the policy.
static void what_is_logged_and_kept_elsewhere_is_said(void **state)
{
	struct place real = *(struct place *)*state;
	BUF_AUTO struct buf index, rights;

	snprintf(real.templates, sizeof real.templates, "nginx/html");
	publish(&real, false);
	get(real.out, "html/index.html", &index);
	get(real.out, "html/rights.html", &rights);
	assert_non_null(strstr(buf_text(&index), "for at most 14 days: IP address, User agent, Time of the request."));
	assert_non_null(
	    strstr(buf_text(&index),
		   "then dropped.<span data-keeps=\"azure-openai\"> Azure OpenAI may keep what it gets for up to 30 days.</span></dd>"));
	assert_non_null(strstr(buf_text(&rights), "one line in the request log (IP address, User agent, Time of the request)"));
	POLICY_AUTO struct policy *p = policy_load_as("policy/sites/blogimg.xml", true, NULL);
	publish_policy(&real, p, false);
	BUF_AUTO struct buf other;
	get(real.out, "html/index.de.html", &other);
	assert_non_null(strstr(buf_text(&other), "IP-Adresse, Ungefährer Ort, Browser (User-Agent), Betriebssystem, Gerät"));
}

// A form only where it can be served. Where it cannot, the start says what the site will do, and that it does not yet.
static void a_site_that_cannot_make_sets_shows_no_form(void **state)
{
	static const struct {
		const char *site;
		bool makes;
	} rows[] = {
	    {"bizimages", true}, {"imagedesigner", true}, {"product-images", false}, {"image-describer", false}, {"blogimg", false}};
	struct place real = *(struct place *)*state;

	snprintf(real.templates, sizeof real.templates, "nginx/html");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[96];
		snprintf(path, sizeof path, "policy/sites/%s.xml", rows[i].site);
		POLICY_AUTO struct policy *p = policy_load_as(path, true, NULL);
		BUF_AUTO struct buf index, service = BUF_INIT(4096), words = BUF_INIT(4096);
		publish_policy(&real, p, false);
		get(real.out, "html/index.html", &index);
		assert_false(exists(real.out, "html/soon.html"));
		assert_int_equal(capability_makes_sets(p), rows[i].makes);
		assert_int_equal(strstr(buf_text(&index), "<form") != NULL, rows[i].makes);
		assert_int_equal(strstr(buf_text(&index), "app.js") != NULL, rows[i].makes);
		assert_int_equal(strstr(buf_text(&index), "not open yet") == NULL, rows[i].makes);
		prose_plain(p, &p->service.what, &service);
		html_text(&words, buf_text(&service));
		assert_true(rows[i].makes || strstr(buf_text(&index), buf_text(&words)) != NULL);
	}
}

// What a set takes: every kind of data that the route touches, and somebody for the prompts and for the pictures.
static void a_site_makes_sets_when_all_of_it_is_there(void **state)
{
	static const struct {
		enum kind undeclared;            // KIND_COUNT: none
		unsigned roles_azure, roles_own; // what is left of them
		bool unknown, makes;             // the third party is one that nobody has built
	} rows[] = {
	    {KIND_COUNT, 3, 3, false, true},
	    {KIND_INPUT, 3, 3, false, false},
	    {KIND_PROMPT, 3, 3, false, false},
	    {KIND_IMAGE, 3, 3, false, false},
	    {KIND_ARCHIVE, 3, 3, false, false},
	    {KIND_PAGE, 3, 3, false, true},
	    {KIND_COUNT, 3, 0, false, true},
	    {KIND_COUNT, 0, 3, false, true},
	    {KIND_COUNT, 0, 0, false, false},
	    {KIND_COUNT, POLICY_BIT(ROLE_TEXT), POLICY_BIT(ROLE_IMAGE), false, true},
	    {KIND_COUNT, POLICY_BIT(ROLE_TEXT), POLICY_BIT(ROLE_TEXT), false, false},
	    {KIND_COUNT, 3, 0, true, false},
	    {KIND_COUNT, 3, 3, true, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		POLICY_AUTO struct policy *p = policy_load(BIZIMAGES, NULL);
		assert_non_null(p);
		struct policy_processor *list = (struct policy_processor *)p->processors;
		if (rows[i].undeclared != KIND_COUNT)
			p->kinds[rows[i].undeclared].keep = KEEP_UNDECLARED;
		list[0].roles = rows[i].roles_azure;
		list[1].roles = rows[i].roles_own;
		list[0].id = rows[i].unknown ? "nobody" : list[0].id;
		if (capability_makes_sets(p) != rows[i].makes)
			fail_msg("row %zu", i);
	}
}

static void a_heading_without_a_list_is_not_there(void **state)
{
	struct place real = *(struct place *)*state;
	BUF_AUTO struct buf messages = BUF_INIT(65536), index;
	POLICY_AUTO struct policy *p = policy_load(BIZIMAGES, &messages);

	snprintf(real.templates, sizeof real.templates, "nginx/html");
	p->advice_paste.count = p->advice_publish.count = 0;
	publish_policy(&real, p, false);
	get(real.out, "html/index.html", &index);
	assert_null(strstr(buf_text(&index), "Please leave out"));
	assert_null(strstr(buf_text(&index), "Before you publish"));
	assert_non_null(strstr(buf_text(&index), "<div class=\"leave-out\" id=\"leave-out\"></div>"));
}

// Whatever page is opened: from when the new version counts, and what it changes; open at once where the policy says "prominent-notice".
static void an_announced_version_stands_above_every_page(void **state)
{
	static const char *const names[] = {"html/index.html",   "html/404.html",           "html/rights.html",
					    "html/privacy.html", "html/subprocessors.html", "programs/frame.html"};
	static const struct {
		unsigned by, material_by;
		bool material, open;
	} rows[] = {{POLICY_BIT(CHANNEL_BANNER), 0, true, false},
		    {POLICY_BIT(CHANNEL_PROMINENT_NOTICE), 0, true, true},
		    {POLICY_BIT(CHANNEL_EFFECTIVE_DATE), POLICY_BIT(CHANNEL_PROMINENT_NOTICE), true, true},
		    {POLICY_BIT(CHANNEL_BANNER), POLICY_BIT(CHANNEL_PROMINENT_NOTICE), false, false}};
	struct place real = *(struct place *)*state;

	snprintf(real.templates, sizeof real.templates, "nginx/html");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		POLICY_AUTO struct policy *p = policy_load(BIZIMAGES, NULL), *next = policy_load(BIZIMAGES, NULL);
		assert_non_null(p);
		assert_non_null(next);
		if (rows[i].material)
			((struct policy_life *)next->kinds[KIND_REQUEST_LOG].lives)->length.days += 10; // of the test alone
		else
			next->lead = next->changes;
		p->changes_by = next->changes_by = rows[i].by;
		p->changes_material_by = next->changes_material_by = rows[i].material_by;
		p->coming = next;
		p->coming_from = 1893456000;
		publish_policy(&real, p, false);
		p->coming = NULL;
		for (size_t j = 0; j < ARRAY_LEN(names); j++) {
			BUF_AUTO struct buf page;
			get(real.out, names[j], &page);
			const char *at = strstr(buf_text(&page), "From 2030-01-01 a new version of our privacy notice applies.");
			if (at == NULL || at > strstr(buf_text(&page), "<main"))
				fail_msg("row %zu: nothing above %s", i, names[j]);
			if ((strstr(buf_text(&page), "<details open><summary>From 2030") != NULL) != rows[i].open)
				fail_msg("row %zu: %.900s", i, strstr(buf_text(&page), "<details"));
			assert_non_null(strstr(at, "<li>"));
		}
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_form_is_written),
	    TEST(publishing_again_touches_nothing),
	    TEST(what_is_no_longer_made_goes_and_what_is_not_ours_stays),
	    TEST(only_pictures_that_a_page_shows_are_published),
	    TEST(a_page_that_cannot_be_written_leaves_the_site_as_it_was),
	    TEST(a_broken_template_leaves_the_site_as_it_was),
	    TEST(templates_are_never_published_over),
	    TEST(a_test_build_says_so_on_every_page),
	    TEST(headers_follow_the_policy),
	    TEST(security_txt_is_renewed_in_steps),
	    TEST(gpc_json_promises_what_the_policy_promises),
	    TEST(the_notice_names_times_regimes_and_brands),
	    TEST(the_start_offers_what_the_policy_keeps),
	    TEST(the_notice_is_sound_html),
	    TEST(the_shipped_templates_publish),
	    TEST(a_policy_may_have_a_start_page_of_its_own),
	    TEST(what_is_logged_and_kept_elsewhere_is_said),
	    TEST(a_site_that_cannot_make_sets_shows_no_form),
	    TEST(a_site_makes_sets_when_all_of_it_is_there),
	    TEST(a_heading_without_a_list_is_not_there),
	    TEST(an_announced_version_stands_above_every_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
