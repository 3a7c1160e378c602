// SPDX-License-Identifier: ISC
// The names of objects in storages that speak S3: 256 random bits in a folder, so nothing of a person or of what is in the object. A name is made, and
// written down, before anything is put there: then it can be deleted whatever happens. It is the reference by which the object is removed and looked for
// (provider_remove(), provider_look()).
#ifndef LETHE_PROVIDER_S3_NAME_H
#define LETHE_PROVIDER_S3_NAME_H

#include "fcgi/provider/provider.h"

void s3_name_new(char out[PROVIDER_OBJECT_NAME], const char *folder); // "temporary/…"
bool s3_name_shaped(const char *name);                                // whether it is such a name
bool s3_name_folder(const char *folder, size_t len);                  // whether it is one of a folder: at most 32 of a-z, 0-9 and -

#endif
