// SPDX-License-Identifier: ISC
#include "fcgi/egress/upstream.h"
#include "fcgi/egress/url.h"
#include "policy/base/array.h"
#include "policy/base/setting.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

enum { KEY_LINE_MAX = 4096 };

// Of the secret named so: a copy in the locked memory with `head` before it. NULL: it is not one; *e says why.
static char *key_keep(struct upstreams *u, size_t *used, const char *name, const char *head, const struct buf *key, struct err *e)
{
	char *at = u->keys + *used;
	for (size_t i = 0; i < key->len; i++)
		if ((unsigned char)key->data[i] <= 0x20 || (unsigned char)key->data[i] >= 0x7f) {
			err_set(e, ERR_INPUT, "%s holds a character that no key has", name);
			return NULL;
		}
	int len = snprintf(at, KEY_LINE_MAX, "%s%s", head, buf_text(key));
	if (len < 0 || len >= KEY_LINE_MAX || key->len == 0) {
		err_set(e, ERR_INPUT, "%s is empty or too long", name);
		return NULL;
	}
	*used += KEY_LINE_MAX;
	return at;
}

// Reads the secret, which then stands nowhere else: what stood in the environment can be read in /proc for as long as the process lives. 1: it is
// there, 0: it is not, -1: it cannot be read.
static int key_read(const char *name, struct buf *key, struct err *e)
{
	bool there = setting_secret(name, key, e) == 0;
	char *variable = getenv(name);
	if (variable != NULL) {
		explicit_bzero(variable, strlen(variable));
		unsetenv(name);
	}
	return there ? 1 : e->code == ERR_NOT_FOUND ? 0 : -1;
}

// Of an object storage: the public half of the key, and the region that signatures name. The address must lead to a bucket: what is asked for is
// then below it, whatever a program wants. 1: it is set up, 0: a setting is missing (up->missing), -1.
static int upstream_configure_s3(struct upstreams *u, size_t *used, struct upstream *up, const struct buf *secret, const char *base,
				 struct err *e)
{
	const struct processor_facts *f = up->facts;
	const char *name = processor_address_setting(f);
	BUF_AUTO_WIPE struct buf id = BUF_INIT(KEY_LINE_MAX / 2);
	int there = key_read(f->s3.key_id, &id, e);
	if (there < 0)
		return -1;
	if (base == NULL || there == 0 || secret->len == 0) {
		bool none = there == 0 && secret->len == 0 && base == NULL;
		up->missing = none ? NULL : base == NULL ? name : there == 0 ? f->s3.key_id : f->key;
		return 0;
	}
	const char *path = strstr(base, "://") != NULL ? strstr(base, "://") + 3 : base;
	path += strcspn(path, "/");
	path += strspn(path, "/");
	size_t bucket = strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789.-");
	if (f->s3.path_style ? bucket < 3 || strcmp(path + bucket, path[bucket] == '/' ? "/" : "") != 0 : *path != '\0')
		return err_set(e, ERR_INPUT, "%s must be the address of a bucket: https://%s", name,
			       f->s3.path_style ? "host.example/bucket" : "bucket.host.example, without a path");
	char region[sizeof up->traffic.region_seen];
	const char *set = f->s3.region_setting != NULL ? setting(f->s3.region_setting, NULL) : NULL;
	const char *declared = up->declared->region_count > 0 ? up->declared->regions[0].id : "us-east-1";
	up->s3.region = f->s3.region != NULL ? f->s3.region : set != NULL ? set : declared;
	upstream_region_normalise(region, sizeof region, up->s3.region);
	if (strcmp(region, up->s3.region) != 0)
		return err_set(e, ERR_INPUT, "%s is no region: it is one of lower-case letters, digits and -", f->s3.region_setting);
	if (set != NULL && !upstream_region_allowed(up, region))
		return err_set(e, ERR_REFUSED, "the policy names no region \"%.64s\" (%s) for \"%s\"", set, f->s3.region_setting,
			       up->declared->id);
	up->s3.id = key_keep(u, used, f->s3.key_id, "", &id, e);
	up->s3.secret = up->s3.id != NULL ? key_keep(u, used, f->key, "", secret, e) : NULL;
	return up->s3.secret != NULL ? 1 : -1;
}

// Without an address or without a key nothing is sent; one of them alone is an oversight, which is named.
static int upstream_configure(struct upstreams *u, size_t *used, struct upstream *up, struct err *e)
{
	const struct processor_facts *f = up->facts;
	if (f == NULL || f->built_in || !policy_processor_in_force(up->declared, when_now()) ||
	    (f->key != NULL && f->key_header == NULL && f->s3.key_id == NULL))
		return 0;
	BUF_AUTO_WIPE struct buf key = BUF_INIT(KEY_LINE_MAX / 2);
	const char *name = processor_address_setting(f);
	int there = f->key != NULL ? key_read(f->key, &key, e) : 0;
	bool keyed = there > 0;
	if (there < 0)
		return -1;
	// The vendor's own address counts once there is a key for it.
	const char *base = keyed || (name != NULL && setting(name, NULL) != NULL) ? processor_address(f) : NULL;
	bool key_needed = f->key != NULL && !f->own; // many of one's own ask for none
	if (base != NULL && url_base_check(base, up->declared, up->host, e) != 0)
		return err_prefix(e, "the setting %s does not fit the policy", name);
	if (f->s3.key_id != NULL) {
		int ready = upstream_configure_s3(u, used, up, &key, base, e);
		if (ready <= 0)
			return ready;
	} else if (keyed && base == NULL)
		up->missing = name;
	else if (base != NULL && key_needed && !keyed)
		up->missing = f->key;
	if (base == NULL || (key_needed && !keyed))
		return 0;
	for (size_t i = 0; f->own && i < up->declared->within.count && i < POLICY_WITHIN_MAX; i++)
		up->within_count += address_range_parse(&up->within[up->within_count], up->declared->within.items[i]) == 0;
	if (f->own && up->within_count == 0)
		return err_set(e, ERR_REFUSED, "the policy does not say at which addresses \"%s\" is", up->declared->id);
	up->plain = strncasecmp(base, "http:", 5) == 0;
	if (keyed && f->key_header != NULL) {
		char head[128];
		snprintf(head, sizeof head, "%s: %s", f->key_header, f->key_prefix);
		up->key.data = key_keep(u, used, f->key, head, &key, e);
		if (up->key.data == NULL)
			return -1;
	}
	up->base = base;
	return 0;
}

// A mail server. It need not ask for a password, as those on the same machine or network do not; but none travels unencrypted.
static int upstream_configure_mail(struct upstreams *u, size_t *used, struct upstream *up, struct err *e)
{
	BUF_AUTO_WIPE struct buf key = BUF_INIT(KEY_LINE_MAX / 2);
	const char *base = setting(up->facts->address, NULL), *tls = setting("SMTP_TLS", NULL);
	bool local = false, implicit = false;
	int keyed = key_read(up->facts->key, &key, e);
	up->mail.user = setting("SMTP_USER", NULL);
	if (keyed < 0)
		return -1;
	*e = (struct err){0};
	if (tls != NULL && strcmp(tls, "required") != 0 && strcmp(tls, "none") != 0)
		return err_set(e, ERR_INPUT, "SMTP_TLS is \"required\" or \"none\"");
	if (base != NULL && url_mail_check(base, up->declared, up->host, &local, &implicit, e) != 0)
		return err_prefix(e, "the setting %s does not fit the policy", up->facts->address);
	if (base == NULL)
		up->missing = keyed || up->mail.user != NULL ? up->facts->address : NULL;
	else if (!keyed != (up->mail.user == NULL))
		up->missing = keyed ? "SMTP_USER" : up->facts->key;
	if (base == NULL || up->missing != NULL)
		return 0;
	up->mail.plain = !implicit && (tls != NULL ? strcmp(tls, "none") == 0 : local);
	if (keyed && up->mail.plain && !local)
		return err_set(e, ERR_INPUT, "SMTP_TLS=none would send the password of the mail server without encryption");
	if (keyed && (up->mail.password = key_keep(u, used, up->facts->key, "", &key, e)) == NULL)
		return -1;
	up->base = base;
	return 0;
}

static struct limits *upstream_limits(void *arg, const char *id)
{
	struct upstream *u = upstream_find(arg, id);

	return u != NULL ? &u->limits : NULL;
}

int upstreams_open(struct upstreams *u, const struct policy *p, struct err *e)
{
	size_t used = 0;
	*u = (struct upstreams){.list = calloc(p->processor_count + 1, sizeof(struct upstream)), .count = p->processor_count};
	if (u->list == NULL)
		return err_set(e, ERR_MEMORY, "out of memory");
	// Settings of a vendor that this software would speak to, for a processor that the policy does not declare.
	const struct processor_facts *f;
	for (unsigned i = 0; (f = processor_facts_at(i)) != NULL; i++) {
		bool declared = !processor_built(f->ids[0]);
		for (const char *const *id = f->ids; *id != NULL; id++)
			declared = declared || policy_processor(p, *id) != NULL;
		const char *const names[] = {f->override, f->address, f->key, f->s3.key_id};
		for (size_t n = 0; !declared && n < ARRAY_LEN(names); n++)
			if (names[n] != NULL && setting(names[n], NULL) != NULL)
				return err_set(
				    e, ERR_REFUSED,
				    "%s is set, but the policy declares no processor \"%s\": declare it in %s (and announce it), or "
				    "remove the setting",
				    names[n], f->ids[0], p->file);
	}
	u->keys_size = (2 * u->count + 1) * KEY_LINE_MAX;
	void *memory = mmap(NULL, u->keys_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return err_system(e, ERR_MEMORY, errno, "memory for the keys");
	u->keys = memory;
	if (mlock(u->keys, u->keys_size) < 0)
		fprintf(stderr, "egress: WARNING: the keys' memory could not be locked: raise LimitMEMLOCK, or keep swap off\n");
	(void)madvise(u->keys, u->keys_size, MADV_DONTDUMP);
	for (size_t i = 0; i < u->count; i++) {
		struct upstream *up = &u->list[i];
		up->declared = &p->processors[i];
		up->facts = processor_facts(up->declared->id);
		bool mail = up->facts != NULL && up->facts->smtp && policy_processor_in_force(up->declared, when_now());
		up->last = &up->first;
		if ((mail ? upstream_configure_mail : upstream_configure)(u, &used, up, e) != 0)
			return -1;
	}
	const char *limits = setting("LETHE_EGRESS_LIMITS", NULL);
	return limits == NULL || limits_read(limits, upstream_limits, u, e) == 0 ? 0 : err_prefix(e, "LETHE_EGRESS_LIMITS");
}

void upstreams_close(struct upstreams *u)
{
	if (u->keys != NULL) {
		explicit_bzero(u->keys, u->keys_size);
		munmap(u->keys, u->keys_size);
	}
	free(u->list);
	*u = (struct upstreams){0};
}

struct upstream *upstream_find(struct upstreams *u, const char *id)
{
	for (size_t i = 0; i < u->count; i++)
		if (strcmp(u->list[i].declared->id, id) == 0)
			return &u->list[i];
	return NULL;
}

void upstream_region_normalise(char *out, size_t size, const char *region)
{
	size_t n = 0;
	for (; *region && n + 1 < size; region++) {
		char c = *region >= 'A' && *region <= 'Z' ? (char)(*region + 32) : *region;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')
			out[n++] = c;
	}
	out[n] = '\0';
}

bool upstream_region_allowed(const struct upstream *u, const char *normalised)
{
	char wanted[64];

	for (size_t i = 0; i < u->declared->region_count; i++) {
		upstream_region_normalise(wanted, sizeof wanted, u->declared->regions[i].id);
		if (strcmp(wanted, normalised) == 0)
			return true;
	}
	return u->declared->region_count == 0;
}

bool upstream_address_allowed(const struct upstream *u, const struct sockaddr *address, socklen_t len)
{
	static const struct address_range here[] = {{AF_INET, {127}, 8}, {AF_INET6, {[15] = 1}, 128}};
	const uint8_t *bytes = address_bytes(address, len);
	bool within = false, on_this_machine = !u->plain;

	for (size_t i = 0; bytes != NULL && i < u->within_count; i++)
		within = within || address_range_covers(&u->within[i], address->sa_family, bytes);
	for (size_t i = 0; bytes != NULL && i < ARRAY_LEN(here); i++)
		on_this_machine = on_this_machine || address_range_covers(&here[i], address->sa_family, bytes);
	return within && on_this_machine;
}

bool upstream_refuses_us(long status)
{
	return status == 401 || status == 403 || status == 404;
}

void traffic_answered(struct traffic *t, long status, time_t now)
{
	if (upstream_refuses_us(status)) {
		if (t->refusal != status)
			t->refused_since = now;
		t->refusal = status;
	} else if (status < 500 && status != 429 && status != 408) {
		t->refusal = 0;
	}
}

uint64_t upstream_cost(const struct upstream *u, const struct processor_route *r)
{
	const struct limits *l = &u->limits;
	bool either = r->bills != NULL && strcmp(r->bills, "either") == 0;

	if (r->bills == NULL)
		return 0;
	return either ? (l->picture > l->text ? l->picture : l->text) : strcmp(r->bills, "picture") == 0 ? l->picture : l->text;
}

bool upstream_affords(struct upstream *u, time_t now, uint64_t daily, uint64_t cost)
{
	struct traffic *t = &u->traffic;
	uint64_t limit = u->limits.calls > 0 ? u->limits.calls : daily;
	char day[WHEN_DATE], next[WHEN_DATE];

	when_date(day, now);
	when_date(next, now + 24 * 60 * 60);
	// A clock that is set back over midnight begins no day anew; one that was further ahead was wrong.
	if (strcmp(t->day, day) < 0 || strcmp(t->day, next) > 0) {
		memcpy(t->day, day, sizeof day);
		t->today = t->spent_today = 0;
		t->spent_told = false;
	}
	return (limit == 0 || t->today < limit) && (u->limits.money == 0 || t->spent_today + cost <= u->limits.money);
}

void upstream_spend(struct upstream *u, uint64_t cost)
{
	u->traffic.today++;
	u->traffic.spent_today += cost;
}
