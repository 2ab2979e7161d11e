"""The house from its imports: who uses whom, and whether all arrows point down.

    python scripts/house.py           the picture (Mermaid), and every arrow that points up
    python scripts/house.py --write   put the picture into CONTRIBUTING.md

A room is a folder of `emtutor/`. It may use the rooms on the floors below its own, and no other.
"""

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FLOORS = (
    {
        "desk": "commands, notebooks as files, the learner's copy, pages, the site",
    },
    {
        "lessons": "exercises, predictions: what belongs to a lesson",
        "figures": "the lessons' still pictures",
        "exam": "the example exam and its marking",
    },
    {
        "tutor": "check, hint, solution, progress",
        "derivations": "chains of lines, each LaTeX and a function",
        "films": "runs as frames; the player; paper",
    },
    {"causes": "which change of the right answer explains this one?"},
    {"problems": "arguments to try a formula on"},
    {
        "maths": "EM, Gaussian mixtures, bounds, sweeps, classical models",
        "data": "Old Faithful and others",
        "worker": "foreign code in a process of its own",
    },
)
FLOOR_OF = {room: -level for level, floor in enumerate(FLOORS) for room in floor}


class Import(NamedTuple):
    """The module that imports, the module that it names, the names taken from it, and whether a function hides it."""

    user: str
    used: str
    names: tuple[str, ...]
    hidden: bool


def modules():
    """{dotted name: parsed source} of the package; the template of another course is nobody's room."""
    paths = [path for path in (ROOT / "emtutor").rglob("*.py") if "template" not in path.parts]
    return {_dotted(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def imports(trees=None):
    """Every `Import` of one module of emtutor by another."""
    trees = trees or modules()
    found = []
    for user, tree in trees.items():
        top = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "emtutor":
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    used, names = (whole, ()) if whole in trees else (node.module, (alias.name,))
                    found.append(Import(user, used, names, id(node) not in top))
            elif isinstance(node, ast.Import):
                found += [
                    Import(user, a.name, (), id(node) not in top)
                    for a in node.names
                    if a.name.split(".")[0] == "emtutor"
                ]
    return found


def private_uses(trees=None):
    """(module, name) wherever a module takes another module's private name."""
    trees = trees or modules()
    found = []
    for one in imports(trees):
        found += [(one.user, f"{one.used}.{name}") for name in one.names if _private(name)]
    for user, tree in trees.items():
        known = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "emtutor":
                known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and _private(node.attr):
                module = known.get(node.value.id)
                if module in trees:
                    found.append((user, f"{module}.{node.attr}"))
    return found


def room(module):
    """The room of a module: the folder below emtutor, or "" for emtutor itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOOR_OF else ""


def arrows(found=None):
    """{room: the rooms that it uses}, itself left out."""
    used = defaultdict(set)
    for one in found or imports():
        a, b = room(one.user), room(one.used)
        if a and b and a != b:
            used[a].add(b)
    return used


def upward(found=None):
    """Imports that do not point down."""
    return [
        one
        for one in found or imports()
        if room(one.user)
        and room(one.user) != room(one.used)
        and (not room(one.used) or FLOOR_OF[room(one.used)] >= FLOOR_OF[room(one.user)])
    ]


def circle(found=None):
    """One circle of modules as a list, or an empty list if there is none. Imports inside functions count too."""
    graph = defaultdict(set)
    for one in found or imports():
        if one.used != one.user:
            graph[one.user].add(one.used)
    state, path = {}, []

    def visit(module):
        state[module] = "open"
        path.append(module)
        for other in sorted(graph[module]):
            if state.get(other) == "open":
                return [*path[path.index(other) :], other]
            if other not in state and (found := visit(other)):
                return found
        path.pop()
        state[module] = "done"
        return []

    return next((c for module in sorted(graph) if module not in state and (c := visit(module))), [])


def picture():
    """The house as a Mermaid flow chart; an arrow that another path implies is left out."""
    used = arrows()
    lines = ["```mermaid", "flowchart TD"]
    for level, floor in enumerate(FLOORS):
        lines.append(f"  subgraph floor{len(FLOORS) - 1 - level} [ ]")
        lines += [f'    {name}["<b>{name}</b><br>{words}"]' for name, words in floor.items()]
        lines.append("  end")
    for a in FLOOR_OF:
        for b in sorted(used[a]):
            if not any(b in _reached(c, used) for c in used[a] if c != b):
                lines.append(f"  {a} --> {b}")
    return "\n".join([*lines, "```"])


def written(text, drawing):
    """CONTRIBUTING's text with the picture between its two marks."""
    begin, end = "<!-- house: made by scripts/house.py -->", "<!-- end of house -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.S)
    if not pattern.search(text):
        raise ValueError(f"CONTRIBUTING.md must hold {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n{drawing}\n{end}", text)


def _reached(room, used):
    found, todo = set(), [room]
    while todo:
        for b in used[todo.pop()] - found:
            found.add(b)
            todo.append(b)
    return found


def _private(name):
    return name.startswith("_") and not name.startswith("__")


def _dotted(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


if __name__ == "__main__":
    page = ROOT / "CONTRIBUTING.md"
    if "--write" in sys.argv:
        page.write_text(written(page.read_text(encoding="utf-8"), picture()), encoding="utf-8")
    else:
        print(picture())
    for one in upward():
        print(f"points up: {one.user} uses {one.used}")
