// SPDX-License-Identifier: ISC
// What the site sends to a visitor, asked as a visitor would: once for a page, once for a program.
#include "admin/check.h"
#include "admin/nginx_conf.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/proxies.h"
#include "policy/publish/documents/documents.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <sys/un.h>

enum { SITE_SECONDS = 3, READ_BYTES = 4096, COOKIES_MAX = 32 };
#define PUBLISH "Run lethe publish, then reload nginx."

// ---- where the site is ----

struct site_address {
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
		struct sockaddr_un local;
	} at;
	socklen_t len;
	bool tls, proxied; // proxied: the PROXY protocol is spoken
	char name[256];    // the Host that is asked for
};

// "host:port", "[host]:port", "port", "host"; `otherwise` is the port of the last. -1 when it is not an address of this machine's loopback.
static int address_read(struct site_address *out, const char *text, const char *otherwise)
{
	char host[256], *end;
	bool six = *text == '[', port_alone = !six && *text != '\0' && text[strspn(text, "0123456789")] == '\0';
	const char *bracket = six ? strchr(text, ']') : text, *colon = bracket != NULL ? strrchr(bracket, ':') : NULL;
	const char *number = port_alone ? text : colon != NULL ? colon + 1 : otherwise;
	unsigned long port = strtoul(number, &end, 10);

	if (strlen(text) >= sizeof host || bracket == NULL || *number < '0' || *number > '9' || *end != '\0' || port == 0 || port > 65535)
		return -1;
	snprintf(host, sizeof host, "%s", port_alone ? "" : text + six);
	host[six ? (size_t)(bracket - text) - 1 : colon != NULL ? (size_t)(colon - text) : strlen(host)] = '\0';
	if (six) {
		out->at.six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
		out->len = sizeof out->at.six;
		if (inet_pton(AF_INET6, host, &out->at.six.sin6_addr) != 1)
			return -1;
		if (IN6_IS_ADDR_UNSPECIFIED(&out->at.six.sin6_addr))
			out->at.six.sin6_addr = in6addr_loopback;
		return IN6_IS_ADDR_LOOPBACK(&out->at.six.sin6_addr) ? 0 : -1;
	}
	out->at.four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	out->len = sizeof out->at.four;
	if (*host == '\0' || strcmp(host, "*") == 0 || strcmp(host, "localhost") == 0 || strcmp(host, "0.0.0.0") == 0)
		out->at.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (inet_pton(AF_INET, host, &out->at.four.sin_addr) != 1)
		return -1;
	return ntohl(out->at.four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET ? 0 : -1;
}

// "http://127.0.0.1:8080/"
static int address_from_url(struct site_address *out, const char *url, struct err *e)
{
	out->tls = strncasecmp(url, "https://", 8) == 0;
	if (!out->tls && strncasecmp(url, "http://", 7) != 0)
		return err_set(e, ERR_INPUT, "--url takes http://127.0.0.1:PORT/ or https://127.0.0.1:PORT/");
	url += out->tls ? 8 : 7;
	snprintf(out->name, sizeof out->name, "%.*s", (int)strcspn(url, "/?#"), url);
	if (address_read(out, out->name, out->tls ? "443" : "80") != 0)
		return err_set(e, ERR_INPUT, "only a site on this machine's loopback is asked");
	return 0;
}

// nginx's listen: "443", "[::]:443", "127.0.0.1:8080", "unix:/run/x.sock".
static int address_from_nginx(const struct check *c, struct site_address *out, struct err *e)
{
	const struct nginx_directive *root = c->nginx != NULL ? nginx_conf_root(c->nginx) : NULL, *listen = NULL;

	for (const struct nginx_directive *d = root; d != NULL; d = nginx_directive_next(root, d)) {
		if (!nginx_directive_is(d, "server") || !nginx_passes_requests(d) || (listen = nginx_directive_in(d, "listen")) == NULL)
			continue;
		const char *to = nginx_word(listen, 0), *name = nginx_word(nginx_directive_in(d, "server_name"), 0);
		bool local = strncmp(to, "unix:", 5) == 0, fits = strlen(to + 5 * local) < sizeof out->at.local.sun_path;
		snprintf(out->name, sizeof out->name, "%s", *name && strcmp(name, "_") != 0 ? name : "localhost");
		out->tls = nginx_has_word(listen, "ssl");
		out->proxied = nginx_has_word(listen, "proxy_protocol");
		if (local && fits) {
			out->at.local.sun_family = AF_UNIX;
			snprintf(out->at.local.sun_path, sizeof out->at.local.sun_path, "%s", to + 5);
			out->len = sizeof out->at.local;
			return 0;
		}
		return !local && address_read(out, to, "80") == 0
			   ? 0
			   : err_set(e, ERR_INPUT, "nginx listens on %s, which is not on this machine's loopback", to);
	}
	return err_set(e, ERR_INPUT, "nginx's configuration does not say where the site is");
}

// ---- one request ----

static void bio_end(BIO **b)
{
	BIO_free_all(*b);
}

// Sends GET `path` and appends the head of the answer (up to the empty line) to *out. ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_INPUT (not HTTP). Who
// answers on our own loopback is not in question, so the certificate is not looked at.
static int site_ask(const struct site_address *site, const char *path, struct buf *out, struct err *e)
{
	const struct timeval patience = {.tv_sec = SITE_SECONDS};
	BUF_AUTO struct buf request = BUF_INIT(2048);
	char *end = NULL;
	int fd = socket(site->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	__attribute__((cleanup(bio_end))) BIO *way = fd >= 0 ? BIO_new_socket(fd, BIO_CLOSE) : NULL;

	if (way == NULL)
		return err_system(e, ERR_UNAVAILABLE, errno, "no socket");
	if (buf_printf(&request, "GET %s HTTP/1.0\r\nHost: %s\r\nAccept: text/html\r\nUser-Agent: lethe-check\r\n\r\n", path, site->name) !=
	    0)
		return err_set(e, ERR_INPUT, "the request is too long");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, &site->at.any, site->len) < 0)
		return err_system(e, ERR_UNAVAILABLE, errno, "the site does not answer");
	if (site->proxied && fd_write_all(fd, PROXIES_LINE, strlen(PROXIES_LINE)) != 0)
		return err_system(e, ERR_UNAVAILABLE, errno, "the site takes no request");
	if (site->tls) {
		SSL_CTX *context = SSL_CTX_new(TLS_client_method());
		BIO *tls = context != NULL ? BIO_new_ssl(context, 1) : NULL;
		SSL *session = NULL;
		SSL_CTX_free(context);
		if (tls != NULL)
			way = BIO_push(tls, way);
		if (tls == NULL || BIO_get_ssl(tls, &session) != 1 || SSL_set_tlsext_host_name(session, site->name) != 1)
			return err_set(e, ERR_MEMORY, "no TLS here");
		if (BIO_do_handshake(way) != 1)
			return err_set(e, ERR_UNAVAILABLE, "the site answers, but TLS cannot be agreed on");
	}
	signal(SIGPIPE, SIG_IGN); // one that hangs up is an answer too
	if (BIO_write(way, request.data, (int)request.len) != (int)request.len)
		return err_set(e, ERR_UNAVAILABLE, "the site took no request");
	while (out->data == NULL || (end = strstr(out->data, "\r\n\r\n")) == NULL) {
		char *to = buf_reserve(out, READ_BYTES);
		int n = to != NULL ? BIO_read(way, to, READ_BYTES) : 0;
		if (to == NULL)
			return err_set(e, ERR_INPUT, "the head of the answer is too long");
		if (n <= 0)
			return n < 0 && errno == EAGAIN ? err_set(e, ERR_TIMEOUT, "the site did not answer within %d s", SITE_SECONDS)
							: err_set(e, ERR_UNAVAILABLE, "the answer ended early");
		buf_took(out, (size_t)n);
	}
	end[2] = '\0';
	out->len = (size_t)(end - out->data) + 2;
	return strncmp(out->data, "HTTP/1.", 7) == 0 ? 0 : err_set(e, ERR_INPUT, "what answers does not speak HTTP");
}

// The value of the n-th header of that name in a head, appended to *out. -1 when there is none.
static int head_value(const char *head, const char *name, size_t n, struct buf *out)
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

// ---- what it sends ----

static void check_path(struct check *c, const struct site_address *site, const char *path)
{
	BUF_AUTO struct buf head = BUF_INIT(PARAMS_BYTES_MAX), wanted = BUF_INIT(PARAMS_BYTES_MAX), sent = BUF_INIT(PARAMS_BYTES_MAX);
	struct err e = {0};

	if (site_ask(site, path, &head, &e) != 0) {
		check_add(c, CHECK_UNSURE, "Start the site, or name it with --url; with --offline it is not asked.", "%s: %s", path,
			  e.text);
		return;
	}
	const char *text = buf_text(&head);
	headers_csp(c->policy, &wanted);
	if (head_value(text, "Content-Security-Policy", 0, &sent) != 0)
		check_add(c, CHECK_BROKEN, PUBLISH, "%s comes without a Content-Security-Policy", path);
	else if (strcmp(buf_text(&sent), buf_text(&wanted)) != 0)
		check_add(c, CHECK_BROKEN, PUBLISH, "%s comes with a Content-Security-Policy that is not the policy's", path);
	for (size_t n = 0; n < COOKIES_MAX; n++) {
		BUF_AUTO struct buf cookie = BUF_INIT(PARAMS_BYTES_MAX);
		bool declared = false;
		if (head_value(text, "Set-Cookie", n, &cookie) != 0)
			break;
		cookie.data[strcspn(buf_text(&cookie), "=; ")] = '\0';
		for (size_t i = 0; i < c->policy->cookie_count; i++)
			declared |= strcmp(c->policy->cookies[i].name, buf_text(&cookie)) == 0;
		if (!declared)
			check_add(c, CHECK_BROKEN, "Find what sets it and remove it, or declare the cookie.",
				  "%s sets the cookie %.64s, which the policy does not declare", path, buf_text(&cookie));
	}
	if (strncmp(text + 8, " 200", 4) != 0)
		check_add(c, CHECK_BROKEN, "See what the programs say in the journal.", "%s is answered with %.4s", path, text + 8);
	if (site->tls && head_value(text, "Strict-Transport-Security", 0, &sent) != 0)
		check_add(c, CHECK_BROKEN, "Include headers.conf there.", "%s comes without Strict-Transport-Security", path);
}

static void check_sent(struct check *c)
{
	struct site_address site = {0};
	struct err e = {0};

	if (c->offline) {
		check_add(c, CHECK_EMPTY, "", "the site was not asked (--offline)");
		return;
	}
	if ((c->url != NULL ? address_from_url(&site, c->url, &e) : address_from_nginx(c, &site, &e)) < 0) {
		check_add(c, CHECK_UNSURE, "Name the site with --url http://127.0.0.1:PORT/; with --offline it is not asked.", "%s",
			  e.text);
		return;
	}
	check_path(c, &site, "/");
	if (!c->bad)
		check_path(c, &site, "/healthz");
	if (!c->bad)
		check_add(c, CHECK_KEPT, "", "pages and programs send the policy's headers, and no cookie but those it declares");
}

const struct check_row check_sent_rows[] = {
    {"sent", "Browsers get the headers and cookies that the policy declares, and no others.", NEEDS_POLICY, check_sent, NULL},
    {0},
};
