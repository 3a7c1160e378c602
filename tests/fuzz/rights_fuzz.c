// SPDX-License-Identifier: ISC
// The body of a data-subject request, as it is read back from a store: whatever it says, state and clocks follow without harm. And the file of
// holidays.
#include "policy/rights/event.h"
#include "policy/rights/holidays.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct policy_right right = {.id = RIGHT_OPT_OUT_OF_SALE, .statutory = true};
	static struct holiday holidays[HOLIDAYS_MAX];
	char *text = malloc(size + 1);
	struct clock_line lines[CLOCK_IDS];
	struct rights_facts facts;
	struct err e = {0};

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	(void)holidays_read(text, holidays, &e);
	JSON_AUTO cJSON *body = json_parse(text, size, &e);
	if (cJSON_IsObject(body)) {
		rights_facts_read(&facts, body, "open", 1700000000, 1800000000);
		size_t count = clock_lines(NULL, &right, &facts.clock, lines);
		if (clock_next(lines, count) == NULL || !rights_events_begin(body, "partial", 1700000000))
			abort();
	}
	free(text);
	return 0;
}
