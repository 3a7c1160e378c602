// SPDX-License-Identifier: ISC
// What page templates may say about the site. All of it comes from the policy: each sentence follows from it, or is not there.
#include "policy/publish/variables.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/model/life.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/writer.h"
#include "policy/publish/rights_forms.h"
#include "policy/rules/capability.h"
#include "policy/rules/diff.h"
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { CHANGES_SHOWN_MAX = 8 };

static bool in_memory(const struct policy *p, enum kind kind)
{
	return p->kinds[kind].keep == KEEP_MEMORY;
}

static bool stored(const struct policy *p, enum kind kind)
{
	return p->kinds[kind].keep == KEEP_STORED;
}

// What is typed or named and what is made of it, in memory only, and nothing is kept for an account.
static bool forgets(const struct policy *p)
{
	return in_memory(p, KIND_INPUT) && (!p->page_fetch || in_memory(p, KIND_PAGE)) && !stored(p, KIND_PROMPT) &&
	       !stored(p, KIND_IMAGE) && policy_promises(p, CLAIM_NO_ACCOUNT);
}

// "No account, no cookies" of what is promised; NULL when neither is.
static const char *without_words(const struct policy *p)
{
	bool account = policy_promises(p, CLAIM_NO_ACCOUNT), cookies = policy_promises(p, CLAIM_NO_COOKIES);

	return account && cookies ? word(p, "claim.no_account_no_cookies")
	       : account          ? word(p, "claim.no_account")
	       : cookies          ? word(p, "claim.no_cookies")
				  : NULL;
}

// What the request log holds, as the policy's categories name it: "IP address, user agent".
static void add_logged(const struct policy *p, struct buf *out)
{
	const struct policy_strings *categories = &p->kinds[KIND_REQUEST_LOG].categories;

	for (size_t i = 0; i < categories->count; i++)
		buf_printf(out, "%s%s", i > 0 ? word(p, "join.comma") : "", categories->items[i]);
}

static void add_fact(const struct policy *p, struct buf *out, const char *title, const char *key, enum kind kind)
{
	BUF_AUTO struct buf logged = BUF_INIT(64 * 1024);
	char time[WORD_LIFE];

	add_logged(p, &logged);
	word_life(time, sizeof time, p, &p->kinds[kind]);
	buf_adds(out, "<div><dt>");
	word_fill(out, html_text, title, WORD_VALUES({"time", time}));
	buf_adds(out, "</dt><dd>");
	word_fill(out, html_text, word(p, key), WORD_VALUES({"time", time}, {"logged", buf_text(&logged)}));
	// What is not kept here may be kept by those who get it.
	for (size_t i = 0; i < p->processor_count && kind == KIND_INPUT; i++) {
		const struct policy_processor *a = &p->processors[i];
		if (!a->has_keeps || (policy_processor_receives(a, when_now()) & (KIND_BIT(KIND_INPUT) | KIND_BIT(KIND_PROMPT))) == 0)
			continue;
		word_duration(time, sizeof time, a->keeps, word_language(p));
		xml_printf(out, "<span data-keeps=\"%s\">", a->id);
		word_fill(out, html_text, word(p, "claim.kept_elsewhere"), WORD_VALUES({"name", a->brand}, {"time", time}));
		buf_adds(out, "</span>");
	}
	buf_adds(out, "</dd></div>\n");
}

static void set_fact_list(const struct policy *p, struct buf *out)
{
	const char *without = without_words(p);

	if (in_memory(p, KIND_INPUT))
		add_fact(p, out, word(p, "claim.memory.title"), p->page_fetch ? "claim.memory.page" : "claim.memory.typed", KIND_INPUT);
	else if (stored(p, KIND_INPUT))
		add_fact(p, out, word(p, "claim.typed.title"), "claim.typed.kept", KIND_INPUT);
	if (stored(p, KIND_ARCHIVE) && !duration_is_zero(life_longest(&p->kinds[KIND_ARCHIVE])))
		add_fact(p, out, word(p, "claim.archive.title"), "claim.archive.life", KIND_ARCHIVE);
	if (stored(p, KIND_REQUEST_LOG))
		add_fact(p, out, without != NULL ? without : word(p, "claim.log.title"), "claim.log.life", KIND_REQUEST_LOG);
	else if (without != NULL)
		add_fact(p, out, without, "claim.log.none", KIND_REQUEST_LOG);
}

static void set_leave_out(const struct policy *p, struct buf *out)
{
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};

	if (p->advice_paste.count == 0)
		return;
	write_note(&w, "claim.leave_out", NULL);
	write_items(&w, &p->advice_paste);
}

void variables_check_card(const struct policy *p, struct buf *out)
{
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};

	if (p->advice_publish.count == 0)
		return;
	buf_adds(out, "<section class=\"card check\" aria-labelledby=\"check-title\">\n");
	write_heading(&w, 2, "check-title", word(p, "claim.check"));
	write_items(&w, &p->advice_publish);
	buf_adds(out, "</section>\n");
}

static void set_receipt(const struct policy *p, struct buf *out)
{
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};

	write_word(&w, policy_promises(p, CLAIM_NO_ACCOUNT) ? "claim.receipt.only_key" : "claim.receipt.code");
}

// The steps of the page of rights: one for each right.
static void set_right_steps(const struct policy *p, struct buf *out)
{
	for (size_t i = 0; i < p->right_count; i++)
		rights_form_step(p, &p->rights[i], NULL, true, out);
}

// "A", "A or B", "A, B or C": the processors for images, in the policy's order.
static void set_image_processors(const struct policy *p, struct buf *out)
{
	const struct policy_processor *a;

	for (size_t n = 0; (a = policy_processor_for(p, ROLE_IMAGE, n)) != NULL; n++) {
		bool last = policy_processor_for(p, ROLE_IMAGE, n + 1) == NULL;
		buf_adds(out, n == 0 ? "" : word(p, last ? "page.frame.or" : "join.comma"));
		buf_adds(out, a->brand);
	}
}

enum { EXAMPLES_MAX = 3, EXAMPLE_PICTURES = 4 }; // as app.css shows them

// The policy's examples; else, where the site draws by itself, what it drew of texts of ours.
static size_t example_list(const struct policy *p, struct policy_example own[EXAMPLES_MAX], char pictures[EXAMPLES_MAX][64])
{
	static const char *const styles[EXAMPLES_MAX] = {"soft", "flat", "night"};
	static const char *const words[EXAMPLES_MAX][2] = {{"page.start.example.1.name", "page.start.example.1"},
							   {"page.start.example.2.name", "page.start.example.2"},
							   {"page.start.example.3.name", "page.start.example.3"}};
	const struct policy_processor *a;
	bool draws = false;

	for (size_t n = 0; (a = policy_processor_for(p, ROLE_IMAGE, n)) != NULL; n++)
		draws = draws || a->standing == STANDING_BUILT_IN;
	for (size_t i = 0; i < EXAMPLES_MAX && draws; i++) {
		snprintf(pictures[i], sizeof pictures[i], "example-%s-%zu", word(p, "page.start.examples.folder"), i + 1);
		own[i] = (struct policy_example){word(p, words[i][0]), word(p, words[i][1]), pictures[i], styles[i]};
	}
	return draws ? EXAMPLES_MAX : 0;
}

static void set_examples(const struct policy *p, struct buf *out)
{
	struct policy_example own[EXAMPLES_MAX];
	char names[EXAMPLES_MAX][64];
	bool declared = p->service.example_count > 0, form = capability_makes_sets(p);
	const struct policy_example *list = declared ? p->service.examples : own;
	size_t count = declared ? p->service.example_count : example_list(p, own, names);
	const char *title = word(p, declared ? "page.start.examples.own" : "page.start.examples");

	if (count == 0)
		return;
	xml_printf(out, "<section class=\"examples\" aria-labelledby=\"examples-title\">\n<h2 id=\"examples-title\">%s</h2>\n", title);
	if (count > 1)
		xml_printf(out, "<fieldset class=\"segments source\">\n<legend>%s</legend>\n", title);
	for (size_t i = 0; i < count && count > 1; i++)
		xml_printf(out,
			   "<label><input type=\"radio\" name=\"example\" form=\"choice\" id=\"example-%d\"%s><span>%s</span></label>\n",
			   (int)i + 1, i == 0 ? " checked" : "", list[i].name);
	buf_adds(out, count > 1 ? "</fieldset>\n" : "");
	for (size_t i = 0; i < count; i++) {
		xml_printf(out, "<figure class=\"example e%d\"><div class=\"quad\">", (int)i + 1);
		for (int n = 1; n <= EXAMPLE_PICTURES; n++)
			xml_printf(out, "<img src=\"/assets/%s-%d.webp\" alt=\"\" width=\"%d\" height=\"%d\" loading=\"lazy\">",
				   list[i].pictures, n, n == 1 ? 512 : 256, n == 1 ? 512 : 256);
		xml_printf(out, "</div>\n<figcaption><q>%s</q> <span>%s%s%s</span>", list[i].text, word(p, "page.start.style"),
			   word(p, "join.colon"), word_or(p, "page.start.", list[i].style));
		if (form)
			xml_printf(out, " <button type=\"button\" class=\"use script-only\" data-style=\"%s\">%s</button>", list[i].style,
				   word(p, "page.start.example.use"));
		buf_adds(out, "</figcaption></figure>\n");
	}
	buf_adds(out, "</section>\n");
}

// Whether the page may offer its list of the sets made in a tab: the policy declares what the browser stores for it.
static void set_history(const struct policy *p, struct buf *out)
{
	for (size_t i = 0; i < p->cookie_count; i++)
		buf_adds(out, p->cookies[i].in == STORAGE_SESSION && strcmp(p->cookies[i].name, "sets") == 0 ? "yes" : "");
}

// Whether one of the first `count` of them, or one of the first `regions` regions of the next one, names the place.
static bool place_told(const struct policy *p, size_t count, size_t regions, const char *place)
{
	for (size_t n = 0; n <= count; n++) {
		const struct policy_processor *a = policy_processor_for(p, ROLE_IMAGE, n);
		for (size_t i = 0; i < (n < count ? a->region_count : regions); i++)
			if (strcmp(a->regions[i].place, place) == 0)
				return true;
	}
	return false;
}

static void set_image_regions(const struct policy *p, struct buf *out)
{
	const struct policy_processor *a;
	bool own = false, any = false;

	for (size_t n = 0; (a = policy_processor_for(p, ROLE_IMAGE, n)) != NULL; n++) {
		own = own || a->local;
		for (size_t i = 0; i < a->region_count; i++) {
			if (place_told(p, n, i, a->regions[i].place))
				continue;
			buf_adds(out, any ? word(p, "join.comma") : "");
			buf_adds(out, a->regions[i].place);
			any = true;
		}
	}
	if (own)
		buf_adds(out, word(p, any ? "page.frame.or_own_server" : "page.frame.own_server"));
}

// What is announced, above every page, as <changes by="prominent-notice banner"> says: from when it counts, and what it will change. Open at
// once where the notice is to be prominent. In English in the words of the comparison; elsewhere in the policy's own words, since those of
// the comparison are for the officer.
static void set_coming(const struct policy *p, struct buf *out)
{
	POLICY_DIFF_AUTO struct policy_diff d = {0};
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};
	char date[WHEN_DATE];

	if (p->coming == NULL || policy_diff(&d, p, p->coming, NULL) != 0)
		return;
	const struct policy_version *v = p->coming->version_count > 0 ? &p->coming->versions[0] : NULL;
	bool english = word_language(p) == LANGUAGE_EN;
	size_t count = !english ? (v != NULL ? v->change_count : 0) : d.material > 0 ? d.material : d.count;
	unsigned channels = p->changes_by | (d.material > 0 ? p->changes_material_by : 0);
	when_date(date, p->coming_from);
	buf_printf(out, "<details%s><summary>", channels & POLICY_BIT(CHANNEL_PROMINENT_NOTICE) ? " open" : "");
	write_filled(&w, "coming.from", WORD_VALUES({"date", date}));
	buf_adds(out, "</summary>\n");
	write_note(&w, "coming.until", WORD_VALUES({"version", p->version}));
	write_begin(&w, MARK_LIST);
	for (size_t i = 0; i < count && i < CHANGES_SHOWN_MAX; i++) {
		write_begin(&w, MARK_ITEM);
		if (english)
			write_words(&w, d.changes[i].what);
		else
			write_prose(&w, &v->changes[i].what);
		write_end(&w, MARK_ITEM);
	}
	if (count > CHANGES_SHOWN_MAX)
		buf_printf(out, "<li>%s</li>\n", word(p, "coming.more"));
	buf_adds(out, "</ul></details>");
}

// What the software lacks for this policy, in the site's language.
static void write_lacks(const struct policy *p, struct buf *out)
{
	for (size_t i = 0; i < p->lack_count; i++) {
		const struct policy_lack *lack = &p->lacks[i];
		bool provider = strncmp(lack->capability, "provider ", 9) == 0;
		char key[64] = "";
		size_t len = 0;
		for (const char *c = provider ? "provider" : lack->capability; *c != '\0' && len + 1 < sizeof key; c++)
			key[len++] = *c == ' ' ? '-' : (char)tolower((unsigned char)*c);
		buf_adds(out, lack > p->lacks ? word(p, "join.comma") : "");
		word_fill(out, NULL, word_or(p, "capability.", key), WORD_VALUES({"name", lack->capability + (provider ? 9 : 0)}));
	}
}

// Those that are more than a text.
static const struct variable {
	const char *name;
	void (*set)(const struct policy *p, struct buf *out);
} variables[] = {
    {"image_processors", set_image_processors},
    {"image_regions", set_image_regions},
    {"examples", set_examples},
    {"history", set_history},
    {"coming", set_coming},
    {"facts", set_fact_list},
    {"leave_out", set_leave_out},
    {"check_card", variables_check_card},
    {"receipt_words", set_receipt},
    {"right_choices", rights_form_choices},
    {"right_steps", set_right_steps},
};

// Values are collected in one buffer, each ended by a NUL; their places become addresses when the buffer no longer moves.
static struct buf *variable_begin(struct variables *v, size_t *starts, const char *name)
{
	if (v->count > 0)
		buf_addc(&v->text, '\0');
	v->list[v->count].name = name;
	starts[v->count++] = v->text.len;
	return &v->text;
}

static bool stated(const char *text)
{
	return text != NULL && text[0] != '\0';
}

int variables_make(struct variables *v, const struct policy *p, bool testing, struct err *e)
{
	BUF_AUTO struct buf lacks = BUF_INIT(4096), address = BUF_INIT(2048), service = BUF_INIT(DOCUMENT_BYTES_MAX),
			    logged = BUF_INIT(64 * 1024);
	const char *without = without_words(p), *pledge = forgets(p) ? "claim.typed_not_kept" : "join.stop";
	bool memory = in_memory(p, KIND_INPUT), archives = stored(p, KIND_ARCHIVE);
	bool little = forgets(p) && archives && stored(p, KIND_REQUEST_LOG);
	char archive[WORD_LIFE], log[WORD_LIFE], updated[WHEN_DATE], age[16];
	size_t starts[VARIABLES_MAX];
	bool masks = false;

	for (unsigned r = 0; r < RULE_COUNT; r++)
		masks = masks || p->content[r] == CONTENT_ANONYMISE;
	add_logged(p, &logged);
	when_date(updated, p->updated);
	snprintf(age, sizeof age, "%u", p->minimum_age);
	word_life(archive, sizeof archive, p, &p->kinds[KIND_ARCHIVE]);
	word_life(log, sizeof log, p, &p->kinds[KIND_REQUEST_LOG]);
	prose_plain(p, &p->service.what, &service);
	address_site(p, &address);
	const bool keys = p->kinds[KIND_ACCOUNT].keep == KEEP_STORED; // of the API
	const struct word_value texts[] = {
	    {"lang", p->language},
	    {"site_name", p->shown_as},
	    {"site_address", buf_text(&address)},
	    {"api", capability_makes_sets(p) ? "yes" : ""},
	    {"api_keys", keys ? "yes" : ""},
	    {"api_open", keys ? "" : "yes"},
	    {"version", p->version},
	    {"contact", p->contact},
	    {"controller_name", p->controller.name},
	    {"updated", updated},
	    {"service", p->service.what.count > 0 ? buf_text(&service) : word(p, "claim.service")}, // what the site is for
	    {"heading", stated(p->service.heading) ? p->service.heading : word(p, "page.start.heading")},
	    {"own_heading", stated(p->service.heading) ? p->service.heading : ""},
	    {"ask", stated(p->service.ask) ? p->service.ask : word(p, "page.start.describe")},
	    {"example", p->service.example_count > 0 ? p->service.examples[0].text : word(p, "page.start.example")},
	    {"pledge", word(p, forgets(p) ? "claim.pledge.forget" : "claim.pledge.know")},
	    {"lead", word(p, p->page_fetch ? "claim.lead.page" : "claim.lead.typed")},
	    {"what_you_get", word(p, archives ? "claim.get.archive" : "claim.get.images")},
	    // Empty where the policy lets no page be read; where what ends early was kept.
	    {"page_fetch", p->page_fetch ? word(p, in_memory(p, KIND_PAGE) ? "claim.page.dropped" : "claim.page.kept") : ""},
	    {"not_kept", memory ? word(p, "claim.not_kept") : ""},
	    {"masks", masks ? word(p, "claim.masks") : ""},
	};
	const struct word_value filled[] = {
	    {"age_words", p->minimum_age != 0 ? word(p, "claim.age") : ""},
	    {"held_words", word(p, little ? "claim.held.little" : "claim.held.notice")},
	    {"lost_words", word(p, archives ? "claim.lost.archive" : "claim.lost.other")}, // who came by a link that leads nowhere
	};
	static_assert(ARRAY_LEN(texts) + ARRAY_LEN(filled) + ARRAY_LEN(variables) + 2 <= VARIABLES_MAX, "and without, banner");

	*v = (struct variables){.text = BUF_INIT(DOCUMENT_BYTES_MAX)};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_adds(variable_begin(v, starts, texts[i].name), texts[i].value);
	for (size_t i = 0; i < ARRAY_LEN(filled); i++)
		word_fill(variable_begin(v, starts, filled[i].name), NULL, filled[i].value,
			  WORD_VALUES({"age", age}, {"archive", archive}, {"log", log}, {"time", archive}, {"logged", buf_text(&logged)}));
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		variables[i].set(p, variable_begin(v, starts, variables[i].name));
	buf_adds(variable_begin(v, starts, "without"), without != NULL ? without : "");
	buf_adds(&v->text, without != NULL ? word(p, pledge) : "");
	// What every page says above everything else: that it is not the real thing, or not whole.
	struct buf *banner = variable_begin(v, starts, "banner");
	buf_adds(banner, testing ? word(p, "page.frame.testing") : "");
	write_lacks(p, &lacks);
	if (lacks.len > 0) {
		buf_adds(banner, testing ? word(p, "join.sentence") : "");
		word_fill(banner, NULL, word(p, "page.frame.unbuilt"), WORD_VALUES({"lacks", buf_text(&lacks)}));
	}
	buf_addc(banner, '\0');
	if (v->text.failed || service.failed || logged.failed) {
		buf_free(&v->text);
		return err_set(e, ERR_MEMORY, "the texts of the policy are too large for a page");
	}
	for (size_t i = 0; i < v->count; i++)
		v->list[i].value = v->text.data + starts[i];
	return 0;
}

void variables_free(struct variables *v)
{
	buf_free(&v->text);
}
