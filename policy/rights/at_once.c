// SPDX-License-Identifier: ISC
#include "policy/rights/at_once.h"
#include "policy/rights/erase.h"
#include "policy/rights/restrict.h"
#include <string.h>

int rights_record(struct vault *v, const struct rights_new *request, struct rights_receipt *out, struct err *e)
{
	struct erase_result erased = {0};
	struct restrict_result restricted;
	struct err failed;
	BUF_AUTO struct buf certificate = BUF_INIT(CERTIFICATE_MAX);

	if (rights_store(v, request, out, e) != 0)
		return -1;
	const int id = policy_word_value(&policy_right_words, request->right, strlen(request->right));
	const struct policy_right *right = policy_right(vault_policy(v), (enum policy_right_id)id);
	if (right == NULL || !right->self_service || (request->receipt == NULL && request->archive == NULL))
		return 0;
	// The request is recorded: what fails from here on leaves it open, for the officer to see.
	if (right->id == RIGHT_ERASURE)
		(void)rights_fulfil_erasure(v, out->id, "site", false, &erased, &certificate, &failed);
	else if (right->id == RIGHT_RESTRICTION || right->id == RIGHT_OBJECTION)
		(void)rights_restrict(v, out->id, right->id == RIGHT_OBJECTION ? "objection-pending" : "accuracy-contested", NULL, "site",
				      false, &restricted, &failed);
	return 0;
}
