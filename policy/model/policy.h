// SPDX-License-Identifier: ISC
// The policy document, read once at start and never changed. Strings and arrays belong to the document; strings are never NULL unless said,
// arrays go with their count. What people read is in one language (`language`); policy_language() has the others.
#ifndef LETHE_MODEL_H
#define LETHE_MODEL_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/base/when.h"
#include "policy/model/kind.h"
#include "policy/model/words.h"
#include <stdbool.h>

// Text for people: runs of words, some of them emphasised or linked. Declared facts (<age> …) are already words here.
enum prose_run_type { RUN_TEXT, RUN_EMPHASIS, RUN_LINK, RUN_LIFE };
struct prose_run {
	enum prose_run_type type;
	const char *text;               // "" for RUN_LIFE, whose words are those of policy/publish
	const struct policy_kind *kind; // RUN_LIFE: how long this one lives; NULL for the others
	const char *to;                 // a link's target: https://…, /path, #id or mailto:…; NULL for the others
};
struct prose {
	const struct prose_run *runs;
	size_t count; // 0: the policy says nothing here
};
struct prose_list {
	const struct prose *items;
	size_t count;
};

struct policy_strings {
	const char *const *items; // NULL-terminated
	size_t count;
};
bool policy_strings_have(const struct policy_strings *list, const char *word);

struct policy_named {
	const char *id, *name;
};

struct policy_version_change {
	struct prose what;
	bool material;
};
struct policy_version {
	const char *id;
	time_t effective, updated;
	const struct policy_version_change *changes;
	size_t change_count;
	int line;
};

struct policy_example {                             // of the start page
	const char *name, *text, *pictures, *style; // pictures "cups": assets/cups-1.webp to cups-4.webp
};
struct policy_service {        // what the site does
	unsigned by, from, to; // sets of enum policy_way_in, policy_material and policy_product
	struct prose what;
	const char *heading, *ask; // of the start page; "" or NULL: its own
	const struct policy_example *examples;
	size_t example_count;
	int line; // 0: the policy does not say
};

struct policy_party {                                              // name NULL: the policy names none
	const char *name, *mail, *phone, *web, *country, *address; // all but the name may be NULL
	int line;
};

struct policy_purpose {
	const char *id;
	enum policy_basis basis;
	const char *consent; // NULL: none
	struct prose what, interest;
	int line;
};

struct policy_life {
	struct duration length;
	bool has_length;
	enum policy_start start;
	enum policy_ending ending;
	enum policy_condition lasts_while, unless; // CONDITION_NONE: unconditional; always
	bool hold;                                 // a legal hold may lengthen it
	bool ends_on_erasure;                      // an erasure request ends this reason to keep it
	struct prose reason;
	int line;
};

struct policy_kind {
	enum kind kind;
	enum policy_keep keep;
	enum policy_place place;
	struct duration memory; // in memory: at most this long; zero: for the request
	bool has_memory;        // whether the policy states it
	enum policy_source source;
	const char *name;
	bool needed; // the service cannot work without it
	struct prose what, where;
	struct policy_strings categories, subjects, purposes; // the last two: ids
	const struct policy_life *lives;
	size_t life_count;
	int line; // of its declaration
};

struct policy_region {
	const char *id, *country, *place; // id: as its vendor writes it: "swedencentral"
	int line;
};
struct policy_safeguard {
	enum policy_safeguard_type type;
	const char *copy; // where to read it; NULL
	struct prose what;
	int line;
};
enum { POLICY_WITHIN_MAX = 8 };
// What may be sent of a kind.
struct policy_received {
	enum kind kind;
	const char *fields; // names of members of the vendor's calls, with a space between two; NULL: any
};
struct policy_processor {
	const char *id;   // "azure-openai", "sketch": also the provider's name in fcgi/provider/
	const char *name; // legal name
	const char *brand, *service;
	enum policy_standing standing;
	const char *purpose;            // its task
	const char *policy, *agreement; // NULL: not given
	const char *privacy_mail;       // where it takes notices about people's rights; NULL: not given
	unsigned roles;                 // set of enum policy_role
	bool local;                     // built in, or a server of the controller's own: nothing leaves
	struct policy_strings hosts;    // "*.example.com" covers one or more labels before it
	struct policy_strings within;   // where the controller's own server is: ranges as in policy/base/address_range.h
	const struct policy_region *regions;
	size_t region_count;
	const struct policy_safeguard *safeguards;
	size_t safeguard_count;
	const struct policy_received *received; // what may be sent to it; as a set:
	size_t received_count;
	kind_set kinds;
	bool trains;     // it may train on what it gets
	unsigned ask;    // set of enum policy_asked: its flags that say so are always sent
	bool anonymised; // what it gets is anonymised first
	enum policy_use use;
	unsigned order; // 1 = primary
	struct policy_strings purposes, never;
	kind_set never_kinds; // what `never` says as kinds
	struct prose training, retention;
	struct duration keeps; // the longest it keeps what it got
	bool has_keeps;
	time_t added, effective, removed; // removed 0: in use
	int line;
};

#define CONSENTS_COOKIE "__Host-consent" // what a browser's consents are found by
struct policy_cookie {
	const char *name, *purpose;
	enum policy_cookie_class class;
	enum policy_storage in;
	struct duration lasts;
	bool has_lasts;
	const char *consent; // NULL: none
	int line;
};
struct policy_third_party {
	const char *origin, *purpose;
	enum policy_resource type;
	const char *processor; // NULL: none
	int line;
};

struct policy_right_answer {
	enum policy_regime regime;
	bool statutory;
	struct duration within;
	int line;
};
struct policy_right {
	enum policy_right_id id;
	bool statutory;         // answered within the statutory time (one month), else within `answer`
	struct duration answer; // the shortest of the answers
	const char *name;
	enum policy_who who;
	enum policy_verify verify;
	bool self_service;
	enum policy_signal signal; // what a browser sends for it, which is read, shown and recorded
	struct prose how;
	const struct policy_right_answer *answers;
	size_t answer_count;
	int line;
};
struct policy_consent {
	const char *id;
	enum policy_consent_form form;
	struct prose what, withdraw;
	int line;
};

struct policy_content_rule {
	enum policy_content id;
	enum policy_action action;
	struct prose what;
	int line;
};

struct policy_claim { // a negative promise
	enum policy_claim_id id;
	enum kind kind;        // KIND_COUNT: of the whole site
	const char *processor; // NULL: the same
	struct prose what;
	int line;
};

enum policy_block_type { BLOCK_PARAGRAPH, BLOCK_LIST, BLOCK_INSERT };
struct policy_block {
	enum policy_block_type type;
	struct prose prose;
	struct prose_list items;
	enum policy_insert insert; // which declared part stands here
};
struct policy_section {
	const char *id, *title;
	const struct policy_block *blocks;
	size_t block_count;
	int line;
};

struct policy_lack {            // a capability that the policy needs and this version does not have
	const char *capability; // "accounts", "provider openai"
	int line;               // of the first word that needs it
};

struct policy {
	const char *file;     // path it was read from
	char sha256[65];      // of the file's bytes, hex
	const char *site;     // "bizimages"
	const char *shown_as; // "BizImages"
	const char *language; // of what people read: "en"
	const char *version;  // id of this version of the policy: "2026-05-11"
	time_t effective, updated;

	const struct policy_named *languages;
	size_t language_count;
	struct policy_service service;
	const struct policy_version *versions; // newest first; the first one is this document
	size_t version_count;
	struct policy_party controller, representative, officer, authority;
	const char *contact; // the controller's mail address
	const struct policy_named *subjects;
	size_t subject_count;
	const struct policy_purpose *purposes;
	size_t purpose_count;
	struct policy_kind kinds[KIND_COUNT]; // by kind; keep == KEEP_UNDECLARED for the undeclared
	enum kind kind_order[KIND_COUNT];     // the declared ones as the policy lists them: policy_kind_at()
	size_t kind_count;
	const struct policy_processor *processors;
	size_t processor_count;
	const char *user_agent; // what the fetch says it is
	struct prose page_fetch_what, cookies_what, third_parties_what;
	const struct policy_cookie *cookies;
	size_t cookie_count;
	const struct policy_third_party *third_parties;
	size_t third_party_count;
	const struct policy_right *rights;
	size_t right_count;
	const struct policy_consent *consents;
	size_t consent_count;
	unsigned minimum_age; // 0: not stated
	bool minors_deleted;  // a younger person's data is deleted when it is found
	bool page_fetch;      // a URL that the visitor names may be fetched
	bool connection;      // who asks from an address sees and erases what the request log has of it: offer_connection()
	struct prose minimum_age_what;
	enum policy_action content[RULE_COUNT];
	const struct policy_content_rule *content_rules;
	size_t content_rule_count;
	struct prose_list advice_paste, advice_publish, security;
	bool automated_used, automated_legal_effect;
	struct prose automated;
	const struct policy_claim *claims;
	size_t claim_count;
	struct prose changes, law_enforcement, lead;
	struct duration notice;                   // how long before a material change is announced
	unsigned changes_by, changes_material_by; // sets of enum policy_channel
	bool use_accepts;                         // going on to use the site accepts a changed policy
	enum policy_answers law_enforcement_answers;
	const struct policy_section *sections;
	size_t section_count;

	const struct policy_lack *lacks;
	size_t lack_count;

	// The version that is announced and not yet in force, and its times; NULL when there is none. Only what publishes sets it
	// (policy/rules/active.h); it goes with this one.
	struct policy *coming;
	time_t coming_announced, coming_from;
	const struct policy *const *views; // the same policy in each of its languages, see policy_language(); the first is the main one
	size_t view_count;
	struct arena *arena; // owns every string and array of the document
};

void policy_free(struct policy *p);
#define POLICY_AUTO __attribute__((cleanup(policy_free_at)))
void policy_free_at(struct policy **p);

// The same policy with everything that people read in another of its languages ("de", "zh-Hans"): same kinds, processors, rights …,
// translated texts. Belongs to `p`. NULL when the policy is not written in it.
const struct policy *policy_language(const struct policy *p, const char *code);
kind_set policy_undeclared(const struct policy *p, kind_set kinds); // those of `kinds` that the policy does not declare

const struct policy_processor *policy_processor(const struct policy *p, const char *id); // NULL when undeclared
// The `n`-th processor (from 0) for a role in the policy's order, of those in force; NULL when there is none.
const struct policy_processor *policy_processor_for(const struct policy *p, enum policy_role role, size_t n);
// Whether the host is what a <host> of the policy names: the same, or for "*.example.com" anything before it. Case-insensitive.
bool policy_host_matches(const char *pattern, const char *host);
// Whether it is used: its effective date has come and it is not removed. Else it is only listed.
bool policy_processor_in_force(const struct policy_processor *processor, time_t now);
kind_set policy_processor_receives(const struct policy_processor *processor, time_t now); // none when it is removed
// The fields in which it receives the kind, with a space between two; NULL: in any.
const char *policy_processor_fields(const struct policy_processor *processor, enum kind k);
// Whether the policy lets one of the kinds go to it in a field that is called so ("": in none that has a name).
bool policy_processor_takes(const struct policy_processor *processor, kind_set kinds, const char *field, size_t len);
bool policy_host_allowed(const struct policy_processor *processor, const char *host);     // case-insensitive
const struct policy_kind *policy_kind_at(const struct policy *p, size_t n);               // the n-th that it declares, of kind_count
const struct policy_purpose *policy_purpose(const struct policy *p, const char *id);      // NULL when undeclared
bool policy_inserts(const struct policy *p, enum policy_insert what);                     // an <insert what="…"/> of a section
bool policy_promises(const struct policy *p, enum policy_claim_id id);                    // for the whole site
const struct policy_right *policy_right(const struct policy *p, enum policy_right_id id); // NULL when it is not offered
const struct policy_right *policy_right_named(const struct policy *p, const char *name);  // the same; NULL when there is no name, too
// Whether data may go there without a transfer safeguard. `country`: ISO 3166, or "EU" for a region that its vendor does not split.
bool policy_country_in_eea(const char *country);

#endif
