"""The code's own rules, read from its source."""

import ast
from pathlib import Path

import emtutor

ROOT = Path(emtutor.__file__).parent


def private_names(tree):
    """`module._name` and `from module import _name` of the package's own modules."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("emtutor"):
            modules |= {a.asname or a.name for a in node.names}
            yield from (f"{node.module}.{a.name}" for a in node.names if a.name.startswith("_"))
    for node in ast.walk(tree):
        named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
        if named and node.attr.startswith("_") and not node.attr.startswith("__") and node.value.id.islower():
            yield f"{node.value.id}.{node.attr}"


def test_no_room_of_the_mathematics_reaches_for_a_private_name():
    found = {}
    for room in ("maths", "derivations/engine", "films", "figures", "lessons", "problems"):
        for file in (ROOT / room).rglob("*.py"):
            names = sorted(private_names(ast.parse(file.read_text())))
            if names:
                found[str(file.relative_to(ROOT))] = names
    assert not found


def test_the_scan_finds_what_it_looks_for():
    tree = ast.parse("from emtutor.maths import em\nfrom emtutor.maths.em import _x\nem._y()\nem.z\nother._w")
    assert sorted(private_names(tree)) == ["em._y", "emtutor.maths.em._x"]
