// SPDX-License-Identifier: ISC
// JPEG: SOI, segments of marker and length up to the first scan, then entropy-coded data to EOI. The mark goes after SOI and JFIF.
#include "fcgi/generate/mark.h"
#include <string.h>

enum { SOI = 0xD8, EOI = 0xD9, SOS = 0xDA, APP0 = 0xE0, APP1 = 0xE1, APP2 = 0xE2, APP11 = 0xEB, APP14 = 0xEE, APP15 = 0xEF, COM = 0xFE };

static void add_mark(struct buf *out, const char *xmp)
{
	static const char head[] = "http://ns.adobe.com/xap/1.0/";
	size_t len = 2 + sizeof head + strlen(xmp);

	buf_add(out, (unsigned char[]){0xFF, APP1, (unsigned char)(len >> 8), (unsigned char)len}, 4);
	buf_add(out, head, sizeof head);
	buf_adds(out, xmp);
}

// JFIF, colour profile, C2PA and the colour transform stay; other application data and comments may repeat the prompt.
static bool stays(unsigned char marker)
{
	if (marker == COM)
		return false;
	return marker < APP0 || marker > APP15 || marker == APP0 || marker == APP2 || marker == APP11 || marker == APP14;
}

// A manifest is cut into segments of 64 KiB, so the statement is looked for in their joined payloads.
static void gather(struct buf *manifest, const unsigned char *segment, size_t len)
{
	enum { JUMBF_HEAD = 2 + 2 + 2 + 2 + 4 }; // marker, length, "JP", box instance, packet sequence

	if (len <= JUMBF_HEAD)
		return;
	bool first = segment[8] == 0 && segment[9] == 0 && segment[10] == 0 && segment[11] <= 1;
	size_t skip = first || len < JUMBF_HEAD + 8 ? JUMBF_HEAD : JUMBF_HEAD + 8; // later packets repeat the box header
	buf_add(manifest, segment + skip, len - skip);
}

int mark_jpeg(const char *xmp, const unsigned char *bytes, size_t len, struct buf *out, bool *signed_mark, struct err *e)
{
	BUF_AUTO struct buf manifest = BUF_INIT(len);
	size_t at = 2;
	bool marked = false;

	if (len < 4 || bytes[0] != 0xFF || bytes[1] != SOI)
		return err_set(e, ERR_INPUT, "the JPEG has no start");
	buf_add(out, bytes, 2);
	for (;;) {
		while (at + 1 < len && bytes[at] == 0xFF && bytes[at + 1] == 0xFF) // fill bytes
			at++;
		if (len - at < 4 || bytes[at] != 0xFF || bytes[at + 1] == 0 || bytes[at + 1] == EOI)
			return err_set(e, ERR_INPUT, "the JPEG ends before its picture");
		unsigned char marker = bytes[at + 1];
		size_t segment = 2 + ((size_t)bytes[at + 2] << 8 | bytes[at + 3]);
		if (segment < 4 || segment > len - at)
			return err_set(e, ERR_INPUT, "the JPEG is cut short");
		if (!marked && marker != APP0) {
			add_mark(out, xmp);
			marked = true;
		}
		if (marker == APP11)
			gather(&manifest, bytes + at, segment);
		if (marker == SOS)
			break;
		if (stays(marker))
			buf_add(out, bytes + at, segment);
		at += segment;
	}
	*signed_mark = manifest.len > 0 && mark_is_stated((const unsigned char *)manifest.data, manifest.len);
	if (memmem(bytes + at, len - at, "\xFF\xD9", 2) == NULL)
		return err_set(e, ERR_INPUT, "the JPEG has no end");
	return buf_add(out, bytes + at, len - at) == 0 ? 0 : err_set(e, ERR_MEMORY, "the marked image is too large");
}
