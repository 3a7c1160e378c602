// SPDX-License-Identifier: ISC
#include "policy/rights/hold_end.h"
#include "policy/rights/erase.h"
#include "policy/rights/hold_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_BYTES_MAX = 1 << 25 };

static bool ids_have(const struct hold_ids *ids, const char *id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (strcmp(ids->list[i].id, id) == 0)
			return true;
	return false;
}

// What no other hold covers is held no more.
static int hold_release(struct vault *v, const struct hold_list *all, size_t n, struct hold_run *out, struct err *e)
{
	struct hold_ids ids = {0}, others = {0};
	int ret = hold_covers(v, &all->list[n], &ids, e);

	for (size_t i = 0; ret == 0 && i < all->count; i++)
		if (all->list[i].state == HOLD_ACTIVE)
			ret = hold_covers(v, &all->list[i], &others, e);
	for (size_t i = 0; ret == 0 && i < ids.count; i++) {
		if (!ids.list[i].held || ids_have(&others, ids.list[i].id))
			continue;
		ret = hold_mark(v, ids.list[i].id, false, e);
		out->released += ret == 0;
	}
	free(ids.list);
	free(others.list);
	return ret;
}

static int answers_add(void *ids, const struct rights_row *row)
{
	return row->facts.held && buf_add(ids, row->id, RECORD_ID_LEN + 1) != 0;
}

// Erasures that a hold held back, of which none holds anything any more.
static int hold_complete(struct vault *v, struct hold_run *out, struct err *e)
{
	BUF_AUTO struct buf ids = BUF_INIT(HELD_BYTES_MAX); // each with its NUL
	int ret = rights_each(v, answers_add, &ids, e);

	if (ret == 0 && ids.failed)
		ret = err_set(e, ERR_MEMORY, "no memory");
	for (size_t at = 0; ret == 0 && at < ids.len; at += RECORD_ID_LEN + 1) {
		struct erase_result left = {0};
		struct err why = {0};
		const bool found = rights_fulfil_erasure(v, ids.data + at, "site", true, &left, NULL, &why) == 0;
		if (found && left.held)
			continue; // by another one
		const bool done = found && rights_fulfil_erasure(v, ids.data + at, "site", false, &left, NULL, &why) == 0 && left.complete;
		*(done ? &out->answered : &out->waiting) += 1;
	}
	return ret;
}

// Ends those whose time is over by the clock that pruning judges by, and completes what each that ends held back.
static int hold_list_end(struct vault *v, struct hold_list *all, struct hold_run *out, struct err *e)
{
	struct clock_state clock;
	bool any = false;

	if (all->count == 0)
		return 0;
	if (vault_clock(v, &clock, e) != 0 || hold_list_apply(v, all, e) != 0)
		return -1;
	for (size_t i = 0; i < all->count; i++) {
		const struct hold *h = &all->list[i];
		const time_t expires = json_time(h->body, "expires");
		const struct hold_event x = {.event = "expired", .by = "site", .to = HOLD_ENDING};
		if (all->list[i].state == HOLD_ACTIVE && expires != 0 && expires <= clock.judged) {
			if (hold_edit(v, h->id, &x, e) != 0)
				return -1;
			all->list[i].state = HOLD_ENDING;
		}
		any = any || all->list[i].state == HOLD_ENDING;
	}
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].state == HOLD_ENDING && hold_release(v, all, i, out, e) != 0)
			return -1;
	if (any && hold_complete(v, out, e) != 0)
		return -1;
	for (size_t i = 0; i < all->count; i++) {
		const cJSON *events = json_get(all->list[i].body, "events");
		const char *last = json_string(cJSON_GetArrayItem(events, cJSON_GetArraySize(events) - 1), "event");
		const bool lifted = last != NULL && strcmp(last, "lifted") == 0;
		const struct hold_event x = {
		    .event = "completed", .by = "site", .to = lifted ? HOLD_LIFTED : HOLD_EXPIRED, .from_ending = true};
		if (all->list[i].state != HOLD_ENDING)
			continue;
		if (out->waiting == 0 && hold_edit(v, all->list[i].id, &x, e) != 0)
			return -1;
		out->ended += out->waiting == 0;
	}
	return 0;
}

int hold_run_all(struct vault *v, struct hold_run *out, struct err *e)
{
	HOLD_LIST_AUTO struct hold_list all = {0};

	*out = (struct hold_run){0};
	return hold_list_read(v, &all, e) != 0 ? -1 : hold_list_end(v, &all, out, e);
}

int hold_lift(struct vault *v, const char *id, const char *officer, const char *reason, struct hold_run *out, struct err *e)
{
	const struct hold_event x = {.event = "lifted", .by = officer, .reason = reason, .to = HOLD_ENDING};

	if (reason == NULL || *reason == '\0')
		return err_set(e, ERR_INPUT, "a reason is needed: why it is needed no more");
	return hold_edit(v, id, &x, e) != 0 ? -1 : hold_run_all(v, out, e);
}
