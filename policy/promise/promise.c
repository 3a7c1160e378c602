// SPDX-License-Identifier: ISC
#include "policy/promise/promise.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include "policy/promise/check.h"
#include "policy/promise/document.h"
#include "policy/promise/node.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct promise *promise_new(void)
{
	struct arena *arena = arena_new();
	struct promise *p = calloc(1, sizeof *p);
	struct promise_text *t = arena != NULL ? arena_array(arena, 1, sizeof *t) : NULL;

	if (p == NULL || t == NULL) {
		arena_free(arena);
		free(p);
		return NULL;
	}
	t->arena = arena;
	p->text = t;
	for (unsigned k = 0; k < KIND_COUNT; k++)
		p->kinds[k].kind = (enum kind)k;
	return p;
}

void promise_free(struct promise *p)
{
	if (p == NULL)
		return;
	arena_free(p->text->arena); // p->text is in it
	free(p);
}

void promise_free_at(struct promise **p)
{
	promise_free(*p);
}

static void hash_file(struct promise *p, const char *bytes, size_t size)
{
	unsigned char digest[32];
	size_t len = 0;

	if (EVP_Q_digest(NULL, "SHA256", NULL, bytes, size, digest, &len) == 1 && len == sizeof digest)
		hex_encode(p->sha256, digest, sizeof digest);
}

static void check_all(const struct promise *p, struct report *r)
{
	check_kinds(p, r);
	check_processors(p, r);
	check_dates(p, r);
	check_rights(p, r);
	check_browser(p, r);
	check_content(p, r);
	check_claims(p, r);
	check_prose(p, r);
}

// A processor that the policy ended is still listed for visitors, but nothing reaches it any more.
static void end_removed(struct promise *p, struct promise_processor *list)
{
	static const char *const nowhere[] = {NULL};

	for (size_t i = 0; i < p->processor_count; i++) {
		time_t removed = p->text->processors[i].removed;
		if (removed == 0 || removed > when_now())
			continue;
		list[i].roles = 0;
		list[i].kinds = 0;
		list[i].hosts = nowhere;
	}
}

static struct promise *read_document(xmlDoc *document, const char *file, const char *bytes, size_t len, struct report *r)
{
	PROMISE_AUTO struct promise *p = promise_new();

	if (p == NULL)
		return NULL;
	struct reader reader = {.arena = p->text->arena, .report = r, .p = p, .t = p->text, .root = xmlDocGetRootElement(document)};
	p->file = arena_text(reader.arena, file, strlen(file));
	hash_file(p, bytes, len);
	reader.main_language = attribute_or(&reader, child_first(child_first(reader.root, "languages"), "language"), "code", "en");
	p->text->language = reader.main_language;
	read_programs_part(&reader);
	read_people_part(&reader);
	if (arena_failed(reader.arena) || p->sha256[0] == '\0')
		return NULL;
	check_all(p, r);
	if (r->errors > 0)
		return NULL;
	end_removed(p, (struct promise_processor *)p->processors); // ours: made by read_programs_part
	struct promise *out = p;
	p = NULL;
	return out;
}

struct promise *promise_read(const char *name, const char *bytes, size_t len, struct buf *messages)
{
	struct report report = {.file = name, .out = messages};
	xmlDoc *document = document_parse(bytes, len, &report);

	if (document == NULL)
		return NULL;
	struct promise *p = read_document(document, name, bytes, len, &report);
	xmlFreeDoc(document);
	if (p == NULL && report.errors == 0)
		report_error(&report, 1, "there is not enough memory to read the policy; nothing may run on half of it; free some memory");
	return p;
}

struct promise *promise_load(const char *file, struct buf *messages)
{
	struct report report = {.file = file, .out = messages};
	BUF_AUTO struct buf bytes = BUF_INIT(POLICY_BYTES_MAX);
	struct err e = {0};

	if (file_read(file, &bytes, &e) == 0)
		return promise_read(file, buf_text(&bytes), bytes.len, messages);
	if (e.code == ERR_MEMORY)
		report_error(&report, 1, "the file is larger than %d bytes; a policy in all languages is far smaller; give the right file",
			     POLICY_BYTES_MAX);
	else
		report_error(&report, 1, "the policy cannot be read (%s); without a policy nothing may run; give the right path", e.text);
	return NULL;
}

const struct promise_processor *promise_processor(const struct promise *p, const char *id)
{
	for (size_t i = 0; i < p->processor_count; i++) {
		if (strcmp(p->processors[i].id, id) == 0)
			return &p->processors[i];
	}
	return NULL;
}

const struct promise_processor *promise_processor_for(const struct promise *p, enum processor_role role, size_t n)
{
	const struct promise_processor *last = NULL;

	// Orders may have gaps and roles other than text and image may share one: the n-th is found by stepping up from the first.
	for (size_t step = 0; step <= n; step++) {
		const struct promise_processor *next = NULL;
		for (size_t i = 0; i < p->processor_count; i++) {
			const struct promise_processor *a = &p->processors[i];
			bool after = last == NULL || a->order > last->order || (a->order == last->order && a > last);
			if ((a->roles & role) && after && (next == NULL || a->order < next->order))
				next = a;
		}
		if (next == NULL)
			return NULL;
		last = next;
	}
	return last;
}

bool promise_host_allowed(const struct promise_processor *processor, const char *host)
{
	size_t len = strlen(host);

	for (const char *const *h = processor->hosts; h != NULL && *h != NULL; h++) {
		const char *pattern = *h;
		if (strncmp(pattern, "*.", 2) != 0) {
			if (strcasecmp(pattern, host) == 0)
				return true;
			continue;
		}
		size_t tail = strlen(pattern + 1); // with its dot
		if (len > tail && host[0] != '.' && strcasecmp(host + len - tail, pattern + 1) == 0)
			return true;
	}
	return false;
}

const struct promise_right *promise_right(const struct promise *p, const char *id)
{
	for (size_t i = 0; i < p->right_count; i++) {
		if (strcmp(p->rights[i].id, id) == 0)
			return &p->rights[i];
	}
	return NULL;
}

void promise_life_words(char *out, size_t size, const struct promise_kind *kind)
{
	bool account = kind->kind == KIND_ACCOUNT || kind->kind == KIND_SESSION || kind->kind == KIND_GALLERY ||
		       kind->kind == KIND_PREFERENCE || kind->kind == KIND_CREDIT;

	if (kind->keep == KEEP_MEMORY)
		snprintf(out, size, "only while your request runs");
	else if (duration_is_zero(kind->life))
		snprintf(out, size, "%s", account ? "for as long as your account exists" : "for as long as the service runs");
	else
		duration_words(out, size, kind->life);
}

time_t promise_due_from(const struct promise *p, enum kind kind, enum start_event event, time_t when)
{
	const struct promise_kind *k = &p->kinds[kind];

	if (k->keep != KEEP_STORED || duration_is_zero(k->life) || k->start != event)
		return 0;
	return duration_after(when, k->life);
}

// Completion counts as creation here: a record is written when it is complete.
time_t promise_due(const struct promise *p, enum kind kind, time_t made)
{
	time_t due = promise_due_from(p, kind, START_CREATION, made);

	return due != 0 ? due : promise_due_from(p, kind, START_COMPLETION, made);
}
