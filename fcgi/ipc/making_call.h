// SPDX-License-Identifier: ISC
// What other programs ask of the one that makes sets: a FastCGI request, as nginx would send it, to an address that nginx passes on to nobody.
#ifndef LETHE_IPC_MAKING_CALL_H
#define LETHE_IPC_MAKING_CALL_H

#include "policy/base/err.h"

// Ends the set of the receipt if it is being made, or all that are being made for the IP address, and waits until nothing of them is left; afterwards
// they are not recorded any more. 0: none is being made. -1: nobody can tell: ERR_TIMEOUT, ERR_UNAVAILABLE.
int making_stop(const char *run, const char *who, struct err *e);

#endif
