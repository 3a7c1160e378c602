// SPDX-License-Identifier: ISC
// What is rendered from the policy: notice, lists, headers, pages.
#ifndef LETHE_PUBLISH_PUBLISH_H
#define LETHE_PUBLISH_PUBLISH_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/model/policy.h"

// Writes every static form below `folder`, each file atomically, unchanged files untouched:
//   html/   what nginx serves: index.html (the page), rights.html, privacy.html, privacy.json, subprocessors.{html,json,csv,md,txt,xml},
//           404.html …, assets/, .well-known/{gpc.json,security.txt}
//   programs/frame.html   what the programs put their own pages into
//           each page for people in every language of the policy: index.html in the main one, index.de.html …, programs/frame.de.html
//   nginx/problems.conf  the problem documents that nginx itself answers with
//   nginx/proxies.conf      which proxies may say who the visitor is, from LETHE_TRUSTED_PROXIES
//   nginx/connections.conf  how many connections nginx takes, from LETHE_REQUESTS_MAX and the machine
//   nginx/headers.conf   add_header lines generated from the policy (Content-Security-Policy and the others)
// `templates` holds the page templates and assets (nginx/html). `testing` puts the banner of a test build on every page.
struct publish_result {
	size_t written, unchanged;
};
int publish_all(const struct policy *p, const char *templates, const char *folder, bool testing, struct publish_result *out, struct err *e);

#endif
