// SPDX-License-Identifier: ISC
// An HTTP exchange with an upstream: what all have in common, whether with a processor or for a page.
#ifndef LETHE_EGRESS_TRANSFER_H
#define LETHE_EGRESS_TRANSFER_H

#include "fcgi/egress/egress.h"
#include "fcgi/egress/failure.h"
#include "policy/base/buf.h"
#include <sys/socket.h>

// What is known of the upstream's answer.
struct answer {
	long status;
	char type[160];
	char region[64]; // as `region_header` says, normalised
	char *location;
	double retry_after_ms; // < 0: not said
	bool told_not_to_repeat;
	size_t header_bytes;
	bool complete_headers;
	struct buf body;
	size_t streamed; // bytes that `piece` was offered
};

// A member of whoever owns it; LOOP_OWNER leads back. Zeroed but for what stands under "by the owner".
struct transfer {
	struct engine_transfer engine; // engine.easy: NULL when there is none
	struct answer answer;
	enum egress_failure failure; // why a callback ended it
	size_t held;                 // memory of answer.body, as counted in egress->answers_bytes
	// By the owner.
	struct egress *egress;
	// Whether it may be connected to; NULL: wherever the name leads, of which the certificate must be.
	bool (*address_allowed)(struct transfer *t, const struct sockaddr *address, socklen_t len);
	bool bodyless;                                                    // of the answer only the head is asked for
	CURLU *url;                                                       // freed with the transfer
	const char *region_header;                                        // NULL: none
	void (*header)(struct transfer *t, const char *line, size_t len); // one line; NULL: none but those in `answer` matter
	int (*headers_done)(struct transfer *t);                          // all headers are there; -1, with the failure set, ends it
	// Takes a piece of the body, instead of answer.body; -1: not now, offer it again after engine_pause(). NULL until headers_done() sets it.
	int (*piece)(struct transfer *t, const char *bytes, size_t len);
	// More of answer.body is there; -1: it is whole, and the rest is not waited for. NULL: libcurl knows.
	int (*arrived)(struct transfer *t);
	void (*ended)(struct transfer *t, enum egress_failure failure); // FAILURE_NONE: the whole answer came. The handle is still there
};

// A new handle with everything that holds for all transfers, and a new answer, whose body may have so many bytes. -1: no memory.
int transfer_prepare(struct transfer *t, size_t body_max);
int transfer_start(struct transfer *t);
void transfer_drop(struct transfer *t); // ends it if it is under way, and frees the handle; the answer stays
void transfer_free(struct transfer *t);
void transfer_done(struct engine_transfer *t, CURLcode result); // what the engine calls
void transfer_answer_forget(struct transfer *t);
// Counts the memory of the answer's body, whose size changed. -1: the memory of all answers together is at its limit, and this one is large:
// whoever asks for many large ones at once gets some of them.
int transfer_answer_count(struct transfer *t);
// The header's value, without white space around it, if the line is that header.
enum { TRANSFER_VALUE_MAX = 2048 };
bool transfer_header_is(const char *line, size_t len, const char *name, char value[TRANSFER_VALUE_MAX]);

#endif
