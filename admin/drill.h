// SPDX-License-Identifier: ISC
// What became of a canary: officer/drill.json of the state folder, which `lethe check` and /privacy/live read. An object with a member for each processor:
// {"result", "sent", "answered" (UTC), "status", "attempts", "failure"}, with "result" one of "gone" (deleted, and it cannot be fetched any more), "kept" (it still can be), "confirmed"
// (the vendor says so, and there is nothing to look for), "unsure" (it says so, and the look said neither), "waiting" (it deletes by itself later), "failed".
#ifndef LETHE_ADMIN_DRILL_H
#define LETHE_ADMIN_DRILL_H

#include "admin/admin.h"
#include "policy/rights/deletion.h"

#define DRILL_FOLDER "officer"
#define DRILL_FILE   DRILL_FOLDER "/drill.json"
// Of struct deletion_way, after each attempt to delete a canary; `arg` is a struct admin. One that is deleted is looked for.
void drill_answered(void *arg, const struct deletion_row *row);
// The file, or an empty object. The caller frees.
cJSON *drill_read(const struct admin *a);

#endif
