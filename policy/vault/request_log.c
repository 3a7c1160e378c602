// SPDX-License-Identifier: ISC
// The request log: a place and a key for each UTC day. A row taken at a time always goes to that time's day. The key is committed before the day
// is begun.
#include "policy/vault/request_log.h"
#include "policy/base/text.h"
#include "policy/vault/clock_guard.h"
#include "policy/vault/commit.h"
#include "policy/vault/key.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS_MAX = 64, AGENT_MAX = 1024 };
static const char hash_key_label[] = "request-log look-up";

// Two ways to write one address must be found by either.
static void canonical(char out[ADDRESS_MAX], const char *address)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, address, &four) == 1) {
		inet_ntop(AF_INET, &four, out, ADDRESS_MAX);
	} else if (inet_pton(AF_INET6, address, &six) == 1) {
		if (IN6_IS_ADDR_V4MAPPED(&six))
			inet_ntop(AF_INET, &six.s6_addr[12], out, ADDRESS_MAX);
		else
			inet_ntop(AF_INET6, &six, out, ADDRESS_MAX);
	} else {
		snprintf(out, ADDRESS_MAX, "%s", address);
	}
}

int request_log_hashes_of(const struct vault *v, struct key_page *keys, const char *day, const char *address, const uint8_t *subject,
			  struct request_log_hashes *out, struct data_key *key, struct err *e)
{
	struct data_key DATA_KEY_AUTO own = {0};
	uint8_t hash_key[KEY_LEN];
	char text[ADDRESS_MAX];

	key = key != NULL ? key : &own;
	if (key_next(v, kind_row(KIND_REQUEST_LOG)->name, day, keys, key, e) != 0)
		return -1;
	keyed_hash(hash_key, key->bytes, hash_key_label, NULL, 0);
	if (address != NULL) {
		canonical(text, address);
		keyed_hash(out->address, hash_key, "address", text, strlen(text));
	}
	if (subject != NULL) // over its look-up hash, so that a record leads to its log rows without the clear receipt
		keyed_hash(out->receipt, hash_key, "receipt", subject, HASH_LEN);
	wipe(hash_key, sizeof hash_key);
	return 0;
}

// ---- the day that is written ----

// Others of the process may write records meanwhile: so that lane is entered too.
static int make_day_key(struct vault *v, const char *kind, const char *day, struct data_key *out, struct err *e)
{
	struct op op;

	if (commit_alone_in(v, LANE_RECORDS, &op, e) != 0)
		return -1;
	int ret = transaction_end(v, LANE_RECORDS, key_obtain(v, kind, day, out, e), e);
	commit_release_in(v, &op);
	return ret;
}

// Again whenever a key was committed since, as that of the day may have been destroyed by who pruned it.
static int take_day(struct vault *v, const char *day, struct err *e)
{
	const char *kind = kind_row(KIND_REQUEST_LOG)->name;
	struct data_key DATA_KEY_AUTO key = {0};
	struct store_stamp now;
	struct err why = {0};

	if (!v->b->upkeep->stamp(v->store, &now))
		now = (struct store_stamp){0};
	else if (strcmp(v->log.day, day) == 0 && memcmp(&v->log.stamp, &now, sizeof now) == 0)
		return 0;
	if (key_find(v, VIEW_COMMITTED, kind, day, &key, &why) != 0 &&
	    (why.code != ERR_NOT_FOUND || make_day_key(v, kind, day, &key, &why) != 0))
		return err_set(e, why.code, "%s", why.text);
	memcpy(v->log.key, key.bytes, KEY_LEN);
	keyed_hash(v->log.hash_key, v->log.key, hash_key_label, NULL, 0);
	snprintf(v->log.day, sizeof v->log.day, "%s", day);
	v->log.stamp = now;
	return 0;
}

const struct commit_hooks request_log_hooks = {.prepare = take_day};

// ---- appending ----

struct request_log_pending {
	struct request_log_row row;
	time_t at;
	struct op op;
};

// What stands beside a body in clear is bound to it: it cannot be given to another row.
void request_log_context(char out[LOG_CONTEXT_MAX], const char *day, const struct log_row *row)
{
	char address[2 * LOG_HASH_LEN + 1], receipt[2 * LOG_HASH_LEN + 1] = "";

	hex_encode(address, row->address, LOG_HASH_LEN);
	if (row->has_receipt)
		hex_encode(receipt, row->receipt, LOG_HASH_LEN);
	snprintf(out, LOG_CONTEXT_MAX, "request-log|%s|%lld|%s|%s", day, (long long)row->at, address, receipt);
}

static int run_line(struct vault *v, void *arg, struct err *e)
{
	const struct request_log_pending *p = arg;
	const char *agent = p->row.user_agent == NULL ? "" : p->row.user_agent;
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(ADDRESS_MAX + AGENT_MAX + 2);
	struct buf body BUF_AUTO = BUF_INIT(ADDRESS_MAX + AGENT_MAX + 2 + SEAL_OVERHEAD);
	struct log_row row = {.day = v->log.day, .at = p->at, .has_receipt = p->row.receipt != NULL};
	uint8_t hash[HASH_LEN], subject[HASH_LEN];
	char context[LOG_CONTEXT_MAX], address[ADDRESS_MAX];

	canonical(address, p->row.address);
	keyed_hash(hash, v->log.hash_key, "address", address, strlen(address));
	memcpy(row.address, hash, LOG_HASH_LEN);
	if (row.has_receipt) {
		key_lookup_hash(v, subject, "subject", p->row.receipt);
		keyed_hash(hash, v->log.hash_key, "receipt", subject, HASH_LEN);
		memcpy(row.receipt, hash, LOG_HASH_LEN);
	}
	buf_add(&plain, address, strlen(address) + 1);
	if (buf_add(&plain, agent, strnlen(agent, AGENT_MAX)) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	request_log_context(context, v->log.day, &row);
	if (seal(v->log.key, context, plain.data, plain.len, &body, e) != 0)
		return -1;
	row.body = body.data;
	row.body_len = body.len;
	return v->b->log->append(v->store, &row, e);
}

static struct request_log_pending *begin_at(struct vault *v, const struct request_log_row *row, time_t at, struct err *e)
{
	struct request_log_pending *p = NULL;

	if (v->policy->kinds[KIND_REQUEST_LOG].keep != KEEP_STORED)
		err_set(e, ERR_REFUSED, "the policy keeps no request log: nothing was stored");
	else if ((p = malloc(sizeof *p)) == NULL)
		err_set(e, ERR_MEMORY, "no memory");
	if (p == NULL)
		return NULL;
	*p = (struct request_log_pending){.row = *row, .at = at, .op = {.lane = LANE_LOG, .run = run_line, .arg = p}};
	when_date(p->op.day, at);
	if (commit_begin(v, &p->op, e) == 0)
		return p;
	free(p);
	return NULL;
}

struct request_log_pending *request_log_begin(struct vault *v, const struct request_log_row *row, struct err *e)
{
	return begin_at(v, row, when_now(), e);
}

int request_log_append_at(struct vault *v, const struct request_log_row *row, time_t at, struct err *e)
{
	struct request_log_pending *p = begin_at(v, row, at, e);

	return p != NULL ? request_log_wait(v, p, e) : -1;
}

int request_log_append(struct vault *v, const struct request_log_row *row, struct err *e)
{
	return request_log_append_at(v, row, when_now(), e);
}

int request_log_wait(struct vault *v, struct request_log_pending *p, struct err *e)
{
	int ret = commit_wait(v, &p->op, e);

	free(p);
	return ret;
}

// ---- reading ----

int request_log_days(const struct vault *v, struct log_day **out, struct err *e)
{
	int count = v->b->log->days(v->store, out, e), ret = count;

	for (int i = 0; i < count && ret >= 0; i++)
		if (v->b->log->read(v->store, &(*out)[i], e) != 0)
			ret = -1;
	return ret;
}

time_t request_log_due(const struct vault *v, time_t oldest)
{
	return life_end(v->policy, KIND_REQUEST_LOG,
			clock_guard_date(v, oldest)); // what this policy does not let be logged is due as soon as it is there
}
