// SPDX-License-Identifier: ISC
// The calls that `worker` takes, as frames of ipc/frame.h on $LETHE_RUN/worker.sock. Each is a job in a process of its own that is born for it,
// limited in memory and CPU time, and dies with it.
//
// Read a page, head:  {"op":"page","type":"text/html; charset=…","url":"https://…"}   body: the bytes fetched
//   reply head: {"title","description","language","site_name","headings":[…],"text":"…","colours":["#aabbcc",…],
//               "refresh":"where the page sends its visitors by itself"|absent}  (all UTF-8, cut to size)
//   error codes: not-html  empty-page  too-costly (the limits ended it), and where there is no text: unreadable (a script would add it)
//   frames (other pages would show it)  pictures (nothing but those)  hidden (its own styles hide it)
// Draw a picture, head: {"op":"sketch","trade":"bread","title":"…","name":"…","label":"…","colours":[…],"style":"soft","width":1024,
//                        "height":1024,"index":0,"of":4,"seed":123}
//   reply head: {"type":"image/png"}  body: the PNG
//   error codes: too-costly
// Make a thumbnail, head: {"op":"thumbnail"}   body: a picture (PNG, JPEG, WebP) of at most 8192 pixels an edge
//   reply head: {"type":"image/webp"}  body: the WebP, its longer edge at most THUMBNAIL_EDGE, without any metadata: generate marks it as it
//   marks every picture (policy/picture/mark), and the marked one takes at most THUMBNAIL_BYTES_MAX
//   error codes: bad-picture (damaged, cut short, animated, of another type or too large)  too-costly
// Take a picture in to start from, head: {"op":"reference"}, and of a mask "mask":2048, which is the edge of its picture's reply
//   body: as for a thumbnail, at most IMAGE_BYTES_MAX
//   reply head: {"type":"image/jpeg"|"image/png","width":1536,"height":1024,"edge":2048}  body: nothing but its pixels, upright, its longer edge at most
//   REFERENCE_EDGE, at most REFERENCE_BYTES_MAX: a JPEG, or a PNG where a part of it can be seen through, of a mask with that alone;
//   `edge` is what its longer edge was made to fit
//   error codes: as for a thumbnail
// Whether it is there, head exactly: {"op":"ping"}   reply head: {"ok":true}
//   It is no job: the parent answers by itself, also while all jobs are taken.
// Failure: {"error":{"code","detail"}}, with the code bad-call where the head is not as described here.
#ifndef LETHE_IPC_WORKER_CALL_H
#define LETHE_IPC_WORKER_CALL_H

#include "policy/base/err.h"
#include <cjson/cJSON.h>

#define WORKER_PING "{\"op\":\"ping\"}"
// The caller frees them. NULL when memory is gone.
cJSON *worker_ping_head(void);
cJSON *worker_page_head(const char *type, const char *url);
cJSON *worker_thumbnail_head(void);
cJSON *worker_reference_head(unsigned mask); // 0: it is none

enum worker_op { WORKER_PAGE, WORKER_SKETCH, WORKER_THUMBNAIL, WORKER_REFERENCE };
enum { WORKER_LIST_MAX = 16 };
struct worker_sketch {
	const char *trade;          // which motif, and in which mood; NULL or unknown: a neutral one
	const char *name, *title;   // what may be written: the name of the business, and what it is; NULL or "": nothing
	const char *label;          // marks the picture as a preview; NULL: in English
	const char *const *colours; // "#rrggbb"; NULL-terminated; may be empty
	const char *style;          // a name of fcgi/provider/style.h
	unsigned width, height;     // pixels
	unsigned index, of;         // which composition of the set; eight differ
	unsigned seed;
};
struct worker_call {
	enum worker_op op;
	unsigned mask;
	const char *type, *url; // NULL: not said; nothing in the page depends on `url`
	struct worker_sketch sketch;
	const char *colours[WORKER_LIST_MAX + 1]; // of the sketch
};
// What a head asks for; the texts stay the head's. ERR_INPUT: it is not as described above.
int worker_call_read(struct worker_call *out, const cJSON *head, struct err *e);

#endif
