// SPDX-License-Identifier: ISC
#include "policy/vault/erase_by.h"

const char *erase_by_word(enum erase_by by)
{
	static const char *const names[] = {
	    [ERASE_RECEIPT] = "receipt", [ERASE_ADDRESS] = "address", [ERASE_RECORD] = "record", [ERASE_CONTACT] = "contact"};

	return names[by];
}
