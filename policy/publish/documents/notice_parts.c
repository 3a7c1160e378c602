// SPDX-License-Identifier: ISC
// The declared parts that stand in the notice where the policy writes <insert what="…"/>.
#include "policy/base/array.h"
#include "policy/publish/documents/documents.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void begin_labelled(struct writer *w, const char *label)
{
	write_begin(w, MARK_ITEM);
	write_strong(w, label);
}

void notice_state_claim(struct writer *w, const struct policy_claim *claim)
{
	const char *id = policy_word(&policy_claim_words, claim->id);

	statement_next(w->statements, STATEMENT_CLAIM, claim, id, id);
}

static void part_controller(const struct policy *p, struct writer *w)
{
	static const char *const labels[] = {"notice.controller", "notice.representative", "notice.officer", "notice.authority"};
	const struct policy_party *parties[] = {&p->controller, &p->representative, &p->officer, &p->authority};

	write_begin(w, MARK_LIST);
	for (size_t i = 0; i < ARRAY_LEN(parties); i++) {
		const struct policy_party *a = parties[i];
		const char *const others[] = {a->address, a->country, a->phone, a->web};
		if (a->name == NULL)
			continue;
		begin_labelled(w, word(p, labels[i]));
		write_words(w, a->name);
		for (size_t j = 0; j < ARRAY_LEN(others); j++)
			WRITE_ALL(w, others[j] != NULL ? ", " : "", others[j] != NULL ? others[j] : "");
		if (a->mail != NULL) {
			BUF_AUTO struct buf to = BUF_INIT(1024);
			buf_printf(&to, "mailto:%s", a->mail);
			write_words(w, ", ");
			write_link(w, a->mail, buf_text(&to));
		}
		write_end(w, MARK_ITEM);
	}
	write_end(w, MARK_LIST);
}

void notice_life(struct writer *w, const struct policy *p, const struct policy_kind *kind)
{
	static const char *const starts[] = {"life.after.creation", "life.after.completion", "life.after.closing",
					     "life.after.account-end"};
	char words[160];

	if (kind->life_count == 0) {
		word_life(words, sizeof words, p, &p->kinds[kind->kind]);
		WRITE_ALL(w, words, word(p, "join.stop"));
	}
	for (size_t i = 0; i < kind->life_count; i++) {
		const struct policy_life *life = &kind->lives[i];
		word_duration(words, sizeof words, life->length, word_language(p));
		write_words(w, i > 0 ? word(p, "life.also") : "");
		if (life->lasts_while != CONDITION_NONE)
			WRITE_ALL(w, word_condition(word_language(p), life->lasts_while), life->has_length ? word(p, "life.and_then") : "");
		if (life->has_length)
			WRITE_ALL(w, words, word(p, starts[life->start]));
		if (life->unless != CONDITION_NONE)
			write_words(w, word(p, life->unless == CONDITION_SAVED    ? "life.unless_saved"
					       : life->unless == CONDITION_CLOSED ? "life.unless_closed"
										  : "life.unless_other"));
		if (life->ending == END_ANONYMISE || life->has_length)
			write_word(w, life->ending == END_ANONYMISE ? "life.then_anonymised" : "life.then_deleted");
		WRITE_ALL(w, life->hold ? word(p, "life.hold") : "", word(p, "join.stop"),
			  life->reason.count > 0 ? word(p, "join.sentence") : "");
		write_prose(w, &life->reason);
	}
}

static void part_kinds(const struct policy *p, struct writer *w)
{
	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *kind = policy_kind_at(p, i);
		write_heading(w, 3, NULL, kind->name);
		write_paragraph(w, &kind->what);
		write_begin(w, MARK_LIST);
		if (kind->where.count > 0)
			write_item(w, word(p, "notice.where"), &kind->where);
		if (kind->place == PLACE_DISK) {
			statement_next(w->statements, STATEMENT_DISK, kind, kind_row(kind->kind)->name, NULL);
			begin_labelled(w, word(p, "notice.where"));
			write_word(w, "notice.on_disk");
			write_end(w, MARK_ITEM);
		}
		statement_next(w->statements, kind->keep == KEEP_STORED ? STATEMENT_LIFE : STATEMENT_MEMORY, kind,
			       kind_row(kind->kind)->name, NULL);
		begin_labelled(w, word(p, "notice.how_long"));
		notice_life(w, p, kind);
		write_end(w, MARK_ITEM);
		for (size_t j = 0; j < kind->purposes.count; j++) {
			const struct policy_purpose *a = policy_purpose(p, kind->purposes.items[j]);
			if (a == NULL)
				continue;
			begin_labelled(w, word(p, "notice.why"));
			write_prose(w, &a->what);
			WRITE_ALL(w, word(p, "notice.basis"), word_or(p, "basis.", policy_word(&policy_basis_words, a->basis)),
				  word(p, "join.stop"), a->interest.count > 0 ? word(p, "join.sentence") : "");
			write_prose(w, &a->interest);
			write_end(w, MARK_ITEM);
		}
		begin_labelled(w, word(p, "notice.comes_from"));
		WRITE_ALL(w, word_or(p, "source.", policy_word(&policy_source_words, kind->source)), word(p, "join.stop"));
		write_end(w, MARK_ITEM);
		write_end(w, MARK_LIST);
	}
}

static void part_processors(const struct policy *p, struct writer *w)
{
	const char *const columns[] = {word(p, "notice.processors.who"),    word(p, "notice.processors.task"),
				       word(p, "notice.processors.where"),  word(p, "notice.processors.gets"),
				       word(p, "notice.processors.trains"), NULL};
	size_t outside = 0;

	for (size_t i = 0; i < p->processor_count; i++)
		outside += !p->processors[i].local;
	if (outside > 0)
		write_table_begin(w, word(p, "notice.processors.caption"), columns);
	for (size_t n = 0; n < p->processor_count; n++) {
		const struct policy_processor *a = &p->processors[n];
		size_t count = 0;
		if (a->local)
			continue;
		statement_next(w->statements, STATEMENT_PROCESSOR, a, a->id, NULL);
		write_cell_begin(w);
		if (strcmp(a->brand, a->name) != 0) {
			write_strong(w, a->brand);
			write_word(w, "join.colon");
		}
		if (a->policy != NULL)
			write_link(w, a->name, a->policy);
		else
			write_words(w, a->name);
		write_cell_end(w);
		write_cell_begin(w);
		if (strcmp(a->service, a->brand) != 0)
			WRITE_ALL(w, a->service, word(p, "join.colon"));
		write_words(w, a->purpose);
		write_cell_end(w);
		statement_next(w->statements, STATEMENT_REGION, a, a->id, NULL);
		write_cell_begin(w);
		for (size_t i = 0; i < a->region_count; i++)
			write_joined(w, &count, "join.semicolon", a->regions[i].place);
		count = 1; // what follows stands after a semicolon in any case
		for (size_t i = 0; i < a->safeguard_count; i++)
			write_joined(w, &count, "join.semicolon",
				     word_or(p, "safeguard.", policy_word(&policy_safeguard_words, a->safeguards[i].type)));
		write_cell_end(w);
		statement_next(w->statements, STATEMENT_RECEIVES, a, a->id, NULL);
		write_cell_begin(w);
		count = 0;
		for (size_t i = 0; i < p->kind_count; i++) {
			const char *fields = policy_processor_fields(a, policy_kind_at(p, i)->kind);
			if (!(policy_processor_receives(a, when_now()) & KIND_BIT(policy_kind_at(p, i)->kind)))
				continue;
			write_joined(w, &count, "join.comma", policy_kind_at(p, i)->name);
			if (fields != NULL)
				WRITE_ALL(w, " (", fields, ")");
		}
		for (size_t i = 0; i < a->never.count; i++) {
			if (i == 0)
				write_joined(w, &count, "join.semicolon", word(p, "notice.processors.never"));
			WRITE_ALL(w, i > 0 ? ", " : "", a->never.items[i]);
		}
		write_cell_end(w);
		statement_next(w->statements, STATEMENT_TRAINING, a, a->id, NULL);
		write_cell_begin(w);
		write_word(w, a->trains ? "join.yes" : "join.no");
		if (a->training.count > 0)
			WRITE_ALL(w, word(p, "join.stop"), word(p, "join.sentence"));
		write_prose(w, &a->training);
		write_cell_end(w);
	}
	if (outside > 0)
		write_table_end(w);
	for (size_t i = 0; i < p->processor_count; i++) {
		if (!p->processors[i].anonymised)
			continue;
		statement_next(w->statements, STATEMENT_ANONYMISED, &p->processors[i], p->processors[i].id, NULL);
		write_begin(w, MARK_PARAGRAPH);
		write_strong(w, p->processors[i].brand);
		write_words(w, word(p, "notice.anonymised"));
		write_end(w, MARK_PARAGRAPH);
	}
	for (size_t i = 0; i < p->processor_count; i++) {
		if (!p->processors[i].local)
			continue;
		bool own = p->processors[i].standing == STANDING_OWN;
		statement_next(w->statements, own ? STATEMENT_OWN : STATEMENT_BUILT_IN, &p->processors[i], p->processors[i].id, NULL);
		write_begin(w, MARK_PARAGRAPH);
		write_strong(w, p->processors[i].brand);
		WRITE_ALL(w, word(p, own ? "notice.own" : "notice.built_in"), p->processors[i].purpose, word(p, "join.stop"));
		write_end(w, MARK_PARAGRAPH);
	}
}

static void part_cookies(const struct policy *p, struct writer *w)
{
	const char *const columns[] = {word(p, "notice.cookies.name"), word(p, "notice.processors.task"), word(p, "notice.cookies.class"),
				       word(p, "notice.cookies.lasts"), NULL};
	char words[160];

	if (p->cookies_what.count > 0)
		statement_next(w->statements, STATEMENT_COOKIES, NULL, NULL, NULL);
	write_paragraph(w, &p->cookies_what);
	if (p->cookie_count == 0)
		return;
	write_table_begin(w, word(p, "notice.cookies.caption"), columns);
	for (size_t i = 0; i < p->cookie_count; i++) {
		const struct policy_cookie *t = &p->cookies[i];
		snprintf(words, sizeof words, "%s", word(p, "notice.cookies.session"));
		if (t->has_lasts)
			word_duration(words, sizeof words, t->lasts, word_language(p));
		statement_next(w->statements, STATEMENT_COOKIES, t, t->name, NULL);
		write_cell(w, t->name);
		write_cell(w, t->purpose);
		write_cell(w, word_or(p, "cookie.", policy_word(&policy_cookie_class_words, t->class)));
		write_cell(w, words);
	}
	write_table_end(w);
}

static void part_third_parties(const struct policy *p, struct writer *w)
{
	if (p->third_parties_what.count > 0)
		statement_next(w->statements, STATEMENT_RESOURCES, NULL, NULL, NULL);
	write_paragraph(w, &p->third_parties_what);
	if (p->third_party_count == 0)
		return;
	write_begin(w, MARK_LIST);
	for (size_t i = 0; i < p->third_party_count; i++) {
		const struct policy_third_party *a = &p->third_parties[i];
		statement_next(w->statements, STATEMENT_RESOURCES, a, a->origin, NULL);
		begin_labelled(w, a->origin);
		WRITE_ALL(w, " (", policy_word(&policy_resource_words, a->type), "): ", a->purpose);
		write_end(w, MARK_ITEM);
	}
	write_end(w, MARK_LIST);
}

// Who says so, and how long it may take: "GDPR: one month at most; our own promise: 30 days".
static void write_answer_times(const struct policy *p, struct writer *w, const struct policy_right *t)
{
	size_t count = 0;
	char words[160];

	for (size_t j = 0; j < t->answer_count; j++) {
		const struct policy_right_answer *a = &t->answers[j];
		bool sale = a->statutory && a->regime == REGIME_CCPA && t->id == RIGHT_OPT_OUT_OF_SALE;
		if (count == 0)
			WRITE_ALL(w, word(p, "join.sentence"), word(p, "notice.answer"), word(p, "join.colon"));
		write_joined(w, &count, "join.semicolon", word_or(p, "regime.", policy_word(&policy_regime_words, a->regime)));
		word_duration(words, sizeof words, a->within, word_language(p));
		write_word(w, "join.colon");
		if (sale)
			write_word(w, "notice.answer.sale");
		else if (a->statutory)
			write_word(w, a->regime == REGIME_CCPA   ? "notice.answer.days45"
				      : a->regime == REGIME_PIPL ? "notice.answer.working15"
								 : "notice.answer.month");
		else
			write_words(w, words);
	}
	if (count > 0)
		write_word(w, "join.stop");
}

static void part_rights(const struct policy *p, struct writer *w)
{
	write_begin(w, MARK_LIST);
	for (size_t i = 0; i < p->right_count; i++) {
		const struct policy_right *t = &p->rights[i];
		statement_next(w->statements, STATEMENT_RIGHT, t, policy_word(&policy_right_words, t->id), NULL);
		begin_labelled(w, t->name);
		write_word(w, "join.colon");
		write_prose(w, &t->how);
		write_answer_times(p, w, t);
		write_end(w, MARK_ITEM);
	}
	write_end(w, MARK_LIST);
	if (p->connection) {
		statement_next(w->statements, STATEMENT_CONNECTION, NULL, NULL, NULL);
		write_note(w, "notice.rights.connection", NULL);
	}
	statement_next(w->statements, STATEMENT_GUIDE, NULL, NULL, NULL);
	write_note(w, "notice.rights.use", NULL);
}

static void consent_item(const struct policy *p, struct writer *w, size_t i)
{
	statement_next(w->statements, STATEMENT_CONSENT, &p->consents[i], p->consents[i].id, NULL);
	write_begin(w, MARK_ITEM);
	write_prose(w, &p->consents[i].what);
	write_words(w, " ");
	write_prose(w, &p->consents[i].withdraw);
	write_end(w, MARK_ITEM);
}

static void content_item(const struct policy *p, struct writer *w, size_t i)
{
	const struct policy_content_rule *rule = &p->content_rules[i];

	statement_next(w->statements, STATEMENT_CONTENT, rule, policy_word(&policy_content_words, rule->id), NULL);
	write_item(w, NULL, &rule->what);
}

static void promise_item(const struct policy *p, struct writer *w, size_t i)
{
	notice_state_claim(w, &p->claims[i]);
	write_item(w, NULL, &p->claims[i].what);
}

static void version_item(const struct policy *p, struct writer *w, size_t i)
{
	const struct policy_version *v = &p->versions[i];
	char date[WHEN_DATE];

	when_date(date, v->updated);
	statement_next(w->statements, STATEMENT_VERSION, v, v->id, NULL);
	begin_labelled(w, date);
	for (size_t j = 0; j < v->change_count; j++) {
		write_words(w, j == 0 ? ": " : " ");
		write_prose(w, &v->changes[j].what);
	}
	write_end(w, MARK_ITEM);
}

static const struct {
	const char *name;
	size_t at; // in struct policy: with `item`, how many there are of a list; with neither, the list of prose
	void (*write)(const struct policy *p, struct writer *w);
	void (*item)(const struct policy *p, struct writer *w, size_t i);
} parts[] = {
    {"controller", 0, part_controller, NULL},
    {"kinds", 0, part_kinds, NULL},
    {"processors", 0, part_processors, NULL},
    {"cookies", 0, part_cookies, NULL},
    {"third-parties", 0, part_third_parties, NULL},
    {"rights", 0, part_rights, NULL},
    {"consents", offsetof(struct policy, consent_count), NULL, consent_item},
    {"content", offsetof(struct policy, content_rule_count), NULL, content_item},
    {"promises", offsetof(struct policy, claim_count), NULL, promise_item},
    {"versions", offsetof(struct policy, version_count), NULL, version_item},
    {"advice-paste", offsetof(struct policy, advice_paste), NULL, NULL},
    {"advice-publish", offsetof(struct policy, advice_publish), NULL, NULL},
    {"security", offsetof(struct policy, security), NULL, NULL},
};

int notice_part(const struct policy *p, struct writer *w, const char *what)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *at = (const char *)p + parts[i].at;
		const size_t count = parts[i].item != NULL ? *(const size_t *)at : 0;
		if (strcmp(parts[i].name, what) != 0)
			continue;
		if (parts[i].write != NULL)
			parts[i].write(p, w);
		else if (parts[i].item == NULL)
			write_items(w, (const struct prose_list *)at);
		if (count > 0)
			write_begin(w, MARK_LIST);
		for (size_t n = 0; n < count; n++)
			parts[i].item(p, w, n);
		if (count > 0)
			write_end(w, MARK_LIST);
		return 0;
	}
	return -1;
}
