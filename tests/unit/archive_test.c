// SPDX-License-Identifier: ISC
// The archive: safe names, the same bytes for the same set, entries that finish in any order, nothing left behind that nobody owns, and three
// readers that are not ours agree, one of them on a stream.
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/picture/archive.h"
#include "tests/unit/test.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARCHIVE_AUTO __attribute__((cleanup(archive_drop)))

enum { DATE = 1795305600 }; // 2026-11-22

static char folder[64];
static bool sealed; // all of this holds for both

// ---- a disk that is full from one write on ----

static int writes_left = -1; // -1: as many as there are

static bool disk_full(void)
{
	if (writes_left == 0)
		errno = ENOSPC;
	return writes_left == 0 || (writes_left > 0 && writes_left-- == 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return disk_full() ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t len, unsigned flags)
{
	return disk_full() ? -1 : syscall(SYS_copy_file_range, from, from_at, to, to_at, len, flags);
}

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/lethe-archive-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static unsigned files(void)
{
	DIR *d = opendir(folder);
	unsigned n = 0;

	for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

static int remove_folder(void **state)
{
	DIR *d = opendir(folder);

	(void)state;
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
		unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
	for (int i = 0; i < 2; i++) {
		char path[96];
		snprintf(path, sizeof path, "%s.%d.zip", folder, i);
		unlink(path);
	}
	return rmdir(folder);
}

// The ZIP as a visitor gets it.
static const char *opened(const struct archive_file *a)
{
	static char paths[2][96];
	static unsigned turn;
	char *path = paths[turn++ % 2], bytes[3000];
	struct stat st;
	uint64_t size = a->end, piece;

	if (!sealed)
		return a->path;
	assert_int_equal(fstat(a->file.fd, &st), 0);
	assert_int_equal(st.st_size % 4096, 0);
	for (unsigned i = 0; i < a->count; i++)
		size += 46 + strlen(a->finished[i].name) + 9;
	size += 22;
	assert_true(size <= (uint64_t)st.st_size && size + 4096 > (uint64_t)st.st_size);
	snprintf(path, sizeof paths[0], "%s.%u.zip", folder, turn % 2);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	for (uint64_t at = 0; at < size; at += piece) {
		piece = size - at < sizeof bytes ? size - at : sizeof bytes;
		assert_int_equal(sealed_file_read(&a->file, bytes, piece, at), 0);
		assert_int_equal(fwrite(bytes, 1, piece, out), piece);
	}
	assert_int_equal(fclose(out), 0);
	return path;
}

static void expect_size(const struct archive_file *a, uint64_t size)
{
	struct stat st;

	assert_int_equal(fstat(a->file.fd, &st), 0);
	assert_int_equal(st.st_size, sealed ? (size + 4095) / 4096 * 4096 : size);
}

static void fill(struct archive_file *a)
{
	struct err e = {0};
	char picture[5000];

	memset(picture, 'x', sizeof picture);
	assert_int_equal(archive_begin(a, folder, sealed, DATE, &e), 0);
	assert_int_equal(archive_add(a, "images/02-photo.png", picture, sizeof picture, &e), 0);
	assert_int_equal(archive_add(a, "images/01-photo.jpg", picture, 1, &e), 0);
	assert_int_equal(archive_add(a, "prompts.json", "{}\n", 3, &e), 0);
	assert_int_equal(archive_add(a, "README.txt", "", 0, &e), 0);
}

static void other_readers_agree(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};
	uint64_t bytes = 0;
	char command[2048], said[512] = "";
	struct stat st;

	(void)state;
	fill(&a);
	assert_int_equal(archive_finish(&a, &bytes, &e), 0);
	assert_int_equal(stat(a.path, &st), 0);
	expect_size(&a, bytes);
	assert_int_equal(st.st_mode & 07777, 0640);
	snprintf(command, sizeof command, "unzip -tq %s >/dev/null", opened(&a));
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof command,
		 "python3 -c 'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n"
		 "print([(i.filename,i.file_size,i.date_time,i.external_attr>>16) for i in z.infolist()])' %s",
		 opened(&a));
	FILE *p = popen(command, "r");
	assert_non_null(p);
	assert_non_null(fgets(said, sizeof said, p));
	assert_int_equal(pclose(p), 0);
	// In the order in which people read it, whatever came first.
	assert_string_equal(said,
			    "[('README.txt', 0, (2026, 11, 22, 0, 0, 0), 33188), ('prompts.json', 3, (2026, 11, 22, 0, 0, 0), 33188), "
			    "('images/01-photo.jpg', 1, (2026, 11, 22, 0, 0, 0), 33188), "
			    "('images/02-photo.png', 5000, (2026, 11, 22, 0, 0, 0), 33188)]\n");
}

static void a_whole_set_is_in_order(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};
	uint64_t bytes = 0;
	char name[48], command[512], said[64], expected[64];

	(void)state;
	assert_int_equal(archive_begin(&a, folder, sealed, DATE, &e), 0);
	for (unsigned i = IMAGES_MAX; i-- > 0;) {
		archive_image_name(name, sizeof name, i, "photo", "image/png");
		assert_int_equal(archive_add(&a, name, name, strlen(name), &e), 0);
	}
	assert_int_equal(archive_add(&a, "prompts.json", "{}\n", 3, &e), 0);
	assert_int_equal(archive_add(&a, "README.txt", "", 0, &e), 0);
	assert_int_equal(archive_finish(&a, &bytes, &e), 0);
	snprintf(command, sizeof command, "unzip -tq %s >/dev/null", opened(&a));
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof command, "unzip -Z1 %s", opened(&a));
	FILE *p = popen(command, "r");
	assert_non_null(p);
	for (unsigned i = 0; i < IMAGES_MAX + 2; i++) {
		archive_image_name(name, sizeof name, i - 2, "photo", "image/png");
		snprintf(expected, sizeof expected, "%s\n", i == 0 ? "README.txt" : i == 1 ? "prompts.json" : name);
		assert_non_null(fgets(said, sizeof said, p));
		assert_string_equal(said, expected);
	}
	assert_int_equal(pclose(p), 0);
}

// ---- several at once ----

static uint32_t seed;

static uint32_t next_random(uint32_t below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 8) % below;
}

static void expect_range(const struct archive_file *a, const struct archive_range *range, const struct buf *bytes)
{
	char *back = malloc(bytes->len + 1);

	assert_int_equal(range->len, bytes->len);
	assert_int_equal(sealed_file_read(&a->file, back, bytes->len, range->offset), 0);
	assert_memory_equal(back, bytes->data, bytes->len);
	free(back);
}

// What a command says to the file on its standard input, which is a pipe.
static void read_by(const char *path, const char *command, struct buf *out)
{
	char line[512], part[4096];
	size_t n;

	snprintf(line, sizeof line, "cat %s | %s", path, command);
	FILE *p = popen(line, "r");
	assert_non_null(p);
	while ((n = fread(part, 1, sizeof part, p)) > 0)
		assert_int_equal(buf_add(out, part, n), 0);
	assert_int_equal(pclose(p), 0);
}

// Eight are written at once, in pieces of any size and in any turn; some begin again, one is given up; they finish in any order.
static void entries_finish_in_any_order(void **state)
{
	(void)state;
	for (uint32_t round = 1; round <= 12; round++) {
		ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
		BUF_AUTO struct buf in_order = BUF_INIT(64 << 20), streamed = BUF_INIT(64 << 20);
		struct archive_entry entries[IMAGES_MAX];
		struct archive_range ranges[IMAGES_MAX];
		struct buf bytes[IMAGES_MAX];
		bool open[IMAGES_MAX], finished[IMAGES_MAX] = {false};
		char piece[70000], name[48], command[1024];
		struct err e = {0};
		uint64_t size;

		seed = round;
		assert_int_equal(archive_begin(&a, folder, sealed, DATE, &e), 0);
		for (unsigned i = 0; i < IMAGES_MAX; i++) {
			archive_image_name(name, sizeof name, i, "photo", i % 2 ? "image/jpeg" : "image/png");
			assert_int_equal(archive_entry_open(&a, &entries[i], name, &e), 0);
			bytes[i] = BUF_INIT(8 << 20);
			open[i] = true;
		}
		for (unsigned left = IMAGES_MAX; left > 0;) {
			unsigned i = next_random(IMAGES_MAX), what = next_random(16);
			if (!open[i])
				continue;
			if (what == 0 && round % 2 == 0) {
				assert_int_equal(archive_entry_restart(&entries[i], &e), 0);
				buf_reset(&bytes[i]);
			} else if (what == 1 && round % 3 == 0 && left == 5) {
				archive_entry_drop(&entries[i]);
				archive_entry_drop(&entries[i]); // nothing more happens
				open[i] = false;
				left--;
			} else if (what < 4) {
				assert_int_equal(archive_entry_close(&entries[i], &ranges[i], &e), 0);
				buf_add(&in_order, bytes[i].data, bytes[i].len);
				open[i] = false;
				finished[i] = true;
				left--;
			} else {
				size_t len = next_random(sizeof piece);
				for (size_t b = 0; b < len; b++)
					piece[b] = (char)next_random(256);
				assert_int_equal(archive_entry_write(&entries[i], piece, len, &e), 0);
				buf_add(&bytes[i], piece, len);
				size_t at = next_random((uint32_t)bytes[i].len + 1), n = bytes[i].len - at;
				n = n < sizeof piece ? n : sizeof piece;
				assert_int_equal(archive_entry_read(&entries[i], at, piece, n, &e), 0);
				assert_memory_equal(piece, bytes[i].data + at, n);
				assert_int_equal(archive_entry_read(&entries[i], bytes[i].len, piece, 1, &e), -1);
			}
			for (unsigned f = 0; f < IMAGES_MAX; f++) { // what is finished stays where it is while the rest is written
				if (finished[f])
					expect_range(&a, &ranges[f], &bytes[f]);
			}
		}
		assert_int_equal(archive_finish(&a, &size, &e), 0);
		for (unsigned f = 0; f < IMAGES_MAX; f++) {
			if (finished[f])
				expect_range(&a, &ranges[f], &bytes[f]);
			buf_free(&bytes[f]);
		}
		snprintf(
		    command, sizeof command,
		    "unzip -tq %s >/dev/null && python3 -c 'import sys,zipfile\nassert zipfile.ZipFile(sys.argv[1]).testzip() is None' %s",
		    opened(&a), opened(&a));
		assert_int_equal(system(command), 0);
		read_by(opened(&a), "bsdtar -xOf -", &streamed);
		assert_int_equal(streamed.len, in_order.len);
		assert_memory_equal(streamed.data, in_order.data, in_order.len);
		archive_drop(&a);
		assert_int_equal(files(), 0);
	}
}

static void what_is_finished_is_not_waited_for(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct archive_entry slow, quick;
	struct archive_range range;
	struct err e = {0};
	char back[8] = "", large[2000] = "";
	uint64_t size;

	(void)state;
	assert_int_equal(archive_begin(&a, folder, sealed, DATE, &e), 0);
	assert_int_equal(archive_entry_open(&a, &slow, "images/01-photo.png", &e), 0);
	assert_int_equal(archive_entry_write(&slow, "slow ", 5, &e), 0);
	assert_int_equal(archive_entry_open(&a, &quick, "images/02-photo.png", &e), 0);
	assert_int_equal(archive_entry_write(&quick, "quick", 5, &e), 0);
	assert_int_equal(archive_entry_close(&quick, &range, &e), 0);
	assert_int_equal(sealed_file_read(&a.file, back, 5, range.offset), 0);
	assert_string_equal(back, "quick");
	assert_int_equal(archive_entry_write(&slow, "one", 3, &e), 0);
	assert_int_equal(archive_entry_close(&slow, &range, &e), 0);
	assert_int_equal(sealed_file_read(&a.file, back, 8, range.offset), 0);
	assert_memory_equal(back, "slow one", 8);
	assert_int_equal(archive_entry_write(&slow, "x", 1, &e), -1); // it is closed
	assert_int_equal(archive_entry_close(&slow, &range, &e), -1);
	// What is given up frees its space at once.
	assert_int_equal(archive_entry_open(&a, &slow, "images/03-photo.png", &e), 0);
	assert_int_equal(archive_entry_write(&slow, "x", 1, &e), 0);
	archive_entry_drop(&slow);
	expect_size(&a, a.end);
	assert_int_equal(a.bytes, 13);
	// Of what moved away, nothing stays at the end.
	assert_int_equal(archive_entry_open(&a, &slow, "images/03-photo.png", &e), 0);
	assert_int_equal(archive_entry_write(&slow, large, sizeof large, &e), 0);
	assert_int_equal(archive_add(&a, "README.txt", "x", 1, &e), 0);
	archive_entry_drop(&slow);
	assert_int_equal(archive_finish(&a, &size, &e), 0);
	expect_size(&a, size);
	assert_true(size < sizeof large);
}

static void the_number_of_entries_has_a_limit(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct archive_entry open_one, entry;
	struct err e = {0};

	(void)state;
	assert_int_equal(archive_begin(&a, folder, sealed, DATE, &e), 0);
	assert_int_equal(archive_entry_open(&a, &open_one, "images/01-photo.png", &e), 0);
	for (unsigned i = 1; i < ARCHIVE_ENTRIES_MAX; i++)
		assert_int_equal(archive_add(&a, "images/02-photo.png", "x", 1, &e), 0);
	assert_int_equal(archive_entry_open(&a, &entry, "images/03-photo.png", &e), -1);
	assert_int_equal(e.code, ERR_MEMORY);
	assert_null(entry.archive);
	assert_int_equal(archive_entry_close(&open_one, NULL, &e), 0);
}

static int write_three(struct archive_file *a, struct archive_entry entries[3], struct err *e)
{
	char picture[9000];
	uint64_t bytes;

	memset(picture, 'x', sizeof picture);
	if (archive_begin(a, folder, sealed, DATE, e) != 0)
		return -1;
	for (unsigned i = 0; i < 3; i++) {
		if (archive_entry_open(a, &entries[i],
				       i == 0   ? "images/01-photo.png"
				       : i == 1 ? "images/02-photo.png"
						: "README.txt",
				       e) != 0)
			return -1;
	}
	for (unsigned i = 0; i < 6; i++) {
		if (archive_entry_write(&entries[i % 3], picture, sizeof picture, e) != 0)
			return -1;
	}
	for (unsigned i = 3; i-- > 0;) {
		if (archive_entry_close(&entries[i], NULL, e) != 0)
			return -1;
	}
	return archive_finish(a, &bytes, e);
}

static void a_disk_that_is_full_at_any_write_leaves_nothing(void **state)
{
	unsigned before = descriptors();
	int done = -1;

	(void)state;
	for (int n = 0; done != 0; n++) {
		struct archive_file a = ARCHIVE_INIT;
		struct archive_entry entries[3] = {{0}};
		struct err e = {0};
		writes_left = n;
		done = write_three(&a, entries, &e);
		writes_left = -1;
		assert_true(done == 0 || e.code == ERR_FULL);
		assert_true(done != 0 || n >= 13); // six writes, a move, two copies, three heads, the listing
		for (unsigned i = 0; i < 3; i++)
			archive_entry_drop(&entries[i]);
		archive_drop(&a);
		assert_int_equal(files(), 0);
		assert_int_equal(descriptors(), before);
	}
}

// The others, and the archive, do not suffer from one entry that cannot be written.
static void one_that_fails_leaves_the_rest_whole(void **state)
{
	(void)state;
	for (int n = 0; n < 4; n++) {
		ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
		struct archive_entry in_place, other;
		char picture[9000], command[1024];
		struct err e = {0};
		uint64_t bytes;
		memset(picture, 'x', sizeof picture);
		assert_int_equal(archive_begin(&a, folder, sealed, DATE, &e), 0);
		assert_int_equal(archive_entry_open(&a, &in_place, "images/01-photo.png", &e), 0);
		assert_int_equal(archive_entry_open(&a, &other, "images/02-photo.png", &e), 0);
		assert_int_equal(archive_entry_write(&in_place, picture, sizeof picture, &e), 0);
		writes_left = n; // of: the other's bytes, the move of what is in place, the copy, the head
		int done = archive_entry_write(&other, picture, sizeof picture, &e);
		done = done == 0 ? archive_entry_close(&other, NULL, &e) : done;
		writes_left = -1;
		assert_int_equal(done, -1);
		assert_int_equal(e.code, ERR_FULL);
		archive_entry_drop(&other);
		assert_int_equal(archive_entry_write(&in_place, picture, sizeof picture, &e), 0);
		assert_int_equal(archive_entry_close(&in_place, NULL, &e), 0);
		assert_int_equal(archive_add(&a, "README.txt", "x", 1, &e), 0);
		assert_int_equal(archive_finish(&a, &bytes, &e), 0);
		snprintf(command, sizeof command,
			 "unzip -tq %s >/dev/null && [ $(unzip -Z1 %s | wc -l) = 2 ] && [ $(stat -c %%s %s) = %llu ]", opened(&a),
			 opened(&a), opened(&a), (unsigned long long)bytes);
		assert_int_equal(system(command), 0);
	}
}

static void the_same_set_gives_the_same_bytes(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT, b = ARCHIVE_INIT;
	BUF_AUTO struct buf one = BUF_INIT(1 << 20), two = BUF_INIT(1 << 20);
	struct err e = {0};
	uint64_t bytes;

	(void)state;
	fill(&a);
	fill(&b);
	assert_int_equal(archive_finish(&a, &bytes, &e), 0);
	assert_int_equal(archive_finish(&b, &bytes, &e), 0);
	assert_string_not_equal(a.path, b.path);
	assert_int_equal(file_read(opened(&a), &one, &e), 0);
	assert_int_equal(file_read(opened(&b), &two, &e), 0);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
}

static void only_safe_names_are_taken(void **state)
{
	static const char *const names[] = {"",
					    "../x",
					    "images/../x",
					    "/etc/passwd",
					    "images/",
					    "images/.hidden",
					    "-x",
					    ".x",
					    "a b",
					    "images/a/b",
					    "a\\b",
					    "a:b",
					    "images/ü.png",
					    "a\nb",
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};

	(void)state;
	assert_int_equal(archive_begin(&a, folder, sealed, DATE, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(archive_add(&a, names[i], "x", 1, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
}

static void names_are_made_of_number_style_and_type(void **state)
{
	char name[48];

	(void)state;
	archive_image_name(name, sizeof name, 0, "photo", "image/png");
	assert_string_equal(name, "images/01-photo.png");
	archive_image_name(name, sizeof name, 7, "watercolour", "image/jpeg");
	assert_string_equal(name, "images/08-watercolour.jpg");
	archive_image_name(name, sizeof name, 2, "minimal", "image/webp");
	assert_string_equal(name, "images/03-minimal.webp");
}

static void what_is_not_kept_is_removed(void **state)
{
	struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};
	uint64_t bytes;

	(void)state;
	fill(&a);
	archive_drop(&a); // in the middle
	assert_int_equal(files(), 0);
	fill(&a);
	assert_int_equal(archive_finish(&a, &bytes, &e), 0);
	archive_drop(&a);
	assert_int_equal(files(), 0);
	fill(&a);
	assert_int_equal(archive_finish(&a, &bytes, &e), 0);
	archive_keep(&a);
	archive_drop(&a);
	assert_int_equal(files(), 1);
}

static void a_sweep_removes_what_a_crash_left_and_nothing_else(void **state)
{
	struct archive_file open_one = ARCHIVE_INIT;
	struct err e = {0};
	char path[128];
	int lock, second;

	(void)state;
	snprintf(path, sizeof path, "%s/new-0123", folder);
	assert_int_equal(file_write(path, "x", 1, 0640, NULL, &e), 0);
	snprintf(path, sizeof path, "%s/0123.zip", folder);
	assert_int_equal(file_write(path, "x", 1, 0640, NULL, &e), 0);
	assert_int_equal(archive_sweep(folder, &lock, &e), 0);
	assert_int_equal(files(), 1);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(archive_begin(&open_one, folder, sealed, DATE, &e), 0);
	assert_int_equal(archive_sweep(folder, &second, &e), 0); // by another program, as long as this one lives
	assert_int_equal(access(open_one.path, F_OK), 0);
	close(second);
	close(lock); // it crashed
	assert_int_equal(archive_sweep(folder, &lock, &e), 0);
	assert_int_equal(files(), 1);
	close(lock);
	archive_drop(&open_one);
}

static void one_that_waits_has_no_descriptor(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};
	unsigned before = descriptors();
	uint64_t bytes;

	(void)state;
	assert_int_equal(archive_begin(&a, folder, sealed, DATE, &e), 0);
	assert_int_equal(archive_reserve(&a, 4096, &e), 0);
	assert_int_equal(descriptors(), before);
	archive_use_reserve(&a);
	assert_int_equal(archive_add(&a, "README.txt", "x", 1, &e), 0);
	assert_int_equal(descriptors(), before + 1);
	assert_int_equal(archive_finish(&a, &bytes, &e), 0);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};

	(void)state;
	assert_int_equal(archive_begin(&a, "/nonexistent/spool", sealed, DATE, &e), -1);
	assert_int_equal(e.code, ERR_IO);
	int lock;
	assert_int_equal(archive_sweep("/nonexistent/spool", &lock, &e), -1);
}

static void a_full_disk_is_told_apart(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};
	char big[64 * 1024];
	int done = 0;

	(void)state;
	assert_int_equal(archive_begin(&a, folder, sealed, DATE, &e), 0);
	assert_int_equal(archive_add(&a, "README.txt", "x", 1, &e), 0); // which opens it
	int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_true(full >= 0 && dup2(full, a.file.fd) == a.file.fd);
	close(full);
	memset(big, 'x', sizeof big);
	for (int i = 0; i < 100 && done == 0; i++)
		done = archive_add(&a, "images/01-photo.png", big, sizeof big, &e);
	assert_int_equal(done, -1);
	assert_int_equal(e.code, ERR_FULL);
}

static void an_archive_has_a_ceiling(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};

	(void)state;
	assert_int_equal(archive_begin(&a, folder, sealed, DATE, &e), 0);
	a.bytes = ARCHIVE_BYTES_MAX - 1;
	assert_int_equal(archive_add(&a, "images/01-photo.png", "xx", 2, &e), -1);
	assert_int_equal(e.code, ERR_MEMORY);
}

// ---- sealed ----

static void nothing_of_it_can_be_read_on_the_disk(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct archive_entry in_place, other;
	BUF_AUTO struct buf raw = BUF_INIT(1 << 20), again = BUF_INIT(1 << 20);
	static const char word[] = "Zanzibarquartz";
	char picture[9000], path[96];
	struct err e = {0};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof picture; i++)
		picture[i] = word[i % (sizeof word - 1)];
	assert_int_equal(archive_begin(&a, folder, true, DATE, &e), 0);
	assert_int_equal(archive_entry_open(&a, &in_place, "images/01-photo.png", &e), 0);
	assert_int_equal(archive_entry_open(&a, &other, "images/02-photo.png", &e), 0);
	assert_int_equal(archive_entry_write(&in_place, picture, sizeof picture, &e), 0);
	assert_int_equal(archive_entry_write(&other, picture, sizeof picture, &e), 0);
	for (int step = 0; step < 4; step++) { // what a crash would leave at any time
		snprintf(path, sizeof path, "/proc/self/fd/%d", step == 1 ? other.file.fd : a.file.fd);
		buf_reset(&raw);
		assert_int_equal(file_read(path, &raw, &e), 0);
		assert_true(raw.len > 0 && raw.len % 4096 == 0);
		assert_null(memmem(raw.data, raw.len, word, 4));
		assert_null(memmem(raw.data, raw.len, "images/", 7));
		assert_null(memmem(raw.data, raw.len, "PK\1\2", 4));
		if (step == 1)
			assert_int_equal(archive_entry_close(&other, NULL, &e), 0);
		if (step == 2)
			assert_int_equal(archive_entry_close(&in_place, NULL, &e), 0);
		if (step == 2)
			assert_int_equal(archive_finish(&a, &bytes, &e), 0);
	}
	// The same bytes at the same place under another key are other bytes.
	struct archive_file b = ARCHIVE_INIT;
	assert_int_equal(archive_begin(&b, folder, true, DATE, &e), 0);
	assert_int_equal(archive_add(&b, "images/02-photo.png", picture, sizeof picture, &e), 0);
	assert_int_equal(file_read(b.path, &again, &e), 0);
	assert_memory_not_equal(raw.data, again.data, 16);
	archive_drop(&b);
}

static void a_wrong_key_and_an_altered_file_give_other_bytes_and_no_crash(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	SEALED_FILE_AUTO struct sealed_file file = SEALED_FILE_INIT;
	char key[SEALED_KEY_TEXT], picture[9000], back[9000];
	struct archive_range range;
	struct archive_entry entry;
	struct err e = {0};

	(void)state;
	memset(picture, 'x', sizeof picture);
	assert_int_equal(archive_begin(&a, folder, true, DATE, &e), 0);
	assert_int_equal(archive_entry_open(&a, &entry, "images/01-photo.png", &e), 0);
	assert_int_equal(archive_entry_write(&entry, picture, sizeof picture, &e), 0);
	assert_int_equal(archive_entry_close(&entry, &range, &e), 0);
	sealed_file_key(key, &a.file);
	assert_int_equal(sealed_file_open(&file, a.path, key), 0);
	assert_int_equal(sealed_file_read(&file, back, sizeof back, range.offset), 0);
	assert_memory_equal(back, picture, sizeof back);
	assert_int_equal(sealed_file_read(&file, back, sizeof back, 8192), -1); // it is not so long
	sealed_file_close(&file);
	key[0] = key[0] == 'a' ? 'b' : 'a';
	assert_int_equal(sealed_file_open(&file, a.path, key), 0);
	assert_int_equal(sealed_file_read(&file, back, sizeof back, range.offset), 0);
	assert_memory_not_equal(back, picture, sizeof back);
	sealed_file_close(&file);
	assert_int_equal(sealed_file_open(&file, a.path, "abc"), -1);
	// One bit changes one block of the cipher: the rest can be read.
	assert_int_equal(pwrite(a.file.fd, "?", 1, 4096 + 100), 1);
	assert_int_equal(sealed_file_read(&a.file, back, sizeof back, range.offset), 0);
	for (size_t i = 0; i < sizeof back; i++)
		assert_true(back[i] == 'x' || (range.offset + i) / 16 == (4096 + 100) / 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(other_readers_agree, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(a_whole_set_is_in_order, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(entries_finish_in_any_order, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(what_is_finished_is_not_waited_for, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(the_number_of_entries_has_a_limit, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(a_disk_that_is_full_at_any_write_leaves_nothing, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(one_that_fails_leaves_the_rest_whole, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(the_same_set_gives_the_same_bytes, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(only_safe_names_are_taken, make_folder, remove_folder),
	    cmocka_unit_test(names_are_made_of_number_style_and_type),
	    cmocka_unit_test_setup_teardown(what_is_not_kept_is_removed, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(a_sweep_removes_what_a_crash_left_and_nothing_else, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(one_that_waits_has_no_descriptor, make_folder, remove_folder),
	    cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
	    cmocka_unit_test_setup_teardown(a_full_disk_is_told_apart, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(an_archive_has_a_ceiling, make_folder, remove_folder),
	};

	const struct CMUnitTest sealed_only[] = {
	    cmocka_unit_test_setup_teardown(nothing_of_it_can_be_read_on_the_disk, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(a_wrong_key_and_an_altered_file_give_other_bytes_and_no_crash, make_folder, remove_folder),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	sealed = true;
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	return failed + cmocka_run_group_tests(sealed_only, NULL, NULL);
}
