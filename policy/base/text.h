// SPDX-License-Identifier: ISC
// Text: encodings, and escaping named for the context it is for.
#ifndef LETHE_BASE_TEXT_H
#define LETHE_BASE_TEXT_H

#include "policy/base/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t utf8_valid_len(const char *s, size_t len); // how many of the bytes are, from the first
bool utf8_valid(const char *s, size_t len);       // strict UTF-8, no NUL, no surrogates
size_t utf8_count(const char *s);                 // characters of a valid string
size_t utf8_cut(const char *s, size_t max_bytes); // the longest whole-character prefix of at most max_bytes bytes

// Whether the word of `len` bytes is one of the list, between whose words spaces stand; ASCII in either case. The empty word is in none.
bool text_among(const char *list, const char *word, size_t len);

void hex_encode(char *out /* 2*len+1 */, const void *bytes, size_t len);
// A whole number in decimal, as "%lld" writes it, in a tenth of the time; returns its length.
enum { NUMBER_TEXT = 24 };
size_t text_number(char out[NUMBER_TEXT], int64_t value);
int hex_decode(void *out, size_t out_len, const char *hex); // exactly out_len bytes of hex, else -1

// `len` bytes from the kernel's generator. Ends the process if there are none.
void random_bytes(void *out, size_t len);
// A token of 256 random bits as 43 characters of base64url.
enum { TOKEN_BYTES = 32, TOKEN_LEN = 43 };
void token_new(char out[TOKEN_LEN + 1]);
void token_write(char out[TOKEN_LEN + 1], const uint8_t bytes[TOKEN_BYTES]);
bool token_shaped(const char *text);                         // 43 characters of base64url
bool equal_secret(const void *a, const void *b, size_t len); // constant time

int html_text(struct buf *out, const char *s); // for element content
int html_attr(struct buf *out, const char *s); // for a double-quoted attribute
int xml_text(struct buf *out, const char *s);  // as html_text, dropping what XML 1.0 forbids
// A format whose %s are escaped as xml_text does, which suits HTML too; besides %s it knows %d.
int xml_printf(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int url_part(struct buf *out, const char *s); // percent-encodes all but unreserved characters
int csv_cell(struct buf *out, const char *s); // RFC 4180, safe against formula injection
int markdown_text(struct buf *out, const char *s);
int header_value(struct buf *out, const char *s); // drops CR, LF, NUL and other controls

int url_decode(struct buf *out, const char *s, size_t len, bool plus_is_space); // -1 on a bad escape or an encoded NUL

#endif
