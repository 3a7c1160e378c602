// SPDX-License-Identifier: ISC
#include "fcgi/rights/rights_page.h"
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/model/life.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/writer.h"
#include "policy/rights/erase.h"
#include "policy/rules/offer.h"
#include <stdio.h>
#include <string.h>

struct rights_page {
	struct request *r;
	const struct policy *p;
	struct framed frame;
	struct buf out;
	struct writer w;
};

static void page_begin(struct rights_page *page, struct request *r, const char *title)
{
	*page = (struct rights_page){.r = r, .p = request_policy(r), .out = BUF_INIT(PAGE_MAX)};
	page->w = (struct writer){.form = FORM_HTML, .out = &page->out, .policy = page->p};
	framed_begin(r, &page->frame, &page->out, title);
}

static void page_end(struct rights_page *page, int status)
{
	buf_adds(&page->out, "<script type=\"module\" src=\"/assets/rights.js\"></script>\n");
	framed_end(&page->frame, &page->out);
	respond_bytes(page->r, status, "text/html; charset=utf-8", buf_text(&page->out), page->out.len);
	framed_free(&page->frame);
	buf_wipe(&page->out);
}

// Back to the page of rights.
static void page_end_linked(struct rights_page *page, int status)
{
	buf_adds(&page->out, "<p><a class=\"button quiet\" href=\"");
	address_page(page->p, "/rights", &page->out);
	xml_printf(&page->out, "\">%s</a></p>\n", word(page->p, "page.rights.again"));
	page_end(page, status);
}

static void page_row(struct rights_page *page, const char *key, const char *value)
{
	if (value != NULL)
		xml_printf(&page->out, "<dt>%s</dt><dd>%s</dd>\n", word(page->p, key), value);
}

// "28 December 2026"; "–" where there is none.
static const char *day_words(char out[WORD_DAY], const struct policy *p, time_t t)
{
	snprintf(out, WORD_DAY, "–");
	if (t != 0)
		word_day(out, t, word_language(p));
	return out;
}
#define DAY_WORDS(page, t) day_words((char[WORD_DAY]){0}, (page)->p, t) // lasts until the block ends in which it is written

// A section with its heading; `class` is added to that of a card.
static void card_begin(struct rights_page *page, const char *class, const char *key)
{
	xml_printf(&page->out, "<section class=\"card%s\">\n<h2>%s</h2>\n", class, word(page->p, key));
}

static void card_end(struct rights_page *page)
{
	buf_adds(&page->out, "</section>\n");
}

// A form's button, and its end.
static void form_end(struct rights_page *page, const char *class, const char *key)
{
	xml_printf(&page->out, "<button class=\"%s\">%s</button>\n</form>\n", class, word(page->p, key));
}

static void lead_write(struct rights_page *page, const char *key, const struct word_value *values)
{
	buf_adds(&page->out, "<p class=\"lead\" role=\"status\">");
	write_filled(&page->w, key, values);
	buf_adds(&page->out, "</p>\n");
}

// A file that the browser has already: it is saved without asking us again.
static void file_link(struct rights_page *page, const char *key, const char *name, const char *type, const char *text)
{
	BUF_AUTO_WIPE struct buf encoded = BUF_INIT(PAGE_MAX);

	base64_add(&encoded, text, strlen(text));
	xml_printf(&page->out, "<a class=\"button quiet\" download=\"%s\" href=\"data:%s;charset=utf-8;base64,%s\">%s</a>\n", name, type,
		   buf_text(&encoded), word(page->p, key));
}

// A page of nothing but a sentence.
static void page_sentence(struct request *r, const char *title, const char *key)
{
	struct rights_page page;

	page_begin(&page, r, word(request_policy(r), title));
	lead_write(&page, key, NULL);
	page_end_linked(&page, 200);
}

void rights_page_no_consent(struct request *r)
{
	page_sentence(r, "answer.consents.none.title", "answer.consents.none");
}

// ---- what is needed ----

void rights_page_start(struct request *r, const struct rights_typed *typed)
{
	struct rights_page page;

	page_begin(&page, r, word(request_policy(r), "page.frame.rights"));
	xml_printf(
	    &page.out,
	    "<div class=\"steps\">\n<section class=\"step\" aria-labelledby=\"choose\">\n<h2 id=\"choose\" tabindex=\"-1\">%s</h2>\n",
	    word(page.p, "page.rights.choose"));
	rights_form_choices(page.p, &page.out);
	card_end(&page);
	for (size_t i = 0; i < page.p->right_count; i++)
		rights_form_step(page.p, &page.p->rights[i], typed, true, &page.out);
	buf_adds(&page.out, "</div>\n");
	page_end(&page, 200);
}

void rights_page_fault(struct request *r, const char *right, const char *field, const char *fault)
{
	const struct policy *p = request_policy(r);
	const struct policy_right *of = policy_right_named(p, right);
	const struct word_value *values = WORD_VALUES({"length", WORD_COUNT(TOKEN_LEN)});
	BUF_AUTO struct buf words = BUF_INIT(4096);
	struct rights_page page;

	if (of == NULL || !request_wants(r, "text/html")) {
		respond_problem(r, 422, fault, field, values);
		return;
	}
	word_fill(&words, NULL, word(p, fault), values);
	const struct rights_typed typed = {.receipt = request_text(r, "receipt"),
					   .archive = request_text(r, "archive"),
					   .contact = request_text(r, "contact"),
					   .message = request_text(r, "message"),
					   .field = field,
					   .fault = buf_text(&words)};
	page_begin(&page, r, rights_form_name(p, of));
	xml_printf(&page.out, "<p class=\"notice\" role=\"alert\">%s</p>\n", word(p, "page.rights.mend"));
	rights_form_step(p, of, &typed, false, &page.out);
	page_end(&page, 422);
}

// ---- what will happen ----

// What an erasure leaves, as it is found or as a certificate says. `until` 0: no fixed end.
static void kept_write(struct rights_page *page, const char *what, long long count, time_t until, bool held)
{
	buf_adds(&page->out, "<li>");
	write_filled(&page->w, until == 0 ? "page.kept" : "page.kept.until",
		     WORD_VALUES({"what", what}, {"n", WORD_COUNT(count)}, {"day", DAY_WORDS(page, until)},
				 {"why", word(page->p, held ? "page.kept.hold" : "page.kept.policy")}));
	buf_adds(&page->out, "</li>\n");
}

static void plan_stores(struct rights_page *page, const struct erase_result *found)
{
	const struct policy *p = page->p;

	xml_printf(&page->out, "<h2>%s</h2>\n<ul>\n", word(p, "page.plan.goes"));
	for (size_t i = 0; i < found->store_count; i++) {
		const struct erase_store *s = &found->stores[i];
		if (s->found > s->kept)
			xml_printf(&page->out, "<li>%s: %s</li>\n", word_or(p, "store.", s->name), WORD_COUNT(s->found - s->kept));
	}
	buf_adds(&page->out, "</ul>\n");
	if (found->kept_count == 0)
		return;
	xml_printf(&page->out, "<h2>%s</h2>\n<ul>\n", word(p, "page.plan.stays"));
	for (size_t i = 0; i < found->kept_count; i++) {
		const struct erase_kept *k = &found->kept[i];
		kept_write(page, p->kinds[k->kind].name, (long long)k->count, k->until, k->held);
	}
	buf_adds(&page->out, "</ul>\n");
}

// That it is recorded, and what follows; `right` NULL: it is carried out at once, and nothing is waited for.
static void plan_recorded(struct rights_page *page, const struct policy_right *right)
{
	const struct clock_facts facts = {.received = when_now(), .now = when_now()};
	struct clock_line lines[CLOCK_IDS] = {0};
	const size_t count = right != NULL ? clock_lines(page->p, right, &facts, lines) : 0;
	const struct clock_line *answer = clock_answer(lines, count);
	const struct duration longest = life_longest(&page->p->kinds[KIND_RIGHTS_REQUEST]);
	const bool ends = !duration_is_zero(longest);
	char life[WORD_LIFE];

	if (ends)
		word_duration(life, sizeof life, longest, word_language(page->p));
	else
		word_life(life, sizeof life, page->p, &page->p->kinds[KIND_RIGHTS_REQUEST]);
	xml_printf(&page->out, "<h2>%s</h2>\n<ol>\n<li>%s</li>\n", word(page->p, "page.plan.then"), word(page->p, "page.plan.recorded"));
	if (right != NULL) {
		buf_adds(&page->out, "<li>");
		write_filled(&page->w, answer != NULL ? "page.plan.answer" : "page.plan.answer.open",
			     WORD_VALUES({"day", DAY_WORDS(page, answer != NULL ? answer->due : 0)}));
		buf_adds(&page->out, "</li>\n");
	}
	buf_adds(&page->out, "<li>");
	write_filled(&page->w, ends ? "page.plan.kept.until" : "page.plan.kept", WORD_VALUES({"life", life}));
	buf_adds(&page->out, "</li>\n</ol>\n");
	buf_adds(&page->out, count > 0 ? "<dl class=\"record\">\n" : "");
	for (size_t i = 0; i < count; i++)
		xml_printf(&page->out, "<dt>%s</dt><dd>%s</dd>\n", word_or(page->p, "script.rights.clock.", clock_rows[lines[i].id].name),
			   DAY_WORDS(page, lines[i].due));
	buf_adds(&page->out, count > 0 ? "</dl>\n" : "");
}

static void plan_begin(struct rights_page *page, const char *lead)
{
	xml_printf(&page->out, "<p class=\"eyebrow\">%s</p>\n<p class=\"lead\">%s</p>\n<div class=\"card\">\n",
		   word(page->p, "page.rights.step3"), word(page->p, lead));
}

// Yes, or back.
static void plan_end(struct rights_page *page, const char *class, const char *yes)
{
	xml_printf(&page->out, "<button class=\"%s\">%s</button>\n<a class=\"button quiet\" href=\"", class, word(page->p, yes));
	address_page(page->p, "/rights", &page->out);
	xml_printf(&page->out, "\">%s</a>\n</form>\n</div>\n", word(page->p, "page.plan.no"));
	page_end(page, 200);
}

void rights_page_plan(struct request *r, struct vault *v, const struct policy_right *right, const struct rights_new *asked)
{
	const struct offer *offer = offer_of(right);
	const struct policy *p = request_policy(r);
	const bool erase = right->id == RIGHT_ERASURE && offer->at_once && (asked->receipt != NULL || asked->archive != NULL);
	const bool by_archive = asked->receipt == NULL;
	char archive[RECORD_ID_LEN + 1] = "", key[TOKEN_LEN + 1];
	const struct {
		const char *name, *value, *key;
	} given[] = {{"receipt", asked->receipt, "page.rights.receipt"},
		     {"archive", asked->archive, "page.rights.archive"},
		     {"contact", asked->contact, "page.rights.contact"},
		     {"message", asked->message, "page.rights.message"}};
	struct erase_result found = {0};
	struct rights_page page;
	struct err e = {0};

	if (erase && ((by_archive && rights_archive_id(v, asked->archive, archive, &e) != 0) ||
		      rights_erase_everywhere(v, by_archive ? ERASE_RECORD : ERASE_RECEIPT, by_archive ? archive : asked->receipt, true,
					      &found, &e) != 0)) {
		respond_err(r, &e);
		return;
	}
	if (erase && !rights_erase_finds(&found)) {
		page_sentence(r, "answer.unknown.title", "answer.unknown");
		return;
	}
	page_begin(&page, r, rights_form_name(p, right));
	plan_begin(&page, erase ? "page.plan.erase" : "page.plan.ask");
	bool any = false;
	for (size_t i = 0; !erase && i < ARRAY_LEN(given); i++) {
		if (given[i].value != NULL && !any)
			xml_printf(&page.out, "<h2>%s</h2>\n<dl class=\"record\">\n", word(p, "page.plan.yours"));
		any = any || given[i].value != NULL;
		page_row(&page, given[i].key, given[i].value);
	}
	buf_adds(&page.out, any ? "</dl>\n" : "");
	if (erase)
		plan_stores(&page, &found);
	if (!erase && offer_acts(p, right))
		write_note(&page.w, "page.plan.at_once", NULL);
	else if (!erase || rights_names_something(v, asked))
		plan_recorded(&page, erase ? NULL : right);
	rights_form_begin(p, &page.out, erase ? "/api/erase" : "/api/rights", "choice-of-two");
	if (!erase)
		rights_form_hidden(&page.out, "right", asked->right);
	token_new(key); // pressed twice, or loaded again, it is one request
	rights_form_hidden(&page.out, "key", key);
	for (size_t i = 0; i < (erase ? 2 : ARRAY_LEN(given)); i++) // an erasure takes receipt or archive
		rights_form_hidden(&page.out, given[i].name, given[i].value);
	plan_end(&page, erase ? "quiet danger" : "primary", erase ? "page.plan.erase_yes" : "page.plan.send");
}

void rights_page_plan_connection(struct request *r, struct vault *v, const char *address)
{
	const struct policy *p = request_policy(r);
	struct erase_result found = {0};
	struct rights_page page;
	struct err e = {0};

	if (vault_erase(v, ERASE_ADDRESS, address, true, &found, &e) != 0) {
		respond_err(r, &e);
		return;
	}
	if (!vault_erase_pending(&found)) {
		page_sentence(r, "answer.connection.none.title", "answer.connection.none");
		return;
	}
	page_begin(&page, r, word(p, "page.rights.connection.erase"));
	plan_begin(&page, "page.plan.erase");
	plan_stores(&page, &found);
	write_note(&page.w, "page.rights.connection.all", NULL);
	rights_form_begin(p, &page.out, "/api/erase", "choice-of-two");
	rights_form_hidden(&page.out, "connection", "yes");
	plan_end(&page, "quiet danger", "page.plan.erase_yes");
}

// ---- what was done ----

// The certificate to keep, and where it is checked. While the ledger is not signed yet, the script waits for the proof; without one, there is a link to it.
static void certificate_write(struct rights_page *page, const cJSON *certificate)
{
	const cJSON *evidence = json_get(certificate, "evidence"), *index = json_get(json_get(evidence, "entry"), "index");
	const bool proven = json_string(evidence, "proof") != NULL;
	const struct policy *p = page->p;
	struct buf *out = &page->out;
	BUF_AUTO struct buf text = BUF_INIT(CERTIFICATE_FILE_MAX), proof = BUF_INIT(256);

	if (!cJSON_IsObject(certificate) || json_print(&text, certificate) != 0)
		return;
	card_begin(page, " certificate", "page.certificate");
	write_note(&page->w, "page.certificate.what", NULL);
	if (proven)
		xml_printf(out, "<p role=\"status\" class=\"signed\">%s</p>\n", word(p, "page.certificate.signed"));
	else if (cJSON_IsNumber(index)) {
		buf_printf(&proof, "/api/proofs/%lld", (long long)index->valuedouble);
		xml_printf(out,
			   "<p role=\"status\" class=\"signed\" data-signed=\"%s\" data-proof=\"%s\">%s <a href=\"%s\" "
			   "target=\"_blank\">%s</a></p>\n",
			   word(p, "page.certificate.signed"), buf_text(&proof), word(p, "page.certificate.unsigned"), buf_text(&proof),
			   word(p, "page.certificate.proof"));
	}
	buf_adds(out, "<p class=\"row\">\n");
	file_link(page, "page.certificate.save", "certificate.json", "application/json", buf_text(&text));
	buf_adds(out, "<a class=\"button quiet check\" target=\"_blank\" rel=\"noopener\" href=\"");
	address_page(p, "/verify", out);
	buf_adds(out, "#");
	url_part(out, buf_text(&text));
	xml_printf(out, "\">%s</a>\n</p>\n<details><summary>%s</summary>\n<pre tabindex=\"0\"><code>%s</code></pre></details>\n",
		   word(p, "page.certificate.check"), word(p, "page.certificate.text"), buf_text(&text));
	card_end(page);
}

// What stays, as a certificate says.
static void kept_list(struct rights_page *page, const cJSON *certificate)
{
	const struct policy *p = page->p;
	const cJSON *kept, *list = json_get(certificate, "kept");

	if (cJSON_GetArraySize(list) == 0)
		return;
	xml_printf(&page->out, "<h2>%s</h2>\n<ul>\n", word(p, "page.plan.stays"));
	cJSON_ArrayForEach(kept, list)
	{
		const char *kind = json_string_or(kept, "kind", "?");
		enum kind of = KIND_INPUT;
		kept_write(page, kind_from_name(&of, kind) == 0 ? p->kinds[of].name : kind, (long long)json_number(kept, "count", 0),
			   json_time(kept, "until"),
			   strncmp(json_string_or(kept, "ground", ""), CERTIFICATE_HELD, strlen(CERTIFICATE_HELD)) == 0);
	}
	buf_adds(&page->out, "</ul>\n");
}

static void stores_write(struct rights_page *page, const cJSON *certificate)
{
	const struct policy *p = page->p;
	const cJSON *store;

	xml_printf(&page->out, "<h2>%s</h2>\n<ul>\n", word(p, "answer.erased.found"));
	cJSON_ArrayForEach(store, json_get(certificate, "stores"))
	{
		const double found = json_number(store, "found", 0), stays = json_number(store, "kept", 0);
		if (found == 0)
			continue;
		buf_adds(&page->out, "<li>");
		write_filled(&page->w, stays > 0 ? "answer.erased.store_kept" : "answer.erased.store",
			     WORD_VALUES({"store", word_or(p, "store.", json_string_or(store, "name", "?"))}, {"found", WORD_COUNT(found)},
					 {"erased", WORD_COUNT(json_number(store, "erased", 0))}, {"kept", WORD_COUNT(stays)}));
		buf_adds(&page->out, "</li>\n");
	}
	buf_adds(&page->out, "</ul>\n");
	kept_list(page, certificate);
}

static bool is_text(const cJSON *one, const char *member, const char *text)
{
	return strcmp(json_string_or(one, member, ""), text) == 0;
}

// Who else got some of it, what becomes of backups, and what no erasure reaches. Certificates of versions before say nothing of it.
static void reach_write(struct rights_page *page, const cJSON *certificate)
{
	const struct policy *p = page->p;
	const cJSON *one, *recipients = json_get(certificate, "recipients"), *backups = json_get(certificate, "backups");
	BUF_AUTO struct buf text = BUF_INIT(64 * 1024);

	cJSON_ArrayForEach(one, recipients)
	{
		const time_t until = json_time(one, "expires_by");
		buf_adds(&text, text.len > 0 ? word(p, "join.semicolon") : "");
		word_fill(
		    &text, NULL,
		    word(p, is_text(one, "deletion", "deleted")       ? "answer.erased.recipient_deleted"
			    : is_text(one, "deletion", "asked")       ? "answer.erased.recipient_asked"
			    : until == 0                              ? "answer.erased.recipient_untold"
			    : cJSON_IsTrue(json_get(one, "possible")) ? "answer.erased.recipient_possible"
								      : "answer.erased.recipient"),
		    WORD_VALUES({"name", json_string(one, "name")},
				{"day", DAY_WORDS(page, is_text(one, "deletion", "deleted") ? json_time(one, "deleted_at") : until)}));
	}
	if (recipients != NULL)
		page_row(page, "answer.erased.recipients", text.len > 0 ? buf_text(&text) : word(p, "join.none"));
	buf_reset(&text);
	if (cJSON_IsObject(backups)) {
		word_fill(&text, NULL, word(p, "answer.erased.backups_gone"),
			  WORD_VALUES({"day", DAY_WORDS(page, json_time(backups, "purge_by"))}));
		page_row(page, "answer.erased.backups", buf_text(&text));
	}
	buf_reset(&text);
	cJSON_ArrayForEach(one, json_get(certificate, "known_ungoverned"))
	{
		buf_printf(&text, "%s%s", text.len > 0 ? word(p, "join.semicolon") : "",
			   word_or(p, "ungoverned.", cJSON_IsString(one) ? one->valuestring : ""));
	}
	if (text.len > 0)
		page_row(page, "answer.erased.ungoverned", buf_text(&text));
}

static void erased_lead(struct rights_page *page, const cJSON *certificate, bool connection)
{
	lead_write(page,
		   connection                                              ? "answer.erased.connection"
		   : cJSON_GetArraySize(json_get(certificate, "kept")) > 0 ? "answer.erased.but"
									   : "answer.erased",
		   NULL);
}

// What an erasure did, as its certificate says.
static void erased_card(struct rights_page *page, const cJSON *certificate)
{
	const cJSON *scan = json_get(certificate, "residue_scan");
	BUF_AUTO struct buf text = BUF_INIT(4096);

	buf_adds(&page->out, "<section class=\"card\">\n");
	stores_write(page, certificate);
	buf_adds(&page->out, "<dl class=\"record\">\n");
	page_row(page, "answer.erased.on", DAY_WORDS(page, json_time(certificate, "executed_at")));
	reach_write(page, certificate);
	word_fill(&text, NULL, word(page->p, cJSON_IsObject(scan) ? "answer.erased.scanned" : "answer.erased.not_scanned"),
		  WORD_VALUES({"files", WORD_COUNT(json_number(scan, "files", 0))}, {"bytes", WORD_COUNT(json_number(scan, "bytes", 0))},
			      {"hits", WORD_COUNT(json_number(scan, "hits", 0))}));
	page_row(page, "answer.erased.scan", buf_text(&text));
	buf_adds(&page->out, "</dl>\n");
	write_note(&page->w, "answer.erased.counts", NULL);
	card_end(page);
}

// Where nothing was found, it is no certificate, and is not called so.
void rights_page_erased(struct request *r, const cJSON *certificate, bool connection)
{
	struct rights_page page;

	if (!cJSON_IsNumber(json_get(certificate, "audit_index"))) {
		page_sentence(r, connection ? "answer.connection.none.title" : "answer.unknown.title",
			      connection ? "answer.connection.none" : "answer.unknown");
		return;
	}
	page_begin(&page, r, word(request_policy(r), "answer.erased.title"));
	erased_lead(&page, certificate, connection);
	erased_card(&page, certificate);
	certificate_write(&page, certificate);
	page_end_linked(&page, 200);
}

// ---- one's own request ----

static void own_keep(struct rights_page *page, const char *id, const char *secret)
{
	const struct policy *p = page->p;
	const char *number = word(p, "page.rights.number"), *secrets = word(p, "page.rights.secret");
	BUF_AUTO struct buf address = BUF_INIT(1024);
	BUF_AUTO_WIPE struct buf text = BUF_INIT(4096);

	address_site(p, &address);
	address_page(p, "/rights", &address);
	buf_printf(&text, "%s: %s\n%s: %s\n%s: %s\n", number, id, secrets, secret, word(p, "page.own.where"), buf_text(&address));
	card_begin(page, " keep-both", "page.own.keep");
	write_note(&page->w, "page.own.keep_why", NULL);
	xml_printf(&page->out, "<dl class=\"record\" id=\"own\">\n<dt>%s</dt><dd class=\"code\"><code>%s</code></dd>\n", number, id);
	xml_printf(&page->out, "<dt>%s</dt><dd class=\"code\"><code>%s</code></dd>\n</dl>\n<p class=\"row\">\n", secrets, secret);
	xml_printf(&page->out, "<button type=\"button\" class=\"quiet script-only\" data-copy=\"own\" data-done=\"%s\">%s</button>\n",
		   word(p, "script.all.copied"), word(p, "page.own.copy"));
	file_link(page, "page.own.save", "request.txt", "text/plain", buf_text(&text));
	xml_printf(&page->out, "<button type=\"button\" class=\"quiet script-only\" data-print>%s</button>\n</p>\n",
		   word(p, "page.own.print"));
	card_end(page);
}

// The fault of one field; NULL: there is none.
static const char *typed_fault(const struct rights_typed *typed, const char *field)
{
	return typed->field != NULL && strcmp(typed->field, field) == 0 ? typed->fault : NULL;
}

enum typed_field { TYPED_ADDED, TYPED_CONTACT, TYPED_MESSAGE, TYPED_CODE, TYPED_NUMBER };
static const struct rights_form_field own_fields[] = {
    [TYPED_ADDED] = {.id = "text", .label = "page.own.add_what", .attributes = "", .max = 4000, .required = true, .is_long = true},
    [TYPED_CONTACT] = {.id = "contact", .label = "page.rights.contact", .attributes = "autocomplete=\"email\"", .max = 254},
    [TYPED_MESSAGE] = {.id = "message", .label = "page.rights.message", .attributes = "", .max = 4000, .is_long = true},
    [TYPED_CODE] = {.id = "code",
		    .label = "page.confirm.code",
		    .max = 20,
		    .required = true,
		    .attributes = "inputmode=\"numeric\" autocomplete=\"one-time-code\""},
    [TYPED_NUMBER] =
	{.id = "id", .label = "page.rights.number", .max = 64, .required = true, .attributes = "autocomplete=\"off\" spellcheck=\"false\""},
};

// The field's id is its name. Value and fault may be NULL.
static void own_field(struct rights_page *page, enum typed_field which, const char *value, const char *fault)
{
	struct rights_form_field field = own_fields[which];

	field.name = field.id;
	field.value = value;
	field.fault = fault;
	rights_form_field(page->p, &field, &page->out);
}

// Number and secret go along with what is done from here; they stand in no address.
static void own_form(struct rights_page *page, const char *path, const char *id, const char *secret)
{
	rights_form_begin(page->p, &page->out, path, "plain");
	rights_form_hidden(&page->out, "id", id);
	rights_form_hidden(&page->out, "secret", secret);
}

// Where it stands: in one sentence, and what it means.
static void own_state(struct rights_page *page, const cJSON *shown, enum rights_state state)
{
	static const char *const sentences[STATE_COUNT] = {
	    [STATE_OPEN] = "page.own.open",           [STATE_WAITING] = "page.own.waiting", [STATE_PARTIAL] = "page.own.partial",
	    [STATE_FULFILLED] = "page.own.fulfilled", [STATE_REFUSED] = "page.own.refused", [STATE_CLOSED] = "page.own.closed",
	    [STATE_WITHDRAWN] = "page.own.withdrawn",
	};
	const bool held = json_get(shown, "held_until") != NULL;
	const time_t received = json_time(shown, "received"), due = json_time(shown, held                       ? "held_until"
										     : state == STATE_FULFILLED ? "answered"
														: "answer_by");
	const bool undated = (STATE_BIT(state) & STATES_OPEN) != 0 && due == 0;

	lead_write(
	    page,
	    held      ? (due != 0 ? "page.own.held" : "page.own.held.undated")
	    : undated ? "page.own.open.undated"
		      : sentences[state],
	    WORD_VALUES({"day", DAY_WORDS(page, due)}, {"n", WORD_COUNT(received != 0 ? when_now() / 86400 - received / 86400 + 1 : 1)}));
	if (cJSON_IsTrue(json_get(shown, "late")))
		write_note(&page->w, "page.own.late", NULL);
}

// The event whose text it is; NULL: there is none.
static const cJSON *own_answer(struct rights_page *page, const cJSON *shown)
{
	const cJSON *event, *last = NULL;

	cJSON_ArrayForEach(event, json_get(shown, "events"))
	{
		const enum rights_event id = rights_event_read(event);
		if (id == EVENT_ANSWERED || id == EVENT_REFUSED || id == EVENT_IDENTITY_ASKED || id == EVENT_CLARIFICATION_ASKED)
			last = event;
	}
	if (last == NULL || json_string(last, "text") == NULL)
		return NULL;
	const enum rights_event id = rights_event_read(last);
	card_begin(page, "", id == EVENT_ANSWERED || id == EVENT_REFUSED ? "page.own.answer" : "page.own.asked");
	xml_printf(&page->out, "<p class=\"letter\">%s</p>\n", json_string(last, "text"));
	card_end(page);
	return last;
}

// Which letter it was, or how it was shown, "confirm", "confirm: what went wrong"; a reason that somebody wrote stays as it is.
static void reason_write(struct rights_page *page, const char *text)
{
	const size_t len = strcspn(text, ":");
	char kind[32];

	snprintf(kind, sizeof kind, "%.*s", len < sizeof kind ? (int)len : 0, text);
	const char *words = word_or(page->p, "page.own.by.", kind);
	if (words == kind)
		html_text(&page->out, text);
	else
		xml_printf(&page->out, "%s%s%s", words, text[len] == ':' ? " " : "", text + len + (text[len] == ':' ? 2 : 0));
}

// `answer`: the event whose text was shown already.
static void own_history(struct rights_page *page, const cJSON *shown, const cJSON *answer)
{
	const struct policy *p = page->p;
	const cJSON *one, *read = json_get(shown, "read");
	struct buf *out = &page->out;

	card_begin(page, "", "script.rights.history");
	buf_adds(out, "<ol class=\"history\">\n");
	cJSON_ArrayForEach(one, json_get(shown, "events"))
	{
		const char *name = json_string_or(one, "event", "?"), *store = json_string(one, "store"),
			   *ground = json_string(one, "ground"), *reason = json_string(one, "reason"),
			   *text = one != answer ? json_string(one, "text") : NULL;
		const bool by_mail =
		    strncmp(name, "mail-", 5) == 0 || strcmp(name, "identity-given") == 0 || strcmp(name, "acknowledged") == 0;
		xml_printf(out, "<li><span class=\"when\">%s</span> %s%s", DAY_WORDS(page, json_time(one, "at")),
			   store != NULL ? word_or(p, "store.", store) : word_or(p, "script.rights.event.", name),
			   store != NULL ? ": " : "");
		if (store != NULL)
			write_filled(&page->w, "page.own.store",
				     WORD_VALUES({"found", WORD_COUNT(json_number(one, "found", 0))},
						 {"erased", WORD_COUNT(json_number(one, "erased", 0))}));
		if (ground != NULL)
			xml_printf(out, "<br>%s", word_or(p, "ground.", ground));
		buf_adds(out, reason != NULL ? "<br>" : "");
		if (reason != NULL && by_mail)
			reason_write(page, reason);
		else if (reason != NULL)
			html_text(out, reason);
		if (text != NULL)
			xml_printf(out, "<br>%s", text);
		if (json_time(one, "entered") != 0) { // it is dated back
			buf_adds(out, "<br><small>");
			write_filled(&page->w, "page.own.entered", WORD_VALUES({"day", DAY_WORDS(page, json_time(one, "entered"))}));
			buf_adds(out, "</small>");
		}
		buf_adds(out, "</li>\n");
	}
	xml_printf(out, "</ol>\n<h2>%s</h2>\n", word(p, "script.rights.read"));
	if (cJSON_GetArraySize(read) == 0)
		write_note(&page->w, "page.own.unread", NULL);
	else
		buf_adds(out, "<ol class=\"history\">\n");
	cJSON_ArrayForEach(one, read)
	{
		xml_printf(out, "<li><span class=\"when\">%s</span> %s<br>%s</li>\n", DAY_WORDS(page, json_time(one, "at")),
			   json_string_or(one, "by", "–"), json_string_or(one, "reason", ""));
	}
	buf_adds(out, cJSON_GetArraySize(read) > 0 ? "</ol>\n</section>\n" : "</section>\n");
}

static void own_more(struct rights_page *page, const char *id, const char *secret, bool corrects, const struct rights_typed *typed)
{
	card_begin(page, " screen-only", "page.own.more");
	own_form(page, "/api/rights/add", id, secret);
	own_field(page, TYPED_ADDED, NULL, NULL);
	form_end(page, "quiet", "page.own.add");
	if (corrects) {
		own_form(page, "/api/rights/rectify", id, secret);
		xml_printf(&page->out, "<h3 id=\"correct\">%s</h3>\n", word(page->p, "page.own.correct"));
		write_note(&page->w, "page.own.correct_how", NULL);
		own_field(page, TYPED_CONTACT, typed->contact, typed_fault(typed, "contact"));
		own_field(page, TYPED_MESSAGE, typed->message, typed_fault(typed, "message"));
		form_end(page, "quiet", "page.own.correct_do");
	}
	own_form(page, "/api/rights/withdraw", id, secret);
	write_note(&page->w, "page.own.withdraw_how", NULL);
	form_end(page, "quiet", "page.rights.withdraw");
	card_end(page);
}

// The code of the mail, and another mail.
static void own_confirm(struct rights_page *page, const cJSON *confirm, const char *id, const char *secret, const char *fault)
{
	const bool mail = cJSON_IsTrue(json_get(confirm, "mail")), waits = json_string(confirm, "until") != NULL;

	card_begin(page, " screen-only", "page.confirm.own");
	write_note(&page->w, !mail ? "page.confirm.nowhere" : waits ? "page.confirm.sent" : "page.confirm.over", NULL);
	if (mail && (waits || fault != NULL)) {
		own_form(page, "/api/rights/confirm", id, secret);
		own_field(page, TYPED_CODE, NULL, fault);
		form_end(page, "primary", "page.confirm.send");
	}
	if (mail) {
		own_form(page, "/api/rights/mail", id, secret);
		form_end(page, "quiet", "page.confirm.again");
	}
	if (offer_corrects(page->p))
		write_note(&page->w, "page.confirm.correct", NULL);
	card_end(page);
}

void rights_page_confirm(struct request *r, const char *token, const struct identity_request *asked)
{
	const struct policy_right *right = policy_right_named(request_policy(r), asked->right);
	struct rights_page page;
	char path[128];

	page_begin(&page, r, word(request_policy(r), "page.confirm.title"));
	snprintf(path, sizeof path, "/rights/confirm/%s", token);
	if (*asked->right != '\0') {
		buf_adds(&page.out, "<section class=\"card\">\n");
		lead_write(&page, "page.confirm.what",
			   WORD_VALUES({"number", asked->id}, {"day", DAY_WORDS(&page, asked->received)},
				       {"right", right != NULL ? rights_form_name(page.p, right) : asked->right}));
		write_note(&page.w, "page.confirm.not_you", NULL);
		rights_form_begin(page.p, &page.out, path, "plain");
		form_end(&page, "primary", "page.confirm.button");
		card_end(&page);
	}
	card_begin(&page, "", "page.confirm.other");
	write_note(&page.w, "page.confirm.other_how", NULL);
	rights_form_begin(page.p, &page.out, path, "plain");
	own_field(&page, TYPED_NUMBER, NULL, NULL);
	form_end(&page, "quiet", "page.confirm.send");
	card_end(&page);
	page_end(&page, 200);
}

bool rights_page_copy(const struct policy *p, const cJSON *shown)
{
	const struct policy_right *right = policy_right_named(p, json_string(shown, "right"));
	const time_t until = json_time(shown, "copy_until");

	if (cJSON_IsTrue(json_get(shown, "mailbox")) || (until != 0 && until <= when_now()))
		return false;
	return right != NULL && (right->id == RIGHT_ACCESS || right->id == RIGHT_PORTABILITY) &&
	       (offer_of(right)->at_once || rights_state_read(json_string_or(shown, "state", "")) == STATE_FULFILLED);
}

void rights_page_own(struct request *r, const cJSON *shown, const char *secret, enum rights_own_view view, const struct rights_typed *typed)
{
	static const struct rights_typed nothing;
	const struct policy *p = request_policy(r);
	const char *id = json_string(shown, "id");
	const struct policy_right *right = policy_right_named(p, json_string(shown, "right"));
	const enum rights_state state = rights_state_read(json_string_or(shown, "state", ""));
	const bool open = (STATE_BIT(state) & STATES_OPEN) != 0;
	const time_t copy_until = json_time(shown, "copy_until");
	struct rights_page page;
	const cJSON *clock;

	typed = typed != NULL ? typed : &nothing;
	const cJSON *certificate = json_get(shown, "certificate");
	const bool erased = state == STATE_FULFILLED && json_get(certificate, "stores") != NULL;
	page_begin(&page, r,
		   erased && view == OWN_FRESH ? word(p, "answer.erased.title")
		   : right != NULL             ? rights_form_name(p, right)
					       : word(p, "script.rights.yours"));
	if (view == OWN_CONFIRMED)
		lead_write(&page, "page.confirm.done_how", NULL);
	if (erased)
		erased_lead(&page, certificate, false);
	else
		own_state(&page, shown, state);
	if (view != OWN_AGAIN)
		own_keep(&page, id, secret);
	if (cJSON_IsTrue(json_get(shown, "mailbox")))
		write_note(&page.w, "page.own.mailbox", NULL);
	if (json_get(shown, "confirm") != NULL)
		own_confirm(&page, json_get(shown, "confirm"), id, secret, typed_fault(typed, "code"));
	const cJSON *answer = own_answer(&page, shown);
	if (rights_page_copy(p, shown)) {
		card_begin(&page, "", "page.own.export");
		write_note(&page.w, "page.rights.export_how", NULL);
		if (copy_until != 0)
			write_note(&page.w, "page.own.copy_until", WORD_VALUES({"day", DAY_WORDS(&page, copy_until)}));
		own_form(&page, "/api/export", id, secret);
		form_end(&page, "primary", "page.rights.export_now");
		card_end(&page);
	} else if (copy_until != 0 && copy_until <= when_now()) {
		write_note(&page.w, "page.own.copy_over", WORD_VALUES({"day", DAY_WORDS(&page, copy_until)}));
	}
	if (json_get(shown, "held_until") != NULL) {
		buf_adds(&page.out, "<section class=\"card\">\n");
		kept_list(&page, json_get(shown, "certificate"));
		card_end(&page);
	}
	if (erased)
		erased_card(&page, certificate);
	certificate_write(&page, certificate);
	buf_adds(&page.out, "<section class=\"card\">\n<dl class=\"record\">\n");
	page_row(&page, "page.rights.number", view != OWN_AGAIN ? NULL : id);
	page_row(&page, "script.rights.received", DAY_WORDS(&page, json_time(shown, "received")));
	cJSON_ArrayForEach(clock, json_get(shown, "clocks"))
	{
		const bool paused = cJSON_IsTrue(json_get(clock, "paused"));
		xml_printf(&page.out, "<dt>%s</dt><dd>%s%s%s%s</dd>\n",
			   word_or(p, "script.rights.clock.", json_string_or(clock, "name", "?")),
			   DAY_WORDS(&page, json_time(clock, "due")), paused ? " (" : "", paused ? word(p, "page.own.paused") : "",
			   paused ? ")" : "");
	}
	if (json_string(shown, "signal") != NULL)
		page_row(&page, "answer.signal", word(p, "answer.signal.recorded"));
	buf_adds(&page.out, "</dl>\n");
	if (open) {
		own_form(&page, "/api/rights/look-up", id, secret);
		form_end(&page, "quiet", "page.own.refresh");
	}
	card_end(&page);
	own_history(&page, shown, answer);
	if (open && !cJSON_IsTrue(json_get(shown, "mailbox")))
		own_more(&page, id, secret, offer_corrects(p), typed);
	page_end_linked(&page, view == OWN_FRESH ? 201 : typed->fault != NULL ? 422 : 200);
}
