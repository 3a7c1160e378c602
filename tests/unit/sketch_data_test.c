// SPDX-License-Identifier: ISC
// The files of fcgi/provider/sketch/, whoever drew them: well-formed, small, of the classes that styles know, and reaching nothing outside
// themselves; and the tables beside them. What is refused is tried too.
#include "fcgi/provider/sketch_data.h"
#include "fcgi/provider/sketch_draw.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "tests/unit/test.h"
#include <glob.h>
#include <libxml/parser.h>

#define FOLDER "fcgi/provider/sketch/"
enum { ELEMENTS_MAX = 120, SCENE_ELEMENTS_MAX = 160, ELEMENTS_MIN = 12, FILE_MAX = 32 * 1024, PATH_MAX_BYTES = 2000 };

// In the words of a style: what can be filled, has a line, or belongs to a scene.
static const char classes[] =
    " a a2 b b2 d d2 l l2 w w2 wood wood2 gold gold2 leaf leaf2 metal metal2 glass glass2 lit lit2 sh hi ln lw la lb lm lwood lgold lleaf ";
static const char scene_classes[] =
    " sky panel floor disc halo field card tint shadow cast deco dot ink on-field accent v0 v1 v2 if-name if-plain "
    "if-untitled if-wide if-tall on-soft on-flat on-line on-print on-night ";
static const char elements[] = " g path circle ellipse rect ";
static const char attributes[] = " class d cx cy r rx ry x y width height transform fill-rule ";

enum kind { MOTIF, SCENE };

static bool word_in(const char *list, const char *word)
{
	char spaced[64];
	snprintf(spaced, sizeof spaced, " %s ", word);
	return *word != '\0' && strpbrk(word, " ") == NULL && strstr(list, spaced) != NULL;
}

// "stroke-width:3;opacity:.5": numbers alone. Rules of a style would go before attributes, so these stand in `style`.
static bool style_known(const char *value)
{
	static const char properties[] = " opacity fill-opacity stroke-width stroke-opacity stroke-dasharray ";
	char copy[128], *rest = copy;
	bool known = strlen(value) < sizeof copy;
	snprintf(copy, sizeof copy, "%s", value);
	for (char *one; known && (one = strsep(&rest, ";")) != NULL;) {
		char *number = strchr(one, ':');
		if (number != NULL)
			*number++ = '\0';
		known = number != NULL && word_in(properties, one) && *number != '\0' && strspn(number, "0123456789. ") == strlen(number);
	}
	return known;
}

static bool class_known(enum kind kind, const char *value)
{
	char copy[128], *rest = copy;
	bool known = true;
	snprintf(copy, sizeof copy, "%s", value);
	for (char *word; known && (word = strsep(&rest, " ")) != NULL;)
		known = word_in(classes, word) || (kind == SCENE && word_in(scene_classes, word));
	return known;
}

// The first fault of an element and those in it; "" when there is none.
static void element_check(enum kind kind, const xmlNode *node, unsigned depth, unsigned *count, struct buf *fault)
{
	for (; node != NULL && fault->len == 0; node = node->next) {
		const char *name = (const char *)node->name;
		if (node->type == XML_TEXT_NODE || node->type == XML_COMMENT_NODE)
			continue;
		if (node->type != XML_ELEMENT_NODE) {
			buf_adds(fault, "something that is no element");
			return;
		}
		++*count;
		bool text = strcmp(name, "text") == 0, use = strcmp(name, "use") == 0;
		if (!word_in(elements, name) && !(kind == SCENE && (text || use)))
			buf_printf(fault, "element %s", name);
		for (const xmlAttr *a = node->properties; a != NULL && fault->len == 0; a = a->next) {
			const char *key = (const char *)a->name;
			xmlChar *content = xmlNodeGetContent((const xmlNode *)a);
			const char *value = (const char *)content;
			bool good = word_in(attributes, key) && strlen(value) <= PATH_MAX_BYTES && strstr(value, "url") == NULL &&
				    strchr(value, '$') == NULL && strchr(value, '&') == NULL;
			if (strcmp(key, "class") == 0)
				good = class_known(kind, value);
			if (strcmp(key, "style") == 0)
				good = style_known(value);
			if (strcmp(key, "id") == 0)
				good = kind == MOTIF && depth == 1;
			if (strcmp(key, "href") == 0)
				good = use && word_in(" #hero #side #small ", value);
			if (text && word_in(" font-size font-family text-anchor textLength ", key))
				good = true;
			if (!good)
				buf_printf(fault, "%s of %s: “%.60s”", key, name, value);
			xmlFree(content);
		}
		if (text && fault->len == 0) {
			xmlChar *content = xmlNodeGetContent(node);
			if (!word_in(" {name} {title} {kind} ", (const char *)content))
				buf_printf(fault, "text “%.40s”", (const char *)content);
			xmlFree(content);
		} else {
			element_check(kind, node->children, depth + 1, count, fault);
		}
	}
}

static const xmlNode *group_named(const xmlNode *root, const char *id)
{
	for (const xmlNode *n = root->children; n != NULL; n = n->next) {
		xmlChar *is = n->type == XML_ELEMENT_NODE ? xmlGetProp((xmlNode *)n, (const xmlChar *)"id") : NULL;
		bool found = is != NULL && strcmp((const char *)is, id) == 0;
		xmlFree(is);
		if (found)
			return n;
	}
	return NULL;
}

// What is wrong with a drawing, in a few words; "" when nothing is.
static void drawing_check(enum kind kind, const char *bytes, size_t len, struct buf *fault)
{
	if (len > FILE_MAX) {
		buf_printf(fault, "%zu bytes", len);
		return;
	}
	xmlDoc *doc = memmem(bytes, len, "<!", 2) == NULL && memmem(bytes, len, "<?", 2) == NULL
			  ? xmlReadMemory(bytes, (int)len, "drawing", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)
			  : NULL;
	const xmlNode *root = doc != NULL ? xmlDocGetRootElement(doc) : NULL;
	unsigned count = 0;
	if (root == NULL || strcmp((const char *)root->name, "svg") != 0)
		buf_adds(fault, "no SVG");
	else
		element_check(kind, root->children, 1, &count, fault);
	static const char *const groups[] = {"hero", "side", "small"};
	for (size_t i = 0; fault->len == 0 && kind == MOTIF && i < ARRAY_LEN(groups); i++)
		if (group_named(root, groups[i]) == NULL)
			buf_printf(fault, "no group %s", groups[i]);
	if (fault->len == 0 && (count < ELEMENTS_MIN || count > (kind == MOTIF ? (unsigned)ELEMENTS_MAX : SCENE_ELEMENTS_MAX)))
		buf_printf(fault, "%u elements", count);
	xmlFreeDoc(doc);
}

static void folder_check(const char *pattern, enum kind kind, size_t least)
{
	glob_t found;
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= least);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		BUF_AUTO struct buf bytes = BUF_INIT(1 << 20), fault = BUF_INIT(1000);
		assert_int_equal(file_read(found.gl_pathv[i], &bytes, NULL), 0);
		drawing_check(kind, buf_text(&bytes), bytes.len, &fault);
		if (fault.len > 0)
			fail_msg("%s: %s", found.gl_pathv[i], buf_text(&fault));
		// The program holds it, as it is.
		struct sketch_text t = sketch_file(found.gl_pathv[i] + strlen(FOLDER));
		assert_non_null(t.at);
		assert_non_null(memmem(buf_text(&bytes), bytes.len, t.at, t.len));
	}
	globfree(&found);
}

static void motifs_are_clean(void **state)
{
	(void)state;
	folder_check(FOLDER "motifs/*.svg", MOTIF, 50);
}

static void scenes_are_clean(void **state)
{
	(void)state;
	folder_check(FOLDER "scenes/*.svg", SCENE, 8);
}

static void bad_drawings_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *inside, *fault;
	} rows[] = {
	    {"<script>1</script>", "element script"},
	    {"<image href='x.png'/>", "element image"},
	    {"<style>@import 'x'</style>", "element style"},
	    {"<filter/>", "element filter"},
	    {"<use href='#hero'/>", "element use"},
	    {"<text>hello</text>", "element text"},
	    {"<path class='purple'/>", "class of path"},
	    {"<path class='a sky'/>", "class of path"},
	    {"<path class=''/>", "class of path"},
	    {"<path class='a' style='fill:red'/>", "style of path"},
	    {"<path class='a' style='opacity:url(x)'/>", "style of path"},
	    {"<path class='a' fill='#f00'/>", "fill of path"},
	    {"<path class='a' transform='url(x)'/>", "transform of path"},
	    {"<path class='a' d='$a'/>", "d of path"},
	    {"<path class='a' onclick='x()'/>", "onclick of path"},
	    {"<g><g id='x'/></g>", "id of g"},
	    {"<path", "no SVG"},
	    {"<!-- x -->", "no SVG"},
	    {"<?xml-stylesheet href='x'?>", "no SVG"},
	    {"", "no group hero"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[512];
		BUF_AUTO struct buf fault = BUF_INIT(1000);
		snprintf(text, sizeof text, "<svg>%s</svg>", rows[i].inside);
		drawing_check(MOTIF, text, strlen(text), &fault);
		if (strncmp(buf_text(&fault), rows[i].fault, strlen(rows[i].fault)) != 0)
			fail_msg("%s: “%s” instead of “%s”", rows[i].inside, buf_text(&fault), rows[i].fault);
	}
	BUF_AUTO struct buf many = BUF_INIT(1 << 20), fault = BUF_INIT(1000);
	buf_adds(&many, "<svg><g id='hero'>");
	for (int i = 0; i < ELEMENTS_MAX; i++)
		buf_adds(&many, "<path class='a'/>");
	buf_adds(&many, "</g><g id='side'/><g id='small'/></svg>");
	drawing_check(MOTIF, buf_text(&many), many.len, &fault);
	assert_string_equal(buf_text(&fault), "123 elements");
	static const char elsewhere[] = "<svg><use href='http://x/#hero'/></svg>", other[] = "<svg><text>{secret}</text></svg>";
	buf_reset(&fault);
	drawing_check(SCENE, elsewhere, strlen(elsewhere), &fault);
	assert_string_equal(buf_text(&fault), "href of use: “http://x/#hero”");
	buf_reset(&fault);
	drawing_check(SCENE, other, strlen(other), &fault);
	assert_string_equal(buf_text(&fault), "text “{secret}”");
}

// Each style has a rule for each class, names only colours that there are, and reaches nothing outside itself.
static void styles_know_every_class(void **state)
{
	(void)state;
	glob_t found;
	const struct sketch_palette p = sketch_palette_make(NULL, "warm", 0);
	assert_int_equal(glob(FOLDER "styles/*.svg", 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 5);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		BUF_AUTO struct buf bytes = BUF_INIT(1 << 20), list = BUF_INIT(1000);
		const char *name = found.gl_pathv[i];
		assert_int_equal(file_read(name, &bytes, NULL), 0);
		buf_printf(&list, "%s", classes);
		buf_adds(&list, "sky panel floor disc halo field card tint shadow cast deco dot ink on-field accent label label-text");
		char *rest = list.data;
		for (char *word; (word = strsep(&rest, " ")) != NULL;) {
			static const char *const after[] = {"{", ",", ""};
			bool styled = *word == '\0';
			for (size_t k = 0; !styled && k < ARRAY_LEN(after); k++) {
				char rule[64];
				snprintf(rule, sizeof rule, ".%s%s", word, after[k]);
				styled = *after[k] != '\0' && strstr(buf_text(&bytes), rule) != NULL;
			}
			if (!styled)
				fail_msg("%s: no rule for .%s", name, word);
		}
		for (const char *s = buf_text(&bytes); (s = strchr(s, '$')) != NULL; s++) {
			char colour[SKETCH_COLOUR_BYTES];
			if (sketch_palette_colour(&p, s + 1, colour) == 0)
				fail_msg("%s: no colour “%.12s”", name, s);
		}
		for (const char *s = buf_text(&bytes); (s = strstr(s, "url(")) != NULL; s++)
			assert_true(strncmp(s, "url(#", 5) == 0);
		assert_null(strstr(buf_text(&bytes), "@import"));
		assert_null(strstr(buf_text(&bytes), "<filter")); // needs threads, which the worker's processes may not have
	}
	globfree(&found);
}

static void every_trade_has_a_motif_and_words_in_three_scripts(void **state)
{
	(void)state;
	const struct sketch_table *t = sketch_table(SKETCH_TRADES);
	unsigned trades = 0;
	for (size_t r = 0; r < t->rows_count; r++) {
		char file[64];
		unsigned latin = 0, chinese = 0, arabic = 0;
		snprintf(file, sizeof file, "motifs/%s.svg", t->rows[r].id);
		if (sketch_file(file).at == NULL)
			fail_msg("%s: no such file", file);
		for (size_t k = 0; k < t->keywords_count; k++) {
			unsigned char first = (unsigned char)t->keywords[k].folded[0];
			if (t->keywords[k].row != r)
				continue;
			latin += first < 0x80;
			chinese += first >= 0xe3;
			arabic += first >= 0xd8 && first < 0xdc;
		}
		if (latin < 8 || chinese < 1 || arabic < 1)
			fail_msg("%s: %u words in Latin letters, %u in Chinese, %u in Arabic", t->rows[r].id, latin, chinese, arabic);
		trades += strstr(t->rows[r].attribute, " weak") == NULL;
		char mood[16];
		snprintf(mood, sizeof mood, "%.*s", (int)strcspn(t->rows[r].attribute, " "), t->rows[r].attribute);
		bool known = false;
		for (size_t p = 0; p < sketch_table(SKETCH_PALETTES)->rows_count; p++)
			known |= strcmp(sketch_table(SKETCH_PALETTES)->rows[p].id, mood) == 0;
		if (!known)
			fail_msg("%s: no palette for the mood “%s”", t->rows[r].id, mood);
	}
	assert_true(trades >= 40);
	glob_t files;
	assert_int_equal(glob("fcgi/provider/sketch/motifs/*.svg", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *name = strrchr(files.gl_pathv[i], '/') + 1;
		bool listed = false;
		for (size_t r = 0; !listed && r < t->rows_count; r++)
			listed =
			    strncmp(name, t->rows[r].id, strlen(t->rows[r].id)) == 0 && strcmp(name + strlen(t->rows[r].id), ".svg") == 0;
		if (!listed)
			fail_msg("%s: no row in trades.txt", name);
	}
	globfree(&files);
}

static void no_word_stands_in_two_rows(void **state)
{
	(void)state;
	const struct sketch_table *tables[] = {sketch_table(SKETCH_TRADES), sketch_table(SKETCH_COLOUR_WORDS)};
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		const struct sketch_table *t = tables[i];
		assert_true(t->keywords_count > 300);
		for (size_t k = 1; k < t->keywords_count; k++)
			if (strcmp(t->keywords[k].folded, t->keywords[k - 1].folded) == 0 && t->keywords[k].row != t->keywords[k - 1].row)
				fail_msg("“%s” stands in %s and in %s", t->keywords[k].folded, t->rows[t->keywords[k].row].id,
					 t->rows[t->keywords[k - 1].row].id);
	}
}

static void bad_tables_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {"no colon\n", " words first\n",     "bread warm: a, **, c\n",
					   ": x\n",      "bread warm: \xff\n", "x: a, ., b\n"};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sketch_table t;
		struct err e = {0};
		assert_int_equal(sketch_table_parse(&t, rows[i], strlen(rows[i]), &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
	static const char good[] = "# a comment\nbread warm: bakery,\n\tbread\ntea fresh: tea*\n";
	struct sketch_table t;
	assert_int_equal(sketch_table_parse(&t, good, strlen(good), NULL), 0);
	assert_int_equal(t.rows_count, 2);
	assert_int_equal(t.keywords_count, 3);
	sketch_table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(motifs_are_clean),
	    cmocka_unit_test(scenes_are_clean),
	    cmocka_unit_test(bad_drawings_are_refused),
	    cmocka_unit_test(styles_know_every_class),
	    cmocka_unit_test(every_trade_has_a_motif_and_words_in_three_scripts),
	    cmocka_unit_test(no_word_stands_in_two_rows),
	    cmocka_unit_test(bad_tables_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
