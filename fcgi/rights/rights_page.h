// SPDX-License-Identifier: ISC
// What a browser is shown of a data-subject request, step by step: what is needed, what will happen, what was done. Each page works without a script.
#ifndef LETHE_RIGHTS_PAGE_H
#define LETHE_RIGHTS_PAGE_H

#include "fcgi/serve/serve.h"
#include "policy/publish/rights_forms.h"
#include "policy/rights/identity.h"

// The whole page of rights again, with the receipt filled in.
void rights_page_start(struct request *r, const struct rights_typed *typed);
// 422: for a browser, the step of that right again, with what was typed and the fault beside its field; else, or where the site does not offer the
// right (NULL: it is not said), a problem document. `fault`: the key of the word that says what to do.
void rights_page_fault(struct request *r, const char *right, const char *field, const char *fault);
// What will happen, and until when: to be confirmed. Of an erasure, what there is.
void rights_page_plan(struct request *r, struct vault *v, const struct policy_right *right, const struct rights_new *asked);
// Of an erasure by the address that asks.
void rights_page_plan_connection(struct request *r, struct vault *v, const char *address);
enum rights_own_view {
	OWN_AGAIN,
	OWN_FRESH,    // it was just recorded: number and secret are to be kept
	OWN_CONFIRMED // who has the link of its mail was just given this secret
};
// A request as its owner sees it. `shown`: of rights_show(). `typed`: 422, what is wrong with the code ("code") or the correction ("contact", "message")
// that was typed; NULL: nothing is.
void rights_page_own(struct request *r, const cJSON *shown, const char *secret, enum rights_own_view view,
		     const struct rights_typed *typed);
// Behind the link of a mail: the button by which somebody shows that they read it. `asked`: of identity_link_find().
void rights_page_confirm(struct request *r, const char *token, const struct identity_request *asked);
// Whether a request, as rights_show() shows it, is one for a copy that its owner may fetch: at once where the policy has it so, else once an officer has
// answered it. That they have shown who they are is asked besides.
bool rights_page_copy(const struct policy *p, const cJSON *shown);
// Nothing was consented to, so nothing is withdrawn.
void rights_page_no_consent(struct request *r);
// An erasure that is done. `certificate` as rights_erase() writes it. `connection`: by the address that asks.
void rights_page_erased(struct request *r, const cJSON *certificate, bool connection);

#endif
