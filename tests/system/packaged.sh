#!/bin/sh
# SPDX-License-Identifier: ISC
# The package under a real systemd: from a version before to this one, and away again.
. /checks
export DEBIAN_FRONTEND=noninteractive

installed() {
	dpkg -i /old.deb && lethe-setup --version | grep -F 0.8.0 && nginx -t -q -c /etc/lethe/nginx.conf && systemctl is-enabled lethe.target &&
		! systemctl is-active lethe.target && [ "$(stat -c %a:%U /etc/lethe/master.key)" = 400:root ]
}
serves() { systemctl start lethe.target && within 20 healthy && within 20 target_up && pages && a_set && lethe check; }
named() {
	lethe-setup SERVER_NAME= 2>&1 | grep 'SERVER_NAME is empty' && lethe-setup 'SERVER_NAME=localhost images.example' &&
		grep 'server_name localhost images.example;' /etc/lethe/nginx.conf && systemctl reload nginx-lethe.service
}
upgraded() {
	echo '# mine' >>/etc/lethe/lethe.env
	echo '# mine' >>/etc/lethe/snippets/http.conf
	old=$(pid_of generate)
	dpkg --force-confdef --force-confold -i /new.deb || return 1
	lethe-setup --version | grep -F 0.9.0 && [ "$(pid_of generate)" != "$old" ] || return 1
	# What was edited stays, the new one is beside it; what was not is new; names are remembered.
	grep '^# mine' /etc/lethe/lethe.env && grep '^# mine' /etc/lethe/snippets/http.conf && [ -e /etc/lethe/snippets/http.conf.new ] &&
		[ ! -e /etc/lethe/nginx.conf.new ] && ! grep 'of 0.8.0' /etc/lethe/nginx.conf && ! grep 'of 0.8.0' /etc/lethe/snippets/http.conf.new &&
		grep 'server_name localhost images.example;' /etc/lethe/nginx.conf && within 20 healthy && pages && a_set
}
kept_after_upgrade() { mv /etc/lethe/snippets/http.conf.new /etc/lethe/snippets/http.conf && lethe-setup && systemctl reload nginx-lethe.service && lethe check; }
removed() {
	dpkg -r lethe || return 1
	! systemctl list-units --no-legend --state=active 'lethe*' 'nginx-lethe.service' | grep . && [ ! -e /usr/sbin/lethe ] &&
		[ -e /etc/lethe/master.key ] && [ -e /var/lib/lethe/vault.db ] && ! pgrep -u lethe
}
back() { dpkg -i /new.deb && serves && [ "$(sha256sum </var/lib/lethe/keys/ledger.pub)" = "$ledger" ]; }
purged() {
	dpkg -P lethe || return 1
	! find /etc /usr /var/lib /run -xdev -name '*lethe*' ! -path '/run/systemd/*' ! -path '/var/lib/systemd/*' | grep .
}

check "the package is installed and starts nothing by itself" installed
check "the site serves, and lethe check exits 0" serves
check "the site gets its name" named
check "an upgrade restarts what runs, and keeps what was edited" upgraded
check "lethe check exits 0 after the upgrade" kept_after_upgrade
ledger=$(sha256sum </var/lib/lethe/keys/ledger.pub)
check "removing it leaves what was configured and stored" removed
check "installed again it serves the same store" back
check "purging it leaves nothing" purged
echo "end $failures"
