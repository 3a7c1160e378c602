// SPDX-License-Identifier: ISC
#include "policy/vault/tiles.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/vault/ledger.h"
#include "policy/vault/ledger_key.h"
#include "policy/vault/ledger_walk.h"
#include "policy/vault/segment.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
	TILE_WIDTH = 256,
	TILE_BITS = 8,
	TILE_LEVELS = 8,
	ENTRIES = TILE_LEVELS, // as a level: those of the entries themselves
	FACTS_MAX = 128 * 1024,
	ENTRIES_MAX = TILE_WIDTH * (2 + 64 * 1024),
};

struct tiles {
	struct vault *v;
	const char *folder;
	uint64_t size;                                    // of what was added
	uint8_t edge[TILE_LEVELS][TILE_WIDTH * HASH_LEN]; // the last tile of each level, as far as it goes
	struct buf entries;
	struct err why;
};

static unsigned tile_width(uint64_t size, unsigned level)
{
	return (unsigned)(size >> (TILE_BITS * level)) % TILE_WIDTH;
}

// "tile/0/x001/067", and ".p/12" where it is not full; `width` 0: it is. The folders of it are made.
static int tile_path(const struct tiles *t, unsigned level, uint64_t number, unsigned width, char out[PATH_MAX], bool make, struct err *e)
{
	char name[96], folder[PATH_MAX];
	uint64_t unit = 1;
	int n = level == ENTRIES ? snprintf(name, sizeof name, "tile/entries/") : snprintf(name, sizeof name, "tile/%u/", level);

	while (number / unit >= 1000)
		unit *= 1000;
	for (; unit >= 1; unit /= 1000)
		n += snprintf(name + n, sizeof name - (size_t)n, "%s%03u%s", unit > 1 ? "x" : "", (unsigned)(number / unit % 1000),
			      unit > 1 ? "/" : "");
	if (width != 0)
		n += snprintf(name + n, sizeof name - (size_t)n, ".p/%u", width);
	snprintf(name + n, sizeof name - (size_t)n, "%s", level == ENTRIES ? ".gz" : "");
	if (path_join(out, PATH_MAX, t->folder, name, e) != 0)
		return -1;
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(out, '/') - out), out);
	return make ? folder_make(folder, 0755, e) : 0;
}

// Everything belongs to who owns the folder, also what root wrote.
static int tile_write(const struct tiles *t, unsigned level, uint64_t number, unsigned width, const void *bytes, size_t len, struct err *e)
{
	char path[PATH_MAX];
	int changed = 0;

	if (tile_path(t, level, number, width, path, true, e) != 0 || file_replace(path, bytes, len, 0644, &changed, e) != 0)
		return -1;
	for (; strlen(path) > strlen(t->folder); *strrchr(path, '/') = '\0')
		file_own_like(path, t->folder);
	return 0;
}

static void tile_remove(const struct tiles *t, unsigned level, uint64_t number, unsigned width)
{
	char path[PATH_MAX];

	if (tile_path(t, level, number, width, path, false, NULL) != 0)
		return;
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path); // once it is empty
}

static int write_entries(struct tiles *t, uint64_t number, unsigned width, struct err *e)
{
	struct buf packed BUF_AUTO = BUF_INIT(2 * ENTRIES_MAX);

	return segment_pack(&t->entries, &packed, e) != 0 ? -1 : tile_write(t, ENTRIES, number, width, packed.data, packed.len, e);
}

// A hash of the level, which fills tiles and makes hashes of the levels above.
static int add_hash(struct tiles *t, unsigned level, uint64_t index, const uint8_t hash[HASH_LEN], struct err *e)
{
	struct merkle tree = {0};
	uint8_t root[HASH_LEN];

	memcpy(t->edge[level] + index % TILE_WIDTH * HASH_LEN, hash, HASH_LEN);
	if (index % TILE_WIDTH != TILE_WIDTH - 1)
		return 0;
	if (tile_write(t, level, index / TILE_WIDTH, 0, t->edge[level], sizeof t->edge[level], e) != 0)
		return -1;
	for (unsigned i = 0; i < TILE_WIDTH; i++)
		merkle_append(&tree, t->edge[level] + i * HASH_LEN);
	merkle_root(&tree, root);
	return level + 1 < TILE_LEVELS ? add_hash(t, level + 1, index / TILE_WIDTH, root, e) : 0;
}

static int add_event(void *arg, const struct ledger_row *row)
{
	struct tiles *t = arg;
	struct buf bytes BUF_AUTO = BUF_INIT(UINT16_MAX);
	uint8_t leaf[HASH_LEN];
	struct bytes part;

	if ((uint64_t)row->seq != t->size || row->commitment == NULL || ledger_row_bytes(row, &bytes) != 0)
		return err_set(&t->why, ERR_CORRUPT, "event %llu is missing or damaged; run: lethe audit verify",
			       (unsigned long long)t->size);
	part = (struct bytes){bytes.data, bytes.len};
	merkle_leaf(leaf, &part, 1);
	buf_add(&t->entries, (const uint8_t[]){(uint8_t)(bytes.len >> 8), (uint8_t)bytes.len}, 2);
	buf_add(&t->entries, bytes.data, bytes.len);
	const uint64_t number = t->size++ / TILE_WIDTH;
	if (add_hash(t, 0, t->size - 1, leaf, &t->why) != 0)
		return -1;
	if (t->size % TILE_WIDTH != 0)
		return 0;
	if (write_entries(t, number, 0, &t->why) != 0)
		return -1;
	buf_reset(&t->entries);
	return 0;
}

// What stands in the place of events that are kept no longer: their hash, and an entry of length 0.
static int add_ended(struct tiles *t, struct err *e)
{
	struct mark_row row;
	int there;

	while ((there = segment_row_get(t->v, MARK_FROM, t->size + 1, &row, e)) > 0 && !row.there && row.start == t->size) {
		const uint64_t count = row.size - row.start;
		if (count != 1 && count != TILE_WIDTH && count != TILE_WIDTH * TILE_WIDTH)
			return 0; // whose hashes are in the files, or nowhere
		t->size = row.size;
		if (add_hash(t, (unsigned)__builtin_ctzll(count) / TILE_BITS, row.start / count, row.root, e) != 0)
			return -1;
		if (count == 1)
			buf_add(&t->entries, (const uint8_t[2]){0}, 2);
		if (count == 1 && t->size % TILE_WIDTH == 0) {
			if (write_entries(t, row.start / TILE_WIDTH, 0, e) != 0)
				return -1;
			buf_reset(&t->entries);
		}
	}
	return there < 0 ? -1 : 0;
}

// The edges as they were published for a size that is full on level 0. -1: they cannot all be read.
static int read_edges(struct tiles *t, uint64_t size)
{
	char path[PATH_MAX];
	struct err none = {0};

	t->size = size;
	for (unsigned level = 1; level < TILE_LEVELS; level++) {
		struct buf tile BUF_AUTO = BUF_INIT(sizeof t->edge[0] + 1);
		const unsigned width = tile_width(size, level);
		if (width == 0)
			continue;
		if (tile_path(t, level, size >> (TILE_BITS * (level + 1)), width, path, false, &none) != 0 ||
		    file_read(path, &tile, &none) != 0 || tile.len != width * HASH_LEN)
			return -1;
		memcpy(t->edge[level], tile.data, tile.len);
	}
	return 0;
}

// Adds what came since, up to `to`, and the partial tiles of that size; compares the root of all with the signed one.
static int add_up_to(struct tiles *t, const struct mark_row *to, struct err *e)
{
	struct merkle tree = {0};
	uint8_t root[HASH_LEN];

	if (add_ended(t, e) != 0 || (t->size < to->size && ledger_walk(t->v, t->size, to->size, add_event, t, e) != 0))
		return -1;
	if (t->why.code != ERR_NONE || t->size != to->size || t->entries.failed)
		return err_set(e, t->why.code != ERR_NONE ? t->why.code : ERR_CORRUPT, "%s",
			       t->why.code != ERR_NONE ? t->why.text : "the ledger ends before its checkpoint; run: lethe audit verify");
	for (unsigned level = TILE_LEVELS; level-- > 0;)
		for (unsigned i = 0; i < tile_width(t->size, level); i++)
			merkle_append_subtree(&tree, TILE_BITS * level, t->edge[level] + i * HASH_LEN);
	merkle_root(&tree, root);
	if (memcmp(root, to->root, HASH_LEN) != 0)
		return err_set(e, ERR_CORRUPT, "what is published of the ledger does not lead to its checkpoint");
	for (unsigned level = 0; level < TILE_LEVELS; level++)
		if (tile_width(t->size, level) != 0 &&
		    tile_write(t, level, t->size >> (TILE_BITS * (level + 1)), tile_width(t->size, level), t->edge[level],
			       tile_width(t->size, level) * HASH_LEN, e) != 0)
			return -1;
	return tile_width(t->size, 0) == 0 ? 0 : write_entries(t, t->size >> TILE_BITS, tile_width(t->size, 0), e);
}

// Whoever has the checkpoint of an older size asks for its partial tiles, until they are full.
static void remove_partial(const struct tiles *t, uint64_t size)
{
	for (unsigned level = 0; level <= ENTRIES; level++) {
		const unsigned shift = TILE_BITS * (level == ENTRIES ? 1 : level + 1);
		const uint64_t number = shift < 64 ? size >> shift : 0, now = shift < 64 ? t->size >> shift : 0;
		for (unsigned width = 1; width < TILE_WIDTH && number != now; width++)
			tile_remove(t, level, number, width);
	}
}

// The partial tiles of older sizes that have entries which are kept no longer, and the full ones, from the newest of those that were published up to a
// size backwards, up to what went before.
static void remove_pruned(const struct tiles *t, uint64_t minimum, uint64_t published)
{
	char path[PATH_MAX];

	for (unsigned width = 1; width < TILE_WIDTH && minimum % TILE_WIDTH != 0; width++)
		if (t->size != minimum / TILE_WIDTH * TILE_WIDTH + width)
			tile_remove(t, ENTRIES, minimum / TILE_WIDTH, width);
	for (uint64_t number = (minimum < published ? minimum : published) / TILE_WIDTH; number-- > 0;) {
		if (tile_path(t, ENTRIES, number, 0, path, false, NULL) != 0 || access(path, F_OK) != 0)
			return;
		tile_remove(t, 0, number, 0);
		tile_remove(t, ENTRIES, number, 0);
	}
}

static int keep_entry(void *arg, const struct ledger_row *row)
{
	struct tiles *t = arg;
	struct buf bytes BUF_AUTO = BUF_INIT(UINT16_MAX);

	if (row->commitment == NULL || ledger_row_bytes(row, &bytes) != 0)
		return -1;
	buf_add(&t->entries, (const uint8_t[]){(uint8_t)(bytes.len >> 8), (uint8_t)bytes.len}, 2);
	return buf_add(&t->entries, bytes.data, bytes.len);
}

// The entries' tile of which the first are kept no longer.
static int blank_pruned(struct tiles *t, uint64_t minimum, struct err *e)
{
	const uint64_t number = minimum / TILE_WIDTH, rest = t->size - number * TILE_WIDTH,
		       end = rest < TILE_WIDTH ? t->size : (number + 1) * TILE_WIDTH;

	if (minimum % TILE_WIDTH == 0 || minimum >= t->size)
		return 0;
	buf_reset(&t->entries);
	for (uint64_t i = number * TILE_WIDTH; i < minimum; i++)
		buf_add(&t->entries, (const uint8_t[2]){0}, 2);
	if (ledger_walk(t->v, minimum, end, keep_entry, t, e) != 0)
		return -1;
	return t->entries.failed ? err_set(e, ERR_MEMORY, "no memory to publish the ledger")
				 : write_entries(t, number, (unsigned)(end % TILE_WIDTH), e);
}

static int facts_write(const struct tiles *t, const char *name, const struct buf *text, struct err *e)
{
	char path[PATH_MAX];
	int changed;

	if (path_join(path, sizeof path, t->folder, name, e) != 0 || file_replace(path, text->data, text->len, 0644, &changed, e) != 0)
		return -1;
	file_own_like(path, t->folder);
	return 0;
}

static int write_facts(const struct tiles *t, uint64_t minimum, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(FACTS_MAX), list BUF_AUTO = BUF_INIT(FACTS_MAX);
	JSON_AUTO cJSON *facts = cJSON_CreateObject(), *lines = cJSON_CreateArray();
	cJSON *keys;
	char origin[NOTE_NAME_MAX];
	bool good = true;

	if (ledger_keys_json(t->v->state, &keys, e) != 0)
		return -1;
	for (int i = cJSON_GetArraySize(keys); i-- > 0;) { // the newest first
		const cJSON *one = cJSON_GetArrayItem(keys, i), *until = json_get(one, "until_size");
		cJSON *line = json_make(JSON_MEMBERS(MEMBER_TEXT("key", json_string(one, "key"))));
		good &= cJSON_AddItemToArray(lines, line) &&
			(until == NULL || json_put(line, JSON_MEMBERS(MEMBER_NUMBER("until_size", cJSON_GetNumberValue(until)),
								      MEMBER_TEXT("handover", json_string(one, "handover")))));
	}
	const char *key = json_string(cJSON_GetArrayItem(keys, cJSON_GetArraySize(keys) - 1), "key");
	ledger_key_origin(t->v, origin);
	good = json_put(facts, JSON_MEMBERS(MEMBER_TEXT("origin", origin), MEMBER_TEXT("key", key), MEMBER_NUMBER("minimum_index", minimum),
					    MEMBER_NUMBER("size", t->size))) &&
	       good && json_print(&list, lines) == 0;
	// The same for the page that may fetch nothing.
	buf_printf(&text, "export const key = \"%s\";\nexport const keys = %s;\n", key, buf_text(&list));
	if (!cJSON_AddItemToObject(facts, "keys", keys))
		cJSON_Delete(keys);
	if (!good || text.failed || facts_write(t, ".well-known/ledger.js", &text, e) != 0)
		return good && !text.failed ? -1 : err_set(e, ERR_MEMORY, "no memory to publish the ledger");
	buf_reset(&text);
	return json_print(&text, facts) != 0 || buf_addc(&text, '\n') != 0 ? err_set(e, ERR_MEMORY, "no memory to publish the ledger")
									   : facts_write(t, ".well-known/ledger.json", &text, e);
}

int tiles_publish(struct vault *v, const char *folder, struct err *e)
{
	struct tiles t = {.v = v, .folder = folder, .entries = BUF_INIT(ENTRIES_MAX)};
	struct buf old BUF_AUTO = BUF_INIT(65536);
	struct ledger_keys keys;
	struct checkpoint before = {0};
	struct mark_row last;
	struct err none = {0};
	char path[PATH_MAX];
	int64_t minimum = 0;
	int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_UP_TO, UINT64_MAX, &last, e), ret = -1;

	if (there <= 0)
		return there;
	FD_AUTO int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) != 0)
		return err_system(e, ERR_IO, errno, "%s", folder);
	if (ledger_keys_read(v->state, &keys, e) != 0 || segment_minimum(v, &minimum, e) != 0 ||
	    path_join(path, sizeof path, folder, ".well-known", e) != 0 || folder_make(path, 0755, e) != 0)
		return -1;
	file_own_like(path, folder);
	// What is there is gone on with where it is of this ledger, and made anew where it is damaged.
	const bool known = path_join(path, sizeof path, folder, ".well-known/checkpoint", e) == 0 && file_read(path, &old, &none) == 0 &&
			   ledger_keys_open(&keys, buf_text(&old), old.len, &before, &none) == 0 && before.size <= last.size;
	if (known && read_edges(&t, before.size - before.size % TILE_WIDTH) == 0)
		ret = before.size == last.size && memcmp(before.root, last.root, HASH_LEN) == 0 ? (t.size = last.size, 0)
												: add_up_to(&t, &last, e);
	if (ret != 0) {
		buf_reset(&t.entries);
		t.size = 0;
		t.why = (struct err){0};
		ret = add_up_to(&t, &last, e);
	}
	if (ret == 0) {
		remove_pruned(&t, (uint64_t)minimum, known ? before.size : last.size);
		ret = blank_pruned(&t, (uint64_t)minimum, e) != 0 || write_facts(&t, (uint64_t)minimum, e) != 0 ||
			      file_write(path, last.note, strlen(last.note), 0644, NULL, e) != 0
			  ? -1
			  : 0;
		file_own_like(path, folder);
	}
	if (ret == 0 && known)
		remove_partial(&t, before.size);
	buf_free(&t.entries);
	return ret;
}
