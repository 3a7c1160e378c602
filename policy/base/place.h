// SPDX-License-Identifier: ISC
// Where `make install` puts what programs look for by themselves; its prefix and sysconfdir are compiled in here and nowhere else.
#ifndef LETHE_BASE_PLACE_H
#define LETHE_BASE_PLACE_H

#include <stdbool.h>

extern const char place_html[];       // the templates
extern const char place_policy[];     // what LETHE_POLICY defaults to
extern const char place_settings[];   // lethe.env
extern const char place_master_key[]; // root's, loaded by systemd
extern const char place_keys[];       // the folder of the processors' keys
extern const char place_nginx[];      // nginx's configuration
extern const char place_version[];    // of Lethe

// For a main(): whether --version is all that it was called with. It is printed then, "generate (Lethe) 0.9.0".
bool place_version_asked(int argc, char **argv);

#endif
