// SPDX-License-Identifier: ISC
// The XML that object storages answer with: failures, and lists of objects. It is read as hostile: no document type, no entities, nothing deep.
#ifndef LETHE_PROVIDER_S3_REPLY_H
#define LETHE_PROVIDER_S3_REPLY_H

#include "fcgi/provider/provider.h"

enum { S3_CODE_MAX = 64 };

// The code of a failure: a plain word. "": the reply is not such XML, or has none.
void s3_reply_code(char out[S3_CODE_MAX], const struct provider_reply *r);
// A list of objects, which the caller frees also after a failure: -1, it is not one, or no memory.
int s3_reply_list(struct provider_objects *out, const struct provider_reply *r);

#endif
