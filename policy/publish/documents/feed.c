// SPDX-License-Identifier: ISC
// The Atom feeds (RFC 4287): of the list of subprocessors, one entry per thing that happened or is announced, and of the notice, one entry
// per version. Ids (tag URIs, RFC 4151) and times follow from the policy's dates alone, so that publishing again repeats no entry.
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/address.h"
#include <string.h>

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
	time_t at, from;         // when it was said; when it happens (the same, or later for what is announced)
	const cJSON *row, *then; // as it is; CHANGE_CHANGING: as it will be
};
struct entries {
	struct entry *list;
	size_t count, capacity;
};

static void feed_add(struct entries *s, enum change change, time_t at, time_t from, const cJSON *row, const cJSON *then)
{
	if (s->count < s->capacity)
		s->list[s->count++] = (struct entry){change, at, from, row, then};
}

static const cJSON *row_of(const cJSON *rows, const char *id)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, rows)
	{
		if (strcmp(json_string(row, "id"), id) == 0)
			return row;
	}
	return NULL;
}

static bool cell_differs(const cJSON *row, const cJSON *then, const char *column)
{
	return strcmp(column, "status") != 0 && !cJSON_Compare(json_get(row, column), json_get(then, column), true);
}

static int newest_first(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->at != b->at)
		return a->at < b->at ? 1 : -1;
	int by_id = strcmp(json_string(a->row, "id"), json_string(b->row, "id"));
	return by_id != 0 ? by_id : (int)a->change - (int)b->change;
}

// The start of a feed: what is known of it as a whole.
static void feed_head(const struct policy *p, const char *title, const char *self, const char *page, time_t updated, struct buf *out)
{
	BUF_AUTO struct buf address = BUF_INIT(2048);
	const char *site;
	char when[WHEN_TEXT];

	address_site(p, &address);
	site = buf_text(&address);
	when_text(when, updated);
	xml_printf(out,
		   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"%s\">\n"
		   "<id>%s%s</id>\n<title>",
		   p->language, site, self);
	word_fill(out, xml_text, word(p, title), WORD_VALUES({"site", p->shown_as}));
	xml_printf(out,
		   "</title>\n<updated>%s</updated>\n<author><name>%s</name>\n</author>\n"
		   "<link rel=\"self\" type=\"application/atom+xml\" href=\"%s%s\"/>\n"
		   "<link rel=\"alternate\" type=\"text/html\" href=\"%s%s\"/>\n",
		   when, p->controller.name, site, self, site, page);
}

// The start of an entry: the tag "tag:site.example,2026-05-11:site/`folder`/`id``end`", the title with its values, when it was said.
static void feed_entry(const struct policy *p, time_t at, const char *const path[3], const char *title, const struct word_value *values,
		       struct buf *out)
{
	BUF_AUTO struct buf address = BUF_INIT(2048);
	char date[WHEN_DATE], when[WHEN_TEXT];

	address_site(p, &address);
	const char *host = strstr(buf_text(&address), "://");
	host = host != NULL ? host + 3 : buf_text(&address);
	when_date(date, at);
	when_text(when, at);
	buf_printf(out, "<entry>\n<id>tag:%.*s,%s:", (int)strcspn(host, ":/"), host, date);
	url_part(out, p->site);
	buf_adds(out, path[0]);
	url_part(out, path[1]);
	buf_printf(out, "%s</id>\n<title>", path[2]);
	word_fill(out, xml_text, word(p, title), values);
	buf_printf(out, "</title>\n<updated>%s</updated>\n<published>%s</published>\n", when, when);
}

static void feed_entry_end(const struct policy *p, const char *page, struct buf *out)
{
	BUF_AUTO struct buf address = BUF_INIT(2048);

	address_site(p, &address);
	xml_printf(out, "<link rel=\"alternate\" type=\"text/html\" href=\"%s%s\"/>\n</entry>\n", buf_text(&address), page);
}

static void write_entry(const struct policy *p, const struct entry *a, struct buf *out)
{
	BUF_AUTO struct buf change = BUF_INIT(64), before = BUF_INIT(WORD_BYTES_MAX), after = BUF_INIT(WORD_BYTES_MAX);
	const char *none = word(p, "feed.not_stated"), *const *columns = a->then != NULL ? subprocessors_columns : subprocessors_shown;
	char from[WHEN_DATE];

	when_date(from, a->from);
	buf_printf(&change, "/%s", changes[a->change].name);
	feed_entry(p, a->at, (const char *const[]){"/subprocessors/", json_string(a->row, "id"), buf_text(&change)},
		   changes[a->change].title, WORD_VALUES({"name", json_string(a->row, "brand")}, {"date", from}), out);
	buf_printf(out, "<category term=\"%s\"/>\n<content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><dl>\n",
		   changes[a->change].name);
	// What changes, or all that is shown of the processor.
	for (size_t j = 0; columns[j] != NULL; j++) {
		buf_reset(&before);
		buf_reset(&after);
		list_cell(word_language(p), json_get(a->row, columns[j]), "; ", &before);
		list_cell(word_language(p), json_get(a->then, columns[j]), "; ", &after);
		if ((a->then != NULL && !cell_differs(a->row, a->then, columns[j])) || (before.len == 0 && after.len == 0))
			continue;
		buf_printf(out, "<dt>%s</dt><dd>", word_or(p, "list.column.", columns[j]));
		xml_text(out, before.len > 0 ? buf_text(&before) : none);
		buf_adds(out, a->then != NULL ? " → " : "");
		xml_text(out, a->then == NULL ? "" : after.len > 0 ? buf_text(&after) : none);
		buf_adds(out, "</dd>\n");
	}
	buf_adds(out, "</dl></div></content>\n");
	feed_entry_end(p, "/subprocessors", out);
}

int feed_subprocessors(const struct facts *f, struct buf *out, struct err *e)
{
	const struct policy *p = f->policy;
	FACTS_AUTO struct facts next = {0};
	if (p->coming != NULL && facts_make(&next, p->coming, false, e) != 0)
		return -1;
	const cJSON *rows = json_get(f->subprocessors, "subprocessors"), *coming = json_get(next.subprocessors, "subprocessors"),
		    *row = rows != NULL ? rows->child : NULL;
	struct entries s = {.capacity = 4 * (size_t)(cJSON_GetArraySize(rows) + cJSON_GetArraySize(coming)) + 1};
	time_t updated = p->updated;

	s.list = calloc(s.capacity, sizeof *s.list);
	if (s.list == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a feed");
	for (size_t i = 0; i < p->processor_count && row != NULL; i++) {
		if (p->processors[i].local)
			continue;
		const struct policy_processor *a = &p->processors[i];
		bool ahead = a->effective > a->added;
		if (ahead)
			feed_add(&s, CHANGE_COMING, a->added, a->effective, row, NULL);
		if (!ahead || a->effective <= when_now())
			feed_add(&s, CHANGE_ADDED, ahead ? a->effective : a->added, 0, row, NULL);
		if (a->removed != 0 && a->removed <= when_now())
			feed_add(&s, CHANGE_REMOVED, a->removed, 0, row, NULL);
		else if (a->removed != 0)
			feed_add(&s, CHANGE_LEAVING, p->updated, a->removed, row, NULL);
		row = row->next;
	}
	// What an announced version will bring.
	cJSON_ArrayForEach(row, (coming != NULL ? rows : NULL))
	{
		const cJSON *then = row_of(coming, json_string(row, "id"));
		bool differs = then == NULL;
		for (size_t j = 0; then != NULL && subprocessors_columns[j] != NULL; j++)
			differs = differs || cell_differs(row, then, subprocessors_columns[j]);
		if (differs)
			feed_add(&s, then == NULL ? CHANGE_LEAVING : CHANGE_CHANGING, p->coming_announced, p->coming_from, row, then);
	}
	cJSON_ArrayForEach(row, coming)
	{
		if (row_of(rows, json_string(row, "id")) == NULL)
			feed_add(&s, CHANGE_COMING, p->coming_announced, p->coming_from, row, NULL);
	}
	qsort(s.list, s.count, sizeof *s.list, newest_first);
	if (s.count > 0 && s.list[0].at > updated)
		updated = s.list[0].at;
	feed_head(p, "feed.list.title", "/subprocessors.atom", "/subprocessors", updated, out);
	for (size_t i = 0; i < s.count; i++)
		write_entry(p, &s.list[i], out);
	free(s.list);
	return buf_adds(out, "</feed>\n") != 0 ? err_set(e, ERR_MEMORY, "the feed is too large") : 0;
}

static void write_version(const struct policy *p, const struct policy_version *v, bool coming, struct buf *out)
{
	BUF_AUTO struct buf words = BUF_INIT(DOCUMENT_BYTES_MAX);
	char from[WHEN_DATE];

	when_date(from, coming ? p->coming_from : v->effective);
	feed_entry(p, coming ? p->coming_announced : v->updated, (const char *const[]){"/privacy/", v->id, ""},
		   coming ? "feed.version.coming" : "feed.version", WORD_VALUES({"version", v->id}, {"date", from}), out);
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
		xml_printf(out, "%s</li>\n", buf_text(&words));
	}
	buf_adds(out, v->change_count > 0 ? "</ul></div></content>\n" : "</div></content>\n");
	feed_entry_end(p, "/privacy", out);
}

int feed_notice(const struct facts *f, struct buf *out, struct err *e)
{
	const struct policy *p = f->policy;
	const struct policy *coming = p->coming;
	const struct policy_version *next = coming != NULL && coming->version_count > 0 ? &coming->versions[0] : NULL;
	bool known = false;

	for (size_t i = 0; i < p->version_count && next != NULL; i++)
		known = known || strcmp(p->versions[i].id, next->id) == 0;
	feed_head(p, "feed.notice.title", "/privacy.atom", "/privacy", next != NULL && !known ? next->updated : p->updated, out);
	if (next != NULL && !known)
		write_version(p, next, true, out);
	for (size_t i = 0; i < p->version_count; i++)
		write_version(p, &p->versions[i], false, out);
	return buf_adds(out, "</feed>\n") != 0 ? err_set(e, ERR_MEMORY, "the feed is too large") : 0;
}
