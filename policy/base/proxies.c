// SPDX-License-Identifier: ISC
#include "policy/base/proxies.h"
#include "policy/base/address_range.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include <string.h>

enum { PROXIES_BYTES_MAX = 64 * 1024 };

const char *proxies_header(void)
{
	return setting("LETHE_PROXY_HEADER", "X-Forwarded-For");
}

bool proxies_protocol(void)
{
	return strcmp(proxies_header(), "proxy_protocol") == 0;
}

int proxies_read(struct buf *out, struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(PROXIES_BYTES_MAX);
	const char *set = setting("LETHE_TRUSTED_PROXIES", ""), *header = proxies_header();
	char *lines = NULL, *words = NULL;

	if (*set == '\0')
		return 0;
	if (!proxies_protocol() && header[strspn(header, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] != '\0')
		return err_set(e, ERR_INPUT, "LETHE_PROXY_HEADER is no name of a header: %s", header);
	if (*set == '@' ? file_read(set + 1, &text, e) != 0 : buf_adds(&text, set) != 0)
		return err_prefix(e, "LETHE_TRUSTED_PROXIES");
	for (char *line = text.len > 0 ? strtok_r(text.data, "\n", &lines) : NULL; line != NULL; line = strtok_r(NULL, "\n", &lines)) {
		line[strcspn(line, "#")] = '\0';
		for (char *word = strtok_r(line, " \t\r,", &words); word != NULL; word = strtok_r(NULL, " \t\r,", &words)) {
			struct address_range network;
			if (address_range_read(&network, word) != 0)
				return err_set(e, ERR_INPUT, "LETHE_TRUSTED_PROXIES: %s is no address and no network", word);
			if (network.bits == 0)
				return err_set(e, ERR_INPUT, "LETHE_TRUSTED_PROXIES: %s is everybody: any visitor could say to be another",
					       word);
			buf_printf(out, "%s\n", word);
		}
	}
	return out->failed ? err_set(e, ERR_MEMORY, "LETHE_TRUSTED_PROXIES is too long") : 0;
}
