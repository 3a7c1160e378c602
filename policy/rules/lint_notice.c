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

	report_error_if(country != NULL && !policy_country_in_eea(country) && t->representative.name == NULL, r, t->controller.line,
			"Article 13(1)(a): the controller is in %s and names no representative in the Union",
			"Article 27 GDPR asks for one, and visitors must be told who it is", "add <representative name=\"…\" mail=\"…\"/>",
			country);
	report_error_if(t->representative.name != NULL && !reachable(&t->representative), r, t->representative.line,
			"Article 13(1)(a): the representative has no contact details", "nobody could reach it",
			"add mail=\"…\" or an <address>");
	report_error_if(t->officer.name != NULL && !reachable(&t->officer), r, t->officer.line,
			"Article 13(1)(b): the data protection officer has no contact details",
			"visitors must be able to write to one who is named", "add mail=\"…\"");
	report_warning_if(t->authority.name != NULL && t->authority.web == NULL && !reachable(&t->authority), r, t->authority.line,
			  "Article 13(2)(d): the supervisory authority is named without an address",
			  "a right to complain is worth little where nobody says how", "add web=\"https://…\"");
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
		report_warning_if(!purpose_used(p, a->id), r, a->line,
				  "Article 13(1)(c): no kind of data and no processor is for the purpose %s",
				  "visitors are told of a use that does not happen",
				  "add <for purpose=\"%s\"/> to a kind, or remove the purpose", a->id, a->id);
	}
}

static void lint_sources(const struct policy *p, struct report *r)
{
	bool needed = false, from_visitor = false;

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *k = policy_kind_at(p, i);
		const char *name = kind_row(k->kind)->name;
		bool visitor = k->source == SOURCE_VISITOR;
		needed = needed || k->needed;
		from_visitor = from_visitor || visitor;
		report_error_if(k->categories.count == 0, r, k->line, "Article 14(1)(d): kind %s names no category of data",
				"visitors cannot tell what is held", "add <category>…</category>", name);
		report_warning_if(k->subjects.count == 0 && k->kind != KIND_LEDGER && k->kind != KIND_BACKUP, r, k->line,
				  "Article 30(1)(c): kind %s does not say whom it is about", "the register needs the categories of people",
				  "add <about subject=\"…\"/>", name);
	}
	report_warning_if(from_visitor && !needed, r, policy_kind_at(p, 0)->line, "Article 13(2)(e): no kind says that it is needed",
			  "visitors must know what they have to give and what happens otherwise",
			  "add needed=\"yes\" where the service cannot work without it");
}

static void lint_shown(const struct policy *p, struct report *r)
{
	const struct policy *t = p;
	const struct {
		enum policy_insert insert;
		const char *why;
		bool declared;
	} rows[] = {{INSERT_COOKIES, "Article 5(3) of Directive 2002/58/EC asks for clear information", p->cookie_count > 0},
		    {INSERT_THIRD_PARTIES, "Article 13(1)(e) asks who receives data", t->third_party_count > 0},
		    {INSERT_CONSENTS, "Article 13(2)(c) asks how a consent is withdrawn", t->consent_count > 0},
		    {INSERT_PROMISES, "a promise that nobody reads binds without serving", t->claim_count > 0}};
	int last = t->section_count > 0 ? t->sections[t->section_count - 1].line : 1;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *part = policy_word(&policy_insert_words, rows[i].insert);
		report_error_if(rows[i].declared && !policy_inserts(p, rows[i].insert), r, last,
				"the notice does not show the %s that the policy declares", "%s", "add <insert what=\"%s\"/> to a section",
				part, rows[i].why, part);
	}
}

static void lint_automated(const struct policy *p, struct report *r)
{
	report_error_if(p->automated_legal_effect && !p->automated_used, r, first_line(p),
			"Article 13(2)(f): automated decisions have legal effect and yet are not used", "both cannot be true",
			"correct <automated-decisions>");
	report_error_if(p->automated_legal_effect && policy_right(p, RIGHT_HUMAN_REVIEW) == NULL, r, rights_line(p),
			"Article 13(2)(f): automated decisions have legal effect, and nobody can ask for a human",
			"Article 22(3) GDPR asks for that", "add <right id=\"human-review\">");
}

static void lint_announcing(const struct policy *p, struct report *r)
{
	const struct duration month = {.days = 30};
	const struct policy_version *v = p->version_count > 0 ? &p->versions[0] : NULL;

	report_warning_if(duration_may_exceed(month, p->notice), r, first_line(p),
			  "<changes> announces material changes less than 30 days ahead",
			  "the programs wait 30 days all the same, so the notice is not true", "write notice=\"P30D\" or longer");
	report_warning_if(v != NULL && v->updated > when_now(), r, v->line, "version %s was updated on a day that has not come",
			  "visitors would see a date of the future",
			  "write the day on which the text was finished, and the other one as effective", v->id);
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

static bool basis_used(const struct policy *p, enum policy_basis a, enum policy_basis b)
{
	for (size_t i = 0; i < p->purpose_count; i++) {
		if (p->purposes[i].basis == a || p->purposes[i].basis == b)
			return true;
	}
	return false;
}

static bool claimed(const struct policy *p, enum policy_claim_id id)
{
	for (size_t i = 0; i < p->claim_count; i++) {
		if (p->claims[i].id == id)
			return true;
	}
	return false;
}

static bool answers(const struct policy_right *right, enum policy_regime regime)
{
	for (size_t i = 0; i < right->answer_count; i++) {
		if (right->answers[i].regime == regime)
			return true;
	}
	return false;
}

static bool regime_named(const struct policy *p, enum policy_regime regime)
{
	for (size_t i = 0; i < p->right_count; i++) {
		if (answers(&p->rights[i], regime))
			return true;
	}
	return false;
}

static void lint_regime(const struct policy *p, enum policy_regime regime, enum policy_right_id id, const char *law, struct report *r)
{
	const struct policy_right *right = policy_right(p, id);
	const char *name = policy_word(&policy_right_words, id), *of = policy_word(&policy_regime_words, regime);

	if (right == NULL)
		report_error(r, rights_line(p), "%s: the right %s is missing", "the regime %s gives it to everyone",
			     "add <right id=\"%s\">", law, name, of, name);
	else if (!answers(right, regime))
		report_error(r, right->line, "%s: the right %s says nothing for the regime %s, which this policy names elsewhere",
			     "its clock would not run", "add <answer regime=\"%s\" within=\"statutory\"/>", law, name, of, of);
}

static void lint_gdpr(const struct policy *p, enum policy_regime regime, struct report *r)
{
	static const struct {
		enum policy_right_id id;
		const char *law;
		bool some; // only where a purpose rests on one of these
		enum policy_basis basis, or_basis;
	} rows[] = {{RIGHT_ACCESS, "Article 13(2)(b)", false, 0, 0},
		    {RIGHT_RECTIFICATION, "Article 13(2)(b)", false, 0, 0},
		    {RIGHT_ERASURE, "Article 13(2)(b)", false, 0, 0},
		    {RIGHT_RESTRICTION, "Article 13(2)(b)", false, 0, 0},
		    {RIGHT_OBJECTION, "Article 13(2)(b)", true, BASIS_LEGITIMATE_INTERESTS, BASIS_PUBLIC_TASK},
		    {RIGHT_PORTABILITY, "Article 13(2)(b)", true, BASIS_CONSENT, BASIS_CONTRACT},
		    {RIGHT_WITHDRAWAL, "Article 13(2)(c)", true, BASIS_CONSENT, BASIS_CONSENT},
		    {RIGHT_COMPLAINT, "Article 13(2)(d)", false, 0, 0}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!rows[i].some || basis_used(p, rows[i].basis, rows[i].or_basis))
			lint_regime(p, regime, rows[i].id, rows[i].law, r);
	}
}

static void lint_ccpa(const struct policy *p, struct report *r)
{
	static const struct {
		enum policy_right_id id;
		const char *law;
	} rows[] = {{RIGHT_ACCESS, "California Civil Code 1798.110"},
		    {RIGHT_ERASURE, "California Civil Code 1798.105"},
		    {RIGHT_RECTIFICATION, "California Civil Code 1798.106"},
		    {RIGHT_NON_DISCRIMINATION, "California Civil Code 1798.125"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		lint_regime(p, REGIME_CCPA, rows[i].id, rows[i].law, r);
	if (!claimed(p, CLAIM_NO_SALE))
		lint_regime(p, REGIME_CCPA, RIGHT_OPT_OUT_OF_SALE, "California Civil Code 1798.120", r);
}

// Rights that anyone has whose address stands in the request log.
static bool everyones(enum policy_right_id right)
{
	return right == RIGHT_ACCESS || right == RIGHT_ERASURE || right == RIGHT_OBJECTION;
}

static void lint_who(const struct policy *p, struct report *r)
{
	bool account = p->kinds[KIND_ACCOUNT].keep != KEEP_UNDECLARED;

	for (size_t i = 0; i < p->right_count; i++) {
		const struct policy_right *t = &p->rights[i];
		bool needs = t->who == WHO_ACCOUNT || t->verify == VERIFY_ACCOUNT;
		if (needs && !account)
			report_error(r, p->rights[i].line, "right %s needs an account, and the policy keeps none",
				     "nobody could ever use it",
				     "write who=\"everyone\" and verify=\"receipt\", or declare the kind account",
				     policy_word(&policy_right_words, t->id));
		else if (t->who == WHO_ACCOUNT && everyones(p->rights[i].id) && p->kinds[KIND_REQUEST_LOG].keep == KEEP_STORED)
			report_warning(r, p->rights[i].line, "right %s is for accounts only, but the request log is kept of everyone",
				       "the others have the same right", "write who=\"everyone\"", policy_word(&policy_right_words, t->id));
	}
}

void lint_rights(const struct policy *p, struct report *r)
{
	bool gdpr = regime_named(p, REGIME_GDPR), uk = regime_named(p, REGIME_UK_GDPR), ccpa = regime_named(p, REGIME_CCPA);

	if (gdpr)
		lint_gdpr(p, REGIME_GDPR, r);
	if (uk)
		lint_gdpr(p, REGIME_UK_GDPR, r);
	if (ccpa)
		lint_ccpa(p, r);
	report_warning_if(!gdpr && !uk && !ccpa, r, rights_line(p), "no right names a law that it comes from",
			  "without one no statutory clock runs, and visitors of the Union have these rights whatever a notice says",
			  "add <answer regime=\"gdpr\" within=\"statutory\"/>");
	lint_who(p, r);
}
