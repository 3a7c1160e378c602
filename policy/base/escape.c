// SPDX-License-Identifier: ISC
#include "policy/base/text.h"
#include <string.h>

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

int html_text(struct buf *out, const char *s)
{
	for (; *s; s++) {
		const char *e = entity(*s);
		if (e != NULL)
			buf_adds(out, e);
		else
			buf_addc(out, *s);
	}
	return out->failed ? -1 : 0;
}

int html_attr(struct buf *out, const char *s)
{
	return html_text(out, s);
}

int xml_text(struct buf *out, const char *s)
{
	for (; *s; s++) {
		const char *e = entity(*s);
		if (e != NULL)
			buf_adds(out, e);
		else if ((unsigned char)*s >= 0x20 || strchr("\t\n\r", *s) != NULL)
			buf_addc(out, *s);
	}
	return out->failed ? -1 : 0;
}

static bool unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL);
}

int url_part(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (unreserved(*s))
			buf_addc(out, *s);
		else
			buf_printf(out, "%%%02X", (unsigned char)*s);
	}
	return out->failed ? -1 : 0;
}

int csv_cell(struct buf *out, const char *s)
{
	// A cell that a spreadsheet would read as a formula gets an apostrophe before it.
	bool formula = *s && strchr("=+-@\t\r", *s) != NULL;

	if (!formula && strpbrk(s, "\",\r\n;") == NULL)
		return buf_adds(out, s);
	buf_addc(out, '"');
	if (formula)
		buf_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '"')
			buf_addc(out, '"');
		buf_addc(out, *s);
	}
	return buf_addc(out, '"');
}

int markdown_text(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			buf_adds(out, "&lt;");
		else if (*s == '>')
			buf_adds(out, "&gt;");
		else if (*s == '&')
			buf_adds(out, "&amp;");
		else if (*s == '\n' || *s == '\r')
			buf_addc(out, ' ');
		else {
			if (strchr("\\`*_{}[]()#+!|~", *s) != NULL)
				buf_addc(out, '\\');
			buf_addc(out, *s);
		}
	}
	return out->failed ? -1 : 0;
}

int header_value(struct buf *out, const char *s)
{
	while (*s) {
		size_t fit = 0;
		while ((unsigned char)s[fit] >= 0x20 && s[fit] != 0x7f)
			fit++;
		buf_add(out, s, fit);
		s += fit + (s[fit] != 0);
	}
	return out->failed ? -1 : 0;
}

int url_decode(struct buf *out, const char *s, size_t len, bool plus_is_space)
{
	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		if (c == '+' && plus_is_space)
			c = ' ';
		if (c == '%') {
			char pair[3] = "";
			if (len - i < 3)
				return -1;
			memcpy(pair, s + i + 1, 2);
			if (hex_decode(&c, 1, pair) != 0 || c == '\0')
				return -1;
			i += 2;
		}
		if (c == '\0' || buf_addc(out, c) != 0)
			return -1;
	}
	return 0;
}
