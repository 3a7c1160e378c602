// SPDX-License-Identifier: ISC
// Incidents: what happened, whom it touches, the 72 hours of Article 33 of the GDPR, the letters of Articles 33 and 34, and the register of them all.
//
// In the body of a case: what, happened, noticed, kinds[], records, subjects (how many people), without_subject (records
// of nobody in particular), log_rows, reachable (of the people, who gave a contact), risk (none, risk, high), consequences, measures.
// It is due 72 hours after it was noticed, until the authority was notified or it was found to need none.
#include "admin/incident.h"
#include "admin/incident_people.h"
#include "admin/requests.h"
#include "policy/base/array.h"
#include "policy/rights/document.h"
#include <stdio.h>
#include <string.h>

enum { NOTIFY_SECONDS = 72 * 3600 };
#define INCIDENT_BESIDE                                                                                                                    \
	(KIND_BIT(KIND_LEDGER) | KIND_BIT(KIND_BACKUP) | KIND_BIT(KIND_HOLD) | KIND_BIT(KIND_OUTBOX) | KIND_BIT(KIND_ACCOUNTABILITY))

static const struct option_row incident_open_options[] = {
    {"happened", OPTION_VALUE, "TIME", "when it began (UTC)"},
    {"noticed", OPTION_VALUE, "TIME", "when it was noticed, if not now (UTC): the 72 hours run from then"},
    {"kind", OPTION_VALUE, "KIND,…", "which kinds of data; else all that are stored of people themselves"},
    {"what", OPTION_HIDDEN, NULL, "what happened, from a file or standard input; sealed"},
    OBJECT_FORMAT_OPTION,
    {0},
};
static const struct option_row incident_list_options[] = {
    {"overdue", OPTION_FLAG, NULL, "only those whose 72 hours are over"}, FORMAT_OPTION, {0}};
static const struct option_row incident_show_options[] = {CASES_SHOW_OPTIONS};
static const struct option_row incident_assess_options[] = {
    {"risk", OPTION_CHOICE, "none|risk|high", "for the people: none needs no notice, high needs letters to them, too"},
    {"consequences", OPTION_VALUE, "TEXT", "what it may lead to"},
    {"measures", OPTION_VALUE, "TEXT", "what was done and will be"},
    {"reason", OPTION_VALUE, "TEXT", "why the risk is so; nothing personal"},
    OBJECT_FORMAT_OPTION,
    {0},
};
static const struct option_row incident_close_options[] = {
    {"reason", OPTION_VALUE, "TEXT", "how it ended; nothing personal"}, OBJECT_FORMAT_OPTION, {0}};

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
	return document_put_kinds(members, scope->kinds) && cJSON_AddNumberToObject(members, "records", records) != NULL &&
		       cJSON_AddNumberToObject(members, "subjects", (double)people.number) != NULL &&
		       cJSON_AddNumberToObject(members, "without_subject", nameless) != NULL &&
		       cJSON_AddNumberToObject(members, "log_rows", (double)touched.records[KIND_REQUEST_LOG]) != NULL &&
		       cJSON_AddNumberToObject(members, "reachable", (double)people.count) != NULL
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory");
}

static enum status incident_open_main(const struct admin *a, const struct arguments *args)
{
	char officer[OFFICER_MAX], id[RECORD_ID_LEN + 1], details[64];
	BUF_AUTO_WIPE struct buf what = BUF_INIT(VAULT_BODY_MAX / 8);
	JSON_AUTO cJSON *members = cJSON_CreateObject();
	const time_t now = when_now();
	time_t happened = 0, noticed = now;
	kind_set kinds = 0;
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	requests_officer(officer);
	if (requests_time(args, "happened", &happened) != 0 || requests_time(args, "noticed", &noticed) != 0)
		return STATUS_UNSURE;
	if (cases_kinds(args, &kinds, &e) != 0 || requests_text(args, "what", &what, &e) != 0)
		return cases_failed("incident", &e);
	if (happened == 0 || what.len == 0 || happened > noticed || noticed > now)
		return output_complain(STATUS_UNSURE,
				       "incident: --happened and --what are needed; it was noticed after it happened, and before now");
	if (site_open(&s, a, VAULT_PROGRAM) != STATUS_DONE)
		return STATUS_UNSURE;
	if (kinds == 0) // what is kept of the people themselves, and not what officers and the software write beside it
		for (enum kind k = 0; k < KIND_COUNT; k++)
			kinds |= s.policy->kinds[k].keep == KEEP_STORED && (KIND_BIT(k) & INCIDENT_BESIDE) == 0 ? KIND_BIT(k) : 0;
	if (incident_touched(s.vault, &(struct incident_scope){.kinds = kinds, .from = happened, .until = noticed}, members, &e) != 0)
		return cases_failed("incident", &e);
	json_put_time(members, "happened", happened);
	json_put_time(members, "noticed", noticed);
	cJSON_AddStringToObject(members, "what", buf_text(&what));
	snprintf(details, sizeof details, "{\"event\":\"opened\"}");
	const struct case_new new = {
	    .type = CASE_INCIDENT, .members = members, .by = officer, .due = noticed + NOTIFY_SECONDS, .details = details};
	return case_add(s.vault, &new, id, &e) != 0 ? cases_failed("incident", &e)
						    : cases_print(s.vault, args, "incident", CASE_BIT(CASE_INCIDENT), id);
}

struct incident_listing {
	struct table t;
	bool overdue_only;
	time_t now;
	size_t late;
};

static int incident_row(void *arg, const struct case_row *row)
{
	struct incident_listing *l = arg;
	const char *risk = json_string(row->body, "risk");
	const time_t left = row->due - l->now;
	char clock[48] = "";

	if (row->due != 0 && row->closed == 0) // the clock of Article 33
		snprintf(clock, sizeof clock, "%lld h %s", (long long)(left < 0 ? -left : left) / 3600, left < 0 ? "over" : "left");
	l->late += row->late;
	if (!l->overdue_only || row->late)
		table_add(&l->t, row->id,
			  row->body == NULL  ? "unreadable"
			  : row->closed != 0 ? "closed"
					     : "open",
			  risk, clock, json_time(row->body, "noticed"), json_time(row->body, "authority_notified"),
			  json_time(row->body, "people_notified"), row->due, (int)row->late, json_number(row->body, "subjects", 0));
	return 0;
}

static enum status incident_list_main(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"id",     "state", "risk",    "art_33",   "noticed", "authority",
					      "people", "due",   "overdue", "subjects", NULL};
	struct incident_listing l = {.overdue_only = argument_given(args, "overdue"), .now = when_now()};
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	table_init(&l.t, columns, "isssdddTBN");
	enum status status = site_open(&s, a, VAULT_LOOK);
	if (status == STATUS_DONE)
		status = case_each(s.vault, CASE_BIT(CASE_INCIDENT), incident_row, &l, &e) != 0
			     ? cases_failed("incident", &e)
			     : table_output(&l.t, args, "There was no incident.");
	table_free(&l.t);
	return status == STATUS_DONE && l.late > 0 ? STATUS_FOUND : status;
}

// The commands on one incident: what they add to it.
static enum status incident_act(const struct admin *a, const struct arguments *args,
				enum status (*run)(struct site *s, const struct arguments *args, const char *id, const char *officer))
{
	char officer[OFFICER_MAX], id[RECORD_ID_LEN + 1];
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	requests_officer(officer);
	if (site_open(&s, a, VAULT_PROGRAM) != STATUS_DONE)
		return STATUS_UNSURE;
	return cases_id(s.vault, KIND_ACCOUNTABILITY, args->words[0], id, &e) != 0 ? cases_failed("incident", &e)
										   : run(&s, args, id, officer);
}

static enum status incident_show_main(const struct admin *a, const struct arguments *args)
{
	return cases_show(a, args, "incident", CASE_BIT(CASE_INCIDENT));
}

static enum status incident_assess_one(struct site *s, const struct arguments *args, const char *id, const char *officer)
{
	static const char *const texts[] = {"risk", "consequences", "measures"};
	JSON_AUTO cJSON *set = cJSON_CreateObject();
	const char *risk = argument(args, "risk");
	char details[128];
	struct err e = {0};

	if (risk == NULL || argument(args, "reason") == NULL)
		return output_complain(STATUS_UNSURE, "incident: --risk and --reason are needed");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (argument(args, texts[i]) != NULL)
			cJSON_AddStringToObject(set, texts[i], argument(args, texts[i]));
	if (strcmp(risk, "none") == 0) // Article 33(1): no notice, and the register says why
		cJSON_AddStringToObject(set, "due", "");
	snprintf(details, sizeof details, "{\"case\":\"%s\",\"event\":\"assessed\",\"risk\":\"%s\"}", id, risk);
	const struct case_act act = {
	    .event = "assessed", .by = officer, .reason = argument(args, "reason"), .set = set, .details = details};
	return case_act(s->vault, CASE_BIT(CASE_INCIDENT), id, &act, &e) != 0
		   ? cases_failed("incident", &e)
		   : cases_print(s->vault, args, "incident", CASE_BIT(CASE_INCIDENT), id);
}

static enum status incident_close_one(struct site *s, const struct arguments *args, const char *id, const char *officer)
{
	char details[96];
	struct err e = {0};
	JSON_AUTO cJSON *incident = case_show(s->vault, CASE_BIT(CASE_INCIDENT), id, &e);
	const char *risk = json_string(incident, "risk");

	if (incident == NULL)
		return cases_failed("incident", &e);
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
	    .event = "closed", .by = officer, .reason = argument(args, "reason"), .closes = true, .details = details};
	return case_act(s->vault, CASE_BIT(CASE_INCIDENT), id, &act, &e) != 0
		   ? cases_failed("incident", &e)
		   : cases_print(s->vault, args, "incident", CASE_BIT(CASE_INCIDENT), id);
}

#define INCIDENT_ON(id)                                                                                                                    \
	static enum status incident_##id##_main(const struct admin *a, const struct arguments *args)                                       \
	{                                                                                                                                  \
		return incident_act(a, args, incident_##id##_one);                                                                         \
	}
INCIDENT_ON(assess)
INCIDENT_ON(letter)
INCIDENT_ON(close)
static const struct command *const incident_commands[] = {
    &(const struct command){"open", incident_open_main, "something happened to data", .options = incident_open_options},
    &(const struct command){"list", incident_list_main, "the register of incidents; exit status 1 when one is overdue",
			    .options = incident_list_options},
    &(const struct command){"show", incident_show_main, "one of them", .words = "ID", .options = incident_show_options},
    &(const struct command){"assess", incident_assess_main, "how great the risk is for people, and why", .words = "ID",
			    .options = incident_assess_options},
    &(const struct command){"letter", incident_letter_main, "the letter to the authority, or to the people, printed or sent by mail",
			    .words = "ID", .options = incident_letter_options},
    &(const struct command){"close", incident_close_main, "it is over", .words = "ID", .options = incident_close_options},
    NULL};
const struct command incident_command = {
    .name = "incident", .line = "incidents: whom they touch, the 72 hours, letters, and their register", .sub = incident_commands};
