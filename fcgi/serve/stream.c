// SPDX-License-Identifier: ISC
#include "fcgi/serve/stream.h"
#include <fastcgi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STREAM_LEFT = 64 }; // of a buffer: the records that end an answer take 24

void stream_give_back(const FCGX_Stream *out)
{
	const struct stream_buffer *buffer = out->data;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)buffer->start + page - 1) & ~(page - 1),
		  to = ((uintptr_t)buffer->start + (uintptr_t)buffer->len) & ~(page - 1);
	if (out->wrNext <= buffer->start + FCGI_HEADER_LEN && from < to)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

void stream_shrink(FCGX_Stream *stream)
{
	struct stream_buffer *buffer = stream->data;
	bool unused = stream->isReader ? stream->isClosed && stream->rdNext == stream->stop
				       : !stream->isClosed && stream->wrNext <= buffer->start + FCGI_HEADER_LEN;
	if (!unused || buffer->start != buffer->allocated || buffer->len <= STREAM_LEFT)
		return;
	explicit_bzero(buffer->start, (size_t)buffer->len);
	unsigned char *rest = realloc(buffer->allocated, STREAM_LEFT);
	if (rest == NULL)
		return;
	buffer->start = buffer->allocated = rest;
	buffer->len = STREAM_LEFT;
	buffer->stop = rest + (stream->isReader ? 0 : STREAM_LEFT);
	stream->wrNext = rest + (stream->isReader ? 0 : FCGI_HEADER_LEN);
	stream->stop = buffer->stop;
	if (stream->isReader)
		stream->rdNext = stream->stopUnget = rest;
}
