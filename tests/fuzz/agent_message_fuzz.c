// SPDX-License-Identifier: ISC
// What agents and controllers send, before anything of it is stored: the signed message, its claims, and a request of OpenDSR. What is read must be of
// the shape that the store is promised.
#include "fcgi/rights/agent_message.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy_right rights[] = {{.id = RIGHT_ACCESS}, {.id = RIGHT_ERASURE}, {.id = RIGHT_OPT_OUT_OF_SALE}};
	static const struct policy policy = {.rights = rights, .right_count = 3};
	const time_t now = 1795305600;
	char *text = malloc(size + 1);
	struct agent_message m;
	struct err e = {0};
	time_t t;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (agent_message_time(&t, text) == 0 && (t < -86400 || t > 253402387200))
		abort();
	JSON_AUTO cJSON *agent = json_parse("{\"id\":\"A\",\"verify_key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}", 70, &e);
	if (agent_message_signed(&m, text, size, agent, "B", now, true) == 0 && m.claims == NULL)
		abort();
	agent_message_free(&m);
	// The claims as if their signature held.
	m = (struct agent_message){.text = BUF_INIT(4000), .claims = json_parse(text, size, &e)};
	if (cJSON_IsObject(m.claims) && agent_message_exercise(&m, &policy) == 0 &&
	    (m.right == NULL || (m.contact[0] == '\0' && m.receipt[0] == '\0') || (m.receipt[0] != '\0' && !token_shaped(m.receipt))))
		abort();
	agent_message_free(&m);
	if (agent_message_opendsr(&m, text, size, &policy, now) == 0 && (m.right == NULL || m.sent > now || strlen(m.once) != 36))
		abort();
	if (m.fault != NULL && m.status < 400)
		abort();
	agent_message_free(&m);
	free(text);
	return 0;
}
