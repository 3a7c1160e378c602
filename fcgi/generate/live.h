// SPDX-License-Identifier: ISC
// The sets that are being made, as far as others than the thread that makes them may see them: the events so far, the pictures that stand in
// the ZIP already, who reads along, and whether the set was cancelled. One table for the process. A set stays in it from before anything is asked of
// anyone until it is recorded or given up; so does the address that it is made for, by which it is ended when that is erased.
//
// A visitor's connection may break. The set then stays for a minute, in which he, or whoever has the receipt, may come back and read on; and again
// when that connection breaks, until it has been without a reader for five minutes in all.
//
// Everything here is guarded by one lock, which is never held while something is waited for.
#ifndef LETHE_GENERATE_LIVE_H
#define LETHE_GENERATE_LIVE_H

#include "policy/base/buf.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include "policy/vault/sealed_file.h"
#include <stdbool.h>
#include <stdint.h>

struct live;

// A picture in the ZIP of a set, or its thumbnail, whose index is LIVE_THUMBNAIL more.
enum { LIVE_THUMBNAIL = IMAGES_MAX };
struct live_picture {
	const char *type; // static; NULL: not there
	uint64_t offset, len;
};

// ---- for the thread that makes the set ----

// Enters a set, made for `address`. `visitor_fd` is the connection of the visitor whom its thread serves, `archive` the ZIP; both stay the caller's, and open
// until live_end() or live_archive_closes(). NULL: no memory, or, as *taken says, one of the same receipt is being made.
struct live *live_begin(const char *receipt, const char *address, int visitor_fd, const struct sealed_file *archive, bool *taken);
// The ZIP is not to be used any more.
void live_archive_closes(struct live *l);
// Ends what others see of it: they are told; the events go with the last reader, and at once where it was cancelled. Frees it.
void live_end(struct live *l);

// Appends one event, `data` being JSON in one line, and tells the readers. -1: no memory.
int live_event(struct live *l, const char *name, const char *data, size_t len);
const char *live_events(const struct live *l, size_t *len); // all of them, until the next is appended
void live_picture_is(struct live *l, unsigned index, struct live_picture picture);

enum live_state {
	LIVE_VISITED,   // somebody reads
	LIVE_ALONE,     // nobody does; somebody may come back: nothing new is to be begun meanwhile
	LIVE_CLOSING,   // nobody came back, or the program is about to end: the set is closed with what is there
	LIVE_CANCELLED, // it is not wanted any more
};
enum live_state live_look(struct live *l);
// Hangs up when the state may have changed: the visitor's connection while he has one. Another one after live_left() and live_look(). -1: there is
// no descriptor to be had at the moment; the maker looks again after LIVE_BLIND_MS.
enum { LIVE_BLIND_MS = 200 };
int live_wake_fd(const struct live *l);
uint64_t live_alone_until(struct live *l); // monotonic_ms() at which LIVE_ALONE is over; UINT64_MAX when it is not that
uint64_t live_look_until(struct live *l);  // monotonic_ms() at which the maker must look again; UINT64_MAX: when it is woken
// His connection broke.
void live_left(struct live *l);

// ---- for others ----

// The set of the receipt, or of the token of its pictures; NULL: none is being made. live_release() it.
struct live *live_of_receipt(const char *receipt);
struct live *live_of_pictures(const char *token);
void live_release(struct live *l);

// The ZIP, to be closed, and where the picture is in it. -1: it is not there.
int live_picture(const struct live *l, unsigned index, struct live_picture *out, struct sealed_file *file);

struct live_reader {
	struct live_reader *next;
	int wake_fd;
	size_t read; // bytes of the events
};
// Reads from after the event with this number on; 0: all. -1: the set is over, or there is no descriptor.
int live_read_begin(struct live *l, struct live_reader *r, unsigned long after);
// Appends what has come. 1: there will be nothing more; -1: no memory. wake_fd is readable when there is more.
int live_read(struct live *l, struct live_reader *r, struct buf *out);
void live_read_end(struct live *l, struct live_reader *r);

// Cancels it and waits until its maker has ended everything. -1: it has not done so in time.
int live_cancel(struct live *l, unsigned timeout_ms);
// The same with all that are being made for the address now. -1: not all have ended in time; else how many.
int live_cancel_address(const char *address, unsigned timeout_ms);
// The program is about to end: sets that nobody reads are closed.
void live_stop(void);

// How long a set may be without a reader; for tests. 0: a minute.
void live_alone_ms(unsigned ms);

#endif
