// SPDX-License-Identifier: ISC
#include "policy/publish/documents/claims.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/documents/notice.h"
#include "policy/publish/words/words.h"
#include <stdio.h>
#include <string.h>

bool claim_made(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->claim_count; i++) {
		const struct policy_claim *a = &p->claims[i];
		if (a->kind == NULL && a->processor == NULL && strcmp(a->id, id) == 0)
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
	return in_memory(p, KIND_INPUT) && (!p->page_fetch || in_memory(p, KIND_PAGE)) && claim_made(p, "no-account");
}

static void life(char *out, size_t size, const struct policy *p, enum kind kind)
{
	policy_life_words(out, size, &p->kinds[kind]);
}

static void write_pledge(const struct policy *p, struct buf *out)
{
	buf_adds(out, forgets(p) ? "Then we forget it." : "And you know what becomes of it.");
}

// "No account, no cookies." of what is promised; "" when neither is.
static void write_without(const struct policy *p, struct buf *out)
{
	bool account = claim_made(p, "no-account"), cookies = claim_made(p, "no-cookies");

	if (account || cookies)
		buf_printf(out, "%s%s%s", account ? "No account" : "No cookies", account && cookies ? ", no cookies" : "",
			   forgets(p) ? ", and what you type is not kept." : ".");
}

static void fact(struct buf *out, const char *title, const char *format, const char *words)
{
	buf_adds(out, "<div><dt>");
	html_text(out, title);
	buf_adds(out, "</dt><dd>");
	for (const char *c = format; *c; c++) {
		if (*c == '%')
			html_text(out, words);
		else
			buf_addc(out, *c);
	}
	buf_adds(out, "</dd></div>\n");
}

static void write_input_fact(const struct policy *p, struct buf *out)
{
	char words[160];

	life(words, sizeof words, p, KIND_INPUT);
	if (in_memory(p, KIND_INPUT))
		fact(out, "In memory only",
		     p->page_fetch ? "What you type, and the page you name, serve this one set and are then discarded."
				   : "What you type serves this one set and is then discarded.",
		     "");
	else if (p->kinds[KIND_INPUT].keep == KEEP_STORED)
		fact(out, "What you type", "Is kept %.", words);
}

static void write_facts(const struct policy *p, struct buf *out)
{
	bool account = claim_made(p, "no-account"), cookies = claim_made(p, "no-cookies");
	char words[160], title[192];

	write_input_fact(p, out);
	life(words, sizeof words, p, KIND_ARCHIVE);
	snprintf(title, sizeof title, "Gone in %s", words);
	if (p->kinds[KIND_ARCHIVE].keep == KEEP_STORED && !duration_is_zero(p->kinds[KIND_ARCHIVE].life))
		fact(out, title, "That is how long the ZIP lives, or shorter: one click deletes it.", "");
	life(words, sizeof words, p, KIND_REQUEST_LOG);
	snprintf(title, sizeof title, "%s%s",
		 account   ? "No account"
		 : cookies ? "No cookies"
			   : "What is logged",
		 account && cookies ? ", no cookies" : "");
	if (p->kinds[KIND_REQUEST_LOG].keep == KEEP_STORED)
		fact(out, title, "A request log (address, browser, time) is kept for at most %.", words);
	else if (account || cookies)
		fact(out, title, "And no request log.", "");
}

// The other way to start, where the policy lets a page be read.
static void write_source_choice(const struct policy *p, struct buf *out)
{
	if (!p->page_fetch)
		return;
	buf_adds(
	    out,
	    "<fieldset class=\"segments source\">\n<legend>Start from</legend>\n"
	    "<label><input type=\"radio\" name=\"source\" form=\"choice\" id=\"by-description\" value=\"description\" checked>"
	    "<span>A description</span></label>\n"
	    "<label><input type=\"radio\" name=\"source\" form=\"choice\" id=\"by-url\" value=\"url\"><span>A web page</span></label>\n"
	    "</fieldset>\n");
}

static void write_url_field(const struct policy *p, struct buf *out)
{
	if (!p->page_fetch)
		return;
	buf_adds(
	    out,
	    "<div class=\"field from-url\">\n<label for=\"url\">Address of a public page</label>\n"
	    "<input id=\"url\" name=\"url\" type=\"url\" inputmode=\"url\" maxlength=\"2000\" autocomplete=\"off\" spellcheck=\"false\" "
	    "placeholder=\"https://www.example.com/\" aria-describedby=\"url-hint url-error\">\n"
	    "<p class=\"hint\" id=\"url-hint\">We ask for that page once, as any browser would, read its words and colours, mask personal "
	    "data in them");
	buf_adds(out, in_memory(p, KIND_PAGE) ? ", and drop it.</p>\n" : ".</p>\n");
	buf_adds(out, "<p class=\"field-error\" id=\"url-error\"></p>\n</div>\n");
}

static void write_lead(const struct policy *p, struct buf *out)
{
	buf_adds(out, p->page_fetch ? "Say what you do, or name your web page." : "Say what you need.");
}

static void write_age(const struct policy *p, struct buf *out)
{
	if (p->minimum_age != 0)
		buf_printf(out, "For people of %u and over. ", p->minimum_age);
}

static void write_advice(const struct prose_list *list, struct buf *out)
{
	struct writer w = {.form = FORM_HTML, .out = out};

	write_items(&w, list);
}

static void write_leave_out(const struct policy *p, struct buf *out)
{
	if (p->advice_paste.count == 0)
		return;
	buf_adds(out, "<p>Please leave out:</p>\n");
	write_advice(&p->advice_paste, out);
}

void claim_check_card(const struct policy *p, struct buf *out)
{
	if (p->advice_publish.count == 0)
		return;
	buf_adds(out, "<section class=\"card check\" aria-labelledby=\"check-title\">\n<h2 id=\"check-title\">Before you publish, "
		      "check</h2>\n");
	write_advice(&p->advice_publish, out);
	buf_adds(out, "</section>\n");
}

// What the site is for, in the policy's words.
static void write_service(const struct policy *p, struct buf *out)
{
	if (p->service.what.count > 0)
		prose_plain(out, &p->service.what);
	else
		buf_adds(out, "What it will do stands in its privacy notice.");
}

// For who came by a link that leads nowhere.
static void write_lost(const struct policy *p, struct buf *out)
{
	char words[160];

	life(words, sizeof words, p, KIND_ARCHIVE);
	if (p->kinds[KIND_ARCHIVE].keep == KEEP_STORED)
		buf_printf(out,
			   "If you followed a download link: archives are kept for %s and then deleted for good. A wrong, an ended and a "
			   "never-made address look the same, on purpose.",
			   words);
	else
		buf_adds(out, "Perhaps the address was typed wrong, or what was here is gone.");
}

// What the visitor is told when something ends early.
static void write_not_kept(const struct policy *p, struct buf *out)
{
	buf_adds(out, in_memory(p, KIND_INPUT) ? "What you typed was not kept." : "");
}

static void write_receipt(const struct policy *p, struct buf *out)
{
	buf_adds(out, claim_made(p, "no-account") ? "We do not know who you are, so this code is your only key: with it you"
						  : "With this code you");
}

static void write_held(const struct policy *p, struct buf *out)
{
	char archive[160], log[160];

	life(archive, sizeof archive, p, KIND_ARCHIVE);
	life(log, sizeof log, p, KIND_REQUEST_LOG);
	if (forgets(p) && p->kinds[KIND_ARCHIVE].keep == KEEP_STORED && p->kinds[KIND_REQUEST_LOG].keep == KEEP_STORED)
		buf_printf(out,
			   "We hold little about you, and not for long: a ZIP for %s, a line in the request log (address, browser, time) "
			   "for at most %s.",
			   archive, log);
	else
		buf_adds(out, "What we hold about you, and for how long, stands in the privacy notice.");
}

// In a visitor's words where there are some, else the policy's name of the right.
static void write_right_options(const struct policy *p, struct buf *out)
{
	static const struct {
		const char *id, *words;
	} rows[] = {{"access", "See what you hold about me"},
		    {"rectification", "Correct something"},
		    {"erasure", "Erase something"},
		    {"portability", "Get my data to take elsewhere"},
		    {"restriction", "Keep it, but do not use it"},
		    {"objection", "Object to its use"},
		    {"withdrawal", "Withdraw a consent"},
		    {"complaint", "Complain"}};

	for (size_t i = 0; i < p->right_count; i++) {
		const char *words = p->rights[i].name;
		for (size_t j = 0; j < ARRAY_LEN(rows); j++)
			words = strcmp(rows[j].id, p->rights[i].id) == 0 ? rows[j].words : words;
		buf_adds(out, "<option value=\"");
		html_attr(out, p->rights[i].id);
		buf_adds(out, "\">");
		html_text(out, words);
		buf_adds(out, "</option>\n");
	}
}

// One row per kind for the live page; assets/live.js puts the figures in.
static void write_live_rows(const struct policy *p, struct buf *out)
{
	char words[160];

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *a = policy_kind_at(p, i);
		life(words, sizeof words, p, a->kind);
		buf_printf(out, "<tr role=\"row\" data-kind=\"%s\"><th scope=\"row\" role=\"rowheader\">", kind_row(a->kind)->name);
		html_text(out, a->name);
		buf_adds(out, "</th><td role=\"cell\" data-label=\"Promised\">");
		html_text(out, words);
		buf_adds(out, "</td><td role=\"cell\" class=\"held\" data-label=\"Held now\">–</td>"
			      "<td role=\"cell\" class=\"age\" data-label=\"Oldest\">–</td></tr>\n");
	}
}

const struct claim_variable claims[] = {
    {"pledge", write_pledge},
    {"without", write_without},
    {"facts", write_facts},
    {"source_choice", write_source_choice},
    {"url_field", write_url_field},
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
