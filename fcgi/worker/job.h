// SPDX-License-Identifier: ISC
// The jobs of `worker`: each runs in a process of its own that is born for it, limited in memory and CPU time, and dies with it. Frames of
// ipc/call.h on $LETHE_RUN/worker.sock.
//
// Read a page, head:  {"op":"page","type":"text/html; charset=…","url":"https://…"}   body: the bytes fetched
//   reply head: {"title","description","language","site_name","headings":[…],"text":"…","colours":["#aabbcc",…]}  (all UTF-8, cut to size)
//   error codes: not-html  empty-page  unreadable  too-costly (the limits ended it)
// Draw a picture, head: {"op":"sketch","prompt":"…","words":[…],"colours":[…],"style":"photo","width":1024,"height":1024,"index":0,
//                        "of":4,"seed":123}
//   reply head: {"type":"image/png"}  body: the PNG
//   error codes: bad-call  too-costly
// Failure: {"error":{"code","detail"}}
#ifndef LETHE_WORKER_JOB_H
#define LETHE_WORKER_JOB_H
#endif
