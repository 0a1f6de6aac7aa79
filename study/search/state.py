"""A study's state, folded from its events: which trial is next, what a score decides, who won.

Knows no files, so that the same fold serves a running study, a resumed one and a test.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, Unpack

from study.errors import UserError
from study.search.sampler import Past, suggest
from study.search.trials import Plan, Prune, Trial
from study.seeds import stream
from study.space.space import Cell, Value
from study.storage.events import Event, ReportEvent, ReportFields, Row, SuggestEvent
from study.storage.plain_values import portions

__all__ = ["Plan", "Prune", "State", "Trial"]


class State:
    """The cells with their trials; every change is an event, which is recorded before it is folded."""

    def __init__(
        self,
        cells: list[Cell],
        plan: Plan,
        pruner: Callable[[], Prune],
        record: Callable[[Event], None],
        absent: Mapping[int, str] = MappingProxyType({}),
        patience: Mapping[int, int] = MappingProxyType({}),
    ):
        """Start empty.

        Args:
            cells: the study's cells.
            plan: how much is spent.
            pruner: makes a cell's early stopping.
            record: writes an event, before it is folded.
            absent: number of a cell that cannot run → why; it gets no trials.
            patience: number of a cell → epoch before which none of its trials is pruned; 0 by default.
        """
        self.cells, self.plan, self.absent, self._patience = cells, plan, dict(absent), patience
        self.trials: dict[str, Trial] = {}
        self.by_cell: list[list[Trial]] = [[] for _ in cells]
        self.live: set[str] = set()
        self.skipped: set[int] = set()
        self.alone: dict[str, str] = {}
        self.wide: dict[str, str] = {}
        self.losses: Counter[str] = Counter()
        self.lost_because = ""
        self._searches: list[list[Trial]] = [[] for _ in cells]
        self._counts: Counter[str] = Counter()
        self._prune = [pruner() for _ in cells]
        self._record = record

    def replay(self, events: Iterable[Event]) -> None:
        """Fold the events of an earlier run: samplers, rungs and trials are restored exactly."""
        for event in events:
            if event["kind"] == "skip":  # `skip` decides anew whether a cell can run
                self.skipped.add(event["cell"])
                continue
            if event["kind"] == "report" and event["decision"] != "complete":
                self._stops(self.trials[event["trial"]], event["epoch"], event["objective"])
            self._fold(event)

    def skip(self) -> None:
        """Record which cells cannot run, each once; a cell that an earlier run completed counts as run.

        Raises:
            UserError: a cell has begun and cannot resume.
        """
        for cell, reason in list(self.absent.items()):
            if self.by_cell[cell]:
                del self.absent[cell]
                if not self._ended(cell):
                    raise UserError(f"cell {self.cells[cell].name!r} has begun and cannot go on: {reason}")
            elif cell not in self.skipped:
                self.skipped.add(cell)
                tuned = dict(self.cells[cell].baseline)
                self._record({"kind": "skip", "trial": f"c{cell:03d}", "cell": cell, "tuned": tuned, "error": reason})

    def next_trial(self) -> Trial | None:
        """Return the trial to start now, or None while all remaining trials wait for a running one.

        Unfinished trials of an earlier run come first. Search trials follow, first of the cell that has the fewest;
        then the replicates of each cell whose search has ended.
        """
        trial = self._unfinished() or self._next_search() or self._next_replicate()
        if trial is not None:
            self.live.add(trial.id)
        return trial

    def companions(self, trial: Trial, size: int) -> list[Trial]:
        """Start the other trials of a search trial's bundle, which are trained together from their first epoch on.

        Args:
            trial: returned by `next_trial`.
            size: trials in a bundle. The first `size` search trials of a cell are one bundle, the next `size` another.
                So a kill does not change which trials start before which results are known.
        """
        search = self.search(trial.cell)
        if trial.role != "search" or trial.objectives or trial.id in self.alone:
            return []
        number = search.index(trial)
        end = min((number // size + 1) * size, self._quota(trial.cell))
        waiting = [member for member in search[number:end] if member.state == "running" and not member.objectives]
        companions = [member for member in waiting if member.id not in self.live and member.id not in self.alone]
        while len(search) < end:
            companions.append(self._start_search(trial.cell))
        self.live |= {member.id for member in companions}
        return companions

    def done(self) -> bool:
        """Whether all trials of the study have ended."""
        return not self.count("running") and self.total() == len(self.trials)

    def report(self, trial_id: str, epoch: int, objective: float, last: bool, **fields: Unpack[ReportFields]) -> str:
        """Record one epoch's scores together with their decision: `continue`, `prune`, `complete` or `fail`."""
        trial = self.trials[trial_id]
        if not math.isfinite(objective):
            self.fail(trial_id, f"objective is {objective!r}, not a finite number")
            return "fail"
        stops = not last and self._stops(trial, epoch, objective)
        decision: Literal["continue", "prune", "complete"] = "complete" if last else "prune" if stops else "continue"
        first, parts = self._recorded(trial_id, epoch, fields.get("rows", []))
        if parts:
            fields["rows"], fields["parts"] = first, parts
        event: ReportEvent = {
            "kind": "report",
            "trial": trial_id,
            "epoch": epoch,
            "objective": objective,
            "decision": decision,
            **fields,
        }
        self._apply(event)
        return decision

    def _recorded(self, trial_id: str, epoch: int, rows: list[Row]) -> tuple[list[Row], int]:
        """Record the rows that do not fit into a report's line; returns those that fit, and the number of events."""
        first, *others = portions(rows)
        for number, part in enumerate(others):
            self._apply({"kind": "rows", "trial": trial_id, "epoch": epoch, "part": number, "rows": part})
        return first, len(others)

    def fail(self, trial_id: str, error: str, traceback: str = "") -> None:
        """Record that a trial failed."""
        self._apply({"kind": "fail", "trial": trial_id, "error": error, "traceback": traceback})

    def lost(self, trial_ids: list[str], error: str) -> None:
        """Record trials whose worker died, perhaps with its node: they will resume from their checkpoints."""
        self._apply({"kind": "lost", "trial": trial_ids[0], "trials": trial_ids, "error": error})

    def part(self, trial_ids: list[str], error: str, traceback: str = "") -> None:
        """Record that a bundle broke: each of its trials will resume alone."""
        first = trial_ids[0]
        self._apply({"kind": "part", "trial": first, "trials": trial_ids, "error": error, "traceback": traceback})

    def widen(self, trial_id: str, error: str) -> None:
        """Record that a trial ran out of memory on a shared GPU: it will resume with a whole one."""
        self._apply({"kind": "widen", "trial": trial_id, "error": error})

    def winner(self, cell: int) -> Trial | None:
        """The cell's complete search trial with the highest validation score at its last epoch; ties: the earlier."""
        ended = [trial for trial in self.search(cell) if trial.state == "complete"]
        return max(ended, key=lambda trial: trial.final, default=None)

    def search(self, cell: int) -> list[Trial]:
        """The cell's search trials in the order of their suggestion."""
        return self._searches[cell]

    def total(self) -> int:
        """Trials that the study will have, as far as is known now: a cell without a winner gets no replicates."""
        return sum(self._quota(cell) + self._replicates(cell) for cell in range(len(self.cells)))

    def count(self, state: str) -> int:
        """Trials in a state."""
        return self._counts[state]

    def _quota(self, cell: int) -> int:
        if cell in self.absent or self.cells[cell].as_published:
            return 0
        return self.plan.trials if self.cells[cell].tuned else 1

    def _replicates(self, cell: int) -> int:
        if cell in self.absent:
            return 0
        if self.cells[cell].as_published:
            return max(1, self.plan.replicates)
        return 0 if self._searched(cell) and self.winner(cell) is None else self.plan.replicates

    def _searched(self, cell: int) -> bool:
        search = self.search(cell)
        return len(search) == self._quota(cell) and all(trial.state != "running" for trial in search)

    def _ended(self, cell: int) -> bool:
        """Whether a cell has all its trials, and all have ended."""
        trials = self.by_cell[cell]
        complete = len(trials) == self._quota(cell) + self._replicates(cell)
        return complete and all(trial.state != "running" for trial in trials)

    def _unfinished(self) -> Trial | None:
        if len(self.live) == self.count("running"):
            return None
        waiting = (trial for trial in self.trials.values() if trial.state == "running" and trial.id not in self.live)
        return next(waiting, None)

    def _next_search(self) -> Trial | None:
        room = [cell for cell in range(len(self.cells)) if len(self.search(cell)) < self._quota(cell)]
        if not room:
            return None
        return self._start_search(min(room, key=lambda cell: (len(self.search(cell)), cell)))

    def _start_search(self, cell: int) -> Trial:
        number = len(self.search(cell))
        seed = stream(self.plan.seed, "search", number)
        return self._start(f"c{cell:03d}-s{number:03d}", cell, "search", seed, self._sample(cell, number))

    def _sample(self, cell: int, number: int) -> dict[str, Value]:
        tuned = self.cells[cell].tuned
        if number == 0 or not tuned:
            return dict(self.cells[cell].baseline)
        history = [Past(trial.tuned, trial.objectives, trial.state) for trial in self.search(cell)]
        seed = stream(self.plan.seed, "sample", self.cells[cell].name, number)
        return suggest(tuned, history, seed, self.plan.startup)

    def _next_replicate(self) -> Trial | None:
        for cell in range(len(self.cells)):
            number = len(self.by_cell[cell]) - len(self.search(cell))
            if number >= self._replicates(cell):
                continue
            name, seed = f"c{cell:03d}-r{number:03d}", stream(self.plan.seed, "replicate", number)
            if self.cells[cell].as_published:
                return self._start(name, cell, "published", seed, {})
            if self._searched(cell) and (winner := self.winner(cell)):
                return self._start(name, cell, "replicate", seed, winner.tuned, winner.id)
        return None

    def _start(
        self, name: str, cell: int, role: str, seed: int, tuned: dict[str, Value], replicate_of: str | None = None
    ) -> Trial:
        event: SuggestEvent
        event = {"kind": "suggest", "trial": name, "cell": cell, "role": role, "seed": seed, "tuned": dict(tuned)}
        if replicate_of is not None:
            event["replicate_of"] = replicate_of
        self._apply(event)
        return self.trials[name]

    def _stops(self, trial: Trial, epoch: int, objective: float) -> bool:
        """Call the cell's pruner, once an epoch: a resumed trial's repeated report is not decided again."""
        if trial.role != "search" or epoch in trial.objectives or epoch < self._patience.get(trial.cell, 0):
            return False
        return self._prune[trial.cell](trial.id, epoch, objective)

    def _apply(self, event: Event) -> None:
        self._record(event)
        self._fold(event)

    def _fold(self, event: Event) -> None:
        match event["kind"]:
            case "suggest":
                name, replicate_of = event["trial"], event.get("replicate_of")
                trial = Trial(name, event["cell"], event["role"], event["seed"], event["tuned"], replicate_of)
                self.trials[trial.id] = trial
                self.by_cell[trial.cell].append(trial)
                self._counts[trial.state] += 1
                if trial.role == "search":
                    self._searches[trial.cell].append(trial)
            case "report":
                trial = self.trials[event["trial"]]
                trial.objectives[event["epoch"]] = event["objective"]
                self._end(trial, {"prune": "pruned", "complete": "complete"}.get(event["decision"]))
            case "part":
                self.alone |= dict.fromkeys(event["trials"], event["error"])
                self.live.difference_update(event["trials"])
            case "widen":
                self.wide[event["trial"]] = event["error"]
                self.live.discard(event["trial"])
            case "lost":
                self.losses.update(event["trials"])
                self.lost_because = event["error"]
                self.live.difference_update(event["trials"])
            case "fail":
                trial = self.trials[event["trial"]]
                trial.error = event["error"]
                self._end(trial, "failed")

    def _end(self, trial: Trial, state: str | None) -> None:
        if state is not None:
            self._counts[trial.state] -= 1
            self._counts[state] += 1
            trial.state = state
            self.live.discard(trial.id)
