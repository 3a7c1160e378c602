// SPDX-License-Identifier: ISC
#include "admin/shipped.h"
#include "policy/base/embed.h"
#include <stdio.h>
#include <string.h>

// The Makefile puts them one after the other, each below a line that names it.
#ifndef LETHE_SHIPPED
#define LETHE_SHIPPED "build/release/shipped.txt"
#endif
EMBED(shipped_files, LETHE_SHIPPED);
#define HEADING "# shipped file "

const char *shipped_file(size_t n, char name[SHIPPED_NAME_MAX])
{
	const char *at = shipped_files;

	for (; (at = strstr(at, HEADING)) != NULL && n > 0; n--)
		at++;
	if (at == NULL)
		return NULL;
	at += sizeof HEADING - 1;
	snprintf(name, SHIPPED_NAME_MAX, "%.*s", (int)strcspn(at, "\n"), at);
	return at + strcspn(at, "\n") + 1;
}

static const char *shipped_named(const char *name)
{
	char other[SHIPPED_NAME_MAX];
	const char *text;

	for (size_t n = 0; (text = shipped_file(n, other)) != NULL; n++)
		if (strcmp(other, name) == 0)
			return text;
	return NULL;
}

// The next line that says something, without the white space around it; "" at the end. *number counts all lines.
static void line_next(const char **at, char line[SHIPPED_LINE_MAX], int *number)
{
	*line = '\0';
	while (*line == '\0' && **at != '\0' && strncmp(*at, HEADING, sizeof HEADING - 1) != 0) {
		size_t len = strcspn(*at, "\n"), begin = strspn(*at, " \t");
		begin = begin < len ? begin : len;
		if ((*at)[begin] != '#' && (*at)[begin] != ';')
			snprintf(line, SHIPPED_LINE_MAX, "%.*s", (int)(len - begin), *at + begin);
		for (size_t n = strlen(line); n > 0 && strchr(" \t\r", line[n - 1]) != NULL; n--)
			line[n - 1] = '\0';
		*at += len + ((*at)[len] == '\n');
		(*number)++;
	}
}

static bool line_fits(const char *template, const char *line, const struct shipped_fill *fills)
{
	for (; *template != '\0'; template ++, line++) {
		const struct shipped_fill *f = fills;
		while (f != NULL && f->placeholder != NULL && strncmp(template, f->placeholder, strlen(f->placeholder)) != 0)
			f++;
		if (f == NULL || f->placeholder == NULL) {
			if (*template != *line)
				return false;
			continue;
		}
		template += strlen(f->placeholder);
		size_t len = f->value != NULL ? strlen(f->value) : 0;
		if (f->value != NULL)
			return strncmp(line, f->value, len) == 0 && line_fits(template, line + len, fills);
		for (; !line_fits(template, line + len, fills); len++)
			if (line[len] == '\0' || strchr(";{}#", line[len]) != NULL)
				return false;
		return true;
	}
	return *line == '\0';
}

bool shipped_differs(const char *name, const char *text, const struct shipped_fill *fills, struct shipped_difference *out)
{
	const char *shipped = shipped_named(name);
	int ignored = 0;

	*out = (struct shipped_difference){0};
	do {
		line_next(&text, out->found, &out->line);
		do
			line_next(&shipped, out->should, &ignored);
		while (*out->should != '\0' && line_fits(out->should, "", fills)); // a placeholder that stands for nothing
		if (!line_fits(out->should, out->found, fills))
			return true;
	} while (*out->should != '\0' || *out->found != '\0');
	return false;
}

bool shipped_sets(const char *name, const char *setting)
{
	const char *const texts[] = {shipped_named(name), shipped_named("hardening.conf")};
	size_t len = strlen(setting);

	for (size_t i = 0; i < 2; i++) {
		char line[SHIPPED_LINE_MAX];
		int ignored = 0;
		for (const char *at = texts[i]; at != NULL && (line_next(&at, line, &ignored), *line != '\0');)
			if (strncmp(line, setting, len) == 0 && line[len] == '=')
				return true;
	}
	return false;
}
