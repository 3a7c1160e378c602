// SPDX-License-Identifier: ISC
// What the visitor asks for, and whether the policy's content rules let it pass.
#ifndef LETHE_GENERATE_INPUT_H
#define LETHE_GENERATE_INPUT_H

#include "fcgi/serve/serve.h"
#include "policy/base/buf.h"

enum { GENERATE_FIELDS = 11 };

struct input {
	struct buf description; // as the policy lets it pass; empty when a page is named
	struct buf url;         // http or https; empty when there is a description
	unsigned count, width, height;
	const char *size, *style; // of the tables, not of the request
	const char *provider;     // of the policy; NULL: the visitor leaves the choice to us
	bool confirmed;           // goes on despite the warning about personal data
	bool thumbnails;          // of each picture are wanted
	bool verbatim;            // the description is the prompt of each picture: nobody writes one
	bool inline_images;       // in base64, as clients without a use for addresses ask for them
};

// The table of fields, ended by {0}, with these providers as choices; `out` has GENERATE_FIELDS elements.
void input_fields(const char *const *providers, struct field *out);
// From fields that request_check() let pass. `providers` as above. -1 with the problem set.
int input_read(struct request *r, const char *const *providers, struct input *out, struct problem *t);
// The same from bare values; NULL: absent. For input_read and its tests.
int input_source(const char *description, const char *url, struct input *out, struct problem *t);
// Applies the content rules to the description, which may be masked by them.
int input_screen(const struct policy *p, struct input *in, struct problem *t);
void input_free(struct input *in); // wipes

#endif
