// SPDX-License-Identifier: ISC
// The API of OpenAI, which many vendors speak with small differences: chat completions write the prompts, image generations make the pictures. It
// answers at once, so there is one request to each task.
#ifndef LETHE_PROVIDER_OPENAI_H
#define LETHE_PROVIDER_OPENAI_H

#include "fcgi/provider/provider.h"

// The differences; the models are in the vendor's row, as are the flags that every request carries.
struct openai_dialect {
	const char *chat, *images; // paths; NULL: not offered
	const char *edits; // of requests with pictures to start from; NULL: the same as `images`, with a list of them as the member `image`
	bool multipart;    // which take those as files of a form, not in JSON
	const char *tokens; // what the most tokens of an answer are called
	bool schema;        // takes the form of the answer as a JSON schema, not only that it is JSON
	bool plain;         // knows nothing but what all servers of this API do
	bool one_picture;   // makes one at a time, and knows no "n"
	bool partial;       // shows partial pictures, as events
};

// Steps of a provider whose `dialect` is one of these.
enum provider_step openai_prompts_begin(struct provider_task *t);
enum provider_step openai_prompts_reply(struct provider_task *t, const struct provider_reply *r);
enum provider_step openai_image_begin(struct provider_task *t);
enum provider_step openai_image_reply(struct provider_task *t, const struct provider_reply *r);
// A message of a conversation.
void openai_message_add(cJSON *messages, const char *role, const char *content);

#endif
