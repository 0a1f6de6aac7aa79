"""Remembers, in the store, which files of a user's own were used here on the user's word.

A saved network's card names the file of its family. Somebody else's card may name any file, so that loading a network
executes only files that a study or `study.backbones` was pointed at before.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from study.plugins import Code
from study.storage import store

KIND = "own_code"


def remember(codes: Iterable[Code]) -> None:
    """Note files that the user has named."""
    for code in codes:
        if code.path is not None:
            store.make_once(KIND, {"identity": code.identity}, partial(_meta, code.path))


def _meta(path: str, _: Path) -> dict[str, str]:
    return {"path": path}


def remembered(identity: str) -> bool:
    """Whether a file with this hash was used here before."""
    return store.whole(store.place(KIND, {"identity": identity})) is not None
