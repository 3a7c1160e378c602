// SPDX-License-Identifier: ISC
// The image API as clients of OpenAI's speak it: the same sets, made in the same way and under the same policy as from the pages; only the request is
// read, and the answer written, in that API's words. The prompt is the picture's prompt as it stands (nobody rewrites it), `n` pictures are made of it,
// and `model` chooses a processor of the policy, or "default": the order that the policy states. What a member would change that is not in our hands is
// refused by its name; what is only a wish (quality, style) is taken and does nothing. `user` and `safety_identifier` are read by nobody.
#ifndef LETHE_GENERATE_API_H
#define LETHE_GENERATE_API_H

#include "fcgi/generate/generate.h"

#define API_MODEL_DEFAULT "default"

// The routes' handlers. `context` is the generator.
bool api_admit_images(struct request *r, void *context); // of the two below, before megabytes are read for somebody who has no key
void api_generations(struct request *r, void *context);  // POST /v1/images/generations
void api_edits(struct request *r, void *context);        // POST /v1/images/edits
void api_models(struct request *r, void *context);       // GET /v1/models
void api_model(struct request *r, void *context);        // GET /v1/models/<id>

// Fills the input of a set from the fields. -1 with the failure set, or answered.
int api_input_read(struct set *s);
// Books the pictures of the set in the budget of its key; and gives back those that were not made, of which nothing left, or whose maker said that there is
// none: who leaves does not get back what is billed. Says what is left of it where the answer has not begun. Without a key, nothing.
int api_book(struct set *s);
void api_say_budget(struct request *r, const struct api_key *key); // in the answer's headers
void api_give_back(struct set *s);
// Whether its key holds still, as far as that was looked at a few seconds ago; what is not so any more is noted with the set. Without a key it does.
bool api_key_holds(struct set *s);
uint64_t api_key_look_until(const struct set *s); // monotonic_ms() when it is to be looked at again; UINT64_MAX: there is no key
// The head of a stream.
int api_begin(struct set *s);
// An event of a stream: what a picture looks like so far, as a small WebP.
void api_partial(struct set *s, unsigned index, unsigned number, const struct buf *webp);
// The whole answer of a finished set, `record` as outcome_record() made it, whose pictures are in `archive`; the rest of the stream, where it is one.
// -1: the visitor left.
int api_done(struct request *r, enum answer_form form, bool edit, const cJSON *record, const char *receipt, time_t expires,
	     const struct sealed_file *archive);
// The same of a set that is recorded, with its body. -1: its file is not there, and nothing is answered.
int api_again(struct request *r, const struct generator *g, enum answer_form form, const struct vault_record *record, const cJSON *body,
	      const char *receipt);
// The error that ends a stream. `problem` is a problem document.
void api_stream_error(struct request *r, const cJSON *problem);

#endif
