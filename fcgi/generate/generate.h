// SPDX-License-Identifier: ISC
// One set being made for one visitor: everything that is known about it while it is made, and nothing afterwards; and the steps that make it,
// each in a file of its own.
#ifndef LETHE_GENERATE_GENERATE_H
#define LETHE_GENERATE_GENERATE_H

#include "fcgi/generate/allotment.h"
#include "fcgi/generate/generator.h"
#include "fcgi/generate/input.h"
#include "fcgi/generate/live.h"
#include "fcgi/generate/peer.h"
#include "fcgi/provider/provider.h"
#include "fcgi/serve/serve.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include "policy/picture/archive.h"
#include "policy/vault/api_key.h"
#include <cjson/cJSON.h>

enum picture_state { PICTURE_WAITING = 0, PICTURE_MADE, PICTURE_MISSING };

struct picture {
	enum picture_state state;
	const char *reason; // why it is missing: the key of a word
	char *prompt;       // NULL: none was written
	const struct processor *by;
	struct live_picture at, thumbnail; // in the archive, marked
	char name[48];
	bool unanswered; // who makes it was sent it and said nothing of it: it may be billed
};

struct page_facts {
	char *title, *summary, *text; // never NULL once read
	char **headings, **colours;   // NULL-terminated
};

// Who was sent something for the set.
struct recipient {
	const struct processor *by;
	kind_set kinds;
	const char *failure; // why he gave nothing: the key of a word; NULL: he gave something, or has not answered
	bool gave;
};

enum answer_form { ANSWER_JSON = 0, ANSWER_EVENTS, ANSWER_PAGE, ANSWER_API, ANSWER_API_EVENTS }; // the last two: api.h

struct set {
	const struct generator *g;
	struct request *r;
	const struct policy *policy; // in the visitor's language
	struct {
		enum answer_form form;
		bool begun;  // the status is out: from now on a failure is an event
		size_t sent; // bytes of the events
	} answer;
	struct live *live;             // what others see of it; NULL before it is begun
	bool left, closing, cancelled; // his connection broke; nothing new is begun any more; it is not wanted. See visitor.h
	struct problem failure;        // why there is none; its status is 0 as long as there is no reason
	char receipt[TOKEN_LEN + 1];
	bool once; // it follows from the key of who may send the same again
	struct input input;
	struct api_key key;                        // of the API, where one is needed; no id: none
	unsigned booked;                           // pictures, of its budget
	uint64_t key_look;                         // monotonic_ms() at which it is to be looked at again
	bool key_over;                             // it was revoked, or is over: the set is cancelled
	unsigned partial_images;                   // that vendors are asked to show of each picture before it is ready
	uint64_t partial_ms;                       // that all else of the set waited for these
	bool edit;                                 // made from pictures, too:
	struct buf references[REFERENCES_MAX + 1]; // as they came, and then as they leave; the last is the mask (references.h)
	unsigned reference_count;
	bool masked;
	struct chain text, image; // processors in the order they are tried
	struct page_facts page;
	struct picture *pictures;           // input.count of them; NULL before it is read
	const struct processor *written_by; // the prompts
	struct recipient *recipients;       // space for all of the chains, once they are chosen
	unsigned recipient_count;
	struct allotment allotment; // of the spool
	struct archive_file archive;
	char token[TOKEN_LEN + 1], pictures_token[TOKEN_LEN + 1]; // in the addresses of the ZIP and of the pictures
	struct archive_range prompts;                             // where prompts.json is in the archive
	uint64_t archive_bytes;
	time_t expires;
};

// What the prompts are made from. Points into the set.
struct brief set_brief(const struct set *s);
unsigned set_made(const struct set *s); // pictures
// Notes whether the task, which is over or given up, sent something, and what came of it.
void set_note_recipient(struct set *s, const struct peer_work *w);
// What the visitor sent and what was read for him: once the archive is packed, nobody needs it.
void set_forget_input(struct set *s);
// Wipes and frees; removes an archive that no record owns.
void set_free(struct set *s);
// Sets the failure of a set that a store cannot record, whatever the error is, and returns -1. The reason goes to stderr.
int set_not_recorded(struct set *s, const struct err *e);

// Steps. Each returns -1 with the failure set, or with none: the visitor left.
int page_facts_read(struct set *s); // what the page that the visitor named says; nothing where none was named
int prompts_write(struct set *s);   // for each picture
int images_make(struct set *s);     // for each prompt, into the archive and the answer; well when at least one was made

// The routes' handlers. `context` is the generator.
// POST /api/generate: one set, from the request to the answer.
void make_handle(struct request *r, void *context);
// The same of any route of the generator's, in one of the forms; `call`: of the API (api.h), NULL: of the pages.
struct api_call {
	struct api_key key;
	bool edit;
};
void make_set(struct request *r, const struct generator *g, enum answer_form form, const struct api_call *call);
// GET /api/generate/<receipt>: the events of a set, of one that is made and of one that is recorded. DELETE: it is cancelled, or its archive ended.
void follow_handle(struct request *r, void *context);
// Who sends the same once more: 1: the set of this receipt is there, and the answer, as events or one object; 0: it is not; -1: it is being made, for which
// there is no one object yet.
int follow_again(struct request *r, const struct generator *g, const char *receipt, enum answer_form form);
void follow_cancel(struct request *r, void *context);
// DELETE /live/<receipt or address>, which nginx does not pass on: the set, or all that are made for the address, are cancelled if they are being made.
void follow_stop(struct request *r, void *context);
// GET /pictures/<token>-<number>: a picture, out of the ZIP.
void picture_handle(struct request *r, void *context);
// GET /sealed/<token>, which nginx asks for the download program: a whole ZIP that is sealed.
void picture_archive(struct request *r, void *context);
// GET /api/processors: {"pictures":[{"id","name","where","preview"}], "choose"}: who can be chosen as `provider` here and now, in the policy's order; and
// whether one must be.
void status_processors(struct request *r, void *context);
// The object that it answers with. `verbatim`: for who writes the prompts, so that nobody is needed for them.
cJSON *status_offered(struct request *r, const struct generator *g, bool verbatim);
// Can the smallest set be made now? Without space in the spool, or on the stores' disk for its records, every one is refused.
bool make_has_space(const struct generator *g);

#endif
