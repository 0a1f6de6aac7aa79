"""Out of memory: recognizes such errors, describes them with a way out, and frees what a failed trial held.

Knows nothing of which trial gets a larger share of a GPU (`search/bundles.py`).
"""

import gc
import sys
import traceback
from collections.abc import Sequence

from study.search.job import Job
from study.space.config import Config
from study.storage.error_texts import text_of
from study.training.failures import Failure, failure

SIGNS = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "can't allocate memory")
"""Parts of a RuntimeError's text; torch.OutOfMemoryError is a RuntimeError."""


def ran_out(error: BaseException) -> bool:
    """Whether an error means too little memory, of a GPU or of the machine."""
    signs = isinstance(error, RuntimeError) and any(sign in text_of(error) for sign in SIGNS)
    return signs or isinstance(error, MemoryError)


def as_result(error: BaseException, jobs: Sequence[Job] = ()) -> Failure:
    """Describe an error as a result; if memory ran out, with the hyperparameters to make smaller.

    Args:
        error: of one trial, or of a bundle.
        jobs: the trial's job, or those of the bundle.
    """
    result = failure(error)
    result["memory"] = ran_out(error)
    if result["memory"] and jobs:
        config = {"batch_size": Config.batch_size, "image_size": Config.image_size} | jobs[0].get("config", {})
        sizes = " or ".join(f"{name}={config[name]}" for name in ("batch_size", "image_size"))
        result["failure"] = f"{result['failure'].splitlines()[0]} (make {sizes} smaller)"
    return result


def forget(error: BaseException) -> None:
    """Clear the frames of an error's traceback, which may hold a batch, a network and its gradients."""
    current: BaseException | None = error
    done: set[int] = set()
    while current is not None and id(current) not in done:  # an error may be its own cause
        done.add(id(current))
        traceback.clear_frames(current.__traceback__)
        current = current.__cause__ or current.__context__


def free() -> None:
    """Free a failed trial's memory, for the next trial of this worker and for those beside it."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
