"""`emtutor new course DIR`: a course of another lecture to begin with, whole and tested; it lies in `template/`."""

from pathlib import Path

from emtutor.desk import files

TEMPLATE = Path(__file__).parent / "template"
HIDDEN = ("github", "gitignore")  # these have a dot before their name where they arrive


class NewError(Exception):
    """It cannot be made; the message says why and what to do."""


def course(folder):
    """Write the template into `folder`, an empty or a new one; returns the paths written. Raises NewError, OSError."""
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NewError(f"{folder} is not empty: name a new folder, so that nothing of yours is written over")
    written = []
    for path in sorted(TEMPLATE.rglob("*")):
        parts = path.relative_to(TEMPLATE).parts
        if path.is_file() and "__pycache__" not in parts:
            target = folder.joinpath(*(f".{part}" if part in HIDDEN else part for part in parts))
            target.parent.mkdir(parents=True, exist_ok=True)
            files.write(target, path.read_bytes())
            written.append(target)
    return written
