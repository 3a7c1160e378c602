// SPDX-License-Identifier: ISC
#include "fcgi/provider/s3_name.h"
#include <stdio.h>
#include <string.h>

void s3_name_new(char out[PROVIDER_OBJECT_NAME], const char *folder)
{
	char token[TOKEN_LEN + 1];

	token_new(token);
	snprintf(out, PROVIDER_OBJECT_NAME, "%.32s/%s", folder, token);
	explicit_bzero(token, sizeof token);
}

bool s3_name_folder(const char *folder, size_t len)
{
	return len > 0 && len <= 32 && strspn(folder, "abcdefghijklmnopqrstuvwxyz0123456789-") >= len;
}

bool s3_name_shaped(const char *name)
{
	size_t folder = name != NULL ? strcspn(name, "/") : 0;

	return s3_name_folder(name, folder) && name[folder] == '/' && token_shaped(name + folder + 1);
}
