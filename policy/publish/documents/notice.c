// SPDX-License-Identifier: ISC
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/address.h"

// The same in other forms: what to keep, what programs read, what to subscribe to.
static void write_forms(const struct policy *p, struct writer *w)
{
	BUF_AUTO struct buf address = BUF_INIT(256), to = BUF_INIT(256);
	const struct {
		const char *words, *ending;
		bool each_language;
	} forms[] = {{word(p, "notice.plain_text"), ".txt", true},
		     {"Markdown", ".md", true},
		     {"JSON", ".json", false},
		     {"TILT", ".tilt.json", false},
		     {"DPV", ".dpv.jsonld", false},
		     {word(p, "notice.feed"), ".atom", false}};

	address_page(p, "/privacy", &address);
	write_html(w, "<p class=\"forms\">");
	write_strong(w, word(p, "notice.other_forms"));
	write_word(w, "join.colon");
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		buf_reset(&to);
		buf_printf(&to, "%s%s", forms[i].each_language ? buf_text(&address) : "/privacy", forms[i].ending);
		write_words(w, i > 0 ? word(p, "join.comma") : "");
		write_link(w, forms[i].words, buf_text(&to));
	}
	WRITE_ALL(w, word(p, "join.stop"), " ");
	write_link(w, word(p, "notice.live"), "/privacy/live");
	WRITE_ALL(w, word(p, "join.stop"), " ");
	write_link(w, word(p, "notice.versions"), "/privacy/versions");
	WRITE_ALL(w, word(p, "join.stop"), " ");
	write_word(w, "notice.ledger");
	write_end(w, MARK_PARAGRAPH);
}

// `statements`: for those of it; empty at first, and the caller's to free.
static void notice_write_stating(const struct policy *p, enum form form, struct statement_writer *statements, struct buf *out)
{
	// Only a page has anchors: elsewhere what a line states would be found out for nothing.
	const bool states = form == FORM_HTML || statements->gathers;
	struct writer w = {.form = form, .out = out, .policy = p, .statements = states ? statements : NULL};
	char effective[WHEN_DATE], updated[WHEN_DATE];

	when_date(effective, p->effective);
	when_date(updated, p->updated);
	write_html(&w, "<header>\n");
	write_heading(&w, 1, NULL, word(p, "notice.title"));
	write_html(&w, "<p class=\"dates\">");
	write_filled(&w, "notice.dates", WORD_VALUES({"version", p->version}, {"updated", updated}, {"effective", effective}));
	write_end(&w, MARK_PARAGRAPH);
	write_html(&w, "<div class=\"lead\">\n");
	write_paragraph(&w, &p->lead);
	write_html(&w, "</div>\n</header>\n");
	if (form != FORM_TEXT) {
		write_html(&w, "<nav class=\"contents\" aria-labelledby=\"contents\">\n");
		write_heading(&w, 2, "contents", word(p, "notice.contents"));
		write_html(&w, "<ol>\n");
		for (size_t i = 0; i < p->section_count; i++) {
			BUF_AUTO struct buf target = BUF_INIT(128);
			buf_printf(&target, "#%s", p->sections[i].id);
			statement_next(w.statements, STATEMENT_GUIDE, NULL, NULL, NULL);
			write_begin(&w, MARK_ITEM);
			if (form == FORM_HTML)
				write_link(&w, p->sections[i].title, buf_text(&target));
			else
				write_words(&w, p->sections[i].title);
			write_end(&w, MARK_ITEM);
		}
		buf_adds(out, form == FORM_HTML ? "</ol>\n</nav>\n" : "\n");
	}
	statements->sums_up = true;
	summary_write(p, &w);
	statements->sums_up = false;
	write_html(&w, "<div class=\"sections\">\n");
	for (size_t i = 0; i < p->section_count; i++) {
		const struct policy_section *section = &p->sections[i];
		if (form == FORM_HTML)
			xml_printf(out, "<section aria-labelledby=\"%s\">\n", section->id);
		statements->section = section->title;
		statements->section_id = section->id;
		write_heading(&w, 2, section->id, section->title);
		for (size_t j = 0; j < section->block_count; j++) {
			const struct policy_block *block = &section->blocks[j];
			if (block->type == BLOCK_PARAGRAPH)
				write_paragraph(&w, &block->prose);
			else if (block->type == BLOCK_LIST)
				write_items(&w, &block->items);
			else
				notice_part(p, &w, policy_word(&policy_insert_words, block->insert));
		}
		write_html(&w, "</section>\n");
	}
	write_html(&w, "</div>\n");
	w.statements = NULL;
	write_forms(p, &w);
}

void notice_write(const struct policy *p, enum form form, struct buf *out)
{
	struct statement_writer statements = {0};

	notice_write_stating(p, form, &statements, out);
	out->failed |= statements.all.failed;
	statements_free(&statements.all);
}

int notice_statements(struct statements *out, const struct policy *p, struct err *e)
{
	struct statement_writer statements = {.gathers = true};
	BUF_AUTO struct buf text = BUF_INIT(DOCUMENT_BYTES_MAX);
	struct writer w = {.form = FORM_TEXT, .out = &text, .policy = p, .statements = &statements};

	notice_write_stating(p, FORM_TEXT, &statements, &text);
	// What the policy declares and inserts nowhere is in the summary alone.
	statements.section = word(p, "notice.summary");
	statements.section_id = "summary";
	for (unsigned i = 0; i < policy_insert_words.count; i++)
		if (!policy_inserts(p, (enum policy_insert)i))
			notice_part(p, &w, policy_word(&policy_insert_words, i));
	*out = statements.all;
	if (!out->failed && !text.failed)
		return 0;
	statements_free(out);
	return err_set(e, ERR_MEMORY, "no memory for the statements of the notice");
}

static const char preview_style[] =
    "body{font:11pt/1.6 system-ui,sans-serif;color:#14201b;background:#fff;margin:0}main{max-width:44rem;margin:auto;padding:2rem 1.25rem}"
    "svg{fill:none;stroke:#0b5d47;stroke-width:1.6;vertical-align:middle;margin-right:.5rem}.glance{list-style:none;padding:0}"
    ".summary{border:2px solid #0b5d47;border-radius:.5rem;padding:0 1.25rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #d8dfd9;overflow-wrap:anywhere}";

void notice_preview(const struct policy *p, struct buf *out)
{
	xml_printf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", p->language);
	xml_printf(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s: %s</title>\n",
		   word(p, "notice.title"), p->shown_as);
	buf_printf(out, "<style>%s</style>\n</head>\n<body>\n<main>\n", preview_style);
	notice_write(p, FORM_HTML, out);
	buf_adds(out, "</main>\n</body>\n</html>\n");
}
