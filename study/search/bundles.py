"""Which trials may be trained together, and which are. Knows no network, Ray or torch."""

from collections.abc import Callable

from study.models import families, heads
from study.pretraining import sources
from study.search.state import State, Trial
from study.space.config import Config, config
from study.space.space import Cell

MOST = 32
LOSSES = 2
"""Workers that a trial may lose, with their nodes say, before it counts as what killed them."""
TOGETHER = ("lr", "weight_decay")
"""Hyperparameters that trials of one bundle may differ in."""


def fusable(asked: Config, given: bool = False) -> bool:
    """Whether a trial trains a linear head on features that are the same for all seeds.

    Args:
        asked: of the trial.
        given: whether its weights were trained before, all of them.
    """
    linear = asked.regime == "feature_extraction" and asked.head == heads.LINEAR and asked.dropout == 0
    linear = linear and asked.accumulate == 1 and asked.head_rate == 1
    fixed = (asked.augment == 0 or asked.views is not None) and asked.freeze_batchnorm == "on"
    return linear and fixed and (given or (asked.weights != "none" and families.of(asked).whole))


def size(cell: Cell, trials: int, workers: int) -> int:
    """Give how many of a cell's search trials are trained together: 1, or a quarter, so that TPE learns from the rest.

    Args:
        cell: of the study.
        trials: that its search has in all.
        workers: that there are for this cell: none is to be left without a trial.
    """
    asked, source = config(cell.values | cell.baseline), sources.of(cell)
    if not fusable(asked, source is not None) or not set(cell.tuned) <= set(TOGETHER):
        return 1
    if source is not None and source.learnt:  # each trial scores the tasks of before too
        return 1
    return min(MOST, max(4, trials // 4), -(-trials // workers))


class Bundles:
    """Which trials are trained together, each bundle being one trial of Tune's."""

    def __init__(self, state: State, size: Callable[[Trial], int]) -> None:
        self._state, self._size = state, size
        self._running: list[list[str]] = []
        self._waiting: set[str] = set()

    def full(self, slots: int) -> bool:
        """Whether nothing may be handed out now: all slots are taken, or a trial waits until a GPU is empty."""
        self._waiting &= self._state.live
        return self.count() >= slots or bool(self._waiting)

    def heard(self, names: list[str]) -> None:
        """Note that trials have reported, and so have the room that they need."""
        self._waiting.difference_update(names)

    def count(self) -> int:
        """Bundles that run or are handed out."""
        self._running = [names for names in self._running if not self._state.live.isdisjoint(names)]
        return len(self._running)

    def next(self) -> list[Trial]:
        """Start the next trial, and those that may go with it; none while all that is left waits."""
        trial = self._state.next_trial()
        if trial is None:
            return []
        trials = [trial, *self._state.companions(trial, self._size(trial))]
        self._running.append([each.id for each in trials])
        self._waiting |= {trial.id} & self._state.wide.keys()
        return trials

    def crowded(self, names: list[str], error: str, traceback: str = "") -> list[str]:
        """Let a trial that ran out of memory go on with a whole GPU, once; gives the one that has failed."""
        if names[0] in self._state.wide:
            error += ", with a whole GPU"
        if len(names) > 1 or names[0] in self._state.wide or names[0] not in self._state.live:
            return self.broken(names, error, traceback)
        self._state.widen(names[0], error)
        return []

    def lost(self, names: list[str], error: str) -> list[str]:
        """Hand trials whose worker died out again, unless theirs died too often; gives the one that has failed."""
        left = [name for name in names if name in self._state.live]
        before = max((self._state.losses[name] for name in left), default=0)
        if before >= (LOSSES if len(names) == 1 else 1):
            return self.broken(names, f"{error}{f', as {before} of its workers did before' * (before > 0)}")
        if left:
            self._state.lost(left, error)
        return []

    def broken(self, names: list[str], error: str, traceback: str = "") -> list[str]:
        """End a bundle whose worker broke: of several trials, each goes on by itself; gives the one that has failed."""
        left = [name for name in names if name in self._state.live]
        if len(names) > 1 and left:
            self._state.part(left, error, traceback)
            return []
        for name in left:
            self._state.fail(name, error, traceback)
        return left
