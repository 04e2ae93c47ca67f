# `make run` and `make test` are all a newcomer needs; the rest is for working on it.

CARGO ?= cargo
NPM ?= npm
TURNS ?= 500
DAYS ?= 400
MINUTES ?= 30

.PHONY: run test soak clients web bench bench-soak bench-engine lint fmt prepare clean-home

run: prepare web  ## build, start with the demo data, serve on 127.0.0.1:8000 (PORT overrides)
	@$(CARGO) build --locked --bin kraken-api
	@exec "$${CARGO_TARGET_DIR:-target}/debug/kraken-api" serve

test:  ## everything that must hold; always on a private Postgres
	@env -u DATABASE_URL scripts/prepare.sh
	$(CARGO) test --locked

soak:  ## many tasks post at once on few accounts, for long and from a new seed each time; TURNS and DAYS say for how long
	@env -u DATABASE_URL scripts/prepare.sh
	@KRAKEN_STORM_SEED=$$(date +%s) KRAKEN_STORM_TURNS=$(TURNS) KRAKEN_STORM_DAYS=$(DAYS) \
		$(CARGO) test --locked --test api storm:: -- --nocapture

clients:  ## public client libraries, the pages and the examples against the built server
	@env -u DATABASE_URL scripts/prepare.sh
	@$(CARGO) build --locked --bin kraken-api
	@tests/clients/run.sh

web:  ## GraphiQL's assets; without npm the endpoint's page says how to get them
	@scripts/web.sh $(NPM)

bench: prepare  ## the server beside what one would pick instead; writes docs/performance.md; takes an hour and two quiet cores
	@env -u DATABASE_URL CARGO="$(CARGO)" NPM="$(NPM)" bench/run.py

bench-soak: prepare  ## mixed requests at 70 % of the load for MINUTES, into docs/performance.md as well
	@env -u DATABASE_URL CARGO="$(CARGO)" NPM="$(NPM)" bench/run.py --soak $(MINUTES)

bench-engine: prepare  ## the engine alone, in release
	$(CARGO) bench --locked --bench engine

lint:
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path tests/clients/rust/Cargo.toml
	$(CARGO) clippy --locked --all-targets -- -D warnings

fmt:
	$(CARGO) fmt
	$(CARGO) fmt --manifest-path tests/clients/rust/Cargo.toml

prepare:
	@scripts/prepare.sh

clean-home:  ## forget the private database and the demo data
	rm -rf "$${KRAKEN_HOME:-.kraken}"
