"""A net under changes of the tutor: what it said of two thousand frozen wrong answers, and where that is different now.

    python tests/net.py                what has changed, answer by answer
    python tests/net.py KIND ...       the same for exercises, slugs or operators that match: "m_step", "sign"
    python tests/net.py --write KIND   the new sentences of these (or of all) are wanted: freeze them
    python tests/net.py --answers KIND freeze the answers of these exercises (or of all) anew too, from the records and
                                       the mutants of today

The answers are frozen by value (tests/net/answers.pkl.xz), so that they stay the same when a record that held them is
written anew; as compiled functions they are for one version of Python. The verdicts lie beside them as JSON.
"""

import itertools
import json
import lzma
import os
import pickle
import re
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "net"
ANSWERS, VERDICTS = FOLDER / "answers.pkl.xz", FOLDER / "verdicts.json.xz"
PYTHON = sys.version_info[:2]
EVERY = 3  # of the mutants one in so many


class Answer(NamedTuple):
    key: str  # "m_step: mistake: no-pi", "m_step: sign: a - b -> a + b"
    exercise: str
    function: Any


def frozen_answers(pattern=""):
    """The answers whose key matches; an empty list under another Python than that which froze them."""
    version, held = pickle.loads(lzma.decompress(ANSWERS.read_bytes()))
    if version != PYTHON:
        return []
    return [Answer(k, name, pickle.loads(data)) for k, name, data in held if re.search(pattern, k)]


def frozen_verdicts():
    """{key: [status, mistake, message]}."""
    return json.loads(lzma.decompress(VERDICTS.read_bytes()))


def verdict(answer):
    """(status, mistake, message) of today; where an error was raised in the source is left out."""
    from emtutor import check

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        feedback = check(answer.function, answer.exercise)
    return [feedback.status, feedback.mistake, re.sub(r", in line \d+ of your code(: `.*`)?", "", feedback.message)]


def differences(answers, before):
    """(key, verdict before, verdict now) wherever the two differ."""
    for answer in answers:
        now = verdict(answer)
        if now != before.get(answer.key):
            yield answer.key, before.get(answer.key), now


def write_answers(pattern=""):
    import cloudpickle
    import mutations

    from emtutor.maths import formulas
    from emtutor.tutor.exercise import exercises

    cloudpickle.register_pickle_by_value(formulas)
    anew = [e for e in exercises().values() if re.search(pattern, f"{e.name}: ")]
    held, seen = [], Counter()
    if pattern:
        version, held = pickle.loads(lzma.decompress(ANSWERS.read_bytes()))
        if version != PYTHON:
            raise SystemExit(f"the answers are frozen for Python {'.'.join(map(str, version))}: freeze all or none")
        held = [answer for answer in held if answer[1] not in {e.name for e in anew}]
    for exercise in anew:
        cloudpickle.register_pickle_by_value(sys.modules[exercise.solution.__module__])
        named = ((f"{exercise.name}: mistake: {m.slug}", m.function) for m in exercise.mistakes)
        changed = ((f"{exercise.name}: {m.operator}: {m.where}", m.function) for m in mutations.mutants(exercise))
        for key, function in itertools.chain(named, itertools.islice(changed, 0, None, EVERY)):
            seen[key] += 1
            key += f" ({seen[key]})" * (seen[key] > 1)
            held.append((key, exercise.name, cloudpickle.dumps(function)))
    ANSWERS.write_bytes(lzma.compress(pickle.dumps((PYTHON, held))))


def write_verdicts(pattern=""):
    found = frozen_verdicts() if pattern else {}
    found |= {answer.key: verdict(answer) for answer in frozen_answers(pattern)}
    VERDICTS.write_bytes(lzma.compress(json.dumps(found).encode()))
    return found


def main(arguments):
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["EMTUTOR_HOME"] = home
        pattern = "|".join(a for a in arguments if not a.startswith("--"))
        if "--answers" in arguments:
            write_answers(pattern)
        if {"--answers", "--write"} & set(arguments):
            print(f"{len(write_verdicts(pattern))} verdicts frozen")
            return
        answers = frozen_answers(pattern)
        count = Counter()
        for key, before, now in differences(answers, frozen_verdicts()):
            kind = "status" if not before or before[0] != now[0] else "name" if before[1] != now[1] else "sentence"
            count[kind] += 1
            print(f"{key}\n  was {before}\n  is  {now}")
        print(f"{len(answers)} answers: " + (", ".join(f"{n} x {k}" for k, n in count.items()) or "as before"))


if __name__ == "__main__":
    main(sys.argv[1:])
