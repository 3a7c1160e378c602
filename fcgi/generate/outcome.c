// SPDX-License-Identifier: ISC
#include "fcgi/generate/outcome.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include "policy/vault/archive_token.h"
#include <stdio.h>
#include <string.h>

unsigned outcome_previews(const struct set *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->input.count; i++)
		n += s->pictures[i].state == PICTURE_MADE && s->pictures[i].by->provider->preview;
	return n;
}

kind_set outcome_text_kinds(const struct set *s)
{
	return s->input.url.len > 0 ? KIND_BIT(KIND_PAGE) : KIND_BIT(KIND_INPUT);
}

cJSON *outcome_picture(const struct set *s, unsigned index)
{
	const struct picture *picture = &s->pictures[index];
	cJSON *o = cJSON_CreateObject();

	cJSON_AddNumberToObject(o, "index", index);
	cJSON_AddStringToObject(o, "type", picture->at.type);
	cJSON_AddBoolToObject(o, "preview", picture->by->provider->preview);
	cJSON_AddNumberToObject(o, "offset", (double)picture->at.offset);
	cJSON_AddNumberToObject(o, "bytes", (double)picture->at.len);
	if (picture->thumbnail.type == NULL)
		return o;
	cJSON *thumbnail = cJSON_AddObjectToObject(o, "thumbnail");
	cJSON_AddNumberToObject(thumbnail, "offset", (double)picture->thumbnail.offset);
	cJSON_AddNumberToObject(thumbnail, "bytes", (double)picture->thumbnail.len);
	return o;
}

cJSON *outcome_picture_json(const cJSON *picture, const char *pictures_token)
{
	cJSON *o = cJSON_Duplicate(picture, true);
	char url[TOKEN_LEN + 32];
	int len = snprintf(url, sizeof url, "/pictures/%s-%u", pictures_token, (unsigned)json_number(picture, "index", 0) + 1);

	cJSON_DeleteItemFromObjectCaseSensitive(o, "offset");
	cJSON_DeleteItemFromObjectCaseSensitive(o, "thumbnail");
	cJSON_AddStringToObject(o, "url", url);
	snprintf(url + len, sizeof url - (size_t)len, "t");
	if (json_get(picture, "thumbnail") != NULL)
		cJSON_AddStringToObject(o, "thumbnail", url);
	return o;
}

cJSON *outcome_recipients(const struct set *s)
{
	cJSON *list = cJSON_CreateArray();

	for (unsigned i = 0; i < s->recipient_count; i++) {
		const struct recipient *r = &s->recipients[i];
		cJSON *one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "id", r->by->id);
		cJSON_AddStringToObject(one, "name", r->by->name);
		cJSON *kinds = cJSON_AddArrayToObject(one, "kinds");
		for (enum kind k = 0; k < KIND_COUNT; k++) {
			if (r->kinds & KIND_BIT(k))
				cJSON_AddItemToArray(kinds, cJSON_CreateString(kind_row(k)->name));
		}
		cJSON_AddItemToObject(one, "failure", r->failure != NULL ? cJSON_CreateString(r->failure) : cJSON_CreateNull());
		if (r->by->anonymised)
			cJSON_AddTrueToObject(one, "anonymised");
		cJSON_AddItemToArray(list, one);
	}
	return list;
}

cJSON *outcome_recipients_json(const cJSON *recipients, const struct policy *p)
{
	cJSON *list = recipients != NULL ? cJSON_Duplicate(recipients, true) : cJSON_CreateArray();
	cJSON *one;

	cJSON_ArrayForEach(one, list)
	{
		const char *failure = json_string(one, "failure");
		if (failure != NULL)
			cJSON_ReplaceItemInObjectCaseSensitive(one, "failure", cJSON_CreateString(word(p, failure)));
	}
	return list;
}

cJSON *outcome_record(const struct set *s)
{
	cJSON *o = cJSON_CreateObject();
	const struct processor *maker = NULL; // the first in the set that made a picture

	if (o == NULL)
		return NULL;
	cJSON_AddNumberToObject(o, "count", s->input.count);
	cJSON_AddStringToObject(o, "size", s->input.size);
	cJSON_AddNumberToObject(o, "bytes", (double)s->archive_bytes);
	char key[SEALED_KEY_TEXT];
	sealed_file_key(key, &s->archive.file);
	if (s->archive.file.sealed)
		cJSON_AddStringToObject(o, "key", key);
	explicit_bzero(key, sizeof key);
	cJSON *pictures = cJSON_AddArrayToObject(o, "pictures"), *missing = cJSON_AddArrayToObject(o, "missing");
	for (unsigned i = 0; i < s->input.count; i++) {
		const struct picture *picture = &s->pictures[i];
		if (picture->state == PICTURE_MADE) {
			maker = maker != NULL ? maker : picture->by;
			cJSON_AddItemToArray(pictures, outcome_picture(s, i));
			continue;
		}
		cJSON *one = cJSON_CreateObject();
		cJSON_AddNumberToObject(one, "index", i);
		cJSON_AddStringToObject(one, "reason", picture->reason != NULL ? picture->reason : "missing.not_made");
		cJSON_AddItemToArray(missing, one);
	}
	if (maker == NULL)
		maker = s->image.at[0];
	cJSON *processor = cJSON_AddObjectToObject(o, "processor");
	cJSON_AddStringToObject(processor, "id", maker->id);
	cJSON_AddStringToObject(processor, "name", maker->name);
	cJSON_AddBoolToObject(processor, "preview", outcome_previews(s) > 0);
	cJSON_AddStringToObject(processor, "prompts", s->written_by != NULL ? s->written_by->id : "");
	cJSON_AddItemToObject(o, "sent_to", outcome_recipients(s));
	cJSON *prompts = cJSON_AddObjectToObject(o, "prompts");
	cJSON_AddNumberToObject(prompts, "offset", (double)s->prompts.offset);
	cJSON_AddNumberToObject(prompts, "bytes", (double)s->prompts.len);
	return o;
}

cJSON *outcome_json(const cJSON *record, const struct policy *p, const char *receipt, time_t expires)
{
	cJSON *o = cJSON_CreateObject();
	const cJSON *one;
	char url[TOKEN_LEN + 32], token[TOKEN_LEN + 1], until[WHEN_TEXT];

	archive_token_zip(token, receipt);
	snprintf(url, sizeof url, "/downloads/%s.zip", token);
	when_text(until, expires);
	cJSON_AddStringToObject(o, "receipt", receipt);
	cJSON *archive = cJSON_AddObjectToObject(o, "archive"), *missing = cJSON_AddArrayToObject(o, "missing");
	cJSON_AddStringToObject(archive, "url", url);
	cJSON_AddNumberToObject(archive, "bytes", json_number(record, "bytes", 0));
	cJSON_AddItemToObject(archive, "expires", expires != 0 ? cJSON_CreateString(until) : cJSON_CreateNull());
	cJSON_ArrayForEach(one, json_get(record, "missing"))
	{
		cJSON *lost = cJSON_CreateObject();
		const char *reason = json_string(one, "reason");
		cJSON_AddNumberToObject(lost, "index", json_number(one, "index", 0));
		cJSON_AddStringToObject(lost, "reason", word(p, reason != NULL ? reason : "missing.not_made"));
		cJSON_AddItemToArray(missing, lost);
	}
	cJSON_AddItemToObject(o, "processor", cJSON_Duplicate(json_get(record, "processor"), true));
	cJSON_AddItemToObject(o, "sent_to", outcome_recipients_json(json_get(record, "sent_to"), p));
	return o;
}

int outcome_prompts(const struct set *s, struct buf *out)
{
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(o, "pictures");

	cJSON_AddStringToObject(o, "site", s->policy->shown_as);
	cJSON_AddStringToObject(o, "style", s->input.style);
	cJSON_AddStringToObject(o, "size", s->input.size);
	for (unsigned i = 0; i < s->input.count; i++) {
		const struct picture *picture = &s->pictures[i];
		bool made = picture->state == PICTURE_MADE;
		cJSON *one = cJSON_CreateObject();
		cJSON_AddNumberToObject(one, "number", i + 1);
		cJSON_AddItemToObject(one, "file", made ? cJSON_CreateString(picture->name) : cJSON_CreateNull());
		cJSON_AddItemToObject(one, "prompt", picture->prompt != NULL ? cJSON_CreateString(picture->prompt) : cJSON_CreateNull());
		cJSON_AddStringToObject(one, made ? "made_by" : "missing",
					made ? picture->by->name
					     : word(s->policy, picture->reason != NULL ? picture->reason : "missing.not_made"));
		cJSON_AddItemToArray(list, one);
	}
	json_print(out, o);
	return buf_addc(out, '\n');
}

int outcome_readme(const struct set *s, struct buf *out)
{
	static const char *const checks[] = {"readme.likeness", "readme.trademark", "readme.copyright"};
	const struct policy *p = s->policy;
	unsigned drawn = outcome_previews(s), made = set_made(s);
	char missing[WORD_NUMBER], count[WORD_NUMBER];
	bool thumbnails = false;

	word_fill(out, NULL, word(p, "readme.title"), WORD_VALUES({"site", p->shown_as}));
	buf_printf(out, "\n\n%s\n%s\n", word(p, "readme.images"), word(p, "readme.prompts"));
	for (unsigned i = 0; i < s->input.count; i++)
		thumbnails |= s->pictures[i].thumbnail.type != NULL;
	if (thumbnails)
		buf_printf(out, "%s\n", word(p, "readme.thumbnails"));
	buf_addc(out, '\n');
	if (drawn > 0)
		buf_printf(out, "%s\n\n", word(p, drawn == made ? "readme.previews.all" : "readme.previews.some"));
	if (made < s->input.count) {
		word_fill(
		    out, NULL, word(p, "readme.missing"),
		    WORD_VALUES({"missing", word_number(missing, s->input.count - made)}, {"count", word_number(count, s->input.count)}));
		buf_adds(out, "\n\n");
	}
	if (drawn < made)
		buf_printf(out, "%s\n", word(p, drawn > 0 ? "readme.mark.others" : "readme.mark.all"));
	if (drawn > 0)
		buf_printf(out, "%s\n", word(p, "readme.mark.previews"));
	buf_printf(out, "%s\n\n%s\n", word(p, "readme.mark.keep"), word(p, "readme.before"));
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		buf_printf(out, "- %s\n", word(p, checks[i]));
	return out->failed ? -1 : 0;
}

static void plan_add(cJSON *o, const char *name, const struct chain *chain)
{
	cJSON *list = cJSON_AddArrayToObject(o, name);

	for (unsigned i = 0; i < chain->count; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(chain->at[i]->id));
}

cJSON *outcome_plan(const struct set *s)
{
	cJSON *o = cJSON_CreateObject(), *kinds;

	if (o == NULL)
		return NULL;
	plan_add(o, "text", &s->text);
	plan_add(o, "image", &s->image);
	kinds = cJSON_AddArrayToObject(o, "kinds");
	cJSON_AddItemToArray(kinds, cJSON_CreateString(kind_row(s->input.url.len > 0 ? KIND_PAGE : KIND_INPUT)->name));
	cJSON_AddItemToArray(kinds, cJSON_CreateString(kind_row(KIND_PROMPT)->name));
	if (s->reference_count > 0)
		cJSON_AddItemToArray(kinds, cJSON_CreateString(kind_row(KIND_UPLOAD)->name));
	cJSON_AddNumberToObject(o, "count", s->input.count);
	return o;
}
