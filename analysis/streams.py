"""What a command prints on: no character of a name may end it. Knows nothing of what is printed."""

import io
import sys


def forgiving() -> None:
    r"""Let stdout and stderr write what they cannot encode as `\udcff`: files may be called anything."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
