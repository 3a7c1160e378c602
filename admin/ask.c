// SPDX-License-Identifier: ISC
// Questions on the terminal, and values that must not stand in the command line.
#include "admin/admin.h"
#include "policy/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
	interrupted = signal_number;
}

// Asks and reads a line; `echo` false: without showing what is typed. The terminal is put back whatever happens, an interruption included.
static int ask_line(const char *question, bool echo, struct buf *out, struct err *e)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = interrupt}, old[3];
	struct termios before, quiet;
	FD_AUTO int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || tcgetattr(fd, &before) < 0)
		return err_set(e, ERR_UNAVAILABLE, "there is no terminal to ask on");
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < 3; i++)
		sigaction(signals[i], &action, &old[i]);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(echo ? 0 : ECHO | ECHONL);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	bool read_all = false, gone = fd_write_all(fd, question, strlen(question)) != 0;
	for (char c; !read_all && !gone && !interrupted;) {
		ssize_t n = read(fd, &c, 1);
		read_all = n == 1 && c == '\n';
		gone = n == 0 || (n < 0 && errno != EINTR) || (n == 1 && !read_all && buf_addc(out, c) != 0);
	}
	tcsetattr(fd, TCSAFLUSH, &before);
	if (!echo)
		(void)fd_write_all(fd, "\n", 1);
	for (size_t i = 0; i < 3; i++)
		sigaction(signals[i], &old[i], NULL);
	if (interrupted)
		raise(interrupted);
	return read_all ? 0 : err_set(e, ERR_INPUT, "nothing was entered");
}

int ask_input(struct buf *out, struct err *e)
{
	for (ssize_t n = 1; n > 0;) {
		char *to = buf_reserve(out, 512);
		if (to == NULL)
			return err_set(e, ERR_INPUT, "standard input is too long");
		n = TEMP_FAILURE_RETRY(read(STDIN_FILENO, to, 512));
		if (n < 0)
			return err_system(e, ERR_IO, errno, "standard input cannot be read");
		buf_took(out, (size_t)n);
	}
	return 0;
}

int ask_hidden(const char *name, const char *value, struct buf *out, struct err *e)
{
	static const char space[] = " \t\r\n";
	char question[64];

	if (strcmp(value, "-") == 0) {
		if (ask_input(out, e) != 0)
			return -1;
	} else if (*value == '@') {
		if (file_read(value + 1, out, e) != 0)
			return -1;
	} else {
		snprintf(question, sizeof question, "%s (not shown): ", name);
		if (ask_line(question, false, out, e) != 0)
			return err_prefix(e, "--%s: give @FILE, or - for standard input", name);
	}
	// White space goes from both ends; what is left must be one line of text.
	size_t start = strspn(buf_text(out), space);
	while (out->len > start && out->data[out->len - 1] != '\0' && strchr(space, out->data[out->len - 1]) != NULL)
		out->data[--out->len] = '\0';
	if (out->len <= start)
		return err_set(e, ERR_INPUT, "no value was given for --%s", name);
	memmove(out->data, out->data + start, out->len - start + 1);
	out->len -= start;
	for (size_t i = 0; i < out->len; i++)
		if ((unsigned char)out->data[i] < 0x20)
			return err_set(e, ERR_INPUT, "--%s takes one value: what was given has several lines", name);
	return 0;
}

int ask_text(const char *question, struct buf *out, struct err *e)
{
	return ask_line(question, true, out, e);
}

bool ask_yes(const char *question)
{
	BUF_AUTO struct buf answer = BUF_INIT(HIDDEN_MAX);
	struct err e;

	return ask_line(question, true, &answer, &e) == 0 && strcmp(buf_text(&answer), "yes") == 0;
}
