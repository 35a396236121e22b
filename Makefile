# Two commands matter: `make demo` and `make test`. Both prepare what they need.

PYTHON   ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
              $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV     := .venv
BIN      := $(VENV)/bin
PORT     ?= 8000
DATA_DIR ?= var
WORKERS  ?= 2
TESTS    ?= tests

.PHONY: demo test bench bench-analytics bench-collector bench-latency campaign mutations screenshots lint format clean

demo: $(VENV)/.portal  ## two client companies, simulated devices, live on http://127.0.0.1:$(PORT)
	@PORT=$(PORT) DATA_DIR=$(DATA_DIR) $(BIN)/python -m app.demo

test: $(VENV)/.tests  ## every test; REQUIRE=all makes a missing program a failure
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(TESTS)

bench: $(VENV)/.tests  ## what things cost: JSON lines and tables; see docs/performance.md
	@for script in tests/bench/bench_*.py; do $(BIN)/python $$script || exit 1; done

bench-analytics: $(VENV)/.tests  ## what the computations find, against known truth; SEED=1000
	@$(BIN)/python tests/bench/bench_analytics.py --seed $(or $(SEED),1000)

bench-collector: $(VENV)/.tests  ## what a site costs; FULL=--full kills a thousand times and spools thirty days
	@$(BIN)/python tests/bench/bench_collector.py $(FULL)

bench-latency: $(VENV)/.tests  ## byte on the bus to digit in the browser
	@$(BIN)/python tests/bench/bench_latency.py

campaign: $(VENV)/.tests  ## every operation of the API attacked as every role, at length
	@$(BIN)/python -m tests.security.campaign

mutations: $(VENV)/.tests  ## each guard removed once: its tests must go red
	@$(BIN)/python -m tests.security.mutations

screenshots: $(VENV)/.tests  ## the pictures of the README, from the demonstration
	@$(BIN)/python tests/screenshots.py

lint: $(VENV)/.tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(VENV)/.tests
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format .

clean:  ## forget the environment and the demo's data
	@rm -rf $(VENV) var

$(VENV)/.portal: requirements.txt collector/requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what the portal and the collector need ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check \
	    -r requirements.txt -r collector/requirements.txt
	@touch $@

$(VENV)/.tests: $(VENV)/.portal tests/requirements.txt
	@echo "installing what the tests need ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r tests/requirements.txt
	@touch $@
