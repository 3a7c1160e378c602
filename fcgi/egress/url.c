// SPDX-License-Identifier: ISC
#include "fcgi/egress/url.h"
#include "policy/base/buf.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <ctype.h>
#include <idn2.h>
#include <string.h>
#include <strings.h>

#ifdef LETHE_TESTING
static const bool testing = true;
#else
static const bool testing = false;
#endif

static const char user_in_url[] = "The address holds a user name or password. Take it out, with the “@” that follows it.";

// Browsers show a name in its own letters and copy it in its plain form.
static const char host_not_plain[] =
    "The name of the site must be in plain letters, as in https://www.example.com/. For a name with other "
    "letters, open the page, and copy its address from the browser's address bar: it then begins with xn--.";

static void curl_text_free(char **p)
{
	curl_free(*p);
}
#define CURL_TEXT_AUTO __attribute__((cleanup(curl_text_free)))

void url_free(CURLU **u)
{
	curl_url_cleanup(*u);
}

static char *url_component(CURLU *u, CURLUPart what)
{
	char *value = NULL;
	return curl_url_get(u, what, &value, 0) == CURLUE_OK ? value : NULL;
}

// Between "//" and the next "/", "?" or "#" only letters, digits and .-:[] may stand. That ends user names, percent-encoding, back
// slashes, control characters and look-alike letters before any parser could read them in its own way.
static bool authority_plain(const char *authority)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
	size_t len = strspn(authority, plain);
	return len > 0 && (authority[len] == '\0' || strchr("/?#", authority[len]) != NULL);
}

static bool bytes_printable(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p <= 0x20 || *p == 0x7f || *p == '\\')
			return false;
	return true;
}

// Takes over the first argument, which is the base of a reference.
static CURLU *page_from(CURLU *base, const char *text, struct err *e)
{
	URL_AUTO CURLU *u = base;
	if (u == NULL) {
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	// CURLU_URLENCODE: letters outside ASCII in the path travel percent-encoded, as browsers do it.
	if (curl_url_set(u, CURLUPART_URL, text, CURLU_URLENCODE) != CURLUE_OK) {
		err_set(e, ERR_INPUT, "This is not a URL; it should look like https://www.example.com/");
		return NULL;
	}
	CURL_TEXT_AUTO char *scheme = url_component(u, CURLUPART_SCHEME);
	CURL_TEXT_AUTO char *port = url_component(u, CURLUPART_PORT);
	CURL_TEXT_AUTO char *host = url_component(u, CURLUPART_HOST);
	CURL_TEXT_AUTO char *user = url_component(u, CURLUPART_USER);
	CURL_TEXT_AUTO char *password = url_component(u, CURLUPART_PASSWORD);
	CURL_TEXT_AUTO char *zone = url_component(u, CURLUPART_ZONEID);
	if (scheme == NULL || (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0))
		err_set(e, ERR_INPUT, "The URL must begin with http:// or https://.");
	else if (user != NULL || password != NULL)
		err_set(e, ERR_INPUT, "%s", user_in_url);
	else if (host == NULL || strlen(host) > 255 || zone != NULL || !authority_plain(host))
		err_set(e, ERR_INPUT, "%s", host_not_plain);
	else if (port != NULL && strcmp(port, "80") != 0 && strcmp(port, "443") != 0 && !testing)
		err_set(e, ERR_INPUT, "Only the ordinary web ports 80 and 443 can be fetched.");
	else {
		u = NULL;
		return base;
	}
	return NULL;
}

CURLU *url_page(const char *text, struct err *e)
{
	const char *authority = strstr(text, "://");
	if (strlen(text) > URL_BYTES_MAX)
		err_set(e, ERR_INPUT, "The URL is longer than %d bytes.", URL_BYTES_MAX);
	else if (!bytes_printable(text))
		err_set(e, ERR_INPUT, "The URL contains a space, a back slash or a control character.");
	else if (authority != NULL && memchr(authority + 3, '@', strcspn(authority + 3, "/?#")) != NULL) // a path may hold an @
		err_set(e, ERR_INPUT, "%s", user_in_url);
	else if (authority == NULL)
		err_set(e, ERR_INPUT, "The URL must look like https://www.example.com/.");
	else if (!authority_plain(authority + 3))
		err_set(e, ERR_INPUT, "%s", host_not_plain);
	else
		return page_from(curl_url(), text, e);
	return NULL;
}

// Adds the host of an authority ("host" or "host:port") in plain ASCII: percent-encoding undone, other letters as IDNA writes them (UTS 46),
// which also makes ordinary characters of wide ones. What it becomes is judged after that, like any other. -1: it is no host.
static int authority_add(struct buf *out, const char *authority, size_t len)
{
	BUF_AUTO struct buf host = BUF_INIT(1024);
	size_t host_len = len;
	if (memchr(authority, '@', len) != NULL || memchr(authority, '[', len) != NULL)
		return buf_add(out, authority, len); // judged as it is
	for (size_t i = 0; i < len && host_len == len; i++)
		if (authority[i] == ':')
			host_len = i;
	if (url_decode(&host, authority, host_len, false) != 0 || host.len == 0)
		return -1;
	bool ascii = true, plain = true;
	for (size_t i = 0; i < host.len; i++) {
		unsigned char c = (unsigned char)host.data[i];
		ascii = ascii && c < 0x80;
		plain = plain && (c >= 0x80 || isalnum(c) || strchr("-._", c) != NULL);
	}
	if (!plain) // what an escape hid must not end the host
		return -1;
	if (ascii)
		return buf_add(out, host.data, host.len) != 0 || buf_add(out, authority + host_len, len - host_len) != 0 ? -1 : 0;
	char *name = NULL;
	if (idn2_to_ascii_8z(host.data, &name, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return -1;
	int rc = buf_adds(out, name) != 0 || buf_add(out, authority + host_len, len - host_len) != 0 ? -1 : 0;
	idn2_free(name);
	return rc;
}

// The reference as browsers read it: white space around it and line breaks in it go, a back slash is a slash, any number of slashes stands
// before a host, what may not stand in a URL is percent-encoded.
static int redirect_normalise(struct buf *out, const char *location)
{
	BUF_AUTO struct buf plain = BUF_INIT(4 * URL_BYTES_MAX);
	const char *end = location + strlen(location);
	bool path = true;
	while (*location != '\0' && (unsigned char)*location <= ' ')
		location++;
	while (end > location && (unsigned char)end[-1] <= ' ')
		end--;
	for (; location < end; location++) {
		unsigned char c = (unsigned char)*location;
		path = path && c != '?' && c != '#';
		if (c == '\t' || c == '\n' || c == '\r')
			continue;
		if (c == '\\' && path)
			buf_addc(&plain, '/');
		else if (c <= ' ' || c == 0x7f || strchr("\"<>\\", c) != NULL)
			buf_printf(&plain, "%%%02x", c);
		else
			buf_addc(&plain, (char)c);
	}
	const char *s = buf_text(&plain);
	size_t scheme = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
	if (scheme > 0 && s[scheme] == ':') {
		bool web = (scheme == 4 && strncasecmp(s, "http", 4) == 0) || (scheme == 5 && strncasecmp(s, "https", 5) == 0);
		if (!web || s[scheme + 1] != '/')
			return web ? -1 : buf_adds(out, s); // of another scheme: refused as it is
		buf_printf(out, "%.*s://", (int)scheme, s);
		s += scheme + 1;
	} else if (s[0] == '/' && s[1] == '/') {
		buf_adds(out, "//");
	} else {
		return buf_adds(out, s);
	}
	s += strspn(s, "/");
	size_t authority = strcspn(s, "/?#");
	return authority_add(out, s, authority) != 0 || buf_adds(out, s + authority) != 0 ? -1 : 0;
}

CURLU *url_redirect(CURLU *from, const char *location, struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(8 * URL_BYTES_MAX);
	bool normal = strlen(location) <= URL_BYTES_MAX && redirect_normalise(&text, location) == 0;
	const char *plain = buf_text(&text), *rest = strncmp(plain, "//", 2) == 0 ? plain + 2 : NULL, *scheme_end = strstr(plain, "://");
	if (rest == NULL && scheme_end != NULL && strcspn(plain, "/?#") > (size_t)(scheme_end - plain))
		rest = scheme_end + 3;
	if (!normal || !bytes_printable(plain) || (rest != NULL && !authority_plain(rest))) {
		err_set(e, ERR_INPUT, "The page redirects to something that is not a usable URL.");
		return NULL;
	}
	CURLU *u = page_from(curl_url_dup(from), plain, e);
	if (u != NULL)
		curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	return u;
}

static int base_check(CURLU *u, const struct policy_processor *p, char host[256], struct err *e)
{
	CURL_TEXT_AUTO char *scheme = url_component(u, CURLUPART_SCHEME);
	CURL_TEXT_AUTO char *name = url_component(u, CURLUPART_HOST);
	CURL_TEXT_AUTO char *user = url_component(u, CURLUPART_USER);
	CURL_TEXT_AUTO char *fragment = url_component(u, CURLUPART_FRAGMENT);
	if (scheme == NULL || name == NULL || strlen(name) > 255 || user != NULL || fragment != NULL)
		return err_set(e, ERR_INPUT, "it must look like https://host.example.com");
	snprintf(host, 256, "%s", name);
	bool here = strcasecmp(name, "localhost") == 0 || strncmp(name, "127.", 4) == 0 || strcmp(name, "[::1]") == 0;
	if (testing && here && p->standing != STANDING_OWN)
		return 0;
	if (strcasecmp(scheme, "https") != 0 && !(p->standing == STANDING_OWN && here && strcasecmp(scheme, "http") == 0))
		return err_set(e, ERR_INPUT, "it must begin with https://%s", p->standing == STANDING_OWN ? ", or be on this machine" : "");
	// Where one's own server may be is judged by its address, when that is known.
	if (!policy_host_allowed(p, name) && (p->standing != STANDING_OWN || p->hosts.count > 0))
		return err_set(e, ERR_REFUSED, "the policy names no host like \"%.200s\" for the processor \"%s\"", name, p->id);
	return 0;
}

int url_base_check(const char *base, const struct policy_processor *p, char host[256], struct err *e)
{
	URL_AUTO CURLU *u = curl_url();
	if (u == NULL)
		return err_set(e, ERR_MEMORY, "out of memory");
	if (!bytes_printable(base) || curl_url_set(u, CURLUPART_URL, base, 0) != CURLUE_OK)
		return err_set(e, ERR_INPUT, "it must look like https://host.example.com");
	return base_check(u, p, host, e);
}

int url_mail_check(const char *base, const struct policy_processor *p, char host[256], bool *local, bool *implicit, struct err *e)
{
	URL_AUTO CURLU *u = curl_url();
	if (u == NULL)
		return err_set(e, ERR_MEMORY, "out of memory");
	bool plain = bytes_printable(base) && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK;
	CURL_TEXT_AUTO char *scheme = plain ? url_component(u, CURLUPART_SCHEME) : NULL;
	CURL_TEXT_AUTO char *name = plain ? url_component(u, CURLUPART_HOST) : NULL;
	CURL_TEXT_AUTO char *user = plain ? url_component(u, CURLUPART_USER) : NULL;
	CURL_TEXT_AUTO char *path = plain ? url_component(u, CURLUPART_PATH) : NULL;
	CURL_TEXT_AUTO char *query = plain ? url_component(u, CURLUPART_QUERY) : NULL;
	CURL_TEXT_AUTO char *fragment = plain ? url_component(u, CURLUPART_FRAGMENT) : NULL;
	*implicit = scheme != NULL && strcasecmp(scheme, "smtps") == 0;
	if (name == NULL || strlen(name) > 255 || (!*implicit && (scheme == NULL || strcasecmp(scheme, "smtp") != 0)) || user != NULL ||
	    query != NULL || fragment != NULL || (path != NULL && strcmp(path, "/") != 0))
		return err_set(e, ERR_INPUT, "it must look like smtp://mail.example.com:587 or smtps://mail.example.com");
	snprintf(host, 256, "%s", name);
	*local = strcasecmp(name, "localhost") == 0 || strcmp(name, "127.0.0.1") == 0 || strcmp(name, "[::1]") == 0;
	if (!*local && !policy_host_allowed(p, name))
		return err_set(e, ERR_REFUSED, "the policy names no host like \"%.200s\" for the processor \"%s\"", name, p->id);
	return 0;
}

// A URL that has these characters and host, or NULL.
static CURLU *processor_url(const char *text, const struct policy_processor *p, char host[256], struct err *e)
{
	CURLU *u = curl_url();
	if (u == NULL)
		err_set(e, ERR_MEMORY, "out of memory");
	else if (curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK)
		err_set(e, ERR_INPUT, "base URL and path do not make a URL");
	else if (base_check(u, p, host, e) == 0)
		return u;
	curl_url_cleanup(u);
	return NULL;
}

static CURLU *url_joined(const char *base, size_t base_len, const char *path, const struct policy_processor *p, struct err *e)
{
	BUF_AUTO struct buf whole = BUF_INIT(4096);
	char host[256];
	if (path[0] != '/' || !bytes_printable(path) || strchr(path, '#') != NULL || strlen(path) > URL_BYTES_MAX)
		err_set(e, ERR_INPUT, "the call's path must begin with / and be a plain path");
	else if (buf_add(&whole, base, base_len) != 0 || buf_adds(&whole, path) != 0)
		err_set(e, ERR_MEMORY, "out of memory");
	else
		return processor_url(buf_text(&whole), p, host, e);
	return NULL;
}

// Of the base, without the slashes that it ends with.
static size_t base_length(const char *base)
{
	size_t len = strlen(base);
	while (len > 0 && base[len - 1] == '/')
		len--;
	return len;
}

CURLU *url_below(const char *base, const char *path, const struct policy_processor *p, struct err *e)
{
	return url_joined(base, base_length(base), path, p, e);
}

CURLU *url_join(const char *base, const char *path, const struct policy_processor *p, struct err *e)
{
	size_t base_len = base_length(base);
	// The base's own path, without a trailing slash, is left out where `path` already begins with it.
	const char *authority = strstr(base, "://"), *own = authority != NULL ? strchr(authority + 3, '/') : NULL;
	size_t own_len = own != NULL && own < base + base_len ? base_len - (size_t)(own - base) : 0;
	if (own_len > 0 && strncmp(path, own, own_len) == 0 && path[own_len] == '/')
		base_len -= own_len;
	return url_joined(base, base_len, path, p, e);
}

CURLU *url_whole(const char *url, const struct policy_processor *p, char host[256], struct err *e)
{
	const char *authority = strstr(url, "://");
	if (authority == NULL || !bytes_printable(url) || !authority_plain(authority + 3) || strchr(url, '#') != NULL ||
	    strlen(url) > URL_BYTES_MAX) {
		err_set(e, ERR_INPUT, "the call's URL must be a plain one");
		return NULL;
	}
	return processor_url(url, p, host, e);
}
