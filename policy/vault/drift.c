// SPDX-License-Identifier: ISC
// What stands in the store files and belongs to nothing.
#include "policy/vault/internal.h"
#include <stdio.h>

struct look {
	void (*each)(void *arg, const char *finding);
	void *arg;
};

static int look_at_segment(struct vault *v, const char *day, void *arg, struct err *e)
{
	const struct look *look = arg;
	struct store *s STORE_AUTO = NULL;
	struct err why = {0};
	char path[PATH_MAX];

	if (log_path(v, path, day, "", e) != 0)
		return -1;
	if (store_open(&s, STORE_LOG, path, STORE_READ, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text); // pruned in this moment
	return store_drift(s, look->each, look->arg, e);
}

// A record's kind is a name; only those that the software knows are ever counted, pruned or erased by kind.
static int look_at_kinds(struct vault *v, const struct look *look, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(v->read.vault, SQL_TALLY_KINDS, NULL, e);
	enum kind kind;
	char finding[128];
	int got = -1;

	while (c != NULL && (got = cursor_next(c, e)) > 0) {
		if (kind_from_name(&kind, cursor_text(c, 0)) == 0)
			continue;
		snprintf(finding, sizeof finding, "vault.db: %lld records of the kind \"%.32s\", which this version does not know",
			 (long long)cursor_int(c, 1), cursor_text(c, 0));
		look->each(look->arg, finding);
	}
	return got;
}

int vault_drift(struct vault *v, void (*each)(void *arg, const char *finding), void *arg, struct err *e)
{
	struct look look = {each, arg};

	pthread_mutex_lock(&v->read.mutex);
	int ret = store_drift(v->read.vault, each, arg, e) != 0 || store_drift(v->read.keys, each, arg, e) != 0 ||
		  look_at_kinds(v, &look, e) != 0;
	pthread_mutex_unlock(&v->read.mutex);
	return ret || log_each_day(v, look_at_segment, &look, e) != 0 ? -1 : 0;
}
