// SPDX-License-Identifier: ISC
// A mail of any content: an address that is taken has no character that a command or a header could be made of, and a message that is written has lines
// of 78 characters at most, seven bits, exactly the headers that it should have, and no line with a dot alone.
#include "fcgi/egress/message.h"
#include "policy/base/mail_address.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char to[MAIL_ADDRESS_SIZE], *texts[3]; // the address, the subject, the text: lines of the input, the last one all that is left
	const char *from = (const char *)data, *end = from + size;
	BUF_AUTO struct buf out = BUF_INIT(MESSAGE_MAX);
	struct err e = {0};

	for (size_t i = 0; i < 3; i++) {
		const char *line = i < 2 && from < end ? memchr(from, '\x1e', (size_t)(end - from)) : NULL;
		size_t len = line != NULL ? (size_t)(line - from) : (size_t)(end - from);
		texts[i] = strndup(from, len);
		if (texts[i] == NULL)
			abort();
		from += line != NULL ? len + 1 : len;
	}
	bool taken = mail_address_read(to, texts[0], &e) == 0;
	if (taken && (strpbrk(to, "<>()[],;: \"\\\t\r\n") != NULL || strlen(to) >= MAIL_ADDRESS_SIZE))
		abort();
	const struct message m = {.from = "privacy@site.example",
				  .from_name = "Site",
				  .to = taken ? to : "ada@example.org",
				  .subject = texts[1],
				  .id = "0123456789abcdef0123456789abcdef",
				  .at = 1700000000,
				  .text = texts[2],
				  .len = strlen(texts[2])};
	if (message_write(&out, &m, &e) == 0) {
		const char *body = strstr(buf_text(&out), "\r\n\r\n");
		size_t headers = 0;
		for (const char *at = buf_text(&out); at < out.data + out.len;) {
			const char *next = strstr(at, "\r\n");
			if (next == NULL || next - at > (at[0] == 'T' && at[1] == 'o' ? 270 : 78) || (next - at == 1 && *at == '.'))
				abort();
			for (const char *c = at; c < next; c++)
				if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
					abort();
			headers += at <= body && *at != ' ';
			at = next + 2;
		}
		if (body == NULL || headers != 9)
			abort();
	}
	for (size_t i = 0; i < 3; i++)
		free(texts[i]);
	return 0;
}
