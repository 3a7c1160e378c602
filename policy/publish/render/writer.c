// SPDX-License-Identifier: ISC
#include "policy/publish/render/writer.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include "policy/publish/render/address.h"
#include <string.h>

void write_words(struct writer *w, const char *text)
{
	if (w->form == FORM_HTML)
		html_text(w->out, text);
	else if (w->form == FORM_MARKDOWN)
		markdown_text(w->out, text);
	else
		buf_adds(w->out, text);
}

void write_all(struct writer *w, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		write_words(w, *texts);
}

static const char *const marks[][3][2] = {[MARK_PARAGRAPH] = {{"<p>", "</p>\n"}, {"", "\n\n"}, {"", "\n\n"}},
					  [MARK_LIST] = {{"<ul>\n", "</ul>\n"}, {"", "\n"}, {"", "\n"}},
					  [MARK_ITEM] = {{"<li>", "</li>\n"}, {"- ", "\n"}, {"- ", "\n"}},
					  [MARK_STRONG] = {{"<strong>", "</strong>"}, {"**", "**"}, {"", ""}},
					  [MARK_EMPHASIS] = {{"<em>", "</em>"}, {"*", "*"}, {"", ""}}};

void write_begin(struct writer *w, enum mark mark)
{
	const char *markup = marks[mark][w->form][0];
	bool line = w->statements != NULL && (mark == MARK_PARAGRAPH || mark == MARK_ITEM);
	const char *anchor = line ? statement_begin(w->statements, w->out, w->column, false) : NULL;

	if (anchor != NULL && w->form == FORM_HTML) {
		buf_add(w->out, markup, strlen(markup) - 1);
		xml_printf(w->out, " id=\"%s\">", anchor);
	} else {
		buf_adds(w->out, markup);
	}
	if (line)
		w->statements->from = w->out->len;
}

// A link to what keeps the line that ended.
static void write_proof(struct writer *w, const struct statement *s)
{
	BUF_AUTO struct buf address = BUF_INIT(256);

	if (s == NULL || w->form != FORM_HTML)
		return;
	address_page(w->policy, "/privacy/live", &address);
	xml_printf(w->out, " <a class=\"proof\" href=\"%s#", buf_text(&address));
	xml_printf(w->out, "%s\" title=\"%s\" aria-label=\"%s\">✓</a>", s->id, word(w->policy, "notice.proof"),
		   word(w->policy, "notice.proof"));
}

void write_end(struct writer *w, enum mark mark)
{
	if (w->statements != NULL && (mark == MARK_PARAGRAPH || mark == MARK_ITEM))
		write_proof(w, statement_end(w->statements, w->out, w->column, NULL));
	buf_adds(w->out, marks[mark][w->form][1]);
}

void write_html(struct writer *w, const char *markup)
{
	buf_adds(w->out, w->form == FORM_HTML ? markup : "");
}

void write_strong(struct writer *w, const char *text)
{
	// Markdown takes the closing mark only right after a word: a space at the end goes outside.
	BUF_AUTO struct buf words = BUF_INIT(65536);
	size_t len = strlen(text);
	bool space = len > 0 && text[len - 1] == ' ';
	if (space)
		buf_add(&words, text, len - 1);
	write_begin(w, MARK_STRONG);
	write_words(w, space ? buf_text(&words) : text);
	write_end(w, MARK_STRONG);
	buf_adds(w->out, space ? " " : "");
}

void write_link(struct writer *w, const char *text, const char *target)
{
	BUF_AUTO struct buf address = BUF_INIT(65536);

	address_page(w->policy, target, &address);
	const char *to = buf_text(&address);
	if (w->form == FORM_HTML) {
		xml_printf(w->out, "<a href=\"%s\"", to);
		xml_printf(w->out, strncmp(to, "https://", 8) == 0 ? " rel=\"noreferrer\">%s</a>" : ">%s</a>", text);
	} else if (w->form == FORM_MARKDOWN) {
		buf_addc(w->out, '[');
		markdown_text(w->out, text);
		buf_adds(w->out, "](<");
		for (const char *c = to; *c; c++) { // the schema lets no space, < or > into a link; this holds without it
			if (strchr("<> \t\r\n\\", *c) == NULL)
				buf_addc(w->out, *c);
		}
		buf_adds(w->out, ">)");
	} else {
		buf_adds(w->out, text);
		if (strncmp(to, "mailto:", 7) != 0 && to[0] != '#' && (w->statements == NULL || !w->statements->gathers))
			buf_printf(w->out, " (%s)", to);
	}
}

static void write_emphasis(struct writer *w, const char *text)
{
	write_begin(w, MARK_EMPHASIS);
	write_words(w, text);
	write_end(w, MARK_EMPHASIS);
}

// The part of a word, with its placeholders filled, in *out.
static const char *fill_part(struct buf *out, const char *part, size_t len, const struct word_value *values)
{
	BUF_AUTO struct buf word = BUF_INIT(WORD_BYTES_MAX);

	buf_add(&word, part, len);
	buf_reset(out);
	word_fill(out, NULL, buf_text(&word), values);
	return buf_text(out);
}

void write_filled(struct writer *w, const char *key, const struct word_value *values)
{
	BUF_AUTO struct buf words = BUF_INIT(WORD_BYTES_MAX), to = BUF_INIT(WORD_BYTES_MAX);
	const char *at = word(w->policy, key);

	if (strpbrk(at, "[*{") == NULL) {
		write_words(w, at);
		return;
	}
	while (*at != '\0') {
		size_t plain = strcspn(at, "[*");
		const char *mark = at + plain, *close = *mark == '[' ? strstr(mark, "](") : *mark == '*' ? strchr(mark + 1, '*') : NULL;
		const char *end = close != NULL && *mark == '[' ? strchr(close, ')') : close;

		write_words(w, fill_part(&words, at, plain + (*mark != '\0' && end == NULL), values));
		at = end == NULL ? mark + (*mark != '\0') : end + 1;
		if (end == NULL)
			continue;
		fill_part(&words, mark + 1, (size_t)(close - mark) - 1, values);
		if (*mark == '*')
			write_emphasis(w, buf_text(&words));
		else
			write_link(w, buf_text(&words), fill_part(&to, close + 2, (size_t)(end - close) - 2, values));
	}
}

void write_word(struct writer *w, const char *key)
{
	write_filled(w, key, NULL);
}

void write_prose(struct writer *w, const struct prose *prose)
{
	char life[WORD_LIFE];

	for (size_t i = 0; i < prose->count; i++) {
		const struct prose_run *run = &prose->runs[i];
		if (run->type == RUN_LINK)
			write_link(w, run->text, run->to);
		else if (run->type == RUN_EMPHASIS)
			write_emphasis(w, run->text);
		else if (run->type == RUN_TEXT)
			write_words(w, run->text);
		else {
			word_life(life, sizeof life, w->policy, run->kind);
			write_words(w, life);
		}
	}
}

void prose_plain(const struct policy *p, const struct prose *prose, struct buf *out)
{
	char life[WORD_LIFE];

	for (size_t i = 0; i < prose->count; i++) {
		if (prose->runs[i].type == RUN_LIFE)
			word_life(life, sizeof life, p, prose->runs[i].kind);
		buf_adds(out, prose->runs[i].type == RUN_LIFE ? life : prose->runs[i].text);
	}
}

void write_joined(struct writer *w, size_t *count, const char *between, const char *text)
{
	if ((*count)++ > 0)
		write_word(w, between);
	write_words(w, text);
}

void write_heading(struct writer *w, int level, const char *id, const char *text)
{
	if (w->statements != NULL)
		w->statements->group = level == 3 ? text : NULL;
	if (w->form == FORM_HTML) {
		buf_printf(w->out, "<h%d", level);
		xml_printf(w->out, id != NULL ? " id=\"%s\">" : "%s>", id != NULL ? id : "");
		xml_printf(w->out, "%s</h%d>\n", text, level);
	} else if (w->form == FORM_MARKDOWN) {
		buf_printf(w->out, "%.*s ", level, "###");
		markdown_text(w->out, text);
		buf_adds(w->out, "\n\n");
	} else {
		buf_printf(w->out, "%s%s\n", level < 3 ? "\n" : "", text);
		for (size_t i = utf8_count(text); level < 3 && i > 0; i--)
			buf_addc(w->out, level == 1 ? '=' : '-');
		buf_adds(w->out, level < 3 ? "\n\n" : "");
	}
}

// A text that says how long something lives states that.
static void state_life(struct writer *w, const struct prose *prose)
{
	for (size_t i = 0; i < prose->count && w->statements != NULL && w->statements->next == STATEMENT_PEOPLE; i++) {
		const struct policy_kind *kind = prose->runs[i].type == RUN_LIFE ? prose->runs[i].kind : NULL;
		if (kind != NULL)
			statement_next(w->statements, kind->keep == KEEP_STORED ? STATEMENT_LIFE : STATEMENT_MEMORY, kind,
				       kind_row(kind->kind)->name, NULL);
	}
}

void write_paragraph(struct writer *w, const struct prose *prose)
{
	if (prose->count == 0)
		return;
	state_life(w, prose);
	write_begin(w, MARK_PARAGRAPH);
	write_prose(w, prose);
	write_end(w, MARK_PARAGRAPH);
}

void write_note(struct writer *w, const char *key, const struct word_value *values)
{
	write_begin(w, MARK_PARAGRAPH);
	write_filled(w, key, values);
	write_end(w, MARK_PARAGRAPH);
}

void write_item(struct writer *w, const char *label, const struct prose *prose)
{
	state_life(w, prose);
	write_begin(w, MARK_ITEM);
	if (label != NULL)
		write_strong(w, label);
	write_prose(w, prose);
	write_end(w, MARK_ITEM);
}

void write_items(struct writer *w, const struct prose_list *list)
{
	if (list->count == 0)
		return;
	write_begin(w, MARK_LIST);
	for (size_t i = 0; i < list->count; i++)
		write_item(w, NULL, &list->items[i]);
	write_end(w, MARK_LIST);
}

void write_table_begin(struct writer *w, const char *caption, const char *const *columns)
{
	w->columns = columns;
	w->column = 0;
	if (w->form == FORM_HTML) { // the roles: on a narrow screen rows are cards, and still a table to those who listen
		xml_printf(w->out, "<table role=\"table\">\n<caption>%s</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">", caption);
		for (const char *const *c = columns; *c != NULL; c++)
			xml_printf(w->out, "<th scope=\"col\" role=\"columnheader\">%s</th>", *c);
		buf_adds(w->out, "</tr></thead>\n<tbody role=\"rowgroup\">\n");
	} else if (w->form == FORM_MARKDOWN) {
		buf_addc(w->out, '|');
		for (const char *const *c = columns; *c != NULL; c++)
			buf_printf(w->out, " %s |", *c);
		buf_adds(w->out, "\n|");
		for (const char *const *c = columns; *c != NULL; c++)
			buf_adds(w->out, "---|");
		buf_addc(w->out, '\n');
	}
}

void write_cell_begin(struct writer *w)
{
	const char *anchor = w->statements != NULL ? statement_begin(w->statements, w->out, w->column, true) : NULL;

	if (w->column == 0)
		buf_adds(w->out, w->form == FORM_HTML ? "<tr role=\"row\">" : w->form == FORM_MARKDOWN ? "|" : "");
	if (w->form == FORM_HTML && w->column == 0) {
		buf_adds(w->out, "<th scope=\"row\" role=\"rowheader\"");
	} else if (w->form == FORM_HTML) { // what stands above it, for screens that show no heads
		xml_printf(w->out, "<td role=\"cell\" data-label=\"%s\"", w->columns[w->column]);
	} else if (w->form == FORM_MARKDOWN)
		buf_addc(w->out, ' ');
	else
		buf_printf(w->out, "%s%s: ", w->column == 0 ? "* " : "  ", w->columns[w->column]);
	if (w->form == FORM_HTML)
		xml_printf(w->out, anchor != NULL ? " id=\"%s\">" : "%s>", anchor != NULL ? anchor : "");
	if (w->statements != NULL)
		w->statements->from = w->out->len;
}

void write_cell_end(struct writer *w)
{
	if (w->statements != NULL)
		write_proof(w, statement_end(w->statements, w->out, w->column, w->columns[w->column]));
	if (w->form == FORM_HTML)
		buf_adds(w->out, w->column == 0 ? "</th>" : "</td>");
	else
		buf_adds(w->out, w->form == FORM_MARKDOWN ? " |" : "\n");
	if (w->columns[++w->column] != NULL)
		return;
	buf_adds(w->out, w->form == FORM_HTML ? "</tr>\n" : "\n");
	w->column = 0;
}

void write_cell(struct writer *w, const char *text)
{
	write_cell_begin(w);
	write_words(w, text);
	write_cell_end(w);
}

void write_table_end(struct writer *w)
{
	buf_adds(w->out, w->form == FORM_HTML ? "</tbody>\n</table>\n" : w->form == FORM_MARKDOWN ? "\n" : "");
}
