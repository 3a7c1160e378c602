// SPDX-License-Identifier: ISC
// `lethe access` shows what is kept of somebody, by number; `lethe export` writes it to a file, or to standard output.
#include "policy/rights/export.h"
#include "admin/cases.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/rights/erase.h"
#include "policy/rights/reading.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SELECTOR_OPTIONS                                                                                                                   \
	{"receipt", OPTION_HIDDEN, NULL, "everything made under a receipt"},                                                               \
	    {"ip", OPTION_HIDDEN, NULL, "what the request log has of an IP address, by the day"},                                          \
	    {"sole", OPTION_FLAG, NULL, "with --ip: nobody else has that address, so its rows in full"}, CASES_CONTACT_OPTION,             \
	    CASES_ARCHIVE_OPTION, {"request", OPTION_VALUE, "ID", "a recorded request, and whom it is about"},                             \
	{                                                                                                                                  \
		"record", OPTION_VALUE, "ID", "a record, by its id, with everything of the same subject"                                   \
	}

static const struct option_row access_options[] = {
    SELECTOR_OPTIONS, {"reason", OPTION_VALUE, "TEXT", "with --contact: why; the person sees it"}, LIST_OPTIONS_END};
static const struct option_row export_options[] = {
    SELECTOR_OPTIONS,
    {"passphrase", OPTION_HIDDEN, NULL, "encrypts it"},
    {"reason", OPTION_VALUE, "TEXT", "why; the person sees it"},
    {0},
};
enum { NAMED_RECEIPT, NAMED_IP, NAMED_CONTACT, NAMED_ARCHIVE, NAMED_COUNT };
static const char *const named_options[NAMED_COUNT] = {"receipt", "ip", "contact", "archive"};

struct selection {
	struct export_selector list[EXPORT_SELECTORS_MAX];
	size_t count;
	char named[NAMED_COUNT][PERSON_VALUE_MAX]; // personal
	struct person person;
	char request[RECORD_ID_LEN + 1], archive[RECORD_ID_LEN + 1];
};

static void selection_end(struct selection *s)
{
	explicit_bzero(s, sizeof *s);
}
#define SELECTION_AUTO __attribute__((cleanup(selection_end)))

// What has to be asked for, before anything is opened.
static int selection_ask(const struct arguments *args, struct selection *s, struct err *e)
{
	bool any = argument_given(args, "request") || argument_given(args, "record");

	for (size_t i = 0; i < NAMED_COUNT; i++) {
		const int given = cases_named(args, named_options[i], s->named[i], e);
		if (given < 0)
			return -1;
		any = any || given > 0;
	}
	if (argument_given(args, "sole") && !argument_given(args, "ip"))
		return err_set(e, ERR_INPUT, "--sole says something of --ip, which was not given");
	if (*s->named[NAMED_CONTACT] != '\0' && argument_given(args, "request"))
		return err_set(e, ERR_INPUT, "a request says itself whose contact is looked for: leave --contact or --request away");
	return any ? 0 : err_set(e, ERR_INPUT, "say whose: give --receipt, --ip, --contact, --archive, --request or --record");
}

static int selection_gather(const struct admin *a, const struct arguments *args, struct selection *s, enum export_contact contact,
			    struct export **out)
{
	const char *request = argument(args, "request"), *record = argument(args, "record");
	const struct export_selector given[] = {{.by = ERASE_RECEIPT, .value = s->named[NAMED_RECEIPT]},
						{.by = ERASE_ADDRESS, .value = s->named[NAMED_IP], .sole = argument_given(args, "sole")},
						{.by = ERASE_RECORD, .value = record != NULL ? record : ""},
						{.by = ERASE_RECORD, .value = s->archive, .by_link = true}};

	if (*s->named[NAMED_ARCHIVE] != '\0' && rights_archive_id(a->vault, s->named[NAMED_ARCHIVE], s->archive, a->e) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (*given[i].value != '\0')
			s->list[s->count++] = given[i];
	if (*s->named[NAMED_CONTACT] != '\0' &&
	    export_of_contact(a->vault, s->named[NAMED_CONTACT], s->list, &s->count, &s->person, a->e) != 0)
		return -1;
	if (request != NULL && (cases_request_id(a->vault, request, s->request, a->e) != 0 ||
				export_of_request(a->vault, s->request, contact, s->list, &s->count, &s->person, a->e) != 0))
		return -1;
	return export_gather(out, a->vault, a->in_force, s->list, s->count, a->e);
}

static void export_drop(struct export **x)
{
	export_free(*x);
}
#define EXPORT_AUTO __attribute__((cleanup(export_drop)))

static enum status access_main(const struct admin *a, const struct arguments *args)
{
	SELECTION_AUTO struct selection s = {0};
	EXPORT_AUTO struct export *x = NULL;
	const cJSON *store, *held;

	if (selection_ask(args, &s, a->e) != 0)
		return output_complain(STATUS_UNSURE, "access: %s", a->e->text);
	if ((*s.named[NAMED_CONTACT] != '\0' &&
	     reading_contact(a->vault, s.named[NAMED_CONTACT], a->officer, argument(args, "reason"), a->e) != 0) ||
	    selection_gather(a, args, &s, EXPORT_CONTACT_COUNTED, &x) != 0)
		return admin_failed(a);
	JSON_AUTO cJSON *stores = export_stores(x);
	cJSON_ArrayForEach(store, stores)
	{
		BUF_AUTO struct buf withheld = BUF_INIT(1024);
		const char *ground = json_string(store, "ground");
		cJSON_ArrayForEach(held, json_get(store, "withheld"))
		{
			buf_printf(&withheld, "%s%d %s", withheld.len > 0 ? ", " : "", (int)json_number(held, "count", 0),
				   json_string(held, "ground"));
		}
		if (ground != NULL)
			buf_adds(&withheld, ground);
		table_add(a->list, json_string(store, "store"), json_string(store, "status"), json_number(store, "found", 0),
			  json_number(store, "given", 0), buf_text(&withheld));
	}
	enum status status = table_output(a->list, args, NULL);
	return export_missed(x) != NULL ? output_complain(STATUS_FOUND, "access: NOT ALL could be read: %s", export_missed(x)) : status;
}

// The form of WinZip makes its key by 1,000 rounds of PBKDF2 only.
enum { PASSPHRASE_LEAST = 12 };

static int piece_print(void *arg, const void *bytes, size_t len)
{
	(void)arg;
	return fd_write_all(STDOUT_FILENO, bytes, len);
}

static enum status export_main(const struct admin *a, const struct arguments *args)
{
	SELECTION_AUTO struct selection s = {0};
	EXPORT_AUTO struct export *x = NULL;
	BUF_AUTO_WIPE struct buf passphrase = BUF_INIT(HIDDEN_MAX);
	const char *reason = argument(args, "reason");
	bool encrypted = argument_given(args, "passphrase");
	char why[64 + RECORD_ID_LEN];
	struct err *e = a->e;

	if (isatty(STDOUT_FILENO))
		return output_complain(STATUS_UNSURE, "export: a ZIP is not for a terminal: give --output FILE");
	if (reason == NULL && !argument_given(args, "request"))
		return output_complain(STATUS_UNSURE, "export: give a --reason; the person sees it, and the ledger has it");
	if (selection_ask(args, &s, e) != 0 || (encrypted && ask_hidden("passphrase", argument(args, "passphrase"), &passphrase, e) != 0))
		return output_complain(STATUS_UNSURE, "export: %s", e->text);
	if (encrypted && passphrase.len < PASSPHRASE_LEAST)
		return output_complain(STATUS_UNSURE,
				       "export: a passphrase of less than %d characters is soon guessed by whoever finds the file",
				       PASSPHRASE_LEAST);
	output_progress_begin("exporting");
	int ret = selection_gather(a, args, &s, EXPORT_CONTACT_PROVEN, &x);
	if (ret == 0 && argument_given(args, "request"))
		ret = rights_check_identity(a->vault, s.request, e);
	snprintf(why, sizeof why, "export for the answer to request %.*s", RECORD_ID_LEN, s.request);
	if (ret == 0)
		ret = export_record(x, a->officer, reason != NULL ? reason : why, *s.request != '\0' ? s.request : NULL, e) != 0 ||
			      export_write(x, encrypted ? buf_text(&passphrase) : NULL, piece_print, NULL, e) != 0
			  ? -1
			  : 0;
	output_progress_end();
	if (ret != 0)
		return output_complain(STATUS_UNSURE, "export: %s", e->text); // and no file gets its name
	output_complain(STATUS_DONE, "%s, %llu with files%s", COUNTED(export_records(x), "record", "records"),
			(unsigned long long)x->file_count,
			encrypted ? "; encrypted (AES-256): give the passphrase another way" : "; NOT encrypted: see --passphrase");
	return export_missed(x) == NULL
		   ? STATUS_DONE
		   : output_complain(STATUS_FOUND, "export: PARTIAL: %s. The manifest in it says so.", export_missed(x));
}

const struct command access_command = {"access",
				       access_main,
				       "count what is kept of one visit or person, in every store",
				       .options = access_options,
				       .opens = OPENS_LOOK,
				       .reads = "contact",
				       .columns = (const char *const[]){"store", "status", "found", "given", "withheld", NULL},
				       .types = "ssnns"};
const struct command export_command = {"export", export_main, "write what is kept of one visit or person to a ZIP",
				       .options = export_options, .opens = OPENS_ADMIN};
