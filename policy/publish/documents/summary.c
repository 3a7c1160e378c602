// SPDX-License-Identifier: ISC
// The first layer of the notice: what it comes to, at a glance, then all data in one table.
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"
#include <stdio.h>
#include <string.h>

// Strokes on a field of 24 by 24.
#define ICON_MEMORY  "M13 2 4 14h7l-1 8 9-12h-7z"
#define ICON_CLOCK   "M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z"
#define ICON_EYE     "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM15 12a3 3 0 1 1-6 0 3 3 0 0 1 6 0z"
#define ICON_PLACE   "M12 21s7-6.500 7-12a7 7 0 1 0-14 0c0 5.500 7 12 7 12zM14.500 9a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0z"
#define ICON_COOKIE  "M21 12a9 9 0 1 1-9-9 4 4 0 0 0 5 5 4 4 0 0 0 4 4zM8.500 9h.01M8 14h.01M13 13h.01M14 17.500h.01"
#define ICON_RIGHTS  "M12 3l8 3v6c0 5-3.500 8-8 9-4.500-1-8-4-8-9V6zM8.500 12l2.500 2.500 4.500-5"
#define ICON_PERSON  "M16 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM4 21c1-4.500 4-6 8-6s7 1.500 8 6"
#define ICON_OUTSIDE "M14 4h6v6M20 4l-9 9M10 5H5v14h14v-5"

static void glance_begin(struct writer *w, const char *icon, const char *title)
{
	write_begin(w, MARK_ITEM);
	if (w->form == FORM_HTML)
		xml_printf(w->out, "<svg viewBox=\"0 0 24 24\" width=\"24\" height=\"24\" aria-hidden=\"true\"><path d=\"%s\"/></svg>",
			   icon);
	write_strong(w, title);
	buf_adds(w->out, w->form == FORM_HTML ? " <span>" : ": ");
}

static void glance_end(struct writer *w)
{
	write_html(w, "</span>");
	write_end(w, MARK_ITEM);
}

static void glance_kinds(const struct policy *p, struct writer *w, enum policy_keep keep, const char *icon, const char *title)
{
	size_t count = 0;
	char life[WORD_LIFE];

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *kind = policy_kind_at(p, i);
		if (kind->keep == keep && count == 0)
			glance_begin(w, icon, title);
		if (kind->keep != keep)
			continue;
		write_joined(w, &count, "join.comma", kind->name);
		if (keep == KEEP_STORED) {
			word_life(life, sizeof life, p, kind);
			write_filled(w, "notice.kept_for", WORD_VALUES({"time", life}));
		}
	}
	if (count > 0)
		glance_end(w);
}

// Who, besides us, gets anything of it, and how long they keep it where that is said.
static void write_recipients(const struct policy *p, struct writer *w, kind_set kinds)
{
	size_t count = 0;
	char time[160];

	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *a = &p->processors[i];
		if (a->local || !(policy_processor_receives(a, when_now()) & kinds))
			continue;
		write_joined(w, &count, "join.comma", a->brand);
		if (a->has_keeps && !duration_is_zero(a->keeps)) {
			word_duration(time, sizeof time, a->keeps, word_language(p));
			write_filled(w, "notice.keeps", WORD_VALUES({"time", time}));
		}
	}
	if (count == 0)
		write_word(w, "notice.nobody");
}

static void write_glance(const struct policy *p, struct writer *w)
{
	BUF_AUTO struct buf told = BUF_INIT(65536), place = BUF_INIT(1024); // each with a newline around it
	size_t count = 0;
	char age[64];

	write_html(w, "<ul class=\"glance\">\n");
	glance_kinds(p, w, KEEP_MEMORY, ICON_MEMORY, word(p, "notice.in_memory"));
	glance_kinds(p, w, KEEP_STORED, ICON_CLOCK, word(p, "notice.stored"));
	glance_begin(w, ICON_EYE, word(p, "notice.seen_by"));
	write_recipients(p, w, ~(kind_set)0);
	glance_end(w);
	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *a = &p->processors[i];
		for (size_t j = 0; j < a->region_count && !a->local; j++) {
			buf_reset(&place);
			buf_printf(&place, "\n%s\n", a->regions[j].place);
			if (strstr(buf_text(&told), buf_text(&place)) != NULL)
				continue;
			buf_adds(&told, buf_text(&place));
			if (count == 0)
				glance_begin(w, ICON_PLACE, word(p, "notice.places"));
			write_joined(w, &count, "join.semicolon", a->regions[j].place);
		}
	}
	if (count > 0)
		glance_end(w);
	count = 0;
	glance_begin(w, ICON_COOKIE, word(p, "notice.cookies"));
	for (size_t i = 0; i < p->cookie_count; i++) {
		write_joined(w, &count, "join.comma", p->cookies[i].name);
		WRITE_ALL(w, " (", word_or(p, "cookie.", policy_word(&policy_cookie_class_words, p->cookies[i].class)), ")");
	}
	if (count == 0)
		write_word(w, "join.none");
	glance_end(w);
	count = 0;
	if (p->third_party_count > 0)
		glance_begin(w, ICON_OUTSIDE, word(p, "notice.resources"));
	for (size_t i = 0; i < p->third_party_count; i++)
		write_joined(w, &count, "join.comma", p->third_parties[i].origin);
	if (count > 0)
		glance_end(w);
	if (p->minimum_age != 0) {
		snprintf(age, sizeof age, "%u", p->minimum_age);
		glance_begin(w, ICON_PERSON, word(p, "notice.age"));
		write_filled(w, "notice.age.years", WORD_VALUES({"age", age}));
		glance_end(w);
	}
	glance_begin(w, ICON_RIGHTS, word(p, "page.frame.rights"));
	count = 0;
	for (size_t i = 0; i < p->right_count; i++)
		write_joined(w, &count, "join.comma", p->rights[i].name);
	WRITE_ALL(w, word(p, "join.stop"), " ");
	write_link(w, word(p, "notice.use_rights"), "/rights");
	glance_end(w);
	write_end(w, MARK_LIST);
}

static void write_changes(const struct policy *p, struct writer *w)
{
	const struct policy_version *v = p->versions;
	BUF_AUTO struct buf title = BUF_INIT(1024);
	char before[WHEN_DATE] = "";

	if (p->version_count == 0 || v->change_count == 0)
		return;
	if (p->version_count > 1)
		when_date(before, v[1].updated);
	word_fill(&title, NULL, word(p, p->version_count > 1 ? "notice.changed_since" : "notice.changed_first"),
		  WORD_VALUES({"date", before}));
	write_heading(w, 3, NULL, buf_text(&title));
	write_begin(w, MARK_LIST);
	for (size_t i = 0; i < v->change_count; i++) {
		write_begin(w, MARK_ITEM);
		if (v->changes[i].material) {
			write_strong(w, word(p, "notice.material"));
			write_word(w, "join.colon");
		}
		write_prose(w, &v->changes[i].what);
		write_end(w, MARK_ITEM);
	}
	write_end(w, MARK_LIST);
}

void summary_write(const struct policy *p, struct writer *w)
{
	const char *const columns[] = {word(p, "notice.held.data"), word(p, "notice.held.kept"), word(p, "notice.held.shared"), NULL};
	char life[WORD_LIFE];

	write_html(w, "<div class=\"summary\" role=\"region\" aria-labelledby=\"summary\">\n");
	write_heading(w, 2, "summary", word(p, "notice.summary"));
	write_glance(p, w);
	if (p->claim_count > 0) {
		write_heading(w, 3, NULL, word(p, "notice.promises"));
		write_html(w, "<ul class=\"vows\">\n");
		for (size_t i = 0; i < p->claim_count; i++) {
			notice_state_claim(w, &p->claims[i]);
			write_item(w, NULL, &p->claims[i].what);
		}
		write_end(w, MARK_LIST);
	}
	write_table_begin(w, word(p, "notice.held.caption"), columns);
	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *kind = policy_kind_at(p, i);
		word_life(life, sizeof life, p, kind);
		write_cell(w, kind->name);
		write_cell(w, life);
		write_cell_begin(w);
		write_recipients(p, w, KIND_BIT(kind->kind));
		write_cell_end(w);
	}
	write_table_end(w);
	write_note(w, "notice.not_summary", NULL);
	write_changes(p, w);
	write_html(w, "</div>\n");
}
