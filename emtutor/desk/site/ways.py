"""The ways to open a lesson so that it runs: in the browser, on Binder, in Colab, installed."""

import copy
import os
import re
from importlib.metadata import metadata, version
from typing import NamedTuple
from urllib.parse import quote

import nbformat

COLAB = "colab"  # the branch of the repository that holds the notebooks for Colab, and their folder in the site


class Ways(NamedTuple):
    """repository: "OWNER/NAME" at GitHub, or ""; lite: where the course that runs in the browser is, or ""."""

    repository: str = ""
    lite: str = ""

    def of(self, notebook):
        """[(name, address)] for the notebook's file name: an address only where somebody has said one."""
        found = []
        if self.lite:
            found.append(("in the browser", f"{self.lite}/lab/index.html?path={quote(notebook)}"))
        if self.repository:
            place = quote(f"lab/tree/notebooks/{notebook}", safe="")
            found.append(("on Binder", f"https://mybinder.org/v2/gh/{self.repository}/HEAD?urlpath={place}"))
            github = f"https://colab.research.google.com/github/{self.repository}/blob/{COLAB}/{quote(notebook)}"
            found.append(("in Colab", github))
        return [*found, ("install it", "index.html#install")]

    def wheel(self):
        """The address of the wheel of this version's release."""
        release = f"https://github.com/{self.repository}/releases/download/v{version('emtutor')}"
        return f"{release}/emtutor-{version('emtutor')}-py3-none-any.whl"


def repository(text):
    """`text` if it is OWNER/NAME, or ""; raises ValueError for anything else."""
    if text and not re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", text):
        raise ValueError(f"a repository is OWNER/NAME, such as ada/emtutor, got {text!r}")
    return text


def known_repository():
    """The repository that a forge's workflow or pyproject.toml names, or ""."""
    said = os.environ.get("GITHUB_REPOSITORY", "")
    urls = " ".join(metadata("emtutor").get_all("Project-URL") or [])
    found = re.search(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?(?:\s|$)", urls)
    return repository(said or (found[1] if found else ""))


def for_colab(notebook, ways):
    """A copy for Colab: its first cells install the wheel of the release, and say what works there."""
    notebook = copy.deepcopy(notebook)
    said = nbformat.v4.new_markdown_cell(
        "**In Colab.** Run the next cell once. Exercises, checks, hints, derivations and films work here as they do in "
        "JupyterLab. Your progress is kept as long as this session lives; the notebook itself is kept where you save "
        "it (*File*, *Save a copy in Drive*). Links to other lessons do not work here."
    )
    install = nbformat.v4.new_code_cell(
        f"%pip install --quiet {ways.wheel()}\n"
        "from google.colab import output\n\n"
        "output.enable_custom_widget_manager()  # films and predictions are widgets"
    )
    notebook.cells[:0] = [said, install]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook
