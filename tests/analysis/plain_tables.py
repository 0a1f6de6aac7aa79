"""The rows of each table of a report, as dicts of column and text; see `plain`."""

from collections.abc import Callable, Iterator
from itertools import combinations

import pandas as pd

from tests.analysis.plain import (
    EVERYTHING,
    NONE,
    ONCE,
    SHORT,
    Study,
    better,
    chance,
    few,
    mann_whitney,
    mean,
    number,
    p_value,
    percent,
    score,
    spread,
    welch,
)

Rows = list[dict[str, str]]


def states(study: Study) -> Rows:
    found, names = study.trials, ("complete", "pruned", "failed", "running")
    rows = []
    for role in ("search", "replicate", "published"):
        each = found[found["role"] == role]
        if len(each):
            counts = {state: int((each["state"] == state).sum()) for state in names}
            rows.append({"role": role} | {k: str(v) for k, v in (counts | {"all": len(each)}).items()})
    return rows


def pairs(study: Study) -> Iterator[tuple[str, str, str]]:
    """Where two regimes meet, and both cells, the one of the higher mean test score first."""
    where: dict[str, list[str]] = {}
    for cell in study.cells if "regime" in study.keys else ():
        share = study.trials.loc[study.trials["cell"] == cell, "label_fraction"].iloc[0]
        rest = study.title(cell, "regime", "label_fraction")
        where.setdefault(" · ".join([f"{percent(share)} of the labels", *([rest] if rest else [])]), []).append(cell)
    for place, cells in where.items():
        ordered = sorted(cells, key=lambda cell: -study.again(cell)["test"].mean())
        yield from ((place, one, other) for one, other in combinations(ordered, 2))


def improvement(study: Study) -> Rows:
    rows = []
    for place, one, other in pairs(study):
        a, b = (study.again(cell)["test"] for cell in (one, other))
        p, found = mann_whitney(a, b), better(a, b)
        rows.append(
            {
                "where": place,
                "a > b": f"{study.cells[one]['regime']} > {study.cells[other]['regime']}",
                "P(a > b) [95 %]": chance(found),
                "Mann–Whitney p": p_value(p),
                "separated": "yes" if p < 0.05 and not found[1] <= 0.5 <= found[2] else "no",
                "n": f"{len(a)} and {len(b)}",
            }
        )
    return rows


def claims(study: Study) -> list[str]:
    """What must stand in the report of the best two at each place."""
    told, seen = [], set()
    for place, one, other in pairs(study):
        if place in seen:
            continue
        seen.add(place)
        a, b = (study.again(cell)["test"] for cell in (one, other))
        names = [study.cells[cell]["regime"] for cell in (one, other)]
        ends = [f"{spread(mean(values), study.metric)}, n = {len(values)}" for values in (a, b)]
        told.append(f"{study.metric} (%) is {names[0]} {ends[0]}; next {names[1]} {ends[1]}: ")
        told.append(f"P({' > '.join(names)}) = {chance(better(a, b))}, Mann–Whitney p = {p_value(mann_whitney(a, b))}")
    return told


def plateau(study: Study) -> Rows:
    rows = []
    for cell in study.cells:
        curves = study.scores("val", study.metric)
        curves = curves[curves["trial"].isin(study.again(cell)["trial"])]
        for share in (0.95, 0.99):
            first = [one[one["score"] >= share * one["score"].max()].iloc[0] for _, one in curves.groupby("trial")]
            found = {name: mean(pd.Series([float(each[name]) for each in first]), 0, 1e9) for name in ("epoch", "step")}
            regime = study.trials.loc[study.trials["cell"] == cell, "regime"].iloc[0]
            told = {"": study.title(cell, "regime"), "#1": regime, "of its best": f"{share:.0%}", "n": str(len(first))}
            rows.append(told | {f"{k} [95 %]": f"{v[0]:.1f} [{v[1]:.1f}, {v[2]:.1f}]" for k, v in found.items()})
    return rows


def one_class(study: Study, cell: str) -> bool:
    """Whether every replicate's last report has the alarm of one class."""
    rows = study.own[study.own["trial"].isin(study.again(cell)["trial"])]
    last = rows[rows["epoch"] == rows.groupby("trial")["epoch"].transform("max")]
    stuck = last["alarms"].fillna("").str.contains("constant_class").groupby(last["trial"]).any()
    return bool(stuck.all())


def tested(study: Study, cell: str) -> str:
    return spread(mean(study.again(cell)["test"]), study.metric) + " (one class)" * one_class(study, cell)


def versions(study: Study) -> Rows:
    rows: dict[str, dict[str, str]] = {}
    heads = {"published": "as published, measured", "corrected": "corrected"}
    names = dict.fromkeys(told["version"] for told in study.cells.values()) if "version" in study.keys else {}
    for cell in study.cells if names else ():
        place, version = study.title(cell, "version"), study.cells[cell]["version"]
        row = rows.setdefault(place, {"": place} | {heads.get(name, f"only {name}"): NONE for name in names})
        row[heads.get(version, f"only {version}")] = f"{tested(study, cell)}, n = {len(study.again(cell))}"
    return list(rows.values())


def causes(study: Study) -> Rows:
    rows = []
    for cell, told in study.cells.items() if "version" in study.keys else ():
        best = cell.replace(f"version={told['version']}", "version=corrected")
        if cell == best or best not in study.cells:
            continue
        a, b = (study.again(each)["test"] for each in (best, cell))
        rows.append(
            {
                "": study.title(cell, "version"),
                "cause": EVERYTHING if told["version"] == "published" else told["version"],
                "corrected": score(a.mean(), study.metric),
                "with the cause": score(b.mean(), study.metric),
                "cost [95 %]": spread(welch(a, b), study.metric),
                "P(corrected > with it) [95 %]": chance(better(a, b)),
                "n": f"{len(a)} and {len(b)}",
            }
        )
    return rows


def alarms(study: Study) -> Rows:
    found = study.own.dropna(subset="alarms").drop_duplicates(["trial", "epoch"]).sort_values(["trial", "epoch"])
    found = found.assign(said=found["alarms"].str.split(" | ", regex=False)).explode("said")
    found["kind"] = found["said"].str.split(":").str[0]
    latest = study.own.groupby("trial")["epoch"].max()
    rows = []
    for (kind, cell), group in found.groupby(["kind", "cell"]):
        trials, first = group.groupby("trial"), group.iloc[0]
        still = (trials["epoch"].max() == latest[list(trials.groups)]).sum()
        rows.append(
            {
                "alarm": kind,
                "cell": study.title(cell),
                "trials": f"{len(trials)} of {(study.trials['cell'] == cell).sum()}",
                "first at epoch": few(trials["epoch"].min()),
                "at the end": NONE if kind in ONCE else f"{still} of {len(trials)}",
                "example": f"{first['trial']}: {first['said'].split(': ', 1)[1]}",
            }
        )
    return rows


def cells(study: Study) -> Rows:
    rows = []
    for cell, told in study.cells.items():
        best, again = study.winner(cell), study.again(cell)
        one = again.iloc[0] if best is None else best
        each = study.trials[(study.trials["cell"] == cell) & (study.trials["role"] != "replicate")]["state"]
        row = {SHORT.get(key, key): percent(v) if key == "label_fraction" else v for key, v in told.items()}
        row |= {"images": few(study.own.loc[study.own["trial"] == one["trial"], "train_images"])}
        row |= {"winner": NONE if best is None else best["trial"].split("-")[1]}
        row |= {SHORT.get(name, name): number(one[name]) for name in study.space["tuned"]}
        row |= {"val": score(again["val"].mean() if best is None else best["val"], study.metric)}
        row |= {"repl. val": score(again["val"].mean(), study.metric), "test [95 %]": tested(study, cell)}
        row |= {
            "n": str(len(again)),
            "c/p/f": "/".join(str((each == s).sum()) for s in ("complete", "pruned", "failed")),
        }
        rows.append(row)
    return rows


def metrics(study: Study) -> Rows:
    names = [name for name in study.own.loc[study.own["split"] == "test", "metric"].unique() if name != "loss"]
    rows = []
    for cell in study.cells:
        trials = study.again(cell)["trial"]
        told = {name: spread(mean(study.last("test", name)[trials]), name) for name in names}
        rows.append({"": study.title(cell), **told, "n": str(len(trials))})
    return rows


def lost(study: Study, cell: str, task: str, metric: str) -> pd.DataFrame:
    """Per trial: an earlier task's test score before and after, and what was forgotten in which way."""
    found = study.df[study.earlier & (study.df["task"] == task) & (study.df["split"] == "test")]
    found = found[found["trial"].isin(study.again(cell)["trial"])].sort_values("epoch")
    wide = found.pivot_table("score", "trial", "metric", aggfunc="last")
    before, own, after = (wide[metric + ending] for ending in ("_before", "_own_batchnorm", ""))
    parts = {"before": before, "after": after, "forgetting": before - after}
    return pd.DataFrame(parts | {"weights": before - own, "batchnorm": own - after}).join(study.trials["seed"])


def forgetting(study: Study) -> Rows:
    rows, found = [], study.df[study.earlier]
    names = {"forgetting": "forgetting [95 %]", "weights": "weights part", "batchnorm": "BatchNorm part"}
    known = [name for name in found["metric"].unique() if f"{name}_before" in set(found["metric"])]
    for cell in study.cells:
        for task in found["task"].unique():
            for metric in known:
                each = lost(study, cell, task, metric)
                row = {"": study.title(cell), "earlier task": task, "metric": metric, "n": str(len(each))}
                row |= {name: score(each[name].mean(), metric) for name in ("before", "after")}
                row |= {head: amount(each[name], metric) for name, head in names.items()}
                rows.append(row)
    return rows


def amount(values: pd.Series, metric: str) -> str:
    return "exactly 0" if (values == 0).all() else spread(mean(values, -1, 1), metric)


TABLES: dict[str, Callable[[Study], Rows]] = {
    "Trials by state": states,
    "Probability of improvement": improvement,
    "Forgetting": forgetting,
    "Time to plateau": plateau,
    "As published and corrected": versions,
    "What each cause costs": causes,
    "Alarms": alarms,
    "Cells": cells,
    "Other metrics of the replicates": metrics,
}
"""By the heading above it: the table's rows."""
