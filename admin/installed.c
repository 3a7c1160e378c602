// SPDX-License-Identifier: ISC
// An officer who types `lethe check` means the site that is installed on this machine, with the settings that its services run with. So
// where the environment names no state folder, what the installed lethe.env sets is taken for every variable that is unset.
// The file is read as systemd reads it, but for line continuation: NAME=value, with or without quotes; # and ; begin comments.
#include "admin/admin.h"
#include "policy/base/file.h"
#include "policy/base/place.h"
#include "policy/base/setting.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTINGS_BYTES_MAX = 64 * 1024 };

int installed_read(const char *path, struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(SETTINGS_BYTES_MAX);
	char *rest = NULL;

	if (file_read(path, &text, e) != 0)
		return -1;
	for (char *line = text.data != NULL ? strtok_r(text.data, "\n", &rest) : NULL; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		line += strspn(line, " \t");
		size_t name = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		if (name == 0 || line[name] != '=' || (*line >= '0' && *line <= '9'))
			continue;
		// White space and one pair of quotes go from both ends.
		char *value = line + name + 1 + strspn(line + name + 1, " \t");
		size_t len = strlen(value);
		while (len > 0 && strchr(" \t\r", value[len - 1]) != NULL)
			len--;
		bool quoted = len >= 2 && (value[0] == '"' || value[0] == '\'') && value[len - 1] == value[0];
		line[name] = value[len - quoted] = '\0';
		if (setenv(line, value + quoted, 0) < 0)
			return err_set(e, ERR_MEMORY, "%s: no memory", path);
	}
	return 0;
}

enum status installed_settings(const char *state)
{
	char path[4096];
	struct err e;

	if (state == NULL && setting("LETHE_STATE", NULL) == NULL) {
		if (installed_read(place_settings, &e) != 0 && e.code != ERR_NOT_FOUND)
			return output_complain(STATUS_UNSURE, "%s", e.text);
		// The services get it as a credential; only root can read it here.
		if (setting("LETHE_MASTER_KEY_FILE", NULL) == NULL && setting("CREDENTIALS_DIRECTORY", NULL) == NULL &&
		    access(place_master_key, R_OK) == 0)
			setenv("LETHE_MASTER_KEY_FILE", place_master_key, 0);
	}
	if (path_join(path, sizeof path, state != NULL ? state : setting_state(), "run.env", &e) != 0 ||
	    (installed_read(path, &e) != 0 && e.code != ERR_NOT_FOUND))
		return output_complain(STATUS_UNSURE, "%s", e.text);
	return STATUS_DONE;
}
