# The work is done by cargo and host-runner; here are only their calls. `make` prints help.
HOST_RUNNER := cargo run --quiet --package host-runner --
# Random scripts of conformance-fuzz.
COUNT := 2000
DEMO := host-runner/demo/bookinfo/mesh.yaml
NEXTEST := $(shell command -v cargo-nextest)
# nextest runs each test in a process of its own; scenarios share one Envoy, and doc tests are cargo's.
WITH_NEXTEST := cargo nextest run --workspace --filter-expr 'not binary(scenarios)' && cargo test --workspace --doc && cargo test --package meshwright-tests --test scenarios

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run envoy test conformance conformance-bless conformance-fuzz jwt-diff bench bench-sdk bench-jwt bench-ratios lint deny doctor build host-runner

help: ## print this help
	@awk -F ':.*## ' '/^[a-z -]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## serve the Bookinfo demo in host-runner and print curl lines to try
	@$(HOST_RUNNER) run $(DEMO)

envoy: doctor build ## serve the same demo, the same modules, on a real Envoy
	@$(HOST_RUNNER) run --on envoy $(DEMO)

test: doctor build ## run every test; scenarios run on host-runner and on a real Envoy
	@$(HOST_RUNNER) doctor --fix node && $(if $(NEXTEST),$(WITH_NEXTEST),cargo test --workspace)

conformance jwt-diff: doctor ## compare on host-runner and on Envoy: every script; jwt-auth and Envoy's own jwt_authn
	@cargo run --quiet --package meshwright-tests --bin $@

conformance-bless: doctor ## keep what Envoy says now as the golden transcripts
	@cargo run --quiet --package meshwright-tests --bin conformance -- --bless

conformance-fuzz: doctor ## compare random scripts (COUNT=2000, SEED=the time); what differs is shrunk and printed
	@cargo run --quiet --package meshwright-tests --bin conformance-fuzz -- --count $(COUNT) $(if $(SEED),--seed $(SEED))

bench bench-sdk bench-jwt: doctor build ## our filters beside Envoy's own in one Envoy; the SDK beside the proxy-wasm crate; tokens (target/reports)
	@cargo run --quiet --package meshwright-tests --bin bench $(@:bench-%=%)

# Our own code as a release has it: optimised, in few units, without checks; dependencies are those of every other build.
bench-ratios: build ## what the engine costs; time to a verdict and requests a second, host-runner beside Envoy
	@$(HOST_RUNNER) doctor --fix envoy wrk
	@CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_OPT_LEVEL=3 CARGO_PROFILE_DEV_DEBUG_ASSERTIONS=false CARGO_PROFILE_DEV_OVERFLOW_CHECKS=false \
		cargo bench --quiet --no-fail-fast --profile dev --config profile.dev.package.host-runner.codegen-units=1 --package meshwright-tests --bench engine --bench ratios

lint: ## formatting, clippy (host and Wasm) and documentation, warnings denied
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets -- --deny warnings
	@cargo clippy --target wasm32-wasip1 --package meshwright --package jwt-auth --package authz --package ab-router -- --deny warnings
	@RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps

deny: ## licences, sources and duplicate dependencies, where cargo-deny is installed
	@cargo deny check bans licenses sources

doctor: host-runner ## install what is missing: the wasm32-wasip1 standard library and Envoy
	@$(HOST_RUNNER) doctor --fix

build: host-runner ## compile the filters to target/wasm/*.wasm
	@$(HOST_RUNNER) doctor --fix rust && $(HOST_RUNNER) build

host-runner:
	@cargo build --package host-runner
