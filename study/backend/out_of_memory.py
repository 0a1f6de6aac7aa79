"""Out of memory: told from other errors, what is said of it, and how its memory comes back.

Knows nothing of who gets more room (`search/bundles.py`).
"""

import gc
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from study.space.config import Config
from study.training.failures import failure, text_of

SIGNS = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "can't allocate memory")
"""In the text of a RuntimeError; torch.OutOfMemoryError is one."""


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there was too little memory, of a GPU or of the machine."""
    signs = isinstance(error, RuntimeError) and any(sign in text_of(error) for sign in SIGNS)
    return signs or isinstance(error, MemoryError)


def told(error: BaseException, jobs: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Describe an error as a result; where memory ran out, with what may be made smaller.

    Args:
        error: of trials that were trained together, or of one.
        jobs: theirs.
    """
    said: dict[str, Any] = {**failure(error), "memory": ran_out(error)}
    if said["memory"] and jobs:
        asked = {"batch_size": Config.batch_size, "image_size": Config.image_size} | jobs[0].get("config", {})
        sizes = " or ".join(f"{name}={asked[name]}" for name in ("batch_size", "image_size"))
        said["failure"] = f"{said['failure'].splitlines()[0]} (make {sizes} smaller)"
    return said


def forget(error: BaseException) -> None:
    """Let go of what the functions held that an error came through: a batch, a network, its gradients."""
    seen: BaseException | None = error
    done: set[int] = set()
    while seen is not None and id(seen) not in done:  # an error may be said to be its own cause
        done.add(id(seen))
        traceback.clear_frames(seen.__traceback__)
        seen = seen.__cause__ or seen.__context__


def free() -> None:
    """Give a failed trial's memory back, so that the next one on this worker fits, and those beside it."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
