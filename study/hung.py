"""Which workers have said nothing for too long, and their end. Knows Ray's actors, and nothing of what trials say."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import ray

from study.progress import clock


class Watch:
    """The workers of Tune's trials, and since when each has been silent: a worker that hangs cannot say so itself."""

    def __init__(self, most: float | None, end: Callable[[Any], None] = ray.kill) -> None:
        """Start with nobody.

        Args:
            most: seconds that a worker may be silent; None is for ever.
            end: ends a worker, which is not asked.
        """
        self._most, self._end = most, end
        self._workers: dict[str, Any] = {}
        self._heard: dict[str, float] = {}
        self._hung: set[str] = set()
        self.stopped = False
        """Whether all are to end, and none is to be blamed for it."""

    def look(self, workers: Mapping[str, Any]) -> None:
        """End those that have been silent for too long.

        Args:
            workers: trial → its actor, or None while it waits for one: its time begins when it has got it.
        """
        self._workers = {trial: worker for trial, worker in workers.items() if worker is not None}
        now = time.monotonic()
        self._heard = {trial: self._heard.get(trial, now) for trial in self._workers}
        for trial, since in self._heard.items():
            if self._most is not None and now - since > self._most and trial not in self._hung:
                self._hung.add(trial)
                self._end(self._workers[trial])

    def heard(self, trial: str) -> None:
        """Note that a trial has reported."""
        self._heard[trial] = time.monotonic()

    def why(self, trial: str) -> str | None:
        """Say why a trial was ended, if it was."""
        said = f"hung: no report for {clock(self._most or 0)} (--trial-timeout)"
        return said if trial in self._hung else None

    def end_all(self) -> None:
        """End every worker now, be it in mid-epoch: what it has reported is kept, and its checkpoints are whole."""
        for worker in self._workers.values():
            self._end(worker)
        self._workers = {}
