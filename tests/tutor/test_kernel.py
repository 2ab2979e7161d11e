"""In a real kernel of Jupyter: what the tutor says is seen once and in order, an interrupt ends a check, nothing is
lost with an answer that ends its process."""

import os
import threading

import pytest
from jupyter_client.manager import start_new_kernel

FIRST = """
import os, threading, time
import numpy as np
from emtutor import check, hint

k = 7

def log_joint(x, pi, mu, Sigma):
    away = x[:, None] - mu
    squared = np.einsum("nka,kab,nkb->nk", away, np.linalg.inv(Sigma), away)
    return np.log(pi) - (np.linalg.slogdet(Sigma)[1] + squared) / 2

def e_step(x, pi, mu, Sigma):
    a = log_joint(x, pi, mu, Sigma)
    a = np.exp(a - a.max(1, keepdims=True))
    return a / a.sum(1, keepdims=True)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    env = os.environ | {"EMTUTOR_HOME": str(tmp_path_factory.mktemp("home"))}
    manager, client = start_new_kernel(env=env)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def shown(kernel):
    """A function that runs a cell and gives the first line (or the error's name) of each output, in order."""
    _, client = kernel

    def run(code):
        seen = []

        def hook(message):
            content, kind = message["content"], message["msg_type"]
            if kind in ("display_data", "execute_result"):
                seen.append(content["data"]["text/plain"].split("\n")[0])
            elif kind == "error":
                seen.append(content["ename"])
            elif kind == "stream" and content["name"] == "stdout":
                seen.append(content["text"])

        client.execute_interactive(code, output_hook=hook, timeout=120)
        return seen

    run(FIRST)
    return run


RIGHT, WRONG = "e_step: Right", "e_step: Not right yet"
wrong = "check(lambda *a: e_step(*a) ** 2, 'e_step')"


@pytest.mark.parametrize(
    ("cell", "outputs"),
    [
        ("check(e_step)", [RIGHT]),
        (f"check(e_step)\n{wrong}", [RIGHT, WRONG]),
        (f"check(e_step)\n{wrong}\nNone", [RIGHT, WRONG]),
        ("f = check(e_step)", [RIGHT]),
        ("if check(e_step):\n    print('so')", ["so\n", RIGHT]),
        ("print(str(check(e_step)).split('\\n')[0])", [f"{RIGHT}\n"]),
        ("check(e_step)\n1 / 0", ["ZeroDivisionError", RIGHT]),
        ("for _ in range(3): hint('e_step')", [f"e_step: hint {i} of 4" for i in (1, 2, 3)]),
        ("hint('estep')", ["estep: no exercise"]),
        ("check(lambda *a: os._exit(0), 'e_step')", ["e_step: Stopped with an error"]),
        ("t = threading.Thread(target=lambda: print(check(e_step).status))\nt.start(); t.join()", ["correct\n", RIGHT]),
    ],
)
def test_all_that_is_said_is_shown_once(shown, cell, outputs):
    assert shown(cell) == outputs
    assert shown("1 + 1") == ["2"], "nothing is left for a later cell"


def test_an_interrupt_ends_the_check(kernel, shown):
    manager, _ = kernel
    timer = threading.Timer(1.0, manager.interrupt_kernel)
    timer.start()
    assert shown("check(lambda *a: time.sleep(1000), 'e_step')") == ["KeyboardInterrupt"]
    assert shown("check(e_step)") == [RIGHT]


def test_the_kernel_keeps_its_own(shown):
    assert (
        shown("pid = os.getpid()\ncheck(lambda *a: globals().clear(), 'e_step')\nprint(pid == os.getpid(), k)")[0]
        == "True 7\n"
    )
