// SPDX-License-Identifier: ISC
// Policies that differ from the shipped one in one place, loaded from a file of their own.
#ifndef LETHE_TESTS_UNIT_POLICY_SUPPORT_H
#define LETHE_TESTS_UNIT_POLICY_SUPPORT_H

#include "policy/base/file.h"
#include "policy/rules/load.h"
#include "tests/unit/test.h"
#include <unistd.h>

#define BIZIMAGES "policy/sites/bizimages.xml"

static inline void read_policy(struct buf *out)
{
	struct err e = {0};

	*out = BUF_INIT(8 * 1024 * 1024);
	if (file_read(BIZIMAGES, out, &e) != 0)
		fail_msg("%s (run from the top of the tree)", e.text);
}

// `text` with its first `from` replaced by `to`. Fails the test when `from` is not there.
static inline void replace_once(struct buf *text, const char *from, const char *to)
{
	struct buf out = BUF_INIT(text->max);
	const char *at = strstr(buf_text(text), from);

	if (at == NULL)
		fail_msg("the policy does not hold: %s", from);
	buf_add(&out, text->data, (size_t)(at - text->data));
	buf_adds(&out, to);
	buf_adds(&out, at + strlen(from));
	buf_free(text);
	*text = out;
}

// Loads the bytes from a temporary file. `messages` gets the findings with the file's name cut off: "LINE: error: …".
static inline struct policy *load_bytes(const void *bytes, size_t len, struct buf *messages)
{
	char path[] = "/tmp/lethe-policy-XXXXXX";
	BUF_AUTO struct buf raw = BUF_INIT(1024 * 1024);
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, len), 0);
	close(fd);
	struct policy *p = policy_load(path, &raw);
	unlink(path);
	*messages = BUF_INIT(1024 * 1024);
	for (const char *line = buf_text(&raw); *line; line += strcspn(line, "\n") + 1) {
		assert_memory_equal(line, path, strlen(path)); // every line names the file
		const char *rest = line + strlen(path) + 1;
		buf_add(messages, rest, strcspn(rest, "\n") + 1);
	}
	return p;
}

// The line, from 1, on which `what` first stands in `text`.
static inline int line_of(const struct buf *text, const char *what)
{
	const char *at = strstr(buf_text(text), what);
	int line = 1;

	if (at == NULL)
		fail_msg("not in the text: %s", what);
	for (const char *c = text->data; c < at; c++)
		line += *c == '\n';
	return line;
}

#endif
