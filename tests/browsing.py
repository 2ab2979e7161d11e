"""Chromium on a plain page with one player: what is drawn, where, and in which colour."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

from emtutor import export, film

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


def page_of(movie, *, theme=LIGHT, choices=None, others=None):
    """A page with one player. others: {key: film} beside the first, for `choices` {name: [values]}."""
    choices = choices or {}
    first = "/".join("0" for _ in choices)
    movies = {first: movie, **(others or {})}
    state = {"films": {k: film.encode(m) for k, m in movies.items()}, "choices": choices, "chosen": {}}
    css = Path(export.__file__).with_name("player.css").read_text(encoding="utf-8")
    look = "".join(f"--jp-{key}:{value};" for key, value in theme.items())
    inside = json.dumps(state).replace("</", "<\\/")
    return (
        f"<!doctype html><meta charset=utf-8>"
        f"<style>body{{margin:8px;{look}background:var(--jp-layout-color0)}}{css}</style>"
        f'<div class="emt-here"><script type="application/json">{inside}</script></div>'
        f"<script type=module>{export._script()}</script>"
    )


@contextmanager
def opened(browser, movie, *, width=1100, motion="no-preference", **options):
    """A page showing the player; an error in its script fails the test."""
    page = browser.new_page(viewport={"width": width, "height": 900}, reduced_motion=motion)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
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
      return { tag: c.tagName, d: get('d'), fill: look.fill, stroke: look.stroke, dash: get('stroke-dasharray'),
               width: look.strokeWidth, cx: get('cx'), cy: get('cy'), r: get('r'), x: get('x'), y: get('y'),
               anchor: get('text-anchor'), text: c.tagName === 'text' ? c.textContent : null };
    }),
  }));
  return { boxes, marks };
}"""


def drawn(page):
    """{"boxes": of the panels, "marks": what stands in the page now, attribute by attribute}."""
    return page.evaluate(DRAWN)
