// SPDX-License-Identifier: ISC
// A vault of its own for each test, whose policy keeps backups for 30 days, with places for them and for their keys.
#ifndef LETHE_TESTS_BACKUP_SUPPORT_H
#define LETHE_TESTS_BACKUP_SUPPORT_H

#include "policy/vault/backup.h"
#include "policy/vault/restore.h"
#include "tests/unit/vault_fixture.h"

struct places {
	char data[128], keys[128], key_copy[192], other[128];
};
static struct places places;

static inline int backup_setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	struct fixture *f = *state;
	fixture_keeps(&f->policy, KIND_BACKUP, (struct policy_life){.length.days = 30});
	fixture_reopen(f, VAULT_ADMIN);
	snprintf(places.data, sizeof places.data, "%s/data", f->root);
	snprintf(places.keys, sizeof places.keys, "%s/elsewhere", f->root);
	snprintf(places.key_copy, sizeof places.key_copy, "%s/lethe-example-keys", places.keys);
	snprintf(places.other, sizeof places.other, "%s/other", f->root);
	mkdir(places.data, 0700);
	mkdir(places.keys, 0700);
	return 0;
}

static inline void put_ticket(struct fixture *f, const char *subject, const char *body, char id[RECORD_ID_LEN + 1])
{
	const struct vault_tag tags[] = {{"receipt", subject}, {NULL, NULL}};
	const struct vault_new record = {.kind = KIND_TICKET, .subject = subject, .tags = tags, .body = body, .body_len = strlen(body)};
	const struct ledger_event event = {.name = "ticket", .payload = body, .payload_len = strlen(body), .subject = subject};
	struct err e = {0};

	if (vault_put(f->vault, &record, &event, id, &e) != 0)
		fail_msg("vault_put: %s", e.text);
}

static inline struct backup_facts make(struct fixture *f, bool keys)
{
	struct backup_facts out;
	struct err e = {0};

	fixture_time += 1;
	if (backup_make(f->vault, places.data, keys ? places.keys : NULL, &out, &e) != 0)
		fail_msg("backup_make: %s", e.text);
	return out;
}

static inline void erase_receipt(struct fixture *f, const char *receipt)
{
	struct erase_result r;
	struct err e = {0};

	fixture_time += 60;
	if (vault_erase(f->vault, ERASE_RECEIPT, receipt, false, &r, &e) != 0 || !r.complete)
		fail_msg("vault_erase: %s%s", e.text, r.reason);
	assert_true(r.backups.tombstone > 0);
	assert_int_equal(r.backups.purge_by, fixture_time + 30 * 86400);
}

static inline void close_vault(struct fixture *f)
{
	vault_close(f->vault);
	f->vault = NULL;
}

// As the command does it, also to the end of what was begun.
static inline int restore_whole(const char *state, const struct restore_from *from, const struct policy *p, struct restore_result *out,
				struct err *e)
{
	struct restore r;
	int ret = restore_begun(&r, state, e);

	*out = (struct restore_result){0};
	if (ret == 0)
		ret = restore_take(&r, state, from, e) != 0 ? -1 : restore_finish(&r, p, NULL, NULL, out, e);
	ret = ret < 0 ? -1 : restore_place(&r, e);
	restore_free(&r);
	return ret == 0 ? restore_done(state, e) : -1;
}

static inline struct restore_result restore_to(struct fixture *f, const char *state, const struct restore_from *from)
{
	struct restore_result out;
	struct err e = {0};

	close_vault(f);
	if (restore_whole(state, from, &f->policy, &out, &e) != 0 || vault_open(&f->vault, state, f->run, &f->policy, VAULT_ADMIN, &e) != 0)
		fail_msg("restore: %s", e.text);
	return out;
}

// Nothing is touched by a restore that is refused.
static inline enum err_code refused(struct fixture *f, const struct restore_from *from)
{
	struct restore_result out;
	struct err e = {0};
	char copy[PATH_MAX];

	close_vault(f);
	snprintf(copy, sizeof copy, "%s/restoring.new", f->state);
	assert_int_not_equal(restore_whole(f->state, from, &f->policy, &out, &e), 0);
	assert_int_not_equal(access(copy, F_OK), 0);
	fixture_reopen(f, VAULT_ADMIN);
	print_message("%s\n", e.text);
	return e.code;
}

static inline void copy_file(const char *from, const char *to)
{
	struct buf text BUF_AUTO = BUF_INIT(1024 * 1024 * 1024);
	struct err e = {0};

	if (file_read(from, &text, &e) != 0 || file_write(to, buf_text(&text), text.len, 0600, NULL, &e) != 0)
		fail_msg("%s", e.text);
}

static inline struct backup_list prune(struct fixture *f, bool dry_run)
{
	struct backup_list list = {0};
	struct err e = {0};

	if (backup_prune(&f->policy, places.data, fixture_time, dry_run, &list, &e) != 0)
		fail_msg("backup_prune: %s", e.text);
	return list;
}

static inline void assert_intact(struct fixture *f)
{
	struct ledger_report report;
	struct err e = {0};

	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	if (!report.intact)
		fail_msg("%s", report.finding);
}

static inline void assert_body(struct fixture *f, const char *id, const char *body)
{
	struct vault_record r;
	struct err e = {0};

	if (vault_get(f->vault, id, &r, &e) != 0)
		fail_msg("vault_get: %s", e.text);
	assert_string_equal(buf_text(&r.body), body);
	vault_record_free(&r);
}

#endif
