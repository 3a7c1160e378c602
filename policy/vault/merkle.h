// SPDX-License-Identifier: ISC
// The Merkle tree of RFC 6962 as a compact range: the roots of the complete subtrees that make up the tree, at most 64 of them. It is
// all that appending a leaf and computing the root need, so both cost O(log n).
#ifndef LETHE_VAULT_MERKLE_H
#define LETHE_VAULT_MERKLE_H

#include "policy/vault/seal.h"

enum { MERKLE_LEVELS = 64, MERKLE_PACKED_MAX = MERKLE_LEVELS * HASH_LEN, MERKLE_PARTS_MAX = 8 };

struct merkle {
	uint64_t size;
	uint8_t node[MERKLE_LEVELS][HASH_LEN]; // [l]: root of a subtree of 2^l leaves; there when bit l of `size` is set
};

// SHA-256(0x01 || left || right); `out` may be one of them.
void merkle_join(uint8_t out[HASH_LEN], const uint8_t left[HASH_LEN], const uint8_t right[HASH_LEN]);
void merkle_leaf(uint8_t out[HASH_LEN], const struct bytes *parts, size_t count); // SHA-256(0x00 || parts)
void merkle_append(struct merkle *m, const uint8_t leaf[HASH_LEN]);
// Appends the root of a complete subtree of 2^level leaves; the size must be a multiple of that.
void merkle_append_subtree(struct merkle *m, unsigned level, const uint8_t root[HASH_LEN]);
void merkle_root(const struct merkle *m, uint8_t out[HASH_LEN]);
// The present nodes, lowest level first; returns the length.
size_t merkle_pack(const struct merkle *m, uint8_t out[MERKLE_PACKED_MAX]);
int merkle_unpack(struct merkle *m, uint64_t size, const void *packed, size_t len); // -1 when the length does not fit the size

#endif
