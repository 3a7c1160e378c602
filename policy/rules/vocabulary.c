// SPDX-License-Identifier: ISC
#include "policy/rules/vocabulary.h"
#include "policy/base/embed.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

EMBED(vocabulary_table, "policy/rules/vocabulary.txt");

static struct {
	pthread_once_t once;
	struct vocabulary_row *rows; // they point into `text`, a copy of the file
	char *text;
	size_t count;
} table = {.once = PTHREAD_ONCE_INIT};

// Ends the text before the first `mark` and returns what comes after it; NULL when there is none.
static char *cut_at(char *text, const char *mark)
{
	char *at = strstr(text, mark);

	if (at == NULL)
		return NULL;
	*at = '\0';
	return at + strlen(mark);
}

// "kind@keep=stored if id=input,prompt | by | test", "kind/life | read: by"
static int vocabulary_read_row(struct vocabulary_row *row, char *line)
{
	char *by = cut_at(line, " | "), *test = by != NULL ? cut_at(by, " | ") : NULL, *condition = cut_at(line, " if ");

	row->if_name = condition;
	row->if_values = condition != NULL ? cut_at(condition, "=") : NULL;
	row->values = cut_at(line, "=");
	row->attribute = cut_at(line, "@");
	row->element = line;
	if (row->attribute == NULL) {
		row->element = cut_at(line, "/");
		row->parent = line;
	}
	bool whole = row->element != NULL && row->element[0] != '\0' && strpbrk(row->element, "/ ") == NULL;
	if (by == NULL || !whole || (condition != NULL && row->if_values == NULL) ||
	    (row->attribute == NULL && (row->values != NULL || condition != NULL)))
		return -1;
	if (strncmp(by, "read: ", 6) == 0) {
		row->how = VOCABULARY_READ;
		by += 6;
	} else if (strncmp(by, "unbuilt: ", 9) == 0) {
		row->how = VOCABULARY_UNBUILT;
		by += 9;
	}
	row->by = by;
	row->test = test != NULL ? test : "";
	return by[0] != '\0' && (test != NULL) == (row->how == VOCABULARY_OBEYED) ? 0 : -1;
}

static void read_table(void)
{
	char *text = strdup(vocabulary_table), *rest = text, *line;
	size_t lines = 1;
	int number = 0;

	for (const char *c = vocabulary_table; *c != '\0'; c++)
		lines += *c == '\n';
	struct vocabulary_row *rows = calloc(lines, sizeof *rows);
	size_t count = 0;
	while (text != NULL && rows != NULL && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		if (line[0] == '#' || line[0] == '\0')
			continue;
		rows[count].line = number;
		if (vocabulary_read_row(&rows[count++], line) != 0) {
			count = 0;
			break;
		}
	}
	if (count == 0) {
		free(rows);
		free(text);
		text = NULL;
		rows = NULL;
	}
	table.text = text;
	table.rows = rows;
	table.count = count;
}

const struct vocabulary_row *vocabulary_rows(size_t *count)
{
	pthread_once(&table.once, read_table);
	*count = table.count;
	return table.rows;
}

bool vocabulary_listed(const char *list, const char *word, size_t len)
{
	for (size_t n; *list != '\0'; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (n == len && memcmp(list, word, len) == 0)
			return true;
	}
	return false;
}

const struct vocabulary_row *vocabulary_find(const char *word, const char *value)
{
	const size_t split = strcspn(word, "/@"), len = strcspn(word + split, "=") - 1;
	const char *name = word + split + 1;
	size_t count;
	const struct vocabulary_row *rows = vocabulary_rows(&count);

	value = name[len] == '=' ? name + len + 1 : value;
	for (const struct vocabulary_row *row = rows; row < rows + count; row++) {
		if ((row->attribute == NULL) != (word[split] == '/'))
			continue;
		const char *first = row->attribute == NULL ? row->parent : row->element,
			   *second = row->attribute == NULL ? row->element : row->attribute;
		if (first[0] == word[0] && strncmp(first, word, split) == 0 && first[split] == '\0' && strncmp(second, name, len) == 0 &&
		    second[len] == '\0' && row->if_name == NULL &&
		    (row->values == NULL || (value != NULL && vocabulary_listed(row->values, value, strlen(value)))))
			return row;
	}
	return NULL;
}

// Whether one of the attribute's words, which may be several with spaces between, is in the list. `list` NULL: any value will do.
static bool has_value(const xmlNode *node, const char *name, const char *list)
{
	xmlChar *value = xmlGetNoNsProp(node, BAD_CAST name);
	bool found = value != NULL && list == NULL;

	for (const char *c = (const char *)value; c != NULL && list != NULL && *c != '\0' && !found;) {
		c += strspn(c, " \t\r\n");
		size_t n = strcspn(c, " \t\r\n");
		found = n > 0 && vocabulary_listed(list, c, n);
		c += n;
	}
	xmlFree(value);
	return found;
}

void vocabulary_uses(const xmlNode *root, struct vocabulary_use *uses, size_t count)
{
	for (const xmlNode *n = root; n != NULL;) {
		bool used = n->type == XML_ELEMENT_NODE && xmlHasProp(n, BAD_CAST "removed") == NULL;
		for (size_t i = 0; used && i < count; i++) {
			const struct vocabulary_row *row = uses[i].row;
			if (uses[i].first != NULL || n->name[0] != (unsigned char)row->element[0] ||
			    strcmp((const char *)n->name, row->element) != 0)
				continue;
			if (row->attribute != NULL
				? has_value(n, row->attribute, row->values) &&
				      (row->if_name == NULL || has_value(n, row->if_name, row->if_values))
				: n->parent != NULL && n->parent->name != NULL && strcmp((const char *)n->parent->name, row->parent) == 0)
				uses[i].first = n;
		}
		if (used && n->children != NULL) {
			n = n->children;
			continue;
		}
		while (n != NULL && n != root && n->next == NULL)
			n = n->parent;
		n = n == root || n == NULL ? NULL : n->next;
	}
}
