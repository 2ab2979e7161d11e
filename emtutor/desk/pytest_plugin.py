"""`pytest --emtutor-notebooks`: notebooks as tests, in this course and in any other.

Each notebook is compared with a fresh run by nbval; it keeps the rules (`rules`); with the solutions put into its stubs
every check says correct (`checked`); and each of its exercises keeps what every exercise keeps (`tutor.contract`).
Nobody's progress or settings are touched. pytest finds this module by itself where emtutor is installed; without the
option it does nothing, and loads nothing more.
"""

import os
import tempfile

import pytest


def pytest_addoption(parser):
    parser.getgroup("emtutor").addoption(
        "--emtutor-notebooks",
        action="store_true",
        help="test notebooks: a fresh run (nbval), emtutor's rules, the solved form, the contract of the exercises",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    if not config.option.emtutor_notebooks:
        return
    if not hasattr(config.option, "nbval"):
        raise pytest.UsageError("--emtutor-notebooks needs nbval, which is not here: pip install nbval")
    config.option.nbval = config.option.nbval_current_env = True
    scratch = tempfile.TemporaryDirectory(prefix="emtutor-notebooks-", ignore_cleanup_errors=True)
    config.add_cleanup(scratch.cleanup)
    os.environ.update({name: f"{scratch.name}/{name}" for name in ("EMTUTOR_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR")})
    os.environ.pop("MPLBACKEND", None)  # the kernel's own backend, which shows pictures


def pytest_collect_file(file_path, parent):
    if parent.config.option.emtutor_notebooks and file_path.suffix == ".ipynb":
        return Notebook.from_parent(parent, path=file_path)
    return None


class Notebook(pytest.File):
    """What a notebook owes besides its outputs, one test a promise."""

    def collect(self):
        """The rules, the solved form if there are stubs, and the contract of each exercise that has one."""
        from emtutor.desk import checked, notebooks, rules
        from emtutor.tutor import contract
        from emtutor.tutor.exercise import exercises

        notebook = notebooks.read(self.path)
        for rule in rules.OF_A_NOTEBOOK:
            yield Promise.of(self, rule.__name__, rule, notebook)
        for rule in rules.OF_A_FILE:
            yield Promise.of(self, rule.__name__, rule, notebook, self.path)
        stubs = [stub.name for stub in notebooks.stubs(notebook)]
        if stubs:
            yield Promise.of(self, "solved_form_is_right", checked.not_right, notebook, self.path.parent)
        for name in stubs:
            if name in exercises():
                yield Promise.of(self, f"contract_of_{name}", contract.broken, exercises()[name])


class Promise(pytest.Item):
    """A function of a notebook, or of an exercise, that complains of nothing."""

    @classmethod
    def of(cls, parent, name, complaints, *arguments):
        """The test of that name: complaints(*arguments) gives sentences."""
        item = cls.from_parent(parent, name=name)
        item.complaints, item.arguments = complaints, arguments
        return item

    def runtest(self):
        """Fails with all sentences."""
        if said := list(self.complaints(*self.arguments)):
            raise Broken("\n".join(said))

    def repr_failure(self, excinfo, style=None):
        """The sentences alone."""
        return str(excinfo.value) if excinfo.errisinstance(Broken) else super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, f"{self.path.name}: {self.name}"


class Broken(Exception):
    """A promise is not kept; the sentences say what."""
