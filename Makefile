# Everything is set up by make itself: a virtual environment in .venv with the pinned, hashed
# packages of constraints.txt, and this package in editable form.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

.PHONY: help demo test unit browser check fix docs simulate mutants kills exports bench bench-quick \
	constraints clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /: /'

$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "migrator needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## Load a sample export into an imitated CRM in this process, verify it
	$(BIN)/migrator demo

test: $(STAMP) check unit ## All that CI runs

DOCS := docs/cli.md docs/hubspot.md docs/brevo.md docs/activecampaign.md docs/adding-a-vendor.md \
	docs/rules.md docs/transforms.md docs/templates.md

check: $(STAMP) ## Lint, types, layers, generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog -I docs --check $(DOCS)

# One worker more than there are processors: loads by real processes mostly wait for quotas.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

# Loads wait for the disk again and again: theirs is one in memory where there is a large one.
MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 {print $$6}')
SCRATCH := $(if $(MEMORY),PYTEST_DEBUG_TEMPROOT=$(MEMORY))

# A machine that is there for this alone gets what the tests need; on others it is for you to say.
# Coverage is not of all tests: see tests/unmeasured.py.
unit: $(STAMP) $(if $(CI),browser) ## The tests, with branch coverage
	$(SCRATCH) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal \
		-o tmp_path_retention_policy=failed --cov --cov-report=term-missing:skip-covered

BROWSERS := chromium chromium-browser google-chrome

browser: ## Install a Chromium for the test of the report's page, if there is none
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
			--no-install-recommends chromium; } >/dev/null 2>&1 || \
		echo "No Chromium could be installed: the page is not tested in a browser." >&2; \
	else echo "There is no Chromium: the page is not tested in a browser." >&2; fi

docs: $(STAMP) ## Write the generated parts of the documentation
	$(BIN)/cog -I docs -r $(DOCS)

simulate: $(STAMP) ## Prove by SEEDS=N simulated loads into each CRM (FROM=k); SEED=k VENDOR=v replays one
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1000)) \
		$(if $(FROM),--from $(FROM)) $(if $(VENDOR),--vendor $(VENDOR))

mutants: $(STAMP) ## Put faults into a copy of the product: the simulation must catch each
	$(BIN)/python -m tests.simulation.mutants $(NAME)

kills: $(STAMP) ## Kill real loads of 10,000 deals twenty times each
	KILL_DEALS=10000 $(BIN)/python -m pytest -n auto tests/process/test_twenty_kills.py

exports: $(STAMP) ## Kill real exports of 100,000 deals twice each, while others change the account
	EXPORT_DEALS=100000 $(BIN)/python -m pytest -s tests/process/test_export_kills.py

# The alternatives bring a hundred packages with them: they have an environment of their own.
BENCH_VENV := .venv-bench
BENCH_STAMP := $(BENCH_VENV)/.stamp

$(BENCH_STAMP): constraints-bench.txt pyproject.toml
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r constraints-bench.txt
	$(BENCH_VENV)/bin/python -m compileall -q migrator tests/benchmarks  # as pip does for the others
	@touch $@

bench: $(BENCH_STAMP) ## Measure beside the alternatives: speed, memory, requests, cost by rows (half an hour)
	$(BENCH_VENV)/bin/python -m tests.benchmarks.bench all --into .bench

bench-quick: $(BENCH_STAMP) ## Five figures in a minute, so that a regression is seen
	$(BENCH_VENV)/bin/python -m tests.benchmarks.bench quick

constraints: ## Pin the newest versions that pyproject.toml allows, with hashes
	uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --extra dev --upgrade pyproject.toml -o constraints.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --extra bench --upgrade pyproject.toml -o constraints-bench.txt

fix: $(STAMP) ## Format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what make made
	rm -rf $(VENV) $(BENCH_VENV) .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
