// SPDX-License-Identifier: ISC
#ifndef LETHE_ADMIN_AUDIT_BUNDLE_H
#define LETHE_ADMIN_AUDIT_BUNDLE_H

#include "admin/admin.h"

// Makes the folder. ERR_INPUT: it is there already.
int audit_bundle_make(const struct admin *a, struct vault *v, const char *folder, struct err *e);

#endif
