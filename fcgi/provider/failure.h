// SPDX-License-Identifier: ISC
// What a vendor's failure means. Vendors write the same few things under some names and in some places of their JSON: they all stand in tables
// here, and a name means the same whoever writes it.
#ifndef LETHE_PROVIDER_FAILURE_H
#define LETHE_PROVIDER_FAILURE_H

#include "fcgi/provider/provider.h"

// Ends the task after an answer without a result. `reply` is its JSON; NULL: it is none. Nothing of the vendor's words is passed on, but a
// code where it is a plain word: a message may quote what the visitor wrote.
enum provider_step provider_failed(struct provider_task *t, int status, const cJSON *reply);
// The same, where the JSON or what stands in it is not what the vendor documents.
enum provider_step provider_unreadable(struct provider_task *t);
// The same, where the vendor refused the content.
enum provider_step provider_filtered(struct provider_task *t);

#endif
