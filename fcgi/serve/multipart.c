// SPDX-License-Identifier: ISC
// multipart/form-data (RFC 7578), strictly: the body starts with a delimiter, ends with the closing one, and nothing is guessed.
#include "fcgi/serve/internal.h"
#include "policy/base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PARTS_MAX = 32, LINE_MAX_BYTES = 1024, LINES_MAX = 8, BOUNDARY_MAX = 70 };

void parts_free(struct part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free((char *)(uintptr_t)parts[i].name);
		free((char *)(uintptr_t)parts[i].filename);
		free((char *)(uintptr_t)parts[i].type);
	}
	free(parts);
}

static char *copy_valid(const char *text)
{
	return utf8_valid(text, strlen(text)) ? strdup(text) : NULL;
}

static int disposition_read(struct part *part, const char *value, struct err *e)
{
	char text[LINE_MAX_BYTES];
	if (part->name != NULL || !mime_is(value, "form-data") || mime_parameter(value, "name", text, sizeof text) != 0 || !*text ||
	    strlen(text) > 64)
		return err_set(e, ERR_INPUT, "a part needs exactly one Content-Disposition: form-data with a name of at most 64 bytes");
	part->name = copy_valid(text);
	if (part->name == NULL)
		return err_set(e, ERR_INPUT, "a part's name is not valid UTF-8");
	if (mime_parameter(value, "filename", text, sizeof text) == 0 && !(part->filename = copy_valid(text)))
		return err_set(e, ERR_INPUT, "a part's file name is not valid UTF-8");
	return 0;
}

static int header_read(struct part *part, const char *line, size_t len, struct err *e)
{
	char text[LINE_MAX_BYTES];
	if (len >= sizeof text || memchr(line, 0, len) != NULL || memchr(line, '\n', len) != NULL || memchr(line, '\r', len) != NULL)
		return err_set(e, ERR_INPUT, "a part's header is malformed");
	memcpy(text, line, len);
	text[len] = 0;
	char *value = strchr(text, ':');
	if (value == NULL)
		return err_set(e, ERR_INPUT, "a part's header has no colon");
	*value++ = 0;
	value += strspn(value, " \t");
	if (strcasecmp(text, "Content-Disposition") == 0)
		return disposition_read(part, value, e);
	if (strcasecmp(text, "Content-Type") == 0 && part->type == NULL && !(part->type = copy_valid(value)))
		return err_set(e, ERR_INPUT, "a part's type is not valid UTF-8");
	return 0;
}

// The headers up to the empty line; *at moves behind it.
static int headers_read(struct part *part, const char *text, size_t len, size_t *at, struct err *e)
{
	for (unsigned line = 0; line <= LINES_MAX; line++) {
		const char *end = memmem(text + *at, len - *at, "\r\n", 2);
		if (end == NULL)
			return err_set(e, ERR_INPUT, "a part's headers do not end");
		size_t line_len = (size_t)(end - text) - *at;
		const char *start = text + *at;
		*at += line_len + 2;
		if (line_len == 0)
			return part->name != NULL ? 0 : err_set(e, ERR_INPUT, "a part has no name");
		if (header_read(part, start, line_len, e) != 0)
			return -1;
	}
	return err_set(e, ERR_INPUT, "a part has more than %d headers", LINES_MAX);
}

static bool repeated(const struct part *parts, size_t last)
{
	for (size_t i = 0; i < last; i++)
		// NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a part that was read has a name
		if (strcmp(parts[i].name, parts[last].name) == 0)
			return true;
	return false;
}

// One part from its headers to its delimiter. 1: another follows, 0: it was the last, -1: malformed.
static int part_read(struct part *part, const char *text, size_t len, size_t *at, const char *delimiter, struct err *e)
{
	size_t mark = strlen(delimiter);
	if (headers_read(part, text, len, at, e) != 0)
		return -1;
	const char *end = memmem(text + *at, len - *at, delimiter, mark);
	if (end == NULL)
		return err_set(e, ERR_INPUT, "the body ends before its closing boundary");
	size_t stop = (size_t)(end - text);
	part->bytes = text + *at;
	part->len = stop - *at;
	*at = stop + mark;
	if (part->type == NULL && !(part->type = strdup("")))
		return err_set(e, ERR_MEMORY, "out of memory");
	if (len - *at >= 2 && memcmp(text + *at, "--", 2) == 0)
		return 0;
	if (len - *at < 2 || memcmp(text + *at, "\r\n", 2) != 0)
		return err_set(e, ERR_INPUT, "a boundary is malformed");
	*at += 2;
	return 1;
}

int multipart_parse(const char *text, size_t len, const char *boundary, struct part **parts, size_t *count, char name[72], struct err *e)
{
	char delimiter[BOUNDARY_MAX + 5];
	*parts = NULL, *count = 0, *name = 0;
	if (!*boundary || strlen(boundary) > BOUNDARY_MAX)
		return err_set(e, ERR_INPUT, "the boundary is missing or longer than %d characters", BOUNDARY_MAX);
	int mark = snprintf(delimiter, sizeof delimiter, "\r\n--%s", boundary);
	size_t at = (size_t)mark; // the first delimiter has no line end before it, but one after it
	if (len < at || memcmp(text, delimiter + 2, at - 2) != 0 || memcmp(text + at - 2, "\r\n", 2) != 0)
		return err_set(e, ERR_INPUT, "the body does not start with its boundary");
	struct part *list = calloc(PARTS_MAX, sizeof *list);
	if (list == NULL)
		return err_set(e, ERR_MEMORY, "out of memory");
	size_t n = 0;
	int more = 1;
	while (more > 0 && n < PARTS_MAX) {
		more = part_read(&list[n++], text, len, &at, delimiter, e);
		if (more >= 0 && repeated(list, n - 1))
			more = err_set(e, ERR_INPUT, "the field is given more than once");
	}
	if (more > 0)
		more = err_set(e, ERR_INPUT, "the body has more than %d parts", PARTS_MAX);
	else if (more < 0 && list[n - 1].name != NULL)
		snprintf(name, 72, "%s", list[n - 1].name);
	if (more < 0) {
		parts_free(list, n);
		return -1;
	}
	*parts = list, *count = n;
	return 0;
}
