// SPDX-License-Identifier: ISC
#include "admin/ask_site.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { SITE_SECONDS = 3, READ_BYTES = 4096 };

// ---- addresses ----

static int port_of(const char *text, in_port_t *out)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || port == 0 || port > 65535)
		return -1;
	*out = htons((uint16_t)port);
	return 0;
}

static int set_v6(struct ask_address *out, const char *host, in_port_t port)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = port};

	if (inet_pton(AF_INET6, host, &six.sin6_addr) != 1)
		return -1;
	if (IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr))
		six.sin6_addr = in6addr_loopback;
	memcpy(&out->at, &six, sizeof six);
	out->len = sizeof six;
	return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) ? 0 : -1;
}

static int set_v4(struct ask_address *out, const char *host, in_port_t port)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = port};

	if (*host == '\0' || strcmp(host, "*") == 0 || strcmp(host, "localhost") == 0 || strcmp(host, "0.0.0.0") == 0)
		four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (inet_pton(AF_INET, host, &four.sin_addr) != 1)
		return -1;
	memcpy(&out->at, &four, sizeof four);
	out->len = sizeof four;
	return ntohl(four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET ? 0 : -1;
}

static int set_unix(struct ask_address *out, const char *path)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof local.sun_path)
		return -1;
	memcpy(local.sun_path, path, strlen(path) + 1);
	memcpy(&out->at, &local, sizeof local);
	out->len = sizeof local;
	return 0;
}

// "host:port", "[host]:port", "port", "host"; `otherwise` is the port of the last.
static int set_host_port(struct ask_address *out, const char *text, const char *otherwise)
{
	char host[256];
	in_port_t port;
	bool six = *text == '[';
	const char *end = six ? strchr(text, ']') : NULL;
	const char *colon = strrchr(end != NULL ? end : text, ':');

	if (strlen(text) >= sizeof host || (six && end == NULL))
		return -1;
	if (colon == NULL && !six && port_of(text, &port) == 0)
		return set_v4(out, "", port);
	snprintf(host, sizeof host, "%s", text + six);
	host[six ? (size_t)(end - text) - 1 : colon != NULL ? (size_t)(colon - text) : strlen(text)] = '\0';
	if (port_of(colon != NULL ? colon + 1 : otherwise, &port) < 0)
		return -1;
	return six ? set_v6(out, host, port) : set_v4(out, host, port);
}

int ask_address_from_url(struct ask_address *out, const char *url, struct err *e)
{
	char host[256];
	bool tls = strncasecmp(url, "https://", 8) == 0;

	*out = (struct ask_address){.tls = tls};
	if (!tls && strncasecmp(url, "http://", 7) != 0)
		return err_set(e, ERR_INPUT, "--url takes http://127.0.0.1:PORT/ or https://127.0.0.1:PORT/");
	url += tls ? 8 : 7;
	snprintf(host, sizeof host, "%.*s", (int)strcspn(url, "/?#"), url);
	snprintf(out->name, sizeof out->name, "%s", host);
	if (set_host_port(out, host, tls ? "443" : "80") != 0)
		return err_set(e, ERR_INPUT, "only a site on this machine's loopback is asked");
	return 0;
}

int ask_address_from_listen(struct ask_address *out, const char *listen, bool tls, const char *name, struct err *e)
{
	*out = (struct ask_address){.tls = tls};
	snprintf(out->name, sizeof out->name, "%s", *name && *name != '_' ? name : "localhost");
	if (strncmp(listen, "unix:", 5) == 0 ? set_unix(out, listen + 5) != 0 : set_host_port(out, listen, "80") != 0)
		return err_set(e, ERR_INPUT, "nginx listens on %s, which is not on this machine's loopback", listen);
	return 0;
}

// ---- one request ----

struct exchange {
	int fd;
	SSL_CTX *context;
	SSL *tls; // NULL: plain
};

static void exchange_end(struct exchange *v)
{
	SSL_free(v->tls);
	SSL_CTX_free(v->context);
	fd_close(&v->fd);
}

// Who answers on our own loopback is not in question, so the certificate is not looked at.
static int exchange_begin(struct exchange *v, const struct ask_address *site, struct err *e)
{
	const struct timeval patience = {.tv_sec = SITE_SECONDS};

	v->fd = socket(site->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (v->fd < 0)
		return err_system(e, ERR_UNAVAILABLE, errno, "no socket");
	setsockopt(v->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(v->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(v->fd, (const struct sockaddr *)&site->at, site->len) < 0)
		return err_system(e, ERR_UNAVAILABLE, errno, "the site does not answer");
	if (!site->tls)
		return 0;
	v->context = SSL_CTX_new(TLS_client_method());
	v->tls = v->context != NULL ? SSL_new(v->context) : NULL;
	if (v->tls == NULL || SSL_set_fd(v->tls, v->fd) != 1 || SSL_set_tlsext_host_name(v->tls, site->name) != 1)
		return err_set(e, ERR_MEMORY, "no TLS here");
	return SSL_connect(v->tls) == 1 ? 0 : err_set(e, ERR_UNAVAILABLE, "the site answers, but TLS cannot be agreed on");
}

static int exchange_write(struct exchange *v, const struct buf *request)
{
	if (v->tls != NULL)
		return SSL_write(v->tls, request->data, (int)request->len) == (int)request->len ? 0 : -1;
	return send(v->fd, request->data, request->len, MSG_NOSIGNAL) == (ssize_t)request->len ? 0 : -1;
}

static int exchange_head(struct exchange *v, struct buf *out, struct err *e)
{
	char *end = NULL;

	while (out->data == NULL || (end = strstr(out->data, "\r\n\r\n")) == NULL) {
		char *to = buf_reserve(out, READ_BYTES);
		if (to == NULL)
			return err_set(e, ERR_INPUT, "the head of the answer is too long");
		ssize_t n = v->tls != NULL ? SSL_read(v->tls, to, READ_BYTES) : recv(v->fd, to, READ_BYTES, 0);
		if (n <= 0)
			return n < 0 && errno == EAGAIN ? err_set(e, ERR_TIMEOUT, "the site did not answer within %d s", SITE_SECONDS)
							: err_set(e, ERR_UNAVAILABLE, "the answer ended early");
		buf_took(out, (size_t)n);
	}
	end[2] = '\0';
	out->len = (size_t)(end - out->data) + 2;
	return strncmp(out->data, "HTTP/1.", 7) == 0 ? 0 : err_set(e, ERR_INPUT, "what answers does not speak HTTP");
}

int ask_site(const struct ask_address *site, const char *path, struct buf *out, struct err *e)
{
	BUF_AUTO struct buf request = BUF_INIT(2048);
	__attribute__((cleanup(exchange_end))) struct exchange v = {.fd = -1};

	if (buf_printf(&request, "GET %s HTTP/1.0\r\nHost: %s\r\nAccept: text/html\r\nUser-Agent: lethe-check\r\n\r\n", path, site->name) !=
	    0)
		return err_set(e, ERR_INPUT, "the request is too long");
	if (exchange_begin(&v, site, e) != 0)
		return -1;
	if (exchange_write(&v, &request) != 0)
		return err_set(e, ERR_UNAVAILABLE, "the site took no request");
	return exchange_head(&v, out, e);
}

int ask_header(const char *head, const char *name, size_t n, struct buf *out)
{
	size_t len = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, len) != 0 || line[len] != ':' || n-- > 0)
			continue;
		line += len + 1;
		line += strspn(line, " \t");
		return buf_add(out, line, strcspn(line, "\r\n"));
	}
	return -1;
}
