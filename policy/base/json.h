// SPDX-License-Identifier: ISC
// cJSON with a stricter reader: hostile bytes in, a tree or an error out.
#ifndef LETHE_BASE_JSON_H
#define LETHE_BASE_JSON_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/base/when.h"
#include <cjson/cJSON.h>

// What is wrong with a text that is not JSON, and where: its line and the character in it, from 1. Nothing of the text itself.
// Of JSON_VALUE the place is the beginning.
#define JSON_FAULTS(fault)                                                                                                                 \
	fault(JSON_NOT_UTF8, "it is not valid UTF-8"), fault(JSON_CONTROL, "a string holds a control character"),                          \
	    fault(JSON_ESCAPE, "a string holds an unknown escape"),                                                                        \
	    fault(JSON_CHARACTER, "a string holds a \\u escape that is no character"), fault(JSON_UNENDED, "a string does not end"),       \
	    fault(JSON_NUMBER, "a number is malformed"), fault(JSON_DEEP, "it is nested too deeply"),                                      \
	    fault(JSON_MANY, "it holds too many values"), fault(JSON_BRACKET, "a bracket closes nothing"),                                 \
	    fault(JSON_WORD, "there is a word that is not true, false or null"), fault(JSON_SYNTAX, "the syntax is wrong"),                \
	    fault(JSON_VALUE, "a member is repeated or a number is out of range")
#define JSON_FAULT_KIND(kind, words) kind
enum json_fault_kind { JSON_FAULTS(JSON_FAULT_KIND) };
struct json_fault {
	enum json_fault_kind kind;
	unsigned line, column;
};

// Parses exactly one JSON value of `len` bytes, perhaps behind a byte order mark. Refuses (ERR_INPUT): invalid UTF-8, depth over JSON_DEPTH_MAX, duplicate member
// names, \u0000, lone surrogates, numbers beyond the range of double, bytes after the value. The caller frees with cJSON_Delete.
cJSON *json_parse(const char *text, size_t len, struct err *e);
// The same; on failure *fault says where.
cJSON *json_parse_at(const char *text, size_t len, struct json_fault *fault, struct err *e);
// The same of what a third party wrote, whose one bad escape is not worth the whole: \u0000 and lone surrogates are U+FFFD.
cJSON *json_parse_foreign(const char *text, size_t len, struct err *e);
// 1: an object within the value has a member twice, whose name is *name (of the value); 0: none has; -1: no memory.
int json_member_repeated(const cJSON *value, const char **name);
// The member's string, or NULL when absent or of another type. Case-sensitive.
const char *json_string(const cJSON *object, const char *name);
const char *json_string_or(const cJSON *object, const char *name, const char *otherwise);
// The member's number, or `otherwise`.
double json_number(const cJSON *object, const char *name, double otherwise);
const cJSON *json_get(const cJSON *object, const char *name);
time_t json_time(const cJSON *object, const char *name); // of a text in a form of when.h; 0: it has none
// Adds those members that have a value. False: no memory.
struct json_text {
	const char *name, *value;
};
bool json_put_texts(cJSON *object, const struct json_text *texts);
#define JSON_TEXTS(...) ((const struct json_text[]){__VA_ARGS__, {NULL, NULL}})
// The same of members of any type, each made by one of the macros; a text that is NULL and a time that is 0 have no value. "Nullable" ones are null then, and take the place of what was there.
struct json_member {
	const char *name;
	enum { MEMBER_IS_TEXT, MEMBER_IS_NUMBER, MEMBER_IS_BOOL, MEMBER_IS_FLAG, MEMBER_IS_TIME, MEMBER_IS_ITEM } type;
	const char *text;
	double number;
	time_t time;
	cJSON *item;
	bool nullable;
};
#define MEMBER_TEXT(member, value)   ((struct json_member){.name = (member), .text = (value)})
#define MEMBER_NUMBER(member, value) ((struct json_member){.name = (member), .type = MEMBER_IS_NUMBER, .number = (double)(value)})
#define MEMBER_BOOL(member, value)   ((struct json_member){.name = (member), .type = MEMBER_IS_BOOL, .number = (value) ? 1 : 0})
#define MEMBER_TIME(member, value)   ((struct json_member){.name = (member), .type = MEMBER_IS_TIME, .time = (value)})
#define MEMBER_ITEM(member, value)                                                                                                         \
	((struct json_member){.name = (member), .type = MEMBER_IS_ITEM, .item = (value)}) // which is taken; NULL: no memory
#define MEMBER_NULLABLE_TEXT(member, value) ((struct json_member){.name = (member), .text = (value), .nullable = true})
#define MEMBER_NULLABLE_TIME(member, value)                                                                                                \
	((struct json_member){.name = (member), .type = MEMBER_IS_TIME, .time = (value), .nullable = true})
#define MEMBER_FLAG(member, value)                                                                                                         \
	((struct json_member){.name = (member), .type = MEMBER_IS_FLAG, .number = (value) ? 1 : 0}) // true, or none
#define JSON_MEMBERS(...) ((const struct json_member[]){__VA_ARGS__, {.name = NULL}})
bool json_put(cJSON *object, const struct json_member *members);
cJSON *json_make(const struct json_member *members);             // a new object of these; NULL: no memory
bool json_push(cJSON *array, const struct json_member *members); // appends one; false: no memory
bool json_put_time(cJSON *object, const char *name, time_t t);   // in place of what it was
// Appends the value, unformatted, as cJSON_PrintUnformatted() writes it but for numbers of more than 15 digits, which stay what they are. -1 when the buffer failed, or there is no value.
int json_print(struct buf *out, const cJSON *value);
// The canonical form (RFC 8785) of what has whole numbers and plain names: no spaces, the members sorted. Sorts those of `value` itself.
int json_canonical(struct buf *out, cJSON *value);
int json_print_lines(struct buf *out, const cJSON *value); // a line for each member, indented; and a newline at the end
void json_free(cJSON **p);
#define JSON_AUTO __attribute__((cleanup(json_free)))

#endif
