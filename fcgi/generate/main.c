// SPDX-License-Identifier: ISC
// generate: a description or a page in, a set of pictures and its ZIP out.
#include "fcgi/generate/api.h"
#include "fcgi/generate/generate.h"
#include "fcgi/generate/health.h"
#include "fcgi/generate/references.h"
#include "policy/base/limits.h"
#include "policy/base/place.h"
#include "policy/base/setting.h"
#include "policy/rules/capability.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct generator generator;

// JSON trees hold what visitors write: their memory is wiped as it is given back.
static void wipe_and_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static int generate_start(const struct policy *p, struct vault *v, void **context, struct err *e)
{
	cJSON_Hooks hooks = {malloc, wipe_and_free};

	cJSON_InitHooks(&hooks);
	if (strcmp(setting("LETHE_TESTING", "0"), "1") == 0)
		live_alone_ms((unsigned)strtoul(setting("LETHE_ALONE_MS", "0"), NULL, 10));
	tzset(); // reads its file now: later, none can be opened
	allotment_begin();
	*context = &generator;
	return generator_init(&generator, p, v, e);
}

// Clients of Azure's form of the API, and Open WebUI where it is told to, name the version of it.
static const char *const api_query[] = {"api-version", NULL};

static const struct route routes[] = {
    {
	.method = "POST",
	.path = "/api/generate",
	.body_max = GENERATE_BODY_MAX,
	.body_types = BODY_JSON | BODY_FORM,
	.deadline_ms = 110 * 1000,
	.kinds = KINDS_OF_A_SET,
	.changes_state = true,
	.logs_itself = true,
	.handle = make_handle,
    },
    {.method = "GET", .path = "/api/generate/*", .deadline_ms = 10 * 1000, .kinds = KINDS_OF_A_SET, .handle = follow_handle},
    {
	.method = "DELETE",
	.path = "/api/generate/*",
	.deadline_ms = 10 * 1000,
	.kinds = KINDS_OF_A_SET,
	.changes_state = true,
	.handle = follow_cancel,
    },
    {.method = "DELETE", .path = "/live/*", .deadline_ms = 10 * 1000, .changes_state = true, .handle = follow_stop},
    {.method = "GET", .path = "/pictures/*", .deadline_ms = 10 * 1000, .kinds = KINDS_OF_A_SET, .handle = picture_handle},
    {.method = "GET", .path = "/sealed/*", .deadline_ms = 10 * 1000, .kinds = KINDS_OF_A_SET, .handle = picture_archive},
    {
	.method = "POST",
	.path = "/v1/images/generations",
	.body_max = GENERATE_BODY_MAX,
	.body_types = BODY_JSON,
	.deadline_ms = 110 * 1000,
	.kinds = KINDS_OF_A_SET,
	.changes_state = true,
	.logs_itself = true,
	.query_ignored = api_query,
	.admit = api_admit_images,
	.handle = api_generations,
    },
    {
	.method = "POST",
	.path = "/v1/images/edits",
	.body_max = REFERENCES_BODY_MAX,
	.body_types = BODY_JSON | BODY_MULTIPART,
	.deadline_ms = 200 * 1000,
	.kinds = KINDS_OF_A_SET,
	.changes_state = true,
	.logs_itself = true,
	.query_ignored = api_query,
	.admit = api_admit_images,
	.handle = api_edits,
    },
    {.method = "GET", .path = "/v1/models", .deadline_ms = 10 * 1000, .kinds = KINDS_OF_A_SET, .handle = api_models},
    {.method = "GET", .path = "/v1/models/*", .deadline_ms = 10 * 1000, .kinds = KINDS_OF_A_SET, .handle = api_model},
    {.method = "GET", .path = "/api/processors", .deadline_ms = 10 * 1000, .kinds = KINDS_OF_A_SET, .handle = status_processors},
    {.method = "GET", .path = "/healthz", .deadline_ms = 10 * 1000, .handle = health_handle},
    {0},
};

static void generate_stopping(void *context)
{
	(void)context;
	live_stop();
}

int main(int argc, char **argv)
{
	static const struct program program = {
	    .name = "generate", .routes = routes, .api_below = "/v1/", .start = generate_start, .stopping = generate_stopping};

	return place_version_asked(argc, argv) ? 0 : serve_main(&program);
}
