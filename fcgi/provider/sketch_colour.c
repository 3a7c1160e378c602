// SPDX-License-Identifier: ISC
// Colours in OKLCH (Björn Ottosson's OKLab, polar): mixing and toning there keeps hues clean.
#include "fcgi/provider/sketch_data.h"
#include "fcgi/provider/sketch_draw.h"
#include "policy/base/array.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double FULL_TURN = 6.28318530717958647692;

static double colour_to_linear(double v)
{
	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double colour_from_linear(double v)
{
	return v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

static bool colour_parse(const char *s, struct sketch_lch *out)
{
	if (s[0] != '#' || strlen(s) != 7 || strspn(s + 1, "0123456789abcdefABCDEF") != 6)
		return false;
	unsigned long v = strtoul(s + 1, NULL, 16);
	double r = colour_to_linear((double)(v >> 16 & 255) / 255), g = colour_to_linear((double)(v >> 8 & 255) / 255);
	double b = colour_to_linear((double)(v & 255) / 255);
	double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
	double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
	double n = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
	double x = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * n, y = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * n;
	*out = (struct sketch_lch){0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * n, hypot(x, y), atan2(y, x)};
	return true;
}

// What a screen cannot show loses colour, not lightness.
static void colour_print(struct sketch_lch c, char out[SKETCH_COLOUR_BYTES])
{
	int value[3] = {0};
	c.l = fmin(1, fmax(0, c.l));
	for (;; c.c *= 0.92) {
		double a = c.c * cos(c.h), b = c.c * sin(c.h);
		double l = pow(c.l + 0.3963377774 * a + 0.2158037573 * b, 3), m = pow(c.l - 0.1055613458 * a - 0.0638541728 * b, 3);
		double n = pow(c.l - 0.0894841775 * a - 1.2914855480 * b, 3);
		double rgb[3] = {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * n,
				 -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * n,
				 -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * n};
		bool shown = true;
		for (int i = 0; i < 3; i++) {
			shown = shown && rgb[i] > -0.002 && rgb[i] < 1.002;
			value[i] = (int)lround(255 * colour_from_linear(fmin(1, fmax(0, rgb[i]))));
		}
		if (shown || c.c < 0.002)
			break;
	}
	snprintf(out, SKETCH_COLOUR_BYTES, "#%02x%02x%02x", (unsigned)value[0] & 255, (unsigned)value[1] & 255, (unsigned)value[2] & 255);
}

static double hue_apart(double a, double b)
{
	double d = fabs(fmod(a - b, FULL_TURN));
	return d > FULL_TURN / 2 ? FULL_TURN - d : d;
}

static double colour_between(double v, double low, double high)
{
	return v < low ? low : v > high ? high : v;
}

// A material's own colour, a little nearer to the picture's hue.
static struct sketch_lch material(double l, double c, double h, double towards)
{
	double by = fmod(towards - h + 1.5 * FULL_TURN, FULL_TURN) - FULL_TURN / 2;
	return (struct sketch_lch){l, c, h + 0.06 * by};
}

// One of the rows of palettes.txt for this mood, or of all where there is none.
static void palette_own(struct sketch_lch *role, const char *mood, unsigned seed)
{
	static const enum sketch_role given[] = {ROLE_BG, ROLE_PANEL, ROLE_A, ROLE_B, ROLE_D};
	const struct sketch_table *t = sketch_table(SKETCH_PALETTES);
	size_t rows[64] = {0}, n = 0;
	for (size_t i = 0; i < t->rows_count && n < ARRAY_LEN(rows); i++)
		if (*mood != '\0' && strncmp(mood, t->rows[i].id, strlen(t->rows[i].id)) == 0)
			rows[n++] = i;
	for (size_t i = 0; *mood == '\0' && i < t->rows_count && n < ARRAY_LEN(rows); i++)
		rows[n++] = i;
	const char *s = n > 0 ? t->rows[rows[seed % n]].attribute : "";
	for (size_t i = 0; i < ARRAY_LEN(given); i++, s += strcspn(s, " "), s += *s == ' ') {
		char hex[SKETCH_COLOUR_BYTES];
		snprintf(hex, sizeof hex, "%s", s);
		if (!colour_parse(hex, &role[given[i]]))
			role[given[i]] = (struct sketch_lch){0.5, 0.1, (double)i};
	}
}

// From the colours that were asked for. The first with a hue is the main one; a light one without much colour is the ground.
static void palette_asked(struct sketch_lch *role, const struct sketch_lch *found, size_t count)
{
	size_t main_one = 0;
	while (main_one < count && (found[main_one].c < 0.04 || found[main_one].l > 0.9))
		main_one++;
	bool neutral = main_one == count;
	struct sketch_lch a = neutral ? found[0] : found[main_one];
	a.l = colour_between(a.l, 0.30, 0.80);
	double h = neutral && a.c < 0.012 ? 1.2 : a.h;
	// A partner across the wheel, warm for cool ones and the other way round, unless one was asked for.
	struct sketch_lch b = {0.74, neutral ? 0.10 : 0.12, h + (cos(h - 1.0) > 0 ? 2.5 : -2.3)};
	for (size_t i = count; i-- > 0;)
		if (i != main_one && found[i].c >= 0.05 && (neutral || hue_apart(found[i].h, h) > 0.5 || fabs(found[i].l - a.l) > 0.2))
			b = found[i], b.l = colour_between(b.l, 0.32, 0.86);
	struct sketch_lch bg = {0.955, fmin(0.018, a.c), h}, panel = {0.87, fmin(0.055, a.c * 0.5), h};
	for (size_t i = 0; i < count; i++)
		if (found[i].l > 0.86 && found[i].c < 0.06)
			bg = found[i], bg.l = fmin(bg.l, 0.975);
	if (bg.c > 0.018) // a ground with a hue of its own keeps it
		panel = (struct sketch_lch){0.885, bg.c + 0.012, bg.h};
	role[ROLE_BG] = bg;
	role[ROLE_PANEL] = panel;
	role[ROLE_A] = a;
	role[ROLE_B] = b;
	role[ROLE_D] = (struct sketch_lch){0.27, fmin(0.045, a.c), h};
}

struct sketch_palette sketch_palette_make(const char *const *colours, const char *mood, unsigned seed)
{
	struct sketch_lch found[SKETCH_COLOURS];
	size_t count = 0;
	for (; colours != NULL && *colours != NULL && count < SKETCH_COLOURS; colours++)
		count += colour_parse(*colours, &found[count]);
	struct sketch_palette p = {0};
	struct sketch_lch *role = p.role;
	if (count > 0)
		palette_asked(role, found, count);
	else
		palette_own(role, mood, seed);
	double h = role[ROLE_A].h;
	role[ROLE_L] = (struct sketch_lch){0.925, role[ROLE_PANEL].c * 0.75, role[ROLE_PANEL].h};
	role[ROLE_W] = (struct sketch_lch){0.985, 0.006, h};
	role[ROLE_WOOD] = material(0.62, 0.075, 1.05, h);
	role[ROLE_GOLD] = material(0.755, 0.115, 1.22, h);
	role[ROLE_LEAF] = material(0.60, 0.095, 2.45, h);
	role[ROLE_METAL] = material(0.76, 0.012, 4.4, h);
	role[ROLE_GLASS] = material(0.88, 0.03, 3.9, h);
	role[ROLE_LIT] = material(0.93, 0.08, 1.60, h);
	// Words on the main colour; for styles that are printed, as the plate that they are on.
	bool dark_words = role[ROLE_A].l > 0.72;
	role[ROLE_ON] = dark_words ? role[ROLE_D] : role[ROLE_W];
	role[ROLE_PRESS] = dark_words ? (struct sketch_lch){0.7017, 0.3225, 5.7316} : (struct sketch_lch){1, 0, 0}; // magenta, or nothing
	// By night all is bluish, as far as the picture's hue lets it.
	struct sketch_lch night = material(0.21, 0.045, 4.75, h);
	night.h = 4.75 + 0.3 * (fmod(h - 4.75 + 1.5 * FULL_TURN, FULL_TURN) - FULL_TURN / 2);
	role[ROLE_NIGHT] = night;
	return p;
}

size_t sketch_palette_colour(const struct sketch_palette *p, const char *name, char out[SKETCH_COLOUR_BYTES])
{
	static const char *const names[SKETCH_ROLES] = {"bg",   "panel", "a",     "b",     "d",   "l",     "w",  "wood",
							"gold", "leaf",  "metal", "glass", "lit", "night", "on", "press"};
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz");
	for (size_t i = 0; i < SKETCH_ROLES; i++) {
		if (strlen(names[i]) != len || memcmp(names[i], name, len) != 0)
			continue;
		struct sketch_lch c = p->role[i];
		char tone = name[len];
		if (i == ROLE_NIGHT && (tone == '1' || tone == '2')) {
			c.l += tone == '1' ? 0.07 : 0.13, c.c *= tone == '1' ? 1.3 : 1.6;
			colour_print(c, out);
			return len + 1;
		}
		switch (tone) {
		case '0': // a tint
			c = (struct sketch_lch){fmax(c.l, 0.5 * c.l + 0.46), c.c * 0.38, c.h};
			break;
		case '1': // lighter
			c.l += 0.075 * (1.1 - 0.4 * c.l), c.c *= 0.97, c.h += 0.04 * sin(1.9 - c.h);
			break;
		case '2': // darker
			c.l -= 0.075, c.c *= 1.02, c.h -= 0.05 * sin(1.9 - c.h);
			break;
		case '3':
			c.l -= 0.16, c.c *= 0.98, c.h -= 0.09 * sin(1.9 - c.h);
			break;
		case '6': // by night: dark, with a trace of the hue
		case '7':
			if (c.c < 0.03)
				c.c = 0.05, c.h = p->role[ROLE_NIGHT].h;
			c.c = tone == '6' ? fmin(0.055, 0.016 + c.c * 0.35) : fmin(0.10, 0.02 + c.c * 0.6);
			c.l = tone == '6' ? 0.20 + 0.09 * c.l : 0.30 + 0.14 * c.l + (c.l > 0.95 ? 0.2 : 0);
			break;
		case '8': // by night: alight
			c = (struct sketch_lch){fmax(0.80, 0.72 + 0.18 * c.l), c.c < 0.03 ? c.c + 0.015 : fmax(0.105, c.c), c.h};
			break;
		default:
			colour_print(c, out);
			return len;
		}
		colour_print(c, out);
		return len + 1;
	}
	return 0;
}

void sketch_colour_tone(const char *colour, int by, char out[SKETCH_COLOUR_BYTES])
{
	struct sketch_lch c;
	snprintf(out, SKETCH_COLOUR_BYTES, "%s", colour);
	if (by == 0 || !colour_parse(colour, &c))
		return;
	c.l = by < 0 ? fmin(0.42, c.l - 0.15) : fmax(0.80, c.l + 0.12);
	c.c *= by < 0 ? 0.85 : 0.75;
	colour_print(c, out);
}

void sketch_palette_bytes(const struct sketch_palette *p, const char *name, int out[3])
{
	char colour[SKETCH_COLOUR_BYTES] = "#000000";
	sketch_palette_colour(p, name, colour);
	unsigned long v = strtoul(colour + 1, NULL, 16);
	out[0] = (int)(v >> 16 & 255), out[1] = (int)(v >> 8 & 255), out[2] = (int)(v & 255);
}
