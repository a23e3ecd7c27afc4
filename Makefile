# Two commands for a new machine: `make run` does the main job, `make test` runs the tests.
# Both install into .venv first, with the versions that were tested.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Several processes compute at once on the same cores: threads that spin while they wait for each
# other would take them from those that work.
PYTEST := GOMP_SPINCOUNT=1000 OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.PHONY: run test check long bench lint snapshots screenshots movie clean

run: $(VENV)/installed
	$(BIN)/mnist-tui run all

# On all cores, then what measures time, which needs the machine to itself.
test: $(VENV)/installed-dev
	$(PYTEST) -n auto --dist worksteal -m 'not alone and not extended and not long'
	$(PYTEST) -m 'alone and not extended and not long'

# The tests that `make test` leaves out because they take minutes. CI runs both.
check: $(VENV)/installed-dev
	$(PYTEST) -n auto --dist loadgroup -m 'extended and not alone and not long'
	$(PYTEST) -m 'extended and alone and not long'

# For hours: the fuzzers (damaged runs, odd command lines, random keys), every key and every grid
# at every size of the terminal, and a hundred SIGKILLs in each section on MNIST.
long: $(VENV)/installed-dev
	$(PYTEST) -m long

# Ours beside what people would use instead: make bench DATA=PATH (and pip install -e '.[bench]'
# for the others; what is not installed is left out). BENCH takes more options.
DATA ?= $(MNIST_TUI_DATA_ROOT)
bench: $(VENV)/installed-dev
	$(BIN)/python -m tests.benchmarks --data-root $(or $(DATA),data) $(BENCH)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

# After a change of the app's looks: look at what changed before it is committed.
snapshots: $(VENV)/installed-dev
	$(BIN)/python -m pytest -q -m 'not long' tests/tui/app/test_snapshots.py --snapshot-update

ARTIFACTS ?= artifacts
screenshots: $(VENV)/installed-dev
	$(BIN)/python -m tests.screenshots $(ARTIFACTS)

# The README's moving picture, of a finished `run all` on MNIST. Pillow and the font come with
# matplotlib, so that no browser, ffmpeg or other tool is needed.
movie: $(VENV)/installed-dev
	$(BIN)/python -m tests.movie $(ARTIFACTS)

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
