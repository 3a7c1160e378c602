// SPDX-License-Identifier: ISC
// The order: the request is logged, the input judged, the archive's file made, the generation written into the ledger; only then is anything
// asked of anyone. The archive belongs to a record, with its event, before its address is told. A step that fails ends the request, and
// whatever was made goes with it.
#include "fcgi/generate/answer.h"
#include "fcgi/generate/api.h"
#include "fcgi/generate/generate.h"
#include "fcgi/generate/outcome.h"
#include "fcgi/generate/references.h"
#include "fcgi/generate/visitor.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/setting.h"
#include "policy/base/when.h"
#include "policy/vault/archive_token.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

enum {
	PREVIEW_BYTES = 512 * 1024, // of the spool, kept free for the smallest picture
	RECORD_BYTES = 64 * 1024,   // of the stores' disk: less than the pages that a set's records are written to
	PROMPTS_BYTES = 256 * 1024, // of prompts.json, at most
	README_BYTES = 16 * 1024,
	AGAIN_MS = 2000, // between two attempts to record a finished set
	DAY = 24 * 60 * 60,
};

static int set_log_request(struct set *s)
{
	const int once = request_once(s->r, "lethe receipt ", *s->key.id != '\0' ? s->key.id : NULL, s->receipt);
	struct err e = {0};

	s->once = once > 0;
	if (!s->once)
		token_new(s->receipt);
	archive_token_both(s->token, s->pictures_token, s->receipt);
	if (request_log_open(s->r, s->receipt, &e) != 0)
		return set_not_recorded(s, &e);
	return once < 0 ? problem_set(&s->failure, 400, "problem.idempotency-key", NULL, NULL) : 0;
}

// Whose answer was lost, or whose program ended, sends it again and gets what was made. A record whose file is gone gives way to another.
static int set_answer_again(struct set *s)
{
	static const struct ledger_event event = {.name = "archive-undelivered"};
	struct vault_record record = {0};
	struct err e = {0};

	const int there = s->once ? follow_again(s->r, s->g, s->receipt, s->answer.form) : 0;
	if (there < 0)
		return problem_set(&s->failure, 409, "problem.set-begun", NULL, NULL);
	if (there > 0)
		return -1; // answered
	if (s->once && archive_token_find_for_rights(s->g->vault, s->token, &record, &e) == 0 &&
	    vault_end(s->g->vault, record.id, &event, &e) != 0)
		return set_not_recorded(s, &e);
	return 0;
}

static int set_read_input(struct set *s)
{
	const bool api = s->answer.form == ANSWER_API || s->answer.form == ANSWER_API_EVENTS;

	if (!api && request_check(s->r, s->g->fields) != 0)
		return -1; // answered
	if ((api ? api_input_read(s) : input_read(s->r, s->g->image_ids, &s->input, &s->failure)) != 0)
		return -1;
	if (s->answer.form == ANSWER_EVENTS)
		s->partial_images = s->g->partial_images;
	s->input.verbatim = s->input.verbatim || s->g->text_count == 0; // the policy has nobody who writes prompts
	s->pictures = calloc(s->input.count, sizeof *s->pictures);
	if (s->pictures == NULL)
		return problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	if (s->input.url.len > 0 && !s->g->policy->page_fetch)
		return problem_set(&s->failure, 422, "problem.no-pages", "url", NULL);
	return input_screen(s->g->policy, &s->input, &s->failure);
}

static int set_choose_chains(struct set *s)
{
	generator_learn(s->g, request_fd(s->r));
	s->text = generator_chain(s->g->text, s->g->text_count, s->input.provider);
	s->image = generator_chain(s->g->image, s->g->image_count, s->input.provider);
	if (s->input.provider == NULL && generator_needs_choice(s->g))
		return problem_set(&s->failure, 422, "problem.choice-required", "provider", NULL);
	if ((s->text.count == 0 && !s->input.verbatim) || s->image.count == 0)
		return problem_set(&s->failure, 503, "problem.not-configured", NULL, NULL);
	if (s->input.verbatim)
		s->text.count = 0;
	if (s->input.provider == NULL)
		return 0;
	// Who chose a processor gets that one or none.
	const struct processor *chosen = generator_image(s->g, s->input.provider);
	if (chosen == NULL || !generator_usable(chosen))
		return problem_set(&s->failure, 503, "problem.not-configured.provider", "provider",
				   WORD_VALUES({"provider", s->input.provider}));
	s->image = (struct chain){.at = {chosen}, .count = 1};
	if (chosen->provider->preview && !s->input.verbatim) // who chooses what is built in wants nothing to leave
		s->text = (struct chain){.at = {chosen}, .count = 1};
	return 0;
}

static int set_choose_processors(struct set *s)
{
	if (set_choose_chains(s) != 0 || references_choose(s) != 0)
		return -1;
	s->recipients = calloc(s->text.count + s->image.count, sizeof *s->recipients);
	return s->recipients != NULL ? 0 : problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
}

// What cannot be asked is not said to be full: the attempt will tell.
static bool folder_has_space(const char *folder, uint64_t need)
{
	struct statvfs fs;

	return statvfs(folder, &fs) != 0 || fs.f_blocks == 0 || (uint64_t)fs.f_bavail * fs.f_frsize >= need;
}

bool make_has_space(const struct generator *g)
{
	return folder_has_space(g->spool, PREVIEW_BYTES) && folder_has_space(setting_state(), RECORD_BYTES);
}

static int set_begin_archive(struct set *s)
{
	struct err e = {0};
	time_t today = when_now() / DAY * DAY;
	const struct allotment_wish wish = {.address = request_address(s->r),
					    .image = &s->image,
					    .count = s->input.count,
					    .width = s->input.width,
					    .height = s->input.height,
					    .thumbnails = s->input.thumbnails};

	if (allotment_take(&s->allotment, s->g, &wish, allotment_space(s->g->spool), &e) != 0)
		return problem_set(&s->failure, 503, e.code == ERR_FULL ? "problem.busy.space" : "problem.busy.share", NULL, NULL);
	return archive_begin(&s->archive, s->g->spool, s->g->sealed, today, &e) == 0 ? 0 : set_not_recorded(s, &e);
}

static int set_record(struct set *s)
{
	JSON_AUTO cJSON *plan = outcome_plan(s);
	BUF_AUTO struct buf details = BUF_INIT(4096);
	struct err e = {0};

	if (plan == NULL || json_print(&details, plan) != 0)
		return problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	struct ledger_event event = {.name = "generation", .details = buf_text(&details)};
	// The row of the request log is made durable at the same time; nothing is asked of anyone before both are.
	int done = ledger_append(s->g->vault, &event, &e);
	return request_log_end(s->r, done == 0 ? &e : NULL) == 0 && done == 0 ? 0 : set_not_recorded(s, &e);
}

// Once pictures are there and paid for, the archive must not fail for want of the few bytes that explain and list them.
static int set_reserve(struct set *s)
{
	enum {
		OF_A_PICTURE = 512,
		OF_AN_ENTRY = 256
	}; // what prompts.json says of a picture beside its prompt; what the listing says of an entry
	BUF_AUTO_WIPE struct buf prompts = BUF_INIT(PROMPTS_BYTES);
	struct err e = {0};

	if (outcome_prompts(s, &prompts) != 0)
		return problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	size_t bytes = prompts.len + (size_t)OF_A_PICTURE * s->input.count + README_BYTES + OF_AN_ENTRY * ARCHIVE_ENTRIES_MAX;
	return archive_reserve(&s->archive, bytes, &e) == 0 ? 0 : set_not_recorded(s, &e);
}

static int set_pack(struct set *s)
{
	BUF_AUTO_WIPE struct buf prompts = BUF_INIT(PROMPTS_BYTES);
	BUF_AUTO struct buf readme = BUF_INIT(README_BYTES);
	struct err e = {0};

	archive_use_reserve(&s->archive);
	if (answer_progress(s, "archive", 0, 1) != 0)
		return -1;
	if (outcome_prompts(s, &prompts) != 0 || outcome_readme(s, &readme) != 0)
		return problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	if (archive_add(&s->archive, "prompts.json", prompts.data, prompts.len, &e) != 0)
		return set_not_recorded(s, &e);
	s->prompts = s->archive.finished[s->archive.count - 1].range;
	if (archive_add(&s->archive, "README.txt", readme.data, readme.len, &e) != 0 ||
	    archive_finish(&s->archive, &s->archive_bytes, &e) != 0)
		return set_not_recorded(s, &e);
	return 0;
}

// The pictures are paid for, and whoever gets events sees them already: a store that takes no record at the moment, as on a full disk, is asked
// again as long as the set may live, or the visitor waits.
static int set_put(struct set *s, const struct vault_new *archive, const struct ledger_event *event, char id[RECORD_ID_LEN + 1])
{
	struct err e = {0};
	bool told = false;

	while (vault_put(s->g->vault, archive, event, id, &e) != 0) {
		bool over = s->answer.form == ANSWER_EVENTS ? s->expires != 0 && when_now() >= s->expires
							    : monotonic_ms() + 2 * (uint64_t)AGAIN_MS > request_deadline(s->r);
		if (over || vault_broken(s->g->vault) || e.code == ERR_REFUSED || e.code == ERR_INPUT || (s->once && e.code == ERR_BUSY))
			return set_not_recorded(s, &e);
		if (!told)
			note_line("a finished set waits to be recorded: %s", e.text);
		told = true;
		e = (struct err){0};
		if (answer_alive(s) != 0 || visitor_pause(s, AGAIN_MS) != 0)
			return -1;
	}
	return 0;
}

static int set_hand_over(struct set *s)
{
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], details[96];
	BUF_AUTO_WIPE struct buf body = BUF_INIT(VAULT_BODY_MAX);

	s->key_look = 0; // once more, before anything is kept
	if (!visitor_stays(s) && !s->closing)
		return -1;
	s->expires = life_end(s->g->policy, KIND_ARCHIVE, when_now());
	JSON_AUTO cJSON *record = outcome_record(s);
	if (record == NULL || json_print(&body, record) != 0)
		return problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	snprintf(details, sizeof details, "{\"bytes\":%llu,\"pictures\":%u}", (unsigned long long)s->archive_bytes, set_made(s));
	const struct vault_tag tags[] = {{ARCHIVE_TOKEN_TAG, s->pictures_token}, {NULL, NULL}};
	struct ledger_event event = {.name = "archive", .details = details};
	struct vault_new archive = {.kind = KIND_ARCHIVE,
				    .subject = s->receipt,
				    .tags = tags,
				    .body = body.data,
				    .body_len = body.len,
				    .file = s->archive.path,
				    .once = s->once ? ARCHIVE_TOKEN_TAG : NULL,
				    .due = s->expires};
	set_forget_input(s);
	if (set_put(s, &archive, &event, id) != 0)
		return -1;
	archive_keep(&s->archive);
	char file[sizeof s->archive.path];
	if (vault_spool_path(s->g->vault, id, file, sizeof file, &e) == 0)
		allotment_keep(&s->allotment, file, s->archive_bytes, s->expires);
	if (answer_progress(s, "archive", 1, 1) == 0 && answer_done(s, record) == 0)
		return 0;
	if (s->answer.form == ANSWER_EVENTS || s->once) // who has the receipt, or the key, finds it
		return 0;
	// The visitor has left, and nobody else knows its address.
	event = (struct ledger_event){.name = "archive-undelivered"};
	if (vault_end(s->g->vault, id, &event, &e) != 0)
		note_line("an archive whose visitor has left stays until its time is over: %s", e.text);
	return -1;
}

static int (*const steps[])(struct set *s) = {
    set_log_request, set_answer_again, set_read_input, set_choose_processors, set_begin_archive, api_book, set_record,   references_make,
    answer_begin,    page_facts_read,  prompts_write,  set_reserve,           images_make,       set_pack, set_hand_over};

void make_handle(struct request *r, void *context)
{
	make_set(r, context, answer_form(r), NULL);
}

void make_set(struct request *r, const struct generator *g, enum answer_form form, const struct api_call *call)
{
	struct set s = {.g = g,
			.r = r,
			.policy = request_policy(r),
			.answer.form = form,
			.failure.language = request_language(r),
			.archive = ARCHIVE_INIT};
	int done = 0;

	if (call != NULL) {
		s.key = call->key;
		s.edit = call->edit;
	}
	for (size_t i = 0; done == 0 && i < ARRAY_LEN(steps); i++)
		done = steps[i](&s);
	const bool silent = s.cancelled && s.answer.begun && form != ANSWER_API_EVENTS; // the pages' events end without another
	if (s.key_over)
		problem_set(&s.failure, 401, "problem.api-key.ended", NULL, NULL);
	else if (s.cancelled && !silent) // by an erasure
		problem_set(&s.failure, 410, "problem.ended", NULL, NULL);
	api_give_back(&s);
	if (done != 0 && !silent)
		answer_failure(&s);
	request_log_end(r, NULL); // of one who left before; the row names the receipt
	// The answer went out through libfcgi's buffers; what it was made of goes now.
	set_free(&s);
}
