// SPDX-License-Identifier: ISC
// `lethe metrics`: what the site holds and does, as counters and gauges in Prometheus' text format. No label names a person, an address, a receipt
// or anything that somebody wrote: kinds of data, processors of the policy and parts of the software only.
#include "admin/admin.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/rights/case.h"
#include "policy/rights/deletion.h"
#include "policy/rights/hold.h"
#include "policy/rights/outbox.h"
#include "policy/rights/request.h"
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { REQUEST_MAX = 8 * 1024, PATIENCE_MS = 5000, CHECK_BYTES_MAX = 4 * 1024 * 1024 };

static const struct option_row metrics_options[] = {
    {"http", OPTION_FLAG, NULL, "answer one HTTP request on descriptor 0, a socket"},
    {0},
};

static void metric_begin(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP lethe_%s %s\n# TYPE lethe_%s %s\n", name, help, name, type);
}

// One label and its value; NULL: none.
static void metric_add(struct buf *out, const char *name, const char *label, const char *value, double number)
{
	buf_printf(out, "lethe_%s", name);
	if (label != NULL) {
		buf_printf(out, "{%s=\"", label);
		for (; *value != '\0'; value++) {
			if (*value == '"' || *value == '\\')
				buf_addc(out, '\\');
			buf_addc(out, *value == '\n' ? ' ' : *value);
		}
		buf_adds(out, "\"}");
	}
	buf_printf(out, " %.15g\n", number);
}

// A series with a value of the label in each row.
struct metric_row {
	const char *value;
	double number;
};
#define METRIC_ROWS(...) ((const struct metric_row[]){__VA_ARGS__, {NULL, 0}})
static void metric_series(struct buf *out, const char *name, const char *type, const char *help, const char *label,
			  const struct metric_row *rows)
{
	metric_begin(out, name, type, help);
	for (; rows->value != NULL; rows++)
		metric_add(out, name, label, rows->value, rows->number);
}

static void metric_one(struct buf *out, const char *name, const char *help, double number)
{
	metric_begin(out, name, "gauge", help);
	metric_add(out, name, NULL, NULL, number);
}

static void metrics_of_kinds(struct buf *out, const struct census *census)
{
	static const char *const columns[][2] = {{"records", "What is held, by kind of data."},
						 {"oldest_timestamp_seconds", "When the oldest of the kind was made; 0: there is none."},
						 {"limit_seconds", "How long the oldest may be kept; 0: no fixed time."},
						 {"late", "1: something of the kind is older than the policy promises."}};

	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		metric_begin(out, columns[i][0], "gauge", columns[i][1]);
		for (const struct census_row *row = census->rows; row < census->rows + census->row_count; row++) {
			const double numbers[] = {(double)row->count, (double)row->oldest, (double)row->limit_seconds, row->late};
			metric_add(out, columns[i][0], "kind", kind_row(row->kind)->name, numbers[i]);
		}
	}
}

// What egress counts, now or when it wrote it down last.
static void metrics_of_traffic(struct buf *out, const struct admin *a)
{
	static const struct {
		const char *name, *member, *help;
	} columns[] = {
	    {"upstream_requests_total", "requests", "Requests to each processor."},
	    {"upstream_failures_total", "failures", "Requests to each processor that failed."},
	    {"upstream_bytes_sent_total", "bytes_sent", "Bytes sent to each processor."},
	    {"upstream_billed_total", "billed", "Requests to each processor that are paid for."},
	    {"upstream_region_mismatches_total", "region_mismatches", "Answers that another region gave than the policy names."}};
	bool live;
	JSON_AUTO cJSON *traffic = site_traffic(a, &live);
	const cJSON *one, *pages = json_get(traffic, "pages");

	metric_one(out, "egress_up", "1: egress answers.", live);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		metric_begin(out, columns[i].name, "counter", columns[i].help);
		cJSON_ArrayForEach(one, json_get(traffic, "processors"))
		{
			const char *id = json_string(one, "id");
			metric_add(out, columns[i].name, "processor", id != NULL ? id : "", json_number(one, columns[i].member, 0));
		}
	}
	char today[WHEN_DATE];
	when_date(today, when_now());
	metric_begin(out, "upstream_spent_today", "gauge", "Money that each processor cost today (UTC), by the operator's prices.");
	cJSON_ArrayForEach(one, json_get(traffic, "processors"))
	{
		const char *id = json_string(one, "id");
		const char *day = json_string(one, "day");
		bool is_today = day != NULL && strcmp(day, today) == 0;
		metric_add(out, "upstream_spent_today", "processor", id != NULL ? id : "",
			   is_today ? json_number(one, "spent_today", 0) : 0);
	}
	metric_series(out, "pages_total", "counter", "Pages that visitors named, fetched or refused.", "outcome",
		      METRIC_ROWS({"fetched", json_number(pages, "requests", 0)}, {"refused", json_number(pages, "refused", 0)}));
	if (live)
		metric_one(out, "egress_calls", "Calls to third parties that are under way.", json_number(traffic, "under_way", 0));
}

// What waits for an officer, and since when.
struct waiting {
	double open, overdue, holds, incidents, assessments, waiting, failed, deletions, asked;
	time_t oldest, next;
};

static int waiting_request(void *arg, const struct rights_row *row)
{
	struct waiting *w = arg;

	if (!row->open)
		return 0;
	w->open++;
	w->overdue += row->late;
	if (w->oldest == 0 || row->received < w->oldest)
		w->oldest = row->received;
	if (w->next == 0 || row->due < w->next)
		w->next = row->due;
	return 0;
}

static int waiting_hold(void *arg, const struct hold_row *row)
{
	((struct waiting *)arg)->holds += row->overdue;
	return 0;
}

static int waiting_case(void *arg, const struct case_row *row)
{
	struct waiting *w = arg;

	w->incidents += row->late && row->type == CASE_INCIDENT;
	w->assessments += row->late && (row->type == CASE_ASSESSMENT || row->type == CASE_CONTRACT);
	return 0;
}

static int waiting_mail(void *arg, const struct outbox_row *row)
{
	struct waiting *w = arg;

	++*(strcmp(row->state, "waiting") == 0 ? &w->waiting : &w->failed);
	return 0;
}

static int waiting_deletion(void *arg, const struct deletion_row *row)
{
	struct waiting *w = arg;

	w->deletions++;
	w->asked += row->attempts > 0;
	return 0;
}

static int metrics_of_rights(struct buf *out, struct vault *v, struct err *e)
{
	enum { TYPES = CASE_BIT(CASE_INCIDENT) | CASE_BIT(CASE_ASSESSMENT) | CASE_BIT(CASE_CONTRACT) };
	struct waiting w = {0};

	if (rights_each(v, waiting_request, &w, e) != 0 || hold_each(v, waiting_hold, &w, e) != 0 ||
	    case_each(v, TYPES, waiting_case, &w, e) != 0 || outbox_each(v, waiting_mail, &w, e) != 0 ||
	    deletion_each(v, false, waiting_deletion, &w, e) != 0)
		return -1;
	metric_one(out, "requests_open", "Requests of data subjects that are open.", w.open);
	metric_one(out, "requests_overdue", "Open requests whose earliest clock has ended.", w.overdue);
	metric_one(out, "requests_oldest_timestamp_seconds", "When the oldest open request was received; 0: none is open.",
		   (double)w.oldest);
	metric_one(out, "requests_next_due_timestamp_seconds", "When the next clock of an open request ends; 0: none is open.",
		   (double)w.next);
	metric_one(out, "holds_overdue", "Legal holds whose review is overdue.", w.holds);
	metric_one(out, "incidents_overdue", "Incidents whose authority is still to be told after 72 hours.", w.incidents);
	metric_one(out, "assessments_overdue", "Assessments and contracts that are to be reviewed, or are over.", w.assessments);
	metric_series(out, "mails", "gauge", "Mails that are not sent yet.", "state",
		      METRIC_ROWS({"waiting", w.waiting}, {"failed", w.failed}));
	metric_series(out, "vendor_deletions", "gauge",
		      "Deletions at vendors that are not confirmed: due later, or asked for in vain so far.", "state",
		      METRIC_ROWS({"due", w.deletions - w.asked}, {"asked", w.asked}));
	return 0;
}

// What the daily check wrote down.
static void metrics_of_check(struct buf *out, const struct admin *a)
{
	static const char *const results[] = {"kept", "BROKEN", "unsure", "nothing"};
	double counts[ARRAY_LEN(results)] = {0};
	char path[4096];
	struct stat st;
	struct err e;
	const cJSON *one;
	BUF_AUTO struct buf text = BUF_INIT(CHECK_BYTES_MAX);

	if (path_join(path, sizeof path, a->state, "officer/check.json", &e) != 0 || stat(path, &st) < 0 || file_read(path, &text, &e) != 0)
		return;
	JSON_AUTO cJSON *findings = json_parse(buf_text(&text), text.len, &e);
	cJSON_ArrayForEach(one, findings)
	{
		const char *result = json_string(one, "result");
		for (size_t i = 0; i < ARRAY_LEN(results); i++)
			counts[i] += result != NULL && strcmp(result, results[i]) == 0;
	}
	metric_one(out, "last_check_timestamp_seconds", "When the daily check last ran.", (double)st.st_mtime);
	metric_begin(out, "check_findings", "gauge", "What the daily check found, by result.");
	for (size_t i = 0; i < ARRAY_LEN(results); i++)
		metric_add(out, "check_findings", "result", results[i], counts[i]);
}

static int metrics_of_vault(struct buf *out, const struct admin *a)
{
	struct census census;
	struct clock_state clock;
	struct prune_result due;
	struct statvfs fs;
	bool on_disk;

	if (vault_census(a->vault, &census, a->e) != 0 || vault_clock(a->vault, &clock, a->e) != 0)
		return -1;
	metric_series(out, "policy_info", "gauge", "The policy in force.", "version", METRIC_ROWS({a->in_force->version, 1}));
	metrics_of_kinds(out, &census);
	if (vault_prune(a->vault, (struct duration){0}, true, &due, a->e) == 0)
		metric_series(out, "due", "gauge", "What the next run of lethe prune ends.", "what",
			      METRIC_ROWS({"records", (double)due.records}, {"files", (double)due.files},
					  {"request-log-days", (double)due.log_segments}, {"orphans", (double)due.orphans}));
	metric_one(out, "last_prune_timestamp_seconds", "When lethe prune last ran; 0: never.", (double)census.last_prune);
	metric_one(out, "clock_leapt", "1: the clock cannot be right, see lethe clock show.", clock.leapt);
	metric_one(out, "erasures_unsearched", "1: an erasure's traces are still to be searched for.", census.unsearched != 0);
	metric_series(out, "bytes", "gauge", "Bytes that each part takes.", "part",
		      METRIC_ROWS({"database", (double)census.database_bytes}, {"wal", (double)census.wal_bytes},
				  {"request-log", (double)census.log_bytes}, {"spool", (double)census.spool_bytes}));
	metric_begin(out, "free_bytes", "gauge", "Bytes that are free where each part is.");
	if (statvfs(a->state, &fs) == 0)
		metric_add(out, "free_bytes", "part", "database", (double)fs.f_bavail * (double)fs.f_frsize);
	if (statvfs(vault_spool(a->vault, &on_disk), &fs) == 0)
		metric_add(out, "free_bytes", "part", "spool", (double)fs.f_bavail * (double)fs.f_frsize);
	return 0;
}

// Whoever asks gets the metrics, whatever the request says: the socket is for nothing else. All of it is read, so that closing resets nothing.
static enum status metrics_answer(const struct buf *body)
{
	BUF_AUTO struct buf request = BUF_INIT(REQUEST_MAX), answer = BUF_INIT(OUTPUT_MAX);
	struct pollfd asked = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t n = 1;

	while (n > 0 && strstr(buf_text(&request), "\r\n\r\n") == NULL) {
		char *to = poll(&asked, 1, PATIENCE_MS) > 0 ? buf_reserve(&request, 1024) : NULL;
		n = to != NULL ? recv(STDIN_FILENO, to, 1023, 0) : -1;
		if (n > 0)
			buf_took(&request, (size_t)n);
	}
	if (n < 0)
		return output_complain(STATUS_UNSURE, "metrics: no request came");
	buf_printf(&answer,
		   "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nCache-Control: no-store\r\n"
		   "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
		   body->len, buf_text(body));
	if (answer.failed || fd_write_all(STDIN_FILENO, answer.data, answer.len) != 0)
		return output_complain(STATUS_UNSURE, "metrics: the answer could not be sent");
	return STATUS_DONE;
}

static enum status metrics_main(const struct admin *a, const struct arguments *args)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	if (metrics_of_vault(&out, a) != 0 || metrics_of_rights(&out, a->vault, a->e) != 0)
		return output_complain(STATUS_UNSURE, "metrics: %s", a->e->text);
	metrics_of_traffic(&out, a);
	metrics_of_check(&out, a);
	return argument_given(args, "http") ? metrics_answer(&out) : output_print(&out);
}

const struct command metrics_command = {"metrics", metrics_main, "counters and gauges for Prometheus", .options = metrics_options,
					.opens = OPENS_LOOK};
