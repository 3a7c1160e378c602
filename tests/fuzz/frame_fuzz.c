// SPDX-License-Identifier: ISC
// A frame from another program: what the answering side reads, and what the calling side makes of an answer, whole or streamed. A streamed
// body is the same however its bytes are cut into pieces.
#include "fcgi/ipc/call.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void feed(int pair[2], const uint8_t *data, size_t size)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0) {
		(void)send(pair[0], data, size, 0);
		close(pair[0]);
	}
}

struct taken {
	struct call *call;
	size_t bytes, again;
};

static int taken_take(void *arg, const char *bytes, size_t len, struct err *e)
{
	struct taken *t = arg;
	if (t->call->reply.head == NULL || len == 0 || len > FRAME_CHUNK_MAX)
		abort();
	t->bytes += len;
	return bytes[0] == '!' ? err_set(e, ERR_FULL, "no more") : 0;
}

static void taken_again(void *arg)
{
	struct taken *t = arg;
	t->bytes = 0;
	t->again++;
}

static const struct call_sink taken_sink = {taken_take, taken_again, NULL};

// Reads the chunks in pieces of `step` bytes; a sum of all that came, and how it ended.
static uint64_t chunks_sum(const uint8_t *data, size_t size, size_t step)
{
	struct frame_chunks chunks = {0};
	enum frame_chunk what = CHUNK_NONE;
	uint64_t sum = 5381;
	for (size_t at = 0; at < size && (what == CHUNK_NONE || what == CHUNK_BYTES); at += step) {
		const char *bytes = (const char *)data + at, *piece;
		size_t len = size - at < step ? size - at : step, piece_len;
		while ((what = frame_chunk_next(&chunks, &bytes, &len, &piece, &piece_len)) == CHUNK_BYTES)
			for (size_t i = 0; i < piece_len; i++)
				sum = sum * 33 + (uint8_t)piece[i];
	}
	return sum * 8 + what;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];
	struct err e;
	JSON_AUTO cJSON *head = NULL;
	BUF_AUTO struct buf body = BUF_INIT(1 << 20);
	feed(pair, data, size);
	frame_receive(pair[1], &head, &body, monotonic_ms() + 1000, &e);
	close(pair[1]);
	for (int streams = 0; streams < 2; streams++) {
		feed(pair, data, size);
		CALL_AUTO struct call c = {.fd = pair[1], .state = CALL_WAITING, .reply = FRAME_INIT(1 << 20)};
		struct taken t = {.call = &c};
		c.reply.may_stream = streams > 0;
		c.sink = &taken_sink;
		c.sink_arg = &t;
		while (c.state == CALL_WAITING && call_wait(&c, 1, -1, monotonic_ms() + 1000, &e) == 0)
			;
		if (streams == 0 && t.bytes + t.again > 0)
			abort();
		if (c.state == CALL_DONE && c.reply.streamed && (c.reply.body_len > 0 || c.reply.head == NULL))
			abort();
	}
	uint64_t whole = chunks_sum(data, size, size > 0 ? size : 1);
	if (chunks_sum(data, size, 1) != whole || chunks_sum(data, size, 7) != whole)
		abort();
	return 0;
}
