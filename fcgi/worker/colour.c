// SPDX-License-Identifier: ISC
#include "fcgi/worker/colour.h"
#include "policy/base/array.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// Weights of one use; a declared theme colour stands above whatever a style sheet repeats.
static const double USED = 1, BRAND = 12, DECLARED = 4000;
enum { PROPERTY_MAX = 64, ALIKE = 40, ARGUMENTS_MAX = 64 };

static void colour_weigh(struct colours *c, uint32_t rgb, double weight)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->seen[i].rgb == rgb) {
			c->seen[i].weight += weight;
			return;
		}
	}
	if (c->count == COLOURS_SEEN)
		return;
	c->seen[c->count].rgb = rgb;
	c->seen[c->count++].weight = weight;
}

// "#…" at s. Returns how many bytes it takes, 0 when it is no colour.
static size_t read_hex(const char *s, size_t len, uint32_t *rgb)
{
	size_t n = 1;
	while (n < len && n <= 9 && isxdigit((unsigned char)s[n]))
		n++;
	if (n < len && (isalnum((unsigned char)s[n]) || s[n] == '-' || s[n] == '_'))
		return 0;                         // an id selector such as #deadline
	if (n != 4 && n != 5 && n != 7 && n != 9) // with what is seen through, or without
		return 0;
	char six[7] = "";
	for (size_t i = 0; i < 6; i++)
		six[i] = s[1 + (n < 6 ? i / 2 : i)];
	*rgb = (uint32_t)strtoul(six, NULL, 16);
	return n;
}

static uint32_t clamp255(double v)
{
	return v >= 255 ? 255 : v > 0 ? (uint32_t)(v + 0.5) : 0;
}

static uint32_t from_hsl(double h, double s, double l)
{
	h = isfinite(h) ? fmod(fmod(h, 360) + 360, 360) / 30 : 0;
	s = fmin(fmax(s / 100, 0), 1);
	l = fmin(fmax(l / 100, 0), 1);
	double a = s * fmin(l, 1 - l);
	uint32_t v = 0;
	for (int i = 0; i < 3; i++) {
		double k = fmod((i == 0 ? 0 : i == 1 ? 8 : 4) + h, 12);
		v = v << 8 | clamp255(255 * (l - a * fmax(-1, fmin(fmin(k - 3, 9 - k), 1))));
	}
	return v;
}

// "rgb(1, 2, 3)", "rgba(1 2 3 / 50%)", "hsl(…)" at s. Returns how many bytes it takes, 0 when it is no colour.
static size_t read_function(const char *s, size_t len, uint32_t *rgb)
{
	bool hsl = strncasecmp(s, "hsl", 3) == 0;
	if (len < 8 || (!hsl && strncasecmp(s, "rgb", 3) != 0))
		return 0;
	size_t at = s[3] == 'a' || s[3] == 'A' ? 4 : 3;
	if (s[at++] != '(')
		return 0;
	char text[ARGUMENTS_MAX];
	size_t n = 0;
	while (at + n < len && n < sizeof text - 1 && s[at + n] != ')') {
		text[n] = s[at + n];
		n++;
	}
	text[n] = '\0';
	double v[3];
	const char *p = text;
	for (int i = 0; i < 3; i++) {
		p += strspn(p, " ,\t\n");
		char *end;
		v[i] = strtod(p, &end);
		if (end == p || !isfinite(v[i]))
			return 0;
		if (*end == '%' && !hsl)
			v[i] *= 2.55;
		p = end + strspn(end, "%deg");
	}
	*rgb = hsl ? from_hsl(v[0], v[1], v[2]) : clamp255(v[0]) << 16 | clamp255(v[1]) << 8 | clamp255(v[2]);
	return at + n;
}

// Whether the property or variable before the colour at `at` is named like a brand's colour.
static bool named_brand(const char *css, size_t at)
{
	static const char *const words[] = {"primary", "brand", "accent", "theme", "main"};
	size_t from = at;
	while (from > 0 && at - from < PROPERTY_MAX && strchr("{};\"", css[from - 1]) == NULL)
		from--;
	for (size_t i = from; i < at; i++)
		for (size_t w = 0; w < ARRAY_LEN(words); w++)
			if (at - i > strlen(words[w]) && strncasecmp(css + i, words[w], strlen(words[w])) == 0)
				return true;
	return false;
}

static size_t read_colour(const char *s, size_t len, uint32_t *rgb)
{
	if (*s == '#')
		return read_hex(s, len, rgb);
	return *s == 'r' || *s == 'R' || *s == 'h' || *s == 'H' ? read_function(s, len, rgb) : 0;
}

void colour_css(struct colours *c, const char *css, size_t len)
{
	bool value = false; // after a colon: "#abc" elsewhere selects an element
	for (size_t i = 0; i < len; i++) {
		uint32_t rgb;
		if (strchr(":;{}", css[i]) != NULL)
			value = css[i] == ':';
		size_t n = value ? read_colour(css + i, len - i, &rgb) : 0;
		if (n == 0)
			continue;
		colour_weigh(c, rgb, named_brand(css, i) ? BRAND : USED);
		i += n - 1;
	}
}

void colour_value(struct colours *c, const char *value, bool declared)
{
	uint32_t rgb;
	value += strspn(value, " \t\n");
	if (*value && read_colour(value, strlen(value), &rgb) > 0)
		colour_weigh(c, rgb, declared ? DECLARED : USED);
}

size_t colour_best(const struct colours *c, char out[COLOURS_MAX][COLOUR_TEXT])
{
	bool out_of_play[COLOURS_SEEN] = {false};
	size_t count = 0;
	while (count < COLOURS_MAX) {
		size_t top = c->count;
		double top_rank = 0;
		for (size_t i = 0; i < c->count; i++) {
			uint32_t rgb = c->seen[i].rgb;
			double r = (double)(rgb >> 16 & 255) / 255, g = (double)(rgb >> 8 & 255) / 255, b = (double)(rgb & 255) / 255;
			double chroma = fmax(r, fmax(g, b)) - fmin(r, fmin(g, b));
			// Grey, white and black say little about a brand, however often they are used.
			double rank = sqrt(c->seen[i].weight) * (0.02 + chroma * chroma + chroma * 0.3);
			if (!out_of_play[i] && rank > top_rank) {
				top = i;
				top_rank = rank;
			}
		}
		if (top == c->count)
			break;
		for (size_t i = 0; i < c->count; i++) {
			int apart = 0;
			for (int shift = 0; shift < 24; shift += 8)
				apart += abs((int)(c->seen[i].rgb >> shift & 255) - (int)(c->seen[top].rgb >> shift & 255));
			out_of_play[i] = out_of_play[i] || apart < ALIKE;
		}
		snprintf(out[count++], COLOUR_TEXT, "#%06x", c->seen[top].rgb & 0xffffffU);
	}
	return count;
}
