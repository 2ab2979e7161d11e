"""nbval over all notebooks, under one arithmetic after another: python tests/arithmetics.py [NAME ...]

Processors, BLAS kernels and threads add in different orders, and their exp and log differ in the last bit; what a
notebook prints must not. Each setting is looked up in a process of its own before it is used: where it has no effect
(another processor, another BLAS) it is left out, and that is said.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
# Of a process that has what the kernels of pytest have: which features NumPy uses, which kernels and threads its BLAS.
PROBE = """
import sys; sys.path.insert(0, ".")
import conftest, json, numpy, scipy.linalg, threadpoolctl
from numpy._core._multiarray_umath import __cpu_dispatch__ as dispatched, __cpu_features__ as found
blas = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
noisy = type(numpy.exp).__name__ != "ufunc"
print(json.dumps({
    "features": [name for name in dispatched if found.get(name)],
    "kernels": sorted({pool.get("architecture") or pool["internal_api"] for pool in blas}),
    "threads": sorted({pool["num_threads"] for pool in blas}),
    "noise": noisy,
}))
"""


class Arithmetic(NamedTuple):
    """environment: what a process gets; expected: what is then true of it, as PROBE says it."""

    environment: dict
    expected: dict


def arithmetics(here):
    """{name: Arithmetic}; here: what PROBE says of this machine as it is."""
    noise = {"EMTUTOR_NOISE": "1", "PYTHONPATH": str(ROOT / "tests" / "noise")}
    return {
        "as-it-is": Arithmetic({}, {}),
        "nehalem": Arithmetic({"OPENBLAS_CORETYPE": "Nehalem"}, {"kernels": ["Nehalem"]}),
        "sandybridge": Arithmetic(
            {"OPENBLAS_CORETYPE": "Sandybridge", "OPENBLAS_NUM_THREADS": "2"},
            {"kernels": ["Sandybridge"], "threads": [2]},
        ),
        "baseline": Arithmetic({"NPY_DISABLE_CPU_FEATURES": " ".join(here["features"])}, {"features": []}),
        "noise": Arithmetic(noise, {"noise": True}),
    }


def probed(environment):
    """What PROBE says of a process with these variables; {} if it does not even start."""
    command = [sys.executable, "-c", PROBE, "noisy"]
    done = subprocess.run(command, env=os.environ | environment, cwd=ROOT, capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip().splitlines()[-1:]}


def compared(environment, notebooks):
    """pytest's exit code for all notebooks with these variables, one notebook a worker."""
    nbval = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/nbval_sanitize.cfg"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile", "-p", "no:cacheprovider"]
    return subprocess.run([*command, *nbval, *notebooks], env=os.environ | environment, cwd=ROOT).returncode


def main(names, notebooks):
    """Run the named arithmetics, all if none is named. Returns 0 if no notebook prints anything else under any."""
    here = probed({})
    known, said = arithmetics(here), []
    for name in names or known:
        environment, expected = known[name]
        now = probed(environment)
        missing = {key: now.get(key, now) for key, value in expected.items() if now.get(key) != value}
        if missing or (name == "baseline" and not here["features"]):
            said.append((name, f"left out: this machine has {missing or 'nothing to switch off'}", 0))
            continue
        print(f"\n--- {name}: {now}", flush=True)
        code = compared(environment, notebooks)
        said.append((name, "FAILED" if code else "the same outputs", code))
    print(*(f"{name:12s} {what}" for name, what, _ in said), sep="\n")
    return int(any(code for *_, code in said))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", help="as-it-is, nehalem, sandybridge, baseline, noise; all if none is named"
    )
    parser.add_argument("--notebooks", nargs="+", default=["notebooks"], help="files or folders")
    options = parser.parse_args()
    sys.exit(main(options.names, options.notebooks))
