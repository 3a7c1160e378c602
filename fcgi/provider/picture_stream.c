// SPDX-License-Identifier: ISC
#include "fcgi/provider/picture_stream.h"
#include "policy/base/limits.h"
#include <string.h>

enum {
	REST_MAX = 1024 * 1024, // of a reply without its picture
	DIGITS_AT_ONCE = 64 * 1024,
	BYTES_AT_ONCE = 32 * 1024, // to the sink, at least, as long as more comes
	PARTIALS_MAX = 16,         // of a reply; vendors send three. For each its event is looked through
};

void picture_stream_begin(struct picture_stream *s, const char *member, bool in_url, const struct provider_sink *sink,
			  provider_partial *partial, void *sink_arg)
{
	*s = (struct picture_stream){
	    .rest = BUF_INIT(REST_MAX), .member = member, .in_url = in_url, .sink = sink, .partial = partial, .sink_arg = sink_arg};
}

// Whether the event that the rest ends in is about a partial picture. A string of JSON cannot hold what is looked for: it escapes the quotation mark.
static bool event_is_partial(const struct picture_stream *s)
{
	static const char name[] = ".partial_image";
	size_t at = s->rest.len;

	while (s->partial != NULL && at > 0 &&
	       !(s->rest.data[at - 1] == '\n' && (at == 1 || s->rest.data[at - 2] == '\n' || s->rest.data[at - 2] == '\r')))
		at--;
	for (const char *from = s->rest.data + at, *end = s->rest.data + s->rest.len;
	     s->partial != NULL && (from = memmem(from, (size_t)(end - from), name, sizeof name - 1)) != NULL;) {
		from += sizeof name - 1;
		if (from < end && (*from == '"' || *from == '\n' || *from == '\r'))
			return true;
	}
	return false;
}

static int picture_garbage(struct picture_stream *s, struct err *e)
{
	s->garbage = true;
	return err_set(e, ERR_INPUT, "the reply holds no readable picture");
}

static int picture_pass_on(struct picture_stream *s, const void *bytes, size_t len, struct err *e)
{
	if (s->in_partial) {
		if (len > 0 && !s->found) // what comes behind the picture shows nothing any more
			s->partial(s->sink_arg, bytes, len);
		return 0;
	}
	if (len > IMAGE_BYTES_MAX - s->bytes)
		return picture_garbage(s, e);
	s->bytes += len;
	return len == 0 ? 0 : s->sink->take(s->sink_arg, bytes, len, e);
}

// From `bytes` on, up to the end of the piece or of the picture: how much was taken, -1 with *e.
static ssize_t picture_decode(struct picture_stream *s, const char *bytes, size_t len, struct err *e)
{
	BUF_AUTO_WIPE struct buf out = BUF_INIT(2 * DIGITS_AT_ONCE);
	size_t i = 0;

	while (i < len && s->at != SCAN_OUTSIDE) {
		if (s->at == SCAN_DIGITS) {
			size_t left = len - i < DIGITS_AT_ONCE ? len - i : DIGITS_AT_ONCE;
			ssize_t n = base64_feed(&s->decoder, &out, bytes + i, left);
			if (n < 0)
				return err_set(e, ERR_MEMORY, "no memory for a picture");
			i += (size_t)n;
			if (out.len >= BYTES_AT_ONCE) {
				if (picture_pass_on(s, out.data, out.len, e) != 0)
					return -1;
				buf_reset(&out);
			}
			if ((size_t)n == left)
				continue;
		}
		// What no digit is: the end, or a stroke that was escaped, as JSON allows.
		char c = bytes[i++];
		if (s->at == SCAN_DIGITS && c == '\\')
			s->at = SCAN_DIGIT_ESCAPE;
		else if (s->at == SCAN_DIGIT_ESCAPE && c == '/' && base64_feed(&s->decoder, &out, &c, 1) == 1)
			s->at = SCAN_DIGITS;
		else if (s->at == SCAN_DIGITS && c == '"' && base64_finish(&s->decoder, &out) == 0)
			s->at = SCAN_OUTSIDE;
		else
			return picture_garbage(s, e);
	}
	if (picture_pass_on(s, out.data, out.len, e) != 0)
		return -1;
	if (s->in_partial && s->at == SCAN_OUTSIDE) {
		if (!s->found)
			s->partial(s->sink_arg, NULL, 0);
		s->in_partial = false;
	}
	return (ssize_t)i;
}

int picture_stream_add(struct picture_stream *s, const char *bytes, size_t len, struct err *e)
{
	static const char scheme[] = "data:", coding[] = ";base64";
	size_t name = s->member != NULL ? strlen(s->member) : 0, from = 0; // what is not yet in the rest

	if (s->garbage)
		return picture_garbage(s, e);
	if (s->member == NULL)
		return picture_pass_on(s, bytes, len, e);
	for (size_t i = 0; i < len;) {
		if (s->at >= SCAN_DIGITS) {
			ssize_t n = picture_decode(s, bytes + i, len - i, e);
			if (n < 0)
				return -1;
			i += (size_t)n;
			from = s->at == SCAN_OUTSIDE ? i - 1 : i; // the quotation mark that ended it
			continue;
		}
		char c = bytes[i++];
		if (s->at == SCAN_ESCAPE) {
			s->at = SCAN_STRING;
		} else if (s->at == SCAN_STRING) {
			if (c == '"')
				s->at = s->matched == name ? SCAN_NAMED : SCAN_OUTSIDE;
			else if (c == '\\')
				s->at = SCAN_ESCAPE;
			s->matched = c != '\\' && s->matched < name && c == s->member[s->matched] ? s->matched + 1 : name + 1;
		} else if (c == '"' && s->at == SCAN_ANNOUNCED && s->in_url) {
			s->at = SCAN_URL;
			s->matched = s->coding = 0;
		} else if (s->at == SCAN_URL && s->matched < strlen(scheme)) {
			if (c == scheme[s->matched]) {
				s->matched++;
			} else {
				s->matched = name + 1;
				s->at = c == '"' ? SCAN_OUTSIDE : c == '\\' ? SCAN_ESCAPE : SCAN_STRING;
			}
		} else if (s->at == SCAN_URL && c != ',') {
			s->coding = c != '\0' && c == coding[s->coding] ? s->coding + 1 : c == coding[0];
			if (c == '"')
				s->at = SCAN_OUTSIDE;
		} else if ((c == '"' && s->at == SCAN_ANNOUNCED) || s->at == SCAN_URL) {
			if (s->at == SCAN_URL && coding[s->coding] != '\0')
				return picture_garbage(s, e);
			if (buf_add(&s->rest, bytes + from, i - from) != 0)
				return picture_garbage(s, e);
			s->in_partial = event_is_partial(s);
			s->partials += s->in_partial;
			if ((s->found && !s->in_partial) || s->partials > PARTIALS_MAX)
				return picture_garbage(s, e);
			s->found = s->found || !s->in_partial;
			s->decoder = (struct base64_decoder){0};
			s->at = SCAN_DIGITS;
			from = i;
		} else if (c == '"') {
			s->at = SCAN_STRING;
			s->matched = 0;
		} else if (c == ':' && s->at == SCAN_NAMED) {
			s->at = SCAN_ANNOUNCED;
		} else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
			s->at = SCAN_OUTSIDE;
		}
	}
	return from == len || s->at >= SCAN_DIGITS || buf_add(&s->rest, bytes + from, len - from) == 0 ? 0 : picture_garbage(s, e);
}

bool picture_stream_whole(const struct picture_stream *s)
{
	return !s->garbage && s->at < SCAN_DIGITS && s->bytes > 0;
}

void picture_stream_free(struct picture_stream *s)
{
	buf_wipe(&s->rest);
	explicit_bzero(s, sizeof *s);
}
