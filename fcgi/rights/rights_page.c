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

static void page_rights_link(struct rights_page *page, const char *key)
{
	buf_adds(&page->out, "<p><a class=\"button quiet\" href=\"");
	address_page(page->p, "/rights", &page->out);
	framed_text(&page->out, "\">", word(page->p, key), "</a></p>\n");
}

static void row_write(struct rights_page *page, const char *key, const char *value)
{
	if (value == NULL)
		return;
	framed_text(&page->out, "<dt>", word(page->p, key), "</dt>");
	framed_text(&page->out, "<dd>", value, "</dd>\n");
}

// "28 December 2026"; "–" where there is none.
static const char *day_words(char out[WORD_DAY], const struct policy *p, const char *text)
{
	time_t t;

	snprintf(out, WORD_DAY, "–");
	if (text != NULL && when_parse(&t, text) == 0)
		word_day(out, t, word_language(p));
	return out;
}

// A file that the browser has already: it is saved without asking us again.
static void file_link(struct rights_page *page, const char *key, const char *name, const char *type, const char *text)
{
	BUF_AUTO_WIPE struct buf encoded = BUF_INIT(PAGE_MAX);

	base64_add(&encoded, text, strlen(text));
	buf_printf(&page->out, "<a class=\"button quiet\" download=\"%s\" href=\"data:%s;charset=utf-8;base64,", name, type);
	framed_text(&page->out, "", buf_text(&encoded), "\">");
	framed_text(&page->out, "", word(page->p, key), "</a>\n");
}

// ---- what is needed ----

void rights_page_start(struct request *r, const struct rights_typed *typed)
{
	struct rights_page page;
	struct policy const *p;

	page_begin(&page, r, word(request_policy(r), "page.frame.rights"));
	p = page.p;
	buf_adds(&page.out, "<div class=\"steps\">\n<section class=\"step\" aria-labelledby=\"choose\">\n");
	framed_text(&page.out, "<h2 id=\"choose\" tabindex=\"-1\">", word(p, "page.rights.choose"), "</h2>\n");
	rights_form_choices(p, &page.out);
	buf_adds(&page.out, "</section>\n");
	for (size_t i = 0; i < p->right_count; i++)
		rights_form_step(p, &p->rights[i], typed, true, &page.out);
	buf_adds(&page.out, "</div>\n");
	page_end(&page, 200);
}

void rights_page_fault(struct request *r, const char *right, const char *field, const char *fault)
{
	const struct policy *p = request_policy(r);
	const struct policy_right *of = policy_right_named(p, right);
	BUF_AUTO struct buf words = BUF_INIT(4096);
	struct rights_page page;
	char length[WORD_NUMBER];
	const struct word_value *values = WORD_VALUES({"length", word_number(length, TOKEN_LEN)});

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
	framed_text(&page.out, "<p class=\"notice\" role=\"alert\">", word(p, "page.rights.mend"), "</p>\n");
	rights_form_step(p, of, &typed, false, &page.out);
	page_end(&page, 422);
}

// ---- what will happen ----

static void plan_stores(struct rights_page *page, const struct erase_result *found)
{
	const struct policy *p = page->p;
	char n[WORD_NUMBER], day[WORD_DAY];

	framed_text(&page->out, "<h2>", word(p, "page.plan.goes"), "</h2>\n<ul>\n");
	for (size_t i = 0; i < found->store_count; i++) {
		const struct erase_store *s = &found->stores[i];
		if (s->found == s->kept)
			continue;
		framed_text(&page->out, "<li>", word_or(p, "store.", s->name), ": ");
		framed_text(&page->out, "", word_number(n, (long long)(s->found - s->kept)), "</li>\n");
	}
	buf_adds(&page->out, "</ul>\n");
	if (found->kept_count > 0)
		framed_text(&page->out, "<h2>", word(p, "page.plan.stays"), "</h2>\n<ul>\n");
	for (size_t i = 0; i < found->kept_count; i++) {
		const struct erase_kept *k = &found->kept[i];
		word_day(day, k->until, word_language(p));
		buf_adds(&page->out, "<li>");
		write_filled(&page->w, k->until == 0 ? "page.kept" : "page.kept.until",
			     WORD_VALUES({"what", p->kinds[k->kind].name}, {"n", word_number(n, (long long)k->count)}, {"day", day},
					 {"why", word(p, k->held ? "page.kept.hold" : "page.kept.policy")}));
		buf_adds(&page->out, "</li>\n");
	}
	buf_adds(&page->out, found->kept_count > 0 ? "</ul>\n" : "");
}

static void plan_clocks(struct rights_page *page, const struct policy_right *right)
{
	const struct clock_facts facts = {.received = when_now(), .now = when_now()};
	struct clock_line lines[CLOCK_IDS] = {0};
	const size_t count = clock_lines(page->p, right, &facts, lines);
	const struct clock_line *next = clock_next(lines, count);
	char day[WORD_DAY], life[WORD_LIFE];

	const struct duration longest = life_longest(&page->p->kinds[KIND_RIGHTS_REQUEST]);
	const bool ends = !duration_is_zero(longest);
	if (ends)
		word_duration(life, sizeof life, longest, word_language(page->p));
	else
		word_life(life, sizeof life, page->p, &page->p->kinds[KIND_RIGHTS_REQUEST]);
	framed_text(&page->out, "<h2>", word(page->p, "page.plan.then"), "</h2>\n<ol>\n<li>");
	write_word(&page->w, "page.plan.recorded");
	buf_adds(&page->out, "</li>\n<li>");
	if (next != NULL) {
		word_day(day, next->due, word_language(page->p));
		write_filled(&page->w, "page.plan.answer", WORD_VALUES({"day", day}));
	} else {
		write_word(&page->w, "page.plan.answer.open");
	}
	buf_adds(&page->out, "</li>\n<li>");
	write_filled(&page->w, ends ? "page.plan.kept.until" : "page.plan.kept", WORD_VALUES({"life", life}));
	buf_adds(&page->out, "</li>\n</ol>\n");
	if (count == 0)
		return;
	buf_adds(&page->out, "<dl class=\"record\">\n");
	for (size_t i = 0; i < count; i++) {
		word_day(day, lines[i].due, word_language(page->p));
		framed_text(&page->out, "<dt>", word_or(page->p, "script.rights.clock.", clock_rows[lines[i].id].name), "</dt>");
		framed_text(&page->out, "<dd>", day, "</dd>\n");
	}
	buf_adds(&page->out, "</dl>\n");
}

static void plan_confirm(struct rights_page *page, const char *path, const struct rights_new *asked, const char *yes)
{
	const bool erase = strcmp(path, "/api/erase") == 0;

	rights_form_begin(page->p, &page->out, path, "choice-of-two");
	rights_form_hidden(&page->out, "receipt", asked->receipt);
	if (!erase) {
		rights_form_hidden(&page->out, "right", asked->right);
		rights_form_hidden(&page->out, "archive", asked->archive);
		rights_form_hidden(&page->out, "contact", asked->contact);
		rights_form_hidden(&page->out, "message", asked->message);
	}
	framed_text(&page->out, erase ? "<button class=\"quiet danger\">" : "<button class=\"primary\">", word(page->p, yes),
		    "</button>\n<a class=\"button quiet\" href=\"");
	address_page(page->p, "/rights", &page->out);
	framed_text(&page->out, "\">", word(page->p, "page.plan.no"), "</a>\n</form>\n");
}

void rights_page_plan(struct request *r, struct vault *v, const struct policy_right *right, const struct rights_new *asked)
{
	const struct offer *offer = offer_of(right);
	const struct policy *p = request_policy(r);
	const bool erase = right->id == RIGHT_ERASURE && offer->at_once && asked->receipt != NULL;
	struct erase_result found = {0};
	struct rights_page page;
	struct err e = {0};
	bool any = false;

	if (erase && rights_erase_everywhere(v, ERASE_RECEIPT, asked->receipt, true, &found, &e) != 0) {
		respond_err(r, &e);
		return;
	}
	for (size_t i = 0; i < found.store_count; i++)
		any = any || found.stores[i].found > 0;
	if (erase && !any) {
		page_begin(&page, r, word(p, "answer.unknown.title"));
		write_note(&page.w, "answer.unknown", NULL);
		page_rights_link(&page, "page.rights.again");
		page_end(&page, 200);
		return;
	}
	page_begin(&page, r, rights_form_name(p, right));
	framed_text(&page.out, "<p class=\"eyebrow\">", word(p, "page.rights.step3"), "</p>\n");
	framed_text(&page.out, "<p class=\"lead\">", word(p, erase ? "page.plan.erase" : "page.plan.ask"), "</p>\n<div class=\"card\">\n");
	const bool given = asked->contact != NULL || asked->message != NULL || asked->archive != NULL;
	if (!erase && (given || asked->receipt != NULL)) {
		framed_text(&page.out, "<h2>", word(p, "page.plan.yours"), "</h2>\n<dl class=\"record\">\n");
		row_write(&page, "page.rights.receipt", asked->receipt);
		row_write(&page, "page.rights.archive", asked->archive);
		row_write(&page, "page.rights.contact", asked->contact);
		row_write(&page, "page.rights.message", asked->message);
		buf_adds(&page.out, "</dl>\n");
	}
	if (erase)
		plan_stores(&page, &found);
	else if (offer_acts(p, right))
		write_note(&page.w, "page.plan.at_once", NULL);
	else
		plan_clocks(&page, right);
	plan_confirm(&page, erase ? "/api/erase" : "/api/rights", asked, erase ? "page.plan.erase_yes" : "page.plan.send");
	buf_adds(&page.out, "</div>\n");
	page_end(&page, 200);
}

// ---- what was done ----

// The certificate to keep, and where it is checked. While the ledger is not signed yet, the script waits for the proof; without one, there is a link to it.
static void certificate_write(struct rights_page *page, const cJSON *certificate)
{
	const cJSON *evidence = json_get(certificate, "evidence"), *index = json_get(json_get(evidence, "entry"), "index");
	const bool proven = json_string(evidence, "proof") != NULL;
	struct buf *out = &page->out;
	BUF_AUTO struct buf text = BUF_INIT(CERTIFICATE_FILE_MAX);

	if (!cJSON_IsObject(certificate) || json_print(&text, certificate) != 0)
		return;
	framed_text(out, "<section class=\"card certificate\">\n<h2>", word(page->p, "page.certificate"), "</h2>\n");
	write_note(&page->w, "page.certificate.what", NULL);
	if (proven || cJSON_IsNumber(index)) {
		framed_text(out, "<p role=\"status\" class=\"signed\" data-signed=\"", word(page->p, "page.certificate.signed"), "\"");
		if (!proven)
			buf_printf(out, " data-proof=\"/api/proofs/%lld\"", (long long)index->valuedouble);
		framed_text(out, ">", word(page->p, proven ? "page.certificate.signed" : "page.certificate.unsigned"), "");
		if (!proven) {
			buf_printf(out, " <a href=\"/api/proofs/%lld\" target=\"_blank\">", (long long)index->valuedouble);
			framed_text(out, "", word(page->p, "page.certificate.proof"), "</a>");
		}
		buf_adds(out, "</p>\n");
	}
	buf_adds(out, "<p class=\"row\">\n");
	file_link(page, "page.certificate.save", "certificate.json", "application/json", buf_text(&text));
	buf_adds(out, "<a class=\"button quiet check\" target=\"_blank\" rel=\"noopener\" href=\"");
	address_page(page->p, "/verify", out);
	buf_adds(out, "#");
	url_part(out, buf_text(&text));
	framed_text(out, "\">", word(page->p, "page.certificate.check"), "</a>\n</p>\n<details><summary>");
	framed_text(out, "", word(page->p, "page.certificate.text"), "</summary>\n<pre tabindex=\"0\"><code>");
	framed_text(out, "", buf_text(&text), "</code></pre></details>\n</section>\n");
}

static void stores_write(struct rights_page *page, const cJSON *certificate)
{
	const struct policy *p = page->p;
	const cJSON *store, *kept;
	char n[3][WORD_NUMBER], day[WORD_DAY];

	framed_text(&page->out, "<h2>", word(p, "answer.erased.found"), "</h2>\n<ul>\n");
	cJSON_ArrayForEach(store, json_get(certificate, "stores"))
	{
		const char *name = json_string(store, "name");
		const long long stays = (long long)json_number(store, "kept", 0);
		if (json_number(store, "found", 0) == 0)
			continue;
		buf_adds(&page->out, "<li>");
		write_filled(&page->w, stays > 0 ? "answer.erased.store_kept" : "answer.erased.store",
			     WORD_VALUES({"store", word_or(p, "store.", name != NULL ? name : "?")},
					 {"found", word_number(n[0], (long long)json_number(store, "found", 0))},
					 {"erased", word_number(n[1], (long long)json_number(store, "erased", 0))},
					 {"kept", word_number(n[2], stays)}));
		buf_adds(&page->out, "</li>\n");
	}
	buf_adds(&page->out, "</ul>\n");
	const cJSON *list = json_get(certificate, "kept");
	if (cJSON_GetArraySize(list) > 0)
		framed_text(&page->out, "<h2>", word(p, "page.plan.stays"), "</h2>\n<ul>\n");
	cJSON_ArrayForEach(kept, list)
	{
		const char *kind = json_string(kept, "kind"), *until = json_string(kept, "until"), *ground = json_string(kept, "ground");
		enum kind of = KIND_INPUT;
		const bool known = kind != NULL && kind_from_name(&of, kind) == 0;
		buf_adds(&page->out, "<li>");
		write_filled(
		    &page->w, until == NULL ? "page.kept" : "page.kept.until",
		    WORD_VALUES(
			{"what", known ? p->kinds[of].name : kind}, {"n", word_number(n[0], (long long)json_number(kept, "count", 0))},
			{"day", day_words(day, p, until)},
			{"why", word(p, ground != NULL && strcmp(ground, "legal hold") == 0 ? "page.kept.hold" : "page.kept.policy")}));
		buf_adds(&page->out, "</li>\n");
	}
	buf_adds(&page->out, cJSON_GetArraySize(list) > 0 ? "</ul>\n" : "");
}

// Who else got some of it, what becomes of backups, and what no erasure reaches. Certificates of versions before say nothing of it.
static void reach_write(struct rights_page *page, const cJSON *certificate)
{
	const struct policy *p = page->p;
	const cJSON *one, *backups = json_get(certificate, "backups");
	BUF_AUTO struct buf text = BUF_INIT(64 * 1024);
	char day[WORD_DAY];

	cJSON_ArrayForEach(one, json_get(certificate, "recipients"))
	{
		const bool told = json_string(one, "expires_by") != NULL;
		buf_adds(&text, text.len > 0 ? word(p, "join.semicolon") : "");
		word_fill(&text, NULL,
			  word(p, !told                                     ? "answer.erased.recipient_untold"
				  : cJSON_IsTrue(json_get(one, "possible")) ? "answer.erased.recipient_possible"
									    : "answer.erased.recipient"),
			  WORD_VALUES({"name", json_string(one, "name")},
				      {"day", told ? day_words(day, p, json_string(one, "expires_by")) : ""}));
	}
	if (json_get(certificate, "recipients") != NULL)
		row_write(page, "answer.erased.recipients", text.len > 0 ? buf_text(&text) : word(p, "join.none"));
	if (cJSON_IsObject(backups)) {
		buf_reset(&text);
		word_fill(&text, NULL, word(p, "answer.erased.backups_gone"),
			  WORD_VALUES({"day", day_words(day, p, json_string(backups, "purge_by"))}));
		row_write(page, "answer.erased.backups", buf_text(&text));
	}
	buf_reset(&text);
	cJSON_ArrayForEach(one, json_get(certificate, "known_ungoverned"))
	{
		buf_printf(&text, "%s%s", text.len > 0 ? word(p, "join.semicolon") : "",
			   word_or(p, "ungoverned.", cJSON_IsString(one) ? one->valuestring : ""));
	}
	if (text.len > 0)
		row_write(page, "answer.erased.ungoverned", buf_text(&text));
}

void rights_page_no_consent(struct request *r)
{
	struct rights_page page;

	page_begin(&page, r, word(request_policy(r), "answer.consents.none.title"));
	write_note(&page.w, "answer.consents.none", NULL);
	page_rights_link(&page, "page.rights.again");
	page_end(&page, 200);
}

// Where nothing was found, it is no certificate, and is not called so.
void rights_page_erased(struct request *r, const cJSON *certificate)
{
	const struct policy *p = request_policy(r);
	const cJSON *index = json_get(certificate, "audit_index"), *scan = json_get(certificate, "residue_scan");
	const bool erased = cJSON_IsNumber(index);
	char day[WORD_DAY], n[3][WORD_NUMBER];
	struct rights_page page;

	page_begin(&page, r, word(p, erased ? "answer.erased.title" : "answer.unknown.title"));
	const bool kept = cJSON_GetArraySize(json_get(certificate, "kept")) > 0;
	framed_text(&page.out, "<p class=\"lead\">",
		    word(p, !erased ? "answer.unknown"
			    : kept  ? "answer.erased.but"
				    : "answer.erased"),
		    "</p>\n");
	if (!erased) {
		page_rights_link(&page, "page.rights.again");
		page_end(&page, 200);
		return;
	}
	buf_adds(&page.out, "<section class=\"card\">\n");
	stores_write(&page, certificate);
	buf_adds(&page.out, "<dl class=\"record\">\n");
	row_write(&page, "answer.erased.on", day_words(day, p, json_string(certificate, "executed_at")));
	BUF_AUTO struct buf text = BUF_INIT(4096);
	if (cJSON_IsObject(scan))
		word_fill(&text, NULL, word(p, "answer.erased.scanned"),
			  WORD_VALUES({"files", word_number(n[0], (long long)json_number(scan, "files", 0))},
				      {"bytes", word_number(n[1], (long long)json_number(scan, "bytes", 0))},
				      {"hits", word_number(n[2], (long long)json_number(scan, "hits", 0))}));
	reach_write(&page, certificate);
	row_write(&page, "answer.erased.scan", cJSON_IsObject(scan) ? buf_text(&text) : word(p, "answer.erased.not_scanned"));
	buf_adds(&page.out, "</dl>\n");
	write_note(&page.w, "answer.erased.counts", NULL);
	buf_adds(&page.out, "</section>\n");
	certificate_write(&page, certificate);
	page_rights_link(&page, "page.rights.again");
	page_end(&page, 200);
}

// ---- one's own request ----

static void own_keep(struct rights_page *page, const char *id, const char *secret)
{
	const struct policy *p = page->p;
	BUF_AUTO struct buf address = BUF_INIT(1024);
	BUF_AUTO_WIPE struct buf text = BUF_INIT(4096);

	address_site(p, &address);
	address_page(p, "/rights", &address);
	buf_printf(&text, "%s: %s\n%s: %s\n%s: %s\n", word(p, "page.rights.number"), id, word(p, "page.rights.secret"), secret,
		   word(p, "page.own.where"), buf_text(&address));
	framed_text(&page->out, "<section class=\"card keep-both\">\n<h2>", word(p, "page.own.keep"), "</h2>\n");
	write_note(&page->w, "page.own.keep_why", NULL);
	framed_text(&page->out, "<dl class=\"record\" id=\"own\">\n<dt>", word(p, "page.rights.number"), "</dt>");
	framed_text(&page->out, "<dd class=\"code\"><code>", id, "</code></dd>\n");
	framed_text(&page->out, "<dt>", word(p, "page.rights.secret"), "</dt>");
	framed_text(&page->out, "<dd class=\"code\"><code>", secret, "</code></dd>\n</dl>\n<p class=\"row\">\n");
	framed_text(&page->out, "<button type=\"button\" class=\"quiet script-only\" data-copy=\"own\" data-done=\"",
		    word(p, "script.all.copied"), "\">");
	framed_text(&page->out, "", word(p, "page.own.copy"), "</button>\n");
	file_link(page, "page.own.save", "request.txt", "text/plain", buf_text(&text));
	framed_text(&page->out, "<button type=\"button\" class=\"quiet script-only\" data-print>", word(p, "page.own.print"),
		    "</button>\n</p>\n</section>\n");
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
	const char *received = json_string(shown, "received"), *due = json_string(shown, state == STATE_FULFILLED ? "answered" : "due");
	const bool open = (STATE_BIT(state) & STATES_OPEN) != 0;
	char day[WORD_DAY], n[WORD_NUMBER];
	time_t since = when_now();

	if (received == NULL || when_parse(&since, received) != 0)
		since = when_now();
	const struct word_value values[] = {{"day", day_words(day, page->p, due)},
					    {"n", word_number(n, (long long)when_now() / 86400 - (long long)since / 86400 + 1)},
					    {NULL, NULL}};
	framed_text(&page->out, "<p class=\"lead\" role=\"status\">", "", "");
	write_filled(&page->w, open && due == NULL ? "page.own.open.undated" : sentences[state], values);
	buf_adds(&page->out, "</p>\n");
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
	framed_text(&page->out, "<section class=\"card\">\n<h2>",
		    word(page->p, id == EVENT_ANSWERED || id == EVENT_REFUSED ? "page.own.answer" : "page.own.asked"), "</h2>\n");
	framed_text(&page->out, "<p class=\"letter\">", json_string(last, "text"), "</p>\n</section>\n");
	return last;
}

// Which letter it was, or how it was shown, "confirm", "confirm: what went wrong"; a reason that somebody wrote stays as it is.
static const char *reason_words(const struct policy *p, const char *text, char out[1024])
{
	char kind[32];
	const size_t len = strcspn(text, ":");

	if (len >= sizeof kind)
		return text;
	snprintf(kind, sizeof kind, "%.*s", (int)len, text);
	const char *words = word_or(p, "page.own.by.", kind);
	snprintf(out, 1024, "%s%s%s", words, words != kind && text[len] == ':' ? " " : "",
		 text + len + (words != kind && text[len] == ':' ? 2 : 0));
	return out;
}

// `answer`: the event whose text was shown already.
static void own_history(struct rights_page *page, const cJSON *shown, const cJSON *answer)
{
	const struct policy *p = page->p;
	const cJSON *one, *read = json_get(shown, "read");
	char day[WORD_DAY], n[2][WORD_NUMBER], said[1024];

	framed_text(&page->out, "<section class=\"card\">\n<h2>", word(p, "script.rights.history"), "</h2>\n<ol class=\"history\">\n");
	cJSON_ArrayForEach(one, json_get(shown, "events"))
	{
		const char *name = json_string(one, "event"), *store = json_string(one, "store");
		const char *more[] = {json_string(one, "ground"), json_string(one, "reason"),
				      one != answer ? json_string(one, "text") : NULL},
			   *entered = json_string(one, "entered");
		const bool by_mail = name != NULL && (strncmp(name, "mail-", 5) == 0 || strcmp(name, "identity-given") == 0 ||
						      strcmp(name, "acknowledged") == 0);
		framed_text(&page->out, "<li><span class=\"when\">", day_words(day, p, json_string(one, "at")), "</span> ");
		if (store != NULL) {
			framed_text(&page->out, "", word_or(p, "store.", store), ": ");
			write_filled(&page->w, "page.own.store",
				     WORD_VALUES({"found", word_number(n[0], (long long)json_number(one, "found", 0))},
						 {"erased", word_number(n[1], (long long)json_number(one, "erased", 0))}));
		} else {
			framed_text(&page->out, "", word_or(p, "script.rights.event.", name != NULL ? name : "?"), "");
		}
		for (size_t i = 0; i < ARRAY_LEN(more); i++)
			if (more[i] != NULL)
				framed_text(&page->out, "<br>",
					    i == 0              ? word_or(p, "ground.", more[i])
					    : i == 1 && by_mail ? reason_words(p, more[i], said)
								: more[i],
					    "");
		if (entered != NULL) { // it is dated back
			buf_adds(&page->out, "<br><small>");
			write_filled(&page->w, "page.own.entered", WORD_VALUES({"day", day_words(day, p, entered)}));
			buf_adds(&page->out, "</small>");
		}
		buf_adds(&page->out, "</li>\n");
	}
	framed_text(&page->out, "</ol>\n<h2>", word(p, "script.rights.read"), "</h2>\n");
	if (cJSON_GetArraySize(read) == 0)
		write_note(&page->w, "page.own.unread", NULL);
	buf_adds(&page->out, cJSON_GetArraySize(read) > 0 ? "<ol class=\"history\">\n" : "");
	cJSON_ArrayForEach(one, read)
	{
		const char *by = json_string(one, "by"), *reason = json_string(one, "reason");
		framed_text(&page->out, "<li><span class=\"when\">", day_words(day, p, json_string(one, "at")), "</span> ");
		framed_text(&page->out, "", by != NULL ? by : "–", "");
		framed_text(&page->out, "<br>", reason != NULL ? reason : "", "</li>\n");
	}
	buf_adds(&page->out, cJSON_GetArraySize(read) > 0 ? "</ol>\n</section>\n" : "</section>\n");
}

static void own_more(struct rights_page *page, const char *id, const char *secret)
{
	const struct policy *p = page->p;

	framed_text(&page->out, "<section class=\"card screen-only\">\n<h2>", word(p, "page.own.more"), "</h2>\n");
	own_form(page, "/api/rights/add", id, secret);
	framed_text(&page->out, "<div class=\"field\"><label for=\"text\">", word(p, "page.own.add_what"), "</label>\n");
	buf_adds(&page->out, "<textarea id=\"text\" name=\"text\" rows=\"3\" maxlength=\"4000\" required></textarea></div>\n");
	framed_text(&page->out, "<button class=\"quiet\">", word(p, "page.own.add"), "</button>\n</form>\n");
	own_form(page, "/api/rights/withdraw", id, secret);
	framed_text(&page->out, "<p>", word(p, "page.own.withdraw_how"), "</p>\n");
	framed_text(&page->out, "<button class=\"quiet\">", word(p, "page.rights.withdraw"), "</button>\n</form>\n</section>\n");
}

// The code of the mail, and another mail.
static void own_confirm(struct rights_page *page, const cJSON *confirm, const char *id, const char *secret, const char *fault)
{
	const struct policy *p = page->p;
	const bool mail = cJSON_IsTrue(json_get(confirm, "mail")), waits = json_string(confirm, "until") != NULL;

	framed_text(&page->out, "<section class=\"card screen-only\">\n<h2>", word(p, "page.confirm.own"), "</h2>\n");
	write_note(&page->w, !mail ? "page.confirm.nowhere" : waits ? "page.confirm.sent" : "page.confirm.over", NULL);
	if (mail && (waits || fault != NULL)) {
		own_form(page, "/api/rights/confirm", id, secret);
		framed_text(&page->out, "<div class=\"field\"><label for=\"code\">", word(p, "page.confirm.code"), "</label>\n");
		buf_printf(
		    &page->out,
		    "<input id=\"code\" name=\"code\" inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"20\" required%s>\n",
		    fault != NULL ? " aria-invalid=\"true\" aria-describedby=\"code-fault\" autofocus" : "");
		if (fault != NULL)
			framed_text(&page->out, "<p class=\"field-error\" id=\"code-fault\" role=\"alert\">", word(p, fault), "</p>\n");
		framed_text(&page->out, "</div>\n<button class=\"primary\">", word(p, "page.confirm.send"), "</button>\n</form>\n");
	}
	if (mail) {
		own_form(page, "/api/rights/mail", id, secret);
		framed_text(&page->out, "<button class=\"quiet\">", word(p, "page.confirm.again"), "</button>\n</form>\n");
	}
	buf_adds(&page->out, "</section>\n");
}

void rights_page_confirm(struct request *r, const char *token, const struct identity_request *asked)
{
	const struct policy_right *right = policy_right_named(request_policy(r), asked->right);
	struct rights_page page;
	char path[128], day[WORD_DAY];

	page_begin(&page, r, word(request_policy(r), "page.confirm.title"));
	word_day(day, asked->received, word_language(page.p));
	snprintf(path, sizeof path, "/rights/confirm/%s", token);
	buf_adds(&page.out, "<section class=\"card\">\n<p class=\"lead\">");
	write_filled(
	    &page.w, "page.confirm.what",
	    WORD_VALUES({"number", asked->id}, {"day", day}, {"right", right != NULL ? rights_form_name(page.p, right) : asked->right}));
	buf_adds(&page.out, "</p>\n");
	write_note(&page.w, "page.confirm.not_you", NULL);
	rights_form_begin(page.p, &page.out, path, "plain");
	framed_text(&page.out, "<button class=\"primary\">", word(page.p, "page.confirm.button"), "</button>\n</form>\n</section>\n");
	page_end(&page, 200);
}

void rights_page_confirmed(struct request *r)
{
	struct rights_page page;

	page_begin(&page, r, word(request_policy(r), "page.confirm.done"));
	framed_text(&page.out, "<p class=\"lead\" role=\"status\">", word(page.p, "page.confirm.done_how"), "</p>\n");
	page_rights_link(&page, "page.rights.again");
	page_end(&page, 200);
}

bool rights_page_copy(const struct policy *p, const cJSON *shown)
{
	const char *name = json_string(shown, "right"), *state = json_string(shown, "state");
	const int id = name != NULL ? policy_word_value(&policy_right_words, name, strlen(name)) : -1;

	return (id == RIGHT_ACCESS || id == RIGHT_PORTABILITY) && policy_right(p, (enum policy_right_id)id) != NULL &&
	       (offer_of(policy_right(p, (enum policy_right_id)id))->at_once ||
		rights_state_read(state != NULL ? state : "") == STATE_FULFILLED);
}

void rights_page_own(struct request *r, const cJSON *shown, const char *secret, bool fresh, const char *fault)
{
	const struct policy *p = request_policy(r);
	const char *id = json_string(shown, "id"), *name = json_string(shown, "right"), *state_name = json_string(shown, "state");
	const struct policy_right *right = policy_right_named(p, name);
	const enum rights_state state = rights_state_read(state_name != NULL ? state_name : "");
	const bool open = (STATE_BIT(state) & STATES_OPEN) != 0;
	struct rights_page page;
	char day[WORD_DAY];
	const cJSON *clock;

	page_begin(&page, r, right != NULL ? rights_form_name(p, right) : word(p, "script.rights.yours"));
	own_state(&page, shown, state);
	if (fresh)
		own_keep(&page, id, secret);
	if (json_get(shown, "confirm") != NULL)
		own_confirm(&page, json_get(shown, "confirm"), id, secret, fault);
	const cJSON *answer = own_answer(&page, shown);
	if (rights_page_copy(p, shown)) {
		framed_text(&page.out, "<section class=\"card\">\n<h2>", word(p, "page.own.export"), "</h2>\n");
		write_note(&page.w, "page.rights.export_how", NULL);
		own_form(&page, "/api/export", id, secret);
		framed_text(&page.out, "<button class=\"primary\">", word(p, "page.rights.export_now"), "</button>\n</form>\n</section>\n");
	}
	certificate_write(&page, json_get(shown, "certificate"));
	buf_adds(&page.out, "<section class=\"card\">\n<dl class=\"record\">\n");
	if (!fresh)
		row_write(&page, "page.rights.number", id);
	row_write(&page, "script.rights.received", day_words(day, p, json_string(shown, "received")));
	cJSON_ArrayForEach(clock, json_get(shown, "clocks"))
	{
		const char *key = json_string(clock, "name");
		framed_text(&page.out, "<dt>", word_or(p, "script.rights.clock.", key != NULL ? key : "?"), "</dt>");
		framed_text(&page.out, "<dd>", day_words(day, p, json_string(clock, "due")), "");
		if (cJSON_IsTrue(json_get(clock, "paused")))
			framed_text(&page.out, " (", word(p, "page.own.paused"), ")");
		buf_adds(&page.out, "</dd>\n");
	}
	if (json_string(shown, "signal") != NULL)
		row_write(&page, "answer.signal", word(p, "answer.signal.recorded"));
	buf_adds(&page.out, "</dl>\n");
	if (open) {
		own_form(&page, "/api/rights/look-up", id, secret);
		framed_text(&page.out, "<button class=\"quiet\">", word(p, "page.own.refresh"), "</button>\n</form>\n");
	}
	buf_adds(&page.out, "</section>\n");
	own_history(&page, shown, answer);
	if (open)
		own_more(&page, id, secret);
	page_rights_link(&page, "page.rights.again");
	page_end(&page, fresh ? 201 : fault != NULL ? 422 : 200);
}
