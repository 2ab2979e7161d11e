"""What a committed notebook owes its readers, and nbval does not see: each rule gives its complaints about a notebook.

A rule is a function of a notebook (and of its path, where files beside it matter); its name says what it demands.
"""

import ast
import io
import re
import tokenize
from urllib.parse import unquote

from emtutor.desk import notebooks

FORBIDDEN = {"Output", "interact", "interact_manual", "interactive", "interactive_output"}
UNSTABLE = {
    "a path of this machine": r"(?<![\w.])/(?:home|root|tmp|work|Users|usr|opt|var)/|\b[A-Z]:\\\\?\w|site-packages",
    "a memory address": r"\b0x[0-9a-f]{6,}\b",
    "a time that differs from run to run": r"\bWall time\b|\bper loop\b|\bit/s\b|\b\d+(\.\d+)? ?(ms|µs|ns)\b",
    "a bare numpy scalar": r"\bnp\.(float|int|bool|str)\d*_?\(",
}
AGAIN = "run it by `python -m emtutor.desk.notebooks FILE`"
IMAGES = ("image/png", "image/jpeg", "image/svg+xml", "image/gif")
CODE_LINES = 10  # no scrolling on a laptop


def code_cells(notebook):
    """(name for complaints, cell) for every code cell that is not empty."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.strip():
            yield f"cell {index} ({cell.source.strip().splitlines()[0][:50]!r})", cell


def markdown(notebook):
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            yield f"cell {index}", cell.source


def outputs_are_present(notebook):
    """nbval skips a cell without outputs and without count: such a cell would be no test at all."""
    if not any(cell.outputs for _, cell in code_cells(notebook)):
        yield f"no cell has an output: {AGAIN}"
    for where, cell in code_cells(notebook):
        if _shows_something(cell.source) and not cell.outputs:
            yield f"{where} shows something and has no output: {AGAIN}"


def _shows_something(source):
    body = notebooks.parsed(source)
    running = [node for node in body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    prints = any(
        isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("print", "display")
        for statement in running
        for node in ast.walk(statement)
    )
    return prints or (bool(body) and isinstance(body[-1], ast.Expr))


def counts_are_sequential(notebook):
    counts = [cell.execution_count for _, cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}: {AGAIN}"


def no_widget_that_nbval_cannot_run(notebook):
    for where, cell in code_cells(notebook):
        used = set()
        for statement in notebooks.parsed(cell.source):
            for node in ast.walk(statement):
                used |= {getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", "")} & FORBIDDEN
        if used:
            yield f"{where} uses {sorted(used)}: use a player, or plain ipywidgets with observe"


def no_trailing_semicolon(notebook):
    for where, cell in code_cells(notebook):
        if any(re.search(r";\s*(#.*)?$", line) for line in cell.source.splitlines()):
            yield f"{where} ends a line with ';', which hides an output from readers and not from nbval"


def code_is_python(notebook):
    for where, cell in code_cells(notebook):
        if not notebooks.parsed(cell.source) and not re.match(r"\s*[%!#]", cell.source):
            yield f"{where} cannot be parsed"


def pictures_have_words(notebook):
    for where, source in markdown(notebook):
        for alt in re.findall(r"!\[(.*?)\]\(", source, flags=re.DOTALL):
            if len(alt.split()) < 3:
                yield f"{where}: a picture's alt text is {alt!r}: say what is seen"
        yield from _html_without_words(where, source)
    for where, cell in code_cells(notebook):
        for out in cell.outputs:
            data = out.get("data", {})
            words = data.get("text/plain", "")
            if any(kind in data for kind in IMAGES) and (len(words.split()) < 5 or words.lstrip().startswith("<")):
                yield f"{where}: a picture's text is {words!r}: say what is seen (`picture(fig, words)`)"
            yield from _html_without_words(where, data.get("text/html", ""))


def _html_without_words(where, html):
    for tag in re.findall(r"<img\b[^>]*>", html):
        if not re.search(r"""\balt=(["']).{10,}?\1""", tag, flags=re.DOTALL):
            yield f"{where}: {tag[:60]} has no alt text"
    for tag in re.findall(r"<svg\b[^>]*>", html):
        if not re.search(r"""aria-(label|hidden)=""", tag):
            yield f"{where}: {tag[:60]} has no aria-label"


def quoted_formulas_stand_on_one_line(notebook):
    """JupyterLab takes formulas out before it reads Markdown: the ">" of a second line would be part of the formula."""
    for where, source in markdown(notebook):
        if any(re.search(r"\n\s*>", formula) for formula in re.findall(r"\$\$(.*?)\$\$", source, flags=re.DOTALL)):
            yield f"{where}: a formula in a quotation goes over several lines, and shows their >"


def cells_are_short(notebook):
    for where, cell in code_cells(notebook):
        lines = code_lines(cell.source)
        if lines > CODE_LINES:
            yield f"{where} has {lines} lines of code, more than {CODE_LINES}: split it, or move it into the package"


def code_lines(source):
    """Lines with code on them: no blank lines, comments, magics or docstrings; `picture` with its words is one."""
    source = "\n".join("" if line[:1] in ("%", "!") else line for line in source.split("\n"))
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set = set()
    for token in tokenize.generate_tokens(io.StringIO(source + "\n").readline):
        if token.type not in skip:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for statement in notebooks.parsed(source):
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "picture":
                lines -= set(range(node.lineno + 1, node.end_lineno + 1))
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
                lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


def outputs_are_stable(notebook):
    for where, cell in code_cells(notebook):
        for out in cell.outputs:
            if out.output_type == "error":
                yield f"{where} raises {out.ename}"
            if out.get("name") == "stderr":
                yield f"{where} writes to stderr: {out.text[:80]!r}"
            texts = [out.get("text", ""), *(v for k, v in out.get("data", {}).items() if k.startswith("text/"))]
            for what, pattern in UNSTABLE.items():
                for shown in texts:
                    shown = re.sub(r"data:image/\S+?;base64,[\w+/=]*", "", shown)  # letters of a picture say nothing
                    found = re.search(pattern, shown)
                    if found:
                        yield f"{where} shows {what}: {shown[max(0, found.start() - 20) : found.end() + 20]!r}"


def form_is_normal(notebook, path):
    if path.read_text(encoding="utf-8") != notebooks.text(notebooks.normalise(notebook)):
        yield f"the file is not in normal form: {AGAIN}"


def links_resolve(notebook, path):
    for where, source in markdown(notebook):
        for target in re.findall(r"(?<!`)\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", source):
            complaint = _link(target, notebook, path)
            if complaint:
                yield f"{where}: {complaint}"


def _link(target, notebook, path):
    if re.match(r"https?:|mailto:", target):
        return ""
    if target.startswith("attachment:"):
        return "" if any(target[11:] in c.get("attachments", {}) for c in notebook.cells) else f"no attachment {target}"
    name, _, anchor = unquote(target).partition("#")
    file = path.parent / name if name else path
    if not file.exists():
        return f"the link to {target} leads nowhere"
    if anchor and file.suffix == ".ipynb":
        other = notebook if file == path else notebooks.read(file)
        if anchor not in _anchors(other):
            return f"the link to {target} leads to no heading; there are {sorted(_anchors(other))}"
    return ""


def _anchors(notebook):
    """JupyterLab makes the anchor of a heading from its text, blanks as dashes."""
    anchors = set()
    for _, source in markdown(notebook):
        anchors |= {
            h.strip().replace(" ", "-") for h in re.findall(r"^#{1,6} +(.+?)\s*#*$", source, flags=re.MULTILINE)
        }
        anchors |= set(re.findall(r"""\bid=["']([^"']+)["']""", source))
    return anchors


def stubs_are_checked(notebook):
    """The code cell after a stub checks it; answers of an exam are handed in together, in a later cell."""
    cells = [cell for _, cell in code_cells(notebook)]
    last_submit = max((i for i, cell in enumerate(cells) if "exam.submit(" in cell.source), default=-1)
    sources = {id(cell): position for position, cell in enumerate(cells)}
    for stub in notebooks.stubs(notebook):
        position = sources[id(notebook.cells[stub.cell])]
        if stub.name.startswith("answer_") and position < last_submit:
            continue
        following = "\n".join(cell.source for cell in cells[position : position + 2])
        if f"check({stub.name}" not in following:
            yield f"the stub {stub.name} is not checked in its own or the next code cell"


OF_A_NOTEBOOK = (
    outputs_are_present,
    counts_are_sequential,
    no_widget_that_nbval_cannot_run,
    no_trailing_semicolon,
    code_is_python,
    pictures_have_words,
    quoted_formulas_stand_on_one_line,
    cells_are_short,
    outputs_are_stable,
    stubs_are_checked,
)
OF_A_FILE = (
    form_is_normal,
    links_resolve,
)
