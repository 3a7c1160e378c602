// SPDX-License-Identifier: ISC
// What left and how the processors fare: the answer to "status", and the counts kept over restarts in $LETHE_STATE/egress/traffic.json.
// The counts are statistics, written every few seconds and at the end; a kill may lose the last of them. Nothing about a person is in them.
#ifndef LETHE_EGRESS_STATUS_H
#define LETHE_EGRESS_STATUS_H

#include "fcgi/egress/egress.h"
#include <cjson/cJSON.h>

cJSON *status_reply(const struct egress *g);
void traffic_load(struct egress *g); // and saves from now on
void traffic_save(struct egress *g);

#endif
