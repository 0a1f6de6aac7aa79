"""Measures the GPU memory of trials in processes that have a GPU to themselves (`gpu_attempts.py`).

Knows neither which trials a study has nor how many of them fit on a GPU (`gpu_sharing.py`).
"""

from collections.abc import Sequence
from typing import Any

from study import plugins
from study.backend.gpu_sharing import Case
from study.backend.session import line
from study.plugins import Code

PATIENCE = 600.0
"""Seconds for an answer. An attempt takes a few seconds; one that takes this long hangs."""


class Gauge:
    """Measures cases in a process that has a GPU to itself."""

    def __init__(self, code: tuple[Code, ...] = ()) -> None:
        """Measure the free memory; `code` is of the user's own."""
        plugins.fix(code)
        from study.backend import gpu_attempts  # imports torch, which only this process needs

        self._attempts, self._free = gpu_attempts, gpu_attempts.unused_memory()

    def free(self) -> int:
        """Bytes that are free before the first worker starts."""
        return self._free

    def need(self, case: Case) -> int | str:
        """Return the bytes that a worker needs to train a case, or why it cannot."""
        return self._attempts.need(case, self._free)


def needs(cases: Sequence[Case], gauge: type = Gauge, code: tuple[Code, ...] = ()) -> tuple[list[int | str], int]:
    """Measure cases on the unused GPUs of the Ray cluster.

    Args:
        cases: configurations to measure.
        gauge: class like `Gauge`, of which each GPU gets an instance.
        code: of the user's own.

    Returns:
        `need` of each case, and the bytes free on the GPU that has least. Without an unused GPU the list is empty.
    """
    import ray  # after `session`, which sets what Ray reads from the environment

    actor: Any = ray.remote(num_cpus=0, num_gpus=1)(gauge)  # an actor reserves its GPU, so that no two share one
    gauges: list[Any] = [actor.remote(code) for _ in range(int(ray.available_resources().get("GPU", 0)))]
    if not gauges:
        return [], 0
    try:
        free = min(ray.get([actor.free.remote() for actor in gauges], timeout=PATIENCE))
        return _needs(gauges, cases), free
    except TimeoutError:
        return [f"no answer in {PATIENCE:g} s"] * len(cases), 0
    except ray.exceptions.RayError as error:
        return [line(error, -1)] * len(cases), 0  # the lines before are Ray's
    finally:
        for actor in gauges:
            ray.kill(actor)


def _needs(gauges: list[Any], cases: Sequence[Case]) -> list[int | str]:
    """Measure each case on the next gauge that is free.

    Raises:
        TimeoutError: a gauge does not answer.
    """
    from ray.util import ActorPool

    pool = ActorPool(gauges)
    for case in cases:
        pool.submit(lambda actor, case: actor.need.remote(case), case)
    return [pool.get_next(timeout=PATIENCE) for _ in cases]
