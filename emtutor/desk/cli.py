"""The command `emtutor`: one function a command; what each does stands in a module of its own beside this one."""

import argparse
import os
import re
import socket
import sys
import tempfile
import traceback
from importlib.metadata import requires, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from emtutor.desk import lecturer, terminal

FOLDER = "my-course"
# Nothing at the terminal or over the first page that a student cannot use: errors are said, and the address to open.
QUIET = (
    "--ServerApp.log_level=ERROR",
    "--LabApp.log_level=ERROR",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--KernelManager.transport_encryption=auto",  # else each kernel warns that it talks without
)
SETTINGS = Path(__file__).parent / "jupyter"  # defaults of JupyterLab: what the learner sets herself comes before them


def main(arguments=None):
    """Run the command line; returns the exit code: 0 done, 1 could not be done, 2 was not understood."""
    _say_anything()
    parser = _parser()
    options = parser.parse_args(arguments)
    stray = [option for option in getattr(options, "jupyter", []) if not option.startswith("-")]
    if stray:
        parser.error(
            f"lab takes no {stray[0]!r}: a folder is given by --folder, and options for JupyterLab come after --"
        )
    try:
        return options.run(options)
    except terminal.Failure as failure:
        print(f"emtutor: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        print(f"emtutor: {_missing(error.name)}", file=sys.stderr)
        return 1
    except Exception as error:  # the last net: a sentence helps more than a traceback, and names the place too
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error}"[:300]
        print(
            f"emtutor: this was not foreseen: {said} ({place.name}, {place.filename}:{place.lineno})", file=sys.stderr
        )
        return 1


def _missing(module):
    """What to do where this module is missing: it is of an extra that was not installed."""
    name = (module or "something").partition(".")[0]
    wanted = [re.fullmatch(r"([\w-]+).*extra == ['\"](\w+)['\"]", text) for text in requires("emtutor") or ()]
    extras = [found[2] for found in filter(None, wanted) if found[1].lower().replace("-", "_") == name.lower()]
    extra = min(extras, default="lab")  # the site's extra holds the lab's
    return f"{name} is not installed, and this command needs it: pip install 'emtutor[{extra}]'"


def _say_anything():
    """A name or a formula that the terminal has no letters for is spelt in another way, and stops nothing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _parser():
    parser = argparse.ArgumentParser(
        prog="emtutor", description="The EM lecture that you can run, step through, and be corrected by."
    )
    parser.add_argument("--version", action="version", version=f"emtutor {version('emtutor')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    lab = commands.add_parser(
        "lab",
        help="open the course in JupyterLab",
        description="Bring the course to a folder of yours and open it in JupyterLab.",
    )
    lab.add_argument("--no-browser", action="store_true", help="only print the address to open")
    lab.add_argument("--port", type=_port, help="the port of the server (default: the first free one from 8888)")
    lab.add_argument(
        "--folder", type=terminal.path, help=f"where your copy is or is to be (default: {FOLDER} in the current folder)"
    )
    lab.add_argument(
        "jupyter", nargs="*", metavar="-- OPTION", help="options for JupyterLab itself, such as -- --ip=0.0.0.0"
    )
    lab.set_defaults(run=_lab)

    solve = commands.add_parser("solve", help="put the solutions into a notebook's exercises")
    solve.add_argument("notebook", type=terminal.path, nargs="+", metavar="NOTEBOOK")
    solve.add_argument(
        "-o",
        "--output",
        type=terminal.path,
        required=True,
        metavar="FOLDER",
        help="where the solved notebook is written",
    )
    solve.add_argument("--force", action="store_true", help="write over a notebook that is already there")
    solve.set_defaults(run=_solve)

    export = commands.add_parser("export", help="make one self-contained page of a notebook")
    export.add_argument("notebook", type=terminal.path, metavar="NOTEBOOK")
    export.add_argument(
        "-o", "--output", type=terminal.path, required=True, metavar="PAGE.html", help="the page to write"
    )
    export.set_defaults(run=_export)

    _add_site(commands)
    lecturer.add(commands)
    return parser


def _add_site(commands):
    site = commands.add_parser("site", help="make a site of all lessons, to be read in any browser")
    site.add_argument("folder", type=terminal.path, metavar="FOLDER", help="an empty or a new one")
    site.add_argument(
        "--repository",
        metavar="OWNER/NAME",
        help="at GitHub: for the ways to Binder and Colab (default: the variable GITHUB_REPOSITORY, or none)",
    )
    site.add_argument(
        "--lite",
        type=terminal.path,
        metavar="WHEELS",
        help="also the course that runs in the browser, in FOLDER/lite; WHEELS is a folder that make wheels fills",
    )
    site.set_defaults(run=_site)


def _port(text):
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, got {text!r}")
    return int(text)


def _lab(options):
    from emtutor.desk import deliver

    if find_spec("jupyterlab") is None:  # said before anything is written
        raise ModuleNotFoundError(name="jupyterlab")
    if options.port:
        _refuse_taken(options.port)
    folder = options.folder or _folder()
    try:
        said = deliver.deliver(folder)
        page = deliver.first_page(folder)
    except deliver.CourseError as error:
        raise terminal.Failure(error) from error
    folder = folder.absolute()
    if not _has_home():
        home = folder / ".emtutor" / "home"
        said.append(f"You have no home folder that can be written to: progress and settings are kept in {home}.")
        _live_in(home)
    print(*said, f"Opening {page}. Stop with Ctrl-C.", sep="\n", flush=True)
    paths = [str(SETTINGS), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(_jupyter_arguments(options, folder, page))
    return 0


def _has_home():
    """Whether this user has a home folder where Jupyter can keep what it must."""
    try:
        home = Path.home()
        place = next(place for place in (home, *home.parents) if place.exists())
    except (RuntimeError, OSError):  # a user whom the system does not know
        return False
    return place.is_dir() and os.access(place, os.W_OK)


def _live_in(home):
    home.mkdir(parents=True, exist_ok=True)
    os.environ["HOME"] = str(home)


def _refuse_taken(port):
    """Before anything is written or said: JupyterLab would notice only after its start."""
    with socket.socket() as probe:
        if os.name == "posix":  # as JupyterLab does; on Windows it would let two servers share a port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise terminal.Failure(
                f"port {port} cannot be used ({error.strerror}): name another, or leave --port out"
            ) from error


def _folder():
    """The course in or around the current folder: called from inside `my-course`, it is that one."""
    from emtutor.desk.deliver import RECORD

    return Path(".") if RECORD.exists() else Path(FOLDER)


def _jupyter_arguments(options, folder, page):
    arguments = [
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{quote(page)}",
        *QUIET,
    ]
    if options.port:
        arguments += [f"--ServerApp.port={options.port}", "--ServerApp.port_retries=0"]
    if options.no_browser or not _has_display():
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")  # JupyterLab refuses root; in a container there is nobody else
    return arguments + options.jupyter


def _has_display():
    if sys.platform in ("darwin", "win32") or os.environ.get("BROWSER"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _solve(options):
    from emtutor.desk import notebooks

    for path in options.notebook:
        notebook = _read(path)
        target = options.output / path.name
        solved, names = notebooks.solve(notebook)
        _make_room(options.output, target, path, notebooks.text(solved).encode(), options.force)
        with terminal.written(target):
            notebooks.write(solved, target)
        none = "there is no exercise in this notebook, or its solution is not here"
        print(f"{target}: {', '.join(names) + ' solved' if names else none}")
    return 0


def _make_room(folder, target, source, content, force):
    with terminal.written(target):
        if target.is_dir():
            raise terminal.Failure(f"{target} is a folder: choose another place with -o")
        if target.exists() and target.resolve() == source.resolve():
            raise terminal.Failure(f"{target} is the notebook itself: choose another folder with -o")
        if target.exists() and not force and target.read_bytes() != content:
            raise terminal.Failure(
                f"{target} is already there and differs: choose another folder with -o, or say --force"
            )
        folder.mkdir(parents=True, exist_ok=True)


def _export(options):
    _read(options.notebook)
    with terminal.written(options.output), tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        if options.output.is_dir():
            raise terminal.Failure(f"{options.output} is a folder: name a page in it with -o")
        options.output.parent.mkdir(parents=True, exist_ok=True)
        if not _has_home():
            _live_in(Path(scratch))
        from emtutor.desk.page import export  # Jupyter asks for the home when it is imported

        try:
            export(options.notebook, options.output)
        except (ValueError, RuntimeError, TimeoutError) as error:  # no .html; a kernel that died; a cell without end
            raise terminal.Failure(error) from error
    print(f"{options.output} is written.")
    return 0


def _site(options):
    from emtutor.desk import site
    from emtutor.desk.site import lite

    try:
        if options.lite:
            lite.wheels_in(options.lite)  # said before all lessons are run
        named = site.known_repository() if options.repository is None else site.repository(options.repository)
        with terminal.written(options.folder):
            site.build(options.folder, repository=named, lite=options.lite and "lite")
            if options.lite:
                lite.build(options.folder / "lite", options.lite)
    except (site.SiteError, lite.LiteError, ValueError, RuntimeError, TimeoutError) as error:
        raise terminal.Failure(error) from error
    print(f"{options.folder / 'index.html'} is the first page.")
    return 0


def _read(path):
    from emtutor.desk import notebooks

    try:
        return notebooks.read(path)
    except FileNotFoundError:
        raise terminal.Failure(f"there is no notebook {path}: is the path right, seen from {_here()}?") from None
    except (ValueError, OSError) as error:
        raise terminal.Failure(error) from error


def _here():
    try:
        return Path.cwd()
    except OSError:
        return "a working folder that is gone"
