// SPDX-License-Identifier: ISC
#include "fcgi/provider/sketch_paint.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include <math.h>
#include <string.h>

static scene *const scenes[SCENES] = {
    scene_landscape, scene_still_life, scene_blocks, scene_facade, scene_botanical, scene_weave, scene_water, scene_desk,
};
// A set of four starts with what shows a business best.
static const unsigned order[SCENES] = {3, 7, 1, 0, 4, 6, 2, 5};

static enum style style_of(const char *name)
{
	static const struct {
		const char *name;
		enum style style;
	} rows[] = {{"photo", STYLE_PHOTO}, {"watercolour", STYLE_WATERCOLOUR}, {"minimal", STYLE_MINIMAL}, {"isometric", STYLE_ISOMETRIC}};
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(rows); i++)
		if (strcmp(name, rows[i].name) == 0)
			return rows[i].style;
	return STYLE_ILLUSTRATION;
}

static cairo_status_t png_write(void *to, const unsigned char *bytes, unsigned len)
{
	return buf_add(to, bytes, len) != 0 ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

int sketch_draw(const struct sketch_job *job, struct buf *png, struct err *e)
{
	if (job->width < SKETCH_EDGE_MIN || job->width > SKETCH_EDGE_MAX || job->height < SKETCH_EDGE_MIN || job->height > SKETCH_EDGE_MAX)
		return err_set(e, ERR_INPUT, "a picture has %d to %d pixels an edge", SKETCH_EDGE_MIN, SKETCH_EDGE_MAX);
	if (sketch_prepare(e) != 0)
		return -1;
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)job->width, (int)job->height);
	unsigned index = order[job->index % SCENES];
	bool sign = job->sign != NULL && strlen(job->sign) < SKETCH_WORD_BYTES && text_drawable(job->sign);
	uint32_t seed = job->seed * 2654435761U + job->index * 40503U + 17;
	struct canvas c = {
	    .cr = cairo_create(surface),
	    .surface = surface,
	    .w = job->width,
	    .h = job->height - caption_height(job->width, job->height),
	    .u = fmin(job->width, job->height) / 100.0,
	    .style = style_of(job->style),
	    .p = palette_make(job->colours, job->seed),
	    .chance = {seed},
	    .seed = seed,
	    .sign = sign ? job->sign : "",
	};
	cairo_save(c.cr);
	cairo_rectangle(c.cr, 0, 0, c.w, c.h);
	cairo_clip(c.cr);
	if (c.style == STYLE_ISOMETRIC)
		scene_isometric(&c, index);
	else
		scenes[index](&c);
	sketch_finish(&c);
	cairo_restore(c.cr);
	caption_draw(&c, job->height, job->words);
	bool drawn = cairo_status(c.cr) == CAIRO_STATUS_SUCCESS;
	cairo_destroy(c.cr);
	cairo_surface_flush(surface);
	drawn = drawn && cairo_surface_write_to_png_stream(surface, png_write, png) == CAIRO_STATUS_SUCCESS;
	cairo_surface_destroy(surface);
	return drawn ? 0 : err_set(e, ERR_MEMORY, "no memory for a picture of %u x %u", job->width, job->height);
}
