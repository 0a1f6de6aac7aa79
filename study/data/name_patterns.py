"""Patterns in file names that say which images belong together."""

from typing import NamedTuple


class Proposal(NamedTuple):
    """A pattern of names whose groups explain the copies of a data set."""

    pattern: str
    """For `--set group_pattern=…`."""
    groups: int
    joined: int
    """Images in groups of two or more."""
    explained: int
    """Near and exact copies inside one group."""
    pairs: int
    """All near and exact copies."""
