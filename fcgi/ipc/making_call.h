// SPDX-License-Identifier: ISC
// What other programs ask of the one that makes sets: a FastCGI request, as nginx would send it, to an address that nginx passes on to nobody.
#ifndef LETHE_IPC_MAKING_CALL_H
#define LETHE_IPC_MAKING_CALL_H

#include "policy/base/err.h"

// Ends the set of the receipt if it is being made, and waits until nothing of it is left; afterwards it is not recorded any more. 0: it is not being
// made. -1: nobody can tell: ERR_TIMEOUT, ERR_UNAVAILABLE.
int making_stop(const char *run, const char *receipt, struct err *e);

#endif
