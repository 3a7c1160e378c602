// SPDX-License-Identifier: ISC
// URLs are read by libcurl's own parser alone, and the parsed form is what libcurl then follows: there is no second opinion to disagree.
#ifndef LETHE_EGRESS_URL_H
#define LETHE_EGRESS_URL_H

#include "policy/base/err.h"
#include "policy/model/policy.h"
#include <curl/curl.h>

void url_free(CURLU **u);
#define URL_AUTO __attribute__((cleanup(url_free)))

// A page that a visitor named: http or https, ports 80 and 443, no user name, a host name in plain ASCII. NULL with ERR_INPUT and words
// for the visitor (which never repeat the URL). The caller frees with curl_url_cleanup().
CURLU *url_page(const char *text, struct err *e);
// Where a redirect from `from` leads, under the same rules. `location` may be relative.
CURLU *url_redirect(CURLU *from, const char *location, struct err *e);

// Base URL of a processor: https (http and any address on loopback in a testing build) and a host that the policy names for it. Of a server of the
// controller's own: https, or http on loopback, and any host if the policy names none: its address is judged when it is connected to.
// ERR_INPUT for what is not a base URL, ERR_REFUSED for a host that is not the processor's. `host` (size 256) gets the host.
int url_base_check(const char *base, const struct policy_processor *p, char host[256], struct err *e);
// The same of a mail server: smtp or smtps (*implicit), with a port or without. On this machine (*local) it may be, whatever the policy names: what leaves
// goes on from there.
int url_mail_check(const char *base, const struct policy_processor *p, char host[256], bool *local, bool *implicit, struct err *e);
// Base and path joined (a path that already begins with the base's own path is not doubled) and checked again: the host must still be
// the processor's. ERR_INPUT, ERR_REFUSED. The caller frees.
CURLU *url_join(const char *base, const char *path, const struct policy_processor *p, struct err *e);
// The same for what is below the base, whatever it is called: nothing of the path is left out.
CURLU *url_below(const char *base, const char *path, const struct policy_processor *p, struct err *e);
// A whole URL, which a processor gave as where its result is, under the same rules. `host` gets its host.
CURLU *url_whole(const char *url, const struct policy_processor *p, char host[256], struct err *e);

#endif
