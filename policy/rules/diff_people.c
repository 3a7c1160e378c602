// SPDX-License-Identifier: ISC
// What concerns the visitor directly: the browser, rights, consents, promises, and the rest of the document.
#include "policy/rules/diff_parts.h"
#include <stdio.h>
#include <string.h>

static size_t cookie_find(const struct policy *p, const char *name)
{
	size_t i = 0;

	while (i < p->cookie_count && strcmp(p->cookies[i].name, name) != 0)
		i++;
	return i;
}

static void diff_cookie(struct differ *d, size_t i, size_t j)
{
	const struct policy_cookie *from = &d->before->cookies[i], *to = &d->after->cookies[j];
	const struct policy_cookie *a = &d->before->cookies[i], *b = &d->after->cookies[j];

	if (from->class != to->class)
		differ_add(d, to->class != COOKIE_NECESSARY, policy_word(&policy_cookie_class_words, from->class),
			   policy_word(&policy_cookie_class_words, to->class), "The cookie %s is now of the class %s.", to->name,
			   policy_word(&policy_cookie_class_words, to->class));
	if (a->consent != NULL && b->consent == NULL)
		differ_add(d, true, a->consent, NULL, "The cookie %s is set without asking.", to->name);
	else if (!same_words(a->consent, b->consent))
		differ_add(d, false, a->consent, b->consent, "Another consent stands behind the cookie %s.", to->name);
	if (b->has_lasts && duration_compare(b->lasts, a->lasts) > 0)
		differ_add(d, true, a->has_lasts ? differ_duration(d, a->lasts) : NULL, differ_duration(d, b->lasts),
			   "The cookie %s lasts longer: %s.", to->name, differ_duration(d, b->lasts));
	else if (a->has_lasts && duration_compare(b->lasts, a->lasts) < 0)
		differ_add(d, false, differ_duration(d, a->lasts), NULL, "The cookie %s lasts for a shorter time.", to->name);
	differ_words(d, "place", policy_word(&policy_storage_words, a->in), policy_word(&policy_storage_words, b->in));
	differ_words(d, "purpose", from->purpose, to->purpose);
}

static bool has_resource(const struct policy *p, const struct policy_third_party *wanted)
{
	for (size_t i = 0; i < p->third_party_count; i++) {
		const struct policy_third_party *t = &p->third_parties[i];
		if (strcmp(t->origin, wanted->origin) == 0 && t->type == wanted->type)
			return true;
	}
	return false;
}

static void diff_resources(struct differ *d)
{
	for (size_t i = 0; i < d->after->third_party_count; i++) {
		const struct policy_third_party *t = &d->after->third_parties[i];
		differ_at(d, "third-party", t->origin, t->line);
		if (!has_resource(d->before, t))
			differ_add(d, true, NULL, t->origin, "Pages now load something from a third party: %s (%s).", t->origin,
				   policy_word(&policy_resource_words, t->type));
	}
	for (size_t i = 0; i < d->before->third_party_count; i++) {
		const struct policy_third_party *t = &d->before->third_parties[i];
		differ_at(d, "third-party", t->origin, 0);
		if (!has_resource(d->after, t))
			differ_add(d, false, t->origin, NULL, "Pages no longer load anything from %s (%s).", t->origin,
				   policy_word(&policy_resource_words, t->type));
	}
}

void diff_browser(struct differ *d)
{
	for (size_t j = 0; j < d->after->cookie_count; j++) {
		const struct policy_cookie *to = &d->after->cookies[j];
		size_t i = cookie_find(d->before, to->name);
		differ_at(d, "cookie", to->name, to->line);
		if (i < d->before->cookie_count)
			diff_cookie(d, i, j);
		else
			differ_add(d, true, NULL, to->name, "A new cookie: %s (%s).", to->name, to->purpose);
	}
	for (size_t i = 0; i < d->before->cookie_count; i++) {
		const struct policy_cookie *from = &d->before->cookies[i];
		differ_at(d, "cookie", from->name, 0);
		if (cookie_find(d->after, from->name) == d->after->cookie_count)
			differ_add(d, false, from->name, NULL, "The cookie %s is set no longer.", from->name);
	}
	diff_resources(d);
}

static size_t right_find(const struct policy *p, enum policy_right_id id)
{
	size_t i = 0;

	while (i < p->right_count && p->rights[i].id != id)
		i++;
	return i;
}

static const struct policy_right_answer *answer_find(const struct policy_right *right, enum policy_regime regime)
{
	for (size_t i = 0; i < right->answer_count; i++) {
		if (right->answers[i].regime == regime)
			return &right->answers[i];
	}
	return NULL;
}

static struct duration answer_time(const struct policy_right_answer *a)
{
	const struct duration month = {.months = 1}, business = {.days = 45};

	if (!a->statutory)
		return a->within;
	return a->regime == REGIME_CCPA ? business : month;
}

static void diff_answers(struct differ *d, const struct policy_right *from, const struct policy_right *to)
{
	for (size_t i = 0; i < from->answer_count; i++) {
		const struct policy_right_answer *a = &from->answers[i], *b = answer_find(to, a->regime);
		if (b == NULL) {
			differ_add(d, true, policy_word(&policy_regime_words, a->regime), NULL,
				   "%s is no longer promised under the regime %s.", to->name, policy_word(&policy_regime_words, a->regime));
			continue;
		}
		int way = duration_compare(answer_time(b), answer_time(a));
		if (way != 0)
			differ_add(d, way > 0, differ_duration(d, answer_time(a)), differ_duration(d, answer_time(b)),
				   way > 0 ? "%s is answered later: within %s." : "%s is answered sooner: within %s.", to->name,
				   differ_duration(d, answer_time(b)));
	}
	for (size_t i = 0; i < to->answer_count; i++) {
		if (answer_find(from, to->answers[i].regime) == NULL)
			differ_add(d, false, NULL, policy_word(&policy_regime_words, to->answers[i].regime),
				   "%s is now also promised under the regime %s.", to->name,
				   policy_word(&policy_regime_words, to->answers[i].regime));
	}
}

static void diff_right(struct differ *d, const struct policy_right *from, const struct policy_right *to)
{
	diff_answers(d, from, to);
	if (from->verify != to->verify)
		differ_add(d, to->verify > from->verify, policy_word(&policy_verify_words, from->verify),
			   policy_word(&policy_verify_words, to->verify), "For %s you now show: %s.", to->name,
			   policy_word(&policy_verify_words, to->verify));
	if (from->who != to->who)
		differ_add(d, to->who == WHO_ACCOUNT, policy_word(&policy_who_words, from->who), policy_word(&policy_who_words, to->who),
			   "%s is now for: %s.", to->name, policy_word(&policy_who_words, to->who));
	if (from->self_service != to->self_service)
		differ_add(d, from->self_service, NULL, NULL,
			   to->self_service ? "%s can now be used without asking us." : "%s can no longer be used without asking us.",
			   to->name);
	differ_words(d, "name", from->name, to->name);
	differ_prose(d, "description", &from->how, &to->how);
}

static const struct policy_consent *consent_find(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->consent_count; i++) {
		if (strcmp(p->consents[i].id, id) == 0)
			return &p->consents[i];
	}
	return NULL;
}

static void diff_consents(struct differ *d)
{
	for (size_t i = 0; i < d->after->consent_count; i++) {
		const struct policy_consent *to = &d->after->consents[i], *from = consent_find(d->before, to->id);
		differ_at(d, "consent", to->id, to->line);
		if (from == NULL) {
			differ_add(d, false, NULL, to->id, "We now ask for a consent: %s", differ_text(d, &to->what));
			continue;
		}
		if (from->form != to->form)
			differ_add(d, to->form == CONSENT_OPT_OUT, policy_word(&policy_consent_form_words, from->form),
				   policy_word(&policy_consent_form_words, to->form), "The consent %s is now an %s.", to->id,
				   policy_word(&policy_consent_form_words, to->form));
		differ_prose(d, "description", &from->what, &to->what);
		differ_prose(d, "withdrawal", &from->withdraw, &to->withdraw);
	}
	for (size_t i = 0; i < d->before->consent_count; i++) {
		const struct policy_consent *from = &d->before->consents[i];
		differ_at(d, "consent", from->id, 0);
		if (consent_find(d->after, from->id) == NULL)
			differ_add(d, true, from->id, NULL, "We no longer ask for your consent: %s", differ_text(d, &from->what));
	}
}

void diff_rights(struct differ *d)
{
	for (size_t j = 0; j < d->after->right_count; j++) {
		size_t i = right_find(d->before, d->after->rights[j].id);
		differ_at(d, "right", policy_word(&policy_right_words, d->after->rights[j].id), d->after->rights[j].line);
		if (i < d->before->right_count)
			diff_right(d, &d->before->rights[i], &d->after->rights[j]);
		else
			differ_add(d, false, NULL, policy_word(&policy_right_words, d->after->rights[j].id), "A new right: %s.",
				   d->after->rights[j].name);
	}
	for (size_t i = 0; i < d->before->right_count; i++) {
		differ_at(d, "right", policy_word(&policy_right_words, d->before->rights[i].id), 0);
		if (right_find(d->after, d->before->rights[i].id) == d->after->right_count)
			differ_add(d, true, policy_word(&policy_right_words, d->before->rights[i].id), NULL,
				   "A right is no longer promised: %s.", d->before->rights[i].name);
	}
	diff_consents(d);
}

static bool has_claim(const struct policy *p, const struct policy_claim *wanted)
{
	for (size_t i = 0; i < p->claim_count; i++) {
		const struct policy_claim *c = &p->claims[i];
		if (c->id == wanted->id && c->kind == wanted->kind && same_words(c->processor, wanted->processor))
			return true;
	}
	return false;
}

void diff_promises(struct differ *d)
{
	for (size_t i = 0; i < d->after->claim_count; i++) {
		const struct policy_claim *c = &d->after->claims[i];
		differ_at(d, "promise", policy_word(&policy_claim_words, c->id), c->line);
		if (!has_claim(d->before, c))
			differ_add(d, false, NULL, policy_word(&policy_claim_words, c->id), "A new promise: %s", differ_text(d, &c->what));
	}
	for (size_t i = 0; i < d->before->claim_count; i++) {
		const struct policy_claim *c = &d->before->claims[i];
		differ_at(d, "promise", policy_word(&policy_claim_words, c->id), 0);
		if (!has_claim(d->after, c))
			differ_add(d, true, policy_word(&policy_claim_words, c->id), NULL, "No longer promised: %s",
				   differ_text(d, &c->what));
	}
}
