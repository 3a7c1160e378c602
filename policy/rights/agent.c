// SPDX-License-Identifier: ISC
#include "policy/rights/agent.h"
#include "policy/base/base64.h"
#include "policy/base/file.h"
#include "policy/vault/key.h"
#include <limits.h>
#include <string.h>

enum { AGENTS_BYTES_MAX = 1024 * 1024 };

cJSON *agent_list(const char *state, struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(AGENTS_BYTES_MAX);
	char path[PATH_MAX];
	struct err why = {0};
	const cJSON *one;

	if (path_join(path, sizeof path, state, "officer/agents.json", e) != 0)
		return NULL;
	if (file_read(path, &text, &why) != 0) {
		if (why.code == ERR_NOT_FOUND)
			return cJSON_CreateArray();
		err_set(e, why.code, "%s", why.text);
		return NULL;
	}
	cJSON *agents = json_parse(buf_text(&text), text.len, &why);
	bool ok = cJSON_IsArray(agents);
	cJSON_ArrayForEach(one, agents)
	{
		const char *id = json_string(one, "id"), *protocol = json_string(one, "protocol"), *key = json_string(one, "verify_key");
		uint8_t bytes[AGENT_KEY_LEN];
		ok = ok && id != NULL && agent_id_shaped(id) && json_string(one, "name") != NULL && json_string(one, "salt") != NULL &&
		     protocol != NULL &&
		     (strcmp(protocol, AGENT_OPENDSR) == 0 ||
		      (strcmp(protocol, AGENT_DRP) == 0 && key != NULL && agent_key_read(bytes, key) == 0));
	}
	if (ok)
		return agents;
	cJSON_Delete(agents);
	err_set(e, ERR_CORRUPT, "%s is not what lethe agents writes", path);
	return NULL;
}

int agent_list_write(const char *state, const cJSON *agents, struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(AGENTS_BYTES_MAX);
	char path[PATH_MAX];

	if (path_join(path, sizeof path, state, "officer/agents.json", e) != 0)
		return -1;
	if (json_print_lines(&text, agents) != 0)
		return err_set(e, ERR_MEMORY, "there are too many agents");
	if (file_write(path, text.data, text.len, 0600, NULL, e) != 0)
		return -1;
	file_own_like(path, state);
	return 0;
}

bool agent_id_shaped(const char *id)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	size_t len = strlen(id);

	return len > 0 && len <= AGENT_ID_MAX && strspn(id, letters) == len;
}

const cJSON *agent_find(const cJSON *agents, const char *protocol, const char *id)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, agents)
	{
		if (strcmp(json_string(one, "id"), id) == 0 && strcmp(json_string(one, "protocol"), protocol) == 0)
			return one;
	}
	return NULL;
}

void agent_mac(struct vault *v, const char *use, const char *text, char out[TOKEN_LEN + 1])
{
	BUF_AUTO_WIPE struct buf encoded = BUF_INIT(TOKEN_LEN + 1);
	uint8_t hash[HASH_LEN];

	key_lookup_hash(v, hash, use, text);
	base64_url_add(&encoded, hash, sizeof hash);
	memcpy(out, buf_text(&encoded), encoded.len);
	out[encoded.len] = '\0';
	wipe(hash, sizeof hash);
}

void agent_token(struct vault *v, const cJSON *agent, char out[TOKEN_LEN + 1])
{
	BUF_AUTO struct buf text = BUF_INIT(AGENTS_BYTES_MAX);
	const char *key = json_string(agent, "verify_key");

	buf_printf(&text, "%s %s %s %s", json_string(agent, "protocol"), json_string(agent, "id"), key != NULL ? key : "",
		   json_string(agent, "salt"));
	agent_mac(v, "agent-token", buf_text(&text), out);
}

const cJSON *agent_by_token(struct vault *v, const cJSON *agents, const char *protocol, const char *token)
{
	const cJSON *one, *found = NULL;
	char given[TOKEN_LEN + 1] = "", is[TOKEN_LEN + 1];
	const bool shaped = token != NULL && token_shaped(token);

	if (shaped)
		memcpy(given, token, sizeof given);
	cJSON_ArrayForEach(one, agents)
	{
		agent_token(v, one, is);
		bool same = equal_secret(given, is, TOKEN_LEN) && strcmp(json_string(one, "protocol"), protocol) == 0;
		found = shaped && same ? one : found;
	}
	wipe(is, sizeof is);
	return found;
}

int agent_key_read(uint8_t out[AGENT_KEY_LEN], const char *text)
{
	BUF_AUTO struct buf bytes = BUF_INIT(2 * AGENT_KEY_LEN);

	if (strlen(text) > 2 * AGENT_KEY_LEN || base64_decode(&bytes, text, strlen(text)) != 0 || bytes.len != AGENT_KEY_LEN)
		return -1;
	memcpy(out, bytes.data, AGENT_KEY_LEN);
	return 0;
}
