# Everything is set up by make itself: a virtual environment in .venv with the pinned, hashed
# packages of constraints.txt, and this package in editable form.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

.PHONY: help demo test unit check fix docs simulate mutants kills exports bench constraints clean

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

DOCS := docs/cli.md docs/crms.md docs/rules.md docs/transforms.md docs/templates.md

check: $(STAMP) ## Lint, types, layers, generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog -I docs --check $(DOCS)

# One worker more than there are processors: loads by real processes mostly wait for quotas.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

unit: $(STAMP) ## The tests, with branch coverage
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term-missing:skip-covered

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

bench: $(STAMP) ## Measure beside bare polars: speed, memory, requests
	$(BIN)/python -m tests.benchmarks.bench

constraints: ## Pin the newest versions that pyproject.toml allows, with hashes
	uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --extra dev --upgrade pyproject.toml -o constraints.txt

fix: $(STAMP) ## Format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
