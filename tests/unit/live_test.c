// SPDX-License-Identifier: ISC
// Sets that are being made, as others see them: readers that come and go, cancelling, the minute, the stop; by one thread and by many at once.
#include "fcgi/generate/live.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/when.h"
#include "policy/vault/archive_token.h"
#include "tests/unit/test.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ALONE_MS = 200 };

// A set whose visitor is the other end of a pair.
struct made {
	char receipt[TOKEN_LEN + 1];
	int visitor, connection;
	struct sealed_file *archive;
	struct live *live;
};

static struct made made_begin_for(const char *address)
{
	struct made m;
	int pair[2];
	bool taken;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	token_new(m.receipt);
	m.visitor = pair[0];
	m.connection = pair[1];
	m.archive = malloc(sizeof *m.archive);
	assert_non_null(m.archive);
	sealed_file_begin(m.archive, open("/dev/zero", O_RDONLY | O_CLOEXEC), true);
	m.live = live_begin(m.receipt, address, m.connection, m.archive, &taken);
	assert_non_null(m.live);
	assert_false(taken);
	assert_null(live_begin(m.receipt, address, m.connection, m.archive, &taken));
	assert_true(taken);
	return m;
}

static struct made made_begin(void)
{
	return made_begin_for("192.0.2.1");
}

static void made_end(struct made *m)
{
	live_archive_closes(m->live);
	sealed_file_close(m->archive);
	free(m->archive);
	live_end(m->live);
	fd_close(&m->connection);
	fd_close(&m->visitor);
}

static bool hangs_up(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	return poll(&p, 1, ms) == 1;
}

static void a_token_tells_neither_the_receipt_nor_another_token(void **state)
{
	char receipt[TOKEN_LEN + 1], a[TOKEN_LEN + 1], b[TOKEN_LEN + 1], again[TOKEN_LEN + 1];

	(void)state;
	token_new(receipt);
	archive_token_both(a, b, receipt);
	archive_token_zip(again, receipt);
	assert_true(token_shaped(a) && token_shaped(b));
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, receipt);
	assert_string_equal(a, again);
}

static void readers_get_each_event_once_in_order(void **state)
{
	struct made m = made_begin();
	struct live_reader early, late, after;
	BUF_AUTO struct buf out = BUF_INIT(10000);

	(void)state;
	assert_int_equal(live_read_begin(m.live, &early, 0), 0);
	assert_int_equal(live_event(m.live, "one", "1", 1), 0);
	assert_int_equal(live_read(m.live, &early, &out), 0);
	assert_string_equal(out.data, "id: 1\nevent: one\ndata: 1\n\n");
	buf_reset(&out);
	assert_int_equal(live_event(m.live, "two", "{}", 2), 0);
	struct pollfd p = {.fd = early.wake_fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(live_read_begin(m.live, &late, 0), 0);
	assert_int_equal(live_read_begin(m.live, &after, 1), 0);
	assert_int_equal(live_read(m.live, &early, &out), 0);
	assert_string_equal(out.data, "id: 2\nevent: two\ndata: {}\n\n");
	assert_int_equal(poll(&p, 1, 0), 0);
	buf_reset(&out);
	assert_int_equal(live_read(m.live, &late, &out), 0);
	assert_string_equal(out.data, "id: 1\nevent: one\ndata: 1\n\nid: 2\nevent: two\ndata: {}\n\n");
	buf_reset(&out);
	assert_int_equal(live_read(m.live, &after, &out), 0);
	assert_string_equal(out.data, "id: 2\nevent: two\ndata: {}\n\n");
	live_read_end(m.live, &after);
	live_read_end(m.live, &early);
	struct live *l = live_of_receipt(m.receipt);
	assert_ptr_equal(l, m.live);
	assert_int_equal(live_event(m.live, "done", "3", 1), 0);
	made_end(&m);
	buf_reset(&out);
	assert_int_equal(live_read(l, &late, &out), 1); // the last events are there for who reads
	assert_string_equal(out.data, "id: 3\nevent: done\ndata: 3\n\n");
	live_read_end(l, &late);
	assert_int_equal(live_read_begin(l, &early, 0), -1);
	live_release(l);
	assert_null(live_of_receipt(m.receipt));
}

static void a_set_is_found_by_its_own_names_alone(void **state)
{
	struct made a = made_begin(), b = made_begin();
	char zip[TOKEN_LEN + 1], token[TOKEN_LEN + 1];

	(void)state;
	archive_token_both(zip, token, b.receipt);
	struct live *l = live_of_pictures(token);
	assert_ptr_equal(l, b.live);
	live_release(l);
	assert_null(live_of_pictures(zip));
	assert_null(live_of_pictures(b.receipt));
	assert_null(live_of_pictures(""));
	token[0] = token[0] == 'A' ? 'B' : 'A';
	assert_null(live_of_receipt(token));
	made_end(&a);
	made_end(&b);
}

static void a_picture_is_there_from_when_it_is_until_the_archive_closes(void **state)
{
	struct made m = made_begin();
	struct live_picture at;
	struct sealed_file file;

	(void)state;
	assert_int_equal(live_picture(m.live, 3, &at, &file), -1);
	live_picture_is(m.live, 3, (struct live_picture){"image/png", 100, 200});
	assert_int_equal(live_picture(m.live, 3, &at, &file), 0);
	assert_int_not_equal(file.fd, m.archive->fd);
	assert_memory_equal(file.key, m.archive->key, sizeof file.key);
	assert_int_equal(at.offset, 100);
	assert_int_equal(at.len, 200);
	sealed_file_close(&file);
	assert_int_equal(live_picture(m.live, 2, &at, &file), -1);
	assert_int_equal(live_picture(m.live, IMAGES_MAX, &at, &file), -1);
	live_archive_closes(m.live);
	assert_int_equal(live_picture(m.live, 3, &at, &file), -1);
	made_end(&m);
}

static void who_left_has_a_while_to_come_back(void **state)
{
	struct made m = made_begin();
	struct live_reader r;

	(void)state;
	live_alone_ms(ALONE_MS);
	assert_int_equal(live_look(m.live), LIVE_VISITED);
	assert_true(live_alone_until(m.live) == UINT64_MAX);
	fd_close(&m.visitor);
	assert_true(hangs_up(live_wake_fd(m.live), 0));
	live_left(m.live);
	assert_int_equal(live_look(m.live), LIVE_ALONE);
	assert_true(live_alone_until(m.live) <= monotonic_ms() + ALONE_MS);
	assert_false(hangs_up(live_wake_fd(m.live), 0));
	assert_int_equal(live_read_begin(m.live, &r, 0), 0); // he is back: the maker is woken
	assert_true(hangs_up(live_wake_fd(m.live), 0));
	assert_int_equal(live_look(m.live), LIVE_VISITED);
	assert_false(hangs_up(live_wake_fd(m.live), ALONE_MS + 50));
	assert_int_equal(live_look(m.live), LIVE_VISITED);
	live_read_end(m.live, &r); // and leaves again: the time begins anew
	assert_true(hangs_up(live_wake_fd(m.live), 0));
	assert_int_equal(live_look(m.live), LIVE_ALONE);
	usleep((ALONE_MS + 20) * 1000);
	assert_int_equal(live_look(m.live), LIVE_CLOSING);
	made_end(&m);
	live_alone_ms(0);
}

static void who_comes_and_goes_for_ever_does_not_keep_a_set(void **state)
{
	struct made m = made_begin();
	struct live_reader r;
	int visits = 0;

	(void)state;
	live_alone_ms(ALONE_MS);
	live_left(m.live);
	uint64_t first = monotonic_ms();
	while (live_look(m.live) != LIVE_CLOSING) {
		assert_true(live_alone_until(m.live) <= first + 5 * ALONE_MS + (uint64_t)visits); // a visit takes hardly a moment
		usleep(ALONE_MS / 2 * 1000);
		if (live_look(m.live) == LIVE_CLOSING)
			break;
		assert_int_equal(live_read_begin(m.live, &r, 0), 0);
		live_read_end(m.live, &r);
		assert_true(++visits < 12);
	}
	assert_true(visits > 0);
	made_end(&m);
	live_alone_ms(0);
}

static void without_descriptors_the_maker_looks_by_the_clock(void **state)
{
	struct made m = made_begin();
	struct rlimit files, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	none = (struct rlimit){3, files.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	live_left(m.live);
	assert_int_equal(live_look(m.live), LIVE_ALONE); // he may come back all the same
	assert_int_equal(live_wake_fd(m.live), -1);
	assert_true(live_look_until(m.live) <= monotonic_ms() + LIVE_BLIND_MS);
	assert_true(live_alone_until(m.live) > monotonic_ms() + LIVE_BLIND_MS);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(live_look(m.live), LIVE_ALONE);
	assert_true(live_wake_fd(m.live) >= 0);
	assert_true(live_look_until(m.live) == live_alone_until(m.live));
	struct live *l = live_of_receipt(m.receipt);
	assert_int_equal(live_cancel(l, 1), -1);
	assert_true(hangs_up(live_wake_fd(m.live), 0));
	live_release(l);
	made_end(&m);
}

static void *maker_main(void *arg)
{
	struct made *m = arg;

	while (live_look(m->live) != LIVE_CANCELLED) {
		struct pollfd p = {.fd = live_wake_fd(m->live), .events = POLLRDHUP};
		poll(&p, 1, 5000);
	}
	made_end(m);
	return NULL;
}

static void cancelling_waits_for_the_end(void **state)
{
	(void)state;
	for (int left = 0; left < 2; left++) {
		struct made m = made_begin();
		struct live_reader r;
		BUF_AUTO struct buf out = BUF_INIT(1000);
		pthread_t maker;
		if (left)
			live_left(m.live);
		assert_int_equal(live_event(m.live, "one", "1", 1), 0);
		struct live *l = live_of_receipt(m.receipt);
		assert_int_equal(live_read_begin(l, &r, 0), 0);
		assert_int_equal(live_cancel(l, 20), -1); // nobody makes it
		assert_int_equal(live_read(l, &r, &out), 1);
		assert_int_equal(out.len, 0); // a cancelled set says nothing any more
		live_read_end(l, &r);
		pthread_create(&maker, NULL, maker_main, &m);
		assert_int_equal(live_cancel(l, 5000), 0);
		assert_null(live_of_receipt(m.receipt));
		live_release(l);
		pthread_join(maker, NULL);
	}
}

static void erasing_an_address_ends_what_is_made_for_it_alone(void **state)
{
	const char *const addresses[] = {"198.51.100.7", "::ffff:198.51.100.7", "198.51.100.8", "2001:db8::7"};
	struct made made[ARRAY_LEN(addresses)];
	pthread_t makers[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		made[i] = made_begin_for(addresses[i]);
	assert_int_equal(live_cancel_address("203.0.113.1", 5000), 0);
	assert_int_equal(live_cancel_address("no address", 5000), 0);
	assert_int_equal(live_cancel_address("198.51.100.7", 20), -1); // nobody makes them
	for (size_t i = 0; i < 2; i++)
		pthread_create(&makers[i], NULL, maker_main, &made[i]);
	assert_true(live_cancel_address("198.51.100.7", 5000) >= 0);
	for (size_t i = 0; i < 2; i++) {
		assert_null(live_of_receipt(made[i].receipt));
		pthread_join(makers[i], NULL);
	}
	assert_int_equal(live_look(made[2].live), LIVE_VISITED);
	assert_int_equal(live_look(made[3].live), LIVE_VISITED);
	pthread_create(&makers[0], NULL, maker_main, &made[3]);
	assert_int_equal(live_cancel_address("2001:0db8:0::7", 5000), 1);
	pthread_join(makers[0], NULL);
	made_end(&made[2]);
}

// ---- many at once: for the thread sanitizer ----

enum { SETS = 8, ROUNDS = 60 };

struct crowd {
	char receipts[SETS][TOKEN_LEN + 1];
	pthread_mutex_t lock;
	atomic_bool over;
	atomic_uint read, cancelled;
};

static void *crowd_make(void *arg)
{
	struct crowd *c = arg;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct made m = made_begin();
		pthread_mutex_lock(&c->lock);
		memcpy(c->receipts[round % SETS], m.receipt, sizeof m.receipt);
		pthread_mutex_unlock(&c->lock);
		bool cancelled = false;
		for (unsigned i = 0; i < 30 && !cancelled; i++) {
			if (i == 3)
				fd_close(&m.visitor);
			if (i == 4)
				live_left(m.live);
			live_picture_is(m.live, i % IMAGES_MAX, (struct live_picture){"image/png", i, 1});
			live_event(m.live, "progress", "{}", 2);
			cancelled = live_look(m.live) == LIVE_CANCELLED;
			hangs_up(live_wake_fd(m.live), 1);
		}
		c->cancelled += cancelled;
		made_end(&m);
	}
	return NULL;
}

static void *crowd_read(void *arg)
{
	struct crowd *c = arg;
	unsigned turn = 0;

	while (!c->over) {
		char receipt[TOKEN_LEN + 1];
		struct live_picture at;
		struct live_reader r;
		BUF_AUTO struct buf out = BUF_INIT(100000);
		pthread_mutex_lock(&c->lock);
		memcpy(receipt, c->receipts[turn++ % SETS], sizeof receipt);
		pthread_mutex_unlock(&c->lock);
		struct live *l = *receipt != '\0' ? live_of_receipt(receipt) : NULL;
		if (l == NULL) {
			usleep(100);
			continue;
		}
		struct sealed_file file;
		if (live_picture(l, turn % IMAGES_MAX, &at, &file) == 0)
			sealed_file_close(&file);
		if (turn % 17 == 0) {
			live_cancel(l, 1);
		} else if (live_read_begin(l, &r, turn % 3) == 0) {
			for (int i = 0; i < 5 && live_read(l, &r, &out) == 0; i++)
				usleep(50);
			c->read += out.len > 0;
			live_read_end(l, &r);
		}
		live_release(l);
	}
	return NULL;
}

static void makers_and_readers_at_once(void **state)
{
	struct crowd c = {.lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t makers[3], readers[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		pthread_create(&makers[i], NULL, crowd_make, &c);
		pthread_create(&readers[i], NULL, crowd_read, &c);
	}
	for (size_t i = 0; i < 3; i++)
		pthread_join(makers[i], NULL);
	c.over = true;
	for (size_t i = 0; i < 3; i++)
		pthread_join(readers[i], NULL);
	assert_true(c.read > 0);
	assert_true(c.cancelled > 0);
}

static void at_the_stop_sets_that_nobody_reads_are_closed(void **state)
{
	struct made alone = made_begin(), visited = made_begin();

	(void)state;
	live_left(alone.live);
	assert_int_equal(live_look(alone.live), LIVE_ALONE);
	live_stop();
	assert_true(hangs_up(live_wake_fd(alone.live), 0));
	assert_int_equal(live_look(alone.live), LIVE_CLOSING);
	assert_int_equal(live_look(visited.live), LIVE_VISITED);
	live_left(visited.live); // nobody could come back
	assert_int_equal(live_look(visited.live), LIVE_CLOSING);
	made_end(&alone);
	made_end(&visited);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_token_tells_neither_the_receipt_nor_another_token),
	    cmocka_unit_test(readers_get_each_event_once_in_order),
	    cmocka_unit_test(a_set_is_found_by_its_own_names_alone),
	    cmocka_unit_test(a_picture_is_there_from_when_it_is_until_the_archive_closes),
	    cmocka_unit_test(who_left_has_a_while_to_come_back),
	    cmocka_unit_test(who_comes_and_goes_for_ever_does_not_keep_a_set),
	    cmocka_unit_test(without_descriptors_the_maker_looks_by_the_clock),
	    cmocka_unit_test(cancelling_waits_for_the_end),
	    cmocka_unit_test(erasing_an_address_ends_what_is_made_for_it_alone),
	    cmocka_unit_test(makers_and_readers_at_once),
	    cmocka_unit_test(at_the_stop_sets_that_nobody_reads_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
