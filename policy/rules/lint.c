// SPDX-License-Identifier: ISC
// Articles 13 and 14 GDPR: each item that a notice must tell and that this one does not, and the rights that each named regime asks for.
#include "policy/rules/lint.h"
#include "policy/base/array.h"
#include "policy/rules/load.h"
#include <string.h>

static int rights_line(const struct policy *p)
{
	return p->right_count > 0 ? p->rights[0].line : 1;
}

static bool reachable(const struct policy_party *a)
{
	return a->mail != NULL || a->phone != NULL || a->web != NULL || a->address != NULL;
}

static void lint_data(const struct policy *p, struct report *r)
{
	bool needed = false, from_visitor = false;

	for (size_t i = 0; i < p->purpose_count; i++) {
		const struct policy_purpose *a = &p->purposes[i];
		bool used = false;
		for (size_t j = 0; j < p->kind_count; j++)
			used = used || policy_strings_have(&policy_kind_at(p, j)->purposes, a->id);
		for (size_t j = 0; j < p->processor_count; j++)
			used = used || policy_strings_have(&p->processors[j].purposes, a->id);
		report_warning_if(!used, r, a->line, "Article 13(1)(c): no kind of data and no processor is for the purpose %s",
				  "visitors are told of a use that does not happen",
				  "add <for purpose=\"%s\"/> to a kind, or remove the purpose", a->id, a->id);
	}
	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *k = policy_kind_at(p, i);
		const char *name = kind_row(k->kind)->name;
		needed = needed || k->needed;
		from_visitor = from_visitor || k->source == SOURCE_VISITOR;
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

static void lint_notice(const struct policy *p, struct report *r)
{
	const struct {
		const char *why;
		enum policy_insert insert;
		bool declared;
	} rows[] = {{"Article 5(3) of Directive 2002/58/EC asks for clear information", INSERT_COOKIES, p->cookie_count > 0},
		    {"Article 13(1)(e) asks who receives data", INSERT_THIRD_PARTIES, p->third_party_count > 0},
		    {"Article 13(2)(c) asks how a consent is withdrawn", INSERT_CONSENTS, p->consent_count > 0},
		    {"a promise that nobody reads binds without serving", INSERT_PROMISES, p->claim_count > 0}};
	const struct duration month = {.days = 30};
	const struct policy_version *v = p->version_count > 0 ? &p->versions[0] : NULL;
	const char *country = p->controller.country;
	int first = v != NULL ? v->line : 1, last = p->section_count > 0 ? p->sections[p->section_count - 1].line : 1;

	report_error_if(country != NULL && !policy_country_in_eea(country) && p->representative.name == NULL, r, p->controller.line,
			"Article 13(1)(a): the controller is in %s and names no representative in the Union",
			"Article 27 GDPR asks for one, and visitors must be told who it is", "add <representative name=\"…\" mail=\"…\"/>",
			country);
	report_error_if(p->representative.name != NULL && !reachable(&p->representative), r, p->representative.line,
			"Article 13(1)(a): the representative has no contact details", "nobody could reach it",
			"add mail=\"…\" or an <address>");
	report_error_if(p->officer.name != NULL && !reachable(&p->officer), r, p->officer.line,
			"Article 13(1)(b): the data protection officer has no contact details",
			"visitors must be able to write to one who is named", "add mail=\"…\"");
	// Where it is not known yet who it is, the controller stands in.
	report_warning_if(
	    p->representative.mail != NULL && p->controller.mail != NULL && strcmp(p->representative.mail, p->controller.mail) == 0, r,
	    p->representative.line, "Article 27: the representative is to be filled in: it has the controller's own mail address",
	    "authorities and visitors turn to somebody in the Union instead of the controller", "write who it is, and its own mail=\"…\"");
	report_warning_if(p->officer.name != NULL && p->controller.name != NULL && strcmp(p->officer.name, p->controller.name) == 0, r,
			  p->officer.line, "Article 37: the data protection officer is to be filled in: it has the controller's own name",
			  "an officer is somebody whom the controller appointed, and cannot be the controller",
			  "write who it is, or by what title");
	report_warning_if(p->authority.name != NULL && p->authority.web == NULL && !reachable(&p->authority), r, p->authority.line,
			  "Article 13(2)(d): the supervisory authority is named without an address",
			  "a right to complain is worth little where nobody says how", "add web=\"https://…\"");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *part = policy_word(&policy_insert_words, rows[i].insert);
		report_error_if(rows[i].declared && !policy_inserts(p, rows[i].insert), r, last,
				"the notice does not show the %s that the policy declares", "%s", "add <insert what=\"%s\"/> to a section",
				part, rows[i].why, part);
	}
	report_error_if(p->automated_legal_effect && !p->automated_used, r, first,
			"Article 13(2)(f): automated decisions have legal effect and yet are not used", "both cannot be true",
			"correct <automated-decisions>");
	report_error_if(p->automated_legal_effect && policy_right(p, RIGHT_HUMAN_REVIEW) == NULL, r, rights_line(p),
			"Article 13(2)(f): automated decisions have legal effect, and nobody can ask for a human",
			"Article 22(3) GDPR asks for that", "add <right id=\"human-review\">");
	report_warning_if(duration_may_exceed(month, p->notice), r, first, "<changes> announces material changes less than 30 days ahead",
			  "the programs wait 30 days all the same, so the notice is not true", "write notice=\"P30D\" or longer");
	report_warning_if(v != NULL && v->updated > when_now(), r, first, "version %s was updated on a day that has not come",
			  "visitors would see a date of the future",
			  "write the day on which the text was finished, and the other one as effective", v->id);
}

static bool answers(const struct policy_right *right, enum policy_regime regime)
{
	for (size_t i = 0; i < right->answer_count; i++) {
		if (right->answers[i].regime == regime)
			return true;
	}
	return false;
}

static void lint_rights(const struct policy *p, struct report *r)
{
	static const struct {
		const char *law;
		enum policy_right_id id;
		bool ccpa;      // else of the GDPR, here and in the United Kingdom
		unsigned bases; // only where a purpose rests on one of these; 0: always
	} rows[] = {{"Article 13(2)(b)", RIGHT_ACCESS, false, 0},
		    {"Article 13(2)(b)", RIGHT_RECTIFICATION, false, 0},
		    {"Article 13(2)(b)", RIGHT_ERASURE, false, 0},
		    {"Article 13(2)(b)", RIGHT_RESTRICTION, false, 0},
		    {"Article 13(2)(b)", RIGHT_OBJECTION, false, POLICY_BIT(BASIS_LEGITIMATE_INTERESTS) | POLICY_BIT(BASIS_PUBLIC_TASK)},
		    {"Article 13(2)(b)", RIGHT_PORTABILITY, false, POLICY_BIT(BASIS_CONSENT) | POLICY_BIT(BASIS_CONTRACT)},
		    {"Article 13(2)(c)", RIGHT_WITHDRAWAL, false, POLICY_BIT(BASIS_CONSENT)},
		    {"Article 13(2)(d)", RIGHT_COMPLAINT, false, 0},
		    {"California Civil Code 1798.110", RIGHT_ACCESS, true, 0},
		    {"California Civil Code 1798.105", RIGHT_ERASURE, true, 0},
		    {"California Civil Code 1798.106", RIGHT_RECTIFICATION, true, 0},
		    {"California Civil Code 1798.125", RIGHT_NON_DISCRIMINATION, true, 0},
		    {"California Civil Code 1798.120", RIGHT_OPT_OUT_OF_SALE, true, 0}};
	bool any = false, no_sale = false, account = p->kinds[KIND_ACCOUNT].keep != KEEP_UNDECLARED;
	unsigned bases = 0;

	for (size_t i = 0; i < p->claim_count; i++)
		no_sale = no_sale || p->claims[i].id == CLAIM_NO_SALE;
	for (size_t i = 0; i < p->purpose_count; i++)
		bases |= POLICY_BIT(p->purposes[i].basis);
	for (enum policy_regime regime = REGIME_GDPR; regime <= REGIME_CCPA; regime++) {
		const char *of = policy_word(&policy_regime_words, regime);
		bool named = false;
		for (size_t i = 0; i < p->right_count; i++)
			named = named || answers(&p->rights[i], regime);
		any = any || named;
		for (size_t i = 0; named && i < ARRAY_LEN(rows); i++) {
			const struct policy_right *right = policy_right(p, rows[i].id);
			const char *name = policy_word(&policy_right_words, rows[i].id);
			bool asked = rows[i].bases == 0 || (rows[i].bases & bases) != 0;
			if (rows[i].ccpa != (regime == REGIME_CCPA) || !asked || (rows[i].id == RIGHT_OPT_OUT_OF_SALE && no_sale))
				continue;
			if (right == NULL)
				report_error(r, rights_line(p), "%s: the right %s is missing", "the regime %s gives it to everyone",
					     "add <right id=\"%s\">", rows[i].law, name, of, name);
			else if (!answers(right, regime))
				report_error(r, right->line,
					     "%s: the right %s says nothing for the regime %s, which this policy names elsewhere",
					     "its clock would not run", "add <answer regime=\"%s\" within=\"statutory\"/>", rows[i].law,
					     name, of, of);
		}
	}
	report_warning_if(!any, r, rights_line(p), "no right names a law that it comes from",
			  "without one no statutory clock runs, and visitors of the Union have these rights whatever a notice says",
			  "add <answer regime=\"gdpr\" within=\"statutory\"/>");
	for (size_t i = 0; i < p->right_count; i++) {
		const struct policy_right *t = &p->rights[i];
		const char *name = policy_word(&policy_right_words, t->id);
		// Anyone has these whose address stands in the request log.
		bool everyones = t->id == RIGHT_ACCESS || t->id == RIGHT_ERASURE || t->id == RIGHT_OBJECTION;
		if ((t->who == WHO_ACCOUNT || t->verify == VERIFY_ACCOUNT) && !account)
			report_error(r, t->line, "right %s needs an account, and the policy keeps none", "nobody could ever use it",
				     "write who=\"everyone\" and verify=\"receipt\", or declare the kind account", name);
		else if (t->who == WHO_ACCOUNT && everyones && p->kinds[KIND_REQUEST_LOG].keep == KEEP_STORED)
			report_warning(r, t->line, "right %s is for accounts only, but the request log is kept of everyone",
				       "the others have the same right", "write who=\"everyone\"", name);
	}
}

void policy_lint(const char *file, const struct policy *before, struct report *r)
{
	POLICY_AUTO struct policy *p = policy_load_reported(file, true, r);

	if (p == NULL)
		return;
	lint_notice(p, r);
	lint_data(p, r);
	lint_rights(p, r);
	lint_times(p, r);
	lint_prose(p, r);
	lint_transfers(p, r);
	lint_browser(p, r);
	if (before != NULL)
		lint_units(before, p, r);
}
