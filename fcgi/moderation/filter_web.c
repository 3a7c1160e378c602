// SPDX-License-Identifier: ISC
// Addresses of machines, and addresses of pages that name a user.
#include "fcgi/moderation/filter_lexicon.h"
#include "fcgi/moderation/filter_numbers.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include <arpa/inet.h>
#include <string.h>

enum { URL_MAX = 2048, HOST_MAX = 255, IPV6_MAX = 45, THING_WORDS = 3, TRIES = 3 };

// ---- machines ----

static size_t ipv4_at(const struct folded *f, size_t i)
{
	const char *s = f->text;

	if (i > 0 && (s[i - 1] == '.' || s[i - 1] == '-'))
		return 0;
	for (unsigned octet = 0; octet < 4; octet++) {
		unsigned v = 0;
		size_t from = i;
		if (octet > 0 && s[i++] != '.')
			return 0;
		for (from = i; fold_is_digit(s[i]) && i - from < 4; i++)
			v = v * 10 + (unsigned)(s[i] - '0');
		if (i == from || v > 255 || (s[from] == '0' && i - from > 1))
			return 0;
	}
	return !(s[i] == '.' && fold_is_digit(s[i + 1])) && fold_parts(f, i) ? i : 0;
}

static size_t ipv6_at(const struct folded *f, size_t i)
{
	const char *s = f->text;
	char text[IPV6_MAX + 1];
	struct in6_addr address;
	size_t len = 0;
	unsigned colons = 0, digits = 0;

	while (len <= IPV6_MAX && s[i + len] != '\0' && strchr("0123456789abcdef:.", s[i + len]) != NULL)
		len++;
	if (len > IPV6_MAX || !fold_parts(f, i + len))
		return 0;
	while (len > 0 && (s[i + len - 1] == '.' || (s[i + len - 1] == ':' && len > 1 && s[i + len - 2] != ':')))
		len--;
	memcpy(text, s + i, len);
	text[len] = '\0';
	for (size_t k = 0; k < len; k++) {
		colons += text[k] == ':';
		digits += fold_is_digit(text[k]);
	}
	return colons >= 2 && digits > 0 && inet_pton(AF_INET6, text, &address) == 1 ? i + len : 0;
}

// ---- pages ----

static bool url_char(const struct folded *f, size_t i)
{
	return i < f->len && f->text[i] > ' ' && f->text[i] != FOLD_OTHER && strchr("\"'<>{}|\\^`,;()[]", f->text[i]) == NULL;
}

// Where people are users: the first part of a path is a name there, unless it is one of the others.
static bool host_social(const char *s, size_t len)
{
	static const char *const hosts[] = {
	    "facebook.com", "instagram.com", "twitter.com",  "x.com",           "github.com",   "gitlab.com", "tiktok.com",
	    "t.me",         "linkedin.com",  "xing.com",     "weibo.com",       "medium.com",   "vk.com",     "threads.net",
	    "behance.net",  "dribbble.com",  "flickr.com",   "pinterest.com",   "snapchat.com", "reddit.com", "youtube.com",
	    "zhihu.com",    "douban.com",    "bilibili.com", "mastodon.social", "patreon.com"};

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		size_t n = strlen(hosts[i]);
		if (len >= n && strncmp(s + len - n, hosts[i], n) == 0 && (len == n || s[len - n - 1] == '.'))
			return true;
	}
	return false;
}

// Whether a path names a user. `social`: on such a host.
static bool path_names_user(const char *s, size_t len, bool social)
{
	static const char before[] =
	    "user users u profile profiles profil perfil member author autor auteur people in usuario utilisateur nutzer "
	    "benutzer space accounts account";
	static const char others[] =
	    "about explore p watch search hashtag help login topics features pricing blog jobs legal policy r groups "
	    "events pages share home settings";
	static const char *const queries[] = {"user=", "username=", "uid=", "login=", "userid=", "user_id=", "name="};

	for (size_t i = 0, segment = 0; i < len && s[i] == '/'; segment++) {
		size_t from = ++i;
		while (i < len && s[i] != '/' && s[i] != '?' && s[i] != '#')
			i++;
		size_t n = i - from;
		if (n > 1 && (s[from] == '~' || s[from] == '@'))
			return true;
		bool next = i + 1 < len && s[i] == '/' && s[i + 1] != '/' && s[i + 1] != '?';
		if (next && text_among(before, s + from, n))
			return true;
		if (social && segment == 0 && n > 0 && !text_among(others, s + from, n))
			return true;
	}
	const char *query = memchr(s, '?', len);
	for (size_t i = 0; query != NULL && i < ARRAY_LEN(queries); i++) {
		const char *found = memmem(query, len - (size_t)(query - s), queries[i], strlen(queries[i]));
		if (found != NULL && strchr("?&", found[-1]) != NULL)
			return true;
	}
	return false;
}

// Where the address that begins at i ends; 0: there is none. *user: it names one.
static size_t url_at(const struct folded *f, size_t i, bool *user)
{
	const char *s = f->text;
	size_t end = i, host, scheme;

	for (scheme = i; scheme - i < 8 && s[scheme] >= 'a' && s[scheme] <= 'z'; scheme++)
		continue;
	scheme = strncmp(s + scheme, "://", 3) == 0 ? scheme + 3 : i;
	while (url_char(f, end) && end - i < URL_MAX)
		end++;
	while (end > scheme && strchr(".!?:", s[end - 1]) != NULL) // the sentence's
		end--;
	for (host = scheme; host < end && strchr("/?#", s[host]) == NULL; host++)
		continue;
	const char *at = memchr(s + scheme, '@', host - scheme), *dot = memchr(s + scheme, '.', host - scheme);
	bool letters = host > scheme + 1 && !fold_is_digit(s[host - 1]);
	if (dot == NULL || host - scheme > HOST_MAX || (scheme == i && (at != NULL || !letters || host == end)))
		return 0;
	*user = (scheme > i && at != NULL) || path_names_user(s + host, end - host, host_social(s + scheme, host - scheme));
	return end;
}

int filter_web(const struct folded *f, struct filter_hits *hits)
{
	unsigned tries = 0; // in the run of characters that an address may have: it begins there, or after "site:"

	for (size_t i = 0; i < f->len; i++) {
		char c = f->text[i];
		bool begins = i == 0 || fold_parts(f, i - 1), user = false, run = i > 0 && url_char(f, i - 1);
		bool letter = (c >= 'a' && c <= 'z') || fold_is_digit(c);
		size_t end = 0;
		tries = run ? tries : 0;
		if (begins && letter && (!run || f->text[i - 1] == ':' || f->text[i - 1] == '=') && tries < TRIES) {
			end = url_at(f, i, &user);
			tries++;
		}
		if (user && filter_hits_add(hits, FILTER_USER_PAGE, f->at[i], f->at[end]) != 0)
			return -1;
		if (end > 0) { // nothing else is in it, but perhaps the address of a machine
			size_t slash = i;
			while (slash < end && f->text[slash] != '/')
				slash++;
			i = user || slash == end ? end - 1 : slash + 1;
			continue;
		}
		end = begins && fold_is_digit(c) ? ipv4_at(f, i) : 0;
		if (end == 0 && (begins || c == ':') && (i == 0 || f->text[i - 1] != ':') && strchr("0123456789abcdef:", c) != NULL)
			end = ipv6_at(f, i);
		if (end == 0 || lexicon_before(f, i, LEXICON_THINGS, LEXICON_THINGS_HOW, THING_WORDS))
			continue;
		if (filter_hits_add(hits, FILTER_IP_ADDRESS, f->at[i], f->at[end]) != 0)
			return -1;
		i = end - 1;
	}
	return 0;
}
