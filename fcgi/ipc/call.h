// SPDX-License-Identifier: ISC
// A job from one room to another over a Unix socket. A frame is: two 32-bit big-endian lengths (head, body), the head (a JSON object), the
// body (bytes). The caller connects, sends one frame and reads frames until one has no "progress" member. The connection is the job:
// closing it cancels.
#ifndef LETHE_IPC_CALL_H
#define LETHE_IPC_CALL_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <cjson/cJSON.h>
#include <stdint.h>

// What the first eight bytes announce. ERR_INPUT when a length is over its limit or there is no head.
enum { FRAME_LENGTHS = 8 };
int frame_lengths(const void *lengths, size_t *head, size_t *body, struct err *e);
// The head of a frame: a JSON object. ERR_INPUT.
cJSON *frame_head(const char *text, size_t len, struct err *e);
// Appends a whole frame to *out. ERR_INPUT (over a limit), ERR_MEMORY.
int frame_build(struct buf *out, const cJSON *head, const void *body, size_t len, struct err *e);

// On a socket (blocking or not), for the answering side and simple clients; deadline in monotonic_ms(). ERR_GONE, ERR_TIMEOUT, ERR_INPUT (over a limit,
// also over the ceiling of *body).
int frame_send(int fd, const cJSON *head, const void *body, size_t len, uint64_t deadline, struct err *e);
int frame_receive(int fd, cJSON **head, struct buf *body, uint64_t deadline, struct err *e);

enum call_state { CALL_IDLE = 0, CALL_SENDING, CALL_WAITING, CALL_DONE, CALL_FAILED };
struct call {
	int fd;
	enum call_state state;
	struct buf out, in; // frame being sent, bytes received
	cJSON *head;        // of the reply, when done
	const char *body;   // of the reply, inside `in`
	size_t body_len;
	struct err err; // when failed
};
#define CALL_INIT ((struct call){.fd = -1})
// Connects and sends the frame, or as much of it as the room takes now; calls_wait() sends the rest. ERR_UNAVAILABLE when the room does not
// answer.
int call_start(struct call *c, const char *socket_path, const cJSON *head, const void *body, size_t len, struct err *e);
// Moves all calls that are under way until at least one of them ends, `hangup_fd` hangs up (ERR_GONE; pass -1 for none) or the deadline
// passes (ERR_TIMEOUT). 0: look at the states. Calls already ended are left alone.
int calls_wait(struct call *calls, size_t count, int hangup_fd, uint64_t deadline, struct err *e);
// Closes (thereby cancelling a job under way) and frees.
void call_end(struct call *c);
#define CALL_AUTO __attribute__((cleanup(call_end)))

#endif
