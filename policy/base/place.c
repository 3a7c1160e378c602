// SPDX-License-Identifier: ISC
#include "policy/base/place.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

// The Makefile defines both.
#ifndef LETHE_PREFIX
#define LETHE_PREFIX "/usr"
#endif
#ifndef LETHE_SYSCONFDIR
#define LETHE_SYSCONFDIR "/etc"
#endif

#ifndef LETHE_VERSION
#define LETHE_VERSION "unknown"
#endif

const char place_html[] = LETHE_PREFIX "/share/lethe/html";
const char place_policy[] = LETHE_SYSCONFDIR "/lethe/policy.xml";
const char place_settings[] = LETHE_SYSCONFDIR "/lethe/lethe.env";
const char place_master_key[] = LETHE_SYSCONFDIR "/lethe/master.key";
const char place_keys[] = LETHE_SYSCONFDIR "/lethe/keys";
const char place_nginx[] = LETHE_SYSCONFDIR "/lethe/nginx.conf";
const char place_version[] = LETHE_VERSION;

bool place_version_asked(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "--version") != 0)
		return false;
	printf("%s (Lethe) %s\n", program_invocation_short_name, place_version);
	return true;
}
