// SPDX-License-Identifier: ISC
// What waits for the other side: mails for a server, deletions for a vendor.
#include "policy/rights/outbox.h"
#include "admin/cases.h"
#include "admin/drill.h"
#include "admin/vendor.h"
#include "fcgi/ipc/mail_call.h"
#include "policy/base/array.h"
#include "policy/rights/request.h"
#include <stdio.h>
#include <string.h>

static const struct option_row outbox_show_options[] = {
    {"reason", OPTION_VALUE, "TEXT", "why it is read; the person whom it is to sees it"}, OBJECT_OPTIONS_END};
static const struct option_row outbox_send_options[] = {
    {"now", OPTION_FLAG, NULL, "all of them, also those whose time has not come and those that failed"},
    {"quiet", OPTION_FLAG, NULL, "say nothing, and end with 0 whatever waits"},
    {0},
};

struct outbox_found {
	const char *given; // an id or its beginning
	char id[RECORD_ID_LEN + 1], request[RECORD_ID_LEN + 1];
	size_t found;
	bool deletion; // what was found is none of the mails
	cJSON *shown;
};

// What to do about a failure (fcgi/ipc/egress_call.h). Those that are not here pass by themselves.
static const char *outbox_advice(const char *failure, bool failed)
{
	static const struct {
		const char *failure, *advice;
	} rows[] = {
	    {"login", "correct SMTP_USER and SMTP_PASSWORD, or the key of the mail service (RESEND_API_KEY)"},
	    {"not-configured", "set up the mail server or service that the policy names, and its address"},
	    {"mail-sender", "have the mail service verify the domain of the policy's contact"},
	    {"mail-quota", "wait, or have the mail service's quota raised"},
	    {"mail-refused", "see lethe outbox show; then answer another way and lethe outbox drop"},
	    {"mail-differs", "look at the mail service whether it was sent; then lethe outbox drop"},
	    {"bad-mail", "see lethe outbox show; then answer another way and lethe outbox drop"},
	    {"undeclared-processor", "have the policy name somebody who delivers mail"},
	    {"kind-not-shared", "have the policy share these kinds of data with who delivers mail"},
	    {"field-not-shared", "have the policy name all fields of a mail that it needs: to, subject, text"},
	    {"tls", "correct the mail server's certificate, or LETHE_CA_FILE"},
	    {"no-egress", "start egress"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].failure, failure) == 0)
			return rows[i].advice;
	return failed ? "lethe outbox send ID tries it once more" : *failure != '\0' ? "nothing: it is tried again" : "";
}

static int outbox_list_one(void *arg, const struct outbox_row *row)
{
	struct table *t = arg;
	const bool failed = strcmp(row->state, "waiting") != 0;

	t->found |= failed;
	table_add(t, row->id, row->what, row->request, row->state, row->made, row->failure, outbox_advice(row->failure, failed),
		  (double)row->attempts, failed ? (time_t)0 : row->next);
	return 0;
}

static int outbox_list_deletion(void *arg, const struct deletion_row *row)
{
	const char *advice = strcmp(row->failure, "refused") == 0          ? "give the vendor's key the right to delete"
			     : strcmp(row->failure, "not-configured") == 0 ? "set up the vendor's key and settings"
									   : outbox_advice(row->failure, false);
	char what[96];

	snprintf(what, sizeof what, "deletion %.80s", row->processor);
	table_add(arg, row->id, what, row->request, row->state, row->made, row->failure, advice, (double)row->attempts, row->next);
	return 0;
}

static enum status outbox_list_run(const struct admin *a, const struct arguments *args)
{
	return outbox_each(a->vault, outbox_list_one, a->list, a->e) != 0 ||
		       deletion_each(a->vault, false, outbox_list_deletion, a->list, a->e) != 0
		   ? output_complain(STATUS_UNSURE, "outbox: %s", a->e->text)
		   : table_output(a->list, args, "Nothing waits to be sent.");
}

static int outbox_find_deletion(void *arg, const struct deletion_row *row)
{
	struct outbox_found *l = arg;

	if (strncmp(row->id, l->given, strlen(l->given)) != 0)
		return 0;
	l->found++;
	l->deletion = true;
	snprintf(l->id, sizeof l->id, "%s", row->id);
	cJSON_Delete(l->shown);
	l->shown = json_make(
	    JSON_MEMBERS(MEMBER_TEXT("id", row->id), MEMBER_TEXT("processor", row->processor), MEMBER_TEXT("state", row->state),
			 MEMBER_TEXT("failure", row->failure), MEMBER_TEXT("request", row->request), MEMBER_TIME("made", row->made),
			 MEMBER_TIME("next", row->next), MEMBER_NUMBER("attempts", row->attempts), MEMBER_NUMBER("status", row->status)));
	return 0;
}

static int outbox_find_one(void *arg, const struct outbox_row *row)
{
	struct outbox_found *l = arg;

	if (strncmp(row->id, l->given, strlen(l->given)) != 0)
		return 0;
	l->found++;
	snprintf(l->id, sizeof l->id, "%s", row->id);
	snprintf(l->request, sizeof l->request, "%s", row->request);
	cJSON_Delete(l->shown);
	l->shown =
	    json_make(JSON_MEMBERS(MEMBER_TEXT("id", row->id), MEMBER_TEXT("letter", row->what), MEMBER_TEXT("request", row->request),
				   MEMBER_TEXT("state", row->state), MEMBER_TEXT("failure", row->failure), MEMBER_TEXT("to", row->to),
				   MEMBER_TEXT("subject", row->subject), MEMBER_TEXT("text", row->text)));
	return 0;
}

// The mail, or the deletion, whose id begins so. STATUS_DONE, or it was said why not; l->shown is to be freed.
static enum status outbox_find(const struct admin *a, const char *given, struct outbox_found *l)
{
	*l = (struct outbox_found){.given = given};
	if (cases_id_names(given, 0, a->e) != 0 || outbox_each(a->vault, outbox_find_one, l, a->e) != 0 ||
	    deletion_each(a->vault, false, outbox_find_deletion, l, a->e) != 0 || cases_id_names(given, l->found, a->e) != 0)
		return output_complain(STATUS_UNSURE, "outbox: %s", a->e->text);
	return l->found == 1 ? STATUS_DONE
			     : output_complain(STATUS_FOUND, "outbox: there is nothing of this id; lethe outbox list names what there is");
}

static enum status outbox_show_run(const struct admin *a, const struct arguments *args)
{
	const struct rights_act reading = {.event = EVENT_READ, .by = a->officer, .reason = argument(args, "reason")};
	struct outbox_found l;
	BUF_AUTO_WIPE struct buf text = BUF_INIT(OUTPUT_MAX);
	enum status status = outbox_find(a, args->words[0], &l);
	JSON_AUTO cJSON *shown = l.shown;
	if (status != STATUS_DONE)
		return status;
	if (l.deletion) {
		table_record(&text, shown);
		return output_object(args, shown, &text);
	}
	if (reading.reason == NULL)
		return output_complain(STATUS_UNSURE,
				       "outbox: --reason TEXT is needed: the person whom it is to sees who read it, and why");
	if (*l.request != '\0' && rights_act(a->vault, l.request, &reading, a->e) != 0 && a->e->code != ERR_NOT_FOUND)
		return requests_failed(a->e);
	buf_printf(&text, "%s %s: %s%s%s\nTo: %s\nSubject: %s\n\n", json_string(shown, "letter"), l.id, json_string(shown, "state"),
		   *json_string(shown, "failure") ? ", " : "", json_string(shown, "failure"), json_string(shown, "to"),
		   json_string(shown, "subject"));
	output_wrapped_lines(&text, 0, json_string(shown, "text"));
	return output_object(args, shown, &text);
}

static enum status outbox_send_run(const struct admin *a, const struct arguments *args)
{
	const struct outbox_way way = {mail_call, a->run};
	const bool quiet = argument_given(args, "quiet"), given = args->word_count > 0;
	const bool now = given || argument_given(args, "now");
	struct outbox_sent sent = {0};
	struct deletion_sum gone = {0};
	struct outbox_found l = {0};
	enum status status = given ? outbox_find(a, args->words[0], &l) : STATUS_DONE;

	cJSON_Delete(l.shown);
	if (status != STATUS_DONE)
		return status;
	struct admin vendors = *a;
	const struct deletion_way asking = {vendor_delete, drill_answered, &vendors};
	if ((!given || !l.deletion) && outbox_send(a->vault, given ? l.id : NULL, now, &way, &sent, a->e) != 0)
		status = output_complain(STATUS_FOUND, "outbox: %s", a->e->text);
	if ((!given || l.deletion) && deletion_run(a->vault, given ? l.id : NULL, now, &asking, &gone, a->e) != 0)
		status = output_complain(STATUS_FOUND, "outbox: deletions at vendors: %s", a->e->text);
	if (quiet)
		return status;
	if (gone.deleted + gone.waiting + gone.expired > 0)
		output_complain(STATUS_DONE, "outbox: deletions at vendors: %u confirmed, %u waiting, %u not confirmed in time",
				gone.deleted, gone.waiting, gone.expired);
	return output_complain(sent.waiting + sent.failed + gone.expired > 0 || (given && gone.waiting > 0) ? STATUS_FOUND : status,
			       "outbox: %u sent, %u waiting, %u failed", sent.sent, sent.waiting, sent.failed);
}

static enum status outbox_drop_run(const struct admin *a, const struct arguments *args)
{
	struct outbox_found l;
	enum status status = outbox_find(a, args->words[0], &l);

	cJSON_Delete(l.shown);
	if (status != STATUS_DONE)
		return status;
	if ((l.deletion ? deletion_drop : outbox_drop)(a->vault, l.id, a->officer, a->e) != 0)
		return output_complain(STATUS_FOUND, "outbox: %s", a->e->text);
	return output_complain(STATUS_DONE, l.deletion ? "outbox: %.12s will not be asked for" : "outbox: %.12s will not be sent", l.id);
}

const struct command outbox_command = {
    .name = "outbox",
    .line = "mails that wait to be sent, and deletions that vendors are to confirm",
    .sub = (const struct command *const[]){
	&(const struct command){
	    "list", outbox_list_run, "what waits, and mails that could not be sent", .options = LIST_OPTIONS, .opens = OPENS_LOOK,
	    .columns = (const char *const[]){"id", "letter", "request", "state", "since", "failure", "do", "attempts", "next", NULL},
	    .types = "isisdssNT"},
	&(const struct command){"show", outbox_show_run, "one of them, a mail with its text", .words = "ID", .options = outbox_show_options,
				.opens = OPENS_PROGRAM},
	&(const struct command){"send", outbox_send_run, "try what is due, or one", .words = "[ID]", .options = outbox_send_options,
				.opens = OPENS_PROGRAM},
	&(const struct command){"drop", outbox_drop_run, "never send it, or ask for it", .words = "ID", .opens = OPENS_PROGRAM}, NULL}};
