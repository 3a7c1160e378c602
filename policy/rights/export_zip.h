// SPDX-License-Identifier: ISC
// Inside exports: the ZIP that is written, and those of sets that are read.
#ifndef LETHE_RIGHTS_EXPORT_ZIP_H
#define LETHE_RIGHTS_EXPORT_ZIP_H

#include "policy/base/json.h"
#include "policy/rights/export_parts.h"
#include "policy/vault/sealed_file.h"

struct archive;

struct export_zip {
	struct archive *to;
	export_sink *sink;
	void *arg;
	time_t date;
	bool gone;    // the sink took no more
	cJSON *files; // {path, bytes, sha256} of what was added
};

// Names that we make; what is damaged or comes from elsewhere may have others. Nothing that leads out of a folder, and nothing that must not be printed.
bool export_path_good(const char *path);
int export_zip_begin(struct export_zip *z, const char *passphrase, time_t date, export_sink *sink, void *arg, struct err *e);
int export_zip_add(struct export_zip *z, const char *path, const void *bytes, size_t len, struct err *e);
// Every file of a set's ZIP, below `folder`; ERR_CORRUPT when that cannot be read whole: what could is added. *json gets the text of its
// prompts.json.
int export_zip_copy(struct export_zip *z, const char *folder, const struct sealed_file *from, struct buf *prompts, struct err *e);
int export_zip_end(struct export_zip *z, struct err *e);
void export_zip_free(struct export_zip *z);
#define EXPORT_ZIP_AUTO __attribute__((cleanup(export_zip_free)))

#endif
