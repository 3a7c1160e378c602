// SPDX-License-Identifier: ISC
// The calls that egress takes, as frames of ipc/frame.h on $LETHE_RUN/egress.sock.
//
// For a processor, head: {"op":"send","processor":"azure-openai","method":"POST","path":"/openai/v1/images/generations",
//                       "headers":{"content-type":"application/json"},"kinds":["prompt"],"deadline_ms":90000,"repeatable":true,
//                       "stream":true}
//   body: the bytes to send. Egress adds the key, the base URL and the headers of the vendor's row. `path` may also be a whole URL on another
//   of the vendor's hosts, where a result is. Method, path and query must be a route of the row (policy/processors/processors.json).
//   `stream`: an answer with the status 200 comes as a streamed body (frame.h). What broke off and is asked for again is taken back first.
// For a page, head:     {"op":"page","url":"https://…","deadline_ms":15000}
//   and where a page that was fetched sends its visitors: {…,"url":"/as/it/says","from":"its address","followed":1}, with how many redirects
//   led so far (`attempts` of its reply), which count.
// For a mail, head:     {"op":"mail","processor":"smtp","kinds":["outbox"],"to":"recipient@host.example","subject":"…","id":"32 hex digits",
//                       "deadline_ms":60000}
//   body: its text, UTF-8. Egress says who sends it, as the policy does. Reply: {"status":250}, or of the codes below also bad-mail, login (the server
//   does not take our user and password), mail-later (it asks for another attempt), mail-refused (it will never take this mail), and of a service
//   with an API mail-unsure, mail-sender, mail-quota, mail-differs, with "retry_after_ms" beside the code where it said when to come again; what the
//   server said is told to nobody, as it repeats addresses.
// For an address that opens an object of an object storage for a while, head: {"op":"link","processor":"cloudflare-r2","path":"/temporary/NAME","seconds":600}
//   Nothing is sent. Reply: {"status":200}, body: the address.
// Status, head:        {"op":"status"}
//
// Reply head on success: {"status":200,"type":"application/json","region":"swedencentral"|absent,"attempts":1,"sent":1234,
//                         "url":"final URL of a page"}   body: what came back (decoded).
//   `status` is the upstream's HTTP status whatever it is; the provider's own errors are for the provider code to read.
// Reply head on failure: {"error":{"code":"…","detail":"one line that helps"}} with code one of
//   bad-call (its head is not as described here)  undeclared-processor (also for pages, where the policy fetches none)  host-not-allowed
//   path-not-allowed (no route of the vendor's row)  flags-missing (the body lacks what the route always says: no storing, no training)
//   member-not-allowed (the body holds a member that the route's `members` do not name)
//   kind-not-shared  field-not-shared (the policy names the fields of the kind, and the call has another)  not-configured  region-mismatch  breaker-open  budget
//   address-forbidden  bad-url  unresolvable  unreachable  tls  timeout  too-large  not-html  empty-page  redirects  http-status  truncated
// Status reply: {"processors":[{"id","configured","host","region_seen","breaker":"closed|open|half-open","requests","bytes_sent",
//                "failures","region_mismatches","masked","billed","spent_today","limits":{"calls","money","minute","at_once"},"kinds":[…]}],"pages":{"requests","refused"},"testing":false}
#ifndef LETHE_IPC_EGRESS_CALL_H
#define LETHE_IPC_EGRESS_CALL_H

#include "policy/base/err.h"
#include "policy/model/kind.h"
#include <cjson/cJSON.h>
#include <stdbool.h>

// Heads for the five; the caller frees. NULL when memory is gone.
cJSON *egress_send_head(const char *processor, const char *method, const char *path, const char *content_type, kind_set kinds,
			unsigned deadline_ms, bool repeatable, bool stream);
cJSON *egress_page_head(const char *url, unsigned deadline_ms);
cJSON *egress_page_next_head(const char *url, const char *from, unsigned followed, unsigned deadline_ms);
cJSON *egress_mail_head(const char *processor, kind_set kinds, const char *to, const char *subject, const char *id, unsigned deadline_ms);
cJSON *egress_link_head(const char *processor, const char *path, unsigned seconds);
cJSON *egress_status_head(void);

enum egress_op { EGRESS_SEND, EGRESS_PAGE, EGRESS_MAIL, EGRESS_LINK, EGRESS_STATUS };
struct egress_call {
	enum egress_op op;
	unsigned deadline_ms;                  // 0: not said
	const char *processor, *method, *path; // NULL: not said
	const char *content_type, *accept;     // printable ASCII; NULL: not said
	kind_set kinds;
	const char *kind_names[KIND_COUNT + 1]; // the same as words
	bool repeatable, stream;
	const char *url, *from; // from: NULL: not said
	unsigned followed, seconds;
	const char *to, *subject, *id; // of a mail
};
// What a head asks for; the texts stay the head's. ERR_INPUT: it is not as described above.
int egress_call_read(struct egress_call *out, const cJSON *head, struct err *e);

#endif
