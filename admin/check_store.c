// SPDX-License-Identifier: ISC
// What the stores hold, against what the policy promises.
#include "admin/admin.h"
#include "admin/check.h"
#include "admin/drill.h"
#include "admin/error_log.h"
#include "admin/sign.h"
#include "policy/base/file.h"
#include "policy/rights/erase.h"
#include "policy/rights/outbox.h"
#include "policy/vault/backup.h"
#include "policy/vault/checkpoint.h"
#include "policy/vault/tombstone.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	BACKUP_SECONDS = 2 * 86400, // of the newest: one a day, and one may fail
	BACKUP_LATE_SECONDS = 3600, // pruning comes every minute, or once a day a little early
	WAL_BYTES_MAX = 16 * 1024 * 1024,
	PRUNE_GRACE_SHORT = 10 * 60,  // some kind lives for less than a day: pruning is by the minute
	PRUNE_GRACE_LONG = 26 * 3600, // pruning is daily
	REGION_DAYS = 7,
};
#define RUN_PRUNE "Run lethe prune, and find out why its timer did not."

struct endless {
	const struct policy_kind *kind;
	time_t oldest;
	uint64_t left, endless;
};

// Nothing but what somebody does ends what is there when the longest of the times that pass by themselves is over; a hold is somebody's doing.
static int count_endless(void *arg, const struct vault_record *r)
{
	struct endless *x = arg;
	const struct duration longest = life_longest(x->kind);

	x->left++;
	if (duration_is_zero(longest) || r->facts.since[LIFE_HELD] != 0 || r->facts.since[LIFE_WANTED] != 0 ||
	    duration_after(r->made, longest) > when_now())
		return 0;
	x->oldest = x->endless++ == 0 ? r->made : x->oldest;
	return 0;
}

static void check_retention_then(struct check *c)
{
	char age[SPAN_WORDS], then[WHEN_TEXT], lives[256];
	struct err e;

	when_text(then, c->then);
	then[WHEN_DATE - 1] = '\0';
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		struct endless x = {.kind = &c->policy->kinds[k]};
		const char *name = kind_row((enum kind)k)->name;
		if (x.kind->keep != KEEP_STORED || k == KIND_LEDGER || k == KIND_REQUEST_LOG || k == KIND_ERROR_LOG)
			continue;
		life_words(lives, sizeof lives, x.kind, false);
		if (vault_each_for_rights(c->vault, (enum kind)k, NULL, count_endless, &x, &e) != 0) {
			check_add(c, CHECK_UNSURE, "Run lethe audit verify, and look at the disk.", "%s: they cannot be read: %s", name,
				  e.text);
			continue;
		}
		check_span_words(age, when_now() - x.oldest);
		if (x.endless > 0)
			check_add(c, CHECK_BROKEN, "Do what their end waits for; requests, for one, end only after they were answered.",
				  "%s: %" PRIu64
				  " of what is held now will not have ended on %s, the oldest %s old, though they are kept %s",
				  name, x.endless, then, age, lives);
		else if (x.left > 0)
			check_add(c, CHECK_KEPT, "", "%s: %" PRIu64 " of what is held now will be there on %s, kept %s", name, x.left, then,
				  lives);
		else
			check_add(c, CHECK_EMPTY, "", "%s: of what is held now nothing will be there on %s", name, then);
	}
}

static void check_retention(struct check *c)
{
	if (c->then != 0) {
		check_retention_then(c);
		return;
	}
	char age[SPAN_WORDS], limit[SPAN_WORDS], lives[256];

	for (const struct census_row *row = c->census.rows; row < c->census.rows + c->census.row_count; row++) {
		const struct policy_kind *k = &c->policy->kinds[row->kind];
		const char *name = kind_row(row->kind)->name;
		if (row->kind == KIND_ERROR_LOG) // nginx's file: check_error_log_age
			continue;
		if (row->damaged[0] != '\0')
			check_add(c, CHECK_BROKEN,
				  "Keep a copy of log/ if it matters what stood there; it goes when that day ends by the policy.",
				  "%s: the day %s is damaged and cannot be read whole, nor searched when somebody is erased", name,
				  row->damaged);
		check_span_words(age, row->oldest ? when_now() - row->oldest : 0);
		check_span_words(limit, (time_t)row->limit_seconds);
		life_words(lives, sizeof lives, k, false);
		if (row->keep != KEEP_STORED && row->count > 0)
			check_add(c, CHECK_BROKEN, "Erase them, and report this: the software must refuse to store them.",
				  "%s: %" PRIu64 " are stored, and the policy does not keep them at all", name, row->count);
		else if (row->late)
			check_add(c, CHECK_BROKEN, RUN_PRUNE, "%s: the oldest of %" PRIu64 " is %s old; the policy keeps them %s%s", name,
				  row->count, age, row->limit_seconds > 0 ? "for " : "", row->limit_seconds > 0 ? limit : lives);
		else if (row->keep == KEEP_STORED && row->count > 0 && k->life_count > 1)
			check_add(c, CHECK_KEPT, "", "%s: %" PRIu64 " held, the oldest %s old, kept %s", name, row->count, age, lives);
		else if (row->keep == KEEP_STORED && row->count > 0 && row->limit_seconds > 0)
			check_add(c, CHECK_KEPT, "", "%s: %" PRIu64 " held, the oldest %s old, of %s at most", name, row->count, age,
				  limit);
		else if (row->keep == KEEP_STORED && row->count > 0)
			check_add(c, CHECK_KEPT, "", "%s: %" PRIu64 " held", name, row->count);
		else if (row->keep == KEEP_STORED)
			check_add(c, CHECK_EMPTY, "", "%s: none is held", name);
	}
}

static void check_error_log_age(struct check *c)
{
	char age[SPAN_WORDS];
	struct error_log log;
	struct err e;

	if (error_log_look(c->admin->run, &log, &e) != 0) {
		check_add(c, CHECK_UNSURE, "Run this as a user that may read it.", "%s", e.text);
		return;
	}
	check_span_words(age, log.oldest ? when_now() - log.oldest : 0);
	if (c->policy->kinds[KIND_ERROR_LOG].keep != KEEP_STORED && log.lines > 0)
		check_add(c, CHECK_BROKEN, RUN_PRUNE, "error.log has %zu lines, and the policy does not keep them at all", log.lines);
	else if (error_log_due(c->policy, &log, when_now()))
		check_add(c, CHECK_BROKEN, RUN_PRUNE, "the oldest line of error.log is %s old, which is longer than the policy keeps it",
			  age);
	else if (log.lines > 0)
		check_add(c, CHECK_KEPT, "", "error.log has %zu lines, the oldest %s old", log.lines, age);
	else
		check_add(c, CHECK_EMPTY, "", "error.log is empty");
}

static time_t prune_grace(const struct policy *p)
{
	const struct duration day = {.days = 1};
	time_t grace = PRUNE_GRACE_LONG;

	for (const struct policy_kind *k = p->kinds; k < p->kinds + KIND_COUNT; k++)
		if (k->keep == KEEP_STORED && !duration_is_zero(life_longest(k)) && duration_compare(life_longest(k), day) < 0)
			grace = PRUNE_GRACE_SHORT;
	return grace;
}

static void check_prune(struct check *c)
{
	const struct census *census = &c->census;
	char ago[SPAN_WORDS];
	time_t since = census->last_prune, now = when_now(), grace = prune_grace(c->policy);

	// Before its first run: from the oldest thing held on.
	for (size_t i = 0; i < census->row_count && census->last_prune == 0; i++)
		if (census->rows[i].oldest != 0 && (since == 0 || census->rows[i].oldest < since))
			since = census->rows[i].oldest;
	check_span_words(ago, since ? now - since : 0);
	if (since > now + PRUNE_GRACE_SHORT)
		check_add(c, CHECK_BROKEN, "Set the clock right, or, where it is right, run lethe clock confirm.",
			  "the clock stands before the last run of lethe prune");
	else if (since != 0 && now - since > grace)
		check_add(c, CHECK_BROKEN, RUN_PRUNE, census->last_prune ? "lethe prune last ran %s ago" : "lethe prune has not run for %s",
			  ago);
	else if (census->last_prune != 0)
		check_add(c, CHECK_KEPT, "", "lethe prune ran %s ago", ago);
	else
		check_add(c, CHECK_EMPTY, "", "lethe prune has not run yet; nothing was due");
}

static void check_residue(struct check *c)
{
	char ago[SPAN_WORDS];
	time_t since = c->census.unsearched;

	check_span_words(ago, since != 0 ? when_now() - since : 0);
	if (c->census.wal_bytes > WAL_BYTES_MAX)
		check_add(c, CHECK_BROKEN, "Run lethe prune; if that does not help, a program holds a read open: restart the site.",
			  "the write-ahead log is %" PRIu64 " MB long, and what was deleted is still in it", c->census.wal_bytes >> 20);
	else if (since != 0 && when_now() - since > prune_grace(c->policy))
		check_add(c, CHECK_BROKEN, RUN_PRUNE, "%s ago something was erased, and the files were not searched for traces of it since",
			  ago);
	else if (since != 0)
		check_add(c, CHECK_KEPT, "", "%s ago something was erased; the next lethe prune searches the files for traces of it", ago);
	else
		check_add(c, CHECK_KEPT, "", "the write-ahead log is short (%" PRIu64 " KB)", c->census.wal_bytes >> 10);
}

struct late {
	const struct policy *policy;
	size_t open, late, unproven, unreadable, restricted, kept, unasked, waiting;
	time_t next, restricted_since;
};

static int count_request(void *arg, const struct rights_row *row)
{
	struct late *l = arg;

	l->unreadable += strcmp(row->state, RIGHTS_UNREADABLE) == 0;
	if (row->facts.restricted != NULL) {
		l->restricted++;
		l->kept += rights_ground_keeps(row->facts.restricted);
		if (l->restricted_since == 0 || row->facts.restricted_since < l->restricted_since)
			l->restricted_since = row->facts.restricted_since;
	}
	if (!row->open)
		return 0;
	const int id = policy_word_value(&policy_right_words, row->right, strlen(row->right));
	const struct policy_right *right = id >= 0 ? policy_right(l->policy, (enum policy_right_id)id) : NULL;
	const bool shows = right != NULL && (right->verify == VERIFY_MAIL || right->verify == VERIFY_IDENTITY);
	l->unasked +=
	    shows && row->facts.joined_to == NULL && !row->facts.verified && !row->facts.asked && row->facts.state != STATE_PARTIAL;
	const time_t since = clock_waiting_since(&row->facts.clock);
	l->waiting += since != 0 && when_now() - since > (time_t)CLOCK_WAITING_DAYS * 86400;
	l->open++;
	l->late += row->late && row->facts.proven;
	l->unproven += row->late && !row->facts.proven;
	if (l->next == 0 || row->due < l->next)
		l->next = row->due;
	return 0;
}

struct mails {
	size_t failed, waiting;
	time_t since; // of the oldest that waits
};

static int count_mail(void *arg, const struct outbox_row *row)
{
	struct mails *m = arg;

	if (strcmp(row->state, "waiting") != 0)
		m->failed++;
	else if (m->waiting++ == 0)
		m->since = row->made;
	return 0;
}

// One that waits longer than an hour has been tried several times.
static void check_outbox(struct check *c)
{
	enum { LONG = 3600 };
	struct mails m = {0};
	char since[WHEN_TEXT];
	struct err e;

	if (c->policy->kinds[KIND_OUTBOX].keep != KEEP_STORED)
		check_add(c, CHECK_EMPTY, "", "the policy has no mail");
	else if (outbox_each(c->vault, count_mail, &m, &e) != 0)
		check_add(c, CHECK_UNSURE, "Run lethe audit verify, and look at the disk.", "the mails cannot be read: %s", e.text);
	if (m.failed > 0)
		check_add(c, CHECK_OVERDUE, "lethe outbox list says why: correct that and send them again, or print them, then drop them.",
			  "%s could not be sent", COUNTED(m.failed, "mail", "mails"));
	when_text(since, m.since);
	if (m.waiting > 0 && m.since + LONG < when_now())
		check_add(c, CHECK_OVERDUE, "lethe outbox list says why.", "%s waiting, the oldest since %s",
			  COUNTED(m.waiting, "mail", "mails"), since);
	else if (m.failed == 0 && c->policy->kinds[KIND_OUTBOX].keep == KEEP_STORED)
		check_add(c, CHECK_KEPT, "", "%s waiting to be sent", COUNTED(m.waiting, "mail", "mails"));
}

struct vendors_asked {
	size_t waiting, refused;
	time_t since; // when the first of them was to be asked
};

static int count_deletion(void *arg, const struct deletion_row *row)
{
	struct vendors_asked *x = arg;

	x->waiting++;
	x->refused += strcmp(row->failure, "refused") == 0 || strcmp(row->failure, "not-configured") == 0;
	if (row->first != 0 && (x->since == 0 || row->first < x->since))
		x->since = row->first;
	return 0;
}

// A drill is a promise of who runs it, from the first one on.
static void check_drills(struct check *c)
{
	enum { DRILL_DAYS = 90 };
	JSON_AUTO cJSON *known = drill_read(c->admin);
	const cJSON *one;

	cJSON_ArrayForEach(one, known)
	{
		const char *result = json_string(one, "result");
		const time_t at = json_time(one, "answered");
		char day[WHEN_DATE];
		when_date(day, at);
		if (policy_processor(c->policy, one->string) == NULL || result == NULL)
			continue;
		if (strcmp(result, "failed") == 0 || strcmp(result, "kept") == 0)
			check_add(c, CHECK_OVERDUE, "lethe outbox list says why; then run lethe drill again.",
				  strcmp(result, "kept") == 0 ? "%s says that it deleted a canary, and could still hand it out on %s"
							      : "%s did not delete a canary by %s",
				  one->string, day);
		else if (strcmp(result, "unsure") == 0)
			check_add(c, CHECK_UNSURE, "Run lethe drill again.",
				  "%s says that it deleted a canary; on %s nobody could see whether it did", one->string, day);
		else if (at + (time_t)DRILL_DAYS * 86400 < when_now())
			check_add(c, CHECK_OVERDUE, "Run lethe drill.", "the last drill at %s was on %s, more than %d days ago",
				  one->string, day, DRILL_DAYS);
		else
			check_add(c, CHECK_KEPT, "", "the last drill at %s, on %s: %s", one->string, day, result);
	}
}

// What is not confirmed more than an hour after it was to be asked first.
static void check_deletions(struct check *c)
{
	enum { LONG = 3600 };
	struct vendors_asked x = {0};
	char since[WHEN_TEXT];
	struct err e;

	if (!deletion_kept(c->policy))
		check_add(c, CHECK_EMPTY, "", "the policy keeps nothing by which a vendor could be asked again");
	else if (deletion_each(c->vault, false, count_deletion, &x, &e) != 0)
		check_add(c, CHECK_UNSURE, "Run lethe audit verify, and look at the disk.", "the deletions cannot be read: %s", e.text);
	when_text(since, x.since);
	if (x.refused > 0)
		check_add(c, CHECK_OVERDUE, "lethe outbox list says where: its key needs the right to delete, or a setting is missing.",
			  "%s refused, or cannot be asked for", COUNTED(x.refused, "deletion at a vendor is", "deletions at vendors are"));
	else if (x.since != 0 && x.since + LONG < when_now())
		check_add(c, CHECK_OVERDUE, "lethe outbox list says why.", "%s waiting, one that was to be confirmed from %s on",
			  COUNTED(x.waiting, "deletion at a vendor", "deletions at vendors"), since);
	else if (deletion_kept(c->policy))
		check_add(c, CHECK_KEPT, "", "%s waiting", COUNTED(x.waiting, "deletion at a vendor", "deletions at vendors"));
	check_drills(c);
}

static void check_requests(struct check *c)
{
	struct late l = {.policy = c->policy};
	char next[WHEN_DATE], since[WHEN_DATE];
	struct err e;

	if (rights_each(c->vault, count_request, &l, &e) != 0) {
		check_add(c, CHECK_UNSURE, "Run lethe audit verify, and look at the disk.", "the requests cannot be read: %s", e.text);
		return;
	}
	when_date(next, l.next);
	if (l.unreadable > 0)
		check_add(c, CHECK_BROKEN, "Put the newest copy of keys/keys.db back: without their keys nobody can read them.",
			  "%s cannot be read, and nobody erased them", COUNTED(l.unreadable, "request", "requests"));
	if (l.restricted > 0) {
		when_date(since, l.restricted_since);
		check_add(
		    c, CHECK_KEPT, "",
		    "%zu restrict what they name, the oldest since %s; what %zu of them name is kept until they are lifted, whatever its "
		    "age: lethe restrict list",
		    l.restricted, since, l.kept);
	}
	// Anybody can send one that nobody can be found by: that alone must not say that the site breaks its word.
	if (l.unproven > 0)
		check_add(c, CHECK_OVERDUE, "Answer them, or close them as spam: lethe requests list --overdue names them.",
			  "%zu of %zu open requests are overdue that name nothing of here, and that no officer has taken up", l.unproven,
			  l.open);
	if (l.unasked > 0)
		check_add(c, CHECK_OVERDUE,
			  "Ask them: lethe requests identify --send by mail, or in another way and with lethe requests identify --reason.",
			  "%zu of %zu open requests are to show who asks, and nobody asked them yet: there was no mail address, or no mail "
			  "could go",
			  l.unasked, l.open);
	if (l.waiting > 0)
		check_add(c, CHECK_OVERDUE,
			  "Go on without that, or close them as non-responsive: lethe requests list --status waiting names them.",
			  "%zu of %zu open requests have waited for the person for more than %d days", l.waiting, l.open,
			  CLOCK_WAITING_DAYS);
	if (l.late > 0)
		check_add(c, CHECK_BROKEN, "Answer them: lethe requests list --overdue names them.", "%zu of %zu open requests are late",
			  l.late, l.open);
	else if (l.open > 0 && l.unproven == 0 && l.waiting == 0)
		check_add(c, CHECK_KEPT, "", "%zu open, the next is due on %s", l.open, next);
	else if (l.open == 0)
		check_add(c, CHECK_EMPTY, "", "none is open");
}

static int entry_time(void *arg, const struct ledger_entry *entry)
{
	*(time_t *)arg = entry->at;
	return 1;
}

// What is added is signed by the minute, as `lethe prune` does it; until then no certificate of that time can be verified.
static void check_unsigned(struct check *c)
{
	enum { UNSIGNED_SECONDS = 25 * 3600 };
	char since[WHEN_TEXT];
	uint64_t size, signed_size;
	time_t at = 0;
	struct err e;

	if (checkpoint_newest(c->vault, &signed_size, &e) != 0 || ledger_size(c->vault, &size, &e) != 0 ||
	    (size > signed_size && ledger_each(c->vault, signed_size, entry_time, &at, &e) != 0)) {
		check_add(c, CHECK_UNSURE, "Run lethe audit verify, and look at the disk.", "how far it is signed cannot be read: %s",
			  e.text);
	} else if (at != 0 && when_now() - at > UNSIGNED_SECONDS) {
		when_text(since, at);
		check_add(c, CHECK_BROKEN, "Run lethe prune, by its timer once a minute, and see what it says.",
			  "%s since %s not signed yet; certificates of that time wait for it",
			  COUNTED(size - signed_size, "entry is", "entries are"), since);
	}
}

static void check_ledger(struct check *c)
{
	struct ledger_report report;
	BUF_AUTO struct buf note = BUF_INIT(CHECKPOINT_NOTE_MAX);
	struct err e;

	buf_adds(&note, "lethe check\n"); // whatever can sign this can sign what was added to the ledger
	if (ledger_key_sign(c->vault, &note, &e) != 0)
		check_add(c, CHECK_BROKEN,
			  "Bring keys/signer/ledger.key back from a copy of the keys; until then no certificate can be shown to be ours.",
			  "what is added to the ledger is not signed any more: %s", e.text);
	else
		check_unsigned(c);
	if (ledger_verify(c->vault, LEDGER_OPEN, &report, &e) != 0)
		check_add(c, CHECK_UNSURE, "Look at the disk, then run lethe audit verify.", "%s", e.text);
	else if (!report.intact)
		check_add(
		    c, CHECK_BROKEN,
		    "Keep a copy as evidence, compare it with a checkpoint kept elsewhere, and find out who could write to the store.",
		    "entry %" PRIu64 " was altered: %s", report.bad_index, report.finding);
	else if (report.from > 0)
		check_add(c, CHECK_KEPT, "",
			  "%s, intact from entry %" PRIu64 " on; those before are closed and sealed, and "
			  "lethe audit verify computes all of them again",
			  COUNTED(report.size, "entry", "entries"), report.from);
	else
		check_add(c, CHECK_KEPT, "", "%s intact", COUNTED(report.size, "entry is", "entries are"));
}

// A checkpoint on another disk or machine is what tells a ledger that was cut or rewritten as a whole from this one.
static void check_copy(struct check *c)
{
	enum { COPY_SECONDS = 25 * 3600 }; // the daily run writes it, a little earlier or later
	BUF_AUTO struct buf note = BUF_INIT(COPY_BYTES_MAX);
	struct ledger_report report;
	struct stat status;
	struct err e;
	char path[PATH_MAX], at[WHEN_TEXT];

	if (sign_copy_path(c->policy, path, &e) != 0) {
		check_add(c, CHECK_UNSURE, "Shorten LETHE_CHECKPOINT_COPY.", "%s", e.text);
	} else if (path[0] == '\0') {
		check_add(c, CHECK_EMPTY, "", "LETHE_CHECKPOINT_COPY names no folder for a copy");
	} else if (stat(path, &status) != 0 || file_read(path, &note, &e) != 0) {
		check_add(c, CHECK_BROKEN, "Mount what is to keep it, then run lethe audit checkpoint.", "there is no copy at %s", path);
	} else if (ledger_verify_against(c->vault, note.data, note.len, NULL, &report, &e) != 0) {
		check_add(c, CHECK_BROKEN, "Keep the copy, and find out who wrote it.", "%s: %s", path, e.text);
	} else if (!report.intact) {
		check_add(c, CHECK_BROKEN, "Keep the copy and the store as evidence, and find out who could write to the store.",
			  "the ledger did not grow out of the checkpoint in %s: %s", path, report.finding);
	} else if (status.st_mtime < when_now() - COPY_SECONDS) {
		when_text(at, status.st_mtime);
		check_add(c, CHECK_BROKEN, "Look at the disk or machine, then run lethe audit checkpoint.",
			  "the copy of the checkpoint in %s is of %s, older than a day", path, at);
	} else {
		check_add(c, CHECK_KEPT, "", "the ledger grew out of the checkpoint in %s", path);
	}
}

struct ledger_look {
	struct ledger_facts *facts;
	time_t since;
};

static int ledger_look_at(void *arg, const struct ledger_entry *entry)
{
	const struct ledger_look *look = arg;

	if (strcmp(entry->name, "refused-region") == 0 && entry->at >= look->since) {
		look->facts->refused_regions++;
		look->facts->last_refused = entry->at;
	}
	if (strcmp(entry->name, "activation") == 0 && entry->details != NULL) {
		JSON_AUTO cJSON *details = json_parse(entry->details, strlen(entry->details), NULL);
		const char *hash = json_string(details, "sha256");
		snprintf(look->facts->activated, sizeof look->facts->activated, "%s", hash != NULL ? hash : "");
	}
	return 0;
}

int check_ledger_facts(struct vault *v, time_t since, struct ledger_facts *out, struct err *e)
{
	struct ledger_look look = {.facts = out, .since = since};

	*out = (struct ledger_facts){0};
	return ledger_each_notable(v, ledger_look_at, &look, e);
}

static void check_regions(struct check *c)
{
	struct ledger_facts facts;
	char last[WHEN_TEXT];
	struct err e;

	if (check_ledger_facts(c->vault, when_now() - REGION_DAYS * 86400, &facts, &e) != 0) {
		check_add(c, CHECK_UNSURE, "Run lethe audit verify.", "%s", e.text);
		return;
	}
	when_text(last, facts.last_refused);
	if (facts.refused_regions > 0)
		check_add(c, CHECK_BROKEN,
			  "Use a deployment in the region that the policy names, or name the other region in the policy and announce it.",
			  "%" PRIu64
			  " replies came from another region in the last %d days, the last one at %s; each was refused, but the data had "
			  "been sent",
			  facts.refused_regions, REGION_DAYS, last);
	else
		check_add(c, CHECK_KEPT, "", "no reply came from another region in the last %d days", REGION_DAYS);
}

static void check_stores(struct check *c)
{
	if (c->vault != NULL)
		check_add(c, CHECK_KEPT, "", "the stores in %s open and fit this version", c->admin->state);
	else if (c->vault_error.code == ERR_CORRUPT)
		check_add(c, CHECK_BROKEN, "Stop the site and restore the stores; do not write to them.", "%s", c->vault_error.text);
	else
		check_add(c, CHECK_UNSURE,
			  site_stores_there(c->admin, NULL) == 0
			      ? "Name the right folder with --state or LETHE_STATE; lethe keys init makes a store where there is none."
			      : "Put back what is missing, and run this as the user that owns the stores.",
			  "%s", c->vault_error.text);
}

static void add_drift(void *arg, const char *finding)
{
	struct check *c = arg;

	check_add(c, CHECK_BROKEN, "Find out who changed the store; keep a copy, then restore it.", "%s", finding);
}

static void check_tables(struct check *c)
{
	struct err e;

	if (vault_drift(c->vault, add_drift, c, &e) != 0)
		check_add(c, CHECK_UNSURE, "Run lethe audit verify, and look at the disk.", "%s", e.text);
}

struct backups_seen {
	struct check *c;
	struct backup_list all;
	size_t away;
};

static int look_at_backups(void *arg, const char *folder, struct err *e)
{
	struct backups_seen *seen = arg;
	struct err why = {0};

	(void)e;
	if (backup_prune(seen->c->policy, folder, when_now() - BACKUP_LATE_SECONDS, true, &seen->all, &why) == 0)
		return 0;
	seen->away++;
	check_add(seen->c, CHECK_UNSURE, "Mount it; when it is gone for good, take its line out of the file backups in the state folder.",
		  "the backups in %s cannot be looked at: %s", folder, why.text);
	return 0;
}

static void check_backups(struct check *c)
{
	struct backups_seen seen = {.c = c};
	char age[SPAN_WORDS], oldest[SPAN_WORDS];
	struct err e = {0};

	if (c->policy->kinds[KIND_BACKUP].keep != KEEP_STORED) {
		check_add(c, CHECK_EMPTY, "", "the policy keeps no backups");
		return;
	}
	if (backup_folders(c->admin->state, look_at_backups, &seen, &e) != 0)
		check_add(c, CHECK_UNSURE, "Look at the file backups in the state folder.", "%s", e.text);
	int64_t missing = 0;
	if (c->vault != NULL && tombstone_missing(c->vault, &missing, &e) != 0)
		check_add(c, CHECK_BROKEN, "Put tombstones in the state folder back from its copy.", "%s", e.text);
	if (missing != 0)
		check_add(c, CHECK_BROKEN, "Put tombstones in the state folder back from its copy, beside that of the checkpoint.",
			  "the list of erasures lacks number %lld and what follows: a restore would bring back what they name",
			  (long long)missing);
	if (tombstones_size(c->admin->state) > TOMBSTONES_CARRY_BYTES)
		check_add(
		    c, CHECK_OVERDUE, "See who sends so many requests; make a backup now, which has them.",
		    "the list of erasures has %llu MiB and takes no more requests of data subjects: a restore would lose those from now on",
		    (unsigned long long)(tombstones_size(c->admin->state) >> 20));
	struct buf note BUF_AUTO = BUF_INIT(OUTPUT_MAX);
	const int restored = c->vault == NULL ? 0 : restore_note(c->vault, &note, &e);
	if (restored != 0)
		check_add(c, restored < 0 ? CHECK_UNSURE : CHECK_OVERDUE,
			  "Tell whom it concerns, enter again what you know, and take note of it: lethe restore --confirm", "%s",
			  restored < 0 ? e.text : buf_text(&note));
	check_span_words(age, when_now() - seen.all.newest);
	check_span_words(oldest, when_now() - seen.all.oldest);
	if (seen.all.ahead > 0)
		check_add(c, CHECK_UNSURE,
			  "Set the clock right; where it is, delete them: they were made while it was ahead, and would be kept too long.",
			  "%zu backups are dated in the future", seen.all.ahead);
	if (seen.all.ended > 0)
		check_add(c, CHECK_BROKEN, "Run lethe prune as who may delete them.", "%zu backups are older than the policy says",
			  seen.all.ended);
	if (seen.all.newest != 0 && when_now() - seen.all.newest <= BACKUP_SECONDS)
		check_add(c, CHECK_KEPT, "", "%zu backups, the newest %s and the oldest %s old", seen.all.count, age, oldest);
	else if (seen.away == 0)
		check_add(c, CHECK_OVERDUE, "Run lethe backup, by a timer once a day.", "%s%s",
			  seen.all.newest == 0 ? "there is no backup" : "the newest backup has the age of ",
			  seen.all.newest == 0 ? "" : age);
}

const struct check_row check_store_rows[] = {
    {"stores", "Every record is where the policy says, and sealed.", NEEDS_POLICY, check_stores, NULL},
    {"tables", "The stores hold what the policy declares, and nothing else.", NEEDS_POLICY | NEEDS_VAULT, check_tables,
     "every table and column of the stores is this version's, and every record of a kind that it knows"},
    {"retention", "Nothing is kept longer than the policy says.", NEEDS_POLICY | NEEDS_CENSUS | OF_THEN, check_retention, NULL},
    {"error-log", "The web server's error log is kept no longer than the policy says.", NEEDS_POLICY, check_error_log_age, NULL},
    {"prune", "What is due is ended on time.", NEEDS_POLICY | NEEDS_CENSUS, check_prune, NULL},
    {"residue", "What is deleted leaves no trace.", NEEDS_POLICY | NEEDS_CENSUS, check_residue, NULL},
    {"requests", "Requests of data subjects are answered in time.", NEEDS_POLICY | NEEDS_VAULT | OF_THEN, check_requests, NULL},
    {"outbox", "Letters reach whom they are to.", NEEDS_POLICY | NEEDS_VAULT, check_outbox, NULL},
    {"deletions", "What vendors got is deleted there, as far as they offer it.", NEEDS_POLICY | NEEDS_VAULT, check_deletions, NULL},
    {"ledger", "The record of what was done cannot be altered unseen.", NEEDS_POLICY | NEEDS_VAULT, check_ledger, NULL},
    {"checkpoint-copy", "Nor can it be cut or rewritten as a whole: a signed checkpoint is kept elsewhere.", NEEDS_POLICY | NEEDS_VAULT,
     check_copy, NULL},
    {"backups", "Backups are there, and none is kept longer than the policy says.", NEEDS_POLICY, check_backups, NULL},
    {"regions", "Data is processed only in the regions that the policy names.", NEEDS_POLICY | NEEDS_VAULT, check_regions, NULL},
    {0},
};
