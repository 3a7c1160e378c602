// SPDX-License-Identifier: ISC
#include "policy/rights/letter.h"
#include "policy/publish/words/words.h"
#include <stdio.h>
#include <string.h>

const struct letter_row letters[] = {{"acknowledge", NULL, false, 0}, {"identify", NULL, false, 0},    {"clarify", NULL, false, 0},
				     {"extend", "extended", true, 0}, {"answer", "answered", true, 0}, {"refuse", "refused", true, 0},
				     {"lift", "lift-told", true, 0},  {NULL, NULL, false, 0}};

const cJSON *letter_event(const cJSON *request, const char *name)
{
	const cJSON *event, *last = NULL;

	cJSON_ArrayForEach(event, json_get(request, "events"))
	{
		const char *is = json_string(event, "event");
		last = is != NULL && strcmp(is, name) == 0 ? event : last;
	}
	return last;
}

static void letter_paragraph(struct buf *out, const struct policy *p, const char *key, const struct word_value *values)
{
	word_fill(out, NULL, word(p, key), values);
	buf_adds(out, "\n\n");
}

static const char *letter_day(char out[WORD_DAY], const cJSON *request, const char *name, const struct policy *p)
{
	const time_t t = json_time(request, name);

	snprintf(out, WORD_DAY, "–");
	if (t != 0)
		word_day(out, t, word_language(p));
	return out;
}

// Without the full stop that the word has itself.
static const char *letter_reason(struct buf *out, const char *reason)
{
	buf_adds(out, reason != NULL ? reason : "–");
	while (out->len > 0 && strchr(". ", out->data[out->len - 1]) != NULL)
		out->data[--out->len] = '\0';
	return buf_text(out);
}

const struct policy *letter_language(const struct policy *p, const char *asked, const cJSON *request)
{
	const char *theirs = json_string(request, "language");
	const struct policy *found = asked != NULL ? policy_language(p, asked) : theirs != NULL ? policy_language(p, theirs) : p;

	return found != NULL || asked != NULL ? found : p;
}

// By when the person has the answer; where the letter says that it takes longer, by when as of that.
static const char *letter_due(char out[WORD_DAY], const cJSON *request, const char *kind, const struct policy *p)
{
	const cJSON *clock;

	cJSON_ArrayForEach(clock, json_get(request, "clocks"))
	{
		if (strcmp(kind, "extend") == 0 && cJSON_IsTrue(json_get(clock, "extended")))
			return letter_day(out, clock, "due", p);
	}
	return letter_day(out, request, "answer_by", p);
}

void letter_write(struct buf *out, const struct policy *p, const struct letter_row *letter, const cJSON *request, const char *reason)
{
	const cJSON *event = letter->event != NULL ? letter_event(request, letter->event) : NULL;
	const char *ground = json_string(event, "ground"), *text = json_string(event, "text"), *to = json_string(request, "contact");
	const char *name = json_string(request, "right"), *number = json_string(request, "id");
	char received[WORD_DAY], due[WORD_DAY], today[WORD_DAY], key[32];
	BUF_AUTO struct buf why = BUF_INIT(LETTER_MAX), address = BUF_INIT(4096);
	const struct policy_right *right = policy_right_named(p, name);
	size_t web = p->controller.web != NULL ? strlen(p->controller.web) : 0;
	buf_printf(&address, "%s%srights", web > 0 ? p->controller.web : "", web > 0 && p->controller.web[web - 1] == '/' ? "" : "/");
	const struct word_value values[] = {{"number", number},
					    {"right", right != NULL ? right->name : name},
					    {"received", letter_day(received, request, "received", p)},
					    {"due", letter_due(due, request, letter->kind, p)},
					    {"ground", ground != NULL ? word_or(p, "ground.", ground) : "–"},
					    {"reason", letter_reason(&why, reason != NULL ? reason : json_string(event, "reason"))},
					    {"controller", p->controller.name != NULL ? p->controller.name : p->shown_as},
					    {"contact", p->contact},
					    {"authority", p->authority.name},
					    {"address", buf_text(&address)},
					    {NULL, NULL}};

	word_day(today, when_now(), word_language(p));
	if (to != NULL)
		buf_printf(out, "%s\n\n", to);
	buf_printf(out, "%s\n\n", today);
	letter_paragraph(out, p, "letter.subject", values);
	snprintf(key, sizeof key, "letter.%s", letter->kind);
	letter_paragraph(out, p, key, values);
	for (unsigned i = 1; i <= letter->more; i++) {
		snprintf(key, sizeof key, "letter.%s_%u", letter->kind, i);
		letter_paragraph(out, p, key, values);
	}
	if (text != NULL)
		buf_printf(out, "%s\n\n", text);
	if (letter->complain)
		letter_paragraph(out, p, p->authority.name != NULL ? "letter.complain_to" : "letter.complain", values);
	letter_paragraph(out, p, "letter.look_up", values);
	word_fill(out, NULL, word(p, "letter.sign"), values);
	buf_addc(out, '\n');
}

void letter_subject(struct buf *out, const struct policy *p, const cJSON *request)
{
	word_fill(out, NULL, word(p, "letter.subject"), WORD_VALUES({"number", json_string(request, "id")}));
}

const struct letter_row *letter_row(const char *kind)
{
	const struct letter_row *l = letters;

	while (l->kind != NULL && strcmp(l->kind, kind) != 0)
		l++;
	return l->kind != NULL ? l : NULL;
}
