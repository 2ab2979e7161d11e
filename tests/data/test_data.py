"""The data are the published ones, cell for cell, and nobody can spoil them for the next."""

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from emtutor import data

NUMBERS = json.loads((Path(__file__).parents[1] / "reference" / "numbers.json").read_text())["faithful"]


def test_old_faithful_is_the_recording_of_r():
    x = data.old_faithful()
    assert hashlib.sha256((files("emtutor.data") / "faithful.csv").read_bytes()).hexdigest() == NUMBERS["sha256"]
    canonical = "\n".join(f"{a:.3f},{b:.0f}" for a, b in x)
    assert hashlib.sha256(canonical.encode()).hexdigest() == NUMBERS["canonical_values_sha256"]
    assert x.shape == (272, 2)
    np.testing.assert_allclose(x.mean(0), NUMBERS["mean"], rtol=1e-14)
    np.testing.assert_allclose(np.cov(x.T, bias=True), NUMBERS["cov_ml"], rtol=1e-13)


def test_totals_are_the_published_ones():
    assert data.earthquakes().shape == (107,)
    assert data.earthquakes()[[0, 1, -1]].tolist() == [13, 14, 11]
    assert data.times_deaths()[:, 1].sum() == 1096  # the days of 1910, 1911 and 1912
    assert data.linkage_counts().sum() == 197
    assert data.blood_groups().sum() == 521
    assert data.coin_flips().sum(0).tolist() == [33, 50]
    assert np.isnan(data.murray()).sum(0).tolist() == [4, 4]


@pytest.mark.parametrize(
    "load",
    [data.old_faithful, data.earthquakes, data.times_deaths, data.coin_flips, data.linkage_counts, data.blood_groups],
)
def test_each_call_is_a_fresh_array(load):
    load()[...] = -1
    assert (load() >= 0).all()
