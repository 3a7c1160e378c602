// SPDX-License-Identifier: ISC
#include "policy/publish/render/template.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/writer.h"
#include <stdio.h>
#include <string.h>

struct template
{
	const struct policy *policy;
	const struct word_value *vars;
	struct buf *out;
};

// The words of a group as a JSON object, for a script that reads it out of the page.
static int template_words(const struct template *t, const char *name, size_t len, struct err *e)
{
	const struct word_table *words = word_table(word_language(t->policy));
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	BUF_AUTO struct buf text = BUF_INIT(256 * 1024);

	for (size_t i = 0; i < words->count; i++) {
		if (strncmp(words->rows[i].key, name, len) == 0 && words->rows[i].key[len] == '.')
			cJSON_AddStringToObject(o, words->rows[i].key, words->rows[i].text);
	}
	if (cJSON_GetArraySize(o) == 0)
		return err_set(e, ERR_INPUT, "there are no words \"%.*s\"", len > 64 ? 64 : (int)len, name);
	json_print(&text, o);
	for (const char *c = buf_text(&text), *next; *c != '\0'; c = next) { // no "</script>"
		next = c + 1 + strcspn(c + 1, "<");
		buf_adds(t->out, *c == '<' ? "\\u003c" : "");
		buf_add(t->out, c + (*c == '<'), (size_t)(next - c) - (*c == '<'));
	}
	return 0;
}

// Replaces what `at` points to ("{{"); *rest is what follows it.
static int template_replace(const struct template *t, const char *at, const char **rest, struct err *e)
{
	bool raw = at[2] == '{', block = at[2] == '?' || at[2] == '/';
	bool group = strncmp(at, "{{{words:", 9) == 0, of_words = group || strncmp(at, "{{w:", 4) == 0,
	     address = strncmp(at, "{{to:", 5) == 0;
	const char *name = at + (group ? 9 : address ? 5 : of_words ? 4 : raw || block ? 3 : 2), *close = raw ? "}}}" : "}}";
	size_t len = strspn(name, of_words ? "abcdefghijklmnopqrstuvwxyz0123456789._-" : "abcdefghijklmnopqrstuvwxyz_/#-");

	if (len == 0 || strncmp(name + len, close, strlen(close)) != 0)
		return err_set(e, ERR_INPUT, "\"%.24s\" is no variable; write {{name}} or {{{name}}}", at);
	*rest = name + len + strlen(close);
	if (group)
		return template_words(t, name, len, e);
	if (of_words || address) {
		struct writer w = {.form = FORM_HTML, .out = t->out, .policy = t->policy};
		BUF_AUTO struct buf path = BUF_INIT(256);
		char key[128];
		if (len >= sizeof key)
			return err_set(e, ERR_INPUT, "there is no %s \"%.64s\"", address ? "address" : "word", name);
		memcpy(key, name, len);
		key[len] = '\0';
		if (address ? key[0] != '/' : word(t->policy, key) == key)
			return err_set(e, ERR_INPUT, "there is no %s \"%.64s\"", address ? "address" : "word", key);
		if (address)
			address_page(t->policy, key, &path);
		else
			write_filled(&w, key, t->vars);
		return html_attr(t->out, buf_text(&path));
	}
	const struct word_value *var = t->vars;
	while (var->name != NULL && (var->name[0] != name[0] || strncmp(var->name, name, len) != 0 || var->name[len] != '\0'))
		var++;
	if (var->name == NULL || var->value == NULL)
		return err_set(e, ERR_INPUT, "there is no variable \"%.*s\"", len > 64 ? 64 : (int)len, name);
	if (at[2] == '?' && *var->value == '\0') {
		char end[80];
		snprintf(end, sizeof end, "{{/%.*s}}", len > 64 ? 64 : (int)len, name);
		if ((*rest = strstr(*rest, end)) == NULL)
			return err_set(e, ERR_INPUT, "%s is missing", end);
	}
	return block ? 0 : raw ? buf_adds(t->out, var->value) : html_text(t->out, var->value);
}

int template_render(const char *text, const char *name, int first_line, const struct policy *p, const struct word_value *vars,
		    struct buf *out, struct err *e)
{
	const struct template t = {.policy = p, .vars = vars, .out = out};
	const char *at = text;

	for (;;) {
		const char *next = strstr(at, "{{");
		buf_add(out, at, next != NULL ? (size_t)(next - at) : strlen(at));
		if (next == NULL)
			break;
		if (template_replace(&t, next, &at, e) != 0) {
			int line = first_line;
			for (const char *c = text; c < next; c++)
				line += *c == '\n';
			if (out->failed)
				break;
			return err_prefix(e, "%s:%d", name, line);
		}
	}
	return out->failed ? err_set(e, ERR_MEMORY, "%s: the page is too large", name) : 0;
}
