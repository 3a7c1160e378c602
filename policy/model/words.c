// SPDX-License-Identifier: ISC
#include "policy/model/words.h"
#include "policy/base/array.h"
#include <string.h>

#define WORDS(name, type, ...)                                                                                                             \
	static const char *const name##_names[] = {__VA_ARGS__};                                                                           \
	const struct policy_words policy_##name##_words = {type, name##_names, ARRAY_LEN(name##_names)}

WORDS(keep, "keep", [KEEP_MEMORY] = "memory", [KEEP_STORED] = "stored");
WORDS(place, NULL, [PLACE_DISK] = "disk");
WORDS(signal, NULL, [SIGNAL_GPC] = "gpc");
WORDS(start, "start", [START_CREATION] = "creation", [START_COMPLETION] = "completion", [START_CLOSING] = "closing",
      [START_ACCOUNT_END] = "account-end");
WORDS(ending, "ending", [END_DELETE] = "delete", [END_ANONYMISE] = "anonymise");
WORDS(condition, "condition", [CONDITION_ACCOUNT] = "account", [CONDITION_SERVICE] = "service", [CONDITION_SAVED] = "saved",
      [CONDITION_CONSENT] = "consent", [CONDITION_CLOSED] = "closed");
WORDS(source, "source", [SOURCE_VISITOR] = "visitor", [SOURCE_BROWSER] = "browser", [SOURCE_PAGE] = "page",
      [SOURCE_PROCESSOR] = "processor", [SOURCE_SERVER] = "server", [SOURCE_OFFICER] = "officer");
WORDS(basis, "basis", [BASIS_CONSENT] = "consent", [BASIS_CONTRACT] = "contract", [BASIS_LEGAL_OBLIGATION] = "legal-obligation",
      [BASIS_LEGITIMATE_INTERESTS] = "legitimate-interests", [BASIS_VITAL_INTERESTS] = "vital-interests",
      [BASIS_PUBLIC_TASK] = "public-task");
WORDS(role, "role", [ROLE_TEXT] = "text", [ROLE_IMAGE] = "image", [ROLE_DESCRIPTION] = "description", [ROLE_HOSTING] = "hosting",
      [ROLE_STORAGE] = "storage", [ROLE_NETWORK] = "network", [ROLE_MAIL] = "mail", [ROLE_PAYMENT] = "payment",
      [ROLE_ANALYTICS] = "analytics", [ROLE_SUPPORT] = "support");
WORDS(standing, "standing", [STANDING_PROCESSOR] = "processor", [STANDING_SUBPROCESSOR] = "subprocessor",
      [STANDING_INDEPENDENT] = "independent", [STANDING_BUILT_IN] = "built-in", [STANDING_OWN] = "own");
WORDS(use, "use", [USE_PRIMARY] = "primary", [USE_BACKUP] = "backup", [USE_CHOICE] = "choice");
WORDS(asked, "asked", [ASK_NO_TRAINING] = "no-training", [ASK_NO_RETENTION] = "no-retention");
WORDS(safeguard, "safeguard", [SAFEGUARD_ADEQUACY] = "adequacy", [SAFEGUARD_DATA_PRIVACY_FRAMEWORK] = "data-privacy-framework",
      [SAFEGUARD_STANDARD_CONTRACTUAL_CLAUSES] = "standard-contractual-clauses",
      [SAFEGUARD_BINDING_CORPORATE_RULES] = "binding-corporate-rules", [SAFEGUARD_EXPLICIT_CONSENT] = "explicit-consent",
      [SAFEGUARD_CONTRACT_WITH_SUBJECT] = "contract-with-subject", [SAFEGUARD_PRIVACY_SHIELD] = "privacy-shield",
      [SAFEGUARD_SAFE_HARBOUR] = "safe-harbour");
WORDS(storage, "storage", [STORAGE_COOKIE] = "cookie", [STORAGE_LOCAL] = "local", [STORAGE_SESSION] = "session");
WORDS(cookie_class, "cookie-class", [COOKIE_NECESSARY] = "necessary", [COOKIE_FUNCTIONAL] = "functional",
      [COOKIE_PREFERENCE] = "preference", [COOKIE_PERSONALISATION] = "personalisation", [COOKIE_PERFORMANCE] = "performance",
      [COOKIE_ANALYTICS] = "analytics", [COOKIE_MARKETING] = "marketing");
WORDS(resource, "resource", [RESOURCE_SCRIPT] = "script", [RESOURCE_STYLE] = "style", [RESOURCE_IMAGE] = "image", [RESOURCE_FONT] = "font",
      [RESOURCE_CONNECT] = "connect", [RESOURCE_FRAME] = "frame");
WORDS(regime, "regime", [REGIME_GDPR] = "gdpr", [REGIME_UK_GDPR] = "uk-gdpr", [REGIME_CCPA] = "ccpa", [REGIME_PIPL] = "pipl",
      [REGIME_HOUSE] = "house");
WORDS(right, "right-id", [RIGHT_ACCESS] = "access", [RIGHT_RECTIFICATION] = "rectification", [RIGHT_ERASURE] = "erasure",
      [RIGHT_PORTABILITY] = "portability", [RIGHT_RESTRICTION] = "restriction", [RIGHT_OBJECTION] = "objection",
      [RIGHT_WITHDRAWAL] = "withdrawal", [RIGHT_COMPLAINT] = "complaint", [RIGHT_HUMAN_REVIEW] = "human-review",
      [RIGHT_OPT_OUT_OF_SALE] = "opt-out-of-sale", [RIGHT_NON_DISCRIMINATION] = "non-discrimination", [RIGHT_FEEDBACK] = "feedback",
      [RIGHT_KNOW] = "know", [RIGHT_OPT_OUT_OF_MARKETING] = "opt-out-of-marketing", [RIGHT_OPT_OUT_OF_ANALYTICS] = "opt-out-of-analytics",
      [RIGHT_COOKIE_PREFERENCES] = "cookie-preferences", [RIGHT_DATA_SHARING] = "data-sharing", [RIGHT_EARLY_PURGE] = "early-purge",
      [RIGHT_STOP_USING] = "stop-using");
WORDS(who, "who", [WHO_EVERYONE] = "everyone", [WHO_ACCOUNT] = "account");
WORDS(verify, "verify", [VERIFY_NONE] = "none", [VERIFY_RECEIPT] = "receipt", [VERIFY_ACCOUNT] = "account", [VERIFY_MAIL] = "mail",
      [VERIFY_IDENTITY] = "identity");
WORDS(consent_form, NULL, [CONSENT_OPT_IN] = "opt-in", [CONSENT_OPT_OUT] = "opt-out");
WORDS(content, "content-rule", [RULE_MAIL_ADDRESS] = "mail-address", [RULE_PHONE_NUMBER] = "phone-number",
      [RULE_CARD_NUMBER] = "card-number", [RULE_IBAN] = "iban", [RULE_MINORS] = "minors");
WORDS(action, "action", [CONTENT_ALLOW] = "allow", [CONTENT_WARN] = "warn", [CONTENT_ANONYMISE] = "anonymise", [CONTENT_REFUSE] = "refuse");
WORDS(claim, "claim", [CLAIM_NO_ACCOUNT] = "no-account", [CLAIM_NO_NAME] = "no-name", [CLAIM_NO_BILLING] = "no-billing",
      [CLAIM_NO_PROFILES] = "no-profiles", [CLAIM_NO_LINKING] = "no-linking", [CLAIM_NO_SALE] = "no-sale",
      [CLAIM_NO_SHARING] = "no-sharing", [CLAIM_NO_ADVERTISING] = "no-advertising", [CLAIM_NO_ANALYTICS] = "no-analytics",
      [CLAIM_NO_TRACKING] = "no-tracking", [CLAIM_NO_COOKIES] = "no-cookies", [CLAIM_NO_THIRD_PARTY_RESOURCES] = "no-third-party-resources",
      [CLAIM_NO_TRAINING] = "no-training", [CLAIM_NO_DISK] = "no-disk", [CLAIM_NO_HUMAN_ACCESS] = "no-human-access",
      [CLAIM_NO_TRANSFER] = "no-transfer", [CLAIM_NO_PERSONAL_DATA] = "no-personal-data", [CLAIM_NO_MIXING] = "no-mixing",
      [CLAIM_NO_CARD_DATA] = "no-card-data", [CLAIM_NO_BROWSING_HISTORY] = "no-browsing-history");
WORDS(way_in, "way-in", [WAY_IN_WEBSITE] = "website", [WAY_IN_API] = "api", [WAY_IN_DASHBOARD] = "dashboard");
WORDS(material, "material", [MATERIAL_DESCRIPTION] = "description", [MATERIAL_URL] = "url", [MATERIAL_UPLOAD] = "upload",
      [MATERIAL_PROMPT] = "prompt", [MATERIAL_POST] = "post");
WORDS(product, "product", [PRODUCT_IMAGES] = "images", [PRODUCT_ARCHIVE] = "archive", [PRODUCT_DESCRIPTION] = "description");
WORDS(channel, "channel", [CHANNEL_EFFECTIVE_DATE] = "effective-date", [CHANNEL_PROMINENT_NOTICE] = "prominent-notice",
      [CHANNEL_BANNER] = "banner", [CHANNEL_MAIL] = "mail", [CHANNEL_IN_APP] = "in-app");
WORDS(insert, "insert", [INSERT_KINDS] = "kinds", [INSERT_PROCESSORS] = "processors", [INSERT_COOKIES] = "cookies",
      [INSERT_THIRD_PARTIES] = "third-parties", [INSERT_RIGHTS] = "rights", [INSERT_CONSENTS] = "consents", [INSERT_CONTENT] = "content",
      [INSERT_ADVICE_PASTE] = "advice-paste", [INSERT_ADVICE_PUBLISH] = "advice-publish", [INSERT_SECURITY] = "security",
      [INSERT_PROMISES] = "promises", [INSERT_CONTROLLER] = "controller", [INSERT_VERSIONS] = "versions");
WORDS(answers, NULL, [ANSWERS_VALID_REQUESTS] = "valid-requests", [ANSWERS_REQUIRED_BY_LAW] = "required-by-law");
WORDS(language, NULL, [LANGUAGE_EN] = "en", [LANGUAGE_DE] = "de", [LANGUAGE_ZH] = "zh");

const char *policy_word(const struct policy_words *words, unsigned value)
{
	return value < words->count ? words->names[value] : NULL;
}

int policy_word_value(const struct policy_words *words, const char *name, size_t len)
{
	for (unsigned i = 0; i < words->count; i++) {
		const char *word = words->names[i];
		if (word != NULL && word[0] == name[0] && strncmp(word, name, len) == 0 && word[len] == '\0')
			return (int)i;
	}
	return -1;
}
