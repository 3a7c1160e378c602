// SPDX-License-Identifier: ISC
// After an erasure: is any marker of the subject still to be found in any store file? Reads through fresh connections, without the lock.
#include "policy/base/file.h"
#include "policy/vault/internal.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

void markers_add(struct markers *m, const void *bytes, size_t len)
{
	if (len == 0 || len > MARKER_MAX)
		return;
	if (m->count == m->room) {
		size_t room = m->room == 0 ? 16 : 2 * m->room;
		void *list = realloc(m->list, room * sizeof *m->list);
		if (list == NULL) {
			m->failed = true;
			return;
		}
		m->list = list;
		m->room = room;
	}
	m->list[m->count].len = len;
	memcpy(m->list[m->count++].bytes, bytes, len);
}

void markers_free(struct markers *m)
{
	if (m->list != NULL)
		wipe(m->list, m->room * sizeof *m->list);
	free(m->list);
	*m = (struct markers){0};
}

enum { FIRST_TWO = 65536 };
struct scan {
	const struct markers *markers;
	bool starts[FIRST_TWO]; // do any markers begin with these two bytes?
	size_t overlap;
	struct erase_result *out;
	const char *part; // of the piece before
};

static size_t pair(const uint8_t *at)
{
	return (size_t)at[0] | (size_t)at[1] << 8;
}

static void prepare(struct scan *s)
{
	for (size_t i = 0; i < s->markers->count; i++) {
		const struct marker *m = &s->markers->list[i];
		s->starts[pair(m->bytes)] = true;
		if (m->len - 1 > s->overlap)
			s->overlap = m->len - 1;
	}
}

static uint64_t hits_at(const struct scan *s, const uint8_t *at, size_t left)
{
	uint64_t hits = 0;

	for (size_t i = 0; i < s->markers->count; i++)
		hits += s->markers->list[i].len <= left && memcmp(at, s->markers->list[i].bytes, s->markers->list[i].len) == 0;
	return hits;
}

static void scan_piece(void *arg, const char *part, const void *bytes, size_t len)
{
	struct scan *s = arg;
	const uint8_t *at = bytes;

	if (s->part == NULL || strcmp(s->part, part) != 0) {
		s->out->residue_files++;
		s->part = part;
	}
	s->out->residue_bytes += len;
	for (size_t i = 0; i + 1 < len; i++)
		if (s->starts[pair(at + i)])
			s->out->residue_hits += hits_at(s, at + i, len - i);
}

static int scan_store(enum store_file file, const char *path, struct scan *s, struct err *e)
{
	struct store *store STORE_AUTO = NULL;

	if (store_open(&store, file, path, STORE_READ, e) != 0)
		return -1;
	s->part = NULL;
	return store_scan(store, s->overlap, scan_piece, s, e);
}

static int scan_segment(struct vault *v, const char *day, void *arg, struct err *e)
{
	struct err why = {0};
	char path[PATH_MAX];

	if (log_path(v, path, day, "", e) != 0)
		return -1;
	if (scan_store(STORE_LOG, path, arg, &why) != 0 && why.code != ERR_NOT_FOUND) // pruned in this moment
		return err_set(e, why.code, "%s", why.text);
	return 0;
}

// File names in the spool, against markers that are text.
static void scan_names(const struct vault *v, struct scan *s)
{
	DIR *d = opendir(v->spool);

	if (d == NULL)
		return;
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
		for (size_t i = 0; i < s->markers->count; i++)
			s->out->residue_hits +=
			    memmem(entry->d_name, strlen(entry->d_name), s->markers->list[i].bytes, s->markers->list[i].len) != NULL;
	closedir(d);
}

int residue_scan(struct vault *v, const struct markers *m, struct erase_result *out, struct err *e)
{
	struct scan *s = calloc(1, sizeof *s);
	char vault[PATH_MAX], keys[PATH_MAX];
	int ret = -1;

	if (s == NULL || m->failed) {
		free(s);
		return err_set(e, ERR_MEMORY, "no memory to scan");
	}
	s->markers = m;
	s->out = out;
	out->residue_files = out->residue_bytes = out->residue_hits = 0;
	prepare(s);
	if (state_path(v, vault, "vault.db", e) == 0 && state_path(v, keys, "keys/keys.db", e) == 0 &&
	    scan_store(STORE_VAULT, vault, s, e) == 0 && scan_store(STORE_KEYS, keys, s, e) == 0 &&
	    log_each_day(v, scan_segment, s, e) == 0)
		ret = 0;
	scan_names(v, s);
	free(s);
	return ret;
}
