// SPDX-License-Identifier: ISC
// Certificates, verifier keys, notes and proofs, as anybody can hand them in. The input: a key's line, then a note, a proof or a certificate. What no
// key signed is never said to hold: this one's private half nobody has.
#include "policy/base/text.h"
#include "policy/rights/certificate.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t leaf[HASH_LEN];
	struct buf text BUF_AUTO = BUF_INIT(CERTIFICATE_FILE_MAX);
	struct signed_note_key key, own = {.name = "example.lethe.invalid/ledger"};
	struct certificate_check check;
	struct checkpoint checkpoint;
	struct proof_text proof;
	size_t text_len;
	struct err e;

	if (size == 0 || size > CERTIFICATE_FILE_MAX / 2 || buf_add(&text, data, size) != 0 || memchr(data, '\0', size) != NULL)
		return 0;
	memcpy(own.public, "an Ed25519 key that nobody made!", ED25519_LEN);
	signed_note_key_id(own.name, own.public, own.id);
	(void)signed_note_key_parse(&key, buf_text(&text), &e);
	const char *rest = strchr(buf_text(&text), '\n');
	rest = rest != NULL ? rest + 1 : buf_text(&text);
	const size_t len = strlen(rest);
	if (signed_note_verify(&own, rest, len, &text_len) || signed_note_checkpoint(&checkpoint, &own, rest, len, &e) == 0 ||
	    signed_note_proof(&proof, &own, rest, len, leaf, &e) == 0 || certificate_verify(rest, len, &own, &check, &e) == 0)
		abort();
	return 0;
}
