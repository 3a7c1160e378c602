// SPDX-License-Identifier: ISC
// From the tree to the structs, by the tables of policy/model/fields.h.
#ifndef LETHE_MODEL_READ_H
#define LETHE_MODEL_READ_H

#include "policy/model/node.h"

// Reads the document in the language of `r->p`: first what programs obey, then what people read.
void policy_read_fields(struct reader *r);
// Every text is there in each language, once. Needs a policy that was read in the main language.
void policy_check_translations(struct reader *r);

#endif
