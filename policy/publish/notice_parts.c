// SPDX-License-Identifier: ISC
// The declared parts that stand in the notice where the policy writes <insert what="…"/>.
#include "policy/publish/notice.h"
#include <stdio.h>
#include <string.h>

struct word {
	const char *name, *words;
};
static const struct word bases[] = {{"consent", "your consent (Article 6(1)(a) GDPR)"},
				    {"contract", "doing what you ask for (contract, Article 6(1)(b) GDPR)"},
				    {"legal-obligation", "a legal obligation (Article 6(1)(c) GDPR)"},
				    {"vital-interests", "vital interests (Article 6(1)(d) GDPR)"},
				    {"public-task", "a public task (Article 6(1)(e) GDPR)"},
				    {"legitimate-interests", "our legitimate interests (Article 6(1)(f) GDPR)"}};
static const struct word safeguards[] = {{"adequacy", "adequacy decision (Article 45 GDPR)"},
					 {"data-privacy-framework", "EU-US Data Privacy Framework (Article 45 GDPR)"},
					 {"standard-contractual-clauses", "standard contractual clauses (Article 46 GDPR)"},
					 {"binding-corporate-rules", "binding corporate rules (Article 47 GDPR)"},
					 {"explicit-consent", "your explicit consent (Article 49(1)(a) GDPR)"},
					 {"contract-with-subject", "necessary for what you ask for (Article 49(1)(b) GDPR)"}};
static const struct word sources[] = {{"visitor", "you"},
				      {"browser", "your browser"},
				      {"page", "the page you name"},
				      {"processor", "made for you from what you gave"},
				      {"server", "our server"},
				      {"officer", "our privacy officer"}};

static const char *word_of(const struct word *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(table[i].name, name) == 0)
			return table[i].words;
	}
	return name;
}

const char *basis_words(const char *basis)
{
	return word_of(bases, sizeof bases / sizeof *bases, basis);
}

const char *safeguard_words(const char *safeguard)
{
	return word_of(safeguards, sizeof safeguards / sizeof *safeguards, safeguard);
}

const char *source_words(const char *source)
{
	return word_of(sources, sizeof sources / sizeof *sources, source);
}

static void labelled(struct writer *w, const char *label)
{
	write_item_begin(w);
	write_strong(w, label);
}

static void part_controller(const struct promise *p, struct writer *w)
{
	static const char *const labels[] = {"Controller: ", "Representative: ", "Data protection officer: ", "Supervisory authority: "};
	const struct party *parties[] = {&p->text->controller, &p->text->representative, &p->text->officer, &p->text->authority};

	write_list_begin(w);
	for (size_t i = 0; i < sizeof parties / sizeof *parties; i++) {
		const struct party *a = parties[i];
		const char *const others[] = {a->address, a->country, a->phone, a->web};
		if (a->name == NULL)
			continue;
		labelled(w, labels[i]);
		write_words(w, a->name);
		for (size_t j = 0; j < sizeof others / sizeof *others; j++) {
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

static void write_one_life(struct writer *w, const struct life *life)
{
	static const char *const starts[] = {"it was made", "it was completed", "it was closed", "your account ended"};
	char words[160];

	if (life->lasts_while != NULL) {
		write_words(w, strcmp(life->lasts_while, "account") == 0   ? "as long as your account exists"
			       : strcmp(life->lasts_while, "saved") == 0   ? "as long as you keep it saved"
			       : strcmp(life->lasts_while, "consent") == 0 ? "until you withdraw your consent"
									   : "as long as the service runs");
		write_words(w, life->has_length ? ", and then " : "");
	}
	if (life->has_length) {
		duration_words(words, sizeof words, life->length);
		write_words(w, words);
		write_words(w, " after ");
		write_words(w, starts[life->start]);
	}
	if (life->unless != NULL)
		write_words(w, strcmp(life->unless, "saved") == 0 ? ", unless you saved it" : ", unless another reason to keep it holds");
	write_words(w, life->ending == END_ANONYMISE ? "; then it is anonymised" : life->has_length ? "; then it is deleted" : "");
	write_words(w, life->hold ? " (longer only under a legal hold)" : "");
	write_words(w, life->reason.count > 0 ? ". " : ".");
	write_prose(w, &life->reason);
}

void write_life(struct writer *w, const struct promise *p, const struct kind_text *kind)
{
	char words[160];

	if (kind->life_count == 0) {
		promise_life_words(words, sizeof words, &p->kinds[kind->kind]);
		write_words(w, words);
		write_words(w, ".");
	}
	for (size_t i = 0; i < kind->life_count; i++) {
		write_words(w, i > 0 ? " Also: " : "");
		write_one_life(w, &kind->lives[i]);
	}
}

static void write_purposes(const struct promise *p, struct writer *w, const struct text_list *ids)
{
	for (size_t i = 0; i < ids->count; i++) {
		for (size_t j = 0; j < p->text->purpose_count; j++) {
			const struct purpose *a = &p->text->purposes[j];
			if (strcmp(a->id, ids->items[i]) != 0)
				continue;
			labelled(w, "Why: ");
			write_prose(w, &a->what);
			write_words(w, " Basis: ");
			write_words(w, basis_words(a->basis));
			write_words(w, a->interest.count > 0 ? ". " : ".");
			write_prose(w, &a->interest);
			write_item_end(w);
		}
	}
}

static void part_kind(const struct promise *p, struct writer *w, const struct kind_text *kind)
{
	write_heading(w, 3, NULL, kind->name);
	write_paragraph(w, &kind->what);
	write_list_begin(w);
	if (kind->where.count > 0) {
		labelled(w, "Where: ");
		write_prose(w, &kind->where);
		write_item_end(w);
	}
	labelled(w, "How long: ");
	write_life(w, p, kind);
	write_item_end(w);
	write_purposes(p, w, &kind->purposes);
	labelled(w, "Comes from: ");
	write_words(w, source_words(kind->source));
	write_words(w, ".");
	write_item_end(w);
	write_list_end(w);
}

static void part_kinds(const struct promise *p, struct writer *w)
{
	for (size_t i = 0; i < p->text->kind_count; i++)
		part_kind(p, w, &p->text->kinds[i]);
}

static void write_places(struct writer *w, const struct processor_text *a)
{
	for (size_t i = 0; i < a->region_count; i++) {
		write_words(w, i > 0 ? "; " : "");
		write_words(w, a->regions[i].place);
	}
	for (size_t i = 0; i < a->safeguard_count; i++) {
		write_words(w, "; ");
		write_words(w, safeguard_words(a->safeguards[i].type));
	}
}

static void write_received(const struct promise *p, struct writer *w, size_t i)
{
	bool any = false;

	for (size_t j = 0; j < p->text->kind_count; j++) {
		if (!(p->processors[i].kinds & KIND_BIT(p->text->kinds[j].kind)))
			continue;
		write_words(w, any ? ", " : "");
		write_words(w, p->text->kinds[j].name);
		any = true;
	}
	if (p->text->processors[i].never.count > 0) {
		write_words(w, any ? "; never: " : "never: ");
		write_list_words(w, &p->text->processors[i].never);
	}
}

static void processor_row(const struct promise *p, struct writer *w, size_t i)
{
	const struct promise_processor *a = &p->processors[i];
	const struct processor_text *t = &p->text->processors[i];

	write_row_begin(w);
	write_cell_begin(w);
	if (t->policy != NULL)
		write_link(w, a->name, t->policy);
	else
		write_words(w, a->name);
	write_cell_end(w);
	write_cell_begin(w);
	write_words(w, a->service);
	write_words(w, ": ");
	write_words(w, a->purpose);
	write_cell_end(w);
	write_cell_begin(w);
	write_places(w, t);
	write_cell_end(w);
	write_cell_begin(w);
	write_received(p, w, i);
	write_cell_end(w);
	write_cell_begin(w);
	write_words(w, a->trains ? "yes" : "no");
	write_words(w, t->training.count > 0 ? ". " : "");
	write_prose(w, &t->training);
	write_cell_end(w);
	write_row_end(w);
}

static void part_processors(const struct promise *p, struct writer *w)
{
	static const char *const columns[] = {"Who", "What for", "Where", "What they get", "Trains on it", NULL};
	size_t outside = 0;

	for (size_t i = 0; i < p->processor_count; i++)
		outside += !p->processors[i].local;
	if (outside > 0) {
		write_table_begin(w, "Processors that work for us", columns);
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
		write_strong(w, p->text->processors[i].brand);
		write_words(w, " is part of our own software. ");
		write_words(w, p->processors[i].purpose);
		write_words(w, ".");
		write_paragraph_end(w);
	}
}

static void part_cookies(const struct promise *p, struct writer *w)
{
	static const char *const columns[] = {"Name", "What for", "Class", "Lasts", NULL};
	char words[160];

	write_paragraph(w, &p->text->cookies_what);
	if (p->cookie_count == 0)
		return;
	write_table_begin(w, "What is stored in your browser", columns);
	for (size_t i = 0; i < p->cookie_count; i++) {
		const struct cookie_text *t = &p->text->cookies[i];
		snprintf(words, sizeof words, "until you close the browser");
		if (t->has_lasts)
			duration_words(words, sizeof words, t->lasts);
		const char *const cells[] = {p->cookies[i].name, p->cookies[i].purpose, p->cookies[i].class, words};
		write_row_begin(w);
		for (size_t j = 0; j < sizeof cells / sizeof *cells; j++) {
			write_cell_begin(w);
			write_words(w, cells[j]);
			write_cell_end(w);
		}
		write_row_end(w);
	}
	write_table_end(w);
}

static void part_third_parties(const struct promise *p, struct writer *w)
{
	write_paragraph(w, &p->text->third_parties_what);
	if (p->text->third_party_count == 0)
		return;
	write_list_begin(w);
	for (size_t i = 0; i < p->text->third_party_count; i++) {
		const struct third_party *a = &p->text->third_parties[i];
		labelled(w, a->origin);
		write_words(w, " (");
		write_words(w, a->type);
		write_words(w, "): ");
		write_words(w, a->purpose);
		write_item_end(w);
	}
	write_list_end(w);
}

static void write_answer(struct writer *w, const struct right_answer *a)
{
	char words[160];

	if (a->statutory) {
		write_words(w, " Answered within the time that the law sets");
		write_words(w, strstr(a->regime, "gdpr") != NULL ? ": one month at most." : ".");
		return;
	}
	duration_words(words, sizeof words, a->within);
	write_words(w, " Answered within ");
	write_words(w, words);
	write_words(w, ".");
}

static void part_rights(const struct promise *p, struct writer *w)
{
	write_list_begin(w);
	for (size_t i = 0; i < p->right_count; i++) {
		const struct right_text *t = &p->text->rights[i];
		labelled(w, t->name);
		write_words(w, ": ");
		write_prose(w, &t->how);
		for (size_t j = 0; j < t->answer_count; j++)
			write_answer(w, &t->answers[j]);
		write_item_end(w);
	}
	write_list_end(w);
	write_paragraph_begin(w);
	write_words(w, "Use them on the page ");
	write_link(w, "Your rights", "/rights");
	write_words(w, " or by mail.");
	write_paragraph_end(w);
}

static void part_consents(const struct promise *p, struct writer *w)
{
	if (p->text->consent_count == 0)
		return;
	write_list_begin(w);
	for (size_t i = 0; i < p->text->consent_count; i++) {
		write_item_begin(w);
		write_prose(w, &p->text->consents[i].what);
		write_words(w, " ");
		write_prose(w, &p->text->consents[i].withdraw);
		write_item_end(w);
	}
	write_list_end(w);
}

static void part_content(const struct promise *p, struct writer *w)
{
	if (p->text->content_count == 0)
		return;
	write_list_begin(w);
	for (size_t i = 0; i < p->text->content_count; i++) {
		write_item_begin(w);
		write_prose(w, &p->text->content[i].what);
		write_item_end(w);
	}
	write_list_end(w);
}

static void part_promises(const struct promise *p, struct writer *w)
{
	if (p->text->claim_count == 0)
		return;
	write_list_begin(w);
	for (size_t i = 0; i < p->text->claim_count; i++) {
		write_item_begin(w);
		write_prose(w, &p->text->claims[i].what);
		write_item_end(w);
	}
	write_list_end(w);
}

static void part_versions(const struct promise *p, struct writer *w)
{
	char date[WHEN_DATE];

	write_list_begin(w);
	for (size_t i = 0; i < p->text->version_count; i++) {
		const struct policy_version *v = &p->text->versions[i];
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

static void part_advice_paste(const struct promise *p, struct writer *w)
{
	write_items(w, &p->text->advice_paste);
}

static void part_advice_publish(const struct promise *p, struct writer *w)
{
	write_items(w, &p->text->advice_publish);
}

static void part_security(const struct promise *p, struct writer *w)
{
	write_items(w, &p->text->security);
}

static const struct {
	const char *name;
	void (*write)(const struct promise *p, struct writer *w);
} parts[] = {
    {"controller", part_controller},       {"kinds", part_kinds},
    {"processors", part_processors},       {"cookies", part_cookies},
    {"third-parties", part_third_parties}, {"rights", part_rights},
    {"consents", part_consents},           {"content", part_content},
    {"advice-paste", part_advice_paste},   {"advice-publish", part_advice_publish},
    {"security", part_security},           {"promises", part_promises},
    {"versions", part_versions},
};

int notice_part(const struct promise *p, struct writer *w, const char *what)
{
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (strcmp(parts[i].name, what) == 0) {
			parts[i].write(p, w);
			return 0;
		}
	}
	return -1;
}
