"""The commands for lecturers: release, new, report, exam."""

import sys

from emtutor.desk.terminal import Failure, count, path, written


def add(commands):
    """Add them to the command line."""
    _add_release(commands)
    _add_report(commands)
    _add_exam(commands)
    new = commands.add_parser("new", help="begin a course of another lecture")
    new.add_argument("what", choices=("course",), help="a course: one lesson, with all that it needs, and tests")
    new.add_argument("folder", type=path, metavar="FOLDER", help="an empty or a new one")
    new.set_defaults(run=_new)


def _add_release(commands):
    release = commands.add_parser(
        "release",
        help="make the notebooks that a class gets",
        description="Make what a class gets: chosen lessons and exercises, with or without their solutions.",
    )
    release.add_argument("folder", type=path, metavar="FOLDER", help="an empty or a new one")
    release.add_argument("--lessons", metavar="03-05", help="numbers or names, with commas (default: all)")
    release.add_argument("--exercises", nargs="+", metavar="NAME", help="those that are asked (default: all)")
    release.add_argument(
        "--without-solutions", action="store_true", help="also a wheel of emtutor that checks and holds no solutions"
    )
    release.add_argument("--format", choices=("notebooks", "nbgrader"), default="notebooks")
    release.set_defaults(run=_release)


def _add_report(commands):
    report = commands.add_parser(
        "report",
        help="judge a folder of collected notebooks",
        description="Judge all notebooks in a folder and its sub-folders: one row a student, one column an exercise.",
    )
    report.add_argument("folder", type=path, metavar="FOLDER")
    report.add_argument("--csv", type=path, metavar="FILE", help="write the table")
    report.add_argument("--html", type=path, metavar="FILE", help="write a page with all functions and messages")
    report.add_argument("--jobs", type=count, metavar="N", help="notebooks at the same time (default: one a core)")
    report.add_argument("--again", action="store_true", help="judge anew what an earlier run has judged")
    report.set_defaults(run=_report)


def _add_exam(commands):
    exam = commands.add_parser("exam", help="an exam for a class: papers with seeds of their own, marked in one go")
    does = exam.add_subparsers(title="what to do", metavar="WHAT", required=True)
    papers = does.add_parser("papers", help="write a paper for each student, and answers to print")
    papers.add_argument("students", type=path, metavar="STUDENTS", help="a text file, one name a line")
    papers.add_argument("folder", type=path, metavar="FOLDER", help="an empty or a new one")
    papers.set_defaults(run=_papers)
    mark = does.add_parser("mark", help="mark the papers in a folder")
    mark.add_argument("folder", type=path, metavar="FOLDER")
    mark.add_argument("--seeds", type=path, metavar="FILE", help="seeds.csv, as papers wrote it")
    mark.add_argument("--csv", type=path, metavar="FILE", help="write the table")
    mark.add_argument("--html", type=path, metavar="FILE", help="write a page for each student, to print")
    mark.add_argument("--jobs", type=count, metavar="N", help="papers at the same time (default: one a core)")
    mark.set_defaults(run=_mark)


def _release(options):
    from emtutor.desk import release

    try:
        with written(options.folder):
            said = release.release(
                options.folder, options.lessons, options.exercises, options.without_solutions, options.format
            )
    except release.ReleaseError as error:
        raise Failure(error) from error
    print(*said, sep="\n")
    return 0


def _new(options):
    from emtutor.desk import new

    try:
        with written(options.folder):
            files = new.course(options.folder)
    except new.NewError as error:
        raise Failure(error) from error
    print(f"{options.folder} is a course of one lesson, {len(files)} files. Begin with its README.md.")
    return 0


def _report(options):
    from emtutor.desk import report

    if not options.folder.is_dir():
        raise Failure(f"{options.folder} is no folder: name the one that holds the collected notebooks")
    rows = report.report(options.folder, options.jobs, options.again, progress=sys.stderr.isatty())
    if not rows:
        raise Failure(f"there is no notebook (.ipynb) in {options.folder} or below it")
    print(report.text(rows))
    _write_both(options, report, rows)
    return 0


def _papers(options):
    from emtutor.desk import sittings

    try:
        lines = options.students.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{options.students} cannot be read: {error}") from error
    try:
        with written(options.folder):
            seeds = sittings.papers([line.strip() for line in lines if line.strip()], options.folder)
    except sittings.SittingError as error:
        raise Failure(error) from error
    print(f"{options.folder} has {len(seeds)} papers, papers.html and answers.html to print, and {sittings.SEEDS}.")
    return 0


def _mark(options):
    from emtutor.desk import sittings

    if not options.folder.is_dir():
        raise Failure(f"{options.folder} is no folder: name the one that holds the papers")
    try:
        seeds = sittings.read_seeds(options.seeds) if options.seeds else None
    except sittings.SittingError as error:
        raise Failure(error) from error
    found = sittings.mark(options.folder, seeds, options.jobs, progress=sys.stderr.isatty())
    if not found:
        raise Failure(f"there is no notebook (.ipynb) in {options.folder} or below it")
    print(sittings.text(found))
    _write_both(options, sittings, found)
    return 0


def _write_both(options, module, rows):
    """The table and the page, where they are asked for."""
    for target, write in ((options.csv, module.write_csv), (options.html, module.write_html)):
        if target:
            with written(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                write(rows, target)
            print(f"{target} is written.")
