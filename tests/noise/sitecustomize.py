"""An arithmetic that no processor has: sums, products of matrices, exp, log, solutions differ in their last bits.

With this folder on PYTHONPATH and EMTUTOR_NOISE=1 (or another seed) every Jupyter kernel computes like this. IEEE fixes
+, -, *, / and sqrt of two numbers, so these stay; the order of a sum, and functions, are each library's own. The same
numbers give the same noise, as on a real machine; results with few digits (counts, 0, 1) are exact there, and here.
"""

import os
import sys

ULPS = 2  # a function's result moves by up to so many units in its last place, a sum's by those of its terms
FUNCTIONS = {
    "numpy": "exp log log1p expm1 log2 log10 sin cos tan tanh sinh cosh arctan arctan2 power",
    "numpy.linalg": "solve inv cholesky slogdet det eigh eigvalsh svd lstsq qr eig eigvals pinv norm",
    "scipy.special": "softmax log_softmax xlogy xlog1py entr rel_entr kl_div gammaln digamma expit",
}


def install(seed):
    import numpy as np
    import numpy._core._methods as methods
    import scipy.special

    def noisy(function, of=np.abs):
        return _Noisy(function, seed, of)

    adds = lambda function: noisy(function, None)
    beyond = lambda result, a, axis=None, keepdims=False, **_: np.abs(result - np.max(a, axis, keepdims=keepdims))
    methods.umr_sum = adds(methods.umr_sum)  # every array's own sum, mean, var and std
    for name in ["matmul", "einsum", "dot", "vdot", "inner", "tensordot", "sum", "mean", "cumsum", "trapezoid"]:
        setattr(np, name, adds(getattr(np, name)))
    for module, names in FUNCTIONS.items():
        for name in names.split():
            setattr(sys.modules[module], name, noisy(getattr(sys.modules[module], name)))
    # log sum exp is the largest term, exactly, and a little more: only that is rounded.
    reduce = noisy(np.logaddexp.reduce, beyond)
    np.logaddexp = noisy(np.logaddexp, lambda result, a, b, **_: np.abs(result - np.maximum(a, b)))
    np.logaddexp.reduce = reduce
    scipy.special.logsumexp = noisy(scipy.special.logsumexp, beyond)


class _Noisy:
    """A function of arrays whose results are moved in their last bits, all else as it was.

    of: from the result and the arguments, the size of what is rounded; None for the function of the terms' sizes.
    """

    def __init__(self, function, seed, of):
        self.function, self.seed, self.of = function, seed, of

    def __call__(self, *args, **kwargs):
        import numpy as np

        result = self.function(*args, **kwargs)
        out = kwargs.pop("out", None)
        if isinstance(result, tuple):
            parts = [self.moved(part, part) for part in result]
            return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
        with np.errstate(all="ignore"):
            if self.of is None:
                terms = [np.abs(a) if isinstance(a, np.ndarray) and a.dtype == float else a for a in args]
                size = self.function(*terms, **kwargs)
            elif self.of is np.abs:
                size = result
            else:
                size = self.of(result, *args, **kwargs)
        new = self.moved(result, size)
        out = out[0] if isinstance(out, tuple) else out
        if isinstance(out, np.ndarray):
            out[...] = new
        return new if out is None else out

    def moved(self, result, size):
        """The result, each number moved by up to ULPS last bits of `size`, at random but always the same way."""
        import numpy as np

        if not isinstance(result, (float, np.ndarray)) or np.asarray(result).dtype != float:
            return result
        a = np.atleast_1d(result)
        with np.errstate(all="ignore"):
            mixed = (a.view(np.uint64) ^ np.uint64(self.seed * 0x9E3779B97F4A7C15 % 2**64)) * np.uint64(
                0xBF58476D1CE4E5B9
            )
            mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
            random = (mixed >> np.uint64(11)) / 2.0**52 - 1
            new = a + ULPS * np.finfo(float).eps / 2 * random * np.abs(size)
            few_digits = a * 2.0**12 == np.rint(a * 2.0**12)
            new = np.where(few_digits | ~np.isfinite(new), a, new)
        return new.reshape(np.shape(result)) if isinstance(result, np.ndarray) else type(result)(new[0])

    def __getattr__(self, name):
        return getattr(self.function, name)


if os.environ.get("EMTUTOR_NOISE") and any("ipykernel_launcher" in a or a == "noisy" for a in sys.orig_argv):
    install(int(os.environ["EMTUTOR_NOISE"]))
