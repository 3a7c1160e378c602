// SPDX-License-Identifier: ISC
#include "policy/publish/documents/register.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/documents/notice.h"
#include "policy/publish/pages.h"
#include "policy/publish/words/words.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct activity { // a row: what is done for one purpose
	const struct policy *p;
	const struct policy_purpose *purpose;
	const struct register_figures *figures;
};
typedef void (*cell)(const struct activity *a, struct buf *out);

static void add(struct buf *out, const char *text)
{
	if (text != NULL && *text != '\0')
		buf_printf(out, "%s%s", out->len > 0 ? "; " : "", text);
}

static void add_prose(const struct activity *a, struct buf *out, const struct prose *prose)
{
	buf_adds(out, out->len > 0 && prose->count > 0 ? "; " : "");
	prose_plain(a->p, prose, out);
}

static bool serves(const struct policy_strings *purposes, const struct activity *a)
{
	for (size_t i = 0; i < purposes->count; i++) {
		if (strcmp(purposes->items[i], a->purpose->id) == 0)
			return true;
	}
	return false;
}

// NOLINTBEGIN(bugprone-macro-parentheses): the names are declared here
#define EACH_KIND(k, a)                                                                                                                    \
	for (size_t n = 0; n < (a)->p->kind_count; n++)                                                                                    \
		for (const struct policy_kind *k = policy_kind_at((a)->p, n); k != NULL && serves(&k->purposes, a); k = NULL)
#define EACH_PROCESSOR(i, a)                                                                                                               \
	for (size_t i = 0; i < (a)->p->processor_count; i++)                                                                               \
		if (!(a)->p->processors[i].local && serves(&(a)->p->processors[i].purposes, a))

// NOLINTEND(bugprone-macro-parentheses)

static void party(struct buf *out, const struct policy_party *a)
{
	const char *const parts[] = {a->name, a->address, a->country, a->mail, a->phone, a->web};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		add(out, parts[i]);
}

static void get_purpose(const struct activity *a, struct buf *out)
{
	add_prose(a, out, &a->purpose->what);
}
static void get_site(const struct activity *a, struct buf *out)
{
	add(out, a->p->shown_as);
}
static void get_controller(const struct activity *a, struct buf *out)
{
	add(out, a->p->controller.name);
}
static void get_contact(const struct activity *a, struct buf *out)
{
	party(out, &a->p->controller);
	add(out, a->p->controller.mail == NULL ? a->p->contact : NULL);
}
static void get_representative(const struct activity *a, struct buf *out)
{
	party(out, &a->p->representative);
	add(out, out->len == 0 ? word(a->p, "register.none") : NULL);
}
static void get_officer(const struct activity *a, struct buf *out)
{
	party(out, &a->p->officer);
	add(out, out->len == 0 ? word(a->p, "register.none") : NULL);
}
static void get_none(const struct activity *a, struct buf *out)
{
	add(out, word(a->p, "register.none"));
}
static void get_role(const struct activity *a, struct buf *out)
{
	add(out, word(a->p, "register.controller"));
}

static void get_subjects(const struct activity *a, struct buf *out)
{
	for (size_t s = 0; s < a->p->subject_count; s++) {
		bool found = false;
		EACH_KIND(k, a)
		for (size_t i = 0; i < k->subjects.count; i++)
			found = found || strcmp(k->subjects.items[i], a->p->subjects[s].id) == 0;
		add(out, found ? a->p->subjects[s].name : NULL);
	}
}

static void get_data(const struct activity *a, struct buf *out)
{
	EACH_KIND(k, a)
	{
		add(out, k->name);
		for (size_t i = 0; i < k->categories.count; i++)
			buf_printf(out, "%s%s%s", i == 0 ? " (" : ", ", k->categories.items[i], i + 1 == k->categories.count ? ")" : "");
	}
}

static void get_special(const struct activity *a, struct buf *out)
{
	add(out, word(a->p, "register.special"));
}

static void get_sources(const struct activity *a, struct buf *out)
{
	EACH_KIND(k, a)
	{
		add(out, k->name);
		buf_printf(out, ": %s", word_or(a->p, "source.", policy_word(&policy_source_words, k->source)));
	}
}

static void get_recipients(const struct activity *a, struct buf *out)
{
	EACH_PROCESSOR(i, a)
	{
		add(out, a->p->processors[i].name);
		buf_printf(out, " (%s)", a->p->processors[i].purpose);
	}
	add(out, out->len == 0 ? word(a->p, "register.none") : NULL);
}

static void get_shared(const struct activity *a, struct buf *out)
{
	EACH_PROCESSOR(i, a)
	{
		bool any = false;
		add(out, a->p->processors[i].brand);
		EACH_KIND(k, a)
		if (a->p->processors[i].kinds & KIND_BIT(k->kind)) {
			buf_printf(out, "%s%s", any ? ", " : ": ", k->name);
			any = true;
		}
	}
	add(out, out->len == 0 ? word(a->p, "register.no") : NULL);
}

static void get_transfers(const struct activity *a, struct buf *out)
{
	EACH_PROCESSOR(i, a)
	{
		const struct policy_processor *t = &a->p->processors[i];
		for (size_t j = 0; j < t->region_count; j++) {
			if (policy_country_in_eea(t->regions[j].country))
				continue;
			add(out, t->brand);
			buf_printf(out, ": %s (%s)", t->regions[j].place, t->regions[j].country);
		}
	}
	add(out, out->len == 0 ? word(a->p, "register.no_transfer") : NULL);
}

static void get_safeguards(const struct activity *a, struct buf *out)
{
	EACH_PROCESSOR(i, a)
	{
		const struct policy_processor *t = &a->p->processors[i];
		for (size_t j = 0; j < t->safeguard_count; j++) {
			add(out, t->brand);
			buf_printf(out, ": %s", word_or(a->p, "safeguard.", policy_word(&policy_safeguard_words, t->safeguards[j].type)));
		}
	}
	add(out, out->len == 0 ? word(a->p, "register.no_safeguard") : NULL);
}

static void get_retention(const struct activity *a, struct buf *out)
{
	struct writer w = {.form = FORM_TEXT, .out = out, .policy = a->p};

	EACH_KIND(k, a)
	{
		add(out, k->name);
		buf_adds(out, ": ");
		write_life(&w, a->p, k);
	}
}

static void add_page(const struct activity *a, struct buf *out, const char *path)
{
	BUF_AUTO struct buf url = BUF_INIT(4096);

	site_address(a->p, &url);
	buf_adds(&url, path);
	add(out, buf_text(&url));
}
static void get_notice(const struct activity *a, struct buf *out)
{
	add_page(a, out, "/privacy");
}
static void get_measures(const struct activity *a, struct buf *out)
{
	for (size_t i = 0; i < a->p->security.count; i++)
		add_prose(a, out, &a->p->security.items[i]);
}

static void get_location(const struct activity *a, struct buf *out)
{
	EACH_KIND(k, a)
	{
		if (k->where.count == 0)
			continue;
		add(out, k->name);
		buf_adds(out, ": ");
		prose_plain(a->p, &k->where, out);
	}
}

static void get_basis(const struct activity *a, struct buf *out)
{
	add(out, word_or(a->p, "basis.", policy_word(&policy_basis_words, a->purpose->basis)));
}
static void get_interest(const struct activity *a, struct buf *out)
{
	add_prose(a, out, &a->purpose->interest);
}
static void get_automated(const struct activity *a, struct buf *out)
{
	add(out, word(a->p, a->p->automated_used ? "join.yes" : "join.no"));
	add_prose(a, out, &a->p->automated);
}
static void get_rights(const struct activity *a, struct buf *out)
{
	for (size_t i = 0; i < a->p->right_count; i++)
		add(out, a->p->rights[i].name);
}
static void get_consents(const struct activity *a, struct buf *out)
{
	add(out, a->purpose->consent);
}
static void get_contracts(const struct activity *a, struct buf *out)
{
	EACH_PROCESSOR(i, a)
	{
		add(out, a->p->processors[i].brand);
		buf_printf(out, ": %s",
			   a->p->processors[i].agreement != NULL ? a->p->processors[i].agreement : word(a->p, "register.no_contract"));
	}
}
static void get_review(const struct activity *a, struct buf *out)
{
	char date[WHEN_DATE];

	when_date(date, a->p->updated);
	add(out, date);
}
static void get_nothing(const struct activity *a, struct buf *out) // a cell that the officer fills in
{
	(void)a;
	(void)out;
}

// ---- what is so at this moment ----
static void get_held(const struct activity *a, struct buf *out)
{
	const struct census *census = a->figures->census;
	char age[160], count[24];

	EACH_KIND(k, a)
	for (size_t i = 0; census != NULL && i < census->row_count; i++) {
		const struct census_row *row = &census->rows[i];
		if (row->kind != k->kind)
			continue;
		buf_adds(out, out->len > 0 ? "; " : "");
		snprintf(count, sizeof count, "%" PRIu64, row->count);
		word_fill(out, NULL, word(a->p, "register.held"), WORD_VALUES({"kind", k->name}, {"count", count}));
		if (row->count > 0 && row->oldest > 0 && row->oldest <= a->figures->at) {
			time_t seconds = a->figures->at - row->oldest;
			struct duration d = {.days = (unsigned)(seconds / 86400), .seconds = (uint64_t)(seconds % 86400 / 3600 * 3600)};
			word_duration(age, sizeof age, d, word_language(a->p));
			word_fill(out, NULL, word(a->p, "register.oldest"),
				  WORD_VALUES({"age", duration_is_zero(d) ? word(a->p, "register.under_an_hour") : age}));
		}
		buf_adds(out, row->late ? word(a->p, "register.late") : "");
	}
	add(out, census == NULL ? word(a->p, "register.not_counted") : NULL);
}

static void get_traffic(const struct activity *a, struct buf *out)
{
	const cJSON *one;
	char requests[32], bytes[32];

	EACH_PROCESSOR(i, a)
	cJSON_ArrayForEach(one, json_get(a->figures->traffic, "processors"))
	{
		const char *id = json_string(one, "id"), *region = json_string(one, "region_seen");
		if (id == NULL || strcmp(id, a->p->processors[i].id) != 0)
			continue;
		buf_adds(out, out->len > 0 ? "; " : "");
		snprintf(requests, sizeof requests, "%.0f", json_number(one, "requests", 0));
		snprintf(bytes, sizeof bytes, "%.0f", json_number(one, "bytes_sent", 0));
		word_fill(out, NULL, word(a->p, "register.sent"),
			  WORD_VALUES({"name", a->p->processors[i].brand}, {"requests", requests}, {"bytes", bytes}));
		if (region != NULL && *region != '\0')
			word_fill(out, NULL, word(a->p, "register.region"), WORD_VALUES({"region", region}));
	}
	add(out, a->figures->traffic == NULL ? word(a->p, "register.not_asked") : out->len == 0 ? word(a->p, "register.none") : NULL);
}

static const struct {
	const char *titles[3]; // by model; NULL: this one does not ask
	cell get;
} columns[] = {
    {{"Processing activity", "Processing activity", "Dénomination du traitement"}, get_purpose},
    {{"Description", "Description", "Description"}, get_site},
    {{"Controller: legal name", "Controller: legal name", NULL}, get_controller},
    {{"Controller: contact details", "Controller: contact details", "Nom et coordonnées de l'organisme"}, get_contact},
    {{"Joint controllers", "Joint controllers", "Responsables conjoints"}, get_none},
    {{"Data protection officer", "Data protection officer", "Délégué à la protection des données"}, get_officer},
    {{"UK representative", "Representative", "Représentant"}, get_representative},
    {{"Controller or processor", "Controller or processor", "Responsable ou sous-traitant"}, get_role},
    {{"Department", "Department", "Service"}, get_nothing},
    {{"Data stewards", "Data stewards", "Responsables des données"}, get_nothing},
    {{"Purposes of processing", "Purposes of processing", "Finalités"}, get_purpose},
    {{"Categories of individuals", "Categories of data subjects", "Catégories de personnes concernées"}, get_subjects},
    {{"Categories of personal data", "Categories of personal data", "Catégories de données"}, get_data},
    {{"Special category or criminal offence data", "Special category or criminal offence data (Article 9, 10)", "Données sensibles"},
     get_special},
    {{"Source of the data", "Source of the data", "Source des données"}, get_sources},
    {{"Categories of recipients", "Categories of recipients", "Catégories de destinataires"}, get_recipients},
    {{"Shared with third parties", "Categories of data shared per recipient", "Partage avec des tiers"}, get_shared},
    {{"Transfers to third countries", "Transfers to third countries", "Transferts vers des pays tiers"}, get_transfers},
    {{"Safeguards for transfers", "Safeguards for transfers", "Garanties"}, get_safeguards},
    {{"Retention per category", "Retention per category", "Délais de conservation et d'effacement"}, get_retention},
    {{"Link to the retention policy", "Link to the retention policy", "Lien vers la politique de conservation"}, get_notice},
    {{"Held now (live)", "Held now (live)", "Conservé à ce jour (chiffres réels)"}, get_held},
    {{"Sent to processors (live)", "Sent to processors (live)", "Envoyé aux sous-traitants (chiffres réels)"}, get_traffic},
    {{"Retention adhered to", "Retention adhered to", "Délais respectés"}, NULL},
    {{"Reason if not", "Reason if not", "Motif"}, get_nothing},
    {{"Technical and organisational measures", "Technical and organisational measures", "Mesures de sécurité"}, get_measures},
    {{"Location of the data", "Location of the data", "Localisation"}, get_location},
    {{"Article 6 lawful basis", "Article 6 lawful basis", "Fondement juridique"}, get_basis},
    {{"Legitimate interests", "Legitimate interests", "Intérêts légitimes"}, get_interest},
    {{"Link to the legitimate interests assessment", "Link to the legitimate interests assessment",
      "Lien vers l'évaluation des intérêts légitimes"},
     get_nothing},
    {{"Article 9 condition", "Article 9 condition", "Base de l'article 9"}, get_nothing},
    {{"DPA 2018 Schedule 1 condition", NULL, NULL}, get_nothing},
    {{"Automated decisions and profiling", "Automated decisions and profiling", "Décisions automatisées et profilage"}, get_automated},
    {{"DPIA required, and link", "DPIA required, and link", "AIPD"}, get_nothing},
    {{NULL, "Link to another impact assessment", NULL}, get_nothing},
    {{"Rights", "Rights", "Droits"}, get_rights},
    {{"Link to the privacy notice", "Link to the privacy notice", "Lien vers la politique de confidentialité"}, get_notice},
    {{"Link to the record of consent", "Link to the record of consent", "Lien vers le registre des consentements"}, get_consents},
    {{"Breach handling", "Breach handling", "Notification des violations"}, get_nothing},
    {{"Link to the record of breaches", "Link to the record of breaches", "Lien vers le registre des violations"}, get_nothing},
    {{"Link to the Article 28 contract", "Link to the Article 28 contract", "Lien vers le contrat"}, get_contracts},
    {{"Last review", "Last review", "Dernière revue"}, get_review},
};
enum { COLUMN_COUNT = ARRAY_LEN(columns), CELL_MAX = 1024 * 1024 };

int register_model_from_name(enum register_model *out, const char *name)
{
	static const char *const names[] = {"ico", "dpc", "cnil"};

	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*out = (enum register_model)i;
			return 0;
		}
	}
	return -1;
}

// Whether everything for this purpose is within its time: from the figures, not from what was meant.
static void get_adhered(const struct activity *a, enum register_model model, struct buf *out)
{
	static const char *const words[3][3] = {{"yes", "no", "not known"}, {"yes", "no", "not known"}, {"oui", "non", "inconnu"}};
	bool late = false;

	EACH_KIND(k, a)
	for (size_t i = 0; a->figures->census != NULL && i < a->figures->census->row_count; i++)
		late = late || (a->figures->census->rows[i].kind == k->kind && a->figures->census->rows[i].late);
	add(out, words[model][a->figures->census == NULL ? 2 : late ? 1 : 0]);
}

static const char *fill(const struct activity *a, size_t column, enum register_model model, struct buf *out)
{
	buf_reset(out);
	if (columns[column].get != NULL)
		columns[column].get(a, out);
	else
		get_adhered(a, model, out);
	return buf_text(out);
}

int register_csv(const struct policy *p, enum register_model model, const struct register_figures *figures, struct buf *out, struct err *e)
{
	BUF_AUTO struct buf words = BUF_INIT(CELL_MAX);
	bool first = true;

	for (size_t j = 0; j < COLUMN_COUNT; j++) {
		if (columns[j].titles[model] == NULL)
			continue;
		buf_adds(out, first ? "" : ",");
		csv_cell(out, columns[j].titles[model]);
		first = false;
	}
	buf_adds(out, "\r\n");
	for (size_t i = 0; i < p->purpose_count; i++) {
		const struct activity a = {p, &p->purposes[i], figures};
		first = true;
		for (size_t j = 0; j < COLUMN_COUNT; j++) {
			if (columns[j].titles[model] == NULL)
				continue;
			buf_adds(out, first ? "" : ",");
			csv_cell(out, fill(&a, j, model, &words));
			first = false;
		}
		buf_adds(out, "\r\n");
	}
	return out->failed ? err_set(e, ERR_MEMORY, "the register is too large") : 0;
}

static const char style[] =
    "body{font:11pt/1.5 system-ui,sans-serif;color:#14201b;background:#fff;margin:0}main{max-width:60rem;margin:auto;padding:2rem 1.25rem}"
    "h1{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem}h2{font-size:1.25rem;margin:2.5rem 0 .6rem;padding-top:1rem;border-top:2px solid "
    "#0b5d47}"
    "table{width:100%;border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.45rem .9rem .45rem 0;border-bottom:1px "
    "solid "
    "#d8dfd9;overflow-wrap:anywhere}th{width:17rem;font-weight:600}.live th,.live td{background:#dcebe3}.open td{color:#4d5d56}"
    "caption{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}"
    "@media print{main{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}body{font-size:9.5pt}}";

static void html_row(const struct activity *a, size_t column, enum register_model model, struct buf *words, struct buf *out)
{
	bool live = columns[column].get == get_held || columns[column].get == get_traffic || columns[column].get == NULL;
	const char *value = fill(a, column, model, words);

	buf_printf(out, "<tr%s><th scope=\"row\">", live ? " class=\"live\"" : *value == '\0' ? " class=\"open\"" : "");
	html_text(out, columns[column].titles[model]);
	buf_adds(out, "</th><td>");
	html_text(out, *value != '\0' ? value : "—");
	buf_adds(out, "</td></tr>\n");
}

int register_html(const struct policy *p, enum register_model model, const struct register_figures *figures, struct buf *out, struct err *e)
{
	static const char *const titles[] = {"Record of processing activities (Article 30 UK GDPR)",
					     "Record of processing activities (Article 30 GDPR)",
					     "Registre des activités de traitement (article 30 du RGPD)"};
	BUF_AUTO struct buf words = BUF_INIT(CELL_MAX);
	char at[WHEN_TEXT];

	when_text(at, figures->at);
	buf_printf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", model == REGISTER_CNIL ? "fr" : "en");
	buf_adds(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	html_text(out, p->shown_as);
	buf_printf(out, ": %s</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n<p>", titles[model], style, titles[model]);
	html_text(out, p->shown_as);
	buf_adds(out, ", ");
	html_text(out, p->version);
	buf_printf(out, ", %s</p>\n", at);
	for (size_t i = 0; i < p->purpose_count; i++) {
		const struct activity a = {p, &p->purposes[i], figures};
		buf_printf(out, "<section aria-labelledby=\"activity-%zu\">\n<h2 id=\"activity-%zu\">%zu. ", i + 1, i + 1, i + 1);
		html_text(out, fill(&a, 0, model, &words));
		buf_printf(out, "</h2>\n<table>\n<caption>%zu. ", i + 1);
		html_text(out, buf_text(&words));
		buf_adds(out, "</caption>\n<tbody>\n");
		for (size_t j = 1; j < COLUMN_COUNT; j++) {
			if (columns[j].titles[model] != NULL)
				html_row(&a, j, model, &words, out);
		}
		buf_adds(out, "</tbody>\n</table>\n</section>\n");
	}
	buf_adds(out, "</main>\n</body>\n</html>\n");
	return out->failed ? err_set(e, ERR_MEMORY, "the register is too large") : 0;
}
