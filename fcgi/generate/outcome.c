// SPDX-License-Identifier: ISC
#include "fcgi/generate/outcome.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <stdio.h>

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

cJSON *outcome_json(const struct set *s, bool whole)
{
	cJSON *o = cJSON_CreateObject(), *prompts = NULL;
	const struct processor *maker = NULL; // the first in the set that made a picture
	char url[TOKEN_LEN + 32], expires[WHEN_TEXT];

	if (o == NULL)
		return NULL;
	cJSON_AddStringToObject(o, "receipt", s->receipt);
	if (whole)
		prompts = cJSON_AddArrayToObject(o, "prompts");
	cJSON *archive = cJSON_AddObjectToObject(o, "archive"), *missing = cJSON_AddArrayToObject(o, "missing");
	for (unsigned i = 0; i < s->input.count; i++) {
		const struct picture *picture = &s->pictures[i];
		if (whole)
			cJSON_AddItemToArray(prompts, picture->prompt != NULL ? cJSON_CreateString(picture->prompt) : cJSON_CreateNull());
		if (picture->state == PICTURE_MADE) {
			maker = maker != NULL ? maker : picture->by;
			continue;
		}
		cJSON *one = cJSON_CreateObject();
		cJSON_AddNumberToObject(one, "index", i);
		cJSON_AddStringToObject(one, "reason", picture->reason != NULL ? picture->reason : "it was not made");
		cJSON_AddItemToArray(missing, one);
	}
	snprintf(url, sizeof url, "/downloads/%s.zip", s->token);
	when_text(expires, s->expires);
	cJSON_AddStringToObject(archive, "url", url);
	cJSON_AddNumberToObject(archive, "bytes", (double)s->archive_bytes);
	cJSON_AddItemToObject(archive, "expires", s->expires != 0 ? cJSON_CreateString(expires) : cJSON_CreateNull());
	if (maker == NULL)
		maker = s->image.at[0];
	cJSON *processor = cJSON_AddObjectToObject(o, "processor");
	cJSON_AddStringToObject(processor, "id", maker->id);
	cJSON_AddStringToObject(processor, "name", maker->name);
	cJSON_AddBoolToObject(processor, "preview", outcome_previews(s) > 0);
	cJSON_AddStringToObject(processor, "prompts", s->written_by != NULL ? s->written_by->id : "");
	return o;
}

int outcome_prompts(const struct set *s, struct buf *out)
{
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(o, "pictures");

	cJSON_AddStringToObject(o, "site", s->g->policy->shown_as);
	cJSON_AddStringToObject(o, "style", s->input.style);
	cJSON_AddStringToObject(o, "size", s->input.size);
	for (unsigned i = 0; i < s->input.count; i++) {
		const struct picture *picture = &s->pictures[i];
		bool made = picture->state == PICTURE_MADE;
		cJSON *one = cJSON_CreateObject();
		cJSON_AddNumberToObject(one, "number", i + 1);
		cJSON_AddItemToObject(one, "file", made ? cJSON_CreateString(picture->name) : cJSON_CreateNull());
		cJSON_AddItemToObject(one, "prompt", picture->prompt != NULL ? cJSON_CreateString(picture->prompt) : cJSON_CreateNull());
		cJSON_AddStringToObject(one, made ? "made_by" : "missing", made ? picture->by->name : picture->reason);
		cJSON_AddItemToArray(list, one);
	}
	json_print(out, o);
	return buf_addc(out, '\n');
}

int outcome_readme(const struct set *s, struct buf *out)
{
	buf_printf(out, "Pictures from %s\n\n", s->g->policy->shown_as);
	buf_adds(out, "images/       the pictures\nprompts.json  the words that each of them was made from\n\n");
	unsigned drawn = outcome_previews(s), made = set_made(s);
	if (drawn > 0)
		buf_printf(
		    out,
		    "%s of these pictures are previews, drawn by a simple program on the site's own server, not by AI. They carry the\n"
		    "word \"preview\" and are meant to be replaced.\n\n",
		    drawn == made ? "All" : "Some");
	if (made < s->input.count)
		buf_printf(out, "%u of %u pictures could not be made; prompts.json says which and why.\n\n", s->input.count - made,
			   s->input.count);
	if (drawn < made)
		buf_printf(out, "%s says in its metadata that it was made by AI (IPTC digital source type \"trainedAlgorithmicMedia\").\n",
			   drawn > 0 ? "Each other picture" : "Each picture");
	if (drawn > 0)
		buf_adds(out,
			 "Each preview says in its metadata that a program drew it (IPTC digital source type \"algorithmicMedia\").\n");
	buf_adds(out, "The metadata says nothing about you. Please leave the mark in place: where pictures are published, the law may ask\n"
		      "for it.\n\n"
		      "Before you publish a picture:\n"
		      "- Does it look like a real person? Ask that person first.\n"
		      "- Does it show a trade mark or a logo that is not yours?\n"
		      "- Does it come close to somebody's work that copyright protects?\n");
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
	cJSON_AddNumberToObject(o, "count", s->input.count);
	return o;
}
