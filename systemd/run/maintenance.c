// SPDX-License-Identifier: ISC
#include "policy/base/array.h"
#include "policy/base/err.h"
#include "systemd/run/run.h"
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

enum { MINUTE_MS = 60000 };

static struct maintenance_task {
	const char *words[5];        // of the officer's command; NULL-terminated
	uint64_t every, first, next; // first: after the start; 0: every
	pid_t pid;                   // 0: not under way
} tasks[] = {
    {.words = {"publish"}, .every = 60 * MINUTE_MS}, // an announced policy's time may have come
    {.words = {"outbox", "send", "--quiet"}, .every = MINUTE_MS},
    {.words = {"prune", "--ahead", "PT1M", "--quiet"}, .every = MINUTE_MS},
    {.words = {"check", "--record", "--quiet"}, .every = 24 * 60 * MINUTE_MS, .first = MINUTE_MS}, // /privacy/live shows when it was
};

void maintenance_begin(uint64_t now)
{
	for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
		tasks[i].next = now + (tasks[i].first != 0 ? tasks[i].first : tasks[i].every);
}

void maintenance_due(const struct run_site *s, uint64_t now)
{
	for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
		struct maintenance_task *task = &tasks[i];
		struct err e = {0};
		if (now < task->next || task->pid != 0)
			continue;
		pid_t pid = run_command_start(s, task->words);
		task->pid = pid > 0 ? pid : 0;
		task->next += pid > 0 ? task->every : MINUTE_MS;
		if (pid > 0)
			continue;
		err_system(&e, ERR_IO, errno, "`lethe %s` cannot be started now, but is tried again in a minute", task->words[0]);
		fprintf(stderr, "lethe-run: %s\n", e.text);
	}
}

void maintenance_ended(pid_t pid, int status)
{
	for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
		if (tasks[i].pid != pid)
			continue;
		tasks[i].pid = 0;
		if (WIFSIGNALED(status))
			fprintf(stderr, "lethe-run: `lethe %s` was ended by signal %d\n", tasks[i].words[0], WTERMSIG(status));
		else if (WEXITSTATUS(status) != 0)
			fprintf(stderr, "lethe-run: `lethe %s` ended with status %d\n", tasks[i].words[0], WEXITSTATUS(status));
	}
}
