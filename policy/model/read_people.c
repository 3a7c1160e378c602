// SPDX-License-Identifier: ISC
// The second half of reading: what people are told, and what the registers list.
#include "policy/model/node.h"
#include <string.h>

// An array for all children of `parent` named `name`; the caller counts as it fills.
#define ARRAY_FOR(r, parent, name, type) ((type *)arena_array((r)->arena, child_count(parent, name), sizeof(type)))

static const xmlNode *part(struct reader *r, const char *name)
{
	return child_first(r->root, name);
}

static struct policy_party read_party(struct reader *r, const char *name)
{
	const xmlNode *node = part(r, name);

	if (node == NULL)
		return (struct policy_party){0};
	const xmlNode *address = child_first(node, "address");
	return (struct policy_party){.name = attribute_or(r, node, "name", ""),
				     .mail = attribute(r, node, "mail"),
				     .phone = attribute(r, node, "phone"),
				     .web = attribute(r, node, "web"),
				     .country = attribute(r, node, "country"),
				     .address = address != NULL ? node_text(r, address) : NULL,
				     .line = node_line(node)};
}

static void read_changes(struct reader *r, const xmlNode *node, struct policy_version *version)
{
	struct policy_version_change *list = ARRAY_FOR(r, node, "change", struct policy_version_change);

	if (list == NULL)
		return;
	version->changes = list;
	FOR_CHILDREN(change, node, "change")
	{
		if (in_language(r, change, node, "change"))
			list[version->change_count++] =
			    (struct policy_version_change){.what = prose_of(r, change), .material = attribute_yes(r, change, "material")};
	}
}

static void read_versions(struct reader *r)
{
	struct policy_version *list = ARRAY_FOR(r, part(r, "versions"), "version", struct policy_version);

	if (list == NULL)
		return;
	r->p->versions = list;
	FOR_CHILDREN(node, part(r, "versions"), "version")
	{
		struct policy_version *version = &list[r->p->version_count++];
		version->id = attribute_or(r, node, "id", "");
		version->effective = attribute_date(r, node, "effective");
		version->updated = attribute_date(r, node, "updated");
		version->line = node_line(node);
		read_changes(r, node, version);
	}
}

// Subjects by id and name; languages by code and name.
static size_t read_named(struct reader *r, const char *part_name, const char *name, const char *id, const struct policy_named **out)
{
	struct policy_named *list = ARRAY_FOR(r, part(r, part_name), name, struct policy_named);
	size_t count = 0;

	FOR_CHILDREN(node, list != NULL ? part(r, part_name) : NULL, name)
	{
		const char *shown = attribute(r, node, "name");
		list[count++] =
		    (struct policy_named){.id = attribute_or(r, node, id, ""), .name = shown != NULL ? shown : words(r, node, "name")};
	}
	*out = list;
	return count;
}

static void read_purposes(struct reader *r)
{
	struct policy_purpose *list = ARRAY_FOR(r, part(r, "purposes"), "purpose", struct policy_purpose);

	if (list == NULL)
		return;
	r->p->purposes = list;
	FOR_CHILDREN(node, part(r, "purposes"), "purpose")
	list[r->p->purpose_count++] = (struct policy_purpose){.id = attribute_or(r, node, "id", ""),
							      .basis = attribute_or(r, node, "basis", ""),
							      .consent = attribute(r, node, "consent"),
							      .what = prose(r, node, "what"),
							      .interest = prose(r, node, "interest"),
							      .line = node_line(node)};
}

static void read_lives(struct reader *r, const xmlNode *node, struct policy_kind *kind)
{
	struct policy_life *list = ARRAY_FOR(r, node, "life", struct policy_life);

	if (list == NULL)
		return;
	kind->lives = list;
	FOR_CHILDREN(child, node, "life")
	{
		struct policy_life *life = &list[kind->life_count++];
		life->has_length = attribute_duration(r, child, "length", &life->length);
		life->start = start_event_from(attribute_or(r, child, "after", "creation"));
		life->ending = ending_from(attribute_or(r, child, "then", "delete"));
		life->lasts_while = attribute(r, child, "while");
		life->unless = attribute(r, child, "unless");
		life->hold = attribute_yes(r, child, "hold");
		life->ends_on_erasure = strcmp(attribute_or(r, child, "ends-on-erasure", "yes"), "yes") == 0;
		life->reason = prose(r, child, "reason");
		life->line = node_line(child);
	}
}

static void read_kinds(struct reader *r)
{
	FOR_CHILDREN(node, part(r, "kinds"), "kind")
	{
		enum kind k;
		if (kind_from_name(&k, attribute_or(r, node, "id", "")) != 0)
			continue; // reported by the first half
		struct policy_kind *kind = &r->p->kinds[k];
		kind->name = words(r, node, "name");
		kind->source = attribute_or(r, node, "source", "");
		kind->needed = attribute_yes(r, node, "needed");
		kind->what = prose(r, node, "what");
		kind->where = prose(r, node, "where");
		kind->categories = text_list(r, node, "category", NULL);
		kind->subjects = text_list(r, node, "about", "subject");
		kind->purposes = text_list(r, node, "for", "purpose");
		read_lives(r, node, kind);
	}
}

static void read_regions(struct reader *r, const xmlNode *node, struct policy_processor *out)
{
	struct policy_region *list = ARRAY_FOR(r, node, "region", struct policy_region);

	if (list == NULL)
		return;
	out->regions = list;
	FOR_CHILDREN(child, node, "region")
	{
		if (in_language(r, child, node, "region"))
			list[out->region_count++] = (struct policy_region){.id = node_text(r, child),
									   .country = attribute_or(r, child, "country", ""),
									   .place = attribute_or(r, child, "place", ""),
									   .line = node_line(child)};
	}
}

static void read_safeguards(struct reader *r, const xmlNode *node, struct policy_processor *out)
{
	struct policy_safeguard *list = ARRAY_FOR(r, node, "safeguard", struct policy_safeguard);

	if (list == NULL)
		return;
	out->safeguards = list;
	FOR_CHILDREN(child, node, "safeguard")
	{
		if (in_language(r, child, node, "safeguard"))
			list[out->safeguard_count++] = (struct policy_safeguard){.type = attribute_or(r, child, "type", ""),
										 .copy = attribute(r, child, "copy"),
										 .what = prose_of(r, child),
										 .line = node_line(child)};
	}
}

static void read_processor(struct reader *r, const xmlNode *node, struct policy_processor *out)
{
	const xmlNode *retention = child_first(node, "retention");

	out->brand = attribute_or(r, node, "brand", "");
	out->standing = attribute_or(r, node, "standing", "processor");
	out->policy = attribute(r, node, "policy");
	out->agreement = attribute(r, node, "agreement");
	out->purposes = text_list(r, node, "for", "purpose");
	out->never = text_list(r, node, "never", NULL);
	out->ask = words_split(r, attribute_or(r, node, "ask", ""));
	read_regions(r, node, out);
	read_safeguards(r, node, out);
	out->training = prose(r, node, "training");
	out->retention = prose(r, node, "retention");
	if (retention != NULL)
		out->has_keeps = attribute_duration(r, retention, "longest", &out->keeps);
	out->added = attribute_date(r, node, "added");
	out->effective = attribute_date(r, node, "effective");
	out->removed = attribute_date(r, node, "removed");
}

static void read_processors(struct reader *r)
{
	struct policy_processor *list = (struct policy_processor *)r->p->processors; // ours, of the first half
	size_t count = 0;

	FOR_CHILDREN(node, list != NULL ? part(r, "processors") : NULL, "processor")
	read_processor(r, node, &list[count++]);
}

static void read_browser(struct reader *r)
{
	const xmlNode *cookies = part(r, "cookies"), *others = part(r, "third-parties");
	struct policy_cookie *list = (struct policy_cookie *)r->p->cookies; // ours, of the first half
	struct policy_third_party *resources = ARRAY_FOR(r, others, "resource", struct policy_third_party);
	size_t count = 0;

	r->p->cookies_what = prose(r, cookies, "what");
	FOR_CHILDREN(node, list != NULL ? cookies : NULL, "cookie")
	{
		struct policy_cookie *cookie = &list[count++];
		cookie->in = attribute_or(r, node, "in", "cookie");
		cookie->has_lasts = attribute_duration(r, node, "lasts", &cookie->lasts);
		cookie->consent = attribute(r, node, "consent");
	}
	r->p->third_parties_what = prose(r, others, "what");
	r->p->third_parties = resources;
	FOR_CHILDREN(node, resources != NULL ? others : NULL, "resource")
	resources[r->p->third_party_count++] = (struct policy_third_party){.origin = attribute_or(r, node, "origin", ""),
									   .type = attribute_or(r, node, "type", ""),
									   .purpose = words(r, node, "purpose"),
									   .processor = attribute(r, node, "processor"),
									   .line = node_line(node)};
}

static void read_answers(struct reader *r, const xmlNode *node, struct policy_right *out)
{
	struct policy_right_answer *list = ARRAY_FOR(r, node, "answer", struct policy_right_answer);

	if (list == NULL)
		return;
	out->answers = list;
	FOR_CHILDREN(child, node, "answer")
	{
		struct policy_right_answer *answer = &list[out->answer_count++];
		answer->regime = attribute_or(r, child, "regime", "");
		answer->statutory = strcmp(attribute_or(r, child, "within", ""), "statutory") == 0;
		if (!answer->statutory)
			attribute_duration(r, child, "within", &answer->within);
		answer->line = node_line(child);
	}
}

static void read_rights(struct reader *r)
{
	struct policy_right *list = (struct policy_right *)r->p->rights; // ours, of the first half
	size_t count = 0;

	FOR_CHILDREN(node, list != NULL ? part(r, "rights") : NULL, "right")
	{
		struct policy_right *right = &list[count++];
		right->name = words(r, node, "name");
		right->who = attribute_or(r, node, "who", "everyone");
		right->verify = attribute_or(r, node, "verify", "");
		right->self_service = attribute_yes(r, node, "self-service");
		right->how = prose(r, node, "how");
		read_answers(r, node, right);
	}
}

static void read_consents(struct reader *r)
{
	struct policy_consent *list = ARRAY_FOR(r, part(r, "consents"), "consent", struct policy_consent);

	r->p->consents = list;
	FOR_CHILDREN(node, list != NULL ? part(r, "consents") : NULL, "consent")
	list[r->p->consent_count++] = (struct policy_consent){.id = attribute_or(r, node, "id", ""),
							      .form = attribute_or(r, node, "form", ""),
							      .what = prose(r, node, "what"),
							      .withdraw = prose(r, node, "withdraw"),
							      .line = node_line(node)};
}

static void read_content(struct reader *r)
{
	struct policy_content_rule *list = ARRAY_FOR(r, part(r, "content"), "rule", struct policy_content_rule);

	r->p->content_rules = list;
	FOR_CHILDREN(node, list != NULL ? part(r, "content") : NULL, "rule")
	list[r->p->content_rule_count++] = (struct policy_content_rule){.id = attribute_or(r, node, "id", ""),
									.action = attribute_or(r, node, "action", ""),
									.what = prose(r, node, "what"),
									.line = node_line(node)};
}

static void read_claims(struct reader *r)
{
	struct policy_claim *list = ARRAY_FOR(r, part(r, "promises"), "promise", struct policy_claim);

	r->p->claims = list;
	FOR_CHILDREN(node, list != NULL ? part(r, "promises") : NULL, "promise")
	list[r->p->claim_count++] = (struct policy_claim){.id = attribute_or(r, node, "id", ""),
							  .kind = attribute(r, node, "kind"),
							  .processor = attribute(r, node, "processor"),
							  .what = prose(r, node, "what"),
							  .line = node_line(node)};
}

static void read_service(struct reader *r)
{
	const xmlNode *node = part(r, "service");

	r->p->service = (struct policy_service){.by = words_split(r, node != NULL ? attribute_or(r, node, "by", "") : ""),
						.from = words_split(r, node != NULL ? attribute_or(r, node, "from", "") : ""),
						.to = words_split(r, node != NULL ? attribute_or(r, node, "to", "") : ""),
						.what = prose(r, node, "what"),
						.line = node != NULL ? node_line(node) : 0};
}

static void read_change_notice(struct reader *r)
{
	const xmlNode *changes = part(r, "changes");

	r->p->changes = prose(r, changes, "what");
	attribute_duration(r, changes, "notice", &r->p->notice);
	r->p->changes_by = words_split(r, attribute_or(r, changes, "by", ""));
	r->p->changes_material_by = words_split(r, attribute_or(r, changes, "material-by", ""));
	r->p->use_accepts = attribute_yes(r, changes, "use-accepts");
}

static void read_small_parts(struct reader *r)
{
	const xmlNode *automated = part(r, "automated-decisions"), *minimum = part(r, "minimum-age"), *law = part(r, "law-enforcement");

	r->p->page_fetch_what = prose(r, part(r, "page-fetch"), "what");
	r->p->minimum_age_what = prose(r, minimum, "what");
	r->p->minors_deleted = minimum != NULL && attribute_yes(r, minimum, "deletes");
	r->p->advice_paste = prose_list(r, part(r, "advice"), "paste");
	r->p->advice_publish = prose_list(r, part(r, "advice"), "publish");
	r->p->security = prose_list(r, part(r, "security"), "measure");
	r->p->automated_used = attribute_yes(r, automated, "used");
	r->p->automated_legal_effect = attribute_yes(r, automated, "legal-effect");
	r->p->automated = prose(r, automated, "what");
	r->p->law_enforcement = prose(r, law, "what");
	r->p->law_enforcement_answers = law != NULL ? attribute(r, law, "answers") : NULL;
	read_change_notice(r);
}

void read_people_part(struct reader *r)
{
	struct policy *t = r->p;

	t->controller = read_party(r, "controller");
	t->representative = read_party(r, "representative");
	t->officer = read_party(r, "officer");
	t->authority = read_party(r, "authority");
	t->language_count = read_named(r, "languages", "language", "code", &t->languages);
	t->subject_count = read_named(r, "subjects", "subject", "id", &t->subjects);
	read_service(r);
	read_versions(r);
	read_purposes(r);
	read_kinds(r);
	read_processors(r);
	read_browser(r);
	read_rights(r);
	read_consents(r);
	read_content(r);
	read_claims(r);
	read_small_parts(r);
	read_notice(r);
}
