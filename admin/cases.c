// SPDX-License-Identifier: ISC
#include "admin/cases.h"
#include "policy/base/array.h"
#include "policy/rights/reading.h"
#include "policy/rights/rights_token.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct case_named {
	const char *given;
	char *out;
	size_t found;
};

static int case_named_as(void *arg, const struct vault_record *r)
{
	struct case_named *wanted = arg;

	if (strncmp(r->id, wanted->given, strlen(wanted->given)) == 0 && wanted->found++ == 0)
		snprintf(wanted->out, RECORD_ID_LEN + 1, "%s", r->id);
	return 0;
}

int cases_id_names(const char *given, size_t found, struct err *e)
{
	if (strlen(given) < SHORT_ID_LEAST)
		return err_set(e, ERR_INPUT, "give %d characters of the id at least", SHORT_ID_LEAST);
	return found > 1 ? err_set(e, ERR_INPUT, "%zu have an id that begins so: give more of it", found) : 0;
}

int cases_id(struct vault *v, enum kind kind, const char *given, char out[RECORD_ID_LEN + 1], struct err *e)
{
	struct case_named wanted = {.given = given, .out = out};

	snprintf(out, RECORD_ID_LEN + 1, "%s", strlen(given) <= RECORD_ID_LEN ? given : "");
	if (strlen(given) >= RECORD_ID_LEN)
		return 0; // what looks it up says so
	return cases_id_names(given, 0, e) != 0 || vault_each(v, kind, NULL, case_named_as, &wanted, e) != 0
		   ? -1
		   : cases_id_names(given, wanted.found, e);
}

int cases_request_id(struct vault *v, const char *given, char out[RECORD_ID_LEN + 1], struct err *e)
{
	return cases_id(v, KIND_RIGHTS_REQUEST, given, out, e);
}

int cases_kinds(const struct arguments *args, kind_set *out, struct err *e)
{
	const char *at = argument(args, "kind");
	char name[64], all[512];
	enum kind k;

	for (; at != NULL && *at != '\0'; at += *at == ',') {
		size_t len = strcspn(at, ",");
		snprintf(name, sizeof name, "%.*s", (int)len, at);
		if (len >= sizeof name || kind_from_name(&k, name) != 0) {
			kind_set_words(all, sizeof all, KIND_BIT(KIND_COUNT) - 1);
			return err_set(e, ERR_INPUT, "--kind takes kinds of data with commas between, of: %s", all);
		}
		*out |= KIND_BIT(k);
		at += len;
	}
	return 0;
}

int cases_named(const struct arguments *args, const char *name, char out[PERSON_VALUE_MAX], struct err *e)
{
	BUF_AUTO_WIPE struct buf value = BUF_INIT(HIDDEN_MAX);
	char token[TOKEN_LEN + 1];
	unsigned char bytes[sizeof(struct in6_addr)];
	bool is;

	*out = '\0';
	if (!argument_given(args, name))
		return 0;
	if (ask_hidden(name, argument(args, name), &value, e) != 0)
		return -1;
	const char *given = buf_text(&value);
	const int family = strchr(given, ':') != NULL ? AF_INET6 : AF_INET;
	// What is found under anything else is nothing, and would be taken for "nothing is kept".
	if (strcmp(name, "receipt") == 0 && !token_shaped(given))
		return err_set(e, ERR_INPUT, "what was given for --receipt is not a receipt: that is %d letters, digits, - and _",
			       TOKEN_LEN);
	if (strcmp(name, "ip") == 0)
		is = inet_pton(family, given, bytes) == 1 && inet_ntop(family, bytes, out, INET6_ADDRSTRLEN) != NULL;
	else if (strcmp(name, "contact") == 0)
		is = person_contact(out, given);
	else if (strcmp(name, "archive") == 0)
		is = rights_token_archive(token, given) && snprintf(out, PERSON_VALUE_MAX, "%s", token) > 0;
	else
		is = snprintf(out, PERSON_VALUE_MAX, "%s", given) < PERSON_VALUE_MAX;
	explicit_bzero(token, sizeof token);
	return is ? 1
		  : err_set(e, ERR_INPUT, "what was given for --%s is %s", name,
			    strcmp(name, "ip") == 0        ? "not an IP address"
			    : strcmp(name, "archive") == 0 ? "not the address of a ZIP"
							   : "nothing to look for");
}

const struct option_row *cases_selector(const struct arguments *args, const struct option_row *options, char value[PERSON_VALUE_MAX],
					struct err *e)
{
	const struct option_row *given = NULL;
	BUF_AUTO struct buf all = BUF_INIT(256);
	size_t count = 0;

	for (const struct option_row *o = options; o < options + CASES_SELECTORS; o++) {
		buf_printf(&all, "%s--%s", o == options ? "" : ", ", o->name);
		given = argument_given(args, o->name) ? o : given;
		count += argument_given(args, o->name);
	}
	if (count != 1)
		err_set(e, ERR_INPUT, "give exactly one of %s", buf_text(&all));
	else if (given->type == OPTION_HIDDEN)
		count = cases_named(args, given->name, value, e) < 0 ? 0 : 1;
	else if (snprintf(value, PERSON_VALUE_MAX, "%s", argument(args, given->name)) >= PERSON_VALUE_MAX)
		count = err_set(e, ERR_INPUT, "the id is too long") == 0;
	return count == 1 ? given : NULL;
}

int cases_one(const struct admin *a, const struct arguments *args, char out[RECORD_ID_LEN + 1])
{
	return cases_id(a->vault, KIND_ACCOUNTABILITY, args->words[0], out, a->e);
}

static enum status case_print(const struct admin *a, const struct arguments *args, unsigned types, const char *id, bool personal)
{
	static const char *const sealed[] = {"asked", "what"};
	BUF_AUTO_WIPE struct buf text = BUF_INIT(OUTPUT_MAX);
	JSON_AUTO cJSON *object = case_show(a->vault, types, id, a->e);

	if (object == NULL)
		return admin_failed(a);
	for (size_t i = 0; i < ARRAY_LEN(sealed) && !personal; i++)
		cJSON_DeleteItemFromObjectCaseSensitive(object, sealed[i]);
	table_record(&text, object);
	return output_object(args, object, &text);
}

enum status cases_print(const struct admin *a, const struct arguments *args, unsigned types, const char *id)
{
	return case_print(a, args, types, id, false);
}

enum status cases_show(const struct admin *a, const struct arguments *args, unsigned types)
{
	char id[RECORD_ID_LEN + 1];
	const bool personal = argument_given(args, "personal");

	// It is recorded before it is shown.
	return cases_one(a, args, id) != 0 ||
		       (personal && reading_record(a->vault, a->name, id, a->officer, argument(args, "reason"), a->e) != 0)
		   ? admin_failed(a)
		   : case_print(a, args, types, id, personal);
}
