// SPDX-License-Identifier: ISC
#include "fcgi/rights/live_page.h"
#include "fcgi/rights/live_figures.h"
#include "fcgi/serve/framed.h"
#include "fcgi/serve/problem.h"
#include "fcgi/serve/respond.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/writer.h"
#include "policy/publish/versions.h"
#include <stdio.h>
#include <string.h>

void live_page_respond_json(struct request *r, void *context)
{
	struct err e = {0};
	JSON_AUTO cJSON *live = live_figures(context, request_policy(r), &e);

	if (live == NULL)
		respond_err(r, &e);
	else
		respond_json(r, 200, live);
}

// ---- as a page ----

static bool is(const cJSON *one, const char *member, const char *text)
{
	return strcmp(json_string_or(one, member, ""), text) == 0;
}

#define LIVE_COUNT(object, member) json_number(object, member, 0)

// A row of the totals: the word `key` with its values, or without a key the first of these.
static void total_write(struct writer *w, const char *title, const char *key, const struct word_value *values)
{
	xml_printf(w->out, "<div><dt>%s</dt><dd>", word(w->policy, title));
	if (key != NULL)
		write_filled(w, key, values);
	else
		write_words(w, values->value);
	buf_adds(w->out, "</dd></div>\n");
}

// What is so of the whole site.
static void totals_write(struct writer *w, const cJSON *live)
{
	const struct policy *p = w->policy;
	const cJSON *one, *requests = json_get(live, "requests"), *ledger = json_get(live, "ledger"), *check = json_get(live, "check");
	double asked = 0, given = 0; // in all years

	buf_adds(w->out, "<dl class=\"totals\">\n");
	total_write(w, "live.total.prune", NULL, WORD_VALUES({"time", MOMENT_WORDS(json_time(live, "last_prune"), p)}));
	total_write(
	    w, "live.total.requests", LIVE_COUNT(requests, "open") + LIVE_COUNT(requests, "ended") > 0 ? "live.requests" : "live.none",
	    WORD_VALUES({"open", WORD_COUNT(LIVE_COUNT(requests, "open"))}, {"late", WORD_COUNT(LIVE_COUNT(requests, "late"))},
			{"ended", WORD_COUNT(LIVE_COUNT(requests, "ended"))}, {"in_time", WORD_COUNT(LIVE_COUNT(requests, "in_time"))}));
	cJSON_ArrayForEach(one, json_get(live, "authorities"))
	{
		asked += LIVE_COUNT(one, "asked");
		given += LIVE_COUNT(one, "given");
	}
	total_write(w, "live.total.authorities", asked > 0 ? "live.authorities" : "live.none",
		    WORD_VALUES({"asked", WORD_COUNT(asked)}, {"given", WORD_COUNT(given)}));
	total_write(w, "live.total.ledger", LIVE_COUNT(ledger, "signed_size") > 0 ? "live.ledger" : "live.ledger.unsigned",
		    WORD_VALUES({"n", WORD_COUNT(LIVE_COUNT(ledger, "size"))}, {"signed", WORD_COUNT(LIVE_COUNT(ledger, "signed_size"))},
				{"time", MOMENT_WORDS(json_time(ledger, "signed"), p)}));
	total_write(w, "live.total.check", cJSON_IsObject(check) ? "live.checked" : "live.unchecked",
		    WORD_VALUES({"time", MOMENT_WORDS(json_time(check, "at"), p)}, {"kept", WORD_COUNT(LIVE_COUNT(check, "kept"))},
				{"broken", WORD_COUNT(LIVE_COUNT(check, "broken"))}, {"unsure", WORD_COUNT(LIVE_COUNT(check, "unsure"))}));
	cJSON_ArrayForEach(one, json_get(live, "drills"))
	{
		char key[64];
		snprintf(key, sizeof key, "live.drill.%s", json_string_or(one, "result", ""));
		total_write(w, "live.total.drill", key,
			    WORD_VALUES({"name", json_string_or(one, "name", "")}, {"time", MOMENT_WORDS(json_time(one, "at"), p)}));
	}
	buf_adds(w->out, "</dl>\n");
	// What the ledger is verified with, for who keeps it elsewhere.
	if (json_string(ledger, "key") == NULL)
		return;
	xml_printf(w->out, "<section aria-labelledby=\"ledger\">\n<h2 id=\"ledger\">%s</h2>\n", word(p, "live.key"));
	write_note(w, "live.key.how", NULL);
	xml_printf(w->out, "<p class=\"key\"><code>%s</code></p>\n", json_string_or(ledger, "key", ""));
	cJSON_ArrayForEach(one, json_get(ledger, "past_keys"))
	{
		write_note(
		    w, "live.key.past",
		    WORD_VALUES({"n", WORD_COUNT(LIVE_COUNT(one, "until_size"))}, {"time", MOMENT_WORDS(json_time(one, "until"), p)}));
		xml_printf(w->out, "<p class=\"key\"><code>%s</code></p>\n", json_string_or(one, "key", ""));
	}
	buf_adds(w->out, "</section>\n");
}

static void statement_write(struct writer *w, const cJSON *one)
{
	const cJSON *meter = json_get(one, "meter"), *check = json_get(one, "check");
	const struct policy *p = w->policy;
	const char *state = json_string(one, "state");
	struct buf *out = w->out;

	xml_printf(out, "<li id=\"%s\" class=\"%s\">\n<p class=\"sentence\">%s</p>\n", json_string_or(one, "id", ""),
		   state != NULL ? state : "unbuilt", json_string_or(one, "text", ""));
	if (state == NULL) {
		xml_printf(out, "<p class=\"figure\">%s</p>\n</li>\n", word(p, "live.unbuilt"));
		return;
	}
	xml_printf(out, "<p class=\"figure\"><strong>%s</strong> <span>%s</span></p>\n", word_or(p, "live.state.", state),
		   json_string_or(one, "figure", ""));
	if (meter != NULL) {
		double max = json_number(meter, "max", 0), value = json_number(meter, "value", 0);
		buf_printf(out, "<meter min=\"0\" max=\"%.0f\" value=\"%.0f\"%s aria-hidden=\"true\"></meter>\n", max,
			   value < max ? value : max, is(one, "state", "broken") ? " class=\"late\"" : "");
	}
	xml_printf(out, "<details><summary>%s</summary>\n<p>%s</p>\n<dl><dt>%s</dt><dd><code>%s</code></dd>", word(p, "live.keeps"),
		   json_string_or(one, "how", ""), word(p, "live.functions"), json_string_or(one, "functions", ""));
	xml_printf(out, "<dt>%s</dt><dd><code>tests/%s</code></dd><dt>%s</dt><dd>", word(p, "live.test"), json_string_or(one, "test", ""),
		   word(p, "live.check"));
	if (check != NULL)
		xml_printf(out, "%s%s%s <code>%s</code>",
			   word_or(p, "live.result.", is(check, "result", "BROKEN") ? "broken" : json_string_or(check, "result", "")),
			   word(p, "join.comma"), MOMENT_WORDS(json_time(check, "at"), p), json_string_or(check, "name", ""));
	else
		html_text(out, word(p, "live.check.none"));
	buf_adds(out, "</dd></dl></details>\n</li>\n");
}

// From `first` on, until another section begins, which is returned: those that programs keep, then, folded, those of people.
static const cJSON *section_write(struct writer *w, const cJSON *first)
{
	const char *section = json_string_or(first, "section", ""), *group = NULL;
	struct buf *out = w->out;
	const cJSON *one;
	long long people = 0;
	BUF_AUTO struct buf notice = BUF_INIT(256);

	address_page(w->policy, "/privacy", &notice);
	const char *id = section[0] != '\0' ? section : "notice";
	xml_printf(out, "<section aria-labelledby=\"in-%s\">\n<h2 id=\"in-%s\"><a href=\"%s%s%s\">%s</a></h2>\n", id, id, buf_text(&notice),
		   section[0] != '\0' ? "#" : "", section,
		   section[0] != '\0' ? json_string_or(first, "heading", "") : word(w->policy, "notice.title"));
	for (one = first; one != NULL && is(one, "section", section); one = one->next) {
		if (is(one, "kept_by", "people")) {
			people++;
			continue;
		}
		if (group == NULL || !is(one, "group", group)) {
			buf_adds(out, group != NULL ? "</ul>\n" : "");
			group = json_string_or(one, "group", "");
			if (group[0] != '\0')
				xml_printf(out, "<h3>%s</h3>\n", group);
			buf_adds(out, "<ul class=\"kept\">\n");
		}
		statement_write(w, one);
	}
	buf_adds(out, group != NULL ? "</ul>\n" : "");
	if (people > 0) {
		buf_adds(out, "<details class=\"people\"><summary>");
		write_filled(w, "live.people.more", WORD_VALUES({"n", WORD_COUNT(people)}));
		xml_printf(out, "</summary>\n<p>%s</p>\n<ul>\n", word(w->policy, "live.people"));
		for (const cJSON *told = first; told != one; told = told->next)
			if (is(told, "kept_by", "people"))
				xml_printf(out, "<li id=\"%s\">%s</li>\n", json_string_or(told, "id", ""),
					   json_string_or(told, "text", ""));
		buf_adds(out, "</ul></details>\n");
	}
	buf_adds(out, "</section>\n");
	return one;
}

// Each language has its address, as each page has; NULL: it was answered that there is none.
static const struct policy *live_policy(struct request *r)
{
	if (request_use_language(r, request_rest(r)) == 0)
		return request_policy(r);
	respond_problem(r, 404, "problem.not-found", NULL, NULL);
	return NULL;
}

static void live_lead(struct writer *w, const char *key)
{
	buf_adds(w->out, "<p class=\"lead\">");
	write_word(w, key);
	buf_adds(w->out, "</p>\n");
}

void live_page_respond(struct request *r, void *context)
{
	struct err e = {0};
	uint64_t kept = 0, broken = 0, unknown = 0;
	const struct policy *p = live_policy(r);

	if (p == NULL)
		return;
	JSON_AUTO cJSON *live = live_figures(context, p, &e);
	if (live == NULL) {
		respond_err(r, &e);
		return;
	}
	FRAMED_AUTO struct framed frame = {.name = LIVE_FRAME_NAME, .class = "wide live"};
	BUF_AUTO struct buf out = BUF_INIT(4 * PAGE_MAX);
	struct writer w = {.form = FORM_HTML, .out = &out, .policy = p};
	const cJSON *first = json_get(live, "statements")->child;
	for (const cJSON *one = first; one != NULL; one = one->next) {
		kept += is(one, "state", "kept");
		broken += is(one, "state", "broken");
		unknown += is(one, "state", "unknown");
	}
	framed_begin(r, &frame, &out, word(p, "page.live.heading"));
	live_lead(&w, "page.live.lead");
	xml_printf(&out, "<div class=\"live-state %s\" id=\"live-state\">", broken > 0 ? "bad" : "good");
	write_note(
	    &w,
	    broken > 0    ? "live.broken"
	    : unknown > 0 ? "live.good.but"
			  : "live.good",
	    WORD_VALUES({"broken", WORD_COUNT(broken)}, {"of", WORD_COUNT(kept + broken + unknown)}, {"unknown", WORD_COUNT(unknown)}));
	buf_adds(&out, "<p class=\"hint\">");
	write_filled(&w, "live.as_of", WORD_VALUES({"time", MOMENT_WORDS(json_time(live, "at"), p)}, {"version", p->version}));
	buf_adds(&out, "</p></div>\n");
	totals_write(&w, live);
	for (const cJSON *one = first; one != NULL;)
		one = section_write(&w, one);
	write_note(&w, "page.live.programs", NULL);
	framed_end(&frame, &out);
	respond_bytes(r, 200, "text/html; charset=utf-8", buf_text(&out), out.len);
}

// ---- GET /privacy/versions: those that were in force here ----

void live_page_respond_versions(struct request *r, void *context)
{
	struct err e = {0};

	const struct policy *p = live_policy(r);

	(void)context;
	if (p == NULL)
		return;
	JSON_AUTO cJSON *versions = versions_read(setting_state(), &e);
	if (versions == NULL) {
		respond_err(r, &e);
		return;
	}
	FRAMED_AUTO struct framed frame = {.name = VERSIONS_FRAME_NAME, .class = "text"};
	BUF_AUTO struct buf out = BUF_INIT(4 * PAGE_MAX);
	struct writer w = {.form = FORM_HTML, .out = &out, .policy = p};
	const cJSON *one, *known, *change;
	framed_begin(r, &frame, &out, word(p, "versions.heading"));
	live_lead(&w, "versions.lead");
	cJSON_ArrayForEach(one, versions)
	{
		const char *version = json_string_or(one, "version", "");
		bool translated = false;
		cJSON_ArrayForEach(known, json_get(one, "languages"))
		{
			translated |= known->prev->next != NULL && cJSON_IsString(known) && strcmp(known->valuestring, p->language) == 0;
		}
		xml_printf(&out, "<h2><a href=\"/privacy/versions/%s%s%s\">%s</a></h2>\n<p>", version, translated ? "." : "",
			   translated ? p->language : "", version);
		write_filled(&w, one == versions->child ? "versions.now" : "versions.then",
			     WORD_VALUES({"since", MOMENT_WORDS(json_time(one, "since"), p)}));
		if (cJSON_IsNumber(json_get(one, "ledger"))) {
			buf_addc(&out, ' ');
			write_filled(&w, "versions.ledger", WORD_VALUES({"n", WORD_COUNT(json_number(one, "ledger", 0))}));
		}
		xml_printf(&out, "</p>\n<p>SHA-256 <code>%s</code> (<a href=\"/privacy/versions/%s.xml\">XML</a>)</p>\n<ul>\n",
			   json_string_or(one, "sha256", ""), version);
		const cJSON *said = json_get(one, "changes"), *changes = json_get(said, p->language);
		changes = changes == NULL && said != NULL ? said->child : changes;
		cJSON_ArrayForEach(change, changes)
		{
			xml_printf(&out, "<li>%s</li>\n", cJSON_IsString(change) ? change->valuestring : "");
		}
		buf_adds(&out, "</ul>\n");
	}
	framed_end(&frame, &out);
	respond_bytes(r, 200, "text/html; charset=utf-8", buf_text(&out), out.len);
}
