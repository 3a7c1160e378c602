// SPDX-License-Identifier: ISC
// The certificates that are trusted, parsed once: libcurl would do it again after each rest (see engine_rest()), which takes it 25 ms.
#ifndef LETHE_EGRESS_TRUST_H
#define LETHE_EGRESS_TRUST_H

#include "policy/base/err.h"
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

struct trust {
	const char *file; // of PEM certificates
	X509_STORE *store;
	struct stat read; // what the file was then
};

int trust_open(struct trust *t, const char *file, struct err *e); // -1: it cannot be read, or holds no certificate
void trust_close(struct trust *t);
// As CURLOPT_SSL_CTX_FUNCTION, with a trust: a new connection trusts what the file says now. A file that cannot be read any more changes nothing.
CURLcode trust_use(CURL *easy, void *ssl_context, void *trust);

#endif
