// SPDX-License-Identifier: ISC
// Whom a data-subject request is about, as the stores know them: by what it names, and by its contact once it was proven.
//
// What bears a contact (requests, and mails to the person) has the tag "contact" of its plain form: of a mail address the lower case of all of it, without the
// name around it; of a telephone number the digits, with a + where it has the country; of anything else the text in lower case, with single blanks. Only the ASCII
// letters have another case. What stands behind a + in a mail address stays: it may be another person's. The contact of a firm that acts for others is nobody's.
#ifndef LETHE_RIGHTS_PERSON_H
#define LETHE_RIGHTS_PERSON_H

#include "policy/base/json.h"
#include "policy/rights/event.h"
#include "policy/vault/vault.h"

enum { PERSON_VALUE_MAX = 1100, PERSON_MAX = 60 };
#define PERSON_TAG "contact"

// The plain form. False: it is none.
bool person_contact(char out[PERSON_VALUE_MAX], const char *contact);
// That of a request's body. False: it has none, or it is not the person's own.
bool person_contact_of(char out[PERSON_VALUE_MAX], const cJSON *body);

struct person { // personal: wiped by person_end()
	struct erase_selector list[PERSON_MAX];
	bool by_link[PERSON_MAX]; // somebody had the address of the pictures, which others may have been given
	size_t count;
	bool more;                      // there is more than the list takes
	char contact[PERSON_VALUE_MAX]; // whose records are in the list where it is `proven`; "": none
	bool proven;
	uint64_t unproven; // requests that give a proven contact, too, and nobody has shown that it is theirs: not in the list
	char values[PERSON_VALUE_MAX + PERSON_MAX * 64];
	size_t used;
};
void person_end(struct person *p);
#define PERSON_AUTO __attribute__((cleanup(person_end)))

// Tags the requests of versions before, once. `lethe prune` does it, so that it keeps nobody waiting who asks first.
int person_tag_old(struct vault *v, struct err *e);

// Adds what the request names: a receipt, a record, or an archive (of which nothing is found, where it is gone). ERR_…: it cannot be looked for.
int person_named(struct vault *v, const cJSON *body, struct person *out, struct err *e);
// Adds that and, where its contact was proven, the requests that gave the same contact, and proved it, too, with what they name, and mails to it. Anybody can give
// the contact of another one: what was not proven is nobody's, and so are its mails.
int person_of_request(struct vault *v, const cJSON *body, const struct rights_facts *facts, struct person *out, struct err *e);
// The same by a contact alone, in its plain form. The requests are the last in the list: they name the others, so an erasure that is cut off finds them again.
int person_of_contact(struct vault *v, const char *contact, struct person *out, struct err *e);

#endif
