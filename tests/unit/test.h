// SPDX-License-Identifier: ISC
// cmocka wants these headers before its own, in this order.
#ifndef LETHE_TESTS_UNIT_TEST_H
#define LETHE_TESTS_UNIT_TEST_H
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
// clang-format on

// How many times as much as by default the tests of trust.txt try: `make trust` sets it.
static inline uint64_t trust_scale(void)
{
	const char *text = getenv("LETHE_TRUST_SCALE");
	uint64_t scale = text == NULL ? 1 : strtoull(text, NULL, 10);

	return scale == 0 ? 1 : scale;
}
#endif
