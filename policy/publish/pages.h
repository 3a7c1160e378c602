// SPDX-License-Identifier: ISC
// What publish_all makes, held in memory until all of it is made: a page that cannot be rendered leaves the site as it was.
#ifndef LETHE_PUBLISH_PAGES_H
#define LETHE_PUBLISH_PAGES_H

#include "policy/model/policy.h"

enum { PAGES_MAX = 512 };

// Below the folder of publish_all: the frame of every page, with a mark where a page's part of the head goes and one for its content.
#define FRAME_NAME          "/programs/frame"       // in the folder "programs/frame.html", and "programs/frame.de.html" in another language
#define LIVE_FRAME_NAME     "/programs/live"        // the frame of /privacy/live, with the links to its other languages
#define LIVE_FRAME_SIGNAL   "/programs/live-signal" // the same for who sends Sec-GPC, where the policy says that it counts
#define VERSIONS_FRAME_NAME "/programs/versions"    // of /privacy/versions
#define FRAME_HEAD          "<!--head-->"
#define FRAME_CONTENT       "<!--content-->"

struct page {
	char path[256]; // below the folder of publish_all: "html/index.html"
	struct buf bytes;
};
struct pages {
	struct page *list;
	size_t count;
};
void pages_free(struct pages *s);
#define PAGES_AUTO __attribute__((cleanup(pages_free)))

// Renders templates, generated pages and assets into *s.
int pages_render(const struct policy *p, const char *templates, bool testing, struct pages *s, struct err *e);

#endif
