// SPDX-License-Identifier: ISC
// The letters of a request, looked through and changed by the officer, then printed, or sent by mail.
#include "admin/requests.h"
#include "fcgi/ipc/mail_call.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include "policy/rights/letter.h"
#include "policy/rights/outbox.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct option_row letter_options[] = {
    {"language", OPTION_VALUE, "CODE", "one of the policy's languages; when not given, the person's"},
    {"reason", OPTION_VALUE, "TEXT", "for identify and clarify: what is asked, and why; else the one that is recorded"},
    {"edit", OPTION_FLAG, NULL, "change it in an editor first (VISUAL, EDITOR)"},
    {"send", OPTION_FLAG, NULL, "send it by mail to the address that the person gave, where the policy has mail"},
    {"yes", OPTION_FLAG, NULL, "with --send: do not ask first"},
    {"again", OPTION_FLAG, NULL, "with --yes: also where it was sent before"},
    OBJECT_OPTIONS_END,
};

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

// The letter as it is now goes to the outbox, and is tried at once. What it asks for, or that it was received, becomes an event of the request.
static enum status letter_send(const struct admin *a, const struct letter_row *letter, const cJSON *request, const struct rights_act *asked,
			       const struct buf *subject, const struct buf *text)
{
	const struct outbox_way way = {mail_call, a->run};
	const char *contact = json_string(request, "contact"), *id = json_string(request, "id");
	const struct outbox_new mail = {.to = contact,
					.subject = buf_text(subject),
					.text = buf_text(text),
					.what = letter->kind,
					.request = id,
					.kinds = KIND_BIT(KIND_RIGHTS_REQUEST)};
	struct outbox_sent sent = {0};
	char number[RECORD_ID_LEN + 1];

	if (contact == NULL)
		return output_complain(STATUS_FOUND, "requests: the person gave no address: print the letter instead");
	if ((asked->event != EVENT_COUNT && rights_act(a->vault, id, asked, a->e) != 0) || outbox_add(a->vault, &mail, number, a->e) != 0 ||
	    outbox_send(a->vault, number, true, &way, &sent, a->e) != 0)
		return requests_failed(a->e);
	if (sent.failed > 0)
		return output_complain(STATUS_FOUND, "requests: the mail server does not take it: lethe outbox show %.12s", number);
	return output_complain(STATUS_DONE,
			       sent.sent > 0 ? "sent" : "it waits in the outbox, and is tried again by itself: lethe outbox list");
}

// When the same letter was sent by mail, or queued; NULL: it was not.
static const char *letter_sent(const cJSON *request, const char *kind)
{
	const char *at = NULL;
	const cJSON *event;

	cJSON_ArrayForEach(event, json_get(request, "events"))
	{
		const char *name = json_string(event, "event"), *which = json_string(event, "reason");
		if (name == NULL || which == NULL || strncmp(which, kind, strlen(kind)) != 0)
			continue;
		if (strcmp(name, rights_events[EVENT_MAIL_QUEUED].name) == 0 || strcmp(name, rights_events[EVENT_MAIL_SENT].name) == 0)
			at = json_string(event, "at");
		else if (strcmp(name, rights_events[EVENT_MAIL_FAILED].name) == 0) // "acknowledge: mail-refused"
			at = NULL;
	}
	return at;
}

static enum status letter_run(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1], reason[64];
	BUF_AUTO_WIPE struct buf text = BUF_INIT(LETTER_MAX), subject = BUF_INIT(1024);
	const char *language = argument(args, "language");
	const struct rights_act reading = {.event = EVENT_READ, .by = a->officer, .reason = reason};
	const struct letter_row *letter = letter_row(args->words[1]);
	struct rights_act asked = {.event = EVENT_COUNT, .by = a->officer, .reason = argument(args, "reason")};

	if (letter == NULL)
		return output_complain(STATUS_UNSURE,
				       "requests: a letter is one of acknowledge, identify, clarify, extend, answer, refuse, lift");
	snprintf(reason, sizeof reason, "letter: %s", letter->kind);
	if (argument_given(args, "send") && outbox_processor(a->in_force) == NULL)
		return output_complain(STATUS_FOUND, "requests: the policy has nobody deliver mail: print the letter instead");
	if (cases_request_id(a->vault, args->words[0], id, a->e) != 0 || rights_act(a->vault, id, &reading, a->e) != 0)
		return requests_failed(a->e);
	JSON_AUTO cJSON *request = rights_show_officer(a->vault, id, true, a->e);
	if (request == NULL)
		return requests_failed(a->e);
	const struct policy *p = letter_language(a->in_force, language, request);
	if (p == NULL)
		return output_complain(STATUS_UNSURE, "requests: the policy is not written in that language");
	if (letter->event != NULL && letter_event(request, letter->event) == NULL)
		return output_complain(STATUS_FOUND, "requests: it was not %s: lethe %s %s first", letter->event,
				       strcmp(letter->kind, "lift") == 0 ? "restrict" : "requests",
				       strcmp(letter->kind, "lift") == 0 ? "tell" : letter->kind);
	const bool asks = strcmp(letter->kind, "identify") == 0 || strcmp(letter->kind, "clarify") == 0;
	const char *recorded = json_string(
	    letter_event(request, rights_events[*letter->kind == 'i' ? EVENT_IDENTITY_ASKED : EVENT_CLARIFICATION_ASKED].name), "reason");
	asked.reason = asked.reason == NULL && asks ? recorded : asked.reason;
	if (asks && asked.reason == NULL)
		return output_complain(STATUS_UNSURE, "requests: --reason is needed: what is asked, and why");
	letter_write(&text, p, letter, request, asked.reason);
	letter_subject(&subject, p, request);
	if (text.failed || (argument_given(args, "edit") && letter_edit(&text, a->e) != 0))
		return output_complain(STATUS_UNSURE, "requests: %s", text.failed ? "the letter is too long" : a->e->text);
	BUF_AUTO_WIPE struct buf lines = BUF_INIT(OUTPUT_MAX);
	output_wrapped_lines(&lines, 0, buf_text(&text));
	enum status printed = output_members(
	    args, &lines,
	    JSON_MEMBERS(MEMBER_TEXT("kind", letter->kind), MEMBER_TEXT("language", p->language), MEMBER_TEXT("text", buf_text(&text))));
	if (printed != STATUS_DONE || !argument_given(args, "send"))
		return printed;
	const char *before = letter_sent(request, letter->kind);
	if (before != NULL)
		output_complain(STATUS_DONE, "requests: this letter was sent by mail already, on %s", before);
	if (before != NULL && argument_given(args, "yes") && !argument_given(args, "again"))
		return output_complain(STATUS_FOUND, "requests: nothing was sent. Give --again, too, to send another one.");
	if (!argument_given(args, "yes") && !ask_yes(before != NULL ? "Send another one? Type yes: " : "Send it? Type yes: "))
		return output_complain(STATUS_UNSURE, "requests: it was not sent. Give --yes, or answer yes.");
	if (strcmp(letter->kind, "identify") == 0 && letter_event(request, "identity-asked") == NULL)
		asked.event = EVENT_IDENTITY_ASKED;
	else if (strcmp(letter->kind, "clarify") == 0 && letter_event(request, "clarification-asked") == NULL)
		asked.event = EVENT_CLARIFICATION_ASKED;
	return letter_send(a, letter, request, &asked, &subject, &text);
}

const struct command requests_letter_command = {"letter",
						letter_run,
						"a letter: acknowledge, identify, clarify, extend, answer, refuse or lift",
						.words = "ID KIND",
						.options = letter_options,
						.opens = OPENS_PROGRAM};
