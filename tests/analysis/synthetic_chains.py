"""Made-up studies whose trials learnt other tasks before, with forgetting through weights and through statistics."""

import numpy as np
import pandas as pd

from analysis.numbers.table import COLUMNS
from tests.analysis import synthetic

FORGOTTEN = {"feature_extraction": 0.0, "stage_rates": 0.10, "fine_tune": 0.06}  # of accuracy, through the weights
DRIFT = {"published": 0.13, "batchnorm_drift": 0.12}  # through BatchNorm statistics; for other versions see `_drift`


def chain(
    regimes=tuple(FORGOTTEN),
    versions=("published", "batchnorm_drift", "corrected"),
    tasks=("animals",),
    searched=2,
    repeated=3,
    epochs=4,
) -> pd.DataFrame:
    """Cells of regime and version whose trials learnt `tasks` before; replicates of all cells have the same seeds."""
    tables = []
    for number, version in enumerate(versions):
        df = synthetic.study(regimes, (1.0,), searched, repeated, epochs, seed=number)
        df["cell"] = df["cell"].str.replace("label_fraction=1", f"version={version}")
        for name in ("trial", "replicate_of"):
            df[name] = df[name].str.replace("c0", f"c{number}")
        if version == "published":
            df = df[df["role"] == "replicate"].assign(role="published", replicate_of=pd.NA)
        tables.append(df)
    return with_earlier(pd.concat(tables, ignore_index=True).astype(COLUMNS), tasks)


def with_earlier(df: pd.DataFrame, tasks=("animals",)) -> pd.DataFrame:
    """The same with rows of tasks that each trial learnt before, of which it forgets the last one least."""
    rows, last = [], df.groupby("trial")["epoch"].max()
    scored = (df["metric"] == "accuracy") & df["split"].isin(["val", "test"]) & (df["role"] != "pretrain")
    for row in df[scored].to_dict("records"):
        draw, end = np.random.default_rng(row["seed"]), last[row["trial"]]
        for place, task in enumerate(tasks):
            task_row = row | {"task": task, "published": {"feature_extraction": 0.9}.get(row["regime"])}
            for metric, level in (("accuracy", 0.94), ("sensitivity", 0.93), ("specificity", 0.95)):
                before = level + draw.uniform(0, 0.02) - 0.01 * (row["split"] == "test")
                share = row["epoch"] / end * draw.uniform(0.8, 1.2) / (1 + place) if end else 0.0
                own = before - FORGOTTEN.get(row["regime"], 0.05) * share
                scores = {"": own - _drift(row) * share, "_own_batchnorm": own, "_before": before}
                for ending, score in scores.items():
                    if ending != "_before" or row["epoch"] == end:
                        rows.append(task_row | {"metric": metric + ending, "score": score})
            rows.append(task_row | {"metric": "loss", "score": 0.2 + place})
    return pd.concat([df, synthetic.frame(rows)], ignore_index=True)


def _drift(row: dict) -> float:
    """The cost of statistics: as in `DRIFT`, else none if they are frozen, little if they follow weights that move."""
    version = row["cell"].rpartition("version=")[2]
    return DRIFT.get(version, 0.0 if row["regime"] == "feature_extraction" else 0.02)
