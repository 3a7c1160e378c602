// SPDX-License-Identifier: ISC
#include "fcgi/generate/generator.h"
#include "fcgi/generate/input.h"
#include "fcgi/generate/partial.h"
#include "fcgi/ipc/call.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/setting.h"
#include "policy/base/when.h"
#include "policy/model/policy.h"
#include "policy/picture/archive.h"
#include "policy/processors/processors.h"
#include <stdio.h>
#include <string.h>

enum { LEARN_MS = 2000, LEARNT_MS = 1000 };

static atomic_bool keyless[2][CHAIN_MAX]; // those of images, those of texts
static _Atomic uint64_t learnt;           // when egress last said who has a key, in monotonic_ms(); 0: never

static int processors_read(const struct policy *p, enum policy_role role, struct processor out[CHAIN_MAX], unsigned *count, struct err *e)
{
	const struct policy_processor *declared;

	for (*count = 0; *count < CHAIN_MAX && (declared = policy_processor_for(p, role, *count)) != NULL; (*count)++) {
		const struct provider *provider = provider_find(declared->id);
		bool able = provider != NULL && provider->can[role == ROLE_TEXT ? PROVIDER_PROMPTS : PROVIDER_IMAGE].begin != NULL;
		if (provider != NULL && processor_models_check(processor_facts(declared->id), e) != 0)
			return -1;
		// Its address is known here; whether it has a key, egress tells.
		bool usable = able && (declared->standing == STANDING_BUILT_IN || processor_address(processor_facts(declared->id)) != NULL);
		out[*count] = (struct processor){declared->id,
						 declared->brand,
						 provider,
						 usable,
						 declared->use == USE_CHOICE,
						 declared->local,
						 declared->anonymised,
						 able && !provider->preview ? &keyless[role == ROLE_TEXT][*count] : NULL};
	}
	return 0;
}

int generator_init(struct generator *g, const struct policy *p, struct vault *v, struct err *e)
{
	const char *run = setting_run();

	*g = (struct generator){.policy = p, .vault = v};
	active_watch_begin(&g->watch, setting_state());
	if (processors_read(p, ROLE_TEXT, g->text, &g->text_count, e) != 0 ||
	    processors_read(p, ROLE_IMAGE, g->image, &g->image_count, e) != 0)
		return -1;
	for (unsigned i = 0; i < g->image_count; i++)
		g->image_ids[i] = g->image[i].id;
	input_fields(g->image_ids, g->fields);
	g->partial_images = partial_images_set();
	const char *spool = vault_spool(v, &g->sealed);
	if (snprintf(g->spool, sizeof g->spool, "%s", spool) >= (int)sizeof g->spool)
		return err_set(e, ERR_INPUT, "the spool's path is too long");
	if (path_join(g->egress, sizeof g->egress, run, "egress.sock", e) != 0 ||
	    path_join(g->worker, sizeof g->worker, run, "worker.sock", e) != 0)
		return -1;
	return archive_sweep(g->spool, &g->spool_lock, e);
}

bool generator_usable(const struct processor *one)
{
	return one->usable && (one->keyless == NULL || !atomic_load(one->keyless));
}

int generator_learn(const struct generator *g, int hangup_fd)
{
	const uint64_t last = atomic_load(&learnt), now = monotonic_ms();
	bool ask = false;
	struct err e = {0};

	for (unsigned i = 0; i < g->text_count + g->image_count; i++) {
		const struct processor *one = i < g->text_count ? &g->text[i] : &g->image[i - g->text_count];
		ask = ask || (one->usable && one->keyless != NULL);
	}
	if (!ask || (last != 0 && now - last < LEARNT_MS))
		return 0;
	CALL_AUTO struct call c = CALL_INIT;
	JSON_AUTO cJSON *head = egress_status_head();
	if (call_ask(&c, g->egress, head, "", 0, hangup_fd, now + LEARN_MS, &e) != 0) {
		if (e.code != ERR_GONE)
			note_line("egress does not say who is set up: %s", e.text);
		return -1;
	}
	for (unsigned i = 0; i < g->text_count + g->image_count; i++) {
		const struct processor *one = i < g->text_count ? &g->text[i] : &g->image[i - g->text_count];
		const cJSON *row;
		bool configured = false;
		cJSON_ArrayForEach(row, json_get(c.reply.head, "processors"))
		{
			const char *id = json_string(row, "id");
			configured = configured || (id != NULL && strcmp(id, one->id) == 0 && cJSON_IsTrue(json_get(row, "configured")));
		}
		if (one->keyless != NULL)
			atomic_store(one->keyless, !configured);
	}
	atomic_store(&learnt, now);
	return 0;
}

struct chain generator_chain(const struct processor *declared, unsigned count, const char *chosen)
{
	struct chain c = {.count = 0};

	for (unsigned i = 0; i < count; i++) {
		bool may = !declared[i].choice || (chosen != NULL && strcmp(chosen, declared[i].id) == 0);
		if (generator_usable(&declared[i]) && may)
			c.at[c.count++] = &declared[i];
	}
	return c;
}

bool generator_needs_choice(const struct generator *g)
{
	unsigned first = 0;

	while (first < g->image_count && !generator_usable(&g->image[first]))
		first++;
	return first < g->image_count && g->image[first].choice;
}

const struct processor *generator_image(const struct generator *g, const char *id)
{
	for (unsigned i = 0; i < g->image_count; i++) {
		if (strcmp(g->image[i].id, id) == 0)
			return &g->image[i];
	}
	return NULL;
}
