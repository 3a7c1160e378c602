// SPDX-License-Identifier: ISC
// cmocka wants these headers before its own, in this order.
#ifndef LETHE_TESTS_UNIT_TEST_H
#define LETHE_TESTS_UNIT_TEST_H
// clang-format off
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
// clang-format on

// How much a test of trust.txt tries: `quick` in `make test`; in `make trust` so many percent of `full` as LETHE_TRUST says, and never less than `quick`.
static inline uint64_t trust_size(uint64_t quick, uint64_t full)
{
	const char *text = getenv("LETHE_TRUST");
	const double size = text == NULL ? 0 : strtod(text, NULL) / 100 * (double)full;

	return size > (double)quick ? (uint64_t)size : quick;
}

static inline bool trust_full(void)
{
	return getenv("LETHE_TRUST") != NULL;
}

// Whether what must not wait took less. A machine that does other things too may stand still for as long as it likes, so it is judged at full size only.
#define TRUST_SOON(took, ms) (!trust_full() || (took) < (ms))

// What a random test starts from: the same in every run, but where LETHE_TRUST_SEED asks for another. It is printed, to be repeated.
static inline unsigned trust_seed(unsigned usual)
{
	const char *text = getenv("LETHE_TRUST_SEED");
	const unsigned seed = text == NULL ? usual : (unsigned)strtoul(text, NULL, 10);

	print_message("seed %u\n", seed);
	return seed;
}

// LETHE_TEST: of the program's tests the one of that name alone is run.
__attribute__((constructor)) static void test_select(void)
{
	const char *name = getenv("LETHE_TEST");

	if (name != NULL)
		cmocka_set_test_filter(name);
}
#endif
