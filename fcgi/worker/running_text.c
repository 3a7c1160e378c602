// SPDX-License-Identifier: ISC
#include "fcgi/worker/running_text.h"
#include <stdint.h>

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

void running_text_add(struct running_text *t, const char *utf8, size_t len)
{
	for (size_t i = 0, n; i < len && !t->full; i += n) {
		unsigned char lead = (unsigned char)utf8[i];
		n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
		if (n > len - i)
			break; // the parser hands over whole characters; anything else is dropped
		uint32_t c = n == 1 ? lead : lead & (0xffU >> (n + 1));
		for (size_t k = 1; k < n; k++)
			c = c << 6 | ((unsigned char)utf8[i + k] & 0x3fU);
		if (is_white(c))
			t->pending = t->pending ? t->pending : ' ';
		if (is_white(c) || is_invisible(c))
			continue;
		size_t gap = t->pending && t->text.len > 0;
		t->full = t->text.len + gap + n > t->text.max;
		if (t->full)
			break;
		if (gap)
			buf_addc(&t->text, t->pending);
		t->pending = 0;
		buf_add(&t->text, utf8 + i, n);
	}
}

void running_text_reset(struct running_text *t)
{
	buf_reset(&t->text);
	t->pending = 0;
	t->full = false;
}
