// SPDX-License-Identifier: ISC
// A vault of its own for each test, under a policy made by hand, at a time that the test sets. The test program's own time() is the
// one that every part of it calls.
#ifndef LETHE_TESTS_VAULT_FIXTURE_H
#define LETHE_TESTS_VAULT_FIXTURE_H

#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/key.h"
#include "policy/vault/ledger.h"
#include "policy/vault/record.h"
#include "policy/vault/request_log.h"
#include "tests/unit/test.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIXTURE_START = 1795305600 };   // 2026-11-22T00:00:00Z
static unsigned fixture_segment_level; // 0: as it is
static _Atomic time_t fixture_time = FIXTURE_START + 12 * 3600;

time_t time(time_t *out)
{
	time_t now = fixture_time;

	if (out != NULL)
		*out = now;
	return now;
}

// The machine was up all the time, but for these seconds.
static _Atomic time_t fixture_off;

time_t when_up(void)
{
	return fixture_time - (FIXTURE_START - 86400 * 365 * 10) - fixture_off;
}

struct fixture {
	char root[64], state[96], run[96];
	struct policy policy;
	struct vault *vault;
};

// The lives of each kind; a test may change them.
static struct policy_life fixture_lives[KIND_COUNT][3];

// Gives the kind one more life. It ends on erasure.
static inline struct policy_life *fixture_keeps(struct policy *p, enum kind kind, struct policy_life life)
{
	struct policy_life *out = &fixture_lives[kind][p->kinds[kind].life_count++];

	p->kinds[kind].keep = KEEP_STORED;
	p->kinds[kind].lives = fixture_lives[kind];
	*out = life;
	out->has_length = !duration_is_zero(life.length);
	out->ends_on_erasure = true;
	return out;
}

static inline struct policy fixture_policy(void)
{
	struct policy p = {.file = "policy.xml", .site = "example", .shown_as = "Example", .version = "2026-05-11"};

	for (unsigned k = 0; k < KIND_COUNT; k++)
		p.kinds[k].kind = (enum kind)k;
	p.kinds[KIND_PROMPT].keep = KEEP_MEMORY;
	fixture_keeps(&p, KIND_ARCHIVE, (struct policy_life){.length.seconds = 3600});
	fixture_keeps(&p, KIND_REQUEST_LOG, (struct policy_life){.length.days = 14});
	fixture_keeps(&p, KIND_TICKET, (struct policy_life){.length.months = 12});
	fixture_keeps(&p, KIND_RIGHTS_REQUEST, (struct policy_life){.length.months = 24, .start = START_CLOSING});
	fixture_keeps(&p, KIND_LEDGER, (struct policy_life){.lasts_while = CONDITION_SERVICE});
	return p;
}

static inline void fixture_reopen(struct fixture *f, enum vault_mode mode)
{
	struct err e = {0};

	vault_close(f->vault);
	f->vault = NULL;
	if (vault_open(&f->vault, f->state, f->run, &f->policy, mode, &e) != 0)
		fail_msg("vault_open: %s", e.text);
	if (fixture_segment_level != 0)
		f->vault->segment_level = fixture_segment_level;
}

static inline int fixture_setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.policy = fixture_policy()};
	fixture_time = FIXTURE_START + 12 * 3600;
	fixture_off = 0;
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(f.root, sizeof f.root, "%s/lethe-vault-XXXXXX", base);
	if (mkdtemp(f.root) == NULL)
		return -1;
	snprintf(f.state, sizeof f.state, "%s/state", f.root);
	snprintf(f.run, sizeof f.run, "%s/run", f.root);
	mkdir(f.run, 0700);
	fixture_reopen(&f, VAULT_ADMIN);   // makes the stores
	fixture_reopen(&f, VAULT_PROGRAM); // makes the spool
	fixture_reopen(&f, VAULT_ADMIN);
	*state = &f;
	return 0;
}

static inline int fixture_remove_one(const char *path, const struct stat *s, int type, struct FTW *walk)
{
	(void)s;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	vault_close(f->vault);
	f->vault = NULL;
	return nftw(f->root, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

// A finished file in the spool; returns its path.
static inline const char *fixture_spool_file(struct fixture *f, const char *name)
{
	static char path[256];
	struct err e = {0};

	snprintf(path, sizeof path, "%s/spool/%s", f->run, name);
	const struct timespec made = {.tv_sec = fixture_time};
	assert_return_code(file_write(path, "PK-example", 10, 0640, NULL, &e), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, (const struct timespec[]){made, made}, 0), 0); // or no orphan were ever old
	return path;
}

// Stores an archive for a receipt; returns its id in `id`.
static inline void fixture_archive(struct fixture *f, const char *receipt, const char *token, char id[RECORD_ID_LEN + 1])
{
	const struct vault_tag tags[] = {{"token", token}, {"receipt", receipt}, {NULL, NULL}};
	const struct ledger_event event = {.name = "archive", .details = "{\"images\":4}"};
	const struct vault_new record = {.kind = KIND_ARCHIVE,
					 .subject = receipt,
					 .tags = tags,
					 .body = "{\"name\":\"set\"}",
					 .body_len = 14,
					 .file = fixture_spool_file(f, "work.tmp")};
	struct err e = {0};

	if (vault_put(f->vault, &record, &event, id, &e) != 0)
		fail_msg("vault_put: %s", e.text);
}

static inline bool fixture_has(struct fixture *f, const char *id)
{
	struct vault_record r;
	struct err e = {0};
	bool there = vault_get(f->vault, id, &r, &e) == 0;

	if (!there && e.code != ERR_NOT_FOUND)
		fail_msg("vault_get: %s", e.text);
	vault_record_free(&r);
	return there;
}

static inline void fixture_log(struct fixture *f, const char *address, const char *receipt)
{
	const struct request_log_row row = {address, "Example/1.0", receipt};
	struct err e = {0};

	if (request_log_append(f->vault, &row, &e) != 0)
		fail_msg("request_log_append: %s", e.text);
}

static inline size_t fixture_census(struct fixture *f, enum kind kind, struct census_row *out)
{
	struct census census;
	struct err e = {0};

	if (vault_census(f->vault, &census, &e) != 0)
		fail_msg("vault_census: %s", e.text);
	for (size_t i = 0; i < census.row_count; i++) {
		if (census.rows[i].kind != kind)
			continue;
		if (out != NULL)
			*out = census.rows[i];
		return (size_t)census.rows[i].count;
	}
	return 0;
}

// One day of the request log; without lines when it is not there.
static inline struct log_day fixture_day(struct fixture *f, const char *day)
{
	struct log_day *days, out = {0};
	struct err e = {0};
	int count = request_log_days(f->vault, &days, &e);

	if (count < 0)
		fail_msg("days: %s", e.text);
	for (int i = 0; i < count; i++)
		if (strcmp(days[i].day, day) == 0)
			out = days[i];
	free(days);
	return out;
}

static uint8_t fixture_sought[HASH_LEN];

static inline int fixture_holds_sought(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	struct buf text BUF_AUTO = BUF_INIT(64 * 1024 * 1024);

	(void)st;
	(void)walk;
	return type == FTW_F && (file_read(path, &text, NULL) != 0 ||
				 (text.len > 0 && memmem(text.data, text.len, fixture_sought, sizeof fixture_sought) != NULL));
}

// The bytes of a hash in any file below the state's folder. A process that closes a file gives up its locks on it: so a child looks.
static inline bool fixture_in_a_file(const struct fixture *f, const uint8_t hash[HASH_LEN])
{
	int status;

	memcpy(fixture_sought, hash, HASH_LEN);
	pid_t child = fork();
	if (child == 0)
		_exit(nftw(f->state, fixture_holds_sought, 16, FTW_PHYS));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) != 0;
}

// Runs SQL on a store from outside, as an intruder with the file would.
static inline void fixture_sql(const struct fixture *f, const char *file, const char *sql)
{
	char command[4096];

	snprintf(command, sizeof command, "sqlite3 '%s/%s' \"%s\" >/dev/null", f->state, file, sql);
	assert_int_equal(system(command), 0);
}

#endif
