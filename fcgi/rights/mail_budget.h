// SPDX-License-Identifier: ISC
// How many mails people have the site send in an hour, so that it sends few mails to people who asked for none, and few networks cannot take from others the mails by which
// they show who they are. In memory only, by salted hashes of networks; what goes to one address is counted by the store (policy/rights/outbox.h), which a sender cannot see.
//
// A network may have its share and no more: a customer's (/64, or one IPv4 address), an organisation's (/48, /24), a provider's (/32, /16). When what all may have
// together is used up, providers' networks that had none in the hour still have one: to stop that takes as many of those as MAIL_BUDGET_FIRST.
#ifndef LETHE_RIGHTS_MAIL_BUDGET_H
#define LETHE_RIGHTS_MAIL_BUDGET_H

#include <stdbool.h>
#include <time.h>

enum { MAIL_BUDGET_CUSTOMER = 6, MAIL_BUDGET_SITE = 20, MAIL_BUDGET_PROVIDER = 60, MAIL_BUDGET_ALL = 200, MAIL_BUDGET_FIRST = 100 };
// Whether a mail may go that is asked for from this address; it is counted then. Loopback is everybody, as it is for nginx, and has what all have.
bool mail_budget_spend(const char *address, time_t now);

#endif
