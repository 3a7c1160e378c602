// SPDX-License-Identifier: ISC
#include "fcgi/rights/live_figures.h"
#include "fcgi/ipc/call.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/model/life.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/json.h"
#include "policy/rights/request.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { CHECK_BYTES_MAX = 1024 * 1024, NOTE_BYTES_MAX = 64 * 1024, REQUESTS_SECONDS = 60 };

// ---- the figures ----

enum { COUNT_OPEN, COUNT_LATE, COUNT_ENDED, COUNT_IN_TIME, REQUEST_COUNTS };
static const char *const request_count_names[] = {"open", "late", "ended", "in_time"};
enum check_result { CHECK_KEPT, CHECK_BROKEN, CHECK_UNSURE, CHECK_RESULTS };
static const char *const check_result_names[] = {"kept", "broken", "unsure"};
enum figure { FIGURE_KEPT, FIGURE_BROKEN, FIGURE_UNKNOWN };
static const char *const figure_names[] = {"kept", "broken", "unknown"};

struct live {
	const struct policy *policy; // in the language of the request
	time_t now;
	struct census census;
	uint64_t rights[RIGHT_COUNT][REQUEST_COUNTS], all[REQUEST_COUNTS];
	struct authority_years authorities;
	uint64_t ledger_size, signed_size;
	time_t signed_at, checked_at; // 0: not known
	cJSON *traffic, *check, *ledger,
	    *drill; // of egress, of the last `lethe check`, ledger.json as it is published, of `lethe drill`; NULL: not known
	uint64_t checks[CHECK_RESULTS];
};

static void live_free(struct live *l)
{
	cJSON_Delete(l->traffic);
	cJSON_Delete(l->check);
	cJSON_Delete(l->drill);
	cJSON_Delete(l->ledger);
}

static int live_count_request(void *arg, const struct rights_row *row)
{
	uint64_t(*counts)[REQUEST_COUNTS] = arg;
	int right = policy_word_value(&policy_right_words, row->right, strlen(row->right));

	if (right < 0)
		return 0;
	counts[right][COUNT_OPEN] += row->open;
	counts[right][COUNT_LATE] += row->late;
	counts[right][COUNT_ENDED] += !row->open;
	counts[right][COUNT_IN_TIME] += !row->open && !row->missed;
	return 0;
}

// Counting opens every request, so it is done again only when the ledger, which knows of whatever happens to one, has grown, or time has passed.
static int count_requests(struct vault *v, struct live *l, struct err *e)
{
	static struct {
		pthread_mutex_t mutex;
		uint64_t size;
		time_t at;
		uint64_t rights[RIGHT_COUNT][REQUEST_COUNTS];
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
	for (size_t i = 0; i < RIGHT_COUNT; i++)
		for (size_t k = 0; k < REQUEST_COUNTS; k++)
			l->all[k] += l->rights[i][k];
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

// The same of a file in JSON. NULL: it is not there, or not that.
static cJSON *state_json(const char *name, time_t *at)
{
	BUF_AUTO struct buf text = BUF_INIT(CHECK_BYTES_MAX);

	return state_file(name, &text, at) == 0 ? json_parse(buf_text(&text), text.len, NULL) : NULL;
}

// What a row of the last check found. A result that promises nothing, as that something waits, is none of them.
static enum check_result check_result(const cJSON *row)
{
	const char *result = json_string(row, "result");
	size_t i = 0;

	while (i < CHECK_RESULTS && (result == NULL || strcasecmp(result, check_result_names[i]) != 0))
		i++;
	return (enum check_result)i;
}

static int live_read(struct live *l, struct vault *v, const struct policy *p, struct err *e)
{
	BUF_AUTO struct buf note = BUF_INIT(NOTE_BYTES_MAX);
	const cJSON *one;
	struct err none;
	time_t at;

	*l = (struct live){.policy = p, .now = when_now()};
	if (vault_census(v, &l->census, e) != 0 || ledger_size(v, &l->ledger_size, e) != 0)
		return -1;
	if (p->kinds[KIND_RIGHTS_REQUEST].keep == KEEP_STORED && count_requests(v, l, e) != 0)
		return -1;
	(void)ledger_authorities(v, &l->authorities, NULL); // how many authorities asked, as it is signed
	if (state_file("publish/html/.well-known/checkpoint", &note, &l->signed_at) == 0) {
		const char *size = strchr(buf_text(&note), '\n');
		l->signed_size = size != NULL ? strtoull(size + 1, NULL, 10) : 0;
	}
	l->check = state_json("officer/check.json", &l->checked_at);
	cJSON_ArrayForEach(one, l->check)
	{
		if (check_result(one) < CHECK_RESULTS)
			l->checks[check_result(one)]++;
	}
	l->ledger = state_json("publish/html/.well-known/ledger.json", &at);
	l->drill = state_json("officer/drill.json", &at);
	l->traffic = call_program(setting_run(), "egress", "status", &none);
	return 0;
}

// ---- words for them ----

const char *live_moment(char out[MOMENT], time_t t, const struct policy *p)
{
	char text[WHEN_TEXT];

	if (t == 0) {
		snprintf(out, MOMENT, "%s", word(p, "live.never"));
		return out;
	}
	when_text(text, t);
	word_day(out, t, word_language(p));
	snprintf(out + strlen(out), 16, ", %.5s UTC", text + 11);
	return out;
}

// An age in its one largest unit that fits.
static void age_words(char *out, size_t size, time_t seconds, const struct policy *p)
{
	const time_t unit = seconds >= 2 * 3600 ? 3600 : seconds >= 120 ? 60 : 1;
	struct duration d = {.seconds = (uint64_t)(seconds > 0 ? seconds - seconds % unit : 1)};

	if (seconds >= 2 * 86400)
		d = (struct duration){.days = (unsigned)(seconds / 86400)};
	word_duration(out, size, d, word_language(p));
}

// What is held of a kind against what was promised. `meter`: how much of its time the oldest has used.
static enum figure figure_of_kind(const struct live *l, enum kind kind, struct buf *out, cJSON *to)
{
	const struct policy *p = l->policy;
	const struct census_row *row = NULL;
	char age[160], limit[WORD_LIFE];

	for (size_t i = 0; i < l->census.row_count; i++)
		row = l->census.rows[i].kind == kind ? &l->census.rows[i] : row;
	if (row == NULL || row->keep != KEEP_STORED) {
		const uint64_t held = row != NULL ? row->count : 0;
		word_fill(out, NULL, word(p, held > 0 ? "live.memory.held" : "live.memory"), WORD_VALUES({"n", WORD_COUNT(held)}));
		return held > 0 ? FIGURE_BROKEN : FIGURE_KEPT;
	}
	const bool limited = !duration_is_zero(life_longest(&p->kinds[kind])) && row->limit_seconds > 0;
	const time_t old = row->oldest != 0 && l->now > row->oldest ? l->now - row->oldest : 0;
	age_words(age, sizeof age, old, p);
	word_life(limit, sizeof limit, p, &p->kinds[kind]);
	word_fill(out, NULL,
		  word(p, row->count == 0        ? "live.life.nothing"
			  : row->damaged[0] != 0 ? "live.life.damaged"
						 : "live.life"),
		  WORD_VALUES({"n", WORD_COUNT(row->count)}, {"age", age}, {"limit", limit}, {"day", row->damaged}));
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
	enum figure figure = FIGURE_KEPT;
	BUF_AUTO struct buf kinds = BUF_INIT(64 * 1024);

	if (s->type == STATEMENT_BUILT_IN || l->traffic == NULL) {
		buf_adds(out, word(p, s->type == STATEMENT_BUILT_IN ? "live.built-in" : "live.processor.unknown"));
		return s->type == STATEMENT_BUILT_IN ? FIGURE_KEPT : FIGURE_UNKNOWN;
	}
	cJSON_ArrayForEach(one, json_get(l->traffic, "processors"))
	{
		const char *id = json_string(one, "id");
		traffic = id != NULL && strcmp(id, a->id) == 0 ? one : traffic;
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
	const char *key = s->type == STATEMENT_OWN          ? "live.own"
			  : s->type == STATEMENT_REGION     ? (seen != NULL && seen[0] != '\0' ? "live.region.seen" : "live.region")
			  : s->type == STATEMENT_RECEIVES   ? (kinds.len > 0 ? "live.receives" : "live.receives.nothing")
			  : s->type == STATEMENT_TRAINING   ? "live.training"
			  : s->type == STATEMENT_ANONYMISED ? "live.anonymised"
							    : "live.processor";
	word_fill(out, NULL, word(p, key),
		  WORD_VALUES({"n", WORD_COUNT(json_number(traffic, "requests", 0))},
			      {"bytes", WORD_COUNT(json_number(traffic, "bytes_sent", 0))},
			      {"masked", WORD_COUNT(json_number(traffic, "masked", 0))},
			      {"failures", WORD_COUNT(json_number(traffic, "failures", 0))},
			      {"refused", WORD_COUNT(json_number(traffic, "region_mismatches", 0))}, {"kinds", buf_text(&kinds)},
			      {"region", seen != NULL ? seen : ""}));
	return figure;
}

static time_t loaded; // when this program read the policy

void live_figures_loaded(void)
{
	loaded = when_now();
}

static enum figure figure_of(const struct live *l, const struct statement *s, struct buf *out, cJSON *to)
{
	const uint64_t *counts = s->type == STATEMENT_RIGHT ? l->rights[s->right->id] : NULL;

	switch (s->type) {
	case STATEMENT_MEMORY:
	case STATEMENT_LIFE:
	case STATEMENT_DISK:
		return figure_of_kind(l, s->kind->kind, out, to);
	case STATEMENT_PROCESSOR:
	case STATEMENT_BUILT_IN:
	case STATEMENT_OWN:
	case STATEMENT_REGION:
	case STATEMENT_RECEIVES:
	case STATEMENT_TRAINING:
	case STATEMENT_ANONYMISED:
		return figure_of_processor(l, s, out);
	case STATEMENT_RIGHT:
		word_fill(out, NULL, word(l->policy, "live.requests"),
			  WORD_VALUES({"open", WORD_COUNT(counts[COUNT_OPEN])}, {"late", WORD_COUNT(counts[COUNT_LATE])},
				      {"ended", WORD_COUNT(counts[COUNT_ENDED])}, {"in_time", WORD_COUNT(counts[COUNT_IN_TIME])}));
		return counts[COUNT_LATE] > 0 ? FIGURE_BROKEN : FIGURE_KEPT;
	default:
		if (s->type == STATEMENT_CLAIM && s->claim->kind != KIND_COUNT)
			return figure_of_kind(l, s->claim->kind, out, to);
		// What follows from the policy itself is as it says since the programs read it: they start on nothing else, but for a preview.
		word_fill(out, NULL, word(l->policy, l->policy->lack_count > 0 ? "live.loaded.preview" : "live.loaded"),
			  WORD_VALUES({"time", MOMENT_WORDS(loaded, l->policy)}));
		return l->policy->lack_count > 0 ? FIGURE_UNKNOWN : FIGURE_KEPT;
	}
}

// ---- as JSON ----

static void add_counts(cJSON *object, const char *const *names, const uint64_t *counts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cJSON_AddNumberToObject(object, names[i], (double)counts[i]);
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
		const bool limited = row->keep == KEEP_STORED && !duration_is_zero(life_longest(kind));
		char limit[WORD_LIFE];
		word_life(limit, sizeof limit, p, kind);
		json_push(kinds,
			  JSON_MEMBERS(
			      MEMBER_TEXT("kind", kind_row(row->kind)->name),
			      MEMBER_TEXT("words", word_language(p) == LANGUAGE_EN ? kind_row(row->kind)->words : kind->name),
			      MEMBER_TEXT("keep", row->keep == KEEP_STORED ? "stored" : "memory"), MEMBER_NUMBER("count", row->count),
			      MEMBER_NULLABLE_TIME("oldest", row->oldest),
			      MEMBER_NUMBER("oldest_seconds", row->oldest != 0 && l->now > row->oldest ? l->now - row->oldest : 0),
			      MEMBER_NULLABLE_TEXT("limit", limited ? limit : NULL),
			      MEMBER_ITEM("limit_seconds", limited ? cJSON_CreateNumber((double)row->limit_seconds) : cJSON_CreateNull()),
			      MEMBER_BOOL("late", row->late)));
		late |= row->late;
	}
	return late;
}

static void add_statement(cJSON *list, struct live *l, const struct statement *s)
{
	const struct statement_row *row = &statement_rows[s->type];
	const char *check_name = statement_check(s);
	const cJSON *found, *worst = NULL; // of that check
	cJSON *one = json_object_in(list);
	BUF_AUTO struct buf figure = BUF_INIT(128 * 1024);

	const bool people = s->type == STATEMENT_PEOPLE, program = !people && s->obeyed != NULL && s->obeyed->how == VOCABULARY_OBEYED;
	json_put(one, JSON_MEMBERS(MEMBER_TEXT("id", s->id), MEMBER_NULLABLE_TEXT("section", s->section_id),
				   MEMBER_NULLABLE_TEXT("heading", s->section), MEMBER_NULLABLE_TEXT("group", s->group),
				   MEMBER_TEXT("text", s->text != NULL ? s->text : ""),
				   MEMBER_TEXT("kept_by", people    ? "people"
							  : program ? "program"
								    : "nothing yet"),
				   MEMBER_TEXT("missing", people || program   ? NULL
							  : s->obeyed != NULL ? s->obeyed->by
									      : "")));
	if (!program)
		return;
	const enum figure state = figure_of(l, s, &figure, one);
	json_put(one, JSON_MEMBERS(MEMBER_TEXT("how", word_or(l->policy, "keeper.", row->name)), MEMBER_TEXT("functions", s->obeyed->by),
				   MEMBER_TEXT("test", s->obeyed->test), MEMBER_TEXT("state", figure_names[state]),
				   MEMBER_TEXT("figure", buf_text(&figure))));
	cJSON_ArrayForEach(found, l->check)
	{
		const char *name = json_string(found, "check");
		if (name != NULL && check_name != NULL && strcmp(name, check_name) == 0 &&
		    (worst == NULL || check_result(worst) != CHECK_BROKEN))
			worst = found;
	}
	if (worst != NULL && json_string(worst, "result") != NULL)
		json_put(cJSON_AddObjectToObject(one, "check"),
			 JSON_MEMBERS(MEMBER_TEXT("name", check_name), MEMBER_TEXT("result", json_string(worst, "result")),
				      MEMBER_NULLABLE_TIME("at", l->checked_at)));
}

cJSON *live_figures(struct vault *v, const struct policy *p, struct err *e)
{
	__attribute__((cleanup(live_free))) struct live of = {0};
	struct live *l = &of;
	STATEMENTS_AUTO struct statements statements = {0};
	const cJSON *one;

	if (live_read(l, v, p, e) != 0 || notice_statements(&statements, p, e) != 0)
		return NULL;
	cJSON *o = json_make(JSON_MEMBERS(
	    MEMBER_TEXT("site", p->shown_as), MEMBER_TIME("at", l->now),
	    MEMBER_ITEM("policy", json_make(JSON_MEMBERS(MEMBER_TEXT("version", p->version), MEMBER_TEXT("sha256", p->sha256)))),
	    MEMBER_NULLABLE_TIME("last_prune", l->census.last_prune)));
	cJSON_AddBoolToObject(o, "late", add_kinds(o, l));
	add_counts(cJSON_AddObjectToObject(o, "requests"), request_count_names, l->all, REQUEST_COUNTS);
	cJSON *authorities = cJSON_AddArrayToObject(o, "authorities");
	for (size_t i = 0; i < l->authorities.count; i++) {
		cJSON *year = json_object_in(authorities);
		cJSON_AddNumberToObject(year, "year", (double)l->authorities.list[i].year);
		add_counts(year, authority_count_names, l->authorities.list[i].counts, AUTHORITY_COUNTS);
	}
	cJSON *keys = cJSON_CreateArray(), *drills = cJSON_CreateArray();
	cJSON_ArrayForEach(one, json_get(l->ledger, "keys"))
	{
		if (json_string(one, "until") != NULL)
			json_push(keys, JSON_MEMBERS(MEMBER_NULLABLE_TEXT("key", json_string(one, "key")),
						     MEMBER_NUMBER("until_size", json_number(one, "until_size", 0)),
						     MEMBER_TEXT("until", json_string(one, "until"))));
	}
	json_put(cJSON_AddObjectToObject(o, "ledger"),
		 JSON_MEMBERS(MEMBER_NUMBER("size", l->ledger_size), MEMBER_NUMBER("signed_size", l->signed_size),
			      MEMBER_NULLABLE_TIME("signed", l->signed_at), MEMBER_NULLABLE_TEXT("key", json_string(l->ledger, "key")),
			      MEMBER_ITEM("past_keys", keys)));
	cJSON *check = l->check != NULL ? json_make(JSON_MEMBERS(MEMBER_NULLABLE_TIME("at", l->checked_at))) : cJSON_CreateNull();
	if (l->check != NULL)
		add_counts(check, check_result_names, l->checks, CHECK_RESULTS);
	cJSON_ArrayForEach(one, l->drill)
	{
		const struct policy_processor *a = policy_processor(p, one->string);
		if (a != NULL)
			json_push(drills, JSON_MEMBERS(MEMBER_TEXT("id", a->id), MEMBER_NULLABLE_TEXT("name", a->name),
						       MEMBER_NULLABLE_TEXT("result", json_string(one, "result")),
						       MEMBER_NULLABLE_TIME("sent", json_time(one, "sent")),
						       MEMBER_NULLABLE_TIME("at", json_time(one, "answered"))));
	}
	json_put(o, JSON_MEMBERS(MEMBER_ITEM("check", check), MEMBER_ITEM("drills", drills)));
	cJSON *list = cJSON_AddArrayToObject(o, "statements");
	for (size_t i = 0; i < statements.count; i++)
		if (statements.list[i].type != STATEMENT_GUIDE)
			add_statement(list, l, &statements.list[i]);
	if (list == NULL) {
		cJSON_Delete(o);
		err_set(e, ERR_MEMORY, "no memory for what is held now");
		return NULL;
	}
	return o;
}
