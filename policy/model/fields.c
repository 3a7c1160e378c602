// SPDX-License-Identifier: ISC
#include "policy/model/fields.h"
#include "policy/base/address_range.h"
#include "policy/base/array.h"
#include <assert.h>
#include <string.h>

#define F(kind_of, owner, member, element, ...)                                                                                            \
	{                                                                                                                                  \
		.type = MODEL_##kind_of, .at = offsetof(struct owner, member), .name = (element), __VA_ARGS__                              \
	}
#define SAYS(when, more, less) .weaker = WEAKER_##when, .up = (more), .down = (less)
#define MORE(owner, member)    .more = offsetof(struct owner, member)
#define KEYED(owner, list, key_count)                                                                                                      \
	((const struct model_record[]){{.size = sizeof(struct owner), .fields = (list), .count = ARRAY_LEN(list), .keys = (key_count)}})
#define RECORD(owner, list) KEYED(owner, list, 1)

static const struct model_field party_fields[] = {
    F(TEXT, policy_party, name, "name", .json = "name"),
    F(OPTIONAL, policy_party, mail, "mail", .json = "mail"),
    F(OPTIONAL, policy_party, phone, "phone", .json = "phone"),
    F(OPTIONAL, policy_party, web, "web", .json = "web"),
    F(OPTIONAL, policy_party, country, "country", .json = "country"),
    F(CHILD, policy_party, address, "address", .json = "address"),
    F(LINE, policy_party, line, NULL, .json = NULL),
};
static const struct model_field language_fields[] = {
    F(TEXT, policy_named, id, "code", .json = NULL),
    F(TEXT, policy_named, name, "name", .json = NULL),
};
static const struct model_field languages_fields[] = {
    F(RECORDS, policy, languages, "language", MORE(policy, language_count), .record = RECORD(policy_named, language_fields)),
};
static const struct model_field example_fields[] = {
    F(LABEL, policy_example, name, "name", .json = NULL, .called = "name of the example"),
    F(LABEL, policy_example, text, "text", .json = NULL, .called = "text of the example"),
    F(TEXT, policy_example, pictures, "pictures", .json = NULL),
    F(TEXT, policy_example, style, "style", .json = NULL),
};
static const struct model_field service_fields[] = {
    F(WORDS, policy_service, by, "by", .json = "by", .words = &policy_way_in_words),
    F(WORDS, policy_service, from, "from", .json = "from", .words = &policy_material_words),
    F(WORDS, policy_service, to, "to", .json = "to", .words = &policy_product_words),
    F(PROSE, policy_service, what, "what", .json = "what"),
    F(LABEL, policy_service, heading, "heading", .json = NULL, .called = "heading of the start page"),
    F(LABEL, policy_service, ask, "ask", .json = NULL, .called = "question of the start page"),
    F(RECORDS, policy_service, examples, "example", .json = NULL, MORE(policy_service, example_count),
      .record = RECORD(policy_example, example_fields)),
    F(LINE, policy_service, line, NULL, .json = NULL),
};
static const struct model_field change_fields[] = {
    F(YES, policy_version_change, material, "material", .json = "material"),
    F(OWN_PROSE, policy_version_change, what, NULL, .json = "what"),
};
static const struct model_field version_fields[] = {
    F(TEXT, policy_version, id, "id", .json = "id"),
    F(DATE, policy_version, effective, "effective", .json = "effective"),
    F(DATE, policy_version, updated, "updated", .json = "updated"),
    F(RECORDS, policy_version, changes, "change", .json = "changes", MORE(policy_version, change_count), .translated = true,
      .record = RECORD(policy_version_change, change_fields)),
    F(LINE, policy_version, line, NULL, .json = NULL),
};
static const struct model_field versions_fields[] = {
    F(RECORDS, policy, versions, "version", .json = "versions", MORE(policy, version_count),
      .record = RECORD(policy_version, version_fields)),
};
static const struct model_field subject_fields[] = {
    F(TEXT, policy_named, id, "id", .json = NULL),
    F(LABEL, policy_named, name, "name", .json = NULL),
};
static const struct model_field subjects_fields[] = {
    F(RECORDS, policy, subjects, "subject", MORE(policy, subject_count), .record = RECORD(policy_named, subject_fields)),
};
static const struct model_field purpose_fields[] = {
    F(TEXT, policy_purpose, id, "id", .json = "id"),
    F(WORD, policy_purpose, basis, "basis", .json = "basis", .words = &policy_basis_words,
      SAYS(ALWAYS, "The lawful basis of the purpose “{what}” is now {to}; it was {from}.", NULL)),
    F(OPTIONAL, policy_purpose, consent, "consent", .json = "consent",
      SAYS(DOWN, "Another consent stands behind the purpose “{what}”.", NULL)),
    F(PROSE, policy_purpose, what, "what", .json = "what", .called = "description"),
    F(PROSE, policy_purpose, interest, "interest", .json = "interest", .called = "interest"),
    F(LINE, policy_purpose, line, NULL, .json = NULL),
};
static const struct model_field purposes_fields[] = {
    F(RECORDS, policy, purposes, "purpose", .json = "purposes", MORE(policy, purpose_count),
      .record = RECORD(policy_purpose, purpose_fields), SAYS(UP, "A new purpose: {what}", "Data is no longer used for: {what}")),
};
static const struct model_field life_fields[] = {
    F(DURATION, policy_life, length, "length", .json = "length", MORE(policy_life, has_length)),
    F(WORD, policy_life, start, "after", .json = "after", MORE(policy_life, has_length), .words = &policy_start_words),
    F(WORD, policy_life, lasts_while, "while", .json = "while", .words = &policy_condition_words),
    F(WORD, policy_life, unless, "unless", .json = "unless", .words = &policy_condition_words),
    F(WORD, policy_life, ending, "then", .json = "then", .words = &policy_ending_words),
    F(YES, policy_life, hold, "hold", .json = "hold"),
    F(NOT_NO, policy_life, ends_on_erasure, "ends-on-erasure", .json = "ends_on_erasure"),
    F(PROSE, policy_life, reason, "reason", .json = "reason"),
    F(LINE, policy_life, line, NULL, .json = NULL),
};
static const struct model_field kind_fields[] = {
    F(KIND, policy_kind, kind, "id", .json = "id"),
    F(LABEL, policy_kind, name, "name", .json = "name", .called = "name"),
    F(WORD, policy_kind, keep, "keep", .json = "keep", .words = &policy_keep_words,
      SAYS(UP, "{name}: now stored; until now kept in memory only.", "{name}: no longer stored; kept in memory only.")),
    F(WORD, policy_kind, place, "place", .json = "place", .words = &policy_place_words,
      SAYS(UP, "{name}: now on a disk, sealed; until now in memory only.", "{name}: no longer on a disk; in memory only.")),
    F(DURATION, policy_kind, memory, "longest", .json = "longest_in_memory", MORE(policy_kind, has_memory)),
    F(WORD, policy_kind, source, "source", .json = "source", .words = &policy_source_words,
      SAYS(ALWAYS, "{name}: from another source now.", NULL)),
    F(YES, policy_kind, needed, "needed", .json = "needed",
      SAYS(UP, "{name}: the service no longer works without it.", "{name}: the service works without it now.")),
    F(PROSE, policy_kind, what, "what", .json = "what", .called = "description"),
    F(PROSE, policy_kind, where, "where", .json = "where", .called = "place"),
    F(LABELS, policy_kind, categories, "category", .json = "categories",
      SAYS(UP, "It holds something new: {to}.", "It no longer names: {from}.")),
    F(IDS, policy_kind, subjects, "about", .json = "subjects", .attribute = "subject",
      SAYS(UP, "It is about more people: {to}.", "It is no longer about: {from}.")),
    F(IDS, policy_kind, purposes, "for", .json = "purposes", .attribute = "purpose",
      SAYS(UP, "It is used for a new purpose: {to}.", "It is no longer used for: {from}.")),
    F(RECORDS, policy_kind, lives, "life", .json = "lives", MORE(policy_kind, life_count), .record = RECORD(policy_life, life_fields)),
    F(LINE, policy_kind, line, NULL, .json = NULL),
};
static const struct model_field kinds_fields[] = {
    F(BY_KIND, policy, kinds, "kind", .json = "kinds", MORE(policy, kind_count), .record = RECORD(policy_kind, kind_fields),
      SAYS(UP, "A new kind of data: {name}.", "No longer held: {name}.")),
};
static const struct model_field region_fields[] = {
    F(OWN_TEXT, policy_region, id, NULL, .json = "id"),
    F(TEXT, policy_region, country, "country", .json = "country"),
    F(TEXT, policy_region, place, "place", .json = "place"),
    F(LINE, policy_region, line, NULL, .json = NULL),
};
static const struct model_field safeguard_fields[] = {
    F(WORD, policy_safeguard, type, "type", .json = "type", .words = &policy_safeguard_words),
    F(OPTIONAL, policy_safeguard, copy, "copy", .json = "copy"),
    F(OWN_PROSE, policy_safeguard, what, NULL, .json = "what"),
    F(LINE, policy_safeguard, line, NULL, .json = NULL),
};
static const struct model_field received_fields[] = {
    F(KIND, policy_received, kind, "kind", .json = "kind"),
    F(OPTIONAL, policy_received, fields, "fields", .json = "fields"),
};
static const struct model_field retention_fields[] = {
    F(DURATION, policy_processor, keeps, "longest", .json = "retention", MORE(policy_processor, has_keeps),
      SAYS(UP, "{brand} keeps what it gets for up to {to}.", "{brand} keeps what it gets for a shorter time: up to {to}."),
      .unsaid = "It is no longer said how long {brand} keeps what it gets."),
};
static const struct model_field processor_fields[] = {
    F(TEXT, policy_processor, id, "id", .json = "id"),
    F(TEXT, policy_processor, name, "name", .json = "legal_name", SAYS(ALWAYS, "Another company is behind {brand}: {to}.", NULL)),
    F(TEXT, policy_processor, brand, "brand", .json = "brand", .called = "name"),
    F(TEXT, policy_processor, service, "service", .json = "service"),
    F(WORD, policy_processor, standing, "standing", .json = "standing", .words = &policy_standing_words),
    F(LABEL, policy_processor, purpose, "task", .json = "task", .called = "task"),
    F(WORDS, policy_processor, roles, "roles", .json = "roles", .words = &policy_role_words,
      SAYS(UP, "It has a new task: {to}.", "It no longer has the task: {from}.")),
    F(NUMBER, policy_processor, order, "order", .json = "order", SAYS(NEVER, "The order in which {brand} is asked changed.", NULL)),
    F(WORD, policy_processor, use, "use", .json = "use", .words = &policy_use_words,
      SAYS(NEVER, "The order in which {brand} is asked changed.", NULL)),
    F(YES, policy_processor, local, NULL, .json = "local"),
    F(KINDS, policy_processor, kinds, "receives", .json = "receives", SAYS(UP, "{name} now gets: {to}.", "{name} no longer gets: {from}.")),
    F(RECORDS, policy_processor, received, "receives", .json = "received", MORE(policy_processor, received_count),
      .record = RECORD(policy_received, received_fields)),
    F(LABELS, policy_processor, never, "never", .json = "never",
      SAYS(DOWN, "It never gets: {to}.", "It is no longer promised that it never gets: {from}.")),
    F(KINDS, policy_processor, never_kinds, "never", .json = NULL),
    F(IDS, policy_processor, purposes, "for", .json = "purposes", .attribute = "purpose",
      SAYS(UP, "It works for a new purpose: {to}.", "It no longer works for: {from}.")),
    F(TEXTS, policy_processor, hosts, "host", .json = "hosts",
      SAYS(UP, "What is sent to {brand} may now also go to the host {to}.", "What is sent to {brand} no longer goes to the host {from}."),
      .covers = policy_host_matches),
    F(TEXTS, policy_processor, within, "within", .json = "within",
      SAYS(UP, "{brand} may now also stand at the addresses {to}.", "{brand} stands no longer at the addresses {from}."),
      .covers = address_range_text_within),
    F(RECORDS, policy_processor, regions, "region", .json = "regions", MORE(policy_processor, region_count), .translated = true,
      .record = KEYED(policy_region, region_fields, 2),
      SAYS(UP, "{brand} now works in a new place: {place}.", "{brand} no longer works in {place}.")),
    F(RECORDS, policy_processor, safeguards, "safeguard", .json = "safeguards", MORE(policy_processor, safeguard_count), .translated = true,
      .record = RECORD(policy_safeguard, safeguard_fields)),
    F(YES, policy_processor, trains, "trains", .json = "trains_on_data",
      SAYS(UP, "{brand} may now train on what it gets.", "{brand} no longer trains on what it gets.")),
    F(WORDS, policy_processor, ask, "ask", .json = "asked_for", .words = &policy_asked_words,
      SAYS(DOWN, "It is now asked for: {to}.", "It is no longer asked for: {from}.")),
    F(YES, policy_processor, anonymised, "anonymised", .json = "anonymised",
      SAYS(DOWN, "What {brand} gets is now anonymised first.", "What {brand} gets is no longer anonymised first.")),
    F(PROSE, policy_processor, training, "training", .json = NULL, .called = "training"),
    F(PROSE, policy_processor, retention, "retention", .json = "retention_text", .called = "retention"),
    F(PART, policy_processor, id, "retention", .record = RECORD(policy_processor, retention_fields)),
    F(OPTIONAL, policy_processor, policy, "policy", .json = "policy", .called = "policy link"),
    F(OPTIONAL, policy_processor, agreement, "agreement", .json = "agreement"),
    F(OPTIONAL, policy_processor, privacy_mail, "privacy-mail", .json = "privacy_mail"),
    F(DATE, policy_processor, added, "added", .json = "added"),
    F(DATE, policy_processor, effective, "effective", .json = "effective_from"),
    F(DATE, policy_processor, removed, "removed", .json = "removed", SAYS(DOWN, "{brand} is used no longer.", "{brand} is used again.")),
    F(LINE, policy_processor, line, NULL, .json = NULL),
};
static const struct model_field processors_fields[] = {
    F(RECORDS, policy, processors, "processor", .json = "processors", MORE(policy, processor_count),
      .record = RECORD(policy_processor, processor_fields),
      SAYS(UP, "A new processor: {brand} ({name}). {task}.", "{brand} is no longer a processor.")),
};
static const struct model_field page_fetch_fields[] = {
    F(PRESENT, policy, page_fetch, NULL, .json = NULL,
      SAYS(UP, "Our server now fetches pages that you name.", "Our server no longer fetches pages that you name.")),
    F(TEXT, policy, user_agent, "user-agent", .json = "user_agent", .called = "user agent"),
    F(PROSE, policy, page_fetch_what, "what", .json = "what"),
};
static const struct model_field cookie_fields[] = {
    F(TEXT, policy_cookie, name, "name", .json = "name"),
    F(WORD, policy_cookie, class, "class", .json = "class", .words = &policy_cookie_class_words,
      SAYS(NOT_FIRST, "The cookie {name} is now of the class {to}.", NULL)),
    F(LABEL, policy_cookie, purpose, "purpose", .json = "purpose", .called = "purpose"),
    F(WORD, policy_cookie, in, "in", .json = "in", .words = &policy_storage_words, .called = "place"),
    F(DURATION, policy_cookie, lasts, "lasts", .json = "lasts", MORE(policy_cookie, has_lasts),
      SAYS(UP, "The cookie {name} lasts longer: {to}.", "The cookie {name} lasts for a shorter time.")),
    F(OPTIONAL, policy_cookie, consent, "consent", .json = "consent",
      SAYS(DOWN, "Another consent stands behind the cookie {name}.", "The cookie {name} is set without asking.")),
    F(LINE, policy_cookie, line, NULL, .json = NULL),
};
static const struct model_field cookies_fields[] = {
    F(PROSE, policy, cookies_what, "what", .json = NULL),
    F(RECORDS, policy, cookies, "cookie", .json = "cookies", MORE(policy, cookie_count), .record = RECORD(policy_cookie, cookie_fields),
      SAYS(UP, "A new cookie: {name} ({purpose}).", "The cookie {name} is set no longer.")),
};
static const struct model_field third_party_fields[] = {
    F(TEXT, policy_third_party, origin, "origin", .json = "origin"),
    F(WORD, policy_third_party, type, "type", .json = "type", .words = &policy_resource_words),
    F(LABEL, policy_third_party, purpose, "purpose", .json = "purpose"),
    F(OPTIONAL, policy_third_party, processor, "processor", .json = "processor"),
    F(LINE, policy_third_party, line, NULL, .json = NULL),
};
static const struct model_field third_parties_fields[] = {
    F(PROSE, policy, third_parties_what, "what", .json = NULL),
    F(RECORDS, policy, third_parties, "resource", .json = "third_party_resources", MORE(policy, third_party_count),
      .record = KEYED(policy_third_party, third_party_fields, 2),
      SAYS(UP, "Pages now load something from a third party: {origin} ({type}).", "Pages no longer load anything from {origin} ({type}).")),
};
static const struct model_field answer_fields[] = {
    F(WORD, policy_right_answer, regime, "regime", .json = "regime", .words = &policy_regime_words),
    F(WITHIN, policy_right_answer, within, "within", .json = "within", MORE(policy_right_answer, statutory),
      SAYS(UP, "{name} is answered later: within {to}.", "{name} is answered sooner: within {to}.")),
    F(LINE, policy_right_answer, line, NULL, .json = NULL),
};
static const struct model_field right_fields[] = {
    F(WORD, policy_right, id, "id", .json = "id", .words = &policy_right_words),
    F(LABEL, policy_right, name, "name", .json = "name", .called = "name"),
    F(WORD, policy_right, who, "who", .json = "who", .words = &policy_who_words, SAYS(UP, "{name} is now for: {to}.", NULL)),
    F(WORD, policy_right, verify, "verify", .json = "verify", .words = &policy_verify_words,
      SAYS(UP, "For {name} you now show: {to}.", NULL)),
    F(YES, policy_right, self_service, "self-service", .json = "self_service",
      SAYS(DOWN, "{name} can now be used without asking us.", "{name} can no longer be used without asking us.")),
    F(WORD, policy_right, signal, "signal", .json = "signal", .words = &policy_signal_words,
      SAYS(DOWN, "For {name} the signal of your browser now counts.", "For {name} the signal of your browser counts no longer.")),
    F(PROSE, policy_right, how, "how", .json = "how", .called = "description"),
    F(RECORDS, policy_right, answers, "answer", .json = "answers", MORE(policy_right, answer_count),
      .record = RECORD(policy_right_answer, answer_fields),
      SAYS(DOWN, "{name} is now also promised under the regime {regime}.", "{name} is no longer promised under the regime {regime}.")),
    F(LINE, policy_right, line, NULL, .json = NULL),
};
static const struct model_field rights_fields[] = {
    F(YES, policy, connection, "connection", .json = "connection",
      SAYS(DOWN, "What the request log has of a connection can now be seen and deleted from it at once.",
	   "What the request log has of a connection can no longer be seen and deleted from it at once.")),
    F(RECORDS, policy, rights, "right", .json = "rights", MORE(policy, right_count), .record = RECORD(policy_right, right_fields),
      SAYS(DOWN, "A new right: {name}.", "A right is no longer promised: {name}.")),
};
static const struct model_field consent_fields[] = {
    F(TEXT, policy_consent, id, "id", .json = "id"),
    F(WORD, policy_consent, form, "form", .json = "form", .words = &policy_consent_form_words,
      SAYS(UP, "The consent {id} is now an {to}.", NULL)),
    F(PROSE, policy_consent, what, "what", .json = "what", .called = "description"),
    F(PROSE, policy_consent, withdraw, "withdraw", .json = "withdraw", .called = "withdrawal"),
    F(LINE, policy_consent, line, NULL, .json = NULL),
};
static const struct model_field consents_fields[] = {
    F(RECORDS, policy, consents, "consent", .json = "consents", MORE(policy, consent_count),
      .record = RECORD(policy_consent, consent_fields),
      SAYS(DOWN, "We now ask for a consent: {what}", "We no longer ask for your consent: {what}")),
};
static const struct model_field minimum_age_fields[] = {
    F(NUMBER, policy, minimum_age, "years", .json = "minimum_age", SAYS(DOWN, "The minimum age is now {to}.", NULL),
      .unsaid = "There is no minimum age any more; it was {from}."),
    F(YES, policy, minors_deleted, "deletes", .json = NULL,
      SAYS(DOWN, "Data of younger people is now deleted when it is found.",
	   "It is no longer promised that data of younger people is deleted when it is found.")),
    F(PROSE, policy, minimum_age_what, "what", .json = "minimum_age_text", .called = "text"),
};
static const struct model_field rule_fields[] = {
    F(WORD, policy_content_rule, id, "id", .json = "id", .words = &policy_content_words),
    F(WORD, policy_content_rule, action, "action", .json = "action", .words = &policy_action_words),
    F(PROSE, policy_content_rule, what, "what", .json = "what"),
    F(LINE, policy_content_rule, line, NULL, .json = NULL),
};
static const struct model_field content_fields[] = {
    F(RECORDS, policy, content_rules, "rule", .json = "content_rules", MORE(policy, content_rule_count),
      .record = RECORD(policy_content_rule, rule_fields)),
};
static const struct model_field advice_fields[] = {
    F(PROSES, policy, advice_paste, "paste", .json = "paste"),
    F(PROSES, policy, advice_publish, "publish", .json = "publish"),
};
static const struct model_field security_fields[] = {
    F(PROSES, policy, security, "measure", .json = "security",
      SAYS(FEWER, "Among the security measures now: {to}", "No longer among the security measures: {from}")),
};
static const struct model_field automated_fields[] = {
    F(YES, policy, automated_used, "used", .json = "used",
      SAYS(UP, "Decisions are now made automatically.", "Decisions are no longer made automatically.")),
    F(YES, policy, automated_legal_effect, "legal-effect", .json = "legal_effect",
      SAYS(UP, "Automated decisions can now have legal effect.", "Automated decisions no longer have legal effect.")),
    F(PROSE, policy, automated, "what", .json = "what", .called = "text"),
};
static const struct model_field claim_fields[] = {
    F(WORD, policy_claim, id, "id", .json = "id", .words = &policy_claim_words),
    F(KIND, policy_claim, kind, "kind", .json = "kind"),
    F(OPTIONAL, policy_claim, processor, "processor", .json = "processor"),
    F(PROSE, policy_claim, what, "what", .json = "what"),
    F(LINE, policy_claim, line, NULL, .json = NULL),
};
static const struct model_field promises_fields[] = {
    F(RECORDS, policy, claims, "promise", .json = "promises", MORE(policy, claim_count), .record = KEYED(policy_claim, claim_fields, 3),
      SAYS(DOWN, "A new promise: {what}", "No longer promised: {what}")),
};
static const struct model_field changes_fields[] = {
    F(DURATION, policy, notice, "notice", .json = "notice", SAYS(DOWN, "Changes are now announced {to} ahead.", NULL)),
    F(WORDS, policy, changes_by, "by", .json = "by", .words = &policy_channel_words),
    F(WORDS, policy, changes_material_by, "material-by", .json = "material_by", .words = &policy_channel_words,
      SAYS(DOWN, "Material changes are now also announced by: {to}.", "Material changes are no longer announced by: {from}.")),
    F(YES, policy, use_accepts, "use-accepts", .json = "use_accepts",
      SAYS(UP, "To go on using the site is now taken as accepting what changed.",
	   "To go on using the site is no longer taken as accepting what changed.")),
    F(PROSE, policy, changes, "what", .json = "what", .called = "text"),
};
static const struct model_field law_enforcement_fields[] = {
    F(WORD, policy, law_enforcement_answers, "answers", .json = NULL, .words = &policy_answers_words,
      SAYS(NOT_LAST, "Which requests of authorities are answered is now: {to}.", NULL),
      .unsaid = "It is no longer said which requests of authorities are answered; they were: {from}."),
    F(PROSE, policy, law_enforcement, "what", .json = "law_enforcement", .called = "text"),
};
static const struct model_field section_fields[] = {
    F(TEXT, policy_section, id, "id", .json = "id"),
    F(LABEL, policy_section, title, "title", .json = "title", SAYS(NEVER, "The section “{title}” is put differently.", NULL)),
    F(BLOCKS, policy_section, blocks, NULL, .json = "blocks", MORE(policy_section, block_count),
      SAYS(NEVER, "The section “{title}” is put differently.", NULL)),
    F(LINE, policy_section, line, NULL, .json = NULL),
};
static const struct model_field notice_fields[] = {
    F(PROSE, policy, lead, "lead", .json = "summary", .called = "lead"),
    F(RECORDS, policy, sections, "section", .json = "sections", MORE(policy, section_count),
      .record = RECORD(policy_section, section_fields),
      SAYS(NEVER, "A new section of the notice: {title}.", "The section “{title}” is gone.")),
};

#define PART(element, list, ...) F(PART, policy, file, element, .record = RECORD(policy, list), __VA_ARGS__)
#define PARTY(member, element, name, title)                                                                                                \
	F(RECORD, policy, member, element, .json = (name), .optional = true, .called = (title),                                            \
	  .record = RECORD(policy_party, party_fields))
static const struct model_field policy_fields[] = {
    F(TEXT, policy, site, "site", .json = "site"),
    F(TEXT, policy, shown_as, "shown-as", .json = "shown_as"),
    PART("languages", languages_fields, .json = NULL),
    F(RECORD, policy, service, "service", .json = "service", .optional = true, .record = RECORD(policy_service, service_fields)),
    PART("versions", versions_fields, .json = NULL),
    PARTY(controller, "controller", "controller", "controller"),
    PARTY(representative, "representative", "representative", "representative"),
    PARTY(officer, "officer", "data_protection_officer", "data protection officer"),
    PARTY(authority, "authority", "supervisory_authority", "supervisory authority"),
    PART("subjects", subjects_fields, .json = NULL),
    PART("purposes", purposes_fields, .json = NULL),
    PART("kinds", kinds_fields, .json = NULL),
    PART("processors", processors_fields, .json = NULL),
    PART("page-fetch", page_fetch_fields, .json = "page_fetch", .optional = true),
    PART("cookies", cookies_fields, .json = NULL),
    PART("third-parties", third_parties_fields, .json = NULL),
    PART("rights", rights_fields, .json = NULL),
    PART("consents", consents_fields, .json = NULL),
    PART("minimum-age", minimum_age_fields, .json = NULL),
    PART("content", content_fields, .json = NULL),
    PART("advice", advice_fields, .json = "advice"),
    PART("security", security_fields, .json = NULL),
    PART("automated-decisions", automated_fields, .json = "automated_decisions"),
    PART("promises", promises_fields, .json = NULL),
    PART("changes", changes_fields, .json = "changes"),
    PART("law-enforcement", law_enforcement_fields, .json = NULL),
    PART("notice", notice_fields, .json = NULL),
};
const struct model_record model_policy = {.size = sizeof(struct policy), .fields = policy_fields, .count = ARRAY_LEN(policy_fields)};

const void *model_at(const struct model_field *f, const void *base)
{
	return f->type == MODEL_PART ? base : (const char *)base + f->at;
}

const char *model_text(const struct model_field *f, const void *base)
{
	const char *text;

	memcpy(&text, model_at(f, base), sizeof text);
	return text;
}

bool model_flag(const struct model_field *f, const void *base)
{
	return *(const bool *)model_at(f, base);
}

bool model_stated(const struct model_field *f, const void *base)
{
	return f->more == 0 || *((const bool *)base + f->more);
}

unsigned model_number(const struct model_field *f, const void *base)
{
	unsigned number; // what an enum is, too

	static_assert(sizeof(enum policy_basis) == sizeof number && sizeof(enum kind) == sizeof number, "enums are read as unsigned");
	memcpy(&number, model_at(f, base), sizeof number);
	return number;
}

size_t model_count(const struct model_field *f, const void *base)
{
	return *(const size_t *)((const char *)base + f->more);
}

const void *model_item(const struct model_field *f, const void *base, size_t n)
{
	if (f->type == MODEL_BY_KIND)
		return policy_kind_at(base, n);
	return model_text(f, base) + n * f->record->size; // a pointer like any other
}

bool model_present(const struct model_record *record, const void *base)
{
	FOR_FIELDS(f, record)
	{
		if (f->type == MODEL_LINE)
			return *(const int *)model_at(f, base) != 0;
		if (f->type == MODEL_PRESENT)
			return model_flag(f, base);
	}
	return true;
}
