// SPDX-License-Identifier: ISC
// The letters of a request: from its events and the policy's facts, in a language of the site.
#ifndef LETHE_RIGHTS_LETTER_H
#define LETHE_RIGHTS_LETTER_H

#include "policy/base/buf.h"
#include "policy/base/json.h"
#include "policy/model/policy.h"

enum { LETTER_MAX = 256 * 1024 };

// What each letter tells of: the last event of this kind, without which it would say what did not happen.
struct letter_row {
	const char *kind;
	const char *event; // NULL: it is written before the event
	bool complain;     // it says where one can complain
	unsigned more;     // further paragraphs: letter.KIND_1 …
};
extern const struct letter_row letters[];              // ended by {0}
const struct letter_row *letter_row(const char *kind); // NULL: there is none of that name
// `request`: as rights_show_officer() shows it with what is personal, or as the person is shown it. `reason`: NULL: the one of the event.
// The policy in the language that is asked for, NULL when it has none such; where none is asked for, in that of who made the request, else in its first.
const struct policy *letter_language(const struct policy *p, const char *asked, const cJSON *request);
void letter_write(struct buf *out, const struct policy *p, const struct letter_row *letter, const cJSON *request, const char *reason);
void letter_subject(struct buf *out, const struct policy *p, const cJSON *request);
const cJSON *letter_event(const cJSON *request, const char *name); // the last of this name; NULL: there was none

#endif
