// SPDX-License-Identifier: ISC
// What page templates may say about the site. All of it comes from the policy: each sentence follows from it, or is not there.
#include "policy/publish/variables.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/model/life.h"
#include "policy/publish/render/writer.h"
#include "policy/rules/capability.h"
#include "policy/rules/diff.h"
#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { CHANGES_SHOWN_MAX = 8 };

static bool promised(const struct policy *p, enum policy_claim_id id)
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

static bool stored(const struct policy *p, enum kind kind)
{
	return p->kinds[kind].keep == KEEP_STORED;
}

// What is typed or named, in memory only, and nothing of what is made is kept for an account.
static bool forgets(const struct policy *p)
{
	return in_memory(p, KIND_INPUT) && (!p->page_fetch || in_memory(p, KIND_PAGE)) && promised(p, CLAIM_NO_ACCOUNT);
}

// "No account, no cookies" of what is promised; NULL when neither is.
static const char *without_words(const struct policy *p)
{
	bool account = promised(p, CLAIM_NO_ACCOUNT), cookies = promised(p, CLAIM_NO_COOKIES);

	return account && cookies ? word(p, "claim.no_account_no_cookies")
	       : account          ? word(p, "claim.no_account")
	       : cookies          ? word(p, "claim.no_cookies")
				  : NULL;
}

static void set_without(const struct policy *p, struct buf *out)
{
	if (without_words(p) != NULL)
		buf_printf(out, "%s%s", without_words(p), word(p, forgets(p) ? "claim.typed_not_kept" : "join.stop"));
}

static void add_fact(const struct policy *p, struct buf *out, const char *title, const char *key, enum kind kind)
{
	char time[WORD_LIFE];

	word_life(time, sizeof time, p, &p->kinds[kind]);
	buf_adds(out, "<div><dt>");
	word_fill(out, html_text, title, WORD_VALUES({"time", time}));
	buf_adds(out, "</dt><dd>");
	word_fill(out, html_text, word(p, key), WORD_VALUES({"time", time}));
	buf_adds(out, "</dd></div>\n");
}

static void set_fact_list(const struct policy *p, struct buf *out)
{
	const char *without = without_words(p);

	if (in_memory(p, KIND_INPUT))
		add_fact(p, out, word(p, "claim.memory.title"), p->page_fetch ? "claim.memory.page" : "claim.memory.typed", KIND_INPUT);
	else if (stored(p, KIND_INPUT))
		add_fact(p, out, word(p, "claim.typed.title"), "claim.typed.kept", KIND_INPUT);
	if (stored(p, KIND_ARCHIVE) && !duration_is_zero(life_longest(&p->kinds[KIND_ARCHIVE])))
		add_fact(p, out, word(p, "claim.archive.title"), "claim.archive.life", KIND_ARCHIVE);
	if (stored(p, KIND_REQUEST_LOG))
		add_fact(p, out, without != NULL ? without : word(p, "claim.log.title"), "claim.log.life", KIND_REQUEST_LOG);
	else if (without != NULL)
		add_fact(p, out, without, "claim.log.none", KIND_REQUEST_LOG);
}

static void set_pledge(const struct policy *p, struct buf *out)
{
	buf_adds(out, word(p, forgets(p) ? "claim.pledge.forget" : "claim.pledge.know"));
}

// Not empty where the policy lets a page be read.
static void set_page_fetch(const struct policy *p, struct buf *out)
{
	buf_adds(out, p->page_fetch ? word(p, in_memory(p, KIND_PAGE) ? "claim.page.dropped" : "claim.page.kept") : "");
}

static void set_lead(const struct policy *p, struct buf *out)
{
	buf_adds(out, word(p, p->page_fetch ? "claim.lead.page" : "claim.lead.typed"));
}

static void set_age(const struct policy *p, struct buf *out)
{
	char age[16];

	snprintf(age, sizeof age, "%u", p->minimum_age);
	if (p->minimum_age != 0)
		word_fill(out, NULL, word(p, "claim.age"), WORD_VALUES({"age", age}));
}

static void set_leave_out(const struct policy *p, struct buf *out)
{
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};

	if (p->advice_paste.count == 0)
		return;
	write_note(&w, "claim.leave_out", NULL);
	write_items(&w, &p->advice_paste);
}

void variables_check_card(const struct policy *p, struct buf *out)
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
static void set_service(const struct policy *p, struct buf *out)
{
	if (p->service.what.count > 0)
		prose_plain(p, &p->service.what, out);
	else
		buf_adds(out, word(p, "claim.service"));
}

// For who came by a link that leads nowhere.
static void set_lost(const struct policy *p, struct buf *out)
{
	char time[WORD_LIFE];

	word_life(time, sizeof time, p, &p->kinds[KIND_ARCHIVE]);
	word_fill(out, NULL, word(p, stored(p, KIND_ARCHIVE) ? "claim.lost.archive" : "claim.lost.other"), WORD_VALUES({"time", time}));
}

// Not empty where people may erase by themselves.
static void set_self_erase(const struct policy *p, struct buf *out)
{
	const struct policy_right *erasure = policy_right(p, RIGHT_ERASURE);

	buf_adds(out, erasure != NULL && erasure->self_service ? "yes" : "");
}

// What the visitor is told when something ends early.
static void set_not_kept(const struct policy *p, struct buf *out)
{
	buf_adds(out, in_memory(p, KIND_INPUT) ? word(p, "claim.not_kept") : "");
}

static void set_receipt(const struct policy *p, struct buf *out)
{
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};

	write_word(&w, promised(p, CLAIM_NO_ACCOUNT) ? "claim.receipt.only_key" : "claim.receipt.code");
}

static void set_held(const struct policy *p, struct buf *out)
{
	bool little = forgets(p) && stored(p, KIND_ARCHIVE) && stored(p, KIND_REQUEST_LOG);
	char archive[WORD_LIFE], log[WORD_LIFE];

	word_life(archive, sizeof archive, p, &p->kinds[KIND_ARCHIVE]);
	word_life(log, sizeof log, p, &p->kinds[KIND_REQUEST_LOG]);
	word_fill(out, NULL, word(p, little ? "claim.held.little" : "claim.held.notice"), WORD_VALUES({"archive", archive}, {"log", log}));
}

// In a visitor's words where there are some, else the policy's name of the right.
static void set_right_options(const struct policy *p, struct buf *out)
{
	for (size_t i = 0; i < p->right_count; i++) {
		const char *id = policy_word(&policy_right_words, p->rights[i].id), *words = word_or(p, "right.", id);
		buf_adds(out, "<option value=\"");
		html_attr(out, id);
		buf_adds(out, "\">");
		html_text(out, words == id ? p->rights[i].name : words);
		buf_adds(out, "</option>\n");
	}
}

// One row per kind for the live page; assets/live.js puts the figures in.
static void set_live_rows(const struct policy *p, struct buf *out)
{
	char time[WORD_LIFE];

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *a = policy_kind_at(p, i);
		word_life(time, sizeof time, p, a);
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

// "A", "A or B", "A, B or C": the processors for images, in the policy's order.
static void set_image_processors(const struct policy *p, struct buf *out)
{
	const struct policy_processor *a;

	for (size_t n = 0; (a = policy_processor_for(p, ROLE_IMAGE, n)) != NULL; n++) {
		bool last = policy_processor_for(p, ROLE_IMAGE, n + 1) == NULL;
		buf_adds(out, n == 0 ? "" : word(p, last ? "page.frame.or" : "join.comma"));
		buf_adds(out, a->brand);
	}
}

static void set_image_regions(const struct policy *p, struct buf *out)
{
	const struct policy_processor *a;
	bool own = false, any = false;

	for (size_t n = 0; (a = policy_processor_for(p, ROLE_IMAGE, n)) != NULL; n++) {
		own = own || a->local;
		for (size_t i = 0; i < a->region_count; i++) {
			buf_adds(out, any ? word(p, "join.comma") : "");
			buf_adds(out, a->regions[i].place);
			any = true;
		}
	}
	if (own)
		buf_adds(out, word(p, any ? "page.frame.or_own_server" : "page.frame.own_server"));
}

// What is announced, above every page, as <changes by="prominent-notice banner"> says: from when it counts, and what it will change. Open at
// once where the notice is to be prominent. In English in the words of the comparison; elsewhere in the policy's own words, since those of
// the comparison are for the officer.
static void set_coming(const struct policy *p, struct buf *out)
{
	POLICY_DIFF_AUTO struct policy_diff d = {0};
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};
	char date[WHEN_DATE];

	if (p->coming == NULL || policy_diff(&d, p, p->coming, NULL) != 0)
		return;
	const struct policy_version *v = p->coming->version_count > 0 ? &p->coming->versions[0] : NULL;
	bool english = word_language(p) == LANGUAGE_EN;
	size_t count = !english ? (v != NULL ? v->change_count : 0) : d.material > 0 ? d.material : d.count;
	unsigned channels = p->changes_by | (d.material > 0 ? p->changes_material_by : 0);
	when_date(date, p->coming_from);
	buf_printf(out, "<details%s><summary>", channels & POLICY_BIT(CHANNEL_PROMINENT_NOTICE) ? " open" : "");
	write_filled(&w, "coming.from", WORD_VALUES({"date", date}));
	buf_adds(out, "</summary>\n");
	write_note(&w, "coming.until", WORD_VALUES({"version", p->version}));
	write_list_begin(&w);
	for (size_t i = 0; i < count && i < CHANGES_SHOWN_MAX; i++) {
		write_item_begin(&w);
		if (english)
			write_words(&w, d.changes[i].what);
		else
			write_prose(&w, &v->changes[i].what);
		write_item_end(&w);
	}
	if (count > CHANGES_SHOWN_MAX)
		buf_printf(out, "<li>%s</li>\n", word(p, "coming.more"));
	buf_adds(out, "</ul></details>");
}

static const struct variable {
	const char *name;
	size_t text; // offset of a string in struct policy; where `set` is NULL
	void (*set)(const struct policy *p, struct buf *out);
} variables[] = {
    {"lang", offsetof(struct policy, language), NULL},
    {"site_name", offsetof(struct policy, shown_as), NULL},
    {"version", offsetof(struct policy, version), NULL},
    {"contact", offsetof(struct policy, contact), NULL},
    {"controller_name", offsetof(struct policy, controller.name), NULL},
    {"image_processors", 0, set_image_processors},
    {"image_regions", 0, set_image_regions},
    {"coming", 0, set_coming},
    {"pledge", 0, set_pledge},
    {"without", 0, set_without},
    {"facts", 0, set_fact_list},
    {"page_fetch", 0, set_page_fetch},
    {"lead", 0, set_lead},
    {"age_words", 0, set_age},
    {"not_kept", 0, set_not_kept},
    {"self_erase", 0, set_self_erase},
    {"leave_out", 0, set_leave_out},
    {"check_card", 0, variables_check_card},
    {"service", 0, set_service},
    {"lost_words", 0, set_lost},
    {"receipt_words", 0, set_receipt},
    {"held_words", 0, set_held},
    {"right_options", 0, set_right_options},
    {"live_rows", 0, set_live_rows},
};
static_assert(ARRAY_LEN(variables) + 2 <= VARIABLES_MAX, "and updated, banner");

// Values are collected in one buffer, each ended by a NUL; their places become addresses when the buffer no longer moves.
static struct buf *variable_begin(struct variables *v, size_t *starts, const char *name)
{
	v->list[v->count].name = name;
	starts[v->count++] = v->text.len;
	return &v->text;
}

int variables_make(struct variables *v, const struct policy *p, bool testing, struct err *e)
{
	BUF_AUTO struct buf lacks = BUF_INIT(4096);
	size_t starts[VARIABLES_MAX];
	char updated[WHEN_DATE];

	*v = (struct variables){.text = BUF_INIT(DOCUMENT_BYTES_MAX)};
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		struct buf *out = variable_begin(v, starts, variables[i].name);
		if (variables[i].set != NULL)
			variables[i].set(p, out);
		else
			buf_adds(out, *(const char *const *)((const char *)p + variables[i].text));
		buf_addc(out, '\0');
	}
	when_date(updated, p->updated);
	buf_add(variable_begin(v, starts, "updated"), updated, sizeof updated);
	// What every page says above everything else: that it is not the real thing, or not whole.
	struct buf *banner = variable_begin(v, starts, "banner");
	buf_adds(banner, testing ? word(p, "page.frame.testing") : "");
	if (capability_unbuilt(p, &lacks) > 0) {
		buf_adds(banner, testing ? word(p, "join.sentence") : "");
		word_fill(banner, NULL, word(p, "page.frame.unbuilt"), WORD_VALUES({"lacks", buf_text(&lacks)}));
	}
	buf_addc(banner, '\0');
	if (v->text.failed) {
		variables_free(v);
		return err_set(e, ERR_MEMORY, "the texts of the policy are too large for a page");
	}
	for (size_t i = 0; i < v->count; i++)
		v->list[i].value = v->text.data + starts[i];
	return 0;
}

void variables_free(struct variables *v)
{
	buf_free(&v->text);
}
