// SPDX-License-Identifier: ISC
// What the site holds, sends and answers now, and each sentence of the notice with what keeps it: /privacy/live.json, and what its page is made of.
#ifndef LETHE_RIGHTS_LIVE_FIGURES_H
#define LETHE_RIGHTS_LIVE_FIGURES_H

#include "policy/base/json.h"
#include "policy/publish/words/words.h"
#include "policy/vault/vault.h"

void live_figures_loaded(void); // this program has read the policy now
// {site, at, policy {version, sha256}, last_prune, late, kinds[], requests {open, late, ended, in_time}, authorities[{year, asked, given, nothing, refused}],
// ledger {size, signed_size, signed, key, past_keys[{key, until_size, until}]},
// check {at, kept, broken, unsure}, statements[{id, section, heading, group, text, kept_by "program" | "people" | "nothing yet", how, functions,
// test, state "kept" | "broken" | "unknown", figure, meter {value, max}, check {name, result, at}}]}; times are UTC, absent ones null; words are in
// the language of the request. The caller frees.
cJSON *live_figures(struct vault *v, const struct policy *p, struct err *e);

// "28 November 2026, 12:00 UTC"; "not yet" for 0. It lasts until the block ends in which it is written.
enum { MOMENT = WORD_DAY + 16 };
const char *live_moment(char out[MOMENT], time_t t, const struct policy *p);
#define MOMENT_WORDS(t, p) live_moment((char[MOMENT]){0}, t, p)

#endif
