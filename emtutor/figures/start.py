"""The map of the course."""

from emtutor import figures
from emtutor.films import palette

LESSONS = {  # how its notebook begins: (column, row, title)
    "01": (0, 2, "01 k-means\nand soft k-means"),
    "02": (1, 2, "02 mixtures\nwhy it is hard"),
    "03": (2, 3, "03 gradients\nin mu and Sigma"),
    "04": (2, 1, "04 Lagrange\nthe weights pi"),
    "05": (3, 2, "05 EM\non Old Faithful"),
    "06": (4, 3, "06 generic EM\nother models"),
    "07": (4, 1, "07 Jensen\na bound"),
    "08": (5, 1, "08 ELBO and KL\nthe lemma"),
    "09": (5, 3, "09 EM as ascent\nwhy it works"),
    "10": (6, 3, "10 observations\nrates, priors"),
    "11": (6, 1, "11 beyond\nstreams, chains"),
    "12": (7, 2, "12 example\nexam"),
    "13": (7, 1, "13 the slides,\nrun"),
    "14": (7, 3, "14 capstone"),
    "numpy": (0, 1, "NumPy\nclinic"),
}
_ARROWS = "01 02, 02 03, 02 04, 03 05, 04 05, 05 06, 05 07, 07 08, 06 09, 08 09, 09 10, 08 11, 10 12, 11 12, 10 14"
_PARTS = (
    (0, 2, 0, "what is to be learnt"),
    (2, 4, 1, "the algorithm"),
    (4, 6, 2, "why it works"),
    (6, 8, 3, "further"),
)


def course_map():
    """The lessons as boxes, an arrow where one builds on another, in four groups."""
    fig, ax = figures.canvas(width=11, height=3.2)
    for first, last, j, words in _PARTS:
        ax.text(first - 0.45, 3.85, words, color=palette.COMPONENTS[j], weight="bold", size=10)
        ax.plot([first - 0.45, last - 0.55], [3.72, 3.72], color=palette.COMPONENTS[j], linestyle=palette.DASHES[j])
    ax.set(xlim=(-0.55, 7.6), ylim=(0.4, 4.1))
    ax.axis("off")
    boxes = {
        name: ax.text(column, row, title, ha="center", va="center", size=8.5, bbox=_BOX)
        for name, (column, row, title) in LESSONS.items()
    }
    for arrow in _ARROWS.split(", "):
        a, b = arrow.split()
        ends = {"patchA": boxes[a].get_bbox_patch(), "patchB": boxes[b].get_bbox_patch()}
        ax.annotate("", LESSONS[b][:2], LESSONS[a][:2], arrowprops=_ARROW | ends)
    return figures.picture(
        fig,
        "Map of the course. 01 leads to 02, 02 to 03 and 04, both to 05 (EM on Old Faithful). From 05 to 06 and 07, "
        "from 07 to 08, from 06 and 08 to 09 (why it works), from there to 10; 08 leads to 11; 10 and 11 "
        "to 12, the example exam, and 10 to 14, the capstone. 13, the slides run, and the NumPy clinic stand alone.",
    )


_BOX = {"boxstyle": "round,pad=0.45", "facecolor": "none", "edgecolor": palette.LOG_P}
_ARROW = {"arrowstyle": "-|>", "color": palette.UNLABELLED, "shrinkA": 2, "shrinkB": 2}
