# What people and CI run. Everything that a target needs is set up by the target itself, in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
KERNEL := hatch_build.py $(wildcard src/leakdog/*/csrc/*)
SYSTEM_PACKAGES := prometheus prometheus-alertmanager chromium systemd zstd gcc libc6-dev
SYSTEM_COMMANDS := prometheus promtool prometheus-alertmanager chromium systemd-analyze zstd gcc

.DEFAULT_GOAL := help
.PHONY: help demo test lint unit integration bench services learn views fuzz fuzz-short fuzz-made kill9 bench-scale selfwatch system-deps constraints clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "leakdog needs Python 3.11 or later; say which with: make PYTHON=/path/to/python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt $(KERNEL) | $(BIN)/python
	@echo "Installing leakdog into $(VENV), and compiling a small part of it: about a minute."
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	$(PIP) install -c constraints.txt -e '.[fuzz]'
	@touch $@

demo: $(VENV)/.runtime ## watch a leaking and a healthy process, and name the leak's line
	$(BIN)/leakdog demo

test: lint unit integration fuzz-short ## everything that CI runs

lint: $(VENV)/.dev ## style, types, import contracts, docstrings of tests
	$(BIN)/ruff check hatch_build.py src tests bench
	$(BIN)/ruff format --check hatch_build.py src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/interrogate -q tests

unit: $(VENV)/.dev ## quick tests, with a floor under coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n 2 tests/unit tests/fuzz
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --fail-under=90

integration: $(VENV)/.dev system-deps ## real Go programs, a real daemon, a real Prometheus
	$(BIN)/pytest -q -n 2 --dist loadfile -m "not crowd" tests/integration
	$(BIN)/pytest -q -m crowd tests/integration

bench: $(VENV)/.dev ## print the published figures, measured on this machine
	$(BIN)/python -m bench

bench-scale: $(VENV)/.dev ## the figures of scale: 20,000 targets, 30 days of history, a full store of 2 GB
	$(BIN)/python -m bench.growth --targets 100 1000 5000 20000 --days 1
	$(BIN)/python -m bench.growth --targets 1000 --days 1 30
	$(BIN)/python -m bench.startup --targets 0 1000 5000
	$(BIN)/python -m bench.daemon --targets 100 500 1000 --interval 6 30 60 --seconds 120
	$(BIN)/python -m bench.daemon --targets 5000 --interval 300 --seconds 60 --large 0
	$(BIN)/python -m bench.cap --minutes 20

selfwatch: $(VENV)/.dev ## let leakdog watch its own daemon for MINUTES=65
	$(BIN)/python -m bench.selfwatch --minutes $(or $(MINUTES),65)

services: $(VENV)/.dev ## record real services for HOURS=6, then look for false alarms
	@$(MAKE) --no-print-directory system-deps \
	  SYSTEM_COMMANDS="prometheus prometheus-alertmanager victoria-metrics etcd pg_createcluster" \
	  SYSTEM_PACKAGES="prometheus prometheus-alertmanager victoria-metrics etcd-server postgresql"
	out=build/services-$$(date +%Y%m%dT%H%M%S); \
	$(BIN)/python -m bench.services --hours $(or $(HOURS),6) --out $$out && $(BIN)/python -m bench.services --judge $$out

learn: $(VENV)/.dev ## learn the detector's score anew, from labelled series
	$(PIP) install -c constraints.txt -e '.[learn]'
	for more in "" "--sooner --passes 3"; do $(BIN)/python -m bench.leakbench.learn_course course $$more \
	  --out src/leakdog/detect/course.json $(if $(GENERATOR),--generator $(GENERATOR)) || exit; done
	$(if $(GENERATOR),for more in "" "--sooner --passes 3"; do $(BIN)/python -m bench.leakbench.learn_course course $$more --out $(VENV)/stranger.json || exit; done)
	$(BIN)/python -m bench.leakbench.learn_course spurt --out src/leakdog/detect/spurt.json
	$(BIN)/python -m bench.leakbench.learn --out src/leakdog/detect/score.json $(if $(GENERATOR),--generator $(GENERATOR) --stranger $(VENV)/stranger.json)
	$(BIN)/python -m bench.leakbench.horizons --out src/leakdog/detect/score.json $(if $(GENERATOR),--generator $(GENERATOR))

fuzz: $(VENV)/.fuzz ## search FOR=600 seconds for inputs that break a reader, guided by coverage
	nice $(BIN)/python tests/fuzz --seconds $(or $(FOR),600)

fuzz-short: ## the same for 20 seconds
	@$(MAKE) --no-print-directory fuzz FOR=20

fuzz-made: $(VENV)/.dev ## a hundred thousand made profiles, valid and damaged
	LEAKDOG_MADE=50000 nice $(BIN)/pytest -q tests/fuzz/test_made.py

views: $(VENV)/.dev ## look at profiles in LOOKS=5000 drawn ways, and compare with go tool pprof (SEED=1)
	nice $(BIN)/python tests/differential --runs $(or $(LOOKS),5000) --seed $(or $(SEED),1)

kill9: $(VENV)/.dev ## kill a writing daemon a thousand times and look for lost data
	LEAKDOG_KILLS=1000 $(BIN)/pytest -q tests/integration/test_store_kill.py

system-deps: ## Debian packages that the integration tests talk to
	@for c in $(SYSTEM_COMMANDS); do command -v $$c >/dev/null || missing=1; done; \
	[ -z "$$missing" ] || { \
	  if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  $$sudo apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $(SYSTEM_PACKAGES) >/dev/null; }

constraints: $(VENV)/.dev ## pin what is installed now
	$(BIN)/python -m pip freeze --exclude-editable | grep -v ' @ ' > constraints.txt

clean: ## remove what the targets made
	rm -rf $(VENV) .cache .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
