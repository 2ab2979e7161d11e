"""A chain that is opened line by line, and a learner's own line."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from emtutor import derivations
from emtutor.desk.safe import safe


class Folds(HTMLParser):
    """How deep each <details> lies, and whether all are closed."""

    def __init__(self):
        super().__init__()
        self.depth, self.depths, self.summaries = 0, [], 0

    def handle_starttag(self, tag, attrs):
        if tag == "details":
            assert ("open", None) not in attrs
            self.depth += 1
            self.depths.append(self.depth)
        self.summaries += tag == "summary"

    def handle_endtag(self, tag):
        self.depth -= tag == "details"


@pytest.mark.parametrize("name", ["grad_mu", "slide_grad_mu", "jensen_bound", "map_niw"])
def test_each_line_lies_in_the_one_before(name):
    chain = derivations.ALL[name]
    html = chain.unfold()._repr_html_()
    folds = Folds()
    folds.feed(html)
    assert folds.depths == list(range(1, len(chain.lines)))
    assert folds.summaries == len(chain.lines) - 1
    assert folds.depth == 0
    for line in chain.lines:
        assert html.count(f"\\displaystyle {line.latex.replace('&', '&amp;')}$") or "<" in line.latex
    for summary in re.findall(r"<summary.*?</summary>", html, re.S):
        assert "$" not in summary  # what is asked for is not told


def test_the_exported_page_keeps_it():
    html = derivations.grad_mu.unfold()._repr_html_()
    assert "<script" not in html
    kept = safe(html)
    for tag in ("<details", "<summary", "<code"):
        assert kept.count(tag) == html.count(tag)


def test_as_text_it_is_the_whole_chain():
    chain = derivations.grad_mu
    assert str(chain.unfold()) == str(chain.run())
    assert bool(chain.unfold())
    assert not derivations.slide_grad_mu.unfold()


@pytest.mark.parametrize(
    ("name", "number", "mine"),
    [
        ("grad_mu", 7, "(inv(Sigma) @ (r.T @ x - r.sum(0)[:, None] * mu)[..., None])[..., 0]"),
        ("grad_mu", 2, lambda x, r, mu, Sigma: np.einsum("ij,jab,ijb->ja", r, np.linalg.inv(Sigma), x[:, None] - mu)),
        ("grad_mu", 8, "stack([sum(r[:, j, None] * x, 0) / sum(r[:, j]) for j in range(len(pi))])"),
        ("jensen_bound", 3, "sum(q * log_joint) + sum(entr(q))"),
        ("jensen_bound", 5, "softmax(log_joint, axis=1)"),
        ("slide_grad_mu", 2, "einsum('jab,ij,ijb->ja', inv(Sigma), r, x[:, None] - mu)"),
    ],
)
def test_a_right_line_is_right_in_any_form(name, number, mine):
    tried = derivations.ALL[name].try_line(number, mine)
    assert tried, tried.message
    assert tried.message.startswith("Right")


@pytest.mark.parametrize(
    ("name", "number", "mine", "words"),
    [
        ("grad_mu", 6, "-einsum('ij,jab,ijb->ja', r, inv(Sigma), x[:, None] - mu)", "sign"),
        ("grad_mu", 8, "r.T @ x / len(x)", "R_j / n"),
        ("grad_mu", 7, "x[0, 5]", "IndexError"),
        ("jensen_bound", 3, "sum(q * log_joint) + sum(entr(q)) - 1", "another bound"),
        ("jensen_bound", 5, "eye(log_joint.shape[1])[log_joint.argmax(1)]", "differs on 10 of the 11 problems"),
    ],
)
def test_a_wrong_line_is_told_from_the_rest(name, number, mine, words):
    tried = derivations.ALL[name].try_line(number, mine)
    assert not tried
    assert words in tried.message
    assert 'role="status"' in tried._repr_html_()


@pytest.mark.parametrize(
    ("number", "mine", "words"),
    [
        (99, "x", "number must be"),
        (2, "r.T @", "one expression"),
        (2, "R @ x", "R is no name here.*r.sum"),
        (2, 3, "in quotes or a function"),
    ],
)
def test_what_is_no_line_is_said(number, mine, words):
    with pytest.raises(ValueError, match=words):
        derivations.grad_mu.try_line(number, mine)
