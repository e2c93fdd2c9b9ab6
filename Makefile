# `make run` plays three nights with the samples; `make test` runs the whole suite. Both make their own environment, and need Python 3.11 or later.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOME_OF_RUN ?= scratch/night
# One more than there are processors, since tests wait for servers and processes now and then; five at most.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min((os.cpu_count() or 1) + 1, 5))')

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test test-postgresql bench lint docs clean
.DEFAULT_GOAL := run

run: $(VENV)/.run
	@$(BIN)/python samples/night.py $(HOME_OF_RUN)

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# The same tests, with the databases of all homes in a PostgreSQL server that is started for them.
test-postgresql: $(VENV)/.test
	BATCHPORT_TESTS_ON=postgresql $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks $(BENCH)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/make_docs.py --check

docs: $(VENV)/.run
	$(BIN)/python scripts/make_docs.py

# What was made here, the rehearsal's home included; nothing that was written by hand.
clean:
	rm -rf $(VENV) scratch build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The pinned packages, then the checkout itself: what is changed in it counts at once.
$(VENV)/.run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "batchport needs Python 3.11 or later; name one: make PYTHON=python3.12 ...")'
	@echo "Making the environment in $(VENV), which takes about a minute ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q -r requirements.txt
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements-dev.txt $(VENV)/.run
	@echo "Adding what the tests and the linters need ..."
	@$(BIN)/python -m pip install -q -r requirements-dev.txt
	@touch $@
