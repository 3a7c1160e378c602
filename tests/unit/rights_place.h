// SPDX-License-Identifier: ISC
// A site of its own for each test of data-subject rights: stores in a folder, under a shipped policy or one that differs from it.
#ifndef LETHE_TESTS_UNIT_RIGHTS_PLACE_H
#define LETHE_TESTS_UNIT_RIGHTS_PLACE_H

#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/rights/request.h"
#include "tests/unit/policy_support.h"
#include "tests/unit/rights_text.h"
#include <ftw.h>
#include <sys/stat.h>

#define CONTACT "ines.probe@example.org"

struct place {
	char base[64], state[128], run[128];
	struct policy *policy;
	struct vault *vault;
	struct rights_receipt asked; // of a test file: a request that each of its tests begins with
	char receipt[TOKEN_LEN + 1]; // the same: what its sets were made under
};

static inline int place_drop_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

// Under the shipped policy of that site, with each `changes[i][0]` changed to `changes[i][1]` (ended by NULL; NULL: none).
static inline void place_open(void **state, const char *site, const char *const (*changes)[2])
{
	struct place *p = calloc(1, sizeof *p);
	BUF_AUTO struct buf text = BUF_INIT(8 * 1024 * 1024), messages = {0};
	char file[128];
	struct err e = {0};

	*state = p;
	when_stand_at(0);
	unsetenv("LETHE_MASTER_KEY_FILE");
	setenv("LETHE_ALLOW_UNBUILT", "1", 1); // rights and kinds of every site, whatever it promises besides
	snprintf(p->base, sizeof p->base, "/tmp/lethe-rights-XXXXXX");
	assert_non_null(mkdtemp(p->base));
	snprintf(p->state, sizeof p->state, "%s/state", p->base);
	snprintf(p->run, sizeof p->run, "%s/run", p->base);
	snprintf(file, sizeof file, "policy/sites/%s.xml", site);
	assert_int_equal(file_read(file, &text, &e), 0);
	for (; changes != NULL && (*changes)[0] != NULL; changes++)
		replace_once(&text, (*changes)[0], (*changes)[1]);
	p->policy = load_bytes(text.data, text.len, &messages);
	if (p->policy == NULL || folder_make(p->run, 0700, &e) != 0 ||
	    vault_open(&p->vault, p->state, p->run, p->policy, VAULT_ADMIN, &e) != 0)
		fail_msg("%s%s", buf_text(&messages), e.text);
}

static inline int place_make(void **state)
{
	place_open(state, "bizimages", NULL);
	return 0;
}

static inline int place_drop(void **state)
{
	struct place *p = *state;

	when_stand_at(0);
	if (p->vault != NULL)
		vault_close(p->vault);
	policy_free(p->policy);
	nftw(p->base, place_drop_one, 16, FTW_DEPTH | FTW_PHYS);
	free(p);
	return 0;
}

static inline struct rights_receipt place_asked(struct place *p, const struct rights_new *request)
{
	struct rights_receipt out;
	struct err e = {0};

	if (rights_store(p->vault, request, &out, &e) != 0)
		fail_msg("%s", e.text);
	return out;
}

// As the person is shown it.
static inline cJSON *place_shown(struct place *p, const struct rights_receipt *r)
{
	struct err e = {0};
	cJSON *shown = rights_show(p->vault, r->id, r->secret, &e);

	if (shown == NULL)
		fail_msg("%s", e.text);
	return shown;
}

static inline void place_did(struct place *p, const char *id, const struct rights_act *act, enum err_code wanted)
{
	struct err e = {0};

	(void)rights_act(p->vault, id, act, &e);
	if (e.code != wanted)
		fail_msg("%s: %s", rights_events[act->event].name, e.code == ERR_NONE ? "it happened" : e.text);
}

#endif
