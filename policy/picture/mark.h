// SPDX-License-Identifier: ISC
// The mark that says how a picture was made: an XMP packet with Iptc4xmpExt:DigitalSourceType = trainedAlgorithmicMedia (by AI) or
// algorithmicMedia (a preview, drawn by a program that was trained on nothing), as iTXt in PNG, APP1 in JPEG, an XMP chunk in WebP.
//
// Nothing else stays that could repeat the prompt or name a person: text chunks, comments, Exif (but which way up the picture is) and foreign XMP are left out. Pixels,
// colour profile and a C2PA manifest (caBX, APP11, a C2PA chunk) are copied byte for byte. A C2PA manifest that itself makes the
// statement is a signature over the whole file, which any change would break: such a file is passed on as it is.
//
// The picture comes in pieces of any size and goes on at once: a PNG is held up to its first IDAT, a JPEG up to its scan, a WebP whole.
// Marking a marked image changes nothing.
#ifndef LETHE_PICTURE_MARK_H
#define LETHE_PICTURE_MARK_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <stdbool.h>
#include <stdint.h>

enum mark_source { MARK_MODEL, MARK_PROGRAM };

// Where the marked picture goes. Each returns 0, or -1 with *e.
struct mark_output {
	int (*write)(void *arg, const void *bytes, size_t len, struct err *e); // appends
	// For a PNG whose signed statement comes behind its pixels, which is made whole again: reads what was written; begins anew.
	int (*read)(void *arg, uint64_t at, void *bytes, size_t len, struct err *e);
	int (*restart)(void *arg, struct err *e);
};

struct mark_facts {
	const char *type; // "image/png" | "image/jpeg" | "image/webp", from the bytes; known before the first write
	unsigned width, height;
};

struct mark_stream {
	struct mark_facts facts;
	// The rest is the stream's own.
	const char *xmp;
	const struct mark_output *out;
	void *arg;
	const struct mark_format *format; // NULL until the first bytes tell
	struct buf head, marked;          // as it came and as it goes, until that is known; then both are empty
	struct buf said;                  // by a manifest
	size_t at;                        // of the head: read so far
	bool flowing;                     // the head went on
	bool as_signed;                   // all goes as it came
	bool ended;                       // the picture's end was seen
	size_t mark_len;                  // 0 before the mark is in `marked`
	uint64_t written;
	struct {
		enum { PNG_CHUNK = 0, PNG_DATA, PNG_CRC } at;
		unsigned char type[4], frame[8]; // the chunk's; of its head or CRC what came
		size_t frame_len;
		uint32_t left, crc; // of the data; over type and data
		bool drops;
		struct buf dropped;       // each: where it would stand in what was written, how long it is, its bytes
		size_t exif_at, exif_len; // in what was written: the Exif that was made
	} png;
	struct {
		unsigned char frame[4]; // of what may be a segment: marker and length, as far as they came
		size_t frame_len, left; // of that; of the segment's data
		bool drops;
	} jpeg;
};

void mark_begin(struct mark_stream *m, enum mark_source source, const struct mark_output *out, void *arg);
// ERR_INPUT: it is malformed, no image of these types, or over 8192 pixels an edge; or what the output says. The stream is then to be freed.
int mark_add(struct mark_stream *m, const void *bytes, size_t len, struct err *e);
// All bytes came. ERR_INPUT (also: it was cut short); or what the output says.
int mark_end(struct mark_stream *m, struct mark_facts *facts, struct err *e);
void mark_free(struct mark_stream *m); // wipes; mark_begin() may follow

#endif
