"""k-means: the published partition, J never rises, and the limit of the mixture that it is."""

import json
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats

from emtutor import data, gaussian, kmeans

NUMBERS = json.loads((Path(__file__).parents[1] / "reference" / "numbers.json").read_text())["kmeans_faithful"]
FAITHFUL, START = data.old_faithful(), np.array(NUMBERS["start"], float)


def end(x, mu, half_steps=60):
    return list(islice(kmeans.steps(x, mu), half_steps))[-1]


def test_old_faithful_in_minutes():
    last = end(FAITHFUL, START)
    np.testing.assert_allclose(last.mu, NUMBERS["expected"]["centers"], rtol=1e-6)
    assert np.bincount(last.labels).tolist() == NUMBERS["expected"]["sizes"]
    assert last.distortion == pytest.approx(NUMBERS["expected"]["J"], abs=1e-6)


def test_old_faithful_standardised():
    scale = lambda a: (a - FAITHFUL.mean(0)) / FAITHFUL.std(0, ddof=1)
    last = end(scale(FAITHFUL), scale(START))
    assert np.bincount(last.labels).tolist() == NUMBERS["expected"]["scaled"]["sizes"]
    assert last.distortion == pytest.approx(NUMBERS["expected"]["scaled"]["J"], abs=1e-8)
    assert (last.labels != end(FAITHFUL, START).labels).sum() == 4


def test_distortion_never_rises():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(40, 2))
        walk = list(islice(kmeans.steps(x, x[:3]), 1, 40))
        assert [s.phase for s in walk[:4]] == ["assign", "update", "assign", "update"]
        assert all(b.distortion <= a.distortion * (1 + 1e-12) for a, b in pairwise(walk))


def test_hard_assignment_is_the_limit_of_the_mixture_whatever_pi():
    """r at Sigma_j = eps I tends to the nearest mean; the larger weight decides only while eps is large."""
    hard = np.eye(2)[kmeans.assign(FAITHFUL, START)]
    for pi in ([0.5, 0.5], [0.95, 0.05]):
        r = gaussian.e_step(FAITHFUL, gaussian.Theta(np.array(pi), START, np.tile(1e-3 * np.eye(2), (2, 1, 1))))
        np.testing.assert_allclose(r, hard, atol=1e-12)


def test_soft_assignment_is_the_e_step_with_equal_weights():
    for beta in (0.5, 36.0):
        theta = gaussian.Theta(np.array([0.5, 0.5]), START, np.tile(beta * np.eye(2), (2, 1, 1)))
        np.testing.assert_allclose(
            kmeans.soft_assign(FAITHFUL, START, beta), gaussian.e_step(FAITHFUL, theta), atol=1e-13
        )


def test_best_beta_is_the_optimisers():
    r = kmeans.soft_assign(FAITHFUL, START, 20.0)
    density = lambda beta: sum(
        (r[:, j] * stats.multivariate_normal(START[j], beta * np.eye(2)).logpdf(FAITHFUL)).sum() for j in range(2)
    )
    best = optimize.minimize_scalar(lambda b: -density(b), bounds=(1, 100), method="bounded", options={"xatol": 1e-9})
    assert kmeans.best_beta(FAITHFUL, START, r) == pytest.approx(best.x, rel=1e-6)


def test_two_means_part_at_the_critical_beta():
    """Soft k-means with equal weights: just below the largest eigenvalue a nudge grows, just above it dies."""
    critical, middle = kmeans.critical_beta(FAITHFUL), FAITHFUL.mean(0)
    direction = np.linalg.eigh(np.cov(FAITHFUL.T, bias=True))[1][:, -1]
    for factor, grows in ((0.98, True), (1.02, False)):
        mu = middle + 1e-4 * np.array([direction, -direction])
        for _ in range(20):
            r = kmeans.soft_assign(FAITHFUL, mu, factor * critical)
            mu = (r.T @ FAITHFUL) / r.sum(0)[:, None]
        assert (np.linalg.norm(mu[0] - mu[1]) > 2e-4) == grows


def test_lower_label_wins_a_tie_and_one_cluster_is_the_mean():
    assert kmeans.assign([[0.0]], [[-1.0], [1.0]]).tolist() == [0]
    np.testing.assert_allclose(end(FAITHFUL, START[:1], 4).mu, FAITHFUL.mean(0)[None])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: kmeans.assign(FAITHFUL, [[1.0, 2, 3]]), r"mu must have shape \(k, 2\)"),
        (lambda: kmeans.assign(FAITHFUL[:, 0], START), r"x\[:, None\]"),
        (lambda: kmeans.soft_assign(FAITHFUL, START, 0), "beta must be a variance > 0"),
        (lambda: kmeans.soft_assign(FAITHFUL, START, np.nan), "beta must be"),
        (lambda: kmeans.update_means(FAITHFUL, np.zeros(272, int), 2), "cluster 2 has no points"),
        (lambda: kmeans.best_beta(FAITHFUL, START, np.ones((272, 2))), "rows of r must sum to 1"),
        (lambda: kmeans.update_means(FAITHFUL, np.zeros(5, int), 1), "labels must"),
        (lambda: kmeans.update_means(FAITHFUL, np.full(272, 2), 2), "labels must"),
        (lambda: kmeans.update_means(FAITHFUL, np.full(272, -1), 2), "labels must"),
        (lambda: kmeans.distortion(FAITHFUL, START, np.full(272, 0.5)), "labels must"),
    ],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(ValueError, match=match):
        call()
