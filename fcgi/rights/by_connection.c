// SPDX-License-Identifier: ISC
#include "fcgi/rights/by_connection.h"
#include "policy/rules/offer.h"

const char *by_connection_address(struct request *r, enum policy_right_id right)
{
	const struct policy *p = request_policy(r);
	const bool offered = offer_connection(p, policy_right(p, right)) != NULL;
	const char *address = request_connection(r);

	if (!offered)
		respond_problem(r, 403, "problem.refused.connection", "connection", NULL);
	else if (address == NULL)
		respond_problem(r, 409, "problem.connection-unknown", "connection", NULL);
	return offered ? address : NULL;
}
