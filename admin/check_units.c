// SPDX-License-Identifier: ISC
// systemd's units: is what walls the programs in still there? Read as systemd reads them, as far as these settings go: the unit, then the
// drop-ins of the family and of the unit, by name; the last word counts, and an administrator's file comes after the installed one.
#include "admin/check.h"
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

enum { UNIT_BYTES_MAX = 256 * 1024, VALUE_MAX = 512 };
enum { DOOR = 1, ROOM = 2, CHORE = 4, BACK_DOOR = 8, ALL = DOOR | ROOM | CHORE | BACK_DOOR, NO_NETWORK = ROOM | CHORE };

static const struct {
	const char *unit;
	unsigned is;
} units[] = {
    {"nginx-lethe", DOOR},       {"lethe-generate", ROOM}, {"lethe-download", ROOM}, {"lethe-rights", ROOM},   {"lethe-worker", ROOM},
    {"lethe-egress", BACK_DOOR}, {"lethe-prune", CHORE},   {"lethe-daily", CHORE},   {"lethe-publish", CHORE},
};

static const struct {
	unsigned of;
	const char *name, *value, *why;
} settings[] = {
    {ALL, "LimitCORE", "0", "a core dump would hold what visitors sent"},
    {ALL, "MemorySwapMax", "0", "memory could be written to swap"},
    {ALL, "NoNewPrivileges", "yes", "it could gain rights"},
    {ALL, "ProtectSystem", "strict", "it could write anywhere"},
    {ALL, "ProtectHome", "yes", "it could read home folders"},
    {ALL, "PrivateTmp", "yes", "others could see its temporary files"},
    {ALL, "MemoryDenyWriteExecute", "yes", "it could run what it was sent"},
    {NO_NETWORK | BACK_DOOR, "CapabilityBoundingSet", "", "it could use root's rights"},
    {NO_NETWORK, "PrivateNetwork", "yes", "it could reach the network"},
    {NO_NETWORK, "IPAddressDeny", "any", "it could reach the network"},
    {NO_NETWORK, "RestrictAddressFamilies", "AF_UNIX", "it could reach the network"},
    {BACK_DOOR, "IPAddressDeny", NULL, "it could reach this machine's neighbours"},
};

static bool same(const char *a, const char *b)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	bool both[2] = {false, false};

	for (size_t i = 0; i < 4; i++) {
		both[0] |= strcasecmp(a, yes[i]) == 0;
		both[1] |= strcasecmp(b, yes[i]) == 0;
	}
	return (both[0] && both[1]) || strcmp(a, b) == 0;
}

// The last value of the setting in a unit's text; what stands in *out stays when there is none.
static void last_value(const char *text, const char *name, char out[VALUE_MAX], bool *any)
{
	size_t len = strlen(name);

	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
		line += strspn(line, " \t");
		if (strncmp(line, name, len) != 0 || line[len + strspn(line + len, " \t")] != '=')
			continue;
		const char *value = strchr(line, '=') + 1;
		value += strspn(value, " \t");
		snprintf(out, VALUE_MAX, "%.*s", (int)strcspn(value, "\n"), value);
		*any = true;
	}
}

static void read_pattern(const char *pattern, struct buf *out)
{
	glob_t found = {0};
	struct err e;

	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			file_read(found.gl_pathv[i], out, &e);
			buf_addc(out, '\n');
		}
	globfree(&found);
}

// The unit and its drop-ins, one after the other. False when there is no such unit.
static bool read_unit(const char *folder, const char *unit, struct buf *out)
{
	const char *const folders[] = {folder, "/etc/systemd/system", NULL};
	bool installed = strcmp(folder, "/usr/lib/systemd/system") == 0;
	char path[PATH_MAX];
	struct err e;

	snprintf(path, sizeof path, "/etc/systemd/system/%s.service", unit);
	if (!installed || file_read(path, out, &e) != 0) {
		snprintf(path, sizeof path, "%s/%s.service", folder, unit);
		if (file_read(path, out, &e) != 0)
			return false;
	}
	buf_addc(out, '\n');
	for (size_t i = 0; i < (installed ? 2 : 1); i++) {
		if (strncmp(unit, "lethe-", 6) == 0) {
			snprintf(path, sizeof path, "%s/lethe-.service.d/*.conf", folders[i]);
			read_pattern(path, out);
		}
		snprintf(path, sizeof path, "%s/%s.service.d/*.conf", folders[i], unit);
		read_pattern(path, out);
	}
	return true;
}

static size_t check_unit(struct check *c, const char *folder, size_t u)
{
	BUF_AUTO struct buf text = BUF_INIT(UNIT_BYTES_MAX);
	size_t bad = 0;

	if (!read_unit(folder, units[u].unit, &text)) {
		check_add(c, BROKEN, "Install it again.", "the unit %s.service is missing in %s", units[u].unit, folder);
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		char value[VALUE_MAX] = "";
		bool any = false;
		if (!(settings[i].of & units[u].is))
			continue;
		last_value(buf_text(&text), settings[i].name, value, &any);
		if (any && (settings[i].value == NULL ? *value != '\0' : same(value, settings[i].value)))
			continue;
		check_add(c, BROKEN, "Take the change back, then systemctl daemon-reload and restart it.",
			  "%s.service: %s is %s, not %s: %s", units[u].unit, settings[i].name, any ? *value ? value : "empty" : "not set",
			  settings[i].value != NULL ? *settings[i].value ? settings[i].value : "empty" : "set", settings[i].why);
		bad++;
	}
	return bad;
}

// lethe-run holds this lock while it serves the state.
static bool served_by_lethe_run(const struct check *c)
{
	char path[PATH_MAX];

	if (path_join(path, sizeof path, c->admin->state, "run.lock", NULL) != 0)
		return false;
	FD_AUTO int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}

void check_units(struct check *c)
{
	const char *folder = setting("LETHE_UNITS", "/usr/lib/systemd/system");
	char path[PATH_MAX];
	size_t bad = 0;

	snprintf(path, sizeof path, "%s/lethe-generate.service", folder);
	if (access(path, F_OK) < 0) {
		if (served_by_lethe_run(c))
			check_add(c, KEPT, "", "the programs run below lethe-run and wall themselves in");
		else
			check_add(c, UNSURE, "Name the folder of the units with LETHE_UNITS.", "there are no units of the site in %s",
				  folder);
		return;
	}
	for (size_t u = 0; u < ARRAY_LEN(units); u++)
		bad += check_unit(c, folder, u);
	if (bad == 0)
		c->units_hold = true;
	if (bad == 0)
		check_add(c, KEPT, "", "the units in %s wall every program in", folder);
}
