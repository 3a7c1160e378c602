// SPDX-License-Identifier: ISC
// Colours in OKLCH (Björn Ottosson's OKLab, polar): mixing and toning there keeps hues clean.
#include "fcgi/provider/sketch_paint.h"
#include "policy/base/array.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Palettes for briefs that bring no colours: paper, light, mid, accent, second, deep.
static const uint32_t own_palettes[][6] = {
    {0xf6efe6, 0xe9d5bf, 0xcf9f7d, 0xc4532d, 0x2f6f73, 0x25302f}, // terracotta and petrol
    {0xf3f5f4, 0xd5e1e3, 0x8fb0b7, 0x2e6f8e, 0xe0a458, 0x1c2b3a}, // northern light
    {0xf4f3ea, 0xdde3cb, 0x9bb08a, 0x4c7a53, 0xd98e4a, 0x1f3029}, // forest and copper
    {0xf8f1f2, 0xebd3d9, 0xc293a8, 0x8a3f6b, 0xe0a13c, 0x2b1b33}, // plum and honey
    {0xfbf6e6, 0xf5e2a8, 0xf0b44c, 0xe4692f, 0x2d7f86, 0x26313f}, // citrus
    {0xf3f2f8, 0xd6d5ea, 0x9a9ccb, 0x4a4fa3, 0xee8465, 0x1e1f3d}, // indigo and peach
    {0xf7f3ee, 0xe7ddd0, 0xb9c2ae, 0x6f8f7b, 0xd4786a, 0x2c3531}, // sage and rose
    {0xf1f6f6, 0xcfe5e4, 0x7fb9ba, 0x1f7a8c, 0xf27b63, 0x12303b}, // ocean and coral
};

static struct rgb from_hex(uint32_t v)
{
	return (struct rgb){(double)(v >> 16 & 255) / 255, (double)(v >> 8 & 255) / 255, (double)(v & 255) / 255};
}

static double to_linear(double v)
{
	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double from_linear(double v)
{
	return v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

static double clip(double v)
{
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

struct lab {
	double l, a, b;
};

static struct lab to_lab(struct rgb c)
{
	double r = to_linear(c.r), g = to_linear(c.g), b = to_linear(c.b);
	double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
	double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
	double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
	return (struct lab){0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
			    0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

static struct rgb from_lab(struct lab c)
{
	double l = c.l + 0.3963377774 * c.a + 0.2158037573 * c.b;
	double m = c.l - 0.1055613458 * c.a - 0.0638541728 * c.b;
	double s = c.l - 0.0894841775 * c.a - 1.2914855480 * c.b;
	l = l * l * l;
	m = m * m * m;
	s = s * s * s;
	return (struct rgb){clip(from_linear(clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s))),
			    clip(from_linear(clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s))),
			    clip(from_linear(clip(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)))};
}

struct lch rgb_to_lch(struct rgb c)
{
	struct lab lab = to_lab(c);
	return (struct lch){lab.l, hypot(lab.a, lab.b), atan2(lab.b, lab.a)};
}

struct rgb rgb_from_lch(struct lch c)
{
	return from_lab((struct lab){c.l, c.c * cos(c.h), c.c * sin(c.h)});
}

struct rgb rgb_mix(struct rgb a, struct rgb b, double t)
{
	struct lab x = to_lab(a), y = to_lab(b);
	return from_lab((struct lab){x.l + (y.l - x.l) * t, x.a + (y.a - x.a) * t, x.b + (y.b - x.b) * t});
}

struct rgb rgb_tone(struct rgb c, double by)
{
	struct lch v = rgb_to_lch(c);
	v.l = clip(v.l + by);
	v.c *= by > 0 ? 1 - by * 0.8 : 1 + by * 0.3;
	return rgb_from_lch(v);
}

double rgb_luminance(struct rgb c)
{
	return 0.2126 * to_linear(c.r) + 0.7152 * to_linear(c.g) + 0.0722 * to_linear(c.b);
}

// --- palettes ---

static bool parse_hex(const char *s, struct rgb *out)
{
	if (s[0] != '#' || strlen(s) != 7 || strspn(s + 1, "0123456789abcdefABCDEF") != 6)
		return false;
	*out = from_hex((uint32_t)strtoul(s + 1, NULL, 16));
	return true;
}

static double hue_apart(double a, double b)
{
	double d = fabs(fmod(a - b, 2 * PI));
	return d > PI ? 2 * PI - d : d;
}

static double colour_between(double v, double low, double high)
{
	return v < low ? low : v > high ? high : v;
}

// A brand's colour, brought to where it carries a picture. One without any hue stays calm.
static struct lch as_accent(struct lch c)
{
	c.l = colour_between(c.l, 0.46, 0.68);
	c.c = c.c < 0.02 ? 0.03 : colour_between(c.c, 0.08, 0.19);
	return c;
}

struct palette palette_make(const char *const *colours, unsigned seed)
{
	struct lch found[SKETCH_WORDS];
	size_t count = 0;
	for (; colours != NULL && *colours != NULL && count < SKETCH_WORDS; colours++) {
		struct rgb rgb;
		if (parse_hex(*colours, &rgb))
			found[count++] = rgb_to_lch(rgb);
	}
	if (count == 0) {
		const uint32_t *p = own_palettes[seed % (ARRAY_LEN(own_palettes))];
		return (struct palette){from_hex(p[0]), from_hex(p[1]), from_hex(p[2]), from_hex(p[3]), from_hex(p[4]), from_hex(p[5])};
	}
	size_t main_one = 0;
	while (main_one + 1 < count && found[main_one].c < 0.04)
		main_one++;
	if (found[main_one].c < 0.04)
		main_one = 0;
	struct lch accent = as_accent(found[main_one]);
	// A partner across the wheel, warm for cool ones and the other way round, unless the page has one of its own.
	struct lch second = {0.70, 0.12, accent.h + (cos(accent.h - 1.0) > 0 ? 2.6 : -2.6)};
	for (size_t i = count; i-- > 0;)
		if (i != main_one && found[i].c >= 0.05 && hue_apart(found[i].h, accent.h) > 0.6)
			second = as_accent(found[i]);
	double h = accent.h;
	return (struct palette){
	    .paper = rgb_from_lch((struct lch){0.968, 0.012, h}),
	    .light = rgb_from_lch((struct lch){0.90, fmin(0.045, accent.c), h}),
	    .mid = rgb_from_lch((struct lch){0.75, fmin(0.075, accent.c), h}),
	    .accent = rgb_from_lch(accent),
	    .second = rgb_from_lch(second),
	    .deep = rgb_from_lch((struct lch){0.27, fmin(0.045, accent.c), h - 0.3}),
	};
}
