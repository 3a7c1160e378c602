// SPDX-License-Identifier: ISC
// Lint, diff and publish of the largest shipped policy. Prints one line of JSON: medians in milliseconds of CPU.
#include "policy/publish/publish.h"
#include "policy/rules/diff.h"
#include "policy/rules/lint.h"
#include "policy/rules/load.h"
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 51 };

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return (d > 0) - (d < 0);
}

static double median(double *times)
{
	qsort(times, ROUNDS, sizeof *times, by_size);
	return times[ROUNDS / 2];
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
	(void)status;
	(void)flag;
	(void)walk;
	return remove(path);
}

static int largest(char *out, size_t size, long *bytes)
{
	glob_t found;
	struct stat st;

	*bytes = 0;
	if (glob("policy/sites/*.xml", 0, NULL, &found) != 0)
		return -1;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (stat(found.gl_pathv[i], &st) == 0 && st.st_size > *bytes) {
			*bytes = (long)st.st_size;
			snprintf(out, size, "%s", found.gl_pathv[i]);
		}
	}
	globfree(&found);
	return *bytes > 0 ? 0 : -1;
}

static int time_lint(const char *file, double *times)
{
	for (int i = 0; i < ROUNDS; i++) {
		REPORT_AUTO struct report report = {0};
		double start = now_ms();
		policy_lint(file, NULL, &report);
		times[i] = now_ms() - start;
	}
	return 0;
}

// As the command does it: both files are read.
static int time_diff(const char *file, double *times)
{
	struct err e = {0};

	for (int i = 0; i < ROUNDS; i++) {
		POLICY_DIFF_AUTO struct policy_diff d = {0};
		double start = now_ms();
		POLICY_AUTO struct policy *a = policy_load_as(file, true, NULL);
		POLICY_AUTO struct policy *b = policy_load_as(file, true, NULL);
		if (a == NULL || b == NULL || policy_diff(&d, a, b, &e) != 0)
			return -1;
		times[i] = now_ms() - start;
	}
	return 0;
}

// Each time into an empty folder: every file is written and synced.
static int time_publish(const char *file, double *times)
{
	struct publish_result result;
	struct err e = {0};

	for (int i = 0; i < ROUNDS; i++) {
		char folder[] = "/dev/shm/lethe-publish-XXXXXX";
		if (mkdtemp(folder) == NULL)
			return -1;
		double start = now_ms();
		POLICY_AUTO struct policy *p = policy_load_as(file, true, NULL);
		int ret = p != NULL ? publish_all(p, "nginx/html", folder, false, &result, &e) : -1;
		times[i] = now_ms() - start;
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		if (ret < 0) {
			fprintf(stderr, "policy_bench: %s\n", e.text);
			return -1;
		}
	}
	return 0;
}

int main(void)
{
	double lint[ROUNDS], diff[ROUNDS], publish[ROUNDS];
	char file[256];
	long bytes;

	if (largest(file, sizeof file, &bytes) < 0 || time_lint(file, lint) != 0 || time_diff(file, diff) != 0 ||
	    time_publish(file, publish) != 0) {
		fprintf(stderr, "policy_bench: run from the top of the tree, with valid policies\n");
		return 1;
	}
	printf(
	    "{\"bench\":\"policy\",\"file\":\"%s\",\"bytes\":%ld,\"lint_ms\":%.2f,\"diff_ms\":%.2f,\"publish_ms\":%.2f,\"aim_ms\":100}\n",
	    file, bytes, median(lint), median(diff), median(publish));
	return 0;
}
