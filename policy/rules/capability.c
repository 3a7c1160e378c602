// SPDX-License-Identifier: ISC
// What a policy needs of the software beyond holding data: a notice must not promise a part that is not there. One row for each
// capability that this version lacks; building it removes its row.
#include "policy/rules/capability.h"
#include "policy/base/array.h"
#include "policy/processors/processors.h"
#include <string.h>

static const struct capability {
	const char *name;
	kind_set declared;        // needed when the policy declares one of these,
	kind_set stored;          // or stores one of these,
	unsigned roles;           // or has a processor with one of these roles,
	const char *by, *from;    // or says that the site works in this way, or from this material
	bool consents, anonymise; // or asks for consent, or has anything anonymised before a processor gets it
} lacking[] = {
    {.name = "accounts", .declared = KIND_BIT(KIND_ACCOUNT) | KIND_BIT(KIND_SESSION)},
    {.name = "uploads", .declared = KIND_BIT(KIND_UPLOAD), .from = "upload"},
    {.name = "descriptions", .declared = KIND_BIT(KIND_DESCRIPTION), .roles = ROLE_BIT(ROLE_DESCRIPTION)},
    {.name = "posts", .from = "post"},
    {.name = "API", .by = "api"},
    {.name = "dashboard", .by = "dashboard"},
    {.name = "gallery", .declared = KIND_BIT(KIND_GALLERY)},
    {.name = "stored prompts", .stored = KIND_BIT(KIND_INPUT) | KIND_BIT(KIND_PROMPT)},
    {.name = "stored images", .stored = KIND_BIT(KIND_IMAGE)},
    {.name = "image storage", .roles = ROLE_BIT(ROLE_STORAGE)},
    {.name = "payments", .declared = KIND_BIT(KIND_PAYMENT) | KIND_BIT(KIND_CREDIT), .roles = ROLE_BIT(ROLE_PAYMENT)},
    {.name = "mail", .roles = ROLE_BIT(ROLE_MAIL)},
    {.name = "support tickets", .declared = KIND_BIT(KIND_TICKET)},
    {.name = "preferences", .declared = KIND_BIT(KIND_PREFERENCE)},
    {.name = "consent records", .declared = KIND_BIT(KIND_CONSENT), .consents = true},
    {.name = "usage figures", .declared = KIND_BIT(KIND_USAGE)},
    {.name = "analytics", .roles = ROLE_BIT(ROLE_ANALYTICS)},
    {.name = "prompt anonymising", .anonymise = true},
    {.name = "legal holds", .declared = KIND_BIT(KIND_HOLD)},
    {.name = "backups", .declared = KIND_BIT(KIND_BACKUP)},
};

static int line_of_kind(const struct policy *p, const struct capability *c)
{
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		const struct policy_kind *kind = &p->kinds[k];
		if ((c->declared & KIND_BIT(k) && kind->keep != KEEP_UNDECLARED) || (c->stored & KIND_BIT(k) && kind->keep == KEEP_STORED))
			return kind->line;
	}
	return 0;
}

static int line_of_processor(const struct policy *p, const struct capability *c)
{
	for (size_t i = 0; i < p->processor_count; i++) {
		bool needs = (c->roles & p->processors[i].roles) != 0 || (c->anonymise && p->processors[i].anonymised);
		if (needs && p->processors[i].removed == 0)
			return p->processors[i].line;
	}
	return 0;
}

// The line of the first declaration that needs it; 0: nothing does.
static int line_needing(const struct policy *p, const struct capability *c)
{
	const struct policy_service *s = &p->service;
	int line = line_of_kind(p, c);

	if (line == 0)
		line = line_of_processor(p, c);
	if (line == 0 &&
	    ((c->by != NULL && policy_strings_have(&s->by, c->by)) || (c->from != NULL && policy_strings_have(&s->from, c->from))))
		line = s->line;
	if (line == 0 && c->consents && p->consent_count > 0)
		line = p->consents[0].line;
	return line;
}

bool processor_built(const char *id)
{
	const struct processor_facts *f = processor_facts(id);

	return f != NULL && f->built;
}

static bool served(const struct policy *p, enum processor_role role)
{
	const struct policy_processor *a;

	for (size_t n = 0; (a = policy_processor_for(p, role, n)) != NULL; n++) {
		if (a->local || processor_built(a->id))
			return true;
	}
	return false;
}

bool policy_makes_sets(const struct policy *p)
{
	return policy_undeclared(p, KINDS_OF_A_SET) == 0 && served(p, ROLE_TEXT) && served(p, ROLE_IMAGE);
}

static bool provider_lacking(const struct policy *p, size_t i)
{
	if ((p->processors[i].roles & (ROLE_BIT(ROLE_TEXT) | ROLE_BIT(ROLE_IMAGE) | ROLE_BIT(ROLE_DESCRIPTION))) == 0)
		return false;
	return p->processors[i].removed == 0 && !processor_built(p->processors[i].id);
}

size_t capabilities_lacking(const struct policy *p, void (*found)(void *data, const char *what, const char *name, int line), void *data)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(lacking); i++) {
		int line = line_needing(p, &lacking[i]);
		if (line == 0)
			continue;
		count++;
		found(data, "", lacking[i].name, line);
	}
	for (size_t i = 0; i < p->processor_count; i++) {
		if (!provider_lacking(p, i))
			continue;
		count++;
		found(data, "provider ", p->processors[i].id, p->processors[i].line);
	}
	return count;
}

static void add_name(void *data, const char *what, const char *name, int line)
{
	struct buf *out = data;

	(void)line;
	if (out != NULL)
		buf_printf(out, "%s%s%s", out->len > 0 ? ", " : "", what, name);
}

size_t policy_unbuilt(const struct policy *p, struct buf *out)
{
	return capabilities_lacking(p, add_name, out);
}

struct finding {
	const struct policy *p;
	struct report *report;
	bool allow;
};

static void say(void *data, const char *what, const char *name, int line)
{
	struct finding *f = data;

	if (f->allow)
		report_warning(
		    f->report, line,
		    "%s needs “%s%s”, which this version does not have; LETHE_ALLOW_UNBUILT=1 lets the site run without it, and every "
		    "page says so; build it, or remove it from the policy",
		    f->p->shown_as, what, name);
	else
		report_error(
		    f->report, line,
		    "%s needs “%s%s”, which this version does not have; the notice would promise what nothing does; remove it from the "
		    "policy, or set LETHE_ALLOW_UNBUILT=1 to run without it",
		    f->p->shown_as, what, name);
}

void check_capabilities(const struct policy *p, bool allow_unbuilt, struct report *r)
{
	struct finding f = {.p = p, .report = r, .allow = allow_unbuilt};

	capabilities_lacking(p, say, &f);
}
