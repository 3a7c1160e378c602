// SPDX-License-Identifier: ISC
// Receipts, secrets and addresses of ZIPs as people paste them: with blanks around them.
#ifndef LETHE_RIGHTS_TOKEN_H
#define LETHE_RIGHTS_TOKEN_H

#include "policy/base/text.h"
#include <stdbool.h>

bool rights_token_read(char out[TOKEN_LEN + 1], const char *text);
// The token of a ZIP, in its address or by itself.
bool rights_token_archive(char out[TOKEN_LEN + 1], const char *text);

#endif
