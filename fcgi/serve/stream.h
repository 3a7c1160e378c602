// SPDX-License-Identifier: ISC
// The buffers of libfcgi's streams, which it keeps as long as the request: their memory while nothing needs it.
#ifndef LETHE_SERVE_STREAM_H
#define LETHE_SERVE_STREAM_H

#include <fcgiapp.h>

struct stream_buffer { // how the data of a stream begins
	unsigned char *start;
	int len;
	unsigned char *allocated, *stop; // stop: of a reader, where what was read ends; of a writer, where its buffer ends
};

// The pages of the output's buffer, which holds nothing now, go back to the kernel until it is written again.
void stream_give_back(const FCGX_Stream *out);
// Gives back the memory of the buffer of an input that has been read to its end, or of an output that is flushed: as long as the visitor
// waits neither is used, and what is written past libfcgi needs none. A few bytes are left, for what ends the answer.
void stream_shrink(FCGX_Stream *stream);

#endif
