"""For all tests, those of the notebooks too: nobody's progress, settings or screen is touched."""

import os
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import pytest

_SCRATCH = tempfile.TemporaryDirectory(prefix="emtutor-tests-", ignore_cleanup_errors=True)  # one a process

# Set at import, so that kernels and servers that tests start inherit it.
os.environ.update(
    EMTUTOR_HOME=f"{_SCRATCH.name}/home",
    IPYTHONDIR=f"{_SCRATCH.name}/ipython",
    JUPYTER_CONFIG_DIR=f"{_SCRATCH.name}/jupyter",
    MPLBACKEND="Agg",
)
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Each test file and each notebook starts with empty progress of its own, whatever ran before it."""
    if item.path.suffix == ".ipynb":
        os.environ.pop("MPLBACKEND", None)  # the kernel's own backend shows pictures; Agg would show none
    os.environ["EMTUTOR_HOME"] = str(Path(_SCRATCH.name, "home", item.path.stem))


def pytest_terminal_summary(terminalreporter):
    """What tests have recorded, by its title, and the time of each notebook that was validated."""
    seconds, recorded = Counter(), defaultdict(list)
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if not hasattr(report, "duration"):
            continue
        if ".ipynb::" in report.nodeid:
            seconds[report.nodeid.split(".ipynb::")[0]] += report.duration
        for title, text in report.user_properties if report.when == "call" else ():
            recorded[title].append(str(text))
    for title, texts in recorded.items():
        terminalreporter.section(title)
        terminalreporter.write_line("\n".join(sorted(texts)))
    if seconds:
        terminalreporter.section("seconds for each notebook")
        for notebook, time in sorted(seconds.items()):
            terminalreporter.write_line(f"{time:6.1f}  {notebook}")
