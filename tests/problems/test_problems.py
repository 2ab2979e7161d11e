"""Problems are valid of their kind, follow their seed, and are generic: no false identity passes them by luck."""

import numpy as np
import pytest

from emtutor import gaussian, problems
from emtutor.problems import Problem, worlds
from emtutor.problems.worlds import fresh, world

EVERYTHING = (
    "x pi mu Sigma r z labels k q log_joint log_joint_new R a alpha beta lam T m0 kappa0 S0 nu0 S1 S2 theta_a w v"
)


def everything(seed):
    return problems.mixture(EVERYTHING, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_every_problem_is_valid(seed):
    for problem in everything(seed):
        a = problem.args
        n, d = a["x"].shape
        k = a["k"]
        gaussian.check((a["pi"], a["mu"], a["Sigma"]))
        assert a["r"].shape == a["q"].shape == a["z"].shape == a["log_joint"].shape == (n, k)
        np.testing.assert_allclose(a["r"].sum(1), 1)
        np.testing.assert_array_equal(a["z"], np.eye(k)[a["labels"]])
        assert set(a["labels"]) == set(range(k))
        assert (a["alpha"] > 1).all()
        assert np.linalg.eigvalsh(a["S0"]).min() > 0
        assert a["nu0"] > d - 1


def test_the_same_seed_gives_the_same_problems():
    for one, two in zip(everything(3), everything(3), strict=True):
        assert one.label == two.label
        for name in one.args:
            np.testing.assert_array_equal(one.args[name], two.args[name], strict=True) if name != "theta_a" else None


def test_random_problems_are_generic():
    for seed in range(20):
        a = problems.draw(EVERYTHING, np.random.default_rng(seed)).args
        n, d = a["x"].shape
        assert len({n, a["k"], d}) == 3
        assert np.diff(np.sort(a["pi"])).min() > 1e-3
        dets = np.linalg.det(a["Sigma"])
        assert np.ptp(dets) > 1e-3 * dets.max()
        corr = a["Sigma"][:, 0, 1] / np.sqrt(a["Sigma"][:, 0, 0] * a["Sigma"][:, 1, 1])
        assert np.abs(corr).max() > 0.05
        scale = a["x"].std(0)
        assert scale.max() / scale.min() > 1.5, "columns have different units"
        for name in ("beta", "T", "lam", "kappa0", "nu0"):
            assert abs(a[name] - 1) > 0.05
            assert abs(a[name]) > 0.05
        assert abs(a["lam"] + n) > 0.5


def test_the_far_point_underflows():
    far = everything(0)[-1].args
    log_joint = gaussian.log_joint(far["x"], gaussian.Theta(far["pi"], far["mu"], far["Sigma"]))
    assert (np.exp(log_joint[0]) == 0).all()
    assert np.isfinite(log_joint).all()


def test_hand_sized_numbers_are_short():
    a = problems.hand_sized()
    for name in ("x", "pi", "mu", "Sigma", "r"):
        np.testing.assert_array_equal(a[name], np.round(a[name], 1))


def test_a_name_that_no_world_has():
    with pytest.raises(ValueError, match="no problem holds tau"):
        problems.draw("x tau", np.random.default_rng(0))
    made = problems.draw("x tau", np.random.default_rng(0), tau=lambda w: w["n"] + 0.5)
    assert made.args["tau"] == 7.5
    assert list(made.args) == ["x", "tau"]


@pytest.mark.parametrize("seed", range(3))
def test_fresh_draws_stay_valid_and_change_everything(seed):
    rng = np.random.default_rng(seed)
    for problem in everything(seed):
        w = world(problem)
        new = fresh(w, rng)
        for name, q in w.kinds.items():
            if name not in w.values or q.kind in ("size", "opaque"):
                continue
            a = np.asarray(new.values[name], float)
            assert a.shape == np.shape(w.values[name])
            assert np.isfinite(a).all()
            if q.kind == "simplex":
                np.testing.assert_allclose(a.sum(-1), 1)
                assert a.min() >= 0
            elif q.kind == "spd":
                assert np.linalg.eigvalsh(a).min() > 0
                np.testing.assert_array_equal(a, np.swapaxes(a, -1, -2))
            elif q.kind == "positive":
                assert a.min() > 0
            elif q.kind == "above1":
                assert a.min() > 1
            if q.kind not in ("labels", "onehot") and a.size > 1 and not (q.kind == "simplex" and a.shape[-1] == 1):
                assert not np.allclose(a, w.values[name]), name


def test_a_world_gives_its_problem_back():
    problem = everything(1)[1]
    back = world(problem).problem()
    assert list(back.args) == list(problem.args)
    for name, value in problem.args.items():
        if isinstance(value, tuple):
            assert all(np.array_equal(u, v) for u, v in zip(back.args[name], value, strict=True))
        else:
            assert np.array_equal(back.args[name], value)


def test_slicing_an_axis_keeps_probabilities():
    w = world(everything(2)[1])
    one = worlds.slice_axis(w, "k", 1)
    assert one.sizes["k"] == 1
    assert one.values["k"] == 1
    np.testing.assert_array_equal(one.values["pi"], [1.0])
    np.testing.assert_array_equal(one.values["r"], np.ones((7, 1)))
    flat = worlds.slice_axis(w, "d", 1)
    assert flat.values["Sigma"].shape == (3, 1, 1)
    assert isinstance(flat.problem(), Problem)


def test_extremes_are_valid_and_are_what_they_are_called():
    made = {p.label: p.args for p in problems.extremes(EVERYTHING, np.random.default_rng(3))}
    assert list(made) == list(problems.EXTREMES)
    for label, a in made.items():
        gaussian.check((a["pi"], a["mu"], a["Sigma"]))
        np.testing.assert_allclose(a["r"].sum(1), 1)
        assert (a["r"].sum(0) > 0).all(), label
        assert set(a["labels"]) == set(range(a["k"])), label
        np.testing.assert_array_equal(a["z"], np.eye(a["k"])[a["labels"]])
    rare = made["a rare component"]
    assert rare["pi"].min() == pytest.approx(problems.RARE)
    r = gaussian.e_step(rare["x"], gaussian.Theta(rare["pi"], rare["mu"], rare["Sigma"]))
    assert r[:, 1].max() > 0.05, "a rare component matters somewhere"
    assert len(np.unique(made["repeated rows"]["x"], axis=0)) < len(made["repeated rows"]["x"])
    assert made["whole numbers in x"]["x"].dtype.kind == "i"
    below = made["all numbers below zero"]
    assert max(below["x"].max(), below["mu"].max()) < 0
    tied = made["two equal components"]["log_joint"]
    assert (tied[:, 0] == tied[:, 1]).all()
    assert (tied.argmax(1) == 0).any()
    assert (made["zeros and tiny entries in r"]["r"] == 0).any()
    assert made["a component that is almost empty"]["r"].sum(0).min() < 1e-5
    assert made["log-densities near 900"]["log_joint"].min() > 710
    tiny = np.exp(made["probabilities near 1e-300"]["log_joint"])
    assert 0 < tiny.min() < 1e-298
    assert len(made["1000 points"]["x"]) == 1000


def test_extremes_can_be_left_out_and_take_nothing_from_the_stream():
    one, two = np.random.default_rng(5), np.random.default_rng(5)
    assert "1000 points" not in [p.label for p in problems.extremes("x r", one, without=("1000 points",))]
    assert one.random() == two.random()
    with pytest.raises(ValueError, match="no extreme is called"):
        problems.extremes("x", one, without=("a thousand",))
