// SPDX-License-Identifier: ISC
#include "policy/base/mail_address.h"
#include <ctype.h>
#include <idn2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LOCAL_MAX = 64, DOMAIN_MAX = 185, LABEL_MAX = 63 };

// Words of `letters` with a dot between each two.
static bool words_dotted(const char *text, size_t len, const char *letters, size_t word_max)
{
	size_t word = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i == len || text[i] == '.') {
			if (word == 0 || word > word_max)
				return false;
			word = 0;
		} else if (text[i] == '\0' || strchr(letters, text[i]) == NULL) {
			return false;
		} else {
			word++;
		}
	}
	return true;
}

int mail_address_read(char out[MAIL_ADDRESS_SIZE], const char *text, struct err *e)
{
	static const char atoms[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-";
	text += strspn(text, " ");
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	const char *at = memchr(text, '@', len);
	if (at == NULL || len >= MAIL_ADDRESS_SIZE)
		return err_set(e, ERR_INPUT, "that is no mail address");
	size_t local = (size_t)(at - text);
	for (size_t i = 0; i < local; i++)
		if ((unsigned char)text[i] >= 0x80)
			return err_set(e, ERR_INPUT, "mail cannot be sent to an address with such letters before the @");
	if (local > LOCAL_MAX || !words_dotted(text, local, atoms, LOCAL_MAX))
		return err_set(e, ERR_INPUT, "that is no mail address: before the @ stands something that cannot");
	char domain[MAIL_ADDRESS_SIZE];
	bool foreign = false;
	snprintf(domain, sizeof domain, "%.*s", (int)(len - local - 1), at + 1);
	for (char *c = domain; *c != '\0'; c++) {
		foreign = foreign || (unsigned char)*c >= 0x80;
		*c = (char)tolower((unsigned char)*c);
	}
	if (foreign) {
		char *plain = NULL;
		if (idn2_to_ascii_8z(domain, &plain, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
			return err_set(e, ERR_INPUT, "that is no mail address: what stands after the @ is no name of a host");
		snprintf(domain, sizeof domain, "%s", plain);
		idn2_free(plain);
	}
	len = strlen(domain);
	if (len > DOMAIN_MAX || memchr(domain, '.', len) == NULL ||
	    !words_dotted(domain, len, "abcdefghijklmnopqrstuvwxyz0123456789-", LABEL_MAX) || domain[0] == '-' || domain[len - 1] == '-')
		return err_set(e, ERR_INPUT, "that is no mail address: what stands after the @ is no name of a host");
	if (snprintf(out, MAIL_ADDRESS_SIZE, "%.*s@%s", (int)local, text, domain) >= MAIL_ADDRESS_SIZE)
		return err_set(e, ERR_INPUT, "that is no mail address: it is too long");
	return 0;
}
