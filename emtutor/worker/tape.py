"""A stream that keeps the beginning of what is printed."""

import io

KEPT = 1000  # characters


class Tape(io.TextIOBase):
    """Takes any number of characters and keeps the first."""

    def __init__(self):
        self._parts, self._size = [], 0

    def write(self, s):
        if self._size < KEPT:
            self._parts.append(str(s)[: KEPT - self._size])
        self._size += len(s)
        return len(s)

    def writable(self):
        return True

    def text(self):
        """What was kept, and how much more there was."""
        more = self._size - KEPT
        return "".join(self._parts).rstrip() + (f" ... and {more} more characters" if more > 0 else "")
