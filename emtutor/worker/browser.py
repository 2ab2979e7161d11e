"""An interval timer for Python in a browser, which has no timer and no thread.

Pyodide asks an "interrupt buffer" for a signal, once in some fifty jumps and calls. Any object with a `[0]` can be one:
this one looks at the clock, and says SIGALRM when time is up. Other loops pay nothing that could be measured.
"""

_BUFFER = """(() => {
  let due = Infinity, every = 0;
  return {
    get 0() {
      const now = performance.now();
      if (now < due) return 0;
      due = every ? now + every : Infinity;
      return 14; // SIGALRM
    },
    set 0(_) {},
    set(wait, again) {
      const left = due - performance.now();
      due = wait ? performance.now() + wait : Infinity;
      every = again;
      return isFinite(left) ? Math.max(left, 0) : 0;
    },
  };
})()"""


def timer():
    """A function that is called as `signal.setitimer` is; None where Python does not run in a browser."""
    try:
        import pyodide_js
        from pyodide.code import run_js
    except ImportError:
        return None
    buffer = run_js(_BUFFER)

    def set_timer(which, seconds, interval=0.0):
        left = buffer.set(1000 * seconds, 1000 * interval) / 1000
        pyodide_js.setInterruptBuffer(buffer if seconds else None)
        return left, 0.0

    return set_timer
