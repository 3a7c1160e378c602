// SPDX-License-Identifier: ISC
#include "policy/rules/active.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/model/schema.h"
#include "policy/rules/diff.h"
#include "policy/rules/load.h"
#include "policy/rules/text_diff.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char active_name[] = "policy/active.xml", coming_name[] = "policy/coming.xml", times_name[] = "policy/coming.json",
		  hash_name[] = "policy/active.sha256", withdrawn_name[] = "policy/withdrawn.json";
enum { TIMES_BYTES_MAX = 4096, WITHDRAWN_BYTES_MAX = 1024 * 1024 };

// Only what would be the first version in force is asked for its date. One that is in force stays so, also when the clock is set back.
#define TOO_EARLY                                                                                                                          \
	"version %s takes effect on %s, and no older one is in force here; nobody may be held to what does not apply yet; start with "     \
	"the version that applies today, or correct the date"
static bool too_early(const struct policy *wanted, time_t now, char date[WHEN_DATE])
{
	when_date(date, wanted->effective);
	return wanted->effective > now;
}

struct policy *policy_load_active(const char *state, const char *wanted, struct buf *messages)
{
	char path[PATH_MAX], date[WHEN_DATE];
	bool active = path_join(path, sizeof path, state, active_name, NULL) == 0 &&
		      (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR));
	struct policy *p = policy_load(active ? path : wanted, messages);

	schema_forget();
	if (!active && p != NULL && too_early(p, when_now(), date)) {
		if (messages != NULL)
			buf_printf(messages, "%s:%d: error: " TOO_EARLY "\n", wanted, p->versions[0].line, p->version, date);
		policy_free(p);
		return NULL;
	}
	if (active && p == NULL && messages != NULL)
		buf_printf(
		    messages,
		    "%s:1: error: the policy in force is not valid for this version of the programs; without a policy nothing may run; "
		    "restore it, or put right what is wrong in %s and run lethe publish\n",
		    path, wanted);
	return p;
}

void active_watch_begin(struct active_watch *w, const char *state)
{
	*w = (struct active_watch){.since = when_now()};
	if (path_join(w->path, sizeof w->path, state, active_name, NULL) != 0)
		w->path[0] = '\0';
	else if (stat(w->path, &w->file) < 0)
		w->file = (struct stat){0};
}

static bool came(time_t date, time_t since, time_t now)
{
	return date > since && date <= now;
}

bool active_watch_changed(const struct active_watch *w, const struct policy *p)
{
	struct stat now;
	time_t at = when_now();

	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *t = &p->processors[i];
		if (came(t->effective, w->since, at) || came(t->removed, w->since, at))
			return true;
	}
	// A folder that cannot be seen says nothing; the file is replaced, never removed.
	if (w->path[0] == '\0' || stat(w->path, &now) < 0)
		return false;
	return now.st_ino != w->file.st_ino || now.st_dev != w->file.st_dev || now.st_size != w->file.st_size ||
	       now.st_mtim.tv_sec != w->file.st_mtim.tv_sec || now.st_mtim.tv_nsec != w->file.st_mtim.tv_nsec;
}

bool active_watch_tick(struct active_watch *w, const struct policy *p)
{
	uint64_t now = monotonic_ms();

	if (now - w->asked < ACTIVE_WATCH_MS)
		return false;
	w->asked = now;
	return active_watch_changed(w, p);
}

// What was put in force once is read even where this version could not keep it: what changes for visitors can still be told. `broken`: the
// file is there, and no program starts on it.
static int load_if_there(struct policy **out, bool *broken, const char *state, const char *name, struct err *e)
{
	BUF_AUTO struct buf bytes = BUF_INIT(POLICY_BYTES_MAX);
	struct err why = {0};
	char path[PATH_MAX];

	if (path_join(path, sizeof path, state, name, e) != 0)
		return -1;
	if (file_read(path, &bytes, &why) == 0) {
		*out = policy_read(path, buf_text(&bytes), bytes.len, NULL);
		*broken = *out == NULL;
		if (*broken)
			*out = policy_read_as(path, buf_text(&bytes), bytes.len, true, NULL);
	} else if (why.code != ERR_NOT_FOUND) {
		return err_set(e, why.code, "%s", why.text);
	}
	return 0;
}

static int read_withdrawn(cJSON **out, const char *state, struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(WITHDRAWN_BYTES_MAX);
	char path[PATH_MAX];
	struct err why = {0};
	const cJSON *one;
	time_t at;

	if (path_join(path, sizeof path, state, withdrawn_name, e) != 0)
		return -1;
	if (file_read(path, &text, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	*out = json_parse(buf_text(&text), text.len, NULL);
	bool valid = cJSON_IsArray(*out);
	cJSON_ArrayForEach(one, *out)
	{
		const char *withdrawn = json_string(one, "withdrawn");
		valid = valid && json_string(one, "sha256") != NULL && json_string(one, "version") != NULL && withdrawn != NULL &&
			when_parse(&at, withdrawn) == 0;
	}
	if (valid)
		return 0;
	return err_set(e, ERR_CORRUPT,
		       "%s is damaged, so which announcements were withdrawn is not known; restore it, or remove it, and look for "
		       "announcement-withdrawn in lethe audit show: such a version may then be announced again",
		       path);
}

int active_read(struct active_files *out, const char *state, struct err *e)
{
	BUF_AUTO struct buf hash = BUF_INIT(TIMES_BYTES_MAX), text = BUF_INIT(TIMES_BYTES_MAX);
	char path[PATH_MAX];
	bool unused;

	*out = (struct active_files){0};
	if (load_if_there(&out->active, &out->broken, state, active_name, e) != 0 ||
	    load_if_there(&out->coming, &unused, state, coming_name, e) != 0 || read_withdrawn(&out->withdrawn, state, e) != 0) {
		active_files_free(out);
		return -1;
	}
	// Which version was put in force, for when its file is damaged. Not known: "".
	if (path_join(path, sizeof path, state, hash_name, NULL) == 0 && file_read(path, &hash, NULL) == 0)
		snprintf(out->sha256, sizeof out->sha256, "%s", buf_text(&hash));
	if (out->coming == NULL)
		return 0;
	// The times of the announcement, when they are those of the coming file; without them it is not announced.
	bool read = path_join(path, sizeof path, state, times_name, NULL) == 0 && file_read(path, &text, NULL) == 0;
	JSON_AUTO cJSON *times = read ? json_parse(buf_text(&text), text.len, NULL) : NULL;
	const char *of = json_string(times, "sha256"), *announced = json_string(times, "announced"), *from = json_string(times, "from");
	if (of == NULL || announced == NULL || from == NULL || strcmp(of, out->coming->sha256) != 0 ||
	    when_parse(&out->announced, announced) != 0 || when_parse(&out->from, from) != 0) {
		policy_free(out->coming);
		out->coming = NULL;
		out->announced = out->from = 0;
	}
	return 0;
}

void active_files_free(struct active_files *f)
{
	policy_free(f->active);
	policy_free(f->coming);
	cJSON_Delete(f->withdrawn);
	*f = (struct active_files){0};
}

bool active_step_activates(enum active_step step)
{
	return step == ACTIVE_FIRST || step == ACTIVE_EDITORIAL || step == ACTIVE_DUE;
}

static time_t later(time_t a, time_t b)
{
	return a > b ? a : b;
}

int active_plan(struct active_plan *out, const struct active_files *files, const struct policy *wanted, time_t now, struct err *e)
{
	POLICY_DIFF_AUTO struct policy_diff d = {0}, reworded = {0};
	const struct policy *active = files->active;
	char date[WHEN_DATE], words[TEXT_DIFF_WORDS];

	*out = (struct active_plan){.step = ACTIVE_FIRST};
	// Without the version in force nobody can tell what another one changes; only the very same may take its place.
	if (active == NULL && files->broken && strcmp(files->sha256, wanted->sha256) != 0)
		return err_set(
		    e, ERR_REFUSED,
		    "policy/active.xml in the state folder, the version in force, is not valid for these programs, so what %s changes for "
		    "visitors cannot be told; restore that file or publish the same version again, or remove the file to begin anew, "
		    "without a notice period",
		    wanted->file);
	if (active == NULL && !files->broken && too_early(wanted, now, date))
		return err_set(e, ERR_REFUSED, "%s:%d: error: " TOO_EARLY, wanted->file, wanted->versions[0].line, wanted->version, date);
	if (active == NULL)
		return 0;
	if (strcmp(active->site, wanted->site) != 0)
		return err_set(e, ERR_REFUSED,
			       "this state belongs to the site %s, and %s is the policy of %s; use a state folder for each site",
			       active->site, wanted->file, wanted->site);
	if (strcmp(active->sha256, wanted->sha256) == 0) {
		out->step = files->coming != NULL ? ACTIVE_WITHDRAW : ACTIVE_SAME;
		return 0;
	}
	if (files->coming != NULL && strcmp(files->coming->sha256, wanted->sha256) == 0) {
		out->step = files->from <= now ? ACTIVE_DUE : ACTIVE_WAIT;
		out->announced = files->announced;
		out->from = files->from;
		return 0;
	}
	const cJSON *one;
	cJSON_ArrayForEach(one, files->withdrawn)
	{
		// The same file, or another one under the same id, unless that is the id of the version in force.
		if (strcmp(json_string(one, "sha256"), wanted->sha256) != 0 &&
		    (strcmp(json_string(one, "version"), wanted->version) != 0 || strcmp(wanted->version, active->version) == 0))
			continue;
		out->step = ACTIVE_WITHDRAWN;
		return when_parse(&out->withdrawn, json_string(one, "withdrawn"));
	}
	if (policy_diff(&d, active, wanted, e) != 0)
		return -1;
	out->changes = d.count;
	out->material = d.material;
	// Whoever reads it must be able to tell that it is not what was read before: by the version and by the date.
	int differ = text_diff(words, active, wanted, e);
	if (differ < 0)
		return -1;
	if (differ > 0 && strcmp(active->version, wanted->version) == 0)
		return err_set(e, ERR_REFUSED,
			       "%s is not what is published and still calls itself version %s; give <version> a new id and dates "
			       "(%zu material changes: lethe policy diff shows them; the first difference: %s)",
			       wanted->file, wanted->version, d.material, words);
	if (differ > 0 && wanted->updated <= active->updated) {
		when_date(date, active->updated);
		return err_set(e, ERR_REFUSED,
			       "%s is not what is published, and the updated date of its version %s is not later than %s, that of the "
			       "version in force; write the day of the change as updated (the first difference: %s)",
			       wanted->file, wanted->version, date, words);
	}
	if (d.material == 0 && wanted->effective <= later(now, active->effective)) {
		out->step = ACTIVE_EDITORIAL;
		return 0;
	}
	out->step = ACTIVE_ANNOUNCE;
	out->announced = now;
	out->from = wanted->effective;
	if (d.material > 0) { // as long as the version in force promised, or the new one if that is longer; a month at least
		out->from = later(out->from, duration_after(now, (struct duration){.days = NOTICE_DAYS_LEAST}));
		out->from = later(out->from, later(duration_after(now, active->notice), duration_after(now, wanted->notice)));
	}
	// The version that is announced, put in better words, keeps its times.
	if (files->coming != NULL && policy_diff(&reworded, files->coming, wanted, NULL) == 0 && reworded.material == 0) {
		out->announced = files->announced;
		out->from = d.material > 0 ? later(files->from, wanted->effective) : wanted->effective;
	}
	return 0;
}

static int write_in(const char *state, const char *name, const void *bytes, size_t len, struct err *e)
{
	char path[PATH_MAX];

	return path_join(path, sizeof path, state, name, e) != 0 ? -1 : file_write(path, bytes, len, 0644, NULL, e);
}

static int remove_coming(const char *state, struct err *e)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < 2; i++) {
		if (path_join(path, sizeof path, state, i == 0 ? times_name : coming_name, e) != 0)
			return -1;
		if (unlink(path) < 0 && errno != ENOENT)
			return err_system(e, ERR_IO, errno, "%s", path);
	}
	return 0;
}

// As sha256sum writes it, so that a copy can be checked against it.
static int write_hash(const char *state, const struct policy *wanted, struct err *e)
{
	char line[96];
	int len = snprintf(line, sizeof line, "%s  active.xml\n", wanted->sha256);

	return write_in(state, hash_name, line, (size_t)len, e);
}

int active_apply(const char *state, const struct active_plan *plan, const struct policy *wanted, const char *bytes, size_t len,
		 struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(TIMES_BYTES_MAX);
	char folder[PATH_MAX];

	if (path_join(folder, sizeof folder, state, "policy", e) != 0 || folder_make(folder, 0755, e) != 0)
		return -1;
	if (plan->step == ACTIVE_ANNOUNCE) {
		JSON_AUTO cJSON *times = json_make(JSON_MEMBERS(
		    MEMBER_TEXT("sha256", wanted->sha256), MEMBER_TIME("announced", plan->announced), MEMBER_TIME("from", plan->from)));
		if (json_print(&text, times) != 0)
			return err_set(e, ERR_MEMORY, "no memory to write the announcement");
		return write_in(state, coming_name, bytes, len, e) != 0 ? -1 : write_in(state, times_name, text.data, text.len, e);
	}
	if (plan->step == ACTIVE_WITHDRAW)
		return remove_coming(state, e);
	if (!active_step_activates(plan->step))
		return plan->step == ACTIVE_SAME ? write_hash(state, wanted, e) : 0;
	return write_hash(state, wanted, e) != 0 || write_in(state, active_name, bytes, len, e) != 0 ? -1 : remove_coming(state, e);
}

int active_plan_withdrawal(struct active_plan *out, const struct active_files *files, time_t now, struct err *e)
{
	char from[WHEN_TEXT];

	*out = (struct active_plan){.step = ACTIVE_WITHDRAW, .announced = files->announced, .from = files->from};
	if (files->active == NULL || files->broken)
		return err_set(e, ERR_REFUSED,
			       files->broken ? "policy/active.xml in the state folder, the version in force, is not valid for "
					       "these programs: restore it first"
					     : "no version was ever published here, so none is announced");
	if (files->coming == NULL)
		return err_set(e, ERR_REFUSED, "no version is announced; version %s is in force, and only another one can replace it",
			       files->active->version);
	when_text(from, files->from);
	if (files->from <= now)
		return err_set(e, ERR_REFUSED,
			       "version %s was announced for %s, and that time has come: lethe publish puts it in force; to return to what "
			       "version %s says, publish that under a new id",
			       files->coming->version, from, files->active->version);
	return 0;
}

int active_withdraw(const char *state, struct active_files *files, time_t now, struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(WITHDRAWN_BYTES_MAX);

	if (files->withdrawn == NULL)
		files->withdrawn = cJSON_CreateArray();
	cJSON *one = cJSON_CreateObject();
	if (!cJSON_AddItemToArray(files->withdrawn, one)) {
		cJSON_Delete(one);
		return err_set(e, ERR_MEMORY, "no memory to note the withdrawal");
	}
	if (!json_put(one, JSON_MEMBERS(MEMBER_TEXT("sha256", files->coming->sha256), MEMBER_TEXT("version", files->coming->version),
					MEMBER_TIME("withdrawn", now))) ||
	    json_print(&text, files->withdrawn) != 0)
		return err_set(e, ERR_MEMORY, "no memory to note the withdrawal");
	return write_in(state, withdrawn_name, text.data, text.len, e) != 0 ? -1 : remove_coming(state, e);
}
