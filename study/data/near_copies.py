"""Near copies: images that show the same picture with other pixels."""

from typing import NamedTuple


class NearCopy(NamedTuple):
    """Two images that show the same picture with other pixels."""

    first: int
    """Position among `OwnDataset.paths`, below that of `second`."""
    second: int
    likeness: float
    """In [0, 1]; 1 is nearest."""
    change: str
    """What was done to one of them, for people: resized or saved again, mirrored, turned by 90°, cropped …"""
