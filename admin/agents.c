// SPDX-License-Identifier: ISC
// Who may send requests for others by a protocol: agents of the Data Rights Protocol, by the key that they sign with, and controllers of OpenDSR, by
// a token.
#include "admin/table.h"
#include "policy/rights/agent.h"
#include <stdio.h>
#include <string.h>

static const struct option_row add_options[] = {
    {"name", OPTION_VALUE, "NAME", "what it is called, for the officer and the person"},
    {"key", OPTION_VALUE, "KEY", "the key that it signs with: base64 of an Ed25519 public key (Data Rights Protocol)"},
    {"opendsr", OPTION_FLAG, NULL, "a controller of OpenDSR instead: its token is printed, once"},
    {"technical-contact", OPTION_VALUE, "ADDRESS", "of the agent's firm"},
    {"business-contact", OPTION_VALUE, "ADDRESS", "of the agent's firm"},
    OBJECT_FORMAT_OPTION,
    {0},
};
static const struct option_row list_options[] = {FORMAT_OPTION, {0}};
static const struct option_row remove_options[] = {{"opendsr", OPTION_FLAG, NULL, "the controller of OpenDSR of this id"}, {0}};

static const char *agents_protocol(const struct arguments *args)
{
	return argument_given(args, "opendsr") ? AGENT_OPENDSR : AGENT_DRP;
}

// The list without the agent of this id; *was says whether there was one.
static void agents_drop(cJSON *agents, const char *protocol, const char *id, bool *was)
{
	const cJSON *one = agent_find(agents, protocol, id);

	*was = one != NULL;
	if (one != NULL)
		cJSON_Delete(cJSON_DetachItemViaPointer(agents, (cJSON *)(uintptr_t)one));
}

// It is recorded first: what the ledger cannot take is not done.
static int agents_record(const struct admin *a, struct vault *v, const cJSON *agents, const char *what, const char *protocol,
			 const char *id, struct err *e)
{
	char details[256];
	const struct ledger_event event = {.name = "agent", .details = details};

	snprintf(details, sizeof details, "{\"what\":\"%s\",\"protocol\":\"%s\",\"id\":\"%s\"}", what, protocol, id);
	return ledger_append(v, &event, e) != 0 ? -1 : agent_list_write(a->state, agents, e);
}

static enum status agents_add(const struct admin *a, const struct arguments *args)
{
	static const char *const contacts[][2] = {{"technical-contact", "technical_contact"}, {"business-contact", "business_contact"}};
	const char *id = args->words[0], *name = argument(args, "name"), *key = argument(args, "key"), *protocol = agents_protocol(args);
	const bool drp = strcmp(protocol, AGENT_DRP) == 0;
	uint8_t bytes[AGENT_KEY_LEN];
	char salt[TOKEN_LEN + 1], token[TOKEN_LEN + 1] = "";
	BUF_AUTO_WIPE struct buf text = BUF_INIT(OUTPUT_MAX);
	struct err e = {0};
	SITE_AUTO struct site s = {0};
	bool was;

	if (!agent_id_shaped(id))
		return output_complain(STATUS_UNSURE, "agents: an id has letters, digits, _, - and ., %d at most", AGENT_ID_MAX);
	if (name == NULL || *name == '\0')
		return output_complain(STATUS_UNSURE, "agents: --name NAME is needed");
	if (drp != (key != NULL))
		return output_complain(STATUS_UNSURE, "agents: give either --key KEY or --opendsr");
	if (drp && agent_key_read(bytes, key) != 0)
		return output_complain(STATUS_UNSURE, "agents: --key is base64 of the %d bytes of an Ed25519 public key", AGENT_KEY_LEN);
	if (site_open(&s, a, VAULT_PROGRAM) != STATUS_DONE)
		return STATUS_UNSURE;
	JSON_AUTO cJSON *agents = agent_list(a->state, &e), *shown = NULL;
	if (agents == NULL)
		return output_complain(STATUS_FOUND, "agents: %s", e.text);
	agents_drop(agents, protocol, id, &was);
	token_new(salt);
	cJSON *row = cJSON_CreateObject();
	bool ok = cJSON_AddItemToArray(agents, row) && cJSON_AddStringToObject(row, "id", id) != NULL &&
		  cJSON_AddStringToObject(row, "name", name) != NULL && cJSON_AddStringToObject(row, "protocol", protocol) != NULL &&
		  (!drp || cJSON_AddStringToObject(row, "verify_key", key) != NULL) && cJSON_AddStringToObject(row, "salt", salt) != NULL;
	for (size_t i = 0; i < 2; i++) {
		const char *contact = argument(args, contacts[i][0]);
		ok = ok && (contact == NULL || cJSON_AddStringToObject(row, contacts[i][1], contact) != NULL);
	}
	if (!ok)
		return output_complain(STATUS_UNSURE, "agents: no memory");
	if (agents_record(a, s.vault, agents, was ? "replaced" : "added", protocol, id, &e) != 0)
		return output_complain(STATUS_FOUND, "agents: %s", e.text);
	shown = cJSON_Duplicate(row, true);
	cJSON_DeleteItemFromObjectCaseSensitive(shown, "salt");
	buf_printf(&text, "%s is %s\n", id, was ? "replaced; its token before opens nothing any more" : "added");
	if (!drp) {
		agent_token(s.vault, row, token);
		cJSON_AddStringToObject(shown, "token", token);
		buf_printf(&text, "token, for the controller; it is shown this once: %s\n", token);
	}
	explicit_bzero(token, sizeof token);
	explicit_bzero(salt, sizeof salt);
	return output_object(args, shown, &text);
}

static enum status agents_list(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"id", "protocol", "name", "technical_contact", "business_contact", NULL};
	struct err e = {0};
	const cJSON *one;
	TABLE_AUTO struct table t;

	table_init(&t, columns, "sssss");
	JSON_AUTO cJSON *agents = agent_list(a->state, &e);
	if (agents == NULL)
		return output_complain(STATUS_FOUND, "agents: %s", e.text);
	cJSON_ArrayForEach(one, agents)
	{
		const char *technical = json_string(one, "technical_contact"), *business = json_string(one, "business_contact");
		table_add(&t, json_string(one, "id"), json_string(one, "protocol"), json_string(one, "name"),
			  technical != NULL ? technical : "", business != NULL ? business : "");
	}
	return table_output(&t, args, "There are no agents.");
}

static enum status agents_remove(const struct admin *a, const struct arguments *args)
{
	const char *id = args->words[0], *protocol = agents_protocol(args);
	BUF_AUTO struct buf text = BUF_INIT(OUTPUT_MAX);
	struct err e = {0};
	SITE_AUTO struct site s = {0};
	bool was;

	if (site_open(&s, a, VAULT_PROGRAM) != STATUS_DONE)
		return STATUS_UNSURE;
	JSON_AUTO cJSON *agents = agent_list(a->state, &e);
	if (agents == NULL)
		return output_complain(STATUS_FOUND, "agents: %s", e.text);
	agents_drop(agents, protocol, id, &was);
	if (!was)
		return output_complain(STATUS_FOUND, "agents: there is no %s of this protocol; lethe agents list names those there are",
				       id);
	if (agents_record(a, s.vault, agents, "removed", protocol, id, &e) != 0)
		return output_complain(STATUS_FOUND, "agents: %s", e.text);
	buf_printf(&text, "%s is removed; its requests go on, and its token opens nothing any more\n", id);
	return output_print(&text);
}

static const struct command *const agents_commands[] = {
    &(const struct command){"add", agents_add, "trust an agent, or put it in the place of one of the same id", .words = "ID",
			    .options = add_options},
    &(const struct command){"list", agents_list, "all of them", .options = list_options},
    &(const struct command){"remove", agents_remove, "trust it no longer", .words = "ID", .options = remove_options}, NULL};

const struct command agents_command = {.name = "agents", .line = "who may send requests for others", .sub = agents_commands};
