// SPDX-License-Identifier: ISC
// The mark that says how a picture was made: an XMP packet with Iptc4xmpExt:DigitalSourceType = trainedAlgorithmicMedia (by AI) or
// algorithmicMedia (a preview, drawn by a program that was trained on nothing), as iTXt in PNG, APP1 in JPEG, an XMP chunk in WebP.
//
// Nothing else stays that could repeat the prompt or name a person: text chunks, comments, Exif and foreign XMP are left out. Pixels,
// colour profile and a C2PA manifest (caBX, APP11, a C2PA chunk) are copied byte for byte. A C2PA manifest that itself makes the
// statement is a signature over the whole file, which any change would break: such a file is returned as it is.
#ifndef LETHE_GENERATE_MARK_H
#define LETHE_GENERATE_MARK_H

#include "policy/base/buf.h"
#include "policy/base/err.h"

enum mark_source { MARK_MODEL, MARK_PROGRAM };

// Appends the marked image to *out. Marking a marked image changes nothing. `type` is "image/png", "image/jpeg" or "image/webp".
// ERR_INPUT: the image is malformed or of another type; ERR_MEMORY: *out is full.
int mark_image(enum mark_source source, const char *type, const void *bytes, size_t len, struct buf *out, struct err *e);

#endif
