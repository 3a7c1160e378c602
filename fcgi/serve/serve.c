// SPDX-License-Identifier: ISC
// The start of a program: policy, vault, what it needs, sandbox, then requests.
#include "fcgi/serve/serve.h"
#include "fcgi/ipc/programs.h"
#include "fcgi/ipc/supervisor.h"
#include "fcgi/serve/acceptor.h"
#include "fcgi/serve/route.h"
#include "fcgi/serve/sandbox.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include <errno.h>
#include <fcgiapp.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int program_prepare(struct server *s, struct err *e)
{
	const struct program *program = s->program;
	const struct program_row *row = program_find(program->name);
	if (route_check(program->routes, s->policy, e) != 0)
		return -1;
	if (row != NULL && (row->needs & PROGRAM_VAULT) &&
	    vault_open(&s->vault, setting_state(), setting_run(), s->policy, VAULT_PROGRAM, e) != 0)
		return -1;
	s->context = s->vault;
	if (program->start != NULL && program->start(s->policy, s->vault, &s->context, e) != 0)
		return -1;
	if (server_init(s) != 0)
		return err_system(e, ERR_IO, errno, "cannot prepare to serve");
	struct program_paths reads = {.list = {NULL}}, writes = {.list = {NULL}};
	if (program_reads(program->reads, setting_state(), &reads, e) != 0 ||
	    (row != NULL && program_writes(row, setting_state(), setting_run(), &writes, e) != 0))
		return -1;
	supervisor_open();
	const struct sandbox sandbox = {
	    .name = program->name, .read_paths = reads.list, .write_paths = writes.list, .calls = row == NULL || *row->calls};
	return sandbox_enter(&sandbox, e);
}

int serve_main(const struct program *program)
{
	struct server s = {.program = program, .in_flight_max = program->in_flight_max, .drain_ms = program->drain_ms};
	struct err e = {0};
	sigset_t all;
	struct rlimit files;
	note_program(program->name);
	closefrom(STDERR_FILENO + 1); // whoever started this may have left something open
	umask(077);
	// Memory that requests used goes back: a few arenas however many threads (with two, they queue for them), and big buffers straight from
	// the kernel. What a set needs for a moment, such as the writer of its ZIP, is below that: to map and unmap it each time costs more.
	mallopt(M_ARENA_MAX, 8);
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	mallopt(M_TRIM_THRESHOLD, 256 * 1024);
	mallopt(M_TOP_PAD, 64 * 1024);
	// Before any thread exists, so that no thread ever takes a signal: libfcgi treats an interrupted read as a broken connection.
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 1); // or closing waits up to two seconds for the peer
	if (FCGX_Init() != 0)
		return EXIT_CANNOT_START;
	signal(SIGPIPE, SIG_IGN); // after FCGX_Init, which installs its own
	if (listener_open(&s.listener, STDIN_FILENO, &e) != 0) {
		note_line("%s", e.text);
		return EXIT_CANNOT_START;
	}
	active_watch_begin(&s.watch, setting_state());
	BUF_AUTO struct buf messages = BUF_INIT(256 * 1024); // what the policy lacks is for `lethe publish` to say, once for all programs
	POLICY_AUTO struct policy *policy = policy_load_active(setting_state(), setting_policy(), &messages);
	if (policy == NULL) {
		(void)fd_write_all(STDERR_FILENO, buf_text(&messages), messages.len);
		note_line("no policy, no service: see the message above");
		return EXIT_CANNOT_START;
	}
	s.policy = policy;
	buf_free(&messages);
	int status = EXIT_CANNOT_START;
	if (program_prepare(&s, &e) == 0) {
		note_line("serving %s under policy %s", policy->site, policy->version);
		status = acceptor_run(&s);
	} else {
		note_line("%s", e.text);
	}
	if (atomic_load(&s.active) > 0)
		_exit(status); // threads still use what would be freed
	if (program->stop != NULL && s.context != NULL)
		program->stop(s.context);
	if (s.vault != NULL)
		vault_close(s.vault);
	return status;
}
