"""What the errors mean that learners meet most often: Python and NumPy say what happened, not where to look."""


def meaning(text):
    """A sentence on the error whose message is `text`; "" where there is none."""
    return next((sentence for part, sentence in _MEANINGS if part in text), "")


# A part of the message, and the sentence; the first that fits counts.
_MEANINGS = (
    ("NoneType", "None stands where a number or an array should: does something that was called return nothing?"),
    (
        "broadcast",
        "NumPy lines shapes up from the right: each pair of lengths must agree or be 1; `a[:, None]` adds an axis.",
    ),
    (
        "solve: Input operand 1",
        "`solve(A, b)` takes right-hand sides as columns: b has as many rows as A. With a stack of matrices, a vector "
        "for each needs a last axis of length 1.",
    ),
    ("matmul", "In `A @ B` the last axis of A must be as long as the last but one (or only) axis of B."),
    (
        "Singular matrix",
        "A matrix without inverse: is each Sigma_j where it should be, and not yet spoiled by another step?",
    ),
    (
        "0-dimensional array given",
        "A matrix is needed, and a single number came: np.cov of one column is one. `np.atleast_2d` makes it a matrix.",
    ),
    ("out of bounds", "An axis of length m has the indices 0 to m - 1. Which axis does this index run along?"),
    ("not subscriptable", "Something has no parts to index: is it a function or a number where an array should be?"),
    ("only integer", "An index must be a whole number: is it a label, or a probability?"),
    ("index out of range", "It has fewer parts than that: the first has the index 0, the last -1."),
    (
        "is not defined",
        "Python knows no such name here: is it misspelt, is `np.` missing, or has the cell that makes it not been run?",
    ),
    (
        "not associated with a value",
        "That name is read before a line has given it a value: is another name meant, or does that line come too late?",
    ),
    (
        "truth value of an array",
        "Many numbers are not one yes or no: should each be chosen by itself (np.where), or is .all() or .any() meant?",
    ),
    (
        "can be converted to Python scalars",
        "Functions of `math` take one number at a time: those of NumPy (`np.exp`, `np.log`) take whole arrays.",
    ),
    ("inhomogeneous", "The rows are not all of one length, so they make no array: where does one grow or shrink?"),
    ("as a data type", "A shape is one argument, with brackets of its own: `np.zeros((n, k))`."),
    ("must be square", "Only a square matrix has an inverse or a determinant: which argument should stand there?"),
    ("unexpected keyword", "That function has no such argument; those of sums are called axis and keepdims."),
    (
        "has no attribute",
        "Nothing of that name belongs to it: is it misspelt? Most functions of arrays are called as `np.log(a)`.",
    ),
    ("not callable", "Round brackets call a function: are square ones meant, or is a `*` missing in front of them?"),
)
