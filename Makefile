# make lab: install what is missing and open the course.   make test: install what is missing and run every test.
PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
UV     ?= uv

PY      := $(VENV)/bin/python
STAMP   := $(VENV)/emtutor-installed
NBVAL   := --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg
ENOUGH  := import sys; v = sys.version.split()[0]; \
	sys.exit(f"emtutor needs Python 3.11 or newer, {sys.executable} is {v}: try make PYTHON=python3.12 ..." \
	if sys.version_info < (3, 11) else 0)

export OPENBLAS_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install lab test browser mutation cluster notebooks lint lock timing clean

help:
	@echo "make lab        install what is missing and open the course (ARGS='--port 9000 --no-browser')"
	@echo "make test       install what is missing and run every test: units, notebooks, solved notebooks"
	@echo "make browser    the tests that need Chromium;  make mutation, make cluster: the long ones"
	@echo "make notebooks  run all notebooks and write their outputs in normal form"
	@echo "make lint       style, spelling and types;  make lock: newest versions;  make timing: a cold start"

# The stamp is newer than the lock: all is installed. pip's hash mode refuses anything that the lock does not name.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c '$(ENOUGH)'
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv "$(VENV)"
	$(PY) -m pip install --quiet --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

install: $(STAMP)

lab: install
	@$(PY) -m emtutor lab $(ARGS)

test: install
	$(PY) -m pytest -n auto --dist loadgroup -m "not browser and not mutation and not cluster" $(NBVAL) $(ARGS) tests notebooks

# pytest leaves with 5 where no test bears the mark.
browser mutation cluster: install
	$(PY) -m pytest -m $@ $(ARGS) tests || [ $$? -eq 5 ]

notebooks: install
	$(PY) -m ruff format --quiet notebooks
	$(PY) -m emtutor.notebooks $(ARGS) notebooks

lint: install
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m codespell_lib
	$(PY) -m mypy

lock:
	$(UV) lock --upgrade
	$(UV) export --quiet --no-emit-project --all-groups --no-annotate --format requirements.txt -o requirements.lock

timing:
	$(PYTHON) benchmarks/cold_start.py $(ARGS)

clean:
	rm -rf "$(VENV)" build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
