// SPDX-License-Identifier: ISC
// The declared parts that stand in the notice where the policy writes <insert what="…"/>.
#include "policy/base/array.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/words/words.h"
#include <stdio.h>
#include <string.h>

static void labelled(struct writer *w, const char *label)
{
	write_item_begin(w);
	write_strong(w, label);
}

static void part_controller(const struct policy *p, struct writer *w)
{
	static const char *const labels[] = {"notice.controller", "notice.representative", "notice.officer", "notice.authority"};
	const struct policy_party *parties[] = {&p->controller, &p->representative, &p->officer, &p->authority};

	write_list_begin(w);
	for (size_t i = 0; i < ARRAY_LEN(parties); i++) {
		const struct policy_party *a = parties[i];
		const char *const others[] = {a->address, a->country, a->phone, a->web};
		if (a->name == NULL)
			continue;
		labelled(w, word(p, labels[i]));
		write_words(w, a->name);
		for (size_t j = 0; j < ARRAY_LEN(others); j++) {
			write_words(w, others[j] != NULL ? ", " : "");
			write_words(w, others[j] != NULL ? others[j] : "");
		}
		if (a->mail != NULL) {
			BUF_AUTO struct buf to = BUF_INIT(1024);
			buf_printf(&to, "mailto:%s", a->mail);
			write_words(w, ", ");
			write_link(w, a->mail, buf_text(&to));
		}
		write_item_end(w);
	}
	write_list_end(w);
}

static void write_one_life(const struct policy *p, struct writer *w, const struct policy_life *life)
{
	static const char *const starts[] = {"life.after.creation", "life.after.completion", "life.after.closing",
					     "life.after.account-end"};
	char words[160];

	if (life->lasts_while != CONDITION_NONE) {
		write_words(w, word_condition(word_language(p), life->lasts_while));
		write_words(w, life->has_length ? word(p, "life.and_then") : "");
	}
	if (life->has_length) {
		word_duration(words, sizeof words, life->length, word_language(p));
		write_words(w, words);
		write_word(w, starts[life->start]);
	}
	if (life->unless != CONDITION_NONE)
		write_words(w, word(p, life->unless == CONDITION_SAVED ? "life.unless_saved" : "life.unless_other"));
	if (life->ending == END_ANONYMISE || life->has_length)
		write_word(w, life->ending == END_ANONYMISE ? "life.then_anonymised" : "life.then_deleted");
	write_words(w, life->hold ? word(p, "life.hold") : "");
	write_word(w, "join.stop");
	if (life->reason.count > 0)
		write_word(w, "join.sentence");
	write_prose(w, &life->reason);
}

void notice_life(struct writer *w, const struct policy *p, const struct policy_kind *kind)
{
	char words[160];

	if (kind->life_count == 0) {
		word_life(words, sizeof words, p, &p->kinds[kind->kind]);
		write_words(w, words);
		write_word(w, "join.stop");
	}
	for (size_t i = 0; i < kind->life_count; i++) {
		write_words(w, i > 0 ? word(p, "life.also") : "");
		write_one_life(p, w, &kind->lives[i]);
	}
}

static void write_purposes(const struct policy *p, struct writer *w, const struct policy_strings *ids)
{
	for (size_t i = 0; i < ids->count; i++) {
		for (size_t j = 0; j < p->purpose_count; j++) {
			const struct policy_purpose *a = &p->purposes[j];
			if (strcmp(a->id, ids->items[i]) != 0)
				continue;
			labelled(w, word(p, "notice.why"));
			write_prose(w, &a->what);
			write_word(w, "notice.basis");
			write_words(w, word_or(p, "basis.", policy_word(&policy_basis_words, a->basis)));
			write_word(w, "join.stop");
			write_words(w, a->interest.count > 0 ? word(p, "join.sentence") : "");
			write_prose(w, &a->interest);
			write_item_end(w);
		}
	}
}

static void part_kind(const struct policy *p, struct writer *w, const struct policy_kind *kind)
{
	write_heading(w, 3, NULL, kind->name);
	write_paragraph(w, &kind->what);
	write_list_begin(w);
	if (kind->where.count > 0) {
		labelled(w, word(p, "notice.where"));
		write_prose(w, &kind->where);
		write_item_end(w);
	}
	labelled(w, word(p, "notice.how_long"));
	notice_life(w, p, kind);
	write_item_end(w);
	write_purposes(p, w, &kind->purposes);
	labelled(w, word(p, "notice.comes_from"));
	write_words(w, word_or(p, "source.", policy_word(&policy_source_words, kind->source)));
	write_word(w, "join.stop");
	write_item_end(w);
	write_list_end(w);
}

static void part_kinds(const struct policy *p, struct writer *w)
{
	for (size_t i = 0; i < p->kind_count; i++)
		part_kind(p, w, policy_kind_at(p, i));
}

static void write_places(const struct policy *p, struct writer *w, const struct policy_processor *a)
{
	for (size_t i = 0; i < a->region_count; i++) {
		write_words(w, i > 0 ? word(p, "join.semicolon") : "");
		write_words(w, a->regions[i].place);
	}
	for (size_t i = 0; i < a->safeguard_count; i++) {
		write_word(w, "join.semicolon");
		write_words(w, word_or(p, "safeguard.", policy_word(&policy_safeguard_words, a->safeguards[i].type)));
	}
}

static void write_received(const struct policy *p, struct writer *w, size_t i)
{
	bool any = false;

	for (size_t j = 0; j < p->kind_count; j++) {
		if (!(p->processors[i].kinds & KIND_BIT(policy_kind_at(p, j)->kind)))
			continue;
		write_words(w, any ? word(p, "join.comma") : "");
		write_words(w, policy_kind_at(p, j)->name);
		any = true;
	}
	if (p->processors[i].never.count > 0) {
		write_words(w, any ? word(p, "join.semicolon") : "");
		write_word(w, "notice.processors.never");
		write_list_words(w, &p->processors[i].never);
	}
}

static void processor_row(const struct policy *p, struct writer *w, size_t i)
{
	const struct policy_processor *a = &p->processors[i];
	const struct policy_processor *t = &p->processors[i];

	write_row_begin(w);
	write_cell_begin(w);
	if (t->policy != NULL)
		write_link(w, a->name, t->policy);
	else
		write_words(w, a->name);
	write_cell_end(w);
	write_cell_begin(w);
	write_words(w, a->service);
	write_word(w, "join.colon");
	write_words(w, a->purpose);
	write_cell_end(w);
	write_cell_begin(w);
	write_places(p, w, t);
	write_cell_end(w);
	write_cell_begin(w);
	write_received(p, w, i);
	write_cell_end(w);
	write_cell_begin(w);
	write_word(w, a->trains ? "join.yes" : "join.no");
	if (t->training.count > 0) {
		write_word(w, "join.stop");
		write_word(w, "join.sentence");
	}
	write_prose(w, &t->training);
	write_cell_end(w);
	write_row_end(w);
}

static void part_processors(const struct policy *p, struct writer *w)
{
	const char *const columns[] = {word(p, "notice.processors.who"),    word(p, "notice.processors.task"),
				       word(p, "notice.processors.where"),  word(p, "notice.processors.gets"),
				       word(p, "notice.processors.trains"), NULL};
	size_t outside = 0;

	for (size_t i = 0; i < p->processor_count; i++)
		outside += !p->processors[i].local;
	if (outside > 0) {
		write_table_begin(w, word(p, "notice.processors.caption"), columns);
		for (size_t i = 0; i < p->processor_count; i++) {
			if (!p->processors[i].local)
				processor_row(p, w, i);
		}
		write_table_end(w);
	}
	for (size_t i = 0; i < p->processor_count; i++) {
		if (!p->processors[i].local)
			continue;
		write_paragraph_begin(w);
		write_strong(w, p->processors[i].brand);
		write_word(w, "notice.built_in");
		write_words(w, p->processors[i].purpose);
		write_word(w, "join.stop");
		write_paragraph_end(w);
	}
}

static void part_cookies(const struct policy *p, struct writer *w)
{
	const char *const columns[] = {word(p, "notice.cookies.name"), word(p, "notice.processors.task"), word(p, "notice.cookies.class"),
				       word(p, "notice.cookies.lasts"), NULL};
	char words[160];

	write_paragraph(w, &p->cookies_what);
	if (p->cookie_count == 0)
		return;
	write_table_begin(w, word(p, "notice.cookies.caption"), columns);
	for (size_t i = 0; i < p->cookie_count; i++) {
		const struct policy_cookie *t = &p->cookies[i];
		snprintf(words, sizeof words, "%s", word(p, "notice.cookies.session"));
		if (t->has_lasts)
			word_duration(words, sizeof words, t->lasts, word_language(p));
		const char *const cells[] = {p->cookies[i].name, p->cookies[i].purpose,
					     word_or(p, "cookie.", policy_word(&policy_cookie_class_words, p->cookies[i].class)), words};
		write_row_begin(w);
		for (size_t j = 0; j < ARRAY_LEN(cells); j++) {
			write_cell_begin(w);
			write_words(w, cells[j]);
			write_cell_end(w);
		}
		write_row_end(w);
	}
	write_table_end(w);
}

static void part_third_parties(const struct policy *p, struct writer *w)
{
	write_paragraph(w, &p->third_parties_what);
	if (p->third_party_count == 0)
		return;
	write_list_begin(w);
	for (size_t i = 0; i < p->third_party_count; i++) {
		const struct policy_third_party *a = &p->third_parties[i];
		labelled(w, a->origin);
		write_words(w, " (");
		write_words(w, policy_word(&policy_resource_words, a->type));
		write_words(w, "): ");
		write_words(w, a->purpose);
		write_item_end(w);
	}
	write_list_end(w);
}

static bool within_a_month(const struct policy_right_answer *a)
{
	return a->regime == REGIME_GDPR || a->regime == REGIME_UK_GDPR;
}

static void write_answer(const struct policy *p, struct writer *w, const struct policy_right_answer *a)
{
	char words[160];

	word_duration(words, sizeof words, a->within, word_language(p));
	write_word(w, "join.sentence");
	if (a->statutory)
		write_word(w, within_a_month(a) ? "notice.answer.month" : "notice.answer.statutory");
	else
		write_filled(w, "notice.answer.within", WORD_VALUES({"time", words}));
}

// Two regimes with the same answer are told once.
static bool told_before(const struct policy_right *t, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		const struct policy_right_answer *a = &t->answers[j], *b = &t->answers[i];
		if (a->statutory == b->statutory && (a->statutory || duration_compare(a->within, b->within) == 0) &&
		    (within_a_month(a)) == (within_a_month(b)))
			return true;
	}
	return false;
}

static void part_rights(const struct policy *p, struct writer *w)
{
	write_list_begin(w);
	for (size_t i = 0; i < p->right_count; i++) {
		const struct policy_right *t = &p->rights[i];
		labelled(w, t->name);
		write_word(w, "join.colon");
		write_prose(w, &t->how);
		for (size_t j = 0; j < t->answer_count; j++) {
			if (!told_before(t, j))
				write_answer(p, w, &t->answers[j]);
		}
		write_item_end(w);
	}
	write_list_end(w);
	write_note(w, "notice.rights.use", NULL);
}

static void part_consents(const struct policy *p, struct writer *w)
{
	if (p->consent_count == 0)
		return;
	write_list_begin(w);
	for (size_t i = 0; i < p->consent_count; i++) {
		write_item_begin(w);
		write_prose(w, &p->consents[i].what);
		write_words(w, " ");
		write_prose(w, &p->consents[i].withdraw);
		write_item_end(w);
	}
	write_list_end(w);
}

static void part_content(const struct policy *p, struct writer *w)
{
	if (p->content_rule_count == 0)
		return;
	write_list_begin(w);
	for (size_t i = 0; i < p->content_rule_count; i++) {
		write_item_begin(w);
		write_prose(w, &p->content_rules[i].what);
		write_item_end(w);
	}
	write_list_end(w);
}

static void part_promises(const struct policy *p, struct writer *w)
{
	if (p->claim_count == 0)
		return;
	write_list_begin(w);
	for (size_t i = 0; i < p->claim_count; i++) {
		write_item_begin(w);
		write_prose(w, &p->claims[i].what);
		write_item_end(w);
	}
	write_list_end(w);
}

static void part_service(const struct policy *p, struct writer *w)
{
	write_paragraph(w, &p->service.what);
}

static void part_versions(const struct policy *p, struct writer *w)
{
	char date[WHEN_DATE];

	write_list_begin(w);
	for (size_t i = 0; i < p->version_count; i++) {
		const struct policy_version *v = &p->versions[i];
		when_date(date, v->updated);
		labelled(w, date);
		for (size_t j = 0; j < v->change_count; j++) {
			write_words(w, j == 0 ? ": " : " ");
			write_prose(w, &v->changes[j].what);
		}
		write_item_end(w);
	}
	write_list_end(w);
}

static void part_advice_paste(const struct policy *p, struct writer *w)
{
	write_items(w, &p->advice_paste);
}

static void part_advice_publish(const struct policy *p, struct writer *w)
{
	write_items(w, &p->advice_publish);
}

static void part_security(const struct policy *p, struct writer *w)
{
	write_items(w, &p->security);
}

static const struct {
	const char *name;
	void (*write)(const struct policy *p, struct writer *w);
} parts[] = {
    {"controller", part_controller},       {"kinds", part_kinds},
    {"processors", part_processors},       {"cookies", part_cookies},
    {"third-parties", part_third_parties}, {"rights", part_rights},
    {"consents", part_consents},           {"content", part_content},
    {"advice-paste", part_advice_paste},   {"advice-publish", part_advice_publish},
    {"security", part_security},           {"promises", part_promises},
    {"versions", part_versions},           {"service", part_service},
};

int notice_part(const struct policy *p, struct writer *w, const char *what)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (strcmp(parts[i].name, what) == 0) {
			parts[i].write(p, w);
			return 0;
		}
	}
	return -1;
}
