// SPDX-License-Identifier: ISC
#include "admin/nginx_conf.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e;
	BUF_AUTO struct buf dump = BUF_INIT(1024 * 1024);

	buf_adds(&dump, "# configuration file /nginx.conf:\n");
	buf_add(&dump, data, size);
	struct nginx_conf *c = nginx_conf_parse(buf_text(&dump), &e);
	const struct directive *root = c != NULL ? nginx_conf_root(c) : NULL;
	for (const struct directive *d = root != NULL ? directive_next(root, root) : NULL; d != NULL; d = directive_next(root, d))
		if (d->parent == NULL || directive_word(d, d->word_count)[0] != '\0')
			abort();
	nginx_conf_free(c);
	return 0;
}
