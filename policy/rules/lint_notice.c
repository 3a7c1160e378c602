// SPDX-License-Identifier: ISC
// Articles 13 and 14 GDPR: each item that a notice must tell and that this one does not, and the rights that each named regime asks for.
#include "policy/base/array.h"
#include "policy/rules/lint.h"
#include <string.h>

static int first_line(const struct policy *p)
{
	return p->version_count > 0 ? p->versions[0].line : 1;
}

static int rights_line(const struct policy *p)
{
	return p->right_count > 0 ? p->rights[0].line : 1;
}

static bool reachable(const struct policy_party *a)
{
	return a->mail != NULL || a->phone != NULL || a->web != NULL || a->address != NULL;
}

static void lint_parties(const struct policy *p, struct report *r)
{
	const struct policy *t = p;
	const char *country = t->controller.country;

	if (country != NULL && !policy_country_in_eea(country) && t->representative.name == NULL)
		report_error(
		    r, t->controller.line,
		    "Article 13(1)(a): the controller is in %s and names no representative in the Union; Article 27 GDPR asks for one, "
		    "and visitors must be told who it is; add <representative name=\"…\" mail=\"…\"/>",
		    country);
	if (t->representative.name != NULL && !reachable(&t->representative))
		report_error(
		    r, t->representative.line,
		    "Article 13(1)(a): the representative has no contact details; nobody could reach it; add mail=\"…\" or an <address>");
	if (t->officer.name != NULL && !reachable(&t->officer))
		report_error(
		    r, t->officer.line,
		    "Article 13(1)(b): the data protection officer has no contact details; visitors must be able to write to one who is "
		    "named; add mail=\"…\"");
	if (t->authority.name != NULL && t->authority.web == NULL && !reachable(&t->authority))
		report_warning(
		    r, t->authority.line,
		    "Article 13(2)(d): the supervisory authority is named without an address; a right to complain is worth little "
		    "where nobody says how; add web=\"https://…\"");
}

static bool purpose_used(const struct policy *p, const char *id)
{
	bool used = false;

	for (size_t i = 0; i < p->kind_count; i++)
		used = used || policy_strings_have(&policy_kind_at(p, i)->purposes, id);
	for (size_t i = 0; i < p->processor_count; i++)
		used = used || policy_strings_have(&p->processors[i].purposes, id);
	return used;
}

static void lint_purposes(const struct policy *p, struct report *r)
{
	for (size_t i = 0; i < p->purpose_count; i++) {
		const struct policy_purpose *a = &p->purposes[i];
		if (!purpose_used(p, a->id))
			report_warning(r, a->line,
				       "Article 13(1)(c): no kind of data and no processor is for the purpose %s; visitors are told of a "
				       "use that does not happen; "
				       "add <for purpose=\"%s\"/> to a kind, or remove the purpose",
				       a->id, a->id);
	}
}

static void lint_sources(const struct policy *p, struct report *r)
{
	bool needed = false, from_visitor = false;

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *k = policy_kind_at(p, i);
		const char *name = kind_row(k->kind)->name;
		bool visitor = strcmp(k->source, "visitor") == 0;
		needed = needed || k->needed;
		from_visitor = from_visitor || visitor;
		if (k->categories.count == 0)
			report_error(r, k->line,
				     "Article 14(1)(d): kind %s names no category of data; visitors cannot tell what is held; add "
				     "<category>…</category>",
				     name);
		if (k->subjects.count == 0 && k->kind != KIND_LEDGER && k->kind != KIND_BACKUP)
			report_warning(
			    r, k->line,
			    "Article 30(1)(c): kind %s does not say whom it is about; the register needs the categories of people; add "
			    "<about subject=\"…\"/>",
			    name);
	}
	if (from_visitor && !needed)
		report_warning(
		    r, policy_kind_at(p, 0)->line,
		    "Article 13(2)(e): no kind says that it is needed; visitors must know what they have to give and what happens "
		    "otherwise; add needed=\"yes\" where the service cannot work without it");
}

static void lint_shown(const struct policy *p, struct report *r)
{
	const struct policy *t = p;
	const struct {
		const char *insert, *why;
		bool declared;
	} rows[] = {{"cookies", "Article 5(3) of Directive 2002/58/EC asks for clear information", p->cookie_count > 0},
		    {"third-parties", "Article 13(1)(e) asks who receives data", t->third_party_count > 0},
		    {"consents", "Article 13(2)(c) asks how a consent is withdrawn", t->consent_count > 0},
		    {"promises", "a promise that nobody reads binds without serving", t->claim_count > 0}};
	int last = t->section_count > 0 ? t->sections[t->section_count - 1].line : 1;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].declared && !policy_inserts(p, rows[i].insert))
			report_error(r, last,
				     "the notice does not show the %s that the policy declares; %s; add <insert what=\"%s\"/> to a section",
				     rows[i].insert, rows[i].why, rows[i].insert);
	}
}

static void lint_automated(const struct policy *p, struct report *r)
{
	if (p->automated_legal_effect && !p->automated_used)
		report_error(r, first_line(p),
			     "Article 13(2)(f): automated decisions have legal effect and yet are not used; both cannot be true; correct "
			     "<automated-decisions>");
	if (p->automated_legal_effect && policy_right(p, "human-review") == NULL)
		report_error(
		    r, rights_line(p),
		    "Article 13(2)(f): automated decisions have legal effect, and nobody can ask for a human; Article 22(3) GDPR asks "
		    "for that; add <right id=\"human-review\">");
}

static void lint_announcing(const struct policy *p, struct report *r)
{
	const struct duration month = {.days = 30};
	const struct policy_version *v = p->version_count > 0 ? &p->versions[0] : NULL;

	if (duration_compare(p->notice, month) < 0)
		report_warning(
		    r, first_line(p),
		    "<changes> announces material changes less than 30 days ahead; the programs wait 30 days all the same, so the "
		    "notice is not true; write notice=\"P30D\" or longer");
	if (v != NULL && v->updated > when_now())
		report_warning(
		    r, v->line,
		    "version %s was updated on a day that has not come; visitors would see a date of the future; write the day on which "
		    "the text was finished, and the other one as effective",
		    v->id);
}

void lint_notice(const struct policy *p, struct report *r)
{
	lint_parties(p, r);
	lint_purposes(p, r);
	lint_sources(p, r);
	lint_shown(p, r);
	lint_automated(p, r);
	lint_announcing(p, r);
}

static bool basis_used(const struct policy *p, const char *a, const char *b)
{
	for (size_t i = 0; i < p->purpose_count; i++) {
		const char *basis = p->purposes[i].basis;
		if (strcmp(basis, a) == 0 || strcmp(basis, b) == 0)
			return true;
	}
	return false;
}

static bool claimed(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->claim_count; i++) {
		if (strcmp(p->claims[i].id, id) == 0)
			return true;
	}
	return false;
}

static bool answers(const struct policy_right *right, const char *regime)
{
	for (size_t i = 0; i < right->answer_count; i++) {
		if (strcmp(right->answers[i].regime, regime) == 0)
			return true;
	}
	return false;
}

static bool regime_named(const struct policy *p, const char *regime)
{
	for (size_t i = 0; i < p->right_count; i++) {
		if (answers(&p->rights[i], regime))
			return true;
	}
	return false;
}

static const struct policy_right *right_of(const struct policy *p, const char *id)
{
	const struct policy_right *right = policy_right(p, id);

	return right != NULL ? &p->rights[right - p->rights] : NULL;
}

static void lint_regime(const struct policy *p, const char *regime, const char *id, const char *law, struct report *r)
{
	const struct policy_right *right = right_of(p, id);

	if (right == NULL)
		report_error(r, rights_line(p), "%s: the right %s is missing; the regime %s gives it to everyone; add <right id=\"%s\">",
			     law, id, regime, id);
	else if (!answers(right, regime))
		report_error(
		    r, policy_right(p, id)->line,
		    "%s: the right %s says nothing for the regime %s, which this policy names elsewhere; its clock would not run; add "
		    "<answer regime=\"%s\" within=\"statutory\"/>",
		    law, id, regime, regime);
}

static void lint_gdpr(const struct policy *p, const char *regime, struct report *r)
{
	static const struct {
		const char *id, *law;
		const char *basis, *or_basis; // only where a purpose rests on one of these; NULL: always
	} rows[] = {{"access", "Article 13(2)(b)", NULL, NULL},
		    {"rectification", "Article 13(2)(b)", NULL, NULL},
		    {"erasure", "Article 13(2)(b)", NULL, NULL},
		    {"restriction", "Article 13(2)(b)", NULL, NULL},
		    {"objection", "Article 13(2)(b)", "legitimate-interests", "public-task"},
		    {"portability", "Article 13(2)(b)", "consent", "contract"},
		    {"withdrawal", "Article 13(2)(c)", "consent", "consent"},
		    {"complaint", "Article 13(2)(d)", NULL, NULL}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].basis == NULL || basis_used(p, rows[i].basis, rows[i].or_basis))
			lint_regime(p, regime, rows[i].id, rows[i].law, r);
	}
}

static void lint_ccpa(const struct policy *p, struct report *r)
{
	static const struct {
		const char *id, *law;
	} rows[] = {{"access", "California Civil Code 1798.110"},
		    {"erasure", "California Civil Code 1798.105"},
		    {"rectification", "California Civil Code 1798.106"},
		    {"non-discrimination", "California Civil Code 1798.125"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		lint_regime(p, "ccpa", rows[i].id, rows[i].law, r);
	if (!claimed(p, "no-sale"))
		lint_regime(p, "ccpa", "opt-out-of-sale", "California Civil Code 1798.120", r);
}

// Rights that anyone has whose address stands in the request log.
static bool everyones(const char *right)
{
	return strcmp(right, "access") == 0 || strcmp(right, "erasure") == 0 || strcmp(right, "objection") == 0;
}

static void lint_who(const struct policy *p, struct report *r)
{
	bool account = p->kinds[KIND_ACCOUNT].keep != KEEP_UNDECLARED;

	for (size_t i = 0; i < p->right_count; i++) {
		const struct policy_right *t = &p->rights[i];
		bool needs = strcmp(t->who, "account") == 0 || strcmp(t->verify, "account") == 0;
		if (needs && !account)
			report_error(
			    r, p->rights[i].line,
			    "right %s needs an account, and the policy keeps none; nobody could ever use it; write who=\"everyone\" and "
			    "verify=\"receipt\", or declare the kind account",
			    p->rights[i].id);
		else if (strcmp(t->who, "account") == 0 && everyones(p->rights[i].id) && p->kinds[KIND_REQUEST_LOG].keep == KEEP_STORED)
			report_warning(
			    r, p->rights[i].line,
			    "right %s is for accounts only, but the request log is kept of everyone; the others have the same right; "
			    "write who=\"everyone\"",
			    p->rights[i].id);
	}
}

void lint_rights(const struct policy *p, struct report *r)
{
	bool gdpr = regime_named(p, "gdpr"), uk = regime_named(p, "uk-gdpr"), ccpa = regime_named(p, "ccpa");

	if (gdpr)
		lint_gdpr(p, "gdpr", r);
	if (uk)
		lint_gdpr(p, "uk-gdpr", r);
	if (ccpa)
		lint_ccpa(p, r);
	if (!gdpr && !uk && !ccpa)
		report_warning(
		    r, rights_line(p),
		    "no right names a law that it comes from; without one no statutory clock runs, and visitors of the Union have these "
		    "rights whatever a notice says; add <answer regime=\"gdpr\" within=\"statutory\"/>");
	lint_who(p, r);
}
