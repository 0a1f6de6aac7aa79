"""The tidy table of a study, derived from its ledger: one row is one score.

`COLUMNS` is the interface to `analysis`.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from study.errors import Damaged, UserError
from study.storage import durable
from study.storage.events import Event, PretrainEvent, Row, SkipEvent, SuggestEvent
from study.storage.study_schema import StudyFile
from study.training.active import read_values

COLUMNS = {
    "space": "string",
    "cell": "string",
    "trial": "string",
    "role": "string",
    "state": "string",
    "seed": "Int64",
    "error": "string",
    "replicate_of": "string",
    "data": "string",
    "published": "float64",
    "family": "string",
    "encoder": "string",
    "stem": "string",
    "stages": "string",
    "weights": "string",
    "regime": "string",
    "label_fraction": "float64",
    "image_size": "Int64",
    "upsample": "Int64",
    "colour": "string",
    "crop": "string",
    "validation": "string",
    "validation_share": "float64",
    "balance": "string",
    "group_pattern": "string",
    "layout": "string",
    "copies": "string",
    "subset": "string",
    "validation_augment": "string",
    "normalization": "string",
    "head": "string",
    "head_classes": "Int64",
    "optimizer": "string",
    "schedule": "string",
    "lr": "float64",
    "weight_decay": "float64",
    "freeze_depth": "Int64",
    "lora_rank": "Int64",
    "lora_alpha": "float64",
    "lora_layers": "string",
    "lr_decay": "float64",
    "stage_rates": "string",
    "head_rate": "float64",
    "probe_share": "float64",
    "phase_decay": "float64",
    "momentum": "float64",
    "batch_size": "Int64",
    "accumulate": "Int64",
    "budget": "string",
    "shuffle": "string",
    "warmup": "float64",
    "label_smoothing": "float64",
    "class_weights": "string",
    "reduction": "string",
    "difficult": "string",
    "augment": "float64",
    "views": "Int64",
    "dropout": "float64",
    "drop_path": "float64",
    "freeze_batchnorm": "string",
    "batchnorm_momentum": "float64",
    "batchnorm_epsilon": "float64",
    "epoch": "Int64",
    "step": "Int64",
    "phase": "Int64",
    "trained_on": "string",
    "train_images": "Int64",
    "seconds": "float64",
    "worker": "string",
    "time": "float64",
    "parameters": "Int64",
    "trained": "Int64",
    "frozen_share": "float64",
    "macs": "Int64",
    "features": "Int64",
    "licence": "string",
    "train_images_per_second": "float64",
    "predict_images_per_second": "float64",
    "peak_memory": "Int64",
    "frozen_before": "string",
    "frozen_after": "string",
    "alarms": "string",
    "task": "string",
    "split": "string",
    "metric": "string",
    "truth": "string",
    "answer": "string",
    "score": "float64",
}
MEASURED = (
    *("seconds", "worker", "time"),
    *("train_images_per_second", "predict_images_per_second", "peak_memory"),
)
"""Columns in which two runs of one study differ."""
Columns = dict[str, Any]
"""The columns of a trial; its scores add theirs."""
STATES = {"prune": "pruned", "complete": "complete"}


def from_events(study: StudyFile, events: Iterable[Event]) -> pd.DataFrame:
    """Fold a ledger into the table.

    Args:
        study: content of study.json.
        events: the ledger, in order; if a (trial, epoch) was reported twice, the later report counts.

    Returns:
        One row a score; a trial without any score has one row whose score is empty. `worker` (host:pid) and `time`
        (seconds since 1970) say who reported the score and when; they and the network's costs are empty in rows of
        pretraining.
    """
    trials: dict[str, Columns] = {}
    reports: dict[str, dict[int, Sequence[Mapping[str, object]]]] = {}
    parts: dict[tuple[str, int, int], list[Row]] = {}  # recorded before the report that they belong to
    for event in events:
        name = event["trial"]
        match event["kind"]:
            case "pretrain":
                trials[name] = _pretrained(study, event)
                reports[name] = {0: event["rows"]}
            case "skip":
                role = "published" if study["cells"][event["cell"]].get("as_published") else "search"
                trials[name] = _trial(study, event)
                trials[name] |= {"role": role, "seed": None, "state": "not_run", "error": event["error"]}
                reports[name] = {}
            case "suggest":
                trials.pop(name.partition("-")[0], None)  # its cell, skipped in an earlier run, runs now
                trials[name] = _trial(study, event) | {"role": event["role"], "seed": event["seed"]}
                trials[name] |= {"state": "running", "replicate_of": event.get("replicate_of")}
                reports[name] = {}
            case "report":
                origin: Columns = {"worker": event.get("worker"), "time": event.get("time"), **event.get("costs", {})}
                epoch = event["epoch"]
                others = [row for part in range(event.get("parts", 0)) for row in parts.pop((name, epoch, part), ())]
                reports[name][epoch] = [{**row, **origin} for row in (*event["rows"], *others)]
                trials[name]["state"] = STATES.get(event["decision"], "running")
            case "rows":
                parts[name, event["epoch"], event["part"]] = event["rows"]
            case "fail":
                trials[name] |= {"state": "failed", "error": event["error"]}
    rows = [
        {**trial, **score, "published": _published(trial["published"], score)}
        for name, trial in trials.items()
        for score in [row for epoch in sorted(reports[name]) for row in reports[name][epoch]] or [{}]
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _published(figures: float | dict[str, float] | None, score: Mapping[str, Any]) -> float | None:
    """Return the published score of a row's task; a single figure is of the task that the trial was trained on."""
    if isinstance(figures, dict):
        return figures.get(score.get("task", ""))
    return figures if score.get("task") == score.get("trained_on") else None


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write the table under a temporary name and rename it, so that a reader never sees half of it."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, write_page_checksum=True)
    durable.replace(path, buffer.getvalue())


def _trial(study: StudyFile, event: SuggestEvent | SkipEvent) -> Columns:
    cell = study["cells"][event["cell"]]
    try:
        values = read_values(cell["values"] | event["tuned"])
    except UserError as error:
        raise Damaged(f"study.json: cell {event['cell']} has what is not known here ({error})") from None
    values.pop("task")  # the row has a task of its own: the one that was scored
    return values | {
        "space": study["space"]["name"],
        "cell": cell["name"],
        "trial": event["trial"],
        "data": cell["source"],
        "published": cell["published"],
    }


def _pretrained(study: StudyFile, event: PretrainEvent) -> Columns:
    """Return the columns of weights that were trained before the search; their cell has a name of its own."""
    columns: Columns = {"space": study["space"]["name"], "cell": f"weights={event['weights']}"}
    columns |= {"trial": event["trial"], "role": "pretrain", "state": "complete", "seed": event["seed"]}
    columns |= {"data": event["data"], "published": None}
    return {name: value for name, value in event["values"].items() if name in COLUMNS and name != "task"} | columns
