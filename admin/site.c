// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "fcgi/ipc/call.h"
#include "policy/base/file.h"
#include "policy/rules/active.h"
#include "policy/rules/load.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRAFFIC_MAX = 256 * 1024 };

// What is done to stored data is always done under the policy in force: `given`, the one that --policy names, is to look at.
static struct policy *policy_to_go_by(const struct admin *a, bool given)
{
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX);
	struct policy *p = given ? policy_load(a->policy, &messages) : policy_load_active(a->state, a->policy, &messages);

	if (p == NULL)
		fprintf(stderr, "%slethe: there is no valid policy to go by; nothing was done\n", buf_text(&messages));
	return p;
}

struct policy *site_policy(const struct admin *a)
{
	return policy_to_go_by(a, a->policy_given);
}

// A store without its keys is no reason to make new ones, which would open nothing.
int site_stores_there(const struct admin *a, struct err *e)
{
	static const char *const parts[] = {"vault.db", "keys/keys.db"};
	bool there[2];
	char path[4096];

	for (size_t i = 0; i < 2; i++) {
		if (path_join(path, sizeof path, a->state, parts[i], e) != 0)
			return -1;
		there[i] = access(path, F_OK) == 0;
		if (!there[i] && errno != ENOENT && errno != ENOTDIR)
			return err_system(e, ERR_IO, errno, "%s", path);
	}
	if (there[0] && !there[1])
		return err_set(e, ERR_CORRUPT,
			       "%s has vault.db, but not keys/keys.db, without which nothing in it can be read: put it back, or begin anew "
			       "in an empty folder",
			       a->state);
	return there[0];
}

enum status site_stores_open(struct vault **out, const struct admin *a, const struct policy *p, enum vault_mode mode)
{
	struct err e;

	output_progress_begin("waiting for the stores");
	int ret = vault_open(out, a->state, a->run, p, mode, &e);
	output_progress_end();
	return ret < 0 ? output_complain(STATUS_UNSURE, "%s", e.text) : STATUS_DONE;
}

enum status site_stores_needed(const struct admin *a)
{
	struct err e;
	int there = site_stores_there(a, &e);

	if (there < 0)
		return output_complain(STATUS_UNSURE, "%s", e.text);
	if (there == 0)
		return output_complain(
		    STATUS_UNSURE,
		    "no store in %s: name the right folder with --state or LETHE_STATE, or make a store there with lethe keys init",
		    a->state);
	return STATUS_DONE;
}

enum status site_make(struct site *s, const struct admin *a, enum vault_mode mode)
{
	*s = (struct site){.policy = policy_to_go_by(a, false)};
	return s->policy == NULL ? STATUS_UNSURE : site_stores_open(&s->vault, a, s->policy, mode);
}

enum status site_open(struct site *s, const struct admin *a, enum vault_mode mode)
{
	*s = (struct site){0};
	return site_stores_needed(a) != STATUS_DONE ? STATUS_UNSURE : site_make(s, a, mode);
}

void site_close(struct site *s)
{
	if (s->vault != NULL)
		vault_close(s->vault);
	policy_free(s->policy);
	*s = (struct site){0};
}

cJSON *site_traffic(const struct admin *a, bool *live)
{
	BUF_AUTO struct buf text = BUF_INIT(TRAFFIC_MAX);
	char path[4096];
	struct err e;
	cJSON *answer = call_program(a->run, "egress", "status", &e);

	if (live != NULL)
		*live = answer != NULL;
	if (answer != NULL)
		return answer;
	if (path_join(path, sizeof path, a->state, "egress/traffic.json", &e) != 0 || file_read(path, &text, &e) != 0)
		return NULL;
	return json_parse(buf_text(&text), text.len, &e);
}

int site_become_owner(const char *folder)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(folder, &st) < 0)
		return -1;
	return setegid(st.st_gid) < 0 || seteuid(st.st_uid) < 0 ? -1 : 0;
}
