// SPDX-License-Identifier: ISC
#include "policy/rules/load.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/model/read.h"
#include "policy/model/schema.h"
#include "policy/rules/capability.h"
#include "policy/rules/check.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

// The whole policy once more in each other language, beside the main one in its arena.
static int read_languages(struct reader *r)
{
	size_t count = r->p->language_count;
	const struct policy **views = arena_array(r->arena, count, sizeof *views);

	if (views == NULL)
		return -1;
	views[0] = r->p;
	for (size_t i = 1; i < count; i++) {
		struct policy *view = arena_array(r->arena, 1, sizeof *view);
		if (view == NULL)
			return -1;
		*view = (struct policy){.file = r->p->file,
					.language = r->p->languages[i].id,
					.arena = r->arena,
					.lacks = r->p->lacks,
					.lack_count = r->p->lack_count,
					.views = views,
					.view_count = count};
		memcpy(view->sha256, r->p->sha256, sizeof view->sha256);
		for (unsigned k = 0; k < KIND_COUNT; k++)
			view->kinds[k].kind = (enum kind)k;
		struct reader reader = *r;
		reader.p = view;
		policy_read_fields(&reader);
		check_prose(view, r->report);
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

	reader.main_language =
	    node_attribute_or(&reader, node_child_first(node_child_first(reader.root, "languages"), "language"), "code", "en");
	p->language = reader.main_language;
	policy_read_fields(&reader);
	policy_check_translations(&reader);
	if (arena_failed(reader.arena) || p->sha256[0] == '\0')
		return NULL;
	capability_check(p, reader.root, allow_unbuilt, r);
	check_kinds(p, r);
	check_processors(p, r);
	check_dates(p, r);
	check_rights(p, r);
	check_browser(p, r);
	check_content(p, r);
	check_claims(p, r);
	check_prose(p, r);
	if (r->errors == 0 && read_languages(&reader) != 0)
		return NULL;
	if (arena_failed(reader.arena) || r->errors > 0)
		return NULL;
	struct policy *out = p;
	p = NULL;
	return out;
}

static struct policy *read_bytes(const char *bytes, size_t len, bool allow_unbuilt, struct report *r)
{
	xmlDoc *document = schema_parse(bytes, len, r);
	unsigned char digest[32];
	size_t size = 0;

	if (document == NULL)
		return NULL;
	struct policy *p = calloc(1, sizeof *p);
	if (p != NULL && (p->arena = arena_new()) != NULL) {
		for (unsigned k = 0; k < KIND_COUNT; k++)
			p->kinds[k].kind = (enum kind)k;
		p->file = arena_text(p->arena, r->file, strlen(r->file));
		if (EVP_Q_digest(NULL, "SHA256", NULL, bytes, len, digest, &size) == 1 && size == sizeof digest)
			hex_encode(p->sha256, digest, sizeof digest);
		p = read_document(document, p, allow_unbuilt, r);
	} else {
		free(p);
		p = NULL;
	}
	xmlFreeDoc(document);
	report_error_if(p == NULL && r->errors == 0, r, 1, "there is not enough memory to read the policy", "nothing may run on half of it",
			"free some memory");
	return p;
}

struct policy *policy_load_reported(const char *file, bool allow_unbuilt, struct report *r)
{
	BUF_AUTO struct buf bytes = BUF_INIT(POLICY_BYTES_MAX);
	struct err e = {0};

	r->file = file;
	if (file_read(file, &bytes, &e) == 0)
		return read_bytes(buf_text(&bytes), bytes.len, allow_unbuilt, r);
	if (e.code == ERR_MEMORY)
		report_error(r, 1, "the file is larger than %d bytes", "a policy in all languages is far smaller", "give the right file",
			     POLICY_BYTES_MAX);
	else
		report_error(r, 1, "the policy cannot be read (%s)", "without a policy nothing may run", "give the right path", e.text);
	return NULL;
}

struct policy *policy_load_as(const char *file, bool allow_unbuilt, struct buf *messages)
{
	REPORT_AUTO struct report report = {.file = file};
	struct policy *p = policy_load_reported(file, allow_unbuilt, &report);

	if (messages != NULL)
		report_print(&report, messages);
	return p;
}

struct policy *policy_read_as(const char *name, const char *bytes, size_t len, bool allow_unbuilt, struct buf *messages)
{
	REPORT_AUTO struct report report = {.file = name};
	struct policy *p = read_bytes(bytes, len, allow_unbuilt, &report);

	if (messages != NULL)
		report_print(&report, messages);
	return p;
}

static bool unbuilt_allowed(void)
{
	return strcmp(setting("LETHE_ALLOW_UNBUILT", "0"), "1") == 0;
}

struct policy *policy_load(const char *file, struct buf *messages)
{
	return policy_load_as(file, unbuilt_allowed(), messages);
}

struct policy *policy_read(const char *name, const char *bytes, size_t len, struct buf *messages)
{
	return policy_read_as(name, bytes, len, unbuilt_allowed(), messages);
}
