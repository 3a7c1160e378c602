// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "policy/base/file.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

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
