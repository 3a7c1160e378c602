// SPDX-License-Identifier: ISC
// `lethe policy lint` and `lethe policy diff`, in files of their own.
#ifndef LETHE_ADMIN_POLICY_H
#define LETHE_ADMIN_POLICY_H

#include "admin/admin.h"

enum status policy_lint_command(const struct admin *a, const struct arguments *args);
enum status policy_diff_command(const struct admin *a, const struct arguments *args);
extern const struct option_row policy_lint_options[], policy_diff_options[];

#endif
