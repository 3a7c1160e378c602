// SPDX-License-Identifier: ISC
// The only program with a way to the Internet and with the processors' keys; see fcgi/ipc/egress_call.h for what it is
// asked and what it answers.
#include "fcgi/egress/run.h"
#include "fcgi/serve/serve.h"
#include "policy/base/place.h"
#include "policy/base/setting.h"
#include "policy/rules/active.h"
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
	MESSAGES_MAX = 256 * 1024,
	PAGE = 4096,
	PAGES_ASKED = 64,         // at a time
	RECORD_LEAST = 16 * 1024, // of what OpenSSL takes for a record
	RECORD_MOST = 20 * 1024 - 64,
	RECORDS_KEPT = 8,
};

#ifndef LETHE_SANITIZED
// What a visitor typed passes through buffers of libcurl, nghttp2, OpenSSL and cJSON. They use these functions, so that whatever is given back is
// overwritten, by whomever; the C library's own stay below.
extern void __libc_free(void *p); // NOLINT(bugprone-reserved-identifier)

// Pages that were never touched are left alone: of a buffer of 16 or 64 KiB, OpenSSL and libcurl often use the first page, and to read or write the others
// would make them resident. Where the kernel does not tell which they are, or some may be on a swap device, all are overwritten.
static void memory_wipe(char *from, size_t size)
{
	unsigned char resident[PAGES_ASKED];
	char *const end = from + size;
	struct sysinfo machine;

	if (size < 2 * PAGE) {
		explicit_bzero(from, size);
		return;
	}
	const bool swaps = sysinfo(&machine) != 0 || machine.totalswap > 0;
	while (from < end) {
		char *page = from - ((uintptr_t)from & (PAGE - 1));
		size_t len = (size_t)(end - page) < sizeof resident * PAGE ? (size_t)(end - page) : sizeof resident * PAGE;
		bool told = !swaps && mincore(page, len, resident) == 0;
		for (size_t i = 0; i * PAGE < len; i++, page += PAGE) {
			char *next = page + PAGE < end ? page + PAGE : end;
			if (!told || (resident[i] & 1) != 0)
				explicit_bzero(from, (size_t)(next - from));
			from = next;
		}
	}
}

void free(void *p)
{
	if (p != NULL)
		memory_wipe(p, malloc_usable_size(p));
	__libc_free(p);
}

void *realloc(void *p, size_t size)
{
	size_t had = p != NULL ? malloc_usable_size(p) : 0;

	if (size <= had && size > had / 2) // what becomes much smaller gives the rest back
		return p;
	void *moved = size > 0 ? malloc(size) : p == NULL ? malloc(1) : NULL;
	if (moved != NULL && had > 0)
		memcpy(moved, p, had < size ? had : size);
	if (moved != NULL || size == 0)
		free(p);
	return moved;
}

// OpenSSL takes a buffer for each record of 16 KiB that it reads or writes, and gives it back at once. Each would be mapped and unmapped (run.c says which
// sizes are), which costs more than the record; a few are kept instead.
static _Atomic(void *) records[RECORDS_KEPT];

static void *record_malloc(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	if (size < RECORD_LEAST || size > RECORD_MOST)
		return size > 0 ? malloc(size) : NULL;
	for (size_t i = 0; i < RECORDS_KEPT; i++) {
		void *kept = atomic_exchange(&records[i], NULL);
		if (kept != NULL)
			return kept;
	}
	return malloc(RECORD_MOST);
}

static void record_free(void *p, const char *file, int line)
{
	size_t size = p != NULL ? malloc_usable_size(p) : 0;

	(void)file, (void)line;
	if (size >= RECORD_MOST && size < RECORD_MOST + PAGE) {
		memory_wipe(p, size);
		for (size_t i = 0; i < RECORDS_KEPT; i++) {
			void *none = NULL;
			if (atomic_compare_exchange_strong(&records[i], &none, p))
				return;
		}
	}
	free(p);
}

static void *record_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return realloc(p, size);
}
#endif

int main(int argc, char **argv)
{
	BUF_AUTO struct buf messages = BUF_INIT(MESSAGES_MAX);
	struct active_watch watch;
	if (place_version_asked(argc, argv))
		return 0;
#ifndef LETHE_SANITIZED
	CRYPTO_set_mem_functions(record_malloc, record_realloc, record_free); // before it takes anything
#endif
	closefrom(STDERR_FILENO + 1); // whoever started this may have left something open
	active_watch_begin(&watch, setting_state());
	POLICY_AUTO struct policy *p = policy_load_active(setting_state(), setting_policy(), &messages);
	if (p == NULL) {
		fputs(buf_text(&messages), stderr);
		fprintf(stderr, "egress: no policy, no service: see the message above\n");
		return EXIT_CANNOT_START;
	}
	return egress_run(p, &watch, STDIN_FILENO);
}
