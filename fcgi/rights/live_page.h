// SPDX-License-Identifier: ISC
// GET /privacy/live, /privacy/live.<language> and /privacy/live.json: what keeps each sentence of the notice, and its figure at this moment. The page
// is the JSON, for people; it needs no script.
#ifndef LETHE_RIGHTS_LIVE_PAGE_H
#define LETHE_RIGHTS_LIVE_PAGE_H

#include "fcgi/serve/program.h"

// The handlers take the vault as their context.
void live_page_respond_json(struct request *r, void *context);
void live_page_respond(struct request *r, void *context);
// GET /privacy/versions: the versions of the notice that were in force here, as policy/publish/versions.h keeps them.
void live_page_respond_versions(struct request *r, void *context);

#endif
