// SPDX-License-Identifier: ISC
// One picture: a style, the motif of the trade and a scene from sketch/ become one SVG document, which librsvg draws. What people wrote
// enters it only as outlines of letters.
#include "fcgi/provider/sketch_draw.h"
#include "fcgi/provider/sketch_data.h"
#include "fcgi/provider/style.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include <librsvg/rsvg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_MAX = 1024 * 1024, TAG_MAX = 512, VARIANTS = 3 };

// In the order of a set: four of them already differ in kind.
static const char *const scenes[] = {"hero", "storefront", "still", "badge", "closeup", "pattern", "banner", "flatlay"};
enum { SCENES = ARRAY_LEN(scenes) };

// ---- the document ----

struct drawing {
	const struct worker_sketch *job;
	struct sketch_palette palette;
	struct buf svg;
};

// The value of an attribute within a start tag; the default where there is none.
static const char *tag_attribute(const char *tag, size_t len, const char *name, const char *otherwise, char out[TAG_MAX])
{
	char wanted[32];
	size_t n = (size_t)snprintf(wanted, sizeof wanted, " %s=\"", name);
	const char *at = memmem(tag, len, wanted, n), *end = at != NULL ? memchr(at + n, '"', len - (size_t)(at + n - tag)) : NULL;
	snprintf(out, TAG_MAX, "%.*s", end != NULL ? (int)(end - at - (long)n) : (int)strlen(otherwise), end != NULL ? at + n : otherwise);
	return out;
}

static double tag_number(const char *tag, size_t len, const char *name, double otherwise)
{
	char value[TAG_MAX];
	tag_attribute(tag, len, name, "", value);
	return *value != '\0' ? strtod(value, NULL) : otherwise;
}

static const char *text_named(const struct worker_sketch *job, const char *name, size_t len)
{
	const struct {
		const char *name, *text;
	} rows[] = {{"{name}", job->name}, {"{title}", job->name != NULL && *job->name ? job->name : job->title}, {"{kind}", job->title}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
			return rows[i].text != NULL ? rows[i].text : "";
	return "";
}

// <text …>{name}</text> as outlines. Where the text cannot be set, nothing stands.
static void text_add(struct drawing *d, const char *tag, size_t tag_len, const char *content, size_t content_len)
{
	char anchor[TAG_MAX], face[TAG_MAX], class[TAG_MAX], attributes[TAG_MAX + 16];
	tag_attribute(tag, tag_len, "text-anchor", "start", anchor);
	tag_attribute(tag, tag_len, "font-family", "sans", face);
	snprintf(attributes, sizeof attributes, "class=\"%s\"", tag_attribute(tag, tag_len, "class", "ink", class));
	const struct sketch_line line = {
	    .face = strcmp(face, "serif") == 0 ? FACE_SERIF : FACE_SANS,
	    .x = tag_number(tag, tag_len, "x", 0),
	    .y = tag_number(tag, tag_len, "y", 0),
	    .size = tag_number(tag, tag_len, "font-size", 40),
	    .width = tag_number(tag, tag_len, "textLength", 0),
	    .anchor = strcmp(anchor, "middle") == 0 ? 0.5
		      : strcmp(anchor, "end") == 0  ? 1
						    : 0,
	};
	sketch_text_path(&d->svg, &line, text_named(d->job, content, content_len), attributes);
}

// Adds a scene with its texts.
static void scene_add(struct drawing *d, struct sketch_text t)
{
	const char *at = t.at, *end = t.at + t.len;
	while (at != NULL && at < end) {
		const char *tag = memmem(at, (size_t)(end - at), "<text", 5),
			   *tag_end = tag != NULL ? memchr(tag, '>', (size_t)(end - tag)) : NULL;
		const char *close = tag_end != NULL ? memmem(tag_end, (size_t)(end - tag_end), "</text>", 7) : NULL;
		buf_add(&d->svg, at, (size_t)((close != NULL ? tag : end) - at));
		if (close != NULL)
			text_add(d, tag, (size_t)(tag_end - tag), tag_end + 1, (size_t)(close - tag_end - 1));
		at = close != NULL ? close + 7 : end;
	}
}

// Adds a style with the palette's colours for their names.
static void style_add(struct drawing *d, struct sketch_text t)
{
	for (const char *at = t.at, *end = t.at + t.len; at < end;) {
		const char *dollar = memchr(at, '$', (size_t)(end - at));
		char colour[SKETCH_COLOUR_BYTES];
		buf_add(&d->svg, at, (size_t)((dollar != NULL ? dollar : end) - at));
		if (dollar == NULL)
			break;
		size_t len = sketch_palette_colour(&d->palette, dollar + 1, colour);
		buf_adds(&d->svg, len > 0 ? colour : "$");
		at = dollar + 1 + len;
	}
}

// What marks the picture as a preview: its word on a label in the corner.
static void label_add(struct drawing *d, double right, double bottom)
{
	BUF_AUTO struct buf text = BUF_INIT(DOCUMENT_MAX);
	double size = 25, pad = 19, high = 48, margin = 26;
	const char *word = d->job->label != NULL && *d->job->label ? d->job->label : "Preview";
	struct sketch_line line = {FACE_SANS, right - margin - pad, bottom - margin - high / 2 + size * 0.36, size, 420, 1};
	double wide = sketch_text_path(&text, &line, word, "class=\"label-text\"");
	if (wide < 0)
		wide = sketch_text_path(&text, &line, "Preview", "class=\"label-text\"");
	buf_printf(&d->svg, "<rect class=\"label\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\"/>",
		   right - margin - 2 * pad - wide, bottom - margin - high, wide + 2 * pad, high, high / 2);
	buf_adds(&d->svg, buf_text(&text));
}

static struct sketch_text file_or(const char *folder, const char *name, const char *otherwise)
{
	char path[64];
	snprintf(path, sizeof path, "%s/%s.svg", folder, name != NULL && strlen(name) < 32 ? name : otherwise);
	struct sketch_text t = sketch_file(path);
	if (t.at != NULL)
		return t;
	snprintf(path, sizeof path, "%s/%s.svg", folder, otherwise);
	return sketch_file(path);
}

static void document_make(struct drawing *d)
{
	const struct worker_sketch *job = d->job;
	// The scene's square of 1000 stands in the middle; what is wider or higher shows more of its ground, up to 600 on each side.
	double w = job->width, h = job->height, scale = fmax(fmin(w, h) / 1000, fmax(w, h) / 2200), wide = w / scale, high = h / scale;
	double x = 500 - wide / 2, y = 500 - high / 2;
	buf_printf(&d->svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"%.2f %.2f %.2f %.2f\">", w,
		   h, x, y, wide, high);
	style_add(d, file_or("styles", provider_style(job->style)->look, "soft"));
	bool named = job->name != NULL && *job->name;
	buf_printf(&d->svg, "<style>.%s%s%s%s", named ? "if-plain" : "if-name",
		   named || (job->title != NULL && *job->title) ? ",.if-untitled" : "", wide < 1100 ? ",.if-wide" : "",
		   high < 1100 ? ",.if-tall" : "");
	for (unsigned v = 0; v < VARIANTS; v++)
		if (v != job->seed % VARIANTS)
			buf_printf(&d->svg, ",.v%u", v);
	buf_adds(&d->svg, "{display:none}</style><defs>");
	struct sketch_text motif = file_or("motifs", job->trade, "shop"), scene = file_or("scenes", scenes[job->index % SCENES], "hero");
	buf_add(&d->svg, motif.at, motif.len);
	buf_adds(&d->svg, "</defs>");
	scene_add(d, scene);
	label_add(d, x + wide, y + high);
	buf_adds(&d->svg, "</svg>");
}

// ---- the picture ----

int sketch_prepare(struct err *e)
{
	static bool prepared;
	if (prepared)
		return 0;
	if (sketch_text_prepare(e) != 0)
		return -1;
	prepared = true;
	// One small picture, so that librsvg and what it uses have loaded what they load once.
	BUF_AUTO struct buf png = BUF_INIT(IMAGE_BYTES_MAX);
	const struct worker_sketch job = {.style = "soft", .width = SKETCH_EDGE_MIN, .height = SKETCH_EDGE_MIN, .of = 1};
	return sketch_draw(&job, &png, e);
}

static const char *mood_of(const char *trade)
{
	const struct sketch_table *t = sketch_table(SKETCH_TRADES);
	for (size_t i = 0; trade != NULL && i < t->rows_count; i++)
		if (strcmp(t->rows[i].id, trade) == 0)
			return t->rows[i].attribute;
	return "";
}

int sketch_draw(const struct worker_sketch *job, struct buf *png, struct err *e)
{
	if (job->width < SKETCH_EDGE_MIN || job->width > SKETCH_EDGE_MAX || job->height < SKETCH_EDGE_MIN || job->height > SKETCH_EDGE_MAX)
		return err_set(e, ERR_INPUT, "a picture has %d to %d pixels an edge", SKETCH_EDGE_MIN, SKETCH_EDGE_MAX);
	if (sketch_prepare(e) != 0)
		return -1;
	struct drawing d = {
	    .job = job, .palette = sketch_palette_make(job->colours, mood_of(job->trade), job->seed), .svg = BUF_INIT(DOCUMENT_MAX)};
	document_make(&d);
	GError *error = NULL;
	RsvgHandle *handle = d.svg.failed ? NULL : rsvg_handle_new_from_data((const guint8 *)d.svg.data, d.svg.len, &error);
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)job->width, (int)job->height);
	cairo_t *cr = cairo_create(surface);
	const RsvgRectangle viewport = {0, 0, job->width, job->height};
	bool drawn =
	    handle != NULL && rsvg_handle_render_document(handle, cr, &viewport, &error) && cairo_status(cr) == CAIRO_STATUS_SUCCESS;
	g_clear_error(&error);
	g_clear_object(&handle);
	cairo_destroy(cr);
	if (drawn)
		sketch_finish(surface, provider_style(job->style)->look, &d.palette);
	drawn = drawn && sketch_png_write(png, surface) == 0;
	cairo_surface_destroy(surface);
	buf_wipe(&d.svg);
	return drawn ? 0 : err_set(e, ERR_MEMORY, "no memory for a picture of %u x %u", job->width, job->height);
}
