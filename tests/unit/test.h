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
#endif
