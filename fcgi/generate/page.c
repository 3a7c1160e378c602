// SPDX-License-Identifier: ISC
// The page that the visitor named: fetched by egress, read by a worker, masked here before anything is made of it.
#include "fcgi/generate/answer.h"
#include "fcgi/generate/generate.h"
#include "fcgi/generate/visitor.h"
#include "fcgi/ipc/egress_call.h"
#include "fcgi/ipc/worker_call.h"
#include "fcgi/moderation/filter.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <stdlib.h>
#include <string.h>

enum { PAGE_MS = 15 * 1000, READ_MS = 5 * 1000, LIST_MAX = 40 };

static const struct {
	const char *code;
	int status;
	const char *key;
} page_failures[] = {
    {"address-forbidden", 422, "problem.unresolvable"}, // one answer: else names of a private network could be told from none
    {"bad-url", 422, "problem.bad-url.page"},
    {"unresolvable", 422, "problem.unresolvable"},
    {"not-html", 422, "problem.not-html"},
    {"too-large", 422, "problem.too-large"},
    {"empty-page", 422, "problem.empty-page"},
    {"unreadable", 422, "problem.unreadable"},
    {"frames", 422, "problem.unreadable.frames"},
    {"pictures", 422, "problem.unreadable.pictures"},
    {"hidden", 422, "problem.unreadable.hidden"},
    {"too-costly", 422, "problem.too-costly"},
    {"unreachable", 502, "problem.unreachable"},
    {"tls", 502, "problem.tls"},
    {"redirects", 502, "problem.redirects"},
    {"http-status", 502, "problem.http-status"},
    {"truncated", 502, "problem.truncated"},
    {"timeout", 504, "problem.timeout.page"},
    {"budget", 503, "problem.budget"},
};

static int page_failed(struct set *s, const char *code, const char *detail)
{
	for (size_t i = 0; i < ARRAY_LEN(page_failures); i++) {
		if (strcmp(page_failures[i].code, code) == 0)
			return problem_set(&s->failure, page_failures[i].status, page_failures[i].key, "url", NULL);
	}
	note_line("page: %s: %s", code, detail);
	return problem_set(&s->failure, 503, "problem.page", "url", NULL);
}

// Asks a peer and tells the visitor what failed.
static int page_ask(struct set *s, struct call *c, const char *socket_path, const cJSON *head, const struct call *body, uint64_t deadline)
{
	struct err e = {0};
	const char *detail, *code;
	int rc = call_start(c, socket_path, head, body != NULL ? body->reply.body : NULL, body != NULL ? body->reply.body_len : 0, &e);

	while (rc == 0 && (c->state == CALL_SENDING || c->state == CALL_WAITING))
		rc = visitor_wait(s, NULL, c, 1, deadline, &e);
	if (e.code == ERR_GONE)
		return -1;
	if (rc != 0 || c->state == CALL_FAILED)
		return page_failed(s, e.code == ERR_TIMEOUT ? "timeout" : "unknown", rc != 0 ? e.text : c->err->text);
	code = frame_error_code(c->reply.head, &detail);
	return code != NULL ? page_failed(s, code, detail) : 0;
}

// Personal data in a page is never needed: masked whatever the policy says about what visitors type.
static char *text_masked(const char *text)
{
	struct buf out = BUF_INIT(2 * PAGE_FACTS_MAX);

	if (filter_mask(text != NULL ? text : "", RULES_PERSONAL, &out, NULL) != 0) {
		buf_wipe(&out);
		return NULL;
	}
	return out.data != NULL ? buf_steal(&out) : strdup("");
}

static char **list_masked(const cJSON *array)
{
	char **list = calloc(LIST_MAX + 1, sizeof *list);
	const cJSON *item;
	size_t n = 0;

	cJSON_ArrayForEach(item, array)
	{
		if (list != NULL && n < LIST_MAX && cJSON_IsString(item) && (list[n] = text_masked(item->valuestring)) != NULL)
			n++;
	}
	return list;
}

// Fetches a page and has it read. Where it sends its visitors on, *next becomes the call for that page.
static int page_take(struct set *s, const cJSON *fetch, struct call *read, uint64_t deadline, cJSON **next)
{
	CALL_AUTO struct call fetched = CALL_INIT;

	*next = NULL;
	if (page_ask(s, &fetched, s->g->egress, fetch, NULL, deadline + 1000) != 0) // egress keeps the deadline; this is for its reply
		return -1;
	const char *type = json_string(fetched.reply.head, "type"), *url = json_string(fetched.reply.head, "url");
	JSON_AUTO cJSON *job = worker_page_head(type != NULL ? type : "", url != NULL ? url : "");
	if (page_ask(s, read, s->g->worker, job, &fetched, deadline + READ_MS) != 0)
		return -1;
	const char *refresh = json_string(read->reply.head, "refresh");
	if (refresh != NULL)
		*next = egress_page_next_head(refresh, url != NULL ? url : "", (unsigned)json_number(fetched.reply.head, "attempts", 1) - 1,
					      PAGE_MS);
	return refresh != NULL && *next == NULL ? problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL) : 0;
}

int page_facts_read(struct set *s)
{
	CALL_AUTO struct call read = CALL_INIT;
	cJSON *next;
	int rc;
	uint64_t deadline = monotonic_ms() + PAGE_MS;
	struct page_facts *page = &s->page;
	bool minors = false;
	size_t kept = 0;

	if (s->input.url.len == 0)
		return 0;
	if (answer_progress(s, "page", 0, 1) != 0)
		return -1;
	JSON_AUTO cJSON *fetch = egress_page_head(buf_text(&s->input.url), PAGE_MS);
	while ((rc = page_take(s, fetch, &read, deadline, &next)) == 0 && next != NULL) {
		call_end(&read);
		read = CALL_INIT;
		json_free(&fetch);
		fetch = next;
	}
	if (rc != 0)
		return -1;
	const cJSON *facts = read.reply.head;
	page->title = text_masked(json_string(facts, "title"));
	page->summary = text_masked(json_string(facts, "description"));
	page->text = text_masked(json_string(facts, "text"));
	page->headings = list_masked(json_get(facts, "headings"));
	page->colours = list_masked(json_get(facts, "colours"));
	if (page->title == NULL || page->summary == NULL || page->text == NULL || page->headings == NULL || page->colours == NULL)
		return problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	for (size_t i = 0; page->colours[i] != NULL; i++) { // only what is one
		char *colour = page->colours[i];
		page->colours[i] = NULL;
		if (strlen(colour) == 7 && colour[0] == '#' && strspn(colour + 1, "0123456789abcdefABCDEF") == 6)
			page->colours[kept++] = colour;
		else
			free(colour);
	}
	const char *const parts[] = {page->title, page->summary, page->text};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		minors |= filter_minors(parts[i]);
	for (char **heading = page->headings; *heading != NULL; heading++) // the built-in writer quotes them
		minors |= filter_minors(*heading);
	if (minors && s->g->policy->content[RULE_MINORS] != CONTENT_ALLOW)
		return problem_set(&s->failure, 422, "problem.forbidden-content.page", "url", NULL);
	if (*page->title == '\0' && *page->summary == '\0' && *page->text == '\0')
		return problem_set(&s->failure, 422, "problem.empty-page.text", "url", NULL);
	return answer_progress(s, "page", 1, 1);
}
