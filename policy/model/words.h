// SPDX-License-Identifier: ISC
// The closed words of the policy language: an enum for each and one table of names, in its order. Strings stand only where a policy is read
// and where it is written for programs; everything between uses the enum. The value 0 of an enum whose attribute may be absent is what its
// absence means.
#ifndef LETHE_MODEL_WORDS_H
#define LETHE_MODEL_WORDS_H

#include <stddef.h>

enum policy_keep { KEEP_UNDECLARED, KEEP_MEMORY, KEEP_STORED };
enum policy_signal { SIGNAL_NONE, SIGNAL_GPC }; // of a browser, which stands for a right
enum policy_place { PLACE_MEMORY, PLACE_DISK }; // of a kind's files
enum policy_start { START_CREATION, START_COMPLETION, START_CLOSING, START_ACCOUNT_END };
enum policy_ending { END_DELETE, END_ANONYMISE };
enum policy_condition { CONDITION_NONE, CONDITION_ACCOUNT, CONDITION_SERVICE, CONDITION_SAVED, CONDITION_CONSENT, CONDITION_CLOSED };
enum policy_source { SOURCE_VISITOR, SOURCE_BROWSER, SOURCE_PAGE, SOURCE_PROCESSOR, SOURCE_SERVER, SOURCE_OFFICER };
enum policy_basis {
	BASIS_CONSENT,
	BASIS_CONTRACT,
	BASIS_LEGAL_OBLIGATION,
	BASIS_LEGITIMATE_INTERESTS,
	BASIS_VITAL_INTERESTS,
	BASIS_PUBLIC_TASK
};
enum policy_role {
	ROLE_TEXT,
	ROLE_IMAGE,
	ROLE_DESCRIPTION,
	ROLE_HOSTING,
	ROLE_STORAGE,
	ROLE_NETWORK,
	ROLE_MAIL,
	ROLE_PAYMENT,
	ROLE_ANALYTICS,
	ROLE_SUPPORT,
	ROLE_COUNT
};
enum policy_standing { STANDING_PROCESSOR, STANDING_SUBPROCESSOR, STANDING_INDEPENDENT, STANDING_BUILT_IN, STANDING_OWN };
// Asked first; when the others fail; when the visitor picks it.
enum policy_use { USE_PRIMARY, USE_BACKUP, USE_CHOICE };
enum policy_asked { ASK_NO_TRAINING, ASK_NO_RETENTION };
enum policy_safeguard_type {
	SAFEGUARD_ADEQUACY,
	SAFEGUARD_DATA_PRIVACY_FRAMEWORK,
	SAFEGUARD_STANDARD_CONTRACTUAL_CLAUSES,
	SAFEGUARD_BINDING_CORPORATE_RULES,
	SAFEGUARD_EXPLICIT_CONSENT,
	SAFEGUARD_CONTRACT_WITH_SUBJECT,
	SAFEGUARD_PRIVACY_SHIELD,
	SAFEGUARD_SAFE_HARBOUR
};
enum policy_storage { STORAGE_COOKIE, STORAGE_LOCAL, STORAGE_SESSION };
enum policy_cookie_class {
	COOKIE_NECESSARY,
	COOKIE_FUNCTIONAL,
	COOKIE_PREFERENCE,
	COOKIE_PERSONALISATION,
	COOKIE_PERFORMANCE,
	COOKIE_ANALYTICS,
	COOKIE_MARKETING
};
enum policy_resource { RESOURCE_SCRIPT, RESOURCE_STYLE, RESOURCE_IMAGE, RESOURCE_FONT, RESOURCE_CONNECT, RESOURCE_FRAME };
enum policy_regime { REGIME_GDPR, REGIME_UK_GDPR, REGIME_CCPA, REGIME_PIPL, REGIME_HOUSE };
enum policy_right_id {
	RIGHT_ACCESS,
	RIGHT_RECTIFICATION,
	RIGHT_ERASURE,
	RIGHT_PORTABILITY,
	RIGHT_RESTRICTION,
	RIGHT_OBJECTION,
	RIGHT_WITHDRAWAL,
	RIGHT_COMPLAINT,
	RIGHT_HUMAN_REVIEW,
	RIGHT_OPT_OUT_OF_SALE,
	RIGHT_NON_DISCRIMINATION,
	RIGHT_FEEDBACK,
	RIGHT_KNOW,
	RIGHT_OPT_OUT_OF_MARKETING,
	RIGHT_OPT_OUT_OF_ANALYTICS,
	RIGHT_COOKIE_PREFERENCES,
	RIGHT_DATA_SHARING,
	RIGHT_EARLY_PURGE,
	RIGHT_STOP_USING,
	RIGHT_COUNT
};
enum policy_who { WHO_EVERYONE, WHO_ACCOUNT };
// How much a person has to show, least first.
enum policy_verify { VERIFY_NONE, VERIFY_RECEIPT, VERIFY_ACCOUNT, VERIFY_MAIL, VERIFY_IDENTITY };
enum policy_consent_form { CONSENT_OPT_IN, CONSENT_OPT_OUT };
enum policy_content { RULE_MAIL_ADDRESS, RULE_PHONE_NUMBER, RULE_CARD_NUMBER, RULE_IBAN, RULE_MINORS, RULE_COUNT };
// What protects more comes later.
enum policy_action { CONTENT_ALLOW, CONTENT_WARN, CONTENT_ANONYMISE, CONTENT_REFUSE };
enum policy_claim_id {
	CLAIM_NO_ACCOUNT,
	CLAIM_NO_NAME,
	CLAIM_NO_BILLING,
	CLAIM_NO_PROFILES,
	CLAIM_NO_LINKING,
	CLAIM_NO_SALE,
	CLAIM_NO_SHARING,
	CLAIM_NO_ADVERTISING,
	CLAIM_NO_ANALYTICS,
	CLAIM_NO_TRACKING,
	CLAIM_NO_COOKIES,
	CLAIM_NO_THIRD_PARTY_RESOURCES,
	CLAIM_NO_TRAINING,
	CLAIM_NO_DISK,
	CLAIM_NO_HUMAN_ACCESS,
	CLAIM_NO_TRANSFER,
	CLAIM_NO_PERSONAL_DATA,
	CLAIM_NO_MIXING,
	CLAIM_NO_CARD_DATA,
	CLAIM_NO_BROWSING_HISTORY,
	CLAIM_COUNT
};
enum policy_way_in { WAY_IN_WEBSITE, WAY_IN_API, WAY_IN_DASHBOARD };
enum policy_material { MATERIAL_DESCRIPTION, MATERIAL_URL, MATERIAL_UPLOAD, MATERIAL_PROMPT, MATERIAL_POST };
enum policy_product { PRODUCT_IMAGES, PRODUCT_ARCHIVE, PRODUCT_DESCRIPTION };
enum policy_channel { CHANNEL_EFFECTIVE_DATE, CHANNEL_PROMINENT_NOTICE, CHANNEL_BANNER, CHANNEL_MAIL, CHANNEL_IN_APP };
enum policy_insert {
	INSERT_KINDS,
	INSERT_PROCESSORS,
	INSERT_COOKIES,
	INSERT_THIRD_PARTIES,
	INSERT_RIGHTS,
	INSERT_CONSENTS,
	INSERT_CONTENT,
	INSERT_ADVICE_PASTE,
	INSERT_ADVICE_PUBLISH,
	INSERT_SECURITY,
	INSERT_PROMISES,
	INSERT_CONTROLLER,
	INSERT_VERSIONS
};
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
