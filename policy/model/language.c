// SPDX-License-Identifier: ISC
#include "policy/model/language.h"
#include <string.h>

static const char *const codes[LANGUAGE_COUNT] = {"en", "de", "zh"};

int language_from_code(enum language *out, const char *code)
{
	size_t len = strcspn(code, "-");

	*out = LANGUAGE_EN;
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
		if (strlen(codes[i]) == len && strncmp(codes[i], code, len) == 0) {
			*out = (enum language)i;
			return 0;
		}
	}
	return -1;
}
