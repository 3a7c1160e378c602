// SPDX-License-Identifier: ISC
// The pictures that a client of the API sends to start from: read from the parts of a form or the data URLs of a JSON body, made anew by the worker, so that
// nothing but their pixels leaves, and forgotten with the request. They are kept nowhere.
#ifndef LETHE_GENERATE_REFERENCES_H
#define LETHE_GENERATE_REFERENCES_H

#include "fcgi/generate/generate.h"

enum { REFERENCES_BODY_MAX = 12 * 1024 * 1024 }; // of a request: a picture of a camera, or four of a screen

// Whether any processor that can be used here takes such pictures, and the policy has them at all.
bool references_offered(const struct generator *g);
// Takes them from the request, which does not hold them afterwards. -1 with the failure set.
int references_read(struct set *s);
// Leaves out of the chain who takes fewer, or no mask. -1 with the failure set: nobody is left.
int references_choose(struct set *s);
// Has the worker make them anew. -1 with the failure set, or with none: the visitor left.
int references_make(struct set *s);
void references_give(const struct set *s, struct provider_input *in);
void references_free(struct set *s); // wipes
// A data URL of a picture, in base64; its bytes are added to *out. -1: it is another, or *out has failed.
int references_url_read(const char *url, struct buf *out);

#endif
