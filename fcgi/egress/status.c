// SPDX-License-Identifier: ISC
#include "fcgi/egress/egress.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/setting.h"
#include "policy/base/when.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SAVE_MS = 1000, TRAFFIC_BYTES_MAX = 256 * 1024 };

static cJSON *traffic_json(const struct upstream *u)
{
	const struct traffic *t = &u->traffic;
	cJSON *one = cJSON_CreateObject();
	cJSON_AddStringToObject(one, "id", u->declared->id);
	cJSON_AddStringToObject(one, "region_seen", t->region_seen);
	cJSON_AddNumberToObject(one, "requests", (double)t->requests);
	cJSON_AddNumberToObject(one, "bytes_sent", (double)t->bytes_sent);
	cJSON_AddNumberToObject(one, "failures", (double)t->failures);
	cJSON_AddNumberToObject(one, "region_mismatches", (double)t->region_mismatches);
	cJSON_AddNumberToObject(one, "masked", (double)t->masked);
	cJSON_AddStringToObject(one, "day", t->day);
	cJSON_AddNumberToObject(one, "today", (double)t->today);
	cJSON_AddNumberToObject(one, "billed", (double)t->billed);
	cJSON_AddNumberToObject(one, "spent_today", (double)t->spent_today / MONEY_UNIT);
	cJSON *kinds = cJSON_AddArrayToObject(one, "kinds");
	for (unsigned k = 0; k < KIND_COUNT; k++)
		if (t->kinds & KIND_BIT(k))
			cJSON_AddItemToArray(kinds, cJSON_CreateString(kind_row((enum kind)k)->name));
	return one;
}

static void page_counts_add(cJSON *to, const struct egress *g)
{
	cJSON *pages = cJSON_AddObjectToObject(to, "pages");
	cJSON_AddNumberToObject(pages, "requests", (double)g->pages);
	cJSON_AddNumberToObject(pages, "refused", (double)g->pages_refused);
}

cJSON *status_reply(const struct egress *g)
{
	cJSON *head = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(head, "processors");
	for (size_t i = 0; i < g->upstreams.count; i++) {
		const struct upstream *u = &g->upstreams.list[i];
		cJSON *one = traffic_json(u);
		cJSON_AddBoolToObject(one, "configured", u->base != NULL || u->declared->standing == STANDING_BUILT_IN);
		cJSON_AddStringToObject(one, "host", u->host);
		cJSON_AddStringToObject(one, "breaker", breaker_words(breaker_state(&u->breaker, monotonic_ms())));
		const struct limits *l = &u->limits;
		uint64_t calls = l->calls > 0 ? l->calls : g->settings.daily;
		cJSON *limits = cJSON_AddObjectToObject(one, "limits");
		if (calls > 0)
			cJSON_AddNumberToObject(limits, "calls", (double)calls);
		if (l->money > 0)
			cJSON_AddNumberToObject(limits, "money", (double)l->money / MONEY_UNIT);
		if (l->minute > 0)
			cJSON_AddNumberToObject(limits, "minute", (double)l->minute);
		if (l->at_once > 0)
			cJSON_AddNumberToObject(limits, "at_once", (double)l->at_once);
		cJSON_AddNumberToObject(one, "under_way", (double)u->under_way);
		if (u->missing != NULL)
			cJSON_AddStringToObject(one, "missing", u->missing);
		if (u->traffic.refusal != 0) {
			// The names of the settings are for who has to correct them.
			char since[WHEN_TEXT];
			when_text(since, u->traffic.refused_since);
			cJSON *refusal = cJSON_AddObjectToObject(one, "refusal");
			cJSON_AddNumberToObject(refusal, "status", (double)u->traffic.refusal);
			cJSON_AddStringToObject(refusal, "since", since);
			if (u->facts->key != NULL)
				cJSON_AddStringToObject(refusal, "key", u->facts->key);
			if (u->facts->address != NULL)
				cJSON_AddStringToObject(refusal, "address", u->facts->address);
		}
		cJSON_AddItemToArray(list, one);
	}
	page_counts_add(head, g);
	cJSON_AddNumberToObject(head, "under_way", (double)g->under_way);
	cJSON_AddBoolToObject(head, "testing", EGRESS_TESTING);
	return head;
}

static void save_due(struct timer *t)
{
	struct egress *g = LOOP_OWNER(t, struct egress, save);
	traffic_save(g);
	loop_at(&g->loop, t, monotonic_ms() + SAVE_MS);
}

void traffic_load(struct egress *g)
{
	char folder[sizeof g->traffic_file - 32];
	struct err e;
	BUF_AUTO struct buf text = BUF_INIT(TRAFFIC_BYTES_MAX);
	g->save.fire = save_due;
	if (path_join(folder, sizeof folder, setting_state(), "egress", &e) != 0 || access(folder, W_OK) < 0)
		return; // no such folder, no keeping
	snprintf(g->traffic_file, sizeof g->traffic_file, "%s/traffic.json", folder);
	loop_at(&g->loop, &g->save, monotonic_ms() + SAVE_MS);
	if (file_read(g->traffic_file, &text, &e) != 0)
		return;
	JSON_AUTO cJSON *all = json_parse(buf_text(&text), text.len, &e);
	const cJSON *one, *pages = json_get(all, "pages");
	cJSON_ArrayForEach(one, json_get(all, "processors"))
	{
		const char *id = json_string(one, "id");
		struct upstream *u = id != NULL ? upstream_find(&g->upstreams, id) : NULL;
		if (u == NULL)
			continue;
		struct traffic *t = &u->traffic;
		const cJSON *name;
		enum kind kind;
		const char *region = json_string(one, "region_seen"), *day = json_string(one, "day");
		t->requests = (uint64_t)json_number(one, "requests", 0);
		t->bytes_sent = (uint64_t)json_number(one, "bytes_sent", 0);
		t->failures = (uint64_t)json_number(one, "failures", 0);
		t->region_mismatches = (uint64_t)json_number(one, "region_mismatches", 0);
		t->masked = (uint64_t)json_number(one, "masked", 0);
		t->today = (uint64_t)json_number(one, "today", 0);
		t->billed = (uint64_t)json_number(one, "billed", 0);
		t->spent_today = (uint64_t)(json_number(one, "spent_today", 0) * MONEY_UNIT + 0.5);
		snprintf(t->region_seen, sizeof t->region_seen, "%s", region != NULL ? region : "");
		snprintf(t->day, sizeof t->day, "%s", day != NULL ? day : "");
		cJSON_ArrayForEach(name, json_get(one, "kinds"))
		{
			if (cJSON_IsString(name) && kind_from_name(&kind, name->valuestring) == 0)
				t->kinds |= KIND_BIT(kind);
		}
		t->kinds &= u->declared->kinds; // what an earlier version of the policy allowed is no breach of this one
	}
	if (!g->policy->page_fetch)
		return;
	g->pages = (uint64_t)json_number(pages, "requests", 0);
	g->pages_refused = (uint64_t)json_number(pages, "refused", 0);
}

void traffic_save(struct egress *g)
{
	struct err e;
	BUF_AUTO struct buf text = BUF_INIT(TRAFFIC_BYTES_MAX);
	if (!g->traffic_changed || !g->traffic_file[0])
		return;
	JSON_AUTO cJSON *all = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(all, "processors");
	for (size_t i = 0; i < g->upstreams.count; i++)
		cJSON_AddItemToArray(list, traffic_json(&g->upstreams.list[i]));
	page_counts_add(all, g);
	if (json_print(&text, all) != 0 || file_write(g->traffic_file, text.data, text.len, 0600, NULL, &e) != 0)
		fprintf(stderr, "egress: the traffic counts could not be kept: %s\n", text.failed ? "no memory" : e.text);
	else
		g->traffic_changed = false;
}
