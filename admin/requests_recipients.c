// SPDX-License-Identifier: ISC
// Who else got data that a request is about (GDPR, Article 19): what they were told, when they have ended it, and what they confirmed.
#include "admin/requests.h"
#include "policy/base/file.h"
#include "policy/rights/recipient.h"
#include "policy/vault/seal.h"

enum { CONFIRMATION_MAX = 32 * 1024 * 1024 };

static const struct option_row recipients_options[] = {
    {"acknowledged", OPTION_VALUE, "PROCESSOR", "it confirmed what it was told: record that, with the hash of --file"},
    {"file", OPTION_VALUE, "FILE", "with --acknowledged: what it wrote; its SHA-256 is kept, and the file is not"},
    LIST_OPTIONS_END,
};

static enum status recipients_run(const struct admin *a, const struct arguments *args)
{
	const char *acknowledged = argument(args, "acknowledged"), *file = argument(args, "file");
	BUF_AUTO_WIPE struct buf paper = BUF_INIT(CONFIRMATION_MAX);
	char id[RECORD_ID_LEN + 1], sha256[2 * HASH_LEN + 1];
	uint8_t hash[HASH_LEN];
	const cJSON *row;
	bool untold = false;

	if ((acknowledged == NULL) != (file == NULL))
		return output_complain(STATUS_UNSURE, "requests: --acknowledged PROCESSOR and --file FILE are given together");
	if (file != NULL && file_read(file, &paper, a->e) != 0)
		return output_complain(STATUS_UNSURE, "requests: %s", a->e->text);
	plain_hash(hash, &(struct bytes){buf_text(&paper), paper.len}, 1);
	hex_encode(sha256, hash, sizeof hash);
	if (cases_request_id(a->vault, args->words[0], id, a->e) != 0 ||
	    (file != NULL && recipients_acknowledge(a->vault, id, acknowledged, sha256, a->officer, a->e) != 0))
		return requests_failed(a->e);
	JSON_AUTO cJSON *object = rights_show_officer(a->vault, id, false, a->e);
	if (object == NULL)
		return requests_failed(a->e);
	cJSON_ArrayForEach(row, json_get(object, "recipients"))
	{
		const char *notice = json_string(row, "notice");
		untold = untold || notice == NULL;
		table_add(a->list, json_string(row, "id"), json_string(row, "about"), json_time(row, "sent_at"),
			  json_time(row, "expires_by"), notice != NULL ? notice : "none", json_time(row, "acknowledged"),
			  json_string(row, "ack_sha256"), json_time(row, "notice_at"), json_string(row, "name"));
	}
	if (untold)
		output_complain(
		    STATUS_DONE,
		    "who has no notice has no privacy-mail in the policy: what it got ends there by that date; or write to it, and "
		    "record its answer with --acknowledged");
	return table_output(a->list, args, "Nobody else got data that it is about, or it was not acted on yet.");
}

const struct command requests_recipients_command = {"recipients",
						    recipients_run,
						    "who else got data, what they were told and what they confirmed",
						    .words = "ID",
						    .options = recipients_options,
						    .opens = OPENS_LOOK,
						    .writes = "acknowledged",
						    .columns =
							(const char *const[]){"processor", "about", "sent", "ended_by", "notice",
									      "acknowledged", "ack_sha256", "notice_time", "name", NULL},
						    .types = "ssddsdSTS"};
