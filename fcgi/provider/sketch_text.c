// SPDX-License-Identifier: ISC
// Words as outlines. Fontconfig orders the fonts once, in one size, for each face, and all of them are opened then: the process that draws
// may have neither files nor threads. That is why nothing here goes through Pango's layout, which searches again for each language and size.
// FriBidi (by Pango) orders the runs, HarfBuzz shapes them and knows the outlines. Text that no font is there for is left out.
#include "fcgi/provider/sketch_draw.h"
#include "policy/base/text.h"
#include <harfbuzz/hb.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

enum { LAYOUT_SIZE = 64, TEXT_BYTES_MAX = 256, RUNS_MAX = 64 };
static const char *const families[SKETCH_FACES] = {
    [FACE_SERIF] = "Noto Serif, DejaVu Serif, serif Bold", [FACE_SANS] = "Noto Sans, DejaVu Sans, sans-serif Bold"};

static PangoFontset *fontsets[SKETCH_FACES];

static gboolean font_load(PangoFontset *set, PangoFont *font, gpointer unused)
{
	(void)set, (void)unused;
	(void)pango_font_get_hb_font(font);
	return FALSE;
}

int sketch_text_prepare(struct err *e)
{
	cairo_font_options_t *options = cairo_font_options_create();
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	PangoContext *context = pango_font_map_create_context(pango_cairo_font_map_get_default());
	pango_cairo_context_set_font_options(context, options);
	pango_cairo_context_set_resolution(context, 72);
	for (int face = 0; face < SKETCH_FACES && fontsets[face] == NULL; face++) {
		PangoFontDescription *description = pango_font_description_from_string(families[face]);
		pango_font_description_set_absolute_size(description, LAYOUT_SIZE * PANGO_SCALE);
		fontsets[face] = pango_context_load_fontset(context, description, pango_language_from_string("en"));
		pango_fontset_foreach(fontsets[face], font_load, NULL);
		pango_font_description_free(description);
	}
	g_object_unref(context);
	cairo_font_options_destroy(options);
	// One of each direction, and a character that no font has, so that what is looked up once has been.
	static const char *const samples[] = {"Preview", "أب", "面包", "\xee\x80\x80"};
	double width = 0;
	for (int i = 0; i < SKETCH_FACES * 4; i++) {
		BUF_AUTO struct buf out = BUF_INIT(64 * 1024);
		const struct sketch_line line = {.face = (enum sketch_face)(i / 4), .size = LAYOUT_SIZE};
		double wide = sketch_text_path(&out, &line, samples[i % 4], "");
		width = i == 0 ? wide : width;
	}
	return width > 0 ? 0 : err_set(e, ERR_UNAVAILABLE, "no font for the previews: install fonts-dejavu-core");
}

static bool text_settable(const char *utf8)
{
	if (*utf8 == '\0' || strlen(utf8) > TEXT_BYTES_MAX || !utf8_valid(utf8, strlen(utf8)))
		return false;
	for (const char *s = utf8; *s; s = g_utf8_next_char(s)) {
		gunichar c = g_utf8_get_char(s);
		// No emoji and symbols: fonts in colour are another matter.
		if (g_unichar_isprint(c) == 0 || g_unichar_type(c) == G_UNICODE_OTHER_SYMBOL || (c >= 0x1f000 && c < 0x20000))
			return false;
	}
	return true;
}

// ---- outlines ----

struct pen {
	struct buf *out;
	double x, y; // where the glyph stands
};

static void pen_add(const struct pen *p, char letter, const float *xy, int points)
{
	buf_addc(p->out, letter);
	for (int i = 0; i < points; i++)
		buf_printf(p->out, "%.1f %.1f ", p->x + (double)xy[2 * i] / PANGO_SCALE, p->y - (double)xy[2 * i + 1] / PANGO_SCALE);
}

static void pen_move(hb_draw_funcs_t *f, void *pen, hb_draw_state_t *s, float x, float y, void *unused)
{
	(void)f, (void)s, (void)unused;
	pen_add(pen, 'M', (const float[]){x, y}, 1);
}

static void pen_line(hb_draw_funcs_t *f, void *pen, hb_draw_state_t *s, float x, float y, void *unused)
{
	(void)f, (void)s, (void)unused;
	pen_add(pen, 'L', (const float[]){x, y}, 1);
}

static void pen_quadratic(hb_draw_funcs_t *f, void *pen, hb_draw_state_t *s, float cx, float cy, float x, float y, void *unused)
{
	(void)f, (void)s, (void)unused;
	pen_add(pen, 'Q', (const float[]){cx, cy, x, y}, 2);
}

static void pen_cubic(hb_draw_funcs_t *f, void *pen, hb_draw_state_t *s, float cx, float cy, float dx, float dy, float x, float y,
		      void *unused)
{
	(void)f, (void)s, (void)unused;
	pen_add(pen, 'C', (const float[]){cx, cy, dx, dy, x, y}, 3);
}

static void pen_close(hb_draw_funcs_t *f, void *pen, hb_draw_state_t *s, void *unused)
{
	(void)f, (void)s, (void)unused;
	pen_add(pen, 'Z', NULL, 0);
}

static hb_draw_funcs_t *pen_functions(void)
{
	static hb_draw_funcs_t *f;
	if (f == NULL) {
		f = hb_draw_funcs_create();
		hb_draw_funcs_set_move_to_func(f, pen_move, NULL, NULL);
		hb_draw_funcs_set_line_to_func(f, pen_line, NULL, NULL);
		hb_draw_funcs_set_quadratic_to_func(f, pen_quadratic, NULL, NULL);
		hb_draw_funcs_set_cubic_to_func(f, pen_cubic, NULL, NULL);
		hb_draw_funcs_set_close_path_func(f, pen_close, NULL, NULL);
	}
	return f;
}

// Letters of one script, in one font and one direction.
struct run {
	size_t start, end; // in bytes
	hb_font_t *font;
	hb_script_t script;
	gchar level; // odd: from right to left
};

static bool font_has(hb_font_t *font, gunichar c)
{
	hb_codepoint_t glyph;
	return font != NULL && hb_font_get_nominal_glyph(font, c, &glyph);
}

// The runs in the order of the text. 0: some character has no font, or there are too many.
static size_t runs_find(enum sketch_face face, const char *utf8, struct run runs[RUNS_MAX])
{
	PangoDirection base = PANGO_DIRECTION_NEUTRAL;
	g_autofree guint8 *levels = pango_log2vis_get_embedding_levels(utf8, -1, &base);
	size_t count = 0, at = 0;
	for (const char *s = utf8; *s != '\0'; s = g_utf8_next_char(s), at++) {
		gunichar c = g_utf8_get_char(s);
		hb_script_t script = hb_unicode_script(hb_unicode_funcs_get_default(), c);
		struct run *last = count > 0 ? &runs[count - 1] : NULL;
		// Spaces, marks and points go with what stands before them.
		bool common = script == HB_SCRIPT_COMMON || script == HB_SCRIPT_INHERITED;
		hb_font_t *font = common && last != NULL && font_has(last->font, c) ? last->font : NULL;
		if (font == NULL) {
			g_autoptr(PangoFont) found = pango_fontset_get_font(fontsets[face], c); // the set keeps it
			font = found != NULL ? pango_font_get_hb_font(found) : NULL;
		}
		if (!font_has(font, c))
			return 0;
		if (last == NULL || last->font != font || last->level != (gchar)levels[at] || (!common && last->script != script)) {
			if (count == RUNS_MAX)
				return 0;
			last = &runs[count++];
			*last = (struct run){.start = (size_t)(s - utf8), .font = font, .script = script, .level = (gchar)levels[at]};
		}
		last->end = (size_t)(g_utf8_next_char(s) - utf8);
	}
	return count;
}

// Into the order in which they are seen (rule L2 of the Unicode bidirectional algorithm).
static void runs_order(struct run *runs, size_t count)
{
	for (gchar level = G_MAXINT8; level > 0; level--)
		for (size_t i = 0, end; i < count; i = end + 1) {
			for (end = i; end < count && runs[end].level >= level; end++)
				;
			for (size_t a = i, b = end; a + 1 < b; a++, b--) {
				struct run keep = runs[a];
				runs[a] = runs[b - 1];
				runs[b - 1] = keep;
			}
		}
}

// Adds the outlines of one run and moves on by its width.
static void run_add(struct pen *pen, const char *utf8, const struct run *run)
{
	hb_buffer_t *b = hb_buffer_create();
	unsigned count = 0;
	hb_buffer_add_utf8(b, utf8, -1, (unsigned)run->start, (int)(run->end - run->start));
	hb_buffer_set_direction(b, run->level % 2 ? HB_DIRECTION_RTL : HB_DIRECTION_LTR);
	hb_buffer_guess_segment_properties(b);
	hb_shape(run->font, b, NULL, 0);
	const hb_glyph_info_t *glyphs = hb_buffer_get_glyph_infos(b, &count);
	const hb_glyph_position_t *places = hb_buffer_get_glyph_positions(b, &count);
	for (unsigned i = 0; i < count; i++) {
		struct pen at = {pen->out, pen->x + (double)places[i].x_offset / PANGO_SCALE,
				 pen->y - (double)places[i].y_offset / PANGO_SCALE};
		hb_font_get_glyph_shape(run->font, glyphs[i].codepoint, pen_functions(), &at);
		pen->x += (double)places[i].x_advance / PANGO_SCALE;
	}
	hb_buffer_destroy(b);
}

double sketch_text_path(struct buf *out, const struct sketch_line *line, const char *utf8, const char *attributes)
{
	struct run runs[RUNS_MAX];
	size_t count = text_settable(utf8) ? runs_find(line->face, utf8, runs) : 0;
	BUF_AUTO struct buf path = BUF_INIT(out->max);
	struct pen pen = {.out = &path};
	runs_order(runs, count);
	for (size_t i = 0; i < count; i++)
		run_add(&pen, utf8, &runs[i]);
	if (pen.x <= 0)
		return -1;
	double scale = line->size / LAYOUT_SIZE;
	if (line->width > 0 && pen.x * scale > line->width)
		scale = line->width / pen.x;
	buf_printf(out, "<path %s transform=\"translate(%.2f %.2f) scale(%.4f)\" d=\"%s\"/>", attributes,
		   line->x - pen.x * scale * line->anchor, line->y, scale, buf_text(&path));
	return pen.x * scale;
}
