// SPDX-License-Identifier: ISC
// One request to the site on this machine, as a visitor would send it.
#ifndef LETHE_ADMIN_ASK_SITE_H
#define LETHE_ADMIN_ASK_SITE_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct ask_address {
	struct sockaddr_storage at;
	socklen_t len;
	bool tls;
	char name[256]; // the Host that is asked for
};

// From a URL, "http://127.0.0.1:8080/", or from nginx's listen, "443", "[::]:443", "127.0.0.1:8080", "unix:/run/x.sock". ERR_INPUT when it is
// neither, or not an address of this machine's loopback.
int ask_address_from_url(struct ask_address *out, const char *url, struct err *e);
int ask_address_from_listen(struct ask_address *out, const char *listen, bool tls, const char *name, struct err *e);

// Sends GET `path` and appends the head of the answer (up to the empty line) to *out. ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_INPUT (not HTTP).
int ask_site(const struct ask_address *site, const char *path, struct buf *out, struct err *e);
// The value of the n-th header of that name in a head, appended to *out. -1 when there is none.
int ask_header(const char *head, const char *name, size_t n, struct buf *out);

#endif
