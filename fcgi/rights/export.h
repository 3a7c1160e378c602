// SPDX-License-Identifier: ISC
#ifndef LETHE_RIGHTS_PROGRAM_EXPORT_H
#define LETHE_RIGHTS_PROGRAM_EXPORT_H

#include "fcgi/serve/serve.h"
#include "policy/base/json.h"

// POST /api/export: who proves control of a set by its receipt, or of a request by its number and secret, gets what is kept of them, as a ZIP that is
// written while it goes out and stored nowhere.
void export_respond(struct request *r, void *vault);
// Answers with why the copy of a request, as rights_show() shows it, is not handed out to who has its first secret, or not any more; false: nothing is against it.
bool export_refused(struct request *r, const cJSON *shown);
// The same by the number of a request alone, for who was already told that they may.
void export_respond_request(struct request *r, struct vault *v, const char *id);

#endif
