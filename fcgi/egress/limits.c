// SPDX-License-Identifier: ISC
#include "fcgi/egress/limits.h"
#include "policy/base/array.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

// A number with at most six digits behind its point, in millionths. -1: it is none.
static int millionths_read(uint64_t *out, const char *text, size_t len)
{
	uint64_t value = 0;
	int behind = -1; // digits behind the point

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' && behind < 0 && i > 0 && i + 1 < len) {
			behind = 0;
			continue;
		}
		if (text[i] < '0' || text[i] > '9' || behind >= 6 || value > UINT32_MAX * (uint64_t)1000)
			return -1;
		value = value * 10 + (uint64_t)(text[i] - '0');
		behind += behind >= 0;
	}
	for (int i = behind < 0 ? 0 : behind; i < 6; i++)
		value *= 10;
	*out = value;
	return len > 0 ? 0 : -1;
}

static int limit_read(struct limits *l, const char *word, size_t len, struct err *e)
{
	static const struct {
		const char *name;
		size_t at;
		bool money;
	} names[] = {{"calls", offsetof(struct limits, calls), false},    {"money", offsetof(struct limits, money), true},
		     {"picture", offsetof(struct limits, picture), true}, {"text", offsetof(struct limits, text), true},
		     {"minute", offsetof(struct limits, minute), false},  {"at-once", offsetof(struct limits, at_once), false}};
	const char *equals = memchr(word, '=', len);
	size_t name = equals != NULL ? (size_t)(equals - word) : len;

	for (size_t i = 0; equals != NULL && i < ARRAY_LEN(names); i++) {
		uint64_t value;
		if (strlen(names[i].name) != name || memcmp(names[i].name, word, name) != 0)
			continue;
		if (millionths_read(&value, equals + 1, len - name - 1) != 0 || value == 0 || (!names[i].money && value % MONEY_UNIT != 0))
			break;
		*(uint64_t *)(void *)((char *)l + names[i].at) = names[i].money ? value : value / MONEY_UNIT;
		return 0;
	}
	return err_set(e, ERR_INPUT, "\"%.*s\" is none of calls=, money=, picture=, text=, minute= and at-once= with a number above 0",
		       (int)(len < 40 ? len : 40), word);
}

int limits_read(const char *setting, struct limits *(*found)(void *arg, const char *id), void *arg, struct err *e)
{
	for (const char *c = setting; *c != '\0';) {
		const char *end = c + strcspn(c, ";");
		struct limits *l = NULL;
		char id[64] = "";
		for (c += strspn(c, " \t\n"); c < end; c += strspn(c, " \t\n")) {
			size_t len = strcspn(c, " \t\n;");
			if (l == NULL) {
				if (len < sizeof id)
					memcpy(id, c, len);
				l = found(arg, id);
				if (l == NULL)
					return err_set(e, ERR_INPUT, "\"%.*s\" is no processor of the policy", (int)(len < 40 ? len : 40),
						       c);
			} else if (limit_read(l, c, len, e) != 0) {
				return err_prefix(e, "%s", id);
			}
			c += len;
		}
		if (l != NULL && l->money > 0 && l->picture == 0 && l->text == 0)
			return err_set(e, ERR_INPUT, "%s: money without picture= or text=: nothing would be counted", id);
		c = *end == ';' ? end + 1 : end;
	}
	return 0;
}
