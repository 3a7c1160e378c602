// SPDX-License-Identifier: ISC
// What the site sends to a visitor, asked as a visitor would: once for a page, once for a program.
#include "admin/ask_site.h"
#include "admin/check.h"
#include "admin/nginx_conf.h"
#include "policy/base/limits.h"
#include "policy/publish/documents/documents.h"
#include <stdio.h>
#include <string.h>

enum { COOKIES_MAX = 32 };
#define PUBLISH "Run lethe publish, then reload nginx."

static int address_from_nginx(const struct check *c, struct ask_address *out, struct err *e)
{
	const struct nginx_directive *root = c->nginx != NULL ? nginx_conf_root(c->nginx) : NULL;

	for (const struct nginx_directive *d = root; d != NULL; d = nginx_directive_next(root, d)) {
		if (!nginx_directive_is(d, "server") || !nginx_passes_requests(d))
			continue;
		const struct nginx_directive *listen = nginx_directive_in(d, "listen");
		if (listen != NULL)
			return ask_address_from_listen(out, nginx_word(listen, 0), nginx_has_word(listen, "ssl"),
						       nginx_word(nginx_directive_in(d, "server_name"), 0), e);
	}
	return err_set(e, ERR_INPUT, "nginx's configuration does not say where the site is");
}

static void check_path(struct check *c, const struct ask_address *site, const char *path)
{
	BUF_AUTO struct buf head = BUF_INIT(PARAMS_BYTES_MAX), wanted = BUF_INIT(PARAMS_BYTES_MAX), sent = BUF_INIT(PARAMS_BYTES_MAX);
	struct err e = {0};

	if (ask_site(site, path, &head, &e) != 0) {
		check_add(c, CHECK_UNSURE, "Start the site, or name it with --url; with --offline it is not asked.", "%s: %s", path,
			  e.text);
		return;
	}
	const char *text = buf_text(&head);
	headers_csp(c->policy, &wanted);
	if (ask_header(text, "Content-Security-Policy", 0, &sent) != 0)
		check_add(c, CHECK_BROKEN, PUBLISH, "%s comes without a Content-Security-Policy", path);
	else if (strcmp(buf_text(&sent), buf_text(&wanted)) != 0)
		check_add(c, CHECK_BROKEN, PUBLISH, "%s comes with a Content-Security-Policy that is not the policy's", path);
	for (size_t n = 0; n < COOKIES_MAX; n++) {
		BUF_AUTO struct buf cookie = BUF_INIT(PARAMS_BYTES_MAX);
		bool declared = false;
		if (ask_header(text, "Set-Cookie", n, &cookie) != 0)
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
	if (site->tls && ask_header(text, "Strict-Transport-Security", 0, &sent) != 0)
		check_add(c, CHECK_BROKEN, "Include headers.conf there.", "%s comes without Strict-Transport-Security", path);
}

static void check_sent(struct check *c)
{
	struct ask_address site = {0};
	struct err e = {0};

	if (c->offline) {
		check_add(c, CHECK_KEPT, "", "the site was not asked (--offline)");
		return;
	}
	if ((c->url != NULL ? ask_address_from_url(&site, c->url, &e) : address_from_nginx(c, &site, &e)) < 0) {
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
    {"sent", "Browsers get the headers and cookies that the policy declares, and no others.", true, false, check_sent},
    {0},
};
