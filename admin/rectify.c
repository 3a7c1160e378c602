// SPDX-License-Identifier: ISC
// Corrects what a request says (GDPR, Article 16).
#include "policy/rights/rectify.h"
#include "admin/requests.h"

static const struct option_row rectify_options[] = {
    {"contact", OPTION_HIDDEN, NULL, "where the answer is to go"},
    {"message", OPTION_HIDDEN, NULL, "what it says, from a file or standard input"},
    {"reason", OPTION_VALUE, "TEXT", "why, for the person and the record; nothing personal"},
    OBJECT_OPTIONS_END,
};

static enum status rectify_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1];
	BUF_AUTO_WIPE struct buf contact = BUF_INIT(HIDDEN_MAX), message = BUF_INIT(RIGHTS_REQUEST_MAX / 8);
	struct rectify_value values[2];
	size_t count = 0;

	if ((argument(args, "contact") != NULL && ask_hidden("contact", argument(args, "contact"), &contact, a->e) != 0) ||
	    requests_text(args, "message", &message, a->e) != 0)
		return output_complain(STATUS_UNSURE, "rectify: %s", a->e->text);
	if (contact.len > 0)
		values[count++] = (struct rectify_value){"contact", buf_text(&contact)};
	if (message.len > 0)
		values[count++] = (struct rectify_value){"message", buf_text(&message)};
	if (cases_request_id(a->vault, args->words[0], id, a->e) != 0 ||
	    rectify_request(a->vault, id, values, count, a->officer, argument(args, "reason"), a->e) != 0)
		return admin_failed(a);
	JSON_AUTO cJSON *object = rights_show_officer(a->vault, id, false, a->e);
	if (object == NULL)
		return admin_failed(a);
	BUF_AUTO struct buf line = BUF_INIT(4096);
	buf_printf(&line, "%.12s is corrected\n", id);
	return output_object(args, object, &line);
}

const struct command rectify_command = {"rectify",
					rectify_main,
					"correct the contact or the message of an open request",
					.words = "ID",
					.options = rectify_options,
					.opens = OPENS_PROGRAM};
