// SPDX-License-Identifier: ISC
#include "fcgi/rights/contact.h"
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
