// SPDX-License-Identifier: ISC
// One row for each field of the policy's structs: where it stands in the file, in memory and in privacy.json. Reading, the check of
// translations, privacy.json and the comparison of two versions walk these tables; a new word of the policy is a new row.
#ifndef LETHE_MODEL_FIELDS_H
#define LETHE_MODEL_FIELDS_H

#include "policy/model/policy.h"

enum model_type {
	// An attribute of the element.
	MODEL_TEXT,     // const char *; "" when absent
	MODEL_OPTIONAL, // const char *; NULL when absent
	MODEL_YES,      // bool
	MODEL_NOT_NO,   // bool; true when absent
	MODEL_NUMBER,   // unsigned
	MODEL_DATE,     // time_t; 0 when absent
	MODEL_DURATION, // struct duration; `more`: bool, whether it is there
	MODEL_WITHIN,   // struct duration; `more`: bool, whether it is "statutory"
	MODEL_WORD,     // an enum, by `words`; `more`: a bool without which it means nothing
	MODEL_WORDS,    // unsigned, a set of an enum
	MODEL_KIND,     // enum kind; KIND_COUNT when absent
	// Child elements.
	MODEL_CHILD, // const char *: its text; NULL when absent
	MODEL_TEXTS, // struct policy_strings: their text
	MODEL_IDS,   // struct policy_strings: their attribute `attribute`
	MODEL_KINDS, // kind_set: their attribute "kind"
	// Child elements in the language that is read.
	MODEL_LABEL,  // const char *
	MODEL_LABELS, // struct policy_strings
	MODEL_PROSE,  // struct prose
	MODEL_PROSES, // struct prose_list
	MODEL_BLOCKS, // const struct policy_block *, `more`: size_t, how many; any of <p>, <list>, <insert>
	// The element itself.
	MODEL_OWN_TEXT,  // const char *
	MODEL_OWN_PROSE, // struct prose
	MODEL_LINE,      // int
	MODEL_PRESENT,   // bool: true
	// Child elements with fields of their own, by `record`.
	MODEL_PART,    // the fields stand in this struct
	MODEL_RECORD,  // a struct
	MODEL_RECORDS, // an array; `more`: size_t, how many
	MODEL_BY_KIND, // struct policy_kind [KIND_COUNT], each by its id; `more`: size_t, how many
};

// Which change makes a visitor worse off: it is material.
enum model_weaker { WEAKER_NEVER, WEAKER_UP, WEAKER_DOWN, WEAKER_ALWAYS, WEAKER_NOT_FIRST, WEAKER_NOT_LAST, WEAKER_FEWER };
// Not first, not last: to any but that of its words. Fewer: of a list, whatever it holds.
struct model_record;
struct model_field {
	enum model_type type;
	enum model_weaker weaker;
	size_t at, more;  // offsets in the struct; `more` 0: none
	const char *name; // of the attribute or child element; NULL: not in the file
	const char *json; // its name in privacy.json; NULL: not there (a part: its fields stand in the object around it)
	const char *attribute;
	// What the comparison of two versions says: `up` when it became more, larger, later in its words' order, or is there now; `down` the other
	// way round (NULL: as `up`); `unsaid` when it is no longer stated, which is always material. "{name}" stands for the field of that name,
	// {from} and {to} for the values. `called`: that it is put differently, by this name. Without any of them it is not compared.
	const char *up, *down, *unsaid, *called;
	bool (*covers)(const char *item,
		       const char *other); // of a list: the one item says the other, too; NULL: only when they are the same
	const struct policy_words *words;
	const struct model_record *record;
	bool optional;   // a part or record: null in privacy.json when it is absent
	bool translated; // records: those in the language that is read
};
struct model_record {
	size_t size;
	const struct model_field *fields;
	size_t count;
	size_t keys; // how many of the first fields tell one of several apart
};
extern const struct model_record model_policy; // of struct policy

#define FOR_FIELDS(f, record) for (const struct model_field *f = (record)->fields; f < (record)->fields + (record)->count; f++)
// The values of a field, of whatever the struct `base` points to.
const char *model_text(const struct model_field *f,
		       const void *base);                         // MODEL_TEXT, MODEL_OPTIONAL, MODEL_CHILD, MODEL_LABEL, MODEL_OWN_TEXT
bool model_flag(const struct model_field *f, const void *base);   // MODEL_YES, MODEL_NOT_NO, MODEL_PRESENT
bool model_stated(const struct model_field *f, const void *base); // what `more` says; true without it
unsigned model_number(const struct model_field *f, const void *base); // MODEL_NUMBER, MODEL_WORD, MODEL_WORDS, MODEL_KIND, MODEL_KINDS
size_t model_count(const struct model_field *f, const void *base);    // MODEL_RECORDS, MODEL_BY_KIND
const void *model_item(const struct model_field *f, const void *base, size_t n);
const void *model_at(const struct model_field *f, const void *base);
bool model_present(const struct model_record *record, const void *base); // by its MODEL_PRESENT or MODEL_LINE

#endif
