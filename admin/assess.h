// SPDX-License-Identifier: ISC
// Assessments and contracts are files of the officer's; here is known what they were.
#ifndef LETHE_ADMIN_ASSESS_H
#define LETHE_ADMIN_ASSESS_H

#include "policy/base/json.h"

enum assess_paper { PAPER_SAME, PAPER_CHANGED, PAPER_GONE, PAPER_UNSEEN /* who asks may not read it, or does not see its folder */ };
// Whether the file of an assessment or contract, whose body this is, is what was noted.
enum assess_paper assess_paper(const cJSON *body);

#endif
