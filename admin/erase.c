// SPDX-License-Identifier: ISC
// Shows what would be erased, asks, erases, and prints the certificate.
#include "policy/rights/erase.h"
#include "admin/cases.h"
#include "admin/sign.h"
#include "fcgi/ipc/making_call.h"
#include "policy/rights/deletion.h"
#include "policy/rights/reach.h"
#include "policy/rights/recipient.h"
#include <stdio.h>
#include <string.h>

static const struct option_row erase_options[] = {
    {"receipt", OPTION_HIDDEN, NULL, "everything made under a receipt"},
    {"ip", OPTION_HIDDEN, NULL, "what the request log has of an IP address, and what is being made for it"},
    CASES_CONTACT_OPTION,
    CASES_ARCHIVE_OPTION,
    {"request", OPTION_VALUE, "ID", "what a recorded request for erasure asks for"},
    {"record", OPTION_VALUE, "ID", "one record, by its id, with everything of the same subject"},
    {"dry-run", OPTION_FLAG, NULL, "only count"},
    {"yes", OPTION_FLAG, NULL, "do not ask"},
    LIST_OPTIONS_END,
};

// Anybody can give the contact of another one.
#define UNPROVEN                                                                                                                           \
	"%s it without that and stay: lethe requests identify asks their senders for it, lethe requests verify --contact-too records "     \
	"how it was shown, and lethe erase --record erases one of them"

struct erasure {
	const struct option_row *by;
	char value[PERSON_VALUE_MAX]; // personal: wiped
};

static int erase_target(const struct admin *a, const struct erasure *x, bool dry_run, struct erase_result *result, cJSON **certificate)
{
	PERSON_AUTO struct person person = {.count = 1};
	char id[RECORD_ID_LEN + 1] = "";
	const char *name = x->by->name;
	struct vault *v = a->vault;
	struct err *e = a->e;

	if (strcmp(name, "request") == 0)
		return cases_request_id(v, x->value, id, e) != 0
			   ? -1
			   : rights_fulfil_erasure(v, id, a->officer, dry_run, result, certificate, e);
	person.list[0] = (struct erase_selector){strcmp(name, "receipt") == 0 ? ERASE_RECEIPT
						 : strcmp(name, "ip") == 0    ? ERASE_ADDRESS
									      : ERASE_RECORD,
						 x->value};
	if (strcmp(name, "archive") == 0) {
		if (rights_archive_id(v, x->value, id, e) != 0)
			return -1;
		person.list[0].value = id;
	} else if (strcmp(name, "contact") == 0) {
		person.count = 0;
		if (person_of_contact(v, x->value, &person, e) != 0)
			return -1;
		if (person.count == 0)
			return err_set(e, ERR_NOT_FOUND,
				       "nothing is kept of which it was shown that this contact is its sender's; " UNPROVEN,
				       COUNTED(person.unproven, "request gives", "requests give"));
	}
	struct err unasked = {0};
	if (!dry_run)
		(void)deletion_ask_again(v, person.list, person.count, NULL, &unasked);
	JSON_AUTO cJSON *reach = reach_of(v, person.list, person.count, e);
	cJSON *recipients = cJSON_GetObjectItemCaseSensitive(reach, "recipients");
	if (reach == NULL || (!dry_run && recipients_tell(v, NULL, ABOUT_ERASURE, recipients, a->officer, e) != 0) ||
	    rights_erase_all(v, person.list, person.count, dry_run, result, e) != 0)
		return -1;
	rights_erased_but(result, "deletions at vendors", &unasked);
	result->unproven = person.unproven;
	const struct certificate_of of = {.right = "erasure", .subject = strcmp(name, "receipt") == 0 ? x->value : NULL};
	return dry_run || (*certificate = certificate_make(v, &of, result, reach, e)) != NULL ? 0 : -1;
}

// This command may sign the ledger, so what it hands out has its proof. Where that fails, the next run of `lethe prune` says why.
static void certificate_sign(const struct admin *a, cJSON *certificate)
{
	struct err none = {0};
	BUF_AUTO struct buf note = BUF_INIT(CERTIFICATE_FILE_MAX);

	if (sign_ledger(a, a->vault, &note, &none) == 0)
		(void)certificate_prove(a->vault, certificate, &none);
}

// JSON, the form that is kept and handed on, unless another is asked for.
static enum status certificate_print(const struct arguments *args, cJSON *certificate)
{
	static const char *const leaves[] = {"name", "value", NULL};
	const char *format = argument(args, "format");
	TABLE_AUTO struct table t;
	BUF_AUTO struct buf text = BUF_INIT(CERTIFICATE_FILE_MAX);

	table_init(&t, leaves, "ss");
	if (format == NULL || strcmp(format, "json") == 0) {
		(void)json_print(&text, certificate);
		buf_addc(&text, '\n');
		return output_print(&text);
	}
	cJSON_DeleteItemFromObjectCaseSensitive(certificate, "evidence"); // which programs read
	table_leaves(&t, "", certificate);
	return table_output(&t, args, NULL);
}

// What would be done, or was: of each store how much, and of what stays why and how long.
static void plan_fill(struct table *t, const struct erase_result *r)
{
	for (size_t i = 0; i < r->store_count; i++) {
		const struct erase_store *s = &r->stores[i];
		BUF_AUTO struct buf why = BUF_INIT(OUTPUT_MAX);
		for (size_t k = 0; k < r->kept_count && strcmp(s->name, "records") == 0; k++) {
			char until[WHEN_TEXT] = "";
			when_text(until, r->kept[k].until);
			buf_printf(&why, "%s%llu %s: %s, %s%.10s", k > 0 ? "; " : "", (unsigned long long)r->kept[k].count,
				   kind_row(r->kept[k].kind)->name, certificate_ground(&r->kept[k]),
				   r->kept[k].until == 0 ? "no end" : "until ", r->kept[k].until == 0 ? "" : until);
		}
		table_add(t, s->name, (double)s->found, (double)(s->found - s->kept), (double)s->kept, buf_text(&why));
	}
}

// What it is about, for who is to say yes to it. A receipt or an address is not repeated.
static void plan_introduce(const struct erasure *x, const struct erase_result *r, struct buf *out)
{
	char oldest[WHEN_TEXT] = "", newest[WHEN_TEXT] = "";

	when_text(oldest, r->oldest);
	when_text(newest, r->newest);
	if (x->by->type == OPTION_HIDDEN)
		buf_printf(out, "by the %s given", x->by->name);
	else
		buf_printf(out, "by %s %s", x->by->name, x->value);
	if (r->oldest != 0)
		buf_printf(out, r->oldest == r->newest ? ", with a record of %s" : ", with records of %s to %s", oldest, newest);
	buf_adds(out, "\n");
}

static void erasure_end(struct erasure *x)
{
	explicit_bzero(x, sizeof *x);
}

static enum status erase_main(const struct admin *a, const struct arguments *args)
{
	struct erase_result r = {0};
	bool dry_run = argument_given(args, "dry-run");
	__attribute__((cleanup(erasure_end))) struct erasure x = {0};
	JSON_AUTO cJSON *certificate = NULL;
	BUF_AUTO struct buf text = BUF_INIT(OUTPUT_MAX);

	rights_stop_making_by(making_stop, a->run);
	x.by = cases_selector(args, erase_options, x.value, a->e);
	if (x.by == NULL)
		return output_complain(STATUS_UNSURE, "erase: %s", a->e->text);
	output_progress_begin("looking");
	int ret = erase_target(a, &x, true, &r, NULL);
	output_progress_end();
	if (ret == 0)
		plan_fill(a->list, &r);
	if (ret == 0 && r.unproven > 0)
		output_complain(STATUS_DONE, UNPROVEN, COUNTED(r.unproven, "request gives", "requests give"));
	if (ret == 0 && dry_run)
		return table_output(a->list, args, NULL);
	if (ret == 0) { // on standard error, where a person sees it
		plan_introduce(&x, &r, &text);
		if (table_print(a->list, NULL, &text) != 0)
			return output_complain(STATUS_UNSURE, "erase: no memory");
		output_complain(STATUS_DONE, "this would be erased, %.*s", (int)text.len - 1, buf_text(&text));
		if (strcmp(x.by->name, "ip") == 0)
			output_complain(STATUS_DONE,
					"An address may be shared, as in a company or a mobile network: what everybody did under it "
					"goes from the log, and sets that are being made for it now end. Finished sets stay "
					"until their time is over: their receipts erase them.");
		if (!argument_given(args, "yes") && !ask_yes("Erase it? There is no way back. Type yes: "))
			return output_complain(STATUS_UNSURE, "erase: nothing was erased. Give --yes, or answer yes.");
		output_progress_begin("erasing, then looking through every store");
		ret = erase_target(a, &x, false, &r, &certificate);
		output_progress_end();
	}
	if (ret != 0)
		return admin_failed(a);
	certificate_sign(a, certificate);
	enum status status = certificate_print(args, certificate);
	if (!r.complete)
		return output_complain(STATUS_FOUND, "erase: PARTIAL: %s. Run it again when that is repaired.", r.reason);
	if (r.residue_hits > 0)
		return output_complain(STATUS_FOUND, "erase: the scan still finds traces; run it again, and report this");
	return status;
}

const struct command erase_command = {"erase",
				      erase_main,
				      "erase everything of one visit or person, in every store",
				      .options = erase_options,
				      .opens = OPENS_ADMIN,
				      .columns = (const char *const[]){"store", "found", "goes", "stays", "why", NULL},
				      .types = "snnns"};
