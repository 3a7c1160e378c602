// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

enum { WIDTH = 80, WIDTH_LEAST = 40 };

enum status output_complain(enum status status, const char *format, ...)
{
	va_list arguments;

	fputs("lethe: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return status;
}

enum status admin_failed(const struct admin *a)
{
	return output_complain(a->e->code == ERR_INPUT ? STATUS_UNSURE : STATUS_FOUND, "%s: %s", a->name, a->e->text);
}

enum status output_print(const struct buf *b)
{
	if (b->failed)
		return output_complain(STATUS_UNSURE, "the output is too large to be made");
	if (b->len > 0 && fd_write_all(STDOUT_FILENO, b->data, b->len) != 0)
		return output_complain(STATUS_UNSURE, "standard output could not be written");
	return STATUS_DONE;
}

// How many bytes at `s` make a character that must not reach a terminal: C0, DEL, C1, and the marks that turn the writing direction.
static size_t unsafe(const unsigned char *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
		return 2;
	if (s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae)
		return 3;
	if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)
		return 3;
	return 0;
}

int output_text(struct buf *out, const char *s)
{
	while (*s != '\0') {
		size_t n = unsafe((const unsigned char *)s);
		buf_addc(out, n > 0 ? '?' : *s);
		s += n > 0 ? n : 1;
	}
	return out->failed ? -1 : 0;
}

const char *output_counted(char out[COUNTED_SIZE], uint64_t n, const char *one, const char *many)
{
	snprintf(out, COUNTED_SIZE, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
	return out;
}

size_t output_width(void)
{
	struct winsize terminal = {0};
	unsigned long columns = strtoul(setting("COLUMNS", "0"), NULL, 10);

	if (columns == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &terminal) == 0)
		columns = terminal.ws_col;
	return columns == 0 ? WIDTH : columns < WIDTH_LEAST ? WIDTH_LEAST : columns;
}

// Does a character of two columns begin here, which a line may end before? Chinese; not what closes a part of a sentence.
static bool wide(const char *s)
{
	return ((unsigned char)*s >= 0xe3 && (unsigned char)*s <= 0xe9) || strncmp(s, "\xef\xbc", 2) == 0;
}
static bool wide_begins(const char *s)
{
	static const char closing[] = "、。》」』】，：；）？！"; // of three bytes each
	bool closes = false;

	for (const char *c = closing; *c != '\0'; c += 3)
		closes = closes || strncmp(s, c, 3) == 0;
	return wide(s) && !closes;
}

int output_wrapped(struct buf *out, size_t at, size_t indent, const char *s)
{
	const size_t width = output_width();
	BUF_AUTO_WIPE struct buf safe = BUF_INIT(OUTPUT_MAX);

	output_text(&safe, s);
	for (const char *word = buf_text(&safe), *next; *word != '\0'; word = next) {
		size_t gap = *word == ' ';
		next = word + 1 + (gap > 0 && wide(word + 1));
		while (*next != '\0' && *next != ' ' && !wide_begins(next))
			next++;
		BUF_AUTO_WIPE struct buf one = BUF_INIT(OUTPUT_MAX);
		buf_add(&one, word + gap, (size_t)(next - word) - gap);
		size_t len = utf8_count(buf_text(&one));
		for (const char *c = buf_text(&one); *c != '\0'; c++)
			len += wide(c);
		if (at + gap + len > width && at > indent) {
			buf_printf(out, "\n%*s", (int)indent, "");
			at = indent;
			gap = 0;
		}
		buf_printf(out, "%s%s", gap > 0 ? " " : "", buf_text(&one));
		at += gap + len;
	}
	return out->failed || safe.failed ? -1 : 0;
}

int output_wrapped_lines(struct buf *out, size_t indent, const char *text)
{
	BUF_AUTO struct buf line = BUF_INIT(OUTPUT_MAX);

	for (; *text != '\0'; text += *text == '\n') {
		size_t len = strcspn(text, "\n");
		buf_reset(&line);
		buf_add(&line, text, len);
		output_wrapped(out, 0, indent, buf_text(&line));
		buf_addc(out, '\n');
		text += len;
	}
	return out->failed || line.failed ? -1 : 0;
}

enum status output_object(const struct arguments *args, const cJSON *object, const struct buf *text)
{
	const char *format = argument(args, "format");
	BUF_AUTO_WIPE struct buf json = BUF_INIT(OUTPUT_MAX);

	if (format == NULL || strcmp(format, "json") != 0)
		return output_print(text);
	if (json_print(&json, object) != 0 || buf_addc(&json, '\n') != 0)
		return output_complain(STATUS_UNSURE, "no memory to print it");
	return output_print(&json);
}

enum status output_members(const struct arguments *args, const struct buf *text, const struct json_member *members)
{
	JSON_AUTO cJSON *object = json_make(members);

	return output_object(args, object, text);
}

static char progress_line[96];
static size_t progress_len;

// Only async-signal-safe calls.
static void progress_say(int signal_number)
{
	(void)signal_number;
	if (write(STDERR_FILENO, progress_line, progress_len) < 0)
		progress_len = 0;
}

void output_progress_begin(const char *doing)
{
	struct sigaction action = {.sa_handler = progress_say, .sa_flags = SA_RESTART};
	const struct itimerval each_second = {.it_interval = {.tv_sec = 1}, .it_value = {.tv_sec = 1}};
	int n = snprintf(progress_line, sizeof progress_line, "lethe: %s …\n", doing);

	progress_len = n < 0 ? 0 : (size_t)n < sizeof progress_line ? (size_t)n : sizeof progress_line - 1;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &each_second, NULL);
}

void output_progress_end(void)
{
	const struct itimerval never = {0};

	setitimer(ITIMER_REAL, &never, NULL);
}
