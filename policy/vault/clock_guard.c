// SPDX-License-Identifier: ISC
// What is deleted, is deleted by the clock, so the clock is judged first: here and nowhere else. Every run of pruning notes the time and how
// long the machine had been up. From that follows the latest time that the next run can be sure of:
//
//	known = the time noted + how long the machine has been up since (all of its uptime, where it was started since)
//
// 1. Up to CLOCK_LEAP_MAX ahead of that the clock is believed: the machine was switched off or suspended. Farther ahead it has leapt, unless the
//    kernel says that it is synchronised (NTP). Then what is due is judged by the time that is known: it goes on with the machine, so what
//    comes due is ended on time, and nothing that the leap alone would end.
// 2. Behind that the clock went back, and is judged by all the same: what is due at an earlier time is due at the later one, too. The time
//    that is known stays, so that a machine which starts in 1970 and hears the time a minute later has not leapt.
// 3. What is dated later than the time judged by was stored while the clock was ahead. It is left and told, and all else ends.
// 4. An officer who says that the clock is right (lethe clock confirm, which the ledger records) ends each of these: the time is noted as it is,
//    what is dated later counts as made at that moment, and the ledger's own time, which never runs back else, goes on from there.
//
// A leap of up to CLOCK_LEAP_MAX that is wrong ends early what is kept for less than that; what is kept for long, as requests of data
// subjects are, it does not reach. A site that was off for longer says so until its officer confirms, or NTP does.
#include "policy/vault/clock_guard.h"
#include "policy/base/json.h"
#include "policy/vault/commit.h"
#include "policy/vault/ledger.h"
#include <stdlib.h>
#include <sys/timex.h>

enum { CLOCK_LEAP_MAX = 31 * 86400 };
static const char NOTED[] = "clock-noted", NOTED_UP[] = "clock-noted-up", CONFIRMED[] = "clock-confirmed", AHEAD[] = "clock-ahead";

// Whether the kernel's clock is synchronised, and is the one that we read.
static bool clock_synchronised(time_t now)
{
	struct timex t = {0};
	int state = adjtimex(&t);

	return state >= 0 && state != TIME_ERROR && (t.status & STA_UNSYNC) == 0 && labs((long)(t.time.tv_sec - now)) <= 2;
}

// The latest date of anything stored. 0: nothing is.
static int newest_date(const struct vault *v, time_t *out, struct err *e)
{
	struct store_survey held;
	struct log_day *days;

	if (v->b->upkeep->survey(v->store, &held, e) != 0)
		return -1;
	*out = held.ledger.newest;
	for (unsigned k = 0; k < KIND_COUNT; k++)
		*out = held.kinds[k].newest > *out ? held.kinds[k].newest : *out;
	int count = v->b->log->days(v->store, &days, e), ret = count < 0 ? -1 : 0;
	uint64_t lines = 0;
	for (int i = count - 1; i >= 0 && ret == 0 && lines == 0; i--) { // up to the last that has rows
		ret = v->b->log->read(v->store, &days[i], e);
		lines = days[i].lines;
		*out = days[i].newest > *out ? days[i].newest : *out;
	}
	free(days);
	return ret;
}

static int numbers_get(const struct vault *v, const char *first, int64_t *a, const char *second, int64_t *b, struct err *e)
{
	return v->b->upkeep->number_get(v->store, first, a, e) != 0 || v->b->upkeep->number_get(v->store, second, b, e) != 0 ? -1 : 0;
}

int vault_clock(const struct vault *v, struct clock_state *out, struct err *e)
{
	int64_t noted, noted_up, confirmed, covered;
	const time_t up = when_up(), now = when_now();
	time_t newest;

	*out = (struct clock_state){.now = now, .judged = now};
	if (numbers_get(v, NOTED, &noted, NOTED_UP, &noted_up, e) != 0 || numbers_get(v, CONFIRMED, &confirmed, AHEAD, &covered, e) != 0 ||
	    newest_date(v, &newest, e) != 0)
		return -1;
	out->known = noted + (up >= noted_up ? up - noted_up : up);
	if (noted == 0) { // no run has noted it yet: since then the machine may have been up all the time
		if (v->b->upkeep->number_get(v->store, "last_prune", &noted, e) != 0)
			return -1;
		out->known = (noted == 0 ? newest : noted) + up;
		out->known = newest == 0 || out->known > now ? now : out->known;
	}
	out->leapt = now > out->known + CLOCK_LEAP_MAX && !clock_synchronised(now);
	if (out->leapt)
		out->judged = out->known;
	out->ahead = newest > out->judged && newest > covered ? newest : 0;
	return 0;
}

static int note_time(struct vault *v, time_t at, struct err *e)
{
	return v->b->upkeep->number_set(v->store, NOTED, at, e) != 0 || v->b->upkeep->number_set(v->store, NOTED_UP, when_up(), e) != 0 ? -1
																	: 0;
}

int clock_guard_note(struct vault *v, const struct clock_state *judged, struct err *e)
{
	return note_time(v, judged->judged > judged->known ? judged->judged : judged->known, e);
}

time_t clock_guard_date(const struct vault *v, time_t date)
{
	int64_t confirmed, covered;

	return date <= when_now() || numbers_get(v, CONFIRMED, &confirmed, AHEAD, &covered, NULL) != 0 || date > covered ? date : confirmed;
}

static int confirm_clock(struct vault *v, const struct clock_state *was, const char *reason, struct err *e)
{
	const struct backend_upkeep *upkeep = v->b->upkeep;
	BUF_AUTO struct buf details = BUF_INIT(LEDGER_DETAILS_MAX);
	JSON_AUTO cJSON *o = json_make(JSON_MEMBERS(MEMBER_TIME("now", was->now), MEMBER_TIME("known", was->known)));

	if ((was->ahead > was->now && !json_put_time(o, "dated_until", was->ahead)) ||
	    !json_put(o, JSON_MEMBERS(MEMBER_TEXT("reason", reason))) || json_print(&details, o) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	const struct ledger_event event = {.name = LEDGER_CLOCK, .details = buf_text(&details)};
	if (ledger_check(&event, e) != 0)
		return -1;
	int ret = ledger_write(v, &event, NULL, e) != 0 || note_time(v, was->now, e) != 0 ? -1 : 0;
	// What an earlier confirmation covers stays as it is.
	if (ret == 0 && was->ahead > was->now)
		ret = upkeep->number_set(v->store, CONFIRMED, was->now, e) != 0 || upkeep->number_set(v->store, AHEAD, was->ahead, e) != 0
			  ? -1
			  : 0;
	return transaction_end(v, LANE_RECORDS, ret, e);
}

int vault_clock_confirm(struct vault *v, const char *reason, struct clock_state *was, struct err *e)
{
	struct commit_alone alone ALONE_AUTO = {0};

	return commit_alone(v, &alone, e) != 0 || vault_clock(v, was, e) != 0 ? -1 : confirm_clock(v, was, reason, e);
}
