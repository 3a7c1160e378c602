#!/bin/sh
# SPDX-License-Identifier: ISC
# What holds on a fresh installation under a real systemd. Runs inside, as root; a line "ok NAME" or "not ok NAME" for each, with what was
# found below the latter.
. /checks

installation_kept() { lethe check --quiet; }
# The site's own user may not see everything, and says so of nothing else than is so.
as_own_user() {
	said=$(setpriv --reuid=lethe --regid=lethe --init-groups --reset-env /usr/sbin/lethe check)
	case $? in 0 | 2) ;; *) echo "$said"; return 1 ;; esac
	! echo "$said" | grep -F /var/lib/lethe/keys/master.key && echo "$said" | grep 'kept *master-key */etc/lethe/master.key'
}
one_master_key() { [ ! -e /var/lib/lethe/keys/master.key ]; }
confined() {
	for p in $programs; do
		said=$(journalctl -b -o cat -u "lethe-$p.service")
		printf '%s\n' "$said" | grep 'sandbox: ' || { echo "$p: $said"; return 1; }
		! printf '%s\n' "$said" | grep -E 'NO SECCOMP|WARNING' || return 1
		[ ! -e /sys/kernel/security/landlock ] && ! grep -q landlock /proc/kallsyms || ! printf '%s\n' "$said" | grep 'NO LANDLOCK' || return 1
	done
}
empty_roots() {
	for p in $programs; do
		for folder in root home srv opt var/log etc/ssh etc/lethe/keys; do
			! ls "/proc/$(pid_of "$p")/root/$folder/" 2>/dev/null | grep . || { echo "$p sees /$folder"; return 1; }
		done
	done
}
# System calls made from inside each program, as who has taken it over could. What nobody may is tried by all; what some may must work for these.
column() { sed -n "s/^PROGRAM($1, \"[^\"]*\", \"[^\"]*\", \"[^\"]*\", \([A-Z_|0 ]*\), \"\([^\"]*\)\", \"\([^\"]*\)\".*/\\$2/p" /programs.def; }
taken_over() {
	state=/var/lib/lethe run=/run/lethe own=$(column "$1" 2) calls=$(column "$1" 3) other=rights may=
	[ "$1" != rights ] || other=download
	pages && a_set || return 1
	{
		for file in publish/nginx/headers.conf publish/html/index.html policy/active.xml; do printf '%s\n' "write $state/$file" "create $state/$file.new" "rename $state/$file $state/$file.old"; done
		printf '%s\n' "create $run/nginx/inside" "create $run/inside" "create /etc/lethe/inside" "write /etc/lethe/nginx.conf" "write /etc/lethe/policy.xml" "write /etc/hosts" "create /tmp/../inside"
		printf '%s\n' "read /etc/lethe/master.key" "read /etc/lethe/keys/AZURE_OPENAI_API_KEY" "read /run/credentials/lethe-$other.service/LETHE_MASTER_KEY" "read $state/keys/signer/ledger.key" "read /etc/shadow" "list /root" "list /home"
		printf '%s\n' "kill $(pid_of "$other")" "trace $(pid_of "$other")" "memory $(pid_of "$other")" "read /proc/$(pid_of "$other")/environ" "kill 1" "unix /run/dbus/system_bus_socket" "unix /run/systemd/private"
		for p in egress worker; do case " $calls " in *" $p "*) ;; *) echo "unix $run/$p.sock" ;; esac; done
		[ -n "$calls" ] || for p in generate download rights; do echo "unix $run/$p.sock"; done
		[ "$own" = egress ] || echo "create $state/egress/inside"
		case $(column "$1" 1) in *INTERNET*) ;; *) printf '%s\n' "tcp 127.0.0.1 443" "tcp 192.0.2.1 443" ;; esac
		case $(column "$1" 1) in *VAULT*) ;; *) printf '%s\n' "read $state/vault.db" "read $state/keys/keys.db" "write $state/vault.db" "create $run/spool/inside" "list $run/spool" "list $state/log" ;; esac
	} >/tmp/refused
	{
		case $(column "$1" 1) in *VAULT*) may="$run/spool/inside.tmp $state/log/inside.tmp" ;; esac
		[ -z "$own" ] || may="$may $state/$own/inside.tmp"
		for path in $may; do echo "create $path"; done
		for p in $calls; do echo "unix $run/$p.sock"; done
	} >/tmp/works
	/inside "$(pid_of "$1")" </tmp/refused >/tmp/said && [ "$(wc -l </tmp/said)" = "$(wc -l </tmp/refused)" ] && ! grep '^done' /tmp/said || return 1
	[ ! -s /tmp/works ] || { /inside "$(pid_of "$1")" </tmp/works >/tmp/said; rm -f $may; ! grep -v '^done' /tmp/said; }
}
notifies() {
	for p in $programs; do
		systemctl show "lethe-$p.service" -p Type,SubState,WatchdogUSec,OnFailure | tr '\n' ' ' |
			grep 'Type=notify.*OnFailure=failure-lethe@' | grep 'SubState=running' || { systemctl status "lethe-$p.service"; return 1; }
	done
}
comes_back() {
	old=$(pid_of "$1")
	kill -9 "$old"
	within 15 healthy && pages && within 15 sh -c "[ \$(systemctl show -P MainPID lethe-$1.service) != $old ]"
}
nginx_comes_back() { kill -9 "$(systemctl show -P MainPID nginx-lethe.service)" && within 15 healthy; }
restarts() { systemctl restart "$1" && within 15 healthy && pages; }
# It tells that it turns, and when it hangs it is ended and started again.
watched() {
	drop_in lethe-egress.service WatchdogSec=3
	systemctl restart lethe-egress.service || return 1
	old=$(pid_of egress)
	sleep 5
	[ "$(pid_of egress)" = "$old" ] || { journalctl -b -n 20 -u lethe-egress.service; return 1; }
	kill -STOP "$old"
	within 20 sh -c "[ \$(systemctl show -P MainPID lethe-egress.service) != $old ] && systemctl is-active lethe-egress.service" || return 1
	drop_out lethe-egress.service
	systemctl restart lethe-egress.service
}
# A unit that cannot start calls whoever wants to know, and is there again once it can.
failure_told() {
	printf '#!/bin/sh\necho "$1" >>/run/told\n' >/etc/lethe/on-failure
	chmod 755 /etc/lethe/on-failure
	drop_in failure-lethe@.service Environment=LETHE_RETRY_SECONDS=1
	drop_in lethe-egress.service Environment=LETHE_CA_FILE=/nonexistent
	systemctl restart lethe-egress.service
	within 20 grep -qx lethe-egress.service /run/told || { journalctl -b -n 30; return 1; }
	drop_out lethe-egress.service
	within 20 healthy || { journalctl -b -n 30; return 1; }
	drop_out failure-lethe@.service
	rm /etc/lethe/on-failure
}
timer_runs() {
	systemctl is-active "lethe-$1.timer" && systemctl start "lethe-$1.service" && [ "$(systemctl show -P Result "lethe-$1.service")" = success ] ||
		{ journalctl -b -n 20 -u "lethe-$1.service"; return 1; }
}
# A new site is checked before its first night: after a quarter of an hour and the timer's delay of up to ten minutes; and its timer does it by itself.
first_check() {
	next=$(systemctl list-timers --all --output=json lethe-daily.timer | sed -n 's/.*"next":\([0-9]*\).*/\1/p')
	[ -n "$next" ] && [ "$((next / 1000000 - $(date +%s)))" -le 1500 ] || { systemctl list-timers --all lethe-daily.timer; return 1; }
	rm -f /var/lib/lethe/officer/check.json
	drop_in lethe-daily.timer OnActiveSec= OnActiveSec=1s RandomizedDelaySec=0
	systemctl restart lethe-daily.timer
	within 60 [ -s /var/lib/lethe/officer/check.json ] || { systemctl list-timers --all lethe-daily.timer; journalctl -b -n 20 -u lethe-daily.service; return 1; }
	drop_out lethe-daily.timer
	systemctl restart lethe-daily.timer
}
# What the policy lets it keep of the sets above is pruned as any other.
reload_keeps() { systemctl reload nginx-lethe.service && within 10 healthy; }
resolver() {
	cp /etc/resolv.conf /tmp/resolv.conf 2>/dev/null
	echo 'nameserver 192.168.77.1' >/etc/resolv.conf || return 1
	lethe check | grep -q 'BROKEN *resolver' || { lethe check; return 1; }
	lethe-setup && systemctl daemon-reload && systemctl restart lethe-egress.service && lethe check || return 1
	systemctl show -P IPAddressAllow lethe-egress.service | grep -F 192.168.77.1 || return 1
	echo 'nameserver 203.0.113.1' >/etc/resolv.conf
	lethe-setup && [ ! -e /etc/systemd/system/lethe-egress.service.d ] && lethe check
}
# lethe-run on the installed store, as the site's own user: the administrator's key and no second one.
without_systemd() {
	systemctl stop lethe.target
	as="setpriv --reuid=lethe --regid=lethe --init-groups --reset-env"
	run="/usr/sbin/lethe-run --policy /etc/lethe/policy.xml --state /var/lib/lethe --bin /usr/lib/lethe --html /usr/share/lethe/html --nginx /usr/share/lethe/nginx"
	timeout 20 $as $run >/tmp/run.log 2>&1
	tr -s '\n ' '  ' </tmp/run.log | grep -F 'master key /etc/lethe/master.key' && [ ! -e /var/lib/lethe/keys/master.key ] || { cat /tmp/run.log; return 1; }
	chown lethe /etc/lethe/master.key
	$as $run >/tmp/run.log 2>&1 &
	within 30 grep 'Lethe serves' /tmp/run.log && curl -sf http://127.0.0.1:8080/healthz | grep '"ok":true' && $as /usr/sbin/lethe check --offline | grep 'kept *master-key */etc/lethe/master.key' ||
		{ cat /tmp/run.log; return 1; }
	kill -TERM "$(pgrep -x lethe-run)" && within 10 sh -c '! pgrep -x lethe-run'
	[ ! -e /var/lib/lethe/keys/master.key ] && chown root /etc/lethe/master.key && systemctl start lethe.target && within 15 healthy
}
gone() {
	for p in $programs; do [ ! -S "/run/lethe/$p.sock" ] || { systemctl status "lethe-$p.socket"; return 1; }; done
	! systemctl list-units --no-legend --state=active,activating,deactivating 'lethe-*.service' 'lethe-*.socket' nginx-lethe.service | grep -vE 'lethe-(prune|publish|daily)'
}
# Also while visitors come and egress is needed to the end. systemctl waits for the target alone, which is stopped before its parts.
stops() {
	for i in 1 2 3; do
		for k in $(seq 30); do curl -sk -m 5 -o /dev/null "$site/healthz" & curl -sk -m 5 -o /dev/null "$site/privacy/live.json" & sleep 0.01; done
		systemctl stop lethe.target
		within 60 gone || { journalctl -b -n 24 -o cat; return 1; }
		wait
		gone || return 1
		journalctl -b -o cat | grep -E '^(Stopping lethe-egress|Stopped lethe-generate)[.]service' | tail -n 2 | head -n 1 | grep generate || { echo "egress stopped before generate"; return 1; }
		systemctl reset-failed # five starts within ten seconds are more than a unit has by default
		systemctl start lethe.target && within 30 healthy || { systemctl --failed --no-legend; journalctl -b -n 40 -o cat; return 1; }
	done
}
# On this machine, for the site's group alone.
metrics() {
	said=$(curl -sf --unix-socket /run/lethe/metrics.sock http://localhost/metrics) || { journalctl -b -n 20 -u 'lethe-metrics*'; return 1; }
	for line in 'records{kind="archive"} [1-9]' 'egress_up 1' 'last_check_timestamp_seconds [1-9]' 'free_bytes{part="spool"} [1-9]' 'last_prune_timestamp_seconds [1-9]'; do
		printf '%s\n' "$said" | grep "^lethe_$line" || { printf '%s\n' "$line" "$said"; return 1; }
	done
	! setpriv --reuid=nobody --regid=nogroup --clear-groups curl -sf --unix-socket /run/lethe/metrics.sock http://localhost/metrics
}
# Every process of the site has the same spool, of huge pages.
spool_there() { findmnt -n -o FSTYPE,OPTIONS /run/lethe/spool | grep tmpfs | grep huge=within_size | grep -E "size=[0-9]+k" | grep nosuid | grep nodev | grep noexec; }
spool_shared() {
	spool_there && [ "$(stat -c %a:%U:%G /run/lethe/spool)" = 2750:lethe:www-data ] && a_set && ls /run/lethe/spool/*.zip || return 1
	orphan=/run/lethe/spool/0123456789abcdef0123456789abcdef.zip
	setpriv --reuid=lethe --regid=lethe --init-groups touch -d '2 hours ago' "$orphan" && systemctl start lethe-prune.service && [ ! -e "$orphan" ]
}
# As where the kernel has no huge pages for files: the folder itself. What is in use is never covered.
spool_plain() {
	systemctl start spool-lethe.service && [ "$(grep -c ' /run/lethe/spool ' /proc/self/mounts)" = 1 ] || return 1
	drop_in spool-lethe.service ExecStart= 'ExecStart=-/usr/bin/mount -t tmpfs -o huge=unknown lethe-spool /run/lethe/spool' 'ExecStart=/usr/bin/systemd-tmpfiles --create --prefix=/run/lethe/spool lethe.conf'
	systemctl stop lethe.target && within 60 gone && umount /run/lethe/spool && systemctl start lethe.target && within 15 healthy || return 1
	! spool_there && [ "$(stat -c %a:%U:%G /run/lethe/spool)" = 2750:lethe:www-data ] && a_set && lethe check || return 1
	drop_out spool-lethe.service
	systemctl start spool-lethe.service && ! spool_there && ls /run/lethe/spool/*.zip
}
# As the README says for a machine with other sites, with its own lines.
behind_another() {
	readme=/usr/share/doc/lethe/README.md
	cp /etc/lethe/nginx.conf /tmp/nginx.conf && cp /etc/lethe/lethe.env /tmp/lethe.env
	sed -n '/^sed -i .*listen 443/,/^```/p' "$readme" | grep -v '^```' >/tmp/readme.sh && grep -q restart /tmp/readme.sh && sh -e /tmp/readme.sh || return 1
	sed -n '/^server {/,/^}/p' "$readme" | sed 's/images[.]example/localhost/; s|ssl_certificate …|ssl_certificate /etc/lethe/tls/cert.pem|; s|ssl_certificate_key …|ssl_certificate_key /etc/lethe/tls/key.pem|' \
		>/etc/nginx/sites-enabled/default
	systemctl start nginx.service || { journalctl -b -n 20 -u nginx; return 1; }
	within 20 healthy && [ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:443/)" = 400 ] && pages && a_set && lethe check || { journalctl -b -n 20 -u nginx-lethe; return 1; }
	! systemctl is-failed nginx-lethe.service && systemctl is-active nginx.service || return 1
	systemctl stop nginx.service
	cp /tmp/nginx.conf /etc/lethe/nginx.conf && cp /tmp/lethe.env /etc/lethe/lethe.env
	systemctl start lethe-publish.service && systemctl restart nginx-lethe.service lethe-generate.service && within 20 healthy
}

check "the target brings up nginx and every socket" within 30 target_up
check "pages are served over TLS" within 15 pages
check "the site is healthy" within 15 healthy
check "a set is made and its ZIP handed out" a_set
check "the spool is a file system of its own, and the same for all" spool_shared
check "lethe check exits 0 on a fresh installation" installation_kept
check "the site's own user is told of nothing that is not so" as_own_user
check "there is one master key" one_master_key
check "each program is confined" confined
check "no program sees more of the files than it needs" empty_roots
for p in $programs; do check "$p, taken over, reaches nothing that is not its own" taken_over "$p"; done
check "each program says when it serves" notifies
for p in $programs; do check "after kill -9 of $p the site is whole again" comes_back "$p"; done
check "after kill -9 of nginx the site is whole again" nginx_comes_back
for p in $programs; do check "$p is restarted" restarts "lethe-$p.service"; done
check "nginx is restarted" restarts nginx-lethe.service
check "nginx is reloaded" reload_keeps
check "a program that hangs is ended and started again" watched
check "who wants to know is told of a failure, and the unit comes back" failure_told
check "the first check comes by itself within half an hour" first_check
for t in prune publish daily; do check "the timer of $t runs" timer_runs $t; done
check "a set is made after all that" a_set
check "metrics are told on a socket" metrics
check "a name server in a private network is allowed, or missed" resolver
check "another nginx may be in front" behind_another
check "without systemd there is still one master key" without_systemd
check "the target stops everything, and starts it again" stops
check "without huge pages the spool is a folder" spool_plain
check "lethe check exits 0 after all that" installation_kept
echo "end $failures"
