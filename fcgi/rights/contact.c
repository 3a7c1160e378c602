// SPDX-License-Identifier: ISC
#include "fcgi/rights/contact.h"
#include "policy/base/array.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { PHONE_DIGITS_MIN = 5 };

// C0, DEL, C1, the line and paragraph separators, and the marks that turn the writing direction: in the officer's list they would show
// another text than the one that is there.
static bool is_control(const unsigned char *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f))
		return true;
	if (s[0] != 0xe2)
		return false;
	return (s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) || (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

// Something, the last @, a host with a dot inside; or an address literal.
static bool is_mail(const char *text, size_t len)
{
	const char *at = memrchr(text, '@', len), *host = at + 1, *end = text + len;
	size_t host_len = (size_t)(end - host);

	if (at == text || host_len == 0)
		return false;
	if (host[0] == '[')
		return end[-1] == ']';
	return memchr(host, '.', host_len) != NULL && host[0] != '.' && end[-1] != '.' && memmem(host, host_len, "..", 2) == NULL;
}

const char *contact_fault(const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++) {
		if (is_control(s))
			return "problem.contact-shape.controls";
	}
	text += strspn(text, " ");
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	bool one_word = memchr(text, ' ', len) == NULL;
	size_t letters = 0, digits = 0, foreign = 0, marks = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		foreign += c >= 0x80;
		digits += c >= '0' && c <= '9';
		letters += (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		marks += c == '.' || c == ':' || c == '/' || c == '@'; // as addresses have them
	}
	if (one_word && memchr(text, '@', len) != NULL)
		return is_mail(text, len) ? NULL : "problem.contact-shape.mail";
	if (foreign > 0)
		return NULL; // an address in another script needs neither spaces nor digits
	if (letters == 0)
		return digits >= PHONE_DIGITS_MIN ? NULL : digits > 0 ? "problem.contact-shape.phone" : "problem.contact-shape.nothing";
	return one_word && digits == 0 && marks == 0 ? "problem.contact-shape.nothing" : NULL;
}

static size_t span_of(const char *s, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(s, list[i], strlen(list[i])) == 0)
			return strlen(list[i]);
	return 0;
}

void contact_tidy(struct buf *out, const char *text)
{
	static const char *const signs[] = {"@", "\uff20"}, *const dots[] = {"\u3002", "\uff0e", "\uff61"};
	static const char *const white[] = {" ", "\t", "\r", "\n", "\u00a0", "\u3000"};
	const char *host = NULL, *from = text, *end = text;
	bool words = false; // more than one
	for (size_t n; (n = span_of(from, white, ARRAY_LEN(white))) > 0;)
		from += n;
	for (const char *s = from; *s != '\0';) {
		size_t n = span_of(s, white, ARRAY_LEN(white));
		s += n > 0 ? n : 1;
		end = n > 0 ? end : s;
	}
	for (const char *s = from; s < end; s++) {
		words = words || span_of(s, white, ARRAY_LEN(white)) > 0;
		size_t n = span_of(s, signs, ARRAY_LEN(signs));
		host = n > 0 ? s + n : host;
	}
	bool mail = host != NULL && !words;
	for (const char *s = from; s < end;) {
		size_t sign = span_of(s, signs, ARRAY_LEN(signs)), dot = span_of(s, dots, ARRAY_LEN(dots));
		if (mail && sign > 0)
			buf_addc(out, '@');
		else if (mail && dot > 0 && s >= host)
			buf_addc(out, '.');
		else
			buf_addc(out, *s);
		s += mail && sign > 0 ? sign : mail && dot > 0 && s >= host ? dot : 1;
	}
	while (mail && out->len > 1 && strchr(".,;", out->data[out->len - 1]) != NULL)
		out->data[--out->len] = '\0';
}
