// SPDX-License-Identifier: ISC
// The table of programs: what stands in it is there, nginx passes to each what its row says, and each, once locked in, writes what it must
// and nothing else of the state and run folders: neither the policy in force nor what is published for nginx and for visitors.
#include "fcgi/ipc/programs.h"
#include "fcgi/serve/sandbox.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void each_row_has_its_folder(void **state)
{
	char path[128];

	(void)state;
	for (size_t i = 0; i < PROGRAM_COUNT; i++) {
		snprintf(path, sizeof path, "fcgi/%s/main.c", programs[i].name);
		assert_int_equal(access(path, R_OK), 0);
		assert_ptr_equal(program_find(programs[i].name), &programs[i]);
		assert_int_equal(strcmp(programs[i].group, "www-data") == 0, *programs[i].routes != '\0');
	}
	assert_null(program_find("nginx"));
}

// The program that a location of nginx's leads to, into `name`; -1 when it leads to none.
static int location_program(const char *location, char name[32])
{
	const char *pass = strstr(location, "fastcgi_pass "), *next = strstr(location + 1, "\nlocation ");

	if (pass == NULL || (next != NULL && pass > next))
		return -1;
	return sscanf(pass, "fastcgi_pass unix:@RUN@/%31[a-z].sock;", name) == 1 || sscanf(pass, "fastcgi_pass lethe_%31[a-z];", name) == 1
		   ? 0
		   : -1;
}

static void nginx_passes_what_the_rows_say(void **state)
{
	BUF_AUTO struct buf text = BUF_INIT(1 << 20);
	struct buf found[PROGRAM_COUNT];
	struct err e;

	(void)state;
	for (size_t i = 0; i < PROGRAM_COUNT; i++)
		found[i] = BUF_INIT(4096);
	assert_int_equal(file_read("nginx/snippets/routes.conf", &text, &e), 0);
	for (const char *at = buf_text(&text); (at = strstr(at, "\nlocation ")) != NULL; at++) {
		char name[32], address[64];
		if (location_program(at, name) != 0)
			continue;
		assert_int_equal(sscanf(at, "\nlocation %*[=^~] %63s", address), 1);
		const struct program_row *row = program_find(name);
		assert_non_null(row);
		char row_routes[1024], wanted[80];
		snprintf(row_routes, sizeof row_routes, " %s ", row->routes);
		snprintf(wanted, sizeof wanted, " %s ", address);
		if (strstr(row_routes, wanted) == NULL)
			fail_msg("%s is passed to %s, whose row does not say so", address, name);
		buf_printf(&found[row - programs], " %s", address);
	}
	for (size_t i = 0; i < PROGRAM_COUNT; i++) {
		if (found[i].len != (*programs[i].routes ? strlen(programs[i].routes) + 1 : 0))
			fail_msg("%s: nginx passes%s", programs[i].name, buf_text(&found[i]));
		buf_free(&found[i]);
	}
}

// ---- what each may write ----

static char state_folder[64], run_folder[64];

static void put(const char *folder, const char *name)
{
	char path[256];
	struct err e;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (name[strlen(name) - 1] == '/')
		assert_int_equal(folder_make(path, 0700, &e), 0);
	else
		assert_int_equal(file_write(path, "x", 1, 0600, NULL, &e), 0);
}

static int setup(void **state)
{
	static const char *const in_state[] = {"keys/",
					       "log/",
					       "policy/",
					       "publish/",
					       "publish/nginx/",
					       "publish/html/",
					       "egress/",
					       "vault.db",
					       "vault.db-wal",
					       "vault.db-shm",
					       "vault.lock",
					       "space-reserve",
					       "keys/keys.db",
					       "keys/keys.db-wal",
					       "keys/keys.db-shm",
					       "keys/master.key",
					       "policy/active.xml",
					       "publish/nginx/headers.conf",
					       "publish/html/index.html",
					       "run.env"};
	static const char *const in_run[] = {"spool/", "nginx/", "nginx/snippets/", "nginx/nginx.conf", "nginx/snippets/http.conf"};

	(void)state;
	snprintf(state_folder, sizeof state_folder, "/tmp/lethe-programs-XXXXXX");
	snprintf(run_folder, sizeof run_folder, "/tmp/lethe-programs-XXXXXX");
	if (mkdtemp(state_folder) == NULL || mkdtemp(run_folder) == NULL)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(in_state); i++)
		put(state_folder, in_state[i]);
	for (size_t i = 0; i < ARRAY_LEN(in_run); i++)
		put(run_folder, in_run[i]);
	return 0;
}

static int teardown(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s %s", state_folder, run_folder);
	return system(command);
}

// "w NAME" opens for writing, "c NAME" makes and removes, "u NAME" removes. In a process that the sandbox has locked in: 0 when it may.
static int try_as(const struct program_row *row, const char *folder, const char *attempt)
{
	char path[256];
	int status;

	snprintf(path, sizeof path, "%s/%s", folder, attempt + 2);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		struct program_paths writes;
		struct err e;
		int null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		if (program_writes(row, state_folder, run_folder, &writes, &e) != 0)
			_exit(9);
		const struct sandbox sandbox = {.name = row->name,
						.read_paths = (const char *const[]){state_folder, NULL},
						.write_paths = writes.list,
						.network = (row->needs & PROGRAM_INTERNET) != 0};
		if (sandbox_enter(&sandbox, &e) != 0)
			_exit(9);
		int fd = *attempt == 'u' ? unlink(path) : open(path, O_WRONLY | (*attempt == 'c' ? O_CREAT | O_EXCL : 0), 0600);
		if (fd >= 0 && *attempt == 'c')
			unlink(path);
		_exit(fd >= 0 ? 0 : errno == EACCES || errno == EPERM ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
}

static void expect(const struct program_row *row, const char *folder, const char *attempt, bool may)
{
	int got = try_as(row, folder, attempt);

	if (got != !may)
		fail_msg("%s, %s: %d", row->name, attempt, got);
}

static void each_writes_what_it_must_and_nothing_else(void **state)
{
	static const char *const stores[] = {"w vault.db",      "w vault.db-wal", "w vault.lock",
					     "w space-reserve", "w keys/keys.db", "c log/2026-01-01.db"};
	static const char *const never[] = {"w policy/active.xml",
					    "u policy/active.xml",
					    "c policy/announced.xml",
					    "w publish/nginx/headers.conf",
					    "c publish/nginx/evil.conf",
					    "w publish/html/index.html",
					    "c publish/html/evil.html",
					    "w keys/master.key",
					    "c keys/other",
					    "w run.env",
					    "c evil",
					    "u vault.db"};
	static const char *const never_run[] = {"w nginx/nginx.conf", "w nginx/snippets/http.conf", "c nginx/snippets/evil.conf",
						"c evil.sock"};

	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) <= 0)
		skip();
	for (size_t i = 0; i < PROGRAM_COUNT; i++) {
		const struct program_row *row = &programs[i];
		bool vault = (row->needs & PROGRAM_VAULT) != 0;
		for (size_t n = 0; n < ARRAY_LEN(stores); n++)
			expect(row, state_folder, stores[n], vault);
		expect(row, run_folder, "c spool/0123.zip", vault);
		expect(row, state_folder, "c egress/traffic.json.tmp", strcmp(row->writes, "egress") == 0);
		for (size_t n = 0; n < ARRAY_LEN(never); n++)
			expect(row, state_folder, never[n], false);
		for (size_t n = 0; n < ARRAY_LEN(never_run); n++)
			expect(row, run_folder, never_run[n], false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row_has_its_folder),
	    cmocka_unit_test(nginx_passes_what_the_rows_say),
	    cmocka_unit_test_setup_teardown(each_writes_what_it_must_and_nothing_else, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
