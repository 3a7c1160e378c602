// SPDX-License-Identifier: ISC
// All pictures of a set at once, from one thread: one call for each, the next processor when one fails, a picture shown as soon as it is
// there. What cannot be made is left out and said.
#include "fcgi/generate/answer.h"
#include "fcgi/generate/generate.h"
#include "fcgi/generate/partial.h"
#include "fcgi/generate/references.h"
#include "fcgi/generate/thumbnail.h"
#include "fcgi/generate/visitor.h"
#include "policy/base/when.h"
#include "policy/picture/mark.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	IMAGES_MS = 90 * 1000,
	REST_MS = 4 * 1000,     // of the whole request, for the archive and the answer
	PARTIALS_MS = 5 * 1000, // of a set, for all its partial pictures
};

// What one picture is asked with, and of whom.
struct attempt {
	unsigned turn; // of the chain: which processor is asked now
	struct provider_input in;
	// The picture on its way: marked, and into the archive.
	struct set *s;
	struct mark_stream mark;
	struct archive_entry entry;
	struct partial partial;     // what the vendor shows of it before
	struct thumbnail thumbnail; // once the picture is there: `mark` and `entry` are then the thumbnail's
};

// One call, one task and one attempt for each picture, no more: thousands of requests may wait here.
struct images {
	struct set *s;
	struct call *calls;
	struct peer_work *works; // whose tasks have no provider until they begin
	struct attempt *attempts;
	uint64_t deadline;
	unsigned ended;  // pictures made or missing
	struct err *why; // that a wait ended; not on the stack, of which those who wait hold few pages
	bool full;       // the spool took one no more: what stands in the archive is kept, and no other is begun
};

static int picture_missing(struct images *im, unsigned i)
{
	struct picture *picture = &im->s->pictures[i];

	picture->state = PICTURE_MISSING;
	picture->reason = peer_failure(im->works[i].task.result, &im->works[i].task.say).missing;
	im->ended++;
	return answer_progress(im->s, "images", im->ended, im->s->input.count);
}

static int picture_full(struct images *im, unsigned i)
{
	note_line("a picture is left out: %s", im->works[i].task.say.text);
	im->full = true;
	return picture_missing(im, i);
}

// ---- the way of a picture's bytes: sink of the provider → mark → entry of the archive ----

static int picture_write(void *arg, const void *bytes, size_t len, struct err *e)
{
	struct attempt *a = arg;

	if (a->entry.archive == NULL) {
		struct picture *picture = &a->s->pictures[a->in.index];
		char name[ARCHIVE_NAME_MAX + 1];
		if (picture->state == PICTURE_MADE) {
			archive_thumbnail_name(name, sizeof name, a->in.index, a->s->input.style);
		} else {
			archive_image_name(picture->name, sizeof picture->name, a->in.index, a->s->input.style, a->mark.facts.type);
			snprintf(name, sizeof name, "%s", picture->name);
		}
		if (archive_entry_open(&a->s->archive, &a->entry, name, e) != 0)
			return -1;
	}
	return archive_entry_write(&a->entry, bytes, len, e);
}

static int picture_read(void *arg, uint64_t at, void *bytes, size_t len, struct err *e)
{
	return archive_entry_read(&((struct attempt *)arg)->entry, at, bytes, len, e);
}

static int picture_restart(void *arg, struct err *e)
{
	return archive_entry_restart(&((struct attempt *)arg)->entry, e);
}

static const struct mark_output picture_output = {picture_write, picture_read, picture_restart};

static void picture_void(struct attempt *a)
{
	mark_free(&a->mark);
	archive_entry_drop(&a->entry);
}

static void picture_again(void *arg)
{
	struct attempt *a = arg;
	const struct processor *by = a->s->image.at[a->turn];

	picture_void(a);
	partial_drop(&a->partial);
	mark_begin(&a->mark, by->provider->preview ? MARK_PROGRAM : MARK_MODEL, &picture_output, a);
}

static int picture_take(void *arg, const void *bytes, size_t len, struct err *e)
{
	return mark_add(&((struct attempt *)arg)->mark, bytes, len, e);
}

// One picture after the other goes to where it stays in the ZIP. Two at once would cost a file and a copy.
static bool picture_later(void *arg)
{
	const struct attempt *a = arg;

	return a->s->archive.open > 0 && a->entry.archive == NULL;
}

static void picture_partial(void *arg, const void *bytes, size_t len)
{
	struct attempt *a = arg;
	struct set *s = a->s;
	BUF_AUTO_WIPE struct buf small = BUF_INIT(THUMBNAIL_BYTES_MAX);
	struct err e = {0};
	unsigned number;

	if (s->partial_images == 0) // there is no time for them any more
		partial_drop(&a->partial);
	if (a->partial.complete >= s->partial_images) // or more than it was asked for
		return;
	if (len > 0) {
		partial_add(&a->partial, bytes, len);
		return;
	}
	uint64_t before = monotonic_ms();
	if (partial_end(&a->partial, s->g->worker, live_wake_fd(s->live), &small, &number, &e) == 0)
		answer_partial(s, a->in.index, number, &small);
	else if (e.code != ERR_GONE)
		note_line("a partial picture is not shown: %s", e.text);
	s->partial_ms += monotonic_ms() - before;
	if (e.code == ERR_TIMEOUT || s->partial_ms > PARTIALS_MS)
		s->partial_images = 0;
}

static const struct provider_sink picture_sink = {picture_take, picture_again, picture_later};

static int picture_show(struct images *im, unsigned i)
{
	im->ended++;
	if (answer_image(im->s, i) != 0)
		return -1;
	return answer_progress(im->s, "images", im->ended, im->s->input.count);
}

// The task is over. The picture is in the archive, which is the only place where it is kept; the visitor is told where.
static int picture_finish(struct images *im, unsigned i)
{
	struct set *s = im->s;
	struct attempt *a = &im->attempts[i];
	struct peer_work *w = &im->works[i];
	struct provider_task *t = &w->task;
	struct picture *picture = &s->pictures[i];
	struct archive_range range;
	struct mark_facts facts;

	if (t->result == PROVIDER_OK && mark_end(&a->mark, &facts, &t->say) != 0)
		t->result = t->say.code == ERR_INPUT ? PROVIDER_BAD_REPLY : PROVIDER_DOWN;
	set_note_recipient(s, w);
	if (t->result != PROVIDER_OK) {
		picture->unanswered |= w->sent && !w->answered;
		picture_void(a);
		if (t->say.code == ERR_FULL)
			return picture_full(im, i);
		note_line("picture: %s: %s", w->by->id, t->say.text);
		// To the next processor, or out. A refusal by a safety filter is an answer: it is not taken elsewhere.
		if (t->result == PROVIDER_FILTERED || a->turn + 1 >= s->image.count)
			return picture_missing(im, i);
		a->turn++;
		peer_leave(w, w->call, 1, s->g);
		return 0;
	}
	mark_free(&a->mark);
	picture->by = w->by;
	if (archive_entry_close(&a->entry, &range, &t->say) != 0)
		return t->say.code == ERR_FULL ? picture_full(im, i) : set_not_recorded(s, &t->say);
	picture->at = (struct live_picture){facts.type, range.offset, range.len};
	picture->state = PICTURE_MADE;
	allotment_used(&s->allotment, s->g, picture->by, s->input.width, s->input.height, range.len);
	return s->input.thumbnails && thumbnail_begin(&a->thumbnail, w->call, s->g->worker, &s->archive, &range) ? 0 : picture_show(im, i);
}

// The worker has answered, or no time is left. A thumbnail goes the way of its picture; without one the picture is shown all the same.
static int thumbnail_finish(struct images *im, unsigned i)
{
	struct attempt *a = &im->attempts[i];
	struct archive_range range;
	struct mark_facts facts;
	struct err e = {0};
	size_t len;
	const char *bytes = thumbnail_bytes(&a->thumbnail, &len, &e);

	picture_again(a);
	if (bytes != NULL && mark_add(&a->mark, bytes, len, &e) == 0 && mark_end(&a->mark, &facts, &e) == 0 &&
	    archive_entry_close(&a->entry, &range, &e) == 0)
		im->s->pictures[i].thumbnail = (struct live_picture){facts.type, range.offset, range.len};
	else
		note_line("a picture stays without its thumbnail: %s", e.text);
	picture_void(a);
	thumbnail_end(&a->thumbnail);
	return picture_show(im, i);
}

// As far as one picture can go now.
static int picture_go_on(struct images *im, unsigned i)
{
	struct set *s = im->s;
	struct attempt *a = &im->attempts[i];
	struct peer_work *w = &im->works[i];

	while (s->pictures[i].state == PICTURE_WAITING) {
		const struct processor *by = s->image.at[a->turn];
		unsigned busy = 0, most = by->provider->at_once; // pictures of this set that the provider makes, and takes
		for (unsigned k = 0; k < s->input.count; k++)
			busy += im->works[k].task.provider == by->provider && im->works[k].task.step == PROVIDER_SEND;
		if (w->task.provider != NULL) {
			peer_go_on(w, s->g);
		} else if (im->full) {
			err_set(&w->task.say, ERR_FULL, "the spool is full");
			return picture_missing(im, i);
		} else if ((most == 0 || busy < most) && visitor_is_there(s)) {
			w->deadline = peer_share(im->deadline, a->turn + 1 < s->image.count);
			a->in = (struct provider_input){.brief = set_brief(s),
							.prompt = s->pictures[i].prompt,
							.index = i,
							.size = s->input.size,
							.width = s->input.width,
							.height = s->input.height,
							.sink = &picture_sink,
							.sink_arg = a,
							.partial_images = s->partial_images,
							.partial = picture_partial};
			references_give(s, &a->in);
			picture_again(a);
			peer_begin(w, s->g, by, PROVIDER_IMAGE, &a->in);
		}
		if (w->task.provider == NULL || w->task.step == PROVIDER_SEND)
			return 0;
		if (picture_finish(im, i) != 0)
			return -1;
	}
	return a->thumbnail.call == NULL || thumbnail_waits(&a->thumbnail) ? 0 : thumbnail_finish(im, i);
}

// Until a picture can go on, the visitor comes or goes, a sign of life is due, or no time is left.
static int pictures_wait(struct images *im)
{
	struct set *s = im->s;
	uint64_t soon = monotonic_ms() + ALIVE_MS;
	bool moving = false;

	im->why->code = ERR_NONE;
	for (unsigned i = 0; i < s->input.count; i++)
		moving = moving || im->works[i].task.step == PROVIDER_SEND || thumbnail_waits(&im->attempts[i].thumbnail);
	if (!moving) { // nothing may be begun while he is away, and no time passes for it
		uint64_t before = monotonic_ms();
		int there = visitor_await(s);
		im->deadline += monotonic_ms() - before;
		return there;
	}
	if (visitor_wait(s, im->works, im->calls, s->input.count, soon < im->deadline ? soon : im->deadline, im->why) == 0)
		return 0;
	if (im->why->code != ERR_TIMEOUT) {
		if (im->why->code != ERR_GONE)
			problem_set(&s->failure, 503, "problem.unavailable.set", NULL, NULL);
		return -1;
	}
	if (monotonic_ms() < im->deadline)
		return answer_alive(s);
	for (unsigned i = 0; i < s->input.count; i++) {
		if (im->attempts[i].thumbnail.call != NULL && thumbnail_finish(im, i) != 0)
			return -1;
		if (s->pictures[i].state != PICTURE_WAITING)
			continue;
		s->pictures[i].unanswered |= im->works[i].sent;
		err_set(im->why, ERR_TIMEOUT, "no time is left");
		provider_no_reply(&im->works[i].task, PROVIDER_DOWN, im->why);
		set_note_recipient(s, &im->works[i]);
		if (picture_missing(im, i) != 0)
			return -1;
	}
	return 0;
}

// When nothing at all was made.
static int pictures_none(const struct images *im)
{
	struct set *s = im->s;
	const struct err *e = &im->works[0].task.say;
	unsigned filtered = 0, limited = 0, refused = 0;

	if (im->full)
		return problem_set(&s->failure, 503, "problem.storage-full.set", NULL, NULL);
	for (unsigned i = 0; i < s->input.count; i++) {
		filtered += im->works[i].task.result == PROVIDER_FILTERED || s->pictures[i].prompt == NULL;
		limited += im->works[i].task.result == PROVIDER_LIMITED;
		refused += im->works[i].task.result == PROVIDER_REFUSED;
	}
	if (filtered == s->input.count)
		return problem_set(&s->failure, 422, "problem.content-filtered.pictures", s->input.url.len > 0 ? "url" : "description",
				   NULL);
	if (limited > 0)
		return problem_set(&s->failure, 503, "problem.provider-busy.pictures", NULL, NULL);
	if (refused > 0)
		return problem_set(&s->failure, 503,
				   peer_refused_region(im->works[0].task.result, e) ? "problem.refused-region.pictures"
										    : "problem.provider-refused.pictures",
				   NULL, NULL);
	if (e->code == ERR_TIMEOUT)
		return problem_set(&s->failure, 504, "problem.provider-timeout.pictures", NULL, NULL);
	return problem_set(&s->failure, 502, "problem.provider-down.pictures", NULL, NULL);
}

int images_make(struct set *s)
{
	unsigned count = s->input.count;
	struct images im = {.s = s,
			    .deadline = monotonic_ms() + IMAGES_MS,
			    .calls = calloc(count, sizeof(struct call)),
			    .works = calloc(count, sizeof(struct peer_work)),
			    .attempts = calloc(count, sizeof(struct attempt)),
			    .why = calloc(1, sizeof(struct err))};
	int ret = -1;

	if (im.calls == NULL || im.works == NULL || im.attempts == NULL || im.why == NULL) {
		problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
		goto memory;
	}
	if (s->answer.form != ANSWER_EVENTS && im.deadline > request_deadline(s->r) - REST_MS) // who gets events does not wait in silence
		im.deadline = request_deadline(s->r) - REST_MS;
	for (unsigned i = 0; i < count; i++) {
		im.calls[i].fd = -1; // for the rest, as CALL_INIT, it is zero; a copy of it would be on the stack while all wait
		im.works[i].call = &im.calls[i];
		im.works[i].receipt = s->receipt;
		im.works[i].kinds = KIND_BIT(KIND_PROMPT) | (s->reference_count > 0 ? KIND_BIT(KIND_UPLOAD) : 0);
		im.attempts[i].s = s;
		im.ended += s->pictures[i].state == PICTURE_MISSING;
	}
	if (answer_progress(s, "images", im.ended, count) != 0)
		goto cleanup;
	while (im.ended < count) {
		unsigned ended = im.ended;
		for (unsigned i = 0; i < count; i++) {
			if (picture_go_on(&im, i) != 0)
				goto cleanup;
		}
		// One that ended may have been what another waited for.
		if (im.ended == ended && pictures_wait(&im) != 0)
			goto cleanup;
	}
	ret = set_made(s) > 0 ? 0 : pictures_none(&im);
cleanup:
	for (unsigned i = 0; i < count; i++)
		s->pictures[i].unanswered |= im.works[i].sent && im.works[i].task.step == PROVIDER_SEND;
	for (unsigned i = 0; i < count; i++) {
		if (s->pictures[i].state != PICTURE_WAITING)
			continue;
		if (im.works[i].task.provider != NULL)
			set_note_recipient(s, &im.works[i]);
		if (!s->closing || s->cancelled)
			continue;
		// Nobody came back: what is there is his all the same, until its time is over.
		s->pictures[i] = (struct picture){.state = PICTURE_MISSING,
						  .prompt = s->pictures[i].prompt,
						  .reason = "missing.left",
						  .unanswered = s->pictures[i].unanswered};
	}
	if (s->closing && !s->cancelled && s->failure.status == 0 && set_made(s) > 0)
		ret = 0;
	peer_leave(im.works, im.calls, count, s->g);
	for (unsigned i = 0; i < count; i++) {
		picture_void(&im.attempts[i]);
		partial_drop(&im.attempts[i].partial);
		thumbnail_end(&im.attempts[i].thumbnail);
	}
memory:
	free(im.calls);
	free(im.works);
	free(im.attempts);
	free(im.why);
	return ret;
}
