// SPDX-License-Identifier: ISC
// GET and POST /api/consents: what somebody decided about the consents of the policy, by the cookie that their browser keeps, and deciding it.
#ifndef LETHE_RIGHTS_CONSENTS_H
#define LETHE_RIGHTS_CONSENTS_H

#include "fcgi/serve/serve.h"
#include "policy/base/text.h"

void consents_show(struct request *r, void *vault);
void consents_decide(struct request *r, void *vault);
// The token in the request's cookie. False: it has none.
bool consents_principal(const struct request *r, char out[TOKEN_LEN + 1]);
// Whether the browser sends Sec-GPC: 1.
bool consents_signal(const struct request *r);
void consents_cookie(struct request *r, const char *principal); // with the answer
// Whether the right is carried out on consents, at once.
bool consents_act(const struct policy *p, const struct policy_right *right);

#endif
