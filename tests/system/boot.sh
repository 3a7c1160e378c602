#!/bin/sh
# SPDX-License-Identifier: ISC
# boot.sh ROOT SCRIPT: boots the Debian in ROOT with its own systemd, cut off from every network, runs SCRIPT in it once it is up, and turns
# it off. What SCRIPT prints goes to ROOT/result. To be run in a mount namespace of its own: it mounts over /run.
set -eu
root=$1
install -m 755 "$2" "$root/script"
install -m 644 "${0%/*}/checks.sh" "$root/checks"
cat >"$root/etc/systemd/system/script.service" <<END
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/script
StandardOutput=append:/result
StandardError=append:/result
ExecStopPost=/bin/systemctl --no-block poweroff
TimeoutStartSec=240
[Install]
WantedBy=default.target
END
chroot "$root" systemctl --quiet enable script.service
# Without a tmpfs nspawn refuses ("Attempted to remove disk file system").
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd
# The programs need landlock and locked memory, which nspawn takes away unless told, and inside.c looks into them.
timeout --kill-after=10 300 systemd-nspawn --quiet --directory="$root" --boot --console=pipe --private-network --register=no --keep-unit \
	--system-call-filter='landlock_create_ruleset landlock_add_rule landlock_restrict_self @memlock ptrace process_vm_readv process_vm_writev' >"$root/console" 2>&1 </dev/null || true
