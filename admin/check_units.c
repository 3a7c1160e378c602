// SPDX-License-Identifier: ISC
// systemd's units: does every program still run with the restrictions that it was installed with? Each unit must be as shipped. What an
// administrator adds in a drop-in is looked at as far as it sets again what a shipped unit sets.
#include "admin/check.h"
#include "admin/shipped.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { UNIT_BYTES_MAX = 256 * 1024 };
static const char installed_folder[] = "/usr/lib/systemd/system", administrators_folder[] = "/etc/systemd/system";
#define RESTORE "Take the change back, then systemctl daemon-reload and restart it."

// Settings that a drop-in may say anew: they add something, or restrict nothing.
static const char *const free_settings[] = {"After",           "BindReadOnlyPaths", "Description",    "Documentation",  "Environment",
					    "EnvironmentFile", "IPAddressAllow",    "LimitNOFILE",    "LoadCredential", "MemoryHigh",
					    "MemoryMax",       "Restart",           "RestartSec",     "SetCredential",  "StandardOutput",
					    "StandardError",   "TasksMax",          "TimeoutStopSec", "Wants"};

static void check_drop_ins(struct check *c, const char *folder, const char *unit)
{
	char pattern[PATH_MAX];
	glob_t found = {0};

	for (int family = 0; family < (strncmp(unit, "lethe-", 6) == 0 ? 2 : 1); family++) {
		snprintf(pattern, sizeof pattern, "%s/%s.d/*.conf", folder, family ? "lethe-.service" : unit);
		if (glob(pattern, family ? GLOB_APPEND : 0, NULL, &found) == GLOB_NOSPACE)
			check_add(c, CHECK_UNSURE, "Free some memory.", "%s cannot be listed", pattern);
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		BUF_AUTO struct buf text = BUF_INIT(UNIT_BYTES_MAX);
		const char *path = found.gl_pathv[i];
		char *rest = NULL;
		if (strcmp(strrchr(path, '/'), "/hardening.conf") == 0 || file_read(path, &text, NULL) != 0 || text.len == 0)
			continue; // the first is compared as a whole
		for (char *line = strtok_r(text.data, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
			bool may = false;
			line += strspn(line, " \t");
			char *equals = strchr(line, '=');
			if (equals == NULL || *line == '#' || *line == ';')
				continue;
			const char *value = equals + 1 + strspn(equals + 1, " \t");
			line[strcspn(line, " \t=")] = '\0';
			for (size_t n = 0; n < ARRAY_LEN(free_settings); n++)
				may |= strcmp(free_settings[n], line) == 0;
			if (!may && shipped_sets(unit, line))
				check_add(c, CHECK_BROKEN, RESTORE, "%s: %s is set to %s in %s", unit, line, value, path);
		}
	}
	globfree(&found);
}

static void check_units(struct check *c)
{
	const char *folder = setting("LETHE_UNITS", installed_folder);
	bool installed = strcmp(folder, installed_folder) == 0;
	char name[SHIPPED_NAME_MAX], path[PATH_MAX];

	snprintf(path, sizeof path, "%s/lethe-generate.service", folder);
	if (access(path, F_OK) < 0) {
		// lethe-run holds this lock while it serves the state.
		FD_AUTO int fd =
		    path_join(path, sizeof path, c->admin->state, "run.lock", NULL) == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0)
			check_add(c, CHECK_KEPT, "", "the programs run below lethe-run and lock themselves in");
		else
			check_add(c, CHECK_UNSURE, "Name the folder of the units with LETHE_UNITS.", "there are no units of the site in %s",
				  folder);
		return;
	}
	for (size_t n = 0; shipped_file(n, name) != NULL; n++) {
		BUF_AUTO struct buf text = BUF_INIT(UNIT_BYTES_MAX);
		struct shipped_difference d;
		struct err e;
		bool family = strcmp(name, "hardening.conf") == 0;
		if (!family && strstr(name, ".service") == NULL)
			continue;
		snprintf(path, sizeof path, "%s/%s%s", administrators_folder, family ? "lethe-.service.d/" : "", name);
		if (!installed || access(path, F_OK) < 0)
			snprintf(path, sizeof path, "%s/%s%s", folder, family ? "lethe-.service.d/" : "", name);
		if (file_read(path, &text, &e) != 0) {
			check_add(c, CHECK_BROKEN, "Install it again.", "%s is missing in %s", name, folder);
		} else if (shipped_differs(name, buf_text(&text), NULL, &d)) {
			check_add(c, CHECK_BROKEN, RESTORE, "%s:%d is not as shipped: %s instead of %s", path, d.line,
				  *d.found ? d.found : "nothing", *d.should ? d.should : "nothing");
		}
		if (!family)
			check_drop_ins(c, folder, name);
		if (!family && installed)
			check_drop_ins(c, administrators_folder, name);
	}
	c->units_hold = !c->bad;
	if (!c->bad)
		check_add(c, CHECK_KEPT, "", "the units in %s, which restrict every program, are as shipped", folder);
}

const struct check_row check_units_rows[] = {
    {"units", "Every program runs with the restrictions that it is installed with.", 0, check_units, NULL},
    {0},
};
