// SPDX-License-Identifier: ISC
// Answers of a processor, whole and in pieces: the first byte chooses the status and the size of the pieces, the rest is the body.
#include "fcgi/provider/provider.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 400, 404, 429, 500};
	static const struct provider_sink sink = {picture_take, picture_again, NULL};
	BUF_AUTO struct buf whole = BUF_INIT(1 << 22), pieces = BUF_INIT(1 << 22);
	if (size == 0)
		return 0;
	struct provider_input in = {
	    .brief = {.style = "photo", .count = 4}, .prompt = "x", .size = "1024x1024", .sink = &sink, .sink_arg = &whole};
	const struct provider *azure = provider_find("azure-openai");
	struct provider_reply reply = {data[0] == '0' ? 200 : statuses[data[0] % 5], "", (const char *)data + 1, size - 1};
	struct provider_task t, same;
	for (enum provider_ability ability = PROVIDER_PROMPTS; ability <= PROVIDER_IMAGE; ability++) {
		if (provider_begin(&t, azure, ability, &in) != PROVIDER_SEND || provider_reply(&t, &reply) != PROVIDER_ENDED)
			abort();
		if ((t.result == PROVIDER_OK) !=
			(t.prompts.count > 0 || (ability == PROVIDER_IMAGE && t.result == PROVIDER_OK && whole.len > 0)) ||
		    t.prompts.count > 4)
			abort();
		if (ability == PROVIDER_IMAGE && reply.status == 200) {
			size_t piece = 1 + data[0] / 5;
			in.sink_arg = &pieces;
			provider_begin(&same, azure, ability, &in);
			for (; reply.len > 0 && same.step == PROVIDER_SEND; reply.body += piece, reply.len -= piece) {
				piece = piece < reply.len ? piece : reply.len;
				provider_take(&same, reply.body, piece, NULL);
			}
			reply.len = 0;
			if (same.step == PROVIDER_SEND)
				provider_reply(&same, &reply);
			if (same.step != PROVIDER_ENDED || same.result != t.result || strcmp(same.say.text, t.say.text) != 0)
				abort();
			if (t.result == PROVIDER_OK && (pieces.len != whole.len || memcmp(pieces.data, whole.data, whole.len) != 0))
				abort();
			provider_free(&same);
		}
		provider_free(&t);
	}
	return 0;
}
