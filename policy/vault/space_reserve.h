// SPDX-License-Identifier: ISC
// A file in the state folder that takes space until it is needed, so that erasing works on a full disk.
#ifndef LETHE_VAULT_SPACE_RESERVE_H
#define LETHE_VAULT_SPACE_RESERVE_H

#include <stdbool.h>

bool space_reserve(const char *state, bool take); // takes the space, or gives it free; false: it was so already, or it cannot be done

#endif
