// SPDX-License-Identifier: ISC
// The letters of an incident to the authority (GDPR, Article 33) and to the people whom it touches (Article 34): printed, or queued in the outbox.
#include "admin/incident_people.h"
#include "policy/base/array.h"
#include "policy/publish/words/words.h"
#include "policy/rights/document.h"
#include "policy/rights/outbox.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INCIDENT_LETTER_MAX = 64 * 1024 };

const struct option_row incident_letter_options[] = {
    {"to", OPTION_CHOICE, "authority|people", "whom it is for (authority)"},
    {"language", OPTION_VALUE, "CODE", "one of the policy's languages; its first one when not given"},
    {"send", OPTION_FLAG, NULL, "send it by mail: to the authority's address in the policy, or to all whose address is known"},
    {"incomplete", OPTION_FLAG, NULL, "with --send: although something is not known yet; it follows (Article 33(4))"},
    {"yes", OPTION_FLAG, NULL, "with --send: do not ask first"},
    {"sent", OPTION_FLAG, NULL, "it was sent another way: record that; further letters may follow"},
    OBJECT_OPTIONS_END,
};

// What a letter has to say, and where it is written down.
static const struct incident_fact {
	const char *name, *where;
} incident_facts[] = {{"consequences", "incident assess --consequences"}, {"measures", "incident assess --measures"}};

// The names of those that are not known, with commas; "" when all are.
static void incident_missing(char *out, size_t size, const struct policy *p, const cJSON *incident, bool people)
{
	*out = '\0';
	for (size_t i = 0; i < ARRAY_LEN(incident_facts); i++)
		if (json_string(incident, incident_facts[i].name) == NULL)
			snprintf(out + strlen(out), size - strlen(out), "%s%s (lethe %s)", *out ? ", " : "", incident_facts[i].name,
				 incident_facts[i].where);
	if (!people && p->authority.name == NULL)
		snprintf(out + strlen(out), size - strlen(out), "%sauthority (the policy names none)", *out ? ", " : "");
}

static void incident_letter_write(struct buf *out, const struct policy *p, const cJSON *incident, bool people)
{
	static const char *const to_authority[] = {"letter.incident.authority.1", "letter.incident.authority.2",
						   "letter.incident.authority.3", "letter.incident.authority.4",
						   "letter.incident.authority.5", "letter.incident.authority.6"},
				 *const to_people[] = {"letter.incident.people.1", "letter.incident.people.2", "letter.incident.people.3",
						       "letter.incident.people.4", "letter.incident.people.5"};
	const char *unknown = word(p, "letter.incident.unknown"), *known[ARRAY_LEN(incident_facts)];
	char subjects[24], records[24];
	BUF_AUTO struct buf kinds = BUF_INIT(4096);
	const kind_set about = document_kinds(incident);

	for (size_t i = 0; i < ARRAY_LEN(incident_facts); i++) {
		known[i] = json_string(incident, incident_facts[i].name);
		known[i] = known[i] != NULL ? known[i] : unknown;
	}
	snprintf(subjects, sizeof subjects, "%.0f", json_number(incident, "subjects", 0));
	snprintf(records, sizeof records, "%.0f", json_number(incident, "records", 0) + json_number(incident, "log_rows", 0));
	for (enum kind k = 0; k < KIND_COUNT; k++)
		if ((about & KIND_BIT(k)) != 0)
			buf_printf(&kinds, "%s%s", kinds.len > 0 ? ", " : "",
				   p->kinds[k].name != NULL ? p->kinds[k].name : kind_row(k)->words);
	const struct word_value *values =
	    WORD_VALUES({"site", p->shown_as}, {"authority", p->authority.name != NULL ? p->authority.name : unknown},
			{"controller", p->controller.name != NULL ? p->controller.name : p->shown_as}, {"contact", p->contact},
			{"happened", json_string(incident, "happened")}, {"noticed", json_string(incident, "noticed")},
			{"what", json_string(incident, "what")}, {"kinds", buf_text(&kinds)}, {"people", subjects}, {"records", records},
			{"consequences", known[0]}, {"measures", known[1]});
	for (size_t i = 0; i < (people ? ARRAY_LEN(to_people) : ARRAY_LEN(to_authority)); i++) {
		buf_adds(out, i > 0 ? "\n\n" : "");
		word_fill(out, NULL, word(p, people ? to_people[i] : to_authority[i]), values);
	}
	buf_addc(out, '\n');
}

// ---- to the people ----

// Queues one letter for each address; who has one already gets no other: a run that was interrupted goes on where it was.
static int incident_send_people(struct vault *v, const cJSON *incident, const char *id, const char *subject, const char *text,
				struct incident_people *x, unsigned *queued, struct err *e)
{
	char mail_id[RECORD_ID_LEN + 1], what[32];
	const struct incident_scope scope = {.kinds = document_kinds(incident),
					     .from = json_time(incident, "happened"),
					     .until = json_time(incident, "noticed"),
					     .what = what};

	snprintf(what, sizeof what, "incident %.12s", id);
	int ret = incident_people_find(x, v, &scope, 0, e);
	for (size_t i = 0; i < x->count && ret == 0; i++) {
		const struct outbox_new mail = {.to = x->rows[i].contact,
						.subject = subject,
						.text = text,
						.what = what,
						.request = x->rows[i].request,
						.kinds = KIND_BIT(KIND_RIGHTS_REQUEST)};
		if (x->rows[i].by_mail && !x->rows[i].told) {
			ret = outbox_add(v, &mail, mail_id, e);
			*queued += ret == 0;
		}
	}
	return ret;
}

// ---- the command ----

static int incident_notified(struct vault *v, const char *id, bool people, const char *officer, const char *reason, struct err *e)
{
	JSON_AUTO cJSON *set = cJSON_CreateObject();
	char details[128];

	json_put_time(set, people ? "people_notified" : "authority_notified", when_now());
	if (!people)
		cJSON_AddStringToObject(set, "due", "");
	snprintf(details, sizeof details, "{\"case\":\"%s\",\"event\":\"notified\",\"to\":\"%s\"}", id, people ? "people" : "authority");
	const struct case_act act = {
	    .event = people ? "people-notified" : "authority-notified", .by = officer, .reason = reason, .set = set, .details = details};
	return case_act(v, INCIDENT_TYPE, id, &act, e);
}

static enum status incident_send(const struct admin *a, const char *id, const cJSON *incident, bool people, const char *subject,
				 const char *text, cJSON *object)
{
	struct incident_people x = {0};
	char mail_id[RECORD_ID_LEN + 1], reason[256], details[128];
	unsigned queued = 0;

	if (!people) {
		const struct outbox_new mail = {
		    .to = a->in_force->authority.mail, .subject = subject, .text = text, .what = "incident", .incident = id};
		snprintf(details, sizeof details, "{\"case\":\"%s\",\"event\":\"queued\",\"to\":\"authority\"}", id);
		const struct case_act act = {.event = "authority-letter-queued", .by = a->officer, .details = details};
		if (outbox_add(a->vault, &mail, mail_id, a->e) != 0 || case_act(a->vault, INCIDENT_TYPE, id, &act, a->e) != 0)
			return admin_failed(a);
		cJSON_AddNumberToObject(object, "queued", 1);
		return output_complain(STATUS_DONE,
				       "incident: the letter to %s is queued; that the authority was notified is recorded when "
				       "the mail server has taken it: lethe outbox list",
				       a->in_force->authority.mail);
	}
	int ret = incident_send_people(a->vault, incident, id, subject, text, &x, &queued, a->e);
	const double known = (double)x.count, all = json_number(incident, "subjects", 0) + json_number(incident, "without_subject", 0);
	const double unreachable = all > known ? all - known : 0;
	const unsigned before = (unsigned)(x.count - x.by_hand) - queued;
	free(x.rows);
	snprintf(reason, sizeof reason, "%u queued, %u queued before, %zu with an address that is none for mail, %.0f without any", queued,
		 ret == 0 ? before : 0, x.by_hand, unreachable);
	if (ret == 0 && queued > 0)
		ret = incident_notified(a->vault, id, true, a->officer, reason, a->e);
	if (ret != 0)
		return admin_failed(a);
	json_put(object, JSON_MEMBERS(MEMBER_NUMBER("queued", queued), MEMBER_NUMBER("queued_before", before),
				      MEMBER_NUMBER("by_hand", x.by_hand), MEMBER_NUMBER("unreachable", unreachable)));
	output_complain(STATUS_DONE, "incident: letters: %s", reason);
	if (x.by_hand > 0)
		output_complain(STATUS_DONE, "incident: print the letter for those who gave an address that is none for mail");
	if (unreachable > 0)
		output_complain(STATUS_DONE, "incident: who left no address can only be told in public (Article 34(3)(c) of the GDPR)");
	return queued + before > 0 && x.by_hand == 0 && unreachable <= 0 ? STATUS_DONE : STATUS_FOUND;
}

enum status incident_letter_main(const struct admin *a, const struct arguments *args)
{
	const char *to = argument(args, "to"), *language = argument(args, "language");
	const bool people = to != NULL && strcmp(to, "people") == 0, send = argument_given(args, "send");
	const struct policy *p = language != NULL ? policy_language(a->in_force, language) : a->in_force;
	BUF_AUTO_WIPE struct buf text = BUF_INIT(INCIDENT_LETTER_MAX), shown = BUF_INIT(OUTPUT_MAX), subject = BUF_INIT(1024);
	JSON_AUTO cJSON *object = cJSON_CreateObject();
	char id[RECORD_ID_LEN + 1], missing[256];

	if (p == NULL)
		return output_complain(STATUS_UNSURE, "incident: the policy is not written in that language");
	JSON_AUTO cJSON *incident = cases_one(a, args, id) != 0 ? NULL : case_show(a->vault, INCIDENT_TYPE, id, a->e);
	if (incident == NULL)
		return admin_failed(a);
	incident_letter_write(&text, p, incident, people);
	word_fill(&subject, NULL, word(p, "letter.incident.subject"), WORD_VALUES({"site", p->shown_as}));
	incident_missing(missing, sizeof missing, p, incident, people);
	if (*missing != '\0')
		output_complain(STATUS_FOUND, "incident: the letter does not say yet: %s", missing);
	if (send && *missing != '\0' && !argument_given(args, "incomplete"))
		return output_complain(STATUS_FOUND, "incident: nothing was sent. Give --incomplete to send it as it is.");
	if (send && outbox_processor(a->in_force) == NULL)
		return output_complain(STATUS_FOUND, "incident: the policy has nobody deliver mail: print the letter instead");
	if (send && !people && p->authority.mail == NULL)
		return output_complain(STATUS_FOUND, "incident: the policy gives no mail address of the authority: print the letter, or "
						     "use the authority's form, and record that with --sent");
	buf_printf(&shown, "%s\n\n", buf_text(&subject));
	output_wrapped_lines(&shown, 0, buf_text(&text));
	if (send && !argument_given(args, "yes")) {
		output_complain(STATUS_DONE, "%s", buf_text(&shown));
		if (!ask_yes("Send it? Type yes: "))
			return output_complain(STATUS_UNSURE, "incident: nothing was sent. Give --yes, or answer yes.");
	}
	if (argument_given(args, "sent") && incident_notified(a->vault, id, people, a->officer, NULL, a->e) != 0)
		return admin_failed(a);
	json_put(object, JSON_MEMBERS(MEMBER_TEXT("language", p->language), MEMBER_TEXT("subject", buf_text(&subject)),
				      MEMBER_TEXT("text", buf_text(&text)), MEMBER_TEXT("missing", missing)));
	enum status status = *missing != '\0' && !send && !argument_given(args, "sent") ? STATUS_FOUND : STATUS_DONE;
	if (send)
		status = incident_send(a, id, incident, people, buf_text(&subject), buf_text(&text), object);
	const enum status printed = output_object(args, object, &shown);
	return printed != STATUS_DONE ? printed : status;
}
