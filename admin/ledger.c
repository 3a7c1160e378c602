// SPDX-License-Identifier: ISC
#include "admin/ledger.h"
#include "policy/base/json.h"
#include <stdio.h>
#include <string.h>

struct look {
	struct ledger_facts *facts;
	time_t since;
};

static int ledger_look_at(void *arg, const struct ledger_entry *entry)
{
	const struct look *look = arg;

	if (strcmp(entry->name, "refused-region") == 0 && entry->at >= look->since) {
		look->facts->refused_regions++;
		look->facts->last_refused = entry->at;
	}
	if (strcmp(entry->name, "activation") == 0 && entry->details != NULL) {
		JSON_AUTO cJSON *details = json_parse(entry->details, strlen(entry->details), NULL);
		const char *hash = json_string(details, "sha256");
		snprintf(look->facts->activated, sizeof look->facts->activated, "%s", hash != NULL ? hash : "");
	}
	return 0;
}

int ledger_facts(struct vault *v, time_t since, struct ledger_facts *out, struct err *e)
{
	struct look look = {.facts = out, .since = since};

	*out = (struct ledger_facts){0};
	return ledger_each_notable(v, ledger_look_at, &look, e);
}
