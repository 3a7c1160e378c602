// SPDX-License-Identifier: ISC
// One prompt for each picture, by the first text processor that can; or the visitor's own words.
#include "fcgi/generate/answer.h"
#include "fcgi/generate/generate.h"
#include "fcgi/generate/outcome.h"
#include "fcgi/generate/visitor.h"
#include "fcgi/moderation/filter.h"
#include "policy/base/when.h"
#include <string.h>

enum { TEXT_MS = 30 * 1000 };

// Why there are no prompts, after the last processor.
static int prompts_none(struct set *s, enum provider_result v, const struct err *say)
{
	struct problem *f = &s->failure;

	note_line("prompts: %s", say->text);
	if (v == PROVIDER_FILTERED)
		return problem_set(f, 422, "problem.content-filtered.text", s->input.url.len > 0 ? "url" : "description", NULL);
	if (v == PROVIDER_LIMITED)
		return problem_set(f, 503, "problem.provider-busy.text", NULL, NULL);
	if (peer_refused_region(v, say))
		return problem_set(f, 503, "problem.refused-region.text", NULL, NULL);
	if (v == PROVIDER_REFUSED)
		return problem_set(f, 503, "problem.provider-refused.text", NULL, NULL);
	if (say->code == ERR_TIMEOUT)
		return problem_set(f, 504, "problem.provider-timeout.text", NULL, NULL);
	return problem_set(f, 502, "problem.provider-down.text", NULL, NULL);
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
	if ((mask & RULE_BIT(RULE_MINORS)) && !(s->written_by != NULL && s->written_by->provider->preview) && filter_minors(text)) {
		picture->state = PICTURE_MISSING;
		picture->reason = "missing.unfit";
	} else if (filter_mask(text, mask & RULES_PERSONAL, &out, NULL) != 0 || (picture->prompt = buf_steal(&out)) == NULL) {
		picture->state = PICTURE_MISSING;
		picture->reason = "missing.no_prompt";
	}
}

int prompts_write(struct set *s)
{
	struct provider_input in = {.brief = set_brief(s)};
	struct call c = CALL_INIT;
	struct peer_work w = {.call = &c, .kinds = outcome_text_kinds(s), .receipt = s->receipt};
	uint64_t deadline = monotonic_ms() + TEXT_MS;
	int ret = -1;

	if (answer_progress(s, "prompts", 0, 1) != 0)
		return -1;
	for (unsigned i = 0; s->input.verbatim && i < s->input.count; i++) {
		prompt_take(s, i, buf_text(&s->input.description));
		if (s->pictures[i].prompt != NULL && answer_prompt(s, i) != 0)
			return -1;
	}
	if (s->input.verbatim)
		return answer_progress(s, "prompts", 1, 1);
	for (unsigned i = 0; i < s->text.count; i++) {
		if (visitor_await(s) != 0)
			goto cleanup;
		s->written_by = s->text.at[i];
		w.deadline = peer_share(deadline, i + 1 < s->text.count);
		struct err e = {0};
		peer_begin(&w, s->g, s->written_by, PROVIDER_PROMPTS, &in);
		while (w.task.step == PROVIDER_SEND) {
			// Egress keeps the deadline; the second more is for its reply to arrive.
			if (visitor_wait(s, &w, &c, 1, w.deadline + 1000, &e) == 0)
				peer_go_on(&w, s->g);
			else // the visitor is gone for good, or the time is up
				provider_no_reply(&w.task, PROVIDER_DOWN, &e);
		}
		set_note_recipient(s, &w);
		if (w.task.result == PROVIDER_OK || w.task.result == PROVIDER_FILTERED)
			break;
		if (s->closing || s->cancelled)
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
			s->pictures[i].reason = "missing.no_prompt";
		}
		if (s->pictures[i].prompt != NULL && answer_prompt(s, i) != 0)
			goto cleanup;
	}
	ret = answer_progress(s, "prompts", 1, 1);
cleanup:
	peer_leave(&w, &c, 1, s->g);
	return ret;
}
