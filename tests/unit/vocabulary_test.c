// SPDX-License-Identifier: ISC
// Every word of the policy language is obeyed, or read by people, or refused: the table of words against the schema, the sources and the tests.
#include "policy/base/array.h"
#include "policy/publish/documents/register.h"
#include "policy/publish/pages.h"
#include "policy/publish/publish.h"
#include "policy/publish/words/words.h"
#include "policy/rules/load.h"
#include "policy/rules/vocabulary.h"
#include "policy/vault/vault.h"
#include "tests/unit/policy_support.h"
#include <ctype.h>
#include <glob.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <regex.h>

enum { WORDS_MAX = 1000, TEXT_MAX = 16 * 1024 * 1024 };

// ---- the words of the schema, as the table writes them ----

static struct word {
	char text[160]; // "kind/life", "life@hold", "life@hold=yes"
} words[WORDS_MAX];
static size_t word_count;
static xmlNode *schema; // its root

static void add_word(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add_word(const char *format, ...)
{
	char text[sizeof words[0].text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (size_t i = 0; i < word_count; i++) {
		if (strcmp(words[i].text, text) == 0)
			return;
	}
	assert_true(word_count < WORDS_MAX);
	memcpy(words[word_count++].text, text, sizeof text);
}

static bool named(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

// The attribute's value in a buffer of its own for each `slot`; "" when it is absent.
static const char *value(const xmlNode *node, const char *name, unsigned slot)
{
	static char values[4][256];
	xmlChar *text = xmlGetNoNsProp(node, BAD_CAST name);

	snprintf(values[slot], sizeof values[slot], "%s", text != NULL ? (const char *)text : "");
	xmlFree(text);
	return values[slot];
}

static const xmlNode *type_of(const char *kind, const char *name)
{
	for (const xmlNode *n = schema->children; n != NULL; n = n->next) {
		if (named(n, kind) && strcmp(value(n, "name", 0), name) == 0)
			return n;
	}
	return NULL;
}

// The closed values of a simple type, its own and those of the types that it is made of. Returns how many.
static size_t add_values(const char *attribute, const xmlNode *type)
{
	static const char *const links[] = {"base", "itemType", "memberTypes"};
	size_t count = 0;

	for (const xmlNode *n = type->children; n != NULL; n = n->next) {
		if (named(n, "enumeration")) {
			add_word("%s=%s", attribute, value(n, "value", 1));
			count++;
		}
		for (size_t i = 0; n->type == XML_ELEMENT_NODE && i < ARRAY_LEN(links); i++) {
			char list[256], *rest = list;
			snprintf(list, sizeof list, "%s", value(n, links[i], 1));
			for (const char *name; (name = strsep(&rest, " ")) != NULL;) {
				const xmlNode *other = type_of("simpleType", name);
				if (other != NULL)
					count += add_values(attribute, other);
			}
		}
		if (n->type == XML_ELEMENT_NODE)
			count += add_values(attribute, n);
	}
	return count;
}

// Such a type takes closed values and others.
static bool has_union(const xmlNode *type)
{
	for (const xmlNode *n = type != NULL ? type->children : NULL; n != NULL; n = n->next) {
		if (named(n, "union"))
			return true;
	}
	return false;
}

static void add_attribute(const char *element, const xmlNode *node)
{
	char attribute[128];
	const xmlNode *type = type_of("simpleType", value(node, "type", 1));
	size_t count = 0;

	snprintf(attribute, sizeof attribute, "%s@%s", element, value(node, "name", 1));
	if (strcmp(attribute, "kind@id") == 0) { // closed by the software, not by the schema
		for (unsigned k = 0; k < KIND_COUNT; k++)
			add_word("%s=%s", attribute, kind_row((enum kind)k)->name);
		return;
	}
	count = type != NULL ? add_values(attribute, type) : node->children != NULL ? add_values(attribute, node) : 0;
	if (count == 0 || has_union(type))
		add_word("%s", attribute);
}

static void add_type(const char *element, const xmlNode *type);

// A type of several elements stands for them.
static void add_named_type(const char *element, const char *name)
{
	static const char *const shared[] = {"prose", "words", "party"};
	static bool done[ARRAY_LEN(shared)];
	const xmlNode *type = type_of("complexType", name);

	for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
		if (strcmp(shared[i], name) != 0)
			continue;
		if (!done[i]) {
			done[i] = true;
			add_type(shared[i], type);
		}
		return;
	}
	if (type != NULL)
		add_type(element, type);
}

static void add_type(const char *element, const xmlNode *type)
{
	for (const xmlNode *n = type->children; n != NULL; n = n->next) {
		char name[64], of[64];
		if (n->type != XML_ELEMENT_NODE)
			continue;
		snprintf(name, sizeof name, "%s", value(n, "name", 2));
		snprintf(of, sizeof of, "%s", value(n, named(n, "element") ? "type" : "base", 2));
		if (named(n, "attribute")) {
			add_attribute(element, n);
		} else if (named(n, "element")) {
			add_word("%s/%s", element, name);
			add_named_type(name, of);
			for (const xmlNode *inner = n->children; inner != NULL; inner = inner->next) {
				if (named(inner, "complexType"))
					add_type(name, inner);
			}
		} else {
			add_named_type(element, of);
			add_type(element, n);
		}
	}
}

static int read_schema(void **state)
{
	xmlDoc *document = xmlReadFile("policy/policy.xsd", NULL, XML_PARSE_NONET);

	assert_non_null(document);
	schema = xmlDocGetRootElement(document);
	for (const xmlNode *n = schema->children; n != NULL; n = n->next) {
		if (named(n, "element"))
			add_type(value(n, "name", 3), n->children->type == XML_ELEMENT_NODE ? n->children : n->children->next);
	}
	*state = document;
	return 0;
}

static int free_schema(void **state)
{
	xmlFreeDoc(*state);
	return 0;
}

// ---- the table ----

// Whether the row speaks of the word.
static bool speaks_of(const struct vocabulary_row *row, const char *word)
{
	char text[sizeof words[0].text];
	size_t len = strcspn(word, "=");

	snprintf(text, sizeof text, "%s%c%s", row->attribute == NULL ? row->parent : row->element, row->attribute == NULL ? '/' : '@',
		 row->attribute == NULL ? row->element : row->attribute);
	if (strncmp(text, word, len) != 0 || text[len] != '\0')
		return false;
	return word[len] == '\0' ? row->values == NULL
				 : row->values != NULL && vocabulary_listed(row->values, word + len + 1, strlen(word + len + 1));
}

static void each_word_has_its_row_and_each_row_its_words(void **state)
{
	size_t count;
	const struct vocabulary_row *rows = vocabulary_rows(&count);
	unsigned wrong = 0;

	(void)state;
	assert_non_null(rows);
	for (size_t i = 0; i < word_count; i++) {
		size_t unconditional = 0, all = 0;
		for (size_t j = 0; j < count; j++) {
			all += speaks_of(&rows[j], words[i].text);
			unconditional += speaks_of(&rows[j], words[i].text) && rows[j].if_name == NULL;
		}
		if (unconditional != 1) {
			print_message("%s: %zu rows, %zu without a condition; there must be one of these\n", words[i].text, all,
				      unconditional);
			wrong++;
		}
	}
	for (size_t j = 0; j < count; j++) {
		size_t spoken = 0, listed = 1;
		for (const char *c = rows[j].values != NULL ? rows[j].values : ""; *c != '\0'; c++)
			listed += *c == ',';
		for (size_t i = 0; i < word_count; i++)
			spoken += speaks_of(&rows[j], words[i].text);
		if (spoken != listed) {
			print_message("line %d: names %zu words, of which the schema has %zu\n", rows[j].line, listed, spoken);
			wrong++;
		}
	}
	assert_true(word_count > 300);
	assert_int_equal(wrong, 0);
}

// ---- the functions and the tests that the rows name ----

static void read_all(struct buf *out, const char *pattern)
{
	glob_t found;
	struct err e = {0};

	*out = BUF_INIT(TEXT_MAX);
	if (glob(pattern, GLOB_BRACE, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		BUF_AUTO struct buf file = BUF_INIT(TEXT_MAX);
		assert_int_equal(file_read(found.gl_pathv[i], &file, &e), 0);
		buf_add(out, file.data, file.len);
	}
	globfree(&found);
}

// Whether a line begins a definition: "int name(" or "static struct x *name(", and no prototype follows.
static bool defined(const struct buf *sources, const char *name)
{
	char pattern[160];
	regex_t regex;

	snprintf(pattern, sizeof pattern, "\n[a-z][A-Za-z0-9_ *]*[ *]%s\\([^;{]*\\)\n\\{", name);
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	bool found = regexec(&regex, buf_text(sources), 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static void each_row_names_a_function_that_is_there(void **state)
{
	size_t count;
	const struct vocabulary_row *rows = vocabulary_rows(&count);
	unsigned wrong = 0;
	BUF_AUTO struct buf sources;

	(void)state;
	read_all(&sources, "{policy,fcgi,admin,systemd}/{*.c,*/*.c,*/*/*.c}");
	for (size_t i = 0; i < count; i++) {
		char names[256], *rest = names;
		snprintf(names, sizeof names, "%s", rows[i].how == VOCABULARY_OBEYED ? rows[i].by : "");
		for (const char *name; (name = strsep(&rest, ", ")) != NULL;) {
			if (name[0] == '\0' || defined(&sources, name))
				continue;
			print_message("line %d: no function %s\n", rows[i].line, name);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

// "static void kinds_that_are_not_kept_are_refused(" of a C file, or test('…' of a script. A script's name may go on with a variable.
static bool has_test(const struct buf *file, const char *name)
{
	char c_name[256], script_name[256];

	snprintf(c_name, sizeof c_name, "static void %s(void **state)\n{", name);
	for (char *c = c_name + strlen("static void "); *c != '(' && *c != '\0'; c++)
		*c = *c == ' ' ? '_' : *c;
	snprintf(script_name, sizeof script_name, "test('%s'", name);
	return strstr(buf_text(file), c_name) != NULL || strstr(buf_text(file), script_name) != NULL;
}

static void each_row_names_a_test_that_is_there(void **state)
{
	size_t count;
	const struct vocabulary_row *rows = vocabulary_rows(&count);
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		char pattern[300];
		size_t len = strcspn(rows[i].test, " ");
		BUF_AUTO struct buf file;
		if (rows[i].how != VOCABULARY_OBEYED)
			continue;
		snprintf(pattern, sizeof pattern, "tests/%.*s{.c,.test.mjs}", (int)len, rows[i].test);
		read_all(&file, pattern);
		if (rows[i].test[len] == ' ' && has_test(&file, rows[i].test + len + 1))
			continue;
		print_message("line %d: no test %s\n", rows[i].line, rows[i].test);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

// ---- what people read ----

// Everything that is published of the policy, as one text. False when the document is no policy.
static bool publish(const xmlDoc *document, struct buf *out)
{
	xmlChar *text = NULL;
	int len = 0;
	struct err e = {0};
	PAGES_AUTO struct pages pages = {0};

	xmlDocDumpMemory((xmlDoc *)document, &text, &len);
	POLICY_AUTO struct policy *p = policy_read_as("policy.xml", (const char *)text, (size_t)len, true, NULL);
	xmlFree(text);
	buf_free(out);
	*out = BUF_INIT(TEXT_MAX);
	if (p == NULL)
		return false;
	memset(p->sha256, '0', sizeof p->sha256 - 1); // which differs whatever people read
	for (size_t i = 0; i < p->view_count; i++)
		memcpy((char *)p->views[i]->sha256, p->sha256, sizeof p->sha256);
	if (pages_render(p, "nginx/html", false, &pages, &e) != 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < pages.count; i++) {
		if (strstr(pages.list[i].path, "/assets/") == NULL)
			buf_add(out, pages.list[i].bytes.data, pages.list[i].bytes.len);
	}
	for (int model = 0; model < 3; model++) {
		BUF_AUTO struct buf csv = BUF_INIT(TEXT_MAX);
		REGISTER_AUTO struct register_list r = {0};
		assert_int_equal(register_make(&r, p, (enum register_model)model, &(struct register_figures){0}, &e), 0);
		assert_int_equal(register_write(&r, REGISTER_CSV, &csv, &e), 0);
		assert_memory_equal(csv.data, "\xef\xbb\xbf", 3);
		buf_add(out, csv.data, csv.len);
	}
	return true;
}

// Other content for one node of a document, and what was there before.
struct change {
	xmlNode *node;
	const char *attribute; // NULL: the node's text
	xmlChar *before;
};

static void change_make(struct change *c, const char *to)
{
	if (c->attribute == NULL)
		xmlNodeSetContent(c->node, BAD_CAST to);
	else if (to != NULL)
		xmlSetProp(c->node, BAD_CAST c->attribute, BAD_CAST to);
	else
		xmlUnsetProp(c->node, BAD_CAST c->attribute);
}

// Whether with this content something else is published. False too when it is no policy then.
static bool differs(xmlDoc *document, struct change *c, const struct buf *published, const char *to)
{
	BUF_AUTO struct buf now = {0};

	change_make(c, to);
	bool valid = publish(document, &now);
	change_make(c, (const char *)c->before);
	return valid && (published->len != now.len || memcmp(published->data, now.data, now.len) != 0);
}

static const xmlNode *next_element(const xmlNode *n)
{
	if (n->type == XML_ELEMENT_NODE && n->children != NULL)
		return n->children;
	while (n != NULL && n->next == NULL)
		n = n->parent != NULL && n->parent->type == XML_ELEMENT_NODE ? n->parent : NULL;
	return n != NULL ? n->next : NULL;
}

// A policy with the words that no shipped one has.
static xmlDoc *rare_words(void)
{
#define PARTY(element, name)                                                                                                               \
	"<" element " name=\"" name "\" mail=\"x@example.org\" phone=\"+49 30 123456\" web=\"https://example.org/\" country=\"DE\">"       \
	"<address>Street 1, Town</address></" element ">"
	static const char *const rows[][2] = {
	    {"<controller name=\"BizImages\" mail=\"privacy@bizimages.example\" web=\"https://bizimages.example/\"/>",
	     PARTY("controller", "BizImages") PARTY("representative", "A Representative") PARTY("officer", "An Officer")
		 PARTY("authority", "An Authority")},
	    {"<lead>You", "<lead><em>You</em>"},
	    {"<insert what=\"versions\"/>", "<list><item>An item.</item></list><insert what=\"versions\"/>"},
	};
	BUF_AUTO struct buf text;

	read_policy(&text);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		replace_once(&text, rows[i][0], rows[i][1]);
	return xmlReadMemory(text.data, (int)text.len, NULL, NULL, XML_PARSE_NONET);
}

// Another value of an attribute that is not closed: what its type may be, or another id that the document declares.
static bool open_value_shows(xmlDoc *document, xmlNode *node, const char *attribute)
{
	static const char *const any[] = {"other words", "https://canary.example/", "canary@mail.example", "2024-02-29", "P9D", "NO", "77"};
	struct change c = {node, attribute, xmlGetNoNsProp(node, BAD_CAST attribute)};
	BUF_AUTO struct buf published = {0};
	bool shows = false, valid = publish(document, &published);

	for (size_t i = 0; i < ARRAY_LEN(any) && valid && !shows; i++)
		shows = differs(document, &c, &published, any[i]);
	for (const xmlNode *n = xmlDocGetRootElement(document); n != NULL && valid && !shows; n = next_element(n)) {
		xmlChar *id = named(n, attribute) ? xmlGetNoNsProp(n, BAD_CAST "id") : NULL;
		shows = id != NULL && differs(document, &c, &published, (const char *)id);
		xmlFree(id);
	}
	xmlFree(c.before);
	return shows;
}

// Against each of the attribute's other values.
static bool closed_value_shows(xmlDoc *document, xmlNode *node, const struct vocabulary_row *row, const char *wanted)
{
	struct change c = {node, row->attribute, xmlGetNoNsProp(node, BAD_CAST row->attribute)};
	char attribute[80];
	size_t len = (size_t)snprintf(attribute, sizeof attribute, "%s@%s=", row->element, row->attribute);
	BUF_AUTO struct buf published = {0};

	change_make(&c, wanted);
	bool shows = false, valid = publish(document, &published);
	for (size_t i = 0; i < word_count && valid && !shows; i++) {
		if (strncmp(words[i].text, attribute, len) == 0 && strcmp(words[i].text + len, wanted) != 0)
			shows = differs(document, &c, &published, words[i].text + len);
	}
	change_make(&c, (const char *)c.before);
	xmlFree(c.before);
	return shows;
}

// Its first words, or its first attribute where it has none; without either, its being there.
static bool element_shows(xmlDoc *document, xmlNode *node)
{
	xmlXPathContext *context = xmlXPathNewContext(document);
	bool shows = false;

	context->node = node;
	xmlXPathObject *texts = xmlXPathEval(BAD_CAST "descendant::text()[normalize-space()]", context);
	if (!xmlXPathNodeSetIsEmpty(texts->nodesetval)) {
		struct change c = {texts->nodesetval->nodeTab[0], NULL, xmlNodeGetContent(texts->nodesetval->nodeTab[0])};
		BUF_AUTO struct buf published = {0};
		shows = publish(document, &published) && differs(document, &c, &published, "quite other words");
		xmlFree(c.before);
	} else if (node->properties != NULL) {
		shows = open_value_shows(document, node, (const char *)node->properties->name);
	} else {
		BUF_AUTO struct buf with = {0}, without = {0};
		shows = publish(document, &with);
		xmlUnlinkNode(node);
		xmlFreeNode(node);
		shows = publish(document, &without) && shows && (with.len != without.len || memcmp(with.data, without.data, with.len) != 0);
	}
	xmlXPathFreeObject(texts);
	xmlXPathFreeContext(context);
	return shows;
}

// Whether one of the shipped policies shows the row's word, or with this value, to people.
static bool row_shows(const struct vocabulary_row *row, const char *wanted)
{
	static const char *const sites[] = {"blogimg", "imagedesigner", "product-images", "image-describer", "bizimages", NULL};
	bool is_type = row->attribute == NULL && (strcmp(row->parent, "prose") == 0 || strcmp(row->parent, "party") == 0), shows = false;
	char path[160];

	if (row->attribute != NULL && strcmp(row->element, "party") == 0)
		snprintf(path, sizeof path, "//representative");
	else if (row->attribute != NULL)
		snprintf(path, sizeof path, wanted != NULL ? "//%s" : "//%s[@%s]", row->element, row->attribute);
	else
		snprintf(path, sizeof path, "//%s%s%s", is_type ? "" : row->parent, is_type ? "" : "/", row->element);
	for (size_t i = 0; i < ARRAY_LEN(sites) && !shows; i++) {
		char file[64];
		snprintf(file, sizeof file, "policy/sites/%s.xml", sites[i] != NULL ? sites[i] : "");
		xmlDoc *document = sites[i] != NULL ? xmlReadFile(file, NULL, XML_PARSE_NONET) : rare_words();
		assert_non_null(document);
		xmlXPathContext *context = xmlXPathNewContext(document);
		xmlXPathObject *found = xmlXPathEval(BAD_CAST path, context);
		int count = xmlXPathNodeSetGetLength(found->nodesetval);
		for (int n = 0; n < count && n < 12 && !shows; n++) {
			xmlNode *node = found->nodesetval->nodeTab[n];
			if (row->attribute == NULL) {
				shows = element_shows(document, node);
				n = count; // the element may be gone
			} else {
				shows = wanted != NULL ? closed_value_shows(document, node, row, wanted)
						       : open_value_shows(document, node, row->attribute);
			}
		}
		xmlXPathFreeObject(found);
		xmlXPathFreeContext(context);
		xmlFreeDoc(document);
	}
	return shows;
}

static void what_people_read_is_published(void **state)
{
	size_t count;
	const struct vocabulary_row *rows = vocabulary_rows(&count);
	unsigned wrong = 0, tried = 0;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		char values[512], *rest = rows[i].values != NULL ? values : NULL;
		const char *wanted = NULL;
		if (rows[i].how != VOCABULARY_READ)
			continue;
		snprintf(values, sizeof values, "%s", rows[i].values != NULL ? rows[i].values : "");
		do {
			wanted = rest != NULL ? strsep(&rest, ",") : NULL;
			tried++;
			if (row_shows(&rows[i], wanted))
				continue;
			print_message("line %d: %s%s%s%s%s is published nowhere\n", rows[i].line, rows[i].element,
				      rows[i].attribute != NULL ? "@" : "", rows[i].attribute != NULL ? rows[i].attribute : "",
				      wanted != NULL ? "=" : "", wanted != NULL ? wanted : "");
			wrong++;
		} while (rest != NULL);
	}
	print_message("%u words for people\n", tried);
	assert_int_equal(wrong, 0);
}

// ---- the request log ----

static void the_request_log_stores_what_its_categories_say(void **state)
{
	static const struct {
		const char *from, *to, *says;
	} rows[] = {
	    {"<category is=\"user-agent\">User agent</category>", "", "error: kind request-log does not declare the category user-agent"},
	    {"<category is=\"time\">", "<category>", "error: a category of kind request-log does not say which datum it is"},
	    {"<category is=\"time\">", "<category is=\"device\">Device</category><category is=\"time\">", "needs “request log details”"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf text, messages;
		read_policy(&text);
		replace_once(&text, rows[i].from, rows[i].to);
		POLICY_AUTO struct policy *p = load_bytes(text.data, text.len, &messages);
		assert_null(p);
		assert_non_null(strstr(buf_text(&messages), rows[i].says));
	}
	// Address, user agent, and the receipt's hash, which is not the visitor's. Whoever adds a column adds its category.
	assert_int_equal(sizeof(struct request_log_row), 3 * sizeof(char *));
}

static void what_is_lacking_has_a_name_in_each_language(void **state)
{
	size_t count;
	const struct vocabulary_row *rows = vocabulary_rows(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		char key[128];
		if (rows[i].how != VOCABULARY_UNBUILT)
			continue;
		snprintf(key, sizeof key, "capability.%s", rows[i].by);
		for (char *c = key; *c != '\0'; c++)
			*c = *c == ' ' ? '-' : (char)tolower((unsigned char)*c);
		assert_string_equal(word_in(LANGUAGE_EN, key), rows[i].by);
		assert_string_not_equal(word_in(LANGUAGE_DE, key), key);
		assert_string_not_equal(word_in(LANGUAGE_ZH, key), key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_lacking_has_a_name_in_each_language),
	    cmocka_unit_test(each_word_has_its_row_and_each_row_its_words),
	    cmocka_unit_test(each_row_names_a_function_that_is_there),
	    cmocka_unit_test(each_row_names_a_test_that_is_there),
	    cmocka_unit_test(what_people_read_is_published),
	    cmocka_unit_test(the_request_log_stores_what_its_categories_say),
	};
	return cmocka_run_group_tests(tests, read_schema, free_schema);
}
