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

struct register_figures {
	const struct census *census; // NULL: the stores could not be counted
	const cJSON *traffic;        // what egress answers to "status"; NULL: it could not be asked
	time_t at;
};
int register_csv(const struct policy *p, enum register_model model, const struct register_figures *figures, struct buf *out, struct err *e);
// A whole page that needs nothing else, to be read, printed or filed.
int register_html(const struct policy *p, enum register_model model, const struct register_figures *figures, struct buf *out,
		  struct err *e);

#endif
