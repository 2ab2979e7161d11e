"""FAMILIES: every cause that a finding may name, with the question that leads on where a record has none of its own.

A record's `ask` has these keys, alone or with a subject: {"sign": "...", "inverse:Sigma": "...", "hard:r": "..."}.
"""

FAMILIES = {
    # ---- arithmetic
    "sign": "if one of the arguments grows, should the result rise or fall?",
    "factor": "where does that factor come from?",
    "term": "which terms belong there, each with which coefficient?",
    "number": "where does that number come from?",
    "constant": "which constant is missing or too many?",
    "operator": "is it a sum, a product or a quotient?",
    "inverse": "does it multiply or divide there?",
    "power": "which power belongs there?",
    "bracket": "what does the factor before the bracket multiply, and where does the bracket end?",
    # ---- sums, means, what they run over, what they are divided by
    "mean-for-sum": "is a sum or a mean asked for?",
    "sum-for-mean": "is a sum or a mean asked for, and by how many is it divided?",
    "over-n": "by what is it divided, and what would make the shares of a whole?",
    "unbiased": "is it n or n - 1 that divides? Maximum likelihood has n.",
    "over-points": "each point has one unit to hand out: over which index must the shares sum to one?",
    "axis": "over which index does the sum run?",
    "normalise": "what must the entries sum to, and by what are they divided?",
    # ---- logarithms and the numbers that a computer holds
    "log": "is a logarithm asked for, or what it is the logarithm of?",
    "bits": "which base has the logarithm? Here logarithms are natural.",
    "underflow": "what does exp(-45000) give, and when is the logarithm taken?",
    "epsilon": "what was the small number to catch, and what does it do to a rare event?",
    "integer": "are all digits kept, or are whole numbers being filled in?",
    "integer-division": "what does // do with an odd number?",
    # ---- responsibilities, weights, priors
    "hard": "may a point in the middle belong to several components?",
    "uniform": "where does it enter, if it makes a difference?",
    "prior-for-posterior": "what does seeing the point change?",
    "softmax": "what does the exponential do here?",
    # ---- matrices and arrays
    "transpose": "which index is the row?",
    "side": "on which side does each factor stand?",
    "elementwise": "is it a product of matrices or entry by entry?",
    "diagonal": "what do the entries off the diagonal do?",
    "index": "where does it begin, where does it end?",
    "shape": "which shape is asked for?",
    "reshape": "reshape keeps the order of the numbers: which numbers stand in the first row then?",
    "broadcast": "which axis do the two share, and where does a [:, None] belong?",
    "batch": "does solve take the right-hand side as vectors or as matrices?",
    "size": "which length is meant?",
    # ---- which quantity
    "argument": "where does it enter?",
    "order": "which is which?",
    "condition": "what is to hold when it is taken, or when it stops?",
    "zero": "is anything ever written into it?",
    "global": "does the function use only what it is given?",
    "overwritten": "which cell of the notebook gave that name another value?",
    # ---- what is only known by behaviour
    "case": "what is different in general?",
    "unit": "which term has another unit?",
    "doubling": "what is summed over the points, and what is divided by how many?",
    "shift": "which difference, such as x - mu, is not taken, or not of the right two?",
    "part": "does it use what has just been computed, and what was given, in the right places?",
}


def question(cause, subject="", ask=None):
    """The question for a cause: a record's own for this subject, its own for any subject, else the family's."""
    ask = ask or {}
    keys = [f"{cause}:{subject}", *(f"{cause}:{part}" for part in subject.split(",")), cause]
    return next((ask[key] for key in keys if key in ask), FAMILIES[cause])


def unknown(ask):
    """The keys of a record's `ask` whose cause no finding can name."""
    return [key for key in ask if key.split(":")[0] not in FAMILIES]
