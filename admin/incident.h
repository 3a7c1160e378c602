// SPDX-License-Identifier: ISC
// The letters of an incident: a command of admin/incident.c.
#ifndef LETHE_ADMIN_INCIDENT_H
#define LETHE_ADMIN_INCIDENT_H

#include "admin/cases.h"

extern const struct option_row incident_letter_options[];
enum status incident_letter_main(const struct admin *a, const struct arguments *args);
#define INCIDENT_TYPE CASE_BIT(CASE_INCIDENT)

#endif
