// SPDX-License-Identifier: ISC
#include "policy/rules/text_diff.h"
#include "policy/base/buf.h"
#include "policy/model/fields.h"
#include <stdio.h>
#include <string.h>

enum { TEXT_DIFF_BYTES_MAX = 16 * 1024 * 1024, PATH_WORDS = 256, QUOTED_MAX = 96 };

// One line for each field: where it stands, a tab, what it says. Texts hold no line ends: white space in them is collapsed.
static void list_prose(struct buf *out, const struct prose *prose)
{
	for (size_t i = 0; i < prose->count; i++) {
		const struct prose_run *run = &prose->runs[i];
		buf_adds(out, run->type == RUN_EMPHASIS ? "*" : run->type == RUN_LINK ? run->to : "");
		buf_adds(out, run->type == RUN_LIFE ? "…" : run->text); // a life has lines of its own
	}
	buf_addc(out, ' ');
}

static void list_value(struct buf *out, const struct model_field *f, const void *base)
{
	const struct policy_strings *strings = model_at(f, base);
	const struct duration *d = model_at(f, base);
	const struct prose_list *proses = model_at(f, base);
	const struct policy_section *section = base; // of MODEL_BLOCKS

	switch (f->type) {
	case MODEL_YES:
	case MODEL_NOT_NO:
	case MODEL_PRESENT:
		buf_adds(out, model_flag(f, base) ? "yes" : "no");
		break;
	case MODEL_WORDS:
	case MODEL_KINDS:
		for (unsigned i = 0; i < 32; i++) {
			if ((model_number(f, base) >> i & 1) != 0)
				buf_printf(out, "%s ", f->words != NULL ? policy_word(f->words, i) : kind_row((enum kind)i)->name);
		}
		break;
	case MODEL_NUMBER:
	case MODEL_KIND:
		buf_printf(out, "%u", model_number(f, base));
		break;
	case MODEL_DATE: {
		char date[WHEN_DATE];
		when_date(date, *(const time_t *)model_at(f, base));
		buf_adds(out, date);
		break;
	}
	case MODEL_DURATION:
	case MODEL_WITHIN:
		if (f->type == MODEL_DURATION && !model_stated(f, base))
			break;
		if (f->type == MODEL_WITHIN && model_stated(f, base))
			buf_adds(out, "statutory");
		else
			buf_printf(out, "P%uM%uDT%lluS", d->months, d->days, (unsigned long long)d->seconds);
		break;
	case MODEL_TEXTS:
	case MODEL_IDS:
	case MODEL_LABELS:
		for (size_t i = 0; i < strings->count; i++)
			buf_printf(out, "%s; ", strings->items[i]);
		break;
	case MODEL_PROSE:
	case MODEL_OWN_PROSE:
		list_prose(out, model_at(f, base));
		break;
	case MODEL_PROSES:
		for (size_t i = 0; i < proses->count; i++)
			list_prose(out, &proses->items[i]);
		break;
	case MODEL_BLOCKS:
		for (const struct policy_block *b = section->blocks; b < section->blocks + section->block_count; b++) {
			if (b->type == BLOCK_INSERT)
				buf_printf(out, "[%s] ", policy_word(&policy_insert_words, b->insert));
			list_prose(out, &b->prose);
			for (size_t i = 0; i < b->items.count; i++)
				list_prose(out, &b->items.items[i]);
		}
		break;
	default: {
		const char *text = f->type == MODEL_WORD ? policy_word(f->words, model_number(f, base)) : model_text(f, base);
		buf_adds(out, text != NULL ? text : "");
		break;
	}
	}
}

static void list_fields(struct buf *out, const struct model_record *record, const void *base, const char *where)
{
	char path[PATH_WORDS];

	FOR_FIELDS(f, record)
	{
		const char *name = f->name != NULL ? f->name : f->json != NULL ? f->json : "text";
		if (f->type == MODEL_LINE)
			continue;
		snprintf(path, sizeof path, "%s%s%s", where, *where != '\0' ? " " : "", name);
		if (f->type == MODEL_PART) {
			list_fields(out, f->record, base, path);
		} else if (f->type == MODEL_RECORD) {
			list_fields(out, f->record, model_at(f, base), path);
		} else if (f->record != NULL) {
			for (size_t i = 0; i < model_count(f, base); i++) {
				const void *item = model_item(f, base, i);
				BUF_AUTO struct buf id = BUF_INIT(PATH_WORDS);
				if (f->type == MODEL_BY_KIND)
					buf_adds(&id, kind_row(((const struct policy_kind *)item)->kind)->name);
				else if (f->record->fields[0].type != MODEL_YES)
					list_value(&id, &f->record->fields[0], item);
				snprintf(path, sizeof path, "%s %s", where, id.failed || id.len == 0 ? name : buf_text(&id));
				list_fields(out, f->record, item, path);
			}
		} else {
			buf_printf(out, "%s\t", path);
			list_value(out, f, base);
			buf_addc(out, '\n');
		}
	}
}

static void list_policy(struct buf *out, const struct policy *p)
{
	for (size_t i = 0; i < p->view_count; i++)
		list_fields(out, &model_policy, p->views[i], i > 0 ? p->views[i]->language : "");
	buf_addc(out, '\n'); // an empty line ends it
}

// The value of the line from where the two part, with a little before it.
static void quote_line(char out[QUOTED_MAX], const char *line, size_t parts_at)
{
	const char *end = strchr(line, '\n'), *value = memchr(line, '\t', (size_t)(end - line));
	const char *from = line + parts_at, *least = value != NULL ? value + 1 : line;

	from = from - least > 20 ? from - 20 : least;
	while (from > least && from[-1] != ' ')
		from--;
	size_t len = (size_t)(end - from) < QUOTED_MAX - 8 ? (size_t)(end - from) : QUOTED_MAX - 8;
	while (len > 0 && ((unsigned char)from[len] & 0xC0) == 0x80) // a whole character
		len--;
	while (len > 0 && from[len - 1] == ' ')
		len--;
	snprintf(out, QUOTED_MAX, "%s%.*s", from > least ? "… " : "", (int)len, from);
}

int text_diff(char words[TEXT_DIFF_WORDS], const struct policy *before, const struct policy *after, struct err *e)
{
	BUF_AUTO struct buf a = BUF_INIT(TEXT_DIFF_BYTES_MAX), b = BUF_INIT(TEXT_DIFF_BYTES_MAX);
	char was[QUOTED_MAX], is[QUOTED_MAX];

	list_policy(&a, before);
	list_policy(&b, after);
	if (a.failed || b.failed)
		return err_set(e, ERR_MEMORY, "no memory to compare two policies");
	const char *from = buf_text(&a), *to = buf_text(&b), *line = to;
	size_t same = 0;
	for (; from[same] == to[same] && from[same] != '\0'; same++)
		line = to[same] == '\n' ? to + same + 1 : line;
	if (from[same] == to[same])
		return 0;
	size_t start = (size_t)(line - to), path = strcspn(line, "\t\n"), old_path = strcspn(from + start, "\t\n");
	if (path == old_path && strncmp(line, from + start, path) == 0) {
		quote_line(was, from + start, same - start);
		quote_line(is, line, same - start);
		snprintf(words, TEXT_DIFF_WORDS, "%.*s: “%s” is to be “%s”", (int)path, line, was, is);
	} else { // something came in or went out here
		snprintf(words, TEXT_DIFF_WORDS, "from %.*s on", (int)(path > 0 ? path : old_path), path > 0 ? line : from + start);
	}
	return 1;
}
