"""Files that arrive whole or not at all."""

import os
import tempfile
from pathlib import Path


def write(path, content, scratch=None):
    """Write the bytes `content` to `path` in one move: who reads it, or pulls the plug, meets the old file or the new.

    `scratch` is a folder on the same disk for what is not whole yet, by default the file's own. Raises OSError.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=scratch or path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
