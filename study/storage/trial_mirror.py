"""Copies of a trial's checkpoints and model at the study's URI, so that another node can resume the trial."""

import contextlib
from pathlib import Path
from typing import TypedDict

from study.storage import checkpoints, remote, store


class MirroredJob(TypedDict):
    """What is read of a trial's job."""

    trial: str
    uri: str | None
    checkpoints: str
    model: str | None


def fetch(job: MirroredJob) -> None:
    """Fetch a trial's checkpoints of another node, if the study's results go to a URI."""
    if uri := job.get("uri"):
        bucket, folder = remote.opened(uri), store.at(job["checkpoints"])
        prefix = f"checkpoints/{job['trial']}/"
        for name in bucket.names(prefix.rstrip("/")):
            if not (local := folder / name.removeprefix(prefix)).exists():
                bucket.fetch(name, local)


def keep(job: MirroredJob) -> None:
    """Copy a trial's checkpoints to the URI; if that fails, a trial that loses its node only repeats more epochs."""
    if uri := job.get("uri"):
        with contextlib.suppress(OSError):
            _put(remote.opened(uri), store.at(job["checkpoints"]), f"checkpoints/{job['trial']}")


def keep_model(job: MirroredJob) -> None:
    """Copy a trial's model to the URI.

    Raises:
        OSError: the storage fails.
    """
    if (uri := job.get("uri")) and job["model"] is not None:
        for file in sorted(store.at(job["model"]).iterdir()):
            remote.opened(uri).put(file, f"models/{job['trial']}/{file.name}")


def _put(bucket: remote.Remote, folder: Path, name: str) -> None:
    """Copy new checkpoints, each manifest last, and delete those that no longer exist here."""
    ours = {path.name for path in folder.glob("[0-9]*")}
    theirs = {path.removeprefix(f"{name}/").split("/")[0] for path in bucket.names(name)}
    for new in sorted(ours - theirs)[-checkpoints.KEPT :]:
        for file in ("state.safetensors", "manifest.json"):
            bucket.put(folder / new / file, f"{name}/{new}/{file}")
    for old in theirs - ours:
        bucket.drop(f"{name}/{old}")
