// SPDX-License-Identifier: ISC
// What a policy needs of the software: a notice must not promise a part that is not there. Which words of the language nothing obeys yet
// stands in the table of policy/rules/vocabulary.txt, with the name of the capability that would.
#include "policy/rules/capability.h"
#include "policy/base/array.h"
#include "policy/model/node.h"
#include "policy/processors/processors.h"
#include "policy/rules/vocabulary.h"
#include <stdio.h>
#include <string.h>

static bool served(const struct policy *p, enum policy_role role)
{
	const struct policy_processor *a;

	for (size_t n = 0; (a = policy_processor_for(p, role, n)) != NULL; n++) {
		if (a->local || processor_built(a->id))
			return true;
	}
	return false;
}

bool capability_makes_sets(const struct policy *p)
{
	// Where nobody writes prompts, the visitor's words are the prompt.
	bool written = policy_processor_for(p, ROLE_TEXT, 0) == NULL || served(p, ROLE_TEXT);

	return policy_undeclared(p, KINDS_OF_A_SET) == 0 && written && served(p, ROLE_IMAGE);
}

size_t capability_unbuilt(const struct policy *p, struct buf *out)
{
	for (size_t i = 0; out != NULL && i < p->lack_count; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", p->lacks[i].capability);
	return p->lack_count;
}

// What the request log stores of a visitor (policy/vault/request_log.c), as the policy's categories name it. A category that is declared and
// not stored is a word that nothing obeys; here, what is stored is declared, and each category says what it is.
static void check_log_categories(const xmlNode *root, struct report *r)
{
	static const char *const logged[] = {"ip-address", "user-agent", "time"};

	FOR_CHILDREN(kind, node_child_first(root, "kinds"), "kind")
	{
		xmlChar *id = xmlGetNoNsProp(kind, BAD_CAST "id");
		bool is_log = id != NULL && strcmp((const char *)id, "request-log") == 0;
		unsigned found = 0;
		xmlFree(id);
		FOR_CHILDREN(category, is_log ? kind : NULL, "category")
		{
			xmlChar *is = xmlGetNoNsProp(category, BAD_CAST "is");
			for (size_t i = 0; is != NULL && i < ARRAY_LEN(logged); i++)
				found |= strcmp((const char *)is, logged[i]) == 0 ? 1u << i : 0;
			report_error_if(is == NULL && xmlHasProp(category, BAD_CAST "lang") == NULL, r, node_line(category),
					"a category of kind request-log does not say which datum it is",
					"whether it is logged at all could not be checked",
					"add is=\"ip-address\", is=\"user-agent\" … as policy(5) lists them");
			xmlFree(is);
		}
		for (size_t i = 0; is_log && i < ARRAY_LEN(logged); i++) {
			report_error_if((found & 1u << i) == 0, r, node_line(kind), "kind request-log does not declare the category %s",
					"the software logs it, so the notice would not be true", "add <category is=\"%s\">…</category>",
					logged[i], logged[i]);
		}
	}
}

void capability_check(struct policy *p, const xmlNode *root, bool allow_unbuilt, struct report *r)
{
	size_t count = 0, unbuilt = 0;
	const struct vocabulary_row *rows = vocabulary_rows(&count);
	struct policy_lack *lacks = arena_array(p->arena, count + p->processor_count + 1, sizeof *lacks);
	struct vocabulary_use *uses = arena_array(p->arena, count, sizeof *uses);

	report_error_if(rows == NULL || lacks == NULL || uses == NULL, r, 1, "which words are obeyed could not be found out",
			"nothing may run on the policy", "free some memory and try again");
	if (rows == NULL || lacks == NULL || uses == NULL)
		return;
	// Every capability once, at the first word that needs it.
	p->lacks = lacks;
	for (size_t i = 0; i < count; i++)
		if (rows[i].how == VOCABULARY_UNBUILT)
			uses[unbuilt++].row = &rows[i];
	vocabulary_uses(root, uses, unbuilt);
	for (size_t i = 0; i < unbuilt; i++) {
		bool known = uses[i].first == NULL;
		for (size_t j = 0; j < p->lack_count && !known; j++)
			known = strcmp(lacks[j].capability, uses[i].row->by) == 0;
		if (!known)
			lacks[p->lack_count++] = (struct policy_lack){uses[i].row->by, node_line(uses[i].first)};
	}
	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *a = &p->processors[i];
		char name[128];
		int len = snprintf(name, sizeof name, "provider %s", a->id);
		bool asked = (a->roles &
			      (POLICY_BIT(ROLE_TEXT) | POLICY_BIT(ROLE_IMAGE) | POLICY_BIT(ROLE_DESCRIPTION) | POLICY_BIT(ROLE_MAIL))) != 0;
		if (asked && a->removed == 0 && !processor_built(a->id))
			lacks[p->lack_count++] = (struct policy_lack){arena_text(p->arena, name, (size_t)len), a->line};
	}
	// Nothing here ends a sale for one visitor: the signal has what it asks for only where nothing is sold to begin with.
	const struct policy_right *opt_out = policy_right(p, RIGHT_OPT_OUT_OF_SALE);
	if (opt_out != NULL && opt_out->signal != SIGNAL_NONE && !policy_promises(p, CLAIM_NO_SALE))
		lacks[p->lack_count++] = (struct policy_lack){"opt-out signals", opt_out->line};
	for (size_t i = 0; i < p->lack_count; i++) {
		const struct policy_lack *lack = &p->lacks[i];
		if (allow_unbuilt)
			report_warning(r, lack->line, "%s needs “%s”, which this version does not have",
				       "LETHE_ALLOW_UNBUILT=1 lets the site run without it, and every page says so",
				       "build it, or remove it from the policy", p->shown_as, lack->capability);
		else
			report_error(
			    r, lack->line, "%s needs “%s”, which this version does not have", "the notice would promise what nothing does",
			    "remove it from the policy, or set LETHE_ALLOW_UNBUILT=1 to run without it", p->shown_as, lack->capability);
	}
	check_log_categories(root, r);
}
