// SPDX-License-Identifier: ISC
#include "fcgi/generate/partial.h"
#include "fcgi/ipc/call.h"
#include "fcgi/ipc/worker_call.h"
#include "policy/base/json.h"
#include "policy/base/setting.h"
#include "policy/base/when.h"
#include "policy/picture/mark.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_MS = 2000 }; // that everything else of the set waits for it, at most

// Of partial pictures, by the whole process.
static atomic_size_t under_way;

unsigned partial_images_set(void)
{
	const char *text = setting("LETHE_PARTIAL_IMAGES", "0");

	return text[0] >= '1' && text[0] <= '0' + PARTIAL_IMAGES_MAX && text[1] == '\0' ? (unsigned)(text[0] - '0') : 0;
}

static void partial_forget(struct partial *p)
{
	buf_wipe(&p->bytes);
	atomic_fetch_sub(&under_way, p->reserved);
	p->reserved = 0;
	p->left_out = false;
}

void partial_add(struct partial *p, const void *bytes, size_t len)
{
	if (p->left_out)
		return;
	if (p->bytes.len == 0)
		p->bytes = BUF_INIT(PARTIAL_BYTES_MAX);
	bool full = buf_add(&p->bytes, bytes, len) != 0;
	size_t more = p->bytes.cap > p->reserved ? p->bytes.cap - p->reserved : 0;
	p->reserved += more;
	if (atomic_fetch_add(&under_way, more) + more <= PARTIAL_UNDER_WAY_MAX && !full)
		return;
	partial_forget(p);
	p->left_out = true;
}

// ---- the mark, in memory ----

static int small_write(void *arg, const void *bytes, size_t len, struct err *e)
{
	return buf_add(arg, bytes, len) == 0 ? 0 : err_set(e, ERR_INPUT, "it is too large");
}

static int small_read(void *arg, uint64_t at, void *bytes, size_t len, struct err *e)
{
	const struct buf *b = arg;

	if (at > b->len || len > b->len - at)
		return err_set(e, ERR_INPUT, "nothing was written there");
	memcpy(bytes, b->data + at, len);
	return 0;
}

static int small_restart(void *arg, struct err *e)
{
	(void)e;
	buf_reset(arg);
	return 0;
}

static int small_mark(const char *bytes, size_t len, struct buf *out, struct err *e)
{
	static const struct mark_output output = {small_write, small_read, small_restart};
	struct mark_facts facts;
	struct mark_stream mark;

	mark_begin(&mark, MARK_MODEL, &output, out);
	int ret = mark_add(&mark, bytes, len, e) == 0 && mark_end(&mark, &facts, e) == 0 ? 0 : -1;
	mark_free(&mark);
	return ret;
}

int partial_end(struct partial *p, const char *worker, int hangup_fd, struct buf *out, unsigned *number, struct err *e)
{
	CALL_AUTO struct call c = CALL_INIT;
	const char *detail;
	int ret = -1;

	*number = p->complete++;
	if (p->left_out || p->bytes.len == 0) {
		err_set(e, ERR_FULL, "there is no space for it");
	} else {
		JSON_AUTO cJSON *head = worker_thumbnail_head();
		ret = call_ask(&c, worker, head, p->bytes.data, p->bytes.len, hangup_fd, monotonic_ms() + SMALL_MS, e);
	}
	partial_forget(p);
	if (ret != 0)
		return -1;
	if (frame_error_code(c.reply.head, &detail) != NULL)
		return err_set(e, ERR_INPUT, "%s", detail);
	return c.reply.body_len <= THUMBNAIL_BYTES_MAX - THUMBNAIL_MARK_MAX
		   ? small_mark(c.reply.body, c.reply.body_len, out, e)
		   : err_set(e, ERR_INPUT, "the worker answered with something else");
}

void partial_drop(struct partial *p)
{
	partial_forget(p);
	p->complete = 0;
}
