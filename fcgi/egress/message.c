// SPDX-License-Identifier: ISC
#include "fcgi/egress/message.h"
#include "policy/base/base64.h"
#include "policy/base/text.h"
#include "policy/base/when.h"
#include <stdbool.h>
#include <string.h>

enum {
	ENCODED_MAX = 42,   // bytes of one encoded word: 75 characters with what stands around them
	PLAIN_MAX = 60,     // a header value that is no longer stands as it is
	TEXT_LINE_MAX = 75, // of quoted-printable, before the "=" that breaks it
};

// No line end can come into a header, nor anything else that a reader could take for one.
static bool header_safe(const char *text, size_t most)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return len <= most && utf8_valid(text, len);
}

static bool is_plain(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			return false;
	return strlen(text) <= PLAIN_MAX && strstr(text, "=?") == NULL;
}

// RFC 2047: words of whole characters, each on a line of its own.
static void encoded_add(struct buf *out, const char *text)
{
	for (const char *before = ""; *text != '\0'; before = "\r\n ") {
		size_t n = utf8_cut(text, ENCODED_MAX);
		buf_printf(out, "%s=?UTF-8?B?", before);
		base64_add(out, text, n);
		buf_adds(out, "?=");
		text += n;
	}
}

static void name_add(struct buf *out, const char *name)
{
	if (!is_plain(name)) {
		encoded_add(out, name);
		return;
	}
	buf_addc(out, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *name);
	}
	buf_addc(out, '"');
}

static void date_add(struct buf *out, time_t at)
{
	static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[WHEN_TEXT]; // 2026-11-28T04:51:48Z

	when_text(text, at);
	const int month = (text[5] - '0') * 10 + text[6] - '1';
	buf_printf(out, "Date: %.3s, %.2s %.3s %.4s %.8s +0000\r\n", days + 3 * (at / 86400 % 7), text + 8, months + (size_t)month * 3,
		   text, text + 11);
}

// Quoted-printable: no line is too long, none begins with a dot or "From ", none ends with white space.
static void body_add(struct buf *out, const char *text, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];
		if (c == '\r' || c == '\n') {
			i += c == '\r' && i + 1 < len && text[i + 1] == '\n';
			buf_adds(out, "\r\n");
			column = 0;
			continue;
		}
		const bool ends = i + 1 == len || text[i + 1] == '\r' || text[i + 1] == '\n';
		for (;;) {
			bool plain = (c >= 33 && c <= 126 && c != '=') || ((c == ' ' || c == '\t') && !ends);
			if (column == 0 && (c == '.' || (c == 'F' && len - i >= 5 && memcmp(text + i, "From ", 5) == 0)))
				plain = false;
			if (column + (plain ? 1 : 3) <= TEXT_LINE_MAX) {
				if (plain)
					buf_addc(out, (char)c);
				else
					buf_printf(out, "=%c%c", hex[c >> 4], hex[c & 15]);
				column += plain ? 1 : 3;
				break;
			}
			buf_adds(out, "=\r\n");
			column = 0; // where a dot is another thing again
		}
	}
	if (column > 0)
		buf_adds(out, "\r\n");
}

int message_check(const struct message *m, struct err *e)
{
	if (!header_safe(m->to, 255) || !header_safe(m->from, 255) || !header_safe(m->from_name, 255) || strchr(m->from, '@') == NULL)
		return err_set(e, ERR_INPUT, "an address or a name is none");
	if (!header_safe(m->subject, MESSAGE_SUBJECT_MAX))
		return err_set(e, ERR_INPUT, "the subject is too long or has a line end or another control character");
	if (strlen(m->id) != MESSAGE_ID_LEN || strspn(m->id, "0123456789abcdef") != MESSAGE_ID_LEN)
		return err_set(e, ERR_INPUT, "the mail has no number");
	if (m->len > MESSAGE_TEXT_MAX || !utf8_valid(m->text, m->len))
		return err_set(e, ERR_INPUT, "the text is longer than %d bytes, or is not UTF-8", MESSAGE_TEXT_MAX);
	return 0;
}

int message_write(struct buf *out, const struct message *m, struct err *e)
{
	if (message_check(m, e) != 0)
		return -1;
	date_add(out, m->at);
	buf_adds(out, "From: ");
	name_add(out, m->from_name);
	buf_printf(out, " <%s>\r\nTo: <%s>\r\nSubject: ", m->from, m->to);
	if (is_plain(m->subject))
		buf_adds(out, m->subject);
	else
		encoded_add(out, m->subject);
	buf_printf(out, "\r\nMessage-ID: <%s%s>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n", m->id,
		   strrchr(m->from, '@'));
	buf_adds(out, "Content-Transfer-Encoding: quoted-printable\r\nAuto-Submitted: auto-generated\r\n\r\n");
	body_add(out, m->text, m->len);
	return out->failed ? err_set(e, ERR_MEMORY, "out of memory") : 0;
}
