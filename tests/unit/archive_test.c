// SPDX-License-Identifier: ISC
// The archive: safe names, the same bytes for the same set, nothing left behind that nobody owns, and two readers that are not ours agree.
#include "fcgi/generate/archive.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "tests/unit/test.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DATE = 1795305600 }; // 2026-11-22

static char folder[64];

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
	return rmdir(folder);
}

static void fill(struct archive_file *a)
{
	struct err e = {0};
	char picture[5000];

	memset(picture, 'x', sizeof picture);
	assert_int_equal(archive_begin(a, folder, DATE, &e), 0);
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
	assert_int_equal(st.st_size, bytes);
	assert_int_equal(st.st_mode & 07777, 0640);
	snprintf(command, sizeof command, "unzip -tq %s >/dev/null", a.path);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof command,
		 "python3 -c 'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n"
		 "print([(i.filename,i.file_size,i.date_time[0],i.external_attr>>16) for i in z.infolist()])' %s",
		 a.path);
	FILE *p = popen(command, "r");
	assert_non_null(p);
	assert_non_null(fgets(said, sizeof said, p));
	assert_int_equal(pclose(p), 0);
	// In the order in which people read it, whatever came first.
	assert_string_equal(said, "[('README.txt', 0, 2026, 33188), ('prompts.json', 3, 2026, 33188), "
				  "('images/01-photo.jpg', 1, 2026, 33188), ('images/02-photo.png', 5000, 2026, 33188)]\n");
}

static void a_whole_set_is_in_order(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};
	uint64_t bytes = 0;
	char name[48], command[512], said[64], expected[64];

	(void)state;
	assert_int_equal(archive_begin(&a, folder, DATE, &e), 0);
	for (unsigned i = IMAGES_MAX; i-- > 0;) {
		archive_image_name(name, sizeof name, i, "photo", "image/png");
		assert_int_equal(archive_add(&a, name, name, strlen(name), &e), 0);
	}
	assert_int_equal(archive_add(&a, "prompts.json", "{}\n", 3, &e), 0);
	assert_int_equal(archive_add(&a, "README.txt", "", 0, &e), 0);
	assert_int_equal(archive_finish(&a, &bytes, &e), 0);
	snprintf(command, sizeof command, "unzip -tq %s >/dev/null", a.path);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof command, "unzip -Z1 %s", a.path);
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
	assert_int_equal(file_read(a.path, &one, &e), 0);
	assert_int_equal(file_read(b.path, &two, &e), 0);
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
	assert_int_equal(archive_begin(&a, folder, DATE, &e), 0);
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
	ARCHIVE_AUTO struct archive_file open_one = ARCHIVE_INIT;
	struct err e = {0};
	char path[128];

	(void)state;
	snprintf(path, sizeof path, "%s/new-0123", folder);
	assert_int_equal(file_write(path, "x", 1, 0640, NULL, &e), 0);
	snprintf(path, sizeof path, "%s/0123.zip", folder);
	assert_int_equal(file_write(path, "x", 1, 0640, NULL, &e), 0);
	assert_int_equal(archive_begin(&open_one, folder, DATE, &e), 0);
	assert_int_equal(archive_sweep(folder, &e), 0);
	assert_int_equal(files(), 2);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(access(open_one.path, F_OK), 0);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};

	(void)state;
	assert_int_equal(archive_begin(&a, "/nonexistent/spool", DATE, &e), -1);
	assert_int_equal(e.code, ERR_IO);
	assert_int_equal(archive_sweep("/nonexistent/spool", &e), -1);
}

static void a_full_disk_is_told_apart(void **state)
{
	ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
	struct err e = {0};
	char big[64 * 1024];
	int done = 0;

	(void)state;
	assert_int_equal(archive_begin(&a, folder, DATE, &e), 0);
	int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_true(full >= 0 && dup2(full, a.fd) == a.fd);
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
	assert_int_equal(archive_begin(&a, folder, DATE, &e), 0);
	a.bytes = ARCHIVE_BYTES_MAX - 1;
	assert_int_equal(archive_add(&a, "images/01-photo.png", "xx", 2, &e), -1);
	assert_int_equal(e.code, ERR_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(other_readers_agree, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(a_whole_set_is_in_order, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(the_same_set_gives_the_same_bytes, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(only_safe_names_are_taken, make_folder, remove_folder),
	    cmocka_unit_test(names_are_made_of_number_style_and_type),
	    cmocka_unit_test_setup_teardown(what_is_not_kept_is_removed, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(a_sweep_removes_what_a_crash_left_and_nothing_else, make_folder, remove_folder),
	    cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
	    cmocka_unit_test_setup_teardown(a_full_disk_is_told_apart, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(an_archive_has_a_ceiling, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
