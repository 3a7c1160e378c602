// SPDX-License-Identifier: ISC
#include "policy/base/text.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

// The length of the valid UTF-8 sequence at s, 0 when there is none within `left` bytes.
static size_t sequence(const unsigned char *s, size_t left)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 1}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t n = 1; n <= 4 && n <= left; n++) {
		if ((s[0] & forms[n - 1].mask) != forms[n - 1].lead)
			continue;
		uint32_t c = s[0] & (unsigned char)~forms[n - 1].mask;
		for (size_t i = 1; i < n; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[i] & 0x3f);
		}
		return c >= forms[n - 1].least && c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff) ? n : 0;
	}
	return 0;
}

// How much of the text is ASCII without a NUL, in whole blocks.
static size_t ascii_blocks(const char *s, size_t len)
{
	enum { WORDS = 4 };
	const uint64_t high = 0x8080808080808080, low = ~high;
	uint64_t words[WORDS];
	size_t done = 0;

	for (; len - done >= sizeof words; done += sizeof words) {
		uint64_t bad = 0;
		memcpy(words, s + done, sizeof words);
		for (size_t i = 0; i < WORDS; i++) // adding 0x7f sets the high bit of all characters but NUL
			bad |= words[i] | ~(words[i] + low);
		if ((bad & high) != 0)
			break;
	}
	return done;
}

size_t utf8_valid_len(const char *s, size_t len)
{
	size_t valid = 0;

	for (size_t n; valid < len; valid += n) {
		n = ascii_blocks(s + valid, len - valid);
		if (n == 0)
			n = sequence((const unsigned char *)s + valid, len - valid);
		if (n == 0)
			break;
	}
	return valid;
}

bool utf8_valid(const char *s, size_t len)
{
	return utf8_valid_len(s, len) == len;
}

size_t utf8_count(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

size_t utf8_cut(const char *s, size_t max_bytes)
{
	size_t n = strnlen(s, max_bytes + 1);

	if (n <= max_bytes)
		return n;
	n = max_bytes;
	while (n > 0 && (s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

bool text_among(const char *list, const char *word, size_t len)
{
	for (size_t n; *list != '\0'; list += n + strspn(list + n, " ")) {
		n = strcspn(list, " ");
		if (n == len && n > 0 && strncasecmp(list, word, n) == 0)
			return true;
	}
	return false;
}

void hex_encode(char *out, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++) {
		*out++ = "0123456789abcdef"[b[i] >> 4];
		*out++ = "0123456789abcdef"[b[i] & 15];
	}
	*out = '\0';
}

size_t text_number(char out[NUMBER_TEXT], int64_t value)
{
	char digits[NUMBER_TEXT], *at = digits + sizeof digits;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--at = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		*--at = '-';
	const size_t len = (size_t)(digits + sizeof digits - at);
	memcpy(out, at, len);
	out[len] = '\0';
	return len;
}

int hex_decode(void *out, size_t out_len, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char *b = out;

	for (size_t i = 0; i < 2 * out_len; i++) {
		const char *digit = hex[i] == '\0' ? NULL : strchr(digits, hex[i] >= 'A' && hex[i] <= 'F' ? hex[i] | 0x20 : hex[i]);
		if (digit == NULL)
			return -1;
		b[i / 2] = (unsigned char)((i % 2 == 0 ? 0 : b[i / 2] << 4) | (digit - digits));
	}
	return hex[2 * out_len] == '\0' ? 0 : -1;
}

static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void random_bytes(void *out, size_t len)
{
	unsigned char *p = out;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fputs("no random numbers from the kernel\n", stderr);
			abort();
		}
		p += n;
		len -= (size_t)n;
	}
}

void token_write(char out[TOKEN_LEN + 1], const uint8_t bytes[TOKEN_BYTES])
{
	// No memory is asked for: a token is never missing.
	for (size_t i = 0; i < TOKEN_LEN; i++) {
		const size_t at = i * 6 / 8;
		const unsigned pair = (unsigned)bytes[at] << 8 | (at + 1 < TOKEN_BYTES ? bytes[at + 1] : 0);
		out[i] = url_safe[pair >> (10 - i * 6 % 8) & 63];
	}
	out[TOKEN_LEN] = '\0';
}

void token_new(char out[TOKEN_LEN + 1])
{
	uint8_t bytes[TOKEN_BYTES];

	random_bytes(bytes, sizeof bytes);
	token_write(out, bytes);
	explicit_bzero(bytes, sizeof bytes);
}

bool token_shaped(const char *text)
{
	return strlen(text) == TOKEN_LEN && strspn(text, url_safe) == TOKEN_LEN;
}

bool equal_secret(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < len; i++)
		difference |= (unsigned char)(x[i] ^ y[i]);
	return difference == 0;
}

// ---- escaping ----

static const char *const entities[128] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};

// Every character that `with` has something for gives way to that; of the control characters `controls` lets all through, else only those that
// XML has.
static int add_replaced(struct buf *out, const char *s, const char *const with[128], bool controls)
{
	const unsigned char least = controls ? 1 : 0x20;

	while (*s != '\0') {
		const char *start = s;
		for (unsigned char c; (c = (unsigned char)*s) >= 128 || (c >= least && with[c] == NULL);)
			s++;
		buf_add(out, start, (size_t)(s - start));
		if (*s == '\0')
			break;
		if (with[(unsigned char)*s] != NULL)
			buf_adds(out, with[(unsigned char)*s]);
		else if (strchr("\t\n\r", *s) != NULL)
			buf_addc(out, *s);
		s++;
	}
	return out->failed ? -1 : 0;
}

int html_text(struct buf *out, const char *s)
{
	return add_replaced(out, s, entities, true);
}

int html_attr(struct buf *out, const char *s)
{
	return html_text(out, s);
}

int xml_text(struct buf *out, const char *s)
{
	return add_replaced(out, s, entities, false);
}

int xml_printf(struct buf *out, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	for (const char *next; (next = strchr(format, '%')) != NULL; format = next + 2) {
		buf_add(out, format, (size_t)(next - format));
		if (next[1] == 's')
			xml_text(out, va_arg(values, const char *));
		else
			buf_printf(out, "%d", va_arg(values, int));
	}
	va_end(values);
	return buf_adds(out, format);
}

int url_part(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (strchr(url_safe, *s) != NULL || *s == '.' || *s == '~')
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
	static const char *const with[128] = {
	    ['\\'] = "\\\\", ['`'] = "\\`",  ['*'] = "\\*",  ['_'] = "\\_",   ['{'] = "\\{", ['}'] = "\\}", ['['] = "\\[",
	    [']'] = "\\]",   ['('] = "\\(",  [')'] = "\\)",  ['#'] = "\\#",   ['+'] = "\\+", ['!'] = "\\!", ['|'] = "\\|",
	    ['~'] = "\\~",   ['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['\n'] = " ",  ['\r'] = " "};

	return add_replaced(out, s, with, true);
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
