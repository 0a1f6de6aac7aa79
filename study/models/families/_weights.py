"""The error for pretrained weights that cannot be fetched or read."""

from pathlib import Path

from study.errors import UserError
from study.space.config import show


def missing(family: str, error: Exception, url: str, place: Path) -> UserError:
    """Make the error that says which file to place where.

    Args:
        family: whose weights they are.
        error: why they cannot be fetched or read.
        url: of the file, or of a zip file with it.
        place: where the file belongs.
    """
    steps = "by hand, unpack it" if url.endswith(".zip") else "by hand"
    problem = f"{family}: cannot get its ImageNet weights {place.name} ({show(error)})"
    return UserError(f"{problem}; download {url} {steps} and place it as {place}")
