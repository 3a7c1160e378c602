// SPDX-License-Identifier: ISC
// The page that the visitor named: fetched by egress, read by a worker, masked here before anything is made of it.
#include "fcgi/generate/page.h"
#include "fcgi/generate/answer.h"
#include "fcgi/generate/peer.h"
#include "fcgi/ipc/egress_call.h"
#include "fcgi/ipc/worker_call.h"
#include "fcgi/moderation/filter.h"
#include "fcgi/moderation/filter_minors.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <stdlib.h>
#include <string.h>

enum { PAGE_MS = 15 * 1000, READ_MS = 5 * 1000, LIST_MAX = 40 };

static const struct {
	const char *code;
	int status;
	const char *words; // NULL: what the peer said
} page_failures[] = {
    {"address-forbidden", 422,
     "That address leads to a place that this server does not visit. Give a page that is public on the Internet."},
    {"bad-url", 422, NULL},
    {"unresolvable", 422, "No server was found under that name. Please check how it is written."},
    {"not-html", 422, "There is no web page at that address, but something else. Give the address of a page."},
    {"too-large", 422, "The page is too large to be read. Describe the business instead."},
    {"empty-page", 422, "That page is empty. Check the address, or describe the business instead."},
    {"unreadable", 422,
     "There is no text in that page: perhaps a script adds it, and this server runs none. Describe the business instead."},
    {"too-costly", 422, "The page is built in a way that costs too much to read. Describe the business instead."},
    {"unreachable", 502, "The server of that page cannot be reached. Try again later, or describe the business instead."},
    {"tls", 502, "The server of that page has no valid certificate, so what it sends cannot be trusted. Describe the business instead."},
    {"redirects", 502, "The page sends its visitors in circles. Give the address where it ends."},
    {"http-status", 502, NULL},
    {"truncated", 502, "The page arrived incomplete. Try again, or describe the business instead."},
    {"timeout", 504, "The page did not arrive in time. Try again later, or describe the business instead."},
    {"budget", 503, "Too many pages are being read at the moment. Please try again in a minute."},
};

static int page_failed(struct set *s, const char *code, const char *detail)
{
	for (size_t i = 0; i < ARRAY_LEN(page_failures); i++) {
		if (strcmp(page_failures[i].code, code) == 0)
			return failure_set(&s->failure, page_failures[i].status, page_failures[i].code, "url", "%s",
					   page_failures[i].words != NULL ? page_failures[i].words : detail);
	}
	note_line("page: %s: %s", code, detail);
	return failure_set(&s->failure, 503, "page", "url", "Pages cannot be read at the moment. Describe the business instead.");
}

// Asks a peer and tells the visitor what failed.
static int page_ask(struct set *s, struct call *c, const char *socket_path, const cJSON *head, const struct call *body, uint64_t deadline)
{
	struct err e = {0};
	const char *detail, *code;

	if (call_ask(c, socket_path, head, body != NULL ? body->reply.body : NULL, body != NULL ? body->reply.body_len : 0,
		     request_fd(s->r), deadline, &e) != 0) {
		if (e.code == ERR_GONE && request_gone(s->r))
			return -1;
		return page_failed(s, e.code == ERR_TIMEOUT ? "timeout" : "unknown", e.text);
	}
	code = frame_error_code(c->reply.head, &detail);
	return code != NULL ? page_failed(s, code, detail) : 0;
}

// Personal data in a page is never needed: masked whatever the policy says about what visitors type.
static char *text_masked(const char *text)
{
	struct buf out = BUF_INIT(2 * PAGE_FACTS_MAX);

	if (filter_mask(text != NULL ? text : "", RULES_PERSONAL, &out) != 0) {
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

static int page_take_facts(struct set *s, const cJSON *facts)
{
	struct page_facts *page = &s->page;
	bool minors = false;
	size_t kept = 0;

	page->title = text_masked(json_string(facts, "title"));
	page->summary = text_masked(json_string(facts, "description"));
	page->text = text_masked(json_string(facts, "text"));
	page->headings = list_masked(json_get(facts, "headings"));
	page->colours = list_masked(json_get(facts, "colours"));
	if (page->title == NULL || page->summary == NULL || page->text == NULL || page->headings == NULL || page->colours == NULL)
		return failure_set(&s->failure, 503, "memory", NULL, "The site is out of memory. Please try again later.");
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
		return failure_set(&s->failure, 422, "forbidden-content", "url",
				   "Nothing can be made from this page: it puts minors into an inappropriate context.");
	if (*page->title == '\0' && *page->summary == '\0' && *page->text == '\0')
		return failure_set(&s->failure, 422, "empty-page", "url",
				   "There is no text on that page to make pictures from. Describe the business instead.");
	return 0;
}

int page_facts_read(struct set *s)
{
	CALL_AUTO struct call fetched = CALL_INIT, read = CALL_INIT;
	uint64_t deadline = monotonic_ms() + PAGE_MS;

	if (s->input.url.len == 0)
		return 0;
	if (answer_progress(s, "page", 0, 1) != 0)
		return -1;
	JSON_AUTO cJSON *fetch = egress_page_head(buf_text(&s->input.url), PAGE_MS);
	if (page_ask(s, &fetched, s->g->egress, fetch, NULL, deadline + 1000) != 0) // egress keeps the deadline; this is for its reply
		return -1;
	const char *type = json_string(fetched.reply.head, "type"), *url = json_string(fetched.reply.head, "url");
	JSON_AUTO cJSON *job = worker_page_head(type != NULL ? type : "", url != NULL ? url : "");
	if (page_ask(s, &read, s->g->worker, job, &fetched, deadline + READ_MS) != 0 || page_take_facts(s, read.reply.head) != 0)
		return -1;
	return answer_progress(s, "page", 1, 1);
}
