"""EM on dask workers of their own: the same numbers, also when a worker is killed in the middle."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from emtutor import gaussian

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def client():
    options = {"distributed.scheduler.allowed-failures": 10, "distributed.comm.timeouts.connect": "60s"}
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        import dask

        with dask.config.set(options):
            yield client


def made_on_the_worker(block_info=None):
    """Rows of one chunk, from the chunk's number: a lost chunk can be made again anywhere."""
    (start, stop), _ = block_info[None]["array-location"]
    rng = np.random.default_rng(start)
    centre = np.array([[0.0, 0, 0], [4, 1, -2], [-3, 3, 3]])[rng.integers(3, size=stop - start)]
    return centre + rng.normal(size=(stop - start, 3)) * [1, 0.5, 2]


def rows(n=40_000, chunk=4_000):
    return da.map_blocks(made_on_the_worker, chunks=((chunk,) * (n // chunk), (3,)), dtype=float)


START = gaussian.Theta(
    np.full(3, 1 / 3), np.array([[1.0, 0, 0], [3, 2, 0], [-2, 1, 2]]), np.tile(4 * np.eye(3), (3, 1, 1))
)


def test_workers_give_the_numbers_of_one_array(client):
    x = rows()
    on_workers = gaussian.fit(x, START, tol=0, max_iter=5)
    at_home = gaussian.fit(x.compute(), START, tol=0, max_iter=5)
    np.testing.assert_allclose(on_workers.log_likelihoods, at_home.log_likelihoods, rtol=1e-12)
    for a, b in zip(on_workers.theta, at_home.theta, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_a_killed_worker_changes_no_bit(client):
    x = rows()
    undisturbed = gaussian.fit(x, START, tol=0, max_iter=25)
    before = set(client.run(os.getpid).values())
    victim = sorted(before)[0]

    def kill():
        time.sleep(0.5)
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    disturbed = gaussian.fit(x, START, tol=0, max_iter=25)
    took_part = killer.is_alive()
    killer.join()
    assert not took_part, "the fit was over before the worker was killed: give it more to do"
    assert victim not in client.run(os.getpid).values()
    assert disturbed.log_likelihoods == undisturbed.log_likelihoods
    for a, b in zip(disturbed.theta, undisturbed.theta, strict=True):
        np.testing.assert_array_equal(a, b)
