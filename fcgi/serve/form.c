// SPDX-License-Identifier: ISC
#include "fcgi/serve/internal.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include <stdio.h>
#include <string.h>

enum { FIELDS_MAX = 64, NAME_BYTES_MAX = 64 };

static int decode(struct buf *out, const char *text, size_t len, struct err *e)
{
	buf_reset(out);
	if (memmem(text, len, "%00", 3) != NULL || memchr(text, 0, len) != NULL)
		return err_set(e, ERR_INPUT, "the text holds a character that is not allowed (U+0000)");
	if (url_decode(out, text, len, true) != 0 || out->failed)
		return err_set(e, ERR_INPUT, "a percent escape is malformed");
	if (!utf8_valid(buf_text(out), out->len))
		return err_set(e, ERR_INPUT, "the text is not valid UTF-8");
	return 0;
}

// One "name=value" into the object.
static int pair_add(cJSON *object, const char *text, size_t len, struct buf *scratch, char name[72], struct err *e)
{
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
	*name = 0;
	if (decode(scratch, text, name_len, e) != 0)
		return -1;
	if (scratch->len == 0 || scratch->len > NAME_BYTES_MAX)
		return err_set(e, ERR_INPUT, "a field's name is empty or longer than %d bytes", NAME_BYTES_MAX);
	snprintf(name, 72, "%s", buf_text(scratch));
	if (cJSON_GetObjectItemCaseSensitive(object, name) != NULL)
		return err_set(e, ERR_INPUT, "the field is given more than once");
	if (decode(scratch, equals != NULL ? equals + 1 : "", equals != NULL ? len - name_len - 1 : 0, e) != 0)
		return -1;
	if (cJSON_AddStringToObject(object, name, buf_text(scratch)) == NULL)
		return err_set(e, ERR_MEMORY, "out of memory");
	return 0;
}

cJSON *form_parse(const char *text, size_t len, char name[72], struct err *e)
{
	BUF_AUTO_WIPE struct buf scratch = BUF_INIT(len + 1);
	cJSON *object = cJSON_CreateObject();
	*name = 0;
	unsigned fields = 0;
	for (size_t at = 0; object != NULL && at < len;) {
		const char *end = memchr(text + at, '&', len - at);
		size_t part = end != NULL ? (size_t)(end - text) - at : len - at;
		if (part && ++fields > FIELDS_MAX) {
			*name = 0;
			err_set(e, ERR_INPUT, "the form has more than %d fields", FIELDS_MAX);
			json_free(&object);
		} else if (part && pair_add(object, text + at, part, &scratch, name, e) != 0) {
			json_free(&object);
		}
		at += part + 1;
	}
	return object;
}
