// SPDX-License-Identifier: ISC
// What is known of each vendor, whatever a site's policy says of it: who owns it, where it is, what it can do, which calls may be made,
// what it keeps. One row each, in processors.json, which is part of the program. A policy may promise less than a vendor offers, never more.
#ifndef LETHE_PROCESSORS_H
#define LETHE_PROCESSORS_H

#include "policy/base/err.h"
#include "policy/base/when.h"
#include "policy/model/kind.h"
#include <cjson/cJSON.h>
#include <stdbool.h>

enum {
	PROCESSOR_LIST = 12,  // items of one list of a row, with the NULL after the last
	PROCESSOR_MODELS = 6, // the same, of models
};

// Whether a vendor does what a policy asks of it (`ask`).
enum processor_answer {
	ANSWER_NO,     // it offers nothing of the kind, or does not say
	ANSWER_PARTLY, // less is kept (or used), but not nothing
	ANSWER_FLAG,   // a flag that every request carries ends it
	ANSWER_ALWAYS, // it does so unasked
};

// A call that may be made. In `path`, "*" stands for one segment and a last "**" for what is left.
struct processor_route {
	const char *method, *path;
	const char *host;                  // a pattern as in <host>; NULL: the vendor's base address
	const char *query[PROCESSOR_LIST]; // names of the parameters that may follow; "*": any
	const cJSON *body;                 // what the JSON that is sent must hold: the flags of this call; NULL: nothing
	// All that its body may hold; NULL: it has none. An object: the members of JSON, or the parts of a form. Of a text, number or word the value is the kinds of data
	// that it may be, with a space between two, or "" where it is none: a setting. "NAME[]" is an array, and its value what the items are. A string: bytes
	// of any form, of these kinds.
	const cJSON *members;
	const char *headers[PROCESSOR_LIST]; // lines that only this call carries
	bool keyless;                        // the key stays here
	bool absent;                         // 404 says that there is no such thing (any more), which is an answer like any other
	bool mail;                           // it is for mails, which egress writes itself: no program makes such a call
	const char *bills;                   // what is paid for: "picture", "text", or "either" of them; NULL: nothing
};

// The models of an ability. Which one is used is a setting, and not only those that are known here can be.
struct processor_models {
	const char *setting;
	struct processor_model {
		const char *id;
		const char *sizes[PROCESSOR_LIST]; // of its pictures, as the vendor writes them: "1328*1328", "3:2"; none: any
	} known[PROCESSOR_MODELS];                 // the first is used where none is set
	const char *dead[PROCESSOR_LIST];          // ids that the vendor has switched off
	const char *quality_setting;               // NULL: there is no choice of quality
	const char *qualities[PROCESSOR_LIST];     // that it takes; the first where none is set
	unsigned references;                       // pictures to start from that a request may hold; 0: none
	bool mask;                                 // and of the first, where it is to be changed
};

// Strings that are not required may be NULL; lists end with NULL.
struct processor_facts {
	const char *ids[PROCESSOR_LIST]; // the first is its id; the others are what policies may call it too
	const char *owner, *name;        // the name that its own documents use; the owner's where it has none
	bool built_in;                   // part of the software: nothing leaves
	bool own;                        // a server of the controller's own: it may be anywhere that the policy says
	bool built;                      // fcgi/provider/ speaks its wire format
	bool smtp;                       // it is a mail server, to which egress speaks SMTP
	bool deletes;                    // it is asked to delete what it got, and answers
	unsigned can;                    // of POLICY_BIT()
	const char *hosts[PROCESSOR_LIST], *regions[PROCESSOR_LIST]; // patterns; as the vendor writes them
	// Settings that say where it is: `override` wins over `address`, and both over `default_address`.
	const char *address, *override, *default_address;
	const char *key, *key_header, *key_prefix; // the setting that holds the key, and how the key is presented
	const char *region_header;                 // of its answers
	// An object storage that speaks S3: each request is signed with the key. `key_id` NULL: it is none.
	struct processor_s3 {
		const char *key_id;         // the setting that holds the public half of the key
		const char *region;         // what a signature names; NULL: what `region_setting` says, or else the policy's first region
		const char *region_setting; // NULL: there is none
		bool path_style;            // the bucket stands in the path of the base address, not in its host
		bool list_v1;               // it is asked for its list in the older way
	} s3;
	const char *headers[PROCESSOR_LIST]; // lines that every request carries
	struct processor_route routes[PROCESSOR_LIST];
	struct processor_models text, image;
	enum processor_answer no_training, no_retention;
	bool trains;                         // it may train on what it gets unless it is told not to
	const char *keeps;                   // what it keeps unless it is told not to
	struct duration longest;             // and how long; zero: it does not say
	const char *policy;                  // its own privacy notice
	const char *sources[PROCESSOR_LIST]; // where its vendor says all this
};

// The row of the vendor that a policy calls so; NULL: there is none.
const struct processor_facts *processor_facts(const char *id_or_alias);
bool processor_built(const char *id_or_alias);                // whether fcgi/provider/ or, of mail, egress speaks its wire format
const struct processor_facts *processor_facts_at(unsigned i); // NULL after the last
// The setting that says where it is: the one that is set, or the one to set; NULL: it has none.
const char *processor_address_setting(const struct processor_facts *f);
const char *processor_address(const struct processor_facts *f); // its base URL; NULL: not set up
// The row's route for a call; NULL: the vendor's row knows no such call. `host` NULL: at the base address. `path` begins with "/" and may
// hold a query.
const struct processor_route *processor_route(const struct processor_facts *f, const char *method, const char *host, const char *path);
// Whether a member that is called so, of one of its calls, may carry data of the kind.
bool processor_sends(const struct processor_facts *f, enum kind k, const char *name, size_t len);
const struct processor_route *processor_mail_route(const struct processor_facts *f); // NULL: it has none
// The model to be used; NULL: none is set, and none is known.
const char *processor_model(const struct processor_models *m);
const char *processor_quality(const struct processor_models *m); // NULL: there is no choice
// Of the sizes of the model that is used the one of the nearest shape and then area; NULL: it takes any.
const char *processor_size(const struct processor_models *m, unsigned width, unsigned height);
// Whether the settings of the vendor's models are such as it knows. ERR_INPUT: one is not; *e says which.
int processor_models_check(const struct processor_facts *f, struct err *e);
// Reads rows from elsewhere, for tests: 0, or ERR_INPUT with what is wrong. What was read is forgotten.
int processors_check(const char *json, size_t len, struct err *e);

#endif
