// SPDX-License-Identifier: ISC
#include "fcgi/generate/live.h"
#include "policy/base/file.h"
#include "policy/base/when.h"
#include "policy/vault/archive_token.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LIVE_ALONE_MS = 60 * 1000,
	LIVE_ALONE_TIMES = 5, // so long in all
	BUCKETS = 4096,
	EVENTS_MAX = 64,                           // three times as many as a set of eight has
	EVENTS_BYTES_MAX = IMAGES_MAX * 64 * 1024, // prompts: the rest is small
};

struct live {
	struct live *next;                 // in its bucket
	unsigned references;               // of the maker and of who looks at it
	char pictures[TOKEN_LEN + 1];      // the token; also what it is looked up by
	struct in6_addr address;           // of the visitor; of IPv4 as IPv6 has it
	int visitor_fd;                    // the maker's; -1 once it is not to be used
	const struct sealed_file *archive; // the maker's; NULL once it is not to be used
	int wake_fd;                       // what hangs up to wake the maker: visitor_fd or, once that broke, one end of a pair
	int wake_other;                    // the other end; both -1: there was none to be had
	bool woken;                        // the pair is used up
	bool left, cancelled, over;        // the visitor's connection broke; it is not wanted; its maker has ended
	uint64_t alone_since;              // monotonic_ms(), while nobody reads
	uint64_t alone_before;             // ms, of the times before
	struct live_reader *readers;
	struct live_picture picture[2 * IMAGES_MAX];
	struct buf events;
	uint32_t ends[EVENTS_MAX]; // of each, in bytes
	unsigned event_count;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t over; // a maker has ended
	bool stopping;
	unsigned alone_ms;
	struct live *buckets[BUCKETS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER, .alone_ms = LIVE_ALONE_MS};

void live_alone_ms(unsigned ms)
{
	pthread_mutex_lock(&table.lock);
	table.alone_ms = ms > 0 ? ms : LIVE_ALONE_MS;
	pthread_mutex_unlock(&table.lock);
}

// Tokens are hashes: any part of them is as good as any other.
static struct live **live_bucket(const char *token)
{
	uint32_t number;

	memcpy(&number, token, sizeof number);
	return &table.buckets[(number ^ number >> 13) % BUCKETS];
}

static void reader_wake(const struct live_reader *r)
{
	eventfd_write(r->wake_fd, 1); // fails only when it is full, and then it wakes too
}

// All under the lock. Whatever the maker waits for, it watches for a hang-up. Its visitor's connection is made to look as if he had left, and then
// the maker asks why.
static void live_wake_maker(struct live *l)
{
	if (l->left && l->wake_other >= 0)
		shutdown(l->wake_other, SHUT_WR);
	else if (!l->left && l->visitor_fd >= 0)
		shutdown(l->visitor_fd, SHUT_RD);
	l->woken = true;
}

static void live_pair_close(struct live *l)
{
	if (l->left)
		fd_close(&l->wake_fd);
	fd_close(&l->wake_other);
	l->wake_fd = -1;
}

static void live_pair_open(struct live *l)
{
	int pair[2];

	live_pair_close(l);
	l->left = true;
	l->woken = false;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return;
	l->wake_fd = pair[0];
	l->wake_other = pair[1];
}

// Under the lock.
static void live_unreference(struct live *l)
{
	if (--l->references > 0)
		return;
	buf_wipe(&l->events);
	explicit_bzero(l, sizeof *l);
	free(l);
}

// ---- the maker ----

// However it is written. What is no address is none, which nobody has.
static struct in6_addr live_address(const char *text)
{
	struct in6_addr out = IN6ADDR_ANY_INIT;

	if (inet_pton(AF_INET, text, &out.s6_addr[12]) == 1)
		memset(&out.s6_addr[10], 0xff, 2);
	else if (inet_pton(AF_INET6, text, &out) != 1)
		out = in6addr_any;
	return out;
}

struct live *live_begin(const char *receipt, const char *address, int visitor_fd, const struct sealed_file *archive, bool *taken)
{
	struct live *l = calloc(1, sizeof *l);
	char zip[TOKEN_LEN + 1];

	*taken = false;
	if (l == NULL)
		return NULL;
	archive_token_both(zip, l->pictures, receipt);
	l->address = live_address(address);
	l->references = 1;
	l->visitor_fd = l->wake_fd = visitor_fd;
	l->wake_other = -1;
	l->archive = archive;
	l->events = BUF_INIT(EVENTS_BYTES_MAX);
	pthread_mutex_lock(&table.lock);
	struct live **bucket = live_bucket(l->pictures);
	for (const struct live *other = *bucket; other != NULL && !*taken; other = other->next)
		*taken = equal_secret(other->pictures, l->pictures, TOKEN_LEN);
	if (*taken) {
		live_unreference(l);
		l = NULL;
	} else {
		l->next = *bucket;
		*bucket = l;
	}
	pthread_mutex_unlock(&table.lock);
	return l;
}

void live_archive_closes(struct live *l)
{
	pthread_mutex_lock(&table.lock);
	l->archive = NULL;
	pthread_mutex_unlock(&table.lock);
}

void live_end(struct live *l)
{
	pthread_mutex_lock(&table.lock);
	struct live **link = live_bucket(l->pictures);
	while (*link != l)
		link = &(*link)->next;
	*link = l->next;
	live_pair_close(l);
	l->visitor_fd = -1;
	l->archive = NULL;
	l->over = true;
	if (l->cancelled)
		buf_wipe(&l->events);
	for (struct live_reader *r = l->readers; r != NULL; r = r->next)
		reader_wake(r);
	pthread_cond_broadcast(&table.over);
	live_unreference(l);
	pthread_mutex_unlock(&table.lock);
}

int live_event(struct live *l, const char *name, const char *data, size_t len)
{
	pthread_mutex_lock(&table.lock);
	size_t before = l->events.len;
	bool fits = l->event_count < EVENTS_MAX;
	if (fits) {
		buf_printf(&l->events, "id: %u\nevent: %s\ndata: ", l->event_count + 1, name);
		buf_add(&l->events, data, len);
		fits = buf_adds(&l->events, "\n\n") == 0;
	}
	if (fits)
		l->ends[l->event_count++] = (uint32_t)l->events.len;
	else
		l->events.len = before; // the buffer stays failed: the set ends here
	for (struct live_reader *r = l->readers; fits && r != NULL; r = r->next)
		reader_wake(r);
	pthread_mutex_unlock(&table.lock);
	return fits ? 0 : -1;
}

const char *live_events(const struct live *l, size_t *len)
{
	*len = l->events.len; // only the maker changes them
	return buf_text(&l->events);
}

void live_picture_is(struct live *l, unsigned index, struct live_picture picture)
{
	pthread_mutex_lock(&table.lock);
	l->picture[index] = picture;
	pthread_mutex_unlock(&table.lock);
}

// Under the lock.
static bool live_is_alone(const struct live *l)
{
	return l->left && l->readers == NULL;
}

// Under the lock.
static uint64_t live_alone_end(const struct live *l)
{
	uint64_t most = (uint64_t)LIVE_ALONE_TIMES * table.alone_ms, left = most > l->alone_before ? most - l->alone_before : 0;

	return l->alone_since + (left < table.alone_ms ? left : table.alone_ms);
}

enum live_state live_look(struct live *l)
{
	pthread_mutex_lock(&table.lock);
	if (l->left && (l->woken || l->wake_fd < 0))
		live_pair_open(l);
	enum live_state state = LIVE_VISITED;
	if (l->cancelled)
		state = LIVE_CANCELLED;
	else if (live_is_alone(l))
		state = table.stopping || monotonic_ms() >= live_alone_end(l) ? LIVE_CLOSING : LIVE_ALONE;
	pthread_mutex_unlock(&table.lock);
	return state;
}

int live_wake_fd(const struct live *l)
{
	return l->wake_fd; // only the maker changes it
}

uint64_t live_alone_until(struct live *l)
{
	pthread_mutex_lock(&table.lock);
	uint64_t until = live_is_alone(l) ? live_alone_end(l) : UINT64_MAX;
	pthread_mutex_unlock(&table.lock);
	return until;
}

uint64_t live_look_until(struct live *l)
{
	uint64_t until = live_alone_until(l), blind = l->wake_fd < 0 ? monotonic_ms() + LIVE_BLIND_MS : UINT64_MAX;

	return blind < until ? blind : until;
}

void live_left(struct live *l)
{
	pthread_mutex_lock(&table.lock);
	if (!l->left) {
		live_pair_open(l);
		l->visitor_fd = -1;
		l->alone_since = monotonic_ms();
	}
	pthread_mutex_unlock(&table.lock);
}

// ---- others ----

struct live *live_of_pictures(const char *token)
{
	if (!token_shaped(token))
		return NULL;
	pthread_mutex_lock(&table.lock);
	struct live *l = *live_bucket(token);
	while (l != NULL && !equal_secret(l->pictures, token, TOKEN_LEN))
		l = l->next;
	if (l != NULL)
		l->references++;
	pthread_mutex_unlock(&table.lock);
	return l;
}

struct live *live_of_receipt(const char *receipt)
{
	char zip[TOKEN_LEN + 1], token[TOKEN_LEN + 1];

	archive_token_both(zip, token, receipt);
	return live_of_pictures(token);
}

void live_release(struct live *l)
{
	pthread_mutex_lock(&table.lock);
	live_unreference(l);
	pthread_mutex_unlock(&table.lock);
}

int live_picture(const struct live *l, unsigned index, struct live_picture *out, struct sealed_file *file)
{
	int ret = -1;

	pthread_mutex_lock(&table.lock);
	*out = index < 2 * IMAGES_MAX ? l->picture[index] : (struct live_picture){.type = NULL};
	if (out->type != NULL && l->archive != NULL && !l->cancelled)
		ret = sealed_file_duplicate(file, l->archive);
	pthread_mutex_unlock(&table.lock);
	return ret;
}

int live_read_begin(struct live *l, struct live_reader *r, unsigned long after)
{
	*r = (struct live_reader){.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (r->wake_fd < 0)
		return -1;
	pthread_mutex_lock(&table.lock);
	bool there = !l->over && !l->cancelled;
	if (there) {
		if (live_is_alone(l))
			l->alone_before += monotonic_ms() - l->alone_since;
		r->read = after == 0 ? 0 : after <= l->event_count ? l->ends[after - 1] : l->events.len;
		r->next = l->readers;
		l->readers = r;
		if (l->left)
			live_wake_maker(l); // it may go on
	}
	pthread_mutex_unlock(&table.lock);
	if (!there)
		fd_close(&r->wake_fd);
	return there ? 0 : -1;
}

int live_read(struct live *l, struct live_reader *r, struct buf *out)
{
	eventfd_t ignored;

	eventfd_read(r->wake_fd, &ignored);
	pthread_mutex_lock(&table.lock);
	int ret = l->over || l->cancelled;
	if (!l->cancelled && r->read < l->events.len) {
		if (buf_add(out, l->events.data + r->read, l->events.len - r->read) != 0)
			ret = -1;
		r->read = l->events.len;
	}
	pthread_mutex_unlock(&table.lock);
	return ret;
}

void live_read_end(struct live *l, struct live_reader *r)
{
	pthread_mutex_lock(&table.lock);
	struct live_reader **link = &l->readers;
	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
	if (l->readers == NULL) {
		l->alone_since = monotonic_ms();
		if (l->left)
			live_wake_maker(l); // it reckons anew how long it waits
	}
	pthread_mutex_unlock(&table.lock);
	fd_close(&r->wake_fd);
}

// What is cancelled: one, or all that are being made for an address.
struct cancelling {
	struct live *one;
	struct in6_addr address;
};

// Under the lock. The next of them after `l` (NULL: the first) that is not over.
static struct live *cancelling_next(const struct cancelling *c, const struct live *l)
{
	if (c->one != NULL)
		return l == NULL && !c->one->over ? c->one : NULL;
	size_t bucket = l != NULL ? (size_t)(live_bucket(l->pictures) - table.buckets) : 0;
	struct live *next = l != NULL ? l->next : table.buckets[0];
	for (;; next = next->next) {
		while (next == NULL && ++bucket < BUCKETS)
			next = table.buckets[bucket];
		if (next == NULL || memcmp(&next->address, &c->address, sizeof c->address) == 0)
			return next;
	}
}

// Under the lock. Whether all that were cancelled have ended.
static bool cancelling_await(const struct cancelling *c, uint64_t end)
{
	const struct timespec until = {.tv_sec = (time_t)(end / 1000), .tv_nsec = (long)(end % 1000) * 1000000};

	for (int rc = 0;; rc = pthread_cond_clockwait(&table.over, &table.lock, CLOCK_MONOTONIC, &until)) {
		struct live *l = cancelling_next(c, NULL);
		while (l != NULL && !l->cancelled) // begun since
			l = cancelling_next(c, l);
		if (l == NULL || rc != 0)
			return l == NULL;
	}
}

static int cancel_and_wait(const struct cancelling *c, unsigned timeout_ms)
{
	const uint64_t now = monotonic_ms();
	int count = 0;

	pthread_mutex_lock(&table.lock);
	for (struct live *l = NULL; (l = cancelling_next(c, l)) != NULL; count++) {
		l->cancelled = true;
		live_wake_maker(l);
		for (struct live_reader *r = l->readers; r != NULL; r = r->next)
			reader_wake(r);
	}
	if (!cancelling_await(c, now + timeout_ms / 4)) { // a maker may be handing pictures to a visitor who takes nothing
		for (struct live *l = NULL; (l = cancelling_next(c, l)) != NULL;) {
			if (l->cancelled && l->visitor_fd >= 0)
				shutdown(l->visitor_fd, SHUT_RDWR);
		}
	}
	bool over = cancelling_await(c, now + timeout_ms);
	pthread_mutex_unlock(&table.lock);
	return over ? count : -1;
}

int live_cancel(struct live *l, unsigned timeout_ms)
{
	return cancel_and_wait(&(struct cancelling){.one = l}, timeout_ms) >= 0 ? 0 : -1;
}

int live_cancel_address(const char *address, unsigned timeout_ms)
{
	const struct cancelling c = {.address = live_address(address)};

	return IN6_IS_ADDR_UNSPECIFIED(&c.address) ? 0 : cancel_and_wait(&c, timeout_ms);
}

void live_stop(void)
{
	pthread_mutex_lock(&table.lock);
	table.stopping = true;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct live *l = table.buckets[i]; l != NULL; l = l->next) {
			if (l->left)
				live_wake_maker(l);
		}
	}
	pthread_mutex_unlock(&table.lock);
}
