// SPDX-License-Identifier: ISC
// Restriction (GDPR, Article 18): what a request names is kept and not used, until the person was told that this ends.
#include "policy/rights/restrict.h"
#include "admin/cases.h"
#include "admin/requests.h"
#include <stdio.h>
#include <string.h>

#define RESTRICT_CONTACT_OPTION                                                                                                            \
	{                                                                                                                                  \
		"contact", OPTION_HIDDEN, NULL,                                                                                            \
		    "without ID: the same, for all that bears a contact; --reason says how it is known to be theirs"                       \
	}
static const struct option_row place_options[] = {
    {"ground", OPTION_CHOICE, "accuracy-contested|unlawful-processing|claims-of-person|objection-pending", "why, by Article 18(1)"},
    {"reason", OPTION_VALUE, "TEXT", "more of it, for the person and the record; nothing personal"},
    {"receipt", OPTION_HIDDEN, NULL, "without ID: enter a request for what is kept of a receipt"},
    {"record", OPTION_VALUE, "RECORD", "without ID: the same, by the id of a record"},
    RESTRICT_CONTACT_OPTION,
    {"how", OPTION_CHOICE, "letter|phone|mail|in-person|other", "without ID: how the request came"},
    {"received", OPTION_VALUE, "DATE", "without ID: when it came, if not now"},
    {"dry-run", OPTION_FLAG, NULL, "only count"},
    OBJECT_OPTIONS_END,
};
static const struct option_row tell_options[] = {
    {"reason", OPTION_VALUE, "TEXT", "why it ends, for the person and the record; nothing personal"},
    OBJECT_OPTIONS_END,
};

static enum status restrict_did(const struct arguments *args, const char *id, const char *did, const struct restrict_result *r)
{
	BUF_AUTO struct buf line = BUF_INIT(4096);

	buf_printf(&line, "%.12s %s: %s, %llu with files\n", id != NULL ? id : "it", did, COUNTED(r->records, "record", "records"),
		   (unsigned long long)r->files);
	return output_members(args, &line,
			      JSON_MEMBERS(MEMBER_TEXT("id", id), MEMBER_TEXT("done", did), MEMBER_NUMBER("records", r->records),
					   MEMBER_NUMBER("files", r->files)));
}

// Enters the request that a restriction stands on. Its secret is for the person.
static int place_request(struct vault *v, const struct arguments *args, const char *right, const char *receipt, const char *contact,
			 const char *officer, char id[RECORD_ID_LEN + 1], struct err *e)
{
	struct rights_new request = {.right = right,
				     .receipt = receipt,
				     .record = argument(args, "record"),
				     .contact = contact,
				     .by = officer,
				     .how = argument(args, "how")};
	const struct rights_act known = {
	    .event = EVENT_IDENTITY_GIVEN, .by = officer, .how = "known", .reason = argument(args, "reason"), .contact_too = true};
	struct rights_receipt out;

	if (requests_time(args, "received", &request.received, e) != 0 || rights_store(v, &request, &out, e) != 0)
		return -1;
	memcpy(id, out.id, RECORD_ID_LEN + 1);
	output_complain(STATUS_DONE, "recorded as %s; secret, for the person, to look it up at /rights: %s", out.id, out.secret);
	explicit_bzero(out.secret, sizeof out.secret);
	return contact != NULL ? rights_act(v, id, &known, e) : 0;
}

// `ground` NULL: it is missing, and it is said so.
static enum status restrict_place(const struct admin *a, const struct arguments *args, const char *right, const char *ground)
{
	char id[RECORD_ID_LEN + 1] = "";
	const char *asked = argument(args, "receipt"), *record = argument(args, "record");
	const bool named = args->word_count > 0, dry_run = argument_given(args, "dry-run"), by_contact = argument_given(args, "contact");
	BUF_AUTO_WIPE struct buf receipt = BUF_INIT(HIDDEN_MAX);
	PERSON_AUTO struct person person = {0};
	char contact[PERSON_VALUE_MAX] = "";
	struct restrict_result r;

	if (ground == NULL || named + (asked != NULL) + (record != NULL) + by_contact != 1)
		return output_complain(STATUS_UNSURE, "%s: give %sexactly one of ID, --receipt, --record, --contact", a->name,
				       ground == NULL ? "a --ground, and " : "");
	if (asked != NULL && (ask_hidden("receipt", asked, &receipt, a->e) != 0 ||
			      (!token_shaped(buf_text(&receipt)) && err_set(a->e, ERR_INPUT, "that is not a receipt") != 0)))
		return admin_failed(a);
	if (by_contact && argument(args, "reason") == NULL)
		return output_complain(STATUS_UNSURE, "%s: --contact needs a --reason: how it is known that the contact is theirs",
				       a->name);
	if (cases_named(args, "contact", contact, a->e) < 0)
		return admin_failed(a);
	person.list[0] = (struct erase_selector){asked != NULL ? ERASE_RECEIPT : ERASE_RECORD, asked != NULL ? buf_text(&receipt) : record};
	person.count = named || by_contact ? 0 : 1;
	// Nothing is entered for what is not there, or is too much with the request that is entered.
	if (!named && ((by_contact && person_of_contact(a->vault, contact, &person, a->e) != 0) ||
		       rights_restrict_would(a->vault, &person, &r, a->e) != 0))
		return admin_failed(a);
	if (person.more || (by_contact && person.count == PERSON_MAX))
		return output_complain(STATUS_FOUND, "%s: more of one person than is restricted at once: no request was entered", a->name);
	if (!named && r.records == 0)
		return output_complain(STATUS_FOUND, "restrict: nothing is kept of what it names: no request was entered");
	if (!named && dry_run)
		return restrict_did(args, NULL, "would be restricted", &r);
	if ((named ? cases_request_id(a->vault, args->words[0], id, a->e)
		   : place_request(a->vault, args, right, asked != NULL ? buf_text(&receipt) : NULL, by_contact ? contact : NULL,
				   a->officer, id, a->e)) != 0 ||
	    rights_restrict(a->vault, id, ground, argument(args, "reason"), a->officer, dry_run, &r, a->e) != 0) {
		if (!named && *id != '\0')
			output_complain(STATUS_FOUND, "%s: %.12s is entered and not restricted: %s place %.12s does that", a->name, id,
					a->name, id);
		return admin_failed(a);
	}
	return restrict_did(args, id, dry_run ? "would be restricted" : "is restricted", &r);
}

static enum status place_run(const struct admin *a, const struct arguments *args)
{
	return restrict_place(a, args, "restriction", argument(args, "ground"));
}

static enum status tell_run(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1];
	struct restrict_result r = {0};

	if (cases_request_id(a->vault, args->words[0], id, a->e) != 0 ||
	    rights_restrict_tell(a->vault, id, argument(args, "reason"), a->officer, a->e) != 0 ||
	    rights_restrict_count(a->vault, id, &r, a->e) != 0)
		return admin_failed(a);
	output_complain(STATUS_DONE, "the letter: lethe requests letter %.12s lift", id);
	return restrict_did(args, id, "is still restricted; that the person is told is recorded", &r);
}

static enum status lift_run(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1];
	struct restrict_result r;

	if (cases_request_id(a->vault, args->words[0], id, a->e) != 0 || rights_restrict_lift(a->vault, id, a->officer, &r, a->e) != 0)
		return admin_failed(a);
	return restrict_did(args, id, "is lifted", &r);
}

struct restrictions {
	struct table *t;
	struct vault *v;
	bool failed;
};

static int list_restriction(void *arg, const struct rights_row *row)
{
	struct restrictions *l = arg;
	struct restrict_result r = {0};
	char since[WHEN_TEXT];

	if (row->facts.restricted == NULL)
		return 0;
	l->failed = rights_restrict_count(l->v, row->id, &r, NULL) != 0 || l->failed;
	when_text(since, row->facts.restricted_since);
	since[WHEN_DATE - 1] = '\0';
	table_add(l->t, row->id, since, row->facts.restricted, rights_ground_keeps(row->facts.restricted) ? "yes" : "no",
		  row->facts.lift_told ? "yes" : "no", (double)r.records);
	return 0;
}

static enum status list_run(const struct admin *a, const struct arguments *args)
{
	struct restrictions l = {.t = a->list, .v = a->vault};

	if (rights_each(a->vault, list_restriction, &l, a->e) != 0)
		return admin_failed(a);
	enum status status = table_output(a->list, args, "Nothing is restricted.");
	return l.failed ? output_complain(STATUS_UNSURE, "restrict: not everything could be counted") : status;
}

static const struct command *const restrict_commands[] = {
    &(const struct command){"place", place_run, "keep what a request names, and use it for nothing", .words = "[ID]",
			    .options = place_options, .opens = OPENS_PROGRAM},
    &(const struct command){"tell", tell_run, "the person is told that it will be lifted, and why", .words = "ID", .options = tell_options,
			    .opens = OPENS_PROGRAM},
    &(const struct command){"lift", lift_run, "use it again", .words = "ID", .options = OBJECT_OPTIONS, .opens = OPENS_PROGRAM},
    &(const struct command){"list", list_run, "what is restricted, by which requests", .options = LIST_OPTIONS, .opens = OPENS_PROGRAM,
			    .columns = (const char *const[]){"request", "since", "ground", "kept", "told", "records", NULL},
			    .types = "issssn"},
    NULL};
const struct command restrict_command = {
    .name = "restrict", .line = "keep data without using it, as Article 18 has it", .sub = restrict_commands};

// ---- objections ----

// Objections (GDPR, Article 21): what one names is kept and not used until it is decided whose grounds weigh more.

static const struct option_row object_place_options[] = {
    {"reason", OPTION_VALUE, "TEXT", "more of it, for the person and the record; nothing personal"},
    {"receipt", OPTION_HIDDEN, NULL, "without ID: enter an objection to what is kept of a receipt"},
    {"record", OPTION_VALUE, "RECORD", "without ID: the same, by the id of a record"},
    RESTRICT_CONTACT_OPTION,
    {"how", OPTION_CHOICE, "letter|phone|mail|in-person|other", "without ID: how it came"},
    {"received", OPTION_VALUE, "DATE", "without ID: when it came, if not now"},
    {"dry-run", OPTION_FLAG, NULL, "only count"},
    OBJECT_OPTIONS_END,
};
static const struct option_row object_override_options[] = {
    {"reason", OPTION_VALUE, "TEXT", "which grounds weigh more, for the person and the record; nothing personal"},
    {"text", OPTION_HIDDEN, NULL, "more of it, for the person alone, from a file or standard input"},
    OBJECT_OPTIONS_END,
};

static enum status object_place_run(const struct admin *a, const struct arguments *args)
{
	return restrict_place(a, args, "objection", "objection-pending");
}

static enum status object_override_run(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1];
	BUF_AUTO_WIPE struct buf text = BUF_INIT(RIGHTS_REQUEST_MAX / 8);
	struct restrict_result r;

	if (requests_text(args, "text", &text, a->e) != 0 || cases_request_id(a->vault, args->words[0], id, a->e) != 0 ||
	    rights_objection_override(a->vault, id, argument(args, "reason"), text.len > 0 ? buf_text(&text) : NULL, a->officer, &r,
				      a->e) != 0)
		return admin_failed(a);
	output_complain(STATUS_DONE, "the letter: lethe requests letter %.12s refuse", id);
	return restrict_did(args, id, "is refused; used again", &r);
}

static const struct command *const object_commands[] = {
    &(const struct command){"place", object_place_run, "keep what it names, and use it for nothing until it is decided", .words = "[ID]",
			    .options = object_place_options, .opens = OPENS_PROGRAM},
    &(const struct command){"override", object_override_run, "our grounds weigh more: refused, told, and used again", .words = "ID",
			    .options = object_override_options, .opens = OPENS_PROGRAM},
    NULL};
const struct command object_command = {
    .name = "object", .line = "objections: what they name is not used, until they are decided", .sub = object_commands};
