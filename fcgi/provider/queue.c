// SPDX-License-Identifier: ISC
#include "fcgi/provider/queue.h"
#include "fcgi/provider/failure.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/processors/processors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ID_MAX = 128, POLL_FIRST_MS = 250 };

// Of the task, from when it was asked for until it is over.
enum { QUEUE_ASKED, QUEUE_WAITING, QUEUE_RESULT, QUEUE_PICTURE, QUEUE_OVER, QUEUE_CANCELLED };

// The string at "a.b", or NULL.
static const char *member_string(const cJSON *object, const char *path)
{
	char name[64];
	size_t len = strcspn(path, ".");

	for (; path[len] == '.'; path += len + 1, len = strcspn(path, ".")) {
		snprintf(name, sizeof name, "%.*s", (int)len, path);
		object = json_get(object, name);
	}
	return json_string(object, path);
}

// Adds the form with so many bytes of the value for its %s, if it has one.
static void form_fill(struct buf *out, const char *form, const char *value, size_t len)
{
	const char *gap = strchrnul(form, '%');

	buf_add(out, form, (size_t)(gap - form));
	if (*gap != '\0') {
		buf_add(out, value, len);
		buf_adds(out, gap + 2);
	}
}

// At the path of the work, and this behind it.
static enum provider_step queue_send(struct provider_task *t, const char *method, const char *behind, unsigned wait_ms)
{
	const struct queue_dialect *d = t->provider->dialect;
	const char *model = processor_model(&processor_facts(t->provider->id)->image), *end = model != NULL ? strchrnul(model, '/') : NULL;
	BUF_AUTO struct buf path = BUF_INIT(1024);

	form_fill(&path, d->work, model, end == NULL ? 0 : (size_t)((*end == '/' ? strchrnul(end + 1, '/') : end) - model));
	if (buf_printf(&path, "%s%s", t->reference, behind) != 0)
		return provider_end(t, PROVIDER_DOWN, ERR_MEMORY, "no memory for a path");
	enum provider_step step = provider_send(t, method, buf_text(&path), NULL);
	t->request.wait_ms = wait_ms;
	return step;
}

// Keeps the id, which becomes a part of paths. -1: it is none.
static int reference_take(struct provider_task *t, const char *id)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	if (id == NULL || *id == '\0' || strlen(id) > ID_MAX || id[strspn(id, plain)] != '\0')
		return -1;
	t->reference = strdup(id);
	return t->reference != NULL ? 0 : -1;
}

enum provider_step queue_ask(struct provider_task *t, const char *path, cJSON *body)
{
	enum provider_step step = provider_send(t, "POST", path, body);

	t->request.once = true;
	return step;
}

enum provider_step queue_fetch(struct provider_task *t, const char *url)
{
	BUF_AUTO_WIPE struct buf whole = BUF_INIT(URL_BYTES_MAX);

	// Some write the plain form of an address that they serve over TLS, too.
	if (url == NULL || (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0))
		return provider_unreadable(t);
	bool plain = strncasecmp(url, "http://", 7) == 0;
	if (buf_printf(&whole, "%s%s", plain ? "https://" : "", plain ? url + 7 : url) != 0)
		return provider_unreadable(t);
	enum provider_step step = provider_send(t, "GET", buf_text(&whole), NULL);
	t->request.picture = true;
	t->state = QUEUE_PICTURE;
	return step;
}

enum provider_step queue_reply(struct provider_task *t, const struct provider_reply *r)
{
	const struct queue_dialect *d = t->provider->dialect;

	if (t->state == QUEUE_PICTURE) {
		t->state = QUEUE_OVER;
		if (r->status != 200)
			return provider_end(t, PROVIDER_BAD_REPLY, ERR_UNAVAILABLE,
					    "The picture cannot be fetched from where it should be (%d).", r->status);
		return provider_end_picture(t);
	}
	JSON_AUTO cJSON *reply = json_parse_foreign(r->body, r->len, NULL);
	const char *state = member_string(reply, d->state);
	size_t len = state != NULL ? strlen(state) : 0;
	bool fine = r->status >= 200 && r->status < 300, result = t->state == QUEUE_RESULT, asked = t->state == QUEUE_ASKED;
	bool named = fine && asked && reference_take(t, member_string(reply, d->id)) == 0;
	// A failure of asking for the state is not one of the work, which is cancelled then.
	if (!fine) {
		if (result)
			t->state = QUEUE_OVER;
		return provider_failed(t, r->status, reply);
	}
	if (!result && (text_among(d->waiting, state, len) || (named && state == NULL))) {
		if (t->reference == NULL)
			return provider_unreadable(t);
		t->state = QUEUE_WAITING;
		unsigned wait = t->steps < 8 ? (unsigned)POLL_FIRST_MS << (t->steps - 1) : d->poll_ms;
		return queue_send(t, "GET", d->poll, wait < d->poll_ms ? wait : d->poll_ms);
	}
	if (state == NULL && t->state == QUEUE_WAITING)
		return provider_unreadable(t);
	if (!result && d->result && text_among(d->done, state, len)) {
		t->state = QUEUE_RESULT;
		return queue_send(t, "GET", "", 0);
	}
	t->state = QUEUE_OVER;
	if (!result && state != NULL && !text_among(d->done, state, len))
		return provider_failed(t, 500, reply);
	return d->output(t, reply);
}

enum provider_step queue_leave(struct provider_task *t, const struct provider_reply *r)
{
	const struct queue_dialect *d = t->provider->dialect;

	(void)r;
	if (t->reference == NULL)
		return PROVIDER_ENDED;
	if (t->state < QUEUE_PICTURE) {
		t->state = QUEUE_CANCELLED;
		return queue_send(t, d->cancel_method, d->cancel, 0);
	}
	return PROVIDER_ENDED;
}

// That it has nothing of it, a vendor says with the member that all its failures have. Any other answer of that status may be another's: of a proxy, or at a wrong
// address.
static enum provider_step absence_check(struct provider_task *t, const struct provider_reply *r)
{
	JSON_AUTO cJSON *reply = r->status == 404 || r->status == 410 ? json_parse_foreign(r->body, r->len, NULL) : NULL;

	if ((r->status == 404 || r->status == 410) && json_get(reply, "detail") == NULL)
		t->kept = PROVIDER_KEPT_UNKNOWN;
	return PROVIDER_ENDED;
}

enum provider_step queue_remove(struct provider_task *t, const struct provider_reply *r)
{
	const struct queue_dialect *d = t->provider->dialect;
	BUF_AUTO struct buf url = BUF_INIT(1024);

	if (r != NULL) {
		provider_end_kept(t, r, PROVIDER_KEPT_GONE);
		return absence_check(t, r);
	}
	form_fill(&url, d->remove, t->reference, strlen(t->reference));
	return url.failed ? PROVIDER_ENDED : provider_send(t, "DELETE", buf_text(&url), NULL);
}

enum provider_step queue_look(struct provider_task *t, const struct provider_reply *r)
{
	const struct queue_dialect *d = t->provider->dialect;

	if (r == NULL)
		return queue_send(t, "GET", d->result ? "" : d->poll, 0);
	JSON_AUTO cJSON *reply = d->removed != NULL ? json_parse_foreign(r->body, r->len, NULL) : NULL;
	provider_end_kept(t, r, PROVIDER_KEPT_STILL);
	if (t->kept == PROVIDER_KEPT_STILL && d->removed != NULL && cJSON_IsTrue(json_get(reply, d->removed)))
		t->kept = PROVIDER_KEPT_GONE;
	return absence_check(t, r);
}
