// SPDX-License-Identifier: ISC
// A JSON body as a handler meets it: parsed, checked by a table, printed again.
#include "fcgi/serve/body.h"
#include "fcgi/serve/request_internal.h"
#include "fcgi/serve/serve.h"
#include "fcgi/serve/server.h"
#include "policy/base/json.h"
#include <stdlib.h>

static const char *const choices[] = {"photo", "minimal", NULL};
static const struct field fields[] = {
    {.name = "description", .type = FIELD_TEXT, .required = true, .min = 1, .max = 40},
    {.name = "count", .type = FIELD_INT, .min = 1, .max = 8},
    {.name = "style", .type = FIELD_CHOICE, .choices = choices},
    {.name = "confirm", .type = FIELD_BOOL},
    {0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct program program = {.name = "fuzz"};
	static struct server server = {.program = &program};
	struct request r = {.server = &server, .body = BUF_INIT(1 << 20)};
	struct problem no = {0};
	buf_add(&r.body, data, size);
	if (body_parse(&r, BODY_JSON, &no) == 0 && request_check(&r, fields) == 0) {
		long count = request_int(&r, "count", 4);
		if (count < 1 || count > 8 || request_text(&r, "description") == NULL)
			abort();
		respond_json(&r, 200, request_fields(&r));
	}
	request_free(&r);
	return 0;
}
