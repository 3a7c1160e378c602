#!/bin/sh
# SPDX-License-Identifier: ISC
# build.sh FOLDER VERSION: makes FOLDER/lethe_VERSION_ARCH.deb of what `make install` laid down below FOLDER/root.
set -eu
out=$1 version=$2
root=$out/root
here=$(cd "$(dirname "$0")" && pwd)
arch=$(dpkg --print-architecture)

# What the programs are linked with, by the packages of this machine.
work=$out/work
rm -rf "$work"
mkdir -p "$work/debian"
printf 'Source: lethe\nPackage: lethe\nArchitecture: any\n' >"$work/debian/control"
libraries=$(find "$root" -type f -perm -u+x ! -name '*.so*' -exec sh -c 'head -c 4 "$1" | grep -q ELF' sh {} \; -print |
	sed 's/^/-e/' | (cd "$work" && xargs -d '\n' dpkg-shlibdeps -O 2>/dev/null) | sed 's/^shlibs:Depends=//')

doc=$root/usr/share/doc/lethe
gzip -9n "$root"/usr/share/man/man?/*
mv "$doc/CHANGELOG.md" "$doc/changelog"
gzip -9n "$doc/changelog"
rm -f "$doc/LICENSE"
printf 'lethe (%s) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- %s  %s\n' "$version" \
	"$(sed -n 's/^Maintainer: //p' "$here/control")" "$(date -R -u -r "$here/../../CHANGELOG.md")" | gzip -9n >"$doc/changelog.Debian.gz"
install -m 644 "$here/copyright" "$doc/copyright"
install -D -m 644 "$here/lintian" "$root/usr/share/lintian/overrides/lethe"
find "$root" -type f -perm -u+x -exec sh -c 'head -c 4 "$1" | grep -q ELF' sh {} \; -exec strip --remove-section=.comment {} +
find "$root" -type d -exec chmod 755 {} +

mkdir -p "$root/DEBIAN"
for script in postinst prerm postrm; do install -m 755 "$here/$script" "$root/DEBIAN/$script"; done
(cd "$root" && find etc -type f -printf '/%p\n' | sort) >"$root/DEBIAN/conffiles"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
size=$(du -k -s --exclude=DEBIAN "$root" | cut -f1)
sed -e "s|@VERSION@|$version|; s|@ARCH@|$arch|; s|@SIZE@|$size|; s|@LIBRARIES@|$libraries|" "$here/control" >"$root/DEBIAN/control"
dpkg-deb --root-owner-group --build "$root" "$out/lethe_${version}_$arch.deb" >/dev/null
rm -rf "$work"
echo "$out/lethe_${version}_$arch.deb"
