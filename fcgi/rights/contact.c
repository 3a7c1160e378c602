// SPDX-License-Identifier: ISC
#include "fcgi/rights/contact.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { PHONE_DIGITS_MIN = 5 };

static const char controls_fault[] =
    "“contact” is one line of text: no tabs, line ends or other control characters. Write a postal address in one line, with commas.";
static const char mail_fault[] = "“contact” looks like an e-mail address, but is none: it is written as in name@example.org.";
static const char phone_fault[] = "“contact” looks like a phone number, but has fewer than 5 digits.";
static const char nothing_fault[] =
    "“contact” must be an e-mail address, a phone number or a postal address, so that the answer can reach you; it may also be left out.";

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

static bool has_controls(const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++)
		if (is_control(s))
			return true;
	return false;
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

struct tally {
	size_t letters, digits, foreign, marks;
};

static struct tally count(const char *text, size_t len)
{
	struct tally t = {0};

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		t.foreign += c >= 0x80;
		t.digits += c >= '0' && c <= '9';
		t.letters += (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		t.marks += c == '.' || c == ':' || c == '/' || c == '@'; // as addresses have them
	}
	return t;
}

const char *contact_fault(const char *text)
{
	if (has_controls(text))
		return controls_fault;
	text += strspn(text, " ");
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	bool one_word = memchr(text, ' ', len) == NULL;
	const struct tally t = count(text, len);
	if (one_word && memchr(text, '@', len) != NULL)
		return is_mail(text, len) ? NULL : mail_fault;
	if (t.foreign > 0)
		return NULL; // an address in another script needs neither spaces nor digits
	if (t.letters == 0)
		return t.digits >= PHONE_DIGITS_MIN ? NULL : t.digits > 0 ? phone_fault : nothing_fault;
	return one_word && t.digits == 0 && t.marks == 0 ? nothing_fault : NULL;
}
