// SPDX-License-Identifier: ISC
// A canary is sent to a vendor, its deletion asked for, and what came of that is written down and published.
#include "admin/drill.h"
#include "admin/table.h"
#include "admin/vendor.h"
#include "fcgi/provider/s3_name.h"
#include "policy/base/file.h"
#include "policy/base/tree.h"
#include "policy/processors/processors.h"
#include <stdio.h>
#include <string.h>

enum { DRILL_MS = 180 * 1000, LOOK_MS = 20 * 1000, DRILL_BYTES = 64 * 1024, DRILL_WORK_SECONDS = 1800 };
static const char canary[] = "A plain white cup on a wooden table, soft daylight, nothing else.";
static const struct option_row drill_options[] = {{"dry-run", OPTION_FLAG, NULL, "only say who would be asked, and who offers nothing"},
						  LIST_OPTIONS_END};

// ---- what is known of drills ----

static int drill_path(const struct admin *a, char path[4096])
{
	return path_join(path, 4096, a->state, DRILL_FILE, NULL);
}

cJSON *drill_read(const struct admin *a)
{
	BUF_AUTO struct buf text = BUF_INIT(DRILL_BYTES);
	char path[4096];
	cJSON *known = drill_path(a, path) == 0 && file_read(path, &text, NULL) == 0 ? json_parse(buf_text(&text), text.len, NULL) : NULL;

	return known != NULL ? known : cJSON_CreateObject();
}

static void drill_write(const struct admin *a, const char *processor, const struct deletion_row *row, const char *result)
{
	JSON_AUTO cJSON *details = json_make(JSON_MEMBERS(MEMBER_TEXT("processor", processor), MEMBER_TEXT("result", result))),
			*known = NULL;
	TREE_AUTO struct tree folder = {.fd = -1};
	BUF_AUTO struct buf text = BUF_INIT(DRILL_BYTES), event_text = BUF_INIT(1024);
	cJSON *one =
	    json_make(JSON_MEMBERS(MEMBER_TEXT("result", result), MEMBER_TIME("sent", row->made), MEMBER_TIME("answered", when_now())));
	char path[4096];
	struct err e = {0};

	// A drill and the timer that asks again may have come to an end at once.
	if (path_join(path, sizeof path, a->state, DRILL_FOLDER, &e) == 0 && tree_open(&folder, path, &e) == 0)
		(void)tree_lock(&folder, true, &e);
	known = drill_read(a);
	if (row->status != 0)
		cJSON_AddNumberToObject(one, "status", row->status);
	cJSON_AddNumberToObject(one, "attempts", row->attempts);
	if (row->failure[0] != '\0')
		cJSON_AddStringToObject(one, "failure", row->failure);
	cJSON_DeleteItemFromObjectCaseSensitive(known, processor);
	if (!cJSON_AddItemToObject(known, processor, one))
		cJSON_Delete(one);
	if (row->status != 0)
		cJSON_AddNumberToObject(details, "status", row->status);
	cJSON_AddNumberToObject(details, "seconds", (double)(when_now() - row->made));
	json_print(&event_text, details);
	const struct ledger_event event = {.name = "drill", .details = buf_text(&event_text)};
	if (ledger_append(a->vault, &event, &e) != 0 || json_print(&text, known) != 0 || drill_path(a, path) != 0 ||
	    file_write(path, text.data, text.len, 0640, NULL, &e) != 0)
		output_complain(STATUS_FOUND, "drill: what came of it at %s is not written down: %s", processor, e.text);
}

void drill_answered(void *arg, const struct deletion_row *row)
{
	const struct admin *a = arg;
	const struct provider *p = provider_find(row->processor);
	char failure[DELETION_FAILURE];
	struct provider_task t;

	if (row->deleted == 0 || p == NULL || p->removal.look == NULL) {
		drill_write(a, row->processor, row, row->deleted == 0 ? "failed" : "confirmed");
		return;
	}
	provider_look(&t, p, row->reference);
	vendor_drive(a->run, row->processor, row->kinds, &t, monotonic_ms() + LOOK_MS, NULL, NULL, failure);
	drill_write(a, row->processor, row, t.kept == PROVIDER_KEPT_GONE ? "gone" : t.kept == PROVIDER_KEPT_STILL ? "kept" : "unsure");
	provider_free(&t);
}

// ---- a canary ----

static int canary_take(void *arg, const void *bytes, size_t len, struct err *e)
{
	return (void)arg, (void)bytes, (void)len, (void)e, 0;
}

static void canary_again(void *arg)
{
	(void)arg;
}

struct drill {
	struct admin admin;
	struct deletion_new work;
	char id[RECORD_ID_LEN + 1]; // of the deletion; "": there is nothing to delete yet
	struct err e;
};

static int drill_noted(void *arg, const char *reference)
{
	struct drill *d = arg;
	struct deletion_new work = d->work;

	work.reference = reference;
	return deletion_add(d->admin.vault, &work, d->id, &d->e);
}

// Sends it. `failure`: why nothing came of it, or "".
static void canary_send(struct drill *d, const struct provider *p, enum provider_ability ability, char failure[DELETION_FAILURE])
{
	static const char *const none[] = {NULL};
	static const struct provider_sink sink = {canary_take, canary_again, NULL};
	const struct provider_input in = {.brief = {.description = canary,
						    .title = "",
						    .summary = "",
						    .text = "",
						    .headings = none,
						    .colours = none,
						    .style = "photo",
						    .audience_rule = "Everything shown suits all ages.",
						    .preview_label = "",
						    .count = 1},
					  .prompt = canary,
					  .size = "1024x1024",
					  .width = 1024,
					  .height = 1024,
					  .sink = &sink};
	const char *run = d->admin.run;
	const uint64_t until = monotonic_ms() + DRILL_MS;
	char word[DELETION_FAILURE];
	struct provider_task t;

	provider_begin(&t, p, ability, &in);
	vendor_drive(run, d->work.processor, d->work.kinds, &t, until, drill_noted, d, failure);
	if (t.result != PROVIDER_OK && failure[0] == '\0')
		snprintf(failure, DELETION_FAILURE, "%s",
			 t.result == PROVIDER_FILTERED  ? "filtered"
			 : t.result == PROVIDER_REFUSED ? "refused"
							: "no-answer");
	if (t.result != PROVIDER_OK) { // what is under way is cancelled
		provider_leave(&t);
		vendor_drive(run, d->work.processor, d->work.kinds, &t, until, NULL, NULL, word);
	}
	provider_free(&t);
}

// A storage gets an object, whose name is written down before. False: it is not there, or not certainly.
static bool canary_put(struct drill *d, const struct provider *p, char failure[DELETION_FAILURE])
{
	char name[PROVIDER_OBJECT_NAME];
	const struct provider_input in = {.object = {.name = name, .bytes = canary, .len = strlen(canary), .type = "text/plain"}};
	struct provider_task t;

	s3_name_new(name, "canary");
	if (drill_noted(d, name) != 0) {
		snprintf(failure, DELETION_FAILURE, "not-noted");
		return false;
	}
	provider_begin(&t, p, PROVIDER_PUT, &in);
	vendor_drive(d->admin.run, d->work.processor, d->work.kinds, &t, monotonic_ms() + DRILL_MS, NULL, NULL, failure);
	const bool there = t.result == PROVIDER_OK;
	if (t.result == PROVIDER_REFUSED) // it has certainly nothing
		(void)deletion_drop(d->admin.vault, d->id, "site", &d->e);
	if (!there && failure[0] == '\0')
		snprintf(failure, DELETION_FAILURE, "%s", t.result == PROVIDER_REFUSED ? "refused" : "no-answer");
	provider_free(&t);
	return there;
}

// Who makes nothing is asked about an address that nobody has.
static int canary_address(struct drill *d, const struct policy *p)
{
	BUF_AUTO struct buf address = BUF_INIT(URL_BYTES_MAX);

	buf_printf(&address, "%s/pictures/canary", p->controller.web != NULL ? p->controller.web : "https://canary.invalid");
	return drill_noted(d, buf_text(&address));
}

static enum status drill_one(const struct admin *a, const struct policy_processor *to, const struct provider *p)
{
	const time_t now = when_now();
	const kind_set may = policy_processor_receives(to, now);
	const enum provider_ability ability =
	    p->can[PROVIDER_IMAGE].begin != NULL && (to->roles & POLICY_BIT(ROLE_IMAGE)) ? PROVIDER_IMAGE : PROVIDER_PROMPTS;
	const bool makes = p->can[ability].begin != NULL, stores = p->can[PROVIDER_PUT].begin != NULL;
	struct drill d = {
	    .admin = *a,
	    .work = {.processor = to->id,
		     .kinds = may & (stores ? KIND_BIT(KIND_UPLOAD) | KIND_BIT(KIND_IMAGE) | KIND_BIT(KIND_ARCHIVE) | KIND_BIT(KIND_GALLERY)
				     : !makes                    ? KIND_BIT(KIND_IMAGE) | KIND_BIT(KIND_ARCHIVE)
				     : ability == PROVIDER_IMAGE ? KIND_BIT(KIND_PROMPT)
								 : KIND_BIT(KIND_INPUT)),
		     .next = now + DRILL_WORK_SECONDS + (time_t)p->removal.after,
		     .canary = true}};
	const struct deletion_way asking = {vendor_delete, drill_answered, &d.admin};
	struct deletion_row row = {.processor = to->id, .made = now, .failure = "", .state = "", .reference = "", .request = ""};
	char failure[DELETION_FAILURE] = "";
	struct deletion_sum sum;
	struct err e = {0};

	bool lost = false; // what may be there is deleted by and by, but its deletion shows nothing
	if (stores)
		lost = !canary_put(&d, p, failure);
	else if (makes)
		canary_send(&d, p, ability, failure);
	else if (canary_address(&d, a->in_force) != 0)
		snprintf(failure, sizeof failure, "not-noted");
	if (d.id[0] == '\0' || lost) {
		row.failure = failure;
		drill_write(a, to->id, &row, "failed");
		return d.e.code != ERR_NONE ? output_complain(STATUS_FOUND, "drill: %s: %s", to->id, d.e.text) : STATUS_FOUND;
	}
	if (p->removal.after > 0) {
		drill_write(a, to->id, &row, "waiting");
		return STATUS_DONE;
	}
	if (deletion_run(a->vault, d.id, true, &asking, &sum, &e) != 0)
		return output_complain(STATUS_FOUND, "drill: %s: %s", to->id, e.text);
	return sum.deleted == 1 ? STATUS_DONE : STATUS_FOUND;
}

static enum status drill_run(const struct admin *a, const struct arguments *args)
{
	const char *wanted = args->word_count > 0 ? args->words[0] : NULL;
	enum status status = STATUS_DONE;
	const bool dry = argument_given(args, "dry-run"), kept = deletion_kept(a->in_force);
	bool found = false;

	for (size_t i = 0; i < a->in_force->processor_count; i++) {
		const struct policy_processor *to = &a->in_force->processors[i];
		const struct provider *p = provider_find(to->id);
		char note[192], length[96];
		if ((wanted != NULL && strcmp(wanted, to->id) != 0) || to->local || !policy_processor_in_force(to, when_now()))
			continue;
		const bool offers = p != NULL && p->removal.ask != NULL;
		found = true;
		if (p == NULL && wanted == NULL)
			continue;
		duration_words(length, sizeof length,
			       to->has_keeps                     ? to->keeps
			       : processor_facts(to->id) != NULL ? processor_facts(to->id)->longest
								 : (struct duration){0});
		snprintf(note, sizeof note, "%s%s%s",
			 !offers                ? "nothing can be deleted there"
			 : p->removal.after > 0 ? "it deletes by itself, and says when it did"
						: "it deletes when asked",
			 length[0] != '\0' ? "; by its word it ends all of it after: " : "", length);
		if (offers && !dry && !kept)
			return output_complain(
			    STATUS_UNSURE,
			    "drill: the policy does not declare the kind deletion, without which a canary could be lost at the vendor");
		if (offers && !dry && drill_one(a, to, p) != STATUS_DONE)
			status = STATUS_FOUND;
		JSON_AUTO cJSON *known = drill_read(a);
		const cJSON *one = offers ? json_get(known, to->id) : NULL;
		const char *result = json_string(one, "result");
		if (result != NULL && !dry &&
		    (strcmp(result, "kept") == 0 || strcmp(result, "failed") == 0 || strcmp(result, "unsure") == 0))
			status = STATUS_FOUND;
		table_add(a->list, to->id,
			  result != NULL ? result
			  : offers       ? "never"
					 : "none",
			  json_time(one, "sent"), json_time(one, "answered"), json_number(one, "status", 0), json_string(one, "failure"),
			  note);
	}
	if (!found)
		return output_complain(
		    STATUS_UNSURE, wanted != NULL ? "drill: the policy declares no processor %s" : "drill: the policy declares nobody%s",
		    wanted != NULL ? wanted : "");
	const enum status printed = table_output(a->list, args, NULL);
	return printed != STATUS_DONE ? printed : status;
}

const struct command drill_command = {"drill",
				      drill_run,
				      "send vendors a canary, have it deleted, and see whether it is gone",
				      .words = "[VENDOR]",
				      .options = drill_options,
				      .opens = OPENS_PROGRAM,
				      .columns =
					  (const char *const[]){"vendor", "result", "sent", "answered", "status", "failure", "note", NULL},
				      .types = "ssttnss"};
