"""What a trial leaves at its study's URI, so that another node can go on with it: its checkpoints, and its model.

Knows files, and nothing of training or Ray.
"""

import contextlib
from pathlib import Path
from typing import Any

from study.storage import checkpoints, remote, store


def fetch(job: dict[str, Any]) -> None:
    """Fetch what another node has kept of a trial, where the study is kept at a URI."""
    if uri := job.get("uri"):
        there, folder = remote.opened(uri), store.at(job["checkpoints"])
        prefix = f"checkpoints/{job['trial']}/"
        for name in there.names(prefix.rstrip("/")):
            if not (mine := folder / name.removeprefix(prefix)).exists():
                there.fetch(name, mine)


def keep(job: dict[str, Any]) -> None:
    """Copy a trial's checkpoints to the URI; where that fails a trial that loses its node trains longer, no more."""
    if uri := job.get("uri"):
        with contextlib.suppress(OSError):
            _put(remote.opened(uri), store.at(job["checkpoints"]), f"checkpoints/{job['trial']}")


def keep_model(job: dict[str, Any]) -> None:
    """Copy a trial's model to the URI.

    Raises:
        OSError: the storage refuses.
    """
    if job.get("uri") and job["model"] is not None:
        for file in sorted(store.at(job["model"]).iterdir()):
            remote.opened(job["uri"]).put(file, f"models/{job['trial']}/{file.name}")


def _put(there: remote.Remote, folder: Path, name: str) -> None:
    """Put the newest checkpoint, its manifest last, and drop those that are no longer kept here."""
    mine = {path.name for path in folder.glob("[0-9]*")}
    theirs = {each.removeprefix(f"{name}/").split("/")[0] for each in there.names(name)}
    for new in sorted(mine - theirs)[-checkpoints.KEPT :]:
        for file in ("state.safetensors", "manifest.json"):
            there.put(folder / new / file, f"{name}/{new}/{file}")
    for old in theirs - mine:
        there.drop(f"{name}/{old}")
