// SPDX-License-Identifier: ISC
#ifndef LETHE_BASE_ARRAY_H
#define LETHE_BASE_ARRAY_H

// The number of elements of an array (not of a pointer).
#define ARRAY_LEN(array) (sizeof(array) / sizeof *(array))

#endif
