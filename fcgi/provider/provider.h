// SPDX-License-Identifier: ISC
// What vendors are asked for, as a machine of steps that is the same for all of them, and pure: no network, no keys, no clock.
//
//   begin → (request → reply)* → result | failure, then leave → (request → reply)*, then remove → (request → reply)*
//
// A picture is not kept: its bytes go to the caller's sink while they come, and the vendor's file sees the reply without them.
//
// A vendor's file builds each request and reads each reply; the caller carries them: it waits as long as the request says, sends it through
// egress (or gives it to the worker), and hands back what came. A vendor that answers at once has one request; one that is polled has a
// request with a wait before it, as often as it takes; one that answers with a URL has a request for that URL. Leaving means what is to be
// done at the vendor when it is over: cancel what nobody waits for any more. Removing means that the vendor is to delete what it got for a piece of work,
// which it knows by its reference: as soon as that is over, and again, from the reference alone, whenever that was not answered. See README.md.
#ifndef LETHE_PROVIDER_PROVIDER_H
#define LETHE_PROVIDER_PROVIDER_H

#include "fcgi/provider/picture_stream.h"
#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

// What a set of prompts or an image is made from.
struct brief {
	const char *description;            // the visitor's words, or "" when a page was given
	const char *title, *summary, *text; // of the page; "" when none
	const char *const *headings;        // NULL-terminated
	const char *const *colours;         // "#rrggbb", NULL-terminated
	const char *style;                  // a name of style.h
	const char *audience_rule;          // one sentence for the model: content that must not appear
	const char *preview_label;          // the word that marks a picture as a preview, in the site's language; "": in English
	unsigned count;
};

// A picture to start from, as the worker makes it (op "reference"): nothing of the visitor's file but the pixels.
struct provider_reference {
	const void *bytes; // PNG or JPEG
	size_t len;
};

enum provider_ability {
	PROVIDER_PROMPTS,
	PROVIDER_IMAGE,
	// Of an object storage (s3_name.h), whose objects are removed and looked for by their names.
	PROVIDER_PUT,
	PROVIDER_GET,  // the object goes to the sink
	PROVIDER_LINK, // an address that opens the object for a while: nothing is sent
	PROVIDER_LIST,
	PROVIDER_ABILITIES
};

// Everything that an ability is asked with; what it does not need is zero. Belongs to the caller and outlives the task.
struct provider_input {
	struct brief brief;
	const char *prompt;     // of the image
	unsigned index;         // of the image in its set
	const char *size;       // "1024x1024"
	unsigned width, height; // the same, in pixels
	// What the image is to be made from beside the prompt; and where it is to be changed (see-through there, of the size of the first; NULL bytes:
	// wherever the model sees fit). What leaves with them is KIND_UPLOAD.
	struct provider_reference references[REFERENCES_MAX], mask;
	unsigned reference_count;
	const struct provider_sink *sink; // where the picture, or the object, goes while it comes
	void *sink_arg;
	// How many partial pictures the vendor is asked to show before, where it can (0: none; each may cost), and where they go, with sink_arg.
	unsigned partial_images;
	provider_partial *partial;
	struct {
		const char *name; // of the object
		const void *bytes;
		size_t len;
		const char *type;            // what is put there
		const char *folder, *behind; // what is listed, from the name behind this one on; NULL: from the first of them
		unsigned seconds;            // for which an address opens it
	} object;
};

struct provider_request {
	unsigned wait_ms; // to be waited before it goes
	// To egress: a path at the vendor's base address, or a whole URL on one of its hosts; both must be routes of its row.
	const char *method, *content_type; // content_type NULL: no body
	char form_type[48];                // where that names a boundary: its text
	char *path;
	struct buf body;
	bool once;    // must not reach the vendor twice
	bool picture; // the whole body of the reply is the picture
	unsigned
	    link_seconds; // not 0: it is not sent, but asked of egress as an address that opens it for so long; the reply's body is that
	cJSON *work;      // not NULL: to the worker instead, as this head
};

struct provider_reply {
	int status; // HTTP; 200 from the worker
	const char *type, *body;
	size_t len;
};

enum provider_result {
	PROVIDER_OK,
	PROVIDER_FILTERED,  // the content was refused by the processor: don't retry, say so
	PROVIDER_BAD_REPLY, // garbage or truncated: another processor may do better
	PROVIDER_LIMITED,   // rate or quota: later, or another
	PROVIDER_REFUSED,   // key, deployment, permission: the operator must act
	PROVIDER_DOWN,
};

// Whether a vendor still has what it got for a piece of work, by its own answer.
enum provider_kept {
	PROVIDER_KEPT_UNKNOWN, // it did not say
	PROVIDER_KEPT_GONE,    // it has nothing of it
	PROVIDER_KEPT_STILL,   // it has it
	PROVIDER_KEPT_REFUSED, // it does not let our key ask
};

enum provider_step {
	PROVIDER_ENDED, // the result says how; after leaving: nothing is left to do
	PROVIDER_SEND,  // the task's request is to be sent
};

// Objects of one folder of a storage, in the order of their names.
enum { PROVIDER_OBJECT_NAME = 32 + 1 + TOKEN_LEN + 1 };
struct provider_objects {
	struct provider_object {
		char name[PROVIDER_OBJECT_NAME];
		time_t at; // when it was put there; 0: that is not said
	} * list;
	size_t count;
	size_t foreign; // others that are in the folder: this software did not put them there
	char *last;     // the name behind which the next part begins; NULL: there is none
};
struct provider_prompts {
	char *text[IMAGES_MAX];
	unsigned count;
};
void provider_prompts_free(struct provider_prompts *p); // wipes
struct provider_task {
	const struct provider *provider;
	enum provider_ability ability;
	const struct provider_input *in;
	enum provider_step step;
	struct provider_request request; // when step is PROVIDER_SEND
	// The result. `say`, unless PROVIDER_OK: one line for the visitor or the operator, never in the vendor's words.
	enum provider_result result;
	struct err say;
	struct provider_prompts prompts;
	char *link; // the address: a secret until it has expired
	struct provider_objects objects;
	struct picture_stream picture; // of the reply to the request
	// For the vendor's file alone.
	unsigned state;  // 0 at the beginning
	char *reference; // what the vendor calls the work under way: an id, a URL; freed with the task
	// What came of removing or looking.
	enum provider_kept kept;
	int status; // HTTP, of the last reply to that; 0: none came
	// The machine's own.
	bool leaving, taking;                                                                 // a reply in pieces has begun
	enum provider_step (*leave)(struct provider_task *t, const struct provider_reply *r); // what it does while leaving
	unsigned steps;
};

struct provider {
	const char *id;         // the processor's id
	bool preview;           // drawn by a program, not by a model, and labelled so
	unsigned at_once;       // images of one set at the same time; 0: all
	unsigned picture_bytes; // of an image at most, as a rule
	const void *dialect;    // for a file that several vendors share: what is particular to this one
	// What the vendor keeps of the work t->reference. Called as `leave` is; each sets t->kept.
	struct provider_removal {
		enum provider_step (*ask)(struct provider_task *t,
					  const struct provider_reply *r); // to delete it; NULL: nobody can ask for it
		enum provider_step (*look)(struct provider_task *t, const struct provider_reply *r); // whether it is still there
		unsigned
		    after; // it deletes unasked, so many seconds after the work, and `ask` asks whether it did; 0: it deletes when asked
	} removal;
	// What it can do; begin NULL: not this. Each sets the task's request and returns PROVIDER_SEND, or ends it by provider_end().
	// `leave` (NULL: nothing is ever left to do) is called with NULL first, then with each reply to what it asked.
	struct provider_steps {
		enum provider_step (*begin)(struct provider_task *t);
		enum provider_step (*reply)(struct provider_task *t, const struct provider_reply *r);
		enum provider_step (*leave)(struct provider_task *t, const struct provider_reply *r);
		const char *picture_member; // of the JSON replies, that holds the picture in base64; NULL: none
		bool picture_in_url;        // the member is a data URL, if it is the picture
	} can[PROVIDER_ABILITIES];
};

const struct provider *provider_find(const char *id); // by any of the vendor's names; NULL when none is built

// How many pictures to start from the vendor's model takes; 0: none. *mask: and whether a mask.
unsigned provider_references(const struct provider *p, bool *mask);
// Whether these are pictures that may leave: number, bytes, what they are by their own first bytes, sizes. ERR_INPUT with words for the caller's
// log: the worker makes no such pictures.
int provider_references_check(const struct provider *p, const struct provider_input *in, struct err *e);

// For callers. Each returns the task's step, unless said otherwise. `in` must outlive the task.
enum provider_step provider_begin(struct provider_task *t, const struct provider *p, enum provider_ability ability,
				  const struct provider_input *in);
// Whether the reply to the task's request may hold a picture, and should come in pieces.
bool provider_takes_pieces(const struct provider_task *t);
// A piece of the body of a reply with status 200, before provider_reply(), whose body is then empty. The picture goes to the sink. -1: what
// came is garbage (PROVIDER_BAD_REPLY), or the sink wants no more (ERR_INPUT: PROVIDER_BAD_REPLY, else PROVIDER_DOWN); *e and the task's
// `say` say why. The task has then ended, and its call can be given up.
int provider_take(struct provider_task *t, const char *bytes, size_t len, struct err *e);
// What came of this reply is void: it begins again.
void provider_again(struct provider_task *t);
// The reply to the task's request, whole or what was not taken before.
enum provider_step provider_reply(struct provider_task *t, const struct provider_reply *r);
// No reply came to the request, for this reason; while leaving, there is nothing more to be done then.
enum provider_step provider_no_reply(struct provider_task *t, enum provider_result result, const struct err *say);
// Once, when the result was used or is not wanted any more. What it made is removed, too, where the vendor can be asked at once: what
// was cancelled a moment ago may still be written there, whatever it answers.
enum provider_step provider_leave(struct provider_task *t);
// A task that only removes the work, or only looks whether the vendor still has it: t->kept says what came of it. Ends at once, and with nothing known, where the
// vendor offers neither.
enum provider_step provider_remove(struct provider_task *t, const struct provider *p, const char *reference);
enum provider_step provider_look(struct provider_task *t, const struct provider *p, const char *reference);
void provider_free(struct provider_task *t); // wipes

// For vendors' files.
// Ends the task. `code` and the words are for t->say; not needed for PROVIDER_OK.
enum provider_step provider_end(struct provider_task *t, enum provider_result result, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// A request with this JSON body (NULL: none), to which the flags are added that the vendor's row demands of the call. Ends the task where
// memory is gone.
enum provider_step provider_send(struct provider_task *t, const char *method, const char *path, cJSON *body);
// Adds the data URL of a picture to start from. -1: no memory.
int provider_reference_url(struct buf *out, const struct provider_reference *r);
// Whether this is what picture_in_url leaves of the member: a data URL without its data.
bool provider_data_url_left(const char *member);
// Ends the task: well when a picture came, and came to its end, else as garbage.
enum provider_step provider_end_picture(struct provider_task *t);
// Says what is kept by the status of a reply alone: with a success `fine`, which is GONE for who asked for the removal, STILL for who looked.
void provider_end_kept(struct provider_task *t, const struct provider_reply *r, enum provider_kept fine);

#endif
