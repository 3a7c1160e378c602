// SPDX-License-Identifier: ISC
// Answers: head, body, events.
#include "fcgi/serve/respond.h"
#include "fcgi/ipc/note.h"
#include "fcgi/serve/program.h"
#include "fcgi/serve/request_internal.h"
#include "fcgi/serve/server.h"
#include "fcgi/serve/stream.h"
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/publish/words/words.h"
#include <errno.h>
#include <fastcgi.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

enum {
	HEADERS_BYTES_MAX = 3072,          // with the head of ours it must fit nginx's fastcgi_buffer_size
	RECORD_MIN = 8 * 1024,             // libfcgi's buffer holds less
	RECORD_MAX = 65528,                // a multiple of 8 below 64 KiB, as the protocol recommends
	RECORD_BYTES = RECORD_MAX / 4 * 3, // whose base64 is one; a multiple of 3, so that pieces join without padding
};

bool respond_begun(const struct request *r)
{
	return r->status != 0;
}

void respond_header(struct request *r, const char *name, const char *value)
{
	const struct policy *p = r->server->policy;
	const char *cookie = value + strspn(value, " \t");
	size_t len = strcspn(cookie, "=; \t");
	bool declared = strcasecmp(name, "Set-Cookie") != 0;
	for (size_t i = 0; !declared && p != NULL && i < p->cookie_count; i++)
		declared = strlen(p->cookies[i].name) == len && memcmp(p->cookies[i].name, cookie, len) == 0;
	if (!declared) {
		note_line("refused to set the cookie \"%.*s\": the policy does not declare it", (int)len, cookie);
		return;
	}
	if (!r->headers.max)
		r->headers = BUF_INIT(HEADERS_BYTES_MAX);
	r->has_type |= strcasecmp(name, "Content-Type") == 0;
	r->has_cache |= strcasecmp(name, "Cache-Control") == 0;
	size_t before = r->headers.len;
	buf_adds(&r->headers, name);
	buf_adds(&r->headers, ": ");
	header_value(&r->headers, value);
	if (buf_adds(&r->headers, "\r\n") == 0)
		return;
	note_line("the header %s does not fit and was left out", name);
	r->headers.len = before;
	r->headers.failed = false;
}

const char *respond_status_title(enum language language, int status)
{
	char key[24];
	snprintf(key, sizeof key, "status.%d", status);
	const char *title = word_in(language, key);
	return title != key ? title : word_in(language, status < 400 ? "status.200" : "status.other");
}

// One record of the answer, or its head and the first `len` of the bytes that it announces, past libfcgi's buffer: that copies every byte and makes records of 8 KiB. False: the visitor left, or took
// nothing for the time that a write may wait; what follows would be read as the rest of this record, so the connection ends.
static bool record_write(const FCGX_Request *fcgx, const char *bytes, size_t len, size_t announced)
{
	const FCGI_Header head = {
	    .version = FCGI_VERSION_1,
	    .type = FCGI_STDOUT,
	    .requestIdB1 = (unsigned char)(fcgx->requestId >> 8),
	    .requestIdB0 = (unsigned char)fcgx->requestId,
	    .contentLengthB1 = (unsigned char)(announced >> 8),
	    .contentLengthB0 = (unsigned char)announced,
	};
	for (size_t sent = 0; sent < sizeof head + len;) {
		size_t left = sent < sizeof head ? sizeof head - sent : 0, body = sizeof head + len - sent - left;
		const struct iovec pieces[] = {
		    {.iov_base = (char *)(uintptr_t)&head + sizeof head - left, .iov_len = left},
		    {.iov_base = (char *)(uintptr_t)bytes + len - body, .iov_len = body},
		};
		ssize_t n = writev(fcgx->ipcFd, pieces, ARRAY_LEN(pieces));
		if (n < 0 && errno != EINTR) {
			shutdown(fcgx->ipcFd, SHUT_RDWR);
			return false;
		}
		sent += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static int stream_write(struct request *r, const void *bytes, size_t len, bool direct)
{
	const char *at = bytes;
	direct = direct || len >= RECORD_MIN;
	if (direct && r->fcgx != NULL && !r->gone) // what stands before it
		r->gone = FCGX_FFlush(r->fcgx->out) != 0;
	while (len > 0 && r->fcgx != NULL && !r->gone) {
		size_t piece = len > RECORD_MAX ? RECORD_MAX : len;
		if (direct)
			r->gone = !record_write(r->fcgx, at, piece, piece);
		else
			r->gone = FCGX_PutStr(at, (int)piece, r->fcgx->out) != (int)piece;
		at += piece;
		len -= piece;
	}
	return r->gone ? -1 : 0;
}

int respond_begin(struct request *r, int status, const char *type, bool streaming)
{
	if (r->status) {
		note_line("%s %s answered twice", r->route != NULL ? r->route->method : "-", r->route != NULL ? r->route->path : "-");
		return -1;
	}
	if (r->log_row != NULL)
		request_log_end(r, NULL); // what came of it decides
	if (status < 400 && r->route != NULL && r->route->logs_itself && !r->logged) {
		if (!r->unlogged)
			note_line("%s %s answered without its request-log row: refused", r->route->method, r->route->path);
		r->unlogged = true;
		buf_reset(&r->headers);
		r->has_type = r->has_cache = false;
		return -1;
	}
	if (r->has_type)
		type = NULL;
	const struct policy *p = request_policy(r);
	if (type != NULL && p != NULL && p->view_count > 1) {
		respond_header(r, "Content-Language", p->language);
		respond_header(r, "Vary", "Accept-Language");
	}
	char head[256];
	int n = snprintf(head, sizeof head, "Status: %d %s\r\n%s%s%s%s%s", status, respond_status_title(LANGUAGE_EN, status),
			 type != NULL ? "Content-Type: " : "", type != NULL ? type : "", type != NULL ? "\r\n" : "",
			 r->has_cache ? ""
			 : streaming  ? "Cache-Control: no-store, no-transform\r\n"
				      : "Cache-Control: no-store\r\n",
			 streaming ? "X-Accel-Buffering: no\r\n" : "");
	r->status = status;
	stream_write(r, head, (size_t)n, false);
	stream_write(r, buf_text(&r->headers), r->headers.len, false);
	if (stream_write(r, "\r\n", 2, false) != 0)
		return -1;
	if (streaming && r->fcgx != NULL && respond_flush(r) == 0) // what follows comes by respond_send()
		stream_shrink(r->fcgx->out);
	return -(int)r->gone;
}

int respond_write(struct request *r, const void *bytes, size_t len)
{
	return r->head ? -(int)r->gone : stream_write(r, bytes, len, false);
}

int respond_flush(struct request *r)
{
	if (r->fcgx != NULL && !r->gone && FCGX_FFlush(r->fcgx->out) != 0)
		r->gone = true;
	return r->gone ? -1 : 0;
}

void respond_bytes(struct request *r, int status, const char *type, const void *bytes, size_t len)
{
	char length[24];
	snprintf(length, sizeof length, "%zu", len);
	respond_header(r, "Content-Length", length);
	if (respond_begin(r, status, type, false) == 0)
		respond_write(r, bytes, len);
}

void respond_empty(struct request *r, int status)
{
	respond_begin(r, status, NULL, false);
}

void respond_redirect_internal(struct request *r, const char *internal_path)
{
	respond_header(r, "X-Accel-Redirect", internal_path);
	respond_begin(r, 200, NULL, false);
}

int respond_send(struct request *r, const void *bytes, size_t len)
{
	return r->head ? -(int)r->gone : stream_write(r, bytes, len, true);
}

static int file_send(struct request *r, int fd, uint64_t offset, uint64_t len)
{
	off_t at = (off_t)offset;

	if (r->fcgx == NULL || r->head || respond_flush(r) != 0)
		return -(int)r->gone;
	while (len > 0 && !r->gone) {
		size_t piece = len > RECORD_MAX ? RECORD_MAX : (size_t)len;
		r->gone = !record_write(r->fcgx, "", 0, piece);
		len -= piece;
		while (piece > 0 && !r->gone) {
			ssize_t n = sendfile(r->fcgx->ipcFd, fd, &at, piece);
			piece -= n > 0 ? (size_t)n : 0;
			r->gone = n == 0 || (n < 0 && errno != EINTR); // 0: the file is shorter than it was
		}
		if (r->gone)
			shutdown(r->fcgx->ipcFd, SHUT_RDWR);
	}
	return -(int)r->gone;
}

int respond_sealed(struct request *r, const struct sealed_file *file, uint64_t offset, uint64_t len, bool base64)
{
	char bytes[RECORD_BYTES];
	BUF_AUTO_WIPE struct buf digits = BUF_INIT(RECORD_MAX);

	if (!file->sealed && !base64)
		return file_send(r, file->fd, offset, len);
	while (len > 0 && !r->head && !r->gone) {
		size_t piece = len > sizeof bytes ? sizeof bytes : (size_t)len;
		buf_reset(&digits);
		r->gone = sealed_file_read(file, bytes, piece, offset) != 0 || (base64 && base64_add(&digits, bytes, piece) != 0);
		if (r->gone && r->fcgx != NULL)
			shutdown(r->fcgx->ipcFd, SHUT_RDWR);
		else
			respond_send(r, base64 ? digits.data : bytes, base64 ? digits.len : piece);
		offset += piece;
		len -= piece;
	}
	explicit_bzero(bytes, sizeof bytes);
	return -(int)r->gone;
}

void respond_patience(struct request *r, unsigned ms)
{
	const struct timeval send = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	if (r->fcgx != NULL)
		setsockopt(r->fcgx->ipcFd, SOL_SOCKET, SO_SNDTIMEO, &send, sizeof send);
}

// ---- JSON, piece by piece: an answer with eight images is not built a second time in memory ----

static void json_string_write(struct request *r, const char *s)
{
	respond_write(r, "\"", 1);
	while (*s) {
		size_t plain = 0;
		while ((unsigned char)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\')
			plain++;
		respond_write(r, s, plain);
		s += plain;
		if (*s) {
			char escape[8];
			int n = *s == '"' || *s == '\\' ? snprintf(escape, sizeof escape, "\\%c", *s)
							: snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(unsigned char)*s);
			respond_write(r, escape, (size_t)n);
			s++;
		}
	}
	respond_write(r, "\"", 1);
}

static void json_value_write(struct request *r, const cJSON *value)
{
	if (cJSON_IsString(value)) {
		json_string_write(r, value->valuestring);
		return;
	}
	bool object = cJSON_IsObject(value);
	if (!object && !cJSON_IsArray(value)) {
		BUF_AUTO struct buf out = BUF_INIT(128);
		bool printed = json_print(&out, value) == 0;
		respond_write(r, printed ? out.data : "null", printed ? out.len : 4);
		return;
	}
	respond_write(r, object ? "{" : "[", 1);
	for (const cJSON *m = value->child; m != NULL && !r->gone; m = m->next) {
		if (object) {
			json_string_write(r, m->string);
			respond_write(r, ":", 1);
		}
		json_value_write(r, m);
		if (m->next != NULL)
			respond_write(r, ",", 1);
	}
	respond_write(r, object ? "}" : "]", 1);
}

void respond_json(struct request *r, int status, const cJSON *value)
{
	if (respond_begin(r, status, "application/json", false) == 0)
		json_value_write(r, value);
}
