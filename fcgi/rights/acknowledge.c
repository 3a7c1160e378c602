// SPDX-License-Identifier: ISC
#include "fcgi/rights/acknowledge.h"
#include "fcgi/rights/mail_budget.h"
#include "policy/processors/processors.h"
#include "policy/rights/identity.h"
#include "policy/rights/letter.h"
#include "policy/rights/outbox.h"
#include "policy/rights/request.h"
#include <stdio.h>
#include <string.h>

int acknowledge_ask(struct vault *v, const struct policy *p, const char *id, const char *address, struct err *e)
{
	char to[MAIL_ADDRESS_SIZE], number[RECORD_ID_LEN + 1];
	JSON_AUTO cJSON *request = rights_show_officer(v, id, true, e);
	const char *contact = json_string(request, "contact");

	if (request == NULL)
		return -1;
	if (!cJSON_IsTrue(json_get(json_get(request, "confirm"), "mail")) || mail_address_read(to, contact, NULL) != 0)
		return err_set(e, ERR_REFUSED, "there is nothing to ask, or nowhere");
	if (!mail_budget_spend(address, when_now()))
		return err_set(e, ERR_BUSY, "several mails were asked for from this network lately");
	return identity_mail(v, p, id, "site", NULL, number, e);
}

void acknowledge_by_mail(struct vault *v, const struct policy *p, const char *id, const char *contact, const char *address)
{
	char to[MAIL_ADDRESS_SIZE], number[RECORD_ID_LEN + 1];
	BUF_AUTO_WIPE struct buf text = BUF_INIT(LETTER_MAX), subject = BUF_INIT(1024);
	struct err e = {0};

	const struct policy_processor *by = outbox_processor(p);
	const struct processor_facts *facts = by != NULL ? processor_facts(by->id) : NULL;
	if (contact == NULL || facts == NULL || processor_address(facts) == NULL || mail_address_read(to, contact, &e) != 0)
		return;
	JSON_AUTO cJSON *request = rights_show_officer(v, id, true, &e);
	const char *state = json_string(request, "state");
	const bool told =
	    letter_event(request, rights_events[EVENT_MAIL_QUEUED].name) != NULL; // who sends it once more is not written to again
	if (told || state == NULL || (STATE_BIT(rights_state_read(state)) & STATES_OPEN) == 0 ||
	    cJSON_IsTrue(json_get(request, "joined")) || !mail_budget_spend(address, when_now()))
		return;
	// What is asked says that it came, too.
	if (cJSON_IsTrue(json_get(json_get(request, "confirm"), "mail"))) {
		(void)identity_mail(v, p, id, "site", NULL, number, &e);
		return;
	}
	letter_write(&text, p, letter_row("acknowledge"), request, NULL);
	letter_subject(&subject, p, request);
	const struct outbox_new mail = {.to = to,
					.subject = buf_text(&subject),
					.text = buf_text(&text),
					.what = OUTBOX_ACKNOWLEDGE,
					.request = id,
					.limited = true,
					.kinds = KIND_BIT(KIND_RIGHTS_REQUEST)};
	// The request is recorded and the person told, whatever becomes of the letter.
	if (!text.failed)
		(void)outbox_add(v, &mail, number, &e);
}
