"""Which workers have said nothing for too long, and their end. Knows Ray's actors, and nothing of what trials say."""

from collections.abc import Callable, Mapping
from typing import Any

import ray

from study.backend.listening_clock import Awake
from study.text import clock

ANSWER = 3.0
"""Seconds that a silent worker has to answer: one whose report waits in Ray's queue is idle, and answers at once."""


def query(worker: Any) -> Callable[[], bool]:
    """Ask a worker for an answer, which it gives once it has done all that it was asked for before.

    Returns:
        Whether the answer has come; a worker that is dead counts as one that answers, since Tune hears of its death.
    """
    answer = worker.__ray_ready__.remote()
    return lambda: bool(ray.wait([answer], timeout=0)[0])


class Watch:
    """The workers of Tune's trials, and since when each has been silent: a worker that hangs cannot say so itself.

    Silence is counted while this process listens, and before a worker is ended it is asked: a report may lie in Ray's
    queue behind many others, or may have come while this process was stopped.
    """

    def __init__(
        self,
        most: float | None,
        end: Callable[[Any], None] = ray.kill,
        ask: Callable[[Any], Callable[[], bool]] = query,
    ) -> None:
        """Start with nobody.

        Args:
            most: seconds that a worker may be silent; None is for ever.
            end: ends a worker, which is not asked.
            ask: asks a worker; gives whether it has answered, whenever called.
        """
        self._most, self._end, self._ask, self._clock = most, end, ask, Awake()
        self._workers: dict[str, Any] = {}
        self._heard: dict[str, float] = {}
        self._doubted: dict[str, tuple[float, Callable[[], bool]]] = {}
        self._hung: set[str] = set()
        self.stopped = False
        """Whether all are to end, and none is to be blamed for it."""

    def look(self, workers: Mapping[str, Any]) -> None:
        """End those that have been silent for too long.

        Args:
            workers: trial → its actor, or None while it waits for one: its time begins when it has got it.
        """
        now = self._clock.look()
        self._workers = {trial: worker for trial, worker in workers.items() if worker is not None}
        self._heard = {trial: self._heard.get(trial, now) for trial in self._workers}
        self._doubted = {trial: doubt for trial, doubt in self._doubted.items() if trial in self._workers}
        for trial, since in self._heard.items():
            if self._most is not None and now - since > self._most and trial not in self._hung:
                self._doubt(trial, now)

    def _doubt(self, trial: str, now: float) -> None:
        """Ask a worker that is silent, and end it where no answer comes."""
        if trial not in self._doubted:
            self._doubted[trial] = now, self._ask(self._workers[trial])
        began, answered = self._doubted[trial]
        if answered():
            self.heard(trial)
        elif now - began > ANSWER:
            self._hung.add(trial)
            self._end(self._workers[trial])

    def heard(self, trial: str) -> None:
        """Note that a trial has reported."""
        self._heard[trial] = self._clock.seconds
        self._doubted.pop(trial, None)

    def why(self, trial: str) -> str | None:
        """Say why a trial was ended, if it was."""
        said = f"hung: no report for {clock(self._most or 0)} (--trial-timeout)"
        return said if trial in self._hung else None

    def end_all(self) -> None:
        """End every worker now, be it in mid-epoch: what it has reported is kept, and its checkpoints are whole."""
        for worker in self._workers.values():
            self._end(worker)
        self._workers = {}
