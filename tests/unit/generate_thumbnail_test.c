// SPDX-License-Identifier: ISC
// What is sent to the worker for a thumbnail, and what of a file that is shorter than it was.
#include "fcgi/generate/thumbnail.h"
#include "policy/base/file.h"
#include "tests/unit/test.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ARCHIVE_AUTO __attribute__((cleanup(archive_drop)))

static void a_file_that_is_cut_gives_no_thumbnail_and_no_crash(void **state)
{
	char folder[] = "/tmp/lethe-thumbnail-XXXXXX", picture[3 * 4096];
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	memset(picture, 'x', sizeof picture);
	assert_non_null(mkdtemp(folder));
	assert_int_equal(path_join(address.sun_path, sizeof address.sun_path, folder, "worker.sock", NULL), 0);
	FD_AUTO int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 4), 0);
	for (int sealed = 0; sealed < 2; sealed++) {
		ARCHIVE_AUTO struct archive_file a = ARCHIVE_INIT;
		struct archive_entry entry;
		struct archive_range range;
		struct call call = CALL_INIT;
		struct thumbnail t = {.call = NULL};
		struct err e = {0};
		assert_int_equal(archive_begin(&a, folder, sealed, 0, &e), 0);
		assert_int_equal(archive_entry_open(&a, &entry, "images/01-soft.png", &e), 0);
		assert_int_equal(archive_entry_write(&entry, picture, sizeof picture, &e), 0);
		assert_int_equal(archive_entry_close(&entry, &range, &e), 0);
		assert_true(thumbnail_begin(&t, &call, address.sun_path, &a, &range));
		assert_true(thumbnail_waits(&t));
		thumbnail_end(&t);
		assert_int_equal(ftruncate(a.file.fd, 4096), 0);
		assert_false(thumbnail_begin(&t, &call, address.sun_path, &a, &range));
		assert_false(thumbnail_waits(&t));
		thumbnail_end(&t);
	}
	unlink(address.sun_path);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_file_that_is_cut_gives_no_thumbnail_and_no_crash)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
