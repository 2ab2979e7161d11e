"""Six classical models that are not Gaussian mixtures, each the same `em.Model`: nothing in EM asks for a Gaussian.

>>> em.fit(examples.linkage.model, linkage_counts(), examples.linkage.Theta(0.5))

Each is a module of its own, short enough to read beside the lesson, with a `Theta`, an `m_step` and a `model`; `hmm`
has two, `hmm.categorical(m)` for m symbols and `hmm.poisson`. Data: `emtutor.data`.
"""

from emtutor.maths.examples import abo, coins, hmm, linkage, missing, poisson

__all__ = ["abo", "coins", "hmm", "linkage", "missing", "poisson"]
