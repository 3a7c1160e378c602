// SPDX-License-Identifier: ISC
// The closed words of the policy language: an enum for each and one table of names, in its order. Strings stand only where a policy is read
// and where it is written for programs; everything between uses the enum. The value 0 of an enum whose attribute may be absent is what its
// absence means.
#ifndef LETHE_MODEL_WORDS_H
#define LETHE_MODEL_WORDS_H

#include <stddef.h>

// A long enum is a list of its values with their words.
#define POLICY_VALUE(value, name) value
enum policy_keep { KEEP_UNDECLARED, KEEP_MEMORY, KEEP_STORED };
enum policy_signal { SIGNAL_NONE, SIGNAL_GPC }; // of a browser, which stands for a right
enum policy_place { PLACE_MEMORY, PLACE_DISK }; // of a kind's files
enum policy_start { START_CREATION, START_COMPLETION, START_CLOSING, START_ACCOUNT_END };
enum policy_ending { END_DELETE, END_ANONYMISE };
enum policy_condition { CONDITION_NONE, CONDITION_ACCOUNT, CONDITION_SERVICE, CONDITION_SAVED, CONDITION_CONSENT, CONDITION_CLOSED };
enum policy_source { SOURCE_VISITOR, SOURCE_BROWSER, SOURCE_PAGE, SOURCE_PROCESSOR, SOURCE_SERVER, SOURCE_OFFICER };
#define POLICY_BASES(word)                                                                                                                 \
	word(BASIS_CONSENT, "consent"), word(BASIS_CONTRACT, "contract"), word(BASIS_LEGAL_OBLIGATION, "legal-obligation"),                \
	    word(BASIS_LEGITIMATE_INTERESTS, "legitimate-interests"), word(BASIS_VITAL_INTERESTS, "vital-interests"),                      \
	    word(BASIS_PUBLIC_TASK, "public-task")
enum policy_basis { POLICY_BASES(POLICY_VALUE) };
#define POLICY_ROLES(word)                                                                                                                 \
	word(ROLE_TEXT, "text"), word(ROLE_IMAGE, "image"), word(ROLE_DESCRIPTION, "description"), word(ROLE_HOSTING, "hosting"),          \
	    word(ROLE_STORAGE, "storage"), word(ROLE_NETWORK, "network"), word(ROLE_MAIL, "mail"), word(ROLE_PAYMENT, "payment"),          \
	    word(ROLE_ANALYTICS, "analytics"), word(ROLE_SUPPORT, "support")
enum policy_role { POLICY_ROLES(POLICY_VALUE), ROLE_COUNT };
enum policy_standing { STANDING_PROCESSOR, STANDING_SUBPROCESSOR, STANDING_INDEPENDENT, STANDING_BUILT_IN, STANDING_OWN };
// Asked first; when the others fail; when the visitor picks it.
enum policy_use { USE_PRIMARY, USE_BACKUP, USE_CHOICE };
enum policy_asked { ASK_NO_TRAINING, ASK_NO_RETENTION };
#define POLICY_SAFEGUARDS(word)                                                                                                            \
	word(SAFEGUARD_ADEQUACY, "adequacy"), word(SAFEGUARD_DATA_PRIVACY_FRAMEWORK, "data-privacy-framework"),                            \
	    word(SAFEGUARD_STANDARD_CONTRACTUAL_CLAUSES, "standard-contractual-clauses"),                                                  \
	    word(SAFEGUARD_BINDING_CORPORATE_RULES, "binding-corporate-rules"), word(SAFEGUARD_EXPLICIT_CONSENT, "explicit-consent"),      \
	    word(SAFEGUARD_CONTRACT_WITH_SUBJECT, "contract-with-subject"), word(SAFEGUARD_PRIVACY_SHIELD, "privacy-shield"),              \
	    word(SAFEGUARD_SAFE_HARBOUR, "safe-harbour")
enum policy_safeguard_type { POLICY_SAFEGUARDS(POLICY_VALUE) };
enum policy_storage { STORAGE_COOKIE, STORAGE_LOCAL, STORAGE_SESSION };
#define POLICY_COOKIE_CLASSES(word)                                                                                                        \
	word(COOKIE_NECESSARY, "necessary"), word(COOKIE_FUNCTIONAL, "functional"), word(COOKIE_PREFERENCE, "preference"),                 \
	    word(COOKIE_PERSONALISATION, "personalisation"), word(COOKIE_PERFORMANCE, "performance"), word(COOKIE_ANALYTICS, "analytics"), \
	    word(COOKIE_MARKETING, "marketing")
enum policy_cookie_class { POLICY_COOKIE_CLASSES(POLICY_VALUE) };
enum policy_resource { RESOURCE_SCRIPT, RESOURCE_STYLE, RESOURCE_IMAGE, RESOURCE_FONT, RESOURCE_CONNECT, RESOURCE_FRAME };
enum policy_regime { REGIME_GDPR, REGIME_UK_GDPR, REGIME_CCPA, REGIME_PIPL, REGIME_HOUSE };
#define POLICY_RIGHTS(word)                                                                                                                \
	word(RIGHT_ACCESS, "access"), word(RIGHT_RECTIFICATION, "rectification"), word(RIGHT_ERASURE, "erasure"),                          \
	    word(RIGHT_PORTABILITY, "portability"), word(RIGHT_RESTRICTION, "restriction"), word(RIGHT_OBJECTION, "objection"),            \
	    word(RIGHT_WITHDRAWAL, "withdrawal"), word(RIGHT_COMPLAINT, "complaint"), word(RIGHT_HUMAN_REVIEW, "human-review"),            \
	    word(RIGHT_OPT_OUT_OF_SALE, "opt-out-of-sale"), word(RIGHT_NON_DISCRIMINATION, "non-discrimination"),                          \
	    word(RIGHT_FEEDBACK, "feedback"), word(RIGHT_KNOW, "know"), word(RIGHT_OPT_OUT_OF_MARKETING, "opt-out-of-marketing"),          \
	    word(RIGHT_OPT_OUT_OF_ANALYTICS, "opt-out-of-analytics"), word(RIGHT_COOKIE_PREFERENCES, "cookie-preferences"),                \
	    word(RIGHT_DATA_SHARING, "data-sharing"), word(RIGHT_EARLY_PURGE, "early-purge"), word(RIGHT_STOP_USING, "stop-using")
enum policy_right_id { POLICY_RIGHTS(POLICY_VALUE), RIGHT_COUNT };
enum policy_who { WHO_EVERYONE, WHO_ACCOUNT };
// How much a person has to show, least first.
enum policy_verify { VERIFY_NONE, VERIFY_RECEIPT, VERIFY_ACCOUNT, VERIFY_MAIL, VERIFY_IDENTITY };
enum policy_consent_form { CONSENT_OPT_IN, CONSENT_OPT_OUT };
enum policy_content { RULE_MAIL_ADDRESS, RULE_PHONE_NUMBER, RULE_CARD_NUMBER, RULE_IBAN, RULE_MINORS, RULE_COUNT };
// What protects more comes later.
enum policy_action { CONTENT_ALLOW, CONTENT_WARN, CONTENT_ANONYMISE, CONTENT_REFUSE };
#define POLICY_CLAIMS(word)                                                                                                                \
	word(CLAIM_NO_ACCOUNT, "no-account"), word(CLAIM_NO_NAME, "no-name"), word(CLAIM_NO_BILLING, "no-billing"),                        \
	    word(CLAIM_NO_PROFILES, "no-profiles"), word(CLAIM_NO_LINKING, "no-linking"), word(CLAIM_NO_SALE, "no-sale"),                  \
	    word(CLAIM_NO_SHARING, "no-sharing"), word(CLAIM_NO_ADVERTISING, "no-advertising"), word(CLAIM_NO_ANALYTICS, "no-analytics"),  \
	    word(CLAIM_NO_TRACKING, "no-tracking"), word(CLAIM_NO_COOKIES, "no-cookies"),                                                  \
	    word(CLAIM_NO_THIRD_PARTY_RESOURCES, "no-third-party-resources"), word(CLAIM_NO_TRAINING, "no-training"),                      \
	    word(CLAIM_NO_DISK, "no-disk"), word(CLAIM_NO_HUMAN_ACCESS, "no-human-access"), word(CLAIM_NO_TRANSFER, "no-transfer"),        \
	    word(CLAIM_NO_PERSONAL_DATA, "no-personal-data"), word(CLAIM_NO_MIXING, "no-mixing"),                                          \
	    word(CLAIM_NO_CARD_DATA, "no-card-data"), word(CLAIM_NO_BROWSING_HISTORY, "no-browsing-history")
enum policy_claim_id { POLICY_CLAIMS(POLICY_VALUE), CLAIM_COUNT };
enum policy_way_in { WAY_IN_WEBSITE, WAY_IN_API, WAY_IN_DASHBOARD };
enum policy_material { MATERIAL_DESCRIPTION, MATERIAL_URL, MATERIAL_UPLOAD, MATERIAL_PROMPT, MATERIAL_POST };
enum policy_product { PRODUCT_IMAGES, PRODUCT_ARCHIVE, PRODUCT_DESCRIPTION };
enum policy_channel { CHANNEL_EFFECTIVE_DATE, CHANNEL_PROMINENT_NOTICE, CHANNEL_BANNER, CHANNEL_MAIL, CHANNEL_IN_APP };
#define POLICY_INSERTS(word)                                                                                                               \
	word(INSERT_KINDS, "kinds"), word(INSERT_PROCESSORS, "processors"), word(INSERT_COOKIES, "cookies"),                               \
	    word(INSERT_THIRD_PARTIES, "third-parties"), word(INSERT_RIGHTS, "rights"), word(INSERT_CONSENTS, "consents"),                 \
	    word(INSERT_CONTENT, "content"), word(INSERT_ADVICE_PASTE, "advice-paste"), word(INSERT_ADVICE_PUBLISH, "advice-publish"),     \
	    word(INSERT_SECURITY, "security"), word(INSERT_PROMISES, "promises"), word(INSERT_CONTROLLER, "controller"),                   \
	    word(INSERT_VERSIONS, "versions")
enum policy_insert { POLICY_INSERTS(POLICY_VALUE) };
// In which the software has words of its own (policy/publish/words), by the first part of the code: "zh-Hans" is LANGUAGE_ZH. A notice in
// another one would be half in English, so it is refused.
enum language { LANGUAGE_EN, LANGUAGE_DE, LANGUAGE_ZH, LANGUAGE_COUNT };
enum policy_answers { ANSWERS_UNSTATED, ANSWERS_VALID_REQUESTS, ANSWERS_REQUIRED_BY_LAW };

#define POLICY_BIT(value) (1u << (value)) // of a set of words

struct policy_words {
	const char *type;         // its name in policy.xsd; NULL for a list that stands there without a name
	const char *const *names; // by value; NULL for a value that has no word
	unsigned count;
};
extern const struct policy_words policy_keep_words, policy_place_words, policy_signal_words, policy_start_words, policy_ending_words,
    policy_condition_words, policy_source_words, policy_basis_words, policy_role_words, policy_standing_words, policy_use_words,
    policy_asked_words, policy_safeguard_words, policy_storage_words, policy_cookie_class_words, policy_resource_words, policy_regime_words,
    policy_right_words, policy_who_words, policy_verify_words, policy_consent_form_words, policy_content_words, policy_action_words,
    policy_claim_words, policy_way_in_words, policy_material_words, policy_product_words, policy_channel_words, policy_insert_words,
    policy_answers_words, policy_language_words;

const char *policy_word(const struct policy_words *words, unsigned value); // NULL when the value has no word
// The value of the word that is the first `len` bytes of `name`; -1 when it is none of them.
int policy_word_value(const struct policy_words *words, const char *name, size_t len);

#endif
