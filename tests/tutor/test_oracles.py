"""Every solution is proved by an oracle that cannot share its bug.

`scipy.stats` for densities, enumeration for sums over labels and paths, finite differences for gradients, a numerical
optimiser for maximisers, 50-digit arithmetic for what underflows, a property where the answer is open. An exercise
without an oracle fails here.
"""

import itertools
import math
import statistics
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from emtutor import check, old_faithful
from emtutor.tutor.exercise import exercises

ORACLES = {}


def oracle(*names, rtol=1e-7, only=lambda p: True):
    """Registers a function: arguments -> what the solution must give (None: nothing to say about this problem)."""

    def register(function):
        for name in names:
            ORACLES[name] = (function, rtol, only)
        return function

    return register


def holds(*names, only=lambda p: True):
    """Registers a property: (result, *arguments) asserts."""

    def register(function):
        for name in names:
            ORACLES[name] = (function, None, only)
        return function

    return register


def near(p):
    """Where differences and 400 digits serve: no point far out, not a thousand of them."""
    return "far" not in p.label and not p.label.startswith("1000")


def results(exercise, problems, only):
    for p in problems:
        if only(p):
            with np.errstate(all="ignore"):
                yield p, exercise.solution(*p.args.values())


@pytest.mark.parametrize("exercise", exercises().values(), ids=lambda e: e.name)
def test_solution_is_proved(exercise):
    assert exercise.name in ORACLES, "write an oracle for it"
    function, rtol, only = ORACLES[exercise.name]
    proved = 0
    for p, result in results(exercise, exercise.problems(np.random.default_rng(7)), only):
        if rtol is None:
            function(result, *p.args.values())
            proved += 1
            continue
        with np.errstate(all="ignore"):
            expected = function(*p.args.values())
        if expected is None:
            continue
        several = isinstance(result, tuple)
        nothing = 1e-9 * float(np.max(exercise.scale(*p.args.values()))) if exercise.scale else 1e-13
        for a, b in zip(result if several else [result], expected if several else [expected], strict=True):
            b = np.asarray(b, float)
            size = np.abs(b[np.isfinite(b)]).max(initial=0.0)
            np.testing.assert_allclose(a, b, rtol=rtol, atol=max(rtol * size, nothing), err_msg=p.label)
        proved += 1
    assert proved >= min(3, len(exercise.problems(np.random.default_rng(7))))


def test_oracles_are_right_answers_too():
    """Written in another way altogether, by another library: `check` lets them pass."""
    for name, (function, rtol, only) in ORACLES.items():
        if (
            name in exercises()
            and rtol is not None
            and rtol <= 1e-7
            and only is not near
            and name != "expected_complete_log_likelihood"
        ):
            assert check(function, name), check(function, name)


# ---- helpers: densities by scipy.stats, derivatives by central differences


def log_table(x, pi, mu, Sigma):
    return np.stack(
        [
            math.log(p) + np.atleast_1d(stats.multivariate_normal(m, S).logpdf(x))
            for p, m, S in zip(pi, mu, Sigma, strict=True)
        ],
        axis=1,
    )


def log_p(x, pi, mu, Sigma):
    return special.logsumexp(log_table(x, pi, mu, Sigma), axis=1).sum()


def free_log_p(x, pi, mu, Sigma):
    """log p for weights that need not sum to one and Sigma whose entries move one by one."""
    away = x[:, None] - mu
    squared = np.einsum("nka,kab,nkb->nk", away, np.linalg.inv(Sigma), away)
    det = np.linalg.det(2 * np.pi * Sigma)
    return special.logsumexp(np.log(pi) - np.log(det) / 2 - squared / 2, axis=1).sum()


def derivative(f, a, relative=None):
    """df/da for an array a, entry by entry: central differences, extrapolated (Richardson).

    relative: the step as a share of each entry, for entries of very different size.
    """
    a = np.asarray(a, float)
    result = np.empty((*np.shape(f(a)), *a.shape))
    size = np.abs(a).max()
    for place in np.ndindex(*a.shape):
        h = relative * abs(a[place]) if relative else 1e-3 * max(abs(a[place]), 1e-2 * size, 1e-3)

        def central(h, place=place):
            up, down = a.copy(), a.copy()
            up[place] += h
            down[place] -= h
            return (f(up) - f(down)) / (2 * h)

        result[(..., *place)] = (64 * central(h / 4) - 20 * central(h / 2) + central(h)) / 45
    return result


def elbo(log_joint, q):
    return sum(
        0.0 if w == 0 else -math.inf if a == -math.inf else w * (a - math.log(w))
        for a, w in zip(np.ravel(log_joint), np.ravel(q), strict=True)
    )


def posterior(log_joint):
    return special.softmax(log_joint, axis=-1)


def kl(q, p):
    return float(np.sum(stats.entropy(np.atleast_2d(q), np.atleast_2d(p), axis=1)))


def weighted(x, w):
    """Mean and covariance (1/n) with weights, by NumPy's own."""
    return np.average(x, axis=0, weights=w), np.atleast_2d(np.cov(x.T, aweights=w, ddof=0))


# ---- 00 and 01


@oracle("normalise")
def _(a):
    rows = [[Fraction(float(v)) for v in row] for row in a]
    return [[float(v / sum(row)) for v in row] for row in rows]


@holds("assign")
def _(labels, x, mu):
    for point, label in zip(x, labels, strict=True):
        assert all(math.dist(point, mu[label]) <= math.dist(point, m) for m in mu)


@oracle("update_means")
def _(x, labels, k):
    return [[math.fsum(column) / len(column) for column in x[labels == j].T] for j in range(k)]


@oracle("distortion")
def _(x, mu, labels):
    return sum(math.dist(point, mu[label]) ** 2 for point, label in zip(x, labels, strict=True))


@oracle("soft_assign")
def _(x, mu, beta):
    k, d = mu.shape
    return posterior(log_table(x, np.full(k, 1 / k), mu, np.tile(beta * np.eye(d), (k, 1, 1))))


@oracle("best_beta", rtol=1e-5, only=near)
def _(x, mu, r):
    """The maximiser of the expected complete-data log-likelihood in beta."""
    d = x.shape[1]
    squared = np.array([[math.dist(p, m) ** 2 for m in mu] for p in x])

    def loss(log_beta):
        return np.sum(r * (d * log_beta + squared * np.exp(-log_beta)))

    return np.exp(optimize.minimize_scalar(loss, bracket=(-2, 5), tol=1e-14).x)


@oracle("critical_beta", rtol=1e-4, only=near)
def _(x):
    """Where two means, placed a little to either side of the centre, begin to run apart instead of together."""
    centre = x.mean(0)

    def growth(beta):
        def step(e):
            mu = np.array([centre + e, centre - e])
            r = np.exp(-((x[:, None] - mu) ** 2).sum(2) / (2 * beta))
            r /= r.sum(1, keepdims=True)
            return (r[:, 0] @ x) / r[:, 0].sum() - centre

        return np.abs(np.linalg.eigvals(derivative(step, np.zeros(x.shape[1])))).max() - 1

    scale = x.var(0).sum()
    return optimize.brentq(growth, 1e-2 * scale, 10 * scale, xtol=1e-9)


# ---- 02 and 05: densities, steps


@holds("sample")
def _(result, n, pi, mu, Sigma, rng):
    """Each component's points, whitened, against the normal law; the counts against pi. False alarms below 1e-6."""
    x, z = result
    assert x.shape == (n, mu.shape[1])
    assert z.shape == (n, len(pi))
    np.testing.assert_array_equal(z.sum(1), 1)
    if len(pi) > 1:
        assert stats.chisquare(z.sum(0), n * np.asarray(pi)).pvalue > 1e-7
    for j in range(len(pi)):
        u = np.linalg.solve(np.linalg.cholesky(Sigma[j]), (x[z[:, j] == 1] - mu[j]).T)
        assert not u.size or all(stats.kstest(row, "norm").pvalue > 1e-8 for row in u)
        if len(u) > 1 and u.shape[1] > 10:
            assert abs(np.corrcoef(u)[0, 1]) * math.sqrt(u.shape[1]) < 6


@oracle("log_gaussian")
def _(x, mu, Sigma):
    return np.atleast_1d(stats.multivariate_normal(mu, Sigma).logpdf(x))


ORACLES["log_joint"] = (log_table, 1e-7, lambda p: True)
ORACLES["log_likelihood"] = (log_p, 1e-7, lambda p: True)


@oracle("responsibilities", "e_step")
def _(x, pi, mu, Sigma):
    return posterior(log_table(x, pi, mu, Sigma))


@oracle("posterior_table", rtol=1e-12)
def _(pi, prior, likelihood):
    """Cell by cell in whole fractions: p(x, z, mu) over the sum of all cells."""
    cells = list(itertools.product(range(len(pi)), range(len(prior))))
    joint = {
        c: Fraction(float(pi[c[0]])) * Fraction(float(prior[c[1]])) * Fraction(float(likelihood[c])) for c in cells
    }
    total = sum(joint.values())
    return np.array([float(joint[c] / total) for c in cells]).reshape(len(pi), len(prior))


@oracle("complete_log_likelihood")
def _(x, z, pi, mu, Sigma):
    a = log_table(x, pi, mu, Sigma)
    return sum(a[i, j] for i, j in np.argwhere(z))


@oracle("fit_complete")
def _(x, z):
    parts = [x[z[:, j] == 1] for j in range(z.shape[1])]
    return (
        [len(p) / len(x) for p in parts],
        [p.mean(0) for p in parts],
        [np.atleast_2d(np.cov(p.T, bias=True)) for p in parts],
    )


@oracle("spike_log_likelihood", rtol=1e-9, only=near)
def _(x, s):
    """In 60 digits, without any care for underflow."""
    exact = lambda a: mpmath.mpf(float(a))
    with mpmath.workdps(60 + 2 * 200):
        d = x.shape[1]
        C = mpmath.matrix(np.atleast_2d(np.cov(x.T, bias=True)).tolist())
        P, det, s = C**-1, mpmath.det(C), mpmath.mpf(s)
        total = mpmath.mpf(0)
        for point in x:
            u = mpmath.matrix([exact(a) - exact(b) for a, b in zip(point, x.mean(0), strict=True)])
            v = sum((exact(a) - exact(b)) ** 2 for a, b in zip(point, x[0], strict=True))
            wide = mpmath.exp(-(u.T * P * u)[0] / 2) / mpmath.sqrt((2 * mpmath.pi) ** d * det)
            spike = mpmath.exp(-v / s**2 / 2) / (2 * mpmath.pi) ** (mpmath.mpf(d) / 2) / s**d
            total += mpmath.log((wide + spike) / 2)
        return float(total)


@oracle("m_step")
def _(x, r):
    parts = [weighted(x, w) for w in r.T]
    return r.mean(0), [m for m, _ in parts], [S for _, S in parts]


@holds("em_fit")
def _(result, x, pi, mu, Sigma, tol, max_iter):
    """Step by step with scipy's densities and NumPy's weighted moments."""
    theta, path = (pi, mu, Sigma), []
    for _ in range(max_iter):
        r = posterior(log_table(x, *theta))
        parts = [weighted(x, w) for w in r.T]
        theta = r.mean(0), np.array([m for m, _ in parts]), np.array([S for _, S in parts])
        path.append(log_p(x, *theta))
        if len(path) > 1 and abs(path[-1] - path[-2]) < tol:
            break
    *mine, log_likelihoods = result
    np.testing.assert_allclose(log_likelihoods, path, rtol=1e-8)
    assert (np.diff(log_likelihoods) > -1e-9).all()
    for a, b in zip(mine, theta, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * np.abs(b).max())


@holds("match_labels")
def _(p, mu_a, mu_b):
    costs = {q: ((mu_a[list(q)] - mu_b) ** 2).sum() for q in itertools.permutations(range(len(mu_a)))}
    assert costs[tuple(p)] <= min(costs.values()) * (1 + 1e-12)


# ---- 03 and 04: gradients by differences, maximisers by their definition


@oracle("grad_log_gaussian_mu", rtol=1e-6, only=near)
def _(x, mu, Sigma):
    return derivative(lambda m: stats.multivariate_normal(m, Sigma).logpdf(x) * np.ones(len(x)), mu)


@oracle("grad_mu", rtol=1e-6, only=near)
def _(x, pi, mu, Sigma):
    return derivative(lambda m: free_log_p(x, pi, m, Sigma), mu)


@oracle("update_mu")
def _(x, r):
    return [weighted(x, w)[0] for w in r.T]


@oracle("grad_log_gaussian_Sigma", rtol=1e-6, only=near)
def _(x, mu, Sigma):
    def f(S):
        return np.array([free_log_p(point[None], np.ones(1), mu[None], S[None]) for point in x])

    return derivative(f, Sigma)


@oracle("grad_Sigma", rtol=1e-6, only=near)
def _(x, pi, mu, Sigma):
    return derivative(lambda S: free_log_p(x, pi, mu, S), Sigma)


@oracle("update_Sigma")
def _(x, r, mu):
    return [
        sum(w * np.outer(p - m, p - m) for p, w in zip(x, column, strict=True)) / math.fsum(column)
        for column, m in zip(r.T, mu, strict=True)
    ]


@oracle("grad_pi", rtol=1e-6, only=near)
def _(x, pi, mu, Sigma):
    return derivative(lambda p: free_log_p(x, p, mu, Sigma), pi, relative=0.05)


@oracle("grad_lagrangian", rtol=1e-6, only=near)
def _(x, pi, mu, Sigma, lam):
    return derivative(lambda p: free_log_p(x, p, mu, Sigma), pi, relative=0.05) + lam


@oracle("multiplier")
def _(r):
    """dQ/dpi_j = R_j / pi_j = -lambda at the maximum, the same for every j."""
    return -float(np.mean(r.sum(0) / r.mean(0)))


@oracle("update_pi")
def _(r):
    return r.mean(0)


@oracle("grad_logits", rtol=1e-5, only=near)
def _(x, a, mu, Sigma):
    return derivative(lambda a: free_log_p(x, special.softmax(a), mu, Sigma), a)


@oracle("update_pi_map", rtol=1e-5)
def _(r, alpha):
    """The largest posterior density of pi, found by an optimiser over logits."""
    if len(alpha) == 1:
        return [1.0]

    def loss(a):
        log_pi = special.log_softmax(np.append(a, 0.0))
        return -((r.sum(0) + np.asarray(alpha) - 1) * log_pi).sum()

    best = optimize.minimize(loss, np.zeros(len(alpha) - 1), method="BFGS", options={"gtol": 1e-9})
    return special.softmax(np.append(best.x, 0.0))


# ---- 06


@oracle("expected_complete_log_likelihood")
def _(x, r, pi, mu, Sigma):
    """The mean over all assignments of labels to points, each with its probability."""
    a = log_table(x, pi, mu, Sigma)
    n, k = a.shape
    if k**n > 3000:
        return None if k > 1 else a.sum()
    total = 0.0
    for z in itertools.product(range(k), repeat=n):
        total += math.prod(r[i, j] for i, j in enumerate(z)) * sum(a[i, j] for i, j in enumerate(z))
    return total


@oracle("coin_e_step")
def _(heads, flips, theta):
    """The binomial coefficient is the same for both coins."""
    n = np.broadcast_to(flips, np.shape(heads))
    return posterior(np.stack([stats.binom(n, t).logpmf(heads) for t in theta], axis=1))


@oracle("coin_m_step", rtol=1e-5)
def _(heads, flips, r):
    n = np.broadcast_to(flips, np.shape(heads))

    def best(w):
        loss = lambda t: -np.sum(w * (special.xlogy(heads, t) + special.xlog1py(n - heads, -t)))
        return optimize.minimize_scalar(loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-12}).x

    return [best(w) for w in r.T]


@oracle("poisson_e_step")
def _(x, pi, rate):
    return posterior(np.stack([np.log(p) + stats.poisson(s).logpmf(x) for p, s in zip(pi, rate, strict=True)], axis=1))


@oracle("poisson_m_step")
def _(x, r):
    return r.mean(0), [np.average(x, weights=w) for w in r.T]


@oracle("linkage_e_step")
def _(y, theta):
    return stats.binom(int(y[0]), (theta / 4) / (1 / 2 + theta / 4)).mean()


@oracle("linkage_m_step", rtol=1e-5)
def _(y, x2):
    """The maximiser of the complete-data multinomial likelihood, x2 of y1 in the cell theta / 4."""
    loss = lambda t: -(special.xlogy(x2 + y[3], t) + special.xlog1py(y[1] + y[2], -t))
    return optimize.minimize_scalar(loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-13}).x


@oracle("abo_step")
def _(counts, p):
    """Alleles counted over all ordered pairs of alleles that show a blood group (A, B, AB, O)."""
    group = {"AA": 0, "AO": 0, "OA": 0, "BB": 1, "BO": 1, "OB": 1, "AB": 2, "BA": 2, "OO": 3}
    chance = {pair: p["ABO".index(pair[0])] * p["ABO".index(pair[1])] for pair in group}
    total = [sum(c for pair, c in chance.items() if group[pair] == g) for g in range(4)]
    alleles = [
        sum(counts[g] * chance[pair] / total[g] * pair.count(a) for pair, g in group.items() if counts[g])
        for a in "ABO"
    ]
    return np.array(alleles) / sum(alleles)


@oracle("lamp_e_step", rtol=1e-8)
def _(t, tau):
    """Means of the exponential density cut off at t, from above and from below."""
    s, life = t / tau, stats.expon
    late = integrate.quad(lambda u: u * life.pdf(u), s, s + 60, epsabs=0, epsrel=1e-12)[0] / life.sf(s)
    early = integrate.quad(lambda u: u * life.pdf(u), 0, s, epsabs=0, epsrel=1e-12, limit=200)[0] / life.cdf(s)
    return tau * late, tau * early


@oracle("lamp_m_step", rtol=1e-6)
def _(x, burning, out, life_burning, life_out):
    """The maximiser of the expected complete-data log-likelihood, every lamp an exponential."""
    lives = np.concatenate([x, np.full(burning, life_burning), np.full(out, life_out)])
    loss = lambda u: -stats.expon(scale=np.exp(u)).logpdf(lives).sum() / len(lives)
    bounds = np.log(lives.min()) - 1, np.log(lives.max()) + 1
    return np.exp(optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x)


# ---- 07 and 08


@oracle("jensen_gap", rtol=1e-8)
def _(w, v):
    with mpmath.workdps(50):
        w, v = [mpmath.mpf(float(a)) for a in w], [mpmath.mpf(float(a)) for a in v]
        mean = sum(a * b for a, b in zip(w, v, strict=True))
        gap = mpmath.log(mean) - sum(a * mpmath.log(b) for a, b in zip(w, v, strict=True))
        return float(gap)


@holds("unweighted_counterexample")
def _(p):
    p = np.asarray(p)
    assert p.ndim == 1
    assert p.size > 1
    assert (p > 0).all()
    assert math.log(math.prod(map(float, p))) > math.log(math.fsum(p))


@oracle("lower_bound")
def _(log_p, q):
    """log p(x) minus the divergence from the posterior."""
    gap = sum(special.rel_entr(a, b) for a, b in zip(q, np.exp(log_p - special.logsumexp(log_p)), strict=True))
    return special.logsumexp(log_p) - gap if np.isfinite(gap) else elbo(log_p, q)


@oracle("tightest_q")
def _(log_p):
    return posterior(log_p)


@oracle("entropy")
def _(q):
    return float(np.sum(stats.entropy(np.atleast_2d(q), axis=1)))


ORACLES["kl"] = (kl, 1e-7, lambda p: True)
ORACLES["elbo"] = (elbo, 1e-7, lambda p: True)


@oracle("free_energy")
def _(log_joint, q):
    return -elbo(log_joint, q)


@oracle("decompose")
def _(log_joint, q):
    evidence = special.logsumexp(log_joint, axis=1)
    gap = special.rel_entr(q, np.exp(log_joint - evidence[:, None])).sum()
    if not np.isfinite(gap) and np.isfinite(log_joint).all():  # the posterior underflows, the divergence does not
        gap = np.sum(special.xlogy(q, q) - q * (log_joint - evidence[:, None]))
    return evidence.sum(), elbo(log_joint, q), gap


@oracle("tempered_posterior")
def _(log_joint, T):
    with mpmath.workdps(30):
        rows = [[mpmath.exp(mpmath.mpf(float(a)) / mpmath.mpf(float(T))) for a in row] for row in log_joint]
        return [[float(a / sum(row)) for a in row] for row in rows]


# ---- 09


@oracle("e_step_gains")
def _(log_joint, q_old):
    """L goes up to log p, log p stays, KL goes to zero."""
    gap = special.logsumexp(log_joint, axis=1).sum() - elbo(log_joint, q_old)
    return gap, 0.0, -gap


@oracle("m_step_gains")
def _(log_joint_old, log_joint_new, q):
    evidence = [special.logsumexp(a, axis=1).sum() for a in (log_joint_old, log_joint_new)]
    bound = [elbo(a, q) for a in (log_joint_old, log_joint_new)]
    up, down = evidence[1] - evidence[0], bound[1] - bound[0]
    return down, up, up - down


def along(f, theta_a, theta_b, t):
    values = []
    for s in t:
        pi, mu, Sigma = (
            np.asarray(a) + s * (np.asarray(b) - np.asarray(a)) for a, b in zip(theta_a, theta_b, strict=True)
        )
        valid = (pi > 0).all() and all(np.linalg.eigvalsh(S)[0] > 0 for S in Sigma)
        values.append(f(pi, mu, Sigma) if valid else np.nan)
    return values


@oracle("bound_along")
def _(x, r, theta_a, theta_b, t):
    return along(lambda *theta: elbo(log_table(x, *theta), r), theta_a, theta_b, t)


@oracle("log_likelihood_along")
def _(x, theta_a, theta_b, t):
    return along(lambda *theta: log_p(x, *theta), theta_a, theta_b, t)


# ---- 10


@oracle("grad_elbo_mu", rtol=1e-6, only=near)
def _(x, r, pi, mu, Sigma):
    return derivative(lambda m: elbo(log_table(x, pi, m, Sigma), r), mu)


@holds("gem_step", only=near)
def _(new, x, pi, mu, Sigma, step):
    """The first of step, step / 2, ... that raises L, along the gradient by differences."""
    q = posterior(log_table(x, pi, mu, Sigma))
    L = lambda m: elbo(log_table(x, pi, m, Sigma), q)
    slope = derivative(L, mu)
    moved = np.abs(new - mu).max()
    if moved == 0:
        assert not L(mu + step / 2**60 * slope) > L(mu)
        return
    used = ((new - mu) * slope).sum() / (slope**2).sum()
    np.testing.assert_allclose(new - mu, used * slope, rtol=1e-4, atol=1e-5 * moved)
    halvings = round(math.log2(step / used))
    np.testing.assert_allclose(used, step / 2**halvings, rtol=1e-5)
    assert 0 <= halvings <= 60
    assert L(new) > L(mu)
    if halvings:
        assert not L(mu + 2 * used * slope) > L(mu)


def in_exponential_form(eta1, eta2, x):
    return np.exp(x @ eta1 + np.einsum("na,ab,nb->n", x, eta2, x))


@holds("natural_parameters")
def _(result, mu, Sigma):
    """exp(eta . phi) is proportional to the density."""
    eta1, eta2 = result
    x = mu + np.random.default_rng(0).standard_normal((6, len(mu))) * np.sqrt(np.diag(Sigma))
    ratio = in_exponential_form(eta1, eta2, x) / stats.multivariate_normal(mu, Sigma).pdf(x)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-8)


@holds("mean_and_covariance")
def _(result, eta1, eta2):
    mu, Sigma = result
    x = mu + np.random.default_rng(0).standard_normal((6, len(mu))) * np.sqrt(np.diag(Sigma))
    away = np.log(in_exponential_form(eta1, eta2, x)) - stats.multivariate_normal(mu, Sigma).logpdf(x)
    np.testing.assert_allclose(away, away[0], rtol=1e-8, atol=1e-8)


@oracle("log_partition", rtol=1e-6)
def _(eta1, eta2):
    """In one dimension by quadrature; in more, dimension by dimension along the principal axes, each by quadrature."""
    values, axes = np.linalg.eigh(eta2)
    total = 0.0
    for a, b in zip(values, axes.T @ eta1, strict=True):
        peak, width = -b / (2 * a), 1 / math.sqrt(-2 * a)
        top = a * peak**2 + b * peak
        height = lambda u, a=a, b=b, top=top: math.exp(a * u * u + b * u - top)
        area = integrate.quad(height, peak - 12 * width, peak + 12 * width)[0]
        total += math.log(area) + top - math.log(2 * math.pi) / 2
    return total


@oracle("moment_matching")
def _(x, r):
    first = [np.average(x, axis=0, weights=w) for w in r.T]
    return first, [np.cov(x.T, aweights=w, ddof=0).reshape(len(m), -1) + np.outer(m, m) for w, m in zip(r.T, first)]  # noqa: B905


@holds("map_m_step", only=near)
def _(result, x, r, alpha, m0, kappa0, S0, nu0):
    """No small move raises expected log-likelihood + log prior, by scipy's Dirichlet and inverse-Wishart."""
    pi, mu, Sigma = result
    k, d = mu.shape

    def objective(pi, mu, Sigma):
        value = (r * log_table(x, pi, mu, Sigma)).sum() + (stats.dirichlet(alpha).logpdf(pi) if k > 1 else 0.0)
        for m, S in zip(mu, Sigma, strict=True):
            value += stats.invwishart(nu0, S0).logpdf(S) + stats.multivariate_normal(m0, S / kappa0).logpdf(m)
        return value

    best, rng = objective(pi, mu, Sigma), np.random.default_rng(0)
    for size in (1e-2, 1e-3):
        for _ in range(20):
            p = pi * np.exp(size * rng.standard_normal(k))
            A = np.eye(d) + size * rng.standard_normal((k, d, d))
            m = mu + size * np.sqrt(np.diagonal(Sigma, axis1=1, axis2=2)) * rng.standard_normal((k, d))
            S = A @ Sigma @ A.transpose(0, 2, 1)
            assert objective(p / p.sum(), m, (S + S.transpose(0, 2, 1)) / 2) < best
            assert objective(p / p.sum(), mu, Sigma) < best or k == 1
            assert objective(pi, m, Sigma) < best


@oracle("convergence_rate")
def _(thetas):
    thetas = np.asarray(thetas)
    last = [math.dist(thetas[i], thetas[i - 1]) for i in (-1, -2)]
    return last[0] / last[1]


@holds("aitken")
def _(limit, thetas):
    """The last three iterates lie on a geometric sequence that ends at the limit."""
    a, b, c = np.asarray(thetas)[-3:]
    np.testing.assert_allclose((c - limit) * (a - limit), (b - limit) ** 2, rtol=1e-5, atol=1e-18)


# ---- 11


@oracle("block_statistics")
def _(x, pi, mu, Sigma):
    r = posterior(log_table(x, pi, mu, Sigma))
    S1 = [sum(w * p for w, p in zip(column, x, strict=True)) for column in r.T]
    S2 = [sum(w * np.outer(p, p) for w, p in zip(column, x, strict=True)) for column in r.T]
    return [math.fsum(column) for column in r.T], S1, S2, log_p(x, pi, mu, Sigma)


@holds("theta_from_statistics")
def _(theta, S0, S1, S2):
    """The statistics of n points drawn with these parameters are, in the mean, the ones given."""
    pi, mu, Sigma = theta
    np.testing.assert_allclose(pi * np.sum(S0), S0)
    np.testing.assert_allclose(mu * S0[:, None], S1)
    second = S0[:, None, None] * (Sigma + np.einsum("ka,kb->kab", mu, mu))
    np.testing.assert_allclose(second, S2, rtol=1e-8, atol=1e-8 * np.abs(S2).max())


@oracle("online_update")
def _(S, S_block, step):
    return tuple(
        [(1 - step) * u + step * v for u, v in zip(a, b, strict=True)] for a, b in zip(S, S_block, strict=True)
    )


@oracle("forward")
def _(log_pi, log_A, log_B):
    """The sum over all paths that end in a state; for long chains, plain probabilities in 50 digits."""
    T, k = log_B.shape
    if k**T > 5000:
        with mpmath.workdps(50):
            e = lambda a: mpmath.exp(mpmath.mpf(float(a)))
            A = [[e(v) for v in row] for row in log_A]
            alpha = [e(log_pi[j]) * e(log_B[0, j]) for j in range(k)]
            rows = [alpha]
            for t in range(1, T):
                alpha = [sum(alpha[i] * A[i][j] for i in range(k)) * e(log_B[t, j]) for j in range(k)]
                rows.append(alpha)
            return [[float(mpmath.log(a)) for a in row] for row in rows]
    ends = [[[] for _ in range(k)] for _ in range(T)]
    for t in range(T):
        for path in itertools.product(range(k), repeat=t + 1):
            steps = sum(log_A[path[s - 1], path[s]] + log_B[s, path[s]] for s in range(1, t + 1))
            ends[t][path[-1]].append(log_pi[path[0]] + log_B[0, path[0]] + steps)
    return [[special.logsumexp(paths) for paths in row] for row in ends]


@holds("mean_field")
def _(result, log_p, q1, q2):
    """Given the old q2 no q1 is better, given the new q1 no q2: L of the product never rises by a small move."""
    new1, new2 = result
    L = lambda a, b: elbo(log_p, np.outer(a, b)) if (np.outer(a, b) > 0).all() else None
    rng = np.random.default_rng(0)
    for best, value in ((new1, lambda q: L(q, np.asarray(q2))), (new2, lambda q: L(new1, q))):
        np.testing.assert_allclose(np.sum(best), 1)
        top = value(best)
        if top is None:
            continue
        for _ in range(30):
            other = best * np.exp(0.05 * rng.standard_normal(len(best)))
            assert value(other / other.sum()) <= top + 1e-12 * abs(top)


# ---- relations between several solutions, and figures of Old Faithful that were computed elsewhere

THETA0 = (
    np.array([0.4, 0.6]),
    np.array([[2.2, 57.0], [4.1, 78.0]]),
    np.array([[[0.12, 0.6], [0.6, 40.0]], [[0.25, 1.1], [1.1, 30.0]]]),
)


def solved(name, *args):
    return exercises()[name].solution(*args)


def problems_of(name):
    return [pytest.param(*p.args.values(), id=p.label) for p in exercises()[name].problems(np.random.default_rng(7))]


def test_figures_of_old_faithful():
    x = old_faithful()
    np.testing.assert_allclose(solved("grad_mu", x, *THETA0)[0], [-107.119146, -4.429214], atol=5e-7)
    G = solved("grad_Sigma", x, *THETA0)[0]
    np.testing.assert_allclose([G[0, 0], G[1, 1], G[0, 1] + G[1, 0]], [-115.52725, -0.109787, 9.431355], atol=1e-5)
    gradient = solved("grad_pi", x, *THETA0)
    np.testing.assert_allclose(gradient, [242.761921, 291.492053], atol=5e-7)
    np.testing.assert_allclose(THETA0[0] @ gradient, 272)
    r = solved("e_step", x, *THETA0)
    np.testing.assert_allclose(solved("multiplier", r), -272)
    np.testing.assert_allclose(solved("update_pi", r), [97.104768 / 272, 174.895232 / 272], atol=1e-8)
    np.testing.assert_allclose(solved("update_pi_map", r, np.full(2, 2.0)), [0.358047, 0.641953], atol=5e-7)


@pytest.mark.parametrize(("x", "pi", "mu", "Sigma"), problems_of("grad_mu"))
def test_an_em_step_is_a_preconditioned_gradient_step(x, pi, mu, Sigma):
    """Xu and Jordan (1996): Sigma_j / R_j times the gradient in mu; 2 / R_j Sigma_j G Sigma_j with the old mean."""
    r = posterior(log_table(x, pi, mu, Sigma))
    R, G_mu, G_Sigma = r.sum(0), solved("grad_mu", x, pi, mu, Sigma), solved("grad_Sigma", x, pi, mu, Sigma)
    for j in np.flatnonzero(R > 1e-9):
        np.testing.assert_allclose(mu[j] + Sigma[j] @ G_mu[j] / R[j], solved("update_mu", x, r)[j], rtol=1e-6)
        stepped = Sigma[j] + 2 / R[j] * Sigma[j] @ G_Sigma[j] @ Sigma[j]
        np.testing.assert_allclose(stepped, solved("update_Sigma", x, r, mu)[j], rtol=1e-6, atol=1e-7 * Sigma[j].max())


@pytest.mark.parametrize(("x", "pi", "mu", "Sigma"), problems_of("grad_pi"))
def test_the_gradient_in_pi_sums_to_n(x, pi, mu, Sigma):
    """Euler's theorem for a homogeneous function; and the logits, which move nothing when they all rise, sum to 0."""
    np.testing.assert_allclose(pi @ solved("grad_pi", x, pi, mu, Sigma), len(x))
    np.testing.assert_allclose(solved("grad_logits", x, np.log(pi), mu, Sigma).sum(), 0, atol=1e-9 * len(x))


@pytest.mark.parametrize("r", problems_of("multiplier"))
def test_the_multiplier_is_minus_the_price_of_probability(r):
    """The envelope theorem: d/dc of the best value under sum pi = c is -lambda at c = 1. And R + lambda pi vanishes."""
    R, lam = r.sum(0), solved("multiplier", r)
    np.testing.assert_allclose(R + lam * solved("update_pi", r), 0, atol=1e-12 * len(r))
    best = lambda c: special.xlogy(R, c * R / R.sum()).sum()
    np.testing.assert_allclose((best(1 + 1e-5) - best(1 - 1e-5)) / 2e-5, -lam, rtol=1e-7)


# ---- the NumPy clinic: loops over single numbers, fractions and 50 digits


@oracle("column_means")
def _(x):
    return [math.fsum(row[a] for row in x) / len(x) for a in range(len(x[0]))]


@oracle("largest_shares")
def _(r):
    return [sorted(row)[-1] for row in r.tolist()]


@holds("below_the_largest")
def _(below, log_joint):
    for found, row in zip(below, log_joint, strict=True):
        assert max(found) == 0
        assert np.allclose(found - found[0], row - row[0], atol=1e-9)


@oracle("divide_each")
def _(S2, R):
    return [[[float(Fraction(v) / Fraction(c)) for v in row] for row in M] for M, c in zip(S2, R, strict=True)]


@oracle("from_columns")
def _(flat, d):
    n = len(flat) // d
    return [[flat[a * n + i] for a in range(d)] for i in range(n)]


@oracle("components_first")
def _(away):
    n, k, d = away.shape
    return [[[away[i, j, a] for a in range(d)] for i in range(n)] for j in range(k)]


@oracle("product_table")
def _(q1, q2):
    return np.reshape([u * v for u, v in itertools.product(q1, q2)], (len(q1), len(q2)))


@oracle("outer_each")
def _(x):
    return [[[u * v for v in p] for u in p] for p in x]


@holds("solve_each")
def _(solutions, Sigma, mu):
    for S, y, m in zip(Sigma, solutions, mu, strict=True):
        back = [math.fsum(a * b for a, b in zip(row, y, strict=True)) for row in S]
        assert np.allclose(back, m, rtol=1e-9, atol=1e-9 * np.abs(m).max())


@oracle("squared_lengths")
def _(x, mu, Sigma):
    """The density gives its exponent away."""
    pairs = [(stats.multivariate_normal(m, S), m) for m, S in zip(mu, Sigma, strict=True)]
    return np.stack([2 * (N.logpdf(m) - np.atleast_1d(N.logpdf(x))) for N, m in pairs], axis=1)


def exact_log_sum(row):
    with mpmath.workdps(50):
        return mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(float(v))) for v in row))


@oracle("log_sum_exp")
def _(log_joint):
    return [float(exact_log_sum(row)) for row in log_joint]


@oracle("log_shares")
def _(log_joint):
    with mpmath.workdps(50):
        return [[float(mpmath.mpf(float(v)) - exact_log_sum(row)) for v in row] for row in log_joint]


# ---- the capstone: precisions for conditionals, weighted points for covariances, all permutations


@oracle("seen_log_joint")
def _(x, pi, mu, Sigma):
    def one(row, p, m, S):
        P = np.eye(len(row))[~np.isnan(row)]  # the seen coordinates are P x
        if not len(P):
            return math.log(p)
        return math.log(p) + stats.multivariate_normal(P @ m, P @ S @ P.T).logpdf(P @ np.nan_to_num(row))

    return [[one(row, *theta) for theta in zip(pi, mu, Sigma, strict=True)] for row in x]


@oracle("fill_in", rtol=1e-6)
def _(x, mu, Sigma):
    """By the precision: mean -P_mm^-1 P_mo (x_o - mu_o) from mu_m, covariance P_mm^-1."""
    precision, filled, C = np.linalg.inv(Sigma), x.copy(), np.zeros((*x.shape, len(mu)))
    for i, m in enumerate(np.isnan(x)):
        if m.any():
            C[i][np.ix_(m, m)] = np.linalg.inv(precision[np.ix_(m, m)])
            filled[i, m] = mu[m] - C[i][np.ix_(m, m)] @ precision[np.ix_(m, ~m)] @ (x[i, ~m] - mu[~m])
    return filled, C


@oracle("m_step_seen")
def _(r, filled, C, nu0, S0):
    """Each expected point as 2 d points of the same mean and covariance: then it is a weighted covariance."""
    k, d = filled.shape[1:]
    values, vectors = np.linalg.eigh(C)
    arms = np.sqrt(d * np.maximum(values, 0))[..., None] * vectors.swapaxes(2, 3)
    points = np.concatenate([filled[:, :, None] + arms, filled[:, :, None] - arms], axis=2)
    mu, Sigma = np.empty((k, d)), np.empty((k, d, d))
    for j in range(k):
        rows, weights = points[:, j].reshape(-1, d), np.repeat(r[:, j], 2 * d) / (2 * d)
        mu[j] = np.average(rows, axis=0, weights=weights)
        spread = np.reshape(np.cov(rows.T, aweights=weights, ddof=0), (d, d))
        Sigma[j] = (weights.sum() * spread + S0) / (weights.sum() + nu0 + d + 1)
    return r.mean(0), mu, Sigma


@oracle("bic")
def _(log_likelihood, n, k, d):
    free = list(range(k))[1:] + [1] * (k * d) + k * list(itertools.combinations_with_replacement(range(d), 2))
    return math.log(n) * len(free) - 2 * log_likelihood


@oracle("standard_errors")
def _(mus, mu):
    def nearest(fit):
        return min(itertools.permutations(fit), key=lambda rows: ((np.array(rows) - mu) ** 2).sum())

    matched = [nearest(fit) for fit in mus]
    return [[statistics.stdev(fit[j][a] for fit in matched) for a in range(mu.shape[1])] for j in range(len(mu))]
