# make test      everything: format, lints, Rust tests, browser tests, the README's own commands
# make simulate  10,000 simulated clusters, some 4 minutes
# make kills     a hundred nodes are killed while turns run; some four minutes
# make soak      half an hour of churn: memory levels off, and nothing is left behind
# make autobahn  the WebSocket room against Autobahn's fuzzing client; some four minutes
# make bench     the benchmarks, as ratios in one run, into docs/benchmarks.md; some 25 minutes

SHELL := /bin/bash
TOOLS := $(CURDIR)/target/tools
export PATH := $(TOOLS)/bin:$(PATH):/usr/sbin:/sbin

.PHONY: test tools format lint alerts unit simulate page clients readme kills autobahn bench soak deny screenshot measure

test: tools format lint alerts unit page clients readme
	@echo "all passed"

# What the tests need beside the Rust toolchain.
tools:
	.ci/tools "$(TOOLS)"

format:
	cargo fmt --all --check

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked --quiet

# The alert rules and their tests.
alerts:
	promtool check rules deploy/alerts.yml
	promtool test rules deploy/alerts.test.yml

# The tests of a real corpus, which is not part of the project, run where RAPPORT_TEST_CORPUS says where it is.
unit:
	WEBSOCAT=$(TOOLS)/bin/websocat cargo test --workspace --locked
ifdef RAPPORT_TEST_CORPUS
	WEBSOCAT=$(TOOLS)/bin/websocat cargo test -p rapport --locked --test corpus --test descriptions
else
	@echo "note: the corpus tests were not asked for; they take its place from RAPPORT_TEST_CORPUS"
endif

# Several nodes over a modelled store, 10,000 times; a seed that fails is named.
simulate:
	RAPPORT_SEEDS=0..10000 cargo test -p rapport --locked --lib session::cluster::a_cluster

page: target/release/rapport
	cd web/tests && npm ci --no-audit --no-fund && RAPPORT_BIN=$(CURDIR)/target/release/rapport npm test

# Official clients of the protocols that others defined, unmodified.
clients: target/release/rapport
	python3 -m venv $(TOOLS)/clients
	$(TOOLS)/clients/bin/pip install -q -r tests/clients/requirements.txt
	cd tests/clients && npm ci --no-audit --no-fund && RAPPORT_BIN=$(CURDIR)/target/release/rapport \
		PYTHON_CLIENT=$(TOOLS)/clients/bin/python npm test

readme: target/release/rapport
	.ci/readme

kills:
	RAPPORT_KILLS=100 cargo test -p rapport --locked --test cluster kills -- --nocapture

autobahn:
	.ci/autobahn

bench:
	.ci/bench

# Half an hour of churn: memory levels off, and nothing is left behind. SOAK_MINUTES, SOAK_STORE=redis://...
soak:
	cargo build --release --locked -p vlm-sim
	cargo bench -p rapport --locked --bench soak

deny:
	cargo deny check bans licenses sources

screenshot: target/release/rapport
	cargo build --release --locked -p vlm-sim
	cd web/tests && npm ci --no-audit --no-fund && RAPPORT_BIN=$(CURDIR)/target/release/rapport npm run screenshot

# What the page takes: first paint, first word, a key after 500 replies, memory.
measure: target/release/rapport
	cd web/tests && npm ci --no-audit --no-fund && RAPPORT_BIN=$(CURDIR)/target/release/rapport npm run --silent measure

.PHONY: target/release/rapport
target/release/rapport:
	cargo build --release --locked
