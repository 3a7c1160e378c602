// SPDX-License-Identifier: ISC
// Third parties' wire formats: pure functions, bytes in, bytes out; no network, no keys, no clock. One file per third party, one row each
// in provider.c.
#ifndef LETHE_PROVIDER_PROVIDER_H
#define LETHE_PROVIDER_PROVIDER_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/base/limits.h"
#include <stdbool.h>

// What a set of prompts or an image is made from.
struct brief {
	const char *description;            // the visitor's words, or "" when a page was given
	const char *title, *summary, *text; // of the page; "" when none
	const char *const *headings;        // NULL-terminated
	const char *const *colours;         // "#rrggbb", NULL-terminated
	const char *style;                  // "photo" …
	const char *audience_rule;          // one sentence for the model: content that must not appear
	unsigned count;
};

struct provider_request {
	char path[512];
	const char *method; // "POST"
	const char *content_type;
	struct buf body; // freed by the caller with buf_wipe
};

enum provider_verdict {
	PROVIDER_OK,
	PROVIDER_FILTERED,  // the content was refused by the processor: don't retry, say so
	PROVIDER_BAD_REPLY, // garbage or truncated: another processor may do better
	PROVIDER_LIMITED,   // rate or quota: later, or another
	PROVIDER_REFUSED,   // key, deployment, permission: the operator must act
	PROVIDER_DOWN,
};

struct provider_prompts {
	char *text[IMAGES_MAX]; // freed by provider_prompts_free
	unsigned count;
};
void provider_prompts_free(struct provider_prompts *p);

struct provider_image {
	struct buf bytes;
	const char *type; // "image/png" | "image/jpeg" | "image/webp", from the bytes, not from what they say
};

struct provider {
	const char *id; // the processor's id in the policy
	// Are its settings, but for address and key, such as the vendor knows? NULL: it has none.
	int (*settings_check)(struct err *e);
	// Builders and readers; NULL when the provider does not do it. A reader gets the upstream's status, type and body, and fills `say`
	// with one line for the visitor or the operator.
	int (*prompts_request)(const struct brief *b, struct provider_request *out, struct err *e);
	enum provider_verdict (*prompts_read)(int status, const char *body, size_t len, unsigned count, struct provider_prompts *out,
					      struct err *say);
	int (*image_request)(const char *prompt, const char *size, struct provider_request *out, struct err *e);
	enum provider_verdict (*image_read)(int status, const char *body, size_t len, struct provider_image *out, struct err *say);
};

const struct provider *provider_find(const char *id); // NULL when unknown
const struct provider *provider_at(unsigned i);       // NULL after the last

// The type by its first bytes; NULL when it is no image we pass on. Also refuses sizes over 8192 pixels an edge.
const char *image_type(const void *bytes, size_t len, unsigned *width, unsigned *height);

#endif
