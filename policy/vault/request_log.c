// SPDX-License-Identifier: ISC
// The request log: one file and one key per UTC day, log/YYYY-MM-DD.db. A row taken at a time always goes to that time's day. Pruning
// unlinks whole days, under their writers if need be: so a writer compares, under the lock, the file that it has open with the one that
// has the name. The key is committed before its file is made; a file without a key is garbage.
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/vault/internal.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ADDRESS_MAX = 64, AGENT_MAX = 1024, CONTEXT_MAX = 32 };

int log_path(const struct vault *v, char out[PATH_MAX], const char *day, const char *suffix, struct err *e)
{
	char name[64];

	snprintf(name, sizeof name, "log/%s.db%s", day, suffix);
	return state_path(v, out, name, e);
}

void log_day_hash_key(const uint8_t key[KEY_LEN], uint8_t out[KEY_LEN])
{
	keyed_hash(out, key, "request-log look-up", NULL, 0);
}

// Two ways to write one address must be found by either.
static void canonical(char out[ADDRESS_MAX], const char *address)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, address, &four) == 1) {
		inet_ntop(AF_INET, &four, out, ADDRESS_MAX);
	} else if (inet_pton(AF_INET6, address, &six) == 1) {
		if (IN6_IS_ADDR_V4MAPPED(&six))
			inet_ntop(AF_INET, &six.s6_addr[12], out, ADDRESS_MAX);
		else
			inet_ntop(AF_INET6, &six, out, ADDRESS_MAX);
	} else {
		snprintf(out, ADDRESS_MAX, "%s", address);
	}
}

void log_address_hash(const uint8_t hash_key[KEY_LEN], const char *address, uint8_t out[HASH_LEN])
{
	char text[ADDRESS_MAX];

	canonical(text, address);
	const struct bytes parts[] = {{text, strlen(text)}};
	keyed_hash(out, hash_key, "address", parts, 1);
}

// Over the subject's look-up hash, so that a record leads to its log rows without the clear receipt.
void log_receipt_hash(const uint8_t hash_key[KEY_LEN], const uint8_t subject[HASH_LEN], uint8_t out[HASH_LEN])
{
	const struct bytes parts[] = {{subject, HASH_LEN}};

	keyed_hash(out, hash_key, "receipt", parts, 1);
}

// ---- the segment that is written ----

void log_segment_close(struct vault *v)
{
	store_close(&v->write.segment.store);
	wipe(&v->write.segment, sizeof v->write.segment);
}

static bool still_there(const struct vault *v)
{
	const struct segment *s = &v->write.segment;
	struct stat file;
	char path[PATH_MAX];

	return log_path(v, path, s->day, "", NULL) == 0 && stat(path, &file) == 0 && file.st_ino == s->inode && file.st_dev == s->device;
}

void log_unlink(const struct vault *v, const char *day)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (log_path(v, path, day, suffixes[i], NULL) == 0)
			unlink(path);
}

static int obtain_key_alone(struct vault *v, const char *day, struct data_key *key, struct err *e)
{
	const char *kind = kind_row(KIND_REQUEST_LOG)->name;
	struct err why = {0};

	if (key_find(v, v->write.keys, kind, day, key, &why) == 0)
		return 0;
	if (why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	log_unlink(v, day); // what stands there was sealed with a key that is destroyed
	if (key_obtain(v, kind, day, key, e) != 0) {
		store_rollback(v->write.keys);
		return -1;
	}
	return write_commit(v, v->write.keys, e);
}

static int obtain_key(struct vault *v, const char *day, struct data_key *key, struct err *e)
{
	struct op op;

	if (commit_records_alone(v, &op, e) != 0)
		return -1;
	int ret = obtain_key_alone(v, day, key, e);
	commit_records_release(v, &op);
	return ret;
}

static int open_segment(struct vault *v, const char *day, struct err *e)
{
	struct segment *s = &v->write.segment;
	struct data_key DATA_KEY_AUTO key = {0};
	struct stat file;
	struct err why = {0};
	char path[PATH_MAX];
	bool made;

	if (log_path(v, path, day, "", e) != 0 || obtain_key(v, day, &key, e) != 0)
		return -1;
	if (file_begin(path, 0600, &made, &why) != 0) // to callers "not found" is what they look for, not where the log stands
		return err_set(e, why.code == ERR_NOT_FOUND ? ERR_IO : why.code, "%s", why.text);
	if (made)
		own_like_state(v, path); // before SQLite makes more files like it
	if (store_open(&s->store, STORE_LOG, path, STORE_CREATE, e) != 0)
		return -1;
	if (stat(path, &file) != 0) {
		store_close(&s->store);
		return err_system(e, ERR_IO, errno, "%s", path);
	}
	s->device = file.st_dev;
	s->inode = file.st_ino;
	memcpy(s->key, key.bytes, KEY_LEN);
	log_day_hash_key(s->key, s->hash_key);
	snprintf(s->day, sizeof s->day, "%s", day);
	return 0;
}

int log_segment_write(struct vault *v, time_t at, struct err *e)
{
	char day[WHEN_DATE];

	when_date(day, at);
	if (strcmp(v->write.segment.day, day) == 0 && still_there(v))
		return 0;
	if (v->write.segment.store != NULL && still_there(v))
		store_flush(v->write.segment.store, NULL); // its day is over: it should rest without a write-ahead log
	log_segment_close(v);
	return open_segment(v, day, e);
}

// ---- appending ----

struct line {
	const struct request_log_row *row;
	time_t at;
};

static int seal_line(const struct segment *s, const struct request_log_row *row, struct buf *out, struct err *e)
{
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(ADDRESS_MAX + AGENT_MAX + 2);
	const char *agent = row->user_agent == NULL ? "" : row->user_agent;
	char context[CONTEXT_MAX], address[ADDRESS_MAX];

	canonical(address, row->address);
	buf_add(&plain, address, strlen(address) + 1);
	if (buf_add(&plain, agent, strnlen(agent, AGENT_MAX)) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	snprintf(context, sizeof context, "request-log|%s", s->day);
	return seal(s->key, context, plain.data, plain.len, out, e);
}

static int run_line(struct vault *v, void *arg, struct err *e)
{
	const struct line *l = arg;
	const struct segment *s = &v->write.segment;
	struct buf body BUF_AUTO = BUF_INIT(ADDRESS_MAX + AGENT_MAX + 2 + SEAL_OVERHEAD);
	uint8_t address[HASH_LEN], receipt[HASH_LEN], subject[HASH_LEN];

	log_address_hash(s->hash_key, l->row->address, address);
	if (l->row->receipt != NULL) {
		lookup_hash(v, subject, "subject", l->row->receipt);
		log_receipt_hash(s->hash_key, subject, receipt);
	}
	if (seal_line(s, l->row, &body, e) != 0 ||
	    store_run(s->store, SQL_LOG_PUT,
		      VALUES(V_INT(l->at), V_BLOB(address, LOG_HASH_LEN), l->row->receipt == NULL ? V_NULL : V_BLOB(receipt, LOG_HASH_LEN),
			     V_BLOB(body.data, body.len)),
		      e) != 0)
		return -1;
	return store_run(s->store, SQL_LOG_SUMMARY_ADD, VALUES(V_INT(1), V_INT(l->at), V_INT(l->at)), e);
}

struct request_log_pending {
	struct request_log_row row;
	struct line line;
	struct op op;
};

static void pending_prepare(struct request_log_pending *p, const struct request_log_row *row, time_t at)
{
	p->row = *row;
	p->line = (struct line){&p->row, at};
	p->op = (struct op){.target = OP_LOG, .run = run_line, .arg = &p->line, .at = at};
}

static int check_kept(const struct vault *v, struct err *e)
{
	return v->policy->kinds[KIND_REQUEST_LOG].keep == KEEP_STORED
		   ? 0
		   : err_set(e, ERR_REFUSED, "the policy keeps no request log: nothing was stored");
}

int request_log_append_at(struct vault *v, const struct request_log_row *row, time_t at, struct err *e)
{
	struct request_log_pending p;

	pending_prepare(&p, row, at);
	return check_kept(v, e) != 0 || commit_run(v, &p.op, e) != 0 ? -1 : 0;
}

int request_log_append(struct vault *v, const struct request_log_row *row, struct err *e)
{
	return request_log_append_at(v, row, when_now(), e);
}

struct request_log_pending *request_log_begin(struct vault *v, const struct request_log_row *row, struct err *e)
{
	struct request_log_pending *p = check_kept(v, e) != 0 ? NULL : malloc(sizeof *p);

	if (p == NULL) {
		if (e != NULL && e->code == ERR_NONE)
			err_set(e, ERR_MEMORY, "no memory");
		return NULL;
	}
	pending_prepare(p, row, when_now());
	if (commit_begin(v, &p->op, e) == 0)
		return p;
	free(p);
	return NULL;
}

int request_log_wait(struct vault *v, struct request_log_pending *p, struct err *e)
{
	int ret = commit_wait(v, &p->op, e);

	free(p);
	return ret;
}

// ---- all segments ----

static int is_segment(const struct dirent *d)
{
	time_t day;
	char text[WHEN_DATE];

	snprintf(text, sizeof text, "%.*s", WHEN_DATE - 1, d->d_name);
	return strlen(d->d_name) == WHEN_DATE - 1 + 3 && strcmp(d->d_name + WHEN_DATE - 1, ".db") == 0 && when_parse(&day, text) == 0;
}

int log_each_day(struct vault *v, int (*each)(struct vault *v, const char *day, void *arg, struct err *e), void *arg, struct err *e)
{
	struct dirent **names;
	char path[PATH_MAX], day[WHEN_DATE];
	int ret = 0;

	if (state_path(v, path, "log", e) != 0)
		return -1;
	int count = scandir(path, &names, is_segment, alphasort);
	if (count < 0)
		return errno == ENOENT ? 0 : err_system(e, ERR_IO, errno, "%s", path);
	for (int i = 0; i < count; i++) {
		snprintf(day, sizeof day, "%.*s", WHEN_DATE - 1, names[i]->d_name);
		if (ret == 0)
			ret = each(v, day, arg, e);
		free(names[i]);
	}
	free(names);
	return ret < 0 ? -1 : 0;
}

int log_summary(const struct vault *v, const char *day, struct log_summary *out, struct err *e)
{
	struct store *s STORE_AUTO = NULL;
	struct cursor *c CURSOR_AUTO = NULL;
	char path[PATH_MAX];

	*out = (struct log_summary){0};
	if (log_path(v, path, day, "", e) != 0 || store_open(&s, STORE_LOG, path, STORE_READ, e) != 0)
		return -1;
	c = store_query(s, SQL_LOG_SUMMARY, NULL, e);
	if (c == NULL || cursor_next(c, e) != 1)
		return -1;
	out->lines = (uint64_t)cursor_int(c, 0);
	if (out->lines == 0)
		return 0;
	out->oldest = cursor_int(c, 1);
	out->newest = cursor_int(c, 2);
	return 0;
}

time_t log_due(const struct vault *v, time_t oldest)
{
	// What an earlier policy let be logged, and this one does not, is due as soon as it is there.
	return v->policy->kinds[KIND_REQUEST_LOG].keep == KEEP_STORED ? policy_due(v->policy, KIND_REQUEST_LOG, oldest) : oldest;
}

static int take_newest(struct vault *v, const char *day, void *arg, struct err *e)
{
	struct log_summary s;
	time_t *newest = arg;

	(void)e;
	if (log_summary(v, day, &s, NULL) == 0 && s.newest > *newest)
		*newest = s.newest;
	return 0;
}

static int take_last_day(struct vault *v, const char *day, void *arg, struct err *e)
{
	(void)v;
	(void)e;
	snprintf(arg, WHEN_DATE, "%s", day);
	return 0;
}

int log_newest(struct vault *v, time_t *out, struct err *e)
{
	char last[WHEN_DATE] = "";

	*out = 0;
	if (log_each_day(v, take_last_day, last, e) != 0)
		return -1;
	return last[0] == '\0' ? 0 : take_newest(v, last, out, e);
}
