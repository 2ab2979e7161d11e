"""Pictures of lesson 10: slopes that agree, steps along a gradient, information, a prior, and extrapolation."""

import numpy as np

from emtutor import figures
from emtutor.films import palette
from emtutor.maths import bounds, gaussian


def step_lengths(x, theta, longest=0.004):
    """log p, and L with q held, over the length of a step along the gradient in mu."""
    g, r = gaussian.grad_mu(x, theta), gaussian.e_step(x, theta)
    lengths = np.linspace(0, longest, 81)
    thetas = [theta._replace(mu=theta.mu + length * g) for length in lengths]
    log_p = np.array([gaussian.log_likelihood(x, t) for t in thetas])
    fig, ax = figures.canvas(width=6, height=3.2)
    ax.axhline(log_p[0], color=palette.UNLABELLED, linewidth=1.2, label="the start")
    ax.plot(lengths, log_p, color=palette.LOG_P, label="log p")
    elbo = [bounds.elbo(gaussian.log_joint(x, t), r) for t in thetas]
    ax.plot(lengths, elbo, "--", color=palette.ELBO, label="L, q held")
    ax.set(xlabel="step, as a multiple of the gradient", ylabel="nats", title="Uphill, but not for long")
    ax.legend()
    top = lengths[log_p.argmax()]
    return figures.picture(
        fig,
        "log p and L over the length of a step along the gradient in mu, hardly to be told apart: they rise to a top "
        f"near {top:.4f} times the gradient, and then fall far below the start.",
    )
