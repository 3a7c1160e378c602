// SPDX-License-Identifier: ISC
// Negative promises against declarations: a policy that contradicts itself.
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

// What of the policy contradicts the promise; NULL: nothing that could be found out.
static const char *contradiction(const struct policy *p, const struct policy_claim *c)
{
	static const kind_set in_archive =
	    KIND_BIT(KIND_ARCHIVE) | KIND_BIT(KIND_IMAGE) | KIND_BIT(KIND_PROMPT) | KIND_BIT(KIND_INPUT) | KIND_BIT(KIND_PAGE);
	bool analytics = false, marketing = false, lasting = false, cards = false, training = false, outside = false, cookies = false;
	bool shared = p->third_party_count > 0; // whoever serves a resource learns who asks for it

	for (size_t i = 0; i < p->cookie_count; i++) {
		const struct policy_cookie *cookie = &p->cookies[i];
		analytics = analytics || cookie->class == COOKIE_ANALYTICS;
		marketing = marketing || cookie->class == COOKIE_MARKETING;
		cookies = cookies || cookie->in != STORAGE_SESSION;
		lasting = lasting || (cookie->has_lasts && cookie->in != STORAGE_SESSION);
	}
	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *a = &p->processors[i];
		shared = shared || (!a->local && a->kinds != 0);
		training = training || (a->trains && (c->processor == NULL || strcmp(c->processor, a->id) == 0));
		for (size_t j = 0; j < a->region_count; j++)
			outside = outside || !policy_country_in_eea(a->regions[j].country);
	}
	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_strings *list = &policy_kind_at(p, i)->categories;
		for (size_t j = 0; j < list->count; j++)
			cards =
			    cards || strcasestr(list->items[j], "card number") != NULL || strcasestr(list->items[j], "card data") != NULL;
	}
	switch (c->id) {
	case CLAIM_NO_ACCOUNT:
		return declared(p, KIND_BIT(KIND_ACCOUNT) | KIND_BIT(KIND_SESSION)) ? "accounts or sessions are declared" : NULL;
	case CLAIM_NO_NAME:
		return declared(p, KIND_BIT(KIND_ACCOUNT)) ? "accounts are declared, and they hold names or addresses" : NULL;
	case CLAIM_NO_BILLING:
		return declared(p, KIND_BIT(KIND_PAYMENT) | KIND_BIT(KIND_CREDIT)) ? "payments or credits are declared" : NULL;
	case CLAIM_NO_SHARING:
		return shared ? "a processor or a third party's resource receives data" : NULL;
	case CLAIM_NO_ADVERTISING:
		return marketing ? "a marketing cookie is declared" : NULL;
	case CLAIM_NO_ANALYTICS:
		return analytics || declared(p, KIND_BIT(KIND_USAGE)) ? "analytics cookies or usage figures are declared" : NULL;
	case CLAIM_NO_TRACKING:
		return analytics || marketing ? "analytics or marketing cookies are declared" : NULL;
	case CLAIM_NO_COOKIES: // what stays in the tab is said beside, but is none
		return cookies ? "a cookie is declared" : NULL;
	case CLAIM_NO_THIRD_PARTY_RESOURCES:
		return p->third_party_count > 0 ? "a third party's resource is declared" : NULL;
	case CLAIM_NO_TRAINING:
		return training ? "a processor may train on what it gets" : NULL;
	case CLAIM_NO_DISK: // the archive is stored, but in a folder that lives in memory unless the policy says otherwise
		if (c->kind != KIND_COUNT && c->kind != KIND_ARCHIVE && p->kinds[c->kind].keep == KEEP_STORED)
			return "this kind is stored";
		return c->kind != KIND_COUNT && (KIND_BIT(c->kind) & in_archive) && p->kinds[KIND_ARCHIVE].place == PLACE_DISK
			   ? "the ZIP archives are on a disk, and it is in them, or what is made from it"
			   : NULL;
	case CLAIM_NO_TRANSFER:
		return outside ? "a processor's region lies outside the EEA" : NULL;
	case CLAIM_NO_LINKING:
		return lasting || declared(p, KIND_BIT(KIND_ACCOUNT) | KIND_BIT(KIND_SESSION) | KIND_BIT(KIND_PREFERENCE))
			   ? "a cookie that outlasts the visit, sessions, preferences or accounts are declared"
			   : NULL;
	case CLAIM_NO_HUMAN_ACCESS: // whoever answers a ticket has read it
		return c->kind == KIND_TICKET || (c->kind == KIND_COUNT && declared(p, KIND_BIT(KIND_TICKET)))
			   ? "support tickets are declared, and people read them"
			   : NULL;
	case CLAIM_NO_CARD_DATA:
		return cards ? "a kind of data names card numbers among its categories" : NULL;
	case CLAIM_NO_PERSONAL_DATA:
		return declared(p, KIND_BIT(KIND_REQUEST_LOG) | KIND_BIT(KIND_ACCOUNT) | KIND_BIT(KIND_TICKET) | KIND_BIT(KIND_PAYMENT))
			   ? "IP addresses or accounts are kept, and they are personal data"
			   : NULL;
	default:
		return NULL;
	}
}

void check_claims(const struct policy *p, struct report *r)
{
	for (size_t i = 0; i < p->claim_count; i++) {
		const struct policy_claim *c = &p->claims[i];
		const char *why = contradiction(p, c);
		report_error_if(why != NULL, r, c->line, "the policy promises %s, but %s",
				"a notice that contradicts itself is void where it matters", "remove the promise or the declaration",
				policy_word(&policy_claim_words, c->id), why);
		report_error_if(c->id == CLAIM_NO_DISK && c->kind == KIND_COUNT, r, c->line, "the promise no-disk names no kind of data",
				"nobody could check it", "add kind=\"…\"");
	}
}
