// SPDX-License-Identifier: ISC
// Egress may send no packet to a private network, by its unit; the name servers that this machine uses must be allowed.
#include "admin/check.h"
#include "policy/base/address_range.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include <arpa/inet.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { UNIT_BYTES_MAX = 64 * 1024 };

// Is the address in this network, as IPAddressDeny= names one: a word of systemd's, an address, or one with the length of its prefix?
static bool network_holds(const char *network, const char *address)
{
	static const struct {
		const char *word, *networks[3];
	} words[] = {{"localhost", {"127.0.0.0/8", "::1/128", NULL}},
		     {"link-local", {"169.254.0.0/16", "fe80::/64", NULL}},
		     {"multicast", {"224.0.0.0/4", "ff00::/8", NULL}},
		     {"any", {"0.0.0.0/0", "::/0", NULL}}};
	struct address_range range, at;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		for (const char *const *n = words[i].networks; strcmp(words[i].word, network) == 0 && *n != NULL; n++)
			if (network_holds(*n, address))
				return true;
	return address_range_read(&range, network) == 0 && address_range_read(&at, address) == 0 && address_range_within(&at, &range);
}

// Does a line of the file, NAME=network network …, hold the address?
static bool unit_says(const char *path, const char *name, const char *address)
{
	BUF_AUTO struct buf text = BUF_INIT(UNIT_BYTES_MAX);
	size_t len = strlen(name);
	char *rest = NULL, *words = NULL;

	if (file_read(path, &text, NULL) != 0 || text.len == 0)
		return false;
	for (char *line = strtok_r(text.data, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		for (char *word = strtok_r(line + len + 1, " \t", &words); word != NULL; word = strtok_r(NULL, " \t", &words))
			if (network_holds(word, address))
				return true;
	}
	return false;
}

static bool name_server_reached(const char *unit, const char *address)
{
	bool reached = !unit_says(unit, "IPAddressDeny", address) || unit_says(unit, "IPAddressAllow", address);
	glob_t found = {0};

	if (!reached && glob("/etc/systemd/system/lethe-egress.service.d/*.conf", 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			reached |= unit_says(found.gl_pathv[i], "IPAddressAllow", address);
	globfree(&found);
	return reached;
}

static void check_resolver(struct check *c)
{
	BUF_AUTO struct buf text = BUF_INIT(UNIT_BYTES_MAX);
	static const char unit[] = "/usr/lib/systemd/system/lethe-egress.service";
	char address[INET6_ADDRSTRLEN];
	char *rest = NULL;

	if (!c->units_hold || setting("LETHE_UNITS", NULL) != NULL || access(unit, F_OK) < 0 ||
	    file_read("/etc/resolv.conf", &text, NULL) != 0 || text.len == 0) {
		check_add(c, CHECK_EMPTY, "", "egress has no unit here, or this process sees no resolv.conf");
		return;
	}
	for (char *line = strtok_r(text.data, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		if (sscanf(line, " nameserver %45s", address) == 1 && !name_server_reached(unit, address))
			check_add(c, CHECK_BROKEN, "lethe-setup allows it; then systemctl restart lethe-egress.",
				  "egress may not ask the name server %s: no host's name becomes an address", address);
}

const struct check_row check_resolver_rows[] = {
    {"resolver", "Egress reaches this machine's name servers.", 0, check_resolver, "egress may ask the name servers of resolv.conf"},
    {0},
};
