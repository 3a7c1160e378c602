// SPDX-License-Identifier: ISC
#include "fcgi/rights/acknowledge.h"
#include "policy/base/array.h"
#include "policy/processors/processors.h"
#include "policy/rights/identity.h"
#include "policy/rights/letter.h"
#include "policy/rights/outbox.h"
#include "policy/rights/request.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	HOUR = 3600,
	HOUR_MAX = 200, // letters of one hour
	ONE_MAX = 3,    // of them to one address
	DAY = 86400,
	ONE_DAY_MAX = 10, // so many codes of a day somebody could guess at for another's address
	SHOWN_MAX = 1024 * 1024,
};

// The addresses of the last letters, in a ring; only in memory.
static struct {
	pthread_mutex_t lock;
	struct {
		char to[MAIL_ADDRESS_SIZE];
		time_t at;
	} last[HOUR_MAX];
	size_t next;
} acknowledged = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool acknowledge_spend(const char *to)
{
	const time_t since = when_now() - HOUR;
	unsigned same = 0, today = 0;

	pthread_mutex_lock(&acknowledged.lock);
	for (size_t i = 0; i < ARRAY_LEN(acknowledged.last); i++) {
		const bool is = strcasecmp(acknowledged.last[i].to, to) == 0;
		same += is && acknowledged.last[i].at > since;
		today += is && acknowledged.last[i].at > since + HOUR - DAY;
	}
	bool may = same < ONE_MAX && today < ONE_DAY_MAX && acknowledged.last[acknowledged.next].at <= since;
	if (may) {
		snprintf(acknowledged.last[acknowledged.next].to, MAIL_ADDRESS_SIZE, "%s", to);
		acknowledged.last[acknowledged.next].at = when_now();
		acknowledged.next = (acknowledged.next + 1) % ARRAY_LEN(acknowledged.last);
	}
	pthread_mutex_unlock(&acknowledged.lock);
	return may;
}

int acknowledge_ask(struct vault *v, const struct policy *p, const char *id, struct err *e)
{
	char to[MAIL_ADDRESS_SIZE], number[RECORD_ID_LEN + 1];
	BUF_AUTO_WIPE struct buf json = BUF_INIT(SHOWN_MAX);

	if (rights_show_officer(v, id, true, &json, e) != 0)
		return -1;
	JSON_AUTO cJSON *request = json_parse(buf_text(&json), json.len, e);
	const char *contact = json_string(request, "contact");
	if (!cJSON_IsTrue(json_get(json_get(request, "confirm"), "mail")) || mail_address_read(to, contact, NULL) != 0)
		return err_set(e, ERR_REFUSED, "there is nothing to ask, or nowhere");
	if (!acknowledge_spend(to))
		return err_set(e, ERR_BUSY, "several mails went to this address lately");
	return identity_mail(v, p, id, "site", NULL, number, e);
}

void acknowledge_by_mail(struct vault *v, const struct policy *p, const char *id, const char *contact)
{
	char to[MAIL_ADDRESS_SIZE], number[RECORD_ID_LEN + 1];
	BUF_AUTO_WIPE struct buf json = BUF_INIT(SHOWN_MAX), text = BUF_INIT(LETTER_MAX), subject = BUF_INIT(1024);
	struct err e = {0};

	const struct policy_processor *by = outbox_processor(p);
	const struct processor_facts *facts = by != NULL ? processor_facts(by->id) : NULL;
	if (contact == NULL || facts == NULL || processor_address(facts) == NULL || mail_address_read(to, contact, &e) != 0 ||
	    rights_show_officer(v, id, true, &json, &e) != 0)
		return;
	JSON_AUTO cJSON *request = json_parse(buf_text(&json), json.len, &e);
	const char *state = json_string(request, "state");
	const cJSON *event;
	bool told = false; // who sends it once more is not written to again
	cJSON_ArrayForEach(event, json_get(request, "events"))
	{
		const char *name = json_string(event, "event");
		told = told || (name != NULL && strcmp(name, rights_events[EVENT_MAIL_QUEUED].name) == 0);
	}
	if (told || state == NULL || (STATE_BIT(rights_state_read(state)) & STATES_OPEN) == 0 ||
	    cJSON_IsTrue(json_get(request, "joined")) || !acknowledge_spend(to))
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
					.what = "acknowledge",
					.request = id,
					.kinds = KIND_BIT(KIND_RIGHTS_REQUEST)};
	// The request is recorded and the person told, whatever becomes of the letter.
	if (!text.failed)
		(void)outbox_add(v, &mail, number, &e);
}
