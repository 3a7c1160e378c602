// SPDX-License-Identifier: ISC
#include "fcgi/generate/generate.h"
#include "fcgi/generate/references.h"
#include "policy/publish/words/words.h"
#include <stdlib.h>
#include <string.h>

struct brief set_brief(const struct set *s)
{
	static const char *const none[] = {NULL};
	// Said without the words that it rules out: a prompt that repeats it goes through the filter too.
	static const char rule[] = "Everything shown suits all ages; no recognisable real people, no names, addresses or numbers, "
				   "no logos or trade marks of others.";
	const struct page_facts *page = &s->page;

	return (struct brief){
	    .description = buf_text(&s->input.description),
	    .title = page->title != NULL ? page->title : "",
	    .summary = page->summary != NULL ? page->summary : "",
	    .text = page->text != NULL ? page->text : "",
	    .headings = page->headings != NULL ? (const char *const *)page->headings : none,
	    .colours = page->colours != NULL ? (const char *const *)page->colours : none,
	    .style = s->input.style,
	    .audience_rule = rule,
	    .preview_label = word(s->policy, "picture.preview"),
	    .count = s->input.count,
	};
}

unsigned set_made(const struct set *s)
{
	unsigned made = 0;

	for (unsigned i = 0; s->pictures != NULL && i < s->input.count; i++)
		made += s->pictures[i].state == PICTURE_MADE;
	return made;
}

void set_note_recipient(struct set *s, const struct peer_work *w)
{
	struct recipient *one = s->recipients;

	if (!w->sent || w->by->own)
		return;
	while (one < s->recipients + s->recipient_count && strcmp(one->by->id, w->by->id) != 0)
		one++;
	if (one == s->recipients + s->recipient_count)
		s->recipient_count++;
	one->by = w->by;
	one->kinds |= w->kinds;
	if (w->task.step == PROVIDER_SEND) // given up: nobody knows
		return;
	one->gave = one->gave || w->task.result == PROVIDER_OK;
	one->failure = one->gave ? NULL : peer_failure(w->task.result, &w->task.say).sent;
}

static void text_wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void list_wipe(char **list)
{
	for (char **p = list; p != NULL && *p != NULL; p++)
		text_wipe(*p);
	free(list);
}

void set_forget_input(struct set *s)
{
	text_wipe(s->page.title);
	text_wipe(s->page.summary);
	text_wipe(s->page.text);
	list_wipe(s->page.headings);
	list_wipe(s->page.colours);
	s->page = (struct page_facts){0};
	input_free(&s->input);
	references_free(s);
}

void set_free(struct set *s)
{
	for (unsigned i = 0; s->pictures != NULL && i < s->input.count; i++)
		text_wipe(s->pictures[i].prompt);
	free(s->pictures);
	free(s->recipients);
	set_forget_input(s);
	if (s->live != NULL)
		live_archive_closes(s->live);
	archive_drop(&s->archive);
	allotment_release(&s->allotment);
	if (s->live != NULL)
		live_end(s->live); // last: who cancelled it waits for this
	explicit_bzero(s, sizeof *s);
}

int set_not_recorded(struct set *s, const struct err *e)
{
	note_line("nothing is made unrecorded: %s", e->text);
	return problem_set(&s->failure, 503, e->code == ERR_FULL ? "problem.storage-full.set" : "problem.storage.set", NULL, NULL);
}
