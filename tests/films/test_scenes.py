"""One contract for every film, and what each scene promises beyond it."""

import json
from itertools import pairwise
from pathlib import Path

import every_film
import matplotlib
import numpy as np
import pytest
from wrong_steps import columns, coordinates, hanging, raising, unnormalised, without_pi

from emtutor import film, gaussian, kmeans, old_faithful, scenes

X = old_faithful()
START = gaussian.named_starts(X, 2)["random 1"]


@pytest.fixture(params=every_film.NAMES)
def name(request):
    return request.param


@pytest.fixture
def movie(name):
    return every_film.film(name)


# Clipped at the axes: a staircase whose view follows its end, ellipses and bells of bad starts.
MAY_LEAVE = ("log p", "L", "gap", "component", "before")


def test_marks_are_finite_and_lie_within_the_axes(movie):
    for frame in movie.frames:
        for mark in frame.marks:
            xy = coordinates(mark)
            missing = np.isnan(xy).any(1)
            assert mark.kind in ("path", "band") or not missing.any(), mark.name
            assert np.isfinite(xy[~missing]).all(), mark.name
            (x0, x1), (y0, y1) = film.limits(movie, frame, mark.panel)
            assert np.isfinite([x0, x1, y0, y1]).all()
            assert x0 < x1
            assert y0 < y1
            if mark.name.startswith(MAY_LEAVE):
                continue
            slack = 1e-9 * np.array([x1 - x0, y1 - y0])
            inside = (xy + slack >= (x0, y0)) & (xy - slack <= (x1, y1))
            assert inside[~missing].all(), f"{mark.name} leaves {(x0, x1, y0, y1)}: {xy[~inside.all(1)][:3]}"


def test_every_frame_has_words_a_label_and_headings(movie):
    for i, frame in enumerate(movie.frames):
        assert len(frame.words.split()) >= 6
        assert any(c.isdigit() for c in frame.words), "a number"
        assert frame.words[-1] in ".?"
        assert ".." not in frame.words.replace("(1, .., 1)", "").replace(", ..", "")
        assert "-" not in "".join(w for w in frame.words.split() if w.lstrip("(")[1:2].isdigit()), "a true minus sign"
        assert frame.label
        assert bool(frame.next) == (i < len(movie.frames) - 1)
        assert len(frame.heads) == len(movie.panels)
        assert all(frame.heads)


def test_words_change_from_frame_to_frame(movie):
    for before, after in pairwise(movie.frames):
        assert before.words != after.words


def test_axes_have_labels_unless_they_have_no_ticks(movie):
    for panel in movie.panels:
        assert panel.xlabel or panel.xticks == ()
        assert panel.ylabel or panel.yticks == ()
    assert len(movie.caption.split()) > 8


def test_size_and_json(movie):
    text = film.encode(movie)
    assert len(text.encode()) <= 150_000
    assert json.loads(text)["n"] == len(movie.frames)
    assert film.encode(movie) == text


def moved(before, after, prop, prefix):
    old = {m.name: m.props[prop] for m in before.marks if m.name.startswith(prefix)}
    new = {m.name: m.props[prop] for m in after.marks if m.name.startswith(prefix)}
    return set(old) != set(new) or any(not np.array_equal(old[k], new[k]) for k in old)


@pytest.mark.parametrize("which", [n for n in every_film.NAMES if n.startswith("em") and n != "em-line"])
def test_e_changes_colours_only_and_m_moves_ellipses_only(which):
    frames = every_film.film(which).frames
    changed = {"E": [], "M": []}
    for before, after in pairwise(frames):
        step = after.label.split()[0]
        if step in changed:
            colours, ellipses = moved(before, after, "colour", "data"), moved(before, after, "curve", "component")
            changed[step].append((colours, ellipses))
            assert not (ellipses if step == "E" else colours), after.label
    assert changed["E"][0] == (True, False)
    assert which in ("em-identical", "em-one") or changed["M"][0] == (False, True)


def test_k_means_assign_changes_colours_only_and_update_moves_means_only():
    frames = every_film.film("kmeans").frames
    for before, after in pairwise(frames):
        if after.label.startswith("assign"):
            assert not moved(before, after, "at", "number")
        else:
            assert not moved(before, after, "colour", "data")
            assert moved(before, after, "at", "number")


def test_k_means_runs_on_a_learners_steps_and_says_whose_they_are():
    def assign(x, mu):
        return ((x[:, None] - mu) ** 2).sum(2).argmin(1)

    def farthest(x, mu):
        return ((x[:, None] - mu) ** 2).sum(2).argmax(1)

    def update_means(x, labels, k): ...

    def told(**own):
        return [frame.words for frame in scenes.kmeans(X, [[2.0, 85.0], [4.5, 55.0]], max_iter=5, **own).frames]

    packaged, own = told(), told(assign=assign, update_means=update_means)
    assert own[0].endswith("your assign, the package's update_means (yours is still a stub).")
    assert own[-1] == packaged[-1]
    assert "J rises" in " ".join(told(assign=farthest))
    stopped = told(assign=lambda x, mu: mu)
    assert len(stopped) == 1
    assert "the assign step of iteration 1 raised ValueError: labels must have" in stopped[0]
    stopped = told(update_means=lambda x, labels, k: x[: k + 1])
    assert "the update step of iteration 1 raised ValueError: mu must have shape (2, 2)" in stopped[-1]


def test_k_means_standardised_and_raw_differ_in_four_labels():
    def last(name):
        return next(m for m in every_film.film(name).frames[-1].marks if m.name == "data").props["shape"]

    assert (last("kmeans") != last("kmeans-standardised")).sum() in (4, len(X) - 4)


def test_the_means_part_at_the_critical_beta():
    betas = kmeans.critical_beta(X) * np.array([1.1, 1.02, 0.98, 0.5])
    heads = [frame.heads[1] for frame in scenes.branching(X, betas).frames]
    assert [head.startswith("One mean") for head in heads] == [True, True, False, False]


def test_the_stationary_point_lies_on_the_simplex_only_at_minus_n():
    frames = every_film.film("simplex-3").frames
    on = [frame.label for frame in frames if "exactly on the simplex" in frame.words]
    assert on == ["λ −25.0"]


@pytest.mark.parametrize("which", ["em", "em-four", "em-identical", "bound"])
def test_the_view_of_the_staircase_holds_still_and_shows_where_it_stands(which):
    movie = every_film.film(which)
    views = [frame.views[1] for frame in movie.frames]
    assert len(set(views)) <= 4 + len(views) / 6
    for frame, ((x0, x1), (y0, y1)) in zip(movie.frames, views, strict=True):
        for mark in frame.marks:
            if mark.name in ("now log p", "now L"):
                (x, y) = mark.props["xy"][0]
                assert 0.02 < (x - x0) / (x1 - x0) < 0.98, "not cut by the edge"
                assert 0.02 < (y - y0) / (y1 - y0) < 0.98


def test_the_bound_touches_after_e_and_rises_in_m():
    frames = every_film.film("bound").frames
    touching = [f for f in frames if f.label.startswith("E")]
    assert len(touching) == 3
    assert all("KL is 0" in f.words for f in touching)
    curves = {m.name: m.props["xy"] for m in frames[1].marks if m.name.startswith("curve")}
    both = np.isfinite(curves["curve L"]).all(1)
    gap = curves["curve log p"][both, 1] - curves["curve L"][both, 1]
    assert np.nanmin(gap) > -1e-9
    assert abs(gap[curves["curve L"][both, 0] == 0]) < 1e-9


def test_decomposition_adds_up_whatever_q_is():
    movie = scenes.decomposition(np.log([0.2, 0.1, 0.1]), [[0.2, 0.3, 0.5], [1, 0, 0], [0.5, 0.25, 0.25]])
    for frame in movie.frames:
        boxes = {m.name: m.props["boxes"][0] for m in frame.marks if m.name in ("L", "KL")}
        assert boxes["L"][3] == boxes["KL"][1]
        assert boxes["KL"][3] == pytest.approx(np.log(0.4))
    assert "KL is 0" in movie.frames[-1].words


def test_temperature_one_is_the_posterior():
    movie = every_film.film("temperature")
    frame = movie.frames[movie.poster]
    assert "q is the posterior" in frame.words
    assert frame.label == "T = 1.0"


# ---- a learner's steps, wrong ones above all


def not_a_number(x, pi, mu, Sigma):
    return np.full((len(x), len(pi)), np.nan)


def transposed(x, pi, mu, Sigma):
    return without_pi(x, pi, mu, Sigma).T


def stub(x, pi, mu, Sigma): ...


def quitting(x, pi, mu, Sigma):
    raise SystemExit


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError


def unspeakable(x, pi, mu, Sigma):
    raise Unspeakable


def bound_of(e_step=None, m_step=None):
    movie = scenes.bound(gaussian.model.using(e_step=e_step, m_step=m_step), X, START, iterations=2)
    film.encode(movie)
    film.png(movie, 0)
    film.png(movie)
    for frame in movie.frames:
        assert frame.words
        for mark in frame.marks:
            assert mark.kind != "points" or np.isfinite(mark.props["xy"]).all()
    return movie


def film_of(e_step=None, m_step=None, **options):
    movie = scenes.em(gaussian.model.using(e_step=e_step, m_step=m_step), X, START, iterations=3, max_iter=3, **options)
    film.encode(movie)
    film.png(movie, 1)
    return movie


def test_the_first_words_say_whose_steps_these_are():
    assert "your e_step, the package's m_step" in film_of(without_pi).frames[0].words
    assert "yours is still a stub" in film_of(stub).frames[0].words
    assert "the package's e_step and m_step" in every_film.film("em").frames[0].words


@pytest.mark.parametrize(("step", "why"), [(unnormalised, "sum to 1"), (columns, "sum to 1"), (not_a_number, "finite")])
def test_a_q_that_is_no_distribution_is_shown_and_named(step, why):
    frame = film_of(step).frames[1]
    assert why in frame.words
    assert "KL = undefined" in frame.heads[1]
    assert next(m for m in frame.marks if m.name == "data").props["colour"].shape == (272, 3)


@pytest.mark.parametrize(
    "q", [np.full((272, 3), 1 / 3), np.zeros((272, 2)), "words", [None] * 272, np.full(272, 0.5), object(), {}]
)
def test_any_q_that_an_e_step_returns_can_be_shown(q):
    assert all(frame.words for frame in film_of(lambda x, pi, mu, Sigma: q).frames)
    assert bound_of(lambda x, pi, mu, Sigma: q).frames[-1].words


def test_a_wrong_posterior_shows_in_kl_and_in_words():
    frame = film_of(without_pi).frames[3]
    assert "not the posterior" in frame.words


@pytest.mark.parametrize("make", [film_of, bound_of])
@pytest.mark.parametrize(
    ("step", "why"),
    [
        (raising, "the E step of iteration 1 raised ZeroDivisionError: division by zero."),
        (transposed, "transposed?"),
        (quitting, "raised SystemExit."),
        (unspeakable, "raised Unspeakable."),
        (lambda x: x, "takes 1 positional argument but 4 were given"),
    ],
)
def test_an_exception_in_the_first_step_ends_the_film_with_a_sentence(make, step, why):
    last = make(step).frames[-1]
    assert last.words.startswith("Stopped: the ")
    assert why in last.words
    assert last.label == "stopped"
    assert last.next == ""


def test_the_bound_says_what_a_wrong_step_does():
    words = {frame.label: frame.words for frame in bound_of(without_pi).frames}
    assert "touches" in words["E 1"], "the start's pi are equal: this q is right"
    assert "is not the posterior at s = 0" in words["E 2"]
    assert "touches" not in words["E 2"]
    assert "no bound" in bound_of(unnormalised).frames[1].heads[0]
    assert "What is undefined" in bound_of(unnormalised).frames[1].words

    def overshooting(x, r):
        pi, mu, Sigma = gaussian.m_step(x, r)
        return pi, mu + 0.5 * (mu - mu.mean(0)), Sigma

    assert any("which is not its top" in frame.words for frame in bound_of(m_step=overshooting).frames)
    assert "theta does not move" in bound_of(m_step=lambda x, r: START).frames[2].words


def about_the_start(x, r):
    """Sigma around the means of the start, in the place of the new ones."""
    pi, mu, Sigma = gaussian.m_step(x, r)
    away = mu - START.mu
    return pi, mu, Sigma + away[:, :, None] * away[:, None, :]


def old_means(x, r):
    pi, _, Sigma = gaussian.m_step(x, r)
    return pi, START.mu, Sigma


@pytest.mark.parametrize("m_step", [about_the_start, old_means])
def test_an_m_step_that_raises_l_but_not_to_its_top_is_named(m_step):
    after = film_of(m_step=m_step).frames[2]
    assert "L rises" in after.words
    assert "this theta does not maximise L" in after.words
    assert "which is not its top" in bound_of(m_step=m_step).frames[2].words


@pytest.mark.parametrize("start", gaussian.named_starts(X, 3).values())
def test_the_right_m_step_in_a_learners_hands_is_never_called_wrong(start):
    model = gaussian.model.using(m_step=lambda x, r: gaussian.m_step(x, r))
    for frame in (*scenes.em(model, X, start, max_iter=40).frames, *scenes.bound(model, X, start).frames):
        assert "not maximise" not in frame.words
        assert "not its top" not in frame.words
        assert "fell" not in frame.words


def test_a_frame_says_what_stays_where_nothing_changes():
    heads = [frame.heads[0] for frame in every_film.film("em-one").frames]
    assert heads[3:] == ["Iteration 2, E step: colours stay", "Iteration 2, M step: ellipses stay"]
    assert every_film.film("kmeans").frames[-1].heads[0].endswith("assign: no label changes")


def test_the_dotted_trace_is_what_the_frame_before_showed():
    before, after = every_film.film("em-tied").frames[-2:]
    old = {m.name: m.props["curve"] for m in before.marks if m.name.startswith("component")}
    trace = {m.name: m.props["curve"] for m in after.marks if m.name.startswith("before")}
    for j in (1, 2):
        np.testing.assert_array_equal(trace[f"before {j}"], old[f"component {j}"])


def test_where_em_stands_still_on_the_surface():
    assert "stands still at the top" in every_film.film("surface").frames[-1].words
    on_the_ridge = scenes.surface(X[:, 0], [2.5, 2.5])
    assert "stands still on the saddle" in on_the_ridge.frames[-1].words
    wide = scenes.surface(X[:, 0], sd=3.0)
    assert "stands still at the top" in wide.frames[-1].words
    assert "saddle" not in [mark.name for mark in wide.frames[0].marks]
    assert "EM would go on" in scenes.surface(X[:, 0], iterations=2).frames[-1].words


def test_a_mark_that_comes_later_keeps_its_place_in_the_drawing_order():
    order = [mark["name"] for mark in json.loads(film.encode(every_film.film("bound")))["marks"]]
    assert order.index("KL") < order.index("curve log p") < order.index("M step") < order.index("here log p")
    order = [mark["name"] for mark in json.loads(film.encode(every_film.film("em")))["marks"]]
    assert order.index("data") < order.index("before 1") < order.index("component 1") < order.index("number 1")


def test_a_hang_ends_the_film_with_a_sentence(monkeypatch):
    monkeypatch.setattr("emtutor.films.scenes.learners.PATIENCE", 0.2)
    assert "never ends" in film_of(hanging).frames[-1].words
    assert "never ends" in bound_of(hanging).frames[-1].words


def test_a_crowd_is_thinned_in_the_picture_and_not_in_the_numbers():
    x = np.random.default_rng(0).normal(size=(20_000, 2))
    movie = scenes.em(gaussian.model, x, gaussian.named_starts(x, 2)["random 1"], iterations=5, max_iter=5)
    assert len(film.encode(movie).encode()) < 150_000
    assert "One point of 20 is drawn; EM uses all." in movie.caption
    assert "of 20000 points are shared" in movie.frames[1].words


@pytest.mark.parametrize(
    "theta",
    [
        ([0.5, 0.5], [[1, 2], [3, 4]], 3),
        ([np.nan] * 2, np.full((2, 2), np.nan), np.full((2, 2, 2), np.nan)),
        ([0.5, 0.5], [[1e9, 2], [3, 4]], np.tile(np.eye(2), (2, 1, 1))),
        ([0.5, 0.5], [[1, 2], [3, 4]], np.tile(-np.eye(2), (2, 1, 1))),
        (np.ones(3) / 3, np.ones((3, 2)), np.tile(np.eye(2), (3, 1, 1))),
        (None, None, None),
        7,
    ],
)
def test_any_theta_that_an_m_step_returns_can_be_shown(theta):
    movie = film_of(m_step=lambda x, r: theta)
    assert all(frame.words for frame in movie.frames)
    for i in range(len(movie.frames)):
        film.png(movie, i)
    assert bound_of(m_step=lambda x, r: theta).frames[-1].words


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: scenes.em(gaussian.model, X, START, iterations=0),
            "iterations must be a whole number from 1 to 1000, got 0",
        ),
        (lambda: scenes.em(gaussian.model, X, (0.5, 0.5)), "theta must be"),
        (lambda: scenes.em(gaussian.model, X, START, labels=["a"]), "labels must name the 2 columns"),
        (lambda: scenes.kmeans(X[:, :1], [[1.0]]), "x must have two columns"),
        (lambda: scenes.branching(X, [1.0, 2.0]), "betas must be"),
        (lambda: scenes.surface([1.0, 1.0]), "different values"),
        (lambda: scenes.simplex([1, 2, 3, 4]), "2 or 3 numbers"),
        (lambda: scenes.simplex([1, 2], "mu"), "show must be"),
        (lambda: scenes.jensen(f="sin"), "f must be one of"),
        (lambda: scenes.jensen((1, 1)), "two different values"),
        (lambda: scenes.decomposition([[0.1]]), "log_joint must have shape"),
        (lambda: scenes.temperature([-1, -2], [0.0]), "T must be temperatures"),
        (lambda: scenes.bound(gaussian.model, X, START, iterations=0), "iterations must be"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        make()


# ---- pictures


DRAWN_BY = "3.11."  # others place labels elsewhere: what is compared is our drawing, not matplotlib's versions


@pytest.mark.skipif(not matplotlib.__version__.startswith(DRAWN_BY), reason="other pictures than matplotlib 3.11's")
@pytest.mark.mpl_image_compare(baseline_dir="baseline", remove_text=True, tolerance=2, savefig_kwargs={"dpi": 50})
@pytest.mark.parametrize("which", every_film.NAMES)
def test_static_picture(which):
    return film.draw(every_film.film(which))


def test_each_picture_has_a_film_and_each_film_a_picture():
    there = {path.stem.removeprefix("test_static_picture_") for path in Path(__file__).with_name("baseline").iterdir()}
    assert there == set(every_film.NAMES)
