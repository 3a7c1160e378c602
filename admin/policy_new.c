// SPDX-License-Identifier: ISC
// `lethe policy new`: a policy from some answers. The answers are lines KEY=VALUE of a file, or given on the terminal; the policy's text is
// policy_new.xml, in which {{key}} and the variables below stand, and whose lines with lang="…" stay in the languages that were chosen.
#include "admin/admin.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include "policy/processors/processors.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/template.h"
#include "policy/rules/lint.h"
#include "policy/rules/load.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

EMBED(policy_new_template, "admin/policy_new.xml");

enum { ANSWER_MAX = 300, ANSWERS_BYTES_MAX = 64 * 1024 };
#define LINE "^[^[:space:]].*$"
#define MAIL "^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$"

static const struct question {
	const char *key;
	const char *standard; // what no answer means; NULL: an answer is needed
	const char *ask;
	const char *pattern; // of an answer that is not empty; NULL: a number of `least` to `most`, or words
	const char *takes;   // what the pattern is, for people
	const char *words;   // one or more of them, with spaces between
	unsigned least, most;
} questions[] = {
    {"site", NULL, "Short name of the site, for files", .pattern = "^[a-z][a-z0-9-]{0,63}$",
     .takes = "small letters, digits and hyphens, a letter first"},
    {"name", "", "Name of the site as visitors read it (the short one)", .pattern = LINE, .takes = "one line"},
    {"controller", NULL, "Who is responsible: the legal name of the firm or person", .pattern = LINE, .takes = "one line"},
    {"address", NULL, "Its postal address, in one line", .pattern = LINE, .takes = "one line"},
    {"country", NULL, "Its country", .pattern = "^[A-Z]{2}$", .takes = "two capital letters, such as DE"},
    {"mail", NULL, "Its mail address for privacy", .pattern = MAIL, .takes = "a mail address"},
    {"web", "", "Address of the site (none)", .pattern = "^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%!&'()*+,;=:@/-]*)?$",
     .takes = "an address that begins with https://"},
    {"representative", "", "Name of the representative in the Union (Article 27 GDPR)", .pattern = LINE, .takes = "one line"},
    {"representative-mail", "", "The representative's mail address", .pattern = MAIL, .takes = "a mail address"},
    {"officer", "", "Name of the data protection officer (none)", .pattern = LINE, .takes = "one line"},
    {"officer-mail", "", "The data protection officer's mail address", .pattern = MAIL, .takes = "a mail address"},
    {"languages", "en", "Languages of the notice, the main one first", .words = "en de zh"},
    {"input", "description url", "What visitors give", .words = "description url prompt"},
    {"processors", "sketch", "Who processes data", .words = "azure-openai sketch cloudflare alibaba-cloud tencent-cloud"},
    {"azure-region", "swedencentral", "Azure's region", .pattern = "^[a-z][a-z0-9]{2,40}$",
     .takes = "a region as Azure writes it, such as swedencentral"},
    {"azure-country", "SE", "The country of that region", .pattern = "^[A-Z]{2}$", .takes = "two capital letters, such as SE"},
    {"archive-hours", "1", "Hours for which a finished ZIP is kept", .least = 1, .most = 168},
    {"log-days", "14", "Days for which the request log is kept", .least = 1, .most = 180},
    {"requests-months", "24", "Months for which an answered data-subject request is kept", .least = 1, .most = 120},
    {"notice-days", "30", "Days ahead that a material change is announced", .least = 30, .most = 365},
    {"minimum-age", "16", "Minimum age of visitors", .least = 13, .most = 21},
    {"regimes", "gdpr", "Laws whose rights are promised", .words = "gdpr uk-gdpr ccpa pipl"},
};
enum { QUESTIONS = ARRAY_LEN(questions) };

struct answers {
	char values[QUESTIONS][ANSWER_MAX];
	int lines[QUESTIONS]; // in the file; 0: not there
};

static const char *answer_of(const struct answers *a, const char *key)
{
	for (size_t i = 0; i < QUESTIONS; i++)
		if (strcmp(questions[i].key, key) == 0)
			return a->values[i];
	return "";
}

// Words have spaces between.
#define EACH_WORD(at, words)                                                                                                               \
	for (const char *at = (words) + strspn((words), " "); *at != '\0'; at += strcspn(at, " "), at += strspn(at, " "))

// Is the word, which ends at a space, too, among the words?
static bool answer_has(const char *words, const char *word)
{
	const size_t len = strcspn(word, " ");

	EACH_WORD(at, words)
	{
		if (strcspn(at, " ") == len && memcmp(at, word, len) == 0)
			return true;
	}
	return false;
}

static void words_listed(struct buf *out, const char *before, const char *words)
{
	EACH_WORD(at, words)
	{
		buf_printf(out, "%s%.*s", at == words ? before : ", ", (int)strcspn(at, " "), at);
	}
}

static int words_check(const struct question *q, const char *value, struct err *e)
{
	BUF_AUTO struct buf all = BUF_INIT(1024);
	char word[ANSWER_MAX];

	words_listed(&all, "", q->words);
	EACH_WORD(at, value)
	{
		snprintf(word, sizeof word, "%.*s", (int)strcspn(at, " "), at);
		if (!answer_has(q->words, word))
			return err_set(
			    e, ERR_INPUT,
			    strcmp(q->key, "processors") == 0 && processor_facts(word) != NULL
				? "%s: %s is to be declared by hand afterwards; the answer takes one or more of %s, with spaces between"
				: "%s: \"%s\" is unknown; it takes one or more of %s, with spaces between",
			    q->key, word, buf_text(&all));
		if (answer_has(at + strlen(word), word))
			return err_set(e, ERR_INPUT, "%s: %s is there twice", q->key, word);
	}
	return 0;
}

// Takes an answer, without the white space around it; "" is what no answer means.
static int answer_take(struct answers *a, size_t n, const char *value, size_t len, struct err *e)
{
	const struct question *q = &questions[n];
	char *to = a->values[n], *end;
	regex_t pattern;

	while (len > 0 && strchr(" \t\r\n", value[len - 1]) != NULL)
		len--;
	while (len > 0 && strchr(" \t", *value) != NULL) {
		value++;
		len--;
	}
	if (len == 0 && q->standard == NULL)
		return err_set(e, ERR_INPUT, "%s: an answer is needed: %s", q->key, q->takes);
	if (len >= ANSWER_MAX || !utf8_valid(value, len))
		return err_set(e, ERR_INPUT, "%s: give at most %d bytes of UTF-8", q->key, ANSWER_MAX - 1);
	snprintf(to, ANSWER_MAX, "%.*s", len > 0 ? (int)len : (int)strlen(q->standard), len > 0 ? value : q->standard);
	for (const char *c = to; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_set(e, ERR_INPUT, "%s: there is a control character in it", q->key);
	if (*to == '\0')
		return 0;
	if (q->words != NULL)
		return words_check(q, to, e);
	if (q->pattern == NULL) {
		unsigned long number = strtoul(to, &end, 10);
		return *to >= '0' && *to <= '9' && *end == '\0' && number >= q->least && number <= q->most
			   ? 0
			   : err_set(e, ERR_INPUT, "%s: \"%s\" is not a whole number from %u to %u", q->key, to, q->least, q->most);
	}
	if (regcomp(&pattern, q->pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	int matches = regexec(&pattern, to, 0, NULL, 0);
	regfree(&pattern);
	return matches == 0 ? 0 : err_set(e, ERR_INPUT, "%s: \"%s\" is not %s", q->key, to, q->takes);
}

// Is the question to be asked after those before it?
static bool question_applies(const struct answers *a, const char *key)
{
	if (strncmp(key, "representative", 14) == 0 && policy_country_in_eea(answer_of(a, "country")))
		return false;
	if (strncmp(key, "azure-", 6) == 0)
		return answer_has(answer_of(a, "processors"), "azure-openai");
	return strcmp(key, "officer-mail") != 0 || *answer_of(a, "officer") != '\0';
}

// What answers ask of each other.
static int answers_check(const struct answers *a, struct err *e)
{
	const char *processors = answer_of(a, "processors");

	if (!policy_country_in_eea(answer_of(a, "country")) &&
	    (*answer_of(a, "representative") == '\0' || *answer_of(a, "representative-mail") == '\0'))
		return err_set(
		    e, ERR_INPUT,
		    "representative: the controller is in %s, outside the EEA, and Article 27 GDPR asks for a representative in the "
		    "Union: give representative and representative-mail",
		    answer_of(a, "country"));
	if ((*answer_of(a, "officer") == '\0') != (*answer_of(a, "officer-mail") == '\0'))
		return err_set(e, ERR_INPUT, "officer: give both officer and officer-mail, or neither");
	if (!answer_has(processors, "azure-openai") && !answer_has(processors, "sketch"))
		return err_set(e, ERR_INPUT, "processors: nobody makes the pictures: add azure-openai, sketch (built in) or both");
	return 0;
}

static enum status answers_read(struct answers *a, const char *file)
{
	BUF_AUTO struct buf text = BUF_INIT(ANSWERS_BYTES_MAX);
	struct err e = {0};
	int number = 0, wrong = 0;

	if (file_read(file, &text, &e) != 0)
		return output_complain(STATUS_UNSURE, "policy new: %s", e.text);
	for (const char *at = buf_text(&text), *next; *at != '\0'; at = next) {
		size_t len = strcspn(at, "\n"), key, n = 0;
		next = at + len + (at[len] == '\n');
		number++;
		for (; len > 0 && strchr(" \t", *at) != NULL; len--)
			at++;
		if (len == 0 || *at == '#' || *at == '\r')
			continue;
		const char *near = NULL, *equals = memchr(at, '=', len);
		key = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
		for (; n < QUESTIONS && (strlen(questions[n].key) != key || memcmp(questions[n].key, at, key) != 0); n++)
			near = argument_near(at, key, questions[n].key) ? questions[n].key : near;
		e = (struct err){0};
		if (equals == NULL || at + key + strspn(at + key, " \t") != equals)
			err_set(&e, ERR_INPUT, "this is no line KEY=VALUE; a comment begins with #");
		else if (n == QUESTIONS && near != NULL)
			err_set(&e, ERR_INPUT, "%.*s is unknown; did you mean %s?", (int)key, at, near);
		else if (n == QUESTIONS)
			err_set(&e, ERR_INPUT, "%.*s is unknown; lethe(8) lists what is asked", key > 40 ? 40 : (int)key, at);
		else if (a->lines[n] != 0)
			err_set(&e, ERR_INPUT, "%s is answered in line %d already", questions[n].key, a->lines[n]);
		else
			(void)answer_take(a, n, equals + 1, (size_t)(at + len - equals - 1), &e);
		if (n < QUESTIONS)
			a->lines[n] = number;
		if (e.code != ERR_NONE) {
			output_complain(STATUS_UNSURE, "%s:%d: %s", file, number, e.text);
			wrong++;
		}
	}
	for (size_t n = 0; n < QUESTIONS; n++)
		if (a->lines[n] == 0 && answer_take(a, n, "", 0, &e) != 0) {
			output_complain(STATUS_UNSURE, "%s: %s is not answered: %s (%s)", file, questions[n].key, questions[n].ask,
					questions[n].takes);
			wrong++;
		}
	if (wrong > 0)
		return STATUS_UNSURE;
	return answers_check(a, &e) != 0 ? output_complain(STATUS_UNSURE, "%s: %s", file, e.text) : STATUS_DONE;
}

static enum status answers_ask(struct answers *a)
{
	struct err e;

	for (size_t n = 0; n < QUESTIONS;) {
		const struct question *q = &questions[n];
		BUF_AUTO struct buf question = BUF_INIT(4096), answer = BUF_INIT(4096);
		buf_adds(&question, q->ask);
		words_listed(&question, " (of ", q->words != NULL ? q->words : "");
		buf_adds(&question, q->words != NULL ? ")" : "");
		if (q->standard != NULL && *q->standard != '\0')
			buf_printf(&question, " [%s]", q->standard);
		buf_adds(&question, ": ");
		bool applies = question_applies(a, q->key);
		if (applies && ask_text(buf_text(&question), &answer, &e) != 0)
			return output_complain(STATUS_UNSURE, "policy new: %s; --from ANSWERS reads the answers from a file", e.text);
		if (answer_take(a, n, buf_text(&answer), answer.len, &e) != 0)
			output_complain(STATUS_UNSURE, "%s", e.text); // and is asked again
		else
			n++;
	}
	return answers_check(a, &e) != 0 ? output_complain(STATUS_UNSURE, "policy new: %s", e.text) : STATUS_DONE;
}

// What visitors give, in words of a language.
static void input_words(struct buf *out, const char *input, const char *const words[3], const char *joint)
{
	static const char *const known[] = {"description", "url", "prompt"};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (answer_has(input, known[i]))
			buf_printf(out, "%s%s", out->len > 0 ? joint : "", words[i]);
}

// <answer>s for those of the regimes that begin or end so.
static void regimes_words(struct buf *out, const char *regimes, const char *which)
{
	EACH_WORD(at, which)
	{
		if (answer_has(regimes, at))
			buf_printf(out, "      <answer regime=\"%.*s\" within=\"statutory\"/>\n", (int)strcspn(at, " "), at);
	}
}

static int policy_make(const struct answers *a, const char *date, struct buf *out, struct err *e)
{
	static const struct {
		const char *word, *code, *name;
	} languages[] = {{"en", "en", "English"}, {"de", "de", "Deutsch"}, {"zh", "zh-Hans", "简体中文"}};
	const char *input = answer_of(a, "input"), *processors = answer_of(a, "processors"), *regimes = answer_of(a, "regimes");
	const char *azure = answer_has(processors, "azure-openai") ? "yes" : "", *chosen = answer_of(a, "languages");
	BUF_AUTO struct buf text = BUF_INIT(POLICY_BYTES_MAX), made = BUF_INIT(4096), en = BUF_INIT(512), de = BUF_INIT(512),
			    zh = BUF_INIT(512), all = BUF_INIT(1024), eu = BUF_INIT(1024), ccpa = BUF_INIT(1024);

	input_words(&en, input, (const char *const[]){"a description", "the address of a page", "a prompt"}, " or ");
	input_words(&de, input, (const char *const[]){"einer Beschreibung", "der Adresse einer Seite", "einem Prompt"}, " oder ");
	input_words(&zh, input, (const char *const[]){"描述", "网址", "提示词"}, "或");
	regimes_words(&all, regimes, "gdpr uk-gdpr ccpa pipl");
	regimes_words(&eu, regimes, "gdpr uk-gdpr");
	regimes_words(&ccpa, regimes, "ccpa");
	EACH_WORD(at, chosen)
	for (size_t i = 0; i < ARRAY_LEN(languages); i++)
		if (answer_has(languages[i].word, at))
			buf_printf(&made, "    <language code=\"%s\" name=\"%s\"/>\n", languages[i].code, languages[i].name);
	// Lines in other languages go; marks before them stay.
	for (const char *at = policy_new_template, *next; *at != '\0'; at = next) {
		const char *line = at, *lang;
		size_t len = strcspn(at, "\n");
		char word[3] = "";
		next = at + len + (at[len] == '\n');
		while (strncmp(line, "{{", 2) == 0)
			line = strstr(line, "}}") + 2;
		lang = memmem(line, (size_t)(next - line), " lang=\"", 7);
		if (lang != NULL)
			snprintf(word, sizeof word, "%.2s", lang + 7);
		bool stays = lang == NULL || answer_has(chosen, word);
		buf_add(&text, at, (size_t)((stays ? next : line) - at));
	}
	const char *name = *answer_of(a, "name") != '\0' ? answer_of(a, "name") : answer_of(a, "site");
	struct word_value vars[QUESTIONS + 20] = {{"date", date},
						  {"languages", buf_text(&made)},
						  {"input_en", buf_text(&en)},
						  {"input_de", buf_text(&de)},
						  {"input_zh", buf_text(&zh)},
						  {"answers", buf_text(&all)},
						  {"eu", buf_text(&eu)},
						  {"ccpa", buf_text(&ccpa)},
						  {"name", name},
						  {"page", answer_has(input, "url") ? "yes" : ""},
						  {"azure", azure},
						  {"azure-outside", policy_country_in_eea(answer_of(a, "azure-country")) ? "" : azure},
						  {"sketch", answer_has(processors, "sketch") ? "yes" : ""},
						  {"cloudflare", answer_has(processors, "cloudflare") ? "yes" : ""},
						  {"alibaba", answer_has(processors, "alibaba-cloud") ? "yes" : ""},
						  {"tencent", answer_has(processors, "tencent-cloud") ? "yes" : ""}};
	size_t count = 0;
	while (vars[count].name != NULL)
		count++;
	for (size_t i = 0; i < QUESTIONS; i++) // behind those above, which win
		vars[count++] = (struct word_value){questions[i].key, a->values[i]};
	return text.failed ? err_set(e, ERR_MEMORY, "no memory")
			   : template_render(buf_text(&text), "policy_new.xml", 1, NULL, vars, out, e);
}

// A new file; what is there is never written over.
static enum status new_file_write(const char *file, const struct buf *text)
{
	FD_AUTO int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	struct err e;

	if (text->failed)
		errno = ENOMEM;
	else if (fd >= 0 && fd_write_all(fd, text->data, text->len) == 0 && fsync(fd) == 0)
		return STATUS_DONE;
	err_system(&e, ERR_IO, errno, "%s cannot be written", file);
	output_complain(STATUS_UNSURE, "policy new: %s", e.text);
	if (fd >= 0)
		unlink(file);
	return STATUS_UNSURE;
}

static const struct option_row new_options[] = {
    {"from", OPTION_VALUE, "ANSWERS", "a file of lines KEY=VALUE, in place of asking on the terminal"},
    {"preview", OPTION_VALUE, "PAGE", "the file for the notice as HTML (FILE with .html in place of .xml)"},
    OBJECT_OPTIONS_END,
};

static enum status new_main(const struct admin *admin, const struct arguments *args)
{
	const char *file = args->words[0], *from = argument(args, "from"), *page = argument(args, "preview");
	char date[WHEN_DATE], beside[PATH_MAX];
	struct err e;
	struct answers a = {0};
	BUF_AUTO struct buf policy = BUF_INIT(POLICY_BYTES_MAX), notice = BUF_INIT(DOCUMENT_BYTES_MAX), short_form = BUF_INIT(OUTPUT_MAX),
			    out = BUF_INIT(OUTPUT_MAX);
	REPORT_AUTO struct report report = {.file = file};
	size_t stem = strlen(file) > 4 && strcmp(file + strlen(file) - 4, ".xml") == 0 ? strlen(file) - 4 : strlen(file);

	(void)admin;
	if (page == NULL && snprintf(beside, sizeof beside, "%.*s.html", (int)stem, file) >= (int)sizeof beside)
		return output_complain(STATUS_UNSURE, "policy new: the name %.64s… is too long", file);
	page = page != NULL ? page : beside;
	for (size_t i = 0; i < 2; i++)
		if (access(i == 0 ? file : page, F_OK) == 0)
			return output_complain(STATUS_UNSURE,
					       "policy new: %s is there already, and nothing is written over it: name another file%s",
					       i == 0 ? file : page, i == 0 ? "" : " with --preview");
	enum status status = from != NULL ? answers_read(&a, from) : answers_ask(&a);
	if (status != STATUS_DONE)
		return status;
	when_date(date, when_now());
	if (policy_make(&a, date, &policy, &e) != 0)
		return output_complain(STATUS_UNSURE, "policy new: %s", e.text);
	if (new_file_write(file, &policy) != STATUS_DONE)
		return STATUS_UNSURE;
	policy_lint(file, NULL, &report);
	POLICY_AUTO struct policy *made = report.errors == 0 ? policy_load_as(file, true, NULL) : NULL;
	if (made == NULL) {
		report_print(&report, &out);
		fprintf(stderr, "%slethe: policy new: these answers make no valid policy, and %s was removed\n", buf_text(&out), file);
		unlink(file);
		return STATUS_FOUND;
	}
	notice_preview(made, &notice);
	if (new_file_write(page, &notice) != STATUS_DONE)
		return STATUS_UNSURE;
	buf_printf(&out, "written: %s, the policy of %s, version %s\n", file, answer_of(&a, "site"), date);
	buf_printf(&out, "its notice, to be looked at: %s\n", page);
	if (report.warnings > 0)
		buf_printf(&out, "%d warning%s: lethe policy lint %s shows them\n", (int)report.warnings, report.warnings == 1 ? "" : "s",
			   file);
	buf_addc(&out, '\n');
	struct writer w = {.form = FORM_TEXT, .out = &short_form, .policy = made};
	summary_write(made, &w);
	output_wrapped_lines(&out, 2, buf_text(&short_form));
	output_wrapped(
	    &out, 0, 0,
	    "Read it and change what is different with you: it binds you. Then lethe policy lint, and lethe publish or lethe-run.");
	buf_addc(&out, '\n');
	return output_members(args, &out,
			      JSON_MEMBERS(MEMBER_TEXT("file", file), MEMBER_TEXT("notice", page),
					   MEMBER_TEXT("site", answer_of(&a, "site")), MEMBER_TEXT("version", date),
					   MEMBER_NUMBER("warnings", report.warnings)));
}

const struct command policy_new_command = {"new", new_main, "write a policy from your answers to some questions", .words = "FILE",
					   .options = new_options};
