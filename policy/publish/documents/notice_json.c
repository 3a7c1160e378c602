// SPDX-License-Identifier: ISC
// privacy.json: the whole policy for programs, field by field as policy/model/fields.h lists them. Prose is plain text; what the policy
// does not state is null.
#include "policy/model/fields.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/json.h"
#include <string.h>

static void add_proses(cJSON *object, const char *name, const struct policy *p, const struct prose_list *list)
{
	cJSON *array = cJSON_AddArrayToObject(object, name);

	for (size_t i = 0; i < list->count; i++) {
		BUF_AUTO struct buf words = BUF_INIT(DOCUMENT_BYTES_MAX);
		prose_plain(p, &list->items[i], &words);
		cJSON_AddItemToArray(array, cJSON_CreateString(buf_text(&words)));
	}
}

static void add_value(cJSON *object, const struct policy *p, const struct model_field *f, const void *base)
{
	const struct policy_strings *strings = model_at(f, base);
	const struct policy_section *section = base; // of MODEL_BLOCKS
	unsigned number;
	char words[160];
	cJSON *array;

	switch (f->type) {
	case MODEL_YES:
	case MODEL_NOT_NO:
		cJSON_AddBoolToObject(object, f->json, model_flag(f, base));
		break;
	case MODEL_NUMBER:
		number = model_number(f, base);
		cJSON_AddItemToObject(object, f->json, number != 0 ? cJSON_CreateNumber(number) : cJSON_CreateNull());
		break;
	case MODEL_DATE:
		json_add_date(object, f->json, *(const time_t *)model_at(f, base));
		break;
	case MODEL_DURATION:
		duration_words(words, sizeof words, *(const struct duration *)model_at(f, base));
		json_add_text(object, f->json, model_stated(f, base) ? words : NULL);
		break;
	case MODEL_WITHIN:
		duration_words(words, sizeof words, *(const struct duration *)model_at(f, base));
		json_add_text(object, f->json, model_stated(f, base) ? "statutory" : words);
		break;
	case MODEL_WORD:
		json_add_text(object, f->json, model_stated(f, base) ? policy_word(f->words, model_number(f, base)) : NULL);
		break;
	case MODEL_KIND:
		number = model_number(f, base);
		json_add_text(object, f->json, number < KIND_COUNT ? kind_row((enum kind)number)->name : NULL);
		break;
	case MODEL_WORDS:
	case MODEL_KINDS:
		array = cJSON_AddArrayToObject(object, f->json);
		for (unsigned i = 0; i < (f->words != NULL ? f->words->count : KIND_COUNT); i++) {
			const char *name = f->words != NULL ? policy_word(f->words, i) : kind_row((enum kind)i)->name;
			if (model_number(f, base) & POLICY_BIT(i))
				cJSON_AddItemToArray(array, cJSON_CreateString(name));
		}
		break;
	case MODEL_TEXTS:
	case MODEL_IDS:
	case MODEL_LABELS:
		cJSON_AddItemToObject(object, f->json, cJSON_CreateStringArray(strings->items, (int)strings->count));
		break;
	case MODEL_PROSE:
	case MODEL_OWN_PROSE:
		json_add_prose(object, f->json, p, model_at(f, base));
		break;
	case MODEL_PROSES:
		add_proses(object, f->json, p, model_at(f, base));
		break;
	case MODEL_BLOCKS:
		array = cJSON_AddArrayToObject(object, f->json);
		for (size_t i = 0; i < section->block_count; i++) {
			const struct policy_block *b = &section->blocks[i];
			cJSON *block = json_object_in(array);
			if (b->type == BLOCK_PARAGRAPH)
				json_add_prose(block, "text", p, &b->prose);
			else if (b->type == BLOCK_LIST)
				add_proses(block, "list", p, &b->items);
			else
				json_add_text(block, "insert", policy_word(&policy_insert_words, b->insert));
		}
		break;
	default:
		json_add_text(object, f->json, model_text(f, base));
		break;
	}
}

// `only`: of the lists only this one; NULL: all.
static void add_fields(cJSON *object, const struct policy *p, const struct model_record *record, const void *base, const char *only)
{
	FOR_FIELDS(f, record)
	{
		if (f->record == NULL && f->json != NULL) {
			add_value(object, p, f, base);
		} else if ((f->type == MODEL_RECORDS || f->type == MODEL_BY_KIND) && f->json != NULL) {
			if (only != NULL && strcmp(f->json, only) != 0)
				continue;
			cJSON *array = cJSON_AddArrayToObject(object, f->json);
			for (size_t i = 0; i < model_count(f, base); i++)
				add_fields(json_object_in(array), p, f->record, model_item(f, base, i), NULL);
		} else if (f->type == MODEL_PART || f->type == MODEL_RECORD) {
			if (f->optional && !model_present(f->record, model_at(f, base)))
				cJSON_AddNullToObject(object, f->json);
			else // a part without a name is no object: its fields stand in the one around it
				add_fields(f->json != NULL ? cJSON_AddObjectToObject(object, f->json) : object, p, f->record,
					   model_at(f, base), f->json != NULL ? NULL : only);
		}
	}
}

// What a dsrdelete.json of the IAB's deletion framework would say: where a deletion is asked for, and by what. The framework's signed
// requests are not spoken here, so the file itself is not published.
static void add_deletion(cJSON *top, const struct policy *p)
{
	static const char *const formats[] = {[VERIFY_NONE] = NULL,
					      [VERIFY_RECEIPT] = "token",
					      [VERIFY_ACCOUNT] = "session",
					      [VERIFY_MAIL] = "address",
					      [VERIFY_IDENTITY] = "document"};
	const struct policy_right *right = policy_right(p, RIGHT_ERASURE);
	BUF_AUTO struct buf endpoint = BUF_INIT(4096);

	if (right == NULL) {
		cJSON_AddNullToObject(top, "deletion");
		return;
	}
	cJSON *object = cJSON_AddObjectToObject(top, "deletion"), *identifiers;
	address_site(p, &endpoint);
	buf_adds(&endpoint, right->verify == VERIFY_RECEIPT ? "/api/erase" : "/api/rights");
	json_add_text(object, "endpoint", buf_text(&endpoint));
	identifiers = cJSON_AddArrayToObject(object, "identifiers");
	if (formats[right->verify] != NULL) {
		cJSON *one = json_object_in(identifiers);
		cJSON_AddNumberToObject(one, "id", 1);
		json_add_text(one, "type", policy_word(&policy_verify_words, right->verify));
		json_add_text(one, "format", formats[right->verify]);
	}
	cJSON_AddArrayToObject(object, "publicKey");
	cJSON_AddBoolToObject(object, "vendorScriptRequirement", false);
}

cJSON *notice_tree(const struct policy *p, const char *only)
{
	cJSON *top = cJSON_CreateObject();
	time_t now = when_now();

	json_add_text(top, "language", p->language);
	json_add_text(top, "version", p->version);
	json_add_date(top, "effective", p->effective);
	json_add_date(top, "updated", p->updated);
	json_add_text(top, "policy_sha256", p->sha256);
	json_add_text(top, "contact", p->contact);
	add_fields(top, p, &model_policy, p, only);
	// A processor that is not in force is listed without roles; one that was removed gets nothing either.
	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *a = &p->processors[i];
		cJSON *object = cJSON_GetArrayItem(cJSON_GetObjectItem(top, "processors"), (int)i);
		if (!policy_processor_in_force(a, now))
			cJSON_ReplaceItemInObject(object, "roles", cJSON_CreateArray());
		if (a->removed != 0 && a->removed <= now) {
			cJSON_ReplaceItemInObject(object, "receives", cJSON_CreateArray());
			cJSON_ReplaceItemInObject(object, "received", cJSON_CreateArray());
			cJSON_ReplaceItemInObject(object, "hosts", cJSON_CreateArray());
		}
	}
	if (only == NULL)
		add_deletion(top, p);
	return top;
}

int notice_json(const struct facts *f, struct buf *out, struct err *e)
{
	bool whole = !f->notice.failed && buf_add(out, buf_text(&f->notice), f->notice.len) == 0;

	return whole ? 0 : err_set(e, ERR_MEMORY, "privacy.json is too large");
}
