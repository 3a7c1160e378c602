#!/bin/sh
# SPDX-License-Identifier: ISC
# What the README tells an administrator to do after `make install`; runs in the test's root.
set -eu
systemd-sysusers 2>/dev/null
systemd-tmpfiles --create 2>/dev/null || true # what needs a running systemd is done when it boots
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/lethe/master.key
chmod 400 /etc/lethe/master.key
mkdir -p /etc/lethe/tls
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -keyout /etc/lethe/tls/key.pem \
	-out /etc/lethe/tls/cert.pem 2>/dev/null
systemctl --quiet disable nginx
systemctl --quiet enable lethe.target
