// SPDX-License-Identifier: ISC
// The letters of an incident: a command of admin/incident.c.
#ifndef LETHE_ADMIN_INCIDENT_H
#define LETHE_ADMIN_INCIDENT_H

#include "admin/cases.h"

extern const struct option_row incident_letter_options[];
enum status incident_letter_one(struct site *s, const struct arguments *args, const char *id, const char *officer);

#endif
