"""gaussian.fit on dask workers: one beside two, and what a fit costs a row, an iteration, a worker.

    python benchmarks/cluster.py [--rounds 5] [--workers 1 2]

Prints the time of an iteration on one and on two workers (interleaved, rows held in the workers' memory), the ratio,
what dask adds to an iteration, and the figures of the cost model in docs/scale.md.
"""

import argparse
import logging
import os
import time

import dask
import dask.array as da
import distributed
import numpy as np

from emtutor import exponential, gaussian, rows

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SIZES = [  # (n, d, k): bound by arithmetic; the last by what dask adds
    (200_000, 16, 16),
    (100_000, 32, 16),
    (40_000, 64, 16),
    (20_000, 2, 2),
]
ITERATIONS, CHUNKS = 4, 8


def chunk_of(centre, block_info=None):
    """Rows of one chunk, from its place alone: any worker can make it again."""
    start, stop = block_info[None]["array-location"][0]
    rng = np.random.default_rng(start)
    return centre[rng.integers(len(centre), size=stop - start)] + rng.normal(size=(stop - start, centre.shape[1]))


def problem(n, d, k):
    rng = np.random.default_rng(19)
    centre = 2 * rng.normal(size=(k, d))
    x = da.map_blocks(chunk_of, centre, chunks=((n // CHUNKS,) * CHUNKS, (d,)), dtype=float)
    start = centre + 0.5 * rng.normal(size=(k, d))
    return x, gaussian.Theta(np.full(k, 1 / k), start, np.tile(4 * np.eye(d), (k, 1, 1)))


def seconds_an_iteration(client, x, theta):
    """Time between a fit of 1 and one of 1 + ITERATIONS iterations: the passes that measure the data drop out."""
    took = []
    for iterations in (1, 1 + ITERATIONS):
        begun = time.perf_counter()
        gaussian.fit(x, theta, tol=0, max_iter=iterations)
        took.append(time.perf_counter() - begun)
    return (took[1] - took[0]) / ITERATIONS


def on_workers(count):
    cluster = distributed.LocalCluster(
        n_workers=count, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=logging.ERROR
    )
    return distributed.Client(cluster, set_as_default=False)


def model(d, k):
    """Flops, bytes read and exponentials a row and iteration; bytes a worker sends an iteration."""
    p = exponential.size(d)
    return {"flops": 4 * k * p + 2 * d * d + p, "bytes": 8 * d, "exp": k, "sent": 8 * (k * p + 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs=2, default=(1, 2))
    args = parser.parse_args()
    os.environ.update(ONE_THREAD)  # the workers inherit it
    logging.getLogger("distributed").setLevel(logging.ERROR)
    few, many = args.workers
    print(f"{args.rounds} rounds, interleaved; {CHUNKS} chunks; medians.\n")
    print(
        f"{'n':>8} {'d':>4} {'k':>3}  {f'{few} worker':>12} {f'{many} workers':>12} {'ratio':>6}"
        f" {'flops/row':>10} {'bytes/row':>10} {'sent/worker':>12} {'Gflop/s/worker':>15}"
    )
    clients = {count: on_workers(count) for count in args.workers}
    for size in SIZES:
        n, d, k = size
        x, theta = problem(*size)
        held, took = {}, {count: [] for count in args.workers}
        for count, client in clients.items():
            with client.as_current():
                held[count] = client.persist(x)
                distributed.wait(held[count])
        for _ in range(args.rounds):
            for count, client in clients.items():
                with client.as_current(), dask.config.set(scheduler=client):
                    took[count].append(seconds_an_iteration(client, held[count], theta))
        one, two = (float(np.median(took[count])) for count in args.workers)
        cost = model(d, k)
        print(
            f"{n:8} {d:4} {k:3}  {1e3 * one:9.1f} ms {1e3 * two:9.1f} ms {one / two:6.2f} {cost['flops']:10} "
            f"{cost['bytes']:10} {cost['sent']:12} {cost['flops'] * n / one / few / 1e9:15.1f}",
            flush=True,
        )
        del held
    print(
        f"\nThe last size has almost no arithmetic: its time is what dask adds to an iteration of {CHUNKS} chunks "
        f"(a block of rows is {rows.block_rows(2, 2)} there)."
    )
    for client in clients.values():
        cluster = client.cluster
        client.close()
        cluster.close()


if __name__ == "__main__":
    main()
