"""EM for Gaussian mixtures beside scikit-learn and Intel oneDAL: same data, start, number of iterations, one thread.

    python benchmarks/gaussian_em.py [--quick] [--wall] [--daal-python PATH] [--check]

Prints for each size the median CPU time of a whole fit over its iterations, the ratios, the largest difference of the
parameters at the end, the peak memory above the input, and the share of the machine's limit: 4 n k p flops at the
measured rate of matrix products and n k exponentials, p = 1 + d + d (d + 1) / 2. Fits are interleaved, round by round,
so that a busy machine slows all of them.

scikit-learn's reg_covar and oneDAL's regularizationFactor are 0, as emtutor adds none. oneDAL's Python package,
daal4py, wants an older scikit-learn than this benchmark, so it runs in an environment of its own:

    python -m venv daal && daal/bin/pip install daal4py "scikit-learn==1.5.2" "numpy<2.3" packaging
    python benchmarks/gaussian_em.py --daal-python daal/bin/python
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

SIZES = [  # (n, d, k), and what is held: times faster than scikit-learn
    ((272, 2, 2), 2.5),
    ((10_000, 8, 8), 3.5),
    ((100_000, 16, 16), 3.0),
    ((1_000_000, 2, 8), 10.0),
    ((100_000, 64, 32), 3.0),
    ((30_000, 128, 16), 1.0),
]
MEMORY_SIZE, MEMORY_SHARE = (1_000_000, 2, 8), 0.1  # of scikit-learn's memory above the input

LEAST = 0.2  # seconds: a short fit is repeated so long in each round, since a core that has slept is slow at first

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


# ---- the peers: (x, start, iterations) -> (seconds, pi, mu, Sigma)


def emtutor(x, start, iterations):
    from emtutor import gaussian

    begun = clock()
    fit = gaussian.fit(x, start, tol=0, max_iter=iterations)
    seconds = clock() - begun
    assert fit.iterations == iterations
    return seconds, *fit.theta


def scikit_learn(x, start, iterations):
    from sklearn.mixture import GaussianMixture

    pi, mu, Sigma = start
    model = GaussianMixture(
        len(pi),
        tol=0,
        reg_covar=0,
        max_iter=iterations,
        weights_init=pi,
        means_init=mu,
        precisions_init=np.linalg.inv(Sigma),
    )
    begun = clock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "did not converge": it was not meant to
        model.fit(x)
    seconds = clock() - begun
    assert model.n_iter_ == iterations
    return seconds, model.weights_, model.means_, model.covariances_


def onedal(x, start, iterations):
    import daal4py

    daal4py.daalinit(1)
    pi, mu, Sigma = start
    algorithm = daal4py.em_gmm(
        nComponents=len(pi), maxIterations=iterations, accuracyThreshold=0.0, regularizationFactor=0.0
    )
    begun = clock()
    found = algorithm.compute(x, pi[None], mu, list(Sigma))
    seconds = clock() - begun
    ran = int(np.ravel(found.nIterations)[0])
    # it stops by itself where log p no longer changes in the last digit; the others go on, to the same theta
    return seconds * iterations / ran, np.ravel(found.weights), found.means, np.stack(found.covariances)


def clock():
    """Seconds of this thread's work: on a machine that others use, waiting for a core is nobody's merit or fault."""
    return time.perf_counter() if os.environ.get("BENCHMARK_CLOCK") == "wall" else time.process_time()


PEERS = {"emtutor": emtutor, "scikit-learn": scikit_learn, "oneDAL": onedal}


# ---- data, start, machine


def problem(n, d, k):
    """n points of k overlapping components, and a start: means that are off, the data's covariance, equal weights."""
    rng = np.random.default_rng(19)
    A = np.eye(d) + 0.5 * rng.normal(size=(k, d, d)) / np.sqrt(d)
    label, centre = rng.integers(k, size=n), 2 * rng.normal(size=(k, d))
    x = rng.normal(size=(n, d))
    for j in range(k):
        x[label == j] = x[label == j] @ A[j] + centre[j]
    return x, (np.full(k, 1 / k), centre + 0.5 * rng.normal(size=(k, d)), np.tile(np.cov(x.T), (k, 1, 1)))


def iterations_for(n, d, k, quick):
    """Enough for the start and end of a fit to matter little, few enough for a coffee."""
    return int(np.clip((1e9 if quick else 2e10) / (n * k * d * (d + 8)), 6 if quick else 10, 100))


def machine():
    """Flops a second of a matrix product, and seconds an exponential, one thread."""
    from threadpoolctl import threadpool_limits

    a, b, v = np.ones((512, 512)), np.ones((512, 512)), np.linspace(-20, 0, 16384)
    with threadpool_limits(1):
        return 2 * 512**3 / best(lambda: a @ b), best(lambda: np.exp(v)) / v.size


def best(function, times=20):
    took = []
    for _ in range(times):
        begun = clock()
        function()
        took.append(clock() - begun)
    return min(took)


def difference(a, b):
    """Largest difference of two (pi, mu, Sigma), in weights and standard deviations."""
    std = np.sqrt(b[2].diagonal(axis1=1, axis2=2))
    Sigma = np.abs(a[2] - b[2]) / (std[:, :, None] * std[:, None])
    return max(np.abs(a[0] / b[0] - 1).max(), (np.abs(a[1] - b[1]) / std).max(), Sigma.max())


# ---- a peer in a process of its own, kept alive between rounds


class Served:
    """A peer in another process (or another Python): `run` does one fit there."""

    def __init__(self, name, python, folder):
        self.name, self.folder = name, folder
        env = os.environ | ONE_THREAD
        command = [python, __file__, "--serve", name, "--folder", str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def run(self, iterations, memory=False):
        """(seconds, pi, mu, Sigma), or the peak memory above the input in bytes."""
        self.process.stdin.write(json.dumps({"iterations": iterations, "memory": memory}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} stopped; its last words are above")
        answer = json.loads(answer)
        if memory:
            return answer["peak"]
        with np.load(self.folder / f"{self.name}.npz") as found:
            return answer["seconds"], found["pi"], found["mu"], found["Sigma"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def serve(name, folder):
    """The other side of `Served`."""
    folder = Path(folder)
    x = np.load(folder / "x.npy")
    with np.load(folder / "start.npz") as start:
        start = start["pi"], start["mu"], start["Sigma"]
    for line in sys.stdin:
        job = json.loads(line)
        if job["memory"]:
            PEERS[name](x[: max(1000, 6 * x.shape[1] * len(start[0]))].copy(), start, 1)  # imports, thread pools
            before = peak_memory()
            PEERS[name](x, start, 2)
            answer = {"peak": peak_memory() - before}
        else:
            took = []
            while sum(took) < LEAST:
                seconds, pi, mu, Sigma = PEERS[name](x, start, job["iterations"])
                took.append(seconds)
            np.savez(folder / f"{name}.npz", pi=pi, mu=mu, Sigma=Sigma)
            answer = {"seconds": float(np.median(took))}
        print(json.dumps(answer), flush=True)


def peak_memory():
    """Bytes; of this program alone (ru_maxrss is inherited from the parent on Linux)."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


# ---- the benchmark


def compare(size, names, python_of, rounds, quick):
    """{name: (seconds an iteration, peak bytes, parameters)} and the machine's limit in seconds an iteration."""
    n, d, k = size
    x, start = problem(*size)
    iterations = iterations_for(*size, quick)
    seconds, found, peak = {name: [] for name in names}, {}, {}
    limit = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        np.save(folder / "x.npy", x)
        np.savez(folder / "start.npz", **dict(zip(("pi", "mu", "Sigma"), start, strict=True)))
        for name in names:
            once = Served(name, python_of(name), folder)
            peak[name] = once.run(2, memory=True)
            once.close()
        served = {name: Served(name, python_of(name), folder) for name in names}
        for name in names:
            served[name].run(1)
        for round_ in range(rounds):
            rate, exponential = machine()
            limit.append(4 * n * k * (1 + d + d * (d + 1) / 2) / rate + n * k * exponential)
            for name in names[round_ % len(names) :] + names[: round_ % len(names)]:
                took, *found[name] = served[name].run(iterations)
                seconds[name].append(took / iterations)
        for peer in served.values():
            peer.close()
    return {name: (np.median(seconds[name]), peak[name], found[name]) for name in names}, np.median(limit), iterations


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daal-python", help="a Python with daal4py; without it oneDAL is left out")
    parser.add_argument("--quick", action="store_true", help="few iterations, three rounds")
    parser.add_argument("--rounds", type=int, help="interleaved rounds a size (default 7, quick 3)")
    parser.add_argument("--sizes", help="which sizes, counted from 1, e.g. 1,2,4")
    parser.add_argument("--wall", action="store_true", help="wall clock, on a quiet machine, in place of CPU time")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a promise is not kept")
    parser.add_argument("--serve", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        return serve(args.serve, args.folder)

    os.environ["BENCHMARK_CLOCK"] = "wall" if args.wall else "cpu"
    names = ["emtutor", "scikit-learn"]
    if args.daal_python:
        names.append("oneDAL")
    else:
        print("oneDAL is left out: --daal-python names no environment that has daal4py (see --help).")
    sizes = SIZES if not args.sizes else [SIZES[int(i) - 1] for i in args.sizes.split(",")]
    rounds = args.rounds or (3 if args.quick else 7)
    rate, exponential = machine()
    print(f"One thread: matrix products {rate / 1e9:.0f} Gflop/s, exponentials {1e9 * exponential:.2f} ns.")
    print(
        f"Medians of {rounds} interleaved rounds; {'wall' if args.wall else 'CPU'} time of a whole fit over its "
        "iterations.\n"
    )
    print(
        f"{'n':>8} {'d':>4} {'k':>3} {'iter.':>5}  {'':12} {'ms / iter.':>10} {'times slower':>12} "
        f"{'differs by':>10} {'MB above x':>10} {'share of limit':>14}"
    )
    broken = []
    for size, held in sizes:
        results, limit, iterations = compare(
            size, names, lambda name: args.daal_python if name == "oneDAL" else sys.executable, rounds, args.quick
        )
        ours, our_peak, our_theta = results["emtutor"]
        for name, (seconds, peak, theta) in results.items():
            head = "{:8} {:4} {:3} {:5}".format(*size, iterations) if name == "emtutor" else " " * 23
            print(
                f"{head}  {name:12} {1e3 * seconds:10.3f} {seconds / ours:12.2f} {difference(theta, our_theta):10.1e} "
                f"{peak / 2**20:10.1f} {limit / seconds:14.0%}",
                flush=True,
            )
        ratio = results["scikit-learn"][0] / ours
        if ratio < held:
            broken.append(f"{size}: {ratio:.2f} times faster than scikit-learn, held is {held}")
        if size == MEMORY_SIZE and our_peak > MEMORY_SHARE * results["scikit-learn"][1]:
            share = our_peak / results["scikit-learn"][1]
            broken.append(f"{size}: {share:.2f} of scikit-learn's memory above the input, held is {MEMORY_SHARE}")
    print("\n" + ("\n".join(broken) if broken else "All that is held against scikit-learn is kept."))
    return int(args.check and bool(broken))


if __name__ == "__main__":
    sys.exit(main())
