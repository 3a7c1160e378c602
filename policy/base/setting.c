// SPDX-License-Identifier: ISC
#include "policy/base/setting.h"
#include "policy/base/file.h"
#include "policy/base/place.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : otherwise;
}

const char setting_installed_state[] = "/var/lib/lethe";

const char *setting_state(void)
{
	return setting("LETHE_STATE", setting_installed_state);
}

const char *setting_run(void)
{
	return setting("LETHE_RUN", "/run/lethe");
}

const char *setting_policy(void)
{
	return setting("LETHE_POLICY", place_policy);
}

static void trim_end(struct buf *b)
{
	while (b->len > 0 && isspace((unsigned char)b->data[b->len - 1]))
		b->data[--b->len] = '\0';
}

static int secret_file(const char *path, struct buf *out, struct err *e)
{
	if (file_read(path, out, e) != 0)
		return -1;
	trim_end(out);
	return 0;
}

int setting_secret(const char *name, struct buf *out, struct err *e)
{
	char path[4096], variable[128];

	snprintf(variable, sizeof variable, "%s_FILE", name);
	const char *file = setting(variable, NULL);
	if (file != NULL && secret_file(file, out, e) != 0) { // it was named: that it is not there is no "not set"
		if (e != NULL && e->code == ERR_NOT_FOUND)
			e->code = ERR_IO;
		return err_prefix(e, "%s", variable);
	}
	if (file != NULL)
		return 0;
	const char *credentials = setting("CREDENTIALS_DIRECTORY", NULL);
	if (credentials != NULL && path_join(path, sizeof path, credentials, name, e) == 0 && secret_file(path, out, e) == 0 &&
	    out->len > 0)
		return 0;
	const char *value = setting(name, NULL);
	if (value == NULL)
		return err_set(e, ERR_NOT_FOUND, "%s is not set: give it as the file %s, a systemd credential or the variable", name,
			       variable);
	if (buf_adds(out, value) != 0)
		return err_set(e, ERR_MEMORY, "%s is too long", name);
	trim_end(out);
	return 0;
}
