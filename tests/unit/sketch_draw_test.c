// SPDX-License-Identifier: ISC
// The drawings: exact size, the same bytes each time, different by place and style, in the colours asked for.
#include "fcgi/provider/sketch.h"
#include "fcgi/provider/sketch_draw.h"
#include "policy/base/array.h"
#include "tests/unit/png_support.h"
#include "tests/unit/test.h"
#include <cairo.h>
#include <math.h>
#include <sys/resource.h>

// fontconfig keeps its patterns behind encoded pointers, which the leak detector cannot follow.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfontconfig";
}

static const char *const no_colours[] = {NULL};
static const char *const styles[] = {"soft", "flat", "line", "print", "night"};
enum { STYLES = ARRAY_LEN(styles) };

static struct worker_sketch job_of(const char *style, unsigned index)
{
	return (struct worker_sketch){.trade = "bread",
				      .title = "Bakery",
				      .label = "Preview",
				      .colours = no_colours,
				      .style = style,
				      .width = 240,
				      .height = 160,
				      .index = index,
				      .of = 8,
				      .seed = 5};
}

static void draw(const struct worker_sketch *job, struct buf *png)
{
	struct err e = {0};
	*png = BUF_INIT(32 * 1024 * 1024);
	if (sketch_draw(job, png, &e) != 0)
		fail_msg("%s", e.text);
}

// Decodes all of it; the caller destroys the surface.
static cairo_surface_t *decode(const struct buf *png)
{
	size_t used;
	cairo_surface_t *s = png_decode(png, &used);
	assert_int_equal(cairo_surface_status(s), CAIRO_STATUS_SUCCESS);
	assert_int_equal(used, png->len);
	return s;
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void the_same_job_gives_the_same_bytes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct worker_sketch job = job_of(styles[i % STYLES], i);
		struct buf first, second;
		draw(&job, &first);
		draw(&job, &second);
		assert_true(same(&first, &second));
		buf_free(&first);
		buf_free(&second);
	}
}

// Whether the two pictures have the same pixels, but for the corner where the label stands.
static bool same_picture(const struct worker_sketch *a, const struct worker_sketch *b)
{
	struct buf first, second;
	draw(a, &first);
	draw(b, &second);
	cairo_surface_t *x = decode(&first), *y = decode(&second);
	size_t stride = (size_t)cairo_image_surface_get_stride(x);
	bool same = memcmp(cairo_image_surface_get_data(x), cairo_image_surface_get_data(y), stride * a->height * 8 / 10) == 0;
	cairo_surface_destroy(x);
	cairo_surface_destroy(y);
	buf_free(&first);
	buf_free(&second);
	return same;
}

// The storefront's sign: in any script that there is a font for; one that cannot be set changes nothing.
static void the_sign_shows_the_name_in_any_script(void **state)
{
	(void)state;
	static const char *const names[] = {"Kornblume", "Καφές",      "Хлеб",   "面包店", "パン屋",
					    "빵집",      "مخبز النور", "מאפייה", "बेकरी",   "เบเกอรี่"};
	struct worker_sketch plain = job_of("soft", 1), unset = plain;
	plain.title = "";
	unset.title = "\xf0\x9f\x8d\x9e"; // an emoji
	struct worker_sketch before = plain;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct worker_sketch named = plain;
		named.name = names[i];
		assert_false(same_picture(&before, &named));
		before = named;
	}
	struct worker_sketch title = job_of("soft", 1);
	assert_false(same_picture(&title, &unset));
}

// Letters are joined and run from the right: the word is narrower than its letters one by one, and begins at the right edge.
static void arabic_is_shaped(void **state)
{
	(void)state;
	struct err e = {0};
	assert_int_equal(sketch_prepare(&e), 0);
	BUF_AUTO struct buf out = BUF_INIT(1 << 20);
	const struct sketch_line line = {.face = FACE_SANS, .size = 100};
	double joined = sketch_text_path(&out, &line, "مخبز", ""), apart = 0;
	static const char *const letters[] = {"م", "خ", "ب", "ز"};
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		apart += sketch_text_path(&out, &line, letters[i], "");
	assert_true(joined > 0 && joined < apart * 0.9);
	assert_true(sketch_text_path(&out, &line, "\xf0\x9f\x8d\x9e", "") < 0);
	assert_true(sketch_text_path(&out, &line, "\xff", "") < 0);
	assert_true(sketch_text_path(&out, &line, "", "") < 0);
	const struct sketch_line narrow = {.face = FACE_SANS, .size = 100, .width = 50};
	double fitted = sketch_text_path(&out, &narrow, "Wilhelmina", "");
	assert_true(fitted > 49 && fitted < 51);
}

static void places_styles_and_seeds_differ(void **state)
{
	(void)state;
	enum { ALL = STYLES * 8 };
	struct buf all[ALL + 1];
	for (unsigned i = 0; i < ALL; i++) {
		struct worker_sketch job = job_of(styles[i / 8], i % 8);
		draw(&job, &all[i]);
	}
	struct worker_sketch other = job_of("soft", 0);
	other.seed = 6;
	draw(&other, &all[ALL]);
	for (unsigned i = 0; i <= ALL; i++)
		for (unsigned k = 0; k < i; k++)
			assert_false(same(&all[i], &all[k]));
	for (unsigned i = 0; i <= ALL; i++)
		buf_free(&all[i]);
}

static void sizes_are_exact(void **state)
{
	(void)state;
	static const unsigned sizes[][2] = {{1024, 1024}, {1536, 1024}, {1024, 1536}, {64, 64}, {2048, 64}, {64, 2048}};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct worker_sketch job = job_of(styles[i % STYLES], (unsigned)i);
		struct buf png;
		job.width = sizes[i][0];
		job.height = sizes[i][1];
		draw(&job, &png);
		cairo_surface_t *s = decode(&png);
		assert_int_equal(cairo_image_surface_get_width(s), sizes[i][0]);
		assert_int_equal(cairo_image_surface_get_height(s), sizes[i][1]);
		cairo_surface_destroy(s);
		buf_free(&png);
	}
}

static void impossible_sizes_are_refused(void **state)
{
	(void)state;
	static const unsigned sizes[][2] = {{0, 0}, {63, 1024}, {1024, 2049}, {4294967295U, 4294967295U}};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct worker_sketch job = job_of("soft", 0);
		struct buf png = BUF_INIT(1024);
		struct err e = {0};
		job.width = sizes[i][0];
		job.height = sizes[i][1];
		assert_int_equal(sketch_draw(&job, &png, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
		buf_free(&png);
	}
}

static void a_picture_over_the_ceiling_fails(void **state)
{
	(void)state;
	struct worker_sketch job = job_of("soft", 0);
	struct buf png = BUF_INIT(1000);
	struct err e = {0};
	assert_int_equal(sketch_draw(&job, &png, &e), -1);
	assert_int_equal(e.code, ERR_MEMORY);
	buf_free(&png);
}

// The share of pixels whose hue is near that of `rgb`, of those that have a hue.
static double share_of_hue(cairo_surface_t *s, double wanted)
{
	const unsigned char *data = cairo_image_surface_get_data(s);
	int stride = cairo_image_surface_get_stride(s), near = 0, coloured = 0;
	for (int y = 0; y < cairo_image_surface_get_height(s); y++) {
		for (int x = 0; x < cairo_image_surface_get_width(s); x++) {
			const unsigned char *p = data + y * stride + x * 4;
			double r = p[2], g = p[1], b = p[0], high = fmax(r, fmax(g, b)), low = fmin(r, fmin(g, b));
			if (high - low < 24)
				continue;
			double hue = high <= r   ? (g - b) / (high - low)
				     : high <= g ? 2 + (b - r) / (high - low)
						 : 4 + (r - g) / (high - low);
			double apart = fabs(fmod(hue * 60 + 360, 360) - wanted);
			coloured++;
			near += fmin(apart, 360 - apart) < 40;
		}
	}
	return coloured ? (double)near / coloured : 0;
}

static void the_palette_follows_the_page(void **state)
{
	(void)state;
	static const struct {
		const char *colour;
		double hue;
	} rows[] = {{"#d02020", 0}, {"#20a030", 127}, {"#2040d0", 229}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (unsigned index = 0; index < 8; index++) {
			const char *const colours[] = {"#eeeeee", rows[i].colour, NULL};
			struct worker_sketch job = job_of("flat", index);
			struct buf png;
			job.colours = colours;
			draw(&job, &png);
			cairo_surface_t *s = decode(&png);
			double share = share_of_hue(s, rows[i].hue);
			if (share < 0.3)
				fail_msg("%s at %u: only %.0f %% of the coloured pixels have its hue", rows[i].colour, index, share * 100);
			cairo_surface_destroy(s);
			buf_free(&png);
		}
	}
}

// The corner carries the label: light on dark or dark on light, and in the language that is asked for.
static void the_label_is_there(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STYLES * 2; i++) {
		struct worker_sketch job = job_of(styles[i % STYLES], i % 8), german = job;
		struct buf png, other;
		job.width = job.height = german.width = german.height = 1024;
		german.label = "Vorschau";
		draw(&job, &png);
		draw(&german, &other);
		cairo_surface_t *s = decode(&png), *d = decode(&other);
		const unsigned char *data = cairo_image_surface_get_data(s), *theirs = cairo_image_surface_get_data(d);
		int stride = cairo_image_surface_get_stride(s), darkest = 255, lightest = 0, differ = 0;
		for (int y = 955; y < 990; y++) {
			for (int x = 870; x < 985; x++) {
				int g = data[y * stride + x * 4 + 1];
				darkest = g < darkest ? g : darkest;
				lightest = g > lightest ? g : lightest;
				differ += data[y * stride + x * 4 + 1] != theirs[y * stride + x * 4 + 1];
			}
		}
		assert_true(lightest - darkest > 140);
		assert_true(differ > 300);
		cairo_surface_destroy(s);
		cairo_surface_destroy(d);
		buf_free(&png);
		buf_free(&other);
	}
}

// Odd texts and colours change nothing about the outcome: a picture.
static void odd_jobs(void **state)
{
	(void)state;
	static const char *const odd[] = {
	    "",         "\xff",   "面包",           "🍞",  "x\xe2\x80\xae",
	    "<b>&amp;", "{name}", "../styles/soft", "$a", "averyveryveryveryveryveryveryveryveryveryveryverylongword"};
	static const char *const colours[] = {"", "#", "red", "#12345g", "#1234567", "#000000", "#ffffff", NULL};
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		struct worker_sketch job = {.trade = odd[i],
					    .title = odd[i],
					    .name = odd[i],
					    .label = odd[i],
					    .colours = i % 2 ? colours : NULL,
					    .style = odd[i],
					    .width = 100,
					    .height = 100,
					    .index = 4294967295U,
					    .seed = 4294967295U};
		struct buf png;
		draw(&job, &png);
		cairo_surface_destroy(decode(&png));
		buf_free(&png);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_job_gives_the_same_bytes),
	    cmocka_unit_test(the_sign_shows_the_name_in_any_script),
	    cmocka_unit_test(arabic_is_shaped),
	    cmocka_unit_test(places_styles_and_seeds_differ),
	    cmocka_unit_test(sizes_are_exact),
	    cmocka_unit_test(impossible_sizes_are_refused),
	    cmocka_unit_test(a_picture_over_the_ceiling_fails),
	    cmocka_unit_test(the_palette_follows_the_page),
	    cmocka_unit_test(the_label_is_there),
	    cmocka_unit_test(odd_jobs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
