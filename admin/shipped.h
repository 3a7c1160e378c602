// SPDX-License-Identifier: ISC
// The units and nginx's files as this version ships them, for the folders that it was built for.
#ifndef LETHE_ADMIN_SHIPPED_H
#define LETHE_ADMIN_SHIPPED_H

// One after the other, each below a line "# configuration file NAME:", as `nginx -T` prints them.
const char *shipped(void);

#endif
