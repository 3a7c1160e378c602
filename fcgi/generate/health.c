// SPDX-License-Identifier: ISC
#include "fcgi/generate/health.h"
#include "fcgi/generate/generate.h"
#include "fcgi/ipc/call.h"
#include "fcgi/ipc/egress_call.h"
#include "fcgi/ipc/worker_call.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <stdatomic.h>
#include <string.h>

enum { HEARD_MS = 1000, ANSWER_MS = 2000 };

// What was last heard of egress and worker, and when: the time in ms times four, and a bit for each that answered.
enum { EGRESS_UP = 1, WORKER_UP = 2, UP_BITS = 2 };
static _Atomic uint64_t heard;

// Asks both at once, and notes what they say.
static unsigned peers_ask(const struct generator *g)
{
	const struct {
		const char *socket;
		unsigned bit;
	} peers[] = {{g->egress, EGRESS_UP}, {g->worker, WORKER_UP}};
	JSON_AUTO cJSON *egress_head = egress_status_head(), *worker_head = worker_ping_head();
	struct call calls[] = {CALL_INIT, CALL_INIT};
	uint64_t begun = monotonic_ms();
	unsigned up = 0;

	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		(void)call_start(&calls[i], peers[i].socket, i == 0 ? egress_head : worker_head, "", 0, NULL); // or it stays idle
	bool waiting = true;
	while (waiting && call_wait(calls, ARRAY_LEN(calls), -1, begun + ANSWER_MS, NULL) == 0) {
		waiting = false;
		for (size_t i = 0; i < ARRAY_LEN(calls); i++)
			waiting |= calls[i].state == CALL_SENDING || calls[i].state == CALL_WAITING;
	}
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		const char *detail;
		if (calls[i].state == CALL_DONE && frame_error_code(calls[i].reply.head, &detail) == NULL)
			up |= peers[i].bit;
		call_end(&calls[i]);
	}
	atomic_store(&heard, monotonic_ms() << UP_BITS | up); // from now on, so that what hangs is not asked again by every request
	return up;
}

void health_handle(struct request *r, void *context)
{
	const struct generator *g = context;
	const char *query = request_param(r, "QUERY_STRING");
	JSON_AUTO cJSON *o = cJSON_CreateObject();

	if (query != NULL && strcmp(query, "live") == 0) {
		cJSON_AddBoolToObject(o, "ok", true);
		respond_json(r, 200, o);
		return;
	}
	uint64_t last = atomic_load(&heard);
	bool fresh = last != 0 && monotonic_ms() - (last >> UP_BITS) < HEARD_MS;
	unsigned up = fresh ? last & (EGRESS_UP | WORKER_UP) : peers_ask(g);
	const struct {
		const char *name;
		bool up;
	} parts[] = {{"vault", !vault_broken(g->vault)},
		     {"egress", up & EGRESS_UP},
		     {"worker", up & WORKER_UP},
		     {"space", make_has_space(g)},
		     {"policy", !active_watch_changed(&g->watch, g->policy)}};
	bool well = true;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		well &= parts[i].up;
	cJSON_AddBoolToObject(o, "ok", well);
	cJSON *down = cJSON_AddArrayToObject(o, "down");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!parts[i].up)
			cJSON_AddItemToArray(down, cJSON_CreateString(parts[i].name));
	cJSON_AddStringToObject(o, "policy", g->policy->version);
	respond_json(r, well ? 200 : 503, o);
}
