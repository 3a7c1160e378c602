// SPDX-License-Identifier: ISC
// Object storages that speak S3: Cloudflare R2, Tencent COS, and those of one's own (MinIO, Garage, Ceph …).
#include "fcgi/provider/s3_name.h"
#include "fcgi/provider/s3_reply.h"
#include "policy/base/array.h"
#include "policy/processors/processors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LIST_MAX = 500 }; // of a part of a list: its XML is then under 300 KiB

// ---- what storages say ----

enum meaning { MEANS_ABSENT, MEANS_LIMITED, MEANS_DOWN, MEANS_KEY, MEANS_CLOCK, MEANS_BUCKET, MEANS_ELSEWHERE, MEANS_OTHER };

static const struct {
	const char *code;
	enum meaning means;
} meanings[] = {
    {"NoSuchKey", MEANS_ABSENT},
    {"SlowDown", MEANS_LIMITED},
    {"TooManyRequests", MEANS_LIMITED},
    {"RequestLimitExceeded", MEANS_LIMITED},
    {"ServiceUnavailable", MEANS_DOWN},
    {"InternalError", MEANS_DOWN},
    {"RequestTimeout", MEANS_DOWN},
    {"OperationAborted", MEANS_DOWN},
    {"AccessDenied", MEANS_KEY},
    {"Unauthorized", MEANS_KEY},
    {"InvalidAccessKeyId", MEANS_KEY},
    {"SignatureDoesNotMatch", MEANS_KEY},
    {"RequestTimeTooSkewed", MEANS_CLOCK},
    {"RequestExpired", MEANS_CLOCK},
    {"NoSuchBucket", MEANS_BUCKET},
    {"PermanentRedirect", MEANS_ELSEWHERE},
    {"TemporaryRedirect", MEANS_ELSEWHERE},
    {"Redirect", MEANS_ELSEWHERE},
    {"AuthorizationHeaderMalformed", MEANS_ELSEWHERE},
    {"InvalidRegionName", MEANS_ELSEWHERE},
};

static enum meaning answer_means(const struct provider_reply *r, const char *code)
{
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		if (strcmp(meanings[i].code, code) == 0)
			return meanings[i].means;
	if (r->status == 429)
		return MEANS_LIMITED;
	if (r->status == 408 || r->status >= 500)
		return MEANS_DOWN;
	if (r->status == 401 || r->status == 403)
		return MEANS_KEY;
	return r->status >= 300 && r->status < 400 ? MEANS_ELSEWHERE : MEANS_OTHER;
}

static enum provider_step s3_unreadable(struct provider_task *t)
{
	return provider_end(t, PROVIDER_BAD_REPLY, ERR_UNAVAILABLE,
			    "The object storage's answer is not what was asked for, or not complete.");
}

// Ends the task after an answer that is no success. What the storage wrote beside its code is not passed on.
static enum provider_step s3_failed(struct provider_task *t, const struct provider_reply *r)
{
	const struct processor_facts *f = processor_facts(t->provider->id);
	const char *name = f->name, *address = processor_address_setting(f);
	char code[S3_CODE_MAX];

	s3_reply_code(code, r);
	enum meaning means = answer_means(r, code);
	const char *said = code[0] != '\0' ? code : "no code";
	switch (means) {
	case MEANS_ABSENT:
		return provider_end(t, PROVIDER_REFUSED, ERR_NOT_FOUND, "There is no such object, or not any more.");
	case MEANS_LIMITED:
		return provider_end(t, PROVIDER_LIMITED, ERR_UNAVAILABLE, "The object storage is at its limit; later may work.");
	case MEANS_DOWN:
		return provider_end(t, PROVIDER_DOWN, ERR_UNAVAILABLE, "The object storage is not working at the moment.");
	case MEANS_KEY:
		return provider_end(t, PROVIDER_REFUSED, ERR_UNAVAILABLE,
				    "%s does not accept the key: check %s, %s and what they may do in the bucket of %s (%d, %s).", name,
				    f->s3.key_id, f->key, address, r->status, said);
	case MEANS_CLOCK:
		return provider_end(t, PROVIDER_REFUSED, ERR_UNAVAILABLE,
				    "%s does not accept the time of a request: set this machine's clock (%d, %s).", name, r->status, said);
	case MEANS_BUCKET:
		return provider_end(t, PROVIDER_REFUSED, ERR_UNAVAILABLE, "%s has no such bucket: check %s (%d, %s).", name, address,
				    r->status, said);
	case MEANS_ELSEWHERE:
		return provider_end(t, PROVIDER_REFUSED, ERR_UNAVAILABLE, "%s has the bucket elsewhere: check %s%s%s (%d, %s).", name,
				    address, f->s3.region_setting != NULL ? " and " : "",
				    f->s3.region_setting != NULL ? f->s3.region_setting : "", r->status, said);
	default:
		return r->status < 300 ? s3_unreadable(t)
				       : provider_end(t, PROVIDER_REFUSED, ERR_UNAVAILABLE, "%s does not take the request (%d, %s).", name,
						      r->status, said);
	}
}

// Whether it is a page for people, of something that stands between us and the storage.
static bool is_page(const struct provider_reply *r)
{
	return strncasecmp(r->type, "text/html", 9) == 0;
}

// ---- what is asked for ----

static enum provider_step object_send(struct provider_task *t, const char *method, const char *name)
{
	char path[1 + PROVIDER_OBJECT_NAME];

	if (!s3_name_shaped(name))
		return provider_end(t, PROVIDER_REFUSED, ERR_INPUT, "An object has no such name.");
	snprintf(path, sizeof path, "/%s", name);
	enum provider_step step = provider_send(t, method, path, NULL);
	explicit_bzero(path, sizeof path);
	return step;
}

static enum provider_step put_begin(struct provider_task *t)
{
	enum provider_step step = object_send(t, "PUT", t->in->object.name);

	if (step != PROVIDER_SEND)
		return step;
	t->request.content_type = t->in->object.type;
	t->request.body.max = EGRESS_CALL_MAX;
	if (t->in->object.len == 0 || t->in->object.len > EGRESS_CALL_MAX)
		return provider_end(t, PROVIDER_REFUSED, ERR_INPUT, "An object has 1 to %d bytes.", EGRESS_CALL_MAX);
	if (buf_add(&t->request.body, t->in->object.bytes, t->in->object.len) != 0)
		return provider_end(t, PROVIDER_DOWN, ERR_MEMORY, "no memory for an object");
	return step;
}

static enum provider_step put_reply(struct provider_task *t, const struct provider_reply *r)
{
	bool put = r->status == 200 && r->len == 0 && !is_page(r);

	return put ? provider_end(t, PROVIDER_OK, ERR_NONE, "%s", "") : s3_failed(t, r);
}

static enum provider_step get_begin(struct provider_task *t)
{
	enum provider_step step = object_send(t, "GET", t->in->object.name);

	t->request.picture = true;
	return step;
}

static enum provider_step get_reply(struct provider_task *t, const struct provider_reply *r)
{
	if (r->status != 200)
		return s3_failed(t, r);
	return is_page(r) ? s3_unreadable(t) : provider_end_picture(t);
}

static enum provider_step link_begin(struct provider_task *t)
{
	enum provider_step step = object_send(t, "GET", t->in->object.name);

	t->request.link_seconds = t->in->object.seconds;
	return step;
}

static enum provider_step link_reply(struct provider_task *t, const struct provider_reply *r)
{
	if (r->status != 200 || r->len == 0 || memchr(r->body, '\0', r->len) != NULL)
		return s3_unreadable(t);
	t->link = strndup(r->body, r->len);
	return t->link != NULL ? provider_end(t, PROVIDER_OK, ERR_NONE, "%s", "")
			       : provider_end(t, PROVIDER_DOWN, ERR_MEMORY, "no memory for an address");
}

static enum provider_step part_begin(struct provider_task *t)
{
	const struct processor_facts *f = processor_facts(t->provider->id);
	const char *folder = t->in->object.folder, *behind = t->in->object.behind;
	BUF_AUTO struct buf path = BUF_INIT(URL_BYTES_MAX);

	if (!s3_name_folder(folder, strlen(folder)))
		return provider_end(t, PROVIDER_REFUSED, ERR_INPUT, "A folder has no such name.");
	buf_printf(&path, "/?%smax-keys=%d&prefix=%s%%2F", f->s3.list_v1 ? "" : "list-type=2&", LIST_MAX, folder);
	if (behind != NULL) {
		buf_adds(&path, f->s3.list_v1 ? "&marker=" : "&start-after=");
		url_part(&path, behind);
	}
	return path.failed ? provider_end(t, PROVIDER_REFUSED, ERR_INPUT, "A list begins behind no such name.")
			   : provider_send(t, "GET", buf_text(&path), NULL);
}

static enum provider_step part_reply(struct provider_task *t, const struct provider_reply *r)
{
	struct provider_objects *o = &t->objects;

	if (r->status != 200)
		return s3_failed(t, r);
	// One that does not come further would be asked for ever.
	if (s3_reply_list(o, r) == 0 && (o->last == NULL || t->in->object.behind == NULL || strcmp(o->last, t->in->object.behind) > 0))
		return provider_end(t, PROVIDER_OK, ERR_NONE, "%s", "");
	free(o->list);
	free(o->last);
	*o = (struct provider_objects){0};
	return s3_failed(t, r);
}

// ---- what becomes of it ----

static enum provider_step object_remove(struct provider_task *t, const struct provider_reply *r)
{
	char code[S3_CODE_MAX];

	if (r == NULL)
		return object_send(t, "DELETE", t->reference);
	provider_end_kept(t, r, PROVIDER_KEPT_GONE);
	s3_reply_code(code, r);
	bool gone = r->status == 204 || (r->status == 200 && r->len == 0) || (r->status == 404 && strcmp(code, "NoSuchKey") == 0);
	if (t->kept == PROVIDER_KEPT_GONE && (!gone || is_page(r)))
		t->kept = PROVIDER_KEPT_UNKNOWN; // of a bucket that is not there nothing was deleted
	return PROVIDER_ENDED;
}

static enum provider_step object_look(struct provider_task *t, const struct provider_reply *r)
{
	if (r == NULL)
		return object_send(t, "HEAD", t->reference);
	provider_end_kept(t, r, PROVIDER_KEPT_STILL);
	if (is_page(r))
		t->kept = PROVIDER_KEPT_UNKNOWN;
	return PROVIDER_ENDED;
}

#define STORAGE(vendor)                                                                                                                    \
	{                                                                                                                                  \
		.id = (vendor), .removal = {.ask = object_remove, .look = object_look},                                                    \
		.can = {[PROVIDER_PUT] = {.begin = put_begin, .reply = put_reply},                                                         \
			[PROVIDER_GET] = {.begin = get_begin, .reply = get_reply},                                                         \
			[PROVIDER_LINK] = {.begin = link_begin, .reply = link_reply},                                                      \
			[PROVIDER_LIST] = {.begin = part_begin, .reply = part_reply}},                                                     \
	}

const struct provider provider_cloudflare_r2 = STORAGE("cloudflare-r2");
const struct provider provider_tencent_cos = STORAGE("tencent-cos");
const struct provider provider_self_hosted_storage = STORAGE("self-hosted-storage");
