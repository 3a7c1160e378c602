// SPDX-License-Identifier: ISC
// The end of legal holds, and what they held back: see policy/rights/hold.h.
#ifndef LETHE_RIGHTS_HOLD_END_H
#define LETHE_RIGHTS_HOLD_END_H

#include "policy/rights/hold.h"

struct hold_run {
	size_t ended, released, answered; // holds; records that are held no more; requests
	size_t waiting;                   // requests whose erasure could not be completed: the next run tries again
};
// It is needed no more. ERR_REFUSED: it is over. What it held is let go at once, else by the next hold_run_all().
int hold_lift(struct vault *v, const char *id, const char *officer, const char *reason, struct hold_run *out, struct err *e);
// Makes what is covered held, ends holds whose time is over by the clock that pruning judges by, and completes what they held back. Where there is
// no hold, at the cost of one look-up.
int hold_run_all(struct vault *v, struct hold_run *out, struct err *e);

#endif
