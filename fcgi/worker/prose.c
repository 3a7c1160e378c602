// SPDX-License-Identifier: ISC
#include "fcgi/worker/prose.h"
#include <stdint.h>
#include <string.h>

void prose_init(struct prose *p, size_t max)
{
	*p = (struct prose){.text = BUF_INIT(max)};
}

static size_t character_length(unsigned char lead)
{
	return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static uint32_t code_of(const unsigned char *s, size_t n)
{
	uint32_t c = n == 1 ? s[0] : s[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3fU);
	return c;
}

static bool is_white(uint32_t c)
{
	return c <= ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	       c == 0x205f || c == 0x3000;
}

// Characters that show nothing or turn the direction of what follows: they only hide things from the reader.
static bool is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff);
}

static void add_character(struct prose *p, const char *s, size_t n)
{
	size_t gap = p->pending && p->text.len > 0;
	if (p->full || p->text.len + gap + n > p->text.max) {
		p->full = true;
		return;
	}
	if (gap)
		buf_addc(&p->text, p->pending);
	p->pending = 0;
	buf_add(&p->text, s, n);
}

void prose_add(struct prose *p, const char *utf8, size_t len)
{
	for (size_t i = 0; i < len && !p->full;) {
		size_t n = character_length((unsigned char)utf8[i]);
		if (n > len - i)
			break; // the parser hands over whole characters; anything else is dropped
		uint32_t c = code_of((const unsigned char *)utf8 + i, n);
		if (is_white(c))
			p->pending = p->pending ? p->pending : ' ';
		else if (!is_invisible(c))
			add_character(p, utf8 + i, n);
		i += n;
	}
}

void prose_break(struct prose *p)
{
	p->pending = '\n';
}

bool prose_empty(const struct prose *p)
{
	return p->text.len == 0;
}

const char *prose_text(const struct prose *p)
{
	return buf_text(&p->text);
}

void prose_reset(struct prose *p)
{
	buf_reset(&p->text);
	p->pending = 0;
	p->full = false;
}

void prose_end(struct prose *p)
{
	buf_wipe(&p->text);
}
