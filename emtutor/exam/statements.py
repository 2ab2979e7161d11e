"""Question 8: statements about EM that are true or false without an if or but, each with its reason and its lesson."""

from typing import NamedTuple

from emtutor.exam.marking import Mark, Part, Question
from emtutor.exam.reading import signs


class Statement(NamedTuple):
    """True or false, and why."""

    text: str
    holds: bool
    why: str
    lesson: str


STATEMENTS = {
    "monotone": (
        Statement(r"Neither the E-step nor the M-step of EM can lower $\mathcal{L}(q, \theta)$.", True,
                  r"each maximises $\mathcal{L}$ in one of its two arguments", "09-em-as-ascent"),
        Statement(r"An E-step raises $\log p(x \mid \theta)$, unless $q$ was the posterior already.", False,
                  r"$\theta$ does not change in the E-step, so $\log p$ does not either", "09-em-as-ascent"),
        Statement(r"If $q_{ij} = 1/k$ takes the place of the E-step, the M-step after it can lower "
                  r"$\log p(x \mid \theta)$.", True,
                  r"KL was not zero before, so it may fall in the M-step by more than $\mathcal{L}$ rises",
                  "09-em-as-ascent"),
        Statement(r"Along a run of EM, $Q(\theta_t \mid \theta_t)$ never falls.", False,
                  r"it is $\log p$ minus the entropy of $r$, and the entropy may grow by more", "06-generic-em"),
        Statement(r"After an exact E-step, a new $\theta$ that does not lower $\mathcal{L}(q, \theta)$ does not lower "
                  r"$\log p(x \mid \theta)$.", True,
                  r"$\mathcal{L} = \log p$ before the move, and $\log p$ is never below $\mathcal{L}$ after it",
                  "10-observations"),
    ),
    "convergence": (
        Statement(r"Once $\log p$ changes by less than $10^{-6}$ in an iteration, it is within $10^{-6}$ of its limit.",
                  False, "where EM is slow, many small changes follow", "05-em"),
        Statement(r"If $\log p(x \mid \theta_t)$ is bounded above along a run of EM, its values converge.", True,
                  "a bounded sequence that never falls converges", "09-em-as-ascent"),
        Statement(r"If the values of $\log p$ converge along a run of EM, their limit is the value at a local maximum.",
                  False, "it may be the value at a saddle", "09-em-as-ascent"),
        Statement("Near a strict maximum, EM in general doubles the number of right digits in each iteration.", False,
                  "that is Newton's method; EM in general converges linearly", "10-observations"),
        Statement("Near a strict maximum, EM is the slower, the larger the share of the information that is missing "
                  "because the labels are hidden.", True,
                  "the largest share of missing information is the factor of its error", "10-observations"),
    ),
    "maxima": (
        Statement(r"For $n \ge 2$ the likelihood of a mixture of two Gaussians with free covariances is unbounded.",
                  True, "one component may shrink onto one point while the other keeps the rest alive", "02-mixtures"),
        Statement("From two identical components, EM in exact arithmetic at last separates them.", False,
                  r"every $r_{ij}$ is $\pi_j$, and after the M-step the components are identical again", "05-em"),
        Statement(r"Permuting the components of a mixture leaves $\log p(x \mid \theta)$ as it is.", True,
                  "it is a sum over the components", "02-mixtures"),
        Statement(r"If a hundred random starts end at the same value of $\log p$, it is the global maximum.", False,
                  "no number of starts proves that", "05-em"),
        Statement(r"At a fixed point of EM for Gaussian mixtures with all $\pi_j > 0$ and all $\Sigma_j$ invertible, "
                  r"the gradient of $\log p$ is zero along the constraint $\sum_j \pi_j = 1$.", True,
                  r"there it is the gradient of $\mathcal{L}$, which the M-step has set to zero", "10-observations"),
    ),
    "k-means": (
        Statement(r"Let $\Sigma_j = \varepsilon I$ and all $\pi_j > 0$. If $\mu_1$ is strictly nearest to $x_i$, then "
                  r"$r_{i1} \to 1$ as $\varepsilon \to 0$.", True,
                  r"the distances are divided by $\varepsilon$, the weights are not", "02-mixtures"),
        Statement(r"Let $\Sigma_j = \varepsilon I$. In the limit $\varepsilon \to 0$ a large $\pi_j$ can win points "
                  "whose strictly nearest mean is another.", False,
                  r"$\log \pi_j$ is lost beside a distance divided by $\varepsilon$", "02-mixtures"),
        Statement(r"Let $\Sigma_j = \varepsilon S$. Whatever the matrix $S$, $\varepsilon \to 0$ gives each point to "
                  "the mean that is nearest in Euclidean distance.", False,
                  "nearest is meant in the distance that $S^{-1}$ measures", "02-mixtures"),
        Statement("Neither half-step of k-means can raise its distortion.", True,
                  "each minimises it with the other half held", "01-kmeans"),
        Statement("k-means ends at the smallest possible distortion, whatever the start.", False,
                  "it ends where neither half-step helps, which depends on the start", "01-kmeans"),
    ),
}  # fmt: skip


def draw_8(rng):
    """Six statements, one or two of each topic, two to four of them true."""
    topics = list(STATEMENTS.values())
    while True:
        double = rng.choice(len(topics), 2, replace=False)
        drawn = [topic[i] for t, topic in enumerate(topics) for i in rng.permutation(len(topic))[: 1 + (t in double)]]
        if 2 <= sum(s.holds for s in drawn) <= 4:
            break
    drawn = [drawn[i] for i in rng.permutation(6)]
    right = "".join("T" if s.holds else "F" for s in drawn)
    shown = "\n".join(f"{i}. {s.text}" for i, s in enumerate(drawn, 1))

    def mark(answer, given):
        got = signs(answer)
        if len(got) != 6 or set(got) - set("TF-"):
            return Mark(0, f"Six signs are expected, each T, F or -; {len(got)} came.")
        wrong = [i for i in range(6) if got[i] not in (right[i], "-")]
        notes = [
            f"{i + 1} is {'true' if drawn[i].holds else 'false'}: {drawn[i].why} ({drawn[i].lesson})." for i in wrong
        ]
        if open_ones := [str(i + 1) for i in range(6) if got[i] == "-"]:
            notes.append(f"Left open: {', '.join(open_ones)}.")
        return Mark(6 - len(wrong) - len(open_ones), " ".join(notes))

    model = "\n".join(f"{i}. {'true' if s.holds else 'false'}: {s.why} ({s.lesson})" for i, s in enumerate(drawn, 1))
    return Question(8, "True or false", "09-em-as-ascent", shown, (Part("8", 6, mark, right, model),))
