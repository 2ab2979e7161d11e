"""One set of colours for every picture of the course (Okabe and Ito's, told apart by all kinds of eyes).

Colour is never alone: components carry a dash and a number too, log p a solid line, L a dashed one, KL a filled gap.
"""

COMPONENTS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (3, 3)))
UNLABELLED = "#8c8c8c"
INK = "#1a1a1a"  # on paper; the player takes its ink from the theme
LOG_P = "#767676"  # and all that is written in a figure: 4 : 1 and more on white and on JupyterLab's dark page
SHADE = "#a6a6a659"  # bars behind a line, on either
ELBO = "#0072B2"
GAP = "#E69F00"


def rgb(colour):
    """'#0072B2' -> (0, 114, 178)."""
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def luminance(colour):
    """Relative luminance (WCAG 2) of '#0072B2', or of each row of bytes (n, 3): 0 is black, 1 is white."""
    import numpy as np

    c = np.asarray(rgb(colour) if isinstance(colour, str) else colour) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def pale(colour):
    """True where a colour stands out from white paper by less than 3 : 1: such a mark is drawn with an edge of ink."""
    return luminance(colour) > 1.05 / 3 - 0.05


def mixed(r):
    """The colours of n points by their responsibilities r (n, k), as (n, 3) in 0 .. 1; rows need not sum to one."""
    import numpy as np

    r = np.nan_to_num(np.clip(np.asarray(r, float), 0, None))
    weight = r / np.maximum(r.sum(1, keepdims=True), 1e-300)
    base = np.array([rgb(COMPONENTS[j % len(COMPONENTS)]) for j in range(r.shape[1])]) / 255
    return weight @ base
