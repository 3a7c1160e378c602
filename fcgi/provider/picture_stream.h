// SPDX-License-Identifier: ISC
// A picture out of a reply that arrives in pieces: in base64 as one member of its JSON, or as the whole of it. The picture goes on at once, and
// what else the JSON says is kept: with an empty string where the picture stood.
#ifndef LETHE_PROVIDER_PICTURE_STREAM_H
#define LETHE_PROVIDER_PICTURE_STREAM_H

#include "policy/base/base64.h"
#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <stdbool.h>

// What takes the picture.
struct provider_sink {
	int (*take)(void *arg, const void *bytes, size_t len, struct err *e); // -1, with *e: no more of it is wanted
	void (*again)(void *arg);                                             // what came is void: it begins again
	bool (*later)(void *arg);                                             // whether it is to come a little later; NULL: never
};

// What takes the partial pictures that some vendors send before, each in pieces and then with no bytes: it is complete. It refuses none.
typedef void provider_partial(void *arg, const void *bytes, size_t len);

struct picture_stream {
	struct buf rest; // of the JSON
	bool garbage;    // what came is no reply with a picture
	// The stream's own.
	const char *member;
	bool in_url;
	const struct provider_sink *sink;
	provider_partial *partial; // NULL: none is expected
	void *sink_arg;
	enum picture_scan {
		SCAN_OUTSIDE = 0,
		SCAN_STRING,
		SCAN_ESCAPE,
		SCAN_NAMED,
		SCAN_ANNOUNCED,
		SCAN_URL,
		SCAN_DIGITS,
		SCAN_DIGIT_ESCAPE
	} at;
	bool found;        // the member, with a string; there is one in a reply, beside partial ones
	bool in_partial;   // the digits are of one of those
	unsigned partials; // begun
	size_t
	    matched; // letters of the member's name that the string began with; more than it has: it is another string. Of a URL: of "data:"
	size_t coding; // letters of ";base64" that the data URL ends with so far
	size_t bytes;  // of the picture
	struct base64_decoder decoder;
};

// `member` holds the picture, wherever it stands in the JSON: the vendor's file looks at the rest. NULL: the whole reply is the picture. `in_url`: it holds
// a data URL, whose beginning up to the comma is left; another URL is no picture, and left as it is.
// Where `partial` (else NULL) is given, the reply may be server-sent events: the member of one that says ".partial_image" holds a partial picture.
void picture_stream_begin(struct picture_stream *s, const char *member, bool in_url, const struct provider_sink *sink,
			  provider_partial *partial, void *sink_arg);
// ERR_INPUT: the reply is garbage; or what the sink says.
int picture_stream_add(struct picture_stream *s, const char *bytes, size_t len, struct err *e);
bool picture_stream_whole(const struct picture_stream *s); // one picture came, with an end
void picture_stream_free(struct picture_stream *s);        // wipes

#endif
