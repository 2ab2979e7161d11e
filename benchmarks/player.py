"""From a click to changed marks: the player beside ipywidgets.interact with a matplotlib redraw, in one run.

Both show the same film in JupyterLab in headless Chromium. The player's time runs from the click's event to the first
animation frame in which its marks have changed; the redraw's from the key that moves interact's slider to the frame in
which another picture has arrived. Prints the page's memory over 1000 steps and the sizes of films. Needs Chromium.
"""

import argparse
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
