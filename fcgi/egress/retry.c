// SPDX-License-Identifier: ISC
#include "fcgi/egress/retry.h"
#include <curl/curl.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

int64_t retry_delay(const struct retry_facts *f)
{
	// Answers after which the same request may well succeed. Nothing else is repeated: least of all a refusal of the content.
	bool passing = f->status == 408 || f->status == 429 || f->status == 500 || (f->status >= 502 && f->status <= 504);
	// What may reach the upstream only once can be sent again where the upstream did not take it.
	if ((!f->repeatable && (f->no_answer || f->status != 429)) || f->told_not_to || f->attempts >= RETRY_ATTEMPTS_MAX ||
	    (!f->no_answer && !passing))
		return -1;
	double wait;
	if (f->asked_ms >= 0) {
		// A little later than asked, each a different little, so that those who were told the same do not come at once.
		wait = f->asked_ms * (1 + 0.1 * f->chance / UINT32_MAX) + 1;
	} else {
		double most = RETRY_BASE_MS * (double)(1u << (f->attempts < 8 ? f->attempts - 1 : 7));
		if (most > RETRY_MS_MAX)
			most = RETRY_MS_MAX;
		wait = most / 2 + most / 2 * f->chance / UINT32_MAX;
	}
	return wait < (double)f->left_ms ? (int64_t)wait : -1;
}

double retry_after_ms(const char *value, bool in_ms, int64_t now)
{
	char *end;
	double number = strtod(value, &end);
	while (*end == ' ' || *end == '\t')
		end++;
	if (end != value && *end == '\0')
		return isfinite(number) && number >= 0 ? number * (in_ms ? 1 : 1000) : -1;
	time_t date = in_ms ? -1 : curl_getdate(value, NULL);
	if (date < 0)
		return -1;
	return date > now ? (double)(date - now) * 1000 : 0;
}
