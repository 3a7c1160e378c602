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

static bool cookie_of_class(const struct policy *p, const char *class)
{
	for (size_t i = 0; i < p->cookie_count; i++) {
		if (strcmp(p->cookies[i].class, class) == 0)
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
		if (p->cookies[i].has_lasts && strcmp(p->cookies[i].in, "session") != 0)
			return true;
	}
	return declared(p, KIND_BIT(KIND_ACCOUNT) | KIND_BIT(KIND_SESSION) | KIND_BIT(KIND_PREFERENCE));
}

// Whoever answers a ticket has read it.
static bool humans(const struct policy *p, const struct policy_claim *c)
{
	return c->kind == NULL ? declared(p, KIND_BIT(KIND_TICKET)) : strcmp(c->kind, kind_row(KIND_TICKET)->name) == 0;
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
	return cookie_of_class(p, "marketing");
}

static bool has_analytics(const struct policy *p, const struct policy_claim *c)
{
	(void)c;
	return cookie_of_class(p, "analytics") || declared(p, KIND_BIT(KIND_USAGE));
}

static bool tracks(const struct policy *p, const struct policy_claim *c)
{
	return cookie_of_class(p, "analytics") || has_marketing(p, c);
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
	enum kind k;

	return c->kind != NULL && kind_from_name(&k, c->kind) == 0 && k != KIND_ARCHIVE && p->kinds[k].keep == KEEP_STORED;
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
	const char *id;
	bool (*broken)(const struct policy *p, const struct policy_claim *c);
	const char *why;
} claims[] = {
    {"no-account", has_account, "accounts or sessions are declared"},
    {"no-name", has_name, "accounts are declared, and they hold names or addresses"},
    {"no-billing", has_billing, "payments or credits are declared"},
    {"no-sharing", shares, "a processor or a third party's resource receives data"},
    {"no-advertising", has_marketing, "a marketing cookie is declared"},
    {"no-analytics", has_analytics, "analytics cookies or usage figures are declared"},
    {"no-tracking", tracks, "analytics or marketing cookies are declared"},
    {"no-cookies", has_cookies, "a cookie is declared"},
    {"no-third-party-resources", has_third_parties, "a third party's resource is declared"},
    {"no-training", trains, "a processor may train on what it gets"},
    {"no-disk", on_disk, "this kind is stored"},
    {"no-transfer", transfers, "a processor's region lies outside the EEA"},
    {"no-linking", links, "a cookie that outlasts the visit, sessions, preferences or accounts are declared"},
    {"no-human-access", humans, "support tickets are declared, and people read them"},
    {"no-card-data", card_data, "a kind of data names card numbers among its categories"},
    {"no-personal-data", has_personal_data, "IP addresses or accounts are kept, and they are personal data"},
};

void check_claims(const struct policy *p, struct report *r)
{
	for (size_t i = 0; i < p->claim_count; i++) {
		const struct policy_claim *c = &p->claims[i];
		for (size_t j = 0; j < ARRAY_LEN(claims); j++) {
			if (strcmp(claims[j].id, c->id) == 0 && claims[j].broken(p, c))
				report_error(
				    r, c->line,
				    "the policy promises %s, but %s; a notice that contradicts itself is void where it matters; remove the "
				    "promise or the declaration",
				    c->id, claims[j].why);
		}
		if (strcmp(c->id, "no-disk") == 0 && c->kind == NULL)
			report_error(r, c->line, "the promise no-disk names no kind of data; nobody could check it; add kind=\"…\"");
	}
}
