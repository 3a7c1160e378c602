// SPDX-License-Identifier: ISC
// The words that visitors read and that are not the policy's: data, one file per language, part of the program (en.txt says how they are
// written and named). Every key stands in every language with the same placeholders; tests/unit/words_test.c checks that.
#ifndef LETHE_PUBLISH_WORDS_WORDS_H
#define LETHE_PUBLISH_WORDS_WORDS_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/model/policy.h"
#include <stdint.h>

enum language word_language(const struct policy *p); // English where the software has no words of its own
// The word with this key in a language, or in the language of the policy. A key that is not there is its own word, so that it is seen.
const char *word_in(enum language language, const char *key);
const char *word(const struct policy *p, const char *key);
// The word for a word of the policy ("basis.", "contract"); the policy's own one where there is none.
const char *word_or(const struct policy *p, const char *group, const char *name);

// What stands for {name} in a word. Lists end with {NULL, NULL}.
struct word_value {
	const char *name, *value;
};
#define WORD_VALUES(...) ((const struct word_value[]){__VA_ARGS__, {NULL, NULL}})
// Adds a word with its placeholders filled. `escape` (html_text, xml_text …) takes word and values alike; NULL: none. A placeholder
// without a value stays as it is written; {n|one|many} is "one" where the value of n is 1, else "many". -1 when the buffer failed.
int word_fill(struct buf *out, int (*escape)(struct buf *, const char *), const char *word, const struct word_value *values);

// A number as the value of a placeholder: writes it into `out` and returns that.
enum { WORD_NUMBER = 24 };
const char *word_number(char out[WORD_NUMBER], long long n);
#define WORD_COUNT(n) word_number((char[WORD_NUMBER]){0}, (long long)(n)) // lasts until the block ends in which it is written

// "14 days", "14 Tage", "14 天".
void word_duration(char *out, size_t size, struct duration d, enum language language);
// "22 November 2026", "22. November 2026", "2026年11月22日"; UTC.
enum { WORD_DAY = 64 };
void word_day(char out[WORD_DAY], time_t t, enum language language);
// What a condition of a life means: "for as long as your account exists". "" for none.
const char *word_condition(enum language language, enum policy_condition condition);
// How long the kind lives: "14 days", "only while your request is worked on", "for as long as the service runs".
enum { WORD_LIFE = 512 };
void word_life(char *out, size_t size, const struct policy *p, const struct policy_kind *kind);

// For the tests: the words of a file, sorted by key. Free with word_table_free.
struct word_row {
	const char *key, *text;
};
struct word_table {
	struct word_row *rows;
	size_t count;
	uint16_t *slots; // by the hash of the key: one more than the row's index; 0: none
	size_t slot_mask;
	char *bytes; // owns keys and texts
};
int word_table_parse(struct word_table *out, const char *name, const char *bytes, size_t len, struct err *e);
void word_table_free(struct word_table *w);
const struct word_table *word_table(enum language language);

#endif
