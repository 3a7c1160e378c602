// SPDX-License-Identifier: ISC
// The register of processing (Article 30 GDPR): one row per purpose, with the columns of an authority's model, and live figures beside what
// is promised.
#ifndef LETHE_PUBLISH_DOCUMENTS_REGISTER_H
#define LETHE_PUBLISH_DOCUMENTS_REGISTER_H

#include "policy/base/json.h"
#include "policy/model/policy.h"
#include "policy/vault/vault.h"

enum register_model { REGISTER_ICO, REGISTER_DPC, REGISTER_CNIL }; // United Kingdom, Ireland, France
extern const struct policy_words register_models;                  // ico dpc cnil

enum { REGISTER_COLUMNS_MAX = 64 };

struct register_figures {
	const struct census *census; // NULL: the stores could not be counted
	const cJSON *traffic;        // what egress answers to "status"; NULL: it could not be asked
	const cJSON *
	    cases; // [{about, of: [ids of purposes, processors or kinds], words}]; about: as assess.c has it, "incident", "incidents" (all), "consent"; NULL: none
	time_t at;
};

enum register_format { REGISTER_HTML, REGISTER_CSV, REGISTER_JSON, REGISTER_TEXT };
extern const struct policy_words register_formats; // html csv json text

struct register_list {
	const struct policy *policy;
	enum register_model model;
	time_t at;
	cJSON *mapping, *rows;                        // a row, an activity: the words of each column by its heading
	const char *titles[REGISTER_COLUMNS_MAX + 1]; // of the model, the members of a row; ended by NULL
	const char *heads[REGISTER_COLUMNS_MAX + 1];  // what stands there for people: in the language of the policy; of English, the titles
	const cJSON *columns[REGISTER_COLUMNS_MAX + 1]; // in the mapping
};
#define REGISTER_AUTO __attribute__((cleanup(register_free)))
// From the policy, of which it speaks as of people: what it says to "you" it says of them. The policy outlives it.
int register_make(struct register_list *out, const struct policy *p, enum register_model model, const struct register_figures *figures,
		  struct err *e);
void register_free(struct register_list *r);
// Takes from an earlier register as CSV, which an officer has filled in, each cell that is the officer's, or empty here. `lost`: a line for
// each row of it that has no activity here and yet holds something of the officer's. ERR_INPUT: it is no such CSV.
int register_merge(struct register_list *r, const char *csv, size_t len, struct buf *lost, struct err *e);
// A line for each column with empty cells: its heading, and in how many activities it is empty. Returns how many cells are.
size_t register_blank(const struct register_list *r, struct buf *out);
// HTML: a whole page that needs nothing else, to be read, printed or filed.
int register_write(const struct register_list *r, enum register_format format, struct buf *out, struct err *e);

#endif
