// SPDX-License-Identifier: ISC
#include "policy/base/requests.h"
#include "policy/base/setting.h"
#include <stdlib.h>
#include <unistd.h>

enum {
	DEFAULT_MAX = 10000,
	DEFAULT_MIN = 64,
	OF_THE_MEMORY = 4, // a quarter
	CONNECTIONS = 2,   // of nginx: the visitor's and the program's
	CONNECTIONS_OWN = 512,
};

unsigned requests_set(void)
{
	char *end;
	const char *text = setting("LETHE_REQUESTS_MAX", "");
	unsigned long value = strtoul(text, &end, 10);

	return *text >= '1' && *text <= '9' && *end == '\0' && value <= REQUESTS_MOST ? (unsigned)value : 0;
}

unsigned requests_max(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	long fit = pages > 0 && page > 0 ? pages / OF_THE_MEMORY / (REQUEST_BYTES / page) : DEFAULT_MIN;
	unsigned set = requests_set();

	return set != 0 ? set : fit > DEFAULT_MAX ? DEFAULT_MAX : fit < DEFAULT_MIN ? DEFAULT_MIN : (unsigned)fit;
}

unsigned long requests_descriptors(unsigned requests)
{
	return (unsigned long)requests * REQUEST_DESCRIPTORS + requests / REQUESTS_ARE_MADE + REQUESTS_DESCRIPTORS_OWN;
}

unsigned requests_with(unsigned long descriptors)
{
	unsigned long own = REQUESTS_DESCRIPTORS_OWN, each = REQUEST_DESCRIPTORS * REQUESTS_ARE_MADE + 1;
	unsigned long many = descriptors > own ? (descriptors - own) * REQUESTS_ARE_MADE / each : 0;

	if (many < REQUESTS_MOST && requests_descriptors((unsigned)many + 1) <= descriptors)
		many++; // what the division left
	return many > REQUESTS_MOST ? REQUESTS_MOST : many < 1 ? 1 : (unsigned)many;
}

// Visitors are not spread evenly over the workers, so each takes half as many again as its share.
unsigned requests_connections(unsigned requests)
{
	long workers = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned all = CONNECTIONS * requests, share = workers > 0 ? all / (unsigned)workers : all;

	return (share + share / 2 < all ? share + share / 2 : all) + CONNECTIONS_OWN;
}
