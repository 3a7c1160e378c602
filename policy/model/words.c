// SPDX-License-Identifier: ISC
#include "policy/model/words.h"
#include "policy/base/array.h"
#include "policy/model/policy.h"
#include <string.h>

#define WORDS(name, ...)                                                                                                                   \
	static const char *const name##_names[] = {__VA_ARGS__};                                                                           \
	const struct policy_words policy_##name##_words = {name##_names, ARRAY_LEN(name##_names)}

WORDS(role, [ROLE_TEXT] = "text", [ROLE_IMAGE] = "image", [ROLE_DESCRIPTION] = "description", [ROLE_HOSTING] = "hosting",
      [ROLE_STORAGE] = "storage", [ROLE_NETWORK] = "network", [ROLE_MAIL] = "mail", [ROLE_PAYMENT] = "payment",
      [ROLE_ANALYTICS] = "analytics", [ROLE_SUPPORT] = "support");
WORDS(use, [USE_PRIMARY] = "primary", [USE_BACKUP] = "backup", [USE_CHOICE] = "choice");

const char *policy_word(const struct policy_words *words, unsigned value)
{
	return value < words->count ? words->names[value] : NULL;
}

int policy_word_value(const struct policy_words *words, const char *name, size_t len)
{
	for (unsigned i = 0; i < words->count; i++) {
		if (words->names[i] != NULL && strlen(words->names[i]) == len && strncmp(words->names[i], name, len) == 0)
			return (int)i;
	}
	return -1;
}
