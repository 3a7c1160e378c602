// SPDX-License-Identifier: ISC
// Addresses that mail is sent to, in their plain form: what stands in a header and in a command to a server, and nothing else can.
#ifndef LETHE_BASE_MAIL_ADDRESS_H
#define LETHE_BASE_MAIL_ADDRESS_H

#include "policy/base/err.h"

enum { MAIL_ADDRESS_SIZE = 256 };
// Reads an address with spaces around it into `out`: letters before the @ as they are, the domain in lower case and, where it has letters outside
// ASCII, in its form for the name service (xn--…). ERR_INPUT says why it is none, without repeating it. Quoted local parts, address literals and letters
// outside ASCII before the @ (SMTPUTF8) are not taken.
int mail_address_read(char out[MAIL_ADDRESS_SIZE], const char *text, struct err *e);

#endif
