// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "policy/base/file.h"
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

static bool store_there(const struct admin *a)
{
	char path[4096];

	return path_join(path, sizeof path, a->state, "vault.db", NULL) == 0 && access(path, F_OK) == 0;
}

static enum status open_stores(struct site *s, const struct admin *a, enum vault_mode mode, bool make)
{
	struct err e;

	*s = (struct site){.promise = policy_in_force(a)};
	if (s->promise == NULL)
		return STATUS_UNSURE;
	// A mistyped folder must not become a new, empty store in which all is well.
	if (!make && mode == VAULT_ADMIN && !store_there(a))
		return complain(STATUS_UNSURE, "no store in %s; if this is the right folder, run: lethe keys init", a->state);
	progress_begin("waiting for the stores");
	int ret = vault_open(&s->vault, a->state, a->run, s->promise, mode, &e);
	progress_end();
	if (ret < 0)
		return complain(STATUS_UNSURE, "%s", e.text);
	return STATUS_DONE;
}

enum status site_open(struct site *s, const struct admin *a, enum vault_mode mode)
{
	return open_stores(s, a, mode, false);
}

enum status site_make(struct site *s, const struct admin *a)
{
	return open_stores(s, a, VAULT_ADMIN, true);
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
