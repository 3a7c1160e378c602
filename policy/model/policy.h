// SPDX-License-Identifier: ISC
// The policy document, read once at start and never changed. Strings and arrays belong to the document; strings are never NULL unless said,
// arrays go with their count. What people read is in one language (`language`); policy_language() has the others.
#ifndef LETHE_MODEL_H
#define LETHE_MODEL_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/base/when.h"
#include "policy/model/kind.h"
#include "policy/model/prose.h"
#include <stdbool.h>

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

struct policy_service {             // what the site does
	struct policy_strings by;   // website | api | dashboard
	struct policy_strings from; // description | url | upload | prompt | post
	struct policy_strings to;   // images | archive | description
	struct prose what;
	int line; // 0: the policy does not say
};

struct policy_party {                                              // name NULL: the policy names none
	const char *name, *mail, *phone, *web, *country, *address; // all but the name may be NULL
	int line;
};

struct policy_purpose {
	const char *id, *basis;
	const char *consent; // NULL: none
	struct prose what, interest;
	int line;
};

enum keep {
	KEEP_UNDECLARED = 0, // the policy does not mention the kind: it may not be held at all
	KEEP_MEMORY,         // only in memory, for the request
	KEEP_STORED,         // kept for `life` after `start`
};
enum start_event { START_CREATION, START_COMPLETION, START_CLOSING, START_ACCOUNT_END };
enum ending { END_DELETE, END_ANONYMISE };

struct policy_life {
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

struct policy_kind {
	enum kind kind;
	enum keep keep;
	struct duration life; // when stored: the longest without a condition; zero: for as long as `lasts_while` holds
	enum start_event start;
	enum ending ending;
	const char *lasts_while; // account | service | saved | consent: the first life with a condition; NULL: none
	struct duration memory;  // in memory: at most this long; zero: for the request
	const char *name, *source;
	bool needed; // the service cannot work without it
	struct prose what, where;
	struct policy_strings categories, subjects, purposes; // the last two: ids
	const struct policy_life *lives;
	size_t life_count;
	int line; // of its declaration
};

enum processor_role {
	ROLE_TEXT,
	ROLE_IMAGE,
	ROLE_DESCRIPTION,
	ROLE_HOSTING,
	ROLE_STORAGE,
	ROLE_NETWORK,
	ROLE_MAIL,
	ROLE_PAYMENT,
	ROLE_ANALYTICS,
	ROLE_SUPPORT,
	ROLE_COUNT
};
#define ROLE_BIT(role) (1u << (role))
enum processor_use { USE_PRIMARY, USE_BACKUP, USE_CHOICE }; // asked first; when the others fail; when the visitor picks it

struct policy_region {
	const char *id, *country, *place; // id: as its vendor writes it: "swedencentral"
	int line;
};
struct policy_safeguard {
	const char *type;
	const char *copy; // where to read it; NULL
	struct prose what;
	int line;
};
struct policy_processor {
	const char *id;   // "azure-openai", "sketch": also the provider's name in fcgi/provider/
	const char *name; // legal name
	const char *brand, *service, *standing;
	const char *purpose;            // its task
	const char *policy, *agreement; // NULL: not given
	unsigned roles;                 // of ROLE_BIT()
	bool local;                     // built in: nothing leaves (sketch)
	bool in_force;                  // used now: its effective date has come and it is not removed. Else it is only listed
	const char *const *hosts;       // NULL-terminated; "*.example.com" covers one or more labels before it
	const struct policy_region *regions;
	size_t region_count;
	const struct policy_safeguard *safeguards;
	size_t safeguard_count;
	kind_set kinds;                         // what may be sent to it
	bool trains;                            // it may train on what it gets
	bool ask_no_training, ask_no_retention; // its flags that say so are always sent
	bool anonymised;                        // what it gets is anonymised first
	enum processor_use use;
	int order; // 1 = primary
	struct policy_strings purposes, never, ask;
	struct prose training, retention;
	struct duration keeps; // the longest it keeps what it got
	bool has_keeps;
	time_t added, effective, removed; // removed 0: in use
	int line;
};

struct policy_cookie {
	const char *name, *purpose;
	const char *class; // necessary | functional | preference | personalisation | performance | analytics | marketing
	const char *in;    // cookie | local | session
	struct duration lasts;
	bool has_lasts;
	const char *consent; // NULL: none
	int line;
};
struct policy_third_party {
	const char *origin, *type, *purpose;
	const char *processor; // NULL: none
	int line;
};

struct policy_right_answer {
	const char *regime;
	bool statutory;
	struct duration within;
	int line;
};
struct policy_right {
	const char *id;         // access | rectification | erasure | portability | restriction | objection | withdrawal | complaint …
	bool statutory;         // answered within the statutory time (one month), else within `answer`
	struct duration answer; // the shortest of the answers
	const char *name, *who, *verify;
	bool self_service;
	struct prose how;
	const struct policy_right_answer *answers;
	size_t answer_count;
	int line;
};
struct policy_consent {
	const char *id, *form;
	struct prose what, withdraw;
	int line;
};

enum content_action { CONTENT_ALLOW = 0, CONTENT_WARN, CONTENT_REFUSE, CONTENT_ANONYMISE };
enum content_rule { RULE_MAIL_ADDRESS, RULE_PHONE_NUMBER, RULE_CARD_NUMBER, RULE_IBAN, RULE_MINORS, RULE_COUNT };
struct policy_content_rule {
	const char *id, *action;
	struct prose what;
	int line;
};

struct policy_claim { // a negative promise
	const char *id;
	const char *kind, *processor; // NULL: the whole site
	struct prose what;
	int line;
};

enum policy_block_type { BLOCK_PARAGRAPH, BLOCK_LIST, BLOCK_INSERT };
struct policy_block {
	enum policy_block_type type;
	struct prose prose;
	struct prose_list items;
	const char *insert; // which declared part stands here
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
	bool page_fetch;        // a URL that the visitor names may be fetched
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
	struct prose minimum_age_what;
	enum content_action content[RULE_COUNT];
	const struct policy_content_rule *content_rules;
	size_t content_rule_count;
	struct prose_list advice_paste, advice_publish, security;
	bool automated_used, automated_legal_effect;
	struct prose automated;
	const struct policy_claim *claims;
	size_t claim_count;
	struct prose changes, law_enforcement, lead;
	struct duration notice;                                // how long before a material change is announced
	struct policy_strings changes_by, changes_material_by; // effective-date | prominent-notice | banner | mail | in-app
	bool use_accepts;                                      // going on to use the site accepts a changed policy
	const char *law_enforcement_answers;                   // valid-requests | required-by-law; NULL: not stated
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

// Reads and checks a policy: the schema first, then what a schema cannot say. Returns NULL when it is not valid. `messages` gets one
// line per finding, "file:line: error|warning: what, why, what to do". Warnings alone do not refuse. Free with policy_free.
struct policy *policy_load(const char *file, struct buf *messages);
// The same from bytes; `name` is what the messages call them. `messages` may be NULL in both.
struct policy *policy_read(const char *name, const char *bytes, size_t len, struct buf *messages);
// The same, whatever the environment says of capabilities that this version lacks: `allow_unbuilt` makes them warnings. policy_load and
// policy_read go by LETHE_ALLOW_UNBUILT=1.
struct policy *policy_load_as(const char *file, bool allow_unbuilt, struct buf *messages);
struct policy *policy_read_as(const char *name, const char *bytes, size_t len, bool allow_unbuilt, struct buf *messages);
void policy_free(struct policy *p);
#define POLICY_AUTO __attribute__((cleanup(policy_free_at)))
void policy_free_at(struct policy **p);

// The same policy with everything that people read in another of its languages ("de", "zh-Hans"): same kinds, processors, rights …,
// translated texts. Belongs to `p`. NULL when the policy is not written in it.
const struct policy *policy_language(const struct policy *p, const char *code);
kind_set policy_undeclared(const struct policy *p, kind_set kinds); // those of `kinds` that the policy does not declare

const struct policy_processor *policy_processor(const struct policy *p, const char *id); // NULL when undeclared
// The `n`-th processor (from 0) for a role in the policy's order; NULL when there is none.
const struct policy_processor *policy_processor_for(const struct policy *p, enum processor_role role, size_t n);
// Whether the host is what a <host> of the policy names: the same, or for "*.example.com" anything before it. Case-insensitive.
bool policy_host_matches(const char *pattern, const char *host);
bool policy_host_allowed(const struct policy_processor *processor, const char *host); // case-insensitive
const struct policy_kind *policy_kind(const struct policy *p, enum kind kind);        // NULL when undeclared
const struct policy_kind *policy_kind_at(const struct policy *p, size_t n);           // the n-th that it declares, of kind_count
const struct policy_purpose *policy_purpose(const struct policy *p, const char *id);  // NULL when undeclared
bool policy_inserts(const struct policy *p, const char *what);                        // an <insert what="…"/> of a section
const struct policy_right *policy_right(const struct policy *p, const char *id);
// Whether data may go there without a transfer safeguard. `country`: ISO 3166, or "EU" for a region that its vendor does not split.
bool policy_country_in_eea(const char *country);
// When a record of this kind, created at `made`, must be gone. 0 when it has no fixed end. Only for KEEP_STORED.
// A life that starts at closing or at the account's end has no fixed end until then: see policy_due_from().
time_t policy_due(const struct policy *p, enum kind kind, time_t made);
// When a record must be gone whose start event happened at `when`: for the moment of closing. 0 when `event` is not the kind's start.
time_t policy_due_from(const struct policy *p, enum kind kind, enum start_event event, time_t when);

#endif
