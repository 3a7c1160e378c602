// SPDX-License-Identifier: ISC
#include "fcgi/provider/provider.h"
#include "fcgi/provider/azure_openai.h"
#include "policy/base/array.h"
#include <stdlib.h>
#include <string.h>

static const struct provider providers[] = {
    // Built in: it has functions of its own (sketch.h), and nothing of it passes through egress.
    {.id = "sketch"},
    {.id = "azure-openai",
     .settings_check = azure_settings_check,
     .prompts_request = azure_prompts_request,
     .prompts_read = azure_prompts_read,
     .image_request = azure_image_request,
     .image_read = azure_image_read},
};

const struct provider *provider_at(unsigned i)
{
	return i < ARRAY_LEN(providers) ? &providers[i] : NULL;
}

const struct provider *provider_find(const char *id)
{
	const struct provider *p;
	for (unsigned i = 0; (p = provider_at(i)); i++)
		if (strcmp(p->id, id) == 0)
			return p;
	return NULL;
}

void provider_prompts_free(struct provider_prompts *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		explicit_bzero(p->text[i], strlen(p->text[i]));
		free(p->text[i]);
	}
	*p = (struct provider_prompts){0};
}
