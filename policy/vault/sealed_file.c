// SPDX-License-Identifier: ISC
#include "policy/vault/sealed_file.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum {
	SECTOR = 4096,
	PIECE = 4 * SECTOR, // at once, on the stack
	LOCKS = 64,
};

// A sector that holds the end of what is finished is written again with what comes behind it, while somebody may read it: half of the one and
// half of the other would be nonsense where both meet in one block of the cipher. By the first byte of the key, which is random.
static pthread_rwlock_t locks[LOCKS];

__attribute__((constructor)) static void locks_init(void)
{
	for (int i = 0; i < LOCKS; i++)
		pthread_rwlock_init(&locks[i], NULL);
}

static pthread_rwlock_t *lock_of(const struct sealed_file *f)
{
	return &locks[f->key[0] % LOCKS];
}

void sealed_file_begin(struct sealed_file *f, int fd, bool sealed)
{
	*f = (struct sealed_file){.fd = fd, .sealed = sealed};
	if (sealed)
		random_bytes(f->key, sizeof f->key);
}

int sealed_file_open(struct sealed_file *f, const char *path, const char *key)
{
	*f = (struct sealed_file){.fd = -1, .sealed = key != NULL};
	if (key != NULL && hex_decode(f->key, sizeof f->key, key) != 0) {
		errno = EINVAL;
		return -1;
	}
	f->fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return f->fd >= 0 ? 0 : -1;
}

int sealed_file_duplicate(struct sealed_file *f, const struct sealed_file *of)
{
	*f = *of;
	f->fd = fcntl(of->fd, F_DUPFD_CLOEXEC, 0);
	return f->fd >= 0 ? 0 : -1;
}

void sealed_file_close(struct sealed_file *f)
{
	fd_close(&f->fd);
	explicit_bzero(f->key, sizeof f->key);
}

void sealed_file_key(char out[SEALED_KEY_TEXT], const struct sealed_file *f)
{
	hex_encode(out, f->key, sizeof f->key);
}

// Whole sectors, in place.
static int sectors_cipher(const struct sealed_file *f, bool seal, uint64_t sector, unsigned char *bytes, size_t len)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	bool done = cipher != NULL && EVP_CipherInit_ex(cipher, EVP_aes_256_xts(), NULL, f->key, NULL, seal) == 1;

	for (size_t at = 0; done && at < len; at += SECTOR, sector++) {
		unsigned char tweak[16] = {0};
		int n = 0;
		for (size_t i = 0; i < sizeof sector; i++)
			tweak[i] = (unsigned char)(sector >> 8 * i);
		done = EVP_CipherInit_ex(cipher, NULL, NULL, NULL, tweak, -1) == 1 &&
		       EVP_CipherUpdate(cipher, bytes + at, &n, bytes + at, SECTOR) == 1 && n == SECTOR;
	}
	EVP_CIPHER_CTX_free(cipher);
	errno = done ? errno : ENOMEM;
	return done ? 0 : -1;
}

static int write_whole(int fd, const void *bytes, size_t len, uint64_t at)
{
	const char *p = bytes;

	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

// How much of it there is; -1 with errno.
static ssize_t read_whole(int fd, void *bytes, size_t len, uint64_t at)
{
	char *p = bytes;
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, p + done, len - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

// One that is going to be changed; one that is not there yet is zeros. Only the writer changes the file.
static int sector_get(const struct sealed_file *f, uint64_t sector, unsigned char *bytes)
{
	ssize_t n = read_whole(f->fd, bytes, SECTOR, sector * SECTOR);

	if (n == SECTOR)
		return sectors_cipher(f, false, sector, bytes, SECTOR);
	memset(bytes, 0, SECTOR);
	return n < 0 ? -1 : 0;
}

int sealed_file_write(const struct sealed_file *f, const void *bytes, size_t len, uint64_t at)
{
	unsigned char piece[PIECE];
	const unsigned char *p = bytes;

	if (!f->sealed)
		return write_whole(f->fd, bytes, len, at);
	while (len > 0) {
		uint64_t sector = at / SECTOR;
		size_t before = at % SECTOR, now = len < PIECE - before ? len : PIECE - before, end = before + now;
		size_t whole = (end + SECTOR - 1) / SECTOR * SECTOR, last = whole - SECTOR;
		int got = before > 0 || end < SECTOR ? sector_get(f, sector, piece) : 0;
		if (got == 0 && end < whole && last > 0)
			got = sector_get(f, sector + last / SECTOR, piece + last);
		memcpy(piece + before, p, now);
		if (got != 0 || sectors_cipher(f, true, sector, piece, whole) != 0) {
			explicit_bzero(piece, sizeof piece);
			return -1;
		}
		pthread_rwlock_wrlock(lock_of(f));
		int written = write_whole(f->fd, piece, whole, sector * SECTOR);
		pthread_rwlock_unlock(lock_of(f));
		if (written != 0)
			return -1;
		p += now;
		at += now;
		len -= now;
	}
	return 0;
}

int sealed_file_read(const struct sealed_file *f, void *bytes, size_t len, uint64_t at)
{
	unsigned char piece[PIECE], *p = bytes;
	int ret = 0;

	if (!f->sealed) {
		ssize_t n = read_whole(f->fd, bytes, len, at);
		errno = n >= 0 ? EIO : errno;
		return n == (ssize_t)len ? 0 : -1;
	}
	while (ret == 0 && len > 0) {
		uint64_t sector = at / SECTOR;
		size_t before = at % SECTOR, now = len < PIECE - before ? len : PIECE - before;
		size_t whole = (before + now + SECTOR - 1) / SECTOR * SECTOR;
		pthread_rwlock_rdlock(lock_of(f));
		ssize_t n = read_whole(f->fd, piece, whole, sector * SECTOR);
		pthread_rwlock_unlock(lock_of(f));
		errno = n >= 0 ? EIO : errno;
		ret = n == (ssize_t)whole ? sectors_cipher(f, false, sector, piece, whole) : -1;
		if (ret == 0)
			memcpy(p, piece + before, now);
		p += now;
		at += now;
		len -= now;
	}
	explicit_bzero(piece, sizeof piece);
	return ret;
}

static int plain_copy(int from, uint64_t from_at, int to, uint64_t to_at, uint64_t len)
{
	off_t in = (off_t)from_at, out = (off_t)to_at;

	while (len > 0) {
		ssize_t n = copy_file_range(from, &in, to, &out, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return -1;
		}
		len -= (uint64_t)n;
	}
	return 0;
}

int sealed_file_copy(const struct sealed_file *from, uint64_t from_at, const struct sealed_file *to, uint64_t to_at, uint64_t len)
{
	unsigned char piece[PIECE];
	int ret = 0;

	if (!from->sealed && !to->sealed)
		return plain_copy(from->fd, from_at, to->fd, to_at, len);
	while (ret == 0 && len > 0) {
		size_t now = len < PIECE ? (size_t)len : PIECE;
		ret = sealed_file_read(from, piece, now, from_at) == 0 && sealed_file_write(to, piece, now, to_at) == 0 ? 0 : -1;
		from_at += now;
		to_at += now;
		len -= now;
	}
	explicit_bzero(piece, sizeof piece);
	return ret;
}

int sealed_file_truncate(const struct sealed_file *f, uint64_t len)
{
	return ftruncate(f->fd, (off_t)(f->sealed ? (len + SECTOR - 1) / SECTOR * SECTOR : len));
}

int sealed_file_reserve(const struct sealed_file *f, uint64_t at, size_t len)
{
	uint64_t end = f->sealed ? (at + len + SECTOR - 1) / SECTOR * SECTOR : at + len;

	errno = len > 0 ? posix_fallocate(f->fd, (off_t)at, (off_t)(end - at)) : 0;
	return errno == 0 ? 0 : -1;
}
