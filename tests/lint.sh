#!/bin/sh
# SPDX-License-Identifier: ISC
# What a reader should not have to check: layout, banned functions, one-way arrows, circles, names, idioms, long functions, licence lines, man
# pages, and what clang-tidy and cppcheck find. Prints what is wrong; the last line counts.
#
#   sh tests/lint.sh          all of it
#   sh tests/lint.sh third    clang's analyser follows all paths in a third of the files, which goes round with the commits, and the first ones in the others
cd "$(dirname "$0")/.." || exit 1
count=$(mktemp)
trap 'rm -f "$count"' EXIT
check() { # name, and on standard input what is wrong
	found=$(cat)
	if [ -z "$found" ]; then echo passed >>"$count"; else echo failed >>"$count"; printf '%s:\n%s\n' "$1" "$found"; fi
}
export LINT_TURN=
[ "${1:-}" = third ] && LINT_TURN=$(($(git rev-list --count HEAD) % 3))
files=$(git ls-files --cached --others --exclude-standard '*.c' '*.h')
product=$(printf '%s\n' $files | grep -v '^tests/')
sources=$(printf '%s\n' $product | grep '\.c$')

clang-format --dry-run $files 2>&1 | grep -E ': (warning|error): ' | head -n 20 | check "layout (run clang-format -i)"
printf '%s\n' $files | xargs awk 'FNR==1 && !/SPDX-License-Identifier: ISC/{print FILENAME}' | check "licence line missing"
printf '%s\n' $files | xargs grep -nwE '(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|gmtime|localtime|strerror|asctime|ctime|rand|mktemp|tmpnam)[[:space:]]*\(' | check "banned function"
printf '%s\n' $product | xargs grep -nE '\b(TODO|FIXME|XXX)\b' | check "left in"
/usr/bin/python3 tests/lint_tree.py | check "arrows, circles, names and words"
printf '%s\n' $sources | xargs awk 'FNR==1{open=0} /^[A-Za-z_].*[^=[:space:]][[:space:]]*\{[[:space:]]*$/||/^\{/{if(!open)open=FNR} /^\}/{if(open&&FNR-open>100)print FILENAME ":" open ": " FNR-open " lines"; open=0}' | check "function over 100 lines"
man=$(git ls-files '*.[1-8]' | grep -v '^tests/')
[ -z "$man" ] || mandoc -T lint -W warning $man 2>&1 | check "man pages"
xmllint --noout --schema policy/policy.xsd policy/sites/*.xml 2>&1 | grep -v ' validates$' | check "policies against the schema"
grep -n '"resolved"' tests/package-lock.json | check "addresses in the lock file"

# Two at a time: the machine may have no more.
export CACHE=build/lint
export FLAGS="-std=gnu17 -D_GNU_SOURCE -I. $(pkg-config --cflags libxml-2.0 libcurl libcjson pangocairo harfbuzz librsvg-2.0 libdeflate libseccomp sqlite3 | sed 's/-I/-isystem /g')"
export WARN="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wformat=2 -Wvla"
export TOOLS="$(clang-tidy --version) $(cppcheck --version)"
mkdir -p "$CACHE"
printf '%s\n' $files | grep '\.c$' | xargs -P 2 -n 8 sh tests/lint_file.sh | sort -u | check "idioms, clang's warnings, clang-tidy and cppcheck"
find "$CACHE" -type f -mtime +7 -delete
failed=$(grep -c failed "$count")
echo "$(grep -c passed "$count") passed, $failed failed"
[ "$failed" = 0 ]
