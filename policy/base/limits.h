// SPDX-License-Identifier: ISC
// Every ceiling stands here, with the reason for its size.
#ifndef LETHE_BASE_LIMITS_H
#define LETHE_BASE_LIMITS_H

enum {
	POLICY_BYTES_MAX = 4 * 1024 * 1024, // a policy with all languages is under 200 KiB
	WORD_BYTES_MAX = 64 * 1024,         // one filled word of policy/publish/words
	JSON_DEPTH_MAX = 32,                // our deepest message has 6 levels
	JSON_VALUES_MAX = 100 * 1000,       // each takes 100 bytes when read: a body of 48 MiB that is all commas would take 2 GiB
	PARAMS_BYTES_MAX = 48 * 1024,       // nginx refuses a FastCGI PARAMS record over 65,535 bytes
	BODY_BYTES_MAX = 32 * 1024 * 1024,  // no route may ask for more
	GENERATE_BODY_MAX = 64 * 1024,      // a description of 4,000 characters, as JSON, many times over
	RIGHTS_BODY_MAX = 32 * 1024,
	DESCRIPTION_CHARS_MAX = 4000,
	URL_BYTES_MAX = 2048,
	IMAGES_MAX = 8,
	FRAME_HEAD_MAX = 64 * 1024,             // the JSON head of a call between two programs
	FRAME_BODY_MAX = 48 * 1024 * 1024,      // a 3840x2160 PNG as base64
	EGRESS_CALL_MAX = 16 * 1024 * 1024,     // the body of a call to egress: four pictures to start from and a mask, as base64
	EGRESS_CALLS_MAX = 64 * 1024 * 1024,    // the frames of all calls that egress holds, some half sent: 4,096 of 16 KiB each
	EGRESS_CALL_FREE = 16 * 1024,           // a call that is no larger is taken also above that
	EGRESS_REPLIES_MAX = 16 * 1024 * 1024,  // of streamed answers that callers have not taken: then nothing more is read for a while
	EGRESS_REPLIES_MOST = 48 * 1024 * 1024, // of the same, when that has not helped at once: callers are ended
	EGRESS_ANSWERS_MAX = 64 * 1024 * 1024,  // of all answers that are not streamed: pages, prompts, failures
	EGRESS_ANSWER_FREE = 32 * 1024,         // an answer that is no larger is taken also above that
	EGRESS_REPLY_MAX = 1024 * 1024,         // what an upstream answers and is not streamed: prompts, failures
	IMAGE_BYTES_MAX = 32 * 1024 * 1024,
	THUMBNAIL_EDGE = 512,
	THUMBNAIL_BYTES_MAX = 40 * 1024,            // with its mark: eight of them come over a slow line within seconds
	THUMBNAIL_UNDER_WAY_MAX = 32 * 1024 * 1024, // of pictures on their way to the worker
	THUMBNAIL_MARK_MAX = 1024,                  // what policy/picture/mark adds to a WebP
	PARTIAL_BYTES_MAX = 8 * 1024 * 1024,        // of a partial picture: as large as the picture itself, which is at most 1536x1024
	PARTIAL_UNDER_WAY_MAX = 64 * 1024 * 1024,   // of them, in the whole program
	REFERENCES_MAX = 4,                         // pictures to start from: the vendors take three to sixteen
	REFERENCE_EDGE = 2048,                      // the models look at 1,536 pixels at most
	REFERENCE_BYTES_MAX = 2 * 1024 * 1024,      // each, as it leaves
	ARCHIVE_BYTES_MAX = 288 * 1024 * 1024,
	PAGE_BYTES_MAX = 2 * 1024 * 1024, // decoded HTML: libxml2 needs up to 60 times as much
	PAGE_FACTS_MAX = 64 * 1024,       // what the page reader may answer
	WORKER_MEMORY_MAX = 256 * 1024 * 1024,
	WORKER_CPU_SECONDS = 2,
	THREAD_STACK = 256 * 1024,
	SPACE_RESERVE_BYTES = 4 * 1024 * 1024, // four times what a rewrite of a vault of 1 MiB or an erasure of 4,000 rows writes
};

#endif
