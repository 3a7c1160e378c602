// SPDX-License-Identifier: ISC
// Answers of a processor, whole and in pieces: the first byte chooses the vendor, the second the status and the size of the pieces, the rest is the body.
#include "fcgi/provider/provider.h"
#include "policy/base/array.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int picture_take(void *arg, const void *bytes, size_t len, struct err *e)
{
	(void)e;
	return buf_add(arg, bytes, len);
}

static void picture_again(void *arg)
{
	buf_reset(arg);
}

static void picture_partial(void *arg, const void *bytes, size_t len)
{
	if (arg == NULL || (bytes == NULL) != (len == 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const vendors[] = {"azure-openai", "openai", "openrouter", "deepseek", "ark", "fal", "replicate", "dashscope"};
	static const int statuses[] = {200, 400, 404, 429, 500};
	static const struct provider_sink sink = {picture_take, picture_again, NULL};
	BUF_AUTO struct buf whole = BUF_INIT(1 << 22), pieces = BUF_INIT(1 << 22);
	if (size < 2)
		return 0;
	struct provider_input in = {.brief = {.style = "photo", .count = 4},
				    .prompt = "x",
				    .size = "1024x1024",
				    .width = 1024,
				    .height = 1024,
				    .sink = &sink,
				    .partial_images = 2,
				    .partial = picture_partial};
	const char *type = size > 8 && (memcmp(data + 2, "event:", 6) == 0 || memcmp(data + 2, "data:", 5) == 0) ? "text/event-stream" : "";
	const struct provider *p = provider_find(vendors[data[0] % ARRAY_LEN(vendors)]);
	unsigned char how = data[1];
	for (enum provider_ability ability = PROVIDER_PROMPTS; ability <= PROVIDER_IMAGE; ability++) {
		struct provider_reply reply = {how == '0' ? 200 : statuses[how % 5], type, (const char *)data + 2, size - 2};
		struct provider_task t, same;
		if (p->can[ability].begin == NULL)
			continue;
		buf_reset(&whole);
		buf_reset(&pieces);
		in.sink_arg = &whole;
		if (provider_begin(&t, p, ability, &in) != PROVIDER_SEND)
			abort();
		// The same for each question of a queue.
		for (int n = 0; t.step == PROVIDER_SEND && n < 20; n++)
			provider_reply(&t, &reply);
		if (t.step == PROVIDER_ENDED &&
		    (t.result == PROVIDER_OK) != (t.prompts.count > 0 || (t.result == PROVIDER_OK && whole.len > 0)))
			abort();
		if (t.prompts.count > 4)
			abort();
		if (ability == PROVIDER_IMAGE && reply.status == 200 && p->can[ability].picture_member != NULL &&
		    t.step == PROVIDER_ENDED && t.reference == NULL) {
			size_t piece = 1 + how / 5;
			in.sink_arg = &pieces;
			provider_begin(&same, p, ability, &in);
			for (; reply.len > 0 && same.step == PROVIDER_SEND; reply.body += piece, reply.len -= piece) {
				piece = piece < reply.len ? piece : reply.len;
				provider_take(&same, reply.body, piece, NULL);
			}
			reply.len = 0;
			if (same.step == PROVIDER_SEND)
				provider_reply(&same, &reply);
			if (same.step == PROVIDER_ENDED &&
			    (same.result != t.result || strcmp(same.say.text, t.say.text) != 0 ||
			     (t.result == PROVIDER_OK && (pieces.len != whole.len || memcmp(pieces.data, whole.data, whole.len) != 0))))
				abort();
			provider_free(&same);
		}
		for (provider_leave(&t); t.step == PROVIDER_SEND;)
			provider_reply(&t, &reply);
		provider_free(&t);
	}
	return 0;
}
