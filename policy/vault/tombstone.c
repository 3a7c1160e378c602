// SPDX-License-Identifier: ISC
#include "policy/vault/tombstone.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/state.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1024 * 1024 * 1024, LINE_BYTES_MAX = 2 * STORE_VALUE_MAX, FIELDS = 10 };
const char *const tombstone_by[] = {
    [ERASE_RECEIPT] = "receipt", [ERASE_ADDRESS] = "address", [ERASE_RECORD] = "record", [ERASE_CONTACT] = "contact"};
const char tombstone_file[] = "tombstones/list";
static const char SEEN[] = "tombstone";                // the number of the last that vault.db has seen
static const char SEEN_UNTIL[] = "tombstone-until";    // when that one expires
static const char KEPT_FROM[] = "tombstone-kept-from"; // the first that the file is to have still; 0: all
static const char *const act_names[] = {
    [TOMBSTONE_ERASED] = "erased",     [TOMBSTONE_RESTRICTED] = "restricted", [TOMBSTONE_RESTRICTED_KEPT] = "restricted-kept",
    [TOMBSTONE_LIFTED] = "lifted",     [TOMBSTONE_WITHDRAWN] = "withdrawn",   [TOMBSTONE_HELD] = "held",
    [TOMBSTONE_RELEASED] = "released", [TOMBSTONE_CARRIED] = "carried",       [TOMBSTONE_VOID] = "void"};

time_t tombstone_expiry(const struct policy *p, time_t now)
{
	return p->kinds[KIND_BACKUP].keep == KEEP_STORED ? life_end(p, KIND_BACKUP, now) : 0;
}

int tombstone_folder(const char *state, const struct policy *p, struct err *e)
{
	char path[PATH_MAX];

	if (p->kinds[KIND_BACKUP].keep != KEEP_STORED)
		return 0;
	if (path_join(path, sizeof path, state, "tombstones", e) != 0 || folder_make(path, 0700, e) != 0)
		return -1;
	file_own_like(path, state);
	return 0;
}

static void tombstone_seal(const struct vault *v, const char *line, size_t len, char out[2 * HASH_LEN + 1])
{
	uint8_t hash[HASH_LEN];

	keyed_hash(hash, v->ledger_key, "tombstone", line, len);
	hex_encode(out, hash, HASH_LEN);
}

static void tombstone_text(const struct vault *v, const struct tombstone *t, struct buf *out)
{
	char subject[2 * HASH_LEN + 1] = "-", tag[2 * HASH_LEN + 1] = "-", seal_text[2 * HASH_LEN + 1];
	const size_t start = out->len;

	if (t->has_subject)
		hex_encode(subject, t->subject, HASH_LEN);
	if (t->has_tag)
		hex_encode(tag, t->tag, HASH_LEN);
	buf_printf(out, "%lld %lld %lld %s %s %s %s %s ", (long long)t->number, (long long)t->at, (long long)t->until, act_names[t->act],
		   tombstone_by[t->by], t->id[0] != '\0' ? t->id : "-", subject, tag);
	for (size_t i = 0; i < t->day_count; i++) {
		char hash[2 * LOG_HASH_LEN + 1];
		hex_encode(hash, t->days[i].hash, LOG_HASH_LEN);
		buf_printf(out, "%s%s=%s", i > 0 ? "," : "", t->days[i].day, hash);
	}
	buf_adds(out, t->carried != NULL ? t->carried : t->day_count == 0 ? "-" : "");
	if (out->failed)
		return;
	tombstone_seal(v, out->data + start, out->len - start, seal_text);
	buf_printf(out, " %s\n", seal_text);
}

static int tombstone_days_parse(struct tombstone *out, char *text)
{
	char *rest = NULL;

	for (char *one = strtok_r(text, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest)) {
		struct tombstone_day *day = &out->days[out->day_count];
		char *hash = strchr(one, '=');
		if (hash == NULL || hash - one != WHEN_DATE - 1 || out->day_count == TOMBSTONE_DAYS_MAX ||
		    hex_decode(day->hash, LOG_HASH_LEN, hash + 1) != 0)
			return -1;
		*hash = '\0';
		snprintf(day->day, sizeof day->day, "%s", one);
		out->day_count++;
	}
	return 0;
}

// One line, without its end, which is taken apart in place.
static int tombstone_parse(const struct vault *v, char *line, struct tombstone *out)
{
	char *fields[FIELDS], *rest = NULL, *mac = strrchr(line, ' '), expected[2 * HASH_LEN + 1];
	size_t n = 0;

	if (mac == NULL)
		return -1;
	tombstone_seal(v, line, (size_t)(mac - line), expected);
	if (strlen(mac + 1) != 2 * HASH_LEN || !equal_secret(expected, mac + 1, 2 * HASH_LEN))
		return -1;
	for (char *field = strtok_r(line, " ", &rest); field != NULL && n < FIELDS; field = strtok_r(NULL, " ", &rest))
		fields[n++] = field;
	*out = (struct tombstone){0};
	if (n != FIELDS)
		return -1;
	out->number = strtoll(fields[0], NULL, 10);
	out->at = strtoll(fields[1], NULL, 10);
	out->until = strtoll(fields[2], NULL, 10);
	while (strcmp(act_names[out->act], fields[3]) != 0)
		if (++out->act == TOMBSTONE_ACTS)
			return -1;
	while (strcmp(tombstone_by[out->by], fields[4]) != 0)
		if (out->by++ == ERASE_CONTACT)
			return -1;
	if (strcmp(fields[5], "-") != 0)
		snprintf(out->id, sizeof out->id, "%s", fields[5]);
	out->has_subject = strcmp(fields[6], "-") != 0;
	out->has_tag = strcmp(fields[7], "-") != 0;
	if ((out->has_subject && hex_decode(out->subject, HASH_LEN, fields[6]) != 0) ||
	    (out->has_tag && hex_decode(out->tag, HASH_LEN, fields[7]) != 0))
		return -1;
	if (out->act == TOMBSTONE_CARRIED) // which is valid as long as the line
		out->carried = fields[8];
	return strcmp(fields[8], "-") == 0 || out->carried != NULL ? 0 : tombstone_days_parse(out, fields[8]);
}

struct tombstone_list {
	const struct vault *v;
	struct buf text;
	char path[PATH_MAX], *line; // `line`: a copy of the one that is read
	size_t at;
	struct tombstone t; // as it was read last
};

static void list_free(struct tombstone_list *l)
{
	buf_free(&l->text);
	free(l->line);
}
#define LIST_AUTO __attribute__((cleanup(list_free)))

// All complete lines. Nothing where there is no file.
static int list_read(struct tombstone_list *l, const struct vault *v, struct err *e)
{
	struct err why = {0};

	*l = (struct tombstone_list){.v = v, .text = BUF_INIT(FILE_BYTES_MAX)};
	if (path_join(l->path, sizeof l->path, v->state, tombstone_file, e) != 0)
		return -1;
	if (file_read(l->path, &l->text, &why) != 0 && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	while (l->text.len > 0 && l->text.data[l->text.len - 1] != '\n')
		l->text.data[--l->text.len] = '\0';
	return 0;
}

// 1: the next line is read; 0: there is none.
static int list_next(struct tombstone_list *l, struct err *e)
{
	const char *line = buf_text(&l->text) + l->at;
	const size_t len = strcspn(line, "\n");

	free(l->line);
	l->line = l->at == l->text.len ? NULL : strndup(line, len);
	if (l->line == NULL)
		return l->at == l->text.len ? 0 : err_set(e, ERR_MEMORY, "no memory");
	l->at += len + 1;
	return tombstone_parse(l->v, l->line, &l->t) == 0
		   ? 1
		   : err_set(e, ERR_CORRUPT,
			     "%s was altered, or belongs to other keys: what it names could come back; put it back as it was", l->path);
}

uint64_t tombstones_size(const char *state)
{
	char path[PATH_MAX];
	struct stat about;

	return path_join(path, sizeof path, state, tombstone_file, NULL) == 0 && stat(path, &about) == 0 ? (uint64_t)about.st_size : 0;
}

int64_t tombstone_last(const char *path)
{
	enum { STEP = 32768 };
	FD_AUTO int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END), last = -1;
	char text[STEP + 1];

	// Backwards to the end of the last whole line, and on to where that begins.
	for (off_t to = end; to > 0;) {
		const off_t from = to > STEP ? to - STEP : 0;
		const ssize_t len = pread(fd, text, (size_t)(to - from), from);
		if (len != to - from)
			return 0;
		for (ssize_t i = len - 1; i >= 0; i--) {
			if (text[i] != '\n')
				continue;
			if (last < 0)
				last = from + i;
			else
				return pread(fd, text, STEP, from + i + 1) > 0 ? strtoll(text, NULL, 10) : 0;
		}
		to = from;
	}
	text[0] = '\0';
	return last > 0 && pread(fd, text, STEP, 0) > 0 ? strtoll(text, NULL, 10) : 0;
}

static int tombstone_append(const char *path, const struct buf *line, struct err *e)
{
	FD_AUTO int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	char last = '\n';
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	// What a crash left of a line goes first.
	while (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n')
		size--;
	if (size < 0 || ftruncate(fd, size) != 0 || lseek(fd, size, SEEK_SET) < 0 || fd_write_all(fd, line->data, line->len) != 0 ||
	    fdatasync(fd) != 0)
		return err_system(e, file_err_code(errno), errno, "%s", path);
	return 0;
}

static bool list_carries(const struct tombstone_list *l)
{
	return l->text.len > 0 && memmem(l->text.data, l->text.len, " carried ", 9) != NULL;
}

int tombstone_seen(const struct backend *b, struct store *s, int64_t *out, struct err *e)
{
	return b->upkeep->number_get(s, SEEN, out, e);
}

int tombstone_write(const struct vault *v, struct tombstone *t, struct err *e)
{
	struct buf line BUF_AUTO = BUF_INIT(LINE_BYTES_MAX);
	char path[PATH_MAX];
	int64_t seen;

	t->number = 0;
	t->until = tombstone_expiry(v->policy, t->at);
	if (t->until == 0)
		return 0;
	if (path_join(path, sizeof path, v->state, tombstone_file, e) != 0 || tombstone_seen(v->b, v->store, &seen, e) != 0)
		return -1;
	const bool new = access(path, F_OK) != 0;
	const int64_t last = tombstone_last(path);
	t->number = (last > seen ? last : seen) + 1;
	tombstone_text(v, t, &line);
	if (line.failed)
		return err_set(e, ERR_MEMORY, "no memory");
	if (tombstone_append(path, &line, e) != 0)
		return -1;
	file_own_like(path, v->state);
	*strrchr(path, '/') = '\0';
	return new ? folder_sync(path, e) : 0;
}

int tombstone_applied(const struct vault *v, const struct tombstone *t, struct err *e)
{
	return t->number != 0 && (v->b->upkeep->number_set(v->store, SEEN, t->number, e) != 0 ||
				  v->b->upkeep->number_set(v->store, SEEN_UNTIL, (int64_t)t->until, e) != 0)
		   ? -1
		   : 0;
}

int tombstone_each_new(const struct vault *v, int (*each)(void *arg, struct tombstone *t, struct err *e), void *arg, struct err *e)
{
	struct tombstone_list l LIST_AUTO = {0};
	char path[PATH_MAX];
	int64_t seen;
	int more;

	if (path_join(path, sizeof path, v->state, tombstone_file, e) != 0 || tombstone_seen(v->b, v->store, &seen, e) != 0)
		return -1;
	if (tombstone_last(path) <= seen)
		return 0;
	if (list_read(&l, v, e) != 0)
		return -1;
	while ((more = list_next(&l, e)) > 0)
		if (l.t.number > seen && each(arg, &l.t, e) != 0)
			return -1;
	return more;
}

int tombstone_missing(const struct vault *v, int64_t *first, struct err *e)
{
	struct tombstone_list l LIST_AUTO = {0};
	int64_t seen, expected, last = 0;
	int more;

	*first = 0;
	if (tombstone_seen(v->b, v->store, &seen, e) != 0 || v->b->upkeep->number_get(v->store, KEPT_FROM, &expected, e) != 0 ||
	    list_read(&l, v, e) != 0)
		return -1;
	expected += expected == 0;
	while ((more = list_next(&l, e)) > 0) {
		if (last == 0 && l.t.number < expected) // those before have expired
			expected = l.t.number;
		last = l.t.number;
		expected += expected == last;
	}
	if (expected <= (last > seen ? last : seen))
		*first = expected;
	return more;
}

int tombstone_restored(const struct vault *v, int64_t seen, struct err *e)
{
	struct tombstone_list l LIST_AUTO = {0};
	int64_t kept_from;

	if (v->b->upkeep->number_get(v->store, KEPT_FROM, &kept_from, e) != 0 || list_read(&l, v, e) != 0)
		return -1;
	const int64_t begins = strtoll(buf_text(&l.text), NULL, 10), from = begins != 0 && begins < seen + 1 ? begins : seen + 1;
	return from > kept_from && from > 1 ? v->b->upkeep->number_set(v->store, KEPT_FROM, from, e) : 0;
}

struct carrying { // a line that carries a record
	char id[RECORD_ID_LEN + 1];
	int64_t number;
};

static int carrying_order(const void *a, const void *b)
{
	const struct carrying *x = a, *y = b;
	const int by_id = strcmp(x->id, y->id);

	return by_id != 0 ? by_id : (x->number > y->number) - (x->number < y->number);
}

// Whether the record that the line carries has ended, or a later line carries it. -1: it cannot be told.
static int carries_no_more(const struct tombstone_list *l, const struct carrying *all, size_t count, struct err *e)
{
	struct carrying sought = {.number = l->t.number};
	struct record_list list = {0};

	memcpy(sought.id, l->t.id, sizeof sought.id);
	const struct carrying *one = bsearch(&sought, all, count, sizeof *all, carrying_order);
	if (one != NULL && one + 1 < all + count && strcmp(one[1].id, sought.id) == 0)
		return 1;
	if (l->v->b->records->find(l->v->store, VIEW_COMMITTED, &(struct record_query){.by = RECORD_WITH_ID, .id = l->t.id}, &list, e) != 0)
		return -1;
	const int ended = list.count == 0;
	if (list.count > 0)
		buf_free(&list.rows[0].body);
	free(list.rows);
	return ended;
}

int tombstone_prune(struct vault *v, time_t now, struct err *e)
{
	struct tombstone_list l LIST_AUTO = {0};
	struct buf out BUF_AUTO = BUF_INIT(FILE_BYTES_MAX);
	struct carrying *all = NULL;
	int64_t seen, seen_until, kept_from = 0;
	size_t count = 0, gone = 0, lines = 1;
	int more, ended = 0, ret = -1;

	if (list_read(&l, v, e) != 0 || tombstone_seen(v->b, v->store, &seen, e) != 0 ||
	    v->b->upkeep->number_get(v->store, SEEN_UNTIL, &seen_until, e) != 0)
		return -1;
	// Were the file lost: nothing of it is missed any more.
	if (l.text.len == 0 && seen_until != 0 && seen_until <= now)
		return transaction_end(v, LANE_RECORDS, v->b->upkeep->number_set(v->store, KEPT_FROM, seen + 1, e), e);
	// They stand in the order of their time, so the first expires first.
	const char *until = strchr(buf_text(&l.text), ' ');
	until = until == NULL ? NULL : strchr(until + 1, ' ');
	if (until == NULL || (strtoll(until + 1, NULL, 10) > now && !list_carries(&l)))
		return 0;
	for (size_t i = 0; i < l.text.len; i++)
		lines += l.text.data[i] == '\n';
	all = calloc(lines, sizeof *all);
	if (all == NULL)
		return err_set(e, ERR_MEMORY, "no memory");
	while ((more = list_next(&l, e)) > 0) {
		if (l.t.act != TOMBSTONE_CARRIED)
			continue;
		memcpy(all[count].id, l.t.id, sizeof all->id);
		all[count++].number = l.t.number;
	}
	qsort(all, count, sizeof *all, carrying_order);
	l.at = 0;
	while (more == 0 && (more = list_next(&l, e)) > 0) {
		more = 0;
		if (l.t.until <= now) {
			gone++;
			kept_from = l.t.number + 1;
			continue;
		}
		ended = l.t.act == TOMBSTONE_CARRIED ? carries_no_more(&l, all, count, e) : 0;
		if (ended < 0)
			goto cleanup;
		gone += ended > 0;
		tombstone_text(
		    v,
		    ended > 0 ? &(struct tombstone){.number = l.t.number, .at = l.t.at, .until = l.t.until, .act = TOMBSTONE_VOID} : &l.t,
		    &out);
	}
	if (more != 0)
		goto cleanup;
	if (out.failed)
		err_set(e, ERR_MEMORY, "no memory");
	else if (gone == 0)
		ret = 0;
	else if (kept_from == 0 || transaction_end(v, LANE_RECORDS, v->b->upkeep->number_set(v->store, KEPT_FROM, kept_from, e), e) == 0)
		ret = file_write(l.path, buf_text(&out), out.len, 0600, NULL, e);
	if (ret == 0)
		file_own_like(l.path, v->state);
cleanup:
	free(all);
	return ret;
}

int tombstone_settle(struct vault *v, time_t now, struct err *e)
{
	struct tombstone_list l LIST_AUTO = {0};
	struct commit_alone alone ALONE_AUTO = {0};

	if (list_read(&l, v, e) != 0)
		return -1;
	if (!list_carries(&l))
		return 0;
	return commit_alone(v, &alone, e) != 0 ? -1 : tombstone_prune(v, now, e);
}
