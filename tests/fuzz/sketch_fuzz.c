// SPDX-License-Identifier: ISC
// A brief of NUL-separated texts: prompts, a trade, a name, colours and a small picture come out of it, whatever it says.
#include "fcgi/provider/sketch.h"
#include "policy/base/text.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// fontconfig keeps its patterns behind encoded pointers, which the leak detector cannot follow.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfontconfig";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 8), words[SKETCH_WORDS][SKETCH_WORD_BYTES];
	const char *part[5], *list[SKETCH_COLOURS + 1] = {NULL}, *at = text, *end;
	struct provider_prompts prompts;
	struct err e = {0};
	struct buf png = BUF_INIT(1 << 20);
	memcpy(text, data, size);
	end = text + size;
	for (size_t i = 0; i < 5; i++, at = at < end ? at + strlen(at) + 1 : end)
		part[i] = utf8_valid(at, strlen(at)) ? at : "";
	const struct brief brief = {.description = part[0],
				    .title = part[1],
				    .summary = part[2],
				    .text = part[3],
				    .colours = (const char *const[]){part[4], NULL},
				    .style = part[4],
				    .audience_rule = "",
				    .count = 8};
	sketch_words(&brief, words);
	if (sketch_prompts(&brief, &prompts, &e) < 0 || prompts.count != 8)
		abort();
	for (unsigned i = 0; i < 8; i++)
		if (!utf8_valid(prompts.text[i], strlen(prompts.text[i])))
			abort();
	provider_prompts_free(&prompts);
	struct sketch_subject subject;
	char name[SKETCH_WORD_BYTES], colour[SKETCH_COLOURS][SKETCH_COLOUR_BYTES];
	sketch_subject_find(&brief, &subject);
	sketch_name(&brief, name);
	unsigned colours = sketch_colours(&brief, colour);
	for (unsigned i = 0; i < colours; i++)
		list[i] = colour[i];
	if (!utf8_valid(subject.title, strlen(subject.title)) || !utf8_valid(name, strlen(name)))
		abort();
	const struct worker_sketch job = {.trade = subject.trade,
					  .title = subject.title,
					  .name = name,
					  .label = part[1],
					  .colours = list,
					  .style = brief.style,
					  .width = 64,
					  .height = 64,
					  .index = (unsigned)size % 8,
					  .of = 8,
					  .seed = (unsigned)size};
	if (sketch_draw(&job, &png, &e) < 0)
		abort();
	buf_free(&png);
	free(text);
	return 0;
}
