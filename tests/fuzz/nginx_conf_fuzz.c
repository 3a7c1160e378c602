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
	const struct nginx_directive *root = c != NULL ? nginx_conf_root(c) : NULL;
	for (const struct nginx_directive *d = root != NULL ? nginx_directive_next(root, root) : NULL; d != NULL;
	     d = nginx_directive_next(root, d))
		if (d->parent == NULL || nginx_word(d, d->word_count)[0] != '\0')
			abort();
	nginx_conf_free(c);
	return 0;
}
