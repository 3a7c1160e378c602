// SPDX-License-Identifier: ISC
// Rights, purposes, the browser, content, and the notice's own references.
#include "policy/rules/check.h"
#include "policy/base/array.h"
#include <string.h>

static bool mail_delivered(const struct policy *p)
{
	const struct policy_processor *a;
	bool any = false;

	for (size_t n = 0; (a = policy_processor_for(p, ROLE_MAIL, n)) != NULL; n++)
		any = any || (policy_processor_receives(a, p->effective) & KIND_BIT(KIND_OUTBOX)) != 0;
	return any && p->kinds[KIND_OUTBOX].keep == KEEP_STORED;
}

void check_rights(const struct policy *p, struct report *r)
{
	static const struct {
		enum policy_regime regime;
		const char *words;
		struct duration longest;
	} limits[] = {
	    {REGIME_GDPR, "one month (Article 12(3) GDPR)", {.months = 1}},
	    {REGIME_UK_GDPR, "one month (Article 12(3) UK GDPR)", {.months = 1}},
	    {REGIME_CCPA, "45 days (California Civil Code 1798.130)", {.days = 45}},
	    {REGIME_PIPL, "15 working days (what Chinese authorities expect where PIPL says \"timely\")", {.days = 21}},
	};

	report_error_if(p->connection && p->kinds[KIND_REQUEST_LOG].keep != KEEP_STORED, r, p->right_count > 0 ? p->rights[0].line : 0,
			"a connection shall see and erase its rows of the request log, but none is kept", "nothing could be found by it",
			"remove connection=\"yes\" from <rights>");
	for (size_t i = 0; i < p->right_count; i++) {
		const char *id = policy_word(&policy_right_words, p->rights[i].id);
		enum policy_right_id asked = p->rights[i].id;
		report_error_if(p->rights[i].signal != SIGNAL_NONE && asked != RIGHT_OPT_OUT_OF_SALE &&
				    asked != RIGHT_OPT_OUT_OF_MARKETING && asked != RIGHT_OPT_OUT_OF_ANALYTICS &&
				    asked != RIGHT_DATA_SHARING,
				r, p->rights[i].line, "right %s is no opt-out, but a browser's opt-out signal shall count for it",
				"the signal asks for nothing else", "remove signal=\"gpc\"", id);
		report_error_if(p->rights[i].self_service && (p->rights[i].verify == VERIFY_MAIL || p->rights[i].verify == VERIFY_IDENTITY),
				r, p->rights[i].line, "right %s is self-service, but who asks shall show first who they are",
				"it would be done before that", "write verify=\"receipt\", or remove self-service=\"yes\"", id);
		report_error_if(p->rights[i].verify == VERIFY_MAIL && !mail_delivered(p), r, p->rights[i].line,
				"right %s asks for control of a mail address, but nobody delivers mail", "no mail could ask for it",
				"declare the kind outbox, and a processor with roles=\"mail\" that receives it", id);
		for (size_t j = 0; j < p->rights[i].answer_count; j++) {
			const struct policy_right_answer *a = &p->rights[i].answers[j];
			report_error_if(a->statutory && a->regime == REGIME_HOUSE, r, a->line,
					"right %s: the regime house has no statute to answer by", "the clock would not run",
					"write within=\"P30D\"", id);
			report_error_if(!a->statutory && duration_is_zero(a->within), r, a->line, "right %s is to be answered in no time",
					"no request could be on time", "write within=\"PT48H\" or longer", id);
			report_error_if(a->regime == REGIME_CCPA && p->rights[i].id == RIGHT_OPT_OUT_OF_SALE && !a->statutory &&
					    duration_may_exceed(a->within, (struct duration){.days = 21}),
					r, a->line, "right %s is to be answered later than the law allows",
					"15 business days are the limit (California Code of Regulations, title 11, § 7026(f))",
					"write within=\"statutory\"", id);
			for (size_t k = 0; k < ARRAY_LEN(limits); k++) {
				report_error_if(limits[k].regime == a->regime && !a->statutory &&
						    duration_compare(a->within, limits[k].longest) > 0,
						r, a->line, "right %s is to be answered later than the law allows", "%s is the limit",
						"write within=\"statutory\"", id, limits[k].words);
			}
		}
	}
	for (size_t i = 0; i < p->consent_count; i++) {
		bool kept = p->kinds[KIND_CONSENT].keep == KEEP_STORED, found = false;
		for (size_t c = 0; c < p->cookie_count && !found; c++)
			found = strcmp(p->cookies[c].name, CONSENTS_COOKIE) == 0 && p->cookies[c].class == COOKIE_NECESSARY &&
				p->cookies[c].in == STORAGE_COOKIE;
		report_error_if(i == 0 && !kept, r, p->consents[i].line, "consents are asked for, but the kind consent is not kept",
				"nobody could show that anybody consented, as Article 7(1) GDPR asks for",
				"declare <kind id=\"consent\" keep=\"stored\">");
		report_error_if(i == 0 && !found, r, p->consents[i].line,
				"consents are asked for, but the necessary cookie " CONSENTS_COOKIE " is not declared",
				"a browser's choices are found by it, and could not be remembered",
				"declare <cookie name=\"" CONSENTS_COOKIE "\" class=\"necessary\" lasts=\"P1Y\">");
		report_error_if(p->consents[i].withdraw.count == 0, r, p->consents[i].line, "consent %s cannot be withdrawn",
				"Article 7(3) GDPR asks that withdrawing be as easy as giving", "add <withdraw>…</withdraw>",
				p->consents[i].id);
	}
	for (size_t i = 0; i < p->purpose_count; i++) {
		const struct policy_purpose *a = &p->purposes[i];
		report_error_if(a->basis == BASIS_CONSENT && a->consent == NULL, r, a->line, "purpose %s rests on consent, but names none",
				"nobody could give or withdraw it", "add consent=\"…\" and declare it in <consents>", a->id);
		report_error_if(a->basis == BASIS_LEGITIMATE_INTERESTS && a->interest.count == 0, r, a->line,
				"purpose %s rests on legitimate interests, but does not name them", "Article 13(1)(d) GDPR asks for them",
				"add <interest>…</interest>", a->id);
	}
}

void check_browser(const struct policy *p, struct report *r)
{
	for (size_t i = 0; i < p->cookie_count; i++) {
		const struct policy_cookie *c = &p->cookies[i];
		if (c->class == COOKIE_NECESSARY || p->cookies[i].consent != NULL)
			continue;
		if (c->class == COOKIE_PREFERENCE)
			report_warning(r, c->line, "cookie %s keeps a preference without consent",
				       "that is allowed only where the visitor asked for it",
				       "add consent=\"…\", or class=\"necessary\" if it is", c->name);
		else
			report_error(r, c->line, "cookie %s is for %s and asks for no consent",
				     "it may not be set before the visitor agrees", "add consent=\"…\" and declare it in <consents>",
				     c->name, policy_word(&policy_cookie_class_words, c->class));
	}
}

void check_content(const struct policy *p, struct report *r)
{
	for (size_t i = 0; i < p->content_rule_count; i++) {
		const struct policy_content_rule *rule = &p->content_rules[i];
		report_error_if(rule->id == RULE_MINORS && rule->action == CONTENT_ANONYMISE, r, rule->line,
				"content about minors cannot be anonymised", "there is nothing to mask that would make it right",
				"write action=\"refuse\"");
	}
	report_warning_if(p->minimum_age != 0 && p->minimum_age < 13, r, 1,
			  "a minimum age of %u is below what any Member State allows without parents (13, Article 8 GDPR)",
			  "children's consent would be void", "write years=\"13\" or more", p->minimum_age);
}

static void check_links(const struct policy *t, const struct prose *prose, int line, struct report *r)
{
	for (size_t i = 0; i < prose->count; i++) {
		const struct prose_run *run = &prose->runs[i];
		bool found = run->type != RUN_LINK || run->to[0] != '#';
		for (size_t j = 0; !found && j < t->section_count; j++)
			found = strcmp(run->to + 1, t->sections[j].id) == 0;
		report_error_if(!found, r, line, "a link goes to %s, which is no section of this notice", "it would lead nowhere",
				"write the id of a section", run->to);
	}
}

void check_prose(const struct policy *p, struct report *r)
{
	static const enum policy_insert parts[] = {INSERT_CONTROLLER, INSERT_KINDS, INSERT_PROCESSORS, INSERT_RIGHTS};
	const struct policy *t = p;
	int last = t->section_count > 0 ? t->sections[t->section_count - 1].line : 1;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *part = policy_word(&policy_insert_words, parts[i]);
		report_error_if(!policy_inserts(t, parts[i]), r, last, "no section of the notice shows the %s",
				"Article 13 GDPR asks that visitors be told", "add <insert what=\"%s\"/> to a section", part, part);
	}
	for (size_t i = 0; i < t->section_count; i++) {
		for (size_t j = 0; j < t->sections[i].block_count; j++) {
			const struct policy_block *b = &t->sections[i].blocks[j];
			check_links(t, &b->prose, t->sections[i].line, r);
			for (size_t k = 0; k < b->items.count; k++)
				check_links(t, &b->items.items[k], t->sections[i].line, r);
		}
	}
}
