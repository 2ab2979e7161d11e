"""What all commands share: paths and numbers as they are typed, and failures told in a sentence."""

import argparse
from contextlib import contextmanager
from pathlib import Path


class Failure(Exception):
    """Something could not be done; the message is for the person at the keyboard."""


def path(text):
    """A path as it is typed."""
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError(f"a path is expected, got {text!r}")
    if len(text) > 1000:
        raise argparse.ArgumentTypeError(f"a path of {len(text)} letters is too long for a file")
    return Path(text)


def count(text):
    """A number of things."""
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"a number from 1 to 1000 is expected, got {text!r}")
    return int(text)


@contextmanager
def written(path):
    """A failure to write becomes a `Failure`."""
    try:
        yield
    except OSError as error:
        raise Failure(f"{path} cannot be written ({error.strerror or error}): choose another place with -o") from error
