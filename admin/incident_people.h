// SPDX-License-Identifier: ISC
// The people whom an incident touches: who can be written to, and how many they are.
#ifndef LETHE_ADMIN_INCIDENT_PEOPLE_H
#define LETHE_ADMIN_INCIDENT_PEOPLE_H

#include "admin/cases.h"
#include "policy/base/mail_address.h"
#include "policy/vault/seal.h"
#include "policy/vault/vault.h"

struct incident_scope {
	kind_set kinds;
	time_t from, until; // what was there at any time between them
	const char *what;   // the reason of the events of letters about it; NULL: none was written
};
struct incident_person { // a contact that a data-subject request gives, whose own records or those that it names are touched
	char request[RECORD_ID_LEN + 1], contact[MAIL_ADDRESS_SIZE];
	bool by_mail; // the contact is an address for mail
	bool told;    // of this incident, before
	size_t group;
	uint8_t same[HASH_LEN]; // of the contact in its plain form; of a firm's, that it is of this request
};
struct incident_people {
	struct incident_person *rows; // each contact once, however it is written, and a firm's once for each request; freed by the caller
	size_t count, capacity;
	size_t by_hand;  // of them, not by mail
	uint64_t number; // of people: the contacts, and who gave none
};
// `subjects`: how many vault_touched_count() found.
int incident_people_find(struct incident_people *out, struct vault *v, const struct incident_scope *scope, uint64_t subjects,
			 struct err *e);

// The letters of an incident: a command of admin/incident.c.
extern const struct option_row incident_letter_options[];
enum status incident_letter_main(const struct admin *a, const struct arguments *args);
#define INCIDENT_TYPE CASE_BIT(CASE_INCIDENT)

#endif
