// SPDX-License-Identifier: ISC
// A frame from another program: what the answering side reads, and what the calling side makes of an answer.
#include "fcgi/ipc/call.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <sys/socket.h>
#include <unistd.h>

static void feed(int pair[2], const uint8_t *data, size_t size)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0) {
		(void)send(pair[0], data, size, 0);
		close(pair[0]);
	}
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
	feed(pair, data, size);
	CALL_AUTO struct call c = {.fd = pair[1], .state = CALL_WAITING, .reply = FRAME_INIT(1 << 20)};
	while (c.state == CALL_WAITING && call_wait(&c, 1, -1, monotonic_ms() + 1000, &e) == 0)
		;
	return 0;
}
