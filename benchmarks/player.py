"""From a click, and from a hand, to changed marks: the player beside interact with matplotlib and beside ipympl.

All show the same film in JupyterLab in headless Chromium. The player's time runs from the click's event to the first
animation frame in which its marks have changed; the redraw's from the key that moves interact's slider to the frame in
which another picture has arrived. A mean of Old Faithful, k = 3, is moved in three ways, each answered by the same
E-step of a learner: a handle (from the pointer's event to the frame with the answer's marks), a slider of `interact`
that redraws a figure, a slider that updates a kept figure of ipympl (where it is installed). Prints the page's memory
over 1000 steps and the sizes of films. Needs Chromium.
"""

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import browsing  # noqa: E402
import every_film  # noqa: E402

from emtutor import film, gaussian, old_faithful, scenes  # noqa: E402

MAKE = """from emtutor import film, gaussian, old_faithful, play, scenes

x = old_faithful()
movie = scenes.em(gaussian.model, x, gaussian.named_starts(x, 3)["random 1"])
"""
PLAYER = MAKE + "play(movie)"
INTERACT = (
    MAKE
    + """
import ipywidgets
from IPython.display import Image, display

def show(half_step):
    display(Image(film.png(movie, half_step)))

ipywidgets.interact(show, half_step=ipywidgets.IntSlider(min=0, max=len(movie.frames) - 1))"""
)
REDRAWN = """async () => {
  const holder = document.querySelector('.widget-interact .jp-OutputArea');
  const slider = document.querySelector('.widget-interact .noUi-handle');
  const picture = () => holder.querySelector('img')?.src;
  const before = picture(), start = performance.now();
  slider.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true }));
  return await new Promise((done) => {
    const look = () => {
      const src = picture();
      if (src && src !== before) done(performance.now() - start);
      else if (performance.now() - start > 20000) done(NaN);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}"""


LEARNER = """import numpy as np
from emtutor import em, gaussian, old_faithful, play, scenes

x = old_faithful()
start = gaussian.named_starts(x, 3)["spread out"]

def e_step(x, pi, mu, Sigma):
    away = x[:, None] - mu
    squared = np.einsum("nka,kab,nkb->nk", away, np.linalg.inv(Sigma), away)
    a = np.log(pi) - squared / 2 - np.log(np.linalg.det(Sigma)) / 2
    r = np.exp(a - a.max(1, keepdims=True))
    return r / r.sum(1, keepdims=True)
"""
HANDLE = LEARNER + "play(scenes.em(gaussian.model.using(e_step=e_step), x, start))"
MOVED = """
import ipywidgets
import matplotlib.pyplot as plt
from emtutor.films import palette

def theta_at(at):
    mu = start.mu.copy()
    mu[0, 0] = at
    return start._replace(mu=mu)

slider = ipywidgets.FloatSlider(value=2.5, min=1.5, max=5, step=0.02)
"""
BY_INTERACT = (
    LEARNER
    + MOVED
    + """
def show(at):
    theta = theta_at(at)
    fig, ax = plt.subplots(figsize=(6, 4))
    ax.scatter(*x.T, c=palette.mixed(e_step(x, *theta)))
    ax.plot(*theta.mu.T, "k^")
    ax.set_title(f"log p = {gaussian.log_likelihood(x, theta):.2f}")
    plt.show()

ipywidgets.interact(show, at=slider)"""
)
BY_IPYMPL = (
    "%matplotlib widget\n"
    + LEARNER
    + MOVED
    + """
fig, ax = plt.subplots(figsize=(6, 4))
dots = ax.scatter(*x.T, c=palette.mixed(e_step(x, *start)))
means, = ax.plot(*start.mu.T, "k^")

def show(change):
    theta = theta_at(change["new"])
    dots.set_facecolor(palette.mixed(e_step(x, *theta)))
    means.set_data(*theta.mu.T)
    ax.set_title(f"log p = {gaussian.log_likelihood(x, theta):.2f}")
    fig.canvas.draw_idle()

slider.observe(show, "value")
display(ipywidgets.VBox([slider, fig.canvas]))"""
)
AFTER_HAND = """() => {
  window.emtTimes = [];
  let start = null, changed = false;
  const view = document.querySelector('[data-testid=emt-view]');
  const look = () => {
    if (changed && start !== null) { window.emtTimes.push(performance.now() - start); start = null; }
    changed = false; requestAnimationFrame(look);
  };
  const answer = (m) => m.target.closest?.('[data-mark="log p by hand"]');
  new MutationObserver((all) => { if (all.some(answer)) changed = true; })
    .observe(view, { subtree: true, attributes: true, attributeFilter: ['d'] });
  document.addEventListener('pointermove', (event) => { start ??= event.timeStamp; }, true);
  requestAnimationFrame(look);
}"""
AFTER_KEY = """async (drawnIn) => {
  const slider = document.querySelector('.noUi-handle');
  let drawn = false;
  const picture = () => document.querySelector('.widget-interact .jp-OutputArea img')?.src;
  const before = picture(), start = performance.now();
  if (drawnIn === 'canvas') {
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...args) { drawn = true; return draw.apply(this, args); };
  }
  slider.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true }));
  return await new Promise((done) => {
    const look = () => {
      if (drawnIn === 'canvas' ? drawn : picture() && picture() !== before) done(performance.now() - start);
      else if (performance.now() - start > 20000) done(NaN);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}"""


def hand_times(page, moves):
    """Milliseconds from the pointer's event to the frame in which its answer is drawn, each move alone."""
    handle = page.locator("[data-testid=emt-handle-1]")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 9, y - 9)  # the first answer draws marks that were not there
    page.wait_for_selector('[data-mark="log p by hand"] path[d^=M]', state="attached")
    page.evaluate(AFTER_HAND)
    for i in range(moves):
        page.mouse.move(x + 40 * np.sin(0.3 * i + 0.5), y - 30 * np.cos(0.3 * i))
        page.wait_for_function(f"() => window.emtTimes.length > {i}", timeout=20_000)
        page.wait_for_timeout(20)
    page.mouse.up()
    return page.evaluate("() => window.emtTimes")


def by_hand(page, address, folder, options):
    """The three ways to move a mean."""
    notebook(folder / "handle.ipynb", HANDLE)
    browsing.open_notebook(page, address("handle.ipynb"))
    browsing.run_all(page)
    page.wait_for_selector("[data-testid=emt-handle-1]", timeout=120_000)
    page.wait_for_function(browsing.READY)
    report("a handle, pointer to changed marks", hand_times(page, options.clicks))
    others = [("interact + matplotlib, a mean moved", BY_INTERACT, ".widget-interact img", "img")]
    if importlib.util.find_spec("ipympl"):
        others.append(("ipympl, a mean moved", BY_IPYMPL, ".jupyter-matplotlib-canvas-container canvas", "canvas"))
    else:
        print("ipympl is not installed here: left out")
    for name, source, shown, drawn_in in others:
        notebook(folder / f"{drawn_in}.ipynb", source)
        browsing.open_notebook(page, address(f"{drawn_in}.ipynb"))
        browsing.run_all(page)
        page.wait_for_selector(shown, timeout=120_000)
        page.wait_for_function(browsing.READY)
        report(name, [page.evaluate(AFTER_KEY, drawn_in) for _ in range(options.redraws)])


def notebook(path, source):
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def report(name, times):
    times = np.array(times)
    middle, most = np.nanquantile(times, (0.5, 0.95))
    print(f"{name:42} median {middle:7.1f} ms   95th percentile {most:7.1f} ms   ({len(times)} steps)")


def megabytes(page):
    """The JavaScript heap after a collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clicks", type=int, default=200, help="clicks in the player (default 200)")
    parser.add_argument("--redraws", type=int, default=30, help="redraws by interact (default 30)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        notebook(folder / "player.ipynb", PLAYER)
        notebook(folder / "interact.ipynb", INTERACT)
        with browsing.jupyterlab(folder) as address, browsing.chromium() as browser:
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            browsing.open_notebook(page, address("player.ipynb"))
            browsing.run_all(page)
            page.wait_for_selector("[data-testid=emt-step]", timeout=120_000)
            page.wait_for_function(browsing.READY)
            report("player, click to changed marks", browsing.click_times(page, options.clicks))
            before = megabytes(page)
            page.evaluate(
                """() => { const at = (id) => document.querySelector(`[data-testid=emt-${id}]`);
                for (let i = 0; i < 1000; i++) (Math.floor(i / 60) % 2 ? at('back') : at('step')).click(); }"""
            )
            page.wait_for_timeout(500)
            print(f"{'memory of the page over 1000 steps':42} {before:.2f} MB before, {megabytes(page):.2f} MB after")
            browsing.open_notebook(page, address("interact.ipynb"))
            browsing.run_all(page)
            page.wait_for_selector(".widget-interact img", timeout=120_000)
            page.wait_for_function(browsing.READY)
            report(
                "interact + matplotlib, key to new picture", [page.evaluate(REDRAWN) for _ in range(options.redraws)]
            )
            by_hand(page, address, folder, options)
    print("\nsizes of films, one run each:")
    x = old_faithful()
    for k in (1, 2, 3):
        movie = scenes.em(gaussian.model, x, gaussian.named_starts(x, k)["random 1"])
        print(f"  em, k = {k}: {len(movie.frames):3} frames, {len(film.encode(movie).encode()) / 1000:6.1f} kB")
    for name in every_film.NAMES:
        if not name.startswith("em"):
            movie = every_film.film(name)
            print(f"  {name}: {len(movie.frames)} frames, {len(film.encode(movie).encode()) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
