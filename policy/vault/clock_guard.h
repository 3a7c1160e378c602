// SPDX-License-Identifier: ISC
// Inside the vault: whether the clock may be believed, beside vault_clock(). The rule stands in clock_guard.c.
#ifndef LETHE_VAULT_CLOCK_GUARD_H
#define LETHE_VAULT_CLOCK_GUARD_H

#include "policy/vault/backend.h"
#include "policy/vault/vault.h"

// Notes what was judged, so that the next judgement goes on from there. In the transaction of who is alone.
int clock_guard_note(struct vault *v, const struct clock_state *judged, struct err *e);
// When something of this date was made: one that lay in the future when an officer said that the clock is right counts as made then.
time_t clock_guard_date(const struct vault *v, time_t date);

#endif
