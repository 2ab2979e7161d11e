"""The lecture's derivations, one file a topic: `derivations.grad_mu.run()`.

mixture: marginal, product_of_sums, bayes
gradients: log_det, quadratic_form, grad_log_gaussian_mu, grad_log_gaussian_Sigma, grad_mu, grad_Sigma,
    grad_Sigma_symmetric, preconditioned_ascent, preconditioned_ascent_Sigma, preconditioned_ascent_pi
weights: grad_pi, pi_lagrange, multiplier_price, pi_softmax, pi_gibbs, pi_elimination
complete: complete_log_likelihood, decoupling, coupling, known_labels, expected_complete, m_step
kmeans_limit: kmeans_limit, kmeans_limit_means, kmeans_limit_objective, best_beta
jensen: chord, jensen, jensen_bound
lemma: lemma, kl_not_negative, free_energy, tempered, q_is_not_log_p
ascent: e_step_tight, e_step_gain, m_step_bound, m_step_gain, m_step_gain_any_q, monotone
observations: fisher, fisher_elsewhere, natural_parameters, exponential_family, moment_matching, map_dirichlet,
    map_niw, rate
beyond: forward, mean_field
slides (as printed, so they break): slide_denominator, slide_missing_pi, slide_kmeans, slide_kmeans_shared,
    slide_conditional, slide_grad_mu, slide_constant, slide_fixed_point, slide_grad_Sigma, slide_symmetric,
    slide_lagrange, slide_sum, slide_old_mean, slide_z_index, slide_jensen, slide_support, slide_bound, slide_zero_kl,
    slide_gem, slide_exponential, slide_map
coupling, m_step_gain_any_q and fisher_elsewhere break on purpose too: they are counterexamples.

A derivation is found by being written down as a module's variable.
"""

import pkgutil
from dataclasses import replace
from importlib import import_module

from emtutor.derivations import chains
from emtutor.derivations.engine import Derivation

ALL: dict[str, Derivation] = {}  # by name, in the order of the topics' modules

for _module in pkgutil.iter_modules(chains.__path__, f"{chains.__name__}."):
    for _name, _value in vars(import_module(_module.name)).items():
        if isinstance(_value, Derivation):
            ALL[_name] = replace(_value, name=_name)

globals().update(ALL)
__all__ = ["ALL", *ALL]
