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
    OBJECT_OPTIONS_END,
};
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
static int agents_record(const struct admin *a, const cJSON *agents, const char *what, const char *protocol, const char *id)
{
	char details[256];
	const struct ledger_event event = {.name = "agent", .details = details};

	snprintf(details, sizeof details, "{\"what\":\"%s\",\"protocol\":\"%s\",\"id\":\"%s\"}", what, protocol, id);
	return ledger_append(a->vault, &event, a->e) != 0 ? -1 : agent_list_write(a->state, agents, a->e);
}

static enum status agents_add(const struct admin *a, const struct arguments *args)
{
	const char *id = args->words[0], *name = argument(args, "name"), *key = argument(args, "key"), *protocol = agents_protocol(args);
	const bool drp = strcmp(protocol, AGENT_DRP) == 0;
	uint8_t bytes[AGENT_KEY_LEN];
	char salt[TOKEN_LEN + 1], token[TOKEN_LEN + 1] = "";
	BUF_AUTO_WIPE struct buf text = BUF_INIT(OUTPUT_MAX);
	bool was;

	if (!agent_id_shaped(id))
		return output_complain(STATUS_UNSURE, "agents: an id has letters, digits, _, - and ., %d at most", AGENT_ID_MAX);
	if (name == NULL || *name == '\0')
		return output_complain(STATUS_UNSURE, "agents: --name NAME is needed");
	if (drp != (key != NULL))
		return output_complain(STATUS_UNSURE, "agents: give either --key KEY or --opendsr");
	if (drp && agent_key_read(bytes, key) != 0)
		return output_complain(STATUS_UNSURE, "agents: --key is base64 of the %d bytes of an Ed25519 public key", AGENT_KEY_LEN);
	JSON_AUTO cJSON *agents = agent_list(a->state, a->e), *shown = NULL;
	if (agents == NULL)
		return admin_failed(a);
	agents_drop(agents, protocol, id, &was);
	token_new(salt);
	cJSON *row = cJSON_CreateObject();
	if (!cJSON_AddItemToArray(agents, row) ||
	    !json_put(row, JSON_MEMBERS(MEMBER_TEXT("id", id), MEMBER_TEXT("name", name), MEMBER_TEXT("protocol", protocol),
					MEMBER_TEXT("verify_key", key), MEMBER_TEXT("salt", salt),
					MEMBER_TEXT("technical_contact", argument(args, "technical-contact")),
					MEMBER_TEXT("business_contact", argument(args, "business-contact")))))
		return output_complain(STATUS_UNSURE, "agents: no memory");
	if (agents_record(a, agents, was ? "replaced" : "added", protocol, id) != 0)
		return admin_failed(a);
	shown = cJSON_Duplicate(row, true);
	cJSON_DeleteItemFromObjectCaseSensitive(shown, "salt");
	buf_printf(&text, "%s is %s\n", id, was ? "replaced; its token before opens nothing any more" : "added");
	if (!drp) {
		agent_token(a->vault, row, token);
		cJSON_AddStringToObject(shown, "token", token);
		buf_printf(&text, "token, for the controller; it is shown this once: %s\n", token);
	}
	explicit_bzero(token, sizeof token);
	explicit_bzero(salt, sizeof salt);
	return output_object(args, shown, &text);
}

static enum status agents_list(const struct admin *a, const struct arguments *args)
{
	JSON_AUTO cJSON *agents = agent_list(a->state, a->e);
	const cJSON *one;

	if (agents == NULL)
		return admin_failed(a);
	cJSON_ArrayForEach(one, agents)
	{
		table_add(a->list, json_string(one, "id"), json_string(one, "protocol"), json_string(one, "name"),
			  json_string(one, "technical_contact"), json_string(one, "business_contact"));
	}
	return table_output(a->list, args, "There are no agents.");
}

static enum status agents_remove(const struct admin *a, const struct arguments *args)
{
	const char *id = args->words[0], *protocol = agents_protocol(args);
	BUF_AUTO struct buf text = BUF_INIT(OUTPUT_MAX);
	bool was;
	JSON_AUTO cJSON *agents = agent_list(a->state, a->e);
	if (agents == NULL)
		return admin_failed(a);
	agents_drop(agents, protocol, id, &was);
	if (!was)
		return output_complain(STATUS_FOUND, "agents: there is no %s of this protocol; lethe agents list names those there are",
				       id);
	if (agents_record(a, agents, "removed", protocol, id) != 0)
		return admin_failed(a);
	buf_printf(&text, "%s is removed; its requests go on, and its token opens nothing any more\n", id);
	return output_print(&text);
}

static const struct command *const agents_commands[] = {
    &(const struct command){"add", agents_add, "trust an agent, or put it in the place of one of the same id", .words = "ID",
			    .options = add_options, .opens = OPENS_PROGRAM},
    &(const struct command){"list", agents_list, "all of them", .options = LIST_OPTIONS,
			    .columns = (const char *const[]){"id", "protocol", "name", "technical_contact", "business_contact", NULL},
			    .types = "sssss"},
    &(const struct command){"remove", agents_remove, "trust it no longer", .words = "ID", .options = remove_options,
			    .opens = OPENS_PROGRAM},
    NULL};

const struct command agents_command = {.name = "agents", .line = "who may send requests for others", .sub = agents_commands};
