// SPDX-License-Identifier: ISC
// Data files that are part of the program: EMBED(terms, "policy/x/terms.txt") defines `terms`, the file's bytes with a NUL after them, and
// `terms_size`, their number without it. The path is relative to the project's root. An object that embeds a file depends on it: say so in
// the Makefile. The names are visible in the whole program, so they carry their module's prefix.
#ifndef LETHE_BASE_EMBED_H
#define LETHE_BASE_EMBED_H

#include <stdint.h>

#define EMBED(name, path)                                                                                                                  \
	__asm__(".section .rodata\n"                                                                                                       \
		".balign 16\n"                                                                                                             \
		".hidden " #name "\n.globl " #name "\n" #name ":\n"                                                                        \
		".incbin \"" path "\"\n" #name "_end:\n"                                                                                   \
		".byte 0\n"                                                                                                                \
		".balign 8\n"                                                                                                              \
		".hidden " #name "_size\n.globl " #name "_size\n" #name "_size:\n"                                                         \
		".quad " #name "_end - " #name "\n"                                                                                        \
		".previous\n");                                                                                                            \
	extern const char name[] __attribute__((visibility("hidden")));                                                                    \
	extern const uint64_t name##_size __attribute__((visibility("hidden")))

#endif
