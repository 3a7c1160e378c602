// SPDX-License-Identifier: ISC
#include "admin/admin.h"

static enum status init(const struct admin *a, const struct arguments *args);

const struct command keys_commands[] = {
    {"init", init, "make the stores and the master key where they are missing", "", 0, 0, NULL, NULL},
    {0},
};

static enum status init(const struct admin *a, const struct arguments *args)
{
	SITE_AUTO struct site s = {0};

	(void)args;
	return site_make(&s, a);
}
