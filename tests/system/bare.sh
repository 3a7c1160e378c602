#!/bin/sh
# SPDX-License-Identifier: ISC
# What a newcomer does on a fresh server, as root: a clone in /root, which nobody else can enter, with git and make and nothing else.
# Runs in a root of its own; $WHOLE: also what `make test` needs, and those of its tests that such a machine has spoiled before.
. /checks
export HOME=/root
cd /root/lethe || exit 1
port=$PORT

get() { # get PATH: over bash's own sockets, since nothing else is installed
	bash -c 'exec 3<>/dev/tcp/127.0.0.1/$0 && printf "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" "$1" >&3 && cat <&3' "$port" "$1"
}
runs() {
	make run PORT="$port" >/tmp/run.log 2>&1 &
	run=$!
	within 500 sh -c "grep -q 'Lethe serves' /tmp/run.log || ! kill -0 $run" && grep 'Lethe serves' /tmp/run.log || { cat /tmp/run.log; return 1; }
	get /healthz | grep '"ok":true' && get / | grep -qi '<!doctype html>'
}
ends() { kill -INT "$(grep -lx lethe-run /proc/[0-9]*/comm | cut -d/ -f3)" && within 20 sh -c "! kill -0 $run" && [ -z "$(git status --porcelain)" ]; }

check "make run installs what is missing, builds and serves" runs
check "it ends, and the clone is as it was" ends
if [ -n "${WHOLE:-}" ]; then
	check "what make test needs is installed" make packages-test node-packages
	fc-list : family | sort -u | head -n 40
	node() { PATH="/root/lethe/build/node/bin:$PATH" command node "$@"; }
	check "the tests' programs are built" make -s programs unit-programs bench-programs
	for t in site/run site/sealed site/install browser/start browser/visit; do check "$t passes there" node --test "tests/$t.test.mjs"; done
fi
echo "end $failures"
