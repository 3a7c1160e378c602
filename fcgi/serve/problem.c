// SPDX-License-Identifier: ISC
#include "fcgi/serve/problem.h"
#include "policy/base/buf.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include <stdio.h>
#include <string.h>

const char *problem_status_title(enum language language, int status)
{
	char key[24];
	snprintf(key, sizeof key, "status.%d", status);
	const char *title = word_in(language, key);
	return title != key ? title : word_in(language, status < 400 ? "status.200" : "status.other");
}

int problem_set(struct problem *p, int status, const char *key, const char *parameter, const struct word_value *values)
{
	BUF_AUTO struct buf detail = BUF_INIT(8192);
	const char *slug = strchr(key, '.') + 1;
	size_t fits = parameter != NULL ? utf8_cut(parameter, sizeof p->parameter - 1) : 0;

	p->status = status;
	p->confirmable = false;
	snprintf(p->slug, sizeof p->slug, "%.*s", (int)strcspn(slug, "."), slug);
	snprintf(p->parameter, sizeof p->parameter, "%.*s", (int)fits, parameter != NULL ? parameter : "");
	word_fill(&detail, NULL, word_in(p->language, key), values);
	snprintf(p->detail, sizeof p->detail, "%.*s", (int)utf8_cut(buf_text(&detail), sizeof p->detail - 1), buf_text(&detail));
	return -1;
}

cJSON *problem_object(const struct problem *p)
{
	char type[96];
	snprintf(type, sizeof type, "/problems/%s", p->slug);
	cJSON *o = cJSON_CreateObject();
	bool ok = o != NULL && cJSON_AddStringToObject(o, "type", type) != NULL &&
		  cJSON_AddStringToObject(o, "title", problem_status_title(p->language, p->status)) != NULL &&
		  cJSON_AddNumberToObject(o, "status", p->status) != NULL && cJSON_AddStringToObject(o, "detail", p->detail) != NULL &&
		  (p->parameter[0] == '\0' || cJSON_AddStringToObject(o, "parameter", p->parameter) != NULL);
	if (ok && p->confirmable)
		ok = cJSON_AddTrueToObject(o, "confirmable") != NULL &&
		     cJSON_AddTrueToObject(cJSON_AddObjectToObject(o, "confirm_with"), "confirm") != NULL;
	if (!ok)
		json_free(&o);
	return o;
}
