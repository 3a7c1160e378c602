// SPDX-License-Identifier: ISC
#ifndef LETHE_PUBLISH_DOCUMENTS_SUBPROCESSORS_H
#define LETHE_PUBLISH_DOCUMENTS_SUBPROCESSORS_H

#include "policy/publish/publish.h"
#include "policy/publish/render/list.h"

extern const char *const subprocessors_columns[], *const subprocessors_shown[]; // all, and those in the forms for people; NULL-terminated
// subprocessors.json, its rows under "subprocessors". The caller frees it; NULL with the error.
cJSON *subprocessors_tree(const struct policy *p, struct err *e);

#endif
