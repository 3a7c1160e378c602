// SPDX-License-Identifier: ISC
// Azure OpenAI, v1 paths: chat completions write the prompts, image generations make the pictures. The model is the deployment's name:
// AZURE_OPENAI_CHAT_DEPLOYMENT (default gpt-4.1-mini), AZURE_OPENAI_IMAGE_DEPLOYMENT (default gpt-image-2); AZURE_OPENAI_IMAGE_QUALITY is
// low, medium (the default), high or auto, which leaves it to the model. No request is stored for the customer's own use (`store: false`).
#ifndef LETHE_PROVIDER_AZURE_OPENAI_H
#define LETHE_PROVIDER_AZURE_OPENAI_H

#include "fcgi/provider/provider.h"

int azure_settings_check(struct err *e);
int azure_prompts_request(const struct brief *b, struct provider_request *out, struct err *e);
// One to `count` prompts are PROVIDER_OK: fewer than asked for is the caller's to judge, more are cut off.
enum provider_verdict azure_prompts_read(int status, const char *body, size_t len, unsigned count, struct provider_prompts *out,
					 struct err *say);
int azure_image_request(const char *prompt, const char *size, struct provider_request *out, struct err *e);
enum provider_verdict azure_image_read(int status, const char *body, size_t len, struct provider_image *out, struct err *say);

#endif
