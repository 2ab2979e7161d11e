"""Oracles: each test knows what must be true from somewhere else than the code that it tests."""

from itertools import islice

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import expon
from waiting import chain
from waiting.exercises import waiting_m_step
from waiting.model import model, start, waiting_times

from emtutor import em, scenes


def test_log_p_is_that_of_scipys_densities():
    x = waiting_times()
    densities = sum(pi * expon(scale=1 / rate).pdf(x) for pi, rate in zip(*start, strict=True))
    assert np.isclose(model.log_likelihood(x, start), np.log(densities).sum())


def test_the_m_step_ends_where_a_search_ends():
    x = waiting_times()
    r = model.e_step(x, start)
    for j, rate in enumerate(model.m_step(x, r).rate):
        loss = lambda v, j=j: -np.sum(r[:, j] * expon(scale=1 / v).logpdf(x))
        assert np.isclose(rate, minimize_scalar(loss, bounds=(1e-3, 10), options={"xatol": 1e-9}).x, rtol=1e-5)


def test_em_never_falls():
    path = [step.log_likelihood for step in islice(em.steps(model, waiting_times(), start), 60)]
    assert np.diff(path).min() > -1e-9


def test_the_chain_holds_and_a_wrong_line_breaks_it():
    assert chain.m_step.run().holds
    wrong = chain.m_step.with_line("x", lambda x, r: (r.T @ x) / r.sum(0), "maximises")
    assert not wrong.run().holds


def test_a_students_m_step_drives_the_film():
    film = scenes.bound(model.using(m_step=waiting_m_step), waiting_times(), start)
    assert len(film.frames) > 3
    assert "your m_step" in film.title
