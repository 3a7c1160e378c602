// SPDX-License-Identifier: ISC
// What page templates may say about the site. All of it comes from the policy.
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/documents/claims.h"
#include "policy/publish/documents/notice.h"
#include "policy/publish/pages.h"
#include "policy/publish/words/words.h"
#include "policy/rules/capability.h"
#include <stdio.h>
#include <string.h>

// Values are collected in one buffer, each ended by a NUL; their places become addresses when the buffer no longer moves.
struct maker {
	struct variables *v;
	size_t starts[VARIABLES_MAX], count;
};

static void begin(struct maker *m, const char *name)
{
	m->v->list[m->count].name = name;
	m->starts[m->count++] = m->v->text.len;
}

static void end(struct maker *m)
{
	buf_addc(&m->v->text, '\0');
}

static void set(struct maker *m, const char *name, const char *value)
{
	begin(m, name);
	buf_adds(&m->v->text, value);
	end(m);
}

static void set_date(struct maker *m, const char *name, time_t t)
{
	char date[WHEN_DATE];

	when_date(date, t);
	set(m, name, date);
}

static const struct policy_processor *text_of(const struct policy *p, const struct policy_processor *a)
{
	return &p->processors[a - p->processors];
}

// "A", "A or B", "A, B or C": the processors for images, in the policy's order.
static void set_image_processors(struct maker *m, const struct policy *p)
{
	const struct policy_processor *a, *next;

	begin(m, "image_processors");
	for (size_t n = 0; (a = policy_processor_for(p, ROLE_IMAGE, n)) != NULL; n++) {
		next = policy_processor_for(p, ROLE_IMAGE, n + 1);
		buf_adds(&m->v->text, n == 0 ? "" : word(p, next != NULL ? "join.comma" : "page.frame.or"));
		buf_adds(&m->v->text, text_of(p, a)->brand);
	}
	end(m);
}

static void set_image_regions(struct maker *m, const struct policy *p)
{
	const struct policy_processor *a;
	bool own = false, any = false;

	begin(m, "image_regions");
	for (size_t n = 0; (a = policy_processor_for(p, ROLE_IMAGE, n)) != NULL; n++) {
		own = own || a->local;
		for (size_t i = 0; i < text_of(p, a)->region_count; i++) {
			buf_adds(&m->v->text, any ? word(p, "join.comma") : "");
			buf_adds(&m->v->text, text_of(p, a)->regions[i].place);
			any = true;
		}
	}
	if (own)
		buf_adds(&m->v->text, word(p, any ? "page.frame.or_own_server" : "page.frame.own_server"));
	end(m);
}

// What every page says above everything else: that it is not the real thing, not whole, or about to change.
static void set_banner(struct maker *m, const struct policy *p, bool testing)
{
	BUF_AUTO struct buf lacks = BUF_INIT(4096);

	begin(m, "banner");
	buf_adds(&m->v->text, testing ? word(p, "page.frame.testing") : "");
	if (capability_unbuilt(p, &lacks) > 0) {
		buf_adds(&m->v->text, testing ? word(p, "join.sentence") : "");
		word_fill(&m->v->text, NULL, word(p, "page.frame.unbuilt"), WORD_VALUES({"lacks", buf_text(&lacks)}));
	}
	end(m);
}

int variables_make(struct variables *v, const struct policy *p, bool testing, struct err *e)
{
	struct maker m = {.v = v};
	char archive[160];

	*v = (struct variables){.text = BUF_INIT(PAGE_BYTES_MAX_OUT)};
	set(&m, "lang", p->language);
	set(&m, "site_id", p->site);
	set(&m, "site_name", p->shown_as);
	set(&m, "version", p->version);
	set_date(&m, "updated", p->updated);
	set_date(&m, "effective", p->effective);
	set(&m, "contact", p->contact);
	set(&m, "controller_name", p->controller.name);
	word_life(archive, sizeof archive, p, &p->kinds[KIND_ARCHIVE]);
	set(&m, "archive_life", p->kinds[KIND_ARCHIVE].keep != KEEP_UNDECLARED ? archive : word(p, "page.frame.not_kept"));
	set_image_processors(&m, p);
	set_image_regions(&m, p);
	set_banner(&m, p, testing);
	begin(&m, "coming");
	coming_html(p, &v->text);
	end(&m);
	for (size_t i = 0; i < claim_count; i++) {
		begin(&m, claims[i].name);
		claims[i].write(p, &v->text);
		end(&m);
	}
	if (v->text.failed) {
		variables_free(v);
		return err_set(e, ERR_MEMORY, "the texts of the policy are too large for a page");
	}
	for (size_t i = 0; i < m.count; i++)
		v->list[i].value = v->text.data + m.starts[i];
	return 0;
}

void variables_free(struct variables *v)
{
	buf_free(&v->text);
}
