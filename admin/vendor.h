// SPDX-License-Identifier: ISC
// The steps of a vendor's task (fcgi/provider/provider.h), each carried through egress, one after the other.
#ifndef LETHE_ADMIN_VENDOR_H
#define LETHE_ADMIN_VENDOR_H

#include "admin/admin.h"
#include "fcgi/provider/provider.h"
#include "policy/rights/deletion.h"

// Goes on with the task until it ends, or `until` of monotonic_ms(). `failure`: egress's word for why a reply did not come, or "". `noted` (may be NULL) is called as
// soon as the vendor has given the work its reference; -1 of it ends the task.
void vendor_drive(const char *run, const char *processor, kind_set kinds, struct provider_task *t, uint64_t until,
		  int (*noted)(void *arg, const char *reference), void *arg, char failure[DELETION_FAILURE]);
// Of struct deletion_way, whose `arg` is a struct admin.
void vendor_delete(void *arg, const struct deletion_row *row, struct deletion_answer *out);

#endif
