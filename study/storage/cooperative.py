"""Makes an entry of the store together with all processes that want it: each fills some of its parts.

1. Under the entry's lock, one process creates the files at full size in a folder `.parts` and writes the plan.
2. Each process takes the locks of parts that nobody holds, fills these parts and marks them done.
3. It then waits for the locks of the other parts, and fills those whose process died.
4. Under the entry's lock, the first process that sees all parts done publishes the files and deletes the folder.
5. If a part fails, its process deletes the folder; the others notice and begin again.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from study.storage import durable, store
from study.storage.store import Meta

FILES = "files"
"""Folder of the files that all processes fill."""
PLAN = "plan.json"
"""What `begin` returned."""


def make(
    kind: str,
    key: Mapping[str, object],
    begin: Callable[[Path], tuple[Meta, int]],
    fill: Callable[[Path, int], None],
) -> store.Entry[Meta]:
    """Open an entry as `make_once` does; if it is missing, all processes that want it make it together.

    Args:
        kind: the store's folder for such entries.
        key: what the entry is made from, JSON-able.
        begin: creates the files at their full size in an empty folder; returns the entry's `meta` and the number of
            parts. One process calls it.
        fill: writes one part of these files, by its number. Parts that other processes filled stay as they are.

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
                if not (shared / PLAN).exists():  # a late process recreated the folder with its locks
                    shutil.rmtree(shared, ignore_errors=True)
    return entry


def _begun(shared: Path, begin: Callable[[Path], tuple[Meta, int]]) -> tuple[Meta, int]:
    """Call `begin`, or read what it returned in another process; the caller holds the lock."""
    plan = shared / PLAN
    if not plan.exists() or not (shared / FILES).exists():
        shutil.rmtree(shared, ignore_errors=True)  # left by a process killed while it began or after it published
        (shared / FILES).mkdir(parents=True)
        try:
            plan_values = begin(shared / FILES)
        except BaseException:
            shutil.rmtree(shared, ignore_errors=True)
            raise
        plan.with_suffix(".new").write_text(json.dumps(plan_values), encoding="utf-8")
        plan.with_suffix(".new").rename(plan)
    meta, count = json.loads(plan.read_text(encoding="utf-8"))
    return meta, count


def _filled(shared: Path, count: int, fill: Callable[[Path, int], None]) -> bool:
    """Fill the free parts, then wait for the others or finish what they left; False if the folder is gone."""
    for wait in (False, True):
        for number in range(count):
            done = shared / f"{number}.done"
            try:
                with FileLock(shared / f"{number}.lock", blocking=wait):
                    if not (shared / FILES).exists():  # published while this process was taking the lock
                        return False
                    if not done.exists():
                        fill(shared / FILES, number)  # an error deletes the folder; the others begin again
                        for file in (shared / FILES).iterdir():
                            durable.sync(file)
                        done.touch()
            except Timeout:
                continue
            except Exception as error:
                if isinstance(error, FileNotFoundError) and not shared.exists():  # published, or deleted by another
                    return False
                shutil.rmtree(shared, ignore_errors=True)
                raise
    return True
