// SPDX-License-Identifier: ISC
#include "fcgi/generate/mark.h"
#include "policy/base/array.h"
#include <string.h>

#define PACKET(source)                                                                                                                     \
	"<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"                                                               \
	"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"                        \
	"<rdf:Description rdf:about=\"\" xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" "                               \
	"Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/" source "\"/>"                                    \
	"</rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>"

const char *mark_xmp(enum mark_source source)
{
	return source == MARK_PROGRAM ? PACKET("algorithmicMedia") : PACKET("trainedAlgorithmicMedia");
}

static const struct {
	const char *type;
	int (*mark)(const char *xmp, const unsigned char *bytes, size_t len, struct buf *out, bool *signed_mark, struct err *e);
} formats[] = {{"image/png", mark_png}, {"image/jpeg", mark_jpeg}, {"image/webp", mark_webp}};

bool mark_is_stated(const unsigned char *manifest, size_t len)
{
	static const char statement[] = "/digitalsourcetype/trainedAlgorithmicMedia";

	return memmem(manifest, len, statement, sizeof statement - 1) != NULL;
}

int mark_image(enum mark_source source, const char *type, const void *bytes, size_t len, struct buf *out, struct err *e)
{
	size_t before = out->len;

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		bool signed_mark = false;
		if (strcmp(formats[i].type, type) != 0)
			continue;
		if (formats[i].mark(mark_xmp(source), bytes, len, out, &signed_mark, e) != 0)
			return -1;
		if (signed_mark && !out->failed) {
			out->len = before;
			buf_add(out, bytes, len);
		}
		return out->failed ? err_set(e, ERR_MEMORY, "the marked image is too large") : 0;
	}
	return err_set(e, ERR_INPUT, "%s images cannot be marked", type);
}
