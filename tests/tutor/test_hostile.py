"""Answers that would harm: each gets a verdict, the kernel lives, the next right answer is right, the next wrong one
wrong. A row is the body of an e_step that goes on to return a wrong result. One row in five is tried with every test,
all of them by `make mutation`."""

import dataclasses
import os
import signal
import sys

import numpy as np
import pytest

from emtutor import check
from emtutor.tutor.exercise import find

RIGHT = find("e_step").solution
QUICK = dataclasses.replace(find("e_step"), seconds=0.3)
pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="all limits are those of Linux")

ENDLESS = """
while True: pass
sum(range(10**11))
import collections, itertools; collections.deque(itertools.repeat(0), maxlen=0)
max(iter(int, 1))
7 ** 10**8
'a' * 10**9 in 'b' * 10**9 * 2
[i for i in iter(int, 1)]
import re; re.match(r'(a+)+$', 'a' * 40 + 'b')
np.linalg.eigvals(np.random.default_rng(0).normal(size=(4000, 4000)))
import time, signal; time.monotonic = time.process_time = lambda: 0; exec('while 1: pass')
import signal; signal.setitimer(signal.ITIMER_REAL, 0); exec('while 1: pass')
import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN); exec('while 1: pass')
import sys; sys.settrace(lambda *a: None); exec('while 1: pass')
import gc; gc.disable(); a = []; exec('while 1: a = [a, a]')
"""
ENDS = """
import os; os._exit(0)
import os; os._exit(1)
import posix; posix._exit(3)
import os; os.abort()
import os; os.kill(os.getpid(), 9)
import os; os.kill(os.getpid(), 15)
import os; os.killpg(0, 9)
import subprocess, os; subprocess.run(['kill', '-9', str(os.getpid())])
import ctypes; ctypes.string_at(0)
import ctypes; ctypes.memset(0, 1, 100)
import os; os.closerange(3, 1000)
import signal; signal.raise_signal(signal.SIGSEGV)
import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); signal.raise_signal(signal.SIGPIPE)
import os; os.execv('/bin/true', ['true'])
import faulthandler; faulthandler._sigsegv()
import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0)); import os; os._exit(2)
"""
ERRORS = """
raise SystemExit
exit()
import sys; sys.exit(3)
raise KeyboardInterrupt
raise GeneratorExit
raise BaseException('x')
raise StopIteration
assert False
1 / 0
np.ones((10**7, 10**7))
np.empty(10**12)
e_step(x, pi, mu, Sigma)
import sys; sys.setrecursionlimit(10**9); e_step(x, pi, mu, Sigma)
open('/nonexistent/file')
input('?')
import sys; sys.stdin.buffer
breakpoint()
import no_such_module
undefined_name
raise type('Odd', (Exception,), {'__str__': lambda s: 1 / 0})
raise type('Odd', (Exception,), {'__str__': lambda s: 'x' * 10**7})
raise type('Odd', (Exception,), {'__init__': lambda s: None})
import resource; resource.setrlimit(resource.RLIMIT_AS, (2**20, 2**20)); np.ones(10**7)
"""
CHANGES = """
np.abs = np.sum = np.allclose = np.isfinite = None
np.allclose = lambda *a, **k: True
np.array = np.asarray = lambda *a, **k: 0
np.ndarray = list
del np.exp
import builtins; builtins.len = builtins.all = builtins.isinstance = lambda *a: True
import builtins; builtins.__import__ = None
import builtins; builtins.print = builtins.open = None
import builtins; vars(builtins).clear()
import sys; sys.modules.clear()
import sys; sys.path.clear(); sys.meta_path.clear(); sys.path_hooks.clear()
import sys; sys.stdout = sys.stderr = None
import sys; sys.stdout.close(); sys.stderr.close()
import sys; sys.excepthook = sys.displayhook = None
import sys; sys.setrecursionlimit(60)
import sys; sys.settrace(print); sys.setprofile(print)
import os; os.chdir('/'); os.umask(0o777)
import os; os.environ.clear()
import os; os.environ['HOME'] = os.environ['EMTUTOR_HOME'] = '/nonexistent'
import os; os.getcwd = os._exit = os.kill = None
import os; os.close(0); os.close(1); os.close(2)
import os; os.nice(5)
import time; time.time = time.monotonic = time.perf_counter = time.strftime = None
import sqlite3; sqlite3.connect = None
import signal; signal.signal = signal.setitimer = None
import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)
import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()
import threading; threading.Timer(0.1, setattr, (np, 'abs', None)).start()
import threading; threading.Thread.start = threading.Lock = None
import asyncio; asyncio.get_event_loop_policy().new_event_loop().close()
import gc; gc.disable(); gc.freeze()
import atexit, os; atexit.register(os.abort)
import pickle; pickle.dumps = pickle.loads = None
import cloudpickle; cloudpickle.loads = None
import warnings; warnings.simplefilter('error')
import warnings; warnings.warn('<b>careful</b>', RuntimeWarning)
import random; random.seed(0); np.random.seed(0)
import copy; copy.deepcopy = lambda v: v
import json, re; json.dumps = re.sub = None
import linecache; linecache.getline = None
import inspect; inspect.unwrap = inspect.signature = None
np.seterr(all='raise'); np.set_printoptions(precision=1)
np.random.default_rng = None
x[:] = 0; pi[:] = 0; mu[:] = 0; Sigma[:] = 0
x.flags.writeable = False
import os; pid = os.fork(); pid or os._exit(0)
import os; pid = os.fork(); pid or __import__('time').sleep(1000)
import subprocess; subprocess.Popen(['sleep', '1000'])
import emtutor.tutor.values as v; v.close = lambda *a: True
import emtutor.tutor.verdict as v; v.Verdict._right = lambda *a: True
import emtutor.tutor.exercise as e; e.exercises().clear()
import emtutor.tutor.feedback as f; f.VERDICT['incorrect'] = 'Right'
import emtutor.worker.outcomes as o; o.outcome = None
import emtutor.worker.serve as s; s._send = s.receive = None
import emtutor.worker.serve as s; s.state.changes = lambda *a: ()
import emtutor.worker.plain as p; p.plain = p._plain = lambda v: 0.5
import emtutor; emtutor.check = None
from emtutor import check; check(lambda *a: 0, 'e_step')
print('x' * 10**7)
print('<script>alert(1)</script>')
import sys; sys.stderr.write('y' * 10**7)
import os; os.write(1, b'z' * 10**6); os.write(2, b'z' * 10**6)
import matplotlib.pyplot as plt; plt.plot([1]); plt.show()
import tempfile, os; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)
globals().clear()
globals()['e_step'] = None
e_step.__code__ = (lambda *a: 0).__code__
e_step.__name__ = 5; e_step.__wrapped__ = e_step
"""
RESULTS = """
a = None; return a
a = ...; return a
return e_step
return type(x)
return (v for v in x)
return iter(x)
return 'r'
return b'r'
return {'r': 1}
return {1, 2}
return object()
return [object()] * 4
return [[None] * 2] * 4
return [[[]]]
return []
return 10**400
return [[10**400] * 2] * 4
return 1j
return np.full(10**8, .5)
return np.broadcast_to(.5, 10**9)
return np.array(['a'])
return np.array([object()])
return np.ma.masked_all((4, 2))
return np.full((4, 2), np.nan)
return memoryview(b'abc')
a = []; a.append(a); return a
a = {}; a['a'] = a; return [a]
return type('Liar', (), {'__array__': lambda s, *a, **k: x, '__eq__': lambda s, o: True})()
return type('Float', (float,), {'__float__': lambda s: 1 / 0})(3)
return type('Evil', (), {'__reduce__': lambda s: (exec, ('import os; os._exit(7)',))})()
return type('Many', (list,), {'__iter__': lambda s: iter(int, 1), '__len__': lambda s: 10**9})([1])
return type('Hidden', (), {'__getattribute__': lambda s, n: 1 / 0})()
return type('Named', (), {'__class__': property(lambda s: np.ndarray)})()
return np.recarray((4,), dtype=[('a', float)])
return np.datetime64('2020-01-01')
return lambda: None
return open
return __builtins__
import types; return types.SimpleNamespace()
import threading; return threading.Lock()
import sys; return sys._getframe()
"""
WRONG = "    return np.full((len(x), len(pi)), 0.3)\n"


def rows(text, *statuses):
    marks = [[], *[[pytest.mark.mutation]] * 4]
    lines = text.strip().splitlines()
    return [pytest.param(row, statuses, id=row[:70], marks=marks[i % 5]) for i, row in enumerate(lines)]


def written(row):
    """An e_step with the row as its body, as if it stood in a cell."""
    world = {"np": np, "__name__": "__main__"}
    body = "\n".join(f"    {line}" for line in row.split("; ")) if row.startswith(("import", "a =")) else f"    {row}"
    exec(compile(f"def e_step(x, pi, mu, Sigma):\n{body}\n{WRONG}", "<cell>", "exec"), world)
    return world["e_step"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("row", "statuses"),
    [
        *rows(ENDLESS, "error", "incorrect"),
        *rows(ENDS, "error"),
        *rows(ERRORS, "error"),
        *rows(CHANGES, "incorrect", "error"),
        *rows(RESULTS, "incorrect", "error"),
    ],
)
def test_the_lesson_goes_on(row, statuses):
    folder, here, handler = os.getcwd(), dict(os.environ), signal.getsignal(signal.SIGINT)
    feedback = check(written(row), QUICK)
    assert feedback.status in statuses, feedback
    assert not feedback
    assert 10 < len(feedback.message) < 1500
    assert "<script>" not in feedback._repr_html_()
    assert "Not judged" not in feedback.head
    assert check(RIGHT, "e_step"), check(RIGHT, "e_step")
    assert check(lambda *a: RIGHT(*a) ** 2, "e_step").status == "incorrect"
    assert (os.getcwd(), dict(os.environ), signal.getsignal(signal.SIGINT)) == (folder, here, handler)
    assert np.abs(-1) == 1
    assert sys.stdout is not None


def test_an_attempt_that_hung_says_so_and_where():
    feedback = check(written("while True: pass"), QUICK)
    assert "still running after 0.3 s" in feedback.message
    assert "in line 2 of your code" in feedback.message


def test_the_end_of_the_process_is_no_loss_and_said():
    assert "nothing of the notebook is lost" in check(written("import os; os._exit(0)"), "e_step").message
