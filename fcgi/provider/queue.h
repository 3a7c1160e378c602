// SPDX-License-Identifier: ISC
// Vendors with a queue: a request is accepted and gets an id, its state is asked for until it is done, then its output is in the reply or fetched;
// what nobody waits for is cancelled, what was delivered is deleted where the vendor can do that.
#ifndef LETHE_PROVIDER_QUEUE_H
#define LETHE_PROVIDER_QUEUE_H

#include "fcgi/provider/provider.h"

// What a vendor's queue is like. Members of replies are paths: "output.task_id".
struct queue_dialect {
	const char *id, *state;     // members: the id; how it stands
	const char *waiting, *done; // words of the state, with spaces between; any other is a failure
	const char *work;           // the path of the work, up to its id; %s: the first two parts of the name of the model of pictures
	const char *poll;           // behind the id, to ask for the state
	bool result;                // the output stands at the path of the work, not in the reply that says that it is done
	const char *cancel_method, *cancel; // behind the id
	const char *remove;                 // the URL to DELETE, with %s for the id; NULL: there is none
	const char *removed; // the member of the work's state that is true when its contents are gone; NULL: it is not found then
	unsigned poll_ms;    // between two questions for the state, at most: the first come sooner
	// Reads the output: ends the task, or fetches the picture by queue_fetch().
	enum provider_step (*output)(struct provider_task *t, const cJSON *reply);
};

// Steps of a provider whose `dialect` is one of these. What is asked for is sent once: a second time, it would be done twice.
enum provider_step queue_ask(struct provider_task *t, const char *path, cJSON *body);
enum provider_step queue_reply(struct provider_task *t, const struct provider_reply *r);
enum provider_step queue_leave(struct provider_task *t, const struct provider_reply *r);
// Of provider_removal: `ask` deletes by dialect.remove; `look` asks for the output, or where `removed` is a member of the state, for that.
enum provider_step queue_remove(struct provider_task *t, const struct provider_reply *r);
enum provider_step queue_look(struct provider_task *t, const struct provider_reply *r);
// For `output`: the picture is at this URL. Ends the task where it is none.
enum provider_step queue_fetch(struct provider_task *t, const char *url);

#endif
