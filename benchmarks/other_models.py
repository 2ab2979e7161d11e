"""The HMM beside hmmlearn, and k-means beside scikit-learn: CPU time an iteration, one thread, rounds in turn.

    python benchmarks/other_models.py [--hmm-python PATH] [--rounds 5]

hmmlearn runs in an environment of its own (`python -m venv hmm && hmm/bin/pip install hmmlearn`), with both of its
implementations: "log", its default, and "scaling", which multiplies probabilities and not logarithms. Same data,
start and number of iterations; the largest difference of the parameters at the end is printed.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings

import numpy as np

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
T, STATES, SYMBOLS = 10_000, 3, 4
N, D, K = 100_000, 2, 8
ITERATIONS = 20


def chain():
    rng = np.random.default_rng(19)
    pi, A = rng.dirichlet(np.ones(STATES)), rng.dirichlet(np.ones(STATES), size=STATES)
    return rng.integers(0, SYMBOLS, T), (pi, A, rng.dirichlet(np.ones(SYMBOLS), size=STATES))


def emtutor_hmm():
    from emtutor import em
    from emtutor.maths.examples import hmm

    x, start = chain()
    begun = time.process_time()
    fit = em.fit(hmm.categorical(SYMBOLS), x, hmm.Theta(*start), tol=0, max_iter=ITERATIONS)
    return time.process_time() - begun, fit.theta.A


def hmmlearn(implementation):
    from hmmlearn.hmm import CategoricalHMM

    x, (pi, A, B) = chain()
    model = CategoricalHMM(STATES, n_iter=ITERATIONS, tol=-np.inf, init_params="", implementation=implementation)
    model.startprob_, model.transmat_, model.emissionprob_, model.n_features = pi, A, B, SYMBOLS
    begun = time.process_time()
    model.fit(x[:, None])
    return time.process_time() - begun, model.transmat_


def points():
    rng = np.random.default_rng(19)
    x = rng.normal(size=(N, D))
    return x, x[:K].copy()


def emtutor_kmeans():
    from emtutor import kmeans

    x, mu = points()
    begun = time.process_time()
    for _ in range(ITERATIONS):
        mu = kmeans.update_means(x, kmeans.assign(x, mu), K)
    return time.process_time() - begun, mu


def scikit_learn_kmeans():
    from sklearn.cluster import KMeans

    x, mu = points()
    begun = time.process_time()
    mu = KMeans(K, init=mu, n_init=1, max_iter=ITERATIONS, tol=0, algorithm="lloyd").fit(x).cluster_centers_
    return time.process_time() - begun, mu


def in_a_process(python, name):
    run = subprocess.run([python, __file__, "--only", name], check=True, capture_output=True, text=True)
    seconds, found = json.loads(run.stdout.splitlines()[-1])
    return seconds, np.array(found)


PEERS = {
    "emtutor": emtutor_hmm,
    "hmmlearn, log": lambda: hmmlearn("log"),
    "hmmlearn, scaling": lambda: hmmlearn("scaling"),
    "emtutor k-means": emtutor_kmeans,
    "scikit-learn k-means": scikit_learn_kmeans,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hmm-python", help="a Python with hmmlearn; without it hmmlearn is left out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=PEERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    if args.only:
        PEERS[args.only]()  # what is loaded once
        seconds, found = PEERS[args.only]()
        return print(json.dumps([seconds, found.tolist()]))
    for title, names in (
        (f"HMM, T = {T}, {STATES} states", list(PEERS)[: 3 if args.hmm_python else 1]),
        (f"k-means, n = {N}, d = {D}, k = {K}", list(PEERS)[3:]),
    ):
        took, found = {name: [] for name in names}, {}
        for _ in range(args.rounds):
            for name in names:
                python = args.hmm_python if name.startswith("hmmlearn") else sys.executable
                seconds, found[name] = in_a_process(python, name)
                took[name].append(seconds / ITERATIONS)
        ours = np.median(took[names[0]])
        print(title)
        for name in names:
            off = np.abs(found[name] - found[names[0]]).max()
            this = np.median(took[name])
            print(
                f"  {name:22} {1e3 * this:8.2f} ms / iteration {this / ours:7.2f} times slower   differs by {off:.1e}"
            )


if __name__ == "__main__":
    main()
