// SPDX-License-Identifier: ISC
// Inside legal holds: what hold.c and hold_end.c share.
#ifndef LETHE_RIGHTS_HOLD_PARTS_H
#define LETHE_RIGHTS_HOLD_PARTS_H

#include "policy/base/json.h"
#include "policy/rights/hold.h"

struct hold {
	char id[RECORD_ID_LEN + 1];
	enum hold_state state;
	enum hold_by by;
	const char *value; // of `body`
	kind_set kinds;
	bool later;
	time_t placed;
	cJSON *body;
};
// Adds what it covers. Its owner frees ->list.
struct hold_ids {
	struct hold_item {
		char id[RECORD_ID_LEN + 1];
		enum kind kind;
		bool held, erased;
	} * list;
	size_t count, capacity;
	const struct hold *of;
	bool failed;
};
int hold_covers(struct vault *v, const struct hold *h, struct hold_ids *out, struct err *e);
// Whether it is held from now on. Of one that is gone meanwhile, nothing is to be marked.
int hold_mark(struct vault *v, const char *id, bool held, struct err *e);

struct hold_list {
	struct hold *list;
	size_t count, capacity, unreadable;
	bool failed;
};
void hold_list_free(struct hold_list *all);
#define HOLD_LIST_AUTO __attribute__((cleanup(hold_list_free)))
// Those that hold something. ERR_CORRUPT: one that cannot be read may hold anything, so nobody may erase or let go before that is repaired.
int hold_list_read(struct vault *v, struct hold_list *out, struct err *e);
int hold_list_apply(struct vault *v, const struct hold_list *all, struct err *e);

struct hold_event {
	const char *event, *by, *reason;
	time_t review, expires;
	enum hold_state to;
	bool from_ending;
};
// Appends the event to the hold and the ledger. ERR_REFUSED: it is over.
int hold_edit(struct vault *v, const char *id, const struct hold_event *x, struct err *e);

#endif
