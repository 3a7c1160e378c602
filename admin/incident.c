// SPDX-License-Identifier: ISC
// Incidents: what happened, whom it touches, the 72 hours of Article 33 of the GDPR, the letters of Articles 33 and 34, and the register of them all.
//
// In the body of a case: what, happened, noticed, kinds[], records, subjects (how many people), without_subject (records
// of nobody in particular), log_rows, reachable (of the people, who gave a contact), risk (none, risk, high), consequences, measures.
// It is due 72 hours after it was noticed, until the authority was notified or it was found to need none.
#include "admin/incident_people.h"
#include "admin/requests.h"
#include "policy/rights/document.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTIFY_SECONDS = 72 * 3600 };
#define INCIDENT_BESIDE                                                                                                                    \
	(KIND_BIT(KIND_LEDGER) | KIND_BIT(KIND_BACKUP) | KIND_BIT(KIND_HOLD) | KIND_BIT(KIND_OUTBOX) | KIND_BIT(KIND_ACCOUNTABILITY))

static const struct option_row incident_open_options[] = {
    {"happened", OPTION_VALUE, "TIME", "when it began (UTC)"},
    {"noticed", OPTION_VALUE, "TIME", "when it was noticed, if not now (UTC): the 72 hours run from then"},
    {"kind", OPTION_VALUE, "KIND,…", "which kinds of data; else all that are stored of people themselves"},
    {"what", OPTION_HIDDEN, NULL, "what happened, from a file or standard input; sealed"},
    OBJECT_OPTIONS_END,
};
static const struct option_row incident_list_options[] = {{"overdue", OPTION_FLAG, NULL, "only those whose 72 hours are over"},
							  LIST_OPTIONS_END};
static const struct option_row incident_show_options[] = {CASES_SHOW_OPTIONS};
static const struct option_row incident_assess_options[] = {
    {"risk", OPTION_CHOICE, "none|risk|high", "for the people: none needs no notice, high needs letters to them, too"},
    {"consequences", OPTION_VALUE, "TEXT", "what it may lead to"},
    {"measures", OPTION_VALUE, "TEXT", "what was done and will be"},
    {"reason", OPTION_VALUE, "TEXT", "why the risk is so; nothing personal"},
    OBJECT_OPTIONS_END,
};
static const struct option_row incident_close_options[] = {{"reason", OPTION_VALUE, "TEXT", "how it ended; nothing personal"},
							   OBJECT_OPTIONS_END};

// Whom it touches, as far as it is still there.
static int incident_touched(struct vault *v, const struct incident_scope *scope, cJSON *members, struct err *e)
{
	struct vault_touched touched;
	struct incident_people people;
	double records = 0, nameless = 0;

	if (vault_touched_count(v, scope->kinds, scope->from, scope->until, &touched, e) != 0)
		return -1;
	const int ret = incident_people_find(&people, v, scope, touched.subjects, e);
	free(people.rows);
	if (ret != 0)
		return -1;
	for (enum kind k = 0; k < KIND_COUNT; k++) {
		records += k != KIND_REQUEST_LOG ? (double)touched.records[k] : 0;
		nameless += k != KIND_CONSENT ? (double)touched.nameless[k] : 0; // there, the texts that were shown
	}
	return document_put_kinds(members, scope->kinds) &&
		       json_put(members, JSON_MEMBERS(MEMBER_NUMBER("records", records), MEMBER_NUMBER("subjects", people.number),
						      MEMBER_NUMBER("without_subject", nameless),
						      MEMBER_NUMBER("log_rows", touched.records[KIND_REQUEST_LOG]),
						      MEMBER_NUMBER("reachable", people.count)))
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory");
}

static enum status incident_open_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1];
	BUF_AUTO_WIPE struct buf what = BUF_INIT(VAULT_BODY_MAX / 8);
	JSON_AUTO cJSON *members = cJSON_CreateObject();
	const time_t now = when_now();
	time_t happened = 0, noticed = now;
	kind_set kinds = 0;

	if (requests_time(args, "happened", &happened, a->e) != 0 || requests_time(args, "noticed", &noticed, a->e) != 0 ||
	    cases_kinds(args, &kinds, a->e) != 0 || requests_text(args, "what", &what, a->e) != 0)
		return admin_failed(a);
	if (happened == 0 || what.len == 0 || happened > noticed || noticed > now)
		return output_complain(STATUS_UNSURE,
				       "incident: --happened and --what are needed; it was noticed after it happened, and before now");
	if (kinds == 0) // what is kept of the people themselves, and not what officers and the software write beside it
		for (enum kind k = 0; k < KIND_COUNT; k++)
			kinds |= a->in_force->kinds[k].keep == KEEP_STORED && (KIND_BIT(k) & INCIDENT_BESIDE) == 0 ? KIND_BIT(k) : 0;
	if (incident_touched(a->vault, &(struct incident_scope){.kinds = kinds, .from = happened, .until = noticed}, members, a->e) != 0)
		return admin_failed(a);
	json_put(members,
		 JSON_MEMBERS(MEMBER_TIME("happened", happened), MEMBER_TIME("noticed", noticed), MEMBER_TEXT("what", buf_text(&what))));
	const struct case_new new = {.type = CASE_INCIDENT,
				     .members = members,
				     .by = a->officer,
				     .due = noticed + NOTIFY_SECONDS,
				     .details = "{\"event\":\"opened\"}"};
	return case_add(a->vault, &new, id, a->e) != 0 ? admin_failed(a) : cases_print(a, args, INCIDENT_TYPE, id);
}

static int incident_row(void *arg, const struct case_row *row)
{
	const struct cases_listing *l = arg;
	const char *risk = json_string(row->body, "risk");
	const time_t left = row->due - when_now();
	char clock[48] = "";

	if (row->due != 0 && row->closed == 0) // the clock of Article 33
		snprintf(clock, sizeof clock, "%lld h %s", (long long)(left < 0 ? -left : left) / 3600, left < 0 ? "over" : "left");
	l->t->found |= row->late;
	if (!l->only || row->late)
		table_add(l->t, row->id,
			  row->body == NULL  ? "unreadable"
			  : row->closed != 0 ? "closed"
					     : "open",
			  risk, clock, json_time(row->body, "noticed"), json_time(row->body, "authority_notified"),
			  json_time(row->body, "people_notified"), row->due, (int)row->late, json_number(row->body, "subjects", 0));
	return 0;
}

static enum status incident_list_main(const struct admin *a, const struct arguments *args)
{
	struct cases_listing l = {a->list, argument_given(args, "overdue")};

	return case_each(a->vault, INCIDENT_TYPE, incident_row, &l, a->e) != 0 ? admin_failed(a)
									       : table_output(a->list, args, "There was no incident.");
}

static enum status incident_show_main(const struct admin *a, const struct arguments *args)
{
	return cases_show(a, args, INCIDENT_TYPE);
}

static enum status incident_assess_main(const struct admin *a, const struct arguments *args)
{
	JSON_AUTO cJSON *set = cJSON_CreateObject();
	const char *risk = argument(args, "risk");
	char id[RECORD_ID_LEN + 1], details[128];

	if (cases_one(a, args, id) != 0)
		return admin_failed(a);
	if (risk == NULL || argument(args, "reason") == NULL)
		return output_complain(STATUS_UNSURE, "incident: --risk and --reason are needed");
	json_put_texts(
	    set, JSON_TEXTS({"risk", risk}, {"consequences", argument(args, "consequences")}, {"measures", argument(args, "measures")}));
	if (strcmp(risk, "none") == 0) // Article 33(1): no notice, and the register says why
		cJSON_AddStringToObject(set, "due", "");
	snprintf(details, sizeof details, "{\"case\":\"%s\",\"event\":\"assessed\",\"risk\":\"%s\"}", id, risk);
	const struct case_act act = {
	    .event = "assessed", .by = a->officer, .reason = argument(args, "reason"), .set = set, .details = details};
	return case_act(a->vault, INCIDENT_TYPE, id, &act, a->e) != 0 ? admin_failed(a) : cases_print(a, args, INCIDENT_TYPE, id);
}

static enum status incident_close_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1], details[96];
	JSON_AUTO cJSON *incident = cases_one(a, args, id) != 0 ? NULL : case_show(a->vault, INCIDENT_TYPE, id, a->e);
	const char *risk = json_string(incident, "risk");

	if (incident == NULL)
		return admin_failed(a);
	if (argument(args, "reason") == NULL)
		return output_complain(STATUS_UNSURE, "incident: --reason is needed");
	if (risk == NULL)
		return output_complain(STATUS_FOUND, "incident: it is not assessed yet: lethe incident assess");
	if (strcmp(risk, "none") != 0 && json_time(incident, "authority_notified") == 0)
		return output_complain(STATUS_FOUND,
				       "incident: the authority was not notified yet: lethe incident letter --to authority --sent");
	if (strcmp(risk, "high") == 0 && json_time(incident, "people_notified") == 0)
		return output_complain(STATUS_FOUND, "incident: the people were not told yet: lethe incident letter --to people --sent");
	snprintf(details, sizeof details, "{\"case\":\"%s\",\"event\":\"closed\"}", id);
	const struct case_act act = {
	    .event = "closed", .by = a->officer, .reason = argument(args, "reason"), .closes = true, .details = details};
	return case_act(a->vault, INCIDENT_TYPE, id, &act, a->e) != 0 ? admin_failed(a) : cases_print(a, args, INCIDENT_TYPE, id);
}

static const struct command *const incident_commands[] = {
    &(const struct command){"open", incident_open_main, "something happened to data", .options = incident_open_options,
			    .opens = OPENS_PROGRAM},
    &(const struct command){"list", incident_list_main, "the register of incidents; exit status 1 when one is overdue",
			    .options = incident_list_options, .opens = OPENS_LOOK,
			    .columns = (const char *const[]){"id", "state", "risk", "art_33", "noticed", "authority", "people", "due",
							     "overdue", "subjects", NULL},
			    .types = "isssdddTBN"},
    &(const struct command){"show", incident_show_main, "one of them", .words = "ID", .options = incident_show_options, .opens = OPENS_LOOK,
			    .reads = "personal"},
    &(const struct command){"assess", incident_assess_main, "how great the risk is for people, and why", .words = "ID",
			    .options = incident_assess_options, .opens = OPENS_PROGRAM},
    &(const struct command){"letter", incident_letter_main, "the letter to the authority, or to the people, printed or sent by mail",
			    .words = "ID", .options = incident_letter_options, .opens = OPENS_PROGRAM},
    &(const struct command){"close", incident_close_main, "it is over", .words = "ID", .options = incident_close_options,
			    .opens = OPENS_PROGRAM},
    NULL};
const struct command incident_command = {
    .name = "incident", .line = "incidents: whom they touch, the 72 hours, letters, and their register", .sub = incident_commands};
