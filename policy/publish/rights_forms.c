// SPDX-License-Identifier: ISC
#include "policy/publish/rights_forms.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/writer.h"
#include "policy/rules/offer.h"
#include <stdio.h>
#include <string.h>

// How a person comes to it.
enum way {
	WAY_COPY,  // a ZIP, at once
	WAY_ERASE, // what there is, then its end
	WAY_ACT,   // at once, after a look at what will happen
	WAY_ONCE,  // at once, for the browser that asks
	WAY_SELF,  // the policy says how, and the site has nothing to do
	WAY_ASK,   // recorded, and answered within its time
};

static enum way right_way(const struct policy *p, const struct policy_right *right)
{
	const struct offer *offer = offer_of(right);

	return !offer_acts(p, right)                     ? right->self_service ? WAY_SELF : WAY_ASK
	       : strcmp(offer->path, "/api/export") == 0 ? WAY_COPY
	       : strcmp(offer->acts_on, "consents") == 0 ? WAY_ONCE
	       : strcmp(offer->path, "/api/erase") == 0  ? WAY_ERASE
							 : WAY_ACT;
}

static const char *right_id(const struct policy_right *right)
{
	return policy_word(&policy_right_words, right->id);
}

const char *rights_form_name(const struct policy *p, const struct policy_right *right)
{
	const char *words = word_or(p, "right.", right_id(right));

	if (right_way(p, right) == WAY_ERASE)
		return word(p, "page.rights.erase");
	return words == right_id(right) ? right->name : words;
}

// "30 days", "one month at most": the shortest that the policy says.
static void right_time(const struct policy *p, const struct policy_right *right, char *out, size_t size)
{
	bool gdpr = false, pipl = false;

	for (size_t i = 0; i < right->answer_count; i++) {
		gdpr = gdpr || right->answers[i].regime == REGIME_GDPR || right->answers[i].regime == REGIME_UK_GDPR;
		pipl = pipl || right->answers[i].regime == REGIME_PIPL;
	}
	if (!right->statutory)
		word_duration(out, size, right->answer, word_language(p));
	else
		snprintf(out, size, "%s",
			 word(p, pipl                                 ? "notice.answer.working15"
				 : gdpr                               ? "notice.answer.month"
				 : right->id == RIGHT_OPT_OUT_OF_SALE ? "notice.answer.sale"
								      : "notice.answer.days45"));
}

static void choice_write(const struct policy *p, const struct policy_right *right, struct buf *out)
{
	static const char *const lines[] = {
	    [WAY_COPY] = "page.rights.line.copy", [WAY_ERASE] = "page.rights.line.erase", [WAY_ACT] = "page.rights.line.act",
	    [WAY_ONCE] = "page.rights.line.once", [WAY_SELF] = "page.rights.line.self",   [WAY_ASK] = "page.rights.line.ask"};
	char within[160];

	right_time(p, right, within, sizeof within);
	xml_printf(out, "<li><a href=\"#%s\"><strong>%s</strong> <span>", right_id(right), rights_form_name(p, right));
	word_fill(out, html_text,
		  word(p, right->id == RIGHT_PORTABILITY && right_way(p, right) == WAY_COPY ? "page.rights.line.take"
											    : lines[right_way(p, right)]),
		  WORD_VALUES({"within", within}));
	buf_adds(out, "</span></a></li>\n");
}

void rights_form_choices(const struct policy *p, struct buf *out)
{
	static const struct {
		enum way first, last;
		const char *title;
	} groups[] = {
	    {WAY_COPY, WAY_ONCE, "page.rights.now"}, {WAY_SELF, WAY_SELF, "page.rights.self"}, {WAY_ASK, WAY_ASK, "page.rights.later"}};

	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		bool any = false;
		for (size_t i = 0; i < p->right_count; i++) {
			const enum way way = right_way(p, &p->rights[i]);
			if (way < groups[g].first || way > groups[g].last)
				continue;
			if (!any)
				xml_printf(out, "<h3>%s</h3>\n<ul class=\"choices\">\n", word(p, groups[g].title));
			choice_write(p, &p->rights[i], out);
			any = true;
		}
		buf_adds(out, any ? "</ul>\n" : "");
	}
}

// ---- what is needed ----

void rights_form_begin(const struct policy *p, struct buf *out, const char *path, const char *class)
{
	xml_printf(out, "<form class=\"%s\" method=\"post\" action=\"%s\" accept-charset=\"utf-8\" data-busy=\"%s\">\n", class, path,
		   word(p, "page.rights.busy"));
	rights_form_hidden(out, "language", p->language);
}

void rights_form_hidden(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	xml_printf(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	html_attr(out, value);
	buf_adds(out, "\">\n");
}

void rights_form_field(const struct policy *p, const struct rights_form_field *f, struct buf *out)
{
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};

	xml_printf(out, "<div class=\"field\"><label for=\"%s\">%s", f->id, word(p, f->label));
	if (!f->required)
		xml_printf(out, " <small>%s</small>", word(p, "page.rights.optional"));
	buf_adds(out, f->is_long ? "</label>\n<textarea rows=\"4\"" : "</label>\n<input");
	xml_printf(out, " id=\"%s\" name=\"%s\" maxlength=\"%d\" ", f->id, f->name, f->max);
	buf_adds(out, f->attributes);
	buf_adds(out, f->required ? " required" : "");
	if (f->hint != NULL || f->fault != NULL)
		buf_printf(out, " aria-describedby=\"%s-%s\"", f->id, f->fault != NULL ? "fault" : "hint");
	buf_adds(out, f->fault != NULL ? " aria-invalid=\"true\" autofocus" : "");
	if (f->is_long) {
		xml_printf(out, ">\n%s</textarea>\n", f->value != NULL ? f->value : "");
	} else {
		buf_adds(out, " value=\"");
		html_attr(out, f->value != NULL ? f->value : "");
		buf_adds(out, "\">\n");
	}
	if (f->fault != NULL)
		xml_printf(out, "<p class=\"field-error\" id=\"%s-fault\" role=\"alert\">%s</p>\n", f->id, f->fault);
	if (f->hint != NULL) {
		buf_printf(out, "<p class=\"hint\" id=\"%s-hint\">", f->id);
		write_word(&w, f->hint);
		buf_adds(out, "</p>");
	}
	buf_adds(out, "</div>\n");
}

struct step_form {
	const struct policy *policy;
	const struct policy_right *right;
	const struct rights_typed *typed;
	struct buf *out;
	int number; // of the form in its step: ids are unique
};

// `field` without its id and fault.
static void step_field(const struct step_form *f, struct rights_form_field field)
{
	char id[128];

	snprintf(id, sizeof id, "%s-%s-%d", right_id(f->right), field.name, f->number);
	field.id = id;
	field.fault = f->typed->field != NULL && strcmp(f->typed->field, field.name) == 0 ? f->typed->fault : NULL;
	rights_form_field(f->policy, &field, f->out);
}

#define CONTACT_FIELD "autocomplete=\"email\""
#define CODE_FIELD    "autocomplete=\"off\" autocapitalize=\"off\" spellcheck=\"false\""

static void receipt_write(const struct step_form *f, bool required)
{
	BUF_AUTO struct buf attributes = BUF_INIT(1024);

	xml_printf(&attributes, CODE_FIELD " data-receipt=\"%s\"", word(f->policy, "page.rights.filled"));
	step_field(f, (struct rights_form_field){.name = "receipt",
						 .label = "page.rights.receipt",
						 .hint = "page.rights.receipt_where",
						 .value = f->typed->receipt,
						 .attributes = buf_text(&attributes),
						 .max = 200,
						 .required = required});
}

// Whether it is about data that a receipt or the address of a ZIP leads to.
static bool about_data(const struct policy_right *right)
{
	return right->id <= RIGHT_OBJECTION || right->id == RIGHT_EARLY_PURGE;
}

static void ask_write(const struct step_form *f, bool receipt)
{
	const struct policy *p = f->policy;
	const struct policy_right *right = f->right;
	const bool says = right->id == RIGHT_COMPLAINT || right->id == RIGHT_FEEDBACK || right->id == RIGHT_RECTIFICATION;
	const char *hint =
	    right->verify == VERIFY_NONE || right->verify == VERIFY_RECEIPT ? "page.rights.contact_why" : "page.rights.contact_verify";

	rights_form_begin(p, f->out, "/api/rights/plan", "plain");
	rights_form_hidden(f->out, "right", right_id(right));
	if (receipt)
		receipt_write(f, false);
	if (about_data(right) && p->kinds[KIND_ARCHIVE].keep == KEEP_STORED)
		step_field(f, (struct rights_form_field){.name = "archive",
							 .label = "page.rights.archive",
							 .hint = "page.rights.archive_where",
							 .value = f->typed->archive,
							 .attributes = CODE_FIELD,
							 .max = 500});
	step_field(f, (struct rights_form_field){.name = "contact",
						 .label = "page.rights.contact",
						 .hint = hint,
						 .value = f->typed->contact,
						 .attributes = CONTACT_FIELD,
						 .max = 254});
	step_field(f, (struct rights_form_field){.name = "message",
						 .label = says ? "page.rights.says" : "page.rights.message",
						 .value = f->typed->message,
						 .attributes = "",
						 .max = 4000,
						 .required = says,
						 .is_long = true});
	xml_printf(f->out, "<button class=\"primary\">%s</button>\n</form>\n", word(p, "page.rights.next"));
}

// For who has no receipt: what the request log has of the address that asks.
static void connection_write(const struct step_form *f, const char *path)
{
	const struct policy *p = f->policy;
	const bool erase = f->right->id == RIGHT_ERASURE;
	struct writer w = {.form = FORM_HTML, .out = f->out, .policy = p};

	xml_printf(f->out, "<details><summary>%s</summary>\n", word(p, erase ? "page.rights.connection.erase" : "page.rights.connection"));
	write_note(&w, erase ? "page.rights.connection.all" : "page.rights.connection.how", NULL);
	rights_form_begin(p, f->out, erase ? "/api/rights/plan" : path, "plain");
	rights_form_hidden(f->out, "right", right_id(f->right));
	rights_form_hidden(f->out, "connection", "yes");
	xml_printf(f->out, "<button class=\"quiet\">%s</button>\n</form>\n</details>\n",
		   word(p, erase ? "page.rights.erase_next" : "page.rights.export_now"));
}

void rights_form_step(const struct policy *p, const struct policy_right *right, const struct rights_typed *typed, bool heading,
		      struct buf *out)
{
	static const struct rights_typed nothing;
	const enum way way = right_way(p, right);
	struct step_form f = {.policy = p, .right = right, .typed = typed != NULL ? typed : &nothing, .out = out, .number = 1};
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};
	const char *connection = offer_connection(p, right);
	const bool direct = way == WAY_COPY || way == WAY_ERASE;
	// A fault in what only the second form has opens it.
	const bool second = f.typed->archive != NULL || f.typed->contact != NULL || f.typed->message != NULL;

	if (heading) {
		xml_printf(
		    out,
		    "<section class=\"step\" aria-labelledby=\"%s\">\n<p class=\"eyebrow\">%s</p>\n<h2 id=\"%s\" tabindex=\"-1\">%s</h2>\n",
		    right_id(right), word(p, way == WAY_COPY || way == WAY_ONCE ? "page.rights.step2of2" : "page.rights.step2"),
		    right_id(right), rights_form_name(p, right));
	}
	write_paragraph(&w, &right->how);
	if (right->id == RIGHT_RECTIFICATION && offer_corrects(p))
		write_note(&w, "page.rights.correct_own", NULL);
	buf_adds(out, "<div class=\"card\">\n");
	if (direct) {
		rights_form_begin(p, out, way == WAY_COPY ? "/api/export" : "/api/rights/plan", "plain");
		rights_form_hidden(out, "right", right_id(right));
		receipt_write(&f, true);
		xml_printf(out, "<button class=\"primary\">%s</button>\n</form>\n",
			   word(p, way == WAY_COPY ? "page.rights.export_now" : "page.rights.erase_next"));
		if (way == WAY_COPY)
			write_note(&w, "page.rights.export_how", NULL);
	}
	if (way == WAY_ONCE) {
		rights_form_begin(p, out, "/api/rights", "plain");
		rights_form_hidden(out, "right", right_id(right));
		xml_printf(out, "<button class=\"primary\">%s</button>\n</form>\n", word(p, "page.rights.once"));
	}
	if (direct || way == WAY_SELF || way == WAY_ONCE)
		xml_printf(out, "<details%s><summary>%s</summary>\n", second ? " open" : "",
			   word(p, direct ? "page.rights.no_receipt" : "page.rights.tell_us"));
	f.number += direct;
	if (direct)
		write_note(&w, "page.rights.no_receipt_how", NULL);
	ask_write(&f, about_data(right) && !direct);
	buf_adds(out, direct || way == WAY_SELF || way == WAY_ONCE ? "</details>\n" : "");
	if (connection != NULL)
		connection_write(&f, connection);
	buf_adds(out, "</div>\n<p><a href=\"");
	address_page(p, "/rights", out);
	xml_printf(out, "\">%s</a></p>\n", word(p, "page.rights.other"));
	buf_adds(out, heading ? "</section>\n" : "");
}
