// SPDX-License-Identifier: ISC
// What stands above every page while a version is announced: from when it counts, and what it will change for the worse.
#include "policy/base/text.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/writer.h"
#include "policy/rules/diff.h"

enum { SHOWN_MAX = 8 };

// In the policy's own words, where the page is not in English: those of the comparison are for the officer.
static size_t add_own_changes(struct buf *out, const struct policy *p, const struct policy *coming)
{
	const struct policy_version *v = coming->version_count > 0 ? &coming->versions[0] : NULL;
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};
	size_t count = v != NULL ? v->change_count : 0;

	for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
		write_item_begin(&w);
		write_prose(&w, &v->changes[i].what);
		write_item_end(&w);
	}
	return count;
}

static size_t add_changes(struct buf *out, const struct policy_diff *d)
{
	size_t shown = d->material > 0 ? d->material : d->count;

	for (size_t i = 0; i < shown && i < SHOWN_MAX; i++) {
		buf_adds(out, "<li>");
		html_text(out, d->changes[i].what);
		buf_adds(out, "</li>\n");
	}
	return shown;
}

void coming_html(const struct policy *p, struct buf *out)
{
	POLICY_DIFF_AUTO struct policy_diff d = {0};
	char date[WHEN_DATE];

	if (p->coming == NULL || policy_diff(&d, p, p->coming, NULL) != 0)
		return;
	when_date(date, p->coming_from);
	buf_adds(out, "<details><summary>");
	word_fill(out, html_text, word(p, "coming.from"), WORD_VALUES({"date", date}));
	buf_adds(out, "</summary>\n<p>");
	word_fill(out, html_text, word(p, "coming.until"), WORD_VALUES({"version", p->version}));
	buf_adds(out, "</p>\n");
	buf_adds(out, "<ul>\n");
	size_t shown = word_language(p) != LANGUAGE_EN ? add_own_changes(out, p, p->coming) : add_changes(out, &d);
	if (shown > SHOWN_MAX)
		buf_printf(out, "<li>%s</li>\n", word(p, "coming.more"));
	buf_adds(out, "</ul>");
	buf_adds(out, "</details>");
}
