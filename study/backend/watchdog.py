"""Finds workers that have not reported for too long, and ends them. Knows Ray's actors, but no reports."""

from collections.abc import Callable, Mapping
from typing import Any

import ray

from study.backend.listening_clock import Awake
from study.text import clock

ANSWER = 3.0
"""Seconds that a silent worker has to answer: if its report waits in Ray's queue it is idle, and answers at once."""


def query(worker: Any) -> Callable[[], bool]:
    """Send a worker a request, which it answers after all earlier requests.

    Returns:
        A function that tells whether it has answered. A dead worker counts as answering, since Tune handles its death.
    """
    answer = worker.__ray_ready__.remote()
    return lambda: bool(ray.wait([answer], timeout=0)[0])


class Watch:
    """The workers of Tune's trials, and since when each has been silent: a worker that hangs cannot report it.

    Only time in which this process listens counts as silence. Before a worker is ended, it gets a request. Its report
    may wait in Ray's queue behind many others, or may have come while this process was stopped.
    """

    def __init__(
        self,
        most: float | None,
        end: Callable[[Any], None] = ray.kill,
        ask: Callable[[Any], Callable[[], bool]] = query,
    ) -> None:
        """Start without workers.

        Args:
            most: seconds that a worker may be silent; None is for ever.
            end: ends a worker at once.
            ask: sends a request to a worker; returns a function that tells whether it has answered.
        """
        self._most, self._end, self._ask, self._clock = most, end, ask, Awake()
        self._workers: dict[str, Any] = {}
        self._heard: dict[str, float] = {}
        self._doubted: dict[str, tuple[float, Callable[[], bool]]] = {}
        self._hung: set[str] = set()
        self.stopped = False
        """Whether the run ends, so that no worker is to blame for its end."""

    def look(self, workers: Mapping[str, Any]) -> None:
        """End the workers that have been silent for too long.

        Args:
            workers: trial → its actor, or None while it waits for one; its time begins with its actor.
        """
        now = self._clock.look()
        self._workers = {trial: worker for trial, worker in workers.items() if worker is not None}
        self._heard = {trial: self._heard.get(trial, now) for trial in self._workers}
        self._doubted = {trial: doubt for trial, doubt in self._doubted.items() if trial in self._workers}
        for trial, since in self._heard.items():
            if self._most is not None and now - since > self._most and trial not in self._hung:
                self._doubt(trial, now)

    def _doubt(self, trial: str, now: float) -> None:
        """Send a silent worker a request, and end it if no answer comes."""
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
        """Return why a trial was ended; None if it was not."""
        reason = f"hung: no report for {clock(self._most or 0)} (--trial-timeout)"
        return reason if trial in self._hung else None

    def end_all(self) -> None:
        """End every worker now, even in the middle of an epoch: its reports are recorded, its checkpoints whole."""
        for worker in self._workers.values():
            self._end(worker)
        self._workers = {}
