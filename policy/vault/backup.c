// SPDX-License-Identifier: ISC
#include "policy/vault/backup.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/checkpoint.h"
#include "policy/vault/commit.h"
#include "policy/vault/erase.h"
#include "policy/vault/key.h"
#include "policy/vault/ledger.h"
#include "policy/vault/ledger_key.h"
#include "policy/vault/ledger_walk.h"
#include "policy/vault/request_log.h"
#include "policy/vault/segment.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MANIFEST_MAX = 64 * 1024 * 1024,
	FOLDERS_MAX = 1024 * 1024,
	TIME_IN_NAME = 16,
	AHEAD_SECONDS = 2 * 3600,
	NAME_TRIES = 40,
	NAME_PAUSE_NS = 50 * 1000 * 1000
};
static const char UNFINISHED[] = ".unfinished";
static const char MANIFEST_HEAD[] = "lethe-backup/1\n";
const char backup_folders_file[] = "backups";
const char *const backup_key_files[] = {"keys.db", "signer/ledger.key", "ledger.key", "ledger.pub", "ledger.past", "master.key", NULL};

// When the backup of the site with this name was made; -1: it is none. What an officer copied under a longer name is one, too.
static time_t made_of_name(const char *site, const char *name, bool *whole)
{
	char prefix[BACKUP_NAME_MAX], text[WHEN_TEXT];
	const size_t len = (size_t)snprintf(prefix, sizeof prefix, "lethe-%s-", site), name_len = strlen(name);
	const char *t = name + len;
	time_t made;

	if (strncmp(name, prefix, len) != 0 || name_len < len + TIME_IN_NAME)
		return -1;
	snprintf(text, sizeof text, "%.4s-%.2s-%.5s:%.2s:%.3s", t, t + 4, t + 6, t + 11, t + 13);
	*whole = name_len < strlen(UNFINISHED) || strcmp(name + name_len - strlen(UNFINISHED), UNFINISHED) != 0;
	return when_parse(&made, text) == 0 ? made : -1;
}

// Whether one is the other, or below it. Both must be there.
static bool in_one_place(const char *a, const char *b)
{
	char *x TEXT_AUTO = realpath(a, NULL), *y TEXT_AUTO = realpath(b, NULL);
	const size_t xl = x != NULL ? strlen(x) : 0, yl = y != NULL ? strlen(y) : 0, len = xl < yl ? xl : yl;

	return x == NULL || y == NULL || (strncmp(x, y, len) == 0 && (xl == yl || (xl > yl ? x[yl] : y[xl]) == '/'));
}

int backup_keys_path(const char *site, const char *keys, char out[PATH_MAX], struct err *e)
{
	char name[BACKUP_NAME_MAX];

	snprintf(name, sizeof name, "lethe-%s-keys", site);
	return path_join(out, PATH_MAX, keys, name, e);
}

// ---- making ----

struct making {
	struct vault *v;
	struct backup_facts *out;
	struct tree state, copy; // `copy`: of the backup, under its unfinished name
	struct buf manifest;     // its lines for the files
};

// Copies a file of the state folder, or only reads what was made in the backup itself; either stands in the manifest.
static int make_file(struct making *m, const char *name, bool there, struct err *e)
{
	struct tree_copied copied;

	if (tree_copy(there ? &m->copy : &m->state, name, there ? NULL : &m->copy, &copied, e) != 0)
		return -1;
	m->out->files++;
	m->out->bytes += copied.bytes;
	buf_printf(&m->manifest, "file %s %llu %s\n", copied.sha256, (unsigned long long)copied.bytes, name);
	return 0;
}

// Of the folder and those below it, the files whose names end so. What goes meanwhile is not needed.
static int make_folder(struct making *m, const char *folder, const char *ending, struct err *e)
{
	struct err why = {0};
	struct stat about;
	char name[PATH_MAX];
	DIR *d = tree_list(&m->state, folder, &why);
	int ret = d == NULL && why.code != ERR_NOT_FOUND ? err_set(e, why.code, "%s", why.text) : 0;

	for (const struct dirent *entry; ret == 0 && d != NULL && (entry = readdir(d)) != NULL;) {
		const size_t len = strlen(entry->d_name), end = strlen(ending);
		if (entry->d_name[0] == '.' || strchr(entry->d_name, '\n') != NULL ||
		    fstatat(dirfd(d), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		ret = path_join(name, sizeof name, folder, entry->d_name, e);
		if (ret == 0 && S_ISDIR(about.st_mode))
			ret = make_folder(m, name, ending, e);
		else if (ret == 0 && len > end && strcmp(entry->d_name + len - end, ending) == 0 && make_file(m, name, false, &why) != 0)
			ret = why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	}
	if (d != NULL)
		closedir(d);
	return ret;
}

// A copy that the back end makes, which knows no folder but by its path. 1: there is nothing to copy any more.
static int make_copy(struct making *m, const struct copy_order *order, const char *name, struct copy_facts *facts, struct err *e)
{
	const uint64_t before = m->out->bytes;
	char path[PATH_MAX];

	if (tree_put(&m->copy, name, "", 0, e) != 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d/%s", m->copy.fd, name);
	int ret = m->v->b->upkeep->copy(m->v->store, order, path, facts, e);
	if (ret != 0)
		return ret > 0 ? tree_remove(&m->copy, name, e) : -1;
	if (make_file(m, name, true, e) != 0)
		return -1;
	return m->out->bytes > before ? 0 : err_set(e, ERR_CORRUPT, "%s was moved while it was written to", m->copy.path);
}

// Of the request log the days that outlive the backup. The keys of the others are named in the copy, to be ended where it is brought back.
static int make_stores(struct making *m, struct err *e)
{
	struct vault *v = m->v;
	struct log_day *days = NULL;
	uint8_t(*ended)[KEY_ID_LEN] = NULL;
	struct copy_order order = {.what = COPY_RECORDS, .horizon = m->out->until};
	struct copy_facts facts = {0};
	char folder[PATH_MAX], name[64];
	FD_AUTO int lock = segment_lock(v, folder, e); // no segment is closed or ended meanwhile
	const int n = lock < 0 ? -1 : request_log_days(v, &days, e);
	int ret = n < 0 ? -1 : 0;

	ended = calloc((size_t)(n > 0 ? n : 1), sizeof *ended);
	if (ended == NULL)
		ret = err_set(e, ERR_MEMORY, "no memory");
	for (int i = 0; i < n && ended != NULL; i++) {
		struct data_key DATA_KEY_AUTO key = {0};
		time_t start = 0;
		when_parse(&start, days[i].day);
		const time_t due = request_log_due(v, days[i].oldest == 0 ? start : days[i].oldest);
		if (days[i].state == LOG_DAY_READ && (due == 0 || due > m->out->until))
			continue;
		m->out->left_days++;
		if (key_find(v, VIEW_COMMITTED, kind_row(KIND_REQUEST_LOG)->name, days[i].day, &key, NULL) == 0)
			memcpy(ended[order.ended_count++], key.id, KEY_ID_LEN);
		days[i].day[0] = '\0';
	}
	order.ended = (const uint8_t(*)[KEY_ID_LEN])ended;
	// The log after the records: what they say is erased is in no row of it any more, and what is erased later is named to be erased again.
	ret = ret != 0 ? -1 : make_copy(m, &order, "vault.db", &facts, e);
	if (ret == 0)
		(void)erase_finish(v, NULL); // waits for who erases now; the search through all files may be for the next pruning
	for (int i = 0; i < n && ret == 0; i++) {
		snprintf(name, sizeof name, "log/%s.db", days[i].day);
		if (days[i].day[0] != '\0')
			ret = make_copy(m, &(struct copy_order){.what = COPY_LOG_DAY, .day = days[i].day}, name, NULL, e);
	}
	ret = ret != 0 || make_folder(m, "ledger", ".gz", e) != 0 || make_folder(m, "policy", "", e) != 0 ? -1 : 0;
	free(ended);
	free(days);
	m->out->records = facts.records;
	m->out->events = facts.events;
	m->out->left_records = facts.left_records;
	return ret;
}

static int make_manifest(struct making *m, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(MANIFEST_MAX);
	char made[WHEN_TEXT], until[WHEN_TEXT];
	struct err why = {0};

	when_text(made, m->out->made);
	when_text(until, m->out->until);
	buf_printf(&text, "%ssite %s\nmade %s\nuntil %s\npolicy %s\nevents %llu\nrecords %llu\n", MANIFEST_HEAD, m->v->policy->site, made,
		   until, m->v->policy->version, (unsigned long long)m->out->events, (unsigned long long)m->out->records);
	buf_add(&text, m->manifest.data, m->manifest.len);
	if (text.failed || m->manifest.failed)
		return err_set(e, ERR_MEMORY, "no memory");
	if (ledger_key_sign(m->v, &text, &why) != 0 && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	return tree_put(&m->copy, "manifest", text.data, text.len, e);
}

static int copy_keys(struct vault *v, const struct tree *to, struct err *e)
{
	struct tree state TREE_AUTO = {.fd = -1};
	char path[PATH_MAX];
	struct commit_alone alone ALONE_AUTO = {0};
	struct tree_copied copied;
	struct err why = {0};

	if (path_join(path, sizeof path, v->state, "keys", e) != 0 || tree_open(&state, path, e) != 0 ||
	    path_join(path, sizeof path, to->path, backup_key_files[0], e) != 0 || tree_put(to, backup_key_files[0], "", 0, e) != 0 ||
	    v->b->upkeep->copy(v->store, &(struct copy_order){.what = COPY_KEYS}, path, NULL, e) != 0 || commit_alone(v, &alone, e) != 0)
		return -1;
	// Those of the ledger belong together: none is being changed now. A signing key may be kept elsewhere, and the machine has a master key.
	int ret = ledger_key_make(v, e);
	for (size_t i = 1; ret == 0 && backup_key_files[i] != NULL; i++)
		if (tree_copy(&state, backup_key_files[i], to, &copied, &why) != 0 && why.code != ERR_NOT_FOUND)
			ret = err_set(e, why.code, "%s", why.text);
	commit_release(&alone);
	return ret != 0 ? -1 : folder_sync_all(to->path, e);
}

// Only the newest copy, which replaces the one before as a whole.
static int make_keys(struct vault *v, const char *keys, struct err *e)
{
	struct tree place TREE_AUTO = {.fd = -1}, copy TREE_AUTO = {.fd = -1};
	char name[BACKUP_NAME_MAX], anew[BACKUP_NAME_MAX + 4];

	snprintf(name, sizeof name, "lethe-%s-keys", v->policy->site);
	snprintf(anew, sizeof anew, "%s.new", name);
	if (tree_open(&place, keys, e) != 0 || tree_remove(&place, anew, e) != 0)
		return -1;
	int ret = tree_enter(&copy, &place, anew, e) != 0 ? -1 : copy_keys(v, &copy, e);
	// Not every file system can exchange two.
	if (ret == 0 && renameat2(place.fd, anew, place.fd, name, RENAME_EXCHANGE) != 0 &&
	    ((errno != ENOENT && errno != EINVAL) || tree_remove(&place, name, e) != 0 || renameat(place.fd, anew, place.fd, name) != 0))
		ret = err_system(e, ERR_IO, errno, "%s/%s", keys, name);
	return tree_remove(&place, anew, ret == 0 ? e : NULL) != 0 || ret != 0 ? -1 : folder_sync(keys, e);
}

// Names the folder among those that backups were made below. Who has the list open so is the only one who makes a backup of this site: -1, else the
// caller closes it.
static int folders_lock(const struct vault *v, const char *folder, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(FOLDERS_MAX);
	char path[PATH_MAX], line[PATH_MAX + 2];
	char *real TEXT_AUTO = realpath(folder, NULL);

	if (real == NULL || strchr(real, '\n') != NULL)
		return err_set(e, ERR_INPUT, "%s cannot be used for backups", folder);
	const size_t len = (size_t)snprintf(line, sizeof line, "%s\n", real);
	if (path_join(path, sizeof path, v->state, backup_folders_file, e) != 0)
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	int ret = fd < 0 || flock(fd, LOCK_EX) != 0 ? err_system(e, file_err_code(errno), errno, "%s", path) : file_read(path, &text, e);
	if (ret == 0) {
		file_own_like(path, v->state);
		size_t whole = text.len; // what a crash left of a line goes
		while (whole > 0 && text.data[whole - 1] != '\n')
			whole--;
		const char *there = whole == 0 ? NULL : strstr(text.data, line);
		while (there != NULL && there != text.data && there[-1] != '\n')
			there = strstr(there + 1, line);
		if ((whole != text.len && ftruncate(fd, (off_t)whole) != 0) ||
		    (there == NULL && (fd_write_all(fd, line, len) != 0 || fdatasync(fd) != 0 || folder_sync(v->state, NULL) != 0)))
			ret = err_system(e, file_err_code(errno), errno, "%s", path);
	}
	if (ret != 0)
		fd_close(&fd);
	return fd;
}

// The folder of the backup, under its unfinished name. One that was made in this second has its name: this is the next second's.
static int make_name(struct making *m, const struct tree *place, char name[BACKUP_NAME_MAX], char unfinished[BACKUP_NAME_MAX],
		     struct err *e)
{
	char t[WHEN_TEXT];

	for (int tries = 0;; tries++) {
		m->out->made = when_now();
		when_text(t, m->out->made); // lethe-<site>-20261128T051500Z
		snprintf(name, BACKUP_NAME_MAX, "lethe-%s-%.4s%.2s%.5s%.2s%.3s", m->v->policy->site, t, t + 5, t + 8, t + 14, t + 17);
		if (faccessat(place->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
			break;
		if (tries == NAME_TRIES)
			return err_set(e, ERR_BUSY, "%s/%s is there already", place->path, name);
		nanosleep(&(struct timespec){.tv_nsec = NAME_PAUSE_NS}, NULL);
	}
	m->out->until = life_end(m->v->policy, KIND_BACKUP, m->out->made);
	snprintf(unfinished, BACKUP_NAME_MAX, "%.*s%s", BACKUP_NAME_MAX - (int)sizeof UNFINISHED, name, UNFINISHED);
	return path_join(m->out->path, PATH_MAX, place->path, name, e) != 0 || tree_remove(place, unfinished, e) != 0 ? -1 : 0;
}

int backup_make(struct vault *v, const char *folder, const char *keys, struct backup_facts *out, struct err *e)
{
	struct tree place TREE_AUTO = {.fd = -1};
	struct making m = {.v = v, .out = out, .state.fd = -1, .copy.fd = -1, .manifest = BUF_INIT(MANIFEST_MAX)};
	struct backup_facts read_back;
	struct clock_state clock;
	char name[BACKUP_NAME_MAX], unfinished[BACKUP_NAME_MAX], until[WHEN_TEXT], details[128];
	const struct ledger_event event = {.name = "backup", .details = details};

	*out = (struct backup_facts){0};
	if (v->policy->kinds[KIND_BACKUP].keep != KEEP_STORED)
		return err_set(
		    e, ERR_REFUSED,
		    "the policy keeps no backups, so a copy would keep what its notice says is gone; declare the kind backup in it");
	if (vault_clock(v, &clock, e) != 0)
		return -1;
	if (clock.leapt) // its end would be reckoned from a time that may be wrong
		return err_set(e, ERR_REFUSED,
			       "the clock leapt: set it right, or confirm it with lethe clock confirm, then make the backup");
	if (in_one_place(folder, v->state))
		return err_set(e, ERR_REFUSED, "%s is missing, or not apart from the state folder", folder);
	if (keys != NULL && (in_one_place(keys, v->state) || in_one_place(keys, folder)))
		return err_set(e, ERR_REFUSED,
			       "%s is missing, or not apart from the data: keys that lie beside what they open protect nothing", keys);
	FD_AUTO int lock = folders_lock(v, folder, e);
	if (lock < 0 || tree_open(&place, folder, e) != 0 || tree_lock(&place, true, e) != 0 ||
	    make_name(&m, &place, name, unfinished, e) != 0)
		return -1;
	when_text(until, out->until);
	snprintf(details, sizeof details, "{\"until\":\"%s\",\"keys\":%s}", until, keys != NULL ? "true" : "false");
	int ret = tree_open(&m.state, v->state, e) != 0 || tree_enter(&m.copy, &place, unfinished, e) != 0 ||
			  ledger_append(v, &event, e) != 0 || make_stores(&m, e) != 0 || make_manifest(&m, e) != 0 ||
			  folder_sync_all(folder, e) != 0 || backup_check(m.copy.path, NULL, &read_back, e) != 0
		      ? -1
		      : 0;
	// The keys after the data: what was erased meanwhile has none any more.
	if (ret == 0 && keys != NULL)
		ret = make_keys(v, keys, e);
	out->keys_copied = ret == 0 && keys != NULL;
	if (ret == 0 && renameat(place.fd, unfinished, place.fd, name) != 0)
		ret = err_system(e, ERR_IO, errno, "%s", out->path);
	if (ret == 0 && !tree_is(&m.copy, &place, name))
		ret = err_set(e, ERR_CORRUPT, "%s was moved while it was written to", out->path);
	if (ret != 0)
		tree_remove(&place, unfinished, NULL);
	buf_free(&m.manifest);
	tree_close(&m.state);
	tree_close(&m.copy);
	return ret == 0 ? folder_sync(folder, e) : -1;
}

// ---- checking ----

struct manifest {
	struct buf text;
	size_t len; // without the signature
};

static const char *manifest_fact(const struct manifest *m, const char *name, char *out, size_t size)
{
	const char *at = strstr(m->text.data, name);

	snprintf(out, size, "%.*s", at != NULL ? (int)strcspn(at + strlen(name), "\n") : 0, at != NULL ? at + strlen(name) : "");
	return out;
}

// Which of the ledger's keys signed it, so long as it signed at all. No key is known: nobody can tell.
static int manifest_signed(const struct manifest *m, const char *keys, struct backup_facts *out, struct err *e)
{
	struct ledger_keys known;
	struct err why = {0};
	size_t len;

	if (keys == NULL || m->len == m->text.len)
		return 0;
	if (ledger_keys_of(keys, &known, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	for (size_t i = 0; i < known.count && !out->has_signature; i++)
		out->has_signature =
		    out->events <= known.list[i].until && signed_note_verify(&known.list[i].key, m->text.data, m->text.len, &len);
	return out->has_signature ? 0 : err_set(e, ERR_CORRUPT, "%s: the manifest's signature does not hold", out->path);
}

static int manifest_read(const struct tree *t, const char *keys, struct manifest *m, struct backup_facts *out, struct err *e)
{
	char text[64];
	struct err why = {0};
	FD_AUTO int fd = tree_read(t, "manifest", &why);

	*out = (struct backup_facts){0};
	snprintf(out->path, sizeof out->path, "%s", t->path);
	if (fd < 0 || fd_read_all(fd, t->path, &m->text, &why) != 0 ||
	    strncmp(buf_text(&m->text), MANIFEST_HEAD, strlen(MANIFEST_HEAD)) != 0)
		return err_set(e, ERR_INPUT, "%s is no backup of Lethe, or was not finished: it has no manifest", t->path);
	const char *end = strstr(m->text.data, "\n\n");
	m->len = end == NULL ? m->text.len : (size_t)(end + 1 - m->text.data);
	manifest_fact(m, "\nsite ", out->site, sizeof out->site);
	out->events = strtoull(manifest_fact(m, "\nevents ", text, sizeof text), NULL, 10);
	out->records = strtoull(manifest_fact(m, "\nrecords ", text, sizeof text), NULL, 10);
	if (when_parse(&out->made, manifest_fact(m, "\nmade ", text, sizeof text)) != 0 ||
	    when_parse(&out->until, manifest_fact(m, "\nuntil ", text, sizeof text)) != 0)
		return err_set(e, ERR_CORRUPT, "%s: the manifest is damaged", t->path);
	return manifest_signed(m, keys, out, e);
}

int backup_read(const char *path, const char *keys, struct backup_facts *out, struct err *e)
{
	struct manifest m = {.text = BUF_INIT(MANIFEST_MAX)};
	struct tree t TREE_AUTO = {.fd = -1};
	const int ret = tree_open(&t, path, e) != 0 ? -1 : manifest_read(&t, keys, &m, out, e);

	buf_free(&m.text);
	return ret;
}

// No name leads out of the folder.
static bool name_is_safe(const char *name)
{
	return strstr(name, "..") == NULL && (strcmp(name, "vault.db") == 0 || strncmp(name, "log/", 4) == 0 ||
					      strncmp(name, "ledger/", 7) == 0 || strncmp(name, "policy/", 7) == 0);
}

// One line of the manifest, which is taken apart in place.
static int take_file(char *line, const struct tree *from, const struct tree *to, struct backup_facts *out, struct err *e)
{
	const char *sha256 = line, *name;
	char *rest = line;
	struct tree_copied is;
	struct err why = {0};

	strsep(&rest, " ");
	const uint64_t bytes = rest == NULL ? 0 : strtoull(rest, &rest, 10);
	if (rest == NULL || *rest != ' ' || !name_is_safe(name = rest + 1))
		return err_set(e, ERR_CORRUPT, "%s: the manifest is damaged", from->path);
	if (tree_copy(from, name, to, &is, &why) != 0)
		return err_set(e, why.code == ERR_NOT_FOUND ? ERR_CORRUPT : why.code, "%s", why.text);
	if (is.bytes != bytes || strcmp(is.sha256, sha256) != 0)
		return err_set(e, ERR_CORRUPT, "%s/%s is not what was backed up", from->path, name);
	if (to != NULL && strncmp(name, "policy/", 7) == 0 && fchmodat(to->fd, name, 0644, 0) != 0)
		return err_system(e, ERR_IO, errno, "%s/%s", to->path, name);
	out->files++;
	out->bytes += bytes;
	return 0;
}

int backup_take(const char *path, const char *keys, const struct tree *to, struct backup_facts *out, struct err *e)
{
	struct manifest m = {.text = BUF_INIT(MANIFEST_MAX)};
	struct tree t TREE_AUTO = {.fd = -1};
	struct store *store = NULL;
	bool has_store = false;
	int ret = tree_open(&t, path, e) != 0 ? -1 : manifest_read(&t, keys, &m, out, e);

	if (ret == 0 && m.text.data != NULL)
		m.text.data[m.len] = '\0';
	for (char *rest = m.text.data, *line; ret == 0 && (line = strsep(&rest, "\n")) != NULL;) {
		if (strncmp(line, "file ", 5) != 0)
			continue;
		const size_t len = strlen(line);
		has_store = has_store || (len > 9 && strcmp(line + len - 9, " vault.db") == 0);
		ret = take_file(line + 5, &t, to, out, e);
	}
	if (ret == 0 && !has_store)
		ret = err_set(e, ERR_CORRUPT, "%s: the manifest names no vault.db", path);
	if (ret == 0)
		ret = sqlite_backend.upkeep->open(&store, to != NULL ? to->path : path, STORE_CHECK, e);
	sqlite_backend.upkeep->close(store);
	buf_free(&m.text);
	return ret;
}

int backup_check(const char *path, const char *keys, struct backup_facts *out, struct err *e)
{
	return backup_take(path, keys, NULL, out, e);
}

// ---- comparing ----

enum { COMPARED_AT_ONCE = 1 << SEGMENT_LEVEL };
struct leaves {
	size_t count;
	uint8_t hash[COMPARED_AT_ONCE][HASH_LEN];
};

static int leaf_keep(void *arg, const struct ledger_row *row)
{
	struct leaves *l = arg;

	if (row->commitment == NULL)
		return 1;
	ledger_leaf(row, l->hash[l->count++]);
	return 0;
}

static int leaves_read(const struct vault *v, uint64_t from, uint64_t to, struct leaves *out, struct err *e)
{
	out->count = 0;
	if (ledger_walk(v, from, to, leaf_keep, out, e) != 0)
		return -1;
	return out->count == to - from ? 0 : err_set(e, ERR_CORRUPT, "an event after %llu is missing", (unsigned long long)from);
}

// What either keeps no longer is compared by its root. *at stays 0 where it differs, or the other does not reach so far.
static int ended_compare(const struct vault *ours, const struct vault *theirs, uint64_t *at, struct err *e)
{
	const struct vault *more = ours;
	struct merkle tree;
	struct err none = {0};
	enum ledger_result result;
	uint8_t root[HASH_LEN];
	int64_t here, there;

	if (segment_minimum(ours, &here, e) != 0 || segment_minimum(theirs, &there, e) != 0)
		return -1;
	if (there > here)
		more = theirs;
	const uint64_t ended = (uint64_t)(there > here ? there : here);
	if (ended == 0)
		return 0;
	if (segment_tree(more, ended, &tree, e) != 0)
		return -1;
	merkle_root(&tree, root);
	if (checkpoint_compare(more == ours ? theirs : ours, ended, root, &result, &none) == 0 && result == LEDGER_INTACT)
		*at = ended;
	return 0;
}

// Segments that both have closed are compared by their roots.
int backup_common(struct vault *v, const char *path, uint64_t *out, struct err *e)
{
	struct vault *backup = calloc(1, sizeof *backup);
	struct leaves *ours = malloc(sizeof *ours), *theirs = malloc(sizeof *theirs);
	uint64_t size, limit, at = 0;
	int ret = -1;

	if (backup == NULL || ours == NULL || theirs == NULL) {
		err_set(e, ERR_MEMORY, "no memory");
		goto cleanup;
	}
	backup->b = v->b;
	memcpy(backup->ledger_key, v->ledger_key, KEY_LEN);
	snprintf(backup->state, sizeof backup->state, "%s", path);
	if (v->b->upkeep->open(&backup->store, path, STORE_COPY, e) != 0 || ledger_size(v, &size, e) != 0 ||
	    ledger_size(backup, &limit, e) != 0 || ended_compare(v, backup, &at, e) != 0)
		goto cleanup;
	for (limit = size < limit ? size : limit; at < limit;) {
		struct mark_row a, b;
		const int here = segment_row_get(v, MARK_FROM, at + 1, &a, e);
		const int there = here < 0 ? -1 : segment_row_get(backup, MARK_FROM, at + 1, &b, e);
		if (there < 0)
			goto cleanup;
		if (here > 0 && there > 0 && a.start == at && b.start == at && a.size == b.size && memcmp(a.root, b.root, HASH_LEN) == 0) {
			at = a.size;
			continue;
		}
		const size_t count = limit - at < COMPARED_AT_ONCE ? (size_t)(limit - at) : COMPARED_AT_ONCE;
		size_t same = 0;
		if (leaves_read(v, at, at + count, ours, e) != 0 || leaves_read(backup, at, at + count, theirs, e) != 0)
			goto cleanup;
		while (same < count && memcmp(ours->hash[same], theirs->hash[same], HASH_LEN) == 0)
			same++;
		at += same;
		if (same < count)
			break;
	}
	*out = at;
	ret = 0;
cleanup:
	vault_close(backup);
	free(ours);
	free(theirs);
	return ret;
}

// ---- ending ----

int backup_prune(const struct policy *p, const char *folder, time_t now, bool dry_run, struct backup_list *all, struct err *e)
{
	struct tree place TREE_AUTO = {.fd = -1};
	char gone[NAME_MAX + sizeof UNFINISHED];
	struct err why = {0};

	if (tree_open(&place, folder, e) != 0 || (!dry_run && tree_lock(&place, false, e) != 0))
		return -1;
	DIR *d = tree_list(&place, ".", e);
	if (d == NULL)
		return -1;
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
		bool whole = false;
		const time_t made = made_of_name(p->site, entry->d_name, &whole);
		const time_t until = made < 0 ? 0 : p->kinds[KIND_BACKUP].keep == KEEP_STORED ? life_end(p, KIND_BACKUP, made) : now;
		if (made >= 0 && whole && (until == 0 || until > now)) {
			all->count++;
			all->ahead += now != 0 && made > now + AHEAD_SECONDS;
			all->oldest = all->oldest == 0 || made < all->oldest ? made : all->oldest;
			all->newest = made > all->newest ? made : all->newest;
		} else if (made >= 0) {
			all->ended += whole;
			// Half of one is taken for none.
			snprintf(gone, sizeof gone, "%s%s", entry->d_name, whole ? UNFINISHED : "");
			if (!dry_run && whole && renameat(place.fd, entry->d_name, place.fd, gone) != 0)
				err_system(&why, ERR_IO, errno, "%s/%s cannot be deleted", folder, entry->d_name);
			else if (!dry_run)
				tree_remove(&place, gone, &why);
		}
	}
	closedir(d);
	return why.code == ERR_NONE ? 0 : err_set(e, why.code, "%s", why.text);
}

int backup_folders(const char *state, int (*each)(void *arg, const char *folder, struct err *e), void *arg, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(FOLDERS_MAX);
	char path[PATH_MAX], *rest = NULL;
	struct err why = {0};
	int ret = 0;

	if (path_join(path, sizeof path, state, backup_folders_file, e) != 0)
		return -1;
	if (file_read(path, &text, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	for (char *line = strtok_r(text.data, "\n", &rest); ret == 0 && line != NULL; line = strtok_r(NULL, "\n", &rest))
		ret = each(arg, line, e);
	return ret;
}

const char backup_number_count[] = "backups", backup_number_oldest[] = "backup-oldest";

struct pruning_backups {
	const struct policy *policy;
	time_t now;
	bool dry_run, away;
	struct backup_list *all;
};

static int prune_folder(void *arg, const char *folder, struct err *e)
{
	struct pruning_backups *x = arg;
	struct err why = {0};

	if (backup_prune(x->policy, folder, x->now, x->dry_run || x->now == 0, x->all, &why) == 0)
		return 0;
	x->away = true;
	// A disk that is not mounted now is told by `check`, once something on it is too old.
	return why.code == ERR_NOT_FOUND || why.code == ERR_BUSY ? 0 : err_set(e, why.code, "%s", why.text);
}

static int backups_note_run(struct vault *v, void *arg, struct err *e)
{
	const struct backup_list *all = arg;

	if (v->b->upkeep->number_set(v->store, backup_number_count, (int64_t)all->count, e) != 0)
		return -1;
	return v->b->upkeep->number_set(v->store, backup_number_oldest, (int64_t)all->oldest, e);
}

int backup_prune_all(struct vault *v, time_t now, bool dry_run, struct backup_list *out, struct err *e)
{
	struct pruning_backups x = {.policy = v->policy, .now = now, .dry_run = dry_run, .all = out};
	int64_t count, oldest;

	*out = (struct backup_list){0};
	const int ret = backup_folders(v->state, prune_folder, &x, e);
	if (dry_run || v->b->upkeep->number_get(v->store, backup_number_count, &count, e) != 0 ||
	    v->b->upkeep->number_get(v->store, backup_number_oldest, &oldest, e) != 0)
		return dry_run ? ret : -1;
	if (ret != 0 || x.away) {
		out->count = out->count > (size_t)count ? out->count : (size_t)count;
		out->oldest = oldest != 0 && (out->oldest == 0 || oldest < out->oldest) ? (time_t)oldest : out->oldest;
	}
	if (((int64_t)out->count != count || (int64_t)out->oldest != oldest) &&
	    commit_records(v, backups_note_run, out, ret == 0 ? e : NULL) != 0)
		return -1;
	return ret;
}
