// SPDX-License-Identifier: ISC
// Objections (GDPR, Article 21): what one names is kept and not used until it is decided whose grounds weigh more.
#include "admin/restrict.h"
#include "policy/rights/restrict.h"

static const struct option_row object_place_options[] = {
    {"reason", OPTION_VALUE, "TEXT", "more of it, for the person and the record; nothing personal"},
    {"receipt", OPTION_HIDDEN, NULL, "without ID: enter an objection to what is kept of a receipt"},
    {"record", OPTION_VALUE, "RECORD", "without ID: the same, by the id of a record"},
    RESTRICT_CONTACT_OPTION,
    {"how", OPTION_CHOICE, "letter|phone|mail|in-person|other", "without ID: how it came"},
    {"received", OPTION_VALUE, "DATE", "without ID: when it came, if not now"},
    {"dry-run", OPTION_FLAG, NULL, "only count"},
    OBJECT_FORMAT_OPTION,
    {0},
};
static const struct option_row object_override_options[] = {
    {"reason", OPTION_VALUE, "TEXT", "which grounds weigh more, for the person and the record; nothing personal"},
    {"text", OPTION_HIDDEN, NULL, "more of it, for the person alone, from a file or standard input"},
    OBJECT_FORMAT_OPTION,
    {0},
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
