// SPDX-License-Identifier: ISC
// Who is responsible, age, content, security, automated decisions, how changes are announced, and the notice's own text.
#include "policy/rules/diff_parts.h"
#include <stdio.h>
#include <string.h>

static void diff_party(struct differ *d, const char *part, const struct policy_party *from, const struct policy_party *to,
		       bool gone_material)
{
	differ_at(d, part, "", to->name != NULL ? to->line : 0);
	if (from->name == NULL && to->name == NULL)
		return;
	if (to->name == NULL)
		differ_add(d, gone_material, from->name, NULL, "No %s is named any more.", part);
	else if (!same_words(from->name, to->name) || !same_words(from->country, to->country))
		differ_add(d, strcmp(part, "controller") == 0, from->name, to->name, "The %s is now %s.", part, to->name);
	else if (!same_words(from->mail, to->mail) || !same_words(from->phone, to->phone) || !same_words(from->web, to->web) ||
		 !same_words(from->address, to->address))
		differ_add(d, false, from->mail, to->mail, "The %s has new contact details.", part);
}

static void diff_parties(struct differ *d)
{
	const struct policy *a = d->before, *b = d->after;

	diff_party(d, "controller", &a->controller, &b->controller, true);
	diff_party(d, "representative", &a->representative, &b->representative, false);
	diff_party(d, "data protection officer", &a->officer, &b->officer, false);
	diff_party(d, "supervisory authority", &a->authority, &b->authority, false);
}

static void diff_age(struct differ *d)
{
	unsigned a = d->before->minimum_age, b = d->after->minimum_age;
	char from[16], to[16];

	snprintf(from, sizeof from, "%u", a);
	snprintf(to, sizeof to, "%u", b);
	differ_at(d, "minimum-age", "", 0);
	if (a != 0 && b == 0)
		differ_add(d, true, from, NULL, "There is no minimum age any more; it was %s.", from);
	else if (a != b)
		differ_add(d, b < a, a != 0 ? from : NULL, to, "The minimum age is now %s.", to);
	else
		differ_prose(d, "text", &d->before->minimum_age_what, &d->after->minimum_age_what);
	if (d->before->minors_deleted != d->after->minors_deleted)
		differ_add(d, d->before->minors_deleted, NULL, NULL,
			   d->after->minors_deleted ? "Data of younger people is now deleted when it is found."
						    : "It is no longer promised that data of younger people is deleted when it is found.");
}

static void diff_content(struct differ *d)
{
	static const char *const names[RULE_COUNT] = {[RULE_MAIL_ADDRESS] = "mail addresses",
						      [RULE_PHONE_NUMBER] = "phone numbers",
						      [RULE_CARD_NUMBER] = "card numbers",
						      [RULE_IBAN] = "bank account numbers",
						      [RULE_MINORS] = "forbidden content about minors"};
	static const char *const actions[] = {
	    [CONTENT_ALLOW] = "let through", [CONTENT_WARN] = "asked about", [CONTENT_REFUSE] = "refused", [CONTENT_ANONYMISE] = "masked"};
	// Masked protects more than a question, and a refusal more than that.
	static const int protects[] = {[CONTENT_ALLOW] = 0, [CONTENT_WARN] = 1, [CONTENT_ANONYMISE] = 2, [CONTENT_REFUSE] = 3};

	differ_at(d, "content", "", 0);
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		enum policy_action a = d->before->content[i], b = d->after->content[i];
		if (a != b)
			differ_add(d, protects[b] < protects[a], actions[a], actions[b], "In what you enter, %s are now %s.", names[i],
				   actions[b]);
	}
}

static bool has_prose(struct differ *d, const struct prose_list *list, const struct prose *wanted)
{
	const char *words = differ_text(d, wanted);

	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(differ_text(d, &list->items[i]), words) == 0)
			return true;
	}
	return false;
}

// A measure that is put differently looks like one gone and one new; only where there are fewer is one really given up.
static void diff_security(struct differ *d)
{
	const struct prose_list *from = &d->before->security, *to = &d->after->security;

	differ_at(d, "security", "", 0);
	for (size_t i = 0; i < from->count; i++) {
		if (!has_prose(d, to, &from->items[i]))
			differ_add(d, to->count < from->count, differ_text(d, &from->items[i]), NULL,
				   "No longer among the security measures: %s", differ_text(d, &from->items[i]));
	}
	for (size_t i = 0; i < to->count; i++) {
		if (!has_prose(d, from, &to->items[i]))
			differ_add(d, false, NULL, differ_text(d, &to->items[i]), "Among the security measures now: %s",
				   differ_text(d, &to->items[i]));
	}
}

static void diff_automated(struct differ *d)
{
	const struct policy *a = d->before, *b = d->after;

	differ_at(d, "automated-decisions", "", 0);
	if (a->automated_used != b->automated_used)
		differ_add(d, b->automated_used, NULL, NULL,
			   b->automated_used ? "Decisions are now made automatically." : "Decisions are no longer made automatically.");
	if (a->automated_legal_effect != b->automated_legal_effect)
		differ_add(d, b->automated_legal_effect, NULL, NULL,
			   b->automated_legal_effect ? "Automated decisions can now have legal effect."
						     : "Automated decisions no longer have legal effect.");
	differ_prose(d, "text", &a->automated, &b->automated);
}

static void diff_announcing(struct differ *d)
{
	const struct policy *a = d->before, *b = d->after;
	int way = duration_compare(b->notice, a->notice);

	differ_at(d, "changes", "", 0);
	if (way != 0)
		differ_add(d, way < 0, differ_duration(d, a->notice), differ_duration(d, b->notice), "Changes are now announced %s ahead.",
			   differ_duration(d, b->notice));
	for (unsigned way_of = 0; way_of < policy_channel_words.count; way_of++) {
		unsigned was = a->changes_material_by & POLICY_BIT(way_of), is = b->changes_material_by & POLICY_BIT(way_of);
		const char *word = policy_word(&policy_channel_words, way_of);
		if (was != is)
			differ_add(d, was != 0, was ? word : NULL, is ? word : NULL,
				   is ? "Material changes are now also announced by: %s."
				      : "Material changes are no longer announced by: %s.",
				   word);
	}
	if (a->use_accepts != b->use_accepts)
		differ_add(d, b->use_accepts, NULL, NULL,
			   b->use_accepts ? "To go on using the site is now taken as accepting what changed."
					  : "To go on using the site is no longer taken as accepting what changed.");
	differ_prose(d, "text", &a->changes, &b->changes);
}

// Only what the law requires is the least that authorities can get; a promise that is gone limits nothing.
static void diff_law_enforcement(struct differ *d)
{
	const char *a = policy_word(&policy_answers_words, d->before->law_enforcement_answers),
		   *b = policy_word(&policy_answers_words, d->after->law_enforcement_answers);

	differ_at(d, "law-enforcement", "", 0);
	if (a != NULL && b == NULL)
		differ_add(d, true, a, NULL, "It is no longer said which requests of authorities are answered; they were: %s.", a);
	else if (b != NULL && !same_words(a, b))
		differ_add(d, strcmp(b, "required-by-law") != 0, a, b, "Which requests of authorities are answered is now: %s.", b);
	differ_prose(d, "text", &d->before->law_enforcement, &d->after->law_enforcement);
}

static const struct policy_section *section_find(const struct policy *t, const char *id)
{
	for (size_t i = 0; i < t->section_count; i++) {
		if (strcmp(t->sections[i].id, id) == 0)
			return &t->sections[i];
	}
	return NULL;
}

// All words of a section.
static const char *section_text(struct differ *d, const struct policy_section *s)
{
	BUF_AUTO struct buf out = BUF_INIT(4 * 1024 * 1024);

	buf_adds(&out, s->title);
	for (size_t i = 0; i < s->block_count; i++) {
		const struct policy_block *b = &s->blocks[i];
		buf_printf(&out, "\n%s%s", differ_text(d, &b->prose),
			   b->type == BLOCK_INSERT ? policy_word(&policy_insert_words, b->insert) : "");
		for (size_t j = 0; j < b->items.count; j++)
			buf_printf(&out, "\n- %s", differ_text(d, &b->items.items[j]));
	}
	return arena_text(d->arena, buf_text(&out), out.len);
}

static void diff_notice(struct differ *d)
{
	const struct policy *a = d->before, *b = d->after;

	differ_at(d, "notice", "", 0);
	differ_prose(d, "lead", &a->lead, &b->lead);
	for (size_t i = 0; i < b->section_count; i++) {
		const struct policy_section *to = &b->sections[i], *from = section_find(a, to->id);
		differ_at(d, "section", to->id, to->line);
		if (from == NULL)
			differ_add(d, false, NULL, to->id, "A new section of the notice: %s.", to->title);
		else if (!same_words(section_text(d, from), section_text(d, to)))
			differ_add(d, false, NULL, NULL, "The section “%s” is put differently.", to->title);
	}
	for (size_t i = 0; i < a->section_count; i++) {
		differ_at(d, "section", a->sections[i].id, 0);
		if (section_find(b, a->sections[i].id) == NULL)
			differ_add(d, false, a->sections[i].id, NULL, "The section “%s” is gone.", a->sections[i].title);
	}
}

static void diff_fetch(struct differ *d)
{
	differ_at(d, "page-fetch", "", 0);
	if (d->before->page_fetch != d->after->page_fetch)
		differ_add(d, d->after->page_fetch, NULL, NULL,
			   d->after->page_fetch ? "Our server now fetches pages that you name."
						: "Our server no longer fetches pages that you name.");
	else
		differ_words(d, "user agent", d->before->user_agent, d->after->user_agent);
}

void diff_rest(struct differ *d)
{
	diff_parties(d);
	diff_fetch(d);
	diff_age(d);
	diff_content(d);
	diff_security(d);
	diff_automated(d);
	diff_announcing(d);
	diff_law_enforcement(d);
	diff_notice(d);
}
