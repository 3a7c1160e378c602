// SPDX-License-Identifier: ISC
// What is shown of a request, and certificates, as tests look for words in them.
#ifndef LETHE_TESTS_UNIT_RIGHTS_TEXT_H
#define LETHE_TESTS_UNIT_RIGHTS_TEXT_H

#include "policy/rights/erase.h"

// Takes what was made. -1: it is none.
static inline int rights_text(struct buf *out, cJSON *made)
{
	const int ret = made != NULL ? json_print(out, made) : -1;

	cJSON_Delete(made);
	return ret;
}

static inline int rights_fulfil_erasure_text(struct vault *v, const char *id, const char *by, bool dry_run, struct erase_result *out,
					     struct buf *certificate, struct err *e)
{
	cJSON *made = NULL;
	const int ret = rights_fulfil_erasure(v, id, by, dry_run, out, &made, e);

	if (made != NULL)
		(void)rights_text(certificate, made);
	return ret;
}

#endif
