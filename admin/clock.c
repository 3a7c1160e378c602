// SPDX-License-Identifier: ISC
#include "admin/table.h"
#include <stdio.h>
#include <unistd.h>

// How the clock is judged, a line for each fact.
static enum status clock_show(const struct admin *a, const struct arguments *args)
{
	struct clock_state clock;
	char text[4][WHEN_TEXT];
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	(void)args;
	if (vault_clock(a->vault, &clock, a->e) != 0)
		return output_complain(STATUS_UNSURE, "clock: %s", a->e->text);
	when_text(text[0], clock.now);
	when_text(text[1], clock.known);
	when_text(text[2], clock.judged);
	when_text(text[3], clock.ahead);
	buf_printf(&out, "the clock says %s\n", text[0]);
	buf_printf(&out, "it is not earlier than %s, by the last run of lethe prune and by how long the machine has been up since\n",
		   text[1]);
	if (clock.leapt)
		buf_printf(&out, "that is so far ahead that what is due is judged by %s\n", text[2]);
	if (clock.ahead > clock.now)
		buf_printf(&out, "something is dated in the future, until %s, and is left until then\n", text[3]);
	enum status printed = output_print(&out);
	return printed != STATUS_DONE ? printed : clock.leapt || clock.ahead > clock.now ? STATUS_FOUND : STATUS_DONE;
}

static const struct option_row confirm_options[] = {
    {"reason", OPTION_VALUE, "TEXT", "why it is right, for the ledger; nothing personal"},
    {"yes", OPTION_FLAG, NULL, "do not ask"},
    {0},
};

static enum status clock_confirm(const struct admin *a, const struct arguments *args)
{
	struct clock_state was;
	char now[WHEN_TEXT], question[128];
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	when_text(now, when_now());
	snprintf(question, sizeof question, "Is it %s, in UTC? What is due then will be ended.", now);
	if (!argument_given(args, "yes") && isatty(STDIN_FILENO) && !ask_yes(question))
		return output_complain(STATUS_FOUND, "clock: nothing was confirmed");
	if (vault_clock_confirm(a->vault, argument(args, "reason"), &was, a->e) != 0)
		return admin_failed(a);
	when_text(now, was.now);
	buf_printf(&out, "confirmed, and recorded in the ledger: it is %s\n", now);
	return output_print(&out);
}

const struct command clock_command = {
    .name = "clock",
    .line = "the clock by which is judged what is due",
    .sub = (const struct command *const[]){
	&(const struct command){.name = "show", .run = clock_show, .line = "what it says, and what is known of it", .opens = OPENS_LOOK},
	&(const struct command){"confirm", clock_confirm, "say that it is right, after it was wrong or the site was off for long",
				.options = confirm_options, .opens = OPENS_ADMIN},
	NULL}};
