// SPDX-License-Identifier: ISC
#include "policy/publish/documents/claims.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/documents/notice.h"
#include "policy/publish/words/words.h"
#include <stdio.h>
#include <string.h>

bool claim_made(const struct policy *p, enum policy_claim_id id)
{
	for (size_t i = 0; i < p->claim_count; i++) {
		const struct policy_claim *a = &p->claims[i];
		if (a->kind == KIND_COUNT && a->processor == NULL && a->id == id)
			return true;
	}
	return false;
}

static bool in_memory(const struct policy *p, enum kind kind)
{
	return p->kinds[kind].keep == KEEP_MEMORY;
}

// What is typed or named, in memory only, and nothing of what is made is kept for an account.
static bool forgets(const struct policy *p)
{
	return in_memory(p, KIND_INPUT) && (!p->page_fetch || in_memory(p, KIND_PAGE)) && claim_made(p, CLAIM_NO_ACCOUNT);
}

static void claim_life(char *out, size_t size, const struct policy *p, enum kind kind)
{
	word_life(out, size, p, &p->kinds[kind]);
}

static void write_pledge(const struct policy *p, struct buf *out)
{
	buf_adds(out, word(p, forgets(p) ? "claim.pledge.forget" : "claim.pledge.know"));
}

// "No account, no cookies" of what is promised; NULL when neither is.
static const char *without_words(const struct policy *p)
{
	bool account = claim_made(p, CLAIM_NO_ACCOUNT), cookies = claim_made(p, CLAIM_NO_COOKIES);

	return account && cookies ? word(p, "claim.no_account_no_cookies")
	       : account          ? word(p, "claim.no_account")
	       : cookies          ? word(p, "claim.no_cookies")
				  : NULL;
}

static void write_without(const struct policy *p, struct buf *out)
{
	const char *without = without_words(p);

	if (without != NULL)
		buf_printf(out, "%s%s", without, word(p, forgets(p) ? "claim.typed_not_kept" : "join.stop"));
}

static void write_fact(const struct policy *p, struct buf *out, const char *title, const char *text, const char *time)
{
	buf_adds(out, "<div><dt>");
	word_fill(out, html_text, title, WORD_VALUES({"time", time}));
	buf_adds(out, "</dt><dd>");
	word_fill(out, html_text, word(p, text), WORD_VALUES({"time", time}));
	buf_adds(out, "</dd></div>\n");
}

static void write_facts(const struct policy *p, struct buf *out)
{
	const char *without = without_words(p);
	char input[160], archive[160], log[160];

	claim_life(input, sizeof input, p, KIND_INPUT);
	claim_life(archive, sizeof archive, p, KIND_ARCHIVE);
	claim_life(log, sizeof log, p, KIND_REQUEST_LOG);
	if (in_memory(p, KIND_INPUT))
		write_fact(p, out, word(p, "claim.memory.title"), p->page_fetch ? "claim.memory.page" : "claim.memory.typed", input);
	else if (p->kinds[KIND_INPUT].keep == KEEP_STORED)
		write_fact(p, out, word(p, "claim.typed.title"), "claim.typed.kept", input);
	if (p->kinds[KIND_ARCHIVE].keep == KEEP_STORED && !duration_is_zero(p->kinds[KIND_ARCHIVE].life))
		write_fact(p, out, word(p, "claim.archive.title"), "claim.archive.life", archive);
	if (p->kinds[KIND_REQUEST_LOG].keep == KEEP_STORED)
		write_fact(p, out, without != NULL ? without : word(p, "claim.log.title"), "claim.log.life", log);
	else if (without != NULL)
		write_fact(p, out, without, "claim.log.none", "");
}

// Not empty where the policy lets a page be read.
static void write_page_fetch(const struct policy *p, struct buf *out)
{
	buf_adds(out, p->page_fetch ? word(p, in_memory(p, KIND_PAGE) ? "claim.page.dropped" : "claim.page.kept") : "");
}

static void write_lead(const struct policy *p, struct buf *out)
{
	buf_adds(out, word(p, p->page_fetch ? "claim.lead.page" : "claim.lead.typed"));
}

static void write_age(const struct policy *p, struct buf *out)
{
	char age[16];

	snprintf(age, sizeof age, "%u", p->minimum_age);
	if (p->minimum_age != 0)
		word_fill(out, NULL, word(p, "claim.age"), WORD_VALUES({"age", age}));
}

static void write_leave_out(const struct policy *p, struct buf *out)
{
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};

	if (p->advice_paste.count == 0)
		return;
	write_note(&w, "claim.leave_out", NULL);
	write_items(&w, &p->advice_paste);
}

void claim_check_card(const struct policy *p, struct buf *out)
{
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};

	if (p->advice_publish.count == 0)
		return;
	buf_adds(out, "<section class=\"card check\" aria-labelledby=\"check-title\">\n");
	write_heading(&w, 2, "check-title", word(p, "claim.check"));
	write_items(&w, &p->advice_publish);
	buf_adds(out, "</section>\n");
}

// What the site is for, in the policy's words.
static void write_service(const struct policy *p, struct buf *out)
{
	if (p->service.what.count > 0)
		prose_plain(p, &p->service.what, out);
	else
		buf_adds(out, word(p, "claim.service"));
}

// For who came by a link that leads nowhere.
static void write_lost(const struct policy *p, struct buf *out)
{
	char time[160];

	claim_life(time, sizeof time, p, KIND_ARCHIVE);
	word_fill(out, NULL, word(p, p->kinds[KIND_ARCHIVE].keep == KEEP_STORED ? "claim.lost.archive" : "claim.lost.other"),
		  WORD_VALUES({"time", time}));
}

// What the visitor is told when something ends early.
static void write_not_kept(const struct policy *p, struct buf *out)
{
	buf_adds(out, in_memory(p, KIND_INPUT) ? word(p, "claim.not_kept") : "");
}

static void write_receipt(const struct policy *p, struct buf *out)
{
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};

	write_word(&w, claim_made(p, CLAIM_NO_ACCOUNT) ? "claim.receipt.only_key" : "claim.receipt.code");
}

static void write_held(const struct policy *p, struct buf *out)
{
	bool little = forgets(p) && p->kinds[KIND_ARCHIVE].keep == KEEP_STORED && p->kinds[KIND_REQUEST_LOG].keep == KEEP_STORED;
	char archive[160], log[160];

	claim_life(archive, sizeof archive, p, KIND_ARCHIVE);
	claim_life(log, sizeof log, p, KIND_REQUEST_LOG);
	word_fill(out, NULL, word(p, little ? "claim.held.little" : "claim.held.notice"), WORD_VALUES({"archive", archive}, {"log", log}));
}

// In a visitor's words where there are some, else the policy's name of the right.
static void write_right_options(const struct policy *p, struct buf *out)
{
	for (size_t i = 0; i < p->right_count; i++) {
		const char *id = policy_word(&policy_right_words, p->rights[i].id), *words = word_or(p, "right.", id);
		words = words == id ? p->rights[i].name : words;
		buf_adds(out, "<option value=\"");
		html_attr(out, id);
		buf_adds(out, "\">");
		html_text(out, words);
		buf_adds(out, "</option>\n");
	}
}

// One row per kind for the live page; assets/live.js puts the figures in.
static void write_live_rows(const struct policy *p, struct buf *out)
{
	char time[160];

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *a = policy_kind_at(p, i);
		claim_life(time, sizeof time, p, a->kind);
		buf_printf(out, "<tr role=\"row\" data-kind=\"%s\"><th scope=\"row\" role=\"rowheader\">", kind_row(a->kind)->name);
		html_text(out, a->name);
		buf_printf(out, "</th><td role=\"cell\" data-label=\"%s\">", word(p, "claim.live.promised"));
		html_text(out, time);
		buf_printf(out,
			   "</td><td role=\"cell\" class=\"held\" data-label=\"%s\">–</td>"
			   "<td role=\"cell\" class=\"age\" data-label=\"%s\">–</td></tr>\n",
			   word(p, "claim.live.held"), word(p, "claim.live.oldest"));
	}
}

const struct claim_variable claims[] = {
    {"pledge", write_pledge},
    {"without", write_without},
    {"facts", write_facts},
    {"page_fetch", write_page_fetch},
    {"lead", write_lead},
    {"age_words", write_age},
    {"not_kept", write_not_kept},
    {"leave_out", write_leave_out},
    {"check_card", claim_check_card},
    {"service", write_service},
    {"lost_words", write_lost},
    {"receipt_words", write_receipt},
    {"held_words", write_held},
    {"right_options", write_right_options},
    {"live_rows", write_live_rows},
};
const size_t claim_count = ARRAY_LEN(claims);
