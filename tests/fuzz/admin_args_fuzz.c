// SPDX-License-Identifier: ISC
// Any command line: parsed or refused, and a refusal never repeats what a hidden option was given.
#include "admin/admin.h"
#include "policy/base/array.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct option_row *const tables[] = {erase_command.options, check_command.options, prune_command.options, NULL};
	char *argv[16], *line = malloc(size + 1);
	int argc = 0;

	memcpy(line, data, size);
	line[size] = '\0';
	for (char *at = line; at < line + size && argc < 16; at += strlen(at) + 1)
		argv[argc++] = at; // one argument to each NUL
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		struct arguments a = {0};
		struct err e = {0};
		int n = arguments_parse(&a, tables[i], erase_command.options, argc, argv, i == 1, &e);
		const char *receipt = argument(&a, "receipt");
		if (n > argc || (n < 0 && e.code != ERR_INPUT) ||
		    (receipt != NULL && *receipt && *receipt != '@' && strcmp(receipt, "-") != 0))
			abort();
	}
	free(line);
	return 0;
}
