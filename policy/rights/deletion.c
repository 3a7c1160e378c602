// SPDX-License-Identifier: ISC
#include "policy/rights/deletion.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/base/setting.h"
#include "policy/processors/processors.h"
#include "policy/rights/document.h"
#include "policy/rights/outbox.h"
#include "policy/rights/request.h"
#include "policy/vault/archive_token.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DELETION_BODY_MAX = 64 * 1024,
	DELETION_DAY = 86400,
	LAST_MOMENTS = 600, // before a record ends: it is there to tell that nothing was confirmed
	IDS_BYTES = 1 << 25,
	RUN_SECONDS = 25, // then no other is begun: mails wait for the end of it
};
#define DELETION_EVENT "vendor-deletion"
#define PURGED_BY      "cloudflare"
#define PURGE_TAG      "deletion-once"
static const char unanswered[] = "" /* as the vault stores it */, waiting[] = "waiting", deleted[] = "deleted";
const char deletion_expired[] = "expired";
static const struct document_type type = {KIND_DELETION, "deletion at a vendor", DELETION_BODY_MAX, NULL};

bool deletion_kept(const struct policy *p)
{
	return p->kinds[KIND_DELETION].keep == KEEP_STORED;
}

static void details_of(struct buf *out, const char *processor, const char *outcome, int status)
{
	buf_printf(out, "{\"processor\":\"%s\",\"outcome\":\"%s\"", processor, outcome);
	if (status != 0)
		buf_printf(out, ",\"status\":%d", status);
	buf_addc(out, '}');
}

// When the vendor has ended it by its own word, or by what is known of it; a day is left in which it can be asked. 0: as the policy says.
static time_t deletion_ends(const struct policy *p, const struct deletion_new *n, time_t now)
{
	const struct policy_processor *a = policy_processor(p, n->processor);
	const struct processor_facts *f = processor_facts(n->processor);
	const struct duration longest = a != NULL && a->has_keeps ? a->keeps : f != NULL ? f->longest : (struct duration){0};
	const time_t policy_end = life_end(p, KIND_DELETION, now);
	time_t end = duration_is_zero(longest) ? 0 : duration_after(now, longest);

	if (end != 0 && end < n->next + DELETION_DAY)
		end = n->next + DELETION_DAY;
	return policy_end != 0 && end >= policy_end ? 0 : end;
}

int deletion_add(struct vault *v, const struct deletion_new *n, char id[RECORD_ID_LEN + 1], struct err *e)
{
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(DELETION_BODY_MAX), once = BUF_INIT(1024);
	JSON_AUTO cJSON *body = cJSON_CreateObject();
	const struct policy *p = vault_policy(v);

	if (!deletion_kept(p))
		return err_set(e, ERR_REFUSED, "the policy keeps nothing by which a vendor could be asked again");
	if (!json_put(body,
		      JSON_MEMBERS(MEMBER_TEXT("processor", n->processor), MEMBER_TEXT("reference", n->reference),
				   MEMBER_TEXT("request", n->request), MEMBER_TIME("next", n->next), MEMBER_FLAG("canary", n->canary))) ||
	    !document_put_kinds(body, n->kinds) || json_print(&bytes, body) != 0)
		return err_set(e, ERR_MEMORY, "no memory for a deletion");
	if (n->once)
		buf_printf(&once, "%s %s", n->processor, n->subject);
	const struct vault_tag tags[] = {{PURGE_TAG, buf_text(&once)}, {NULL, NULL}};
	const struct vault_new record = {.kind = KIND_DELETION,
					 .subject = n->subject,
					 .tags = n->once ? tags : NULL,
					 .once = n->once ? PURGE_TAG : NULL,
					 .body = bytes.data,
					 .body_len = bytes.len,
					 .due = deletion_ends(p, n, when_now())};
	return vault_put(v, &record, NULL, id, e);
}

static bool member_drop_set(cJSON *body, const char *name, const char *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(body, name);
	return value == NULL || cJSON_AddStringToObject(body, name, value) != NULL;
}

// ---- what was answered ----

struct answering {
	const struct deletion_answer *answer;
	const char *state; // that it ends in; NULL: it waits on
};

static int deletion_answer_write(void *arg, const struct vault_record *r, cJSON *body, struct document_change *change, struct err *e)
{
	const struct answering *x = arg;
	const struct deletion_answer *a = x->answer;
	const bool gone = x->state == deleted;

	(void)r;
	cJSON_DeleteItemFromObjectCaseSensitive(body, "status");
	bool ok = member_drop_set(body, "failure", gone ? NULL : a->failure) &&
		  (a->status == 0 || cJSON_AddNumberToObject(body, "status", a->status) != NULL) &&
		  (!gone || json_get(body, "deleted") != NULL || json_put_time(body, "deleted", when_now()));
	if (x->state == NULL)
		return ok ? 0 : err_set(e, ERR_MEMORY, "no memory");
	change->state = x->state;
	change->set = LIFE_BIT(LIFE_CLOSED);
	change->clear = LIFE_BIT(LIFE_END_ASKED); // what came of it is kept as the policy says
	change->ledger = DELETION_EVENT;
	details_of(&change->details, json_string(body, "processor"), gone || *a->failure == '\0' ? x->state : a->failure, a->status);
	return ok ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

// The person is told where it was for a request, which may be gone.
static void request_told(struct vault *v, const struct deletion_row *row, enum rights_event event, const char *by)
{
	const struct policy_processor *a = policy_processor(vault_policy(v), row->processor);
	const struct rights_act act = {
	    .event = event, .by = by, .reason = a != NULL ? a->name : row->processor, .recipient = row->processor, .about = "erasure"};

	if (*row->request != '\0')
		(void)rights_act(v, row->request, &act, NULL);
}

static bool is_over(const char *state)
{
	return strcmp(state, deleted) == 0 || strcmp(state, deletion_expired) == 0;
}

static struct deletion_row deletion_row_of(const struct vault_record *r, const cJSON *body)
{
	return (struct deletion_row){.id = r->id,
				     .processor = json_string_or(body, "processor", ""),
				     .reference = json_string_or(body, "reference", ""),
				     .failure = json_string_or(body, "failure", ""),
				     .request = json_string_or(body, "request", ""),
				     .state = r->unreadable       ? RIGHTS_UNREADABLE
					      : is_over(r->state) ? r->state
								  : waiting,
				     .kinds = document_kinds(body),
				     .made = r->made,
				     .next = json_time(body, "next"),
				     .first = json_time(body, json_get(body, "first") != NULL ? "first" : "next"),
				     .deleted = json_time(body, "deleted"),
				     .attempts = (unsigned)json_number(body, "attempts", 0),
				     .status = (int)json_number(body, "status", 0),
				     .canary = cJSON_IsTrue(json_get(body, "canary"))};
}

static int deletion_answer_take(struct vault *v, const char *id, const struct deletion_answer *answer, const char *state, struct err *e)
{
	struct answering x = {answer, state};

	return document_edit(v, &type, id, deletion_answer_write, &x, e);
}

int deletion_answered(struct vault *v, const char *id, const struct deletion_answer *answer, struct err *e)
{
	return deletion_answer_take(v, id, answer, answer->outcome == DELETION_GONE ? deleted : NULL, e);
}

static int due_write(void *arg, const struct vault_record *r, cJSON *body, struct document_change *change, struct err *e)
{
	(void)arg;
	(void)r;
	(void)change;
	return json_put_time(body, "next", when_now()) ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

int deletion_due_now(struct vault *v, const char *id, struct err *e)
{
	return document_edit(v, &type, id, due_write, NULL, e);
}

// ---- asking ----

// Of two at once the second finds that it is not due any more.
static int attempt_write(void *arg, const struct vault_record *r, cJSON *body, struct document_change *change, struct err *e)
{
	const unsigned before = *(const unsigned *)arg;

	(void)change;
	if (is_over(r->state) || (unsigned)json_number(body, "attempts", 0) != before)
		return err_set(e, ERR_NOT_FOUND, "somebody else asks for it");
	cJSON_DeleteItemFromObjectCaseSensitive(body, "attempts");
	return json_put(body,
			JSON_MEMBERS(MEMBER_TIME("first", before > 0 ? 0 : json_time(body, "next")), MEMBER_NUMBER("attempts", before + 1),
				     MEMBER_TIME("next", when_now() + outbox_pause(before + 1))))
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory");
}

struct deletion_running {
	const struct deletion_way *way;
	struct deletion_sum *out;
	cJSON *down; // ids of the processors that did not answer, or said that they do not do it now
	bool now;
};

// Its time is over, or nobody is to ask any more. What had been confirmed before is deleted all the same.
static int deletion_end(struct vault *v, const struct deletion_row *row, const struct deletion_answer *answer, const char *by,
			struct err *e)
{
	if (row->deleted != 0)
		return deletion_answer_take(v, row->id, &(struct deletion_answer){0}, deleted, e);
	if (deletion_answer_take(v, row->id, answer, deletion_expired, e) != 0)
		return -1;
	request_told(v, row, EVENT_VENDOR_KEPT, by);
	return 0;
}

static bool is_last_moment(const struct vault_record *r)
{
	return r->due != 0 && r->due <= when_now() + LAST_MOMENTS;
}

static int deletion_try(struct vault *v, const char *id, const struct deletion_running *run, struct err *e)
{
	struct vault_record r;
	JSON_AUTO cJSON *body = document_read(v, &type, id, &r, e);
	struct deletion_answer answer = {0};
	int ret = -1;

	if (body == NULL)
		return -1;
	struct deletion_row row = deletion_row_of(&r, body);
	if (is_over(r.state)) {
		ret = err_set(e, ERR_NOT_FOUND, "deletion %s was answered", id);
	} else if (is_last_moment(&r)) {
		ret = deletion_end(v, &row, &answer, "site", e);
		*(row.deleted != 0 ? &run->out->deleted : &run->out->expired) += ret == 0;
		row.failure = row.deleted != 0 ? "" : deletion_expired;
		if (ret == 0 && row.canary)
			run->way->drilled(run->way->arg, &row);
	} else if (json_get(run->down, row.processor) != NULL || (!run->now && row.next > when_now())) {
		run->out->waiting++;
		ret = 0;
	} else if (document_edit(v, &type, id, attempt_write, &row.attempts, e) == 0) {
		run->way->ask(run->way->arg, &row, &answer);
		const bool gone = answer.outcome == DELETION_GONE;
		if (answer.outcome == DELETION_REFUSED ||
		    (answer.outcome == DELETION_LATER && (answer.status == 0 || answer.status == 429 || answer.status >= 500)))
			cJSON_AddTrueToObject(run->down, row.processor);
		ret = deletion_answered(v, id, &answer, e);
		*(gone ? &run->out->deleted : &run->out->waiting) += ret == 0;
		if (ret == 0 && gone)
			request_told(v, &row, EVENT_VENDOR_DELETED, "site");
		row.deleted = gone ? when_now() : 0;
		row.status = answer.status;
		row.attempts++;
		row.failure = answer.failure;
		if (ret == 0 && row.canary)
			run->way->drilled(run->way->arg, &row);
	}
	vault_record_free(&r);
	return ret;
}

struct deletion_noting {
	struct buf ids; // each with its NUL
	struct deletion_sum *out;
	bool now;
};

// What is not due keeps nobody waiting.
static int deletion_id_note(void *arg, const struct vault_record *r)
{
	struct deletion_noting *x = arg;
	JSON_AUTO cJSON *body = r->unreadable ? NULL : json_parse(buf_text(&r->body), r->body.len, NULL);

	if (r->unreadable || is_over(r->state))
		return 0;
	if (!x->now && !is_last_moment(r) && json_time(body, "next") > when_now())
		x->out->waiting++;
	else
		buf_add(&x->ids, r->id, sizeof r->id);
	return x->ids.failed;
}

int deletion_run(struct vault *v, const char *id, bool now, const struct deletion_way *way, struct deletion_sum *out, struct err *e)
{
	struct deletion_noting noted = {.ids = BUF_INIT(IDS_BYTES), .out = out, .now = now};
	JSON_AUTO cJSON *down = cJSON_CreateObject();
	const struct deletion_running run = {way, out, down, now};
	const time_t until = when_now() + RUN_SECONDS;
	struct err failed = {0};

	*out = (struct deletion_sum){0};
	if (id != NULL)
		buf_add(&noted.ids, id, RECORD_ID_LEN + 1);
	else
		(void)vault_each(v, KIND_DELETION, unanswered, deletion_id_note, &noted, &failed);
	if (down == NULL || noted.ids.failed)
		err_set(&failed, ERR_MEMORY, "no memory");
	for (size_t at = 0; at + RECORD_ID_LEN < noted.ids.len && down != NULL && !vault_broken(v); at += RECORD_ID_LEN + 1) {
		struct err why = {0};
		if (when_now() >= until)
			out->waiting++;
		else if (deletion_try(v, noted.ids.data + at, &run, &why) != 0 && (id != NULL || why.code != ERR_NOT_FOUND) &&
			 failed.code == ERR_NONE)
			failed = why; // the others are asked for all the same
	}
	buf_free(&noted.ids);
	return failed.code == ERR_NONE ? 0 : err_set(e, failed.code, "%s", failed.text);
}

// ---- what there is ----

struct deletion_walk {
	int (*each)(void *arg, const struct deletion_row *row);
	void *arg;
};

static int deletion_walk_one(void *arg, const struct vault_record *r)
{
	const struct deletion_walk *w = arg;
	JSON_AUTO cJSON *body = r->unreadable ? NULL : json_parse(buf_text(&r->body), r->body.len, NULL);
	const struct deletion_row row = deletion_row_of(r, body);

	return w->each(w->arg, &row);
}

int deletion_each(struct vault *v, bool all, int (*each)(void *arg, const struct deletion_row *row), void *arg, struct err *e)
{
	struct deletion_walk w = {each, arg};

	return vault_each(v, KIND_DELETION, all ? NULL : unanswered, deletion_walk_one, &w, e);
}

int deletion_drop(struct vault *v, const char *id, const char *by, struct err *e)
{
	struct vault_record r;
	JSON_AUTO cJSON *body = document_read(v, &type, id, &r, e);
	const struct deletion_answer answer = {.failure = "dropped"};

	if (body == NULL)
		return -1;
	const struct deletion_row row = deletion_row_of(&r, body);
	const int ret =
	    is_over(r.state) ? err_set(e, ERR_NOT_FOUND, "deletion %s was answered", id) : deletion_end(v, &row, &answer, by, e);
	vault_record_free(&r);
	return ret;
}

// ---- an erasure ----

struct asking_again {
	cJSON *ids;
	const char *request;
	bool pictures, no_memory; // a set of this receipt there is, or was
};

static void again_record(void *arg, const struct vault_record *r)
{
	struct asking_again *x = arg;

	x->pictures = x->pictures || r->kind == KIND_ARCHIVE;
	if (r->kind == KIND_DELETION && !r->over && !r->unreadable)
		x->no_memory = !cJSON_AddItemToArray(x->ids, cJSON_CreateString(r->id)) || x->no_memory;
}

static int again_row(void *arg, const struct subject_log_row *row)
{
	((struct asking_again *)arg)->pictures |= row->of_visit;
	return 0;
}

static int again_write(void *arg, const struct vault_record *r, cJSON *body, struct document_change *change, struct err *e)
{
	const struct asking_again *x = arg;

	(void)r;
	const bool asked = json_number(body, "attempts", 0) > 0 || json_get(body, "deleted") != NULL;
	cJSON_DeleteItemFromObjectCaseSensitive(body, "attempts");
	// What nobody was asked for yet is not due before its time: the work goes on, or the vendor has said when it deletes.
	if (asked)
		json_put_time(body, "next", when_now());
	cJSON_DeleteItemFromObjectCaseSensitive(body, "first");
	change->state = unanswered;
	change->clear = LIFE_BIT(LIFE_CLOSED);
	change->ledger = DELETION_EVENT;
	details_of(&change->details, json_string(body, "processor"), "asked-again", 0);
	return member_drop_set(body, "request", x->request) && json_put_time(body, "again", when_now())
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory");
}

// The addresses of everything that a set of this receipt may have had.
static void purge_addresses(struct buf *out, const struct policy *p, const char *receipt)
{
	char zip[TOKEN_LEN + 1], pictures[TOKEN_LEN + 1];
	const char *web = p->controller.web;
	const size_t len = strlen(web);
	const char *between = len > 0 && web[len - 1] == '/' ? "" : "/";

	archive_token_both(zip, pictures, receipt);
	buf_printf(out, "%s%sdownloads/%s.zip", web, between, zip);
	for (unsigned i = 1; i <= IMAGES_MAX; i++)
		buf_printf(out, "\n%s%spictures/%s-%u\n%s%spictures/%s-%ut", web, between, pictures, i, web, between, pictures, i);
}

static int deletion_purge(struct vault *v, const char *receipt, const char *request, struct err *e)
{
	const struct policy *p = vault_policy(v);
	const struct policy_processor *a = policy_processor(p, PURGED_BY);
	const kind_set kinds = a != NULL ? policy_processor_receives(a, when_now()) & (KIND_BIT(KIND_IMAGE) | KIND_BIT(KIND_ARCHIVE)) : 0;
	BUF_AUTO_WIPE struct buf addresses = BUF_INIT(DELETION_REFERENCE_MAX);
	char id[RECORD_ID_LEN + 1];
	struct err why = {0};

	if (kinds == 0 || p->controller.web == NULL || setting("CLOUDFLARE_ZONE_ID", NULL) == NULL)
		return 0;
	purge_addresses(&addresses, p, receipt);
	const struct deletion_new purge = {.processor = PURGED_BY,
					   .reference = buf_text(&addresses),
					   .kinds = kinds,
					   .subject = receipt,
					   .request = request,
					   .next = when_now(),
					   .once = true};
	return deletion_add(v, &purge, id, &why) == 0 || why.code == ERR_BUSY ? 0 : err_set(e, why.code, "%s", why.text);
}

static int again_one(struct vault *v, const struct erase_selector *who, const char *request, struct err *e)
{
	JSON_AUTO cJSON *ids = cJSON_CreateArray();
	const struct subject_walk walk = {.record = again_record, .log_row = who->by == ERASE_RECEIPT ? again_row : NULL};
	struct asking_again x = {.ids = ids, .request = request};
	struct subject_result missed;
	struct err failed = {0};
	const cJSON *id;

	if (vault_subject(v, who->by, who->value, &walk, &x, &missed, e) != 0)
		return -1;
	if (x.no_memory)
		return err_set(e, ERR_MEMORY, "no memory");
	cJSON_ArrayForEach(id, ids)
	{
		struct err why = {0};
		if (document_edit(v, &type, id->valuestring, again_write, &x, &why) != 0 && why.code != ERR_NOT_FOUND)
			failed = why;
	}
	if (who->by == ERASE_RECEIPT && x.pictures)
		(void)deletion_purge(v, who->value, request, &failed);
	return failed.code == ERR_NONE ? 0 : err_set(e, failed.code, "%s", failed.text);
}

int deletion_ask_again(struct vault *v, const struct erase_selector *list, size_t count, const char *request, struct err *e)
{
	struct err failed = {0};
	bool released = false;

	for (size_t i = 0; i < count && deletion_kept(vault_policy(v)); i++) {
		struct err why = {0};
		int ret = again_one(v, &list[i], request, &why);
		if (ret != 0 && why.code == ERR_FULL && !released) {
			released = true;
			why = (struct err){0};
			vault_space_reserve(v, false);
			ret = again_one(v, &list[i], request, &why);
		}
		failed = ret != 0 ? why : failed;
	}
	if (released)
		vault_space_reserve(v, true);
	return failed.code == ERR_NONE ? 0 : err_set(e, failed.code, "%s", failed.text);
}
