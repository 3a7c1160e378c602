// SPDX-License-Identifier: ISC
// All pictures of a set at once, from one thread: one call for each, the next processor when one fails, a picture shown as soon as it is
// there. What cannot be made is left out and said.
#include "fcgi/generate/images.h"
#include "fcgi/generate/answer.h"
#include "fcgi/generate/mark.h"
#include "fcgi/generate/peer.h"
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
	unsigned turn; // of the chain: which processor is asked now
	enum provider_verdict verdict;
	struct err failure; // the last one
};

// One call and one attempt for each picture, no more: thousands of requests may wait here.
struct images {
	struct set *s;
	struct call *calls;
	struct attempt *attempts;
	uint64_t deadline;
	unsigned ended; // pictures made or missing
};

static const struct processor *picture_processor(const struct images *im, unsigned i)
{
	return im->s->image.at[im->attempts[i].turn];
}

static const char *missing_reason(enum provider_verdict v, const struct err *e)
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

static int picture_missing(struct images *im, unsigned i)
{
	struct picture *picture = &im->s->pictures[i];

	picture->state = PICTURE_MISSING;
	picture->reason = missing_reason(im->attempts[i].verdict, &im->attempts[i].failure);
	im->ended++;
	return answer_progress(im->s, "images", im->ended, im->s->input.count);
}

// To the next processor, or out. A refusal by a safety filter is an answer: it is not taken elsewhere.
static int picture_failed(struct images *im, unsigned i, enum provider_verdict v, const struct err *e)
{
	call_end(&im->calls[i]);
	note_line("picture: %s: %s", picture_processor(im, i)->id, e->text);
	im->attempts[i].verdict = v;
	im->attempts[i].failure = *e;
	if (v == PROVIDER_FILTERED || im->attempts[i].turn + 1 >= im->s->image.count)
		return picture_missing(im, i);
	im->attempts[i].turn++;
	return 0;
}

// ---- starting ----

static cJSON *sketch_head(const struct set *s, unsigned i)
{
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

static int picture_start(struct images *im, unsigned i)
{
	const struct processor *p = picture_processor(im, i);
	struct set *s = im->s;
	struct err e = {0};
	int started;

	if (p->wire == NULL) {
		JSON_AUTO cJSON *head = sketch_head(s, i);
		started = call_start(&im->calls[i], s->g->worker, head, NULL, 0, &e);
	} else {
		struct provider_request request = {0};
		uint64_t deadline = peer_share(im->deadline, im->attempts[i].turn + 1 < s->image.count);
		started = p->wire->image_request(s->pictures[i].prompt, s->input.size, &request, &e);
		if (started == 0)
			started = peer_send(&im->calls[i], s->g, p, &request, KIND_BIT(KIND_PROMPT), deadline, &e);
		buf_wipe(&request.body);
	}
	return started == 0 ? 0 : picture_failed(im, i, PROVIDER_DOWN, &e);
}

static int pictures_start(struct images *im)
{
	struct set *s = im->s;
	unsigned sketching = 0;

	for (unsigned i = 0; i < s->input.count; i++)
		sketching += im->calls[i].state != CALL_IDLE && picture_processor(im, i)->wire == NULL;
	for (unsigned i = 0; i < s->input.count; i++) {
		while (s->pictures[i].state == PICTURE_WAITING && im->calls[i].state == CALL_IDLE) {
			bool sketch = picture_processor(im, i)->wire == NULL;
			if (sketch && sketching >= SKETCHES_AT_ONCE)
				break;
			if (picture_start(im, i) != 0)
				return -1;
			sketching += sketch && im->calls[i].state != CALL_IDLE;
		}
	}
	return 0;
}

// ---- finishing ----

static enum provider_verdict picture_read(struct images *im, unsigned i, struct provider_image *out, struct err *say)
{
	const struct processor *p = picture_processor(im, i);
	const struct call *c = &im->calls[i];
	unsigned width, height;
	const char *detail, *code;
	int status = 0;

	if (p->wire != NULL) {
		enum provider_verdict v = peer_verdict(im->s->g, c, p, &status, say);
		return v != PROVIDER_OK ? v : p->wire->image_read(status, c->reply.body, c->reply.body_len, out, say);
	}
	if (c->state != CALL_DONE) {
		*say = c->err;
		return PROVIDER_DOWN;
	}
	code = frame_error_code(c->reply.head, &detail);
	if (code != NULL || (out->type = image_type(c->reply.body, c->reply.body_len, &width, &height)) == NULL) {
		err_set(say, ERR_UNAVAILABLE, "%s", code != NULL ? detail : "the drawing is no image");
		return PROVIDER_BAD_REPLY;
	}
	out->bytes = BUF_INIT(IMAGE_BYTES_MAX);
	return buf_add(&out->bytes, c->reply.body, c->reply.body_len) == 0 ? PROVIDER_OK : PROVIDER_BAD_REPLY;
}

// Marked, into the archive and, where the answer is a stream, to the visitor; kept only where the answer comes at the end.
static int picture_finish(struct images *im, unsigned i)
{
	struct set *s = im->s;
	struct picture *picture = &s->pictures[i];
	struct provider_image image = {.bytes = BUF_INIT(IMAGE_BYTES_MAX)};
	BUF_AUTO_WIPE struct buf marked = BUF_INIT(IMAGE_BYTES_MAX + 4096);
	const struct processor *by = picture_processor(im, i);
	struct err e = {0};

	enum provider_verdict v = picture_read(im, i, &image, &e);
	call_end(&im->calls[i]); // its bytes have been read, and one copy is enough
	if (v == PROVIDER_OK &&
	    mark_image(by->wire == NULL ? MARK_PROGRAM : MARK_MODEL, image.type, image.bytes.data, image.bytes.len, &marked, &e) != 0)
		v = PROVIDER_BAD_REPLY;
	picture->type = image.type;
	buf_wipe(&image.bytes);
	if (v != PROVIDER_OK)
		return picture_failed(im, i, v, &e);
	picture->by = by;
	archive_image_name(picture->name, sizeof picture->name, i, s->input.style, picture->type);
	if (archive_add(&s->archive, picture->name, marked.data, marked.len, &e) != 0)
		return failure_store(&s->failure, &e);
	picture->state = PICTURE_MADE;
	im->ended++;
	if (answer_image(s, i, marked.data, marked.len) != 0)
		return -1;
	if (s->answer.form != ANSWER_EVENTS) {
		picture->bytes = marked;
		marked = BUF_INIT(1);
	}
	return answer_progress(s, "images", im->ended, s->input.count);
}

// Until a call has ended, a sign of life is due, or no time is left.
static int pictures_wait(struct images *im)
{
	struct set *s = im->s;
	uint64_t soon = monotonic_ms() + ALIVE_MS;
	struct err e = {0};

	if (calls_wait(im->calls, s->input.count, request_fd(s->r), soon < im->deadline ? soon : im->deadline, &e) == 0) {
		for (unsigned i = 0; i < s->input.count; i++) {
			bool ended = im->calls[i].state == CALL_DONE || im->calls[i].state == CALL_FAILED;
			if (ended && picture_finish(im, i) != 0)
				return -1;
		}
		return 0;
	}
	if (e.code != ERR_TIMEOUT) {
		if (e.code != ERR_GONE)
			failure_set(&s->failure, 503, "unavailable", NULL, "The site cannot make pictures at the moment.");
		return -1;
	}
	if (monotonic_ms() < im->deadline)
		return answer_alive(s);
	for (unsigned i = 0; i < s->input.count; i++) {
		if (s->pictures[i].state != PICTURE_WAITING)
			continue;
		call_end(&im->calls[i]);
		im->attempts[i].verdict = PROVIDER_DOWN;
		err_set(&im->attempts[i].failure, ERR_TIMEOUT, "no time is left");
		if (picture_missing(im, i) != 0)
			return -1;
	}
	return 0;
}

// When nothing at all was made.
static int pictures_none(const struct images *im)
{
	struct set *s = im->s;
	const struct err *e = &im->attempts[0].failure;
	unsigned filtered = 0, limited = 0, refused = 0;

	for (unsigned i = 0; i < s->input.count; i++) {
		filtered += im->attempts[i].verdict == PROVIDER_FILTERED || s->pictures[i].prompt == NULL;
		limited += im->attempts[i].verdict == PROVIDER_LIMITED;
		refused += im->attempts[i].verdict == PROVIDER_REFUSED;
	}
	if (filtered == s->input.count)
		return failure_set(&s->failure, 422, "content-filtered", s->input.url.len > 0 ? "url" : "description",
				   "The safety filter refused every picture. Describe the business in other words.");
	if (limited > 0)
		return failure_set(&s->failure, 503, "provider-busy", NULL, "No picture was made: %s. Please try again in a minute.",
				   missing_reason(PROVIDER_LIMITED, &(struct err){0}));
	if (refused > 0)
		return failure_set(&s->failure, 503,
				   peer_refused_region(im->attempts[0].verdict, e) ? "refused-region" : "provider-refused", NULL,
				   "No picture was made: %s. The operator has been told.", missing_reason(PROVIDER_REFUSED, e));
	if (e->code == ERR_TIMEOUT)
		return failure_set(&s->failure, 504, "provider-timeout", NULL, "No picture was ready in time. Please try again.");
	return failure_set(&s->failure, 502, "provider-down", NULL,
			   "No picture was made: the image service did not give a usable answer. Please try again.");
}

int images_make(struct set *s)
{
	unsigned count = s->input.count;
	struct images im = {.s = s,
			    .deadline = monotonic_ms() + IMAGES_MS,
			    .calls = calloc(count, sizeof(struct call)),
			    .attempts = calloc(count, sizeof(struct attempt))};
	int ret = -1;

	if (im.calls == NULL || im.attempts == NULL) {
		failure_set(&s->failure, 503, "memory", NULL, "The site is out of memory. Please try again later.");
		free(im.calls);
		free(im.attempts);
		return -1;
	}
	if (im.deadline > request_deadline(s->r) - REST_MS)
		im.deadline = request_deadline(s->r) - REST_MS;
	for (unsigned i = 0; i < count; i++) {
		im.calls[i] = CALL_INIT;
		im.ended += s->pictures[i].state == PICTURE_MISSING;
	}
	if (answer_progress(s, "images", im.ended, count) != 0)
		goto cleanup;
	while (im.ended < count) {
		if (pictures_start(&im) != 0 || (im.ended < count && pictures_wait(&im) != 0))
			goto cleanup;
	}
	ret = set_made(s) > 0 ? 0 : pictures_none(&im);
cleanup:
	for (unsigned i = 0; i < count; i++)
		call_end(&im.calls[i]); // cancels what is under way
	free(im.calls);
	free(im.attempts);
	return ret;
}
