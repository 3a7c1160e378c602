// SPDX-License-Identifier: ISC
#include "fcgi/generate/allotment.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/base/when.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

enum {
	SEEN_MAX = 32,
	SEEN_ENOUGH = 8, // pictures, before what is seen counts more than what the vendor's row says
	LEAST_BYTES = 64 * 1024,
	THUMBNAIL_BYTES = 64 * 1024,
	TEXTS_BYTES = 64 * 1024,  // of a set: what explains and lists it
	ROW_PIXELS = 1024 * 1024, // of the picture that the vendor's row tells of
	VISITORS = 4096,
	SHARE = 4,     // a visitor gets a quarter
	LOOK_MS = 100, // what the kernel knows of the memory costs more than the rest of this
};

struct kept { // a finished set
	struct kept *next;
	uint64_t bytes;
	time_t until;
	char file[];
};

struct seen { // pictures of a processor and size
	uint64_t bytes[SEEN_MAX];
	unsigned count;
};

static struct {
	pthread_mutex_t lock;
	uint64_t pending;           // of all sets
	uint64_t visitor[VISITORS]; // of the pending; by a hash of the address: two that share one share their share
	struct kept *kept[VISITORS];
	unsigned char salt[16]; // of the hash
	bool salted;
	struct seen seen[CHAIN_MAX][2]; // larger than 1024×1024 or not
} book = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct seen *seen_of(const struct generator *g, const struct processor *by, unsigned width, unsigned height)
{
	return &book.seen[by - g->image][(uint64_t)width * height > ROW_PIXELS];
}

// Under the lock.
static uint64_t picture_expected(const struct generator *g, const struct processor *by, unsigned width, unsigned height)
{
	const struct seen *seen = seen_of(g, by, width, height);
	unsigned count = seen->count < SEEN_MAX ? seen->count : SEEN_MAX;
	uint64_t row = (uint64_t)by->provider->picture_bytes * width / 1024 * height / 1024, largest = 0;

	for (unsigned i = 0; i < count; i++)
		largest = seen->bytes[i] > largest ? seen->bytes[i] : largest;
	largest += largest / 4;
	if (count < SEEN_ENOUGH && largest < row)
		largest = row;
	return largest < LEAST_BYTES ? LEAST_BYTES : largest;
}

// Of an IPv6 address its network. The machine itself is everybody, as it is for nginx: no number.
static int visitor_number(const char *address)
{
	struct {
		unsigned char salt[16], bytes[16];
	} key = {.bytes = {0}};
	uint64_t hash = 14695981039346656037u;

	if (inet_pton(AF_INET, address, key.bytes) == 1) {
		if (key.bytes[0] == 127)
			return -1;
	} else if (inet_pton(AF_INET6, address, key.bytes) == 1 && !IN6_IS_ADDR_LOOPBACK((struct in6_addr *)(void *)key.bytes)) {
		memset(key.bytes + 8, 0, 8);
	} else {
		return -1;
	}
	if (!book.salted)
		random_bytes(book.salt, sizeof book.salt);
	book.salted = true;
	memcpy(key.salt, book.salt, sizeof key.salt);
	for (size_t i = 0; i < sizeof key; i++)
		hash = (hash ^ ((unsigned char *)&key)[i]) * 1099511628211u;
	return (int)((hash ^ hash >> 32) % VISITORS);
}

// Under the lock. What the visitor's finished sets take. `look`: whether they are there is asked of the file system, which others change: a visitor who
// deletes one has its space again.
static uint64_t visitor_kept(int number, bool look)
{
	time_t now = when_now();
	uint64_t bytes = 0;

	for (struct kept **link = &book.kept[number]; *link != NULL;) {
		struct kept *k = *link;
		if ((k->until != 0 && now >= k->until) || (look && access(k->file, F_OK) != 0)) {
			*link = k->next;
			free(k);
			continue;
		}
		bytes += k->bytes;
		link = &k->next;
	}
	return bytes;
}

void allotment_keep(const struct allotment *a, const char *file, uint64_t bytes, time_t until)
{
	size_t len = strlen(file) + 1;
	struct kept *k = a->visitor > 0 ? malloc(sizeof *k + len) : NULL;

	if (k == NULL) // he is everybody; or memory is gone, and this one does not count
		return;
	*k = (struct kept){.bytes = bytes, .until = until};
	memcpy(k->file, file, len);
	pthread_mutex_lock(&book.lock);
	k->next = book.kept[a->visitor - 1];
	book.kept[a->visitor - 1] = k;
	pthread_mutex_unlock(&book.lock);
}

int allotment_take(struct allotment *a, const struct generator *g, const struct allotment_wish *wish, uint64_t space, struct err *e)
{
	uint64_t picture = 0;

	pthread_mutex_lock(&book.lock);
	for (unsigned i = 0; i < wish->image->count; i++) {
		uint64_t one = picture_expected(g, wish->image->at[i], wish->width, wish->height);
		picture = one > picture ? one : picture;
	}
	picture += wish->thumbnails ? THUMBNAIL_BYTES : 0;
	// Those that come at the same time are in files of their own first, and one after the other is copied.
	uint64_t need = picture * (wish->count + (wish->count > 1)) + TEXTS_BYTES;
	int number = visitor_number(wish->address);
	uint64_t left = space > book.pending ? space - book.pending : 0;
	int ret = 0;
	if (need > left)
		ret = err_set(e, ERR_FULL, "the spool has no space for another set");
	// Whether this would be more than his share of all that would be free without him. The file system is asked only where it would.
	bool share = number < 0 || ret != 0;
	for (int look = 0; !share && look < 2; look++) {
		uint64_t own = book.visitor[number] + visitor_kept(number, look == 1);
		share = own == 0 || own + need <= left / SHARE + own / SHARE;
	}
	if (!share)
		ret = err_set(e, ERR_BUSY, "the visitor has his share of the spool");
	if (ret == 0) {
		*a = (struct allotment){.picture = picture, .pending = need, .visitor = number >= 0 ? (unsigned)number + 1 : 0};
		book.pending += need;
		if (number >= 0)
			book.visitor[number] += need;
	}
	pthread_mutex_unlock(&book.lock);
	return ret;
}

// Under the lock.
static void allotment_give_back(struct allotment *a, uint64_t bytes)
{
	bytes = bytes < a->pending ? bytes : a->pending;
	a->pending -= bytes;
	book.pending -= bytes;
	if (a->visitor > 0)
		book.visitor[a->visitor - 1] -= bytes;
}

void allotment_used(struct allotment *a, const struct generator *g, const struct processor *by, unsigned width, unsigned height,
		    uint64_t bytes)
{
	pthread_mutex_lock(&book.lock);
	struct seen *seen = seen_of(g, by, width, height);
	seen->bytes[seen->count++ % SEEN_MAX] = bytes;
	if (seen->count == 2 * SEEN_MAX)
		seen->count = SEEN_MAX;
	allotment_give_back(a, a->picture);
	pthread_mutex_unlock(&book.lock);
}

void allotment_release(struct allotment *a)
{
	pthread_mutex_lock(&book.lock);
	allotment_give_back(a, a->pending);
	pthread_mutex_unlock(&book.lock);
}

// ---- what there is ----

static struct {
	int machine, group_limit, group_used; // files; -1: not there
	atomic_ullong at, available;          // monotonic_ms() of the last look, and what it found
} memory = {.machine = -1, .group_limit = -1, .group_used = -1};

// The group of processes whose memory is limited, of either version of cgroups.
void allotment_begin(void)
{
	static const struct {
		const char *mark, *folder, *limit, *used;
	} versions[] = {{"\n0::", "/sys/fs/cgroup", "memory.max", "memory.current"},
			{":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"}};
	BUF_AUTO struct buf groups = BUF_INIT(16 * 1024);
	char path[512];

	memory.machine = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	buf_addc(&groups, '\n');
	if (file_read("/proc/self/cgroup", &groups, NULL) != 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(versions) && memory.group_used < 0; i++) {
		const char *mark = strstr(buf_text(&groups), versions[i].mark),
			   *group = mark != NULL ? mark + strlen(versions[i].mark) : NULL;
		if (group == NULL)
			continue;
		int len = (int)strcspn(group, "\n");
		snprintf(path, sizeof path, "%s%.*s/%s", versions[i].folder, len, group, versions[i].limit);
		memory.group_limit = open(path, O_RDONLY | O_CLOEXEC);
		snprintf(path, sizeof path, "%s%.*s/%s", versions[i].folder, len, group, versions[i].used);
		memory.group_used = open(path, O_RDONLY | O_CLOEXEC);
	}
}

// The number behind `name` in the file's text; `otherwise` when there is none.
static uint64_t memory_number(int fd, const char *name, uint64_t otherwise)
{
	char text[1024] = "";
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
	const char *at = n > 0 ? strstr(text, name) : NULL;

	if (at == NULL)
		return otherwise;
	at += strlen(name);
	at += strspn(at, " \t");
	return *at >= '0' && *at <= '9' ? strtoull(at, NULL, 10) : otherwise;
}

uint64_t allotment_space(const char *folder)
{
	struct statfs fs;
	uint64_t now = monotonic_ms();

	if (statfs(folder, &fs) != 0 || fs.f_blocks == 0)
		return UINT64_MAX;
	uint64_t block = (uint64_t)fs.f_bsize, space = fs.f_bavail * block;
	if (fs.f_type != TMPFS_MAGIC)
		return space;
	if (now - memory.at >= LOOK_MS) {
		uint64_t machine = memory_number(memory.machine, "MemAvailable:", UINT64_MAX / 1024) * 1024;
		uint64_t limit = memory_number(memory.group_limit, "", UINT64_MAX), used = memory_number(memory.group_used, "", 0);
		uint64_t group = limit > used ? limit - used : 0, least = machine < group ? machine : group;
		memory.available = least - least / 8; // an eighth stays for what else grows
		memory.at = now;
	}
	uint64_t available = memory.available;
	return available < space ? available : space;
}
