"""How a question is printed: tables, lettered lines and choices, in Markdown."""

LETTERS = "ABCDEFGH"


def options(rng, right, wrong):
    """(text, letter of the right one, {wrong letter: why}): choices in random order; wrong: {choice: why}."""
    texts = [right, *wrong]
    order = rng.permutation(len(texts))
    why = {LETTERS[i]: wrong[texts[o]] for i, o in enumerate(order) if o}
    return lettered(texts[o] for o in order), LETTERS[list(order).index(0)], why


def shuffled(rng, right, wrong):
    """(text, letters of the right lines in their order, {letter of a wrong line: why}); wrong: {line: why}."""
    texts = [*right, *wrong]
    order = list(rng.permutation(len(texts)))
    why = {LETTERS[order.index(i)]: wrong[text] for i, text in enumerate(texts) if i >= len(right)}
    return lettered(texts[o] for o in order), "".join(LETTERS[order.index(i)] for i in range(len(right))), why


def lettered(texts):
    """A list with A, B, C, ... before its lines."""
    return "\n\n".join(f"- **{letter}** {text}" for letter, text in zip(LETTERS, texts, strict=False))


def row(*cells):
    """One row of a table."""
    return f"| {' | '.join(map(str, cells))} |\n"


def head(*cells):
    """The head of a table."""
    return row(*cells) + row(*["---"] * len(cells))
