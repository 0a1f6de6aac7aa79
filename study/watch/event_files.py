"""TensorBoard event files made from a ledger: a folder per cell with one per trial, and every score by epoch.

No study depends on these files.
"""

import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event as Record
from tensorboardX.summary import Summary, hparams, scalar

from analysis.shell.text import printable
from study.errors import Damaged
from study.storage import durable, reading
from study.storage.events import Event, Plain, PretrainEvent, ReportEvent, Row, SuggestEvent
from study.storage.schema import Wrong, whole
from study.storage.study_schema import StudyFile

POSITION = ".position"
LONGEST = 255
"""Most bytes of a folder's name."""


class EventFiles:
    """The folder that `tensorboard --logdir` opens; events that it holds already are not written again."""

    def __init__(self, folder: Path, study: StudyFile) -> None:
        """Open the folder, or create it.

        Args:
            folder: of the event files.
            study: study.json's content.

        Raises:
            Damaged: the folder's note of its position is none that this command writes.
        """
        self._folder, self._cells, self._compared = folder, study["cells"], study["space"]["compared"]
        self._suggested: dict[str, SuggestEvent] = {}
        self._open: dict[str, EventsWriter] = {}
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._next = reading.read_json(folder / POSITION, most=100)
            whole(0).check(self._next)
        except FileNotFoundError:
            self._next = 0
        except (Damaged, Wrong) as error:
            problem = str(error).removeprefix(f"{folder / POSITION}: ")
            raise Damaged(f"{folder / POSITION}: {problem}; delete {folder}, and it is made anew") from None

    def take(self, events: Iterable[Event]) -> None:
        """Write new events of the ledger."""
        for event in events:
            if event["kind"] == "suggest":
                self._suggested[event["trial"]] = event
            if event["seq"] >= self._next:
                self._take(event)
                self._next = event["seq"] + 1

    def write(self) -> None:
        """Flush, and note the position in the ledger."""
        for writer in self._open.values():
            writer.flush()
        durable.replace(self._folder / POSITION, json.dumps(self._next).encode())

    def _take(self, event: Event) -> None:
        name = event["trial"]
        match event["kind"]:
            case "pretrain":
                self._scores(self._writer(name, f"weights={event['weights']}"), event)
                self._end(name)
            case "report":
                cell = self._suggested[name]["cell"]
                writer = self._writer(name, self._cells[cell]["name"])
                if event["epoch"] == 0:
                    tags = dict.fromkeys(sorted({_tag(row) for row in _rows(event)}), 0.0)
                    for summary in hparams(self._hyperparameters(name), tags)[:2]:  # the third marks the end
                        _write(writer, summary, 0, event)
                self._scores(writer, event)
                if event["decision"] != "continue":
                    self._end(name)
            case "fail":
                self._end(name)

    def _writer(self, trial: str, cell: str) -> EventsWriter:
        """Return the writer of a trial's folder; each run of this command adds new files."""
        if trial not in self._open:
            where = self._folder / _place(cell) / trial
            where.mkdir(parents=True, exist_ok=True)  # no SummaryWriter below: its flush does not empty its queue
            self._open[trial] = EventsWriter(str(where / "events"), f".{self._next}")
        return self._open[trial]

    def _end(self, trial: str) -> None:
        if trial in self._open:
            self._open.pop(trial).close()

    def _scores(self, writer: EventsWriter, event: ReportEvent | PretrainEvent) -> None:
        for row in _rows(event):
            _write(writer, scalar(_tag(row), row["score"]), row["epoch"], event)

    def _hyperparameters(self, trial: str) -> dict[str, Plain]:
        event = self._suggested[trial]
        values = self._cells[event["cell"]]["values"]
        compared = {key: values[key] for key in self._compared if key in values}
        return {"role": event["role"]} | compared | event["tuned"]


def _place(cell: str) -> str:
    """Name a cell's folder; a long name is cut, and a checksum makes it unique."""
    name = printable(cell).replace("/", "-").replace("..", "-")
    if len(name.encode()) <= LONGEST:
        return name
    return f"{name.encode()[: LONGEST - 20].decode(errors='ignore')}… {hashlib.sha256(cell.encode()).hexdigest()[:16]}"


def _rows(event: ReportEvent | PretrainEvent) -> list[Row]:
    """Return an event's scores, without missing ones and without the counts of the confusion matrix."""
    return [row for row in event["rows"] if row["metric"] != "count" and row["score"] is not None]


def _tag(row: Row) -> str:
    """Name a score: `val/accuracy`, or `animals/val/accuracy` for an earlier task of a chain."""
    own = row.get("task") == row.get("trained_on")
    return f"{row['split']}/{row['metric']}" if own else f"{row['task']}/{row['split']}/{row['metric']}"


def _write(writer: EventsWriter, summary: Summary, epoch: int, event: ReportEvent | PretrainEvent) -> None:
    when = event.get("time") if event["kind"] == "report" else None
    writer.write_event(Record(step=epoch, wall_time=when or time.time(), summary=summary))
