#!/bin/sh
# SPDX-License-Identifier: ISC
# What clang, clang-tidy and cppcheck find in the named C files, a finding a line. lint.sh sets FLAGS, WARN, TOOLS and CACHE.
# What was found in a file is kept in CACHE under a hash of the file, of all it includes, of .clang-tidy, of the tools' versions and of this
# script: only what is unchanged in all of them is not analysed again.
key() {
	list=$(clang -M $FLAGS "$1" 2>/dev/null | sed 's/^[^:]*://; s/\\$//')
	{ echo "$TOOLS $FLAGS $WARN $1" $list; cat "$0" .clang-tidy "$1" $list; } | sha256sum | cut -c 1-40
}
# clang-tidy takes one file at a time: the analyser of clang 14 finds false faults in va_list once it has read another file before.
analyse() {
	case $1 in
	tests/*) clang -fsyntax-only $FLAGS $WARN "$1" 2>&1 ;;
	*)
		clang-tidy --quiet "$1" -- $FLAGS $WARN 2>/dev/null
		cppcheck --quiet --std=c11 -D_GNU_SOURCE -I. --enable=warning,performance,portability --inline-suppr \
			--suppress=missingIncludeSystem --template='{file}:{line}: {severity}: {message} [{id}]' "$1" 2>&1
		;;
	esac | grep -E '(warning|error|performance|portability): ' | sed "s|^$PWD/||; s|^\./||" | sort -u
}
for f; do
	k=$(key "$f")
	if [ ! -e "$CACHE/$k" ]; then
		analyse "$f" >"$CACHE/$k.$$"
		# A file that was changed meanwhile is not what the hash names.
		if [ "$(key "$f")" = "$k" ]; then mv "$CACHE/$k.$$" "$CACHE/$k"; else mv "$CACHE/$k.$$" "$CACHE/changed.$$"; k=changed.$$; fi
	fi
	cat "$CACHE/$k" && touch "$CACHE/$k"
done
