// SPDX-License-Identifier: ISC
#include "policy/publish/documents/register.h"
#include "admin/admin.h"
#include "policy/base/file.h"
#include <stdio.h>
#include <string.h>

static const struct option_row register_options[] = {
    {"format", OPTION_CHOICE, "html|csv|json|text", "how to print it (html)"},
    {"columns", OPTION_CHOICE, "ico|dpc|cnil", "the columns of the British, the Irish or the French authority (dpc)"},
    {"merge", OPTION_VALUE, "FILE", "an earlier one as CSV: what the officer filled in there is taken over"},
    {0},
};

static enum status register_main(const struct admin *a, const struct arguments *args)
{
	const char *format = argument(args, "format"), *columns = argument(args, "columns");
	int model = columns != NULL ? policy_word_value(&register_models, columns, strlen(columns)) : REGISTER_DPC;
	int form = format != NULL ? policy_word_value(&register_formats, format, strlen(format)) : REGISTER_HTML;
	const char *merge = argument(args, "merge");
	struct census census;
	struct err e;
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX), earlier = BUF_INIT(OUTPUT_MAX), lost = BUF_INIT(OUTPUT_MAX),
			    blank = BUF_INIT(OUTPUT_MAX), shown = BUF_INIT(OUTPUT_MAX);
	REGISTER_AUTO struct register_list list = {0};
	SITE_AUTO struct site s = {0};

	if (site_open(&s, a, VAULT_LOOK) != STATUS_DONE)
		return STATUS_UNSURE;
	if (model < 0 || form < 0)
		return output_complain(STATUS_UNSURE, "register: this is not built in");
	if (vault_census(s.vault, &census, &e) != 0)
		return output_complain(STATUS_UNSURE, "register: %s", e.text);
	JSON_AUTO cJSON *sent = site_traffic(a, NULL);
	const struct register_figures figures = {.census = &census, .traffic = sent, .at = when_now()};
	if (register_make(&list, s.policy, (enum register_model)model, &figures, &e) != 0)
		return output_complain(STATUS_UNSURE, "register: %s", e.text);
	if (merge != NULL &&
	    (file_read(merge, &earlier, &e) != 0 || register_merge(&list, buf_text(&earlier), earlier.len, &lost, &e) != 0))
		return output_complain(STATUS_UNSURE, "register: %s: %s", merge, e.text);
	if (register_write(&list, (enum register_format)form, &out, &e) != 0)
		return output_complain(STATUS_UNSURE, "register: %s", e.text);
	if (lost.len > 0)
		fprintf(stderr, "lethe: register: %s has activities that this policy has not, with what was filled in:\n%s", merge,
			buf_text(&lost));
	size_t count = register_blank(&list, &blank);
	if (count > 0)
		fprintf(stderr, "lethe: register: %zu cells are empty, for the officer to fill in (in the CSV, then --merge):\n%s", count,
			buf_text(&blank));
	output_wrapped_lines(&shown, buf_text(&out));
	return output_print(form == REGISTER_TEXT ? &shown : &out);
}

const struct command register_command = {.name = "register",
					 .run = register_main,
					 .line = "the register of processing (Article 30), with what is held beside what is promised",
					 .options = register_options};
