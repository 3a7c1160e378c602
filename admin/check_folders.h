// SPDX-License-Identifier: ISC
#ifndef LETHE_ADMIN_CHECK_FOLDERS_H
#define LETHE_ADMIN_CHECK_FOLDERS_H

#include "admin/check.h"

// Is the path, or the nearest folder above it that can be seen, on a file system in memory?
bool on_memory(const char *path);

#endif
