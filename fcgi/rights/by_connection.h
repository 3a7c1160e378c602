// SPDX-License-Identifier: ISC
// What is kept of the address that asks, for who has no receipt: lines of the request log alone, and nothing that a receipt opens.
//
// An address may be shared: by a household, a company, the customers of a provider. Whoever asks from it is told how many lines there are, and of those that
// were written for a browser that calls itself as theirs does now, the day: the rest of such a line is what their own request says. The time, and lines
// of other browsers, may be others' and are counted. Erasing takes all lines of the address: nobody was promised that they stay, and they are the asker's as much as anybody's.
#ifndef LETHE_RIGHTS_BY_CONNECTION_H
#define LETHE_RIGHTS_BY_CONNECTION_H

#include "fcgi/serve/serve.h"

// The address that the right is to be carried out for at once. NULL: the policy does not offer that, or whose address it is cannot be told; it was answered so.
const char *by_connection_address(struct request *r, enum policy_right_id right);

#endif
