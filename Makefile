# SPDX-License-Identifier: ISC
# make run | test | system | mutate | bench | sketches | fuzz | lint | install | uninstall | deb | clean. See README.md.

VERSION := 0.9.0

# ---- what is needed, and what a fresh Debian 12 lacks ----
PACKAGES_RUN := gcc make libc6-dev pkg-config nginx-light libfcgi-dev libcurl4-openssl-dev libcjson-dev libxml2-dev libsqlite3-dev \
	libssl-dev libdeflate-dev libarchive-dev zlib1g-dev libcairo2-dev libpango1.0-dev librsvg2-dev libseccomp-dev fonts-dejavu-core fonts-noto-core \
	fonts-wqy-microhei ca-certificates libpng-dev libturbojpeg0-dev libwebp-dev libgumbo-dev libidn2-dev libbrotli-dev
PACKAGES_TEST := $(PACKAGES_RUN) libcmocka-dev clang libclang-rt-14-dev clang-tidy clang-format cppcheck mandoc python3-clang-14 strace faketime \
	chromium wrk unzip zip 7zip libarchive-tools curl libxml2-utils sqlite3 openssl procps python3-aiosmtpd systemd systemd-container mmdebstrap lintian dpkg-dev python3 git \
	golang-go golang-golang-x-mod-dev spin btrfs-progs
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# $(call install-packages,LIST): says what it installs, and does nothing when all is there.
install-packages = @missing=$$(dpkg-query -W -f '$${Package} $${db:Status-Abbrev}\n' $(1) 2>/dev/null | awk '$$2=="ii"{print $$1}' | \
	sort > $(B)/.have; printf '%s\n' $(1) | sort -u | comm -23 - $(B)/.have); \
	if [ -n "$$missing" ]; then echo "Installing packages: "$$missing; \
	  $(SUDO) apt-get update -q >/dev/null && \
	  $(SUDO) env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing >$(B)/apt.log 2>&1 || \
	  { tail -n 20 $(B)/apt.log; echo "Could not install the packages above." >&2; exit 1; }; fi

# ---- variants: release (default), testing, asan, tsan, fuzz; each in a folder of its own ----
VARIANT ?= release
B := build
V := $(B)/$(VARIANT)
CC_release := gcc
CC_asan := gcc
CC_tsan := gcc
CC_fuzz := clang
CC := $(CC_$(VARIANT))

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wformat=2 -Wvla -Werror
HARDEN_release := -O2 -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection
HARDEN_asan := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DLETHE_SANITIZED
HARDEN_tsan := -O1 -fno-omit-frame-pointer -fsanitize=thread -DLETHE_SANITIZED
HARDEN_fuzz := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -DLETHE_SANITIZED
PKGS := libcurl libcjson libxml-2.0 sqlite3 libcrypto libarchive pangocairo harfbuzz librsvg-2.0 libdeflate libseccomp libpng libturbojpeg libwebp
# Expanded only when something is compiled, after the packages are there.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS))))$(PKG_CFLAGS)
CFLAGS_ALL = -std=gnu17 -D_GNU_SOURCE -I. -g '-ffile-prefix-map=$(CURDIR)=.' $(WARN) $(HARDEN_$(VARIANT)) -fPIE -pthread $(PKG_CFLAGS) $(PLACE) $(CFLAGS)
LDFLAGS_ALL = -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed $(filter -fsanitize=%,$(HARDEN_$(VARIANT))) $(LDFLAGS)
LIBS_POLICY = -lcjson -lxml2 -lsqlite3 -lcrypto -ldeflate -larchive
LIBS_SERVE = -lfcgi -lseccomp
LIBS_ALL = $(LIBS_SERVE) $(LIBS_POLICY) -lssl -lcurl -lz -lrsvg-2 -lharfbuzz -lpangocairo-1.0 -lpango-1.0 -lgobject-2.0 -lglib-2.0 -lcairo -lfontconfig \
	-lpng -lturbojpeg -lwebp -lgumbo -lidn2 -lbrotlidec -lm

# ---- sources: a folder is a library, its main.c a program ----
POLICY_SRC := $(wildcard policy/*/*.c policy/*/*/*.c)
SERVE_SRC := $(wildcard fcgi/ipc/*.c fcgi/serve/*.c fcgi/moderation/*.c)
PROVIDER_SRC := $(wildcard fcgi/provider/*.c)
PROGRAMS_FCGI := $(shell sed -n 's/^PROGRAM.\([a-z]*\),.*/\1/p' fcgi/ipc/programs.def)
PROGRAM_SRC := $(filter-out %/main.c,$(foreach p,$(PROGRAMS_FCGI),$(wildcard fcgi/$(p)/*.c)))
ADMIN_SRC := $(filter-out admin/main.c,$(wildcard admin/*.c))
obj = $(patsubst %.c,$(V)/obj/%.o,$(1))
ALL_OBJ := $(call obj,$(POLICY_SRC) $(SERVE_SRC) $(PROVIDER_SRC) $(PROGRAM_SRC) $(ADMIN_SRC))
PROGRAMS := $(addprefix $(V)/bin/,$(PROGRAMS_FCGI) lethe lethe-run) $(V)/testing/egress

.PHONY: FORCE all programs unit-programs bench-programs run test unit site browser system trust mutate lint bench sketches fuzz install uninstall deb clean asan tsan packages-run packages-test
all: programs
programs: $(PROGRAMS) $(V)/units

$(V)/obj/%.o: %.c | $(B)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
# The build of egress that may reach loopback. It is never installed.
$(V)/testing/obj/%.o: %.c | $(B)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -DLETHE_TESTING -MMD -MP -c -o $@ $<

# Every object in one archive per variant; the linker takes what a program uses.
$(V)/liblethe.a: $(ALL_OBJ)
	@rm -f $@; ar rcs $@ $^
link = @mkdir -p $(@D); $(CC) $(LDFLAGS_ALL) $(1) -o $@ $^ $(2) $(LIBS_ALL)
$(V)/bin/lethe: $(call obj,admin/main.c) $(V)/liblethe.a
	$(call link)
$(V)/bin/lethe-run: $(call obj,$(wildcard systemd/run/*.c)) $(V)/liblethe.a
	$(call link)
$(V)/bin/%: $(V)/obj/fcgi/%/main.o $(V)/liblethe.a
	$(call link)
$(V)/testing/egress: $(patsubst %.c,$(V)/testing/obj/%.o,$(wildcard fcgi/egress/*.c)) $(V)/liblethe.a
	$(call link)
.SECONDARY:

# ---- unit tests: tests/unit/NAME_test.c, one program each ----
UNIT := $(patsubst tests/unit/%.c,$(V)/unit/%,$(wildcard tests/unit/*_test.c))
$(V)/unit/%: $(V)/obj/tests/unit/%.o $(V)/liblethe.a
	$(call link,,-lcmocka)
unit-programs: $(UNIT)
# The filter once more, with a call at each of its steps, which the test counts: how long it takes, whatever the machine does.
STEPS := $(patsubst %.c,$(V)/steps/obj/%.o,$(filter-out %_minors.c %_terms.c %_words.c,$(wildcard fcgi/moderation/*.c)))
$(V)/steps/obj/%.o: %.c | $(B)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -fsanitize-coverage=trace-pc -MMD -MP -c -o $@ $<
$(V)/steps/obj/fcgi/moderation/filter_lexicon.o: fcgi/moderation/names.txt fcgi/moderation/minors_han.txt
$(V)/unit/filter_steps_test: $(V)/obj/tests/unit/filter_steps_test.o $(STEPS) $(V)/liblethe.a
	$(call link,,-lcmocka)
bench-programs: $(patsubst tests/bench/%.c,$(V)/bench/%,$(wildcard tests/bench/*_bench.c)) $(V)/site/inside $(V)/site/objects
$(V)/bench/%: $(V)/obj/tests/bench/%.o $(V)/liblethe.a
	$(call link)
# What makes system calls from inside a program; what drives an object storage through egress.
$(V)/site/objects: $(V)/liblethe.a
$(V)/site/%: $(V)/obj/tests/site/%.o
	$(call link)

# ---- fuzz targets: tests/fuzz/NAME_fuzz.c, seeds in tests/fuzz/seeds/NAME/ ----
FUZZ := $(patsubst tests/fuzz/%.c,$(V)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
$(V)/fuzz/%: $(V)/obj/tests/fuzz/%.o $(V)/liblethe.a
	$(call link,-fsanitize=fuzzer)
fuzz-programs: $(FUZZ)

# Where programs look for what is installed. Only this object knows, so another prefix costs one compilation and the links.
prefix ?= /usr
sysconfdir ?= /etc
places := $(prefix) $(sysconfdir) $(VERSION)
$(V)/places: FORCE
	@mkdir -p $(@D); [ "$$(cat $@ 2>/dev/null)" = '$(places)' ] || echo '$(places)' > $@
$(V)/obj/policy/base/place.o: $(V)/places
$(V)/obj/policy/base/place.o: PLACE = -DLETHE_PREFIX='"$(prefix)"' -DLETHE_SYSCONFDIR='"$(sysconfdir)"' -DLETHE_VERSION='"$(VERSION)"'

# The units as they are installed, and with nginx's files as they are shipped: what `lethe check` compares with is part of the program.
$(V)/units: systemd/units.sh fcgi/ipc/programs.def $(wildcard systemd/*.* systemd/lethe-.service.d/* fcgi/*/unit.conf) $(V)/places
	@mkdir -p $(@D)
	sh systemd/units.sh $@ $(prefix) $(sysconfdir)
$(V)/shipped.txt: Makefile $(V)/units $(wildcard nginx/*.conf nginx/snippets/*.conf)
	@for f in $(V)/units/*.service $(V)/units/*.d/*.conf nginx/*.conf nginx/snippets/*.conf; do \
	  case $$f in nginx/*) echo "# shipped file $${f#nginx/}";; *) echo "# shipped file $${f##*/}";; esac; cat $$f; done > $@
$(V)/obj/admin/shipped.o: $(V)/shipped.txt
$(V)/obj/admin/shipped.o: PLACE = -DLETHE_SHIPPED='"$(V)/shipped.txt"'

# Files that are part of a program.
$(V)/obj/policy/model/schema.o: policy/policy.xsd
$(V)/obj/admin/policy_new.o: admin/policy_new.xml
$(V)/obj/admin/audit_bundle.o: admin/bundle_readme.txt admin/bundle_verify.py
$(foreach o,facts register subprocessors,$(V)/obj/policy/publish/documents/$o.o): $(wildcard policy/publish/documents/*.json)
$(V)/obj/policy/publish/words/words.o: $(wildcard policy/publish/words/*.txt)
$(V)/obj/policy/processors/processors.o: policy/processors/processors.json
$(V)/obj/fcgi/worker/encoding.o: fcgi/worker/encodings.txt
$(V)/obj/fcgi/moderation/filter_terms.o: fcgi/moderation/minors.txt
$(V)/obj/fcgi/moderation/filter_lexicon.o: fcgi/moderation/names.txt fcgi/moderation/minors_han.txt
$(V)/obj/policy/rules/vocabulary.o: policy/rules/vocabulary.txt
$(V)/obj/policy/rights/holidays.o: policy/rights/holidays.txt
$(V)/obj/policy/rights/export.o: policy/rights/export.schema.json
SKETCH_FILES := $(sort $(wildcard fcgi/provider/sketch/*.txt fcgi/provider/sketch/*/*.svg))
$(V)/sketch.txt: $(SKETCH_FILES) $(addprefix fcgi/provider/sketch/,motifs scenes styles)
	@mkdir -p $(@D); for f in $(SKETCH_FILES); do echo "# file $${f#fcgi/provider/sketch/}"; cat $$f; done > $@
$(V)/obj/fcgi/provider/sketch_data.o: $(V)/sketch.txt
$(V)/obj/fcgi/provider/sketch_data.o: PLACE = -DLETHE_SKETCH='"$(V)/sketch.txt"'

$(B):
	@mkdir -p $@
packages-run: | $(B)
	$(call install-packages,$(PACKAGES_RUN))
packages-test: | $(B)
	$(call install-packages,$(PACKAGES_TEST))

# ---- Node for the tests: Debian's, or a newer one from the npm registry where that is too old for the browser driver ----
NODE_WANTED := 22.23.3
NODE_ARCH := $(if $(filter aarch64,$(shell uname -m)),arm64,x64)
node-packages: | packages-test
	@command -v npm >/dev/null || { echo "Installing packages: nodejs npm"; $(SUDO) env DEBIAN_FRONTEND=noninteractive \
	  apt-get install -q -y --no-install-recommends nodejs npm >$(B)/apt.log 2>&1 || { tail -n 20 $(B)/apt.log; exit 1; }; }
	@if [ "$$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ] && [ ! -x $(B)/node/bin/node ]; then \
	  echo "Installing Node.js $(NODE_WANTED) into $(B)/node"; mkdir -p $(B)/node-package && \
	  npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix $(B)/node-package node-linux-$(NODE_ARCH)@$(NODE_WANTED) && \
	  mkdir -p $(B)/node && cp -r $(B)/node-package/node_modules/node-linux-$(NODE_ARCH)/bin $(B)/node/; fi
	@cmp -s tests/package-lock.json $(B)/package-lock.json && [ -d tests/node_modules ] || { echo "Installing the test packages of tests/package-lock.json"; \
	  (cd tests && npm ci --silent --ignore-scripts --no-audit --no-fund) && cp tests/package-lock.json $(B)/package-lock.json; }
NODE := PATH='$(CURDIR)/$(B)/node/bin:'"$$PATH" node

# ---- make run ----
SITE ?= bizimages
PORT ?= 8080
STATE ?= var/$(SITE)
run: packages-run
	@$(MAKE) --no-print-directory -s -j2 programs
	@$(V)/bin/lethe-run --policy policy/sites/$(SITE).xml --state '$(STATE)' --bin $(V)/bin --html nginx/html --nginx nginx \
	  --listen 127.0.0.1:$(PORT) $(if $(TESTING),--testing)

# ---- make test ----
test: packages-test node-packages
	@$(MAKE) --no-print-directory -s -j2 programs unit-programs bench-programs
	@$(MAKE) --no-print-directory -s -j2 VARIANT=asan programs unit-programs
	@$(MAKE) --no-print-directory -s -j2 VARIANT=tsan $(addprefix $(B)/tsan/unit/,$(TSAN_UNIT))
	@$(MAKE) --no-print-directory -s -j2 VARIANT=fuzz fuzz-programs
	@$(NODE) tests/run.mjs
# Where threads are.
TSAN_UNIT := $(filter serve_% call_% live_% vault_%,$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*_test.c)))
unit: packages-test node-packages
	@$(MAKE) --no-print-directory -s -j2 VARIANT=asan programs unit-programs && $(NODE) tests/run.mjs unit
site browser system: packages-test node-packages
	@$(MAKE) --no-print-directory -s -j2 programs bench-programs && $(NODE) tests/run.mjs $@
# The rows of tests/trust.txt at full sizes; build/trust.json has what was tried.
trust: packages-test node-packages
	@$(MAKE) --no-print-directory -s -j2 programs unit-programs bench-programs && $(NODE) tests/trust.mjs $(ROWS)
lint: packages-test
	@sh tests/lint.sh
mutate: packages-test node-packages
	@$(MAKE) --no-print-directory -s -j2 programs unit-programs bench-programs && $(NODE) tests/mutate.mjs
asan tsan: packages-test
	@$(MAKE) --no-print-directory -s -j2 VARIANT=$@ programs unit-programs
FUZZ_SECONDS ?= 600
fuzz: packages-test
	@$(MAKE) --no-print-directory -s -j2 VARIANT=fuzz fuzz-programs
	@for f in $(B)/fuzz/fuzz/*_fuzz; do n=$$(basename $$f _fuzz); mkdir -p $(B)/fuzz/corpus/$$n; echo "== $$n"; \
	  $$f -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=4096 -artifact_prefix=$(B)/fuzz/ $(B)/fuzz/corpus/$$n tests/fuzz/seeds/$$n || exit 1; done
bench: packages-test node-packages
	@$(MAKE) --no-print-directory -s -j2 programs bench-programs
	@$(NODE) tests/bench/bench.mjs

# A sheet of the built-in pictures, for who draws them: see fcgi/provider/sketch/README.md.
comma := ,
TRADES ?= bread,tooth,bicycle,law,carpet,flowers
STYLES ?= soft,flat,line,print,night
SCENES ?= 0,1,2,3,4,5,6,7
sketches: packages-run
	@$(MAKE) --no-print-directory -s $(V)/bench/sketch_bench
	$(V)/bench/sketch_bench $(B)/sketches.png $(words $(subst $(comma), ,$(SCENES))) 240 $(TRADES) $(STYLES) $(SCENES) '$(COLOUR)' '$(NAME)'


# ---- make install DESTDIR= prefix= ----
# What is installed where, with the places in it that prefix and sysconfdir name: ours are written for /usr and /etc, and another prefix is one
# more folder that cron must search. What stands in /etc/lethe is lethe-setup's work: it knows what was edited, and earlier values.
to := $(DESTDIR)$(prefix)
etc := $(DESTDIR)$(sysconfdir)/lethe
put = install -D -m $(1) -t "$(2)" $(3)
fill = sed $(1) $(2) > $(B)/place.tmp && install -D -m $(or $(4),644) $(B)/place.tmp "$(3)"
place-values = -e 's|/usr/lib/lethe|$(prefix)/lib/lethe|g; s|/usr/sbin/lethe|$(prefix)/sbin/lethe|g; s|/usr/share/lethe|$(prefix)/share/lethe|g' \
	-e 's|/usr/lib/\(sysusers\|tmpfiles\).d/lethe|$(prefix)/lib/\1.d/lethe|g; s|@VERSION@|$(VERSION)|g' \
	-e 's|/etc/lethe|$(sysconfdir)/lethe|g; s|tests/browser/\([a-z]*\)[.]png|\1.png|' $(if $(filter /usr,$(prefix)),,-e 's|^PATH=|&$(prefix)/sbin:|')
setup-values = $(foreach v,SERVER_NAME CERT CERT_KEY,$(if $(filter-out undefined default,$(origin $(v))),$(v)='$($(v))'))
install: $(if $(DESTDIR),,packages-run)
	@$(MAKE) --no-print-directory -s -j2 programs
	$(call put,755,$(to)/sbin,$(V)/bin/lethe $(V)/bin/lethe-run)
	$(call fill,$(place-values),systemd/lethe-setup,$(to)/sbin/lethe-setup,755)
	$(call put,755,$(to)/lib/lethe,$(addprefix $(V)/bin/,$(PROGRAMS_FCGI)))
	for f in unit-failed nginx-listeners; do $(call fill,$(place-values),systemd/$$f,$(to)/lib/lethe/$$f,755) || exit 1; done
	$(call put,644,$(to)/share/lethe/html,nginx/html/*.html)
	$(call put,644,$(to)/share/lethe/html/assets,nginx/html/assets/*)
	$(call put,644,$(to)/share/lethe/policies,policy/policy.xsd policy/sites/*.xml)
	$(call put,644,$(to)/share/lethe/nginx,nginx/run.conf nginx/lethe.conf)
	$(call put,644,$(to)/share/lethe/nginx/snippets,nginx/snippets/*.conf)
	$(call put,644,$(to)/share/lethe/proxies,nginx/proxies/*.txt)
	$(call fill,$(place-values),systemd/lethe.env,$(to)/share/lethe/lethe.env)
	$(call put,644,$(to)/lib/systemd/system,$(addprefix $(V)/units/*.,service socket timer target))
	$(call put,644,$(to)/lib/systemd/system/lethe-.service.d,$(V)/units/lethe-.service.d/*.conf)
	install -D -m 644 systemd/lethe.sysusers "$(to)/lib/sysusers.d/lethe.conf"
	$(call fill,$(place-values),systemd/lethe.tmpfiles,$(to)/lib/tmpfiles.d/lethe.conf)
	for f in policy/*.5 admin/*.8 systemd/*.8 fcgi/*.8; do $(call fill,$(place-values),$$f,$(to)/share/man/man$${f##*.}/$${f##*/}) || exit 1; done
	for f in systemd/lethe.cron systemd/lethe.env policy/rights/export.schema.json README.md CHANGELOG.md LICENSE; do $(call fill,$(place-values),$$f,$(to)/share/doc/lethe/$${f##*/}) || exit 1; done
	$(call put,644,$(to)/share/doc/lethe,tests/browser/page.png tests/browser/pictures.png)
	for s in bash-completion/completions/lethe zsh/vendor-completions/_lethe fish/vendor_completions.d/lethe.fish; do \
	  install -d "$(to)/share/$${s%/*}" && $(V)/bin/lethe completion "$$(echo $$s | sed 's/[-/].*//')" > "$(to)/share/$$s" || exit 1; done
	$(if $(PACKAGED),$(call put,644,$(etc),"$(to)/share/lethe/lethe.env") && install -m 644 policy/sites/$(SITE).xml "$(etc)/policy.xml", \
	  FILES_ONLY=1 DESTDIR='$(DESTDIR)' SITE='$(SITE)' "$(to)/sbin/lethe-setup" $(setup-values))

# What install laid down, without what was configured or stored: /etc/lethe and /var/lib/lethe stay.
uninstall:
	-[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || systemctl disable --now lethe.target nginx-lethe.service
	rm -f "$(to)/sbin/lethe" "$(to)/sbin/lethe-run" "$(to)/sbin/lethe-setup" "$(to)"/share/bash-completion/completions/lethe \
	  "$(to)"/share/zsh/vendor-completions/_lethe "$(to)"/share/fish/vendor_completions.d/lethe.fish \
	  $(foreach f,$(wildcard policy/*.5 admin/*.8 systemd/*.8 fcgi/*.8),"$(to)/share/man/man$(subst .,,$(suffix $f))/$(notdir $f)")
	rm -rf "$(to)/lib/lethe" "$(to)/share/lethe" "$(to)/share/doc/lethe" "$(to)/lib/systemd/system/lethe-.service.d"
	cd "$(to)/lib/systemd/system" && rm -f lethe-*.service lethe-*.socket lethe-*.timer lethe.target nginx-lethe.service spool-lethe.service failure-lethe@.service
	rm -f "$(to)/lib/sysusers.d/lethe.conf" "$(to)/lib/tmpfiles.d/lethe.conf"
	-[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload

# ---- make deb: build/deb/lethe_VERSION_ARCH.deb ----
deb: packages-run | $(B)
	$(call install-packages,dpkg-dev binutils)
	@rm -rf $(B)/deb && mkdir -p $(B)/deb
	@$(MAKE) --no-print-directory -s install DESTDIR='$(CURDIR)/$(B)/deb/root' prefix=/usr sysconfdir=/etc PACKAGED=1 >/dev/null
	@sh systemd/deb/build.sh '$(CURDIR)/$(B)/deb' $(VERSION)-1

clean:
	rm -rf $(B)

-include $(shell find $(V) -type f -name '*.d' 2>/dev/null)
