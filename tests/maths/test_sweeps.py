"""gaussian.fit against the textbook form, on easy and hostile data, wherever the rows are and however they are cut."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from scipy import special

from emtutor import data, em, gaussian
from emtutor.maths import blocks, online, statistics, sweeps

EPS = np.finfo(float).eps


def mixture(rng, n, d, k, sep=4.0):
    """x from k random components and a start that is near, but off."""
    A = rng.normal(size=(k, d, d)) / np.sqrt(d) + np.eye(d)
    Sigma = A @ A.transpose(0, 2, 1)
    theta = gaussian.Theta(rng.dirichlet(np.full(k, 20.0)), sep * rng.normal(size=(k, d)), Sigma)
    x, _ = gaussian.sample(n, theta, rng)
    return x, gaussian.Theta(np.full(k, 1 / k), theta.mu + 0.3 * rng.normal(size=(k, d)), 1.5 * Sigma)


def difference(a, b):
    """Largest difference of two thetas, relative to the weights, and to the components' standard deviations.

    A mean far from zero is a rounded number: up to two units in its last place are no difference.
    """
    std = np.sqrt(b.Sigma.diagonal(axis1=1, axis2=2))
    mu = np.maximum(np.abs(a.mu - b.mu) - 2 * EPS * np.abs(b.mu), 0) / std
    Sigma = np.abs(a.Sigma - b.Sigma) / (std[:, :, None] * std[:, None])
    return max(float(np.abs(a.pi / b.pi - 1).max()), float(mu.max()), float(Sigma.max()))


def same(a, b, tolerance):
    assert difference(a.theta, b.theta) < tolerance
    path_a, path_b = np.array(a.log_likelihoods), np.array(b.log_likelihoods)
    assert np.abs(path_a - path_b).max() <= tolerance * np.abs(path_b).max()


# ---- the same numbers as the textbook form


@pytest.mark.parametrize(
    ("n", "d", "k"),
    [(2, 1, 1), (3, 1, 1), (40, 1, 3), (300, 2, 2), (272, 2, 5), (50, 5, 1), (900, 7, 4), (700, 24, 3), (9000, 3, 4)],
)
def test_easy_data(n, d, k):
    x, theta = mixture(np.random.default_rng(n + d + k), n, d, k)
    same(gaussian.fit(x, theta, tol=0, max_iter=10), em.fit(gaussian.model, x, theta, tol=0, max_iter=10), 1e-9)


def far_apart(ratio):
    rng = np.random.default_rng(5)
    x, theta = mixture(rng, 400, 2, 2, sep=1.5)
    shift = ratio * np.array([3.0, -1.0])
    x = np.concatenate([x, shift + rng.normal(size=(90, 2))])
    mu = np.concatenate([theta.mu, [shift + 0.2]])
    return x, gaussian.Theta(np.full(3, 1 / 3), mu, np.concatenate([theta.Sigma, [2 * np.eye(2)]]))


def moved(offset, scale):
    x, theta = mixture(np.random.default_rng(6), 300, 3, 2)
    scale = np.broadcast_to(scale, 3)
    Sigma = theta.Sigma * np.outer(scale, scale)
    return x * scale + offset, gaussian.Theta(theta.pi, theta.mu * scale + offset, Sigma)


def with_outlier(distance):
    x, theta = mixture(np.random.default_rng(7), 300, 2, 2)
    return np.concatenate([x, [[distance, -distance]]]), theta


HOSTILE = {
    "sep / std 1e3": (far_apart(1e3), 1e3),
    "sep / std 1e5": (far_apart(1e5), 1e5),
    "sep / std 1e8": (far_apart(1e8), 1e8),
    "offset 1e8": (moved(1e8, 1.0), 1e8),  # the textbook form rounds mu to 1e-8 std in each iteration
    "std 1e-6 at 100": (moved(100.0, 1e-6), 1e8),
    "units that differ by 1e12": (moved(0.0, np.array([1e-6, 1.0, 1e6])), 1),
    "outlier at 1e3 std": (with_outlier(1e3), 1e3),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_data(name):
    (x, theta), ratio = HOSTILE[name]
    a = gaussian.fit(x, theta, tol=0, max_iter=6)
    b = em.fit(gaussian.model, x, theta, tol=0, max_iter=6)
    same(a, b, max(1e-9, 10 * EPS * ratio))


def test_stops_where_em_fit_stops():
    x = data.old_faithful()
    theta = gaussian.Theta(np.array([0.5, 0.5]), np.array([[2.5, 60.0], [4.0, 75.0]]), np.tile(np.cov(x.T), (2, 1, 1)))
    for tol in (1e-2, 1e-6):
        a, b = gaussian.fit(x, theta, tol=tol), em.fit(gaussian.model, x, theta, tol=tol)
        assert (a.iterations, a.converged) == (b.iterations, b.converged)
        same(a, b, 1e-9)


def test_figures_belong_to_the_theta_returned():
    x, theta = mixture(np.random.default_rng(0), 500, 3, 3)
    for stop in ({"tol": 1e-3, "max_iter": 100}, {"tol": 0, "max_iter": 3}):
        fit = gaussian.fit(x, theta, **stop)
        assert fit.log_likelihood == fit.log_likelihoods[-1]
        assert len(fit.log_likelihoods) == fit.iterations + 1
        assert fit.log_likelihood == pytest.approx(gaussian.log_likelihood(x, fit.theta), rel=1e-13)
        assert fit.log_likelihoods[0] == pytest.approx(gaussian.log_likelihood(x, theta), rel=1e-13)
    assert fit.reason == "max_iter = 3 reached"


@pytest.mark.parametrize("name", ["easy", *HOSTILE])
def test_log_p_never_falls(name):
    (x, theta), _ = HOSTILE.get(name, (mixture(np.random.default_rng(3), 500, 4, 3, sep=0.5), 1))
    path = gaussian.fit(x, theta, tol=0, max_iter=60).log_likelihoods
    assert min(b - a for a, b in pairwise(path)) > -1e-10 * max(1.0, abs(path[-1]))


# ---- wherever the rows are, however they are cut


def refit(x, theta):
    return gaussian.fit(x, theta, tol=0, max_iter=8)


@pytest.mark.parametrize("block", [1, 7, 64, 1000, 10**6])
def test_any_blocks_give_the_same(monkeypatch, block):
    x, theta = mixture(np.random.default_rng(1), 3000, 3, 4)
    whole = refit(x, theta)
    monkeypatch.setattr(blocks, "block_rows", lambda d, k: block)
    same(refit(x, theta), whole, 1e-12)


def test_rows_whitened_each_time_give_the_same(monkeypatch):
    x, theta = mixture(np.random.default_rng(1), 3000, 3, 4)
    kept = refit(x, theta)
    monkeypatch.setattr(blocks, "KEPT", 0)
    same(refit(x, theta), kept, 1e-15)


@pytest.mark.parametrize("kind", ["list", "fortran", "strided", "float32", "int", "frame"])
def test_any_array(kind):
    x, theta = mixture(np.random.default_rng(2), 400, 2, 2, sep=30.0)
    x = np.round(x)
    other = {
        "list": x.tolist(),
        "fortran": np.asfortranarray(x),
        "strided": np.repeat(x, 2, axis=0)[::2],
        "float32": x.astype("f4"),
        "int": x.astype(int),
        "frame": type("Frame", (), {"__array__": lambda self, dtype=None, copy=None: x})(),
    }[kind]
    same(refit(other, theta), refit(x, theta), 1e-15)


def test_memmap_and_its_memory(tmp_path):
    x, theta = mixture(np.random.default_rng(1), 200_000, 4, 3)
    x.tofile(tmp_path / "x.bin")
    mapped = np.memmap(tmp_path / "x.bin", float, "r", shape=x.shape)
    same(gaussian.fit(mapped, theta, tol=0, max_iter=2), gaussian.fit(x, theta, tol=0, max_iter=2), 1e-12)

    def peak(n):
        tracemalloc.start()
        gaussian.fit(mapped[:n], theta, tol=0, max_iter=2)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak(200_000) < 1.1 * peak(50_000)


def test_input_is_not_written_to():
    x, theta = mixture(np.random.default_rng(3), 300, 2, 2)
    before = x.copy(), *(part.copy() for part in theta)
    x.flags.writeable = False
    gaussian.fit(x, theta, tol=0, max_iter=3)
    for a, b in zip((x, *theta), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("chunks", [(500, 3), (77, 3), (3000, 1), ((1, 2999), (1, 2))])
def test_dask_in_any_chunks(chunks):
    da = pytest.importorskip("dask.array")
    x, theta = mixture(np.random.default_rng(1), 3000, 3, 4)
    same(refit(da.from_array(x, chunks=chunks), theta), refit(x, theta), 1e-12)


def test_dask_with_unknown_and_empty_chunks():
    da = pytest.importorskip("dask.array")
    x, theta = mixture(np.random.default_rng(1), 900, 3, 2)
    lazy = da.from_array(np.concatenate([x, np.full((300, 3), 1e9)]), chunks=(300, 3))
    kept = lazy[lazy[:, 0] < 1e6]
    same(refit(kept, theta), refit(x, theta), 1e-12)


def test_dask_says_which_row_is_bad():
    da = pytest.importorskip("dask.array")
    x, theta = mixture(np.random.default_rng(1), 900, 3, 2)
    x[700, 1] = np.nan
    with pytest.raises(ValueError, match="x must be finite, got nan"):
        gaussian.fit(da.from_array(x, chunks=(300, 3)), theta)


# ---- what has no answer gets a sentence


def refused(x, theta, words):
    with np.errstate(all="raise", under="ignore"), pytest.raises(ValueError, match=words) as error:
        gaussian.fit(x, theta)
    assert "\n" not in str(error.value)


def test_bad_data_is_named():
    x, theta = mixture(np.random.default_rng(4), 60, 2, 2)
    for value, words in ((np.nan, r"got nan at x\[41, 1\]"), (np.inf, r"got inf at x\[41, 1\]")):
        bad = x.copy()
        bad[41, 1] = value
        refused(bad, theta, words)
    refused(np.full_like(x, 7.1), theta, "column 0 of x is constant")
    refused(x * [1, 0] + 0.1, theta, "column 1 of x is constant")
    refused(x[:, :1] * [1, -3.3] + [0, 1e3], theta, "columns of x are collinear")
    refused(x[:1], theta, "k = 2 components need at least as many points, got n = 1")
    refused(x[:2], theta, "2 points span at most 1 of 2 dimensions")
    refused(x[:0], theta, r"shape \(n >= 1, 2\)")
    refused(x[:, 0], theta, r"shape \(n >= 1, 2\)")
    refused(x.astype(str), theta._replace(mu=theta.mu * np.nan), "mu must be finite")
    refused(np.where(x > 0, "a", "b"), theta, r"x\[0:60\] must be an array of real numbers")
    refused(x * 1e200, theta, "another unit")
    refused(x * 1e-200, theta, "another unit")


def test_one_point():
    refused([[1.0]], gaussian.Theta(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1))), "x has one point")


def test_bad_stops():
    x, theta = mixture(np.random.default_rng(4), 60, 2, 2)
    with pytest.raises(ValueError, match="tol must be a number >= 0"):
        gaussian.fit(x, theta, tol=-1)
    with pytest.raises(ValueError, match="max_iter must be a whole number >= 1"):
        gaussian.fit(x, theta, max_iter=0)


def test_empty_component():
    x, theta = mixture(np.random.default_rng(4), 60, 2, 2)
    refused(x, theta._replace(mu=np.array([theta.mu[0], [1e9, 1e9]])), "component 2 is empty")
    refused(x, theta._replace(pi=np.array([0.0, 1.0])), "component 1 is empty")


def test_collapse_onto_a_point_a_line_and_copies():
    x, theta = mixture(np.random.default_rng(4), 60, 2, 2)
    on_point = theta._replace(mu=np.array([theta.mu[0], x[3]]), Sigma=np.array([theta.Sigma[0], 1e-4 * np.eye(2)]))
    refused(x, on_point, "component 2 has collapsed")
    on_copies = np.concatenate([x, np.tile(x[3], (9, 1))])
    refused(on_copies, on_point, "component 2 has collapsed")
    t = np.linspace(-1, 1, 40)
    line = np.concatenate([x, np.stack([t, 0.3 * t + 50], 1)])
    on_line = theta._replace(mu=np.array([theta.mu[0], [0, 50]]))
    refused(line, on_line, "component 2 has collapsed")


def test_two_points_far_out_in_one_component():
    """So far from every mean that exp underflows for both components: log p must not be -inf, nor r NaN."""
    x, theta = mixture(np.random.default_rng(4), 300, 2, 2)
    x = np.concatenate([x, [[500.0, 500], [501, 503]]])
    fit = gaussian.fit(x, theta, tol=0, max_iter=2)
    same(fit, em.fit(gaussian.model, x, theta, tol=0, max_iter=2), 1e-9)


def test_progress_bar(capsys):
    x, theta = mixture(np.random.default_rng(4), 60, 2, 2)
    gaussian.fit(x, theta, tol=0, max_iter=4)
    assert capsys.readouterr().err == ""
    gaussian.fit(x, theta, tol=0, max_iter=4, progress=True)
    shown = capsys.readouterr().err
    assert "4/4" in shown
    assert "log p" in shown


# ---- the exponential family itself


def components(rng, d=3, k=4):
    _, theta = mixture(rng, 10, d, k, sep=1.0)
    L = np.linalg.cholesky(theta.Sigma)
    return statistics.Components.of(theta.pi, theta.mu, L, np.linalg.inv(L))


def test_log_joint_is_linear_in_phi():
    rng = np.random.default_rng(0)
    theta, z = components(rng), rng.normal(size=(3, 20))
    log_joint = statistics.natural_parameters(theta) @ statistics.features(z)
    Sigma = theta.L @ theta.L.transpose(0, 2, 1)
    np.testing.assert_allclose(log_joint.T, gaussian.log_joint(z.T, (theta.pi, theta.mu, Sigma)), rtol=1e-11)


def test_long_products_are_the_same():
    rng = np.random.default_rng(0)
    theta, z = components(rng, d=25, k=2), rng.normal(size=(25, 9))
    eta, phi = statistics.natural_parameters(theta), statistics.features(z)
    np.testing.assert_allclose(statistics._product(eta, phi, np.empty((2, 9))), eta @ phi, rtol=1e-12)


def test_statistics_add_over_rows():
    rng = np.random.default_rng(0)
    eta, z = statistics.natural_parameters(components(rng)), rng.normal(size=(3, 50))
    whole = statistics.expected_statistics(z, eta)
    parts = statistics.expected_statistics(z[:, :13], eta) + statistics.expected_statistics(z[:, 13:], eta)
    np.testing.assert_allclose(parts.T, whole.T, rtol=1e-12, atol=1e-12)
    assert parts.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-13)


def test_own_coordinates_give_the_same_theta():
    rng = np.random.default_rng(0)
    theta, z = components(rng), rng.normal(size=(3, 500))
    common = statistics.expected_statistics(z, statistics.natural_parameters(theta)).T
    for frame in (theta, components(np.random.default_rng(1))):
        own = statistics.residual_statistics(z, theta, statistics.log_height(theta), frame).T
        a, b = sweeps.placed(common, None)[0], sweeps.placed(own, frame)[0]
        for p, q in ((a.pi, b.pi), (a.mu, b.mu)):
            np.testing.assert_allclose(p, q, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(a.L @ a.L.transpose(0, 2, 1), b.L @ b.L.transpose(0, 2, 1), rtol=1e-9, atol=1e-12)


FORMS = {  # (n, d, k), and what is done to x and theta
    "easy": ((700, 24, 3), {}),
    "two blocks": ((9000, 32, 4), {}),
    "k = 1": ((300, 5, 1), {}),
    "d = 1": ((300, 1, 3), {}),
    "n just enough": ((4, 3, 1), {}),
    "an offset": ((500, 6, 3), {"offset": 1e6}),
    "units": ((500, 3, 2), {"scale": [1e-6, 1.0, 1e6]}),
    "a narrow component": ((500, 3, 3), {"narrow": 0.05}),
    "a weight of zero": ((500, 3, 3), {"zero": True}),
    "nearly collinear": ((500, 4, 2), {"thin": 1e-5}),
    "far out": ((500, 3, 3), {"outlier": 200.0}),
}


def of_form(name):
    """x in whitened coordinates as columns, and theta in them, as Components."""
    (n, d, k), change = FORMS[name]
    x, theta = mixture(np.random.default_rng(n + d), n, d, k)
    scale, offset = np.broadcast_to(change.get("scale", 1.0), d), change.get("offset", 0.0)
    pi, mu, Sigma = theta.pi.copy(), theta.mu * scale + offset, theta.Sigma * np.outer(scale, scale)
    x = x * scale + offset
    if "narrow" in change:
        Sigma[0] *= change["narrow"] ** 2
    if "zero" in change:
        pi = np.array([0.0, *pi[1:] / pi[1:].sum()])
    if "thin" in change:
        x[:, -1] = x[:, 0] + change["thin"] * x[:, -1]
        mu[:, -1] = mu[:, 0]
        Sigma = np.tile(np.cov(x.T), (k, 1, 1))
    if "outlier" in change:
        x[0] += change["outlier"]
    white = blocks.whitener(blocks.of(x, d, 64), blocks.Moments.of(x))
    return white(x), sweeps.whitened(gaussian.Theta(pi, mu, Sigma), white)


@pytest.mark.parametrize("name", FORMS)
def test_both_forms_are_one(name):
    """By phi and by residuals: the same statistics and log p, and the textbook's."""
    z, theta = of_form(name)
    with np.errstate(over="ignore", divide="ignore"):
        height = statistics.log_height(theta)
        by_phi = statistics.expected_statistics(z, statistics.natural_parameters(theta))
        by_residuals = statistics.residual_statistics(z, theta, height)
    log_joint = np.stack(
        [h - ((W @ (z - m[:, None])) ** 2).sum(0) / 2 for h, W, m in zip(height, theta.W, theta.mu, strict=True)]
    )
    log_p = special.logsumexp(log_joint, axis=0)
    r = np.exp(log_joint - log_p)
    lost = max(1.0, statistics.lost_digits(theta) * EPS / 1e-13)
    for sums in (by_phi, by_residuals):
        T = r @ statistics.features(z).T
        np.testing.assert_allclose(sums.T, T, rtol=0, atol=1e-12 * lost * z.shape[1])
        assert sums.log_likelihood == pytest.approx(log_p.sum(), rel=1e-12 * lost)


@pytest.mark.parametrize("size", [(272, 2, 2), (3000, 3, 4), (900, 26, 3), (600, 40, 3)])
def test_either_form_fits_the_same(monkeypatch, size):
    x, theta = mixture(np.random.default_rng(sum(size)), *size)
    fits = []
    for choice in (True, False):
        monkeypatch.setattr(statistics, "by_residuals", lambda d, k, choice=choice: choice)
        fits.append(refit(x, theta))
    same(*fits, 1e-11)


def test_a_small_fit_that_keeps_phi_is_the_same(monkeypatch):
    x, theta = mixture(np.random.default_rng(1), 300, 3, 4)
    kept = refit(x, theta)
    monkeypatch.setattr(blocks, "FEW", 0)
    same(refit(x, theta), kept, 1e-15)


def test_a_component_in_the_coordinates_of_another():
    one, two = components(np.random.default_rng(0)), components(np.random.default_rng(1))
    there = sweeps.seen_from(one, two)
    np.testing.assert_allclose(there.F @ there.G, np.tile(np.eye(4), (4, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(there.mu, one.mu + (one.L @ two.mu[:, :, None])[:, :, 0], rtol=1e-12, atol=1e-13)


def test_mean_statistics_is_the_inverse_of_the_moments():
    theta = components(np.random.default_rng(0))
    pi, mu, Sigma = statistics.moments_from_statistics(7 * statistics.mean_statistics(theta))
    np.testing.assert_allclose(pi, theta.pi, rtol=1e-14)
    np.testing.assert_allclose(mu, theta.mu, rtol=1e-13)
    np.testing.assert_allclose(Sigma, theta.L @ theta.L.transpose(0, 2, 1), rtol=1e-11, atol=1e-12)


def test_a_prior_is_statistics_of_points_nobody_saw():
    """T + c points a component with mean m0 and covariance S0: the joint mode under Dirichlet(1 + c) and
    normal-inverse-Wishart(m0, kappa0 = c, c S0, nu0 = c - d - 2)."""
    rng = np.random.default_rng(0)
    x, theta = mixture(rng, 80, 2, 3)
    r = gaussian.e_step(x, theta)
    c, m0, S0 = 6.0, np.array([1.0, -2.0]), np.array([[2.0, 0.4], [0.4, 1.0]])
    phi = statistics.features(x.T)
    L = np.tile(np.linalg.cholesky(S0), (3, 1, 1))
    unseen = statistics.Components.of(np.ones(3), np.tile(m0, (3, 1)), L, np.linalg.inv(L))
    pi, mu, Sigma = statistics.moments_from_statistics(r.T @ phi.T + c * statistics.mean_statistics(unseen))
    R = r.sum(0)
    alpha, kappa0, nu0 = 1 + c, c, c - 2 - 2
    np.testing.assert_allclose(pi, (R + alpha - 1) / (len(x) + 3 * (alpha - 1)), rtol=1e-12)
    np.testing.assert_allclose(mu, (r.T @ x + kappa0 * m0) / (R + kappa0)[:, None], rtol=1e-12)
    for j in range(3):
        away, back = x - mu[j], mu[j] - m0
        top = (r[:, j, None] * away).T @ away + c * S0 + kappa0 * np.outer(back, back)
        np.testing.assert_allclose(Sigma[j], top / (R[j] + nu0 + 2 + 2), rtol=1e-11)


# ---- online EM


def stream(n=60_000):
    rng = np.random.default_rng(1)
    pi, mu = np.array([0.3, 0.7]), np.array([[0.0, 0.0], [3.0, 1.0]])
    true = gaussian.Theta(pi, mu, np.array([[[1, 0.3], [0.3, 1]], [[0.5, 0], [0, 2]]]))
    start = gaussian.Theta(np.ones(2) / 2, np.array([[-1.0, 2], [4, -2]]), np.tile(4 * np.eye(2), (2, 1, 1)))
    return gaussian.sample(n, true, rng)[0], start


def test_one_pass_comes_close_to_many():
    x, start = stream()
    once, many = online.fit(x, start), gaussian.fit(x, start, tol=1e-6)
    assert once.n == len(x)
    gained = many.log_likelihood - many.log_likelihoods[0]
    assert many.log_likelihood - gaussian.log_likelihood(x, once.theta) < 2e-3 * gained
    assert np.abs(once.theta.mu - many.theta.mu).max() < 0.1
    early, late = np.mean(once.log_predictive[:5]), np.mean(once.log_predictive[-100:])
    assert late > early


def test_a_generator_a_memmap_and_dask_are_the_same_stream(tmp_path):
    da = pytest.importorskip("dask.array")
    x, start = stream(1000)
    x.tofile(tmp_path / "x.bin")
    whole = online.fit(x, start)
    for other in (
        (x[i : i + 100] for i in range(0, 1000, 100)),
        np.memmap(tmp_path / "x.bin", float, "r", shape=x.shape),
        da.from_array(x, chunks=(500, 1)),
    ):
        for a, b in zip(online.fit(other, start).theta, whole.theta, strict=True):
            np.testing.assert_array_equal(a, b)


def test_step_one_forgets_all_but_the_last_block():
    x, start = stream(300)
    got = online.fit([x], start, step=lambda t: 1.0).theta
    assert difference(got, gaussian.fit(x, start, tol=0, max_iter=1).theta) < 1e-12


def test_single_rows_and_a_far_offset():
    x, start = stream(500)
    near = online.fit((row[None] for row in x), start)
    far = online.fit((row[None] + 1e6 for row in x), start._replace(mu=start.mu + 1e6))
    np.testing.assert_allclose(far.theta.mu - 1e6, near.theta.mu, atol=1e-6)
    np.testing.assert_allclose(far.theta.Sigma, near.theta.Sigma, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": []}, "at least one block"),
        ({"x": [np.zeros(2)]}, r"block 0 of x must have shape \(b, d\)"),
        ({"x": [np.zeros((3, 4))]}, "x must have shape"),
        ({"x": [np.full((3, 2), np.nan)]}, "x must be finite"),
        ({"step": lambda t: 0}, r"step\(0\) must be a number in \(0, 1\]"),
        ({"block": 0}, "block must be a whole number"),
        ({"step": 0.5}, "step must be a function of t"),
        ({"x": np.float64(3)}, "x must be an array"),
        ({"x": None}, "or an iterable of blocks"),
        ({"x": np.ones((3000, 2)), "step": lambda t: 1.0}, "collapsed"),
    ],
)
def test_online_says_what_is_wrong(change, words):
    x, start = stream(200)
    with pytest.raises(ValueError, match=words):
        online.fit(**({"x": x, "theta0": start} | change))
