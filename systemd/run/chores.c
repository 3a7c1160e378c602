// SPDX-License-Identifier: ISC
#include "policy/base/array.h"
#include "policy/base/err.h"
#include "systemd/run/run.h"
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

enum { MINUTE_MS = 60000 };

static struct chore {
	const char *words[5]; // of the officer's command; NULL-terminated
	uint64_t every, next;
	pid_t pid; // 0: not under way
} chores[] = {
    {.words = {"publish"}, .every = 60 * MINUTE_MS}, // an announced policy's time may have come
    {.words = {"prune", "--ahead", "PT1M", "--quiet"}, .every = MINUTE_MS},
};
enum { CHORE_COUNT = ARRAY_LEN(chores) };

void chores_begin(uint64_t now)
{
	for (unsigned i = 0; i < CHORE_COUNT; i++)
		chores[i].next = now + chores[i].every;
}

static void start(const struct site *s, struct chore *c)
{
	struct err e = {0};
	pid_t pid = officer_start(s, c->words);

	c->pid = pid > 0 ? pid : 0;
	c->next += pid > 0 ? c->every : MINUTE_MS;
	if (pid > 0)
		return;
	err_system(&e, ERR_IO, errno, "`lethe %s` cannot be started now, but is tried again in a minute", c->words[0]);
	fprintf(stderr, "lethe-run: %s\n", e.text);
}

void chores_due(const struct site *s, uint64_t now)
{
	for (unsigned i = 0; i < CHORE_COUNT; i++) {
		if (now >= chores[i].next && chores[i].pid == 0)
			start(s, &chores[i]);
	}
}

void chore_ended(pid_t pid, int status)
{
	for (unsigned i = 0; i < CHORE_COUNT; i++) {
		if (chores[i].pid != pid)
			continue;
		chores[i].pid = 0;
		if (WIFSIGNALED(status))
			fprintf(stderr, "lethe-run: `lethe %s` was ended by signal %d\n", chores[i].words[0], WTERMSIG(status));
		else if (WEXITSTATUS(status) != 0)
			fprintf(stderr, "lethe-run: `lethe %s` ended with status %d\n", chores[i].words[0], WEXITSTATUS(status));
	}
}
