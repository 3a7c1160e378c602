// SPDX-License-Identifier: ISC
// Restriction (GDPR, Article 18): the records of a subject are kept and not used. It stands among the facts of each record, so that whoever reads one
// sees it (check_live() of record.c), and so does what reckons its end (life_of()).
#include "policy/vault/restrict.h"
#include "policy/vault/commit.h"
#include "policy/vault/ledger.h"
#include "policy/vault/record.h"
#include "policy/vault/subject.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct restricting {
	enum erase_by by;
	const char *value, *request;
	enum restrict_how how;
	struct restrict_result *out;
	const struct tombstone *again; // NULL: for the first time
};

// What people's rights are carried out with.
static bool restriction_spares(enum kind kind)
{
	return kind == KIND_RIGHTS_REQUEST || kind == KIND_OUTBOX || kind == KIND_DELETION || kind == KIND_HOLD ||
	       kind == KIND_ACCOUNTABILITY || kind == KIND_COUNT;
}

static void restrict_facts(struct life_facts *f, enum restrict_how how, time_t now)
{
	time_t *restricted = &f->since[LIFE_RESTRICTED], *wanted = &f->since[LIFE_WANTED];

	if (how == RESTRICT_LIFT)
		*restricted = *wanted = 0;
	else
		*restricted = *restricted != 0 ? *restricted : now;
	if (how == RESTRICT_KEEP && *wanted == 0)
		*wanted = now;
}

static int run_restrict(struct vault *v, void *arg, struct err *e)
{
	static const char *const names[] = {[RESTRICT] = "restricted", [RESTRICT_KEEP] = "restricted and kept", [RESTRICT_LIFT] = "lifted"};
	const struct restricting *x = arg;
	struct restrict_result *out = x->out;
	struct record_list rows = {0};
	struct subject s;
	const time_t now = when_now(), at = x->again != NULL ? x->again->at : now;
	const bool changes = x->how != RESTRICT_WOULD && x->how != RESTRICT_COUNT;
	static const enum tombstone_act acts[] = {
	    [RESTRICT] = TOMBSTONE_RESTRICTED, [RESTRICT_KEEP] = TOMBSTONE_RESTRICTED_KEPT, [RESTRICT_LIFT] = TOMBSTONE_LIFTED};
	char details[256];
	int ret = 0;

	*out = (struct restrict_result){0}; // it may run again
	if (x->again != NULL)
		subject_named(x->again, &s);
	else
		ret = subject_find(v, VIEW_WRITER, x->by, x->value, &s, e);
	if (ret != 0 || subject_records(v, VIEW_WRITER, &s, &rows, e) != 0)
		ret = -1;
	for (size_t i = 0; i < rows.count && ret == 0; i++) {
		struct record_row *row = &rows.rows[i];
		if (restriction_spares(row->kind) || (x->again != NULL && row->facts.made > at))
			continue;
		const struct life before = record_life(v, row);
		const bool was = row->facts.since[LIFE_RESTRICTED] != 0;
		if ((before.end != 0 && before.end <= now) || ((x->how == RESTRICT_LIFT || x->how == RESTRICT_COUNT) && !was))
			continue;
		if (changes) {
			restrict_facts(&row->facts, x->how, at);
			row->due = record_due(row, record_life(v, row).end);
			ret = v->b->records->update(v->store, row, e);
		}
		out->records++;
		out->files += row->has_file;
		if (*out->first == '\0' || strcmp(row->id, out->first) < 0)
			memcpy(out->first, row->id, sizeof out->first);
	}
	free(rows.rows);
	if (ret == 0 && x->again != NULL)
		ret = tombstone_applied(v, x->again, e);
	if (ret != 0 || out->records == 0 || !changes)
		return ret;
	snprintf(details, sizeof details, "{\"done\":\"%s\",\"records\":%llu,\"files\":%llu,\"request\":\"%s\"%s}", names[x->how],
		 (unsigned long long)out->records, (unsigned long long)out->files, x->request, x->again != NULL ? ",\"again\":true" : "");
	const struct ledger_event event = {.name = "restriction", .details = details};
	if (x->again != NULL)
		return ledger_write(v, &event, NULL, e);
	// Durable before the commit: no backup brings back what was free to be used before.
	struct tombstone t = {.at = now, .act = acts[x->how]};
	subject_name(&t, &s);
	return tombstone_write(v, &t, e) != 0 || tombstone_applied(v, &t, e) != 0 ? -1 : ledger_write(v, &event, NULL, e);
}

int restrict_again(struct vault *v, void *tombstone, struct err *e)
{
	const struct tombstone *t = tombstone;
	struct restrict_result out;
	struct restricting x = {.by = t->by,
				.request = "",
				.how = t->act == TOMBSTONE_LIFTED            ? RESTRICT_LIFT
				       : t->act == TOMBSTONE_RESTRICTED_KEPT ? RESTRICT_KEEP
									     : RESTRICT,
				.out = &out,
				.again = t};

	return run_restrict(v, &x, e);
}

int vault_restrict(struct vault *v, enum erase_by by, const char *value, enum restrict_how how, const char *request,
		   struct restrict_result *out, struct err *e)
{
	struct restricting x = {.by = by, .value = value, .request = request, .how = how, .out = out};

	return value[0] == '\0' ? err_set(e, ERR_INPUT, "nothing was named to be restricted") : commit_records(v, run_restrict, &x, e);
}
