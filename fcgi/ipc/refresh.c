// SPDX-License-Identifier: ISC
#include "fcgi/ipc/refresh.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SPACES " \t\r\n\f"

double refresh_read(const char *value, char *url, size_t size)
{
	const char *s = value + strspn(value, SPACES);
	size_t digits = strspn(s, "0123456789");
	double seconds = 0;
	if (digits == 0 && *s != '.')
		return -1;
	for (size_t i = 0; i < digits; i++)
		seconds = seconds * 10 + (s[i] - '0');
	s += digits;
	s += strspn(s, "0123456789."); // parts of a second do not count
	*url = '\0';
	if (*s == '\0')
		return seconds;
	if (strchr(SPACES ";,", *s) == NULL)
		return -1;
	s += strspn(s, SPACES);
	s += *s == ';' || *s == ',';
	s += strspn(s, SPACES);
	if (strncasecmp(s, "url", 3) == 0 && s[3 + strspn(s + 3, SPACES)] == '=') {
		s += 3;
		s += strspn(s, SPACES) + 1;
		s += strspn(s, SPACES);
	}
	char quote = *s == '"' || *s == '\'' ? *s++ : '\0';
	size_t len = quote != '\0' ? (size_t)(strchrnul(s, quote) - s) : strlen(s);
	while (len > 0 && strchr(SPACES, s[len - 1]) != NULL)
		len--;
	if (len >= size)
		return -1;
	memcpy(url, s, len);
	url[len] = '\0';
	return seconds;
}
