# make lab: install what is missing and open the course.   make test: install what is missing and run every test.
PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
UV     ?= uv

PY      := $(VENV)/bin/python
PIP     := $(PY) -m pip install --quiet --no-compile
STAMP   := $(VENV)/installed
TESTED  := $(VENV)/installed-for-tests
NBVAL   := --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg
ENOUGH  := import sys; v = sys.version.split()[0]; \
	sys.exit(f"emtutor needs Python 3.11 or newer, {sys.executable} is {v}: try make PYTHON=python3.12 ..." \
	if sys.version_info < (3, 11) else 0)

export OPENBLAS_NUM_THREADS ?= 1
# Containers often set this; then each kernel and each worker would compile a thousand modules anew, for two seconds.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install install-tests lab test browser mutation cluster course arithmetics oldest newest notebooks site wheels lite lint lock timing clean

help:
	@echo "make lab        install what is missing and open the course (ARGS='--port 9000 --no-browser')"
	@echo "make test       install what is missing and run every test: units, notebooks, solved notebooks"
	@echo "make browser    the tests that need Chromium;  make mutation, make cluster: the long ones"
	@echo "make course     what lecturers hand out, and a course of another lecture, in folders of their own"
	@echo "make arithmetics  all notebooks on other processors' arithmetic, as far as this one can imitate it"
	@echo "make oldest, make newest: the tests with the oldest or newest dependencies that are allowed (needs uv)"
	@echo "make notebooks  run all notebooks and write their outputs in normal form"
	@echo "make site       all lessons as pages that any browser shows, in build/site;  make lite: and to run there"
	@echo "make lint       style, spelling and types;  make lock: newest versions;  make timing: a cold start"

# pip's hash mode refuses anything that the lock does not name. A stamp newer than its lock: all of it is installed.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c '$(ENOUGH)'
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv "$(VENV)"
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(TESTED): requirements-test.lock | $(STAMP)
	$(PIP) --require-hashes -r requirements-test.lock
	@touch $@

install: $(STAMP)

install-tests: $(STAMP) $(TESTED)

lab: install
	@$(PY) -m emtutor lab $(ARGS)

# loadfile: the cells of one notebook share a kernel, so they stay on one worker.
test: install-tests
	$(PY) -m pytest -n auto --dist worksteal --durations 20 -m "not browser and not mutation and not cluster and not course" $(ARGS) tests
	$(PY) -m pytest -n auto --dist loadfile $(NBVAL) $(ARGS) notebooks

# loadfile: one server of JupyterLab for all tests of test_browser.py.
browser: install-tests
	$(PY) -m pytest -n auto --dist loadfile -m browser $(ARGS) tests

mutation: install-tests
	$(PY) -m pytest -n auto --dist worksteal -m mutation $(ARGS) tests

cluster: install-tests
	$(PY) -m pytest -m cluster $(ARGS) tests

course: install-tests
	$(PY) -m pytest -n auto --dist worksteal -m course $(ARGS) tests

# ARGS names some of them: as-it-is, nehalem, sandybridge, baseline, noise.
arithmetics: install-tests
	$(PY) tests/arithmetics.py $(ARGS)

# The oldest (or newest) dependencies that pyproject.toml allows, in an environment outside of the tree; needs uv.
RESOLUTION ?= lowest-direct
OTHER      ?= $(or $(TMPDIR),/tmp)/emtutor-$(RESOLUTION)
oldest:
	$(UV) venv --quiet --clear --python $(PYTHON) "$(OTHER)"
	VIRTUAL_ENV="$(OTHER)" $(UV) pip install --quiet --resolution $(RESOLUTION) --group test --group build --editable ".[lab]"
	"$(OTHER)/bin/python" -m pytest -n auto --dist worksteal -m "not browser and not mutation and not cluster and not course" $(ARGS) tests
	"$(OTHER)/bin/python" -m pytest -n auto --dist loadfile $(NBVAL) $(ARGS) notebooks

newest:
	$(MAKE) --no-print-directory oldest RESOLUTION=highest

notebooks: install-tests
	$(PY) -m ruff format --quiet notebooks
	$(PY) -m emtutor.desk.notebooks $(ARGS) notebooks

# All lessons to read. ARGS="--repository OWNER/NAME" for the ways to Binder and Colab.
site: install
	rm -rf build/site
	@mkdir -p build
	$(PY) -m emtutor site $(ARGS) build/site

# What the course in the browser installs: emtutor, and what it needs and Pyodide may lack, in the lock's versions.
PURE := anywidget cloudpickle comm ipywidgets jupyterlab_widgets platformdirs psygnal tqdm typing_extensions \
	widgetsnbextension
wheels: install-tests
	rm -rf build/wheels
	@mkdir -p build/wheels
	$(PY) -m build --no-isolation --wheel --outdir build/wheels . >/dev/null
	sed 's/ *\\$$//; s/ *;.*//; /--hash=/d' requirements.lock >build/versions
	$(PY) -m pip download --quiet --no-deps --only-binary=:all: --platform any --constraint build/versions -d build/wheels $(PURE)

# The site, and in build/site/lite the course that runs in the browser; Python itself comes from Pyodide's makers.
lite: wheels
	@$(MAKE) --no-print-directory site ARGS="--lite build/wheels $(ARGS)"

lint: install-tests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m codespell_lib
	$(PY) -m mypy

EXPORT := $(UV) export --quiet --no-emit-project --no-annotate --no-header --format requirements.txt
lock:
	$(UV) lock --upgrade
	$(EXPORT) --no-default-groups --group build --extra lab -o requirements.lock
	$(EXPORT) --all-groups --all-extras -o requirements-test.lock

timing:
	$(PYTHON) benchmarks/cold_start.py $(ARGS)

clean:
	rm -rf "$(VENV)" build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
