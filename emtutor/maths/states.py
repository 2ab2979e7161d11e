"""theta and q as EM sees them: numbers and arrays in (named) tuples, whatever they mean."""

import numpy as np


def copied(value):
    """Fresh arrays all the way down tuples; anything else as it is."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (tuple, list)):
        parts = [copied(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def frozen(value):
    """The same, read-only."""
    value = copied(value)
    for a in arrays(value):
        a.flags.writeable = False
    return value


def arrays(value):
    """Yield every array in `value`."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (tuple, list)):
        for v in value:
            yield from arrays(v)


def like(start, theta):
    """theta as the start's own type: a learner's m_step returns a plain tuple."""
    if hasattr(start, "_fields"):
        if not isinstance(theta, (tuple, list)) or len(theta) != len(start):
            raise ValueError(f"m_step must return {', '.join(start._fields)}, got {described(theta)}")
        return type(start)(
            *(np.asarray(b, float) if isinstance(a, np.ndarray) else b for a, b in zip(start, theta, strict=True))
        )
    return theta


def described(value):
    """What came, in words: "a tuple of 2"."""
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return type(value).__name__
