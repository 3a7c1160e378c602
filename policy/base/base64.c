// SPDX-License-Identifier: ISC
// The vector code follows Wojciech Muła and Daniel Lemire, "Faster Base64 Encoding and Decoding using AVX2 Instructions" (2018).
#include "policy/base/base64.h"
#include <stdbool.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Both take as much as they can of whole blocks and return how much that is: bytes to encode, digits to decode.
#ifdef __x86_64__

#define AVX2       __attribute__((target("avx2")))
#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__) // a table of 16 bytes, in both halves

static bool has_vectors(void)
{
	return __builtin_cpu_supports("avx2");
}

AVX2 static size_t blocks_encode(char *to, const unsigned char *from, size_t len)
{
	const __m256i spread = TWICE(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
	// What is added to a value to make its digit: by 0 for 26–51, 1–10 for 52–61, 11 and 12 for the last two, 13 for 0–25.
	const __m256i offsets = TWICE('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
				      '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
	size_t done = 0;
	for (; len - done >= 28; done += 24, to += 32) { // the second load is 16 bytes from the 12th on, of which 12 count
		__m256i in = _mm256_loadu2_m128i((const __m128i_u *)(const void *)(from + done + 12),
						 (const __m128i_u *)(const void *)(from + done));
		in = _mm256_shuffle_epi8(in, spread);
		__m256i odd = _mm256_mulhi_epu16(_mm256_and_si256(in, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
		__m256i even = _mm256_mullo_epi16(_mm256_and_si256(in, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
		__m256i values = _mm256_or_si256(odd, even);
		__m256i which = _mm256_subs_epu8(values, _mm256_set1_epi8(51)); // 0 for 0–51
		__m256i low = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
		which = _mm256_or_si256(which, _mm256_and_si256(low, _mm256_set1_epi8(13)));
		_mm256_storeu_si256((__m256i_u *)(void *)to, _mm256_add_epi8(values, _mm256_shuffle_epi8(offsets, which)));
	}
	return done;
}

// Ends before the block that holds something else than digits.
AVX2 static size_t blocks_decode(char *to, const char *from, size_t len)
{
	// A character is a digit where the sets of its two halves share no bit.
	const __m256i by_low = TWICE(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
	const __m256i by_high = TWICE(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
	// What is added to a digit to make its value, by its upper half; 1 is for '/', which shares it with '+'.
	const __m256i offsets = TWICE(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
	const __m256i pack = TWICE(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
	const __m256i join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1);
	const __m256i slash = _mm256_set1_epi8('/'); // also a mask of the lower half that leaves bit 7 out, as the shuffle wants it
	size_t done = 0;
	for (; len - done >= 44; done += 32, to += 24) { // a store is 32 bytes, of which 24 count
		__m256i in = _mm256_loadu_si256((const __m256i_u *)(const void *)(from + done));
		__m256i high = _mm256_and_si256(_mm256_srli_epi32(in, 4), slash), low = _mm256_and_si256(in, slash);
		if (!_mm256_testz_si256(_mm256_shuffle_epi8(by_low, low), _mm256_shuffle_epi8(by_high, high)))
			break;
		in = _mm256_add_epi8(in, _mm256_shuffle_epi8(offsets, _mm256_add_epi8(_mm256_cmpeq_epi8(in, slash), high)));
		in = _mm256_maddubs_epi16(in, _mm256_set1_epi32(0x01400140));
		in = _mm256_madd_epi16(in, _mm256_set1_epi32(0x00011000));
		_mm256_storeu_si256((__m256i_u *)(void *)to, _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(in, pack), join));
	}
	return done;
}

#else

static bool has_vectors(void)
{
	return false;
}

static size_t blocks_encode(char *to, const unsigned char *from, size_t len)
{
	return (void)to, (void)from, (void)len, 0;
}

static size_t blocks_decode(char *to, const char *from, size_t len)
{
	return (void)to, (void)from, (void)len, 0;
}

#endif

static int base64_add_as(struct buf *out, const unsigned char *b, size_t len, const char *digits, bool pad)
{
	char *p = buf_reserve(out, (len + 2) / 3 * 4);
	char *start = p;

	if (p == NULL)
		return -1;
	if (digits == standard && has_vectors()) {
		size_t done = blocks_encode(p, b, len);
		p += done / 3 * 4;
		b += done;
		len -= done;
	}
	for (; len >= 3; b += 3, len -= 3) {
		*p++ = digits[b[0] >> 2];
		*p++ = digits[(b[0] & 3) << 4 | b[1] >> 4];
		*p++ = digits[(b[1] & 15) << 2 | b[2] >> 6];
		*p++ = digits[b[2] & 63];
	}
	if (len > 0) {
		*p++ = digits[b[0] >> 2];
		*p++ = digits[(b[0] & 3) << 4 | (len == 2 ? b[1] >> 4 : 0)];
		if (len == 2)
			*p++ = digits[(b[1] & 15) << 2];
		else if (pad)
			*p++ = '=';
		if (pad)
			*p++ = '=';
	}
	buf_took(out, (size_t)(p - start));
	return 0;
}

int base64_add(struct buf *out, const void *bytes, size_t len)
{
	return base64_add_as(out, bytes, len, standard, true);
}

int base64_url_add(struct buf *out, const void *bytes, size_t len)
{
	return base64_add_as(out, bytes, len, url_safe, false);
}

// The value of a digit and one, 0 for what is no digit.
static const unsigned char values[256] = {
    ['A'] = 1, 2,  3,  4,  5,          6,  7,  8,  9,          10, 11, 12, 13, 14, 15, 16, 17, 18, 19,         20,         21, 22,
    23,        24, 25, 26, ['a'] = 27, 28, 29, 30, 31,         32, 33, 34, 35, 36, 37, 38, 39, 40, 41,         42,         43, 44,
    45,        46, 47, 48, 49,         50, 51, 52, ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, ['+'] = 63, ['/'] = 64,
};

ssize_t base64_feed(struct base64_decoder *d, struct buf *out, const char *text, size_t len)
{
	size_t i = 0, most = len;

	while (most > 0 && text[most - 1] == '=') // they need no space
		most--;
	char *start = buf_reserve(out, (d->digits + most) / 4 * 3), *to = start;
	if (to == NULL)
		return -1;
	for (; i < len; i++) {
		if (d->digits == 0 && d->padding == 0) {
			size_t done = has_vectors() ? blocks_decode(to, text + i, most - i) : 0;
			to += done / 4 * 3;
			for (i += done; len - i >= 4; i += 4) {
				const unsigned char *four = (const unsigned char *)text + i;
				unsigned v[] = {values[four[0]], values[four[1]], values[four[2]], values[four[3]]};
				if (v[0] == 0 || v[1] == 0 || v[2] == 0 || v[3] == 0)
					break;
				*to++ = (char)((v[0] - 1) << 2 | (v[1] - 1) >> 4);
				*to++ = (char)(((v[1] - 1) << 4 | (v[2] - 1) >> 2) & 0xff);
				*to++ = (char)(((v[2] - 1) << 6 | (v[3] - 1)) & 0xff);
			}
			if (i == len)
				break;
		}
		unsigned value = values[(unsigned char)text[i]];
		if (text[i] == '=' && d->digits >= 2 && d->digits + d->padding < 4) {
			d->padding++;
			continue;
		}
		if (value == 0 || d->padding > 0)
			break;
		d->bits = d->bits << 6 | (value - 1);
		if (++d->digits == 4) {
			*to++ = (char)(d->bits >> 16 & 0xff);
			*to++ = (char)(d->bits >> 8 & 0xff);
			*to++ = (char)(d->bits & 0xff);
			*d = (struct base64_decoder){0};
		}
	}
	buf_took(out, (size_t)(to - start));
	return (ssize_t)i;
}

int base64_finish(struct base64_decoder *d, struct buf *out)
{
	const struct base64_decoder last = *d;

	*d = (struct base64_decoder){0};
	if (last.digits == 0)
		return out->failed ? -1 : 0;
	if (last.digits + last.padding != 4 || (last.bits & (last.digits == 2 ? 0xf : 0x3)) != 0)
		return -1;
	if (last.digits == 3)
		buf_addc(out, (char)(last.bits >> 10 & 0xff));
	return buf_addc(out, (char)(last.bits >> (last.digits == 3 ? 2 : 4) & 0xff));
}

int base64_decode(struct buf *out, const char *text, size_t len)
{
	struct base64_decoder d = {0};
	size_t before = out->len;

	if (base64_feed(&d, out, text, len) == (ssize_t)len && base64_finish(&d, out) == 0)
		return 0;
	if (out->data != NULL)
		out->data[before] = '\0';
	out->len = before;
	return -1;
}
