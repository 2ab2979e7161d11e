"""Chromium on a plain page with one player, or on JupyterLab: what is drawn, where, in which colour, and how soon."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

from emtutor import film
from emtutor.desk import cells, page
from emtutor.films import player

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LIGHT = {"content-font-color0": "rgba(0,0,0,1)", "layout-color0": "#ffffff"}  # as JupyterLab sets them
DARK = {"content-font-color0": "rgba(255,255,255,1)", "layout-color0": "#111111"}


@contextmanager
def chromium():
    from playwright.sync_api import sync_playwright

    found = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
    assert found, "no Chromium on this machine: the browser tests need one"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def page_of(movie, *, theme=LIGHT, choices=None, others=None, silent_kernel=False, kernel=False):
    """A page with one player. others: {key: film} beside the first, for `choices` {name: [values]}.

    silent_kernel: as in a notebook whose kernel does not answer; kernel: as in one that answers, by `opened`;
    else as in an exported page.
    """
    choices = choices or {}
    first = "/".join("0" for _ in choices)
    movies = {first: movie, **(others or {})}
    state = {"films": {k: encoded(m) for k, m in movies.items()}, "choices": choices, "chosen": {}}
    css = player.LOOKS
    look = "".join(f"--jp-{key}:{value};" for key, value in theme.items())
    script = page.script()
    if silent_kernel or kernel:
        host = script[script.rindex("model: {") :].partition("} });")[0]
        script = script.replace(host, HOST if kernel else SILENT)
    return (
        f"<!doctype html><meta charset=utf-8>"
        f"<style>body{{margin:8px;{look}background:var(--jp-layout-color0)}}{css}</style>"
        f'<div class="emt-here" data-emt-film>{cells.EMBEDDED.film(state)}</div>'
        f"<script type=module>{script}</script>"
    )


SILENT = """model: { get: (key) => state[key], on(_, f) { globalThis.emtTell = f; }, off() {},
  send(message) { (globalThis.emtSent ??= []).push(structuredClone(message)); } """
HOST = """model: { get: (key) => state[key], on(_, f) { globalThis.emtTell = f; }, off() {},
  send(message) { emtAsk(JSON.stringify(message)).then((reply) => emtTell(JSON.parse(reply))); } """
_ENCODED: dict = {}


def encoded(movie):
    """film.encode(movie), once a film: many tests show the same."""
    if id(movie) not in _ENCODED:
        _ENCODED[id(movie)] = movie, film.encode(movie)  # with the film itself, so that nothing else gets its id
    return _ENCODED[id(movie)][1]


@contextmanager
def opened(browser, movie, *, width=1100, motion="no-preference", **options):
    """A page showing the player; an error in its script fails the test."""
    page = browser.new_page(viewport={"width": width, "height": 900}, reduced_motion=motion, has_touch=True)
    errors, replies = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        if options.get("kernel"):
            host = player.play(movie)
            host.send = lambda content, buffers=None: replies.append(content)
            page.expose_function(
                "emtAsk", lambda message: (host.receive(json.loads(message)), json.dumps(replies.pop()))[1]
            )
        page.set_content(page_of(movie, **options))
        page.wait_for_selector("[data-testid=emt-view]")
        yield page
    finally:
        page.close()
    assert not errors


def go_to(page, frame):
    page.evaluate(
        "i => { const s = document.querySelector('[data-testid=emt-slider]'); s.value = i; "
        "s.dispatchEvent(new Event('input')); }",
        frame,
    )


DRAWN = """() => {
  const view = document.querySelector('[data-testid=emt-view]');
  const boxes = [...view.querySelectorAll('[data-box]')].map((g) => g.dataset.box.split(' ').map(Number));
  const marks = [...view.querySelectorAll('[data-mark]')].map((g) => ({
    name: g.dataset.mark, kind: g.dataset.kind, panel: +g.closest('[data-box]').dataset.panel,
    parts: [...g.children].map((c) => {
      const look = getComputedStyle(c), get = (k) => c.getAttribute(k);
      return { tag: c.tagName, edge: c.classList.contains('emt-edge'),
               d: get('d'), fill: look.fill, stroke: look.stroke, dash: get('stroke-dasharray'),
               width: look.strokeWidth, cx: get('cx'), cy: get('cy'), r: get('r'), x: get('x'), y: get('y'),
               anchor: get('text-anchor'), text: c.tagName === 'text' ? c.textContent : null };
    }),
  }));
  return JSON.stringify({ boxes, marks });
}"""  # as one string: playwright looks at every leaf of a tree, which takes longer than to draw it


def drawn(page):
    """{"boxes": of the panels, "marks": what stands in the page now, attribute by attribute}."""
    return json.loads(page.evaluate(DRAWN))


# ---- JupyterLab


@contextmanager
def jupyterlab(folder):
    """A server on `folder`; yields a function from a notebook's name to its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None", "--LabApp.check_for_updates_class="]
    command[-1] += "jupyterlab.NeverCheckForUpdate"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings")}
    environment.pop("MPLBACKEND", None)
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}", timeout=10)
                break
            except OSError:
                assert server.poll() is None, (folder / "server.log").read_text()[-2000:]
                time.sleep(0.2)
        yield lambda name: f"http://127.0.0.1:{port}/lab/tree/{name}?reset&token={token}"
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, 9)


READY = """() => { const w = window.jupyterapp?.shell?.currentWidget;
  return w?.context?.isReady && w.context.sessionContext?.session?.kernel?.status === 'idle'; }"""


def open_notebook(page, address):
    """Open a notebook and wait for its kernel."""
    page.goto(address, timeout=120_000)
    page.wait_for_function(READY, timeout=120_000)


def run_all(page):
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")


STOPWATCH = """() => {
  const times = (window.emtTimes = []);
  let start = 0, changed = false;
  const look = () => { if (changed) times.push(performance.now() - start); else requestAnimationFrame(look); };
  const marks = document.querySelector('[data-testid=emt-view]').parentElement;
  new MutationObserver(() => { changed = true; }).observe(marks, { subtree: true, attributes: true, childList: true });
  document.addEventListener('click', (event) => {
    if (!event.target.closest('.emt')) return;
    start = event.timeStamp; changed = false; requestAnimationFrame(look);
  }, true);
}"""


def click_times(page, clicks):
    """Milliseconds from each click's event to the first animation frame in which marks have changed."""
    page.evaluate(STOPWATCH)
    step = page.locator("[data-testid=emt-step]").first
    for _ in range(clicks):
        ended = step.inner_text() == "Again"
        if ended:
            page.locator("[data-testid=emt-player]").first.press("Home")
        done = page.evaluate("() => window.emtTimes.length")
        step.click()
        page.wait_for_function(f"() => window.emtTimes.length > {done}", timeout=10_000)
    return page.evaluate("() => window.emtTimes")
