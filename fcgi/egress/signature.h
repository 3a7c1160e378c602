// SPDX-License-Identifier: ISC
// AWS Signature Version 4, as object storages ask for it: in the headers of a request, or in the query of an address that opens an object for a
// while. Pure: the time is the caller's. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
#ifndef LETHE_EGRESS_SIGNATURE_H
#define LETHE_EGRESS_SIGNATURE_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <time.h>

enum {
	SIGNATURE_DATE = 17,           // 20261128T190000Z
	SIGNATURE_HASH = 65,           // SHA-256 in hex
	SIGNATURE_LINK_SECONDS = 3600, // an address that opens an object may do so for an hour; S3 allows a week
	SIGNATURE_TEXT_MAX = 16 * 1024,
};

struct signature_key {
	const char *id, *secret;
	const char *region, *service; // "auto", "s3"
};

struct signature_header {
	const char *name, *value; // the name in lower case
};

struct signature_request {
	const char *method;
	const char *path, *query; // as they travel; "": no query
	const struct signature_header *headers;
	size_t header_count; // that are signed, in the order of their names
	const char *payload; // the body's hash, or "UNSIGNED-PAYLOAD"
	time_t at;
};

void signature_date(char out[SIGNATURE_DATE], time_t at);
void signature_payload(char out[SIGNATURE_HASH], const void *body, size_t len);
// What the signature is over, made canonical: adds it to `out`. ERR_INPUT: path or query hold a broken escape, or more than can be.
int signature_canonical(struct buf *out, const struct signature_request *r, struct err *e);
// Adds the value of the header Authorization. As above.
int signature_authorize(struct buf *out, const struct signature_key *k, const struct signature_request *r, struct err *e);
// Adds the query that makes an address of the path at the host, with which everybody can GET it for so many seconds. As above.
int signature_link(struct buf *out, const struct signature_key *k, const char *host, const char *path, unsigned seconds, time_t at,
		   struct err *e);

#endif
