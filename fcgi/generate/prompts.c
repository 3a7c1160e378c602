// SPDX-License-Identifier: ISC
// One prompt for each picture, by the first text processor that can.
#include "fcgi/generate/prompts.h"
#include "fcgi/generate/answer.h"
#include "fcgi/generate/outcome.h"
#include "fcgi/generate/peer.h"
#include "fcgi/moderation/filter.h"
#include "fcgi/moderation/filter_minors.h"
#include "policy/base/when.h"
#include <string.h>

enum { TEXT_MS = 30 * 1000 };

// Until the task is over; when the visitor leaves or the time is up, it is so without a reply.
static void prompts_ask(struct set *s, const struct processor *p, const struct provider_input *in, struct peer_work *w)
{
	struct err e = {0};

	peer_begin(w, s->g, p, PROVIDER_PROMPTS, in);
	while (w->task.step == PROVIDER_SEND) {
		// Egress keeps the deadline; the second more is for its reply to arrive.
		if (peer_wait(w, w->call, 1, request_fd(s->r), w->deadline + 1000, &e) != 0) {
			provider_no_reply(&w->task, PROVIDER_DOWN, &e);
			return;
		}
		peer_go_on(w, s->g);
	}
}

// Why there are no prompts, after the last processor.
static int prompts_none(struct set *s, enum provider_result v, const struct err *say)
{
	struct failure *f = &s->failure;

	note_line("prompts: %s", say->text);
	if (v == PROVIDER_FILTERED)
		return failure_set(f, 422, "content-filtered", s->input.url.len > 0 ? "url" : "description",
				   "The safety filter of the text service refused this. Describe the business in other words.");
	if (v == PROVIDER_LIMITED)
		return failure_set(f, 503, "provider-busy", NULL, "The text service has too much to do. Please try again in a minute.");
	if (peer_refused_region(v, say))
		return failure_set(f, 503, "refused-region", NULL,
				   "The text service answered from a region that our policy does not allow, so its answer was not used. "
				   "The operator has been told.");
	if (v == PROVIDER_REFUSED)
		return failure_set(f, 503, "provider-refused", NULL,
				   "The text service does not accept requests from this site at the moment. The operator has been told.");
	if (say->code == ERR_TIMEOUT)
		return failure_set(f, 504, "provider-timeout", NULL, "The text service did not answer in time. Please try again.");
	return failure_set(f, 502, "provider-down", NULL, "The text service did not give a usable answer. Please try again.");
}

// What comes back is judged like what went in: it may repeat what a page held, or invent worse. The built-in writer invents nothing: all its
// words have been judged in their places, and out of them "sex education" and "teenagers" would be judged more strictly.
static void prompt_take(struct set *s, unsigned index, const char *text)
{
	struct picture *picture = &s->pictures[index];
	BUF_AUTO_WIPE struct buf out = BUF_INIT(64 * 1024);
	rule_set mask = 0;

	for (unsigned r = 0; r < RULE_COUNT; r++) {
		enum policy_action action = s->g->policy->content[r];
		if (action != CONTENT_ALLOW && !(action == CONTENT_WARN && s->input.confirmed))
			mask |= RULE_BIT(r);
	}
	if ((mask & RULE_BIT(RULE_MINORS)) && !s->written_by->provider->preview && filter_minors(text)) {
		picture->state = PICTURE_MISSING;
		picture->reason = "its prompt was not fit to be drawn";
	} else if (filter_mask(text, mask & RULES_PERSONAL, &out) != 0 || (picture->prompt = buf_steal(&out)) == NULL) {
		picture->state = PICTURE_MISSING;
		picture->reason = "no prompt was written for it";
	}
}

int prompts_write(struct set *s)
{
	struct provider_input in = {.brief = set_brief(s)};
	struct call c = CALL_INIT;
	struct peer_work w = {.call = &c, .kinds = outcome_text_kinds(s)};
	uint64_t deadline = monotonic_ms() + TEXT_MS;
	int ret = -1;

	if (answer_progress(s, "prompts", 0, 1) != 0)
		return -1;
	for (unsigned i = 0; i < s->text.count; i++) {
		s->written_by = s->text.at[i];
		w.deadline = peer_share(deadline, i + 1 < s->text.count);
		prompts_ask(s, s->written_by, &in, &w);
		if (w.task.result == PROVIDER_OK || w.task.result == PROVIDER_FILTERED)
			break;
		if (request_gone(s->r))
			goto cleanup;
		note_line("prompts: %s: %s", s->text.at[i]->id, w.task.say.text);
		if (i + 1 < s->text.count)
			peer_leave(&w, &c, 1, s->g);
	}
	const struct provider_prompts *prompts = &w.task.prompts;
	if (w.task.result != PROVIDER_OK) {
		prompts_none(s, w.task.result, &w.task.say);
		goto cleanup;
	}
	for (unsigned i = 0; i < s->input.count; i++) {
		if (i < prompts->count && prompts->text[i] != NULL && *prompts->text[i] != '\0') {
			prompt_take(s, i, prompts->text[i]);
		} else {
			s->pictures[i].state = PICTURE_MISSING;
			s->pictures[i].reason = "no prompt was written for it";
		}
		if (s->pictures[i].prompt != NULL && answer_prompt(s, i) != 0)
			goto cleanup;
	}
	ret = answer_progress(s, "prompts", 1, 1);
cleanup:
	peer_leave(&w, &c, 1, s->g);
	return ret;
}
