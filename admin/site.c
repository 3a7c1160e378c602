// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "policy/promise/active.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct promise *said(struct promise *p, const struct buf *messages)
{
	if (p == NULL)
		fprintf(stderr, "%slethe: the policy is not valid; nothing was done\n", buf_text(messages));
	return p;
}

struct promise *policy_open(const struct admin *a)
{
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX);

	return said(a->policy_given ? promise_load(a->policy, &messages) : promise_load_active(a->state, a->policy, &messages), &messages);
}

// What is done to stored data is always done under the policy in force.
static struct promise *policy_in_force(const struct admin *a)
{
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX);

	return said(promise_load_active(a->state, a->policy, &messages), &messages);
}

enum status site_open(struct site *s, const struct admin *a, enum vault_mode mode)
{
	struct err e;

	*s = (struct site){.promise = policy_in_force(a)};
	if (s->promise == NULL)
		return STATUS_UNSURE;
	progress_begin("waiting for the stores");
	int ret = vault_open(&s->vault, a->state, a->run, s->promise, mode, &e);
	progress_end();
	if (ret < 0)
		return complain(STATUS_UNSURE, "%s", e.text);
	return STATUS_DONE;
}

void site_close(struct site *s)
{
	if (s->vault != NULL)
		vault_close(s->vault);
	promise_free(s->promise);
	*s = (struct site){0};
}

int become_owner(const char *folder)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(folder, &st) < 0)
		return -1;
	return setegid(st.st_gid) < 0 || seteuid(st.st_uid) < 0 ? -1 : 0;
}
