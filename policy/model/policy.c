// SPDX-License-Identifier: ISC
#include "policy/model/policy.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/model/document.h"
#include "policy/model/node.h"
#include "policy/rules/capability.h"
#include "policy/rules/check.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct policy *policy_new(void)
{
	struct policy *p = calloc(1, sizeof *p);

	if (p == NULL || (p->arena = arena_new()) == NULL) {
		free(p);
		return NULL;
	}
	for (unsigned k = 0; k < KIND_COUNT; k++)
		p->kinds[k].kind = (enum kind)k;
	return p;
}

void policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	policy_free(p->coming);
	arena_free(p->arena); // p is in it
	free(p);
}

void policy_free_at(struct policy **p)
{
	policy_free(*p);
}

static void hash_file(struct policy *p, const char *bytes, size_t size)
{
	unsigned char digest[32];
	size_t len = 0;

	if (EVP_Q_digest(NULL, "SHA256", NULL, bytes, size, digest, &len) == 1 && len == sizeof digest)
		hex_encode(p->sha256, digest, sizeof digest);
}

static void check_all(struct policy *p, const xmlNode *root, bool allow_unbuilt, struct report *r)
{
	capability_check(p, root, allow_unbuilt, r);
	check_kinds(p, r);
	check_processors(p, r);
	check_dates(p, r);
	check_rights(p, r);
	check_browser(p, r);
	check_content(p, r);
	check_claims(p, r);
	check_prose(p, r);
}

// A processor that is announced or was removed is listed for visitors, but nothing reaches it yet, or any more.
static void put_in_force(const struct policy *p)
{
	struct policy_processor *list = (struct policy_processor *)p->processors; // ours: made by read_programs_part
	time_t now = when_now();

	for (size_t i = 0; i < p->processor_count; i++) {
		bool removed = p->processors[i].removed != 0 && p->processors[i].removed <= now;
		list[i].in_force = !removed && (list[i].local || p->processors[i].effective <= now);
		if (list[i].in_force)
			continue;
		list[i].roles = 0;
		if (removed) {
			list[i].kinds = 0;
			list[i].hosts.count = 0;
		}
	}
}

// The whole policy once more in another language, beside `p` in its arena. NULL when memory is gone.
static struct policy *read_view(const struct reader *main, const char *language)
{
	struct policy *view = arena_array(main->arena, 1, sizeof *view);

	if (view == NULL)
		return NULL;
	*view = (struct policy){
	    .file = main->p->file, .language = language, .arena = main->arena, .lacks = main->p->lacks, .lack_count = main->p->lack_count};
	memcpy(view->sha256, main->p->sha256, sizeof view->sha256);
	for (unsigned k = 0; k < KIND_COUNT; k++)
		view->kinds[k].kind = (enum kind)k;
	struct reader reader = *main;
	reader.p = view;
	policy_read_fields(&reader);
	check_prose(view, main->report);
	put_in_force(view);
	return view;
}

static int read_languages(struct reader *r)
{
	size_t count = r->p->language_count;
	const struct policy **views = arena_array(r->arena, count, sizeof *views);

	if (views == NULL)
		return -1;
	views[0] = r->p;
	for (size_t i = 1; i < count; i++) {
		struct policy *view = read_view(r, r->p->languages[i].id);
		if (view == NULL)
			return -1;
		view->views = views;
		view->view_count = count;
		views[i] = view;
	}
	r->p->views = views;
	r->p->view_count = count;
	return 0;
}

static struct policy *read_document(xmlDoc *document, struct policy *empty, bool allow_unbuilt, struct report *r)
{
	POLICY_AUTO struct policy *p = empty;
	struct reader reader = {.arena = p->arena, .report = r, .p = p, .root = xmlDocGetRootElement(document)};

	reader.main_language = attribute_or(&reader, child_first(child_first(reader.root, "languages"), "language"), "code", "en");
	p->language = reader.main_language;
	policy_read_fields(&reader);
	policy_check_translations(&reader);
	if (arena_failed(reader.arena) || p->sha256[0] == '\0')
		return NULL;
	check_all(p, reader.root, allow_unbuilt, r);
	if (r->errors == 0 && read_languages(&reader) != 0)
		return NULL;
	if (arena_failed(reader.arena) || r->errors > 0)
		return NULL;
	put_in_force(p);
	struct policy *out = p;
	p = NULL;
	return out;
}

struct policy *policy_read_as(const char *name, const char *bytes, size_t len, bool allow_unbuilt, struct buf *messages)
{
	struct report report = {.file = name, .out = messages};
	xmlDoc *document = document_parse(bytes, len, &report);

	if (document == NULL)
		return NULL;
	struct policy *p = policy_new();
	if (p != NULL) {
		p->file = arena_text(p->arena, name, strlen(name));
		hash_file(p, bytes, len);
		p = read_document(document, p, allow_unbuilt, &report);
	}
	xmlFreeDoc(document);
	if (p == NULL && report.errors == 0)
		report_error(&report, 1, "there is not enough memory to read the policy; nothing may run on half of it; free some memory");
	return p;
}

static bool unbuilt_allowed(void)
{
	return strcmp(setting("LETHE_ALLOW_UNBUILT", "0"), "1") == 0;
}

struct policy *policy_read(const char *name, const char *bytes, size_t len, struct buf *messages)
{
	return policy_read_as(name, bytes, len, unbuilt_allowed(), messages);
}

struct policy *policy_load_as(const char *file, bool allow_unbuilt, struct buf *messages)
{
	struct report report = {.file = file, .out = messages};
	BUF_AUTO struct buf bytes = BUF_INIT(POLICY_BYTES_MAX);
	struct err e = {0};

	if (file_read(file, &bytes, &e) == 0)
		return policy_read_as(file, buf_text(&bytes), bytes.len, allow_unbuilt, messages);
	if (e.code == ERR_MEMORY)
		report_error(&report, 1, "the file is larger than %d bytes; a policy in all languages is far smaller; give the right file",
			     POLICY_BYTES_MAX);
	else
		report_error(&report, 1, "the policy cannot be read (%s); without a policy nothing may run; give the right path", e.text);
	return NULL;
}

struct policy *policy_load(const char *file, struct buf *messages)
{
	return policy_load_as(file, unbuilt_allowed(), messages);
}

const struct policy *policy_language(const struct policy *p, const char *code)
{
	for (size_t i = 0; i < p->view_count; i++) {
		if (strcmp(p->views[i]->language, code) == 0)
			return p->views[i];
	}
	return NULL;
}

kind_set policy_undeclared(const struct policy *p, kind_set kinds)
{
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		if (p->kinds[k].keep != KEEP_UNDECLARED)
			kinds &= ~KIND_BIT(k);
	}
	return kinds;
}

const struct policy_processor *policy_processor(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->processor_count; i++) {
		if (strcmp(p->processors[i].id, id) == 0)
			return &p->processors[i];
	}
	return NULL;
}

const struct policy_processor *policy_processor_for(const struct policy *p, enum policy_role role, size_t n)
{
	const struct policy_processor *last = NULL;

	// Orders may have gaps and roles other than text and image may share one: the n-th is found by stepping up from the first.
	for (size_t step = 0; step <= n; step++) {
		const struct policy_processor *next = NULL;
		for (size_t i = 0; i < p->processor_count; i++) {
			const struct policy_processor *a = &p->processors[i];
			bool after = last == NULL || a->order > last->order || (a->order == last->order && a > last);
			if ((a->roles & POLICY_BIT(role)) && after && (next == NULL || a->order < next->order))
				next = a;
		}
		if (next == NULL)
			return NULL;
		last = next;
	}
	return last;
}

bool policy_host_matches(const char *pattern, const char *host)
{
	size_t len = strlen(host);

	if (strncmp(pattern, "*.", 2) != 0)
		return strcasecmp(pattern, host) == 0;
	size_t tail = strlen(pattern + 1); // with its dot
	return len > tail && host[0] != '.' && strcasecmp(host + len - tail, pattern + 1) == 0;
}

bool policy_host_allowed(const struct policy_processor *processor, const char *host)
{
	for (size_t i = 0; processor->in_force && i < processor->hosts.count; i++) {
		if (policy_host_matches(processor->hosts.items[i], host))
			return true;
	}
	return false;
}

const struct policy_right *policy_right(const struct policy *p, enum policy_right_id id)
{
	for (size_t i = 0; i < p->right_count; i++) {
		if (p->rights[i].id == id)
			return &p->rights[i];
	}
	return NULL;
}

bool policy_strings_have(const struct policy_strings *list, const char *word)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], word) == 0)
			return true;
	}
	return false;
}

const struct policy_kind *policy_kind(const struct policy *p, enum kind kind)
{
	return p->kinds[kind].keep != KEEP_UNDECLARED ? &p->kinds[kind] : NULL;
}

const struct policy_kind *policy_kind_at(const struct policy *p, size_t n)
{
	return &p->kinds[p->kind_order[n]];
}

const struct policy_purpose *policy_purpose(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->purpose_count; i++) {
		if (strcmp(p->purposes[i].id, id) == 0)
			return &p->purposes[i];
	}
	return NULL;
}

bool policy_inserts(const struct policy *p, enum policy_insert what)
{
	for (size_t i = 0; i < p->section_count; i++) {
		for (size_t j = 0; j < p->sections[i].block_count; j++) {
			const struct policy_block *b = &p->sections[i].blocks[j];
			if (b->type == BLOCK_INSERT && b->insert == what)
				return true;
		}
	}
	return false;
}

bool policy_country_in_eea(const char *country)
{
	static const char *const eea[] = {"EU", "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
					  "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"};
	const struct policy_strings list = {.items = eea, .count = ARRAY_LEN(eea)};

	return policy_strings_have(&list, country);
}
