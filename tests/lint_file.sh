#!/bin/sh
# SPDX-License-Identifier: ISC
# What lint_idioms.py, clang, clang-tidy and cppcheck find in the named C files, a finding a line. lint.sh sets FLAGS, WARN, TOOLS, CACHE and LINT_TURN.
# A file in which nothing was found is remembered in CACHE by a hash of the file, of all it includes, of .clang-tidy, of the tools' versions
# and of this script: only what is unchanged in all of them is not analysed again.
includes() {
	clang -M $FLAGS "$1" 2>/dev/null | sed 's/^[^:]*://; s/\\$//'
}
# The analyser takes nine tenths of the time. Its default is 225,000 steps a function.
depth() { # FILE
	[ -z "$LINT_TURN" ] || [ $(($(printf %s "$1" | cksum | cut -d ' ' -f 1) % 3)) = "$LINT_TURN" ] ||
		printf -- '--extra-arg=%s ' -Xclang -analyzer-config -Xclang max-nodes=30000
}
key() { # FILE INCLUDED...
	{ echo "$TOOLS $FLAGS $WARN $(depth "$1") $*"; cat "$0" tests/lint_idioms.py .clang-tidy "$@"; } | sha256sum | cut -c 1-40
}
# clang-tidy takes one file at a time: the analyser of clang 14 finds false faults in va_list once it has read another file before.
analyse() {
	{
		/usr/bin/python3 tests/lint_idioms.py "$1" 2>&1 || echo "$1: error: lint_idioms.py ended with $?"
		case $1 in
		tests/*) clang -fsyntax-only $FLAGS $WARN "$1" 2>&1 || echo "$1: error: clang ended with $?" ;;
		*)
			clang-tidy --quiet $(depth "$1") "$1" -- $FLAGS $WARN 2>/dev/null || echo "$1: error: clang-tidy ended with $?"
			cppcheck --quiet --std=c11 -D_GNU_SOURCE -I. --enable=warning,performance,portability --inline-suppr \
				--suppress=missingIncludeSystem --template='{file}:{line}: {severity}: {message} [{id}]' "$1" 2>&1 ||
				echo "$1: error: cppcheck ended with $?"
			;;
		esac
	} | grep -E '(warning|error|performance|portability): ' | sed "s|^$PWD/||; s|^\./||" | sort -u
}
for f; do
	list=$(includes "$f")
	k=$(key "$f" $list)
	if [ -e "$CACHE/$k" ]; then
		touch "$CACHE/$k"
		continue
	fi
	found=$(analyse "$f")
	if [ -n "$found" ]; then
		printf '%s\n' "$found"
	elif [ "$(key "$f" $list)" = "$k" ]; then # and it was not changed meanwhile
		: >"$CACHE/$k"
	fi
done
