// SPDX-License-Identifier: ISC
// Times in prose ("two weeks are enough", "nach 30 Tagen", "保存一天") against the times that the policy declares and the programs obey.
#include "policy/base/array.h"
#include "policy/rules/lint.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, MONTH = 2629746, YEAR = 12 * MONTH, SPANS_MAX = 32, NUMBER_MOST = 200 };

struct spoken {
	const char *word;
	unsigned long value;
};
static const struct spoken number_words[] = {
    {"a", 1},       {"an", 1},      {"one", 1},   {"two", 2},    {"three", 3},     {"four", 4},     {"five", 5},
    {"six", 6},     {"seven", 7},   {"eight", 8}, {"nine", 9},   {"ten", 10},      {"twelve", 12},  {"fourteen", 14},
    {"thirty", 30}, {"ninety", 90}, {"ein", 1},   {"eine", 1},   {"einen", 1},     {"einem", 1},    {"einer", 1},
    {"eines", 1},   {"zwei", 2},    {"drei", 3},  {"vier", 4},   {"fünf", 5},      {"sechs", 6},    {"sieben", 7},
    {"acht", 8},    {"neun", 9},    {"zehn", 10}, {"zwölf", 12}, {"vierzehn", 14}, {"dreißig", 30}, {"neunzig", 90},
};
static const struct spoken unit_words[] = {
    {"minute", MINUTE},  {"minutes", MINUTE}, {"hour", HOUR},      {"hours", HOUR},   {"day", DAY},      {"days", DAY},
    {"week", 7 * DAY},   {"weeks", 7 * DAY},  {"month", MONTH},    {"months", MONTH}, {"year", YEAR},    {"years", YEAR},
    {"minuten", MINUTE}, {"stunde", HOUR},    {"stunden", HOUR},   {"tag", DAY},      {"tage", DAY},     {"tagen", DAY},
    {"tages", DAY},      {"woche", 7 * DAY},  {"wochen", 7 * DAY}, {"monat", MONTH},  {"monate", MONTH}, {"monaten", MONTH},
    {"monats", MONTH},   {"jahr", YEAR},      {"jahre", YEAR},     {"jahren", YEAR},  {"jahres", YEAR},
};
static const struct spoken chinese_number_words[] = {{"一", 1}, {"两", 2}, {"二", 2}, {"三", 3}, {"四", 4}, {"五", 5},
						     {"六", 6}, {"七", 7}, {"八", 8}, {"九", 9}, {"十", 10}};
static const struct spoken chinese_unit_words[] = {{"分钟", MINUTE}, {"小时", HOUR},  {"天", DAY}, {"周岁", 0}, // of age: no time
						   {"周", 7 * DAY},  {"个月", MONTH}, {"年", YEAR}};

struct spoken_list {
	const struct spoken *items;
	size_t count;
	bool begins[256]; // what a word of it can begin with: nearly all words are known by that not to be one
};
static struct spoken_list numbers = {number_words, ARRAY_LEN(number_words), {0}};
static struct spoken_list units = {unit_words, ARRAY_LEN(unit_words), {0}};
static struct spoken_list chinese_numbers = {chinese_number_words, ARRAY_LEN(chinese_number_words), {0}};
static struct spoken_list chinese_units = {chinese_unit_words, ARRAY_LEN(chinese_unit_words), {0}};
static pthread_once_t lists_made = PTHREAD_ONCE_INIT;

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static void lists_make(void)
{
	struct spoken_list *const lists[] = {&numbers, &units, &chinese_numbers, &chinese_units};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t j = 0; j < lists[i]->count; j++)
			lists[i]->begins[(unsigned char)lists[i]->items[j].word[0]] = true;
}

struct span {
	unsigned long seconds;
	char words[48]; // as it stands there
};
struct spans {
	struct span items[SPANS_MAX];
	size_t count;
};

// The value of the first one that `text` begins with, in small letters or capitals, and how long it is; 0: none. `exact`: how long it has to
// be; 0: any length.
static unsigned long spoken_value(const struct spoken_list *list, const char *text, size_t exact, size_t *len)
{
	for (size_t i = 0; list->begins[(unsigned char)small(*text)] && i < list->count; i++) {
		const char *word = list->items[i].word;
		size_t n = 0;
		while (word[n] != '\0' && word[n] == small(text[n]))
			n++;
		*len = n;
		if (word[n] == '\0' && (exact == 0 || n == exact))
			return list->items[i].value;
	}
	*len = 1;
	return 0;
}

// As spoken_value, or in digits, of which too many are no number; *len then goes over them.
static unsigned long spoken_number(const struct spoken_list *list, const char *text, size_t exact, size_t *len)
{
	if (*text < '0' || *text > '9')
		return spoken_value(list, text, exact, len);
	*len = strspn(text, "0123456789");
	return *len < 6 && (exact == 0 || *len == exact) ? strtoul(text, NULL, 10) : 0;
}

static void add_span(struct spans *out, unsigned long number, unsigned long unit, const char *words, size_t len)
{
	if (out->count == SPANS_MAX || number == 0 || number > NUMBER_MOST)
		return;
	struct span *s = &out->items[out->count++];
	s->seconds = number * unit;
	snprintf(s->words, sizeof s->words, "%.*s", (int)len, words);
}

static bool word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static void find_spans(struct spans *out, const char *text)
{
	const char *said = NULL;
	unsigned long number = 0;
	size_t len, part;

	pthread_once(&lists_made, lists_make);
	for (const char *c = text; *c != '\0'; c += len) { // a number and a unit as two words
		for (len = 0; word_byte(c[len]);)
			len++;
		if (len == 0) {
			if (*c != ' ' && *c != '-')
				number = 0;
			len = 1;
			continue;
		}
		unsigned long unit = number != 0 ? spoken_value(&units, c, len, &part) : 0;
		if (unit != 0)
			add_span(out, number, unit, said, (size_t)(c + len - said));
		number = spoken_number(&numbers, c, len, &part);
		said = c;
	}
	for (const char *c = text; *c != '\0'; c += len) { // in Chinese, side by side
		number = spoken_number(&chinese_numbers, c, 0, &len);
		const char *after = c + len + (c[len] == ' ');
		unsigned long unit = number != 0 ? spoken_value(&chinese_units, after, 0, &part) : 0;
		if (unit != 0)
			add_span(out, number, unit, c, (size_t)(after + part - c));
	}
}

struct declared {
	struct duration items[256];
	size_t count;
};

static void declare(struct declared *d, struct duration length)
{
	if (d->count < ARRAY_LEN(d->items) && !duration_is_zero(length))
		d->items[d->count++] = length;
}

// As far as months of other lengths let two times be the same: within three in a hundred.
static bool declared_has(const struct declared *d, const struct span *s)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct duration one = d->items[i];
		const unsigned long declared = one.months * (unsigned long)MONTH + one.days * (unsigned long)DAY + one.seconds;
		if ((s->seconds > declared ? s->seconds - declared : declared - s->seconds) * 100 <= declared * 3)
			return true;
	}
	return false;
}

static void prose_spans(struct spans *out, const struct prose *prose)
{
	BUF_AUTO struct buf text = BUF_INIT(1024 * 1024);

	for (size_t i = 0; i < prose->count; i++)
		buf_adds(&text, prose->runs[i].type == RUN_LIFE ? "; " : prose->runs[i].text);
	find_spans(out, buf_text(&text));
}

// A text that speaks of times, and of none of those that are declared. (It may speak of others beside: "to compare one year with the next".)
static void lint_text_of(const struct prose *prose, const struct declared *d, const char *part, const char *id, const char *language,
			 int line, struct report *r)
{
	struct spans said = {.count = 0};

	prose_spans(&said, prose);
	for (size_t i = 0; i < said.count; i++) {
		if (declared_has(d, &said.items[i]))
			return;
	}
	report_warning_if(said.count > 0 && d->count > 0, r, line,
			  "a text of %s %s speaks of “%s”, and no time declared there is that long (%s)",
			  "visitors read one time, and the programs obey another", "put the text and the length right, or use <life-of>",
			  part, id, said.items[0].words, language);
}

static void lint_kind_prose(const struct policy *p, const struct policy_kind *k, const char *language, struct report *r)
{
	struct declared all = {.count = 0};

	if (k->has_memory)
		declare(&all, k->memory);
	for (size_t i = 0; i < k->life_count; i++)
		declare(&all, k->lives[i].length);
	for (size_t i = 0; i < k->life_count; i++)
		lint_text_of(&k->lives[i].reason, &all, "kind", kind_row(k->kind)->name, language, k->lives[i].line, r);
	for (size_t i = 0; i < p->processor_count; i++) {
		if ((p->processors[i].kinds & KIND_BIT(k->kind)) != 0 && p->processors[i].has_keeps)
			declare(&all, p->processors[i].keeps);
	}
	lint_text_of(&k->what, &all, "kind", kind_row(k->kind)->name, language, k->line, r);
	lint_text_of(&k->where, &all, "kind", kind_row(k->kind)->name, language, k->line, r);
}

// Everything with a length anywhere in the policy, and the age.
static void declare_all(struct declared *all, const struct policy *p)
{
	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *k = policy_kind_at(p, i);
		if (k->has_memory)
			declare(all, k->memory);
		for (size_t j = 0; j < k->life_count; j++)
			declare(all, k->lives[j].length);
	}
	for (size_t i = 0; i < p->processor_count; i++)
		declare(all, p->processors[i].keeps);
	for (size_t i = 0; i < p->right_count; i++)
		for (size_t j = 0; j < p->rights[i].answer_count; j++)
			declare(all, p->rights[i].answers[j].within);
	for (size_t i = 0; i < p->cookie_count; i++)
		declare(all, p->cookies[i].lasts);
	declare(all, p->notice);
	declare(all, (struct duration){.months = 12 * p->minimum_age}); // "16 years old"
}

// Of the notice's own sentences each counts; times below an hour tell of how the site works, not of what it keeps.
static void lint_notice_prose(const struct prose *prose, const struct declared *all, const char *id, const char *language, int line,
			      struct report *r)
{
	struct spans said = {.count = 0};

	prose_spans(&said, prose);
	for (size_t i = 0; i < said.count; i++)
		report_warning_if(said.items[i].seconds >= HOUR && !declared_has(all, &said.items[i]), r, line,
				  "the notice speaks of “%s” in %s, and nothing in this policy is that long (%s)",
				  "visitors read one time, and the programs obey another",
				  "put the text and the length right, or use <life-of>", said.items[i].words, id, language);
}

void lint_prose(const struct policy *main, struct report *r)
{
	for (size_t v = 0; v < main->view_count; v++) {
		const struct policy *p = main->views[v];
		struct declared all = {.count = 0};
		declare_all(&all, p);
		for (size_t i = 0; i < p->kind_count; i++)
			lint_kind_prose(p, policy_kind_at(p, i), p->language, r);
		for (size_t i = 0; i < p->processor_count; i++) {
			const struct policy_processor *a = &p->processors[i];
			struct declared keeps = {.count = 0};
			declare(&keeps, a->keeps);
			lint_text_of(&a->retention, &keeps, "processor", a->id, p->language, a->line, r);
		}
		for (size_t i = 0; i < p->right_count; i++) {
			struct declared answers = {.count = 0};
			for (size_t j = 0; j < p->rights[i].answer_count; j++)
				declare(&answers, p->rights[i].answers[j].within);
			lint_text_of(&p->rights[i].how, &answers, "right", policy_word(&policy_right_words, p->rights[i].id), p->language,
				     p->rights[i].line, r);
		}
		lint_notice_prose(&p->lead, &all, "its lead", p->language, p->section_count > 0 ? p->sections[0].line : 1, r);
		for (size_t i = 0; i < p->section_count; i++) {
			const struct policy_section *s = &p->sections[i];
			for (size_t j = 0; j < s->block_count; j++) {
				lint_notice_prose(&s->blocks[j].prose, &all, s->id, p->language, s->line, r);
				for (size_t n = 0; n < s->blocks[j].items.count; n++)
					lint_notice_prose(&s->blocks[j].items.items[n], &all, s->id, p->language, s->line, r);
			}
		}
	}
}
