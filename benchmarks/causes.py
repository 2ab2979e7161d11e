"""Of how many wrong answers does the tutor name the cause, and how much of that is owed to the source's own variants?

    python benchmarks/causes.py [EVERY]

Takes every EVERYth (8) mutant of all exercises, judges it with and without the rewrites of the solutions'
source (which the mutants are made of, too), and prints the share by the same account as tests/tutor/test_mutation.py.
"""

import os
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def main(every=8):
    with tempfile.TemporaryDirectory() as home:
        os.environ["EMTUTOR_HOME"] = home
        from emtutor.causes import rewriting

        full = rewriting.STEPS
        for words, steps in (("with rewrites", full), ("without rewrites", 0)):
            rewriting.STEPS = steps
            ways = counted(every)
            total, nameless = sum(ways.values()), ways.pop("", 0)
            print(f"{words:17} {1 - nameless / total:6.1%} of {total}", dict(ways))


def counted(every):
    """How the cause of each mutant is named: {"words": 607, "named mistake": 65, "": 39}."""
    import mutations
    import test_mutation

    from emtutor.tutor.check import judged
    from emtutor.tutor.exercise import exercises

    ways = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, exercise in exercises().items():
            for mutant in mutations.mutants(exercise)[::every]:
                feedback = judged(mutant.function, name)
                if feedback.status != "correct":
                    ways[test_mutation.names_the_cause(mutant, feedback)] += 1
    return ways


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
