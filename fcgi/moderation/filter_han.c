// SPDX-License-Identifier: ISC
#include "fcgi/moderation/filter_han.h"
#include "policy/base/array.h"
#include "policy/base/buf.h"
#include "policy/base/embed.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

EMBED(filter_han_text, "fcgi/moderation/minors_han.txt");

enum han_class { HAN_INNOCENT, HAN_MINOR, HAN_SEXUAL, HAN_VIOLENT, HAN_CLASSES };
enum {
	TERMS_MAX = 256,
	SEXUAL_NEAR = 60 * 3, // bytes: characters have three
	VIOLENT_NEAR = 12 * 3,
};
static struct {
	const char *text;
	size_t len;
	enum han_class class;
} terms[TERMS_MAX];
static size_t terms_count;
static struct err terms_failure;

static void han_terms_once(void)
{
	static const char *const names[HAN_CLASSES] = {"[innocent]", "[minor]", "[sexual]", "[violent]"};
	static char *text; // stays: the terms are in it
	size_t class = 0;  // how many have begun
	text = strdup(filter_han_text);
	if (text == NULL) {
		err_set(&terms_failure, ERR_MEMORY, "no memory for the terms of the filter");
		return;
	}
	for (char *line = text, *next; *line != '\0'; line = next) {
		char *end = strchrnul(line, '\n'), *rest = line;
		next = end + (*end != '\0');
		*end = '\0';
		if (*line == '#' || *line == '\0')
			continue;
		if (*line == '[') {
			if (class == HAN_CLASSES || strcmp(line, names[class ++]) != 0)
				err_set(&terms_failure, ERR_INPUT, "minors_han.txt: %s is not the list that must follow", line);
			continue;
		}
		for (char *term; (term = strsep(&rest, " ")) != NULL;) {
			if (class == 0 || *term == '\0' || terms_count == TERMS_MAX) {
				err_set(&terms_failure, ERR_INPUT, "minors_han.txt: a list has no name, a gap, or too many terms");
				return;
			}
			terms[terms_count].text = term;
			terms[terms_count].len = strlen(term);
			terms[terms_count++].class = (enum han_class)(class - 1);
		}
	}
	if (class != HAN_CLASSES)
		err_set(&terms_failure, ERR_INPUT, "minors_han.txt ends before its last list");
}

int filter_han_ready(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, han_terms_once);
	*e = terms_failure;
	return terms_failure.code == ERR_NONE ? 0 : -1;
}

// The text without what can stand between characters and split a term: white space and characters of no width.
static int han_only(struct buf *out, const char *text)
{
	static const char *const gaps[] = {" ", "\t", "\n", "\u3000", "\u00a0", "\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"};
	for (const char *s = text; *s != '\0';) {
		size_t skip = 0;
		for (size_t i = 0; skip == 0 && i < ARRAY_LEN(gaps); i++)
			if (strncmp(s, gaps[i], strlen(gaps[i])) == 0)
				skip = strlen(gaps[i]);
		if (skip == 0)
			buf_addc(out, *s);
		s += skip > 0 ? skip : 1;
	}
	return out->failed ? -1 : 0;
}

// Where the sentence ends in which a violent term counts.
static bool sentence_between(const char *from, const char *to)
{
	static const char *const ends[] = {"。", "！", "？", "；", ";"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (memmem(from, (size_t)(to - from), ends[i], strlen(ends[i])) != NULL)
			return true;
	return false;
}

bool filter_han_minors(const char *text)
{
	BUF_AUTO_WIPE struct buf clean = BUF_INIT(strlen(text) + 1);
	const char *last[HAN_CLASSES] = {NULL};
	struct err e = {0};
	bool han = false;
	for (const char *s = text; *s != '\0' && !han; s++)
		han = (unsigned char)*s >= 0xe3 && (unsigned char)*s <= 0xe9;
	if (!han)
		return false;
	if (filter_han_ready(&e) != 0 || han_only(&clean, text) != 0)
		return true;
	for (const char *s = buf_text(&clean); *s != '\0';) {
		size_t skip = 1;
		for (size_t i = 0; i < terms_count; i++) {
			if ((unsigned char)*s < 0xe3 || strncmp(s, terms[i].text, terms[i].len) != 0)
				continue;
			last[terms[i].class] = s;
			if (terms[i].class == HAN_INNOCENT) {
				skip = terms[i].len;
				break;
			}
		}
		const char *minor = last[HAN_MINOR], *sexual = last[HAN_SEXUAL], *violent = last[HAN_VIOLENT];
		if (minor != NULL && sexual != NULL && labs(minor - sexual) <= SEXUAL_NEAR)
			return true;
		if (minor != NULL && violent != NULL && labs(minor - violent) <= VIOLENT_NEAR &&
		    !sentence_between(minor < violent ? minor : violent, minor < violent ? violent : minor))
			return true;
		s += skip;
	}
	return false;
}
