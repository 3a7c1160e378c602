// SPDX-License-Identifier: ISC
#include "policy/publish/words/words.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EMBED(words_en, "policy/publish/words/en.txt");
EMBED(words_de, "policy/publish/words/de.txt");
EMBED(words_zh, "policy/publish/words/zh.txt");

static int row_order(const void *left, const void *right)
{
	return strcmp(((const struct word_row *)left)->key, ((const struct word_row *)right)->key);
}

// Eight bytes at a time: a publish looks up some thousand words.
static size_t slot_of(const struct word_table *w, const char *key)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	size_t len = strlen(key);
	uint64_t hash = len, part = 0;

	for (; len >= sizeof part; key += sizeof part, len -= sizeof part) {
		memcpy(&part, key, sizeof part);
		hash = (hash ^ part) * odd;
		hash ^= hash >> 32;
	}
	part = 0;
	memcpy(&part, key, len);
	hash = (hash ^ part) * odd;
	return (size_t)(hash >> 32) & w->slot_mask;
}

// {name} or {name|one|many}; 0: it is neither.
static size_t placeholder_len(const char *at)
{
	const size_t name = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");
	size_t len = 1 + name;

	if (name > 0 && at[len] == '|') {
		len += 1 + strcspn(at + len + 1, "|{}");
		if (at[len] != '|')
			return 0;
		len += 1 + strcspn(at + len + 1, "|{}");
	}
	return name > 0 && at[len] == '}' ? len + 1 : 0;
}

// "key = text": ends the key with a NUL and sets *text. A text in double quotes keeps the spaces at its ends.
static int words_line(char *line, const char **text)
{
	size_t key = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789._-");
	char *at = line + key + 3;

	if (key == 0 || strncmp(line + key, " = ", 3) != 0)
		return -1;
	size_t len = strlen(at);
	bool quoted = len >= 2 && at[0] == '"' && at[len - 1] == '"';
	if (quoted) {
		at[len - 1] = '\0';
		at++;
	} else if (len == 0 || at[0] == ' ' || at[len - 1] == ' ') {
		return -1;
	}
	line[key] = '\0';
	*text = at;
	for (; *at != '\0'; at++) {
		const size_t placeholder = *at == '{' ? placeholder_len(at) : 1;
		if ((unsigned char)*at < ' ' || *at == '}' || placeholder == 0)
			return -1;
		at += placeholder - 1;
	}
	return 0;
}

int word_table_parse(struct word_table *out, const char *name, const char *bytes, size_t len, struct err *e)
{
	size_t lines = 1;

	*out = (struct word_table){0};
	if (!utf8_valid(bytes, len))
		return err_set(e, ERR_INPUT, "%s is not UTF-8", name);
	for (size_t i = 0; i < len; i++)
		lines += bytes[i] == '\n';
	out->slot_mask = 1;
	while (out->slot_mask < 2 * lines)
		out->slot_mask = 2 * out->slot_mask + 1;
	out->bytes = strndup(bytes, len);
	out->rows = calloc(lines, sizeof *out->rows);
	out->slots = calloc(out->slot_mask + 1, sizeof *out->slots);
	if (out->bytes == NULL || out->rows == NULL || out->slots == NULL || lines > UINT16_MAX) {
		word_table_free(out);
		return err_set(e, ERR_MEMORY, "no memory for the words of %s", name);
	}
	size_t number = 1;
	for (char *line = out->bytes, *next; *line != '\0'; line = next, number++) {
		next = line + strcspn(line, "\n");
		if (*next == '\n')
			*next++ = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		struct word_row *row = &out->rows[out->count++];
		row->key = line;
		if (words_line(line, &row->text) != 0) {
			word_table_free(out);
			return err_set(e, ERR_INPUT, "%s:%zu: not \"key = text\", or a brace that is no {placeholder}", name, number);
		}
	}
	qsort(out->rows, out->count, sizeof *out->rows, row_order);
	for (size_t i = 0; i < out->count; i++) {
		size_t slot = slot_of(out, out->rows[i].key);
		if (i > 0 && strcmp(out->rows[i - 1].key, out->rows[i].key) == 0) {
			err_set(e, ERR_INPUT, "%s: %s stands there twice", name, out->rows[i].key);
			word_table_free(out);
			return -1;
		}
		while (out->slots[slot] != 0)
			slot = (slot + 1) & out->slot_mask;
		out->slots[slot] = (uint16_t)(i + 1);
	}
	return 0;
}

void word_table_free(struct word_table *w)
{
	free(w->rows);
	free(w->slots);
	free(w->bytes);
	*w = (struct word_table){0};
}

const struct word_table *word_table(enum language language)
{
	static const struct {
		const char *name, *bytes;
		const uint64_t *size;
	} files[LANGUAGE_COUNT] = {[LANGUAGE_EN] = {"en.txt", words_en, &words_en_size},
				   [LANGUAGE_DE] = {"de.txt", words_de, &words_de_size},
				   [LANGUAGE_ZH] = {"zh.txt", words_zh, &words_zh_size}};
	static _Atomic(struct word_table *) languages[LANGUAGE_COUNT];
	struct word_table *w = atomic_load(&languages[language]), *first = NULL;
	struct err e = {0};

	if (w != NULL)
		return w;
	// The tests parse the same bytes: only memory can be missing here.
	w = malloc(sizeof *w);
	if (w == NULL || word_table_parse(w, files[language].name, files[language].bytes, *files[language].size, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	if (atomic_compare_exchange_strong(&languages[language], &first, w))
		return w;
	word_table_free(w); // another thread was first
	free(w);
	return first;
}

static const char *word_find(enum language language, const char *key)
{
	const struct word_table *w = word_table(language);
	size_t slot = slot_of(w, key);

	while (w->slots[slot] != 0 && strcmp(w->rows[w->slots[slot] - 1].key, key) != 0)
		slot = (slot + 1) & w->slot_mask;
	return w->slots[slot] != 0 ? w->rows[w->slots[slot] - 1].text : NULL;
}

enum language word_language(const struct policy *p)
{
	int language = policy_word_value(&policy_language_words, p->language, (size_t)(strchrnul(p->language, '-') - p->language));

	return language >= 0 ? (enum language)language : LANGUAGE_EN;
}

const char *word_in(enum language language, const char *key)
{
	const char *text = word_find(language, key);

	return text != NULL ? text : key;
}

const char *word(const struct policy *p, const char *key)
{
	return word_in(word_language(p), key);
}

// A key of two parts. NULL: there is none, or it is too long to be one.
static const char *word_find_in(enum language language, const char *group, const char *name)
{
	char key[128];
	size_t before = strlen(group), len = strlen(name);

	if (before + len >= sizeof key)
		return NULL;
	memcpy(key, group, before);
	memcpy(key + before, name, len);
	key[before + len] = '\0';
	return word_find(language, key);
}

const char *word_or(const struct policy *p, const char *group, const char *name)
{
	const char *text = word_find_in(word_language(p), group, name);

	return text != NULL ? text : name;
}

int word_fill(struct buf *out, int (*escape)(struct buf *, const char *), const char *word, const struct word_value *values)
{
	BUF_AUTO struct buf part = BUF_INIT(WORD_BYTES_MAX);
	struct buf *to = escape != NULL ? &part : out;

	if (strchr(word, '{') == NULL)
		return escape != NULL ? escape(out, word) : buf_adds(out, word);
	while (*word != '\0') {
		size_t plain = strcspn(word, "{"), name = word[plain] == '{' ? strcspn(word + plain + 1, "}") : 0;
		const struct word_value *v = values;
		const char *inner = word + plain + 1, *forms = memchr(inner, '|', name);
		const size_t len = forms != NULL ? (size_t)(forms - inner) : name;
		while (len > 0 && v != NULL && v->name != NULL && (strncmp(v->name, inner, len) != 0 || v->name[len] != '\0'))
			v++;
		bool filled = len > 0 && v != NULL && v->name != NULL;
		size_t end = word[plain] == '{' ? plain + name + 2 : plain;
		buf_add(to, word, filled ? plain : end);
		if (filled && forms != NULL) {
			const char *one = forms + 1, *many = one + strcspn(one, "|");
			const bool single = strcmp(v->value, "1") == 0;
			buf_add(to, single ? one : many + 1, (size_t)(single ? many - one : inner + name - many - 1));
		} else {
			buf_adds(to, filled ? v->value : "");
		}
		word += end;
	}
	if (escape != NULL && !part.failed)
		escape(out, buf_text(&part));
	return part.failed || out->failed ? -1 : 0;
}

const char *word_number(char out[WORD_NUMBER], long long n)
{
	snprintf(out, WORD_NUMBER, "%lld", n);
	return out;
}

void word_duration(char *out, size_t size, struct duration d, enum language language)
{
	static const char *const units[][2] = {{"time.year.one", "time.year.many"},     {"time.month.one", "time.month.many"},
					       {"time.day.one", "time.day.many"},       {"time.hour.one", "time.hour.many"},
					       {"time.minute.one", "time.minute.many"}, {"time.second.one", "time.second.many"}};
	const unsigned long long counts[] = {d.months / 12, d.months % 12, d.days, d.seconds / 3600, d.seconds % 3600 / 60, d.seconds % 60};
	BUF_AUTO struct buf words = BUF_INIT(1024);
	char number[WORD_NUMBER];

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (counts[i] == 0)
			continue;
		buf_adds(&words, words.len > 0 ? word_in(language, "time.and") : "");
		word_fill(&words, NULL, word_in(language, units[i][counts[i] != 1]),
			  WORD_VALUES({"n", word_number(number, (long long)counts[i])}));
	}
	snprintf(out, size, "%s", words.len > 0 ? buf_text(&words) : word_in(language, "time.none"));
}

void word_day(char out[WORD_DAY], time_t t, enum language language)
{
	char key[40], day[WORD_NUMBER], year[WORD_NUMBER];
	BUF_AUTO struct buf words = BUF_INIT(1024);
	struct tm utc;

	if (gmtime_r(&t, &utc) == NULL)
		utc = (struct tm){.tm_mday = 1};
	snprintf(key, sizeof key, "time.month_name.%d", utc.tm_mon + 1);
	word_fill(&words, NULL, word_in(language, "time.date"),
		  WORD_VALUES({"day", word_number(day, utc.tm_mday)}, {"month", word_in(language, key)},
			      {"year", word_number(year, utc.tm_year + 1900)}));
	snprintf(out, WORD_DAY, "%s", buf_text(&words));
}

const char *word_condition(enum language language, enum policy_condition condition)
{
	const char *text =
	    condition != CONDITION_NONE ? word_find_in(language, "life.while.", policy_word(&policy_condition_words, condition)) : NULL;

	return text != NULL ? text : "";
}

void word_life(char *out, size_t size, const struct policy *p, const struct policy_kind *kind)
{
	enum language language = word_language(p);
	BUF_AUTO struct buf words = BUF_INIT(1024);
	char longest[96];

	if (kind->keep != KEEP_MEMORY) {
		for (size_t i = 0; i < kind->life_count; i++) {
			const struct policy_life *life = &kind->lives[i];
			word_duration(longest, sizeof longest, life->length, language);
			buf_adds(&words, i > 0 ? word_in(language, "page.frame.or") : "");
			buf_adds(&words, life->lasts_while != CONDITION_NONE ? word_condition(language, life->lasts_while) : longest);
		}
		snprintf(out, size, "%s", kind->life_count > 0 ? buf_text(&words) : word_condition(language, CONDITION_SERVICE));
	} else if (duration_is_zero(kind->memory)) {
		snprintf(out, size, "%s", word_in(language, "life.request"));
	} else {
		word_duration(longest, sizeof longest, kind->memory, language);
		word_fill(&words, NULL, word_in(language, "life.memory"), WORD_VALUES({"time", longest}));
		snprintf(out, size, "%s", buf_text(&words));
	}
}
