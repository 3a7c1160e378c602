// SPDX-License-Identifier: ISC
// A call from one program to another over a Unix socket, calling side: connect, send one frame, read frames until one has no "progress"
// member. The connection is the call: closing it cancels. Several calls at once in one thread, and no memory for answers before they come.
#ifndef LETHE_IPC_CALL_H
#define LETHE_IPC_CALL_H

#include "fcgi/ipc/frame.h"

// Takes a streamed body as it comes, within call_wait().
struct call_sink {
	// At most FRAME_CHUNK_MAX bytes. -1, with *e set, ends the call: it failed.
	int (*take)(void *arg, const char *bytes, size_t len, struct err *e);
	// All that came so far is void: it begins again, or a reply that is not streamed comes in its place (a failure most of all).
	void (*again)(void *arg);
	// Whether another body is to be taken before this one begins: it stays in the socket meanwhile, but not for long. NULL: never.
	bool (*later)(void *arg);
};

enum call_state { CALL_IDLE = 0, CALL_SENDING, CALL_WAITING, CALL_DONE, CALL_FAILED };
struct call {
	int fd;
	enum call_state state;
	struct buf out;        // the frame being sent
	size_t sent;           // of it
	struct frame reply;    // whole when done
	const struct err *err; // when failed; not a part, because thousands of calls may be waited for
	const struct call_sink *sink;
	void *sink_arg;
	struct frame_chunks chunks; // of a reply that is being streamed
	uint64_t put_off_until;     // at the latest its body is taken then; 0: it was never put off
	bool streaming;
	unsigned streams; // begun
};
#define CALL_INIT ((struct call){.fd = -1})
// Connects and sends the frame, or as much of it as the program takes now; call_wait() sends the rest. ERR_UNAVAILABLE when the program does
// not answer, ERR_INPUT, ERR_MEMORY (also for no head at all); the call is then idle, with nothing to end.
int call_start(struct call *c, const char *socket_path, const cJSON *head, const void *body, size_t len, struct err *e);
// The same for a call whose head says "stream":true. If the reply is streamed, `sink` takes its body while reply.head is there already, and the
// call is done after the last piece, with reply.streamed set and no reply.body. One that is not streamed arrives as ever: check reply.streamed.
int call_start_stream(struct call *c, const char *socket_path, const cJSON *head, const void *body, size_t len,
		      const struct call_sink *sink, void *arg, struct err *e);
// Moves all calls that are under way until at least one of them ends, `hangup_fd` hangs up (ERR_GONE; pass -1 for none) or the deadline
// passes (ERR_TIMEOUT). 0: look at the states. Calls already ended are left alone.
int call_wait(struct call *calls, size_t count, int hangup_fd, uint64_t deadline, struct err *e);
// One call, started and waited for. 0: done, the call holds the reply. -1: it failed, took too long, or (ERR_GONE) `hangup_fd` hung up.
int call_ask(struct call *c, const char *socket_path, const cJSON *head, const void *body, size_t len, int hangup_fd, uint64_t deadline,
	     struct err *e);
// Closes (thereby cancelling a call under way), overwrites and frees.
void call_end(struct call *c);
#define CALL_AUTO __attribute__((cleanup(call_end)))

// Sends the head {"op": op} to the program whose socket is `run`/`program`.sock and returns the head of its reply, which the caller frees. NULL:
// ERR_UNAVAILABLE (nobody answers there), ERR_TIMEOUT (none within three seconds), ERR_INPUT (the reply is not one).
cJSON *call_program(const char *run, const char *program, const char *op, struct err *e);

#endif
