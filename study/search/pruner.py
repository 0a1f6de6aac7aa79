"""Early stopping of one cell's trials by Ray's own ASHA scheduler, called without Tune.

Knows epochs and objectives, but not how trials run.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from study.search.state import Prune

OBJECTIVE = "objective"


def asha(epochs: int, grace_period: int, reduction_factor: int) -> Callable[[], Prune]:
    """Return a function that makes one cell's ASHA bracket.

    Source: Li et al. 2018, arXiv:1810.05934, §3.2.
    """

    def bracket() -> Prune:
        scheduler = AsyncHyperBandScheduler(
            time_attr="epoch",
            metric=OBJECTIVE,
            mode="max",
            max_t=max(epochs, grace_period + 1),
            grace_period=grace_period,
            reduction_factor=reduction_factor,
        )
        known: set[str] = set()

        def stops(trial: str, epoch: int, objective: float) -> bool:
            stand_in: Any = SimpleNamespace(trial_id=trial)  # our id, not Tune's: a resume does not change it
            controller: Any = None
            if trial not in known:
                known.add(trial)
                scheduler.on_trial_add(controller, stand_in)
            result = {"epoch": epoch, OBJECTIVE: objective}
            return scheduler.on_trial_result(controller, stand_in, result) == TrialScheduler.STOP

        return stops

    return bracket
