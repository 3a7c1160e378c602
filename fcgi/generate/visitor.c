// SPDX-License-Identifier: ISC
#include "fcgi/generate/visitor.h"
#include "fcgi/generate/api.h"
#include "fcgi/generate/live.h"
#include "policy/base/when.h"
#include <limits.h>
#include <poll.h>

bool visitor_stays(struct set *s)
{
	enum live_state state = live_look(s->live);

	if (state == LIVE_VISITED && !s->left && request_gone(s->r)) {
		if (s->answer.form != ANSWER_EVENTS) { // he has nothing to come back with
			s->cancelled = true;
			return false;
		}
		s->left = true;
		live_left(s->live);
		state = live_look(s->live);
	}
	s->cancelled = s->cancelled || state == LIVE_CANCELLED || !api_key_holds(s);
	s->closing = s->closing || state == LIVE_CLOSING;
	return !s->cancelled && !s->closing;
}

bool visitor_is_there(struct set *s)
{
	return visitor_stays(s) && live_look(s->live) == LIVE_VISITED;
}

int visitor_pause(struct set *s, unsigned ms)
{
	struct pollfd p = {.fd = live_wake_fd(s->live), .events = POLLRDHUP};

	poll(&p, 1, (int)ms);
	visitor_stays(s);
	return s->cancelled ? -1 : 0;
}

int visitor_await(struct set *s)
{
	while (visitor_stays(s)) {
		struct pollfd p = {.fd = live_wake_fd(s->live), .events = POLLRDHUP};
		if (live_alone_until(s->live) == UINT64_MAX)
			return 0;
		uint64_t until = live_look_until(s->live), now = monotonic_ms();
		poll(&p, 1, until > now ? until - now > INT_MAX ? INT_MAX : (int)(until - now) : 0);
	}
	return -1;
}

int visitor_wait(struct set *s, struct peer_work *works, struct call *calls, size_t count, uint64_t until, struct err *e)
{
	uint64_t look = live_look_until(s->live), key = api_key_look_until(s), limit = look < until ? look : until;

	limit = key < limit ? key : limit;
	if (s->closing || s->cancelled)
		return err_set(e, ERR_GONE, "the visitor left");
	int rc = works != NULL ? peer_wait(works, calls, count, live_wake_fd(s->live), limit, e)
			       : call_wait(calls, count, live_wake_fd(s->live), limit, e);

	if (rc == 0 || (e->code == ERR_TIMEOUT && limit == until) || (e->code != ERR_TIMEOUT && e->code != ERR_GONE))
		return rc;
	*e = (struct err){.code = ERR_NONE};
	return visitor_stays(s) ? 0 : err_set(e, ERR_GONE, "the visitor left");
}
