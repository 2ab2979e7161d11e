"""One contract for every handle of every film; a learner's own functions under the hand; each handle in a browser."""

import json
import threading
from pathlib import Path

import browsing
import every_film
import numpy as np
import pytest
from wrong_steps import columns, coordinates, hanging, raising, unnormalised, without_pi

from emtutor import film, gaussian, kmeans, old_faithful, play, scenes

X = old_faithful()
START = gaussian.named_starts(X, 2)["spread out"]
HANDY = [name for name in every_film.NAMES if every_film.film(name).handles]
ONE_EACH = ["kmeans", "em", "em-line", "surface", "simplex-2-constraint", "simplex-3-constraint", "jensen",
            "decomposition-3", "bound", "gradient", "softness"]  # fmt: skip


def test_every_scene_that_wants_hands_has_them():
    assert set(ONE_EACH) <= set(HANDY)


def places_of(frame):
    return [p if p is None or isinstance(p, int) else [float(v) for v in p] for p in frame.places]


def tried(movie, i):
    """(places, held): every handle, left alone and at the ends of where it may go."""
    here = places_of(movie.frames[i])
    for j, handle in enumerate(movie.handles):
        if handle.chooses:
            yield [*here[:j], 3, *here[j + 1 :]], j
            continue
        if here[j] is None:
            continue
        yield here, j
        ends = handle.corners or [
            [(handle.xlim or here[j][:1] * 2)[a], (handle.ylim or here[j][1:] * 2)[a]] for a in (0, 1)
        ]
        for end in ends:
            moved = [None if p is None else list(p) if not isinstance(p, int) else p for p in here]
            for rider, other in enumerate(movie.handles):
                if other.rides == j and moved[rider] is not None:
                    moved[rider] = list(np.add(moved[rider], np.subtract(end, here[j])))
            moved[j] = [float(v) for v in end]
            yield moved, j


def applied(movie, i, delta):
    """{mark: {prop: value}} of the answer, as the browser puts it together from the encoded film."""
    data = json.loads(film.encode(movie))
    marks = {}
    for mark in data["marks"]:
        props = {p: t["t"][t["i"][i]] for p, t in mark["props"].items() if t["i"][i] >= 0}
        if props:
            marks[mark["name"]] = props
    for name in delta["gone"]:
        del marks[name]
    for name, props in delta["set"].items():
        marks[name] = marks.get(name, {}) | props
    return marks


@pytest.mark.parametrize("name", HANDY)
def test_contract(name):
    movie = every_film.film(name)
    for frame in movie.frames:
        assert len(frame.places) == len(movie.handles)
        for handle, place in zip(movie.handles, places_of(frame), strict=True):
            if place is not None and not handle.chooses:
                for limits, value in zip((handle.xlim, handle.ylim), place, strict=True):
                    assert handle.corners or limits is None or limits[0] - 1e-9 <= value <= limits[1] + 1e-9
    for i in sorted({0, min(2, len(movie.frames) - 1), len(movie.frames) - 1}):
        for places, held in tried(movie, i):
            answer = movie.hand(i, places, held)
            assert answer.words.endswith((".", "?"))
            assert len(answer.heads) == len(movie.panels)
            assert len(answer.places) == len(movie.handles)
            for mark in answer.marks:
                xy = coordinates(mark)
                assert mark.kind in ("path", "band") or np.isfinite(xy).all(), mark.name
            delta = json.loads(json.dumps(film.delta(movie, i, answer), allow_nan=False))
            drawn = applied(movie, i, delta)
            assert set(drawn) == {mark.name for mark in answer.marks}
            alone = json.loads(film.encode(movie._replace(frames=(answer,))))
            for mark in alone["marks"]:
                for prop, table in mark["props"].items():
                    a, b = drawn[mark["name"]][prop], table["t"][0]
                    if isinstance(b, list) and b and not isinstance(b[0], str):
                        x, y, *_ = np.ptp(np.array(film.limits(movie, answer, mark["panel"])), axis=1)
                        np.testing.assert_allclose(np.array(a, float), np.array(b, float), atol=max(x, y) / 300)
                    else:
                        assert a == b, (mark["name"], prop)


@pytest.mark.parametrize("name", HANDY)
def test_what_a_handle_carries_stands_where_the_handle_stands(name):
    movie = every_film.film(name)
    frame = movie.frames[0]
    marks = {mark.name: mark.props for mark in frame.marks}
    for mark, prop in movie.handles[0].carries:  # the numbers of others may stand beside their means, not to hide it
        if mark in marks:
            np.testing.assert_allclose(np.ravel(marks[mark][prop])[:2], frame.places[0])


# ---- a learner's own functions


def by_hand(i=2, dx=0.3, dy=-4.0, **steps):
    movie = scenes.em(gaussian.model.using(**steps), X, START, iterations=3, max_iter=3)
    i = min(i, len(movie.frames) - 1)
    places = places_of(movie.frames[i])
    places[0] = [places[0][0] + dx, places[0][1] + dy]
    places[2] = [places[2][0] + dx, places[2][1] + dy]
    return movie, movie.hand(i, places, 0)


def test_a_mean_is_where_the_hand_put_it_and_its_ellipse_keeps_its_shape():
    movie, frame = by_hand()
    before, after = ({m.name: m.props for m in f.marks} for f in (movie.frames[2], frame))
    moved = after["component 1"]["curve"] - before["component 1"]["curve"]
    np.testing.assert_allclose(moved, [0.3, -4, 0, 0, 0, 0], atol=1e-9)
    np.testing.assert_array_equal(after["component 2"]["curve"], before["component 2"]["curve"])


def test_the_answer_is_that_of_the_models_own_functions():
    _, frame = by_hand()
    movie, _ = by_hand()
    mu = np.array(list(frame.places[:2]))
    theta = movie.onward(2, places_of(frame)).frames[0]
    assert np.allclose([m.props["at"] for m in theta.marks if m.name.startswith("number")], mu)
    said = float(frame.heads[1].split(",")[0].removeprefix("log p = ").replace("−", "-"))
    assert said == pytest.approx(float(theta.heads[1].removeprefix("log p = ").replace("−", "-")), abs=0.011)
    assert "KL = 0.00" in frame.heads[1]


def test_the_tip_of_an_ellipse_turns_and_stretches_it_and_leaves_the_mean():
    movie = scenes.em(gaussian.model, X, START, iterations=3, max_iter=3)
    places = places_of(movie.frames[2])
    places[2] = [places[0][0], places[0][1] + 12.0]
    six = next(m for m in movie.hand(2, places, 2).marks if m.name == "component 1").props["curve"]
    np.testing.assert_allclose(six[:2], places[0])
    root = six[2:].reshape(2, 2)
    np.testing.assert_allclose(np.linalg.norm(root @ np.linalg.solve(root, [0.0, 12.0])), 12.0)
    assert abs(np.linalg.solve(root, [0.0, 12.0]) @ np.linalg.solve(root, [0.0, 12.0])) == pytest.approx(1, abs=0.02)


def test_a_wrong_e_step_shows_under_the_hand():
    words = by_hand(e_step=without_pi)[1].words
    assert "not the posterior" in words
    assert "rows of q must sum to 1" in by_hand(e_step=unnormalised)[1].words
    assert "The E step raised ZeroDivisionError" in by_hand(e_step=raising, i=0)[1].words


def test_a_step_that_never_ends_has_an_end_in_any_thread(monkeypatch):
    monkeypatch.setattr("emtutor.films.scenes.learners.PATIENCE", 0.2)
    player = play(lambda k: scenes.em(gaussian.model.using(e_step=hanging), X, START), k=[1, 2])
    sent = []
    monkeypatch.setattr(type(player), "send", lambda self, content, buffers=None: sent.append(content))
    hand = {"hand": 1, "view": "v", "film": "0", "frame": 0, "held": 0, "places": places_of(player.first.frames[0])}

    def ask():
        player._answer(None, {"want": "1"}, [])
        player._answer(None, hand, [])

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert "is there a loop that never ends?" in json.loads(sent[0]["film"])["words"]["t"][-1]
    assert "The E step was still running after 0.2 s: is there a loop that never ends?" in sent[1]["words"]


def test_an_answer_that_cannot_be_made_is_a_sentence(monkeypatch):
    def broken(i, places, held):
        raise ValueError("no such place")

    movie = every_film.film("jensen")._replace(hand=broken)
    player, sent = play(movie), []
    monkeypatch.setattr(type(player), "send", lambda self, content, buffers=None: sent.append(content))
    player._answer(None, {"hand": 7, "view": "v", "film": "", "frame": 0, "held": 0, "places": []}, [])
    assert sent[0]["hand"] == 7
    assert sent[0]["error"] == "This place has no answer: ValueError: no such place"


def test_a_chosen_point_says_its_r_and_its_share_of_every_mean():
    movie = scenes.em(gaussian.model, X, START, iterations=3, max_iter=3)
    places = places_of(movie.frames[2])
    places[-1] = 17
    words = movie.hand(2, places, len(places) - 1).words
    assert words.startswith("Point 18 at (")
    assert "% of mean 1" in words
    assert "% of mean 2" in words


def test_the_bound_touches_wherever_theta_is_put_and_the_slopes_are_one():
    movie = every_film.film("bound-linkage")
    for s in (-0.2, 0.3, 1.0, 1.3):
        words = movie.hand(1, [[s, 0.0]], 0).words
        assert "L touches log p" in words
        slopes = words.split("Slopes there: log p ")[1].split(" (Fisher")[0].split(", L ")
        assert slopes[0] == slopes[1]


def test_a_wrong_gradient_differs_from_differences_of_log_p():
    def doubled(x, pi, mu, Sigma):
        return 2 * gaussian.grad_mu(x, gaussian.Theta(pi, mu, Sigma))

    assert "They agree for every mean." in scenes.gradient(X, START).frames[0].words
    assert "They differ for means 1, 2." in scenes.gradient(X, START, doubled).frames[0].words
    assert "no finite numbers" in scenes.gradient(X, START, lambda x, pi, mu, Sigma: mu[0]).frames[0].words


# ---- the verdict at the end


def last(**steps):
    return scenes.em(gaussian.model.using(**steps), X, START).frames[-1].words


def narrow(x, r):
    pi, mu, Sigma = gaussian.m_step(x, r)
    return pi, mu, 0.8 * Sigma


def test_at_rest_the_player_says_what_this_is_a_fixed_point_of():
    right = scenes.em(gaussian.model, X, START).frames[-1].words
    assert "This is a fixed point of EM" in right
    assert "a maximum" in right
    assert "a saddle" in every_film.film("em-identical").frames[-1].words
    wrong = last(m_step=narrow)
    assert "a fixed point of your steps only, not of EM" in wrong
    assert "7.33 nats below −1130.26" in wrong
    assert "M steps theta did not maximise L" in wrong, "no complaint vanishes"
    assert "On the way" not in right
    assert "in 17 of 18 E steps q was not the posterior" in last(e_step=without_pi)


def test_the_step_that_is_wrong_is_blamed_and_no_other():
    frames = scenes.em(gaussian.model.using(e_step=columns), X, START, iterations=4, max_iter=4).frames
    for frame in frames[2:]:
        assert "pi must sum" not in frame.words
        assert "Since the E step of iteration 1" in frame.words


def own_m_step(x, r):
    R = r.sum(0)
    mu = r.T @ x / R[:, None]
    return (
        R / len(x),
        mu,
        np.stack([((x - m) * w[:, None]).T @ (x - m) / w.sum() for m, w in zip(mu, r.T, strict=True)]),
    )


def with_scipy(x, pi, mu, Sigma):
    from scipy.stats import multivariate_normal

    a = np.stack([p * multivariate_normal(m, S).pdf(x) for p, m, S in zip(pi, mu, Sigma, strict=True)], 1)
    return a / a.sum(1, keepdims=True)


@pytest.mark.parametrize("steps", [{"e_step": with_scipy}, {"m_step": own_m_step},
                                   {"e_step": with_scipy, "m_step": own_m_step}])  # fmt: skip
def test_on_one_point_ends_with_the_collapse_whoever_steps(steps):
    start = gaussian.named_starts(X, 2)["on one point"]
    words = scenes.em(gaussian.model.using(**steps), X, start).frames[-1].words
    assert words.startswith("Stopped: ")
    assert "component 1 has collapsed onto one point" in words


def test_before_the_bound_has_a_name_nothing_names_it():
    for movie in (
        every_film.film("em-without-bound"),
        scenes.em(gaussian.model.using(e_step=without_pi, m_step=narrow), X, START, bound=False, iterations=4),
    ):
        panel = movie.panels[1]
        assert [entry[0] for entry in panel.key] == ["log p(x | θ)"]
        for frame in movie.frames[:-1]:
            assert " L " not in frame.words
            assert "KL" not in frame.words + "".join(frame.heads)
            assert "q" not in [m.name for m in frame.marks]


def test_under_a_prior_what_is_drawn_never_falls():
    S0 = np.cov(X.T, bias=True) / 10
    prior = {"alpha": np.array([2.0, 2.0]), "m0": X.mean(0), "kappa0": 0.01, "S0": S0, "nu0": 4.0}
    model = gaussian.model._replace(m_step=lambda x, r: gaussian.map_m_step(x, r, **prior))

    def log_prior(theta):
        value = np.log(theta.pi).sum()
        for m, S in zip(theta.mu, theta.Sigma, strict=True):
            P, away = np.linalg.inv(S), m - prior["m0"]
            value -= (prior["nu0"] + 4) / 2 * np.linalg.slogdet(S)[1] + (np.trace(S0 @ P) + 0.01 * away @ P @ away) / 2
        return value

    start = gaussian.named_starts(X, 2)["on one point"]
    movie = scenes.em(model.using(m_step=model.m_step), X, start, iterations=25, log_prior=log_prior)
    climb = next(m for m in movie.frames[-1].marks if m.name == "log p").props["xy"][:, 1]
    assert (np.diff(climb) > -1e-8).all()
    assert "log p(x, θ)" in movie.frames[1].words
    assert "log p(θ)" in movie.panels[1].key[0][0]
    assert not any("maximise L" in frame.words for frame in movie.frames)
    assert not movie.handles
    assert json.loads(film.encode(movie))["places"]


def test_a_random_start_is_made_when_it_is_asked_for():
    starts = gaussian.named_starts(X, 2)
    np.testing.assert_array_equal(starts["random 4711"].mu, gaussian.random_start(X, 2, np.random.default_rng(4710)).mu)
    assert "random 4711" not in starts
    for name in ("random", "random 0", "random x", "elsewhere"):
        with pytest.raises(KeyError):
            starts[name]


# ---- in Chromium: each handle by mouse, by touch and by keys


@pytest.fixture(scope="module")
def browser():
    with browsing.chromium() as browser:
        yield browser


WORDS, PLACE = "[data-testid=emt-words]", "[data-testid=emt-place]"


def answered(page, before):
    """Wait until the answer to a hand is told."""
    waits = "document.querySelector('.emt-late')"
    page.wait_for_function(
        f"before => ![before, ''].includes(document.querySelector('{WORDS}').textContent) && !{waits}",
        arg=before,
    )
    return page.inner_text(WORDS)


def middle(page, j):
    box = page.locator(f"[data-testid=emt-handle-{j + 1}]").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def by_mouse(page, j, dx, dy):
    x, y = middle(page, j)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=3)
    page.mouse.up()


def by_touch(page, j, dx, dy):
    x, y = middle(page, j)
    session = page.context.new_cdp_session(page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x + dx / 2, "y": y + dy / 2}]),
        ("touchMove", [{"x": x + dx, "y": y + dy}]),
        ("touchEnd", []),
    ):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def by_keys(page, j, dx, dy):
    page.focus(f"[data-testid=emt-hand-{j + 1}-1]")
    for key in ("ArrowRight", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)


@pytest.mark.browser
@pytest.mark.parametrize("name", ONE_EACH)
@pytest.mark.parametrize("way", [by_mouse, by_touch, by_keys])
def test_each_handle_can_be_moved(browser, name, way):
    movie = every_film.film(name)
    with browsing.opened(browser, movie, kernel=True) as page:
        if len(movie.frames) > 4:
            browsing.go_to(page, 4)
        for j, handle in enumerate(movie.handles):
            if handle.chooses:
                continue
            before = page.inner_text(WORDS)
            way(page, j, 14 if handle.xlim or handle.corners else 0, -11 if handle.ylim or handle.corners else 0)
            words = answered(page, before)
            assert page.inner_text(PLACE) == "by hand"
            assert "has no answer" not in words
        page.click("[data-testid=emt-back]")
        assert page.inner_text(PLACE) != "by hand", "Back leads to the film"


@pytest.mark.browser
def test_a_point_is_chosen_by_a_click_and_by_keys(browser):
    with browsing.opened(browser, every_film.film("em"), kernel=True) as page:
        browsing.go_to(page, 3)
        before = page.inner_text(WORDS)
        box = page.locator("[data-mark=data] path").nth(100).bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        clicked = answered(page, before)
        assert clicked.startswith("Point ")
        j = len(every_film.film("em").handles)
        page.focus(f"[data-testid=emt-hand-{j}-1]")
        page.keyboard.press("ArrowRight")
        assert answered(page, clicked).startswith("Point ")
        assert " of 272" in page.get_attribute(f"[data-testid=emt-hand-{j}-1]", "aria-valuetext")


@pytest.mark.browser
def test_step_goes_on_from_the_hand_and_back_leads_to_the_film_before(browser):
    with browsing.opened(browser, every_film.film("em"), kernel=True) as page:
        browsing.go_to(page, 3)
        before = page.inner_text(WORDS)
        by_mouse(page, 0, 30, 20)
        answered(page, before)
        assert page.inner_text("[data-testid=emt-step]") == "Step: on from here"
        page.click("[data-testid=emt-step]")
        page.wait_for_function(f"() => document.querySelector('{PLACE}').textContent.startsWith('M 1 ')")
        for _ in range(3):
            page.click("[data-testid=emt-back]")
        assert page.inner_text(PLACE).startswith("E 2 (3 of")


@pytest.mark.browser
def test_a_presenters_keys_step_and_project_also_after_a_hand(browser):
    with browsing.opened(browser, every_film.film("em"), kernel=True) as page:
        browsing.go_to(page, 3)
        page.click("[data-testid=emt-project]")
        page.wait_for_function("document.fullscreenElement?.matches('.emt')")
        before = page.inner_text(WORDS)
        by_mouse(page, 0, 30, 20)
        answered(page, before)
        page.keyboard.press("PageDown")
        page.wait_for_function(f"() => document.querySelector('{PLACE}').textContent.startsWith('M 1 ')")
        by_mouse(page, 0, -20, 10)
        page.wait_for_function(f"() => document.querySelector('{PLACE}').textContent === 'by hand'")
        page.keyboard.press("p")
        page.wait_for_function("!document.fullscreenElement")


@pytest.mark.browser
def test_one_request_is_in_flight_and_the_newest_place_wins(browser):
    with browsing.opened(browser, every_film.film("jensen"), silent_kernel=True) as page:
        x, y = middle(page, 2)
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(1, 9):
            page.mouse.move(x + 6 * step, y)
        asked = page.evaluate("() => window.emtSent")
        assert len(asked) == 1
        views = [p["view"]["t"][0] for p in json.loads(film.encode(every_film.film("jensen")))["panels"]]
        reply = {"hand": 1, "film": "", "frame": 0, "gone": [], "set": {}, "new": [], "views": views, "heads": ["", ""]}
        reply |= {"words": "Answered.", "places": [[0.3, 0], [3, 0], [0.1, 0]]}
        page.evaluate("reply => emtTell({ ...reply, view: emtSent[0].view })", reply)
        asked = page.evaluate("() => window.emtSent")
        assert len(asked) == 2, "one more, and of the last place"
        assert asked[1]["places"][2][0] > asked[0]["places"][2][0]
        page.mouse.up()


@pytest.mark.browser
def test_without_a_kernel_handles_are_off_and_say_so(browser):
    with browsing.opened(browser, every_film.film("surface")) as page:
        assert page.locator(".emt-handle").count() == 0
        assert page.locator(".emt-tray input").count() == 0
        assert page.inner_text("[data-testid=emt-hands-off]").startswith("Switched off here: θ.")


@pytest.mark.browser
def test_a_screen_reader_is_told_names_coordinates_and_results(browser):
    with browsing.opened(browser, every_film.film("em"), kernel=True) as page:
        first = page.locator("[data-testid=emt-hand-1-1]")
        assert first.get_attribute("aria-label") == "mean 1, eruption duration (min)"
        told = first.get_attribute("aria-valuetext")
        assert "eruption duration (min)" in told
        assert "waiting time" in told
        before = page.inner_text(WORDS)
        first.focus()
        page.keyboard.press("ArrowRight")
        assert page.get_attribute(WORDS, "aria-live") == "off"
        answered(page, before)
        page.wait_for_function(f"() => document.querySelector('{WORDS}').getAttribute('aria-live') === 'polite'")
        assert first.get_attribute("aria-valuetext") != told
        assert page.inner_text(PLACE) == "by hand", "the arrow moved the handle and not the film"


def test_the_film_of_the_docs_answers():
    text = Path(__file__).parents[2].joinpath("docs", "films.md").read_text(encoding="utf-8")
    names = {}
    exec(text.split("```python\n")[1].split("```")[0], names)
    answer = names["movie"].hand(0, [[0.4, 0.0]], 0)
    touch = answer.places[0][1]
    on = {m.name: dict(map(tuple, np.round(m.props["xy"], 6))) for m in answer.marks}
    assert on["L"][0.4] == pytest.approx(touch, abs=1e-5)
    assert all(on["L"][t] <= on["log p"][t] + 1e-6 for t in on["L"])


# ---- soft k-means by a learner


def test_softness_shows_her_shares_and_says_why_where_it_cannot():
    theta = gaussian.fit(X, START).theta

    def film_of(soft_assign):
        return scenes.softness(X, theta, [0.01, 1.0], soft_assign=soft_assign)

    def colours(movie):
        return next(np.array(mark.props["colour"]) for mark in movie.frames[1].marks if mark.name == "data")

    packages, own = film_of(None), film_of(lambda x, mu, beta: kmeans.soft_assign(x, mu, beta))
    swapped = film_of(lambda x, mu, beta: kmeans.soft_assign(x, mu, beta)[:, ::-1])
    assert (colours(own) == colours(packages)).all()
    assert (colours(swapped) != colours(packages)).any()
    assert "your soft_assign" in own.title
    assert "your" not in packages.title

    def stub(x, mu, beta): ...

    assert film_of(stub).title == packages.title
    for wrong, why in (
        (lambda x, mu, beta: hanging(x, 0, 0, 0), "is there a loop that never ends?"),
        (lambda x, mu, beta: 1 / 0, "raised ZeroDivisionError"),
        (lambda x, mu, beta: x[:, :1], "did not return finite numbers of shape (n, k)"),
        (lambda x, mu, beta: "text", "returned"),
    ):
        movie = film_of(wrong)
        assert all(frame.words.startswith("Your soft_assign ") for frame in movie.frames)
        assert why in movie.frames[0].words
        assert "The package's shares are shown." in movie.frames[0].words
