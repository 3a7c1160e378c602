// SPDX-License-Identifier: ISC
#include "policy/base/text.h"
#include "policy/publish/publish.h"
#include <string.h>

static const struct template_var *find(const struct template_var *vars, const char *name, size_t len)
{
	for (; vars->name != NULL; vars++) {
		if (strlen(vars->name) == len && strncmp(vars->name, name, len) == 0)
			return vars;
	}
	return NULL;
}

static int line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

// Replaces the one that `at` points to ("{{"); *rest is what follows it.
static int replace(const char *at, const struct template_var *vars, struct buf *out, const char **rest, struct err *e)
{
	bool raw = at[2] == '{';
	const char *name = at + (raw ? 3 : 2), *close = raw ? "}}}" : "}}";
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz_");

	if (len == 0 || strncmp(name + len, close, strlen(close)) != 0)
		return err_set(e, ERR_INPUT, "\"%.24s\" is no variable; write {{name}} or {{{name}}}", at);
	const struct template_var *var = find(vars, name, len);
	if (var == NULL || var->value == NULL)
		return err_set(e, ERR_INPUT, "there is no variable \"%.*s\"", len > 64 ? 64 : (int)len, name);
	*rest = name + len + strlen(close);
	return raw ? buf_adds(out, var->value) : html_text(out, var->value);
}

int template_render(const char *template_text, const char *template_name, int first_line, const struct template_var *vars, struct buf *out,
		    struct err *e)
{
	const char *at = template_text;

	for (;;) {
		const char *next = strstr(at, "{{");
		buf_add(out, at, next != NULL ? (size_t)(next - at) : strlen(at));
		if (next == NULL)
			break;
		if (replace(next, vars, out, &at, e) != 0) {
			if (out->failed)
				break;
			return err_prefix(e, "%s:%d", template_name, first_line - 1 + line_of(template_text, next));
		}
	}
	return out->failed ? err_set(e, ERR_MEMORY, "%s: the page is too large", template_name) : 0;
}
