// SPDX-License-Identifier: ISC
#include "admin/requests.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void requests_officer(char out[OFFICER_MAX])
{
	const char *behind = getuid() == 0 ? setting("SUDO_USER", "") : "";
	const struct passwd *user = getpwuid(getuid()); // NOLINT(concurrency-mt-unsafe): one thread

	const char *name = *behind != '\0' ? behind : user != NULL ? user->pw_name : NULL;
	// "person" and "site" mean somebody else.
	bool taken = name != NULL && (strcmp(name, "person") == 0 || strcmp(name, "site") == 0);

	if (name != NULL)
		snprintf(out, OFFICER_MAX, "%s%s", name, taken ? "@host" : "");
	else
		snprintf(out, OFFICER_MAX, "user %u", (unsigned)getuid());
}

int requests_text(const struct arguments *args, const char *name, struct buf *out, struct err *e)
{
	const char *value = argument(args, name);

	if (value == NULL)
		return 0;
	if (*value == '\0')
		return ask_text("Text: ", out, e);
	if ((*value == '@' ? file_read(value + 1, out, e) : ask_input(out, e)) != 0)
		return -1;
	while (out->len > 0 && (out->data[out->len - 1] == '\n' || out->data[out->len - 1] == '\r'))
		out->data[--out->len] = '\0';
	return out->len > 0 && memchr(out->data, '\0', out->len) == NULL && utf8_valid(out->data, out->len)
		   ? 0
		   : err_set(e, ERR_INPUT, "--%s: that is no text", name);
}

enum status requests_failed(const struct err *e)
{
	return e->code == ERR_NOT_FOUND ? output_complain(STATUS_FOUND, "requests: %s; lethe requests list names those there are", e->text)
					: output_complain(e->code == ERR_INPUT ? STATUS_UNSURE : STATUS_FOUND, "requests: %s", e->text);
}
