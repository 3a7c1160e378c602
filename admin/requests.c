// SPDX-License-Identifier: ISC
#include "admin/requests.h"
#include "admin/cases.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/rights/erase.h"
#include "policy/rights/outbox.h"
#include "policy/rights/reading.h"
#include "policy/vault/seal.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_row list_options[] = {
    {"status", OPTION_CHOICE, "open|waiting|partial|fulfilled|refused|closed|withdrawn|unreadable", "only those in this state"},
    {"right", OPTION_VALUE, "RIGHT", "only those for this right"},
    {"overdue", OPTION_FLAG, NULL, "only those that are overdue"},
    {"due-within", OPTION_VALUE, "DURATION", "only open ones that are due within P3D, say, or overdue"},
    {"contact", OPTION_HIDDEN, NULL, "only those that gave this address, as of somebody who asks where theirs is"},
    {"reason", OPTION_VALUE, "TEXT", "with --contact: why you ask; it is recorded, and the person sees it"},
    {"watch", OPTION_FLAG, NULL, "go on, and print the list again when it has changed"},
    LIST_OPTIONS_END,
};
static const struct option_row show_options[] = {
    {"personal", OPTION_FLAG, NULL, "also what the person left; it is recorded who read it, and the person can see that"},
    {"reason", OPTION_VALUE, "TEXT", "with --personal: why; the person sees it"},
    OBJECT_OPTIONS_END,
};
static const struct option_row add_options[] = {
    {"right", OPTION_VALUE, "RIGHT", "what is asked for: a right that the policy offers"},
    {"received", OPTION_VALUE, "DATE", "when it came, if not now: a day, or a time in UTC"},
    {"how", OPTION_CHOICE, "letter|phone|mail|in-person|other", "how it came"},
    {"contact", OPTION_HIDDEN, NULL, "where the answer is to go"},
    {"receipt", OPTION_HIDDEN, NULL, "the receipt that it names"},
    {"archive", OPTION_HIDDEN, NULL, "the address of the ZIP that it names"},
    {"language", OPTION_VALUE, "CODE", "that the person reads: one of the policy's"},
    {"message", OPTION_HIDDEN, NULL, "what it says, from a file or standard input"},
    {"agent", OPTION_VALUE, "NAME", "the firm or office that acts for the person"},
    {"mandate", OPTION_VALUE, "FILE", "its mandate, which was seen: its SHA-256 and the date are kept, and the paper is not"},
    {"answer-to", OPTION_CHOICE, "agent|person", "whom --contact reaches; the agent when not given"},
    OBJECT_OPTIONS_END,
};

// ---- list ----

struct listed {
	char id[RECORD_ID_LEN + 1], right[40], how[16];
	const char *state;
	time_t received, due, waiting_since; // waiting_since: 0: the person is not waited for
	bool open, late, paused, wanted, held;
	time_t held_until;                 // 0: not known
	char joined_to[RECORD_ID_LEN + 1]; // "": to none
	const char *mail;                  // "failed" or "waiting"; "" when all went
};
struct listing {
	struct listed *rows;
	size_t count, capacity;
	cJSON *mails;        // by the id of its request: whether one waits or failed
	const char *contact; // only those that gave it; NULL: all
	bool failed;
};

static int list_mail(void *arg, const struct outbox_row *row)
{
	cJSON *mails = arg;

	if (strcmp(row->state, "failed") == 0)
		cJSON_DeleteItemFromObjectCaseSensitive(mails, row->request);
	if (*row->request != '\0' && json_get(mails, row->request) == NULL)
		cJSON_AddStringToObject(mails, row->request, strcmp(row->state, "failed") == 0 ? "failed" : "waiting");
	return 0;
}

static int list_row(void *arg, const struct rights_row *row)
{
	struct listing *l = arg;
	char plain[PERSON_VALUE_MAX];
	struct listed one = {.state = row->state,
			     .received = row->received,
			     .due = row->due,
			     .open = row->open,
			     .late = row->late,
			     .paused = row->paused,
			     .held = row->facts.held,
			     .held_until = row->facts.held_until,
			     .wanted = l->contact == NULL ||
				       (row->contact != NULL && person_contact(plain, row->contact) && strcmp(plain, l->contact) == 0),
			     .waiting_since = row->open ? clock_waiting_since(&row->facts.clock) : 0,
			     .mail = json_string(l->mails, row->id)};

	if (row->open && row->facts.joined_to != NULL)
		snprintf(one.joined_to, sizeof one.joined_to, "%s", row->facts.joined_to);
	snprintf(one.id, sizeof one.id, "%s", row->id);
	snprintf(one.right, sizeof one.right, "%s", row->right);
	snprintf(one.how, sizeof one.how, "%s", row->how);
	l->failed = !ARRAY_GROW(l->rows, l->count, l->capacity);
	if (!l->failed)
		l->rows[l->count++] = one;
	return l->failed;
}

static int list_by_id(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	return strcmp(x->id, y->id);
}

// What one is joined to in the end. NULL: none, or it is joined in a circle; what is not there any more is NULL, too, and `gone`.
static struct listed *list_head(const struct listing *l, const struct listed *row, bool *gone)
{
	enum { DEPTH_MAX = 64 };
	struct listed wanted = {0}, *head = NULL;
	const struct listed *at = row;

	for (int depth = 0; depth < DEPTH_MAX && at->joined_to[0] != '\0'; depth++) {
		memcpy(wanted.id, at->joined_to, sizeof wanted.id);
		at = head = bsearch(&wanted, l->rows, l->count, sizeof *l->rows, list_by_id);
		*gone = head == NULL;
		if (head == NULL)
			return NULL;
	}
	return at->joined_to[0] == '\0' ? head : NULL;
}

// Who is answered for others is to be answered by the earliest of their dates. What is joined is late when that is, and when nothing answers it
// any more.
static void list_join(struct listing *l)
{
	qsort(l->rows, l->count, sizeof *l->rows, list_by_id);
	for (int pass = 0; pass < 2; pass++) {
		for (struct listed *row = l->rows; row < l->rows + l->count; row++) {
			bool gone = false;
			struct listed *head = list_head(l, row, &gone);
			if (head != NULL && head->open && pass == 0) {
				head->due = row->due < head->due ? row->due : head->due;
				head->late = head->late || row->late;
			}
			row->late = row->late || gone || (head != NULL && (head->late || !head->open));
		}
	}
}

// Overdue ones, then open ones, each by when they are due; then what is over, by when it came.
static int list_order(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->late != y->late)
		return x->late ? -1 : 1;
	if (x->open != y->open)
		return x->open ? -1 : 1;
	const time_t one = x->open ? x->due : x->received, other = y->open ? y->due : y->received;
	return one != other ? (one < other ? -1 : 1) : strcmp(x->id, y->id);
}

static void list_left(char *out, size_t size, const struct listed *l, time_t now)
{
	long long days = (long long)(l->due > now ? l->due - now : now - l->due) / 86400;

	char until[WHEN_TEXT];

	*out = '\0';
	when_text(until, l->held_until);
	if (l->held) // answered: nothing is owed before the hold ends
		snprintf(out, size, l->held_until != 0 ? "held until %.10s" : "held", until);
	else if (l->joined_to[0] != '\0')
		snprintf(out, size, l->late ? "late, joined" : "joined to another");
	else if (l->waiting_since != 0 && !l->late && now - l->waiting_since > (time_t)CLOCK_WAITING_DAYS * 86400)
		snprintf(out, size, "%lld days waited for", (long long)(now - l->waiting_since) / 86400);
	else if (l->open && l->paused && !l->late)
		snprintf(out, size, "clock stands still");
	else if (l->open && days == 0)
		snprintf(out, size, l->late ? "late since today" : "due today");
	else if (l->open)
		snprintf(out, size, "%lld day%s %s", days, days == 1 ? "" : "s", l->late ? "late" : "left");
	if (l->mail != NULL && strcmp(l->mail, "failed") == 0)
		snprintf(out + strlen(out), size - strlen(out), "%smail failed", *out ? "; " : "");
}

static int list_print(const struct admin *a, const struct arguments *args, const char *contact, struct buf *out, size_t *late)
{
	static const char *const columns[] = {"id", "right", "state", "how", "due", "left", "received", "late", "mail", NULL};
	const time_t now = when_now();
	struct listing l = {.contact = contact};
	const char *format = argument(args, "format"), *within = argument(args, "due-within"), *state = argument(args, "status"),
		   *right = argument(args, "right");
	struct duration d;
	time_t until = 0; // 0: whenever
	size_t open = 0;
	char left[48];
	TABLE_AUTO struct table t;

	table_init(&t, columns, "isssdsDBS");
	if (within != NULL && duration_parse(&d, within) != 0)
		return err_set(a->e, ERR_INPUT, "--due-within is a duration: P3D are three days");
	until = within != NULL ? duration_after(now, d) : 0;
	JSON_AUTO cJSON *mails = cJSON_CreateObject();
	l.mails = mails;
	int ret = outbox_each(a->vault, list_mail, mails, a->e) != 0 ? -1 : rights_each(a->vault, list_row, &l, a->e);
	*late = 0;
	if (l.count > 0) {
		list_join(&l);
		qsort(l.rows, l.count, sizeof *l.rows, list_order);
	}
	for (const struct listed *one = l.rows; one < l.rows + l.count && ret == 0; one++) {
		if (!one->wanted || (state != NULL && strcmp(state, one->state) != 0) ||
		    (right != NULL && strcmp(right, one->right) != 0) || (argument_given(args, "overdue") && !one->late) ||
		    (until != 0 && (!one->open || one->due > until))) {
			l.failed |= !cJSON_AddItemToArray(t.unlisted, cJSON_CreateString(one->id));
			continue;
		}
		*late += one->late;
		list_left(left, sizeof left, one, now);
		table_add(&t, one->id, one->right, one->state, one->how, one->due, left, one->received, one->late, one->mail);
		open += one->open;
	}
	free(l.rows);
	if (ret != 0)
		return -1;
	if (l.failed || table_print(&t, format, out) != 0)
		return err_set(a->e, ERR_MEMORY, "no memory to print the list");
	if (format != NULL && strcmp(format, "text") != 0)
		return 0;
	if (table_size(&t) == 0)
		buf_adds(out, "There are no requests.\n");
	else
		buf_printf(out, "%zu overdue, %zu open, %zu over\n", *late, open - *late, table_size(&t) - open);
	return 0;
}

static enum status requests_list(const struct admin *a, const struct arguments *args)
{
	BUF_AUTO struct buf shown = BUF_INIT(OUTPUT_MAX);
	char contact[PERSON_VALUE_MAX];
	bool watch = argument_given(args, "watch"), terminal = isatty(STDOUT_FILENO);
	size_t late = 0;
	const int given = cases_named(args, "contact", contact, a->e);
	struct pollfd reader = {.fd = STDOUT_FILENO};

	if (given < 0)
		return output_complain(STATUS_UNSURE, "requests: %s", a->e->text);
	if (given > 0 && reading_contact(a->vault, contact, a->officer, argument(args, "reason"), a->e) != 0)
		return requests_failed(a->e);
	do {
		BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
		if (list_print(a, args, given > 0 ? contact : NULL, &out, &late) != 0)
			return output_complain(STATUS_UNSURE, "requests: %s", a->e->text);
		if (!watch || strcmp(buf_text(&shown), buf_text(&out)) != 0) {
			if (watch && terminal && fputs("\033[H\033[2J", stdout) >= 0)
				fflush(stdout);
			if (output_print(&out) != STATUS_DONE)
				return STATUS_UNSURE;
			buf_reset(&shown);
			buf_add(&shown, buf_text(&out), out.len);
		}
		// A second. Not whoever reads it went away: a list that does not change would never be written, and so never end.
	} while (watch && poll(&reader, 1, 1000) == 0);
	return late > 0 ? STATUS_FOUND : STATUS_DONE;
}

// ---- show ----

// Of each clock one line: "2026-12-28, Article 12(3) GDPR; stands still"; of the certificate, where it is.
static void show_shorten(cJSON *object)
{
	static const char *const states[][2] = {{"extended", "; extended"}, {"paused", "; stands still"}, {"late", "; late"}, {NULL, NULL}};
	cJSON *clocks = cJSON_CreateObject();
	const cJSON *clock;

	cJSON_ArrayForEach(clock, json_get(object, "clocks"))
	{
		const char *name = json_string(clock, "name"), *law = json_string(clock, "law"), *due = json_string(clock, "due");
		BUF_AUTO struct buf line = BUF_INIT(OUTPUT_MAX);
		buf_printf(&line, "%.10s, %s", due != NULL ? due : "", law != NULL ? law : "");
		for (size_t i = 0; states[i][0] != NULL; i++)
			buf_adds(&line, cJSON_IsTrue(json_get(clock, states[i][0])) ? states[i][1] : "");
		if (json_string(clock, "met") != NULL)
			buf_printf(&line, "; met %.10s", json_string(clock, "met"));
		cJSON_AddStringToObject(clocks, name != NULL ? name : "", buf_text(&line));
	}
	cJSON_ReplaceItemInObjectCaseSensitive(object, "clocks", clocks);
	const char *outcome = json_string(json_get(object, "certificate"), "outcome");
	BUF_AUTO struct buf certificate = BUF_INIT(OUTPUT_MAX);
	buf_printf(&certificate, "%s: --format json has it", outcome != NULL ? outcome : "yes");
	if (json_get(object, "certificate") != NULL)
		cJSON_ReplaceItemInObjectCaseSensitive(object, "certificate", cJSON_CreateString(buf_text(&certificate)));
	cJSON_DeleteItemFromObjectCaseSensitive(object, "read");       // stands among the events
	cJSON_DeleteItemFromObjectCaseSensitive(object, "recipients"); // so do they, and `requests recipients` lists them
}

static enum status requests_show(const struct admin *a, const struct arguments *args)
{
	static const char *const left[] = {"has_contact", "has_message"}; // by the person
	BUF_AUTO_WIPE struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *format = argument(args, "format");
	char id[RECORD_ID_LEN + 1];
	const bool personal = argument_given(args, "personal");
	const struct rights_act reading = {.event = EVENT_READ, .by = a->officer, .reason = argument(args, "reason")};

	// It is recorded before it is shown: what cannot be recorded is not read.
	if (cases_request_id(a->vault, args->words[0], id, a->e) != 0 || (personal && rights_act(a->vault, id, &reading, a->e) != 0))
		return requests_failed(a->e);
	JSON_AUTO cJSON *object = rights_show_officer(a->vault, id, personal, a->e);
	if (object == NULL || rights_perhaps_same(a->vault, id, cJSON_AddArrayToObject(object, "perhaps_same"), a->e) != 0)
		return requests_failed(a->e);
	if (format != NULL && *format == 'j')
		return output_object(args, object, &out);
	show_shorten(object);
	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		if (cJSON_IsTrue(json_get(object, left[i])) && json_get(object, left[i] + strlen("has_")) == NULL)
			cJSON_ReplaceItemInObjectCaseSensitive(object, left[i], cJSON_CreateString("yes: --personal shows it"));
	table_record(&out, object);
	if (object == NULL || out.failed)
		return output_complain(STATUS_UNSURE, "requests: no memory to print it");
	return output_print(&out);
}

// ---- add ----

enum { MANDATE_MAX = 32 * 1024 * 1024 };

// Who acts for the person, as the options say it; NULL: nobody.
static int agent_given(const struct arguments *args, cJSON **out, struct err *e)
{
	const char *name = argument(args, "agent"), *mandate = argument(args, "mandate"), *answer_to = argument(args, "answer-to");
	BUF_AUTO_WIPE struct buf paper = BUF_INIT(MANDATE_MAX);
	char sha256[2 * HASH_LEN + 1];
	uint8_t hash[HASH_LEN];

	*out = NULL;
	if (name == NULL)
		return mandate == NULL && answer_to == NULL ? 0 : err_set(e, ERR_INPUT, "--agent NAME is needed: who acts for the person");
	if (mandate != NULL && file_read(mandate, &paper, e) != 0)
		return -1;
	if (mandate != NULL && paper.len == 0)
		return err_set(e, ERR_INPUT, "%s is empty: it shows no mandate", mandate);
	*out = cJSON_CreateObject();
	bool ok = json_put_texts(*out, JSON_TEXTS({"name", name}, {"answer_to", answer_to != NULL ? answer_to : "agent"}));
	if (mandate != NULL) {
		cJSON *seen = cJSON_AddObjectToObject(*out, "mandate");
		plain_hash(hash, &(struct bytes){buf_text(&paper), paper.len}, 1);
		hex_encode(sha256, hash, sizeof hash);
		ok = ok && json_put_time(seen, "seen", when_now()) && json_put_texts(seen, JSON_TEXTS({"sha256", sha256}));
	}
	return ok ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

static enum status requests_add(const struct admin *a, const struct arguments *args)
{
	static const char *const hidden[] = {"contact", "receipt"};
	BUF_AUTO_WIPE struct buf contact = BUF_INIT(HIDDEN_MAX), receipt = BUF_INIT(HIDDEN_MAX), message = BUF_INIT(64 * 1024);
	BUF_AUTO_WIPE struct buf text = BUF_INIT(OUTPUT_MAX);
	struct buf *const values[] = {&contact, &receipt};
	char due[WHEN_TEXT], archive[PERSON_VALUE_MAX];
	const char *how = argument(args, "how");
	struct rights_new request = {.right = argument(args, "right"), .by = a->officer, .how = how != NULL ? how : "letter"};
	struct rights_receipt out;

	if (request.right == NULL)
		return output_complain(STATUS_UNSURE, "requests: --right RIGHT is needed: what is asked for");
	int ret = requests_time(args, "received", &request.received, a->e);
	for (size_t i = 0; i < ARRAY_LEN(hidden) && ret == 0; i++) {
		const char *value = argument(args, hidden[i]);
		ret = value != NULL ? ask_hidden(hidden[i], value, values[i], a->e) : 0;
	}
	JSON_AUTO cJSON *agent = NULL;
	if (ret != 0 || requests_text(args, "message", &message, a->e) != 0 || cases_named(args, "archive", archive, a->e) < 0 ||
	    agent_given(args, &agent, a->e) != 0)
		return output_complain(STATUS_UNSURE, "requests: %s", a->e->text);
	request.agent = agent;
	request.contact = contact.len > 0 ? buf_text(&contact) : NULL;
	request.receipt = receipt.len > 0 ? buf_text(&receipt) : NULL;
	request.archive = *archive != '\0' ? archive : NULL;
	if (request.receipt != NULL && request.archive != NULL)
		return output_complain(STATUS_UNSURE, "requests: give a receipt or the address of a ZIP, not both");
	request.message = message.len > 0 ? buf_text(&message) : NULL;
	if (request.receipt != NULL && !token_shaped(request.receipt))
		return output_complain(STATUS_UNSURE, "requests: what was given for --receipt is not a receipt");
	request.language = argument(args, "language");
	if (request.language != NULL && policy_language(a->in_force, request.language) == NULL)
		return output_complain(STATUS_UNSURE, "requests: the policy is not written in that language");
	if (rights_store(a->vault, &request, &out, a->e) != 0)
		return output_complain(a->e->code == ERR_INPUT || a->e->code == ERR_REFUSED ? STATUS_UNSURE : STATUS_FOUND, "requests: %s",
				       a->e->text);
	when_text(due, out.due);
	buf_printf(&text, "recorded as %s, due by %s\nsecret, for the person, to look it up at /rights: %s\n", out.id, due, out.secret);
	const enum status status = output_members(
	    args, &text, JSON_MEMBERS(MEMBER_TEXT("id", out.id), MEMBER_TEXT("secret", out.secret), MEMBER_TEXT("due", due)));
	explicit_bzero(out.secret, sizeof out.secret);
	return status;
}

const struct command requests_list_command = {"list",
					      requests_list,
					      "all of them, overdue first; exit status 1 when one of those shown is overdue",
					      .options = list_options,
					      .opens = OPENS_LOOK,
					      .reads = "contact"};
const struct command requests_show_command = {
    "show", requests_show, "one of them", .words = "ID", .options = show_options, .opens = OPENS_LOOK, .reads = "personal"};
const struct command requests_add_command = {"add", requests_add, "enter one that did not come by the page", .options = add_options,
					     .opens = OPENS_PROGRAM};
