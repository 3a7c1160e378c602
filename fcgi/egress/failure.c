// SPDX-License-Identifier: ISC
#include "fcgi/egress/failure.h"
#include "policy/base/array.h"

static const struct failure_row {
	const char *code;
	const char *words;
	bool passing;
} rows[FAILURE_COUNT] = {
    [FAILURE_BAD_CALL] = {"bad-call", "The call's head is not as it should be.", false},
    [FAILURE_UNDECLARED] = {"undeclared-processor", "The policy does not declare that pages are fetched.", false},
    [FAILURE_HOST] = {"host-not-allowed", "The policy names no such host for the processor.", false},
    [FAILURE_PATH] = {"path-not-allowed", "The processor's row knows no such call: method, host, path and query must be one of its routes.",
		      false},
    [FAILURE_KIND] = {"kind-not-shared", "The call has a body and does not say what kinds of data are in it.", false},
    [FAILURE_FIELD] = {"field-not-shared", "The policy does not share this field with the processor.", false},
    [FAILURE_FLAGS] = {"flags-missing", "The call lacks what its route always says: no storing, no training.", false},
    [FAILURE_MEMBER] = {"member-not-allowed", "The call holds what its route may not carry, or is not what its type says.", false},
    [FAILURE_NOT_CONFIGURED] = {"not-configured", "The processor is not set up on this machine.", false},
    [FAILURE_BREAKER] = {"breaker-open", "The processor failed several times in a row and is left alone for a while.", false},
    [FAILURE_BUDGET] = {"budget", "The day's budget of requests to the processor is spent (LETHE_EGRESS_DAILY).", false},
    [FAILURE_CALLS] = {"budget", "Too many calls are under way; later may work.", false},
    [FAILURE_MEMORY] = {"budget", "There is no memory left.", false},
    [FAILURE_URL] = {"bad-url", "The URL cannot be used.", false},
    [FAILURE_ADDRESS] = {"address-forbidden", "The URL leads to an address that is not on the public Internet.", false},
    [FAILURE_UNRESOLVABLE] = {"unresolvable", "The host name is not known to the name service.", true},
    [FAILURE_UNREACHABLE] = {"unreachable", "The host does not take connections.", true},
    [FAILURE_CLOSED] = {"unreachable", "The host closed the connection without an answer.", true},
    [FAILURE_TLS] = {"tls", "No secure connection could be made.", false},
    [FAILURE_CERTIFICATE] = {"tls", "The host's certificate is not valid.", false},
    [FAILURE_SLOW] = {"timeout", "The host is too slow, or does not answer.", true},
    [FAILURE_BROKEN] = {"truncated", "The connection broke before the whole answer was there.", true},
    [FAILURE_ENCODING] = {"truncated", "The answer's compression is broken.", true},
    [FAILURE_NOT_HTTP] = {"truncated", "What came back is not HTTP.", true},
    [FAILURE_HEADERS] = {"too-large", "The answer has more headers than any real one.", false},
    [FAILURE_SIZE] = {"too-large", "The answer is larger than what can be taken.", false},
    [FAILURE_REGION] = {"region-mismatch", "The processor answered from a region that the policy does not name.", false},
    [FAILURE_NOT_HTML] = {"not-html", "The URL leads to something that is not an HTML page.", false},
    [FAILURE_EMPTY] = {"empty-page", "The page is empty.", false},
    [FAILURE_REDIRECTS] = {"redirects", "The page redirects more than five times.", false},
    [FAILURE_STATUS] = {"http-status", "The page does not exist.", false},
    [FAILURE_MAIL] = {"bad-mail", "The mail cannot be sent as it is.", false},
    [FAILURE_LOGIN] = {"login", "The mail server does not take our user and password, or the mail service our key.", true},
    [FAILURE_MAIL_LATER] = {"mail-later", "The mail server asks for another attempt later.", true},
    [FAILURE_MAIL_REFUSED] = {"mail-refused", "The mail server does not take this mail.", false},
    [FAILURE_MAIL_UNSURE] = {"mail-unsure", "The mail service says neither that it took this mail nor that it did not.", false},
    [FAILURE_MAIL_SENDER] = {"mail-sender", "The mail service does not send for the address that the policy gives as contact.", false},
    [FAILURE_MAIL_QUOTA] = {"mail-quota", "The mail service takes no more mails for now: its quota is used up.", false},
    [FAILURE_MAIL_DIFFERS] = {"mail-differs", "The mail service was given another mail under this number before.", false},
};

static const struct {
	CURLcode result;
	enum egress_failure failure;
} meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, FAILURE_UNRESOLVABLE},
    {CURLE_COULDNT_CONNECT, FAILURE_UNREACHABLE},
    {CURLE_OPERATION_TIMEDOUT, FAILURE_SLOW},
    {CURLE_SSL_CONNECT_ERROR, FAILURE_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, FAILURE_CERTIFICATE},
    {CURLE_SSL_CACERT_BADFILE, FAILURE_TLS},
    {CURLE_SSL_CERTPROBLEM, FAILURE_TLS},
    {CURLE_SSL_CIPHER, FAILURE_TLS},
    {CURLE_USE_SSL_FAILED, FAILURE_TLS},
    {CURLE_LOGIN_DENIED, FAILURE_LOGIN},
    {CURLE_FILESIZE_EXCEEDED, FAILURE_SIZE},
    {CURLE_BAD_CONTENT_ENCODING, FAILURE_ENCODING},
    {CURLE_UNSUPPORTED_PROTOCOL, FAILURE_NOT_HTTP},
    {CURLE_WEIRD_SERVER_REPLY, FAILURE_NOT_HTTP},
    {CURLE_URL_MALFORMAT, FAILURE_URL},
    {CURLE_OUT_OF_MEMORY, FAILURE_MEMORY},
};

const char *egress_failure_code(enum egress_failure f)
{
	return rows[f].code;
}

const char *egress_failure_words(enum egress_failure f)
{
	return rows[f].words;
}

bool egress_failure_passing(enum egress_failure f)
{
	return rows[f].passing;
}

enum egress_failure egress_failure_of(CURLcode result, bool answered)
{
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		if (meanings[i].result == result)
			return meanings[i].failure;
	return answered ? FAILURE_BROKEN : FAILURE_CLOSED;
}
