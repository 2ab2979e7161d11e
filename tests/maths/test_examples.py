"""The classical models against published numbers and against oracles that cannot share their bugs."""

import json
from itertools import islice, product
from pathlib import Path

import numpy as np
import pytest
from scipy import differentiate, integrate, optimize, special, stats

from emtutor import data, em
from emtutor.maths.examples import abo, coins, hmm, linkage, missing, poisson

NUMBERS = json.loads((Path(__file__).parents[1] / "reference" / "numbers.json").read_text())


def thetas(model, x, theta, iterations):
    """theta at the start and after each of so many full iterations."""
    return [s.theta for s in islice(em.steps(model, x, theta), 2 * iterations + 1) if s.phase != "E"]


# ---- two coins


def test_coins_walk_through_the_published_iterates():
    numbers = NUMBERS["do_batzoglou_coins"]
    x, start = data.coin_flips(), coins.Theta(np.array(numbers["start"]))
    np.testing.assert_allclose(coins.model.e_step(x, start)[:, 0], numbers["expected"]["r_first"], rtol=1e-12)
    np.testing.assert_allclose(coins.model.e_step(x, start)[:, 0], numbers["published"]["r"], atol=0.006)
    walk = np.array([t.bias for t in thetas(coins.model, x, start, 16)])
    np.testing.assert_allclose(walk, numbers["expected"]["iters"], rtol=1e-12)
    np.testing.assert_allclose(walk[[1, 10]], [numbers["published"][f"it{t}"] for t in (1, 10)], atol=0.006)
    np.testing.assert_allclose(walk[2:4], numbers["elsewhere"]["it2_it3"], atol=0.006)
    assert coins.model.log_likelihood(x, start) == pytest.approx(numbers["expected"]["loglik_it0"], abs=1e-12)
    assert em.fit(coins.model, x, start, tol=1e-14).theta.bias == pytest.approx(numbers["expected"]["final"], abs=1e-6)


def test_coins_with_the_labels_known_have_their_frequencies():
    which = np.eye(2)[[1, 0, 0, 1, 0]]  # B A A B A, as printed beside the five rounds
    np.testing.assert_allclose(coins.m_step(data.coin_flips(), which).bias, [24 / 30, 9 / 20])


def test_coins_are_binomials_summed_over_every_labelling():
    x, theta = data.coin_flips(), coins.Theta(np.array([0.7, 0.35]))
    each = stats.binom.pmf(x[:, :1], x[:, 1:], theta.bias) / 2
    total = sum(np.prod(each[np.arange(5), list(z)]) for z in product(range(2), repeat=5))
    assert coins.model.log_likelihood(x, theta) == pytest.approx(np.log(total), rel=1e-13)


def test_coins_refuse_more_heads_than_flips_and_a_coin_never_tossed():
    with pytest.raises(ValueError, match="swapped"):
        coins.log_joint(data.coin_flips()[:, ::-1], coins.Theta(np.array([0.6, 0.5])))
    with pytest.raises(ValueError, match="coin 2 is empty"):
        coins.m_step(data.coin_flips(), np.tile([1.0, 0.0], (5, 1)))
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        coins.log_joint(data.coin_flips(), coins.Theta(np.array([0.6, 1.5])))
    with pytest.raises(ValueError, match="transposed"):
        coins.m_step(data.coin_flips(), np.full((2, 5), 0.5))


# ---- Poisson mixture

TIMES = poisson.Theta(np.array([0.3, 0.7]), np.array([1.0, 2.5]))


def test_deaths_in_the_times_reach_hasselblads_estimates():
    expected, published = (NUMBERS["poisson_mixture_hasselblad"][k] for k in ("expected", "published"))
    found = em.fit(poisson.model, data.times_deaths(), TIMES, tol=1e-13, max_iter=10_000)
    assert found.converged
    assert [found.theta.pi[0], *found.theta.rate] == pytest.approx(expected["p"], abs=1e-5)
    assert [found.theta.pi[1], *found.theta.rate[::-1]] == pytest.approx(published["squarem"], abs=2e-5)
    assert -found.log_likelihood == pytest.approx(expected["negloglik"], abs=1e-8)


def test_hasselblads_em_converges_at_the_rate_of_the_jacobian():
    """EM's error shrinks by the Jacobian's largest eigenvalue: 0.99567, which is why it takes thousands of steps."""
    numbers = NUMBERS["poisson_mixture_hasselblad"]["expected"]
    x = data.times_deaths()

    def em_map(v):
        theta = poisson.Theta(np.array([v[0], 1 - v[0]]), v[1:])
        new = poisson.model.m_step(x, poisson.model.e_step(x, theta))
        return np.array([new.pi[0], *new.rate])

    J = np.stack(
        [(em_map(np.array(numbers["p"]) + h) - em_map(np.array(numbers["p"]) - h)) / 2e-5 for h in 1e-5 * np.eye(3)],
        axis=1,
    )
    np.testing.assert_allclose(np.sort(np.linalg.eigvals(J).real), numbers["em_jacobian_eigenvalues"], atol=1e-7)


def test_a_table_of_frequencies_is_the_list_it_abbreviates():
    table = data.times_deaths()
    every_day = np.repeat(table[:, 0], table[:, 1].astype(int))
    q = np.random.default_rng(0).dirichlet([1, 1], size=10)
    q_days = np.repeat(q, table[:, 1].astype(int), axis=0)
    for short, long in zip(poisson.m_step(table, q), poisson.m_step(every_day, q_days), strict=True):
        np.testing.assert_allclose(short, long, rtol=1e-12)
    for f in (poisson.model.elbo, poisson.model.kl):
        assert f(table, q, TIMES) == pytest.approx(f(every_day, q_days, TIMES), rel=1e-12)
    density = stats.poisson.pmf(every_day[:, None], TIMES.rate) @ TIMES.pi
    assert poisson.model.log_likelihood(table, TIMES) == pytest.approx(np.log(density).sum(), rel=1e-13)
    assert poisson.model.log_likelihood(every_day, TIMES) == pytest.approx(np.log(density).sum(), rel=1e-13)


def test_poisson_maximum_is_the_optimisers():
    def loss(v):
        theta = poisson.Theta(np.array([v[0], 1 - v[0]]), v[1:])
        return -poisson.model.log_likelihood(data.times_deaths(), theta)

    best = optimize.minimize(loss, [0.3, 1, 2.5], bounds=[(0.01, 0.99), (0.1, 9), (0.1, 9)], tol=1e-12)
    assert best.fun == pytest.approx(NUMBERS["poisson_mixture_hasselblad"]["expected"]["negloglik"], abs=1e-6)


def test_poisson_refuses_negative_counts_and_rates_and_an_empty_component():
    for x, theta in (([-1, 2], TIMES), ([1, 2], TIMES._replace(rate=np.array([1.0, -2])))):
        with pytest.raises(ValueError, match=r"counts >= 0|not be negative"):
            poisson.model.e_step(np.array(x), theta)
    with pytest.raises(ValueError, match="component 1 is empty"):
        poisson.m_step(np.array([1, 2]), np.tile([0.0, 1.0], (2, 1)))


# ---- genetic linkage

ANIMALS = data.linkage_counts()


def test_linkage_reproduces_the_printed_table():
    numbers = NUMBERS["dlr_linkage_iterates"]
    walk = np.array([t.theta for t in thetas(linkage.model, ANIMALS, linkage.Theta(numbers["start"]), 8)])
    np.testing.assert_allclose(walk, numbers["expected"]["pi"], rtol=1e-12)
    np.testing.assert_allclose(walk, numbers["published"]["table1_pi"], atol=2e-9)
    limit = (15 + np.sqrt(53809)) / 394
    np.testing.assert_allclose((walk[1:] - limit)[:6] / (walk - limit)[:6], numbers["published"]["ratios"], atol=6e-5)
    found = em.fit(linkage.model, ANIMALS, linkage.Theta(0.5), tol=0, max_iter=40).theta.theta
    assert found == pytest.approx(limit, abs=1e-14)


def test_linkage_rate_is_the_fraction_of_missing_information():
    """Observed information = complete - missing, and EM's rate is missing / complete (Louis; Dempster et al.)."""
    numbers, best = NUMBERS["linkage_information"]["expected"], (15 + np.sqrt(53809)) / 394
    q = linkage.model.e_step(ANIMALS, linkage.Theta(best))

    def curvature(f):
        return -differentiate.hessian(
            lambda t: np.vectorize(f)(t[0]), np.array([best]), initial_step=0.05, tolerances={"rtol": 1e-12}
        ).ddf.item()

    observed = curvature(lambda t: linkage.model.log_likelihood(ANIMALS, linkage.Theta(t)))
    complete = curvature(lambda t: linkage.model.elbo(ANIMALS, q, linkage.Theta(t)))
    em_map = lambda t: linkage.m_step(ANIMALS, linkage.model.e_step(ANIMALS, linkage.Theta(t))).theta
    rate = differentiate.derivative(np.vectorize(em_map), best, initial_step=0.05).df
    assert observed == pytest.approx(numbers["I_obs"], rel=1e-6)
    assert complete == pytest.approx(numbers["I_complete"], rel=1e-6)
    assert complete - observed == pytest.approx(numbers["I_missing"], rel=1e-5)
    assert rate == pytest.approx(numbers["fraction_missing"], abs=1e-9)
    assert observed**-0.5 == pytest.approx(numbers["se"], rel=1e-6)
    best_log_p = linkage.model.log_likelihood(ANIMALS, linkage.Theta(best))
    assert best_log_p == pytest.approx(numbers["loglik_multinomial"], abs=1e-10)


def test_linkage_sums_over_every_split_of_the_first_cell():
    """The split probability q is Binomial(y1, q) over the hidden count: log p, L and KL by summing over 126 splits."""
    t, p = 0.37, 0.2
    n, split = int(ANIMALS.sum()), np.arange(126)
    cells = [1 / 2, t / 4, (1 - t) / 4, (1 - t) / 4, t / 4]
    joint = np.array([stats.multinomial.pmf([125 - s, s, 18, 20, 34], n, cells) for s in split])
    q = stats.binom.pmf(split, 125, p)
    args = ANIMALS, np.array([[1 - p, p]]), linkage.Theta(t)
    assert linkage.model.log_likelihood(ANIMALS, args[2]) == pytest.approx(np.log(joint.sum()), rel=1e-11)
    assert linkage.model.elbo(*args) == pytest.approx(q @ np.log(joint / q), rel=1e-11)
    assert linkage.model.kl(*args) == pytest.approx(stats.entropy(q, joint / joint.sum()), rel=1e-11)
    posterior = stats.binom.pmf(split, 125, linkage.model.e_step(ANIMALS, args[2])[0, 1])
    np.testing.assert_allclose(posterior, joint / joint.sum(), atol=1e-12)


def test_linkage_at_the_ends_of_its_range():
    """At theta = 0 the fourth cell, which is not empty, has probability 0: log p = -inf, and no error."""
    assert linkage.model.log_likelihood(ANIMALS, linkage.Theta(0.0)) == -np.inf
    assert np.isfinite(linkage.model.log_likelihood(np.array([125.0, 0, 0, 34]), linkage.Theta(1.0)))
    for t in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="theta must"):
            linkage.model.e_step(ANIMALS, linkage.Theta(t))
    with pytest.raises(ValueError, match="no animal"):
        linkage.m_step([3, 0, 0, 0], [[1.0, 0.0]])
    with pytest.raises(ValueError, match="counts >= 0"):
        linkage.m_step([3, 0, -1, 0], [[1.0, 0.0]])


# ---- ABO blood groups


def test_blood_groups_walk_through_gene_counting():
    numbers = NUMBERS["abo_clarke"]
    walk = np.array([t.p for t in thetas(abo.model, data.blood_groups(), abo.Theta(np.array(numbers["start"])), 6)])
    np.testing.assert_allclose(walk, numbers["expected"]["iters"], rtol=1e-12)
    np.testing.assert_allclose(walk[:5], numbers["published"]["it"], atol=6e-4)
    lange = np.array(numbers["published"]["lange"])
    ours = [t.p for t in thetas(abo.model, data.blood_groups(), abo.Theta(lange[0]), 4)]
    np.testing.assert_allclose(ours, lange, atol=1.5e-4)
    found = em.fit(abo.model, data.blood_groups(), abo.Theta(walk[0]), tol=0, max_iter=40)
    np.testing.assert_allclose(found.theta.p, numbers["expected"]["final"], rtol=1e-12)
    constant = abo.counted.log_multinomial(data.blood_groups())
    assert found.log_likelihood - constant == pytest.approx(numbers["expected"]["ll_kernel"], abs=1e-9)


def test_blood_groups_sum_over_every_genotype_count():
    y, p = np.array([3.0, 2, 1, 4]), np.array([0.3, 0.2, 0.5])
    A, B, O = p
    cells = [A * A, 2 * A * O, B * B, 2 * B * O, 2 * A * B, O * O]
    q = np.array([[0.4, 0.6], [0.9, 0.1]])
    log_p, L = 0.0, 0.0
    for a, b in product(range(4), range(3)):
        joint = stats.multinomial.pmf([a, 3 - a, b, 2 - b, 1, 4], 10, cells)
        mass = stats.binom.pmf(a, 3, q[0, 0]) * stats.binom.pmf(b, 2, q[1, 0])
        log_p, L = log_p + joint, L + mass * np.log(joint / mass)
    assert abo.model.log_likelihood(y, abo.Theta(p)) == pytest.approx(np.log(log_p), rel=1e-12)
    assert abo.model.elbo(y, q, abo.Theta(p)) == pytest.approx(L, rel=1e-12)


def test_a_blood_group_that_nobody_has_is_no_trouble():
    """With no A and no AB the frequency of A goes to 0; the rest is a binomial in disguise."""
    found = em.fit(abo.model, np.array([0.0, 38, 0, 284]), abo.Theta(np.ones(3) / 3), tol=1e-13)
    assert found.converged
    assert found.theta.p == pytest.approx([0, 1 - np.sqrt(284 / 322), np.sqrt(284 / 322)], abs=1e-6)


# ---- hidden Markov models


def every_path(log_pi, log_A, log_B):
    """log p(x, z) for each of the k^T paths z."""
    T, k = log_B.shape
    paths = np.array(list(product(range(k), repeat=T)))
    log_joint = log_pi[paths[:, 0]] + log_B[np.arange(T), paths].sum(1)
    return paths, log_joint + log_A[paths[:, :-1], paths[:, 1:]].sum(1)


@pytest.mark.parametrize(("T", "k"), [(1, 2), (2, 3), (6, 2), (5, 3)])
def test_chain_sums_over_every_path(T, k):
    rng = np.random.default_rng(10 * T + k)
    theta = hmm.Theta(rng.dirichlet(np.ones(k)), rng.dirichlet(np.ones(k), size=k), rng.dirichlet(np.ones(4), size=k))
    x, model = rng.integers(0, 4, size=T), hmm.categorical(4)
    paths, log_joint = every_path(np.log(theta.pi), np.log(theta.A), np.log(theta.B).T[x])
    posterior = np.exp(log_joint - np.logaddexp.reduce(log_joint))
    assert model.log_likelihood(x, theta) == pytest.approx(np.logaddexp.reduce(log_joint), rel=1e-13)
    q = model.e_step(x, theta)
    np.testing.assert_allclose(q.gamma, np.einsum("p,ptj->tj", posterior, np.eye(k)[paths]), atol=1e-14)
    pairs = np.einsum("p,pti,ptj->tij", posterior, np.eye(k)[paths[:, :-1]], np.eye(k)[paths[:, 1:]])
    np.testing.assert_allclose(q.xi, pairs, atol=1e-14)

    # an arbitrary chain q, as a distribution over the paths
    gamma, xi = [rng.dirichlet(np.ones(k))], []
    mass = gamma[0][paths[:, 0]]
    for t in range(T - 1):
        Q = rng.dirichlet(np.ones(k), size=k)
        xi.append(gamma[-1][:, None] * Q)
        gamma.append(xi[-1].sum(0))
        mass = mass * Q[paths[:, t], paths[:, t + 1]]
    q = hmm.Chain(np.array(gamma), np.array(xi).reshape(T - 1, k, k))
    assert model.elbo(x, q, theta) == pytest.approx(mass @ (log_joint - np.log(mass)), rel=1e-12)
    assert model.kl(x, q, theta) == pytest.approx(stats.entropy(mass, posterior), rel=1e-11)


@pytest.mark.parametrize("T", [1, 2, 3, 10, 99, 101])
@pytest.mark.parametrize("kind", ["any", "forbidden", "left to right", "far apart", "k = 1"])
def test_stretches_side_by_side_are_the_recursion(T, kind):
    """Forward and backward in stretches against the textbook's loop over t, where a product of probabilities would
    underflow, too."""
    rng = np.random.default_rng(T)
    k = 1 if kind == "k = 1" else 3
    pi, A, B = rng.dirichlet(np.ones(k)), rng.dirichlet(np.ones(k), size=k), rng.dirichlet(np.ones(k), size=T)
    if kind == "forbidden":
        A[0, 1] = A[1, 0] = B[T // 2, 2] = 0
    if kind == "left to right":
        pi, A = np.eye(k)[0], np.triu(A)
    with np.errstate(divide="ignore"):
        log_pi, log_A, log_B = np.log(pi), np.log(A), np.log(B) * (1e4 if kind == "far apart" else 1)
    log_alpha, log_beta = [log_pi + log_B[0]], [np.zeros(k)]
    for t in range(1, T):
        log_alpha.append(special.logsumexp(log_alpha[-1][:, None] + log_A, axis=0) + log_B[t])
        log_beta.append(special.logsumexp(log_A + log_B[T - t] + log_beta[-1], axis=1))
    np.testing.assert_allclose(hmm.forward(log_pi, log_A, log_B), log_alpha, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(hmm.backward(log_A, log_B), log_beta[::-1], rtol=1e-12, atol=1e-12)


def test_weather_has_the_published_posterior():
    numbers = NUMBERS["hmm_weather_posterior"]
    theta, x = hmm.Theta(*(np.array(numbers["data"][k]) for k in ("pi", "A", "B"))), np.array(numbers["data"]["obs"])
    q = hmm.categorical(3).e_step(x, theta)
    np.testing.assert_allclose(q.gamma, numbers["expected"]["posterior"], atol=1e-14)
    np.testing.assert_allclose(q.gamma, numbers["published"]["posterior"], atol=1e-7)
    assert np.exp(hmm.categorical(3).log_likelihood(x, theta)) == pytest.approx(numbers["expected"]["p"], rel=1e-13)


def test_earthquakes_reach_the_published_two_states():
    numbers = NUMBERS["earthquake_poisson_hmm_2"]
    start = hmm.PoissonTheta(*(np.array(numbers["start"][k], float) for k in ("delta", "A", "lam")))
    found = em.fit(hmm.poisson, data.earthquakes(), start, tol=1e-10)
    assert found.converged
    np.testing.assert_allclose(found.theta.rate, numbers["expected"]["lam"], rtol=1e-4)
    np.testing.assert_allclose(found.theta.A, numbers["expected"]["A"], atol=1e-4)
    np.testing.assert_allclose(found.theta.rate, numbers["published"]["lam"], atol=1e-2)
    np.testing.assert_allclose(found.theta.A, numbers["published"]["Gamma"], atol=1e-3)
    assert found.log_likelihood == pytest.approx(numbers["expected"]["ll"], abs=1e-7)
    assert found.log_likelihood == pytest.approx(numbers["published"]["loglik"], abs=1e-4)
    assert found.theta.pi == pytest.approx([1, 0], abs=1e-6)


def test_a_long_sequence_does_not_underflow():
    theta = hmm.PoissonTheta(np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([10.0, 30]))
    x = np.tile(data.earthquakes(), 20)
    q = hmm.poisson.e_step(x, theta)
    assert hmm.poisson.log_likelihood(x, theta) < -7000
    assert hmm.poisson.kl(x, q, theta) == pytest.approx(0, abs=1e-7)


def test_chain_with_zeros_keeps_them_and_pays_for_ignoring_them():
    """A left-to-right chain: EM never opens a zero of A, and a q that steps there has L = -inf and KL = inf."""
    theta = hmm.Theta(np.array([1.0, 0]), np.array([[0.5, 0.5], [0, 1]]), np.array([[0.7, 0.3], [0.2, 0.8]]))
    x, model = np.array([0, 0, 1, 0, 1, 1]), hmm.categorical(2)
    for step in islice(em.steps(model, x, theta), 1, 21):
        assert abs(step.log_likelihood - step.elbo - step.kl) < 1e-12
        assert step.theta.A[1, 0] == 0
    loose = hmm.Chain(np.full((6, 2), 0.5), np.full((5, 2, 2), 0.25))
    assert model.elbo(x, loose, theta) == -np.inf
    assert model.kl(x, loose, theta) == np.inf


def test_chain_refuses_margins_that_do_not_match_and_symbols_it_does_not_know():
    theta = hmm.Theta(np.array([0.6, 0.4]), np.array([[0.7, 0.3], [0.4, 0.6]]), np.array([[0.7, 0.3], [0.2, 0.8]]))
    x, model = np.array([0, 1, 1]), hmm.categorical(2)
    q = model.e_step(x, theta)
    with pytest.raises(ValueError, match="no chain has these margins"):
        model.elbo(x, q._replace(xi=q.xi.transpose(0, 2, 1)), theta)
    with pytest.raises(ValueError, match=r"xi must not be negative"):
        model.kl(x, q._replace(xi=-q.xi), theta)
    with pytest.raises(ValueError, match="whole numbers from 0 to 1"):
        model.e_step(np.array([0, 2]), theta)
    with pytest.raises(ValueError, match="state 2 is empty"):
        model.m_step(x, hmm.Chain(np.tile([1.0, 0], (3, 1)), np.tile([[1.0, 0], [0, 0]], (2, 1, 1))))
    impossible = theta._replace(B=np.array([[1.0, 0], [1, 0]]))
    with pytest.raises(ValueError, match="probability 0"):
        model.e_step(x, impossible)
    assert model.log_likelihood(x, impossible) == -np.inf


def test_a_state_never_left_keeps_a_row_that_is_a_distribution():
    theta = hmm.Theta(np.array([1.0, 0]), np.array([[0.5, 0.5], [0, 1]]), np.array([[1.0, 0], [0, 1]]))
    after = hmm.categorical(2).m_step(np.array([0, 0, 1]), hmm.categorical(2).e_step(np.array([0, 0, 1]), theta))
    np.testing.assert_allclose(after.A, [[0.5, 0.5], [0.5, 0.5]])


# ---- a normal distribution with entries missing


def Sigma(rho, variance=1.0):
    return missing.Theta(variance * np.array([[1, rho], [rho, 1.0]]))


def test_murrays_saddle_holds_em_for_ever_from_rho_zero_only():
    numbers, x = NUMBERS["murray_saddle"]["expected"], data.murray()
    held = em.fit(missing.model, x, Sigma(0), tol=0, max_iter=500)
    np.testing.assert_allclose(held.theta.Sigma, numbers["saddle"]["Sigma"], atol=1e-12)
    assert held.theta.Sigma[0, 1] == 0
    assert held.log_likelihood == pytest.approx(numbers["saddle"]["loglik"], abs=1e-10)
    for rho in (1e-3, -1e-3):
        left = em.fit(missing.model, x, Sigma(rho), tol=1e-14, max_iter=2000)
        s, maximum = left.theta.Sigma, numbers["maxima"]
        assert left.log_likelihood == pytest.approx(maximum["loglik"], abs=1e-9)
        assert s[0, 1] / s[0, 0] == pytest.approx(np.sign(rho) * maximum["rho"], abs=1e-4)
        assert s[0, 0] == pytest.approx(8 / 3, abs=1e-3)


def test_murrays_maximum_is_the_optimisers():
    loss = lambda v: -missing.model.log_likelihood(data.murray(), Sigma(np.tanh(v[0]), np.exp(v[1])))
    best = optimize.minimize(loss, [0.3, 0.5], tol=1e-12)
    assert -best.fun == pytest.approx(NUMBERS["murray_saddle"]["expected"]["maxima"]["loglik"], abs=1e-9)
    assert [np.tanh(best.x[0]), np.exp(best.x[1])] == pytest.approx([0.5, 8 / 3], abs=1e-4)


def test_missing_entries_by_quadrature():
    """L and KL of one row with one hidden entry, as the integrals that they are."""
    x, theta, q = np.array([[2.0, np.nan]]), Sigma(0.6, 1.5), stats.norm(0.3, 0.7)
    completed = missing.Completed(np.array([[2.0, 0.3]]), np.array([[[0, 0], [0, 0.49]]]))
    joint = stats.multivariate_normal([0, 0], theta.Sigma)
    log_p = stats.norm(0, np.sqrt(1.5)).logpdf(2.0)
    L = integrate.quad(lambda z: q.pdf(z) * (joint.logpdf([2.0, z]) - q.logpdf(z)), -8, 9, epsabs=1e-13)[0]
    KL = integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - joint.logpdf([2.0, z]) + log_p), -8, 9, epsabs=1e-13)[0]
    assert missing.model.log_likelihood(x, theta) == pytest.approx(log_p, rel=1e-13)
    assert missing.model.elbo(x, completed, theta) == pytest.approx(L, rel=1e-9)
    assert missing.model.kl(x, completed, theta) == pytest.approx(KL, rel=1e-9)


def test_nothing_missing_takes_one_step_and_nothing_seen_says_nothing():
    x = np.random.default_rng(0).normal(size=(9, 2))
    found = missing.model.m_step(x, missing.model.e_step(x, Sigma(0.3)))
    np.testing.assert_allclose(found.Sigma, x.T @ x / 9)
    blank = np.full((3, 2), np.nan)
    assert missing.model.log_likelihood(blank, Sigma(0.3)) == 0
    kept = missing.model.m_step(blank, missing.model.e_step(blank, Sigma(0.3)))
    np.testing.assert_allclose(kept.Sigma, Sigma(0.3).Sigma)


def test_missing_refuses_a_q_that_changes_what_was_seen_and_a_singular_covariance():
    x, theta = data.murray(), Sigma(0.3)
    q = missing.model.e_step(x, theta)
    with pytest.raises(ValueError, match="row 0 of q must have the observed entries"):
        missing.model.elbo(x, q._replace(mean=q.mean + 1), theta)
    with pytest.raises(ValueError, match="positive definite"):
        missing.model.kl(x, q._replace(cov=q.cov * 0), theta)
    with pytest.raises(ValueError, match="positive definite"):
        missing.model.log_likelihood(x, Sigma(1.0))
    with pytest.raises(ValueError, match=r"x must be finite, got inf"):
        missing.model.e_step(np.array([[1.0, np.inf]]), theta)
