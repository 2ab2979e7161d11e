"""Pictures for the lessons: Old Faithful, components, and a way to show a figure together with its words.

A lesson's cell ends with ``picture(fig, "what is seen")``: the words are the picture's alt text, what a screen reader
or a terminal gets, and what the notebook tests compare.
"""

from base64 import b64encode
from html import escape
from io import BytesIO

import numpy as np

from emtutor.data import FAITHFUL_COLUMNS
from emtutor.films import palette

STYLE = {
    "figure.facecolor": "none",  # figures are transparent: no white slab on a dark page
    "savefig.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": palette.LOG_P,
    "axes.labelcolor": palette.LOG_P,
    "axes.titlecolor": palette.LOG_P,
    "patch.edgecolor": palette.LOG_P,
    "hatch.color": palette.LOG_P,
    "text.color": palette.LOG_P,
    "xtick.color": palette.LOG_P,
    "ytick.color": palette.LOG_P,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 2,
    "font.size": 10,
}


class Picture:
    """A drawn figure and its words, as alt text too.

    JupyterLab shows an image/png without an alt text, and text/html before it: so the picture comes in both forms.
    """

    def __init__(self, png, words):
        self.png, self.words = png, words

    def __repr__(self):
        return self.words

    def _repr_mimebundle_(self, include=None, exclude=None):
        source = f"data:image/png;base64,{b64encode(self.png).decode()}"
        html = f'<img class="emt-figure" alt="{escape(self.words)}" src="{source}">'
        data = {"text/html": html, "image/png": self.png, "text/plain": self.words}
        return data, {"image/png": {"alt": self.words}}


def picture(fig, words):
    """Draw `fig` once and close it. `words` say what is seen, in a sentence or two; they are required."""
    import matplotlib.pyplot as plt
    from PIL import Image  # matplotlib's own

    if not isinstance(words, str) or len(words.split()) < 5:
        raise ValueError(f"words must say what the picture shows, in a sentence; got {words!r}")
    file = BytesIO()
    fig.savefig(file, format="png", dpi=96, bbox_inches="tight")
    plt.close(fig)
    small = BytesIO()  # 256 colours are a third of the bytes, and no eye sees it
    Image.open(file).quantize(256, Image.Quantize.FASTOCTREE).save(small, format="png", optimize=True)
    return Picture(small.getvalue(), words)


def canvas(columns=1, width=None, height=3.4, **options):
    """A figure in the course's style: fig, ax (or an array of axes); options go to `matplotlib.pyplot.subplots`.

    Sets matplotlib's rcParams to the style, since titles and legends drawn later take theirs from there.
    """
    import matplotlib.pyplot as plt

    plt.rcParams.update(STYLE)
    options.setdefault("layout", "constrained")
    return plt.subplots(1, columns, figsize=(width or min(5.2 * columns, 11), height), **options)


def faithful_axes(ax, title=""):
    """Old Faithful's axes, with units."""
    ax.set(xlabel=FAITHFUL_COLUMNS[0], ylabel=FAITHFUL_COLUMNS[1], xlim=(1.2, 5.5), ylim=(40, 100), title=title)
    return ax


def points(ax, x, r=None, **options):
    """The data, in the components' colours mixed by the responsibilities r (n, k), or grey without them."""
    colour = palette.UNLABELLED if r is None else palette.mixed(r)
    options = {"s": 22, "edgecolors": "none", "alpha": 0.8, "zorder": 2} | options
    return ax.scatter(x[:, 0], x[:, 1], c=colour, **options)


def ellipse(ax, mu, Sigma, j, deviations=2.0, number=True):
    """Component j (counted from 0): its ellipse at two standard deviations, and its number from 1 at the mean."""
    turn = np.linspace(0, 2 * np.pi, 181)
    values, vectors = np.linalg.eigh(Sigma)
    outline = mu + deviations * (np.stack([np.cos(turn), np.sin(turn)], 1) * np.sqrt(np.maximum(values, 0))) @ vectors.T
    colour, dash = palette.COMPONENTS[j % 6], palette.DASHES[j % 6]
    ax.plot(*outline.T, color=colour, linestyle=dash, zorder=3)
    if number:
        ax.scatter(*mu, s=190, color=colour, edgecolors="white", linewidths=1.5, zorder=4)
        ax.text(*mu, str(j + 1), color="white", weight="bold", ha="center", va="center", size=9, zorder=5)


def mixture(ax, x, theta, r=None):
    """Old Faithful with the ellipses of theta = (pi, mu, Sigma), the points coloured by r if given."""
    points(ax, x, r)
    for j, (mu, Sigma) in enumerate(zip(theta[1], theta[2], strict=True)):
        ellipse(ax, mu, Sigma, j)
    return faithful_axes(ax)
