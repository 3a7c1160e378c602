// SPDX-License-Identifier: ISC
// The answer; each function that begins one may be called once for a request.
#ifndef LETHE_SERVE_RESPOND_H
#define LETHE_SERVE_RESPOND_H

#include "fcgi/serve/request.h"
#include "policy/vault/sealed_file.h"

const char *respond_status_title(enum language language, int status); // in words
void respond_json(struct request *r, int status, const cJSON *value);
void respond_bytes(struct request *r, int status, const char *type, const void *bytes, size_t len);
void respond_empty(struct request *r, int status);
void respond_header(struct request *r, const char *name, const char *value); // before the answer; refuses Set-Cookie of undeclared cookies
// nginx sends the file at this internal path.
void respond_redirect_internal(struct request *r, const char *internal_path);
// Begin, then write, and flush as often as needed. -1: the visitor left. A streaming answer, which may take minutes, is begun at once and its
// rest goes by respond_send(): what respond_write() would use of memory is given back.
int respond_begin(struct request *r, int status, const char *type, bool streaming);
int respond_write(struct request *r, const void *bytes, size_t len);
int respond_flush(struct request *r);
bool respond_begun(const struct request *r);
// Goes out at once, in a record of its own, and leaves no copy in this process.
int respond_send(struct request *r, const void *bytes, size_t len);
// The same, from a file: as it is (of one that is not sealed this process does not see the bytes) or in base64, padded at its end. A
// file that cannot be read ends the connection.
int respond_sealed(struct request *r, const struct sealed_file *file, uint64_t offset, uint64_t len, bool base64);
// How long the visitor may take nothing at all before he counts as one who left.
void respond_patience(struct request *r, unsigned ms);

#endif
