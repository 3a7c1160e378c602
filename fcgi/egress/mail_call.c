// SPDX-License-Identifier: ISC
// A mail: to a vendor with an API for it, as a call like any other (mail_post()), or to a mail server. libcurl's SMTP waits within a call for the answer to a mail's end, and for the server's good-bye (7.88, and still so in 2025): the loop would stand
// still for every visitor meanwhile. So each mail has a thread, which shares nothing with the loop but a struct of its own.
#include "fcgi/egress/caller.h"
#include "fcgi/egress/message.h"
#include "fcgi/egress/resend.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/file.h"
#include "policy/base/mail_address.h"
#include "policy/base/when.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	MAILS_MAX = 8, // at once
	CONNECT_MS = 10 * 1000,
	ANSWER_SECONDS = 100,
	LATER = 400,
	NEVER = 500,
	STACK = 512 * 1024,
};

// One transfer. The thread has it until it writes to the descriptor, then the loop.
struct mail_transfer {
	struct watch watch;
	struct egress *egress;
	struct mail_call *call; // NULL: its caller left
	CURL *easy;
	struct curl_slist recipient;
	char to[MAIL_ADDRESS_SIZE + 2], from[MAIL_ADDRESS_SIZE + 2];
	struct buf message;
	size_t read;
	atomic_bool stop;
	CURLcode result;
	long status; // of the server's last answer
	bool connected;
};

struct mail_call {
	struct call_work work;
	struct caller *caller;
	struct upstream *upstream;
	struct mail_transfer *transfer;
};

static size_t message_read(char *to, size_t one, size_t most, void *arg)
{
	struct mail_transfer *t = arg;
	size_t len = t->message.len - t->read < one * most ? t->message.len - t->read : one * most;
	memcpy(to, t->message.data + t->read, len);
	t->read += len;
	return len;
}

static int mail_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return ((struct mail_transfer *)arg)->stop;
}

static size_t answer_ignore(char *bytes, size_t one, size_t len, void *arg)
{
	(void)bytes;
	(void)arg;
	return one * len;
}

static void *mail_thread(void *arg)
{
	struct mail_transfer *t = arg;
	CURL *easy = t->easy;
	const uint64_t done = 1;
	curl_off_t before = 0;
	t->result = curl_easy_perform(easy);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &t->status);
	curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &before);
	t->connected = before > 0;
	if (write(t->watch.fd, &done, sizeof done) != (ssize_t)sizeof done)
		abort(); // the loop would never know
	// From here on the transfer is the loop's. The good-bye may take as long as the server likes.
	curl_easy_cleanup(easy);
	return NULL;
}

static void mail_release(struct watch *w)
{
	struct mail_transfer *t = LOOP_OWNER(w, struct mail_transfer, watch);
	buf_wipe(&t->message);
	explicit_bzero(t, sizeof *t);
	free(t);
}

static enum egress_failure mail_failure(const struct mail_transfer *t)
{
	if (t->result == CURLE_OK)
		return FAILURE_NONE;
	if (t->result == CURLE_LOGIN_DENIED || t->status == 530 || t->status == 535)
		return FAILURE_LOGIN;
	// What a server says while it is being asked to take this very mail; what it says before that is about us, and may pass.
	if (t->result == CURLE_SEND_ERROR || t->result == CURLE_WEIRD_SERVER_REPLY) {
		if (t->status >= NEVER && (t->result == CURLE_SEND_ERROR || t->read > 0))
			return FAILURE_MAIL_REFUSED;
		if (t->status >= LATER)
			return FAILURE_MAIL_LATER;
	}
	return egress_failure_of(t->result, t->connected);
}

// The thread has ended its transfer.
static void mail_ended(struct watch *w, uint32_t events)
{
	(void)events;
	struct mail_transfer *t = LOOP_OWNER(w, struct mail_transfer, watch);
	struct egress *g = t->egress;
	struct mail_call *m = t->call;
	enum egress_failure f = mail_failure(t);
	g->mails--;
	if (m != NULL) {
		m->transfer = NULL;
		m->upstream->traffic.bytes_sent += t->read;
		m->upstream->traffic.failures += f != FAILURE_NONE;
		g->traffic_changed = true;
		cJSON *head = f == FAILURE_NONE ? cJSON_CreateObject() : NULL;
		cJSON_AddNumberToObject(head, "status", (double)t->status);
		if (f == FAILURE_NONE)
			caller_reply(m->caller, head, NULL);
		else
			caller_refuse(m->caller, f);
	}
	loop_close_watched(&g->loop, w);
}

static void mail_due(struct call_work *w)
{
	caller_refuse(LOOP_OWNER(w, struct mail_call, work)->caller, FAILURE_SLOW);
}

static void mail_free(struct call_work *w)
{
	struct mail_call *m = LOOP_OWNER(w, struct mail_call, work);
	if (m->transfer != NULL) { // it goes on without us until it notices
		m->transfer->call = NULL;
		m->transfer->stop = true;
	}
	free(m);
}

static enum egress_failure mail_begin(struct mail_transfer *t, const struct upstream *u, const char *file, unsigned deadline_ms)
{
	const char *domain = strrchr(t->from, '@') + 1;
	char url[1024];
	pthread_attr_t attributes;
	pthread_t thread;
	CURL *h = t->easy = curl_easy_init();
	size_t base = strlen(u->base);
	while (base > 0 && u->base[base - 1] == '/')
		base--;
	// Behind the host stands who we say that we are: not this machine's name.
	snprintf(url, sizeof url, "%.*s/%.*s", (int)base, u->base, (int)strcspn(domain, ">"), domain);
	t->recipient.data = t->to;
	bool ok =
	    h != NULL && curl_easy_setopt(h, CURLOPT_URL, url) == CURLE_OK && curl_easy_setopt(h, CURLOPT_MAIL_FROM, t->from) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_MAIL_RCPT, &t->recipient) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_USE_SSL, (long)(u->mail.plain ? CURLUSESSL_NONE : CURLUSESSL_ALL)) == CURLE_OK &&
	    (u->mail.password == NULL || (curl_easy_setopt(h, CURLOPT_USERNAME, u->mail.user) == CURLE_OK &&
					  curl_easy_setopt(h, CURLOPT_PASSWORD, u->mail.password) == CURLE_OK)) &&
	    curl_easy_setopt(h, CURLOPT_CAINFO, file) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK && curl_easy_setopt(h, CURLOPT_PROXY, "") == CURLE_OK;
	if (ok) {
		curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(h, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
		curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->message.len);
		curl_easy_setopt(h, CURLOPT_READFUNCTION, message_read);
		curl_easy_setopt(h, CURLOPT_READDATA, t);
		curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, answer_ignore);
		curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, answer_ignore);
		curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, mail_progress);
		curl_easy_setopt(h, CURLOPT_XFERINFODATA, t);
		curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
		curl_easy_setopt(h, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)ANSWER_SECONDS);
		curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)deadline_ms);
		ok = pthread_attr_init(&attributes) == 0;
	}
	if (ok) {
		ok = pthread_attr_setstacksize(&attributes, STACK) == 0 &&
		     pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
		     pthread_create(&thread, &attributes, mail_thread, t) == 0;
		pthread_attr_destroy(&attributes);
	}
	if (!ok)
		curl_easy_cleanup(h);
	return ok ? FAILURE_NONE : FAILURE_MEMORY;
}

// Whether the policy lets the mail go; else it has been refused.
static struct upstream *mail_admit(struct caller *c, const struct egress_call *call)
{
	char words[256];
	struct upstream *u = upstream_find(&c->egress->upstreams, call->processor);
	kind_set left = u != NULL ? call->kinds & (~policy_processor_receives(u->declared, when_now()) | u->declared->never_kinds) : 0;
	kind_set_words(words, sizeof words, left);
	if (u == NULL)
		caller_refuse_with(c, FAILURE_UNDECLARED, "The policy declares no processor \"%.64s\".", call->processor);
	else if ((u->declared->roles & POLICY_BIT(ROLE_MAIL)) == 0)
		caller_refuse_with(c, FAILURE_UNDECLARED, "The policy does not have \"%s\" deliver mail.", u->declared->id);
	else if (u->facts == NULL || u->base == NULL || (!u->facts->smtp && processor_mail_route(u->facts) == NULL))
		caller_refuse_with(c, FAILURE_NOT_CONFIGURED, "\"%s\" is not set up on this machine: set %s.", u->declared->id,
				   u->facts == NULL || u->facts->smtp ? "SMTP_URL" : u->facts->key);
	else if (left != 0)
		caller_refuse_with(c, FAILURE_KIND, "The policy does not share this with \"%s\": %s.", u->declared->id, words);
	else if (call->kinds == 0)
		caller_refuse(c, FAILURE_KIND);
	else if (c->egress->mails >= MAILS_MAX || c->egress->under_way > c->egress->settings.calls)
		caller_refuse(c, FAILURE_CALLS);
	else if (!upstream_affords(u, when_now(), c->egress->settings.daily, 0))
		caller_refuse(c, FAILURE_BUDGET);
	else {
		upstream_spend(u, 0);
		c->egress->traffic_changed = true;
		return u;
	}
	return NULL;
}

// By the vendor's API: the text that came with the call becomes the body of its request.
static void mail_post(struct caller *c, const struct egress_call *call, const struct upstream *u, const struct message *message)
{
	const struct processor_route *route = processor_mail_route(u->facts);
	struct buf body = BUF_INIT(MESSAGE_MAX);
	struct err e = {0};
	if (resend_write(&body, message, &e) != 0) {
		buf_wipe(&body);
		caller_refuse_with(c, FAILURE_MAIL, "%s", e.text);
		return;
	}
	buf_wipe(&c->call.bytes);
	c->call.bytes = body;
	c->call.body = body.data;
	c->call.body_len = body.len;
	processor_call_begin(c, &(struct egress_call){.op = EGRESS_MAIL,
						      .processor = call->processor,
						      .method = route->method,
						      .path = route->path,
						      .content_type = "application/json",
						      .kinds = call->kinds,
						      .deadline_ms = call->deadline_ms,
						      .repeatable = true, // it has a key by which the vendor knows it
						      .id = call->id});
}

void mail_call_begin(struct caller *c, const struct egress_call *call)
{
	static const struct call_work_type type = {mail_due, NULL, NULL, mail_free};
	struct egress *g = c->egress;
	const struct policy *p = g->policy;
	struct upstream *u = mail_admit(c, call);
	char to[MAIL_ADDRESS_SIZE], from[MAIL_ADDRESS_SIZE];
	BUF_AUTO_WIPE struct buf text = BUF_INIT(MESSAGE_MAX);
	struct err e = {0};
	if (u == NULL)
		return;
	const struct message message = {.from = from,
					.from_name = p->shown_as,
					.to = to,
					.subject = call->subject,
					.id = call->id,
					.at = when_now(),
					.text = c->call.body_len > 0 ? c->call.body : "",
					.len = c->call.body_len};
	if (mail_address_read(from, p->contact, &e) != 0 || mail_address_read(to, call->to, &e) != 0 ||
	    (u->facts->smtp && message_write(&text, &message, &e) != 0)) {
		caller_refuse_with(c, FAILURE_MAIL, "%s", e.text);
		return;
	}
	if (!u->facts->smtp) {
		mail_post(c, call, u, &message);
		return;
	}
	struct mail_call *m = calloc(1, sizeof *m);
	struct mail_transfer *t = calloc(1, sizeof *t);
	if (m != NULL && t != NULL) {
		*m = (struct mail_call){.work.type = &type, .caller = c, .upstream = u, .transfer = t};
		*t = (struct mail_transfer){
		    .watch = {.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = mail_ended, .release = mail_release},
		    .egress = g,
		    .call = m,
		    .message = text};
		text = BUF_INIT(MESSAGE_MAX);
		snprintf(t->to, sizeof t->to, "<%s>", to);
		snprintf(t->from, sizeof t->from, "<%s>", from);
		c->work = &m->work;
		if (t->watch.fd >= 0 && loop_watch(&g->loop, &t->watch, EPOLLIN) == 0) {
			if (mail_begin(t, u, g->trust.file, call->deadline_ms) == FAILURE_NONE) {
				g->mails++;
				u->traffic.requests++;
				u->traffic.kinds |= call->kinds;
				return;
			}
			m->transfer = NULL;
			loop_close_watched(&g->loop, &t->watch); // which releases it
			t = NULL;
		}
	}
	if (t != NULL) {
		if (m != NULL)
			m->transfer = NULL;
		if (t->watch.fd >= 0 && t->egress != NULL)
			fd_close(&t->watch.fd);
		mail_release(&t->watch);
	}
	if (m != NULL && c->work != &m->work)
		free(m);
	caller_refuse(c, FAILURE_MEMORY);
}
