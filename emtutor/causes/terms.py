"""The terms of the lecture's formulas, computed from a problem: what a wrong answer may lack, or have too much of.

Each term has axes, so that it can be compared with an output of any axes: (n,) is spread over components, (n, k) is
summed over whatever the output does not have.
"""

from typing import NamedTuple

import numpy as np

from emtutor.problems.worlds import World


class Term(NamedTuple):
    words: str  # "log det Sigma_j"
    axes: str
    value: np.ndarray
    usual: float | None = None  # its coefficient in a log-density or a bound
    about: str = ""  # the argument that it is about


def factors(w: World):
    """Terms that may multiply an output: sizes, numbers, and positive quantities of a component or a point."""
    found = [
        Term(letter, "", np.asarray(float(size)), None, letter) for letter, size in w.sizes.items() if letter in "nkd"
    ]
    for name, q in w.kinds.items():
        if q.kind in ("positive", "simplex", "above1", "chance", "counts") and name in w.values and "." not in name:
            value = np.asarray(w.values[name], float)
            if len(q.axes) == value.ndim and value.size and (value > 0).all():
                found.append(Term(_with_index(name, q.axes), q.axes, value, None, name))
    for name in w.leaves("simplex", "onehot", axes="nk"):
        if "." not in name:
            R = np.asarray(w.values[name], float).sum(0)
            if (R > 0).all():
                found.append(Term("R_j" if name == "r" else f"sum_i {name}_ij", "k", R, None, name))
    for name in w.leaves("labels"):
        count = np.bincount(w.values[name], minlength=w.sizes.get("k", 0)).astype(float)
        if (count > 0).all():
            found.append(Term("the number of points of component j", "k", count, None, name))
    for name in w.leaves("spd"):
        if "." not in name:
            axes = w.kinds[name].axes[:-2]
            det = np.linalg.det(w.values[name])
            if (det > 0).all():
                found.append(Term(f"det {_with_index(name, axes)}", axes, det, None, name))
    mixture = _mixture(w)
    if mixture and mixture[1] is not None:
        joint = mixture[1]
        evidence = np.logaddexp.reduce(joint, axis=1)
        r = np.exp(joint - evidence[:, None])
        with np.errstate(all="ignore"):
            found += [
                Term("R_j", "k", r.sum(0), None, "r"),
                Term("r_ij", "nk", r, None, "r"),
                Term("p(x_i)", "n", np.exp(evidence), None, "pi"),
            ]
    n = w.sizes.get("n")
    own = [t for t in found if t.axes == "k"]
    for size in "nkd":
        if w.sizes.get(size):
            found += [t._replace(words=f"{t.words} / {size}", value=t.value / w.sizes[size]) for t in own]
    found += [
        t._replace(words=f"{t.words} / sum_j {t.words}", value=t.value / t.value.sum())
        for t in own
        if "det" not in t.words and not np.isclose(t.value.sum(), 1) and not np.isclose(t.value.sum(), n or 0)
    ]
    return [t for t in found if np.isfinite(t.value).all() and (t.value > 0).all()]


def summands(w):
    """Terms that may be added to an output: the pieces of log-densities, bounds, gradients and priors."""
    mixture = _mixture(w)
    found = [*_constants(w), *_of_covariances(w), *_of_mixture(w, mixture)]
    weights = [(name, w.values[name]) for name in w.leaves("simplex", "onehot", axes="nk") if "." not in name]
    if mixture and mixture[1] is not None:
        joint = mixture[1]
        weights.append(("r", np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))))
    if "pi" in w.values and w.sizes.get("n"):
        weights.append(("pi", np.tile(w.values["pi"], (w.sizes["n"], 1))))
    found += [*_of_distributions(w), *_of_two_distributions(w), *_of_tables(w), *_of_numbers(w)]
    return [*found, *_weighted_sums(found, weights)]


def _constants(w):
    n, k, d = w.sizes.get("n"), w.sizes.get("k"), w.sizes.get("d")
    yield Term("1", "", np.asarray(1.0))
    for letter, size in (("n", n), ("k", k), ("d", d)):
        if size:
            yield Term(letter, "", np.asarray(float(size)), None, letter)
            yield Term(f"log {letter}", "", np.asarray(np.log(size)), None, letter)
            if n and letter != "d":
                yield Term(f"n log {letter}", "", np.asarray(n * np.log(size)), None, letter)
    if d:
        yield Term("d/2 log 2", "", np.asarray(d / 2 * np.log(2)))
        yield Term("d/2 log pi", "", np.asarray(d / 2 * np.log(np.pi)))
    if d:
        yield Term("d/2 log 2 pi", "", np.asarray(d / 2 * np.log(2 * np.pi)), -1.0, "Sigma")
    if n and d:
        yield Term("n d/2 log 2 pi", "", np.asarray(n * d / 2 * np.log(2 * np.pi)), -1.0, "Sigma")


def _of_covariances(w):
    for name in w.leaves("spd"):
        if "." not in name:
            Sigma, axes = w.values[name], w.kinds[name].axes
            called = _with_index(name, axes[:-2])
            yield Term(f"log det {called}", axes[:-2], np.linalg.slogdet(Sigma)[1], -0.5, name)
            yield Term(called, axes, Sigma, None, name)
            yield Term(f"the inverse of {called}", axes, np.linalg.inv(Sigma), None, name)


def _of_mixture(w, mixture):
    if not mixture:
        return
    squared, joint, density, axes = mixture
    yield Term("the quadratic form", axes, squared, -0.5, "x")
    yield Term("log N(x_i; mu, Sigma)", axes, density, 1.0, "x")
    if joint is not None:
        evidence = np.logaddexp.reduce(joint, axis=1)
        log_r = joint - evidence[:, None]
        r = np.exp(log_r)
        yield Term("log p(x_i)", "n", evidence, 1.0, "pi")
        yield Term("log p(x_i, z_ij = 1)", "nk", joint, None, "pi")
        yield Term("log r_ij", "nk", log_r, None, "r")
        yield Term("the entropy of the posterior", "n", -(r * log_r).sum(1), 1.0, "r")
        yield from _gradient_terms(w, r)


def _of_distributions(w):
    for name in w.leaves("simplex", "onehot"):
        p, (axes, kind, *_) = np.asarray(w.values[name], float), w.kinds[name]
        if "." in name:
            continue
        log_p = _log(p)
        if axes in ("nk", "k") and kind == "simplex":
            yield Term(f"the entropy of {name}", axes[:-1], -(p * log_p).sum(-1), 1.0, name)
        if axes in ("nk", "k"):
            yield Term(f"log {_with_index(name, axes)}", axes, log_p, 1.0 if axes == "k" else None, name)
        yield Term(_with_index(name, axes), axes, p, None, name)


def _of_two_distributions(w):
    names = [name for name in w.leaves("simplex") if "." not in name]
    for a in names:
        for b in names:
            if a != b and w.kinds[a].axes == w.kinds[b].axes and w.kinds[a].axes in ("k", "nk"):
                p, q, axes = w.values[a], w.values[b], w.kinds[a].axes[:-1]
                yield Term(f"KL({a} || {b})", axes, (p * (_log(p) - _log(q))).sum(-1), 1.0, a)
                yield Term(f"the cross-entropy of {b} under {a}", axes, -(p * _log(q)).sum(-1), None, a)


def _of_tables(w):
    """Of a table of log-joints: the evidence, and with a q the expectation and the divergence."""
    for name in w.leaves("log"):
        a, axes = np.asarray(w.values[name], float), w.kinds[name].axes
        if axes not in ("nk", "k") or not np.isfinite(a).all():
            continue
        evidence = np.logaddexp.reduce(a, axis=-1)
        yield Term("log p(x)" if axes == "k" else "log p(x_i)", axes[:-1], evidence, 1.0, name)
        for q in w.leaves("simplex", axes=axes):
            if "." not in q:
                p = np.asarray(w.values[q], float)
                yield Term(f"the expectation of {name} under {q}", axes[:-1], (p * a).sum(-1), 1.0, name)
                kl = (p * (_log(p) - a + evidence[..., None])).sum(-1)
                yield Term(f"KL({q} || posterior)", axes[:-1], kl, 1.0, q)


def _of_numbers(w):
    for name in w.leaves("positive", "above1", "real", "centre", "means", "points"):
        value, axes = np.asarray(w.values[name], float), w.kinds[name].axes
        if "." in name or value.ndim != len(axes):
            continue
        yield Term(_with_index(name, axes), axes, value, None, name)
        if w.kinds[name].kind in ("positive", "above1") and (value > 0).all():
            yield Term(f"log {_with_index(name, axes)}", axes, np.log(value), None, name)


def _weighted_sums(found, weights):
    """Sums over components weighted with r, q or z, and R_j times what belongs to a component."""
    for term in found:
        for name, weight in weights:
            if term.axes in ("k", "nk") and name != term.about and weight.shape[1] == term.value.shape[-1]:
                summed = (weight * term.value).sum(1)
                yield Term(f"the {name}-weighted sum of {term.words}", "n", summed, term.usual, term.about)
                if term.axes == "k" and name != "pi":
                    total = weight.sum(0) * term.value
                    times = "R_j" if name == "r" else f"sum_i {name}_ij"
                    yield Term(f"{times} times {term.words}", "k", total, term.usual, term.about)


def _log(p):
    """log p, and 0 where p is 0."""
    with np.errstate(all="ignore"):
        return np.where(p > 0, np.log(p), 0.0)


def _gradient_terms(w, r):
    """The pieces of the gradients: what W_j, R_j and the powers of Sigma_j make."""
    x, mu, P = w.values["x"], w.values["mu"], np.linalg.inv(w.values["Sigma"])
    away = x[:, None] - mu
    W = np.einsum("nk,nka,nkb->kab", r, away, away)
    R = r.sum(0)[:, None, None]
    return [
        Term("R_j times the inverse of Sigma_j", "kdd", R * P, -0.5, "Sigma"),
        Term("the sandwich of W_j between two inverses of Sigma_j", "kdd", P @ W @ P, 0.5, "Sigma"),
        Term("W_j", "kdd", W, None, "x"),
        Term("R_j mu_j", "kd", R[:, 0] * mu, None, "mu"),
        Term("the sum of r_ij x_i", "kd", r.T @ x, None, "x"),
    ]


def fitted(term, axes, sizes):
    """The term's value with the output's axes: summed over the axes that the output lacks, spread over those it adds.

    None where the axes do not match.
    """
    value, own = np.asarray(term.value, float), list(term.axes)
    if not set(axes) <= sizes.keys():
        return None
    repeated = len(set(own)) < len(own) or len(set(axes)) < len(axes)
    if repeated and "d" in term.axes and not axes.endswith(term.axes):
        return None
    for letter in list(own):
        if letter not in axes:
            if letter not in "nk":
                return None
            value = value.sum(own.index(letter))
            own.remove(letter)
    if "".join(own) == axes:
        return value
    shape, position = [], 0
    for letter in axes:
        if position < len(own) and own[position] == letter:
            shape.append(sizes[letter])
            position += 1
        else:
            shape.append(1)
    if position < len(own):
        return None
    return np.broadcast_to(value.reshape(shape), [sizes[letter] for letter in axes])


def _mixture(w):
    """Squared Mahalanobis distances, log joint, log density and their axes, if the problem has x, mu and Sigma."""
    v = w.values
    if not {"x", "mu", "Sigma"} <= v.keys() or w.kinds["x"].axes != "nd" or w.kinds["mu"].axes not in ("d", "kd"):
        return None
    one = w.kinds["mu"].axes == "d"
    mu, Sigma = (v["mu"][None], v["Sigma"][None]) if one else (v["mu"], v["Sigma"])
    away = v["x"][:, None] - mu
    squared = np.einsum("nka,kab,nkb->nk", away, np.linalg.inv(Sigma), away)
    density = -(v["x"].shape[1] * np.log(2 * np.pi) + np.linalg.slogdet(Sigma)[1] + squared) / 2
    if one:
        return squared[:, 0], None, density[:, 0], "n"
    if "pi" not in v:
        return squared, None, density, "nk"
    return squared, density + np.log(np.where(v["pi"] > 0, v["pi"], 1e-300)), density, "nk"


def _with_index(name, axes):
    if axes == "":
        return name
    if axes[0] == "n" and len(axes) > 1 and axes[1] == "k":
        return f"{name}_ij"
    return f"{name}_{ {'k': 'j', 'n': 'i'}.get(axes[0], axes[0]) }" if axes[0] in "kn" else name
