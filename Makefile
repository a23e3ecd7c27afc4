# Two commands for a new machine: `make run` does the main job, `make test` runs the tests.
# Both install into .venv first, with the versions that were tested.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test long bench lint snapshots screenshots clean

run: $(VENV)/installed
	$(BIN)/mnist-tui run all

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest

# A hundred SIGKILLs in each section, on MNIST.
long: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m long

# Ours beside what people would use instead: make bench DATA=PATH (and pip install -e '.[bench]'
# for the others; what is not installed is left out). BENCH takes more options.
DATA ?= $(MNIST_TUI_DATA_ROOT)
bench: $(VENV)/installed-dev
	$(BIN)/python -m tests.benchmarks --data-root $(or $(DATA),data) $(BENCH)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

# After a change of the app's looks: look at what changed before it is committed.
snapshots: $(VENV)/installed-dev
	$(BIN)/python -m pytest -q tests/tui/test_snapshots.py --snapshot-update

ARTIFACTS ?= artifacts
screenshots: $(VENV)/installed-dev
	$(BIN)/python -m tests.screenshots $(ARTIFACTS)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build *.egg-info
