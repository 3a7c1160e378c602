// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include <stdio.h>

struct promise *policy_open(const struct admin *a)
{
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX);
	struct promise *p = promise_load(a->policy, &messages);

	if (p == NULL)
		fprintf(stderr, "%slethe: the policy is not valid; nothing was done\n", buf_text(&messages));
	return p;
}

enum status store_open(struct store *s, const struct admin *a, enum vault_mode mode)
{
	struct err e;

	*s = (struct store){.promise = policy_open(a)};
	if (s->promise == NULL)
		return STATUS_UNSURE;
	if (vault_open(&s->vault, a->state, a->run, s->promise, mode, &e) < 0)
		return complain(STATUS_UNSURE, "%s", e.text);
	return STATUS_DONE;
}

void store_close(struct store *s)
{
	if (s->vault != NULL)
		vault_close(s->vault);
	promise_free(s->promise);
	*s = (struct store){0};
}
