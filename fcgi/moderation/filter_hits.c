// SPDX-License-Identifier: ISC
#include "fcgi/moderation/filter_hits.h"
#include <stdlib.h>

int filter_hits_add(struct filter_hits *hits, enum policy_content rule, size_t start, size_t end)
{
	if (hits->count == hits->capacity) {
		size_t capacity = hits->capacity == 0 ? 8 : hits->capacity * 2;
		struct filter_hit *more = realloc(hits->at, capacity * sizeof *more);
		if (more == NULL)
			return -1;
		hits->at = more;
		hits->capacity = capacity;
	}
	hits->at[hits->count++] = (struct filter_hit){rule, start, end};
	return 0;
}

static int hit_compare(const void *a, const void *b)
{
	const struct filter_hit *x = a, *y = b;

	return x->start != y->start ? (x->start < y->start ? -1 : 1) : 0;
}

void filter_hits_settle(struct filter_hits *hits)
{
	size_t kept = 0;

	if (hits->count > 1)
		qsort(hits->at, hits->count, sizeof *hits->at, hit_compare);
	for (size_t i = 0; i < hits->count; i++) {
		if (kept == 0 || hits->at[i].start >= hits->at[kept - 1].end)
			hits->at[kept++] = hits->at[i];
		else if (hits->at[i].end > hits->at[kept - 1].end)
			hits->at[kept - 1].end = hits->at[i].end;
	}
	hits->count = kept;
}

void filter_hits_free(struct filter_hits *hits)
{
	free(hits->at);
	*hits = (struct filter_hits){0};
}
