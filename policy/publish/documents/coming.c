// SPDX-License-Identifier: ISC
// What stands above every page while a version is announced: from when it counts, and what it will change for the worse.
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/pages.h"
#include "policy/rules/diff.h"
#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 8 };

static const struct words {
	const char *language, *from, *until, *more; // one date or name each
} all_words[] = {
    {"en", "From %s a new version of our privacy notice applies.", "Until then, version %s. What will change:", "and more"},
    {"de", "Ab %s gilt eine neue Fassung unserer Datenschutzerklärung.", "Bis dahin gilt Fassung %s. Was sich ändert:", "und mehr"},
    {"zh", "自 %s 起适用新版隐私声明。", "在此之前适用版本 %s。将有以下变更：", "以及其他"},
};

static const struct words *words_for(const char *language)
{
	for (size_t i = 0; i < ARRAY_LEN(all_words); i++) {
		if (strncmp(all_words[i].language, language, 2) == 0)
			return &all_words[i];
	}
	return &all_words[0];
}

// The formats are the table's.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void add(struct buf *out, const char *format, const char *value)
{
	char text[512];

	snprintf(text, sizeof text, format, value);
	html_text(out, text);
}
#pragma GCC diagnostic pop

static void add_changes(struct buf *out, const struct policy_diff *d, const char *more)
{
	size_t shown = d->material > 0 ? d->material : d->count;

	buf_adds(out, "<ul>\n");
	for (size_t i = 0; i < shown && i < SHOWN_MAX; i++) {
		buf_adds(out, "<li>");
		html_text(out, d->changes[i].what);
		buf_adds(out, "</li>\n");
	}
	if (shown > SHOWN_MAX)
		buf_printf(out, "<li>%s</li>\n", more);
	buf_adds(out, "</ul>");
}

void coming_html(const struct policy *p, struct buf *out)
{
	POLICY_DIFF_AUTO struct policy_diff d = {0};
	const struct words *w = words_for(p->language);
	char date[WHEN_DATE];

	if (p->coming == NULL || policy_diff(&d, p, p->coming, NULL) != 0)
		return;
	when_date(date, p->coming_from);
	buf_adds(out, "<details><summary>");
	add(out, w->from, date);
	buf_adds(out, "</summary>\n<p>");
	add(out, w->until, p->version);
	buf_adds(out, "</p>\n");
	add_changes(out, &d, w->more);
	buf_adds(out, "</details>");
}
