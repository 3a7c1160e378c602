// SPDX-License-Identifier: ISC
// What programs send each other over a Unix socket. A frame is: two 32-bit big-endian lengths (head, body), the head (a JSON object), the
// body (bytes). The head of a call that failed is {"error":{"code":"…","detail":"one line that helps"}}.
//
// The body of a reply may be streamed, where the call asks for it: its length is FRAME_STREAMED then, and chunks follow the head. A chunk is a
// 32-bit big-endian length, at most FRAME_CHUNK_MAX, and so many bytes. The length 0 ends the body. FRAME_VOID instead of a length takes back
// the head and all that came of the body: another frame follows in its place, which may be streamed too.
#ifndef LETHE_IPC_FRAME_H
#define LETHE_IPC_FRAME_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/base/limits.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum { FRAME_LENGTHS = 8, FRAME_CHUNK_LENGTH = 4, FRAME_CHUNK_MAX = 64 * 1024 };
#define FRAME_STREAMED UINT32_MAX
#define FRAME_VOID     UINT32_MAX

// A frame as it arrives.
struct frame {
	struct buf bytes;
	cJSON *head;      // when it is whole
	const char *body; // inside `bytes`
	size_t body_len;
	bool may_stream; // by who reads it: else a streamed body is over every limit
	bool streamed;   // the body is not a part, its chunks follow: frame_rest()
};
#define FRAME_INIT(body_max) ((struct frame){.bytes = BUF_INIT(FRAME_LENGTHS + FRAME_HEAD_MAX + (size_t)(body_max))})

// Takes what has come on the socket, without waiting. 1: the frame is whole; 0: more must come; -1: ERR_GONE (the peer left), ERR_INPUT (over a
// limit, or the head is no JSON object), ERR_MEMORY, ERR_IO. The buffer grows with what arrives, not with what was announced.
int frame_read(struct frame *f, int fd, struct err *e);
// Forgets a frame that is whole. What came after it begins the next, which may be whole already, too: 1, 0 or -1 as frame_read().
int frame_next(struct frame *f, struct err *e);
// Of a whole frame that is streamed: moves what came after its head to `bytes` and returns the number of bytes, once. The
// head stays.
size_t frame_rest(struct frame *f, char bytes[FRAME_CHUNK_MAX]);
void frame_free(struct frame *f); // overwrites it
#define FRAME_AUTO __attribute__((cleanup(frame_free)))

// Reads the chunks of a streamed body. Zeroed at its beginning.
struct frame_chunks {
	uint32_t left; // of the chunk under way
	uint32_t have; // bytes of `length` that came
	unsigned char length[FRAME_CHUNK_LENGTH];
	size_t taken; // of the whole body
};
enum frame_chunk {
	CHUNK_NONE,  // all bytes were taken: more must come
	CHUNK_BYTES, // *piece of the body
	CHUNK_END,   // the body is whole
	CHUNK_VOID,  // it is taken back, and *bytes is the beginning of another frame
	CHUNK_BAD,   // over a limit
};
// Takes the next of the *len bytes that came, which it moves on in.
enum frame_chunk frame_chunk_next(struct frame_chunks *c, const char **bytes, size_t *len, const char **piece, size_t *piece_len);

// The beginning of a frame, lengths and head, which body_len bytes follow, or (FRAME_STREAMED) chunks. ERR_INPUT (over a limit), ERR_MEMORY.
int frame_begin(struct buf *out, const cJSON *head, size_t body_len, struct err *e);

// Both wait; deadline in monotonic_ms(). ERR_GONE, ERR_TIMEOUT, ERR_INPUT (over a limit, also over the ceiling of *body), ERR_IO. What *body
// held before is overwritten.
int frame_send(int fd, const cJSON *head, const void *body, size_t len, uint64_t deadline, struct err *e);
int frame_receive(int fd, cJSON **head, struct buf *body, uint64_t deadline, struct err *e);

// The head of a call that failed; NULL when memory is gone.
cJSON *frame_error(const char *code, const char *detail);
// The code of a head that says so, and its detail ("" when there is none); NULL: the call succeeded.
const char *frame_error_code(const cJSON *head, const char **detail);

#endif
