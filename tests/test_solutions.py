"""Every solution of the tutor, proved by something that cannot share its bug.

Enumeration, scipy's own densities, numerical derivatives, optimisers, identities for arbitrary q, published numbers.
Each test draws its own problems; lessons 03, 04 and 05 have theirs beside them.
"""

from itertools import pairwise, product

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.differentiate import derivative

from emtutor import problems
from emtutor.tutor.exercise import exercises


def solution(name):
    return exercises()[name].solution


def drawn(names, seed=3, **given):
    return [list(p.args.values()) for p in problems.mixture(names, np.random.default_rng(seed), **given)]


def density(x, mu, Sigma):
    return stats.multivariate_normal(mu, Sigma).logpdf(x).reshape(len(x))


def table(x, pi, mu, Sigma):
    """log pi_j + log N by scipy, (n, k)."""
    return np.stack([np.log(p) + density(x, m, S) for p, m, S in zip(pi, mu, Sigma, strict=True)], axis=1)


def slope(f, at):
    """The gradient of f at an array, entry by entry, by scipy.differentiate."""
    result = np.empty(at.shape)
    for index in np.ndindex(at.shape):
        unit = np.zeros(at.shape)
        unit[index] = 1.0

        def along(t, unit=unit):
            return np.vectorize(lambda s: f(at + s * unit))(t)

        result[index] = derivative(along, 0.0, initial_step=0.05 * (1 + abs(at[index]))).df
    return result


# ---- 00 and 01


def test_normalise_gives_shares():
    a = np.random.default_rng(0).uniform(0.1, 5, (4, 3))
    shares = solution("normalise")(a)
    np.testing.assert_allclose(shares * a.sum(1)[:, None], a)


@pytest.mark.parametrize(("x", "mu"), drawn("x mu"))
def test_assign_by_looking_at_every_mean(x, mu):
    expected = [min(range(len(mu)), key=lambda j: np.linalg.norm(row - mu[j])) for row in x]
    np.testing.assert_array_equal(solution("assign")(x, mu), expected)


@pytest.mark.parametrize(("x", "labels", "k"), drawn("x labels k"))
def test_updated_means_minimise_the_distortion(x, labels, k):
    mu = solution("update_means")(x, labels, k)
    J = solution("distortion")
    start = J(x, mu, labels)
    assert np.abs(slope(lambda m: J(x, m, labels), mu)).max() < 1e-6 * (1 + start)
    assert start == pytest.approx(sum(np.linalg.norm(row - mu[j]) ** 2 for row, j in zip(x, labels, strict=True)))


@pytest.mark.parametrize(("x", "mu", "beta"), drawn("x mu beta", hostile=False))
def test_soft_assign_is_bayes_with_round_gaussians(x, mu, beta):
    k, d = mu.shape
    p = np.exp(table(x, np.full(k, 1 / k), mu, np.tile(beta * np.eye(d), (k, 1, 1))))
    np.testing.assert_allclose(solution("soft_assign")(x, mu, beta), p / p.sum(1, keepdims=True))


@pytest.mark.parametrize(("x", "mu", "r"), drawn("x mu r"))
def test_best_beta_maximises_the_expected_log_likelihood(x, mu, r):
    best = solution("best_beta")(x, mu, r)
    k, d = mu.shape

    def Q(log_beta):
        return -sum(r[:, j] @ density(x, mu[j], np.exp(log_beta) * np.eye(d)) for j in range(k))

    found = optimize.minimize_scalar(Q, bracket=(np.log(best) - 1, np.log(best) + 1.3)).x
    assert np.exp(found) == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_critical_beta_is_where_two_means_part(seed):
    x = np.random.default_rng(seed).normal(0, (1, 3), (40, 2)) @ [[1, 0.4], [0, 1]]
    critical = solution("critical_beta")(x)
    for ratio, parted in ((1.02, False), (0.98, True)):
        mu = x.mean(0) + np.array([[-1e-3], [1e-3]]) * np.linalg.svd(x - x.mean(0))[2][0]
        for _ in range(4000):
            r = solution("soft_assign")(x, mu, ratio * critical)
            mu = r.T @ x / r.sum(0)[:, None]
        assert (np.linalg.norm(mu[0] - mu[1]) > 0.01) == parted


# ---- 02


@pytest.mark.parametrize(("x", "pi", "mu", "Sigma"), drawn("x pi mu Sigma"))
def test_mixture_against_scipy(x, pi, mu, Sigma):
    a = table(x, pi, mu, Sigma)
    np.testing.assert_allclose(solution("log_gaussian")(x, mu[0], Sigma[0]), density(x, mu[0], Sigma[0]), rtol=1e-9)
    np.testing.assert_allclose(solution("log_joint")(x, pi, mu, Sigma), a, rtol=1e-9)
    exact = np.logaddexp.reduce(a, axis=1)
    assert solution("log_likelihood")(x, pi, mu, Sigma) == pytest.approx(exact.sum(), rel=1e-9)
    r = solution("responsibilities")(x, pi, mu, Sigma)
    np.testing.assert_allclose(r, np.exp(a - exact[:, None]), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(("x", "z", "pi", "mu", "Sigma"), drawn("x z pi mu Sigma"))
def test_complete_log_likelihood_point_by_point(x, z, pi, mu, Sigma):
    total = 0.0
    for row, label in zip(x, z.argmax(1), strict=True):
        total += np.log(pi[label]) + stats.multivariate_normal(mu[label], Sigma[label]).logpdf(row)
    assert solution("complete_log_likelihood")(x, z, pi, mu, Sigma) == pytest.approx(total, rel=1e-9)


def test_marginal_likelihood_by_enumeration_of_all_labels():
    x, pi, mu, Sigma = drawn("x pi mu Sigma")[0]
    n, k = len(x), len(pi)
    joint = [
        solution("complete_log_likelihood")(x, np.eye(k)[list(labels)], pi, mu, Sigma)
        for labels in product(range(k), repeat=n)
    ]
    assert solution("log_likelihood")(x, pi, mu, Sigma) == pytest.approx(np.logaddexp.reduce(joint))


def test_fit_complete_is_at_the_top():
    problem = exercises()["fit_complete"].problems(np.random.default_rng(5))[0]
    x, z = problem.args.values()
    pi, mu, Sigma = solution("fit_complete")(x, z)
    log_p = solution("complete_log_likelihood")
    assert np.abs(slope(lambda m: log_p(x, z, pi, m, Sigma), mu)).max() < 1e-6
    symmetric = slope(lambda S: log_p(x, z, pi, mu, (S + S.transpose(0, 2, 1)) / 2), Sigma)
    assert np.abs(symmetric).max() < 1e-5
    rng = np.random.default_rng(1)
    for other in rng.dirichlet(np.ones(len(pi)), 50):
        assert log_p(x, z, other, mu, Sigma) <= log_p(x, z, pi, mu, Sigma)


def test_spike_gains_d_log_10_a_decade_and_matches_the_mixture():
    x = drawn("x")[1][0]
    d = x.shape[1]
    f = solution("spike_log_likelihood")
    assert f(x, 1e-101) - f(x, 1e-100) == pytest.approx(d * np.log(10))
    theta = [0.5, 0.5], [x.mean(0), x[0]], [np.cov(x.T, bias=True), 0.3**2 * np.eye(d)]
    assert f(x, 0.3) == pytest.approx(np.logaddexp.reduce(table(x, *theta), axis=1).sum())


# ---- 06


@pytest.mark.parametrize(("x", "r", "pi", "mu", "Sigma"), drawn("x r pi mu Sigma", hostile=False)[:1])
def test_expected_complete_by_enumeration_of_all_labels(x, r, pi, mu, Sigma):
    n, k = r.shape
    total = 0.0
    for labels in product(range(k), repeat=n):
        q = np.prod([r[i, j] for i, j in enumerate(labels)])
        total += q * solution("complete_log_likelihood")(x, np.eye(k)[list(labels)], pi, mu, Sigma)
    assert solution("expected_complete_log_likelihood")(x, r, pi, mu, Sigma) == pytest.approx(total)


def test_coins_as_printed_and_by_binomials():
    heads, theta = np.array([5, 9, 8, 4, 7]), np.array([0.6, 0.5])
    p = stats.binom.pmf(heads[:, None], 10, theta)
    r = solution("coin_e_step")(heads, 10, theta)
    np.testing.assert_allclose(r, p / p.sum(1, keepdims=True))
    np.testing.assert_allclose(r[:, 0], [0.45, 0.80, 0.73, 0.35, 0.65], atol=0.005)  # Do and Batzoglou (2008)
    new = solution("coin_m_step")(heads, 10, r)
    np.testing.assert_allclose(new, [0.71, 0.58], atol=0.005)
    assert optimize.minimize(
        lambda t: -(r * stats.binom.logpmf(heads[:, None], 10, t)).sum(), [0.5, 0.5], bounds=[(0.01, 0.99)] * 2
    ).x == pytest.approx(new, abs=1e-4)


def test_poisson_against_scipy():
    x, pi, rate = np.array([0, 3, 1, 8, 12]), np.array([0.3, 0.7]), np.array([1.3, 6.1])
    p = pi * stats.poisson.pmf(x[:, None], rate)
    r = solution("poisson_e_step")(x, pi, rate)
    np.testing.assert_allclose(r, p / p.sum(1, keepdims=True))
    new_pi, new_rate = solution("poisson_m_step")(x, r)
    for j in range(2):
        best = optimize.minimize_scalar(
            lambda m, j=j: -(r[:, j] * stats.poisson.logpmf(x, m)).sum(), bounds=(0.1, 20), method="bounded"
        ).x
        assert best == pytest.approx(new_rate[j], abs=1e-4)
    np.testing.assert_allclose(new_pi, r.mean(0))


def test_linkage_table_1():
    y, theta = np.array([125, 18, 20, 34]), 0.5
    printed = [0.608247423, 0.624321051, 0.626488879, 0.626777323, 0.626815632, 0.626820719, 0.626821395, 0.626821484]
    for value in printed:  # Dempster, Laird and Rubin (1977), table 1, rounded
        theta = solution("linkage_m_step")(y, solution("linkage_e_step")(y, theta))
        assert theta == pytest.approx(value, abs=2e-9)


def test_abo_by_counting_genotypes():
    counts, p = np.array([186, 38, 13, 284]), np.array([0.3, 0.1, 0.6])
    shows = {"AA": 0, "AO": 0, "OA": 0, "BB": 1, "BO": 1, "OB": 1, "AB": 2, "BA": 2, "OO": 3}
    chance = {g: p["ABO".index(g[0])] * p["ABO".index(g[1])] for g in shows}
    alleles = np.zeros(3)
    for genotype, group in shows.items():
        of_group = sum(c for g, c in chance.items() if shows[g] == group)
        expected = counts[group] * chance[genotype] / of_group
        for allele in genotype:
            alleles["ABO".index(allele)] += expected
    np.testing.assert_allclose(solution("abo_step")(counts, p), alleles / alleles.sum())


# ---- 07 and 08


def test_jensen_gap_is_a_divergence_and_never_negative():
    rng = np.random.default_rng(2)
    for _ in range(50):
        w, v = rng.dirichlet(np.ones(4)), rng.lognormal(0, 2, 4)
        tilted = w * v / (w @ v)
        assert solution("jensen_gap")(w, v) == pytest.approx(stats.entropy(w, tilted), abs=1e-12)


def test_lower_bound_touches_at_the_tightest_q_only():
    rng = np.random.default_rng(3)
    for _ in range(50):
        log_p = rng.normal(-2, 3, 4)
        best, evidence = solution("tightest_q")(log_p), np.log(np.exp(log_p).sum())
        assert solution("lower_bound")(log_p, best) == pytest.approx(evidence)
        other = rng.dirichlet(np.ones(4))
        assert solution("lower_bound")(log_p, other) < evidence


def test_the_counterexample_is_one():
    p = solution("unweighted_counterexample")()
    assert np.log(p).sum() > np.log(p.sum())


def test_entropy_kl_and_the_lemma_for_arbitrary_q():
    rng = np.random.default_rng(4)
    for _ in range(50):
        a, q = rng.normal(-3, 2, (5, 3)), rng.dirichlet(np.ones(3), 5)
        posterior = np.exp(a) / np.exp(a).sum(1, keepdims=True)
        assert solution("entropy")(q) == pytest.approx(stats.entropy(q, axis=1).sum())
        assert solution("kl")(q, posterior) == pytest.approx(stats.entropy(q, posterior, axis=1).sum())
        evidence, L, D = solution("decompose")(a, q)
        assert evidence == pytest.approx(np.log(np.exp(a).sum(1)).sum())
        assert evidence == pytest.approx(L + D)
        assert pytest.approx(D) == stats.entropy(q, posterior, axis=1).sum()
        assert solution("elbo")(a, q) == pytest.approx(L) == -solution("free_energy")(a, q)
    assert solution("kl")(np.array([0.5, 0.5]), np.array([0.0, 1.0])) == np.inf
    assert solution("entropy")(np.array([0.0, 1.0])) == 0


@pytest.mark.parametrize("T", [0.3, 1.0, 4.0])
def test_tempered_posterior_minimises_the_free_energy(T):
    a = np.array([[-1.0, -2.5, -0.4]])
    best = solution("tempered_posterior")(a, T)[0]

    def F(t):
        q = np.exp(t) / np.exp(t).sum()
        return -(q @ a[0]) - T * stats.entropy(q)

    found = optimize.minimize(F, np.zeros(3), tol=1e-12).x
    np.testing.assert_allclose(np.exp(found) / np.exp(found).sum(), best, atol=1e-4)


# ---- 09


def test_gains_obey_the_lemma():
    rng = np.random.default_rng(6)
    for _ in range(30):
        old, new, q = rng.normal(-3, 1, (5, 3)), rng.normal(-3, 1, (5, 3)), rng.dirichlet(np.ones(3), 5)
        L, log_p, D = solution("m_step_gains")(old, new, q)
        assert log_p == pytest.approx(L + D)
        assert log_p == pytest.approx(np.log(np.exp(new).sum(1)).sum() - np.log(np.exp(old).sum(1)).sum())
        L, log_p, D = solution("e_step_gains")(old, q)
        posterior = np.exp(old) / np.exp(old).sum(1, keepdims=True)
        assert log_p == 0
        assert pytest.approx(-D) == L == pytest.approx(stats.entropy(q, posterior, axis=1).sum())


@pytest.mark.parametrize("index", range(3))
def test_the_bound_lies_below_and_touches_where_r_comes_from(index):
    problem = exercises()["bound_along"].problems(np.random.default_rng(7))[index]
    x, _, a, b, _ = problem.args.values()
    t = np.linspace(-0.5, 1.5, 21)
    r = solution("responsibilities")(x, *a)
    L, log_p = solution("bound_along")(x, r, a, b, t), solution("log_likelihood_along")(x, a, b, t)
    valid = np.isfinite(L)
    assert (L[valid] <= log_p[valid] + 1e-9 * np.abs(log_p[valid])).all()
    assert L[5] == pytest.approx(log_p[5])  # t = 0
    assert log_p[5] == pytest.approx(np.logaddexp.reduce(table(x, *a), axis=1).sum())


# ---- 10


@pytest.mark.parametrize(("x", "r", "pi", "mu", "Sigma"), drawn("x r pi mu Sigma", hostile=False))
def test_grad_elbo_mu_numerically(x, r, pi, mu, Sigma):
    numerical = slope(lambda m: (r * table(x, pi, m, Sigma)).sum(), mu)
    np.testing.assert_allclose(solution("grad_elbo_mu")(x, r, pi, mu, Sigma), numerical, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("index", range(4))
def test_gem_step_raises_the_bound_and_the_double_step_did_not(index):
    problem = exercises()["gem_step"].problems(np.random.default_rng(8))[index]
    x, pi, mu, Sigma, step = problem.args.values()
    new = solution("gem_step")(x, pi, mu, Sigma, step)
    r = np.exp(table(x, pi, mu, Sigma))
    r /= r.sum(1, keepdims=True)

    def L(m):
        return (r * table(x, pi, m, Sigma)).sum()

    gradient = slope(L, mu)
    lengths = ((new - mu) / gradient).ravel()
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-5)
    assert L(new) > L(mu)
    halvings = np.log2(step / lengths[0])
    assert halvings == pytest.approx(round(halvings), abs=1e-4)
    assert round(halvings) == 0 or L(mu + 2 * (new - mu)) <= L(mu)


def test_natural_parameters_make_the_same_density():
    mu, Sigma = np.array([1.0, -2.0]), np.array([[2.0, 0.7], [0.7, 1.5]])
    eta1, eta2 = solution("natural_parameters")(mu, Sigma)
    log_Z = solution("log_partition")(eta1, eta2)
    for x in np.random.default_rng(9).normal(0, 2, (5, 2)):
        value = eta1 @ x + (eta2 * np.outer(x, x)).sum() - log_Z - np.log(2 * np.pi)
        assert value == pytest.approx(stats.multivariate_normal(mu, Sigma).logpdf(x))
    back = solution("mean_and_covariance")(eta1, eta2)
    np.testing.assert_allclose(back[0], mu)
    np.testing.assert_allclose(back[1], Sigma)
    gradient = slope(lambda e: solution("log_partition")(e, eta2), eta1)
    np.testing.assert_allclose(gradient, mu, rtol=1e-6)  # the derivative of log Z is the mean


def test_moment_matching_by_replication():
    """Weights that are whole numbers of points: the moments of the repeated points."""
    x = np.random.default_rng(10).normal(0, 2, (4, 2))
    times = np.array([[3, 1], [0, 2], [5, 1], [2, 6]])
    first, second = solution("moment_matching")(x, times / times.sum(1, keepdims=True).max())
    for j in range(2):
        rows = np.repeat(x, times[:, j], axis=0)
        np.testing.assert_allclose(first[j], rows.mean(0))
        np.testing.assert_allclose(second[j], rows.T @ rows / len(rows))


def test_map_m_step_is_at_the_top_of_the_posterior():
    x, r, alpha, m0, kappa0, S0, nu0 = drawn("x r alpha m0 kappa0 S0 nu0")[0]
    pi, mu, Sigma = solution("map_m_step")(x, r, alpha, m0, kappa0, S0, nu0)

    def objective(pi, mu, Sigma):
        total = (r * table(x, pi, mu, Sigma)).sum() + ((alpha - 1) * np.log(pi)).sum()
        for m, S in zip(mu, Sigma, strict=True):
            total += stats.multivariate_normal(m0, S / kappa0).logpdf(m)
            total += stats.invwishart(nu0, S0).logpdf(S)
        return total

    assert np.abs(slope(lambda m: objective(pi, m, Sigma), mu)).max() < 1e-5
    symmetric = slope(lambda S: objective(pi, mu, (S + S.transpose(0, 2, 1)) / 2), Sigma)
    assert np.abs(symmetric).max() < 1e-5
    for other in np.random.default_rng(11).dirichlet(np.ones(len(pi)), 50):
        assert objective(other, mu, Sigma) <= objective(pi, mu, Sigma)


def test_rate_and_limit_of_linkage_and_of_a_geometric_series():
    y, thetas = np.array([125, 18, 20, 34]), [0.5]
    for _ in range(6):
        thetas.append(solution("linkage_m_step")(y, solution("linkage_e_step")(y, thetas[-1])))
    thetas = np.array(thetas)[:, None]
    assert solution("convergence_rate")(thetas) == pytest.approx(0.132778, abs=1e-5)  # printed: DM = 0.132778
    assert solution("aitken")(thetas)[0] == pytest.approx((15 + np.sqrt(53809)) / 394, abs=1e-9)
    limit, rates = np.array([2.0, -1.0]), np.array([0.9, 0.3])
    path = limit + np.power.outer(rates, np.arange(4)).T
    np.testing.assert_allclose(solution("aitken")(path), limit, rtol=1e-9)


# ---- 11


def test_statistics_add_over_blocks_and_give_the_m_step():
    x, pi, mu, Sigma = drawn("x pi mu Sigma")[1]
    whole = solution("block_statistics")(x, pi, mu, Sigma)
    parts = [solution("block_statistics")(block, pi, mu, Sigma) for block in (x[:2], x[2:3], x[3:])]
    for total, *pieces in zip(whole, *parts, strict=True):
        np.testing.assert_allclose(sum(pieces), total)
    r = solution("responsibilities")(x, pi, mu, Sigma)
    new = solution("theta_from_statistics")(*whole[:3])
    for j in range(len(pi)):
        w = r[:, j] / r[:, j].sum()
        np.testing.assert_allclose(new[0][j], r[:, j].mean())
        np.testing.assert_allclose(new[1][j], w @ x)
        np.testing.assert_allclose(new[2][j], np.cov(x.T, aweights=w, ddof=0), rtol=1e-6, atol=1e-9)


def test_online_update_with_steps_one_over_t_is_the_mean():
    rng = np.random.default_rng(12)
    blocks = [tuple(rng.normal(size=s) for s in ((2,), (2, 3), (2, 3, 3))) for _ in range(6)]
    S = blocks[0]
    for t, block in enumerate(blocks[1:], start=2):
        S = solution("online_update")(S, block, 1 / t)
    for part, values in zip(S, zip(*blocks, strict=True), strict=True):
        np.testing.assert_allclose(part, np.mean(values, axis=0))


def test_forward_by_enumeration_of_all_paths():
    rng = np.random.default_rng(13)
    log_pi, log_A = np.log(rng.dirichlet(np.ones(3))), np.log(rng.dirichlet(np.ones(3), 3))
    log_B = rng.normal(-1, 1, (4, 3))
    log_alpha = solution("forward")(log_pi, log_A, log_B)
    for t in range(4):
        ending = {j: [] for j in range(3)}
        for path in product(range(3), repeat=t + 1):
            p = log_pi[path[0]] + sum(log_A[i, j] for i, j in pairwise(path))
            ending[path[-1]].append(p + sum(log_B[s, j] for s, j in enumerate(path)))
        np.testing.assert_allclose(log_alpha[t], [np.logaddexp.reduce(ending[j]) for j in range(3)])


def test_mean_field_maximises_the_bound_in_each_factor():
    rng = np.random.default_rng(14)
    log_p, q2 = rng.normal(-1, 1, (2, 3)), rng.dirichlet(np.ones(3))
    q1, new2 = solution("mean_field")(log_p, rng.dirichlet(np.ones(2)), q2)

    def L(q1, q2):
        return (np.outer(q1, q2) * log_p).sum() + stats.entropy(q1) + stats.entropy(q2)

    for other in rng.dirichlet(np.ones(2), 200):
        assert L(other, q2) <= L(q1, q2) + 1e-12
    for other in rng.dirichlet(np.ones(3), 200):
        assert L(q1, other) <= L(q1, new2) + 1e-12
