// SPDX-License-Identifier: ISC
#include "fcgi/generate/thumbnail.h"
#include "fcgi/ipc/worker_call.h"
#include "policy/base/json.h"
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Of the pictures being sent to the worker, by the whole process: each is held until the worker has taken it.
static atomic_size_t under_way;

bool thumbnail_begin(struct thumbnail *t, struct call *call, const char *worker, const struct archive_file *a,
		     const struct archive_range *range)
{
	size_t len = (size_t)range->len;
	JSON_AUTO cJSON *head = worker_thumbnail_head();
	int sent = -1;

	if (atomic_fetch_add(&under_way, len) + len <= THUMBNAIL_UNDER_WAY_MAX) {
		char *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (bytes != MAP_FAILED && sealed_file_read(&a->file, bytes, len, range->offset) == 0)
			sent = call_start(call, worker, head, bytes, len, NULL);
		if (bytes != MAP_FAILED) {
			explicit_bzero(bytes, len);
			munmap(bytes, len);
		}
	}
	if (sent != 0) {
		atomic_fetch_sub(&under_way, len);
		return false;
	}
	*t = (struct thumbnail){call, len};
	return true;
}

bool thumbnail_waits(const struct thumbnail *t)
{
	return t->call != NULL && (t->call->state == CALL_SENDING || t->call->state == CALL_WAITING);
}

const char *thumbnail_bytes(const struct thumbnail *t, size_t *len, struct err *e)
{
	const char *detail, *type;

	if (t->call->state != CALL_DONE) {
		*e = t->call->state == CALL_FAILED ? *t->call->err : (struct err){.code = ERR_TIMEOUT, .text = "it came too late"};
		return NULL;
	}
	if (frame_error_code(t->call->reply.head, &detail) != NULL) {
		err_set(e, ERR_UNAVAILABLE, "%s", detail);
		return NULL;
	}
	type = json_string(t->call->reply.head, "type");
	*len = t->call->reply.body_len;
	if (type != NULL && strcmp(type, "image/webp") == 0 && *len <= THUMBNAIL_BYTES_MAX - THUMBNAIL_MARK_MAX)
		return t->call->reply.body;
	err_set(e, ERR_INPUT, "the worker answered with something else");
	return NULL;
}

void thumbnail_end(struct thumbnail *t)
{
	if (t->call == NULL)
		return;
	call_end(t->call);
	atomic_fetch_sub(&under_way, t->reserved);
	*t = (struct thumbnail){.call = NULL};
}
