// SPDX-License-Identifier: ISC
#include "policy/model/language.h"
#include "policy/base/array.h"
#include <stdio.h>
#include <string.h>

static const char *const codes[LANGUAGE_COUNT] = {"en", "de", "zh"};

struct unit {
	const char *one, *many;
};
enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, UNIT_COUNT };
static const struct unit units[LANGUAGE_COUNT][UNIT_COUNT] = {
    {{" year", " years"}, {" month", " months"}, {" day", " days"}, {" hour", " hours"}, {" minute", " minutes"}, {" second", " seconds"}},
    {{" Jahr", " Jahre"},
     {" Monat", " Monate"},
     {" Tag", " Tage"},
     {" Stunde", " Stunden"},
     {" Minute", " Minuten"},
     {" Sekunde", " Sekunden"}},
    {{" 年", " 年"}, {" 个月", " 个月"}, {" 天", " 天"}, {" 小时", " 小时"}, {" 分钟", " 分钟"}, {" 秒", " 秒"}},
};
static const char *const joins[LANGUAGE_COUNT] = {" and ", " und ", "零 "};
static const char *const no_time[LANGUAGE_COUNT] = {"no time", "keine Zeit", "零时间"};

static const struct condition {
	const char *id;
	const char *words[LANGUAGE_COUNT];
} conditions[] = {
    {"account", {"for as long as your account exists", "solange Ihr Konto besteht", "您的账户存续期间"}},
    {"service", {"for as long as the service runs", "solange der Dienst besteht", "服务运营期间"}},
    {"saved", {"for as long as you keep it saved", "solange Sie es gespeichert lassen", "您保留该内容期间"}},
    {"consent", {"until you withdraw your consent", "bis Sie Ihre Einwilligung widerrufen", "直至您撤回同意"}},
};

int language_from_code(enum language *out, const char *code)
{
	size_t len = strcspn(code, "-");

	*out = LANGUAGE_EN;
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
		if (strlen(codes[i]) == len && strncmp(codes[i], code, len) == 0) {
			*out = (enum language)i;
			return 0;
		}
	}
	return -1;
}

void language_duration(char *out, size_t size, struct duration d, enum language language)
{
	const unsigned long long counts[UNIT_COUNT] = {d.months / 12,    d.months % 12,         d.days,
						       d.seconds / 3600, d.seconds % 3600 / 60, d.seconds % 60};
	size_t used = 0;

	snprintf(out, size, "%s", no_time[language]);
	for (unsigned i = 0; i < UNIT_COUNT && used < size; i++) {
		const struct unit *u = &units[language][i];
		if (counts[i] == 0)
			continue;
		int n = snprintf(out + used, size - used, "%s%llu%s", used > 0 ? joins[language] : "", counts[i],
				 counts[i] == 1 ? u->one : u->many);
		if (n < 0)
			return;
		used += (size_t)n;
	}
}

void language_memory(char *out, size_t size, struct duration longest, enum language language)
{
	static const char *const request[LANGUAGE_COUNT] = {"only while your request runs", "nur während Ihre Anfrage läuft",
							    "仅在处理您的请求期间"};
	static const char *const before[LANGUAGE_COUNT] = {"only in memory, ", "nur im Arbeitsspeicher, höchstens ", "仅在内存中，最长 "};
	static const char *const after[LANGUAGE_COUNT] = {" at most", "", ""};
	char words[96];

	language_duration(words, sizeof words, longest, language);
	if (duration_is_zero(longest))
		snprintf(out, size, "%s", request[language]);
	else
		snprintf(out, size, "%s%s%s", before[language], words, after[language]);
}

const char *language_condition(const char *condition, enum language language)
{
	for (size_t i = 0; condition != NULL && i < ARRAY_LEN(conditions); i++) {
		if (strcmp(conditions[i].id, condition) == 0)
			return conditions[i].words[language];
	}
	return "";
}
