// SPDX-License-Identifier: ISC
#include "policy/vault/merkle.h"
#include <string.h>

void merkle_join(uint8_t out[HASH_LEN], const uint8_t left[HASH_LEN], const uint8_t right[HASH_LEN])
{
	uint8_t node[1 + 2 * HASH_LEN] = {0x01};
	const struct bytes part = {node, sizeof node};

	memcpy(node + 1, left, HASH_LEN);
	memcpy(node + 1 + HASH_LEN, right, HASH_LEN);
	plain_hash(out, &part, 1);
}

void merkle_leaf(uint8_t out[HASH_LEN], const struct bytes *parts, size_t count)
{
	static const uint8_t leaf_prefix = 0x00;
	struct bytes all[1 + MERKLE_PARTS_MAX] = {{&leaf_prefix, 1}};

	for (size_t i = 0; i < count && i < MERKLE_PARTS_MAX; i++)
		all[i + 1] = parts[i];
	plain_hash(out, all, count + 1);
}

void merkle_append_subtree(struct merkle *m, unsigned level, const uint8_t root[HASH_LEN])
{
	const uint64_t size = m->size + (1ULL << level);
	uint8_t carry[HASH_LEN];

	memcpy(carry, root, HASH_LEN);
	for (; (m->size >> level) & 1; level++)
		merkle_join(carry, m->node[level], carry);
	memcpy(m->node[level], carry, HASH_LEN);
	m->size = size;
}

void merkle_append(struct merkle *m, const uint8_t leaf[HASH_LEN])
{
	merkle_append_subtree(m, 0, leaf);
}

void merkle_root(const struct merkle *m, uint8_t out[HASH_LEN])
{
	bool any = false;

	plain_hash(out, NULL, 0);
	for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
		if (!((m->size >> level) & 1))
			continue;
		if (any)
			merkle_join(out, m->node[level], out);
		else
			memcpy(out, m->node[level], HASH_LEN);
		any = true;
	}
}

size_t merkle_pack(const struct merkle *m, uint8_t out[MERKLE_PACKED_MAX])
{
	size_t len = 0;

	for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
		if (!((m->size >> level) & 1))
			continue;
		memcpy(out + len, m->node[level], HASH_LEN);
		len += HASH_LEN;
	}
	return len;
}

int merkle_unpack(struct merkle *m, uint64_t size, const void *packed, size_t len)
{
	const uint8_t *from = packed;

	memset(m, 0, sizeof *m);
	m->size = size;
	if (len != (size_t)__builtin_popcountll(size) * HASH_LEN)
		return -1;
	for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
		if (!((size >> level) & 1))
			continue;
		memcpy(m->node[level], from, HASH_LEN);
		from += HASH_LEN;
	}
	return 0;
}
