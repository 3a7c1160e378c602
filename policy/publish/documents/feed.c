// SPDX-License-Identifier: ISC
// The Atom feeds (RFC 4287): of the list of subprocessors, one entry per thing that happened or is announced, and of the notice, one entry
// per version. Ids (tag URIs, RFC 4151) and times follow from the policy's dates alone, so that publishing again repeats no entry.
#include "policy/base/text.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/columns.h"
#include "policy/publish/render/writer.h"
#include <stdlib.h>
#include <string.h>

void site_address(const struct policy *p, struct buf *out)
{
	const char *web = p->controller.web, *at = strchr(p->contact, '@');

	if (web != NULL) {
		header_value(out, web);
	} else {
		buf_adds(out, "https://");
		header_value(out, at != NULL ? at + 1 : "site.invalid");
	}
	while (out->len > 0 && out->data[out->len - 1] == '/')
		out->data[--out->len] = '\0';
}

enum change { CHANGE_ADDED, CHANGE_COMING, CHANGE_REMOVED, CHANGE_LEAVING, CHANGE_CHANGING };
static const struct {
	const char *name, *title;
} changes[] = {
    [CHANGE_ADDED] = {"added", "feed.added"},          [CHANGE_COMING] = {"coming", "feed.coming"},
    [CHANGE_REMOVED] = {"removed", "feed.removed"},    [CHANGE_LEAVING] = {"leaving", "feed.leaving"},
    [CHANGE_CHANGING] = {"changing", "feed.changing"},
};

struct entry {
	enum change change;
	time_t at, from; // when it was said; when it happens (the same, or later for what is announced)
	const struct policy *p;
	const struct policy *then; // CHANGE_CHANGING: the version in which it is different
	size_t processor, other;   // its places in the two
};
struct entries {
	struct entry *list;
	size_t count, room;
};

static void add_entry(struct entries *s, const struct entry *entry)
{
	if (s->count < s->room)
		s->list[s->count++] = *entry;
}

static void add_dated(struct entries *s, const struct policy *p, size_t i, time_t now)
{
	const struct policy_processor *t = &p->processors[i];
	bool ahead = t->effective > t->added;

	if (ahead)
		add_entry(s, &(struct entry){CHANGE_COMING, t->added, t->effective, p, NULL, i, 0});
	if (!ahead || t->effective <= now)
		add_entry(s, &(struct entry){CHANGE_ADDED, ahead ? t->effective : t->added, 0, p, NULL, i, 0});
	if (t->removed != 0 && t->removed <= now)
		add_entry(s, &(struct entry){CHANGE_REMOVED, t->removed, 0, p, NULL, i, 0});
	else if (t->removed != 0)
		add_entry(s, &(struct entry){CHANGE_LEAVING, p->updated, t->removed, p, NULL, i, 0});
}

static size_t place_of(const struct policy *p, const char *id)
{
	size_t i = 0;

	while (i < p->processor_count && (p->processors[i].local || strcmp(p->processors[i].id, id) != 0))
		i++;
	return i;
}

static bool cell_differs(const struct column *column, const struct entry *a)
{
	BUF_AUTO struct buf before = BUF_INIT(65536), after = BUF_INIT(65536);

	if (strcmp(column->key, "status") == 0)
		return false;
	cell_join(column, a->p, a->processor, &before);
	cell_join(column, a->then, a->other, &after);
	return strcmp(buf_text(&before), buf_text(&after)) != 0;
}

static bool any_differs(const struct entry *a)
{
	for (size_t j = 0; j < column_count; j++) {
		if (cell_differs(&columns[j], a))
			return true;
	}
	return false;
}

// What an announced version will bring.
static void add_announced(struct entries *s, const struct policy *p, const struct policy *then)
{
	for (size_t i = 0; i < p->processor_count; i++) {
		size_t other = place_of(then, p->processors[i].id);
		struct entry a = {CHANGE_CHANGING, p->coming_announced, p->coming_from, p, then, i, other};
		if (p->processors[i].local)
			continue;
		if (other == then->processor_count)
			add_entry(s, &(struct entry){CHANGE_LEAVING, p->coming_announced, p->coming_from, p, NULL, i, 0});
		else if (any_differs(&a))
			add_entry(s, &a);
	}
	for (size_t i = 0; i < then->processor_count; i++) {
		if (!then->processors[i].local && place_of(p, then->processors[i].id) == p->processor_count)
			add_entry(s, &(struct entry){CHANGE_COMING, p->coming_announced, p->coming_from, then, NULL, i, 0});
	}
}

static int newest_first(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->at != b->at)
		return a->at < b->at ? 1 : -1;
	int by_id = strcmp(a->p->processors[a->processor].id, b->p->processors[b->processor].id);
	return by_id != 0 ? by_id : (int)a->change - (int)b->change;
}

// "tag:site.example,2026-05-11:site/path"
static void write_tag(const struct policy *p, time_t at, const char *path, struct buf *out)
{
	BUF_AUTO struct buf address = BUF_INIT(2048);
	char date[WHEN_DATE];

	site_address(p, &address);
	const char *host = strstr(buf_text(&address), "://");
	host = host != NULL ? host + 3 : buf_text(&address);
	when_date(date, at);
	buf_printf(out, "tag:%.*s,%s:", (int)strcspn(host, ":/"), host, date);
	url_part(out, p->site);
	buf_printf(out, "/%s", path);
}

static void write_element(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "<%s>", name);
	xml_text(out, text);
	buf_printf(out, "</%s>\n", name);
}

static void write_head(const struct policy *p, const char *title, const char *self, const char *page, time_t updated, struct buf *out)
{
	BUF_AUTO struct buf address = BUF_INIT(2048);
	char when[WHEN_TEXT];

	site_address(p, &address);
	when_text(when, updated);
	buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"");
	xml_text(out, p->language);
	buf_adds(out, "\">\n<id>");
	xml_text(out, buf_text(&address));
	buf_printf(out, "%s</id>\n<title>", self);
	word_fill(out, xml_text, word(p, title), WORD_VALUES({"site", p->shown_as}));
	buf_printf(out, "</title>\n<updated>%s</updated>\n<author>", when);
	write_element(out, "name", p->controller.name);
	buf_adds(out, "</author>\n<link rel=\"self\" type=\"application/atom+xml\" href=\"");
	xml_text(out, buf_text(&address));
	buf_printf(out, "%s\"/>\n<link rel=\"alternate\" type=\"text/html\" href=\"", self);
	xml_text(out, buf_text(&address));
	buf_printf(out, "%s\"/>\n", page);
}

static void write_entry_end(const struct policy *p, const char *page, struct buf *out)
{
	BUF_AUTO struct buf address = BUF_INIT(2048);

	site_address(p, &address);
	buf_adds(out, "<link rel=\"alternate\" type=\"text/html\" href=\"");
	xml_text(out, buf_text(&address));
	buf_printf(out, "%s\"/>\n</entry>\n", page);
}

// What changes, or all that is shown of the processor.
static void write_cells(const struct entry *a, struct buf *out)
{
	BUF_AUTO struct buf before = BUF_INIT(65536), after = BUF_INIT(65536);

	for (size_t j = 0; j < column_count; j++) {
		if (a->then != NULL ? !cell_differs(&columns[j], a) : !columns[j].shown)
			continue;
		buf_reset(&before);
		buf_reset(&after);
		cell_join(&columns[j], a->p, a->processor, &before);
		if (a->then != NULL)
			cell_join(&columns[j], a->then, a->other, &after);
		if (before.len == 0 && after.len == 0)
			continue;
		buf_printf(out, "<dt>%s</dt><dd>", column_title(a->p, &columns[j]));
		xml_text(out, before.len > 0 ? buf_text(&before) : word(a->p, "feed.not_stated"));
		buf_adds(out, a->then != NULL ? " → " : "");
		xml_text(out, a->then == NULL ? "" : after.len > 0 ? buf_text(&after) : word(a->p, "feed.not_stated"));
		buf_adds(out, "</dd>\n");
	}
}

static void write_entry(const struct entry *a, struct buf *out)
{
	BUF_AUTO struct buf path = BUF_INIT(1024);
	const struct policy_processor *processor = &a->p->processors[a->processor];
	char when[WHEN_TEXT], from[WHEN_DATE];

	when_text(when, a->at);
	when_date(from, a->from);
	buf_adds(&path, "subprocessors/");
	url_part(&path, processor->id);
	buf_printf(&path, "/%s", changes[a->change].name);
	buf_adds(out, "<entry>\n<id>");
	write_tag(a->p, a->at, buf_text(&path), out);
	buf_adds(out, "</id>\n<title>");
	word_fill(out, xml_text, word(a->p, changes[a->change].title),
		  WORD_VALUES({"name", a->p->processors[a->processor].brand}, {"date", from}));
	buf_printf(out,
		   "</title>\n<updated>%s</updated>\n<published>%s</published>\n<category term=\"%s\"/>\n"
		   "<content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><dl>\n",
		   when, when, changes[a->change].name);
	write_cells(a, out);
	buf_adds(out, "</dl></div></content>\n");
	write_entry_end(a->p, "/subprocessors", out);
}

int subprocessors_atom(const struct policy *p, time_t now, struct buf *out, struct err *e)
{
	const struct policy *coming = p->coming;
	struct entries s = {.room = 4 * (p->processor_count + (coming != NULL ? coming->processor_count : 0)) + 1};
	time_t updated = p->updated;

	s.list = calloc(s.room, sizeof *s.list);
	if (s.list == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a feed");
	for (size_t i = 0; i < p->processor_count; i++) {
		if (!p->processors[i].local)
			add_dated(&s, p, i, now);
	}
	if (coming != NULL)
		add_announced(&s, p, coming);
	qsort(s.list, s.count, sizeof *s.list, newest_first);
	if (s.count > 0 && s.list[0].at > updated)
		updated = s.list[0].at;
	write_head(p, "feed.list.title", "/subprocessors.atom", "/subprocessors", updated, out);
	for (size_t i = 0; i < s.count; i++)
		write_entry(&s.list[i], out);
	free(s.list);
	return buf_adds(out, "</feed>\n") != 0 ? err_set(e, ERR_MEMORY, "the feed is too large") : 0;
}

static void write_version(const struct policy *p, const struct policy_version *v, bool coming, struct buf *out)
{
	BUF_AUTO struct buf path = BUF_INIT(1024), words = BUF_INIT(PAGE_BYTES_MAX_OUT);
	char when[WHEN_TEXT], from[WHEN_DATE];

	when_text(when, coming ? p->coming_announced : v->updated);
	when_date(from, coming ? p->coming_from : v->effective);
	buf_adds(&path, "privacy/");
	url_part(&path, v->id);
	buf_adds(out, "<entry>\n<id>");
	write_tag(p, coming ? p->coming_announced : v->updated, buf_text(&path), out);
	buf_adds(out, "</id>\n<title>");
	word_fill(out, xml_text, word(p, coming ? "feed.version.coming" : "feed.version"), WORD_VALUES({"version", v->id}, {"date", from}));
	buf_printf(out, "</title>\n<updated>%s</updated>\n<published>%s</published>\n", when, when);
	buf_adds(out, "<content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">");
	if (v->change_count > 0)
		buf_adds(out, "<ul>\n");
	else
		buf_printf(out, "<p>%s</p>", word(p, "feed.first"));
	for (size_t i = 0; i < v->change_count; i++) {
		buf_reset(&words);
		prose_plain(p, &v->changes[i].what, &words);
		buf_adds(out, "<li>");
		if (v->changes[i].material)
			buf_printf(out, "<strong>%s</strong> ", word(p, "feed.material"));
		xml_text(out, buf_text(&words));
		buf_adds(out, "</li>\n");
	}
	buf_adds(out, v->change_count > 0 ? "</ul></div></content>\n" : "</div></content>\n");
	write_entry_end(p, "/privacy", out);
}

int privacy_atom(const struct policy *p, struct buf *out, struct err *e)
{
	const struct policy *coming = p->coming;
	const struct policy_version *next = coming != NULL && coming->version_count > 0 ? &coming->versions[0] : NULL;
	bool known = false;

	for (size_t i = 0; i < p->version_count && next != NULL; i++)
		known = known || strcmp(p->versions[i].id, next->id) == 0;
	write_head(p, "feed.notice.title", "/privacy.atom", "/privacy", next != NULL && !known ? next->updated : p->updated, out);
	if (next != NULL && !known)
		write_version(p, next, true, out);
	for (size_t i = 0; i < p->version_count; i++)
		write_version(p, &p->versions[i], false, out);
	return buf_adds(out, "</feed>\n") != 0 ? err_set(e, ERR_MEMORY, "the feed is too large") : 0;
}
