#!/bin/sh
# SPDX-License-Identifier: ISC
# Writes the units into FOLDER as they are installed: units.sh FOLDER PREFIX SYSCONFDIR. Those of the programs follow from
# fcgi/ipc/programs.def: program.service.in, where a line that begins with ?WORD is for the rows that the word fits, then the program's
# own unit.conf, and program.socket.in.
set -eu
to=$1 prefix=$2 etc=$3
program=$(sed -n 's/^PROGRAM(\([a-z]*\), "\([^"]*\)", "\([^"]*\)", "\([^"]*\)", \([A-Z_|0 ]*\), "\([^"]*\)", "\([^"]*\)".*/\1;\2;\3;\4;\5;\6;\7/p' fcgi/ipc/programs.def)
# Those that serve other programs, not nginx.
inner=$(printf '%s\n' "$program" | sed -n 's/^\([a-z]*\);[^;]*;[^;]*;lethe;.*/\1/p')
sockets=$(printf '%s\n' "$program" | sed 's/;.*//; s/.*/lethe-&.socket/' | tr '\n' ' ')

# Ours are written for /usr and /etc. A prefix outside /usr is one more folder that the programs may see.
fill() {
	case $prefix in /usr | /usr/*) seen= ;; *) seen="$prefix " ;; esac
	sed -e "/^@OFFICER@\$/{r systemd/officer.in" -e 'd}' -e "s|@SOCKETS@|${sockets% }|" | sed -e "s|/usr/lib/lethe|$prefix/lib/lethe|g" \
		-e "s|/usr/sbin/lethe|$prefix/sbin/lethe|g" -e "s|/etc/lethe|$etc/lethe|g" -e "s|^BindReadOnlyPaths=/usr |&$seen|" >"$to/$1"
}

rm -rf "$to"
mkdir -p "$to/lethe-.service.d"
for file in systemd/*.service systemd/*.socket systemd/*.timer systemd/*.target systemd/lethe-.service.d/*.conf; do fill "${file#systemd/}" <"$file"; done
printf '%s\n' "$program" | while IFS=';' read -r name does user group needs writes calls; do
	fits= hidden= hidden_units=
	case $needs in *PROGRAM_VAULT*) fits="$fits s/^?vault //;" ;; esac
	case $needs in *PROGRAM_INTERNET*) ;; *) fits="$fits s/^?offline //;" ;; esac
	[ -z "$writes" ] || fits="$fits s/^?writes //;"
	for other in $inner; do
		case " $calls " in *" $other "*) ;; *) hidden="$hidden -/run/lethe/$other.sock" hidden_units="$hidden_units lethe-$other.socket" ;; esac
	done
	case $needs in *PROGRAM_VAULT*) [ -z "$hidden" ] || fits="$fits s/^?hides //;" ;; esac # the others see no socket at all
	for kind in service socket; do
		{
			sed -e "$fits /^?/d; s|@NAME@|$name|g; s|@DOES@|$does|; s|@USER@|$user|; s|@GROUP@|$group|; s|@WRITES@|$writes|; s|@HIDDEN@|${hidden# }|; s|@HIDDEN_UNITS@|${hidden_units# }|" "systemd/program.$kind.in"
			if [ $kind = service ] && [ -e "fcgi/$name/unit.conf" ]; then printf '\n' && sed 1d "fcgi/$name/unit.conf"; fi
		} | fill "lethe-$name.$kind"
	done
done
