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

from emtutor import gaussian
from emtutor.maths import statistics

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SIZES = [  # (n, d, k): bound by arithmetic
    (200_000, 16, 16),
    (100_000, 32, 16),
    (40_000, 64, 16),
]
ITERATIONS, CHUNKS = 4, 8
EMPTY, FEW, MANY = (20_000, 2, 2), 8, 200  # almost no arithmetic, in few and many chunks: what a chunk costs
PREDICTED = 10**9, 100, 10  # rows, workers, chunks a worker


def chunk_of(centre, block_info=None):
    """Rows of one chunk, from its place alone: any worker can make it again."""
    start, stop = block_info[None]["array-location"][0]
    rng = np.random.default_rng(start)
    return centre[rng.integers(len(centre), size=stop - start)] + rng.normal(size=(stop - start, centre.shape[1]))


def problem(n, d, k, chunks=CHUNKS):
    rng = np.random.default_rng(19)
    centre = 2 * rng.normal(size=(k, d))
    x = da.map_blocks(chunk_of, centre, chunks=((n // chunks,) * chunks, (d,)), dtype=float)
    start = centre + 0.5 * rng.normal(size=(k, d))
    return x, gaussian.Theta(np.full(k, 1 / k), start, np.tile(4 * np.eye(d), (k, 1, 1)))


def seconds_an_iteration(client, x, theta):
    """Wall time, and CPU time of the busiest worker: the difference of fits of 1 and of 1 + ITERATIONS iterations."""
    wall, busy = [], []
    for iterations in (1, 1 + ITERATIONS):
        before, begun = client.run(time.process_time), time.perf_counter()
        gaussian.fit(x, theta, tol=0, max_iter=iterations)
        wall.append(time.perf_counter() - begun)
        after = client.run(time.process_time)
        busy.append(max(after[worker] - before[worker] for worker in before))
    return (wall[1] - wall[0]) / ITERATIONS, (busy[1] - busy[0]) / ITERATIONS


def on_workers(count):
    cluster = distributed.LocalCluster(
        n_workers=count, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=logging.ERROR
    )
    return distributed.Client(cluster, set_as_default=False)


def overhead(client, rounds):
    """Seconds that one more chunk adds to an iteration."""
    took = {FEW: [], MANY: []}
    for chunks in took:
        x, theta = problem(*EMPTY, chunks)
        with client.as_current(), dask.config.set(scheduler=client):
            x = client.persist(x)
            distributed.wait(x)
            took[chunks] = [seconds_an_iteration(client, x, theta)[0] for _ in range(rounds)]
    return float(np.median(took[MANY]) - np.median(took[FEW])) / (MANY - FEW)


def model(d, k):
    """Flops, bytes read and exponentials a row and iteration; bytes a worker sends an iteration."""
    p = statistics.size(d)
    return {"flops": 4 * k * p + 2 * d * d + p, "bytes": 8 * d, "exp": k, "sent": 8 * (k * p + 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs=2, default=(1, 2))
    args = parser.parse_args()
    os.environ.update(ONE_THREAD)  # the workers inherit it
    logging.getLogger("distributed").setLevel(logging.ERROR)
    few, many = args.workers
    print(f"{args.rounds} rounds, interleaved; {CHUNKS} chunks; medians. CPU is that of the busiest worker.\n")
    print(
        f"{'n':>8} {'d':>4} {'k':>3}  {f'{few} worker':>11} {f'{many} workers':>11} {'ratio':>6} {'CPU ratio':>10}"
        f" {'CPU ns/row':>11} {'flops/row':>10} {'bytes/row':>10} {'Gflop/s':>8} {'sent/worker':>12}"
    )
    ns_a_row = {}
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
        (one, busy_one), (two, busy_two) = (np.median(took[count], axis=0) for count in args.workers)
        cost = model(d, k)
        ns_a_row[d, k] = 1e9 * busy_one * few / n
        print(
            f"{n:8} {d:4} {k:3}  {1e3 * one:8.1f} ms {1e3 * two:8.1f} ms {one / two:6.2f} {busy_one / busy_two:10.2f} "
            f"{ns_a_row[d, k]:11.0f} {cost['flops']:10} {cost['bytes']:10} {cost['flops'] / ns_a_row[d, k]:8.1f} "
            f"{cost['sent']:12}",
            flush=True,
        )
        del held
    a_chunk = overhead(clients[many], args.rounds)
    print(f"\nWhat dask adds to an iteration: {1e3 * a_chunk:.2f} ms a chunk (scheduler and tree of sums).")
    n, workers, each = PREDICTED
    print(f"\n{n:.0e} rows on {workers} workers of one thread, {each} chunks each; an iteration:")
    for size, ns in ns_a_row.items():
        arithmetic, dask_ = n / workers * ns * 1e-9, workers * each * a_chunk
        print(
            f"  d, k = {size}: {arithmetic:.2f} s of arithmetic, {dask_:.2f} s of dask; "
            f"{n / workers * 8 * size[0] / 1e9:.1f} GB of rows a worker"
        )
    for client in clients.values():
        cluster = client.cluster
        client.close()
        cluster.close()


if __name__ == "__main__":
    main()
