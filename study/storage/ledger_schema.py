"""What each event of a ledger holds, and which events may follow which; knows neither files nor what events mean.

Events are written in `search/state.py`, `backend/pretrain_first.py` and `backend/tune.py`; every kind must be listed
here, or it cannot be read.
"""

from collections import Counter

from study.storage import study_schema
from study.storage.events import Event, SkipEvent, SuggestEvent
from study.storage.schema import (
    NEWER,
    NUMBER,
    PLAIN,
    TEXT,
    TRUTH,
    Kind,
    Table,
    Wrong,
    choice,
    listed,
    mapping,
    number,
    optional,
    pattern,
    short,
    whole,
)
from study.storage.study_schema import SpaceEntry, StudyFile

TRIAL = pattern("the name of a trial, letters, digits, - and _", r"[A-Za-z0-9_-]{1,100}")
"""It becomes a folder's name."""
COUNT, SECONDS = whole(0, 10**9), number(0, 10**9)
"""Numbers of epochs, steps and images; seconds of training, up to 31 years."""
WHEN = number(0, 2.5e11)
"""Seconds since 1970, up to the year 9892."""

ROW = Table(
    {"epoch": COUNT, "split": TEXT, "metric": TEXT, "score": NUMBER},
    {
        **dict.fromkeys(("step", "phase", "train_images"), optional(COUNT)),
        **dict.fromkeys(("task", "trained_on", "truth", "answer", "alarms"), optional(TEXT)),
        **dict.fromkeys(("frozen_before", "frozen_after"), optional(TEXT)),
        "seconds": optional(SECONDS),
    },
    more=False,  # it would become another column of the table
)
_NEW = {"seq": whole(0), "kind": TEXT, "trial": TRIAL}
_ALL = _NEW | {"trial": TEXT}  # `History` knows its name
RESULT = {"epoch": COUNT, "objective": NUMBER, "rows": ROW.list}
COSTS = Table(
    {},
    {
        **dict.fromkeys(("parameters", "trained", "features"), whole(0)),
        **dict.fromkeys(("macs", "peak_memory"), optional(whole(0))),
        "frozen_share": number(0, 1),
        "licence": optional(TEXT),
        **dict.fromkeys(("train_images_per_second", "predict_images_per_second"), optional(number(0, 10**12))),
    },
    more=False,  # as above
)
REPORT = Table(RESULT | {"seconds": SECONDS, "last": TRUTH}, {"costs": COSTS.kind}, more=False)
"""A worker's report after an epoch; a trial's checkpoint holds it too."""
_TRIALS, _CAUSE = listed(TEXT, least=1), {"traceback": TEXT}
_ROLES, _DECISIONS = choice("search", "replicate", "published"), choice("continue", "prune", "complete")
_PARTS = whole(0, 10**4)
_SUGGESTED = {"cell": COUNT, "tuned": mapping(PLAIN)}
EVENTS = {
    "suggest": Table(
        _NEW | _SUGGESTED | {"role": _ROLES, "seed": whole(0, 2**63 - 1)}, {"replicate_of": optional(TRIAL)}
    ),
    "report": Table(
        _ALL | RESULT | {"decision": _DECISIONS},
        {
            "worker": optional(TEXT),
            "time": optional(WHEN),
            "seconds": SECONDS,
            "spent": Kind("a table", (dict,), inner=len),  # nothing reads it
            "costs": COSTS.kind,
            "parts": _PARTS,
        },
    ),
    "rows": Table(_ALL | {"epoch": COUNT, "part": _PARTS, "rows": ROW.list}, {}),  # of the report that has `parts`
    "fail": Table(_ALL | {"error": TEXT}, _CAUSE),
    "part": Table(_ALL | {"error": TEXT, "trials": _TRIALS}, _CAUSE),
    "lost": Table(_ALL | {"error": TEXT, "trials": _TRIALS}, {}),
    "widen": Table(_ALL | {"error": TEXT}, {}),
    "skip": Table(_NEW | _SUGGESTED | {"error": TEXT}, {}),
    "pretrain": Table(
        _NEW
        | dict.fromkeys(("weights", "data", "model"), TEXT)
        | {"seed": whole(0, 2**63 - 1), "values": mapping(PLAIN), "rows": ROW.list},
        {},
    ),
}


def check(event: object) -> int:
    """Refuse an event that no study writes.

    Returns:
        The number of texts in it, keys too.

    Raises:
        Wrong: the text says what is wrong.
    """
    if type(event) is not dict:
        raise Wrong("is no table")
    kind = event.get("kind")
    table = EVENTS.get(kind) if isinstance(kind, str) else None
    if table is None:
        raise Wrong(f"has an event of a kind that is not known here, {short(kind)}; {NEWER}")
    return table.check(event)


class History:
    """The trials of a ledger so far, and what they may be if the study is known."""

    def __init__(self, study: StudyFile | None = None) -> None:
        """Begin without events; `study` is study.json's content."""
        self._study = study
        self._trials: set[str] = set()
        self._counts: Counter[tuple[int, bool]] = Counter()

    def add(self, event: Event) -> None:
        """Add the next event.

        Raises:
            Wrong: it cannot follow the earlier ones, or has a cell or value that the study does not have.
        """
        trial = event["trial"]
        match event["kind"]:
            case "suggest":
                self._check_cell(event)
                if trial in self._trials:
                    raise Wrong(f"suggests trial {trial!r} a second time")
                self._trials.add(trial)
            case "skip":
                self._check_cell(event)
            case "part" | "lost":
                self._check_suggested(trial, *event["trials"])
            case "report" | "rows" | "fail" | "widen":
                self._check_suggested(trial)

    def _check_suggested(self, *trials: str) -> None:
        for name in trials:
            if name not in self._trials:
                raise Wrong(f"has trial {name!r}, which no line before it suggests")

    def _check_cell(self, event: SuggestEvent | SkipEvent) -> None:
        if self._study is None:
            return
        cell, cells, tuned = event["cell"], self._study["cells"], self._study["space"]["tuned"]
        if cell >= len(cells):
            raise Wrong(f"has cell {cell}; study.json has {len(cells)}, of which the first is 0")
        for name, value in event["tuned"].items():
            if name not in tuned:
                raise Wrong(f"tunes {short(name)}; study.json tunes {', '.join(tuned) or 'nothing'}")
            if not study_schema.contains(tuned[name], value):
                raise Wrong(f"has {name} {short(value)}, which is outside what study.json tunes it in")
        if event["kind"] == "suggest":
            self._check_number(event, self._study["space"])

    def _check_number(self, event: SuggestEvent, space: SpaceEntry) -> None:
        """Check that a cell's trials are numbered in order, and are no more than the space sets."""
        searched = event["role"] == "search"
        number = self._counts[event["cell"], searched]
        expected = f"c{event['cell']:03d}-{'s' if searched else 'r'}{number:03d}"
        if event["trial"] != expected:
            raise Wrong(f"suggests trial {event['trial']!r} where {expected} is the next")
        most = space.get("trials") if searched else space.get("replicates")
        most = 1 if searched and not event["tuned"] else max(1, most) if isinstance(most, int) else number + 1
        if number >= most:
            raise Wrong(f"suggests trial {event['trial']}, of which the cell has {most} at most")
        self._counts[event["cell"], searched] += 1
