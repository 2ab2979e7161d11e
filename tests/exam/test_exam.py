"""The exam: its model answers by oracles that share nothing with them, and what right, wrong and empty papers earn."""

import itertools
import re

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from emtutor import exam
from emtutor.desk import notebooks
from emtutor.desk.deliver import lessons
from emtutor.exam import listing, statements
from emtutor.maths.em import is_stub

SEEDS = range(20)
WRONG = (
    None, True, -3, 2.5, np.nan, 10**400, 1j, "Z", "the answer", [], [1], [[1, 2], [3, 4]], {"a": 1}, {1, 2}, b"A",
    object(), float, print, lambda: 1, lambda *a: None, lambda *a: a[0], lambda *a: 1 / 0, np.zeros((3, 3)),
    np.full(5, np.inf), ["A", ..., 3], range(3), "import os\nos", "def f(:",
)  # fmt: skip


def given(paper):
    """The model answers by name."""
    return {f"answer_{part.name}": part.right for q in paper.questions for part in q.parts}


each_seed = pytest.mark.parametrize("paper", [exam.sit(seed) for seed in SEEDS], ids=lambda paper: str(paper.seed))


# ---- what papers earn


def test_it_is_the_exam_that_was_announced():
    questions = exam.sit(0).questions
    assert [q.points for q in questions] == [5, 6, 8, 8, 6, 4, 6, 6, 5, 6, 8, 5, 6, 5, 6]
    assert [sum(q.points for q in part) for part in (questions[:10], questions[10:])] == [60, 30]
    assert {q.lesson for q in questions} <= {path.stem for path in lessons().glob("*.ipynb")}


@each_seed
def test_model_answers_earn_all_points(paper):
    report = exam.submit(paper, given(paper))
    assert (report.points, report.status) == (90, "correct")
    assert [mark.note for mark in report.marks if mark.note] == []


@each_seed
def test_an_empty_paper_earns_nothing_and_shows_no_answers(paper):
    def stub(x):
        """What is asked for."""
        ...

    assert is_stub(stub)
    stubs = dict.fromkeys(exam.functions(), stub)
    lists = {"answer_5a": [...] * 5, "answer_7": [...] * 3, "answer_8": "------", "answer_1a": " "}
    for answers in ({}, dict.fromkeys(given(paper), ...), stubs | lists):
        report = exam.submit(paper, answers)
        assert report.points == 0
        assert {mark.status for mark in report.marks} == {"unattempted"}
        assert str(report).count("not attempted") == 15
        assert "follow" in str(paper.model_answers())
        assert "def answer" not in str(paper.model_answers())


@each_seed
def test_wrong_answers_of_every_kind_raise_nothing_and_earn_nothing_they_should_not(paper):
    names = list(given(paper))
    for i in range(0, len(WRONG), 4):
        wrong = dict(zip(names, itertools.islice(itertools.cycle(WRONG), i, None), strict=False))
        report = exam.submit(paper, wrong)
        assert report.points <= 6  # a guess may hit a number; nothing here is meant to
        str(report), report._repr_html_()


@each_seed
def test_one_wrong_answer_costs_its_own_points_and_no_others(paper):
    right = given(paper)
    for q in paper.questions:
        for part in q.parts:
            report = exam.submit(paper, right | {f"answer_{part.name}": "Z"})
            assert report.points == 90 - part.points, part.name
            lost = {
                number for number, points in report.by_question.items() if points < paper.questions[number - 1].points
            }
            assert lost == {q.number}


@each_seed
def test_answers_as_people_write_them_count(paper):
    right = given(paper)
    written = {}
    for name, answer in right.items():
        if isinstance(answer, list):
            written[name] = tuple(round(v, 2) for v in answer)
        elif isinstance(answer, float):
            written[name] = np.float64(round(answer, 2))
        elif isinstance(answer, str) and name != "answer_9b":
            written[name] = list(answer.lower())
        elif isinstance(answer, str):
            written[name] = f"  {answer}  # mended"
        else:
            written[name] = answer
    written["answer_8"] = [sign == "T" for sign in right["answer_8"]]
    assert exam.submit(paper, written).points == 90


def test_a_seed_is_a_paper_and_another_seed_another():
    assert exam.sit(3).model_answers(sure=True).markdown == exam.sit(3).model_answers(sure=True).markdown
    assert len({exam.sit(seed).model_answers(sure=True).markdown for seed in SEEDS}) == len(SEEDS)


def test_without_arguments_the_last_paper_and_the_notebooks_own_names_are_meant(monkeypatch):
    import __main__

    paper = exam.sit(4)
    monkeypatch.setattr(__main__, "answer_8", given(paper)["answer_8"], raising=False)
    assert exam.submit().points == 6
    assert paper.report is not None
    assert "def answer_2a" in str(paper.model_answers())


@pytest.mark.parametrize("seed", [-1, 1.0, True, "7", None])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        exam.sit(seed)


def test_other_misuse_is_said():
    with pytest.raises(ValueError, match=r"from 1 to 15, such as .*, got 16"):
        exam.sit(0).show(16)
    with pytest.raises(ValueError, match=r"paper must be a paper from exam\.sit"):
        exam.submit(7, {})


# ---- marking in parts


def test_the_misprint_of_the_slides_earns_no_full_points():
    paper = exam.sit(1)
    literal = {"answer_1b": lambda density, pi: pi * density / (len(pi) * pi * density)}
    assert exam.submit(paper, given(paper) | literal).by_question[1] < 5


def test_a_function_right_only_in_the_ordinary_case_earns_half():
    paper = exam.sit(1)
    only_first = {"answer_3a": lambda R, a, b: exam.functions()["answer_3a"](R, a, b) if len(R) == 4 else R}
    assert exam.submit(paper, given(paper) | only_first).by_question[3] == 6


@each_seed
def test_the_m_step_by_hand_is_marked_from_ones_own_e_step(paper):
    x = np.array(numbers(paper.questions[4].shown, r"\| \$x_i\$ \|(.*)\|"))
    own = [0.9, 0.8, 0.35, 0.2, 0.1]
    pi, mu1, mu2 = np.mean(own), np.average(x, weights=own), np.average(x, weights=1 - np.array(own))
    report = exam.submit(paper, {"answer_5a": own, "answer_5b": [pi, mu1, mu2]})
    assert [mark.points for mark in report.marks if mark.name == "answer_5b"] == [3]


# ---- the model answers, by oracles; numbers are read from what the student reads


def numbers(shown, pattern):
    """All whole numbers, decimals and fractions in the group of the pattern."""
    found = re.search(pattern, shown)
    return [float(eval(n)) for n in re.findall(r"-?\d+(?:[./]\d+)?", found[1])]


def part(paper, name):
    return next(p for q in paper.questions for p in q.parts if p.name == name)


def gaussian_density(x, mu, Sigma):
    return np.array([[stats.multivariate_normal(m, Sigma).pdf(point) for m in mu] for point in x])


def test_1b_is_bayes_theorem_by_counting():
    rng = np.random.default_rng(0)
    pi, density = rng.dirichlet([1, 1, 1]), rng.uniform(size=(4, 3))
    for point, r in zip(density, exam.functions()["answer_1b"](density, pi), strict=True):
        joint = [pi[j] * point[j] for j in range(3)]
        assert r == pytest.approx([v / sum(joint) for v in joint])


def test_2a_is_the_gradient_by_finite_differences():
    rng = np.random.default_rng(1)
    x, mu, pi, root = (
        rng.normal(size=(6, 2)),
        rng.normal(size=(3, 2)),
        rng.dirichlet([1, 1, 1]),
        rng.normal(size=(2, 2)),
    )
    Sigma = root @ root.T + np.eye(2)

    def log_p(flat):
        return np.log(gaussian_density(x, flat.reshape(3, 2), Sigma) @ pi).sum()

    got = exam.functions()["answer_2a"](x, pi, mu, Sigma, gaussian_density(x, mu, Sigma))
    assert got.ravel() == pytest.approx(optimize.approx_fprime(mu.ravel(), log_p, 1e-7), abs=1e-4)


@each_seed
def test_2b_is_the_slope_of_the_weighted_log_density(paper):
    shown = paper.questions[1].shown
    x, r = numbers(shown, r"\$x_i\$(.*)"), numbers(shown, r"r_\{i1\}\$(.*)")
    ((m,), (s2,)) = numbers(shown, r"mu_1 = (\d+)"), numbers(shown, r"Sigma = (\d+)")

    def weighted(mean):
        return sum(w * stats.norm(mean, s2**0.5).logpdf(v) for w, v in zip(r, x, strict=True))

    assert part(paper, "2b").right == pytest.approx((weighted(m + 1e-5) - weighted(m - 1e-5)) / 2e-5, abs=1e-6)


@each_seed
def test_3_is_the_constrained_maximum_and_its_multipliers(paper):
    shown = paper.questions[2].shown
    R = np.array(numbers(shown, r"R = \((.*?)\)"))
    a, b = (int(numbers(shown, rf"\${letter} = (\d)")[0]) - 1 for letter in "ab")
    equal = {"type": "eq", "fun": lambda pi: pi[a] - pi[b]}
    whole = {"type": "eq", "fun": lambda pi: pi.sum() - 1}
    best = optimize.minimize(lambda pi: -R @ np.log(pi), np.full(4, 0.25), bounds=[(1e-6, 1)] * 4, tol=1e-12,
                             constraints=[equal, whole], options={"maxiter": 500})  # fmt: skip
    pi = exam.functions()["answer_3a"](R, a, b)
    assert pi == pytest.approx(best.x, abs=1e-4)
    lam, nu = part(paper, "3b").right
    slopes = R / pi + lam + nu * (np.eye(4)[a] - np.eye(4)[b])  # of the Lagrangian in the notebook
    assert slopes == pytest.approx(np.zeros(4), abs=1e-9)


def test_4a_is_the_maximum_found_by_scipy():
    rng = np.random.default_rng(2)
    x, r = rng.exponential(2.0, 7), rng.dirichlet([1, 1], size=7)
    pi, rate = exam.functions()["answer_4a"](x, r)

    def loss(free):
        logits = np.array([free[0], 0.0])
        log_pi = logits - np.logaddexp(*logits)
        means = np.exp(free[1:])
        return -(r * (log_pi + stats.expon(scale=means).logpdf(x[:, None]))).sum()

    best = optimize.minimize(loss, np.zeros(3), tol=1e-12)
    assert np.exp(best.x[1:]) == pytest.approx(1 / rate, rel=1e-4)
    assert 1 / rate == pytest.approx((r.T @ x) / r.sum(0))
    assert pi[0] == pytest.approx(1 / (1 + np.exp(-best.x[0])), rel=1e-4)


@each_seed
def test_4b_says_what_another_unit_does_to_4a(paper):
    shown, right = paper.questions[3].shown, part(paper, "4b").right
    rng, (factor,) = np.random.default_rng(2), numbers(shown, r"divided by (\d+)")
    x, r = rng.exponential(2.0, 7), rng.dirichlet([1, 1], size=7)
    answer = exam.functions()["answer_4a"]
    (pi, rate), (new_pi, new_rate) = answer(x, r), answer(x / factor, r)
    assert new_pi == pytest.approx(pi)
    assert new_rate == pytest.approx(factor * rate)
    assert f"- **{right}** each $\\lambda_j$ is {factor:g} times as large, and $\\pi$ is as before" in shown


@each_seed
def test_5_is_one_iteration_by_scipys_densities(paper):
    shown = paper.questions[4].shown
    x = np.array(numbers(shown, r"\| \$x_i\$ \|(.*)\|"))
    top, bottom = numbers(shown.replace("}{", "/"), r"tfrac\{(\d+)/")[0], numbers(shown, r"tfrac\{\d+\}\{(\d+)\}")[0]
    means = numbers(shown, r"mu = \((.*?)\)")
    sd = np.sqrt(2 / np.log(2))
    one, two = top / bottom * stats.norm(means[0], sd).pdf(x), (1 - top / bottom) * stats.norm(means[1], sd).pdf(x)
    r = one / (one + two)
    assert part(paper, "5a").right == pytest.approx(r.tolist())
    assert part(paper, "5b").right == pytest.approx([r.mean(), np.average(x, weights=r), np.average(x, weights=1 - r)])


@each_seed
def test_6_names_the_one_line_that_differs_and_the_choice_that_closes_the_gap(paper):
    rng = np.random.default_rng(3)
    joint, q = rng.uniform(0.01, 0.1, 4), rng.dirichlet(np.ones(4))
    p = rng.dirichlet(np.ones(4))
    value = {  # each line in numbers, by a text that only it has
        r"$\log p(x)$": np.log(joint.sum()), r"\log \sum_z p(x, z)": np.log(joint.sum()),
        r"\log \sum_z q(z) \dfrac{p(x, z)}{q(z)}": np.log((q * (joint / q)).sum()),
        r"$\sum_z q(z) \log \dfrac{p(x, z)}{q(z)}": (q * np.log(joint / q)).sum(),
        r"\log p(x, z) - ": (q * np.log(joint)).sum() - (q * np.log(q)).sum(),
        r"$-D_": -stats.entropy(q, p), r"$-\sum_z": -(q * np.log(q / p)).sum(),
        r"$\sum_z q(z) \log \dfrac{p(z)}{q(z)}": (q * np.log(p / q)).sum(),
        r"\log \sum_z q(z) \dfrac{p(z)}": np.log((q * (p / q)).sum()),
        r"\log \sum_z p(z)$": np.log(p.sum()), "$0$": 0.0,
    }  # fmt: skip
    shown = paper.questions[5].shown
    lines = re.findall(r"^\d+\. (.*)$", shown, flags=re.MULTILINE)
    values = [[v for text, v in value.items() if text in line] for line in lines]
    assert all(len(found) == 1 for found in values), values
    steps = [i for i in range(1, len(lines)) if values[i][0] != pytest.approx(values[i - 1][0], abs=1e-12)]
    assert [i + 1 for i in steps] == [part(paper, "6a").right]
    right = next(line for line in shown.splitlines() if line.startswith(f"- **{part(paper, '6b').right}**"))
    assert ("p(z \\mid x)$ for all" if "p(x" in shown.split("6b")[0] else "q(z) = p(z)$ for all") in right


@each_seed
def test_7_by_enumeration_of_all_nine_pairs_of_labels(paper):
    rows = [
        numbers(line, r"^\| \d \|(.*)\|$")
        for line in paper.questions[6].shown.splitlines()
        if line[:3] in ("| 1", "| 2")
    ]
    joint, q = np.array(rows)[:, :3], np.array(rows)[:, 3:]
    assert q.sum(axis=1) == pytest.approx([1, 1])
    evidence = sum(joint[0, a] * joint[1, b] for a in range(3) for b in range(3))
    bound = kl = 0.0
    for a, b in itertools.product(range(3), repeat=2):
        both, weight = joint[0, a] * joint[1, b], q[0, a] * q[1, b]
        if weight:
            bound += weight * np.log(both / weight)
            kl += weight * np.log(weight / (both / evidence))
    assert part(paper, "7").right == pytest.approx([bound, kl, np.log(evidence)])
    assert kl > 0.1


@each_seed
def test_8_has_six_statements_of_which_two_to_four_hold(paper):
    known = {s.text: s.holds for topic in statements.STATEMENTS.values() for s in topic}
    texts = re.findall(r"^\d\. (.*)$", paper.questions[7].shown, flags=re.MULTILINE)
    assert len(set(texts)) == 6
    assert "".join("FT"[known[text]] for text in texts) == part(paper, "8").right
    assert 2 <= part(paper, "8").right.count("T") <= 4


def iteration(x, pi, mu, s2):
    """EM for a mixture on a line, by scipy's density and loops."""
    r = np.array([[p * stats.norm(m, s**0.5).pdf(v) for p, m, s in zip(pi, mu, s2, strict=True)] for v in x])
    r /= r.sum(axis=1)[:, None]
    mean = np.array([np.average(x, weights=w) for w in r.T])
    return r.mean(axis=0), mean, np.array([np.average((x - m) ** 2, weights=w) for m, w in zip(mean, r.T, strict=True)])


CASE = (np.array([-2.0, -1.5, 0.0, 1.0, 2.5]), np.array([0.3, 0.7]), np.array([-1.0, 1.0]), np.array([0.5, 2.0]))


def test_9_the_listing_is_em_and_no_bug_is():
    want = iteration(*CASE)
    for got, right in zip(listing.built(listing.LISTING)(*CASE), want, strict=True):
        assert got == pytest.approx(right)
    for bug in listing.BUGS:
        got = listing.built(listing.lines_with(bug.line, bug.code))(*CASE)
        assert not all(np.allclose(g, w) for g, w in zip(got, want, strict=True)), bug


@each_seed
def test_9_shows_one_wrong_line_and_its_correction_mends_it(paper):
    lines = [line[4:] for line in paper.questions[8].shown.splitlines()[1:-1]]
    differing = [i for i, (a, b) in enumerate(zip(lines, listing.LISTING, strict=True), 1) if a != b]
    assert differing == [part(paper, "9a").right]
    lines[differing[0] - 1] = "    " + part(paper, "9b").right
    for got, right in zip(listing.built(lines)(*CASE), iteration(*CASE), strict=True):
        assert got == pytest.approx(right)


def test_9_another_line_that_mends_it_is_right():
    paper = next(p for p in map(exam.sit, itertools.count()) if "np.log(pi) - np.log(s2) -" in p.questions[8].shown)
    other = "log_p = np.log(pi / np.sqrt(s2)) - 0.5 * np.subtract.outer(x, mu) ** 2 / s2"
    assert exam.submit(paper, {"answer_9a": 2, "answer_9b": other}).by_question[9] == 5


def test_10a_is_the_maximum_found_by_scipy_and_10b_never_falls_while_the_likelihood_may():
    heads, flips, a, b = np.array([5, 9, 8, 4, 7]), np.full(5, 10), 3.0, 7.0
    m_step, theta = exam.functions()["answer_10a"], np.array([0.8, 0.5])
    values = []
    for _ in range(20):
        table = stats.binom(10, theta).pmf(heads[:, None]) / 2
        likelihood = np.log(table.sum(axis=1)).sum()
        values.append((likelihood, likelihood + stats.beta(a, b).logpdf(theta).sum()))
        r = table / table.sum(axis=1)[:, None]
        theta = m_step(heads, flips, r, a, b)
        for j in range(2):
            loss = lambda t, j=j, r=r: -(r[:, j] * stats.binom(10, t).logpmf(heads)).sum() - stats.beta(a, b).logpdf(t)
            best = optimize.minimize_scalar(loss, bounds=(0.01, 0.99), method="bounded", options={"xatol": 1e-9})
            assert theta[j] == pytest.approx(best.x, abs=1e-6)
    likelihood, posterior = np.diff(values, axis=0).T
    assert (posterior > -1e-12).all()
    assert (likelihood < 0).any()


# ---- part two


def lettered(shown, after, before=""):
    """{letter: text} of the list between two texts."""
    block = shown.split(after)[1].split(before)[0] if before else shown.split(after)[1]
    return dict(re.findall(r"^- \*\*([A-Z])\*\* (.*)$", block, flags=re.MULTILINE))


def _lemma_values(rng):
    """Each line of 11a in numbers, by a text that only it has."""
    joint = rng.dirichlet(np.ones(12)).reshape(3, 4)  # x, z
    x, q = 1, rng.dirichlet(np.ones(4))
    p_z, posterior = joint.sum(axis=0), joint[x] / joint[x].sum()
    mean = lambda values: float(q @ np.log(values))
    return np.log(joint[x].sum()), {
        r"\log p(x)$": mean(np.full(4, joint[x].sum())),
        r"\dfrac{p(x, z)}{p(z \mid x)}$": mean(joint[x] / posterior),
        r"\cdot \dfrac{q(z)}{p(z \mid x)}": mean(joint[x] / q * q / posterior),
        r"+ \sum_z q(z) \log \dfrac{q(z)}{p(z \mid x)}": mean(joint[x] / q) + mean(q / posterior),
        r"\dfrac{p(x, z)}{p(z)}$": mean(joint[x] / p_z),
        r"\cdot \dfrac{p(z \mid x)}{q(z)}": mean(joint[x] / q * posterior / q),
        r"+ \sum_z q(z) \log \dfrac{p(z \mid x)}{q(z)}": mean(joint[x] / q) + mean(posterior / q),
    }


@each_seed
def test_11a_has_four_lines_equal_to_log_p_and_three_that_are_not(paper):
    lines = lettered(paper.questions[10].shown, "For 11a", "For 11b")
    log_p, values = _lemma_values(np.random.default_rng(paper.seed))
    right = part(paper, "11a").right
    for letter, line in lines.items():
        (value,) = [v for text, v in values.items() if text in line]
        assert (value == pytest.approx(log_p, abs=1e-12)) == (letter in right), line
    expected = (r"\log p(x)$", "{p(z \\mid x)}$", r"\Bigl(", "+ \\sum_z")  # one rule at a time
    assert all(text in lines[letter] for text, letter in zip(expected, right, strict=True))


def _ascent_values(seed):
    """log p at the new and the old theta of one EM step, and each line of 11b in numbers."""
    rng = np.random.default_rng(seed)
    x, pi, mu = np.r_[rng.normal(-1, 1, 5), rng.normal(2, 1, 5)], rng.dirichlet([3, 3]), rng.normal(size=2)
    joint = lambda pi, mu: np.array([[p * stats.norm(m).pdf(v) for p, m in zip(pi, mu, strict=True)] for v in x])
    old = joint(pi, mu)
    q = old / old.sum(axis=1, keepdims=True)
    new = joint(q.mean(axis=0), (q.T @ x) / q.sum(axis=0))
    log_p = lambda a: np.log(a.sum(axis=1)).sum()
    L = lambda a: (q * np.log(a / q)).sum()
    D = lambda a: (q * np.log(q * a.sum(axis=1, keepdims=True) / a)).sum()
    new_, old_ = r"\theta_{\text{new}})", r"\theta_{\text{old}})"
    return log_p(new), log_p(old), {
        rf"$\mathcal{{L}}(q, {new_} + D(q, {new_}$": L(new) + D(new), rf"$\mathcal{{L}}(q, {new_}$": L(new),
        rf"$\mathcal{{L}}(q, {old_}$": L(old), rf"$\mathcal{{L}}(q, {old_} + D(q, {old_}$": L(old) + D(old),
        rf"$\mathcal{{L}}(q, {new_} - D(q, {new_}$": L(new) - D(new),
        rf"$\mathcal{{L}}(q, {old_} - D(q, {new_}$": L(old) - D(new),
        rf"$\sum_z q(z) \log p(x, z \mid {new_}$": (q * np.log(new)).sum(),
    }  # fmt: skip


@each_seed
def test_11b_descends_from_the_new_log_p_to_the_old_and_with_no_other_line(paper):
    lines = lettered(paper.questions[10].shown, "For 11b")
    right = part(paper, "11b").right
    broken = set()
    for seed in range(30):
        new, old, values = _ascent_values(seed)
        chain = [new, *(values[lines[letter]] for letter in right), old]
        assert (np.diff(chain) <= 1e-12).all()
        assert chain[1] == pytest.approx(new)
        assert chain[-2] == pytest.approx(old)
        for letter in set(lines) - set(right):
            if values[lines[letter]] < old - 1e-9:  # it can be no line between
                broken.add(letter)
    assert broken == set(lines) - set(right)


class Table:
    """A joint distribution of binary variables with a graph's arrows, as a table; conditionals by adding up."""

    def __init__(self, arrows, rng):
        self.names = sorted({name for pair in arrows for name in pair})
        parents = {name: [a for a, b in arrows if b == name] for name in self.names}
        chance = {name: rng.uniform(0.05, 0.95, (2,) * len(parents[name])) for name in self.names}
        self.p = {}
        for values in itertools.product((0, 1), repeat=len(self.names)):
            at = dict(zip(self.names, values, strict=True))
            on = {name: chance[name][tuple(at[a] for a in parents[name])] for name in self.names}
            self.p[values] = np.prod([on[name] if at[name] else 1 - on[name] for name in self.names])

    def marginal(self, fixed):
        return sum(p for values, p in self.p.items()
                   if all(values[self.names.index(name)] == v for name, v in fixed.items()))  # fmt: skip

    def product(self, text, at):
        """The value of "p(a, b \\mid c) p(d)" where the variables are as in `at`."""
        value = 1.0
        for of, _, given in re.findall(r"p\(([^|()]*?)( \\mid ([^()]*))?\)", text):
            given = given.split(", ") if given else []
            names = [*of.split(", "), *given]
            value *= self.marginal({n: at[n] for n in names}) / self.marginal({n: at[n] for n in given})
        return value

    def holds(self, left, right):
        cases = [dict(zip(self.names, values, strict=True)) for values in self.p]
        return all(abs(self.product(left, at) - self.product(right, at)) < 1e-12 for at in cases)


@each_seed
def test_12_by_enumeration_of_a_random_distribution_with_these_arrows(paper):
    shown = paper.questions[11].shown
    arrows = re.findall(r"\$(\S+) \\to (\S+)\$", shown.split("For 12a")[0])
    assert len(arrows) in (5, 6)
    table = Table(arrows, np.random.default_rng(paper.seed))
    joints = lettered(shown, "For 12a", "For 12b")
    whole = f"p({', '.join(table.names)})"
    assert [letter for letter, text in joints.items() if table.holds(whole, text)] == [part(paper, "12a").right]
    equations = lettered(shown, "For 12b")
    assert len(equations) == 5
    held = "".join(letter for letter, text in equations.items() if table.holds(*text.strip("$").split(" = ")))
    assert held == part(paper, "12b").right


def test_13a_is_the_gradient_by_finite_differences_each_entry_by_itself():
    rng = np.random.default_rng(5)
    x, r, mu, root = rng.normal(size=(6, 2)), rng.uniform(size=6), rng.normal(size=2), rng.normal(size=(2, 2))
    Sigma = root @ root.T + np.eye(2)

    def f(flat):
        S = flat.reshape(2, 2)  # not symmetric when one entry moves: written out, without a Cholesky factor
        quadratic = [(v - mu) @ np.linalg.solve(S, v - mu) for v in x]
        return sum(
            w * (-0.5 * np.log(np.linalg.det(2 * np.pi * S)) - 0.5 * a) for w, a in zip(r, quadratic, strict=True)
        )

    assert f(Sigma.ravel()) == pytest.approx(r @ stats.multivariate_normal(mu, Sigma).logpdf(x))
    got = exam.functions()["answer_13a"](x, r, mu, Sigma)
    assert got.ravel() == pytest.approx(optimize.approx_fprime(Sigma.ravel(), f, 1e-7), abs=1e-4)


@each_seed
def test_13b_is_the_slope_in_the_variance(paper):
    shown = paper.questions[12].shown
    x, r = numbers(shown, r"\$x_i\$(.*)"), numbers(shown, r"r_i\$(.*)")
    ((m,), (s2,)) = numbers(shown, r"mu = (\d+)"), numbers(shown, r"Sigma = (\d+)")
    f = lambda v: sum(w * stats.norm(m, v**0.5).logpdf(u) for w, u in zip(r, x, strict=True))
    assert part(paper, "13b").right == pytest.approx((f(s2 + 1e-5) - f(s2 - 1e-5)) / 2e-5, abs=1e-6)


@each_seed
def test_14_by_the_definitions_and_by_a_minimiser(paper):
    shown = paper.questions[13].shown
    joint, q = np.array(numbers(shown, r"p\(x, z\)\$(.*)")), np.array(numbers(shown, r"q\(z\)\$(.*)"))
    (T,) = numbers(shown, r"T = (\d)")
    assert q.sum() == 1
    assert joint.sum() < 1
    U, S = -(q * np.log(joint)).sum(), stats.entropy(q)
    assert part(paper, "14a").right == pytest.approx([U, S, U - S])

    def F(free):
        q = np.exp(free) / np.exp(free).sum()
        return -(q * np.log(joint)).sum() - T * stats.entropy(q)

    best = np.exp(optimize.minimize(F, np.zeros(3), tol=1e-12).x)
    assert part(paper, "14b").right == pytest.approx(best[0] / best.sum(), abs=1e-4)


@each_seed
def test_15_is_the_maximum_found_by_scipy_and_the_family_by_quadrature(paper):
    (s,) = numbers(paper.questions[14].shown, r"s = (\d)")
    eta, log_Z, square = part(paper, "15b").right
    density = stats.rayleigh(scale=s**0.5).pdf
    for x in (0.5, 1.0, 4.0):
        assert np.log(density(x)) == pytest.approx(eta * x**2 - log_Z + np.log(x))
        assert density(x) == pytest.approx(x / s * np.exp(-(x**2) / (2 * s)))
    assert square == pytest.approx(integrate.quad(lambda x: x**2 * density(x), 0, 60)[0])
    rng = np.random.default_rng(6)
    x, r = rng.rayleigh(2, 7), rng.dirichlet([1, 1], size=7)
    for j, got in enumerate(exam.functions()["answer_15a"](x, r)):
        loss = lambda v, j=j: -(r[:, j] * stats.rayleigh(scale=v**0.5).logpdf(x)).sum()
        best = optimize.minimize_scalar(loss, bounds=(0.01, 50), method="bounded", options={"xatol": 1e-9})
        assert got == pytest.approx(best.x, abs=1e-5)


# ---- the notebook


NOTEBOOK = lessons() / "12-exam.ipynb"


def filled(notebook, answers):
    """A copy in which `answer_x = ...` has the answer, and functions their bodies."""
    notebook = notebooks.solve(notebook)[0]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = re.sub(
                r"^(answer_\w+) = .*$", lambda m: f"{m[1]} = {answers[m[1]]!r}", cell.source, flags=re.MULTILINE
            )
    return notebook


def shown(run, source):
    (cell,) = [cell for cell in run.cells if cell.source == source]
    return cell.outputs[0].data["text/plain"]


def test_the_notebook_asks_for_every_part_once_with_its_points_and_hands_in_at_the_end():
    cells = notebooks.read(NOTEBOOK).cells
    text, code = ("\n".join(c.source for c in cells if c.cell_type == kind) for kind in ("markdown", "code"))
    paper = exam.sit(0)
    for q in paper.questions:
        assert re.search(rf"^## {q.number} · .* \({q.points} points\)$", text, flags=re.MULTILINE)
        assert code.count(f"paper.show({q.number})\n") == 1
        for p in q.parts:
            assert len(re.findall(rf"^(?:def )?answer_{p.name}\b", code, flags=re.MULTILINE)) == 1
            assert len(q.parts) == 1 or f"**{p.name}** ({p.points})" in text
    assert code.index("exam.submit()") > code.index("answer_15b") < code.index("paper.model_answers()")


def test_the_notebook_filled_in_rightly_earns_all_points_and_then_shows_the_model_answers(tmp_path):
    notebook = notebooks.read(NOTEBOOK)
    seed = int(re.search(r"exam\.sit\(seed=(\d+)\)", "\n".join(c.source for c in notebook.cells))[1])
    run = notebooks.execute(filled(notebook, given(exam.sit(seed))), tmp_path)
    assert "90 of 90 points" in shown(run, "exam.submit()")
    assert "def answer_10a" in shown(run, "paper.model_answers()")


def test_the_notebook_filled_in_wrongly_reaches_its_end(tmp_path):
    run = notebooks.execute(filled(notebooks.read(NOTEBOOK), dict.fromkeys(given(exam.sit(0)), "Z")), tmp_path)
    assert "def answer_10a" in shown(run, "paper.model_answers()")
    assert "90 of 90" not in shown(run, "exam.submit()")
