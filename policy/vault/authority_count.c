// SPDX-License-Identifier: ISC
#include "policy/vault/authority_count.h"
#include "policy/base/json.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char line_word[] = "authorities ";
const char *const authority_count_names[AUTHORITY_COUNTS] = {"asked", "given", "nothing", "refused"};

// The year's row, made where it is missing. Where there are too many, the two oldest become one.
static struct authority_year *authority_year_of(struct authority_years *years, unsigned year)
{
	size_t at = 0;

	while (at < years->count && years->list[at].year < year)
		at++;
	if (at < years->count && years->list[at].year == year)
		return &years->list[at];
	if (years->count == AUTHORITY_YEARS && at == 0)
		return &years->list[0];
	if (years->count == AUTHORITY_YEARS) {
		for (size_t i = 0; i < AUTHORITY_COUNTS; i++)
			years->list[1].counts[i] += years->list[0].counts[i];
		memmove(&years->list[0], &years->list[1], (--years->count) * sizeof years->list[0]);
		at--;
	}
	memmove(&years->list[at + 1], &years->list[at], (years->count++ - at) * sizeof years->list[0]);
	years->list[at] = (struct authority_year){.year = year};
	return &years->list[at];
}

void authority_count_event(struct authority_years *years, const struct ledger_row *row)
{
	if (row->name == NULL || strcmp(row->name, "authority") != 0 || row->details == NULL)
		return;
	JSON_AUTO cJSON *details = json_parse(row->details, strlen(row->details), NULL);
	const char *event = json_string(details, "event");
	const double year = json_number(details, "year", 0);
	for (size_t i = 0; event != NULL && year >= 1970 && year < 10000 && i < AUTHORITY_COUNTS; i++)
		if (strcmp(authority_count_names[i], event) == 0)
			authority_year_of(years, (unsigned)year)->counts[i]++;
}

void authority_count_lines(const struct authority_years *years, struct buf *out)
{
	for (size_t y = 0; y < years->count; y++) {
		buf_printf(out, "%s%u", line_word, years->list[y].year);
		for (size_t i = 0; i < AUTHORITY_COUNTS; i++)
			buf_printf(out, " %s %" PRIu64, authority_count_names[i], years->list[y].counts[i]);
		buf_addc(out, '\n');
	}
}

int authority_count_read(struct authority_years *out, const char *note)
{
	const char *end = strstr(note, "\n\n"), *at = note;

	*out = (struct authority_years){0};
	for (int line = 0; end != NULL && at <= end; line++, at = strchr(at, '\n') + 1) {
		struct authority_year year = {0};
		char *rest;
		if (line < 3 || strncmp(at, line_word, sizeof line_word - 1) != 0)
			continue;
		year.year = (unsigned)strtoul(at + sizeof line_word - 1, &rest, 10);
		for (size_t i = 0; i < AUTHORITY_COUNTS; i++) {
			const size_t len = strlen(authority_count_names[i]);
			if (*rest != ' ' || strncmp(rest + 1, authority_count_names[i], len) != 0 || rest[1 + len] != ' ')
				return -1;
			year.counts[i] = strtoull(rest + 2 + len, &rest, 10);
		}
		if (*rest != '\n' || out->count == AUTHORITY_YEARS || (out->count > 0 && out->list[out->count - 1].year >= year.year))
			return -1;
		out->list[out->count++] = year;
	}
	return 0;
}

bool authority_count_lowered(const struct authority_years *before, const struct authority_years *after)
{
	for (size_t b = 0; b < before->count; b++) {
		const struct authority_year *was = &before->list[b];
		size_t a = 0;
		while (a < after->count && after->list[a].year != was->year)
			a++;
		if (a == after->count && after->count == AUTHORITY_YEARS && was->year < after->list[0].year)
			continue; // it was joined to the next one
		for (size_t i = 0; i < AUTHORITY_COUNTS; i++)
			if (a == after->count || after->list[a].counts[i] < was->counts[i])
				return true;
	}
	return false;
}
