// SPDX-License-Identifier: ISC
#include "fcgi/provider/sketch_data.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include "policy/base/text.h"
#include <glib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// The Makefile says where the files stand as one; this is for those who look at the source alone.
#ifndef LETHE_SKETCH
#define LETHE_SKETCH "build/release/sketch.txt"
#endif
EMBED(sketch_files, LETHE_SKETCH);

enum { FILES_MAX = 256, NAME_MAX_BYTES = 64, FOLD_MAX = 64 * 1024 };
static const char file_mark[] = "# file ";

static struct {
	char name[NAME_MAX_BYTES];
	struct sketch_text text;
} files[FILES_MAX];
static size_t files_count;
static const char *const table_files[SKETCH_TABLES] = {"trades.txt", "colours.txt", "palettes.txt"};
static struct sketch_table tables[SKETCH_TABLES];
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

// ---- files ----

// Of an SVG file, what is inside its root element.
static struct sketch_text file_inside(const char *name, struct sketch_text t)
{
	size_t n = strlen(name);
	if (n < 4 || strcmp(name + n - 4, ".svg") != 0)
		return t;
	const char *root = memmem(t.at, t.len, "<svg", 4);
	const char *start = root != NULL ? memchr(root, '>', t.len - (size_t)(root - t.at)) : NULL;
	const char *end = start != NULL ? memmem(start, t.len - (size_t)(start - t.at), "</svg>", 6) : NULL;
	return end != NULL ? (struct sketch_text){start + 1, (size_t)(end - start) - 1} : (struct sketch_text){0};
}

static void files_load(void)
{
	const char *at = sketch_files, *end = at + sketch_files_size;
	while (at < end && files_count < FILES_MAX && strncmp(at, file_mark, sizeof file_mark - 1) == 0) {
		const char *name = at + sizeof file_mark - 1, *line = strchr(name, '\n');
		const char *next = line != NULL ? strstr(line, "\n# file ") : NULL;
		if (line == NULL || line - name >= NAME_MAX_BYTES)
			break;
		next = next != NULL ? next + 1 : end;
		memcpy(files[files_count].name, name, (size_t)(line - name));
		files[files_count].text = file_inside(files[files_count].name, (struct sketch_text){line + 1, (size_t)(next - line) - 1});
		files_count++;
		at = next;
	}
	for (size_t i = 0; i < SKETCH_TABLES; i++)
		for (size_t k = 0; k < files_count; k++)
			if (strcmp(files[k].name, table_files[i]) == 0)
				// A file that does not parse leaves an empty table; sketch_data_test says so.
				(void)sketch_table_parse(&tables[i], files[k].text.at, files[k].text.len, NULL);
}

struct sketch_text sketch_file(const char *name)
{
	pthread_once(&loaded, files_load);
	for (size_t i = 0; i < files_count; i++)
		if (strcmp(files[i].name, name) == 0)
			return files[i].text;
	return (struct sketch_text){0};
}

const struct sketch_table *sketch_table(enum sketch_table_name name)
{
	pthread_once(&loaded, files_load);
	return &tables[name];
}

// ---- folding ----

int sketch_fold(struct sketch_folded *out, const char *text, size_t len)
{
	size_t capacity = (len < FOLD_MAX ? len : FOLD_MAX) * 3 + 96, n = 0;
	*out = (struct sketch_folded){.text = malloc(capacity + 1), .from = malloc((capacity + 1) * sizeof *out->from)};
	if (out->text == NULL || out->from == NULL) {
		sketch_folded_free(out);
		return -1;
	}
	for (const char *s = text; s < text + len && n + 80 < capacity; s = g_utf8_next_char(s)) {
		gunichar parts[18];
		gsize count = g_unichar_fully_decompose(g_utf8_get_char(s), TRUE, parts, ARRAY_LEN(parts));
		for (gsize i = 0; i < count; i++) {
			gunichar c = g_unichar_tolower(parts[i]);
			size_t before = n;
			if (g_unichar_ismark(c) != 0 || c == 0x640 || c == 0xad ||
			    (c >= 0x200b && c <= 0x200f)) // 0x640: the Arabic tatweel
				continue;
			if (c == 0xdf)
				out->text[n++] = 's', out->text[n++] = 's';
			else if (g_unichar_isalnum(c) != 0)
				n += (size_t)g_unichar_to_utf8(c, out->text + n);
			else if (n > 0 && out->text[n - 1] != ' ')
				out->text[n++] = ' ';
			for (size_t k = before; k < n; k++)
				out->from[k] = (uint32_t)(s - text);
		}
	}
	out->text[n] = '\0';
	out->from[n] = (uint32_t)len;
	out->len = n;
	return 0;
}

void sketch_folded_free(struct sketch_folded *f)
{
	if (f->text != NULL)
		explicit_bzero(f->text, f->len);
	free(f->text);
	free(f->from);
	*f = (struct sketch_folded){0};
}

// ---- tables ----

static bool written_without_spaces(const char *folded)
{
	gunichar c = g_utf8_get_char(folded);
	return c >= 0x2e80 && c < 0xd7a4;
}

static int keyword_add(struct sketch_table *t, char **bytes, const char *start, const char *end, struct err *e)
{
	struct sketch_keyword *k = &t->keywords[t->keywords_count];
	while (start < end && (*start == ' ' || *start == '\t' || *start == '\n'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\n'))
		end--;
	*k = (struct sketch_keyword){.row = (uint16_t)(t->rows_count - 1)};
	if (start < end && *start == '*')
		k->open_start = true, start++;
	if (start < end && end[-1] == '*')
		k->open_end = true, end--;
	if (start < end && end[-1] == '!')
		k->exact = true, end--;
	struct sketch_folded f;
	if (!g_utf8_validate(start, end - start, NULL))
		return err_set(e, ERR_INPUT, "not UTF-8");
	if (sketch_fold(&f, start, (size_t)(end - start)) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	if (f.len == 0 || f.len >= NAME_MAX_BYTES || f.text[f.len - 1] == ' ') {
		sketch_folded_free(&f);
		return err_set(e, ERR_INPUT, "row %s: no word: “%.*s”", t->rows[t->rows_count - 1].id, (int)(end - start), start);
	}
	memcpy(*bytes, f.text, f.len + 1);
	k->folded = *bytes;
	k->len = (uint16_t)f.len;
	k->free = written_without_spaces(k->folded);
	*bytes += f.len + 1;
	t->keywords_count++;
	sketch_folded_free(&f);
	return 0;
}

static int keyword_compare(const void *a, const void *b)
{
	const struct sketch_keyword *x = a, *y = b;
	int by_byte = (unsigned char)*x->folded - (unsigned char)*y->folded;
	return by_byte != 0 ? by_byte : x->len != y->len ? (int)y->len - (int)x->len : strcmp(x->folded, y->folded);
}

// "ID ATTRIBUTE" before the colon.
static int row_add(struct sketch_table *t, char **bytes, const char *start, const char *end, struct err *e)
{
	size_t len = (size_t)(end - start), id = strcspn(start, " \t:");
	if (id == 0 || id > len || len >= NAME_MAX_BYTES)
		return err_set(e, ERR_INPUT, "no id before “:”: “%.*s”", (int)len, start);
	memcpy(*bytes, start, len);
	(*bytes)[len] = (*bytes)[id] = '\0';
	const char *attribute = *bytes + id + (id < len);
	while (*attribute == ' ' || *attribute == '\t')
		attribute++;
	t->rows[t->rows_count++] = (struct sketch_row){*bytes, attribute};
	*bytes += len + 1;
	return 0;
}

int sketch_table_parse(struct sketch_table *out, const char *text, size_t len, struct err *e)
{
	size_t lines = 2, words = 2;
	for (size_t i = 0; i < len; i++) {
		lines += text[i] == '\n';
		words += text[i] == ',' || text[i] == '\n';
	}
	*out = (struct sketch_table){.rows = calloc(lines, sizeof *out->rows),
				     .keywords = calloc(words, sizeof *out->keywords),
				     .bytes = calloc(3, len + NAME_MAX_BYTES)};
	char *bytes = out->bytes;
	const char *end = text + len;
	bool good = out->rows != NULL && out->keywords != NULL && bytes != NULL;
	if (!good)
		err_set(e, ERR_MEMORY, "no memory");
	for (const char *line = text, *next; good && line < end; line = next) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop != NULL ? stop : end;
		next = stop < end ? stop + 1 : end;
		if (*line == '#' || stop == line)
			continue;
		if (*line != ' ' && *line != '\t') {
			const char *colon = memchr(line, ':', (size_t)(stop - line));
			good = colon != NULL ? row_add(out, &bytes, line, colon, e) == 0
					     : err_set(e, ERR_INPUT, "no “:” in “%.*s”", (int)(stop - line), line) == 0;
			line = colon != NULL ? colon + 1 : stop;
		} else if (out->rows_count == 0) {
			good = err_set(e, ERR_INPUT, "words before the first row") == 0;
		}
		while (good && line < stop) {
			const char *comma = memchr(line, ',', (size_t)(stop - line));
			const char *word_end = comma != NULL ? comma : stop;
			// A comma at the end of a line says that the row goes on.
			if (strspn(line, " \t") < (size_t)(stop - line))
				good = keyword_add(out, &bytes, line, word_end, e) == 0;
			line = word_end + (comma != NULL);
		}
	}
	if (!good) {
		sketch_table_free(out);
		return -1;
	}
	qsort(out->keywords, out->keywords_count, sizeof *out->keywords, keyword_compare);
	for (size_t b = 0, k = 0; b <= 256; b++) {
		while (k < out->keywords_count && (unsigned char)*out->keywords[k].folded < b)
			k++;
		out->first[b] = (uint32_t)k;
	}
	return 0;
}

void sketch_table_free(struct sketch_table *t)
{
	free(t->rows);
	free(t->keywords);
	free(t->bytes);
	*t = (struct sketch_table){0};
}

// ---- matching ----

// Endings that a word may take without being another one: plurals and cases.
static bool ending_may_follow(const char *s, bool exact)
{
	static const char endings[] = " s es e en er em n x a as os o at ات ه ين ي ";
	size_t len = strcspn(s, " ");
	return len == 0 || (!exact && text_among(endings, s, len));
}

// Arabic writes its article and some short words in front of the word.
static bool start_of_word(const struct sketch_folded *f, size_t at)
{
	static const char *const fronts[] = {"ال", "و", "ب", "لل", "وال", "بال", "ل"};
	if (at == 0 || f->text[at - 1] == ' ')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++) {
		size_t len = strlen(fronts[i]);
		if (at >= len && memcmp(f->text + at - len, fronts[i], len) == 0 && (at == len || f->text[at - len - 1] == ' '))
			return true;
	}
	return false;
}

bool sketch_match_at(const struct sketch_table *t, const struct sketch_folded *f, size_t at, bool inside, struct sketch_match *out)
{
	unsigned char byte = (unsigned char)f->text[at];
	bool start = inside || start_of_word(f, at);
	for (size_t i = t->first[byte]; i < t->first[byte + 1]; i++) {
		const struct sketch_keyword *k = &t->keywords[i];
		if ((!start && !k->open_start && !k->free) || at + k->len > f->len || memcmp(f->text + at, k->folded, k->len) != 0 ||
		    (!k->free && !k->open_end && !ending_may_follow(f->text + at + k->len, k->exact)))
			continue;
		*out = (struct sketch_match){at, at + k->len, k->row};
		return true;
	}
	return false;
}
