// SPDX-License-Identifier: ISC
// One prompt for each picture, by the first text processor that can.
#include "fcgi/generate/prompts.h"
#include "fcgi/generate/answer.h"
#include "fcgi/generate/outcome.h"
#include "fcgi/generate/peer.h"
#include "fcgi/moderation/filter.h"
#include "fcgi/moderation/filter_minors.h"
#include "fcgi/provider/sketch.h"
#include "policy/base/when.h"
#include <string.h>

enum { TEXT_MS = 30 * 1000 };

static enum provider_verdict prompts_ask(struct set *s, const struct processor *p, uint64_t deadline, struct provider_prompts *out,
					 struct err *say)
{
	struct brief b = set_brief(s);
	struct provider_request request = {0};
	CALL_AUTO struct call c = CALL_INIT;
	int status = 0;

	if (p->wire == NULL)
		return sketch_prompts(&b, out, say) == 0 ? PROVIDER_OK : PROVIDER_BAD_REPLY;
	if (p->wire->prompts_request(&b, &request, say) != 0 ||
	    peer_send(&c, s->g, p, &request, outcome_text_kinds(s), deadline, say) != 0) {
		buf_wipe(&request.body);
		return PROVIDER_DOWN;
	}
	buf_wipe(&request.body);
	while (c.state == CALL_SENDING || c.state == CALL_WAITING) {
		// Egress keeps the deadline; the second more is for its reply to arrive.
		if (calls_wait(&c, 1, request_fd(s->r), deadline + 1000, say) != 0)
			return PROVIDER_DOWN;
	}
	enum provider_verdict v = peer_verdict(s->g, &c, p, &status, say);
	return v != PROVIDER_OK ? v : p->wire->prompts_read(status, c.reply.body, c.reply.body_len, b.count, out, say);
}

// Why there are no prompts, after the last processor.
static int prompts_none(struct set *s, enum provider_verdict v, const struct err *say)
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
		enum content_action action = s->g->policy->content[r];
		if (action != CONTENT_ALLOW && !(action == CONTENT_WARN && s->input.confirmed))
			mask |= RULE_BIT(r);
	}
	if ((mask & RULE_BIT(RULE_MINORS)) && s->written_by->wire != NULL && filter_minors(text)) {
		picture->state = PICTURE_MISSING;
		picture->reason = "its prompt was not fit to be drawn";
	} else if (filter_mask(text, mask & RULES_PERSONAL, &out) != 0 || (picture->prompt = buf_steal(&out)) == NULL) {
		picture->state = PICTURE_MISSING;
		picture->reason = "no prompt was written for it";
	}
}

int prompts_write(struct set *s)
{
	struct provider_prompts prompts = {.count = 0};
	enum provider_verdict v = PROVIDER_DOWN;
	struct err say = {0};
	uint64_t deadline = monotonic_ms() + TEXT_MS;
	int ret = -1;

	if (answer_progress(s, "prompts", 0, 1) != 0)
		return -1;
	for (unsigned i = 0; i < s->text.count; i++) {
		say = (struct err){0};
		v = prompts_ask(s, s->text.at[i], peer_share(deadline, i + 1 < s->text.count), &prompts, &say);
		s->written_by = s->text.at[i];
		if (v == PROVIDER_OK || v == PROVIDER_FILTERED)
			break;
		if (request_gone(s->r))
			goto cleanup;
		note_line("prompts: %s: %s", s->text.at[i]->id, say.text);
	}
	if (v != PROVIDER_OK) {
		prompts_none(s, v, &say);
		goto cleanup;
	}
	for (unsigned i = 0; i < s->input.count; i++) {
		if (i < prompts.count && prompts.text[i] != NULL && *prompts.text[i] != '\0') {
			prompt_take(s, i, prompts.text[i]);
		} else {
			s->pictures[i].state = PICTURE_MISSING;
			s->pictures[i].reason = "no prompt was written for it";
		}
		if (s->pictures[i].prompt != NULL && answer_prompt(s, i) != 0)
			goto cleanup;
	}
	ret = answer_progress(s, "prompts", 1, 1);
cleanup:
	provider_prompts_free(&prompts);
	return ret;
}
