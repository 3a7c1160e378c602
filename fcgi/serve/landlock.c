// SPDX-License-Identifier: ISC
// Landlock by raw system calls: best effort, asking the kernel what it can do. Constants that Debian 12's headers lack are given here.
#include "fcgi/serve/landlock.h"
#include "policy/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FS_REFER       (1ULL << 13) // ABI 2
#define FS_TRUNCATE    (1ULL << 14) // ABI 3
#define FS_IOCTL       (1ULL << 15) // ABI 5
#define NET_BIND       (1ULL << 0)  // ABI 4
#define NET_CONNECT    (1ULL << 1)
#define SCOPE_ABSTRACT (1ULL << 0) // ABI 6
#define SCOPE_SIGNAL   (1ULL << 1)

#define READ_FILE  (LANDLOCK_ACCESS_FS_READ_FILE)
#define READ       (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILE (READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define WRITE                                                                                                                              \
	(WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                       \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | FS_REFER)

// struct landlock_ruleset_attr as of ABI 6; older kernels are told the size they know.
struct ruleset {
	uint64_t fs, net, scoped;
};

// What name resolution and TLS read.
// clang-format off
static const char *const network_paths[] = {
    "/etc/ssl", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/services", "/etc/protocols",
    "/usr/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
    "/run/systemd/resolve", NULL};
// clang-format on
#ifdef LETHE_SANITIZED
static const char *const sanitizer_paths[] = {"/proc", "/usr/lib", "/lib", "/usr/bin", NULL};
#endif

static int paths_allow(int ruleset, const char *const *paths, uint64_t folder_access, uint64_t file_access, struct err *e)
{
	for (; paths != NULL && *paths != NULL; paths++) {
		struct stat about;
		FD_AUTO int fd = open(*paths, O_PATH | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || fstat(fd, &about) != 0)
			return err_system(e, ERR_IO, errno, "sandbox: %s", *paths);
		const struct landlock_path_beneath_attr rule = {
		    .allowed_access = S_ISDIR(about.st_mode) ? folder_access : file_access,
		    .parent_fd = fd,
		};
		if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
			return err_system(e, ERR_IO, errno, "sandbox: %s", *paths);
	}
	return 0;
}

int landlock_enter(const char *const *read_paths, const char *const *write_paths, bool network, struct err *e)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi <= 0)
		return 0;
	uint64_t handled = LANDLOCK_ACCESS_FS_EXECUTE | WRITE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
			   LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | FS_IOCTL;
	handled &= ~((abi < 2 ? FS_REFER : 0) | (abi < 3 ? FS_TRUNCATE : 0) | (abi < 5 ? FS_IOCTL : 0));
	const struct ruleset r = {.fs = handled,
				  .net = abi < 4   ? 0
					 : network ? NET_BIND
						   : NET_BIND | NET_CONNECT,
				  .scoped = abi < 6 ? 0 : SCOPE_ABSTRACT | SCOPE_SIGNAL};
	size_t size = abi >= 6 ? sizeof r : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	FD_AUTO int ruleset = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (ruleset < 0)
		return err_system(e, ERR_IO, errno, "sandbox: landlock");
	if (paths_allow(ruleset, read_paths, READ, READ_FILE, e) != 0 ||
	    paths_allow(ruleset, write_paths, WRITE & handled, WRITE_FILE & handled, e) != 0 ||
	    (network && paths_allow(ruleset, network_paths, READ, READ_FILE, e) != 0))
		return -1;
#ifdef LETHE_SANITIZED
	if (paths_allow(ruleset, sanitizer_paths, READ, READ_FILE, e) != 0)
		return -1;
#endif
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		return err_system(e, ERR_IO, errno, "sandbox: landlock");
	return abi;
}
