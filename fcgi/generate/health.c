// SPDX-License-Identifier: ISC
#include "fcgi/generate/make.h"
#include "fcgi/generate/peer.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <string.h>

enum { HEALTH_MS = 3000 };

static bool answers(const char *socket_path, const cJSON *head, const char *body)
{
	ROOM_AUTO struct call c = CALL_INIT;
	struct err e = {0};
	const char *detail;

	return peer_ask(&c, socket_path, head, body, strlen(body), -1, monotonic_ms() + HEALTH_MS, &e) == 0 &&
	       peer_failure(&c, &detail) == NULL;
}

static bool worker_answers(const struct generator *g)
{
	JSON_AUTO cJSON *head = cJSON_CreateObject();

	cJSON_AddStringToObject(head, "op", "page");
	cJSON_AddStringToObject(head, "type", "text/html; charset=utf-8");
	cJSON_AddStringToObject(head, "url", "http://health.invalid/");
	return answers(g->worker, head, "<!doctype html><title>ok</title><p>ok");
}

static bool egress_answers(const struct generator *g)
{
	JSON_AUTO cJSON *head = egress_status_head();

	return answers(g->egress, head, "");
}

void health_handle(struct request *r, void *context)
{
	const struct generator *g = context;
	const struct {
		const char *name;
		bool up;
	} parts[] = {
	    {"vault", !vault_broken(g->vault)}, {"egress", egress_answers(g)}, {"worker", worker_answers(g)}, {"room", make_has_room(g)}};
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	bool well = parts[0].up && parts[1].up && parts[2].up && parts[3].up;
	cJSON *down;

	cJSON_AddBoolToObject(o, "ok", well);
	down = cJSON_AddArrayToObject(o, "down");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (!parts[i].up)
			cJSON_AddItemToArray(down, cJSON_CreateString(parts[i].name));
	}
	cJSON_AddStringToObject(o, "policy", g->policy->version);
	respond_json(r, well ? 200 : 503, o);
}
