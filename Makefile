# Thin verbs over Meson: `make help` lists them. The program ends up at build/prony.

BUILD ?= build
PREFIX ?= /usr/local
MESON_FLAGS ?=

# What building and running need; what the tests need on top.
DEPS = gcc libc6-dev meson ninja-build pkg-config clang llvm bpftool libbpf-dev libelf-dev libdw-dev \
  libjansson-dev libyaml-dev libsqlite3-dev libpq-dev libiberty-dev libssl-dev libnghttp2-dev libhiredis-dev libcminpack-dev zlib1g-dev libbrotli-dev libzstd-dev libxxhash-dev linux-libc-dev \
  $(if $(filter x86_64 aarch64,$(shell uname -m)),libisal-dev)
DEPS_TEST = libcmocka-dev git python3 python3-flask python3-jsonschema python3-asyncpg python3-psycopg2 gunicorn nginx-light \
  chromium fonts-dejavu-core jq mandoc procps iproute2 curl shellcheck libclang-rt-14-dev \
  postgresql-15 redis-server redis-tools openssl

# What the services of `make truth` need beyond that.
DEPS_TRUTH = default-jdk-headless golang-go golang-github-lib-pq-dev libpostgresql-jdbc-java python3-aiohttp python3-asyncpg python3-psycopg2 \
  python3-redis

# Node with npm may come from elsewhere than Debian, whose npm would not go with it.
DEPS_TEST += $(shell command -v npm >/dev/null || echo nodejs npm)

SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# Installs only what is missing, so that a second run needs no network and no root.
define install-packages
	@missing=; for p in $(1); do \
	  dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  command -v apt-get >/dev/null || { echo "prony: please install:$$missing"; exit 1; }; \
	  echo "installing:$$missing"; $(SUDO) apt-get update -q >/dev/null && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing >/dev/null; fi
endef

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	@meson setup $(BUILD) --prefix $(PREFIX) $(MESON_FLAGS) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

# The same build folder, with the tests in it.
with-tests: $(BUILD)/build.ninja
	@meson setup --reconfigure -Dtests=true $(BUILD) >/dev/null
	@ninja -C $(BUILD) --quiet

deps:
	$(call install-packages,$(DEPS))

deps-test: deps
	$(call install-packages,$(DEPS_TEST))
	@mkdir -p $(BUILD)-page && cp tests/page/package.json $(BUILD)-page/ && cd $(BUILD)-page && \
	  { [ -d node_modules/lighthouse ] && [ -d node_modules/axe-core ] && [ -d node_modules/pg ]; } || \
	  npm install --no-package-lock --no-audit --no-fund --loglevel=error

demo: deps
	@$(MAKE) --no-print-directory all
	@$(BUILD)/prony demo

test: deps-test with-tests
	@PRONY_PAGE_MODULES=$(abspath $(BUILD)-page)/node_modules tests/run.sh --again $(BUILD)

deps-truth: deps-test
	$(call install-packages,$(DEPS_TRUTH))
	@mkdir -p $(BUILD)-truth && cp tests/truth/package.json $(BUILD)-truth/ && cd $(BUILD)-truth && \
	  { [ -d node_modules/pg ] || npm install --no-package-lock --no-audit --no-fund --loglevel=error; }

truth: deps-truth with-tests
	/usr/bin/python3 tests/truth/run.py $(BUILD)/prony --all
	/usr/bin/python3 tests/scenario/ladder.py $(BUILD)/prony $(BUILD)/tests/truth/truth_hot_function \
	  $(BUILD)/tests/truth/truth_lock_convoy --all
	/usr/bin/python3 tests/scenario/press.py $(BUILD)/prony $(BUILD)/tests/truth/truth_hot_function --all
	/usr/bin/python3 tests/scenario/gate_smuggle.py $(BUILD)/prony $(BUILD)/tests/tools/smuggle --all --count 200000
	/usr/bin/python3 tests/scenario/gate_chaos.py $(BUILD)/prony --all
	CACHE_MODEL_HISTORIES=1000000 $(BUILD)/tests/unit/unit_cache_model
	PRONY_PAGE_MODULES=$(abspath $(BUILD)-page)/node_modules /usr/bin/python3 tests/truth/linking.py $(BUILD)/prony

# The peers that prony is measured beside: whichever are to be had, each is left out with its name.
BENCH_PEERS = haproxy trafficserver varnish wrk nghttp2-client apache2-utils hey siege
deps-bench: deps
	$(call install-packages,libcmocka-dev python3 nginx-light openssl util-linux)
	@for p in $(BENCH_PEERS); do \
	  dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || \
	  { $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$p >/dev/null 2>&1 && \
	  echo "installed: $$p"; } || echo "not to be had, left out: $$p"; done
	@mkdir -p $(BUILD)-bench && cd $(BUILD)-bench && { [ -d node_modules/autocannon ] || \
	  npm install --prefix . --no-package-lock --no-save --no-audit --no-fund --loglevel=error autocannon; } || \
	  echo "not to be had, left out: autocannon"

bench: deps-bench with-tests
	bench/run.sh $(BUILD)

# Reports need lines, not variables, and little optimisation: so these builds take half the time. The fuzz targets need
# clang, and what they need besides does no harm to the unit tests: one folder for both.
comma = ,
$(BUILD)-asan: SANITIZERS = address$(comma)undefined -Dfuzz=true
$(BUILD)-asan: export CC = clang
$(BUILD)-tsan: SANITIZERS = thread
$(BUILD)-asan $(BUILD)-tsan: | deps-test
	@meson setup $@ -Db_lundef=false -Doptimization=1 -Dc_args=-g1 -Dtests=true -Db_sanitize=$(SANITIZERS) >/dev/null

asan tsan: %: $(BUILD)-%
	@ninja -C $(BUILD)-$@ --quiet
	@tests/run.sh $(BUILD)-$@ --suite unit

fuzz: $(BUILD)-asan
	@ninja -C $(BUILD)-asan --quiet fuzz
	tests/fuzz/run.sh $(BUILD)-asan $(or $(FUZZ_SECONDS),60) $(FUZZ_SEED)

lint: deps-test all
	tests/lint.sh $(BUILD)

install: all
	@meson setup --reconfigure --prefix $(PREFIX) $(BUILD) >/dev/null
	meson install -C $(BUILD) --quiet $(if $(DESTDIR),--destdir $(DESTDIR))

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-page $(BUILD)-bench $(BUILD)-truth

help:
	@echo "make [all]   build $(BUILD)/prony       make demo     install what is needed, build, run the demo"
	@echo "make deps    what building needs        make test     install what tests need, run all tests"
	@echo "make install PREFIX=$(PREFIX)       make truth    every planted fault (long)"
	@echo "make asan | tsan | fuzz | lint | bench | clean"

.PHONY: all with-tests deps deps-test deps-truth deps-bench demo test truth bench asan tsan fuzz lint install clean help
