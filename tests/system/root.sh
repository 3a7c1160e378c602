#!/bin/sh
# SPDX-License-Identifier: ISC
# root.sh TAR PACKAGE…: a minimal Debian 12 as a tar, from the mirrors that this machine's apt uses. Made once; a second run finds it.
set -eu
tar=$1
shift
[ ! -s "$tar" ] || exit 0
mkdir -p "${tar%/*}"
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | awk '$3 ~ /^bookworm(-updates|-security)?$/ && $4 == "main"' |
	sort -u >"$tar.list"
[ -s "$tar.list" ] || { echo "apt has no mirror of Debian 12" >&2; exit 1; }
set -- "$(printf ',%s' "$@")"
for kind in http https; do
	eval "$(apt-config shell proxy Acquire::$kind::Proxy)"
	[ -z "${proxy:-}" ] || set -- "$@" "--aptopt=Acquire::$kind::Proxy \"$proxy\""
	proxy=
done
packages=${1#,}
shift
mmdebstrap --quiet --mode=root --format=tar --variant=minbase --dpkgopt=force-unsafe-io --aptopt='APT::Install-Recommends "false"' "$@" \
	--include="$packages" bookworm "$tar.new.tar" "$tar.list"
mv "$tar.new.tar" "$tar"
