// SPDX-License-Identifier: ISC
// The second part of the policy: what only the notice, the lists and the registers need. Everything here is in one language
// (`language`; policy_language() has the others) and belongs to the document. Strings are never NULL unless said; arrays go with their count.
#ifndef LETHE_MODEL_TEXT_H
#define LETHE_MODEL_TEXT_H

#include "policy/base/when.h"
#include "policy/model/policy.h"
#include <stdbool.h>
#include <stddef.h>

// Text for people: runs of words, some of them emphasised or linked. Declared facts (<life-of>, <age> …) are already words here.
enum run_type { RUN_TEXT, RUN_EMPHASIS, RUN_LINK };
struct run {
	enum run_type type;
	const char *text;
	const char *to; // a link's target: https://…, /path, #id or mailto:…; NULL for the others
};
struct prose {
	const struct run *runs;
	size_t count; // 0: the policy says nothing here
};
struct prose_list {
	const struct prose *items;
	size_t count;
};
struct text_list {
	const char *const *items; // NULL-terminated
	size_t count;
};

struct version_change {
	struct prose what;
	bool material;
};
struct policy_version {
	const char *id;
	time_t effective, updated;
	const struct version_change *changes;
	size_t change_count;
	int line;
};

struct service {               // what the site does
	struct text_list by;   // website | api | dashboard
	struct text_list from; // description | url | upload | prompt | post
	struct text_list to;   // images | archive | description
	struct prose what;
	int line; // 0: the policy does not say
};

struct party {                                                     // name NULL: the policy names none
	const char *name, *mail, *phone, *web, *country, *address; // all but the name may be NULL
	int line;
};

struct named {
	const char *id, *name;
};

struct purpose {
	const char *id, *basis;
	const char *consent; // NULL: none
	struct prose what, interest;
	int line;
};

struct life {
	struct duration length;
	bool has_length;
	enum start_event start;
	enum ending ending;
	const char *lasts_while; // account | service | saved | consent; NULL: unconditional
	const char *unless;      // the same words; NULL: always
	bool hold;               // a legal hold may lengthen it
	bool ends_on_erasure;    // an erasure request ends this reason to keep it
	struct prose reason;
	int line;
};

struct kind_text {
	enum kind kind;
	const char *name, *source;
	bool needed; // the service cannot work without it
	struct prose what, where;
	struct text_list categories, subjects, purposes; // the last two: ids
	const struct life *lives;
	size_t life_count;
	struct duration longest; // in memory: at most this long
	bool has_longest;
	int line;
};

struct region {
	const char *id, *country, *place;
	int line;
};
struct safeguard {
	const char *type;
	const char *copy; // where to read it; NULL
	struct prose what;
	int line;
};
struct processor_text { // same order as promise.processors
	const char *id, *brand, *standing;
	const char *use;                // primary | backup | choice
	struct text_list roles;         // text, image, description, hosting, storage, network, mail, payment, analytics, support
	const char *policy, *agreement; // NULL: not given
	struct text_list purposes, never, ask;
	const struct region *regions;
	size_t region_count;
	const struct safeguard *safeguards;
	size_t safeguard_count;
	struct prose training, retention;
	struct duration keeps; // the longest it keeps what it got
	bool has_keeps, anonymised;
	time_t added, effective, removed; // removed 0: in use
	int line;
};

struct cookie_text {    // same order as promise.cookies
	const char *in; // cookie | local | session
	struct duration lasts;
	bool has_lasts;
	const char *consent; // NULL: none
};
struct third_party {
	const char *origin, *type, *purpose;
	const char *processor; // NULL: none
	int line;
};

struct right_answer {
	const char *regime;
	bool statutory;
	struct duration within;
	int line;
};
struct right_text { // same order as promise.rights
	const char *name, *who, *verify;
	bool self_service;
	struct prose how;
	const struct right_answer *answers;
	size_t answer_count;
};
struct consent {
	const char *id, *form;
	struct prose what, withdraw;
	int line;
};
struct content_text {
	const char *id, *action;
	struct prose what;
	int line;
};
struct claim { // a negative promise
	const char *id;
	const char *kind, *processor; // NULL: the whole site
	struct prose what;
	int line;
};

enum block_type { BLOCK_PARAGRAPH, BLOCK_LIST, BLOCK_INSERT };
struct block {
	enum block_type type;
	struct prose prose;
	struct prose_list items;
	const char *insert; // which declared part stands here
};
struct section {
	const char *id, *title;
	const struct block *blocks;
	size_t block_count;
	int line;
};

struct policy_text {
	const char *language; // "en"
	struct service service;
	const struct named *languages;
	size_t language_count;
	const struct policy_version *versions; // newest first; the first one is this document
	size_t version_count;
	struct party controller, representative, officer, authority;
	const struct named *subjects;
	size_t subject_count;
	const struct purpose *purposes;
	size_t purpose_count;
	const struct kind_text *kinds; // in the policy's order
	size_t kind_count;
	const struct processor_text *processors;
	struct prose page_fetch, cookies_what, third_parties_what;
	const struct cookie_text *cookies;
	const struct third_party *third_parties;
	size_t third_party_count;
	const struct right_text *rights;
	const struct consent *consents;
	size_t consent_count;
	struct prose minimum_age;
	bool minors_deleted; // a younger person's data is deleted when it is found
	const struct content_text *content;
	size_t content_count;
	struct prose_list advice_paste, advice_publish, security;
	bool automated_used, automated_legal_effect;
	struct prose automated;
	const struct claim *claims;
	size_t claim_count;
	struct prose changes, law_enforcement, lead;
	struct duration notice;                           // how long before a material change is announced
	struct text_list changes_by, changes_material_by; // effective-date | prominent-notice | banner | mail | in-app
	bool use_accepts;                                 // going on to use the site accepts a changed policy
	const char *law_enforcement_answers;              // valid-requests | required-by-law; NULL: not stated
	const struct section *sections;
	size_t section_count;
	struct arena *arena; // owns every string and array of the document
};

bool word_listed(const char *const *list, const char *word); // `list`: NULL-terminated
bool text_listed(const struct text_list *list, const char *word);
const struct kind_text *kind_text_of(const struct policy *p, enum kind kind); // NULL when undeclared
const struct purpose *purpose_of(const struct policy *p, const char *id);     // NULL when undeclared
bool notice_inserts(const struct policy_text *t, const char *what);           // an <insert what="…"/> of a section

#endif
