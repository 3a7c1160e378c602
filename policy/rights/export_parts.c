// SPDX-License-Identifier: ISC
#include "policy/rights/export_parts.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/json.h"
#include "policy/rights/event.h"
#include "policy/rights/person.h"
#include <stdio.h>
#include <string.h>

const char *const export_ground_names[GROUND_COUNT] = {[GROUND_NONE] = "none",
						       [GROUND_MEMORY] = "memory-only",
						       [GROUND_NO_SUBJECT] = "no-subject",
						       [GROUND_SECRET] = "secret",
						       [GROUND_OTHERS] = "others",
						       [GROUND_LINK] = "link",
						       [GROUND_OVER] = "over",
						       [GROUND_UNREADABLE] = "unreadable",
						       [GROUND_INTERNAL] = "internal",
						       [GROUND_TOO_MANY] = "too-many",
						       [GROUND_CONTACT] = "contact-not-proven"};

void export_redact(struct export *x, struct export_store *store, const char *path, enum export_ground ground, uint64_t count)
{
	cJSON *one;

	if (store != NULL)
		store->withheld[ground] += count;
	cJSON_ArrayForEach(one, x->redactions)
	{
		if (strcmp(json_string(one, "path"), path) == 0 && strcmp(json_string(one, "reason"), export_ground_names[ground]) == 0) {
			cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(one, "count"), json_number(one, "count", 0) + (double)count);
			return;
		}
	}
	x->no_memory = !json_push(x->redactions, JSON_MEMBERS(MEMBER_TEXT("path", path), MEMBER_TEXT("reason", export_ground_names[ground]),
							      MEMBER_NUMBER("count", count))) ||
		       x->no_memory;
}

// ---- bodies ----

enum member_way {
	MEMBER_SHOWN,
	MEMBER_WHOLE, // with all that is in it
	MEMBER_SECRET,
	MEMBER_TOLD, // of an event, but in notes among officers
	MEMBER_INNER // says nothing about anybody
};

// What the bodies of a kind hold, in whatever depth. What is not here is not given out.
static const struct member_row {
	enum kind kind;
	enum member_way way;
	const char *names;
} member_rows[] = {
    {KIND_ARCHIVE, MEMBER_SHOWN,
     " count size bytes pictures missing index reason type preview processor id name prompts sent_to kinds failure anonymised thumbnail "},
    {KIND_ACCOUNT, MEMBER_SHOWN, " api_key scopes daily day used expires "},
    {KIND_ARCHIVE, MEMBER_INNER, " offset "},
    {KIND_ARCHIVE, MEMBER_SECRET, " key "},
    {KIND_RIGHTS_REQUEST, MEMBER_SHOWN,
     " copy_until corrections field before fields recipients right record due verified proven signal contact message language answered "
     "events event "
     "at entered "
     "by "
     "ground reason how store found erased kept verified_at recipient about sent_at expires_by possible ack_sha256 deletion deleted_at "
     "contact_too "
     "agent name id protocol request regime callback answer_to mandate sha256 seen "},
    {KIND_RIGHTS_REQUEST, MEMBER_INNER, " signed_sha256 mail withheld "},
    {KIND_RIGHTS_REQUEST, MEMBER_WHOLE, " certificate "},
    {KIND_RIGHTS_REQUEST, MEMBER_TOLD, " text "},
    {KIND_RIGHTS_REQUEST, MEMBER_SECRET, " receipt archive identity owner restricts "},
    {KIND_OUTBOX, MEMBER_SHOWN, " to subject text what request recipient about incident made attempts next failure kinds until "},
    {KIND_OUTBOX, MEMBER_SECRET, " link code "},
    {KIND_OUTBOX, MEMBER_INNER, " number letter withheld "},
    {KIND_DELETION, MEMBER_SHOWN, " processor kinds next first attempts failure status deleted again "},
    {KIND_DELETION, MEMBER_SECRET, " reference "},
    {KIND_DELETION, MEMBER_INNER, " request canary "},
    {KIND_HOLD, MEMBER_SHOWN, " kinds later up_to ground citation review expires rows at address user_agent events event "},
    {KIND_HOLD, MEMBER_SECRET, " value "},
    {KIND_HOLD, MEMBER_INNER, " by request tell_from "},
    {KIND_ACCOUNTABILITY, MEMBER_SHOWN, " type closed authority ground received outcome refusal kinds "},
    {KIND_ACCOUNTABILITY, MEMBER_INNER, " tell_from "},
    {KIND_CONSENT, MEMBER_SHOWN,
     " principal purpose state n notice_sha256 notice_version policy_sha256 language surface action time valid_until given_at "
     "given_notice_sha256 earlier ended "},
    {KIND_LEDGER, MEMBER_SHOWN, " what at officer reason "},
};

static enum member_way member_way(enum kind kind, const char *name, bool *known)
{
	char word[64];

	snprintf(word, sizeof word, " %s ", name);
	for (size_t i = 0; i < ARRAY_LEN(member_rows); i++) {
		if (member_rows[i].kind == kind && strstr(member_rows[i].names, word) != NULL) {
			*known = true;
			return member_rows[i].way;
		}
	}
	*known = false;
	return MEMBER_SECRET;
}

// Whatever it is called: a token among other words is one, too. How many were blotted out.
static unsigned tokens_hide(char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned hidden = 0;

	for (size_t n; *text != '\0'; text += n > 0 ? n : 1) {
		n = strspn(text, letters);
		if (n == TOKEN_LEN && strcspn(text, "0123456789") < n) {
			memset(text, '*', n);
			hidden++;
		}
	}
	return hidden;
}

static cJSON *body_copy(struct export *x, enum kind kind, const cJSON *from, bool whole, const char *path)
{
	const cJSON *one;

	if (!cJSON_IsObject(from) && !cJSON_IsArray(from)) {
		cJSON *leaf = cJSON_Duplicate(from, true);
		unsigned hidden = cJSON_IsString(leaf) ? tokens_hide(leaf->valuestring) : 0;
		if (hidden > 0)
			export_redact(x, NULL, path, GROUND_SECRET, hidden);
		return leaf;
	}
	cJSON *to = cJSON_IsObject(from) ? cJSON_CreateObject() : cJSON_CreateArray();
	cJSON_ArrayForEach(one, from)
	{
		char below[256];
		bool known = true;
		if (cJSON_IsArray(from)) {
			cJSON_AddItemToArray(to, body_copy(x, kind, one, whole, path));
			continue;
		}
		enum member_way way = whole ? MEMBER_WHOLE : member_way(kind, one->string, &known);
		known = known && (way != MEMBER_TOLD || rights_event_read(from) != EVENT_NOTE);
		if (way == MEMBER_SECRET || !known) {
			snprintf(below, sizeof below, "%s/%s", path, known ? one->string : "*");
			export_redact(x, NULL, below, known ? GROUND_SECRET : GROUND_INTERNAL, 1);
		} else if (way != MEMBER_INNER) {
			snprintf(below, sizeof below, "%s/%s", path, one->string);
			cJSON_AddItemToObject(to, one->string, body_copy(x, kind, one, way == MEMBER_WHOLE, below));
		}
	}
	return to;
}

cJSON *export_body(struct export *x, enum kind kind, const cJSON *body, const char *path)
{
	cJSON *copy = body != NULL ? body_copy(x, kind, body, false, path) : cJSON_CreateObject();

	x->no_memory = x->no_memory || copy == NULL;
	return copy;
}

// ---- what was searched ----

static void store_add(cJSON *list, const char *id, const char *name, const struct export_store *s, enum export_ground none)
{
	cJSON *withheld = cJSON_CreateArray();
	uint64_t held_back = 0;

	for (enum export_ground g = GROUND_NONE + 1; g < GROUND_COUNT; g++) {
		held_back += s->withheld[g];
		if (s->withheld[g] > 0)
			json_push(withheld,
				  JSON_MEMBERS(MEMBER_TEXT("ground", export_ground_names[g]), MEMBER_NUMBER("count", s->withheld[g])));
	}
	const bool without = none != GROUND_NONE && s->given == 0 && held_back == 0 && !s->missed;
	json_push(list, JSON_MEMBERS(MEMBER_TEXT("store", id), MEMBER_NULLABLE_TEXT("name", name),
				     MEMBER_TEXT("status", s->missed       ? "failed"
							   : s->given > 0  ? "found"
							   : held_back > 0 ? "withheld"
							   : without       ? "not-applicable"
									   : "none"),
				     MEMBER_NUMBER("found", s->given + held_back), MEMBER_NUMBER("given", s->given),
				     MEMBER_ITEM("withheld", withheld),
				     MEMBER_NULLABLE_TEXT("ground", without ? export_ground_names[none] : NULL)));
}

// Every kind that the policy declares, and what else holds something.
cJSON *export_stores(const struct export *x)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t k = 0; k < KIND_COUNT; k++) {
		const struct policy_kind *kind = &x->policy->kinds[k];
		const struct export_store *s = &x->kinds[k];
		bool any = s->missed || s->given > 0;
		for (size_t g = 0; g < GROUND_COUNT; g++)
			any = any || s->withheld[g] > 0;
		if (kind->keep == KEEP_UNDECLARED && !any)
			continue;
		store_add(list, kind_row((enum kind)k)->name, kind->name != NULL ? kind->name : kind_row((enum kind)k)->words, s,
			  kind->keep == KEEP_MEMORY                 ? GROUND_MEMORY
			  : k == KIND_ERROR_LOG || k == KIND_BACKUP ? GROUND_NO_SUBJECT
								    : GROUND_NONE);
	}
	store_add(list, "files", word(x->policy, "export.files"), &x->spool, GROUND_NONE);
	return list;
}

bool export_any(const struct export *x)
{
	bool any = x->file_count > 0 || x->reason[0] != '\0';

	for (size_t k = 0; k < KIND_COUNT; k++) {
		any = any || x->kinds[k].given > 0;
		for (size_t g = 0; g < GROUND_COUNT; g++)
			any = any || x->kinds[k].withheld[g] > 0;
	}
	return any;
}

// ---- export.json, manifest.json ----

static cJSON *document_begin(const struct export *x, const char *format)
{
	static const char *const contact[] = {PERSON_TAG};

	return json_make(JSON_MEMBERS(
	    MEMBER_TEXT("format", format), MEMBER_TIME("made", x->at), MEMBER_NULLABLE_TEXT("site", x->policy->shown_as),
	    MEMBER_BOOL("complete", x->reason[0] == '\0'), MEMBER_NULLABLE_TEXT("missed", x->reason[0] != '\0' ? x->reason : NULL),
	    MEMBER_ITEM("stores", export_stores(x)), MEMBER_ITEM("not_searched", cJSON_CreateStringArray(contact, x->unproven ? 1 : 0))));
}

int export_json(const struct export *x, struct buf *out)
{
	JSON_AUTO cJSON *top = document_begin(x, EXPORT_FORMAT);
	cJSON *list;

	json_add_text(top, "schema", "export.schema.json");
	cJSON_ArrayForEach(list, x->lists)
	{
		cJSON_AddItemReferenceToObject(top, list->string, list);
	}
	cJSON_AddItemToObject(top, "notice", notice_tree(x->policy, NULL));
	return x->no_memory ? -1 : json_print_lines(out, top);
}

int export_manifest(const struct export *x, const cJSON *files, struct buf *out)
{
	JSON_AUTO cJSON *top = document_begin(x, EXPORT_MANIFEST_FORMAT);

	cJSON_AddItemReferenceToObject(top, "redactions", x->redactions);
	cJSON_AddItemReferenceToObject(top, "files", (cJSON *)files);
	return x->no_memory ? -1 : json_print_lines(out, top);
}
