# `make run` and `make test` need nothing but Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := bot jobs handlers models config

# Some machines forbid bytecode: then each start compiles the whole product anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install install-dev run test test-year test-walk test-faults check audit fuzz bench pictures lock clean revision

help:            ## show the targets
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/'

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=/path/to/it"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m compileall -q $(CODE)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

install: $(VENV)/.installed          ## set up .venv with the locked run-time dependencies

install-dev: $(VENV)/.installed-dev  ## the same with the tools for tests and checks

run: install                         ## a WeCom on your desk with sample data; prints the address
	$(BIN)/python -m bot demo

test: install-dev                    ## everything that must hold, on SQLite and PostgreSQL (tests/house: make check)
	$(BIN)/python -m pytest -q -n 3 --dist worksteal --ignore=tests/house tests

test-faults: install-dev             ## the long form of the hard faults, with real processes (a quarter of an hour)
	ZBT_TEST_LONG=1 $(BIN)/python -m pytest -q -n 2 -p no:randomly --durations=0 --durations-min=5 tests/faults

test-year: install-dev               ## long stories: 305 branches through a year of projects, a plant's year, ...
	ZBT_TEST_LONG=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m long --ignore=tests/faults --ignore=tests/browser tests

test-walk: install-dev               ## every page as every role in a headless browser at two widths, every form by keyboard (needs chromium)
	ZBT_TEST_BROWSER=required ZBT_TEST_WALK=whole $(BIN)/python -m pytest -q -n 0 -p no:randomly tests/browser

check: install-dev                   ## the fast static part
	$(BIN)/ruff format --check $(CODE) tests
	$(BIN)/ruff check $(CODE) tests
	$(BIN)/mypy $(CODE) tests
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 0 -p no:randomly tests/house
	$(BIN)/python -m tests.audit

audit: install-dev                   ## known holes in the locked dependencies (asks the network)
	$(BIN)/python -m tests.audit

$(VENV)/.installed-fuzz: requirements-fuzz.txt $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	@touch $@

fuzz: $(VENV)/.installed-fuzz        ## every reader of foreign words and bytes for a minute each, led by coverage (Linux, x86-64)
	$(BIN)/python -m tests.fuzz

bench: install-dev                   ## measured side by side in one run
	$(BIN)/python -m tests.bench

pictures: install-dev                ## pictures of README and guide, taken from the running desk
	$(BIN)/python -m tests.pictures
	$(BIN)/python -m tests.guide_pictures

lock:                                ## resolve the dependencies anew (needs uv)
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -o requirements.txt
	uv pip compile -q pyproject.toml --group dev -c requirements.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -o requirements-dev.txt
	echo atheris==3.0.0 | uv pip compile -q - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -o requirements-fuzz.txt

clean:                               ## remove what the targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.PHONY: diagrams
diagrams: install                    ## draw the state diagrams in docs/states anew
	$(BIN)/python -m models.diagram

revision: install-dev                ## a new migration from changed entities: make revision m="what"
	$(BIN)/python -m models.store.migrations.new "$(m)"
