"""What bad input gets: the argument, what came, what was expected, what to do.

Every public function of the core asks here before it computes; the formulas (`emtutor.maths.formulas`) do not ask.
"""

import sys

import numpy as np

LARGEST = 1e150  # the square of a larger number is no number, and a density is made of squares
LEAST = 1e-280  # a variance below it has no inverse that could be squared
SINGLE = 1e-6  # what single precision leaves of a sum of one, or of a symmetry
DOUBLE = 1e-8  # what double precision does


def reals(name, value):
    """`value` as a float array of any shape; NaN and inf pass. Raises ValueError for what is no real number."""
    try:
        a = np.asarray(value)
        if a.dtype.kind not in "biufO" or value is None:
            raise ValueError(f"its entries are {a.dtype}")
        if np.ma.is_masked(value):
            raise ValueError("some are masked, and a mask is not looked at: fill them or leave those rows out")
        return a.astype(float, copy=False)
    except Exception as error:  # whatever a foreign object says when it is asked for its numbers
        kind, why = type(value).__name__, str(error)[:200]
        raise ValueError(f"{name} must be an array of real numbers, got {kind[:60]}: {why}") from None


def array(name, value, shape=None, because="", finite=True):
    """`value` as a float array of the given shape, of finite numbers unless these are not asked for.

    `shape` is a string of axis names or sizes, such as ``(n, d)`` or ``(n, 2)``: names match any size, a
    number must agree, and `because` says where it comes from ("as x has 5 rows"). Raises ValueError with the
    argument's name, what came and what was expected.
    """
    a = reals(name, value)
    if shape is not None:
        axes = tuple(s.strip() for s in shape.strip("()").split(",") if s.strip())
        fits = a.ndim == len(axes) and all(
            not want.isdigit() or int(want) == got for want, got in zip(axes, a.shape, strict=False)
        )
        if not fits:
            wanted = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
            because = because and f" {because}"
            raise ValueError(f"{name} must have shape {wanted}{because}, got {a.shape}{remedy_of(name, a.shape, axes)}")
    if finite and not np.isfinite(a).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(a))[0])
        place = f"[{', '.join(map(str, first))}]" if first else ""
        raise ValueError(
            f"{name} must be finite, got {a[first]} at {name}{place}: remove such entries or mend their source"
        )
    return a


def number(name, value, expected, holds):
    """`value` as a float for which `holds(value)`; `expected` says in words what that is, "a variance > 0"."""
    a = reals(name, value)
    if a.ndim or not holds(float(a)):
        raise ValueError(f"{name} must be {expected}, got {shown(value)}")
    return float(a)


def whole(name, value, low, high=None, remedy=""):
    """`value` as an int, 2.0 as 2, from `low` on; up to `high`, if given: (its words, its value)."""
    end, most = high or ("", sys.maxsize)
    fits = isinstance(value, (int, float, np.integer, np.floating)) and value % 1 == 0
    if not fits or not low <= value <= most:
        span = f">= {low}" if high is None else f"from {low} to {end}"
        raise ValueError(f"{name} must be a whole number {span}, got {shown(value)}{remedy and f': {remedy}'}")
    return int(value)


def several(name, value, expected, holds, most=1000):
    """`value` as a (m,) array, 1 <= m <= most, for which `holds(value)`; `expected` says in words what they are."""
    a = array(name, value, "(m)")
    if not 1 <= a.size <= most or not holds(a):
        raise ValueError(f"{name} must be {expected}, 1 to {most} of them, got {shown(value)}")
    return a


def one_of(name, value, *choices):
    """`value` if it is one of the choices, texts or None."""
    if not any(value is choice or (isinstance(value, str) and value == choice) for choice in choices):
        said = [f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in choices]
        raise ValueError(f"{name} must be {', '.join(said[:-1])} or {said[-1]}, got {shown(value)}")
    return value


def text(name, value):
    """`value` if it is a text, or None for the one that is made."""
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a text, got {shown(value)}")
    return value


def shown(value):
    """What came, in at most 60 characters: an integer of 400 digits, a whole table or what cannot be printed, too."""
    try:
        words = str(value) if isinstance(value, (int, float, np.number)) else repr(value)
    except Exception:  # the interpreter's own limit on digits, or a __repr__ of the user's
        words = f"a {type(value).__name__}"
    words = " ".join(words.split())
    return words if len(words) <= 40 else f"{words[:40]}.., a {type(value).__name__[:20]}"


def parts(name, value, *names):
    """The parts of theta or q, as many as there are names; ValueError if `value` is no tuple of so many."""
    try:
        found = tuple(value) if not isinstance(value, (str, bytes, dict, set)) else ()
    except TypeError:
        found = ()
    if len(found) != len(names):
        wanted = ", ".join(names) + ("," if len(names) == 1 else "")
        raise ValueError(f"{name} must be ({wanted}), got {shown(value)}")
    return found


def generator(rng):
    """`rng` if it is a numpy.random.Generator: a seed would draw the same numbers at each call."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a Generator, got {shown(rng)}: try np.random.default_rng(0)")
    return rng


def remedy_of(name, shape, axes):
    """What may help an array of this shape to the axes wanted, ("n", "2") say: ": transposed? try x.T", or ""."""
    sizes = tuple(int(s) if s.isdigit() else None for s in axes)
    if len(shape) == 1 and len(axes) == 2:
        return f": write {name}[:, None] for one dimension" if sizes[1] in (None, 1) else ""
    if len(shape) == 2 == len(axes) and all(want in (None, got) for want, got in zip(sizes[::-1], shape, strict=True)):
        return f": transposed? try {name}.T"
    return ""


def distribution(name, value, shape="(k)", because=""):
    """`value` as an array whose last axis holds probabilities: not negative, each row summing to one within 1e-6.

    That is what single precision keeps; rows further off than double precision explains are divided by their sum.
    """
    p = array(name, value, shape, because)
    if p.size and p.min() < 0:
        raise ValueError(f"{name} must not be negative, got {p.min():.6g}: probabilities are at least 0")
    sums = p.sum(-1)
    off = np.abs(sums - 1).max(initial=0)
    if off > SINGLE:
        digits = 6 if off > 1e-5 else 9  # else "got 1 .. 1" would help nobody
        got = " .. ".join(f"{s:.{digits}g}" for s in ([sums] if p.ndim == 1 else [sums.min(), sums.max()]))
        rows = name if p.ndim == 1 else f"rows of {name}"
        raise ValueError(f"{rows} must sum to 1, got {got}: divide by the sum{'' if p.ndim == 1 else ' of each row'}")
    return p / sums[..., None] if off > DOUBLE else p


def points(x, name="x", shape="(n, d)", because=""):
    """The data as a finite (n, d) array with n >= 1 and d >= 1, of entries whose squares are numbers; or the means."""
    x = array(name, x, shape, because)
    if 0 in x.shape:
        raise ValueError(f"{name} must hold at least one row and one column, got shape {x.shape}")
    if np.abs(x).max() > LARGEST:
        raise ValueError(f"{name} must stay below {LARGEST:g} in size, got {np.abs(x).max():.3g}: choose another unit")
    return x


def positive_definite(name, Sigma, shape, because=""):
    """`Sigma` (k, d, d): each matrix symmetric, within 1e-6 of its largest entry, and positive definite."""
    Sigma = array(name, Sigma, shape, because)
    for j, S in enumerate(Sigma):
        scale, off = np.abs(S).max(), np.abs(S - S.T).max()
        if off > SINGLE * scale:
            raise ValueError(
                f"{name}[{j}] must be symmetric, got entries that differ across the diagonal by up to {off:.3g}: "
                "use (S + S.T) / 2 or mend the formula"
            )
        if off > DOUBLE * scale:
            Sigma = (Sigma + Sigma.transpose(0, 2, 1)) / 2
        try:
            np.linalg.cholesky(Sigma[j])
        except np.linalg.LinAlgError:
            low = np.linalg.eigvalsh((S + S.T) / 2)[0]
            raise ValueError(
                f"{name}[{j}] must be positive definite, got smallest eigenvalue {low:.3g}: a variance of zero or "
                "below has no density; is it a covariance (not a Cholesky factor, not a correlation times -1)?"
            ) from None
        least = S.diagonal().min()
        if least < LEAST or scale > 1 / LEAST:
            got = f"{least:.3g}" if least < LEAST else f"{scale:.3g}"
            raise ValueError(
                f"{name}[{j}] must hold variances from {LEAST:g} to {1 / LEAST:g}, got {got}: choose another unit"
            )
    return Sigma


def responsibilities(r, n, name="r"):
    """`r` (n, k): one row a point, rows summing to one."""
    return distribution(name, r, f"({n}, k)", f"as x has {n} rows")
