// SPDX-License-Identifier: ISC
#include "policy/publish/documents/register.h"
#include "admin/admin.h"
#include <string.h>

static const struct option_row register_options[] = {
    {"format", OPTION_CHOICE, "csv|html", "how to print it (html)"},
    {"columns", OPTION_CHOICE, "ico|dpc|cnil", "the columns of the British, the Irish or the French authority (dpc)"},
    {0},
};

static enum status register_main(const struct admin *a, const struct arguments *args)
{
	const char *format = argument(args, "format"), *columns = argument(args, "columns");
	int model = columns != NULL ? policy_word_value(&register_models, columns, strlen(columns)) : REGISTER_DPC;
	struct census census;
	struct err e;
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	SITE_AUTO struct site s = {0};

	if (site_open(&s, a, VAULT_LOOK) != STATUS_DONE)
		return STATUS_UNSURE;
	if (model < 0)
		return output_complain(STATUS_UNSURE, "register: these columns are not built in");
	if (vault_census(s.vault, &census, &e) != 0)
		return output_complain(STATUS_UNSURE, "register: %s", e.text);
	JSON_AUTO cJSON *sent = site_traffic(a, NULL);
	const struct register_figures figures = {.census = &census, .traffic = sent, .at = when_now()};
	int rc = format != NULL && strcmp(format, "csv") == 0 ? register_csv(s.policy, (enum register_model)model, &figures, &out, &e)
							      : register_html(s.policy, (enum register_model)model, &figures, &out, &e);
	return rc < 0 ? output_complain(STATUS_UNSURE, "register: %s", e.text) : output_print(&out);
}

const struct command register_command = {.name = "register",
					 .run = register_main,
					 .line = "the register of processing (Article 30), with what is held beside what is promised",
					 .options = register_options};
