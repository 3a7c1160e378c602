// SPDX-License-Identifier: ISC
// Which addresses the page fetch may reach: the public Internet, and nothing else.
#ifndef LETHE_EGRESS_ADDRESS_H
#define LETHE_EGRESS_ADDRESS_H

#include <sys/socket.h>

// NULL when a page may be fetched from this address; else why not ("private network"). Judges the address alone. In a testing build
// 127.0.0.0/8 and ::1 are allowed, and nothing else more.
const char *address_forbidden(const struct sockaddr *address, socklen_t len);
// The same, and this machine's own addresses are forbidden too (they are read at the first call of address_load_own).
void address_load_own(void);

#endif
