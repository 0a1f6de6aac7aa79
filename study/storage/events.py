"""The types of a ledger's events and rows. `ledger_schema.py` has the values that their keys may have.

A newer version may write further keys, which readers ignore.
"""

from typing import Literal, NotRequired, TypedDict, final

Plain = str | int | float | None
"""A value of a hyperparameter."""


class Score(TypedDict):
    """A score on a split; one of metric `count` is the number of images of class `truth` classified as `answer`."""

    split: str
    metric: str
    truth: NotRequired[str]
    answer: NotRequired[str]
    score: float


class Costs(TypedDict):
    """What a trial's network is and costs. The last three are measured, and differ from run to run."""

    parameters: int
    """Of the backbone."""
    trained: int
    """Values that some phase trains, the head's included."""
    frozen_share: float
    """Share of the backbone's parameters that no phase trains."""
    macs: int | None
    """Multiply-accumulate operations of the backbone, for one image of the trial's size; None: not countable."""
    features: int
    licence: str | None
    """Of the published weights that the trial starts from; None if it starts from none."""
    train_images_per_second: float | None
    """Images that training has shown over the seconds of its steps; from kept outputs where stages are frozen."""
    predict_images_per_second: float
    """Of the whole network, from stored pixels to answers; timed on one batch, once a network and process."""
    peak_memory: int | None
    """Bytes: on a GPU the most that the trial had allocated, else the most that its process had in memory."""


class RowFields(TypedDict):
    """What the rows of a report have in common; an earlier task's rows have another `task`, and no alarms."""

    epoch: int
    step: NotRequired[int]
    phase: NotRequired[int]
    trained_on: NotRequired[str]
    train_images: NotRequired[int | None]
    seconds: NotRequired[float]
    task: NotRequired[str]
    frozen_before: NotRequired[str | None]
    frozen_after: NotRequired[str | None]
    alarms: NotRequired[str | None]


class Row(RowFields, Score):
    """One score of a report: a row of the table."""


class Line(TypedDict):
    """What the ledger adds to an event when it writes it."""

    seq: NotRequired[int]


class SuggestEvent(Line):
    """A trial begins."""

    kind: Literal["suggest"]
    trial: str
    cell: int
    role: str
    seed: int
    tuned: dict[str, Plain]
    replicate_of: NotRequired[str | None]
    """The search trial whose tuned values a replicate has."""


class ReportFields(Line):
    """What a report's event holds besides the decision and what it is based on."""

    rows: list[Row]
    worker: NotRequired[str | None]
    """host:pid."""
    time: NotRequired[float | None]
    """Seconds since 1970."""
    seconds: NotRequired[float]
    spent: NotRequired[dict[str, float]]
    """Seconds since the last report, by what they were spent on."""
    costs: NotRequired[Costs]
    parts: NotRequired[int]
    """Number of `rows` events before this one that hold the rest of its rows."""


class ReportEvent(ReportFields):
    """A trial has been scored after an epoch, and its end or continuation decided."""

    kind: Literal["report"]
    trial: str
    epoch: int
    objective: float
    decision: Literal["continue", "prune", "complete"]


class RowsEvent(Line):
    """Rows of the report that follows, which did not fit into its line."""

    kind: Literal["rows"]
    trial: str
    epoch: int
    part: int
    rows: list[Row]


class FailEvent(Line):
    """A trial has failed."""

    kind: Literal["fail"]
    trial: str
    error: str
    traceback: NotRequired[str]


class PartEvent(Line):
    """A bundle has broken; its trials resume one by one."""

    kind: Literal["part"]
    trial: str
    trials: list[str]
    error: str
    traceback: NotRequired[str]


class LostEvent(Line):
    """The worker of some trials has died; they resume from their checkpoints."""

    kind: Literal["lost"]
    trial: str
    trials: list[str]
    error: str


class WidenEvent(Line):
    """A trial has run out of memory on a shared GPU, and resumes with a whole one."""

    kind: Literal["widen"]
    trial: str
    error: str


class SkipEvent(Line):
    """A cell cannot run here."""

    kind: Literal["skip"]
    trial: str
    cell: int
    tuned: dict[str, Plain]
    error: str


class PretrainEvent(Line):
    """Weights that some trials start from have been trained."""

    kind: Literal["pretrain"]
    trial: str
    weights: str
    values: dict[str, Plain]
    """The configuration that they were trained with."""
    seed: int
    data: str
    model: str
    """Checksum of the weights."""
    rows: list[Row]


Event = (
    SuggestEvent | ReportEvent | RowsEvent | FailEvent | PartEvent | LostEvent | WidenEvent | SkipEvent | PretrainEvent
)
"""One line of a ledger."""


@final
class WorkerReport(TypedDict):
    """A trial's report after an epoch, as its worker sends it and its checkpoint holds it."""

    epoch: int
    seconds: float
    objective: float
    last: bool
    rows: list[Row]
    costs: NotRequired[Costs]
    spent: NotRequired[dict[str, float]]
