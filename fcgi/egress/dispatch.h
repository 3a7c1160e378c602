// SPDX-License-Identifier: ISC
#ifndef LETHE_EGRESS_DISPATCH_H
#define LETHE_EGRESS_DISPATCH_H

#include "fcgi/egress/caller.h"

// A whole call is there: it is judged, and begun or refused.
void egress_dispatch(struct caller *c);

#endif
