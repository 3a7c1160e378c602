// SPDX-License-Identifier: ISC
#include "fcgi/rights/live_page.h"
#include "fcgi/ipc/call.h"
#include "fcgi/serve/framed.h"
#include "fcgi/serve/problem.h"
#include "fcgi/serve/respond.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/model/life.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/writer.h"
#include "policy/publish/versions.h"
#include "policy/rights/request.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CHECK_BYTES_MAX = 1024 * 1024, NOTE_BYTES_MAX = 64 * 1024, REQUESTS_SECONDS = 60 };

// ---- the figures ----

struct request_counts {
	uint64_t open, late, ended, in_time;
};
struct live {
	const struct policy *policy; // in the language of the request
	time_t now;
	struct census census;
	struct request_counts rights[RIGHT_COUNT], all;
	uint64_t ledger_size, signed_size;
	time_t signed_at, checked_at;    // 0: not known
	cJSON *traffic, *check, *ledger; // of egress, of the last `lethe check`, and ledger.json as it is published; NULL: not known
};

static void live_free(struct live *l)
{
	cJSON_Delete(l->traffic);
	cJSON_Delete(l->check);
	cJSON_Delete(l->ledger);
}

static int live_count_request(void *arg, const struct rights_row *row)
{
	struct request_counts *counts = arg;
	int right = policy_word_value(&policy_right_words, row->right, strlen(row->right));

	if (right < 0)
		return 0;
	counts[right].open += row->open;
	counts[right].late += row->late;
	counts[right].ended += !row->open;
	counts[right].in_time += !row->open && !row->missed;
	return 0;
}

// Counting opens every request, so it is done again only when the ledger, which knows of whatever happens to one, has grown, or time has passed.
static int count_requests(struct vault *v, struct live *l, struct err *e)
{
	static struct {
		pthread_mutex_t mutex;
		uint64_t size;
		time_t at;
		struct request_counts rights[RIGHT_COUNT];
	} last = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	int ret = 0;

	pthread_mutex_lock(&last.mutex);
	if (last.at == 0 || last.size != l->ledger_size || l->now < last.at || l->now - last.at >= REQUESTS_SECONDS) {
		memset(last.rights, 0, sizeof last.rights);
		ret = rights_each(v, live_count_request, last.rights, e);
		last.at = ret == 0 ? l->now : 0;
		last.size = l->ledger_size;
	}
	memcpy(l->rights, last.rights, sizeof l->rights);
	pthread_mutex_unlock(&last.mutex);
	for (size_t i = 0; i < RIGHT_COUNT; i++) {
		l->all.open += l->rights[i].open;
		l->all.late += l->rights[i].late;
		l->all.ended += l->rights[i].ended;
		l->all.in_time += l->rights[i].in_time;
	}
	return ret;
}

// A file of the state folder, and when it was written. -1: it is not there.
static int state_file(const char *name, struct buf *out, time_t *at)
{
	char path[4096];
	struct stat st;

	if (path_join(path, sizeof path, setting_state(), name, NULL) != 0 || stat(path, &st) < 0 || file_read(path, out, NULL) != 0)
		return -1;
	*at = st.st_mtime;
	return 0;
}

static int live_read(struct live *l, struct vault *v, const struct policy *p, struct err *e)
{
	BUF_AUTO struct buf note = BUF_INIT(NOTE_BYTES_MAX), check = BUF_INIT(CHECK_BYTES_MAX), ledger = BUF_INIT(NOTE_BYTES_MAX);
	struct err none;
	time_t at;

	*l = (struct live){.policy = p, .now = when_now()};
	if (vault_census(v, &l->census, e) != 0 || ledger_size(v, &l->ledger_size, e) != 0)
		return -1;
	if (p->kinds[KIND_RIGHTS_REQUEST].keep == KEEP_STORED && count_requests(v, l, e) != 0)
		return -1;
	if (state_file("publish/html/.well-known/checkpoint", &note, &l->signed_at) == 0) {
		const char *size = strchr(buf_text(&note), '\n');
		l->signed_size = size != NULL ? strtoull(size + 1, NULL, 10) : 0;
	}
	if (state_file("check.json", &check, &l->checked_at) == 0)
		l->check = json_parse(buf_text(&check), check.len, &none);
	if (state_file("publish/html/.well-known/ledger.json", &ledger, &at) == 0)
		l->ledger = json_parse(buf_text(&ledger), ledger.len, &none);
	l->traffic = call_program(setting_run(), "egress", "status", &none);
	return 0;
}

// ---- words for them ----

static void moment(char out[WORD_DAY + 16], time_t t, const struct policy *p)
{
	char text[WHEN_TEXT];

	when_text(text, t);
	word_day(out, t, word_language(p));
	snprintf(out + strlen(out), 16, ", %.5s UTC", text + 11);
}

// An age in its one largest unit that fits.
static void age_words(char *out, size_t size, time_t seconds, const struct policy *p)
{
	struct duration d = {.seconds = (uint64_t)(seconds > 0 ? seconds : 1)};

	if (seconds >= 2 * 86400)
		d = (struct duration){.days = (unsigned)(seconds / 86400)};
	else if (seconds >= 2 * 3600)
		d.seconds -= d.seconds % 3600;
	else if (seconds >= 120)
		d.seconds -= d.seconds % 60;
	word_duration(out, size, d, word_language(p));
}

enum figure { FIGURE_KEPT, FIGURE_BROKEN, FIGURE_UNKNOWN };
static const char *const figure_names[] = {"kept", "broken", "unknown"};

static const struct census_row *census_of(const struct live *l, enum kind kind)
{
	for (size_t i = 0; i < l->census.row_count; i++)
		if (l->census.rows[i].kind == kind)
			return &l->census.rows[i];
	return NULL;
}

// What is held of a kind against what was promised. `meter`: how much of its time the oldest has used.
static enum figure figure_of_kind(const struct live *l, enum kind kind, struct buf *out, cJSON *to)
{
	const struct policy *p = l->policy;
	const struct census_row *row = census_of(l, kind);
	char count[WORD_NUMBER], age[160] = "", limit[WORD_LIFE] = "";

	if (row == NULL || row->keep != KEEP_STORED) {
		bool held = row != NULL && row->count > 0;
		word_fill(out, NULL, word(p, held ? "live.memory.held" : "live.memory"),
			  WORD_VALUES({"n", word_number(count, held ? (long long)row->count : 0)}));
		return held ? FIGURE_BROKEN : FIGURE_KEPT;
	}
	bool limited = !duration_is_zero(life_longest(&p->kinds[kind])) && row->limit_seconds > 0;
	time_t old = row->oldest != 0 && l->now > row->oldest ? l->now - row->oldest : 0;
	age_words(age, sizeof age, old, p);
	word_life(limit, sizeof limit, p, &p->kinds[kind]);
	const char *key = row->count == 0        ? "live.life.nothing"
			  : row->damaged[0] != 0 ? "live.life.damaged"
			  : limited              ? "live.life"
						 : "live.life.open";
	word_fill(out, NULL, word(p, key),
		  WORD_VALUES({"n", word_number(count, (long long)row->count)}, {"age", age}, {"limit", limit}, {"day", row->damaged}));
	if (row->count > 0 && limited) {
		cJSON *meter = cJSON_AddObjectToObject(to, "meter");
		cJSON_AddNumberToObject(meter, "value", (double)old);
		cJSON_AddNumberToObject(meter, "max", (double)row->limit_seconds);
	}
	return row->late || row->damaged[0] != 0 ? FIGURE_BROKEN : FIGURE_KEPT;
}

static enum figure figure_of_processor(const struct live *l, const struct statement *s, struct buf *out)
{
	const struct policy *p = l->policy;
	const struct policy_processor *a = s->processor;
	const cJSON *one, *traffic = NULL, *name;
	char n[4][WORD_NUMBER];
	enum figure figure = FIGURE_KEPT;
	BUF_AUTO struct buf kinds = BUF_INIT(64 * 1024);

	cJSON_ArrayForEach(one, json_get(l->traffic, "processors"))
	{
		const char *id = json_string(one, "id");
		traffic = id != NULL && strcmp(id, a->id) == 0 ? one : traffic;
	}
	if (s->type == STATEMENT_BUILT_IN) {
		buf_adds(out, word(p, "live.built-in"));
		return FIGURE_KEPT;
	}
	if (l->traffic == NULL) {
		buf_adds(out, word(p, "live.processor.unknown"));
		return FIGURE_UNKNOWN;
	}
	cJSON_ArrayForEach(name, json_get(traffic, "kinds"))
	{
		enum kind kind;
		if (!cJSON_IsString(name) || kind_from_name(&kind, name->valuestring) != 0)
			continue;
		buf_printf(&kinds, "%s%s", kinds.len > 0 ? word(p, "join.comma") : "",
			   p->kinds[kind].name != NULL && p->kinds[kind].name[0] != '\0' ? p->kinds[kind].name : name->valuestring);
		if (s->type == STATEMENT_RECEIVES && (a->kinds & KIND_BIT(kind)) == 0)
			figure = FIGURE_BROKEN;
	}
	const char *seen = json_string(traffic, "region_seen");
	const char *key = s->type == STATEMENT_REGION     ? (seen != NULL && seen[0] != '\0' ? "live.region.seen" : "live.region")
			  : s->type == STATEMENT_RECEIVES ? (kinds.len > 0 ? "live.receives" : "live.receives.nothing")
			  : s->type == STATEMENT_TRAINING ? "live.training"
							  : "live.processor";
	word_fill(out, NULL, word(p, key),
		  WORD_VALUES({"n", word_number(n[0], (long long)json_number(traffic, "requests", 0))},
			      {"bytes", word_number(n[1], (long long)json_number(traffic, "bytes_sent", 0))},
			      {"failures", word_number(n[2], (long long)json_number(traffic, "failures", 0))},
			      {"refused", word_number(n[3], (long long)json_number(traffic, "region_mismatches", 0))},
			      {"kinds", buf_text(&kinds)}, {"region", seen != NULL ? seen : ""}));
	return figure;
}

static enum figure figure_of_requests(const struct live *l, const struct request_counts *c, struct buf *out)
{
	char n[4][WORD_NUMBER];

	word_fill(out, NULL, word(l->policy, "live.requests"),
		  WORD_VALUES({"open", word_number(n[0], (long long)c->open)}, {"late", word_number(n[1], (long long)c->late)},
			      {"ended", word_number(n[2], (long long)c->ended)}, {"in_time", word_number(n[3], (long long)c->in_time)}));
	return c->late > 0 ? FIGURE_BROKEN : FIGURE_KEPT;
}

static time_t loaded; // when this program read the policy

void live_page_loaded(void)
{
	loaded = when_now();
}

// What follows from the policy itself is as it says since the programs read it: they start on nothing else.
static enum figure figure_of_loading(const struct live *l, struct buf *out)
{
	char time[WORD_DAY + 16];

	moment(time, loaded, l->policy);
	word_fill(out, NULL, word(l->policy, "live.loaded"), WORD_VALUES({"time", time}));
	return FIGURE_KEPT;
}

static enum figure figure_of(const struct live *l, const struct statement *s, struct buf *out, cJSON *to)
{
	switch (s->type) {
	case STATEMENT_MEMORY:
	case STATEMENT_LIFE:
	case STATEMENT_DISK:
		return figure_of_kind(l, s->kind->kind, out, to);
	case STATEMENT_PROCESSOR:
	case STATEMENT_BUILT_IN:
	case STATEMENT_REGION:
	case STATEMENT_RECEIVES:
	case STATEMENT_TRAINING:
		return figure_of_processor(l, s, out);
	case STATEMENT_RIGHT:
		return figure_of_requests(l, &l->rights[s->right->id], out);
	case STATEMENT_CLAIM:
		if (s->claim->kind != KIND_COUNT)
			return figure_of_kind(l, s->claim->kind, out, to);
		return figure_of_loading(l, out);
	default:
		return figure_of_loading(l, out);
	}
}

// ---- as JSON ----

// A time as text; null for none.
static void add_time(cJSON *object, const char *name, time_t t)
{
	char text[WHEN_TEXT];

	when_text(text, t);
	cJSON_AddItemToObject(object, name, t != 0 ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void add_text(cJSON *object, const char *name, const char *text)
{
	cJSON_AddItemToObject(object, name, text != NULL ? cJSON_CreateString(text) : cJSON_CreateNull());
}

// {kind, words, keep, count, oldest, oldest_seconds, limit_seconds, limit, late} of each kind. Returns whether one is late.
static bool add_kinds(cJSON *to, const struct live *l)
{
	const struct policy *p = l->policy;
	cJSON *kinds = cJSON_AddArrayToObject(to, "kinds");
	bool late = false;

	for (size_t i = 0; i < l->census.row_count; i++) {
		const struct census_row *row = &l->census.rows[i];
		const struct policy_kind *kind = &p->kinds[row->kind];
		char limit[WORD_LIFE];
		cJSON *one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "kind", kind_row(row->kind)->name);
		cJSON_AddStringToObject(one, "words", word_language(p) == LANGUAGE_EN ? kind_row(row->kind)->words : kind->name);
		cJSON_AddStringToObject(one, "keep", row->keep == KEEP_STORED ? "stored" : "memory");
		cJSON_AddNumberToObject(one, "count", (double)row->count);
		add_time(one, "oldest", row->oldest);
		cJSON_AddNumberToObject(one, "oldest_seconds",
					row->oldest != 0 && l->now > row->oldest ? (double)(l->now - row->oldest) : 0);
		if (row->keep == KEEP_STORED && !duration_is_zero(life_longest(kind))) {
			word_life(limit, sizeof limit, p, kind);
			cJSON_AddStringToObject(one, "limit", limit);
			cJSON_AddNumberToObject(one, "limit_seconds", (double)row->limit_seconds);
		} else {
			cJSON_AddNullToObject(one, "limit");
			cJSON_AddNullToObject(one, "limit_seconds");
		}
		cJSON_AddBoolToObject(one, "late", row->late);
		cJSON_AddItemToArray(kinds, one);
		late |= row->late;
	}
	return late;
}

// The worst that the last check found of this name; NULL: it found nothing of it.
static const char *checked(const struct live *l, const char *name)
{
	const char *worst = NULL;
	const cJSON *one;

	cJSON_ArrayForEach(one, l->check)
	{
		const char *check = json_string(one, "check"), *result = json_string(one, "result");
		if (check != NULL && result != NULL && strcmp(check, name) == 0 && (worst == NULL || strcmp(worst, "BROKEN") != 0))
			worst = result;
	}
	return worst;
}

static void add_statement(cJSON *list, const struct live *l, const struct statement *s)
{
	const struct statement_row *row = &statement_rows[s->type];
	cJSON *one = cJSON_CreateObject();
	BUF_AUTO struct buf figure = BUF_INIT(128 * 1024);

	cJSON_AddStringToObject(one, "id", s->id);
	add_text(one, "section", s->section_id);
	add_text(one, "heading", s->section);
	add_text(one, "group", s->group);
	cJSON_AddStringToObject(one, "text", s->text != NULL ? s->text : "");
	if (s->type == STATEMENT_PEOPLE) {
		cJSON_AddStringToObject(one, "kept_by", "people");
	} else if (s->obeyed == NULL || s->obeyed->how != VOCABULARY_OBEYED) {
		cJSON_AddStringToObject(one, "kept_by", "nothing yet");
		cJSON_AddStringToObject(one, "missing", s->obeyed != NULL ? s->obeyed->by : "");
	} else {
		cJSON_AddStringToObject(one, "kept_by", "program");
		cJSON_AddStringToObject(one, "how", word_or(l->policy, "keeper.", row->name));
		cJSON_AddStringToObject(one, "functions", s->obeyed->by);
		cJSON_AddStringToObject(one, "test", s->obeyed->test);
		enum figure state = figure_of(l, s, &figure, one);
		cJSON_AddStringToObject(one, "state", figure_names[state]);
		cJSON_AddStringToObject(one, "figure", buf_text(&figure));
		const char *result = row->check != NULL ? checked(l, row->check) : NULL;
		if (result != NULL) {
			cJSON *check = cJSON_AddObjectToObject(one, "check");
			cJSON_AddStringToObject(check, "name", row->check);
			cJSON_AddStringToObject(check, "result", result);
			add_time(check, "at", l->checked_at);
		}
	}
	cJSON_AddItemToArray(list, one);
}

// {site, at, policy {version, sha256}, last_prune, late, kinds[], requests {open, late, ended, in_time}, authorities[{year, asked, given, nothing, refused}],
// ledger {size, signed_size, signed, key, past_keys[{key, until_size, until}]},
// check {at, kept, broken, unsure}, statements[{id, section, heading, group, text, kept_by "program" | "people" | "nothing yet", how, functions,
// test, state "kept" | "broken" | "unknown", figure, meter {value, max}, check {name, result, at}}]}; times are UTC, absent ones null; words are in
// the language of the request.
static cJSON *live_tree(struct vault *v, const struct policy *p, struct err *e)
{
	__attribute__((cleanup(live_free))) struct live l = {0};
	STATEMENTS_AUTO struct statements statements = {0};
	size_t broken = 0, unsure = 0, kept = 0;
	const cJSON *one;

	if (live_read(&l, v, p, e) != 0 || notice_statements(&statements, p, e) != 0)
		return NULL;
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "site", p->shown_as);
	add_time(o, "at", l.now);
	cJSON *policy = cJSON_AddObjectToObject(o, "policy");
	cJSON_AddStringToObject(policy, "version", p->version);
	cJSON_AddStringToObject(policy, "sha256", p->sha256);
	add_time(o, "last_prune", l.census.last_prune);
	bool late = add_kinds(o, &l);
	cJSON_AddBoolToObject(o, "late", late);
	cJSON *requests = cJSON_AddObjectToObject(o, "requests");
	cJSON_AddNumberToObject(requests, "open", (double)l.all.open);
	cJSON_AddNumberToObject(requests, "late", (double)l.all.late);
	cJSON_AddNumberToObject(requests, "ended", (double)l.all.ended);
	cJSON_AddNumberToObject(requests, "in_time", (double)l.all.in_time);
	// How many authorities asked, as it is signed.
	struct authority_years years = {0};
	cJSON *authorities = cJSON_AddArrayToObject(o, "authorities");
	(void)ledger_authorities(v, &years, NULL);
	for (size_t i = 0; i < years.count; i++) {
		cJSON *year = cJSON_CreateObject();
		cJSON_AddNumberToObject(year, "year", (double)years.list[i].year);
		for (size_t k = 0; k < AUTHORITY_COUNTS; k++)
			cJSON_AddNumberToObject(year, authority_count_names[k], (double)years.list[i].counts[k]);
		cJSON_AddItemToArray(authorities, year);
	}
	cJSON *ledger = cJSON_AddObjectToObject(o, "ledger");
	cJSON_AddNumberToObject(ledger, "size", (double)l.ledger_size);
	cJSON_AddNumberToObject(ledger, "signed_size", (double)l.signed_size);
	add_time(ledger, "signed", l.signed_at);
	add_text(ledger, "key", json_string(l.ledger, "key"));
	cJSON *keys = cJSON_AddArrayToObject(ledger, "past_keys");
	cJSON_ArrayForEach(one, json_get(l.ledger, "keys"))
	{
		if (json_string(one, "until") == NULL)
			continue;
		cJSON *past = cJSON_CreateObject();
		cJSON_AddItemToArray(keys, past);
		add_text(past, "key", json_string(one, "key"));
		cJSON_AddNumberToObject(past, "until_size", json_number(one, "until_size", 0));
		add_text(past, "until", json_string(one, "until"));
	}
	if (l.check != NULL) {
		cJSON_ArrayForEach(one, l.check)
		{
			const char *result = json_string(one, "result");
			broken += result != NULL && strcmp(result, "BROKEN") == 0;
			unsure += result != NULL && strcmp(result, "unsure") == 0;
			kept += result != NULL && strcmp(result, "kept") == 0;
		}
		cJSON *check = cJSON_AddObjectToObject(o, "check");
		add_time(check, "at", l.checked_at);
		cJSON_AddNumberToObject(check, "kept", (double)kept);
		cJSON_AddNumberToObject(check, "broken", (double)broken);
		cJSON_AddNumberToObject(check, "unsure", (double)unsure);
	} else {
		cJSON_AddNullToObject(o, "check");
	}
	cJSON *list = cJSON_AddArrayToObject(o, "statements");
	for (size_t i = 0; i < statements.count; i++)
		if (statements.list[i].type != STATEMENT_GUIDE)
			add_statement(list, &l, &statements.list[i]);
	if (list == NULL) {
		cJSON_Delete(o);
		err_set(e, ERR_MEMORY, "no memory for what is held now");
		return NULL;
	}
	return o;
}

void live_page_respond_json(struct request *r, void *context)
{
	struct err e = {0};
	JSON_AUTO cJSON *live = live_tree(context, request_policy(r), &e);

	if (live == NULL)
		respond_err(r, &e);
	else
		respond_json(r, 200, live);
}

// ---- as a page ----

static bool is(const cJSON *one, const char *member, const char *text)
{
	const char *value = json_string(one, member);

	return value == text || (value != NULL && text != NULL && strcmp(value, text) == 0);
}

static const char *time_words(char out[WORD_DAY + 16], const cJSON *object, const char *name, const struct policy *p)
{
	const char *text = json_string(object, name);
	time_t t;

	snprintf(out, WORD_DAY + 16, "%s", word(p, "live.never"));
	if (text != NULL && when_parse(&t, text) == 0)
		moment(out, t, p);
	return out;
}

static void write_total(struct buf *out, const struct policy *p, const char *key, const char *text)
{
	framed_text(out, "<div><dt>", word(p, key), "</dt>");
	framed_text(out, "<dd>", text, "</dd></div>\n");
}

// What is so of the whole site.
static void write_totals(struct buf *out, const cJSON *live, const struct policy *p)
{
	const cJSON *requests = json_get(live, "requests"), *ledger = json_get(live, "ledger"), *check = json_get(live, "check"), *year,
		    *one;
	char time[WORD_DAY + 16], n[4][WORD_NUMBER];
	BUF_AUTO struct buf text = BUF_INIT(4096);

	buf_adds(out, "<dl class=\"totals\">\n");
	write_total(out, p, "live.total.prune", time_words(time, live, "last_prune", p));
	const bool any = json_number(requests, "open", 0) + json_number(requests, "ended", 0) > 0;
	word_fill(&text, NULL, word(p, any ? "live.requests" : "live.none"),
		  WORD_VALUES({"open", word_number(n[0], (long long)json_number(requests, "open", 0))},
			      {"late", word_number(n[1], (long long)json_number(requests, "late", 0))},
			      {"ended", word_number(n[2], (long long)json_number(requests, "ended", 0))},
			      {"in_time", word_number(n[3], (long long)json_number(requests, "in_time", 0))}));
	write_total(out, p, "live.total.requests", buf_text(&text));
	buf_reset(&text);
	double asked = 0, given = 0; // in all years
	cJSON_ArrayForEach(year, json_get(live, "authorities"))
	{
		asked += json_number(year, "asked", 0);
		given += json_number(year, "given", 0);
	}
	word_fill(&text, NULL, word(p, asked > 0 ? "live.authorities" : "live.none"),
		  WORD_VALUES({"asked", word_number(n[0], (long long)asked)}, {"given", word_number(n[1], (long long)given)}));
	write_total(out, p, "live.total.authorities", buf_text(&text));
	buf_reset(&text);
	word_fill(&text, NULL, word(p, json_number(ledger, "signed_size", 0) > 0 ? "live.ledger" : "live.ledger.unsigned"),
		  WORD_VALUES({"n", word_number(n[0], (long long)json_number(ledger, "size", 0))},
			      {"signed", word_number(n[1], (long long)json_number(ledger, "signed_size", 0))},
			      {"time", time_words(time, ledger, "signed", p)}));
	write_total(out, p, "live.total.ledger", buf_text(&text));
	buf_reset(&text);
	word_fill(&text, NULL, word(p, cJSON_IsObject(check) ? "live.checked" : "live.unchecked"),
		  WORD_VALUES({"time", time_words(time, check, "at", p)},
			      {"kept", word_number(n[0], (long long)json_number(check, "kept", 0))},
			      {"broken", word_number(n[1], (long long)json_number(check, "broken", 0))},
			      {"unsure", word_number(n[2], (long long)json_number(check, "unsure", 0))}));
	write_total(out, p, "live.total.check", buf_text(&text));
	buf_adds(out, "</dl>\n");
	// What the ledger is verified with, for who keeps it elsewhere.
	if (json_string(ledger, "key") != NULL) {
		framed_text(out, "<section aria-labelledby=\"ledger\">\n<h2 id=\"ledger\">", word(p, "live.key"), "</h2>\n<p>");
		struct writer w = {.form = FORM_HTML, .out = out, .policy = p};
		write_word(&w, "live.key.how");
		framed_text(out, "</p>\n<p class=\"key\"><code>", json_string(ledger, "key"), "</code></p>\n");
		cJSON_ArrayForEach(one, json_get(ledger, "past_keys"))
		{
			buf_reset(&text);
			word_fill(&text, NULL, word(p, "live.key.past"),
				  WORD_VALUES({"n", word_number(n[0], (long long)json_number(one, "until_size", 0))},
					      {"time", time_words(time, one, "until", p)}));
			framed_text(out, "<p>", buf_text(&text), "</p>\n");
			framed_text(out, "<p class=\"key\"><code>", json_string(one, "key"), "</code></p>\n");
		}
		buf_adds(out, "</section>\n");
	}
}

static void write_statement(struct buf *out, const cJSON *one, const struct policy *p)
{
	const cJSON *meter = json_get(one, "meter"), *check = json_get(one, "check");
	const char *state = json_string(one, "state");
	char time[WORD_DAY + 16];

	xml_printf(out, "<li id=\"%s\" class=\"%s\">\n", json_string(one, "id"), state != NULL ? state : "unbuilt");
	framed_text(out, "<p class=\"sentence\">", json_string(one, "text"), "</p>\n");
	if (state == NULL) {
		framed_text(out, "<p class=\"figure\">", word(p, "live.unbuilt"), "</p>\n</li>\n");
		return;
	}
	framed_text(out, "<p class=\"figure\"><strong>", word_or(p, "live.state.", state), "</strong> ");
	framed_text(out, "<span>", json_string(one, "figure"), "</span></p>\n");
	if (meter != NULL) {
		double max = json_number(meter, "max", 0), value = json_number(meter, "value", 0);
		buf_printf(out, "<meter min=\"0\" max=\"%.0f\" value=\"%.0f\"%s aria-hidden=\"true\"></meter>\n", max,
			   value < max ? value : max, is(one, "state", "broken") ? " class=\"late\"" : "");
	}
	framed_text(out, "<details><summary>", word(p, "live.keeps"), "</summary>\n");
	framed_text(out, "<p>", json_string(one, "how"), "</p>\n<dl>");
	framed_text(out, "<dt>", word(p, "live.functions"), "</dt>");
	framed_text(out, "<dd><code>", json_string(one, "functions"), "</code></dd>");
	framed_text(out, "<dt>", word(p, "live.test"), "</dt>");
	framed_text(out, "<dd><code>tests/", json_string(one, "test"), "</code></dd>");
	framed_text(out, "<dt>", word(p, "live.check"), "</dt><dd>");
	if (check != NULL) {
		const char *found = json_string(check, "result");
		framed_text(out, "", word_or(p, "live.result.", strcmp(found, "BROKEN") == 0 ? "broken" : found), "");
		framed_text(out, word(p, "join.comma"), time_words(time, check, "at", p), "");
		framed_text(out, " <code>", json_string(check, "name"), "</code>");
	} else {
		framed_text(out, "", word(p, "live.check.none"), "");
	}
	buf_adds(out, "</dd></dl></details>\n</li>\n");
}

// Those of a section that no program keeps, from `first` on.
static void write_people(struct buf *out, const cJSON *first, const struct policy *p)
{
	const char *section = json_string(first, "section");
	char n[WORD_NUMBER];
	long long count = 0;

	for (const cJSON *one = first; one != NULL && is(one, "section", section); one = one->next)
		count += is(one, "kept_by", "people");
	if (count == 0)
		return;
	buf_adds(out, "<details class=\"people\"><summary>");
	word_fill(out, html_text, word(p, "live.people.more"), WORD_VALUES({"n", word_number(n, count)}));
	framed_text(out, "</summary>\n<p>", word(p, "live.people"), "</p>\n<ul>\n");
	for (const cJSON *one = first; one != NULL && is(one, "section", section); one = one->next) {
		if (!is(one, "kept_by", "people"))
			continue;
		xml_printf(out, "<li id=\"%s\">%s</li>\n", json_string(one, "id"), json_string(one, "text"));
	}
	buf_adds(out, "</ul></details>\n");
}

// From `first` on, until another section begins, which is returned.
static const cJSON *write_section(struct buf *out, const cJSON *first, const struct policy *p)
{
	const char *section = json_string(first, "section"), *group = NULL;
	const cJSON *one;
	bool list = false;
	BUF_AUTO struct buf notice = BUF_INIT(256);

	address_page(p, "/privacy", &notice);
	if (section != NULL) {
		xml_printf(out, "<section aria-labelledby=\"in-%s\">\n<h2 id=\"in-%s\">", section, section);
		xml_printf(out, "<a href=\"%s#%s\">%s</a></h2>\n", buf_text(&notice), section, json_string(first, "heading"));
	} else {
		buf_adds(out, "<section aria-labelledby=\"in-notice\">\n<h2 id=\"in-notice\">");
		xml_printf(out, "<a href=\"%s\">%s</a></h2>\n", buf_text(&notice), word(p, "notice.title"));
	}
	for (one = first; one != NULL && is(one, "section", section); one = one->next) {
		if (is(one, "kept_by", "people"))
			continue;
		if (!is(one, "group", group)) {
			group = json_string(one, "group");
			buf_adds(out, list ? "</ul>\n" : "");
			list = false;
			if (group != NULL)
				framed_text(out, "<h3>", group, "</h3>\n");
		}
		buf_adds(out, list ? "" : "<ul class=\"kept\">\n");
		list = true;
		write_statement(out, one, p);
	}
	buf_adds(out, list ? "</ul>\n" : "");
	write_people(out, first, p);
	buf_adds(out, "</section>\n");
	return one;
}

void live_page_respond(struct request *r, void *context)
{
	const char *language = request_rest(r);
	struct err e = {0};

	// Each language has its address, as each page has.
	if (request_use_language(r, language) != 0) {
		respond_problem(r, 404, "problem.not-found", NULL, NULL);
		return;
	}
	const struct policy *p = request_policy(r);
	JSON_AUTO cJSON *live = live_tree(context, p, &e);
	if (live == NULL) {
		respond_err(r, &e);
		return;
	}
	FRAMED_AUTO struct framed frame = {.name = LIVE_FRAME_NAME, .class = "wide live"};
	BUF_AUTO struct buf out = BUF_INIT(4 * PAGE_MAX);
	struct writer w = {.form = FORM_HTML, .out = &out, .policy = p};
	const cJSON *statements = json_get(live, "statements"), *one;
	long long kept = 0, broken = 0, unknown = 0;
	char n[3][WORD_NUMBER], time[WORD_DAY + 16];
	cJSON_ArrayForEach(one, statements)
	{
		kept += is(one, "state", "kept");
		broken += is(one, "state", "broken");
		unknown += is(one, "state", "unknown");
	}
	framed_begin(r, &frame, &out, word(p, "page.live.heading"));
	buf_adds(&out, "<p class=\"lead\">");
	write_word(&w, "page.live.lead");
	buf_printf(&out, "</p>\n<div class=\"live-state %s\" id=\"live-state\"><p>", broken > 0 ? "bad" : "good");
	word_fill(&out, html_text,
		  word(p, broken > 0    ? "live.broken"
			  : unknown > 0 ? "live.good.but"
					: "live.good"),
		  WORD_VALUES({"broken", word_number(n[0], broken)}, {"of", word_number(n[1], kept + broken + unknown)},
			      {"unknown", word_number(n[2], unknown)}));
	buf_adds(&out, "</p><p class=\"hint\">");
	word_fill(&out, html_text, word(p, "live.as_of"), WORD_VALUES({"time", time_words(time, live, "at", p)}, {"version", p->version}));
	buf_adds(&out, "</p></div>\n");
	write_totals(&out, live, p);
	for (one = statements->child; one != NULL;)
		one = write_section(&out, one, p);
	write_note(&w, "page.live.programs", NULL);
	framed_end(&frame, &out);
	respond_bytes(r, 200, "text/html; charset=utf-8", buf_text(&out), out.len);
}

// ---- GET /privacy/versions: those that were in force here ----

void live_page_respond_versions(struct request *r, void *context)
{
	struct err e = {0};

	(void)context;
	if (request_use_language(r, request_rest(r)) != 0) {
		respond_problem(r, 404, "problem.not-found", NULL, NULL);
		return;
	}
	const struct policy *p = request_policy(r);
	JSON_AUTO cJSON *versions = versions_read(setting_state(), &e);
	if (versions == NULL) {
		respond_err(r, &e);
		return;
	}
	FRAMED_AUTO struct framed frame = {.name = VERSIONS_FRAME_NAME, .class = "text"};
	BUF_AUTO struct buf out = BUF_INIT(4 * PAGE_MAX);
	struct writer w = {.form = FORM_HTML, .out = &out, .policy = p};
	const cJSON *one, *change;
	char time[WORD_DAY + 16], number[WORD_NUMBER];
	framed_begin(r, &frame, &out, word(p, "versions.heading"));
	buf_adds(&out, "<p class=\"lead\">");
	write_word(&w, "versions.lead");
	buf_adds(&out, "</p>\n");
	cJSON_ArrayForEach(one, versions)
	{
		const char *version = json_string(one, "version"), *language = p->language;
		const cJSON *known;
		bool translated = false, first = true;
		cJSON_ArrayForEach(known, json_get(one, "languages"))
		{
			translated |= !first && cJSON_IsString(known) && strcmp(known->valuestring, language) == 0;
			first = false;
		}
		xml_printf(&out, "<h2><a href=\"/privacy/versions/%s%s%s\">", version, translated ? "." : "", translated ? language : "");
		xml_printf(&out, "%s</a></h2>\n<p>", version);
		word_fill(&out, html_text, word(p, one == versions->child ? "versions.now" : "versions.then"),
			  WORD_VALUES({"since", time_words(time, one, "since", p)}));
		if (cJSON_IsNumber(json_get(one, "ledger"))) {
			buf_addc(&out, ' ');
			write_filled(&w, "versions.ledger",
				     WORD_VALUES({"n", word_number(number, (long long)json_number(one, "ledger", 0))}));
		}
		xml_printf(&out, "</p>\n<p>SHA-256 <code>%s</code> (<a href=\"/privacy/versions/%s.xml\">XML</a>)</p>\n<ul>\n",
			   json_string(one, "sha256") != NULL ? json_string(one, "sha256") : "", version);
		const cJSON *changes = json_get(json_get(one, "changes"), language);
		const cJSON *said = json_get(one, "changes");
		if (changes == NULL && said != NULL)
			changes = said->child;
		cJSON_ArrayForEach(change, changes)
		{
			framed_text(&out, "<li>", cJSON_IsString(change) ? change->valuestring : "", "</li>\n");
		}
		buf_adds(&out, "</ul>\n");
	}
	framed_end(&frame, &out);
	respond_bytes(r, 200, "text/html; charset=utf-8", buf_text(&out), out.len);
}
