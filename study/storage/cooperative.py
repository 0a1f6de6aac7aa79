"""Makes an entry of the store with all processes that want it, each some parts. Knows nothing of what files mean."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from study.storage import durable, store

FILES = "files"
"""What all fill."""
PLAN = "plan.json"
"""What was said of it as it was begun."""


def make(
    kind: str,
    key: dict[str, Any],
    begin: Callable[[Path], tuple[dict[str, Any], int]],
    fill: Callable[[Path, int], None],
) -> store.Entry:
    """Open an entry as `make_once` does; where it is missing, all processes that want it make it, each some parts.

    Args:
        kind: the store's folder for such entries.
        key: what the entry is made from, JSON-able.
        begin: puts the files into the empty folder it is given, at their full size; returns what should be remembered,
            and the number of parts. One process does it.
        fill: writes one part of these files, by its number. What others have filled is taken as it is.

    Returns:
        The entry.

    Raises:
        Exception: whatever `begin` or `fill` raised.
    """
    path = store.place(kind, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    while (entry := store.whole(path)) is None:
        shared = path.with_suffix(".parts")
        with FileLock(path.with_suffix(".lock")):
            if (entry := store.whole(path)) is not None:
                return entry
            meta, count = _begun(shared, begin)
        if _filled(shared, count, fill):
            with FileLock(path.with_suffix(".lock")):
                if all((shared / f"{number}.done").exists() for number in range(count)):  # else another was faster
                    store.publish(shared / FILES, path, key, meta)
                    shutil.rmtree(shared)
        else:
            with FileLock(path.with_suffix(".lock")):
                if not (shared / PLAN).exists():  # who was late has made the folder of the locks anew
                    shutil.rmtree(shared, ignore_errors=True)
    return entry


def _begun(shared: Path, begin: Callable[[Path], tuple[dict[str, Any], int]]) -> tuple[dict[str, Any], int]:
    """Begin, or read what the process said that did; the caller holds the lock."""
    plan = shared / PLAN
    if not plan.exists() or not (shared / FILES).exists():
        shutil.rmtree(shared, ignore_errors=True)  # left by a process that was killed as it began, or had published
        (shared / FILES).mkdir(parents=True)
        try:
            said = begin(shared / FILES)
        except BaseException:
            shutil.rmtree(shared, ignore_errors=True)
            raise
        plan.with_suffix(".new").write_text(json.dumps(said), encoding="utf-8")
        plan.with_suffix(".new").rename(plan)
    meta, count = json.loads(plan.read_text(encoding="utf-8"))
    return meta, count


def _filled(shared: Path, count: int, fill: Callable[[Path, int], None]) -> bool:
    """Fill what no one else fills, then wait for the others, or do what they left undone; False where all is gone."""
    for wait in (False, True):
        for number in range(count):
            done = shared / f"{number}.done"
            try:
                with FileLock(shared / f"{number}.lock", blocking=wait):
                    if not (shared / FILES).exists():  # published, while this one was taking the lock
                        return False
                    if not done.exists():
                        fill(shared / FILES, number)  # an error takes all away: others notice, and begin again
                        for file in (shared / FILES).iterdir():
                            durable.sync(file)
                        done.touch()
            except Timeout:
                continue
            except Exception as error:
                if isinstance(error, FileNotFoundError) and not shared.exists():  # published, or given up by another
                    return False
                shutil.rmtree(shared, ignore_errors=True)
                raise
    return True
