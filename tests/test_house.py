"""The house: arrows point down, no circle, no private name across modules, nothing long, and its picture."""

import ast
import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[next(i for i, p in enumerate(Path(__file__).parents) if (p / "pyproject.toml").exists())]
_spec = importlib.util.spec_from_file_location("house", ROOT / "scripts" / "house.py")
house = importlib.util.module_from_spec(_spec)
sys.modules["house"] = house
_spec.loader.exec_module(house)

LINES, FUNCTION = 400, 60
UNFINISHED = ("emtutor/lessons/", "emtutor/films/")  # these are being shortened


def test_every_room_has_a_floor():
    rooms = {path.parent.name for path in (ROOT / "emtutor").glob("*/__init__.py")}
    assert rooms == set(house.FLOOR_OF)


def test_arrows_point_down():
    assert [f"{one.user} uses {one.used}" for one in house.upward()] == []


def test_no_module_uses_itself_by_way_of_others():
    assert house.circle() == []


def test_no_module_takes_a_private_name_of_another():
    assert house.private_uses() == []


def test_imports_inside_functions_are_those_of_commands():
    """The command and pytest's plugin load what they need when asked; elsewhere an import there would hide an arrow."""
    asked = {"emtutor.desk.cli", "emtutor.desk.lecturer", "emtutor.desk.pytest_plugin"}
    assert {one.user for one in house.imports() if one.hidden} <= asked


def test_the_picture_is_drawn_from_the_code():
    page = ROOT / "CONTRIBUTING.md"
    text = page.read_text(encoding="utf-8")
    assert house.written(text, house.picture()) == text, "run python scripts/house.py --write"


def test_no_module_and_no_function_is_long():
    long = []
    for path in (ROOT / "emtutor").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        lines = len(source.splitlines())
        name = path.relative_to(ROOT).as_posix()
        if lines > LINES:
            long.append(f"{name}: {lines} lines")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno - node.lineno >= FUNCTION:
                long.append(f"{name}: {node.name} has {node.end_lineno - node.lineno + 1} lines")
    assert [line for line in long if not line.startswith(UNFINISHED)] == []


def test_the_scan_finds_what_it_looks_for():
    trees = {
        "emtutor.maths.em": ast.parse("from emtutor.tutor import check\nfrom emtutor.maths import fit"),
        "emtutor.maths.fit": ast.parse("def f():\n    from emtutor.maths import em\n    return em._stop"),
        "emtutor.tutor": ast.parse("from emtutor.maths.fit import _kept"),
        "emtutor.tutor.check": ast.parse(""),
    }
    found = house.imports(trees)
    assert [(one.user, one.used) for one in house.upward(found)] == [("emtutor.maths.em", "emtutor.tutor.check")]
    assert house.circle(found)[:2] == ["emtutor.maths.em", "emtutor.maths.fit"]
    assert sorted(house.private_uses(trees)) == [
        ("emtutor.maths.fit", "emtutor.maths.em._stop"),
        ("emtutor.tutor", "emtutor.maths.fit._kept"),
    ]
    assert [one.user for one in found if one.hidden] == ["emtutor.maths.fit"]
