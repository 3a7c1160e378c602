// SPDX-License-Identifier: ISC
#include "admin/shipped.h"
#include "policy/base/embed.h"

#ifndef LETHE_SHIPPED
#define LETHE_SHIPPED "build/release/shipped.txt"
#endif
EMBED(shipped_text, LETHE_SHIPPED);

const char *shipped(void)
{
	return shipped_text;
}
