// SPDX-License-Identifier: ISC
// The letters of a request: from its events and the policy's facts, in a language of the site, to be printed and sent by the officer.
#include "admin/requests.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include "policy/publish/words/words.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LETTER_MAX = 256 * 1024 };

static const struct option_row letter_options[] = {
    {"language", OPTION_VALUE, "CODE", "one of the policy's languages; its first one when not given"},
    {"reason", OPTION_VALUE, "TEXT", "for identify and clarify: what is asked, and why; else the one that is recorded"},
    {"edit", OPTION_FLAG, NULL, "change it in an editor first (VISUAL, EDITOR)"},
    OBJECT_FORMAT_OPTION,
    {0},
};

// What each letter tells of: the last event of this kind, without which it would say what did not happen.
static const struct letter_row {
	const char *kind;
	const char *event; // NULL: it is written before the event
	bool complain;
} letters[] = {{"acknowledge", NULL, false}, {"identify", NULL, false},   {"clarify", NULL, false},   {"extend", "extended", true},
	       {"answer", "answered", true}, {"refuse", "refused", true}, {"lift", "lift-told", true}};

static const cJSON *last_event(const cJSON *request, const char *name)
{
	const cJSON *event, *last = NULL;

	cJSON_ArrayForEach(event, json_get(request, "events"))
	{
		const char *is = json_string(event, "event");
		last = is != NULL && strcmp(is, name) == 0 ? event : last;
	}
	return last;
}

static void paragraph(struct buf *out, const struct policy *p, const char *key, const struct word_value *values)
{
	word_fill(out, NULL, word(p, key), values);
	buf_adds(out, "\n\n");
}

static const char *letter_day(char out[WORD_DAY], const cJSON *request, const char *name, const struct policy *p)
{
	const char *text = json_string(request, name);
	time_t t;

	if (text != NULL && when_parse(&t, text) == 0)
		word_day(out, t, word_language(p));
	else
		snprintf(out, WORD_DAY, "–");
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

static void letter_write(struct buf *out, const struct policy *p, const struct letter_row *letter, const cJSON *request, const char *reason)
{
	const cJSON *event = letter->event != NULL ? last_event(request, letter->event) : NULL;
	const char *ground = json_string(event, "ground"), *text = json_string(event, "text"), *to = json_string(request, "contact");
	const char *name = json_string(request, "right"), *number = json_string(request, "id");
	char received[WORD_DAY], due[WORD_DAY], today[WORD_DAY], key[32];
	BUF_AUTO struct buf why = BUF_INIT(LETTER_MAX), address = BUF_INIT(4096);
	int id = policy_word_value(&policy_right_words, name, strlen(name));
	const struct policy_right *right = id >= 0 ? policy_right(p, (enum policy_right_id)id) : NULL;
	size_t web = p->controller.web != NULL ? strlen(p->controller.web) : 0;
	buf_printf(&address, "%s%srights", web > 0 ? p->controller.web : "", web > 0 && p->controller.web[web - 1] == '/' ? "" : "/");
	const struct word_value values[] = {{"number", number},
					    {"right", right != NULL ? right->name : name},
					    {"received", letter_day(received, request, "received", p)},
					    {"due", letter_day(due, request, "due", p)},
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
	paragraph(out, p, "letter.subject", values);
	snprintf(key, sizeof key, "letter.%s", letter->kind);
	paragraph(out, p, key, values);
	if (text != NULL)
		buf_printf(out, "%s\n\n", text);
	if (letter->complain)
		paragraph(out, p, p->authority.name != NULL ? "letter.complain_to" : "letter.complain", values);
	paragraph(out, p, "letter.look_up", values);
	word_fill(out, NULL, word(p, "letter.sign"), values);
	buf_addc(out, '\n');
}

// The officer's editor on a file that nobody else can read, and that is gone afterwards.
static int letter_edit(struct buf *letter, struct err *e)
{
	char path[] = "/dev/shm/lethe-letter-XXXXXX", elsewhere[] = "/tmp/lethe-letter-XXXXXX", *file = path;
	const char *editor = setting("VISUAL", setting("EDITOR", ""));
	FD_AUTO int fd = mkostemp(path, O_CLOEXEC);
	int status = 0, ret = -1;

	if (fd < 0) {
		file = elsewhere;
		fd = mkostemp(elsewhere, O_CLOEXEC);
	}
	if (*editor == '\0')
		err_set(e, ERR_INPUT, "--edit needs an editor: set EDITOR");
	else if (fd < 0 || fd_write_all(fd, letter->data, letter->len) != 0)
		err_set(e, ERR_IO, "no file for the editor can be written");
	else {
		pid_t child = fork();
		if (child == 0) {
			execl("/bin/sh", "sh", "-c", "$0 \"$1\"", editor, file, (char *)NULL);
			_exit(127);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			err_set(e, ERR_IO, "the editor failed");
		else {
			buf_reset(letter);
			ret = file_read(file, letter, e);
		}
	}
	if (fd >= 0)
		unlink(file);
	return ret;
}

static enum status letter_run(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1], officer[OFFICER_MAX], reason[64];
	BUF_AUTO_WIPE struct buf json = BUF_INIT(OUTPUT_MAX), text = BUF_INIT(LETTER_MAX);
	const char *language = argument(args, "language");
	const struct rights_act reading = {.event = EVENT_READ, .by = officer, .reason = reason};
	const struct letter_row *letter = letters;
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	while (letter < letters + ARRAY_LEN(letters) && strcmp(letter->kind, args->words[1]) != 0)
		letter++;
	if (letter == letters + ARRAY_LEN(letters))
		return output_complain(STATUS_UNSURE,
				       "requests: a letter is one of acknowledge, identify, clarify, extend, answer, refuse, lift");
	requests_officer(officer);
	snprintf(reason, sizeof reason, "letter: %s", letter->kind);
	if (site_open(&s, a, VAULT_PROGRAM) != STATUS_DONE)
		return STATUS_UNSURE;
	const struct policy *p = language != NULL ? policy_language(s.policy, language) : s.policy;
	if (p == NULL)
		return output_complain(STATUS_UNSURE, "requests: the policy is not written in that language");
	if (request_id(s.vault, args->words[0], id, &e) != 0 || rights_act(s.vault, id, &reading, &e) != 0 ||
	    rights_show_officer(s.vault, id, true, &json, &e) != 0)
		return requests_failed(&e);
	JSON_AUTO cJSON *request = json_parse(buf_text(&json), json.len, &e);
	if (letter->event != NULL && last_event(request, letter->event) == NULL)
		return output_complain(STATUS_FOUND, "requests: it was not %s: lethe %s %s first", letter->event,
				       strcmp(letter->kind, "lift") == 0 ? "restrict" : "requests",
				       strcmp(letter->kind, "lift") == 0 ? "tell" : letter->kind);
	letter_write(&text, p, letter, request, argument(args, "reason"));
	if (text.failed || (argument_given(args, "edit") && letter_edit(&text, &e) != 0))
		return output_complain(STATUS_UNSURE, "requests: %s", text.failed ? "the letter is too long" : e.text);
	JSON_AUTO cJSON *object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "kind", letter->kind);
	cJSON_AddStringToObject(object, "language", p->language);
	cJSON_AddStringToObject(object, "text", buf_text(&text));
	return output_object(args, object, &text);
}

const struct command requests_letter_command = {.name = "letter",
						.run = letter_run,
						.line = "a letter: acknowledge, identify, clarify, extend, answer, refuse or lift",
						.words = "ID KIND",
						.words_min = 2,
						.words_max = 2,
						.options = letter_options};
