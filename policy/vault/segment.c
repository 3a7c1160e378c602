// SPDX-License-Identifier: ISC
#include "policy/vault/segment.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/model/life.h"
#include "policy/vault/clock_guard.h"
#include "policy/vault/commit.h"
#include "policy/vault/ledger.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

// Of what has ended blocks of 2^8, and of 2^16, are one row: these are the tiles of what is published.
enum { COMPRESSION = 9, ENDED_LEVEL = 8, ENDED_BLOCKS_LEVEL = 16 };
const char segment_number_unsearched[] = "unsearched";
static const char ENDED[] = "segments-ended"; // the number of the first event that is kept
static const char PRUNED[] = "{\"kind\":\"ledger\",";

static int segment_path(const struct vault *v, uint64_t start, char out[PATH_MAX], struct err *e)
{
	char name[48];

	snprintf(name, sizeof name, "ledger/%012llu.gz", (unsigned long long)start);
	return path_join(out, PATH_MAX, v->state, name, e);
}

// ---- the row ----

static void segment_seal(const struct vault *v, const struct mark_row *row, uint8_t out[HASH_LEN])
{
	static const char ended[] = " ended"; // only who has the key may say that its file is rightly gone
	char text[128 + HASH_LEN + MERKLE_PACKED_MAX + sizeof ended], *at = text;

	at += snprintf(text, 128, "%llu %llu %lld %lld ", (unsigned long long)row->start, (unsigned long long)row->size,
		       (long long)row->first_at, (long long)row->at);
	at = mempcpy(at, row->root, HASH_LEN);
	at = mempcpy(at, row->range, row->range_len);
	at = mempcpy(at, ended, row->there ? 0 : sizeof ended - 1);
	keyed_hash(out, v->ledger_key, "segment", text, (size_t)(at - text));
}

int segment_row_get(const struct vault *v, enum mark_side side, uint64_t size, struct mark_row *out, struct err *e)
{
	uint8_t expected[HASH_LEN];
	int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_SEGMENT, side, size, out, e);

	if (there <= 0)
		return there;
	segment_seal(v, out, expected);
	return equal_secret(expected, out->seal, HASH_LEN)
		   ? 1
		   : err_set(e, ERR_CORRUPT, "the row of the closed segment from event %llu on was altered; run: lethe audit verify",
			     (unsigned long long)out->start);
}

int segment_tree(const struct vault *v, uint64_t size, struct merkle *out, struct err *e)
{
	struct mark_row row;
	const int there = segment_row_get(v, MARK_UP_TO, size, &row, e);

	*out = (struct merkle){0};
	if (there <= 0 || merkle_unpack(out, row.size, row.range, row.range_len) == 0)
		return there < 0 ? -1 : 0;
	*out = (struct merkle){0};
	return err_set(e, ERR_CORRUPT, "the row of the closed segment from event %llu on is damaged", (unsigned long long)row.start);
}

// ---- the file ----

static int damaged(const struct mark_row *row, const char *what, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "the file of the events %llu to %llu %s", (unsigned long long)row->start,
		       (unsigned long long)row->size - 1, what);
}

static int file_unpack(const struct vault *v, const struct mark_row *row, struct buf *out, struct err *e)
{
	struct buf packed BUF_AUTO = BUF_INIT(SEGMENT_BYTES_MAX);
	struct err why = {0};
	char path[PATH_MAX];
	uint32_t len = 0; // what gzip ends with: the length of the text

	if (!row->there)
		return err_set(e, ERR_NOT_FOUND, "the events %llu to %llu are kept no longer", (unsigned long long)row->start,
			       (unsigned long long)row->size - 1);
	if (segment_path(v, row->start, path, e) != 0)
		return -1;
	if (file_read(path, &packed, &why) != 0)
		return why.code == ERR_NOT_FOUND ? damaged(row, "is missing", e) : err_set(e, why.code, "%s", why.text);
	if (packed.len < 18)
		return damaged(row, "is damaged", e);
	memcpy(&len, packed.data + packed.len - sizeof len, sizeof len);
	char *to = len <= SEGMENT_BYTES_MAX ? buf_reserve(out, (size_t)len + 1) : NULL;
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t used = 0; // nothing stands behind it
	bool good = to != NULL && d != NULL &&
		    libdeflate_gzip_decompress_ex(d, packed.data, packed.len, to, len, &used, NULL) == LIBDEFLATE_SUCCESS &&
		    used == packed.len;
	libdeflate_free_decompressor(d);
	if (!good)
		return damaged(row, "is damaged", e);
	buf_took(out, len);
	return 0;
}

int segment_pack(const struct buf *text, struct buf *out, struct err *e)
{
	struct libdeflate_compressor *d = libdeflate_alloc_compressor(COMPRESSION);
	const size_t bound = d == NULL ? 0 : libdeflate_gzip_compress_bound(d, text->len);
	char *to = d == NULL ? NULL : buf_reserve(out, bound);
	const size_t len = to == NULL ? 0 : libdeflate_gzip_compress(d, text->data, text->len, to, bound);

	libdeflate_free_compressor(d);
	if (len == 0)
		return err_set(e, ERR_MEMORY, "no memory to pack entries of the ledger");
	buf_took(out, len);
	return 0;
}

// The next field, up to the sign `end`, which becomes its NUL; NULL when there is none.
static char *next_field(char **at, const char *limit, char end)
{
	char *start = *at, *sign = start < limit ? memchr(start, end, (size_t)(limit - start)) : NULL;

	if (sign == NULL)
		return NULL;
	*sign = '\0';
	*at = sign + 1;
	return start;
}

static int parse_event(char **at, const char *limit, struct ledger_row *out, uint8_t commitment[HASH_LEN])
{
	char *seconds = next_field(at, limit, '\t'), again[NUMBER_TEXT];

	out->name = next_field(at, limit, '\t');
	out->policy = next_field(at, limit, '\t');
	out->details = next_field(at, limit, '\t');
	const char *hex = next_field(at, limit, '\n');

	if (seconds == NULL || out->name == NULL || out->policy == NULL || out->details == NULL || hex == NULL)
		return -1;
	out->at = strtoll(seconds, NULL, 10);
	out->commitment = commitment;
	out->seal = NULL;
	memset(commitment, 0, HASH_LEN);
	// One event has one text: whatever is written in another way was not written here.
	text_number(again, out->at);
	if (strcmp(again, seconds) != 0)
		return -1;
	if (strcmp(hex, "-") == 0)
		return 0;
	return hex_decode(commitment, HASH_LEN, hex) == 0 && hex[strcspn(hex, "ABCDEF")] == '\0' && hex[strspn(hex, "0")] != '\0' ? 0 : -1;
}

static void head_line(char out[96], uint64_t start, uint64_t count)
{
	snprintf(out, 96, "lethe-ledger/v1 %llu %llu\n", (unsigned long long)start, (unsigned long long)count);
}

int segment_read(char *text, size_t len, const struct mark_row *row, uint64_t from, uint64_t to,
		 int (*each)(void *, const struct ledger_row *), void *arg, struct err *e)
{
	char head[96];

	head_line(head, row->start, row->size - row->start);
	if (len < strlen(head) || memcmp(text, head, strlen(head)) != 0)
		return damaged(row, "is that of others", e);
	if (memchr(text, '\0', len) != NULL)
		return damaged(row, "is damaged", e);
	char *at = text + strlen(head);
	const char *limit = text + len;
	for (uint64_t seq = row->start; seq < row->size; seq++) {
		struct ledger_row event = {.seq = (int64_t)seq};
		uint8_t commitment[HASH_LEN];
		if (parse_event(&at, limit, &event, commitment) != 0)
			return damaged(row, "is damaged", e);
		if (seq >= to || (seq >= from && each(arg, &event) != 0))
			return 1;
	}
	return at == limit ? 0 : damaged(row, "is longer than they are", e);
}

int segment_each(const struct vault *v, const struct mark_row *row, uint64_t from, uint64_t to,
		 int (*each)(void *, const struct ledger_row *), void *arg, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(SEGMENT_BYTES_MAX);

	return file_unpack(v, row, &text, e) != 0 ? -1 : segment_read(text.data, text.len, row, from, to, each, arg, e);
}

int64_t segment_files(const struct vault *v)
{
	char folder[PATH_MAX];
	int64_t count = 0;
	DIR *d = path_join(folder, sizeof folder, v->state, "ledger", NULL) == 0 ? opendir(folder) : NULL;

	if (d == NULL)
		return errno == ENOENT ? 0 : -1;
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
		struct mark_row row;
		struct err none = {0};
		char *end;
		const uint64_t start = strtoull(entry->d_name, &end, 10);
		if (end == entry->d_name || strcmp(end, ".gz") != 0)
			continue;
		const bool part = segment_row_get(v, MARK_FROM, start + 1, &row, &none) > 0 && row.there && row.start < start;
		count += !part;
	}
	closedir(d);
	return count;
}

bool segment_file_there(const struct vault *v, const struct mark_row *row)
{
	char path[PATH_MAX];

	return segment_path(v, row->start, path, NULL) == 0 && access(path, F_OK) == 0;
}

int segment_lock(const struct vault *v, char folder[PATH_MAX], struct err *e)
{
	if (path_join(folder, PATH_MAX, v->state, "ledger", e) != 0 || folder_make(folder, 0750, e) != 0)
		return -1;
	file_own_like(folder, v->state);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && flock(fd, LOCK_EX) != 0)
		if (errno != EINTR)
			fd_close(&fd);
	return fd >= 0 ? fd : err_system(e, ERR_IO, errno, "%s", folder);
}

// ---- closing ----

struct closing {
	const struct vault *v;
	struct mark_row row;
	struct merkle part, whole; // of its events alone; of all up to now
	struct buf text;
	struct err why;
};

// The leaf of the row that is to be the event of this number, whose seal must hold.
static int sealed_leaf(const struct vault *v, const struct ledger_row *event, uint64_t number, uint8_t leaf[HASH_LEN], struct err *e)
{
	uint8_t expected[HASH_LEN];

	if ((uint64_t)event->seq != number || event->commitment == NULL || event->seal == NULL)
		return err_set(e, ERR_CORRUPT, "event %llu is missing or damaged", (unsigned long long)number);
	ledger_leaf(event, leaf);
	ledger_row_seal(v, leaf, expected);
	return equal_secret(expected, event->seal, HASH_LEN)
		   ? 0
		   : err_set(e, ERR_CORRUPT, "event %llu was altered", (unsigned long long)event->seq);
}

// Of what follows the tree `whole` the largest complete subtree that begins there, of `most` events at most, which is a power of 2.
static void closing_begin(struct closing *c, uint64_t most)
{
	const uint64_t start = c->whole.size, aligned = start & -start; // the largest power of 2 that divides it
	char line[96];

	c->row = (struct mark_row){
	    .mark = MARK_SEGMENT, .there = true, .start = start, .size = start + (aligned == 0 || aligned > most ? most : aligned)};
	c->part = (struct merkle){0};
	buf_reset(&c->text);
	head_line(line, start, c->row.size - start);
	buf_adds(&c->text, line);
}

static int closing_add(struct closing *c, const struct ledger_row *event, const uint8_t leaf[HASH_LEN])
{
	static const uint8_t none[HASH_LEN];
	char hex[2 * HASH_LEN + 1] = "-";

	if (strpbrk(event->name, "\t\n") != NULL || strpbrk(event->policy, "\t\n") != NULL || strpbrk(event->details, "\t\n") != NULL)
		return err_set(&c->why, ERR_INPUT, "event %llu has a line or a tab in it", (unsigned long long)event->seq);
	merkle_append(&c->part, leaf);
	merkle_append(&c->whole, leaf);
	if (c->row.first_at == 0)
		c->row.first_at = event->at;
	c->row.at = event->at;
	if (memcmp(event->commitment, none, HASH_LEN) != 0)
		hex_encode(hex, event->commitment, HASH_LEN);
	return buf_printf(&c->text, "%lld\t%s\t%s\t%s\t%s\n", (long long)event->at, event->name, event->policy, event->details, hex);
}

static int close_event(void *arg, const struct ledger_row *event)
{
	struct closing *c = arg;
	uint8_t leaf[HASH_LEN];

	return sealed_leaf(c->v, event, c->whole.size, leaf, &c->why) != 0 ? -1 : closing_add(c, event, leaf);
}

// What a crash left of an earlier attempt to write it.
static void remove_unfinished(const char *folder, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char other[PATH_MAX];
	DIR *d = opendir(folder);

	for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;)
		if (strncmp(entry->d_name, name, strlen(name)) == 0 && entry->d_name[strlen(name)] == '.' &&
		    path_join(other, sizeof other, folder, entry->d_name, NULL) == 0)
			unlink(other);
	if (d != NULL)
		closedir(d);
}

static bool buf_equal(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

// Written, and read back: what stands in the file is what the rows say.
static int file_pack(const struct closing *c, const char *folder, struct err *e)
{
	struct buf packed BUF_AUTO = BUF_INIT(SEGMENT_BYTES_MAX), again BUF_AUTO = BUF_INIT(SEGMENT_BYTES_MAX);
	char path[PATH_MAX];

	if (segment_pack(&c->text, &packed, e) != 0)
		return -1;
	if (segment_path(c->v, c->row.start, path, e) != 0)
		return -1;
	remove_unfinished(folder, path);
	// One that a crash left before its row says the same; what is damaged is made anew.
	if (access(path, F_OK) == 0 && file_unpack(c->v, &c->row, &again, NULL) == 0 && !buf_equal(&again, &c->text))
		return err_set(
		    e, ERR_CORRUPT,
		    "%s is there already and tells of other events: vault.db is older than it; nothing was changed; put vault.db, "
		    "vault.lock and ledger/ back as one backup has them",
		    path);
	buf_reset(&again);
	if (file_write(path, packed.data, packed.len, 0600, NULL, e) != 0)
		return -1;
	file_own_like(path, c->v->state);
	if (file_unpack(c->v, &c->row, &again, e) != 0)
		return -1;
	return buf_equal(&again, &c->text) ? 0 : err_set(e, ERR_IO, "%s reads back as another text than was written", path);
}

// Its file is there; what is left to do is to put its row.
static int closing_end(struct closing *c, const char *folder, struct err *e)
{
	merkle_root(&c->part, c->row.root);
	c->row.range_len = merkle_pack(&c->whole, c->row.range);
	segment_seal(c->v, &c->row, c->row.seal);
	return file_pack(c, folder, e);
}

static int run_put_row(struct vault *v, void *arg, struct err *e)
{
	return v->b->ledger->append(v->store, NULL, NULL, arg, e);
}

// 1: closed, 0: it is not complete yet. Its rows are committed and nobody changes them, so nobody waits while they are read and packed. Where its first
// events have ended as rows, the rest is closed in complete subtrees.
static int segment_close(struct vault *v, const char *folder, struct err *e)
{
	struct closing c = {.v = v, .text = BUF_INIT(SEGMENT_BYTES_MAX)};
	struct merkle head;
	int ret = -1;

	if (segment_tree(v, UINT64_MAX, &c.whole, e) != 0 || ledger_head(v, VIEW_COMMITTED, &head, NULL, e) != 0)
		return -1;
	const uint64_t whole = 1ULL << v->segment_level;
	if (head.size < (c.whole.size | (whole - 1)) + 1)
		return 0;
	closing_begin(&c, whole);
	if (ledger_walk_rows(v, (int64_t)c.row.start, (int64_t)c.row.size, false, close_event, &c, e) < 0)
		goto cleanup;
	if (c.why.code != ERR_NONE || c.whole.size != c.row.size || c.text.failed) {
		err_set(e, c.why.code == ERR_NONE ? ERR_CORRUPT : c.why.code,
			"the ledger is not closed further: %s; run: lethe audit verify",
			c.why.code == ERR_NONE ? "events are missing" : c.why.text);
		goto cleanup;
	}
	ret = closing_end(&c, folder, e) != 0 || commit_records(v, run_put_row, &c.row, e) != 0 ? -1 : 1;
cleanup:
	buf_free(&c.text);
	return ret;
}

int segment_close_all(struct vault *v, struct err *e)
{
	char folder[PATH_MAX];
	FD_AUTO int lock = segment_lock(v, folder, e);
	int closed = lock < 0 ? -1 : 1;

	while (closed > 0)
		closed = commit_sanitise(v, SANITISE_TRIM, e) != 0 ? -1 : segment_close(v, folder, e);
	return closed;
}

// ---- ending ----

int segment_minimum(const struct vault *v, int64_t *out, struct err *e)
{
	return v->b->upkeep->number_get(v->store, ENDED, out, e);
}

static bool event_is_due(const struct vault *v, time_t at, time_t horizon)
{
	const time_t end =
	    v->policy->kinds[KIND_LEDGER].keep == KEEP_STORED ? life_end(v->policy, KIND_LEDGER, clock_guard_date(v, at)) : 0;

	return end != 0 && end <= horizon;
}

// The events from `from` on, and the rows that take their place.
struct ending {
	const struct vault *v;
	time_t horizon;
	uint64_t from, to;
	struct merkle whole;          // of all up to `to`
	const struct mark_row *split; // the segment that these and its subtrees replace; or NULL
	struct mark_row *rows;
	size_t count, capacity;
	bool telling; // there is more among them than what tells of such ends: or each end made an event that ends, for ever
	struct err why;
};

static int ending_put(struct ending *x, const struct mark_row *row)
{
	if (!ARRAY_GROW(x->rows, x->count, x->capacity))
		return err_set(&x->why, ERR_MEMORY, "no memory");
	x->rows[x->count++] = *row;
	return 0;
}

// A row for the event, whose root is its leaf; or the one of the whole block that it completes, in which others may have ended long ago.
static int end_leaf(struct ending *x, const struct ledger_row *event, const uint8_t leaf[HASH_LEN])
{
	const struct merkle before = x->whole;

	merkle_append(&x->whole, leaf);
	struct mark_row row = {.mark = MARK_SEGMENT, .size = x->whole.size, .first_at = event->at, .at = event->at};
	const unsigned level = row.size % (1U << ENDED_BLOCKS_LEVEL) == 0 ? ENDED_BLOCKS_LEVEL
			       : row.size % (1U << ENDED_LEVEL) == 0      ? ENDED_LEVEL
									  : 0;
	row.start = row.size - (1ULL << level);
	memcpy(row.root, leaf, HASH_LEN);
	for (unsigned i = 0; i < level; i++)
		merkle_join(row.root, before.node[i], row.root);
	row.range_len = merkle_pack(&x->whole, row.range);
	segment_seal(x->v, &row, row.seal);
	while (x->count > 0 && x->rows[x->count - 1].start >= row.start)
		x->count--;
	x->to = row.size;
	x->telling = x->telling || strcmp(event->name, "prune") != 0 || strncmp(event->details, PRUNED, sizeof PRUNED - 1) != 0;
	return ending_put(x, &row);
}

static int end_event(void *arg, const struct ledger_row *event)
{
	struct ending *x = arg;
	uint8_t leaf[HASH_LEN];

	if (!event_is_due(x->v, event->at, x->horizon))
		return 1;
	return sealed_leaf(x->v, event, x->whole.size, leaf, &x->why) != 0 ? -1 : end_leaf(x, event, leaf);
}

static int end_closed_event(void *arg, const struct ledger_row *event)
{
	uint8_t leaf[HASH_LEN];

	ledger_leaf(event, leaf);
	return end_leaf(arg, event, leaf);
}

static int run_ending(struct vault *v, void *arg, struct err *e)
{
	const struct ending *x = arg;
	char details[128];
	const struct ledger_event event = {.name = "prune", .details = details};

	snprintf(details, sizeof details, "%s\"from\":%llu,\"events\":%llu}", PRUNED, (unsigned long long)x->from,
		 (unsigned long long)(x->to - x->from));
	if (x->split != NULL && v->b->ledger->append(v->store, NULL, NULL, x->split, e) != 0)
		return -1;
	for (size_t i = 0; i < x->count; i++)
		if (v->b->ledger->append(v->store, NULL, NULL, &x->rows[i], e) != 0)
			return -1;
	if (v->b->upkeep->number_set(v->store, ENDED, (int64_t)x->to, e) != 0 ||
	    v->b->ledger->checkpoints_end(v->store, x->from, x->to, e) != 0)
		return -1;
	return ledger_write(v, x->telling ? &event : NULL, NULL, e);
}

// Those in no segment yet, from the first on. The row that tells of this stands behind them.
static int end_rows(struct vault *v, time_t horizon, uint64_t to, bool dry_run, size_t *events, struct err *e)
{
	struct ending x = {.v = v, .horizon = horizon};
	struct merkle head;

	if (segment_tree(v, UINT64_MAX, &x.whole, e) != 0 || ledger_head(v, VIEW_COMMITTED, &head, NULL, e) != 0)
		return -1;
	x.from = x.whole.size;
	int ret = ledger_walk_rows(v, (int64_t)x.from, (int64_t)(to < head.size ? to : head.size), false, end_event, &x, e) < 0 ? -1 : 0;
	if (ret == 0 && x.why.code != ERR_NONE)
		ret = err_set(e, x.why.code, "the ledger's entries do not end: %s; run: lethe audit verify", x.why.text);
	*events += (size_t)(x.whole.size - x.from);
	if (ret == 0 && !dry_run && x.count > 0)
		ret = commit_records(v, run_ending, &x, e) != 0 ? -1 : commit_sanitise(v, SANITISE_TRIM, e);
	// Nor do they stay in the write-ahead log; a reader may hold that up, the next time does it.
	if (ret == 0 && !dry_run && x.count > 0)
		commit_sanitise(v, SANITISE_LOGS, &(struct err){0});
	free(x.rows);
	return ret;
}

// A closed segment whose last event has ended: by its events, or, where its file cannot be read any more, as a whole.
static int end_segment(struct vault *v, struct mark_row *row, struct err *e)
{
	struct ending x = {.v = v, .from = row->start};
	struct err why = {0};
	uint8_t range[MERKLE_PACKED_MAX];

	if (segment_tree(v, row->start, &x.whole, e) != 0)
		return -1;
	const struct merkle start = x.whole;
	if (segment_each(v, row, row->start, row->size, end_closed_event, &x, &why) < 0 || x.why.code != ERR_NONE ||
	    merkle_pack(&x.whole, range) != row->range_len || memcmp(range, row->range, row->range_len) != 0) {
		x.whole = start;
		merkle_append_subtree(&x.whole, (unsigned)__builtin_ctzll(row->size - row->start), row->root);
		row->there = false;
		segment_seal(v, row, row->seal);
		x.to = row->size;
		x.telling = true;
		x.count = 0;
		if (ending_put(&x, row) != 0) {
			free(x.rows);
			return err_set(e, ERR_MEMORY, "no memory");
		}
	}
	const int ret = commit_records(v, run_ending, &x, e);
	free(x.rows);
	return ret;
}

// A closed segment of which the first events have ended.
struct splitting {
	struct ending ended;
	struct closing rest;
	const char *folder; // NULL: what ends is only counted
	uint64_t before;    // from here on nothing ends
};

static int split_event(void *arg, const struct ledger_row *event)
{
	struct splitting *s = arg;
	struct closing *c = &s->rest;
	struct ending *x = &s->ended;
	uint8_t leaf[HASH_LEN];

	ledger_leaf(event, leaf);
	if (x->whole.size == c->whole.size && (uint64_t)event->seq < s->before && event_is_due(x->v, event->at, x->horizon)) {
		const int ret = end_leaf(x, event, leaf);
		c->whole = x->whole;
		return ret;
	}
	if (s->folder == NULL)
		return 1;
	if (c->whole.size >= c->row.size)
		closing_begin(c, 1ULL << 63);
	if (closing_add(c, event, leaf) != 0)
		return -1;
	if (c->whole.size < c->row.size)
		return 0;
	return closing_end(c, s->folder, &c->why) != 0 ? -1 : ending_put(x, &c->row);
}

// Its first events, which have ended, become rows; the others are closed anew, in complete subtrees. The next time it is the first of these, so an event
// is written again as often as a segment can be halved. Where its file is damaged, which verifying tells, it stays until all of it has ended.
static int split_segment(struct vault *v, const struct mark_row *row, const char *folder, uint64_t before, time_t horizon, size_t *events,
			 struct err *e)
{
	struct mark_row gone = *row; // the last subtree, which ends where it did, takes its place
	struct splitting s = {.ended = {.v = v, .from = row->start, .to = row->start, .horizon = horizon, .split = &gone},
			      .rest = {.v = v, .text = BUF_INIT(SEGMENT_BYTES_MAX)},
			      .folder = folder,
			      .before = before};
	struct err why = {0};
	uint8_t range[MERKLE_PACKED_MAX];
	int ret = -1;

	if (segment_tree(v, row->start, &s.ended.whole, e) != 0)
		return -1;
	s.rest.whole = s.ended.whole;
	gone.there = false;
	segment_seal(v, &gone, gone.seal);
	const int read = segment_each(v, row, row->start, row->size, split_event, &s, &why);
	if (s.ended.why.code != ERR_NONE || s.rest.why.code != ERR_NONE) {
		*e = s.ended.why.code != ERR_NONE ? s.ended.why : s.rest.why;
		goto cleanup;
	}
	const bool same =
	    read == 0 && merkle_pack(&s.rest.whole, range) == row->range_len && memcmp(range, row->range, row->range_len) == 0;
	if (read >= 0 && (same || folder == NULL))
		*events += s.ended.to - row->start;
	ret = same && folder != NULL && s.ended.to > row->start ? commit_records(v, run_ending, &s.ended, e) : 0;
cleanup:
	free(s.ended.rows);
	buf_free(&s.rest.text);
	return ret;
}

// The files of what has ended, whether in this run or in one that a crash cut short.
static int remove_ended(const char *folder, uint64_t minimum, struct err *e)
{
	char path[PATH_MAX], *end;
	DIR *d = opendir(folder);
	bool gone = false;
	int ret = 0;

	if (d == NULL)
		return err_system(e, ERR_IO, errno, "%s", folder);
	for (const struct dirent *entry; ret == 0 && (entry = readdir(d)) != NULL;) {
		const uint64_t start = strtoull(entry->d_name, &end, 10);
		if (end == entry->d_name || strcmp(end, ".gz") != 0 || start >= minimum)
			continue;
		gone = true;
		if (path_join(path, sizeof path, folder, entry->d_name, e) != 0 || (unlink(path) != 0 && errno != ENOENT))
			ret = err_system(e, ERR_IO, errno, "%s/%s is kept no longer, but is still there", folder, entry->d_name);
	}
	closedir(d);
	return ret == 0 && gone ? folder_sync(folder, e) : ret;
}

int segment_prune(struct vault *v, time_t horizon, bool dry_run, size_t *events, struct err *e)
{
	struct mark_row row = {0};
	char folder[PATH_MAX];
	FD_AUTO int lock = dry_run ? -1 : segment_lock(v, folder, e);
	int64_t ended, unfinished;

	if ((!dry_run && lock < 0) || segment_minimum(v, &ended, e) != 0 ||
	    v->b->upkeep->number_get(v->store, segment_number_unsearched, &unfinished, e) != 0)
		return -1;
	const uint64_t to = unfinished == 0 ? INT64_MAX : (uint64_t)unfinished - 1; // an erasure that is not finished needs its event
	uint64_t minimum = (uint64_t)ended;
	int there, ret = 0;
	while (ret == 0 && (there = segment_row_get(v, MARK_FROM, minimum + 1, &row, e)) > 0 && row.size <= to &&
	       event_is_due(v, row.at, horizon)) {
		*events += row.there ? row.size - row.start : 0;
		minimum = row.size;
		ret = dry_run ? 0 : end_segment(v, &row, e);
	}
	if (ret == 0 && there > 0 && row.there && row.start < to && event_is_due(v, row.first_at, horizon))
		ret = split_segment(v, &row, dry_run ? NULL : folder, to, horizon, events, e);
	if (ret == 0 && !dry_run && segment_minimum(v, &ended, e) == 0)
		minimum = (uint64_t)ended;
	if (ret != 0 || there < 0 || (!dry_run && remove_ended(folder, minimum, e) != 0))
		return -1;
	return there > 0 ? 0 : end_rows(v, horizon, to, dry_run, events, e);
}
