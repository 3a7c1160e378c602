// SPDX-License-Identifier: ISC
// Words on pictures. Pango asks fontconfig for a font whenever a new size or script turns up, with a thread and files, neither of which the
// process that draws may have. So everything is laid out in one size with fonts loaded by sketch_prepare(), and drawn as scaled outlines;
// text in scripts that were not prepared is not drawn.
#include "fcgi/provider/sketch_paint.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

static const double LAYOUT_SIZE = 64;
static const char *const families[] = {[FACE_SERIF] = "DejaVu Serif, serif", [FACE_SANS] = "DejaVu Sans, sans-serif"};

// Each ends in a private-use character, which no font has: looking for it loads all that the script could ever need.
static const struct {
	GUnicodeScript script;
	const char *sample;
} samples[] = {
    {G_UNICODE_SCRIPT_LATIN, "AaÄßéžő·\xee\x80\x80"}, {G_UNICODE_SCRIPT_GREEK, "ΑαΩώ\xee\x80\x80"},
    {G_UNICODE_SCRIPT_CYRILLIC, "ЖжЇў\xee\x80\x80"},  {G_UNICODE_SCRIPT_HEBREW, "אבת\xee\x80\x80"},
    {G_UNICODE_SCRIPT_ARABIC, "ابت\xee\x80\x80"},     {G_UNICODE_SCRIPT_ARMENIAN, "Աբգ\xee\x80\x80"},
    {G_UNICODE_SCRIPT_GEORGIAN, "აბგ\xee\x80\x80"},
};
enum { SAMPLES = ARRAY_LEN(samples) };

static PangoContext *context;
static PangoFontDescription *descriptions[2];

static PangoLayout *layout_of(enum face face, const char *utf8, double spacing)
{
	PangoLayout *layout = pango_layout_new(context);
	pango_layout_set_font_description(layout, descriptions[face]);
	pango_layout_set_text(layout, utf8, -1);
	pango_layout_set_single_paragraph_mode(layout, TRUE);
	if (spacing > 0) {
		PangoAttrList *list = pango_attr_list_new();
		pango_attr_list_insert(list, pango_attr_letter_spacing_new((int)(spacing * LAYOUT_SIZE * PANGO_SCALE)));
		pango_layout_set_attributes(layout, list);
		pango_attr_list_unref(list);
	}
	return layout;
}

int sketch_prepare(struct err *e)
{
	if (context != NULL)
		return 0;
	cairo_font_options_t *options = cairo_font_options_create();
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	context = pango_font_map_create_context(pango_cairo_font_map_get_default());
	pango_cairo_context_set_font_options(context, options);
	pango_cairo_context_set_resolution(context, 72);
	pango_context_set_language(context, pango_language_from_string("en"));
	pango_context_set_round_glyph_positions(context, FALSE);
	cairo_font_options_destroy(options);
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 8, 8);
	cairo_t *cr = cairo_create(surface);
	for (int face = 0; face < 2; face++) {
		descriptions[face] = pango_font_description_from_string(families[face]);
		pango_font_description_set_absolute_size(descriptions[face], LAYOUT_SIZE * PANGO_SCALE);
		// Every sample once, so that the outlines' readers are loaded too.
		for (int i = 0; i < 2 * SAMPLES; i++) {
			PangoLayout *layout = layout_of((enum face)face, samples[i / 2].sample, i % 2);
			pango_cairo_layout_path(cr, layout);
			cairo_new_path(cr);
			g_object_unref(layout);
		}
	}
	cairo_destroy(cr);
	cairo_surface_destroy(surface);
	if (text_drawable("Preview") && text_width(FACE_SANS, "Preview", 16, 0) > 1)
		return 0;
	return err_set(e, ERR_UNAVAILABLE, "no font for the previews: install fonts-dejavu-core");
}

static bool script_prepared(gunichar c)
{
	GUnicodeScript script = g_unichar_get_script(c);
	if (script == G_UNICODE_SCRIPT_COMMON)
		return c < 0x2100; // no emoji and symbols: fonts in colour are another matter
	for (int i = 0; i < SAMPLES; i++)
		if (samples[i].script == script)
			return true;
	return false;
}

bool text_drawable(const char *utf8)
{
	if (!utf8_valid(utf8, strlen(utf8)))
		return false;
	for (const char *s = utf8; *s; s = g_utf8_next_char(s))
		if (g_unichar_isprint(g_utf8_get_char(s)) == 0 || !script_prepared(g_utf8_get_char(s)))
			return false;
	PangoLayout *layout = layout_of(FACE_SERIF, utf8, 0);
	bool known = pango_layout_get_unknown_glyphs_count(layout) == 0;
	g_object_unref(layout);
	return known;
}

double text_width(enum face face, const char *utf8, double size, double spacing)
{
	PangoLayout *layout = layout_of(face, utf8, spacing);
	PangoRectangle box;
	pango_layout_get_extents(layout, NULL, &box);
	g_object_unref(layout);
	return fmax(0, box.width / (double)PANGO_SCALE / LAYOUT_SIZE - spacing) * size;
}

void text_draw(struct canvas *c, enum face face, const char *utf8, double x, double y, double size, double spacing, struct rgb rgb,
	       double alpha)
{
	PangoLayout *layout = layout_of(face, utf8, spacing);
	cairo_save(c->cr);
	cairo_new_path(c->cr);
	cairo_translate(c->cr, x, y);
	cairo_scale(c->cr, size / LAYOUT_SIZE, size / LAYOUT_SIZE);
	cairo_move_to(c->cr, 0, 0);
	pango_cairo_layout_line_path(c->cr, pango_layout_get_line_readonly(layout, 0));
	sketch_fill(c, rgb, alpha);
	cairo_restore(c->cr);
	g_object_unref(layout);
}

// --- the caption ---

static const char label[] = "Preview · drawn locally, not by an AI model";

double caption_height(double w, double h)
{
	return floor(fmin(w, h) * 0.078);
}

// As many words as fit into `room`, with a point between them.
static void caption_text(char *out, size_t size, const char *const *words, double em, double room)
{
	size_t used = 0;
	out[0] = '\0';
	for (int n = 0; words != NULL && words[n] != NULL && n < SKETCH_WORDS; n++) {
		static const char point[] = "  ·  ";
		size_t lead = used ? sizeof point - 1 : 0, len = strlen(words[n]);
		if (len == 0 || len >= SKETCH_WORD_BYTES || used + lead + len >= size || !text_drawable(words[n]))
			continue;
		memcpy(out + used, point, lead);
		memcpy(out + used + lead, words[n], len + 1);
		if (text_width(FACE_SERIF, out, em, 0.03) > room) {
			out[used] = '\0';
			return;
		}
		used += lead + len;
	}
}

void caption_draw(struct canvas *c, double full_h, const char *const *words)
{
	bool dark = c->style == STYLE_PHOTO;
	struct rgb ground = dark ? rgb_tone(c->p.deep, -0.05) : c->p.paper, ink = dark ? c->p.paper : c->p.deep;
	double margin = c->u * 3.6, middle = c->h + (full_h - c->h) / 2, em = c->u * 3.0, small = c->u * 1.75;
	cairo_new_path(c->cr);
	cairo_rectangle(c->cr, 0, c->h, c->w, full_h - c->h);
	sketch_fill(c, ground, 1);
	double label_w = text_width(FACE_SANS, label, small, 0.02);
	text_draw(c, FACE_SANS, label, c->w - margin - label_w, middle + small * 0.35, small, 0.02, ink, 0.86);
	char text[SKETCH_WORDS * (SKETCH_WORD_BYTES + 8)];
	caption_text(text, sizeof text, words, em, c->w - 3 * margin - label_w);
	text_draw(c, FACE_SERIF, text, margin, middle + em * 0.35, em, 0.03, ink, 1);
}
