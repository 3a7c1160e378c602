// SPDX-License-Identifier: ISC
// The response headers that follow from the policy, as files that nginx includes, and what stands in /.well-known.
#include "policy/base/array.h"
#include "policy/base/proxies.h"
#include "policy/base/requests.h"
#include "policy/base/text.h"
#include "policy/publish/api_error.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/address.h"
#include <stdio.h>
#include <string.h>

#define WRITTEN "# Written by `lethe publish` from the policy. Changes are lost.\n"

// What a page may load: from this site, and what the policy declares. `own` is what the site's own pages need.
static const struct {
	const char *directive, *own;
	enum policy_resource resource;
} sources[] = {
    {"script-src", "'self'", RESOURCE_SCRIPT},   {"style-src", "'self'", RESOURCE_STYLE},           {"font-src", "'self'", RESOURCE_FONT},
    {"connect-src", "'self'", RESOURCE_CONNECT}, {"img-src", "'self' blob: data:", RESOURCE_IMAGE}, {"frame-src", NULL, RESOURCE_FRAME},
};

static int csp_with(const struct policy *p, const char *scripts, const char *styles, struct buf *out)
{
	buf_adds(out, "default-src 'none'");
	for (size_t row = 0; row < ARRAY_LEN(sources); row++) {
		bool any = sources[row].own != NULL;
		if (any)
			buf_printf(out, "; %s %s%s", sources[row].directive, sources[row].own,
				   sources[row].resource == RESOURCE_SCRIPT  ? scripts
				   : sources[row].resource == RESOURCE_STYLE ? styles
									     : "");
		for (size_t i = 0; i < p->third_party_count; i++) {
			const struct policy_third_party *a = &p->third_parties[i];
			if (a->type != sources[row].resource)
				continue;
			if (!any)
				buf_printf(out, "; %s", sources[row].directive);
			any = true;
			buf_addc(out, ' ');
			header_value(out, a->origin);
		}
	}
	return buf_adds(out, "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
}

int headers_csp(const struct policy *p, struct buf *out)
{
	return csp_with(p, "", "", out);
}

void headers_conf(const struct policy *p, struct buf *out)
{
	headers_conf_with(p, "", "", out);
}

void headers_conf_with(const struct policy *p, const char *scripts, const char *styles, struct buf *out)
{
	buf_adds(out, WRITTEN "add_header Content-Security-Policy \"");
	csp_with(p, scripts, styles, out);
	buf_adds(out,
		 "\" always;\n"
		 "add_header X-Content-Type-Options nosniff always;\n"
		 "add_header Referrer-Policy same-origin always;\n"
		 "add_header Permissions-Policy \"accelerometer=(), autoplay=(), browsing-topics=(), camera=(), "
		 "display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), "
		 "identity-credentials-get=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), "
		 "picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()\" "
		 "always;\n"
		 "add_header Cross-Origin-Opener-Policy same-origin always;\n"
		 "add_header Cross-Origin-Resource-Policy same-origin always;\n");
	// Who sends the signal gets pages that say so.
	if (headers_signal(p))
		buf_adds(out, "add_header Vary Sec-GPC always;\n");
	// A page with resources from elsewhere cannot demand that they opt in to being embedded.
	if (p->third_party_count == 0)
		buf_adds(out, "add_header Cross-Origin-Embedder-Policy require-corp always;\n");
}

void headers_clear(const struct policy *p, struct buf *out)
{
	bool cookies = false, storage = false;

	for (size_t i = 0; i < p->cookie_count; i++) {
		cookies = cookies || p->cookies[i].in == STORAGE_COOKIE;
		storage = storage || p->cookies[i].in != STORAGE_COOKIE;
	}
	buf_printf(out, WRITTEN "add_header Clear-Site-Data '\"cache\"%s%s' always;\n", cookies ? ", \"cookies\"" : "",
		   storage ? ", \"storage\"" : "");
}

void headers_connections(const struct policy *p, struct buf *out)
{
	(void)p;
	buf_printf(out, WRITTEN "worker_connections %u;\n", requests_connections(requests_max()));
}

// What cannot be read trusts nobody; `lethe check` says so.
static void proxies_lines(struct buf *out, const char *networks, const char *before, const char *after)
{
	for (size_t len; *networks != '\0'; networks += len + (networks[len] == '\n')) {
		len = strcspn(networks, "\n");
		buf_printf(out, "%s%.*s%s\n", before, (int)len, networks, after);
	}
}

void headers_proxies(const struct policy *p, struct buf *out)
{
	BUF_AUTO struct buf networks = BUF_INIT(256 * 1024);

	(void)p;
	buf_adds(out, WRITTEN);
	if (proxies_read(&networks, NULL) != 0 || networks.len == 0)
		return;
	proxies_lines(out, buf_text(&networks), "set_real_ip_from ", ";");
	buf_printf(out, "real_ip_header %s;\nreal_ip_recursive on;\n", proxies_header());
	// In the place of the one in nginx/snippets/http.conf: of two geo the later one counts.
	buf_adds(out, "geo $realip_remote_addr $lethe_proxy {\ndefault \"\";\n");
	proxies_lines(out, buf_text(&networks), "", " 1;");
	buf_adds(out, "}\n");
}

void headers_cookies(const struct policy *p, struct buf *out)
{
	size_t count = 0;

	buf_adds(out, WRITTEN);
	for (size_t i = 0; i < p->cookie_count; i++) {
		const char *name = p->cookies[i].name;
		// nginx gives a cookie the name of a variable: other names are not for our programs, but that of consents (nginx/snippets/http.conf).
		if (p->cookies[i].in == STORAGE_COOKIE && strcmp(name, CONSENTS_COOKIE) == 0)
			buf_printf(out, "%s%s=$lethe_consent", count++ == 0 ? "fastcgi_param HTTP_COOKIE \"" : "; ", name);
		else if (p->cookies[i].in == STORAGE_COOKIE && *name != '\0' &&
			 name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0')
			buf_printf(out, "%s%s=$cookie_%s", count++ == 0 ? "fastcgi_param HTTP_COOKIE \"" : "; ", name, name);
	}
	buf_adds(out, count > 0 ? "\";\n" : "fastcgi_hide_header Set-Cookie;\n");
}

bool headers_signal(const struct policy *p)
{
	const struct policy_right *right = policy_right(p, RIGHT_OPT_OUT_OF_SALE);

	return right != NULL && right->signal == SIGNAL_GPC;
}

// Global Privacy Control: only where the policy says that the signal counts is it said to be honoured. Elsewhere nothing is said of it.
void headers_gpc(const struct policy *p, struct buf *out)
{
	char updated[WHEN_DATE];

	when_date(updated, p->updated);
	buf_printf(out, "{%s\"lastUpdate\": \"%s\"}\n", headers_signal(p) ? "\"gpc\": true, " : "", updated);
}

// RFC 9116. Expires moves in steps of 90 days, so that publishing again changes nothing until a step is reached, and always lies between
// 180 and 270 days ahead: the file is renewed long before it would expire.
void headers_security(const struct policy *p, time_t now, struct buf *out)
{
	const time_t step = 90 * 86400;
	char expires[WHEN_TEXT];

	when_text(expires, (now / step + 3) * step);
	buf_adds(out, "Contact: mailto:");
	header_value(out, p->contact);
	buf_printf(out, "\nExpires: %s\nPreferred-Languages: ", expires);
	for (size_t i = 0; i < p->language_count; i++) {
		buf_adds(out, i > 0 ? ", " : "");
		header_value(out, p->languages[i].id);
	}
	buf_addc(out, '\n');
	if (p->controller.web != NULL) {
		BUF_AUTO struct buf base = BUF_INIT(2048);
		address_site(p, &base);
		buf_printf(out, "Canonical: %s/.well-known/security.txt\n", buf_text(&base));
	}
}

// Of "zh-Hans" the length of "zh".
static int language_name_length(const char *code)
{
	return (int)strcspn(code, "-");
}

void headers_problems(const struct policy *p, struct buf *out)
{
	static const struct {
		int status;
		const char *slug, *key;
	} rows[] = {{400, "bad-request", "problem.bad-request"},
		    {404, "not-found", "problem.not-found"},
		    {405, "method-not-allowed", "problem.method-not-allowed.any"},
		    {412, "precondition-failed", "problem.precondition-failed"},
		    {413, "body-too-large", "problem.body-too-large.any"},
		    {414, "address-too-long", "problem.address-too-long"},
		    {416, "range-not-satisfiable", "problem.range-not-satisfiable"},
		    {421, "wrong-site", "problem.wrong-site"},
		    {429, "too-many-requests", "problem.too-many-requests"},
		    {431, "headers-too-large", "problem.headers-too-large"},
		    {500, "internal", "problem.internal.ours"},
		    {501, "not-implemented", "problem.not-implemented"},
		    {503, "unavailable", "problem.unavailable"},
		    {504, "timeout", "problem.timeout"},
		    {505, "http-version", "problem.http-version"}};

	buf_adds(out, WRITTEN);
	// Of the site's languages the one that the visitor names first; nginx knows nothing of their weights.
	buf_adds(out, "map $http_accept_language $lethe_language {\n\tdefault \"\";\n");
	for (size_t i = 1; i < p->view_count; i++) {
		const char *language = p->views[i]->language;
		buf_adds(out, "\t\"~*^(?:(?!\\b(?:");
		for (size_t j = 0, others = 0; j < p->view_count; j++)
			if (j != i)
				buf_printf(out, "%s%.*s", others++ > 0 ? "|" : "", language_name_length(p->views[j]->language),
					   p->views[j]->language);
		buf_printf(out, ")\\b).)*\\b%.*s\\b\" \".%s\";\n", language_name_length(language), language, language);
	}
	buf_adds(out, "}\n");
	// One map for all: nginx clears a megabyte for each while it reads its configuration.
	buf_adds(out, "map $status$lethe_language$lethe_api $lethe_problem {\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t j = 0; j < p->view_count; j++) {
			const struct policy *view = p->views[j];
			char key[24], type[64];
			BUF_AUTO struct buf text = BUF_INIT(8192), detail = BUF_INIT(4096);
			snprintf(key, sizeof key, "status.%d", rows[i].status);
			snprintf(type, sizeof type, "/problems/%s", rows[i].slug);
			word_fill(&detail, NULL, word(view, rows[i].key), WORD_VALUES({"contact", view->contact}));
			JSON_AUTO cJSON *o =
			    json_make(JSON_MEMBERS(MEMBER_TEXT("type", type), MEMBER_TEXT("title", word(view, key)),
						   MEMBER_NUMBER("status", rows[i].status), MEMBER_TEXT("detail", buf_text(&detail))));
			JSON_AUTO cJSON *error = api_error_object(o);
			for (unsigned api = 0; api < 2; api++) { // as a problem document, and in the shape of the API
				buf_reset(&text);
				json_print(&text, api ? error : o);
				buf_printf(out, "\t%d%s%s%s '", rows[i].status, j > 0 ? "." : "", j > 0 ? view->language : "",
					   api ? ".v1" : "");
				for (const char *c = buf_text(&text), *next; *c != '\0'; c = next) {
					next = c + 1 + strcspn(c + 1, "\\'");
					buf_adds(out, *c == '\\' || *c == '\'' ? "\\" : "");
					buf_add(out, c, (size_t)(next - c));
				}
				buf_adds(out, "\\n';\n");
			}
		}
	}
	buf_adds(out, "}\n");
}
