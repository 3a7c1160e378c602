// SPDX-License-Identifier: ISC
#include "policy/publish/notice.h"
#include "policy/base/text.h"
#include <stdio.h>
#include <string.h>

const struct kind_text *kind_text_of(const struct promise *p, enum kind kind)
{
	for (size_t i = 0; i < p->text->kind_count; i++) {
		if (p->text->kinds[i].kind == kind)
			return &p->text->kinds[i];
	}
	return NULL;
}

static void write_dates(const struct promise *p, struct writer *w)
{
	char effective[WHEN_DATE], updated[WHEN_DATE];

	when_date(effective, p->effective);
	when_date(updated, p->updated);
	write_paragraph_begin(w);
	write_words(w, "Version ");
	write_words(w, p->version);
	write_words(w, ", last updated ");
	write_words(w, updated);
	write_words(w, ", in effect from ");
	write_words(w, effective);
	write_words(w, ".");
	write_paragraph_end(w);
}

// Who gets a kind, besides us.
static void write_recipients(const struct promise *p, struct writer *w, enum kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < p->processor_count; i++) {
		const struct promise_processor *a = &p->processors[i];
		if (a->local || !(a->kinds & KIND_BIT(kind)))
			continue;
		write_words(w, count++ > 0 ? ", " : "");
		write_words(w, p->text->processors[i].brand);
	}
	if (count == 0)
		write_words(w, "nobody");
}

static void write_summary_row(const struct promise *p, struct writer *w, const struct kind_text *kind)
{
	char life[160];

	promise_life_words(life, sizeof life, &p->kinds[kind->kind]);
	write_row_begin(w);
	write_cell_begin(w);
	write_words(w, kind->name);
	write_cell_end(w);
	write_cell_begin(w);
	write_words(w, life);
	write_cell_end(w);
	write_cell_begin(w);
	write_recipients(p, w, kind->kind);
	write_cell_end(w);
	write_row_end(w);
}

static void write_fact(struct writer *w, const char *name, const char *value)
{
	write_item_begin(w);
	write_strong(w, name);
	write_words(w, value);
	write_item_end(w);
}

static void write_summary(const struct promise *p, struct writer *w)
{
	static const char *const columns[] = {"Data", "We keep it", "Who else gets it", NULL};
	char number[64];

	write_heading(w, 2, "summary", "In short");
	write_table_begin(w, "What we hold, how long, and who else gets it", columns);
	for (size_t i = 0; i < p->text->kind_count; i++)
		write_summary_row(p, w, &p->text->kinds[i]);
	write_table_end(w);
	write_list_begin(w);
	snprintf(number, sizeof number, p->cookie_count == 0 ? "none" : "%zu", p->cookie_count);
	write_fact(w, "Cookies: ", number);
	snprintf(number, sizeof number, p->text->third_party_count == 0 ? "none" : "%zu", p->text->third_party_count);
	write_fact(w, "Resources of third parties: ", number);
	if (p->minimum_age != 0) {
		snprintf(number, sizeof number, "%u years", p->minimum_age);
		write_fact(w, "Minimum age: ", number);
	}
	write_item_begin(w);
	write_strong(w, "Your rights: ");
	write_link(w, "use them here", "/rights");
	write_item_end(w);
	write_list_end(w);
}

static void write_contents(const struct promise *p, struct writer *w)
{
	if (w->form == FORM_TEXT)
		return;
	write_heading(w, 2, "contents", "Contents");
	if (w->form == FORM_HTML)
		buf_adds(w->out, "<nav aria-labelledby=\"contents\">\n");
	write_list_begin(w);
	for (size_t i = 0; i < p->text->section_count; i++) {
		BUF_AUTO struct buf target = BUF_INIT(128);
		buf_printf(&target, "#%s", p->text->sections[i].id);
		write_item_begin(w);
		if (w->form == FORM_HTML)
			write_link(w, p->text->sections[i].title, buf_text(&target));
		else
			write_words(w, p->text->sections[i].title);
		write_item_end(w);
	}
	write_list_end(w);
	if (w->form == FORM_HTML)
		buf_adds(w->out, "</nav>\n");
}

static void write_section(const struct promise *p, struct writer *w, const struct section *section)
{
	if (w->form == FORM_HTML) {
		buf_adds(w->out, "<section aria-labelledby=\"");
		html_attr(w->out, section->id);
		buf_adds(w->out, "\">\n");
	}
	write_heading(w, 2, section->id, section->title);
	for (size_t i = 0; i < section->block_count; i++) {
		const struct block *block = &section->blocks[i];
		if (block->type == BLOCK_PARAGRAPH)
			write_paragraph(w, &block->prose);
		else if (block->type == BLOCK_LIST)
			write_items(w, &block->items);
		else
			notice_part(p, w, block->insert);
	}
	if (w->form == FORM_HTML)
		buf_adds(w->out, "</section>\n");
}

void notice_write(const struct promise *p, enum form form, struct buf *out)
{
	struct writer w = {.form = form, .out = out};

	write_heading(&w, 1, NULL, "Privacy notice");
	write_dates(p, &w);
	write_paragraph(&w, &p->text->lead);
	write_summary(p, &w);
	write_contents(p, &w);
	for (size_t i = 0; i < p->text->section_count; i++)
		write_section(p, &w, &p->text->sections[i]);
	write_paragraph_begin(&w);
	write_words(&w, "The same for programs: ");
	write_link(&w, "privacy.json", "/privacy.json");
	write_words(&w, ". What is held at this moment: ");
	write_link(&w, "live.json", "/privacy/live.json");
	write_words(&w, ".");
	write_paragraph_end(&w);
}
