"""What to say where pretrained weights cannot be had. Knows nothing of how they are fetched or read."""

from pathlib import Path

from study.errors import UserError
from study.space.config import show


def missing(family: str, error: Exception, url: str, place: Path) -> UserError:
    """Make the error that says which file to place where.

    Args:
        family: whose weights they are.
        error: why they cannot be had.
        url: of the file, or of a zip file with it.
        place: where the file belongs.
    """
    steps = "by hand, unpack it" if url.endswith(".zip") else "by hand"
    told = f"{family}: cannot get its ImageNet weights {place.name} ({show(error)})"
    return UserError(f"{told}; download {url} {steps} and place it as {place}")
