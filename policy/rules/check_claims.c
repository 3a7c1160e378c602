// SPDX-License-Identifier: ISC
// Negative promises against declarations: a policy that contradicts itself.
#include "policy/base/array.h"
#include "policy/rules/check.h"
#include <string.h>

static bool declared(const struct policy *p, kind_set set)
{
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		if ((set & KIND_BIT(k)) && p->kinds[k].keep != KEEP_UNDECLARED)
			return true;
	}
	return false;
}

static bool cookie_of_class(const struct policy *p, enum policy_cookie_class class)
{
	for (size_t i = 0; i < p->cookie_count; i++) {
		if (p->cookies[i].class == class)
			return true;
	}
	return false;
}

static bool has_account(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	return declared(p, KIND_BIT(KIND_ACCOUNT) | KIND_BIT(KIND_SESSION));
}

static bool has_billing(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	return declared(p, KIND_BIT(KIND_PAYMENT) | KIND_BIT(KIND_CREDIT));
}

static bool has_name(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	return declared(p, KIND_BIT(KIND_ACCOUNT));
}

static bool shares(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	for (size_t i = 0; i < p->processor_count; i++) {
		if (!p->processors[i].local && p->processors[i].kinds != 0)
			return true;
	}
	return p->third_party_count > 0; // whoever serves a resource learns who asks for it
}

static bool links(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	for (size_t i = 0; i < p->cookie_count; i++) {
		if (p->cookies[i].has_lasts && p->cookies[i].in != STORAGE_SESSION)
			return true;
	}
	return declared(p, KIND_BIT(KIND_ACCOUNT) | KIND_BIT(KIND_SESSION) | KIND_BIT(KIND_PREFERENCE));
}

// Whoever answers a ticket has read it.
static bool humans(const struct policy *p, const struct policy_claim *c)
{
	return c->kind == KIND_COUNT ? declared(p, KIND_BIT(KIND_TICKET)) : c->kind == KIND_TICKET;
}

static bool card_data(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_strings *list = &policy_kind_at(p, i)->categories;
		for (size_t j = 0; j < list->count; j++) {
			if (strcasestr(list->items[j], "card number") != NULL || strcasestr(list->items[j], "card data") != NULL)
				return true;
		}
	}
	return false;
}

static bool has_marketing(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	return cookie_of_class(p, COOKIE_MARKETING);
}

static bool has_analytics(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	return cookie_of_class(p, COOKIE_ANALYTICS) || declared(p, KIND_BIT(KIND_USAGE));
}

static bool tracks(const struct policy *p, const struct policy_claim *c)
{
	return cookie_of_class(p, COOKIE_ANALYTICS) || has_marketing(p, c);
}

static bool has_cookies(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	return p->cookie_count > 0;
}

static bool has_third_parties(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	return p->third_party_count > 0;
}

static bool trains(const struct policy *p, const struct policy_claim *c)
{
	for (size_t i = 0; i < p->processor_count; i++) {
		if (p->processors[i].trains && (c->processor == NULL || strcmp(c->processor, p->processors[i].id) == 0))
			return true;
	}
	return false;
}

// The archive is stored, but in a folder that lives in memory.
static bool on_disk(const struct policy *p, const struct policy_claim *c)
{
	return c->kind != KIND_COUNT && c->kind != KIND_ARCHIVE && p->kinds[c->kind].keep == KEEP_STORED;
}

static bool transfers(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	for (size_t i = 0; i < p->processor_count; i++) {
		for (size_t j = 0; j < p->processors[i].region_count; j++) {
			if (!policy_country_in_eea(p->processors[i].regions[j].country))
				return true;
		}
	}
	return false;
}

static bool has_personal_data(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	return declared(p, KIND_BIT(KIND_REQUEST_LOG) | KIND_BIT(KIND_ACCOUNT) | KIND_BIT(KIND_TICKET) | KIND_BIT(KIND_PAYMENT));
}

static const struct {
	enum policy_claim_id id;
	bool (*broken)(const struct policy *p, const struct policy_claim *c);
	const char *why;
} claims[] = {
    {CLAIM_NO_ACCOUNT, has_account, "accounts or sessions are declared"},
    {CLAIM_NO_NAME, has_name, "accounts are declared, and they hold names or addresses"},
    {CLAIM_NO_BILLING, has_billing, "payments or credits are declared"},
    {CLAIM_NO_SHARING, shares, "a processor or a third party's resource receives data"},
    {CLAIM_NO_ADVERTISING, has_marketing, "a marketing cookie is declared"},
    {CLAIM_NO_ANALYTICS, has_analytics, "analytics cookies or usage figures are declared"},
    {CLAIM_NO_TRACKING, tracks, "analytics or marketing cookies are declared"},
    {CLAIM_NO_COOKIES, has_cookies, "a cookie is declared"},
    {CLAIM_NO_THIRD_PARTY_RESOURCES, has_third_parties, "a third party's resource is declared"},
    {CLAIM_NO_TRAINING, trains, "a processor may train on what it gets"},
    {CLAIM_NO_DISK, on_disk, "this kind is stored"},
    {CLAIM_NO_TRANSFER, transfers, "a processor's region lies outside the EEA"},
    {CLAIM_NO_LINKING, links, "a cookie that outlasts the visit, sessions, preferences or accounts are declared"},
    {CLAIM_NO_HUMAN_ACCESS, humans, "support tickets are declared, and people read them"},
    {CLAIM_NO_CARD_DATA, card_data, "a kind of data names card numbers among its categories"},
    {CLAIM_NO_PERSONAL_DATA, has_personal_data, "IP addresses or accounts are kept, and they are personal data"},
};

void check_claims(const struct policy *p, struct report *r)
{
	for (size_t i = 0; i < p->claim_count; i++) {
		const struct policy_claim *c = &p->claims[i];
		for (size_t j = 0; j < ARRAY_LEN(claims); j++) {
			if (claims[j].id == c->id && claims[j].broken(p, c))
				report_error(r, c->line,
					     FINDING("the policy promises %s, but %s",
						     "a notice that contradicts itself is void where it matters",
						     "remove the promise or the declaration"),
					     policy_word(&policy_claim_words, c->id), claims[j].why);
		}
		if (c->id == CLAIM_NO_DISK && c->kind == KIND_COUNT)
			report_error(r, c->line,
				     FINDING("the promise no-disk names no kind of data", "nobody could check it", "add kind=\"…\""));
	}
}
