// SPDX-License-Identifier: ISC
#include "policy/vault/backup.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/checkpoint.h"
#include "policy/vault/commit.h"
#include "policy/vault/key.h"
#include "policy/vault/ledger.h"
#include "policy/vault/ledger_key.h"
#include "policy/vault/ledger_walk.h"
#include "policy/vault/request_log.h"
#include "policy/vault/segment.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PIECE = 256 * 1024,
	MANIFEST_MAX = 64 * 1024 * 1024,
	TIME_IN_NAME = 16,
	AHEAD_SECONDS = 2 * 3600,
	NAME_TRIES = 40,
	NAME_PAUSE_NS = 50 * 1000 * 1000
};
static const char UNFINISHED[] = ".unfinished";
static const char MANIFEST_HEAD[] = "lethe-backup/1\n";
const char backup_folders_file[] = "backups";
const char *const backup_key_files[] = {"keys.db", "ledger.key", "ledger.pub", "ledger.past", "master.key", NULL};

// ---- names ----

// 20261128T051500Z
static void time_in_name(char out[TIME_IN_NAME + 1], time_t at)
{
	char text[WHEN_TEXT];
	size_t n = 0;

	when_text(text, at);
	for (const char *p = text; *p != '\0' && n < TIME_IN_NAME; p++)
		if (*p != '-' && *p != ':')
			out[n++] = *p;
	out[n] = '\0';
}

// When the backup of the site with this name was made; -1: it is none. *whole: it is no unfinished one.
static time_t made_of_name(const char *site, const char *name, bool *whole)
{
	char prefix[NOTE_NAME_MAX + 16], text[WHEN_TEXT];
	const size_t len = (size_t)snprintf(prefix, sizeof prefix, "lethe-%s-", site);
	time_t made;

	if (strncmp(name, prefix, len) != 0 || strlen(name) < len + TIME_IN_NAME)
		return -1;
	const char *t = name + len;
	snprintf(text, sizeof text, "%.4s-%.2s-%.5s:%.2s:%.3s", t, t + 4, t + 6, t + 11, t + 13);
	*whole = t[TIME_IN_NAME] == '\0';
	return when_parse(&made, text) == 0 && (*whole || strcmp(t + TIME_IN_NAME, UNFINISHED) == 0) ? made : -1;
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
	char name[NOTE_NAME_MAX + 16];

	snprintf(name, sizeof name, "lethe-%s-keys", site);
	return path_join(out, PATH_MAX, keys, name, e);
}

// ---- files ----

int backup_copy_file(const char *from, const char *to, char sha256[2 * HASH_LEN + 1], uint64_t *bytes, struct err *e)
{
	FD_AUTO int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FD_AUTO int out = in < 0 || to == NULL ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	char *piece = malloc(PIECE);
	uint8_t digest[HASH_LEN];
	ssize_t n = 0;
	int ret = -1;

	*bytes = 0;
	if (in < 0 || (to != NULL && out < 0)) {
		err_system(e, err_is_full(errno) ? ERR_FULL : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "%s", in < 0 ? from : to);
	} else if (c == NULL || piece == NULL || EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1) {
		err_set(e, ERR_MEMORY, "no memory");
	} else {
		while ((n = read(in, piece, PIECE)) > 0 && (out < 0 || fd_write_all(out, piece, (size_t)n) == 0)) {
			EVP_DigestUpdate(c, piece, (size_t)n);
			*bytes += (uint64_t)n;
		}
		if (n != 0 || (out >= 0 && fdatasync(out) != 0))
			err_system(e, err_is_full(errno) ? ERR_FULL : ERR_IO, errno, "%s", out >= 0 ? to : from);
		else
			ret = EVP_DigestFinal_ex(c, digest, NULL) == 1 ? 0 : err_set(e, ERR_MEMORY, "no memory");
	}
	if (ret == 0)
		hex_encode(sha256, digest, HASH_LEN);
	EVP_MD_CTX_free(c);
	free(piece);
	return ret;
}

int backup_remove(const char *folder, struct err *e)
{
	char *const roots[] = {(char *)folder, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	int failed = 0;

	if (walk == NULL)
		return err_system(e, ERR_IO, errno, "%s", folder);
	for (const FTSENT *at; (at = fts_read(walk)) != NULL;)
		if (at->fts_info != FTS_D && remove(at->fts_accpath) != 0 && errno != ENOENT)
			failed = errno;
	fts_close(walk);
	return failed == 0 ? 0 : err_system(e, ERR_IO, failed, "%s cannot be deleted", folder);
}

// ---- making ----

struct making {
	struct vault *v;
	struct backup_facts *out;
	char path[PATH_MAX]; // under its unfinished name
	struct buf manifest;
};

static int manifest_add(struct making *m, const char *name, const char *sha256, uint64_t bytes)
{
	m->out->files++;
	m->out->bytes += bytes;
	return buf_printf(&m->manifest, "file %s %llu %s\n", sha256, (unsigned long long)bytes, name);
}

// What stands in the backup already.
static int make_known(struct making *m, const char *name, struct err *e)
{
	char path[PATH_MAX], sha256[2 * HASH_LEN + 1];
	uint64_t bytes;

	return path_join(path, sizeof path, m->path, name, e) != 0 || backup_copy_file(path, NULL, sha256, &bytes, e) != 0 ||
		       manifest_add(m, name, sha256, bytes) != 0
		   ? -1
		   : 0;
}

// The files of a folder of the state folder whose names end so, and those below it.
static int make_folder(struct making *m, const char *folder, const char *ending, struct err *e)
{
	char from[PATH_MAX], to[PATH_MAX], name[PATH_MAX], sha256[2 * HASH_LEN + 1];
	struct stat status;
	uint64_t bytes;
	int ret = 0;

	if (path_join(from, sizeof from, m->v->state, folder, e) != 0 || path_join(to, sizeof to, m->path, folder, e) != 0 ||
	    folder_make(to, 0700, e) != 0)
		return -1;
	DIR *d = opendir(from);
	if (d == NULL)
		return errno == ENOENT ? 0 : err_system(e, ERR_IO, errno, "%s", from);
	for (const struct dirent *entry; ret == 0 && (entry = readdir(d)) != NULL;) {
		const size_t len = strlen(entry->d_name), end = strlen(ending);
		if (entry->d_name[0] == '.' || path_join(name, sizeof name, folder, entry->d_name, e) != 0 ||
		    path_join(from, sizeof from, m->v->state, name, e) != 0 || lstat(from, &status) != 0)
			continue;
		if (S_ISDIR(status.st_mode))
			ret = make_folder(m, name, ending, e);
		else if (S_ISREG(status.st_mode) && len > end && strcmp(entry->d_name + len - end, ending) == 0 &&
			 strchr(entry->d_name, '\n') == NULL)
			ret = path_join(to, sizeof to, m->path, name, e) != 0 || backup_copy_file(from, to, sha256, &bytes, e) != 0 ||
				      manifest_add(m, name, sha256, bytes) != 0
				  ? -1
				  : 0;
	}
	closedir(d);
	return ret;
}

// Days that outlive the backup. The keys of the others are named in the copy, to be ended where it is brought back.
static int make_log(struct making *m, uint8_t (**ended)[KEY_ID_LEN], size_t *count, struct err *e)
{
	struct vault *v = m->v;
	struct log_day *days;
	char name[64], path[PATH_MAX];
	int n = request_log_days(v, &days, e), ret = n < 0 ? -1 : 0;

	*count = 0;
	*ended = calloc((size_t)(n > 0 ? n : 1), sizeof **ended);
	if (*ended == NULL || path_join(path, sizeof path, m->path, "log", e) != 0 || folder_make(path, 0700, e) != 0)
		ret = *ended == NULL ? err_set(e, ERR_MEMORY, "no memory") : -1;
	for (int i = 0; i < n && ret == 0; i++) {
		struct data_key DATA_KEY_AUTO key = {0};
		time_t start = 0;
		when_parse(&start, days[i].day);
		const time_t due = request_log_due(v, days[i].oldest == 0 ? start : days[i].oldest);
		if (days[i].state == LOG_DAY_READ && (due == 0 || due > m->out->until)) {
			snprintf(name, sizeof name, "log/%s.db", days[i].day);
			ret = path_join(path, sizeof path, m->path, name, e) != 0
				  ? -1
				  : v->b->upkeep->copy(v->store, &(struct copy_order){.what = COPY_LOG_DAY, .day = days[i].day}, path, NULL,
						       e);
			ret = ret != 0 ? (ret > 0 ? 0 : -1) : make_known(m, name, e);
			continue;
		}
		m->out->left_days++;
		if (*ended != NULL && key_find(v, VIEW_COMMITTED, kind_row(KIND_REQUEST_LOG)->name, days[i].day, &key, NULL) == 0)
			memcpy((*ended)[(*count)++], key.id, KEY_ID_LEN);
	}
	free(days);
	return ret;
}

static int make_stores(struct making *m, struct err *e)
{
	struct vault *v = m->v;
	char path[PATH_MAX], folder[PATH_MAX];
	uint8_t(*ended)[KEY_ID_LEN] = NULL;
	struct copy_facts facts;
	size_t count = 0;
	FD_AUTO int lock = segment_lock(v, folder, e); // no segment is closed or ended meanwhile

	int ret = lock < 0 || path_join(path, sizeof path, m->path, "vault.db", e) != 0 || make_log(m, &ended, &count, e) != 0 ||
			  v->b->upkeep->copy(v->store,
					     &(struct copy_order){.what = COPY_RECORDS,
								  .horizon = m->out->until,
								  .ended = (const uint8_t(*)[KEY_ID_LEN])ended,
								  .ended_count = count},
					     path, &facts, e) != 0 ||
			  make_known(m, "vault.db", e) != 0 || make_folder(m, "ledger", ".gz", e) != 0 ||
			  make_folder(m, "policy", "", e) != 0
		      ? -1
		      : 0;
	free(ended);
	if (ret != 0)
		return -1;
	m->out->records = facts.records;
	m->out->events = facts.events;
	m->out->left_records = facts.left_records;
	m->out->left_payloads = facts.left_payloads;
	return 0;
}

static int make_manifest(struct making *m, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(MANIFEST_MAX);
	char made[WHEN_TEXT], until[WHEN_TEXT], path[PATH_MAX];
	struct err none = {0};

	when_text(made, m->out->made);
	when_text(until, m->out->until);
	buf_printf(&text, "%ssite %s\nmade %s\nuntil %s\npolicy %s\nevents %llu\nrecords %llu\n", MANIFEST_HEAD, m->v->policy->site, made,
		   until, m->v->policy->version, (unsigned long long)m->out->events, (unsigned long long)m->out->records);
	buf_add(&text, m->manifest.data, m->manifest.len);
	if (text.failed || m->manifest.failed)
		return err_set(e, ERR_MEMORY, "no memory");
	if (ledger_key_sign(m->v, &text, &none) != 0 && none.code != ERR_NOT_FOUND)
		return err_set(e, none.code, "%s", none.text);
	return path_join(path, sizeof path, m->path, "manifest", e) != 0 || file_write(path, buf_text(&text), text.len, 0600, NULL, e) != 0
		   ? -1
		   : 0;
}

// Only the newest copy: each replaces the one before.
static int make_keys(const struct vault *v, const char *keys, struct err *e)
{
	char folder[PATH_MAX], from[PATH_MAX], to[PATH_MAX], beside[PATH_MAX + 8], sha256[2 * HASH_LEN + 1];
	struct err why = {0};
	uint64_t bytes;

	if (backup_keys_path(v->policy->site, keys, folder, e) != 0 || folder_make(folder, 0700, e) != 0)
		return -1;
	for (size_t i = 0; backup_key_files[i] != NULL; i++) {
		if (path_join(to, sizeof to, v->state, "keys", e) != 0 || path_join(from, sizeof from, to, backup_key_files[i], e) != 0 ||
		    path_join(to, sizeof to, folder, backup_key_files[i], e) != 0)
			return -1;
		snprintf(beside, sizeof beside, "%s.new", to);
		unlink(beside);
		int ret = i == 0 ? v->b->upkeep->copy(v->store, &(struct copy_order){.what = COPY_KEYS}, beside, NULL, &why)
				 : backup_copy_file(from, beside, sha256, &bytes, &why);
		if (ret == 0 && i == 0)
			ret = folder_sync_all(folder, &why);
		if (ret != 0 && i > 0 && why.code == ERR_NOT_FOUND) { // a signing key that is kept elsewhere, a master key of the machine
			why = (struct err){0};
			continue;
		}
		if (ret != 0) {
			unlink(beside);
			return err_set(e, why.code, "%s", why.text);
		}
		if (rename(beside, to) != 0)
			return err_system(e, ERR_IO, errno, "%s", to);
	}
	return folder_sync(folder, e);
}

static int remember_folder(const struct vault *v, const char *folder, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(1024 * 1024);
	char path[PATH_MAX], line[PATH_MAX + 2];
	char *real TEXT_AUTO = realpath(folder, NULL);
	struct err why = {0};

	if (real == NULL || strchr(real, '\n') != NULL)
		return err_set(e, ERR_INPUT, "%s cannot be used for backups", folder);
	snprintf(line, sizeof line, "%s\n", real);
	if (path_join(path, sizeof path, v->state, backup_folders_file, e) != 0)
		return -1;
	if (file_read(path, &text, &why) != 0 && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	const char *there = strstr(buf_text(&text), line);
	if (there != NULL && (there == text.data || there[-1] == '\n'))
		return 0;
	buf_adds(&text, line);
	if (file_write(path, buf_text(&text), text.len, 0600, NULL, e) != 0)
		return -1;
	file_own_like(path, v->state);
	return 0;
}

static int backup_lock(const char *folder, bool wait, struct err *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_system(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "%s", folder);
	if (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) == 0)
		return fd;
	err_system(e, errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO, errno, "%s", folder);
	fd_close(&fd);
	return -1;
}

int backup_make(struct vault *v, const char *folder, const char *keys, struct backup_facts *out, struct err *e)
{
	struct making m = {.v = v, .out = out, .manifest = BUF_INIT(MANIFEST_MAX)};
	struct backup_facts read_back;
	struct clock_state clock;
	char name[NOTE_NAME_MAX + 64], at[TIME_IN_NAME + 1], until[WHEN_TEXT], details[128];
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
	FD_AUTO int lock = backup_lock(folder, true, e);
	if (lock < 0)
		return -1;
	// One that was made in this second has its name: this is the next second's.
	for (int tries = 0;; tries++) {
		out->made = when_now();
		time_in_name(at, out->made);
		snprintf(name, sizeof name, "lethe-%s-%s", v->policy->site, at);
		if (path_join(out->path, PATH_MAX, folder, name, e) != 0)
			return -1;
		if (access(out->path, F_OK) != 0)
			break;
		if (tries == NAME_TRIES)
			return err_set(e, ERR_BUSY, "%s is there already", out->path);
		nanosleep(&(struct timespec){.tv_nsec = NAME_PAUSE_NS}, NULL);
	}
	out->until = life_end(v->policy, KIND_BACKUP, out->made);
	snprintf(m.path, sizeof m.path, "%.*s%s", PATH_MAX - (int)sizeof UNFINISHED, out->path, UNFINISHED);
	when_text(until, out->until);
	snprintf(details, sizeof details, "{\"until\":\"%s\",\"keys\":%s}", until, keys != NULL ? "true" : "false");
	int ret = remember_folder(v, folder, e) != 0 || ledger_append(v, &event, e) != 0 || backup_remove(m.path, e) != 0 ||
			  folder_make(m.path, 0700, e) != 0 || make_stores(&m, e) != 0 || make_manifest(&m, e) != 0 ||
			  folder_sync_all(folder, e) != 0 || backup_check(m.path, NULL, &read_back, e) != 0
		      ? -1
		      : 0;
	buf_free(&m.manifest);
	// The keys after the data: what was erased meanwhile has none any more.
	if (ret == 0 && keys != NULL)
		ret = make_keys(v, keys, e);
	out->keys_copied = ret == 0 && keys != NULL;
	if (ret == 0 && rename(m.path, out->path) != 0)
		ret = err_system(e, ERR_IO, errno, "%s", out->path);
	if (ret == 0)
		return folder_sync(folder, e);
	backup_remove(m.path, NULL);
	return -1;
}

// ---- checking ----

static const char *manifest_fact(const char *text, const char *name, char *out, size_t size)
{
	const char *at = strstr(text, name);

	snprintf(out, size, "%.*s", at != NULL ? (int)strcspn(at + strlen(name), "\n") : 0, at != NULL ? at + strlen(name) : "");
	return out;
}

struct manifest {
	struct buf text;
	size_t len; // without the signature
};

static int manifest_read(const char *path, struct manifest *out, struct err *e)
{
	char file[PATH_MAX];
	struct err why = {0};

	if (path_join(file, sizeof file, path, "manifest", e) != 0)
		return -1;
	if (file_read(file, &out->text, &why) != 0 || strncmp(buf_text(&out->text), MANIFEST_HEAD, strlen(MANIFEST_HEAD)) != 0)
		return err_set(e, ERR_INPUT, "%s is no backup of Lethe, or was not finished: it has no manifest", path);
	const char *end = strstr(out->text.data, "\n\n");
	out->len = end == NULL ? out->text.len : (size_t)(end + 1 - out->text.data);
	return 0;
}

// No name leads out of the folder.
static bool name_is_safe(const char *name)
{
	return name[0] != '/' && name[0] != '\0' && strstr(name, "..") == NULL &&
	       (strcmp(name, "vault.db") == 0 || strncmp(name, "log/", 4) == 0 || strncmp(name, "ledger/", 7) == 0 ||
		strncmp(name, "policy/", 7) == 0);
}

static int manifest_each(const char *path, const struct manifest *m,
			 int (*each)(void *, const char *name, const char *sha256, uint64_t bytes, struct err *), void *arg, struct err *e)
{
	const char *at = m->text.data, *limit = m->text.data + m->len, *end;

	for (; at < limit && (end = memchr(at, '\n', (size_t)(limit - at))) != NULL; at = end + 1) {
		char line[PATH_MAX + 128], *rest;
		if (strncmp(at, "file ", 5) != 0)
			continue;
		snprintf(line, sizeof line, "%.*s", (int)(end - at - 5), at + 5);
		if (strlen(line) < 2 * HASH_LEN + 4 || line[2 * HASH_LEN] != ' ')
			return err_set(e, ERR_CORRUPT, "%s: the manifest is damaged", path);
		line[2 * HASH_LEN] = '\0';
		const uint64_t bytes = strtoull(line + 2 * HASH_LEN + 1, &rest, 10);
		if (*rest != ' ' || !name_is_safe(rest + 1))
			return err_set(e, ERR_CORRUPT, "%s: the manifest is damaged", path);
		if (each(arg, rest + 1, line, bytes, e) != 0)
			return -1;
	}
	return 0;
}

struct checking {
	const char *path;
	struct backup_facts *out;
	bool has_store;
};

static int check_file(void *arg, const char *name, const char *sha256, uint64_t bytes, struct err *e)
{
	struct checking *c = arg;
	char path[PATH_MAX], is[2 * HASH_LEN + 1];
	struct err why = {0};
	uint64_t len;

	if (path_join(path, sizeof path, c->path, name, e) != 0)
		return -1;
	if (backup_copy_file(path, NULL, is, &len, &why) != 0)
		return err_set(e, why.code == ERR_NOT_FOUND ? ERR_CORRUPT : why.code, "%s", why.text);
	if (len != bytes || strcmp(is, sha256) != 0)
		return err_set(e, ERR_CORRUPT, "%s is not what was backed up", path);
	c->out->files++;
	c->out->bytes += bytes;
	c->has_store = c->has_store || strcmp(name, "vault.db") == 0;
	return 0;
}

static int check_store(const char *path, const struct backup_facts *facts, struct err *e)
{
	struct store *store;
	struct store_survey held;

	if (sqlite_backend.upkeep->open(&store, path, STORE_CHECK, e) != 0)
		return -1;
	int ret = sqlite_backend.upkeep->survey(store, &held, e);
	sqlite_backend.upkeep->close(store);
	if (ret == 0 && (held.records != facts->records || (uint64_t)(held.ledger.last + 1) != facts->events))
		ret = err_set(e, ERR_CORRUPT, "%s/vault.db holds another number of records than its manifest says", path);
	return ret;
}

static int manifest_facts(const char *path, const char *key_line, struct manifest *m, struct backup_facts *out, struct err *e)
{
	struct signed_note_key key;
	char text[64];
	size_t len;

	*out = (struct backup_facts){0};
	snprintf(out->path, sizeof out->path, "%s", path);
	if (manifest_read(path, m, e) != 0)
		return -1;
	const char *facts = m->text.data;
	const bool good = when_parse(&out->made, manifest_fact(facts, "\nmade ", text, sizeof text)) == 0 &&
			  when_parse(&out->until, manifest_fact(facts, "\nuntil ", text, sizeof text)) == 0;
	manifest_fact(facts, "\nsite ", out->site, sizeof out->site);
	out->events = strtoull(manifest_fact(facts, "\nevents ", text, sizeof text), NULL, 10);
	out->records = strtoull(manifest_fact(facts, "\nrecords ", text, sizeof text), NULL, 10);
	if (m->len < m->text.len && key_line != NULL) {
		if (signed_note_key_parse(&key, key_line, e) != 0)
			return -1;
		out->has_signature = signed_note_verify(&key, facts, m->text.len, &len);
		if (!out->has_signature)
			return err_set(e, ERR_CORRUPT, "%s: the manifest's signature does not hold", path);
	}
	return good ? 0 : err_set(e, ERR_CORRUPT, "%s: the manifest is damaged", path);
}

int backup_read(const char *path, const char *key_line, struct backup_facts *out, struct err *e)
{
	struct manifest m = {.text = BUF_INIT(MANIFEST_MAX)};
	const int ret = manifest_facts(path, key_line, &m, out, e);

	buf_free(&m.text);
	return ret;
}

int backup_check(const char *path, const char *key_line, struct backup_facts *out, struct err *e)
{
	struct manifest m = {.text = BUF_INIT(MANIFEST_MAX)};
	struct checking c = {.path = path, .out = out};
	int ret = manifest_facts(path, key_line, &m, out, e) != 0 || manifest_each(path, &m, check_file, &c, e) != 0 ? -1 : 0;

	if (ret == 0 && !c.has_store)
		ret = err_set(e, ERR_CORRUPT, "%s: the manifest names no vault.db", path);
	if (ret == 0)
		ret = check_store(path, out, e);
	buf_free(&m.text);
	return ret;
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
	struct mark_row row;
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
	if (segment_row_get(more, MARK_UP_TO, ended, &row, e) < 0 || segment_tree(&row, &tree, e) != 0)
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

struct naming {
	int (*each)(void *arg, const char *name, struct err *e);
	void *arg;
};

static int name_file(void *arg, const char *name, const char *sha256, uint64_t bytes, struct err *e)
{
	const struct naming *n = arg;

	(void)sha256;
	(void)bytes;
	return n->each(n->arg, name, e);
}

int backup_files(const char *path, int (*each)(void *arg, const char *name, struct err *e), void *arg, struct err *e)
{
	struct manifest m = {.text = BUF_INIT(MANIFEST_MAX)};
	int ret = manifest_read(path, &m, e) != 0 ? -1 : manifest_each(path, &m, name_file, &(struct naming){each, arg}, e);

	buf_free(&m.text);
	return ret;
}

// ---- ending ----

int backup_prune(const struct policy *p, const char *folder, time_t now, bool dry_run, struct backup_list *out, struct err *e)
{
	FD_AUTO int lock = backup_lock(folder, false, e);
	char path[PATH_MAX], gone[PATH_MAX];
	int ret = 0;

	*out = (struct backup_list){0};
	DIR *d = lock < 0 ? NULL : opendir(folder);
	if (d == NULL)
		return lock < 0 ? -1 : err_system(e, ERR_IO, errno, "%s", folder);
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
		bool whole = false;
		const time_t made = made_of_name(p->site, entry->d_name, &whole);
		const time_t until = made < 0 ? 0 : p->kinds[KIND_BACKUP].keep == KEEP_STORED ? life_end(p, KIND_BACKUP, made) : now;
		if (made < 0 || path_join(path, sizeof path, folder, entry->d_name, e) != 0)
			continue;
		if (whole && (until == 0 || until > now)) {
			out->count++;
			out->ahead += now != 0 && made > now + AHEAD_SECONDS;
			out->oldest = out->oldest == 0 || made < out->oldest ? made : out->oldest;
			out->newest = made > out->newest ? made : out->newest;
			continue;
		}
		out->ended += whole;
		if (dry_run)
			continue;
		// Half of one is taken for none.
		snprintf(gone, sizeof gone, "%.*s%s", PATH_MAX - (int)sizeof UNFINISHED, path, whole ? UNFINISHED : "");
		if ((whole && rename(path, gone) != 0) || backup_remove(gone, e) != 0)
			ret = e->code != ERR_NONE ? -1 : err_system(e, ERR_IO, errno, "%s cannot be deleted", path);
	}
	closedir(d);
	return ret;
}

int backup_folders(const char *state, int (*each)(void *arg, const char *folder, struct err *e), void *arg, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(1024 * 1024);
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
	struct vault *v;
	time_t now;
	bool dry_run, away;
	struct backup_list *all;
};

static int prune_folder(void *arg, const char *folder, struct err *e)
{
	struct pruning_backups *x = arg;
	struct backup_list list, *all = x->all;
	struct err why = {0};

	if (backup_prune(x->v->policy, folder, x->now, x->dry_run || x->now == 0, &list, &why) != 0) {
		x->away = true;
		// A disk that is not mounted now is told by `check`, once something on it is too old.
		return why.code == ERR_NOT_FOUND || why.code == ERR_BUSY ? 0 : err_set(e, why.code, "%s", why.text);
	}
	all->count += list.count;
	all->ended += list.ended;
	all->ahead += list.ahead;
	all->oldest = all->oldest == 0 || (list.oldest != 0 && list.oldest < all->oldest) ? list.oldest : all->oldest;
	all->newest = list.newest > all->newest ? list.newest : all->newest;
	return 0;
}

static int backups_note_run(struct vault *v, void *arg, struct err *e)
{
	const struct backup_list *all = arg;

	return v->b->upkeep->number_set(v->store, backup_number_count, (int64_t)all->count, e) != 0 ||
		       v->b->upkeep->number_set(v->store, backup_number_oldest, (int64_t)all->oldest, e) != 0
		   ? -1
		   : 0;
}

int backup_prune_all(struct vault *v, time_t now, bool dry_run, struct backup_list *out, struct err *e)
{
	struct pruning_backups x = {.v = v, .now = now, .dry_run = dry_run, .all = out};
	struct op op = {.lane = LANE_RECORDS, .run = backups_note_run, .arg = out};
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
	if (((int64_t)out->count != count || (int64_t)out->oldest != oldest) && commit_run(v, &op, ret == 0 ? e : NULL) != 0)
		return -1;
	return ret;
}
