"""Which trials may be trained together, and which are. Knows no network or torch."""

from collections.abc import Callable

from study.models import families, heads
from study.pretraining import sources
from study.search.state import State, Trial
from study.space.config import Config, config
from study.space.space import Cell

MOST = 32
LOSSES = 2
"""Workers that a trial may lose, for example with their nodes, before it is blamed for their deaths."""
TOGETHER = ("lr", "weight_decay")
"""Hyperparameters that trials of one bundle may differ in."""


def fusable(trial: Config, pretrained: bool = False) -> bool:
    """Whether a trial trains a linear head on features that are the same for all seeds.

    Args:
        trial: its configuration.
        pretrained: whether the study has trained all its initial weights.
    """
    linear = trial.regime == "feature_extraction" and trial.head == heads.LINEAR and trial.dropout == 0
    linear = linear and trial.accumulate == 1 and trial.head_rate == 1
    fixed = (trial.augment == 0 or trial.views is not None) and trial.freeze_batchnorm == "on"
    return linear and fixed and (pretrained or (trial.weights != "none" and families.of(trial).whole))


def size(cell: Cell, trials: int, workers: int) -> int:
    """Return how many search trials of a cell are trained together: 1, or a quarter, so that TPE learns from the rest.

    Args:
        cell: a cell of the study.
        trials: number of search trials of the cell.
        workers: number of workers for this cell; each gets a trial.
    """
    baseline, source = config(cell.values | cell.baseline), sources.of(cell)
    if not fusable(baseline, source is not None) or not set(cell.tuned) <= set(TOGETHER):
        return 1
    if source is not None and source.learnt:  # each trial scores the earlier tasks too
        return 1
    return min(MOST, max(4, trials // 4), -(-trials // workers))


class Bundles:
    """Which trials are trained together; Tune sees each bundle as one trial."""

    def __init__(self, state: State, size: Callable[[Trial], int]) -> None:
        self._state, self._size = state, size
        self._running: list[list[str]] = []
        self._waiting: set[str] = set()

    def full(self, slots: int) -> bool:
        """Whether no bundle may start now: all slots are taken, or a trial waits for an empty GPU."""
        self._waiting &= self._state.live
        return self.count() >= slots or bool(self._waiting)

    def heard(self, names: list[str]) -> None:
        """Note that trials have reported: they no longer wait for a GPU."""
        self._waiting.difference_update(names)

    def count(self) -> int:
        """Number of bundles that run or are about to."""
        self._running = [names for names in self._running if not self._state.live.isdisjoint(names)]
        return len(self._running)

    def next(self) -> list[Trial]:
        """Start the next trial and its companions; none while all remaining trials wait."""
        trial = self._state.next_trial()
        if trial is None:
            return []
        trials = [trial, *self._state.companions(trial, self._size(trial))]
        self._running.append([member.id for member in trials])
        self._waiting |= {trial.id} & self._state.wide.keys()
        return trials

    def crowded(self, names: list[str], error: str, traceback: str = "") -> list[str]:
        """Retry a trial that ran out of memory with a whole GPU, once; returns the trials that have failed."""
        if names[0] in self._state.wide:
            error += ", with a whole GPU"
        if len(names) > 1 or names[0] in self._state.wide or names[0] not in self._state.live:
            return self.broken(names, error, traceback)
        self._state.widen(names[0], error)
        return []

    def lost(self, names: list[str], error: str) -> list[str]:
        """Retry trials whose worker died, unless they lost too many workers; returns the trials that have failed."""
        live = [name for name in names if name in self._state.live]
        before = max((self._state.losses[name] for name in live), default=0)
        if before >= (LOSSES if len(names) == 1 else 1):
            return self.broken(names, f"{error}{f', as {before} of its workers did before' * (before > 0)}")
        if live:
            self._state.lost(live, error)
        return []

    def broken(self, names: list[str], error: str, traceback: str = "") -> list[str]:
        """End a bundle whose worker broke: several trials resume one by one, a single trial fails.

        Returns:
            The trials that have failed.
        """
        live = [name for name in names if name in self._state.live]
        if len(names) > 1 and live:
            self._state.part(live, error, traceback)
            return []
        for name in live:
            self._state.fail(name, error, traceback)
        return live
