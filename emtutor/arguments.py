"""What bad input gets: the argument, what came, what was expected, what to do.

Every public function of the core asks here before it computes; the inner forms (leading underscore) do not ask.
"""

import numpy as np


def array(name, value, shape=None):
    """`value` as a finite float array of the given shape.

    `shape` is a string of axis names or sizes, such as ``(n, d)`` or ``(n, 2)``: names match any size, a
    number must agree. Raises ValueError with the argument's name, what came and what was expected.
    """
    try:
        a = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of real numbers, got {type(value).__name__}: {error}") from None
    if shape is not None:
        axes = tuple(s.strip() for s in shape.strip("()").split(",") if s.strip())
        fits = a.ndim == len(axes) and all(
            not want.isdigit() or int(want) == got for want, got in zip(axes, a.shape, strict=False)
        )
        if not fits:
            raise ValueError(f"{name} must have shape {shape}, got {a.shape}{_remedy(name, a, axes)}")
    if not np.isfinite(a).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(a))[0])
        place = f"[{', '.join(map(str, first))}]" if first else ""
        raise ValueError(
            f"{name} must be finite, got {a[first]} at {name}{place}: remove such entries or mend their source"
        )
    return a


def _remedy(name, a, axes):
    if a.ndim == 1 and len(axes) == 2:
        return f": write {name}[:, None] for one dimension"
    sizes = tuple(int(s) if s.isdigit() else None for s in axes)
    if a.ndim == 2 == len(axes) and all(want in (None, got) for want, got in zip(sizes[::-1], a.shape, strict=True)):
        return f": transposed? try {name}.T"
    return ""


def distribution(name, value, shape="(k)"):
    """`value` as an array whose last axis holds probabilities: not negative, each row summing to one within 1e-8."""
    p = array(name, value, shape)
    if p.size and p.min() < 0:
        raise ValueError(f"{name} must not be negative, got {p.min():.6g}: probabilities are at least 0")
    sums = p.sum(-1)
    if np.abs(sums - 1).max(initial=0) > 1e-8:
        got = f"{sums:.6g}" if p.ndim == 1 else f"{sums.min():.6g} .. {sums.max():.6g}"
        rows = name if p.ndim == 1 else f"rows of {name}"
        raise ValueError(f"{rows} must sum to 1, got {got}: divide by the sum{'' if p.ndim == 1 else ' of each row'}")
    return p


def points(x, name="x"):
    """The data as a finite (n, d) array with n >= 1 and d >= 1."""
    x = array(name, x, "(n, d)")
    if 0 in x.shape:
        raise ValueError(f"{name} must hold at least one point and one dimension, got shape {x.shape}")
    return x


def positive_definite(name, Sigma, shape):
    """`Sigma` (k, d, d): each matrix symmetric and positive definite."""
    Sigma = array(name, Sigma, shape)
    for j, S in enumerate(Sigma):
        scale = np.abs(S).max()
        if np.abs(S - S.T).max() > 1e-8 * scale:
            raise ValueError(
                f"{name}[{j}] must be symmetric, got entries that differ across the diagonal by up to "
                f"{np.abs(S - S.T).max():.3g}: use (S + S.T) / 2 or mend the formula"
            )
        try:
            np.linalg.cholesky(S)
        except np.linalg.LinAlgError:
            low = np.linalg.eigvalsh((S + S.T) / 2)[0]
            raise ValueError(
                f"{name}[{j}] must be positive definite, got smallest eigenvalue {low:.3g}: a variance of zero or "
                "below has no density; is it a covariance (not a Cholesky factor, not a correlation times -1)?"
            ) from None
    return Sigma


def responsibilities(r, n, name="r"):
    """`r` (n, k): one row a point, rows summing to one."""
    return distribution(name, r, f"({n}, k)")
