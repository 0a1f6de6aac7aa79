"""Where a study's time went, from its ledger: what each worker did from the command's start to its exit.

Numbers in, numbers out; knows nothing of processes or figures.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

Event = dict[str, Any]
SPENT = ("setup", "data", "forward", "backward", "evaluation", "other")
"""What a worker says that it spent its seconds on; see `study.training.timing`."""
PARTS = ("start", *SPENT, "between", "idle", "end")
"""`start`: until the first worker begins. `between`: on a worker, from its first trial to its last report, what no
report accounts for. `idle`: before a worker's first trial and after its last, while another works. `end`: after the
last report of all."""
BESIDE = ("setup", "other", "between")
"""What is not training: what a worker does before a trial's first batch, what none of its clocks counts, and what lies
between two trials of a worker."""


class Span(NamedTuple):
    """A stretch of a worker's time that one trial filled, or several that were trained together."""

    worker: str
    begin: float
    """Unix time, seconds: the first report's less what was spent on it."""
    end: float
    trials: tuple[str, ...]
    covered: float
    """Seconds of it that the reports account for."""


def spans(events: Iterable[Event]) -> list[Span]:
    """List what each worker trained, in the order of time; trials whose reports interleave were trained together."""
    reports: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event["kind"] == "report":
            reports.setdefault((event["worker"], event["trial"]), []).append(event)
    one_each = [_span(worker, trial, found) for (worker, trial), found in reports.items()]
    groups: list[list[tuple[float, Span]]] = []
    for first, span in sorted(one_each, key=lambda each: (each[1].worker, each[0])):
        last = groups[-1] if groups else []
        if last and last[0][1].worker == span.worker and first <= max(each.end for _, each in last):
            last.append((first, span))
        else:
            groups.append([(first, span)])
    return sorted((_together(group) for group in groups), key=lambda span: span.begin)


def account(events: Sequence[Event], start: float, end: float, workers: int) -> dict[str, float]:
    """Divide `workers` times the wall time among `PARTS`.

    Args:
        events: of the ledger; reports have worker, time and spent.
        start: of the command, unix time in seconds.
        end: its exit.
        workers: how many there could have been.

    Returns:
        Seconds of workers, that sum to `workers * (end - start)`.
    """
    found = spans(events)
    begun, over = min(span.begin for span in found), max(span.end for span in found)
    parts = dict.fromkeys(PARTS, 0.0) | {"start": workers * (begun - start), "end": workers * (end - over)}
    for event in events:
        for what, seconds in _spent(event).items():
            parts[what if what in SPENT else "other"] += seconds
    held = 0.0
    for worker in {span.worker for span in found}:
        own = [span for span in found if span.worker == worker]
        held += max(span.end for span in own) - min(span.begin for span in own)
    parts["between"] = held - sum(parts[what] for what in SPENT)
    parts["idle"] = workers * (over - begun) - held
    return parts


def overhead(events: Sequence[Event]) -> dict[str, float]:
    """Give what a trial costs beside its training once its worker is warm, seconds by part of `BESIDE`.

    A worker's first stretch, in which it imports libraries and opens the data, is start-up. Without a second one on any
    worker there is nothing to say: empty.
    """
    found, trials, parts = spans(events), 0, dict.fromkeys(BESIDE, 0.0)
    for worker in {span.worker for span in found}:
        own = [span for span in found if span.worker == worker]
        for before, span in pairwise(own):
            trials += len(span.trials)
            parts["between"] += max(0.0, span.begin - before.end) + max(0.0, span.end - span.begin - span.covered)
            told = [_spent(event) for event in events if event["kind"] == "report" and event["trial"] in span.trials]
            for part in ("setup", "other"):
                parts[part] += sum(each.get(part, 0.0) for each in told)
    return {part: seconds / trials for part, seconds in parts.items()} if trials else {}


def _span(worker: str, trial: str, reports: list[Event]) -> tuple[float, Span]:
    """Give a trial's first report, and its stretch as if it had the worker for itself."""
    times = [event["time"] for event in reports]
    before, covered = sum(_spent(reports[0]).values()), sum(sum(_spent(event).values()) for event in reports)
    return min(times), Span(worker, min(times) - before, max(times), (trial,), covered)


def _together(group: list[tuple[float, Span]]) -> Span:
    """Join trials that were trained together: each has its share of what was spent before the first report."""
    first = min(time for time, _ in group)
    begin = first - sum(time - span.begin for time, span in group)
    trials = tuple(trial for _, span in group for trial in span.trials)
    end = max(span.end for _, span in group)
    return Span(group[0][1].worker, begin, end, trials, sum(span.covered for _, span in group))


def _spent(event: Event) -> dict[str, float]:
    """Give what a report accounts for; a resumed trial repeats a report that no work went into."""
    return event.get("spent") or {}
