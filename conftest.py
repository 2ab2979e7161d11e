"""For all tests, those of the notebooks too: nobody's progress, settings or screen is touched."""

import os
import tempfile
from pathlib import Path

import pytest

_SCRATCH = tempfile.TemporaryDirectory(prefix="emtutor-tests-", ignore_cleanup_errors=True)  # one a process

# Set at import, so that kernels and servers that tests start inherit it.
os.environ.update(
    EMTUTOR_HOME=f"{_SCRATCH.name}/home",
    IPYTHONDIR=f"{_SCRATCH.name}/ipython",
    JUPYTER_CONFIG_DIR=f"{_SCRATCH.name}/jupyter",
    OPENBLAS_NUM_THREADS="1",
    MPLBACKEND="Agg",
)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """The cells of one notebook share a kernel: with `--dist loadgroup` they stay on one worker, all else is spread."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Each test file and each notebook starts with empty progress of its own, whatever ran before it."""
    if item.path.suffix == ".ipynb":
        os.environ.pop("MPLBACKEND", None)  # the kernel's own backend shows pictures; Agg would show none
    os.environ["EMTUTOR_HOME"] = str(Path(_SCRATCH.name, "home", item.path.stem))
