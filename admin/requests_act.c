// SPDX-License-Identifier: ISC
// What an officer does with a request: each command is an event, and policy/rights/event.c says in which states it may happen and what it needs.
#include "admin/requests.h"
#include "fcgi/ipc/mail_call.h"
#include "policy/rights/identity.h"
#include "policy/rights/outbox.h"
#include <stdio.h>

// Does it to each of the requests that are named, until one of them cannot be done it to.
static enum status act(const struct admin *a, const struct arguments *args, enum rights_event event)
{
	char id[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1];
	BUF_AUTO_WIPE struct buf text = BUF_INIT(RIGHTS_REQUEST_MAX / 8);
	struct rights_act did = {.event = event,
				 .by = a->officer,
				 .ground = argument(args, "ground"),
				 .reason = argument(args, "reason"),
				 .how = argument(args, "how"),
				 .contact_too = argument_given(args, "contact-too")};

	if (requests_time(args, "at", &did.at, a->e) != 0 || requests_text(args, "text", &text, a->e) != 0 ||
	    (event == EVENT_JOINED && cases_request_id(a->vault, args->words[1], other, a->e) != 0))
		return requests_failed(a->e);
	did.text = text.len > 0 ? buf_text(&text) : NULL;
	enum status status = STATUS_DONE;
	for (size_t i = 0; i < (event == EVENT_JOINED ? 1 : args->word_count) && status == STATUS_DONE; i++) {
		BUF_AUTO struct buf line = BUF_INIT(OUTPUT_MAX);
		if (cases_request_id(a->vault, args->words[i], id, a->e) != 0 ||
		    (event == EVENT_JOINED ? rights_join(a->vault, id, other, &did, a->e) : rights_act(a->vault, id, &did, a->e)) != 0)
			return requests_failed(a->e);
		JSON_AUTO cJSON *object = rights_show_officer(a->vault, id, false, a->e);
		if (object == NULL)
			return requests_failed(a->e);
		buf_printf(&line, "%.12s is %s; recorded: %s\n", id, json_string(object, "state"), rights_events[event].name);
		status = output_object(args, object, &line);
		if ((event == EVENT_ANSWERED || event == EVENT_REFUSED) && cJSON_IsTrue(json_get(object, "has_contact")))
			output_complain(STATUS_DONE, "the letter: lethe requests letter %.12s %s", id,
					event == EVENT_ANSWERED ? "answer" : "refuse");
	}
	return status;
}

// A mail with a link and a code, which is tried at once.
static enum status identify_send(const struct admin *a, const struct arguments *args)
{
	const struct outbox_way way = {mail_call, a->run};
	const char *language = argument(args, "language");
	char id[RECORD_ID_LEN + 1], mail[RECORD_ID_LEN + 1];
	struct outbox_sent sent = {0};

	if (argument(args, "at") != NULL)
		return output_complain(STATUS_UNSURE, "requests: --send asks now: leave --at away");
	const struct policy *p = language != NULL ? policy_language(a->in_force, language) : NULL;
	if (p == NULL && language != NULL)
		return output_complain(STATUS_UNSURE, "requests: the policy is not written in that language");
	if (cases_request_id(a->vault, args->words[0], id, a->e) != 0 ||
	    identity_mail(a->vault, p, id, a->officer, argument(args, "reason"), mail, a->e) != 0 ||
	    outbox_send(a->vault, mail, true, &way, &sent, a->e) != 0)
		return requests_failed(a->e);
	if (sent.failed > 0)
		return output_complain(STATUS_FOUND, "requests: the mail server does not take it: lethe outbox show %.12s", mail);
	BUF_AUTO struct buf line = BUF_INIT(OUTPUT_MAX);
	buf_printf(&line, "%.12s: %s\n", id,
		   sent.sent > 0 ? "sent; its code holds for one hour, its link for one day" : "it waits in the outbox, for one hour");
	return output_members(args, &line,
			      JSON_MEMBERS(MEMBER_TEXT("id", id), MEMBER_TEXT("mail", mail), MEMBER_BOOL("sent", sent.sent > 0)));
}

#define REASON                                                                                                                             \
	{                                                                                                                                  \
		"reason", OPTION_VALUE, "TEXT", "why, for the person and the record; nothing personal"                                     \
	}
#define AT                                                                                                                                 \
	{                                                                                                                                  \
		"at", OPTION_VALUE, "DATE", "when it happened, if not now: a day, or a time in UTC"                                        \
	}
#define TEXT(line)                                                                                                                         \
	{                                                                                                                                  \
		"text", OPTION_HIDDEN, NULL, line                                                                                          \
	}
// With --at, for what holds or ends a clock.
#define HOW                                                                                                                                \
	{                                                                                                                                  \
		"how", OPTION_CHOICE, "letter|mail|phone|in-person", "with --at: by what it left; --reason has its number or date"         \
	}
// The command NAME brings about EVENT.
#define ACT(id, title, event, help, words_of, ...)                                                                                         \
	static enum status id##_run(const struct admin *a, const struct arguments *args)                                                   \
	{                                                                                                                                  \
		return act(a, args, event);                                                                                                \
	}                                                                                                                                  \
	static const struct option_row id##_options[] = {__VA_ARGS__, AT, OBJECT_OPTIONS_END};                                             \
	static const struct command id##_command = {                                                                                       \
	    title, id##_run, help, .words = words_of, .options = id##_options, .opens = OPENS_PROGRAM}

ACT(acknowledge, "acknowledge", EVENT_ACKNOWLEDGED, "it was confirmed to the person that it came", "ID", HOW, REASON);
static enum status identify_run(const struct admin *a, const struct arguments *args)
{
	if (argument_given(args, "send"))
		return identify_send(a, args);
	if (argument(args, "language") != NULL)
		return output_complain(STATUS_UNSURE, "requests: --language is for --send");
	return act(a, args, EVENT_IDENTITY_ASKED);
}

static const struct option_row identify_options[] = {
    {"send", OPTION_FLAG, NULL, "ask by a mail with a link and a code, to the address that the person gave"},
    {"language", OPTION_VALUE, "CODE", "of that mail; the policy's first one when not given"},
    HOW,
    REASON,
    AT,
    OBJECT_OPTIONS_END,
};
ACT(verify, "verify", EVENT_IDENTITY_GIVEN, "the person has shown who they are", "ID",
    {"how", OPTION_CHOICE, "receipt|mail|document|mandate|known|override", "how; no copy of it is kept"},
    {"contact-too", OPTION_FLAG, NULL, "and that the contact is theirs: all of it is found by that"}, REASON);
ACT(clarify, "clarify", EVENT_CLARIFICATION_ASKED, "the person was asked what they mean", "ID", HOW, REASON);
ACT(clarified, "clarified", EVENT_CLARIFICATION_GIVEN, "the person has said what they mean", "ID",
    TEXT("what they said, from a file or standard input"));
ACT(extend, "extend", EVENT_EXTENDED, "the person was told that it takes longer", "ID",
    {"ground", OPTION_VALUE, "WORD", "complexity or high-volume"}, HOW, REASON);
ACT(answer, "answer", EVENT_ANSWERED, "answered: done as asked", "ID", HOW, REASON,
    TEXT("the answer, which the person can look up, from a file or standard input"));
ACT(refusal, "refuse", EVENT_REFUSED, "refused, with its ground", "ID",
    {"ground", OPTION_VALUE, "WORD", "by Article 12 or 17; without it the list is named"}, HOW, REASON,
    TEXT("more of it, for the person alone, from a file or standard input"));
ACT(closing, "close", EVENT_CLOSED, "closed without an answer", "ID ...", {"ground", OPTION_VALUE, "WORD", "spam or non-responsive"}, HOW,
    REASON);
ACT(withdraw, "withdraw", EVENT_WITHDRAWN, "the person has taken it back", "ID", HOW, REASON);
ACT(reopen, "reopen", EVENT_REOPENED, "open again what was ended", "ID", REASON);
ACT(note, "note", EVENT_NOTE, "a note for officers, sealed", "ID", TEXT("the note, from a file or standard input"));
ACT(join, "join", EVENT_JOINED, "the first asks for the same as the second, and is answered with it", "ID ID", REASON);

// In the order of the help.
static const struct command *const commands_of_requests[] = {
    &requests_list_command,
    &requests_show_command,
    &requests_add_command,
    &acknowledge_command,
    &(const struct command){"identify", identify_run, "the person was asked who they are, for a reasonable doubt", .words = "ID",
			    .options = identify_options, .opens = OPENS_PROGRAM},
    &verify_command,
    &clarify_command,
    &clarified_command,
    &extend_command,
    &answer_command,
    &refusal_command,
    &closing_command,
    &withdraw_command,
    &reopen_command,
    &note_command,
    &join_command,
    &requests_letter_command,
    &requests_recipients_command,
    &requests_report_command,
    &requests_clock_command,
    NULL};

const struct command requests_command = {.name = "requests", .line = "requests of data subjects", .sub = commands_of_requests};
