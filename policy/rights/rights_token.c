// SPDX-License-Identifier: ISC
#include "policy/rights/rights_token.h"
#include <string.h>

static bool token_before(char out[TOKEN_LEN + 1], const char *text, const char *suffix)
{
	static const char space[] = " \t\r\n";

	text += strspn(text, space);
	size_t len = strcspn(text, ". \t\r\n");
	const char *rest = text + len;
	if (strncmp(rest, suffix, strlen(suffix)) == 0)
		rest += strlen(suffix);
	if (len != TOKEN_LEN || rest[strspn(rest, space)] != '\0')
		return false;
	memcpy(out, text, TOKEN_LEN);
	out[TOKEN_LEN] = '\0';
	return token_shaped(out);
}

bool rights_token_read(char out[TOKEN_LEN + 1], const char *text)
{
	return token_before(out, text, "");
}

bool rights_token_archive(char out[TOKEN_LEN + 1], const char *text)
{
	const char *slash = strrchr(text, '/');

	return token_before(out, slash != NULL ? slash + 1 : text, ".zip");
}
