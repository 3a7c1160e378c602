# SPDX-License-Identifier: ISC
# What the scripts that run inside share: a line "ok NAME" or "not ok NAME" for each check, with what was found below.
site=https://localhost
failures=0

# check NAME COMMAND…: it must succeed.
check() {
	began=$(date +%s)
	name=$1
	shift
	if out=$("$@" 2>&1); then
		echo "ok $name"
		echo "  $(($(date +%s) - began)) s"
	else
		echo "not ok $name"
		printf '%s\n' "$out" | tail -n 25 | sed 's/^/  /'
		failures=$((failures + 1))
	fi
}
# within SECONDS COMMAND…: it must succeed at last; what it printed last is printed.
within() {
	end=$(($(date +%s) + $1))
	shift
	until said=$("$@" 2>&1); do
		[ "$(date +%s)" -lt "$end" ] || { printf '%s\n' "$said"; return 1; }
		sleep 0.1
	done
}
healthy() { [ "$(curl -sk "$site/healthz" | grep -o '"ok":true')" ] || { curl -sk "$site/healthz"; return 1; }; }
pid_of() { systemctl show -P MainPID "lethe-$1.service"; }
drop_in() { # drop_in UNIT LINE…
	mkdir -p "/run/systemd/system/$1.d"
	case $1 in *.timer) echo '[Timer]' ;; *) echo '[Service]' ;; esac >"/run/systemd/system/$1.d/test.conf"
	unit=$1
	shift
	printf '%s\n' "$@" >>"/run/systemd/system/$unit.d/test.conf"
	systemctl daemon-reload
}
drop_out() { rm -rf "/run/systemd/system/$1.d" && systemctl daemon-reload; }
programs=$(ls /usr/lib/systemd/system/lethe-*.socket | grep -v metrics | sed 's/.*lethe-\(.*\)[.]socket/\1/')

target_up() {
	systemctl is-active lethe.target nginx-lethe.service || return 1
	for p in $programs; do systemctl is-active "lethe-$p.socket" || return 1; done
	! systemctl --failed --no-legend | grep .
}
pages() {
	curl -skf "$site/" | grep -qi '<!doctype html>' && curl -skf "$site/privacy" | grep -qi privacy || return 1
	# Each program starts with its first caller.
	curl -sk -o /dev/null "$site/downloads/none.zip" && curl -skf "$site/privacy/live.json" >/dev/null
}
a_set() {
	answer=$(curl -sk -H 'Content-Type: application/json' -d '{"description":"A bakery in Lyon with rye bread.","count":2}' "$site/api/generate")
	zip=$(printf '%s' "$answer" | grep -o '/downloads/[0-9a-zA-Z_-]*[.]zip' | head -n 1)
	[ -n "$zip" ] || { echo "$answer"; return 1; }
	[ "$(curl -sk "$site$zip" | head -c 2)" = PK ]
}
