// SPDX-License-Identifier: ISC
// The only program with a way to the Internet and with the processors' keys; see fcgi/ipc/egress_call.h for what it is
// asked and what it answers.
#include "fcgi/egress/run.h"
#include "fcgi/serve/serve.h"
#include "policy/base/place.h"
#include "policy/base/setting.h"
#include "policy/rules/active.h"
#include <stdio.h>
#include <unistd.h>

enum { MESSAGES_MAX = 256 * 1024 };

int main(int argc, char **argv)
{
	BUF_AUTO struct buf messages = BUF_INIT(MESSAGES_MAX);
	struct active_watch watch;
	if (place_version_asked(argc, argv))
		return 0;
	active_watch_begin(&watch, setting_state());
	POLICY_AUTO struct policy *p = policy_load_active(setting_state(), setting_policy(), &messages);
	if (p == NULL) {
		fputs(buf_text(&messages), stderr);
		fprintf(stderr, "egress: no policy, no service: %s is not valid\n", setting_policy());
		return EXIT_CANNOT_START;
	}
	return egress_run(p, &watch, STDIN_FILENO);
}
