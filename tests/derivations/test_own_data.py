"""True chains on what people bring: the right verdict, or a sentence with the reason; never "it breaks"."""

import pytest
from own_data import runs

from emtutor import derivations

RUNS = [pytest.param(name, own, id=f"{name}-{label}") for name, label, own in runs()]
ORDINARY = RUNS[::31]  # of every kind of data and of every chain some


def becomes(name, own):
    """holds, skipped or refused; an error of another kind, or a break, fails."""
    refused = ""
    try:
        result = derivations.ALL[name].run(**own)
    except ValueError as error:
        refused = str(error)
    if refused:
        assert len(refused) <= 500
        assert any(word in refused for word in (*derivations.ALL[name].arguments, "x", "these data")), refused
        return "refused"
    assert not result.breaks, str(result)
    for checked in result.lines:
        assert (checked.status == "skipped") <= bool(checked.note)
    assert bool(result) == (not result.skipped)
    return "skipped" if result.skipped else "holds"


def test_there_are_enough_runs():
    assert len(RUNS) >= 600
    assert len({p.id.split("-", 1)[1] for p in RUNS}) >= 51


@pytest.mark.parametrize(("name", "own"), ORDINARY)
def test_a_true_chain_is_not_called_broken(name, own):
    assert becomes(name, own) in ("holds", "skipped", "refused")


@pytest.mark.mutation
@pytest.mark.parametrize(("name", "own"), [p for i, p in enumerate(RUNS) if i % 31])
def test_a_true_chain_is_not_called_broken_by_any_of_them(name, own):
    assert becomes(name, own) in ("holds", "skipped", "refused")


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("grad_mu", "offset 1e8"),
        ("grad_mu", "the fitted theta"),
        ("m_step", "k = 1"),
        ("m_step", "offset 1e10"),
        ("jensen_bound", "q is the posterior"),
        ("grad_Sigma", "minutes and milliseconds"),
        ("grad_mu", "float32"),
    ],
)
def test_these_simply_hold(name, own):
    found = next(o for n, label, o in runs() if n == name and label == own)
    assert becomes(name, found) == "holds"
