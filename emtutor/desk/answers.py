"""From a collected notebook to the functions that answer its exercises, without running the notebook.

Only what an answer needs is looked at: its own definition, the functions and imports that it uses, and the values that
it reads. Definitions are made here and run nowhere; statements that compute run in a worker's process, each by itself,
and only plain data comes back. So a cell that fails hides no other, what is printed counts for nothing, and nothing of
a notebook can reach the judge.
"""

import ast
import builtins
import contextlib
import copy
import io
import linecache
import warnings
from typing import Any, NamedTuple

from emtutor import worker
from emtutor.desk import notebooks
from emtutor.worker import Failed, Other

SECONDS = 10.0  # of computing, for all values that one answer reads


class Answer(NamedTuple):
    """What a notebook has for one exercise. function is None where nothing can be judged: then `note` says why."""

    name: str
    function: Any
    source: str
    note: str = ""


class Statement(NamedTuple):
    """One statement at the top of a cell: the names that it binds, and those that it reads."""

    cell: int  # counted from 1 over all cells, as a reader counts
    node: ast.stmt
    binds: frozenset[str]
    reads: frozenset[str]


def answers(notebook, names):
    """{name: Answer} for those exercises among `names` that the notebook defines or checks."""
    statements, broken = _statements(notebook)
    found = {}
    for name, function in _asked(statements, names).items():
        definitions = [s for s in statements if _defines(s, function)]
        written = [s for s in definitions if not notebooks.is_empty(s.node)] or definitions
        if not written:
            continue
        note = f"It is defined {len(written)} times; the last one was judged." if len(written) > 1 else ""
        found[name] = _answer(name, function, written[-1], statements, note)
    for name in names:
        if name not in found and name in broken:
            found[name] = Answer(name, None, "", broken[name])
    return found


def values(notebook, names):
    """({name: value}, notes) of those names that the notebook binds to data: numbers, texts, lists of them.

    What is written out is read; what must be computed is computed in a worker, each name by itself. A text must be
    written out. A name whose value cannot be had has a note and none.
    """
    statements, _ = _statements(notebook)
    found, notes = {}, []
    for name in names:
        binding = [s for s in statements if name in s.binds]
        if not binding or isinstance(binding[-1].node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        try:
            found[name] = _written_out(binding[-1].node)
        except ValueError:
            scope: dict[str, Any] = {}
            needed = _needed(binding, statements)
            notes += [f"{name}: {note}" for note in _values(needed, binding, {}, scope)]
            found |= {key: value for key, value in scope.items() if key == name}
    return found, notes


def _written_out(node):
    """The value of an assignment to one name that holds nothing to compute; ValueError for any other statement."""
    if not (isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets)):
        raise ValueError
    try:
        return ast.literal_eval(node.value)
    except (TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError from error


def _answer(name, function, definition, statements, note):
    source = ast.unparse(definition.node)
    needed = _needed([definition], statements)
    scope: dict[str, Any] = {"__name__": "answers", "__builtins__": builtins}
    try:
        notes = [note, *_prepare(needed, scope)]
        return Answer(name, scope[function], source, " ".join(filter(None, notes)))
    except Exception as error:  # whatever a notebook has in it, the others are judged
        return Answer(name, None, source, f"It could not be defined: {type(error).__name__}: {str(error)[:200]}")


# ---- reading


def _statements(notebook):
    """(statements of all code cells, {function's name: why its cell is no Python})."""
    statements, broken = [], {}
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        text = notebooks.python(cell.source)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "invalid escape sequence": the notebook's matter
                body = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            why = f"Cell {number} is no Python: {getattr(error, 'msg', error)}"
            why += f", in its line {error.lineno}." if getattr(error, "lineno", None) else "."
            broken |= {line[4:].split("(")[0].strip(): why for line in text.split("\n") if line.startswith("def ")}
            continue
        file = f"<cell {number}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        statements += [Statement(number, node, *_names(node)) for node in body]
    return statements, broken


def _names(node):
    """(names that a statement binds at the top, names that it reads anywhere)."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return frozenset((a.asname or a.name).split(".")[0] for a in node.names), frozenset()
    reads = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return frozenset([node.name]), frozenset(reads)
    binds, todo = set(), [node]
    while todo:
        one = todo.pop()
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            binds.add(one.name)
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            binds.add(one.id)
        elif not isinstance(one, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            todo += ast.iter_child_nodes(one)
    return frozenset(binds), frozenset(reads | (binds if isinstance(node, ast.AugAssign) else set()))


def _asked(statements, names):
    """{exercise: name of the function that answers it}: its own name, or another that `check(f, "name")` gives."""
    asked = {name: name for name in names if any(_defines(s, name) for s in statements)}
    for statement in statements:
        call = getattr(statement.node, "value", None)
        if not (isinstance(call, ast.Call) and getattr(call.func, "id", None) == "check" and call.args):
            continue
        named = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "name")]
        if named and isinstance(named[0], ast.Constant) and named[0].value in names:
            function = getattr(call.args[0], "id", None)
            if function and named[0].value not in asked:
                asked[named[0].value] = function
    return asked


def _defines(statement, name):
    return isinstance(statement.node, (ast.FunctionDef, ast.AsyncFunctionDef)) and statement.node.name == name


def _needed(wanted, statements):
    """The statements that those hang on which are wanted, in the notebook's order, these among them."""
    chosen, todo = {id(s): s for s in wanted}, [name for s in wanted for name in s.reads]
    seen = {name for s in wanted for name in s.binds}
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        binding = [s for s in statements if name in s.binds]
        if binding and isinstance(binding[-1].node, ast.FunctionDef):
            binding = binding[-1:]
        for statement in binding:
            chosen[id(statement)] = statement
            todo += statement.reads
    return [s for s in statements if id(s) in chosen]


# ---- making


def _prepare(needed, scope):
    """Put imports, values and functions into the scope; yields notes on what could not be had."""
    imports = [s for s in needed if isinstance(s.node, (ast.Import, ast.ImportFrom))]
    functions = [s for s in needed if isinstance(s.node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    computed = [s for s in needed if s not in imports and s not in functions]
    for statement in imports:
        yield from _import(statement, scope)
    defaults: dict[str, ast.expr] = {}
    made = [_bare(copy.deepcopy(s.node), defaults) for s in functions]
    if computed or defaults:
        yield from _values(needed, computed, defaults, scope)
    for statement, node in zip(functions, made, strict=True):
        module = ast.fix_missing_locations(ast.Module([node], []))
        exec(compile(module, f"<cell {statement.cell}>", "exec"), scope)


def _import(statement, scope):
    """Modules that are installed are nobody's answer: they are imported here."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(ast.Module([statement.node], []), f"<cell {statement.cell}>", "exec"), scope)
    except Exception as error:
        yield f"Cell {statement.cell}: {type(error).__name__}: {str(error)[:120]}."


def _bare(node, defaults):
    """A definition that runs nothing when it is made: no decorators, no annotations, defaults as names of values."""
    arguments = node.args
    for holder in (arguments.defaults, arguments.kw_defaults):
        for i, value in enumerate(holder):
            if value is not None and not isinstance(value, ast.Constant):
                name = f"_default_{len(defaults)}"
                defaults[name] = value
                holder[i] = ast.copy_location(ast.Name(name, ast.Load()), value)
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if argument is not None:
            argument.annotation = None
    node.decorator_list, node.returns = [], None
    return node


def _values(needed, computed, defaults, scope):
    """Values that statements compute, from a worker; yields a note where they are no plain data."""
    wanted = sorted({name for s in computed for name in s.binds} | set(defaults))
    sources = [ast.unparse(s.node) for s in needed]
    sources += [f"{name} = {ast.unparse(value)}" for name, value in defaults.items()]
    outcome = worker.call(_evaluated, sources, wanted, seconds=SECONDS)
    if isinstance(outcome, Failed):
        yield f"What it reads could not be computed: {outcome.kind}: {outcome.text[:120]}."
        return
    for name, (there, value) in zip(wanted, outcome.value, strict=True):
        if there and not _holds_other(value):
            scope[name] = value
        elif there:
            yield f"`{name}` is no number, list or array, and was left out."


def _evaluated(sources, wanted):
    """Runs in the worker: each statement by itself, so that one that fails takes no other with it."""
    scope = {"__name__": "answers"}
    for source in sources:
        try:
            exec(source, scope)
        except Exception:
            continue
    return [(name in scope, scope.get(name)) for name in wanted]


def _holds_other(value):
    return isinstance(value, Other) or (isinstance(value, (list, tuple)) and any(map(_holds_other, value)))
