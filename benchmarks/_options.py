"""What the benchmarks' command lines share: a mistake in one is a line on stderr and exit code 2, before any work.

Knows nothing of what is measured.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

USAGE = 2
PICTURES = (".png", ".pdf", ".svg")


class Parser(argparse.ArgumentParser):
    """argparse that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog.removeprefix('python -m ')}: {message}\n")


def at_least(least: int) -> Callable[[str], int]:
    """Give an option's type: whole numbers from `least` on."""

    def read(text: str) -> int:
        if not text.removeprefix("-").isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} must be a whole number, at least {least}")
        return int(text)

    return read


def figures_file(text: str) -> Path:
    """Read an option that names a file for figures: one that can be made, or has JSON already."""
    path = _in_folder(text)
    try:
        if path.exists():
            json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: cannot be read ({error.strerror}); name a file") from None
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: is not JSON; name a file of figures, or a new one") from None
    return path


def picture_file(text: str) -> Path:
    """Read an option that names a picture to be drawn."""
    path = _in_folder(text)
    if path.suffix not in PICTURES or path.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: is no picture's name; it ends in one of {', '.join(PICTURES)}")
    return path


def _in_folder(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: there is no folder {path.parent}; make it, or name another file")
    return path
