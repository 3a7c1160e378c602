// SPDX-License-Identifier: ISC
// All pictures of a set at once, from one thread: one call for each, the next processor when one fails, a picture shown as soon as it is
// there. What cannot be made is left out and said.
#include "fcgi/generate/mark.h"
#include "fcgi/generate/peer.h"
#include "fcgi/generate/set.h"
#include "fcgi/provider/sketch.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <stdlib.h>
#include <string.h>

enum {
	IMAGES_MS = 90 * 1000,
	ALIVE_MS = 15 * 1000, // between two signs of life
	REST_MS = 4 * 1000,   // of the whole request, for the archive and the answer

	SKETCHES_AT_ONCE = 2, // of one visitor: the machine belongs to all
};

struct attempt {
	unsigned turn; // whose turn it is in the chain
	enum provider_verdict verdict;
	struct err failure; // the last one
};

// One call and one attempt for each picture, no more: thousands of requests may wait here.
struct studio {
	struct set *s;
	struct call *calls;
	struct attempt *attempts;
	uint64_t deadline;
	unsigned ended; // pictures made or missing
};

static const struct processor *whose(const struct studio *st, unsigned i)
{
	return st->s->image.at[st->attempts[i].turn];
}

// ---- starting ----

static cJSON *sketch_head(const struct studio *st, unsigned i)
{
	const struct set *s = st->s;
	struct brief b = set_brief(s);
	char words[SKETCH_WORDS][SKETCH_WORD_BYTES], name[SKETCH_WORD_BYTES], tint[SKETCH_COLOURS][SKETCH_COLOUR_BYTES];
	unsigned count = sketch_words(&b, words), tints = sketch_colours(&b, tint);
	cJSON *head = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(head, "words"), *colours;

	cJSON_AddStringToObject(head, "op", "sketch");
	cJSON_AddStringToObject(head, "prompt", s->pictures[i].prompt);
	cJSON_AddStringToObject(head, "style", s->input.style);
	cJSON_AddNumberToObject(head, "width", s->input.width);
	cJSON_AddNumberToObject(head, "height", s->input.height);
	cJSON_AddNumberToObject(head, "index", i);
	cJSON_AddNumberToObject(head, "of", s->input.count);
	cJSON_AddNumberToObject(head, "seed", sketch_seed(&b));
	for (unsigned w = 0; w < count; w++)
		cJSON_AddItemToArray(list, cJSON_CreateString(words[w]));
	colours = cJSON_AddArrayToObject(head, "colours");
	for (unsigned c = 0; c < tints; c++)
		cJSON_AddItemToArray(colours, cJSON_CreateString(tint[c]));
	if (sketch_name(&b, name))
		cJSON_AddStringToObject(head, "sign", name);
	explicit_bzero(words, sizeof words);
	explicit_bzero(name, sizeof name);
	return head;
}

static int start_sketch(struct studio *st, unsigned i, struct err *e)
{
	JSON_AUTO cJSON *head = sketch_head(st, i);

	return call_start(&st->calls[i], st->s->g->worker, head, NULL, 0, e);
}

static int start_wire(struct studio *st, unsigned i, const struct processor *p, struct err *e)
{
	struct provider_request request = {0};
	uint64_t deadline = peer_share(st->deadline, st->attempts[i].turn + 1 < st->s->image.count);
	int started = p->wire->image_request(st->s->pictures[i].prompt, st->s->input.size, &request, e);

	if (started == 0)
		started = peer_send(&st->calls[i], st->s->g, p, &request, KIND_BIT(KIND_PROMPT), deadline, e);
	buf_wipe(&request.body);
	return started;
}

static const char *missing_words(enum provider_verdict v, const struct err *e)
{
	if (v == PROVIDER_FILTERED)
		return "the safety filter of the image service refused it";
	if (v == PROVIDER_LIMITED)
		return "the image service has too much to do";
	if (peer_refused_region(v, e))
		return "the image service answered from a region that our policy does not allow, so its answer was not used";
	if (v == PROVIDER_REFUSED)
		return "the image service does not accept requests from this site at the moment";
	return e->code == ERR_TIMEOUT ? "it was not ready in time" : "the image service did not give a usable answer";
}

static int give_up(struct studio *st, unsigned i)
{
	struct picture *picture = &st->s->pictures[i];

	picture->state = PICTURE_MISSING;
	picture->reason = missing_words(st->attempts[i].verdict, &st->attempts[i].failure);
	st->ended++;
	return answer_progress(st->s, "images", st->ended, st->s->input.count);
}

// To the next processor, or out. A refusal by a safety filter is an answer: it is not taken elsewhere.
static int failed(struct studio *st, unsigned i, enum provider_verdict v, const struct err *e)
{
	peer_end(&st->calls[i]);
	note("picture: %s: %s", whose(st, i)->id, e->text);
	st->attempts[i].verdict = v;
	st->attempts[i].failure = *e;
	if (v == PROVIDER_FILTERED || st->attempts[i].turn + 1 >= st->s->image.count)
		return give_up(st, i);
	st->attempts[i].turn++;
	return 0;
}

static unsigned sketching(const struct studio *st)
{
	unsigned n = 0;

	for (unsigned i = 0; i < st->s->input.count; i++)
		n += st->calls[i].state != CALL_IDLE && whose(st, i)->wire == NULL;
	return n;
}

static int start(struct studio *st, unsigned i)
{
	const struct processor *p = whose(st, i);
	struct err e = {0};
	int started = p->wire == NULL ? start_sketch(st, i, &e) : start_wire(st, i, p, &e);

	return started == 0 ? 0 : failed(st, i, PROVIDER_DOWN, &e);
}

static int start_all(struct studio *st)
{
	struct set *s = st->s;

	for (unsigned i = 0; i < s->input.count; i++) {
		while (s->pictures[i].state == PICTURE_WAITING && st->calls[i].state == CALL_IDLE) {
			if (whose(st, i)->wire == NULL && sketching(st) >= SKETCHES_AT_ONCE)
				break;
			if (start(st, i) != 0)
				return -1;
		}
	}
	return 0;
}

// ---- finishing ----

static enum provider_verdict read_sketch(const struct call *c, struct provider_image *out, struct err *say)
{
	unsigned width, height;
	const char *detail, *code;

	if (c->state != CALL_DONE) {
		*say = c->err;
		return PROVIDER_DOWN;
	}
	code = peer_failure(c, &detail);
	if (code != NULL || (out->type = image_type(c->body, c->body_len, &width, &height)) == NULL) {
		err_set(say, ERR_UNAVAILABLE, "%s", code != NULL ? detail : "the drawing is no image");
		return PROVIDER_BAD_REPLY;
	}
	out->bytes = BUF_INIT(IMAGE_BYTES_MAX);
	return buf_add(&out->bytes, c->body, c->body_len) == 0 ? PROVIDER_OK : PROVIDER_BAD_REPLY;
}

static enum provider_verdict read_wire(struct studio *st, unsigned i, struct provider_image *out, struct err *say)
{
	const struct processor *p = whose(st, i);
	const struct call *c = &st->calls[i];
	int status = 0;
	enum provider_verdict v = peer_verdict(st->s->g, c, p, &status, say);

	return v != PROVIDER_OK ? v : p->wire->image_read(status, c->body, c->body_len, out, say);
}

// Into the archive and, where the answer is a stream, to the visitor; kept only where the answer comes at the end.
static int deliver(struct studio *st, unsigned i, struct buf *marked)
{
	struct set *s = st->s;
	struct picture *picture = &s->pictures[i];
	struct err e = {0};

	archive_image_name(picture->name, sizeof picture->name, i, s->input.style, picture->type);
	if (archive_add(&s->archive, picture->name, marked->data, marked->len, &e) != 0)
		return failure_store(&s->failure, &e);
	picture->state = PICTURE_MADE;
	st->ended++;
	if (answer_image(s, i, marked->data, marked->len) != 0)
		return -1;
	if (s->answer.form != ANSWER_EVENTS) {
		picture->bytes = *marked;
		*marked = BUF_INIT(1);
	}
	return answer_progress(s, "images", st->ended, s->input.count);
}

static int finish(struct studio *st, unsigned i)
{
	struct picture *picture = &st->s->pictures[i];
	struct provider_image image = {.bytes = BUF_INIT(IMAGE_BYTES_MAX)};
	BUF_AUTO_WIPE struct buf marked = BUF_INIT(IMAGE_BYTES_MAX + 4096);
	const struct processor *by = whose(st, i);
	struct err say = {0};

	enum provider_verdict v = by->wire == NULL ? read_sketch(&st->calls[i], &image, &say) : read_wire(st, i, &image, &say);
	peer_end(&st->calls[i]); // its bytes have been read, and one copy is enough
	if (v == PROVIDER_OK &&
	    mark_image(by->wire == NULL ? MARK_PROGRAM : MARK_MODEL, image.type, image.bytes.data, image.bytes.len, &marked, &say) != 0)
		v = PROVIDER_BAD_REPLY;
	picture->type = image.type;
	buf_wipe(&image.bytes);
	if (v != PROVIDER_OK)
		return failed(st, i, v, &say);
	picture->by = by;
	return deliver(st, i, &marked);
}

static int finish_all(struct studio *st)
{
	for (unsigned i = 0; i < st->s->input.count; i++) {
		if ((st->calls[i].state == CALL_DONE || st->calls[i].state == CALL_FAILED) && finish(st, i) != 0)
			return -1;
	}
	return 0;
}

static int out_of_time(struct studio *st)
{
	for (unsigned i = 0; i < st->s->input.count; i++) {
		if (st->s->pictures[i].state != PICTURE_WAITING)
			continue;
		peer_end(&st->calls[i]);
		st->attempts[i].verdict = PROVIDER_DOWN;
		err_set(&st->attempts[i].failure, ERR_TIMEOUT, "no time is left");
		if (give_up(st, i) != 0)
			return -1;
	}
	return 0;
}

static int wait_for_some(struct studio *st)
{
	uint64_t soon = monotonic_ms() + ALIVE_MS;
	struct err e = {0};

	if (calls_wait(st->calls, st->s->input.count, request_fd(st->s->r), soon < st->deadline ? soon : st->deadline, &e) == 0)
		return finish_all(st);
	if (e.code != ERR_TIMEOUT) {
		if (e.code != ERR_GONE)
			failure_set(&st->s->failure, 503, "unavailable", NULL, "The site cannot make pictures at the moment.");
		return -1;
	}
	return monotonic_ms() >= st->deadline ? out_of_time(st) : answer_alive(st->s);
}

// When nothing at all was made.
static int none_made(const struct studio *st)
{
	struct set *s = st->s;
	const struct err *e = &st->attempts[0].failure;
	unsigned filtered = 0, limited = 0, refused = 0;

	for (unsigned i = 0; i < s->input.count; i++) {
		filtered += st->attempts[i].verdict == PROVIDER_FILTERED || s->pictures[i].prompt == NULL;
		limited += st->attempts[i].verdict == PROVIDER_LIMITED;
		refused += st->attempts[i].verdict == PROVIDER_REFUSED;
	}
	if (filtered == s->input.count)
		return failure_set(&s->failure, 422, "content-filtered", s->input.url.len > 0 ? "url" : "description",
				   "The safety filter refused every picture. Describe the business in other words.");
	if (limited > 0)
		return failure_set(&s->failure, 503, "provider-busy", NULL, "No picture was made: %s. Please try again in a minute.",
				   missing_words(PROVIDER_LIMITED, &(struct err){0}));
	if (refused > 0)
		return failure_set(&s->failure, 503,
				   peer_refused_region(st->attempts[0].verdict, e) ? "refused-region" : "provider-refused", NULL,
				   "No picture was made: %s. The operator has been told.", missing_words(PROVIDER_REFUSED, e));
	if (e->code == ERR_TIMEOUT)
		return failure_set(&s->failure, 504, "provider-timeout", NULL, "No picture was ready in time. Please try again.");
	return failure_set(&s->failure, 502, "provider-down", NULL,
			   "No picture was made: the image service did not give a usable answer. Please try again.");
}

static int make(struct studio *st)
{
	if (answer_progress(st->s, "images", st->ended, st->s->input.count) != 0)
		return -1;
	while (st->ended < st->s->input.count) {
		if (start_all(st) != 0)
			return -1;
		if (st->ended < st->s->input.count && wait_for_some(st) != 0)
			return -1;
	}
	return set_made(st->s) > 0 ? 0 : none_made(st);
}

static void studio_free(struct studio *st)
{
	for (unsigned i = 0; st->calls != NULL && i < st->s->input.count; i++)
		peer_end(&st->calls[i]); // cancels what is under way
	free(st->calls);
	free(st->attempts);
}

int set_make_images(struct set *s)
{
	unsigned count = s->input.count;
	struct studio st = {.s = s,
			    .deadline = monotonic_ms() + IMAGES_MS,
			    .calls = calloc(count, sizeof(struct call)),
			    .attempts = calloc(count, sizeof(struct attempt))};
	int done;

	if (st.deadline > request_deadline(s->r) - REST_MS)
		st.deadline = request_deadline(s->r) - REST_MS;
	for (unsigned i = 0; st.calls != NULL && i < count; i++) {
		st.calls[i] = CALL_INIT;
		st.ended += s->pictures[i].state == PICTURE_MISSING;
	}
	if (st.calls == NULL || st.attempts == NULL)
		done = failure_set(&s->failure, 503, "memory", NULL, "The site is out of memory. Please try again later.");
	else
		done = make(&st);
	studio_free(&st);
	return done;
}
