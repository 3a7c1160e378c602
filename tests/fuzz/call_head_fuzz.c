// SPDX-License-Identifier: ISC
// The head of a call, as egress and worker read it: what is taken has the shape that they rely on.
#include "fcgi/ipc/egress_call.h"
#include "fcgi/ipc/worker_call.h"
#include "policy/base/json.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JSON_AUTO cJSON *head = json_parse((const char *)data, size, NULL);
	struct egress_call egress;
	struct worker_call worker;
	if (!cJSON_IsObject(head))
		return 0;
	if (egress_call_read(&egress, head, NULL) == 0) {
		if (egress.op == EGRESS_PAGE ? egress.url == NULL : egress.url != NULL)
			abort();
		for (const char *p = egress.content_type; p != NULL && *p != '\0'; p++)
			if (*p < ' ')
				abort();
	}
	if (worker_call_read(&worker, head, NULL) == 0)
		for (size_t i = 0; worker.colours[i] != NULL; i++)
			if (i >= WORKER_LIST_MAX || strlen(worker.colours[i]) > size)
				abort();
	return 0;
}
