// SPDX-License-Identifier: ISC
#include "fcgi/egress/signature.h"
#include "policy/base/text.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETERS_MAX = 32, DIGEST_BYTES = 32 };

static const char algorithm[] = "AWS4-HMAC-SHA256";

void signature_date(char out[SIGNATURE_DATE], time_t at)
{
	struct tm parts;

	gmtime_r(&at, &parts);
	strftime(out, SIGNATURE_DATE, "%Y%m%dT%H%M%SZ", &parts);
}

void signature_payload(char out[SIGNATURE_HASH], const void *body, size_t len)
{
	unsigned char digest[DIGEST_BYTES] = {0};

	EVP_Digest(len > 0 ? body : "", len, digest, NULL, EVP_sha256(), NULL);
	hex_encode(out, digest, sizeof digest);
}

// ---- the canonical request ----

// One segment of a path, or a name or value of a query: whatever was escaped and need not be, or the other way round, is as it should be. -1: a
// broken escape.
static int part_add(struct buf *out, const char *part, size_t len)
{
	BUF_AUTO struct buf plain = BUF_INIT(SIGNATURE_TEXT_MAX);

	return url_decode(&plain, part, len, false) != 0 || url_part(out, buf_text(&plain)) != 0 ? -1 : 0;
}

static int path_add(struct buf *out, const char *path)
{
	int rc = 0;

	while (*path != '\0' && rc == 0) {
		size_t len = strcspn(path, "/");
		rc = part_add(out, path, len);
		path += len;
		for (; *path == '/' && rc == 0; path++)
			rc = buf_addc(out, '/');
	}
	return rc;
}

static int parameter_order(const void *a, const void *b)
{
	const struct signature_header *x = a, *y = b;
	int names = strcmp(x->name, y->name);

	return names != 0 ? names : strcmp(x->value, y->value);
}

static int query_add(struct buf *out, const char *query)
{
	struct signature_header list[PARAMETERS_MAX];
	size_t starts[PARAMETERS_MAX][2], count = 0;
	BUF_AUTO struct buf text = BUF_INIT(SIGNATURE_TEXT_MAX);
	int rc = 0;

	// Names and values, each with its end, in a text that may move while it grows.
	for (; *query != '\0' && rc == 0; count++) {
		size_t len = strcspn(query, "&"), name = strcspn(query, "=&");
		if (count == PARAMETERS_MAX)
			return -1;
		starts[count][0] = text.len;
		rc = part_add(&text, query, name) != 0 || buf_addc(&text, '\0') != 0 ? -1 : 0;
		starts[count][1] = text.len;
		if (rc == 0)
			rc = part_add(&text, query + name + (name < len), len - name - (name < len)) != 0 || buf_addc(&text, '\0') != 0 ? -1
																	: 0;
		query += len + (query[len] == '&');
	}
	if (rc != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		list[i] = (struct signature_header){text.data + starts[i][0], text.data + starts[i][1]};
	if (count > 0)
		qsort(list, count, sizeof *list, parameter_order);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s=%s", i > 0 ? "&" : "", list[i].name, list[i].value);
	return out->failed ? -1 : 0;
}

// Without white space around it, and one space for each that is in it.
static void value_add(struct buf *out, const char *value)
{
	for (value += strspn(value, " \t"); *value != '\0';) {
		size_t len = strcspn(value, " \t");
		buf_add(out, value, len);
		value += len;
		value += strspn(value, " \t");
		if (*value != '\0')
			buf_addc(out, ' ');
	}
}

static void names_add(struct buf *out, const struct signature_request *r, const char *between)
{
	for (size_t i = 0; i < r->header_count; i++)
		buf_printf(out, "%s%s", i > 0 ? between : "", r->headers[i].name);
}

int signature_canonical(struct buf *out, const struct signature_request *r, struct err *e)
{
	buf_printf(out, "%s\n", r->method);
	if (path_add(out, r->path) != 0 || buf_addc(out, '\n') != 0 || query_add(out, r->query) != 0)
		return err_set(e, ERR_INPUT, "the path or the query cannot be signed");
	buf_addc(out, '\n');
	for (size_t i = 0; i < r->header_count; i++) {
		buf_printf(out, "%s:", r->headers[i].name);
		value_add(out, r->headers[i].value);
		buf_addc(out, '\n');
	}
	buf_addc(out, '\n');
	names_add(out, r, ";");
	buf_printf(out, "\n%s", r->payload);
	return out->failed ? err_set(e, ERR_INPUT, "the request is too long to be signed") : 0;
}

// ---- the signature ----

static void scope_write(char out[128], const struct signature_key *k, const char date[SIGNATURE_DATE])
{
	snprintf(out, 128, "%.8s/%s/%s/aws4_request", date, k->region, k->service);
}

static void link_of_chain(unsigned char key[DIGEST_BYTES], const void *with, size_t len, const char *text)
{
	HMAC(EVP_sha256(), with, (int)len, (const unsigned char *)text, strlen(text), key, NULL);
}

// The signature of the request in hex.
static int signature_write(char out[SIGNATURE_HASH], const struct signature_key *k, const struct signature_request *r, struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(SIGNATURE_TEXT_MAX);
	BUF_AUTO_WIPE struct buf secret = BUF_INIT(SIGNATURE_TEXT_MAX);
	char date[SIGNATURE_DATE], day[9], scope[128], hash[SIGNATURE_HASH];
	unsigned char key[DIGEST_BYTES] = {0}, next[DIGEST_BYTES] = {0};

	if (signature_canonical(&text, r, e) != 0)
		return -1;
	signature_date(date, r->at);
	snprintf(day, sizeof day, "%.8s", date);
	scope_write(scope, k, date);
	signature_payload(hash, text.data, text.len);
	buf_reset(&text);
	buf_printf(&text, "%s\n%s\n%s\n%s", algorithm, date, scope, hash);
	if (buf_printf(&secret, "AWS4%s", k->secret) != 0 || text.failed)
		return err_set(e, ERR_MEMORY, "out of memory");
	link_of_chain(key, secret.data, secret.len, day);
	link_of_chain(next, key, sizeof key, k->region);
	link_of_chain(key, next, sizeof next, k->service);
	link_of_chain(next, key, sizeof key, "aws4_request");
	link_of_chain(key, next, sizeof next, buf_text(&text));
	hex_encode(out, key, sizeof key);
	explicit_bzero(next, sizeof next);
	return 0;
}

int signature_authorize(struct buf *out, const struct signature_key *k, const struct signature_request *r, struct err *e)
{
	char signature[SIGNATURE_HASH], date[SIGNATURE_DATE], scope[128];

	if (signature_write(signature, k, r, e) != 0)
		return -1;
	signature_date(date, r->at);
	scope_write(scope, k, date);
	buf_printf(out, "%s Credential=%s/%s, SignedHeaders=", algorithm, k->id, scope);
	names_add(out, r, ";");
	return buf_printf(out, ", Signature=%s", signature) != 0 ? err_set(e, ERR_MEMORY, "out of memory") : 0;
}

int signature_link(struct buf *out, const struct signature_key *k, const char *host, const char *path, unsigned seconds, time_t at,
		   struct err *e)
{
	BUF_AUTO struct buf query = BUF_INIT(SIGNATURE_TEXT_MAX), credential = BUF_INIT(SIGNATURE_TEXT_MAX);
	char signature[SIGNATURE_HASH], date[SIGNATURE_DATE], scope[128];

	signature_date(date, at);
	scope_write(scope, k, date);
	buf_printf(&credential, "%s/%s", k->id, scope);
	buf_printf(&query, "X-Amz-Algorithm=%s&X-Amz-Credential=", algorithm);
	url_part(&query, buf_text(&credential));
	buf_printf(&query, "&X-Amz-Date=%s&X-Amz-Expires=%u&X-Amz-SignedHeaders=host", date, seconds);
	const struct signature_header headers[] = {{"host", host}};
	const struct signature_request r = {.method = "GET",
					    .path = path,
					    .query = buf_text(&query),
					    .headers = headers,
					    .header_count = 1,
					    .payload = "UNSIGNED-PAYLOAD",
					    .at = at};
	if (query.failed || credential.failed)
		return err_set(e, ERR_MEMORY, "out of memory");
	if (signature_write(signature, k, &r, e) != 0)
		return -1;
	return buf_printf(out, "%s&X-Amz-Signature=%s", buf_text(&query), signature) != 0 ? err_set(e, ERR_MEMORY, "out of memory") : 0;
}
