// SPDX-License-Identifier: ISC
#include "policy/model/words.h"
#include "policy/base/array.h"
#include <string.h>

#define WORDS(name, type, ...)                                                                                                             \
	static const char *const name##_names[] = {__VA_ARGS__};                                                                           \
	const struct policy_words policy_##name##_words = {type, name##_names, ARRAY_LEN(name##_names)}
#define POLICY_NAME(value, name) [value] = (name)
#define LISTED(name, type, list) WORDS(name, type, list(POLICY_NAME))

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
LISTED(basis, "basis", POLICY_BASES);
LISTED(role, "role", POLICY_ROLES);
WORDS(standing, "standing", [STANDING_PROCESSOR] = "processor", [STANDING_SUBPROCESSOR] = "subprocessor",
      [STANDING_INDEPENDENT] = "independent", [STANDING_BUILT_IN] = "built-in", [STANDING_OWN] = "own");
WORDS(use, "use", [USE_PRIMARY] = "primary", [USE_BACKUP] = "backup", [USE_CHOICE] = "choice");
WORDS(asked, "asked", [ASK_NO_TRAINING] = "no-training", [ASK_NO_RETENTION] = "no-retention");
LISTED(safeguard, "safeguard", POLICY_SAFEGUARDS);
WORDS(storage, "storage", [STORAGE_COOKIE] = "cookie", [STORAGE_LOCAL] = "local", [STORAGE_SESSION] = "session");
LISTED(cookie_class, "cookie-class", POLICY_COOKIE_CLASSES);
WORDS(resource, "resource", [RESOURCE_SCRIPT] = "script", [RESOURCE_STYLE] = "style", [RESOURCE_IMAGE] = "image", [RESOURCE_FONT] = "font",
      [RESOURCE_CONNECT] = "connect", [RESOURCE_FRAME] = "frame");
WORDS(regime, "regime", [REGIME_GDPR] = "gdpr", [REGIME_UK_GDPR] = "uk-gdpr", [REGIME_CCPA] = "ccpa", [REGIME_PIPL] = "pipl",
      [REGIME_HOUSE] = "house");
LISTED(right, "right-id", POLICY_RIGHTS);
WORDS(who, "who", [WHO_EVERYONE] = "everyone", [WHO_ACCOUNT] = "account");
WORDS(verify, "verify", [VERIFY_NONE] = "none", [VERIFY_RECEIPT] = "receipt", [VERIFY_ACCOUNT] = "account", [VERIFY_MAIL] = "mail",
      [VERIFY_IDENTITY] = "identity");
WORDS(consent_form, NULL, [CONSENT_OPT_IN] = "opt-in", [CONSENT_OPT_OUT] = "opt-out");
WORDS(content, "content-rule", [RULE_MAIL_ADDRESS] = "mail-address", [RULE_PHONE_NUMBER] = "phone-number",
      [RULE_CARD_NUMBER] = "card-number", [RULE_IBAN] = "iban", [RULE_MINORS] = "minors");
WORDS(action, "action", [CONTENT_ALLOW] = "allow", [CONTENT_WARN] = "warn", [CONTENT_ANONYMISE] = "anonymise", [CONTENT_REFUSE] = "refuse");
LISTED(claim, "claim", POLICY_CLAIMS);
WORDS(way_in, "way-in", [WAY_IN_WEBSITE] = "website", [WAY_IN_API] = "api", [WAY_IN_DASHBOARD] = "dashboard");
WORDS(material, "material", [MATERIAL_DESCRIPTION] = "description", [MATERIAL_URL] = "url", [MATERIAL_UPLOAD] = "upload",
      [MATERIAL_PROMPT] = "prompt", [MATERIAL_POST] = "post");
WORDS(product, "product", [PRODUCT_IMAGES] = "images", [PRODUCT_ARCHIVE] = "archive", [PRODUCT_DESCRIPTION] = "description");
WORDS(channel, "channel", [CHANNEL_EFFECTIVE_DATE] = "effective-date", [CHANNEL_PROMINENT_NOTICE] = "prominent-notice",
      [CHANNEL_BANNER] = "banner", [CHANNEL_MAIL] = "mail", [CHANNEL_IN_APP] = "in-app");
LISTED(insert, "insert", POLICY_INSERTS);
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
