// SPDX-License-Identifier: ISC
// What the last restore could not bring back.
#ifndef LETHE_ADMIN_RESTORE_H
#define LETHE_ADMIN_RESTORE_H

#include "policy/vault/vault.h"

// Says it, while no officer has taken note of it. 1; 0: there is nothing.
int restore_note(struct vault *v, struct buf *out, struct err *e);

#endif
