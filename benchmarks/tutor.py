"""How long `check` takes: the first one in a kernel, and the ten slowest of all, right, named and nameless.

    python benchmarks/tutor.py [REPEATS]

Each figure is the best of REPEATS (3) calls, after one that loads what is imported lazily. Goals: the first check in a
real kernel within 1.5 s, later ones within a median of 30 ms, 95 % within 200 ms. The last lines compare
`import emtutor` with the imports it cannot do without.
"""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np


def main(repeats=3):
    with tempfile.TemporaryDirectory() as home:
        os.environ["EMTUTOR_HOME"] = home
        for what, seconds in in_a_kernel():
            print(f"{1e3 * seconds:6.0f} ms  {what}")
        times = sorted(measured(repeats), reverse=True)
    print(f"{len(times)} checks, best of {repeats} each")
    for share in (50, 95, 99, 100):
        print(f"{share:3d} % within {1e3 * np.percentile([t for t, *_ in times], share):6.0f} ms")
    print("the slowest ten:")
    for seconds, name, case in times[:10]:
        print(f"{1e3 * seconds:6.0f} ms  {name}: {case}")
    for code in ("import numpy, scipy.special", "import emtutor", "from emtutor import check"):
        print(f"{1e3 * imported(code, repeats):6.0f} ms  python -c '{code}'")


def in_a_kernel():
    """(what, seconds) of the first cells of a lesson, in a kernel of Jupyter."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel()
    e_step = (
        "def e_step(x, pi, mu, Sigma):\n    away = x[:, None] - mu\n"
        "    a = np.log(pi) - np.einsum('nka,kab,nkb->nk', away, np.linalg.inv(Sigma), away) / 2\n"
        "    return np.exp(a) / np.exp(a).sum(1, keepdims=True)\ncheck(e_step)"
    )
    try:
        for what, code in (
            ("import numpy", "import numpy as np"),
            ("import emtutor's check", "from emtutor import check"),
            ("the first check in a kernel", e_step),
            ("the second", e_step),
            ("one after a process was ended", "import os\ncheck(lambda *a: os._exit(1), 'e_step')"),
            ("and the next", e_step),
        ):
            yield what, timed(client.execute_interactive, code, output_hook=lambda message: None)
    finally:
        manager.shutdown_kernel(now=True)


def measured(repeats):
    """(seconds, exercise, what was checked) for every solution, every named mistake and a nameless one."""
    from emtutor.tutor import check
    from emtutor.tutor.exercise import exercises

    for exercise in exercises().values():
        answers = {"right": exercise.solution, "nameless": off(exercise.solution)}
        answers |= {m.slug: m.function for m in exercise.mistakes}
        for case, answer in answers.items():
            check(answer, exercise.name)
            yield min(timed(check, answer, exercise.name) for _ in range(repeats)), exercise.name, case


def off(solution):
    """A wrong answer that no record names: a little of the result's own square is added."""

    def answer(*args):
        result = solution(*args)
        if isinstance(result, tuple):
            return tuple(np.asarray(v) * 1.01 + 0.003 for v in result)
        return np.asarray(result) * 1.01 + 0.003

    return answer


def timed(function, *args, **options):
    began = time.perf_counter()
    function(*args, **options)
    return time.perf_counter() - began


def imported(code, repeats):
    return min(timed(subprocess.run, [sys.executable, "-c", code]) for _ in range(repeats))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
