"""The page for lecturers: its code runs, and a chain without the lecture's notation is judged as well as any."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "your-own-chain.md"


@pytest.fixture(scope="module")
def page():
    world: dict = {}
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S))
    exec(compile(code, str(PAGE), "exec"), world)
    return world


def test_the_code_of_the_page_holds(page, capsys):
    chain = page["waiting"]
    assert chain.run().holds
    assert "all 3 lines hold on 5 problems" in str(chain.run())
    assert chain.arguments == ("x", "rate")


def test_what_the_page_promises(page):
    chain = page["waiting"]
    assert chain.run(x=[1.0, 2.5, 0.3], rate=2.0).holds
    assert chain.run(x=[1.0, 2.5]).holds
    assert chain.run(x=[1.0, 2.5, 0.3]).holds
    assert chain.try_line(2, "len(x) * log(rate) - rate * sum(x)")
    assert not chain.try_line(2, "log(rate) - rate * sum(x)")
    assert chain.with_line("mine", lambda x, rate: len(x) * (np.log(rate) - rate * x.mean()), after=2).run().holds


@pytest.mark.parametrize(
    "wrong",
    [lambda x: x.mean(), lambda x: len(x) / x.sum() * (1 + 1e-5), lambda x: (len(x) - 1) / x.sum()],
)
def test_a_wrong_line_breaks(page, wrong):
    assert page["waiting"].with_line("x", wrong, "maximises").run().breaks == (4,)


def test_the_names_of_the_table_are_those_of_the_engine():
    from emtutor.derivations.engine import RELATIONS

    table = PAGE.read_text(encoding="utf-8").split("## What a line may claim")[1]
    assert set(re.findall(r'`"(\S[^"]*)"`', table)) == set(RELATIONS)
