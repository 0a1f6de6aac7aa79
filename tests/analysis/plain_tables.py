"""The rows of each table of a report, as dicts of column to text; see `plain`."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

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
    trials, names = study.trials, ("complete", "pruned", "failed", "running")
    rows = []
    for role in ("search", "replicate", "published"):
        of_role = trials[trials["role"] == role]
        if len(of_role):
            counts = {state: int((of_role["state"] == state).sum()) for state in names}
            rows.append({"role": role} | {k: str(v) for k, v in (counts | {"all": len(of_role)}).items()})
    return rows


def pairs(study: Study) -> Iterator[tuple[str, str, str]]:
    """The title of a comparison, and two of its cells, the one with the higher mean test score first."""
    where: dict[str, list[str]] = {}
    for cell in study.cells if "regime" in study.keys else ():
        share = study.trials.loc[study.trials["cell"] == cell, "label_fraction"].iloc[0]
        rest = study.title(cell, "regime", "label_fraction")
        where.setdefault(" · ".join([f"{percent(share)} of the labels", *([rest] if rest else [])]), []).append(cell)
    for place, cells in where.items():
        ordered = sorted(cells, key=lambda cell: -study.again(cell)["test"].mean())
        yield from ((place, one, other) for one, other in combinations(ordered, 2))


class Rival(NamedTuple):
    """A pair of cells: their regimes, the second cell, their test scores, their difference and its kind."""

    one: str
    other: str
    cell: str
    a: pd.Series
    b: pd.Series
    less: tuple[float, float, float]
    how: str


def rivals(study: Study, one: str, other: str) -> Rival:
    names = [study.trials.loc[study.trials["cell"] == cell, "regime"].iloc[0] for cell in (one, other)]
    a, b = (study.again(cell).set_index("seed")["test"] for cell in (one, other))
    return Rival(*names, other, a, b, *less(a, b))


def less(a: pd.Series, b: pd.Series) -> tuple[tuple[float, float, float], str]:
    """The difference of means of scores by seed, paired if the other has all seeds of the smaller."""
    both = a.index.intersection(b.index)
    if len(both) == min(len(a), len(b)) > 1:
        return mean(a[both] - b[both], -1, 1), "paired by seed"
    return welch(a, b), "Welch"


def separated(a: pd.Series, b: pd.Series) -> bool:
    _, low, high = better(a, b)
    return mann_whitney(a, b) < 0.05 and not low <= 0.5 <= high


def improvement(study: Study) -> Rows:
    rows = []
    for place, one, other in pairs(study):
        rival = rivals(study, one, other)
        rows.append(
            {
                "where": place,
                "a > b": f"{rival.one} > {rival.other}",
                "a − b [95 %]": spread(rival.less, study.metric),
                "interval": rival.how,
                "P(a > b) [95 %]": chance(better(rival.a, rival.b)),
                "Mann–Whitney p": p_value(mann_whitney(rival.a, rival.b)),
                "separated": "yes" if separated(rival.a, rival.b) else "no",
                "n": f"{len(rival.a)} and {len(rival.b)}",
            }
        )
    return rows


class Near(NamedTuple):
    """A cell's values of a hyperparameter: the winner's, those of trials that did as well, and all values."""

    winner: object
    near: pd.Series
    tried: pd.Series


def as_well(study: Study, cell: str, key: str) -> Near | None:
    """The values within 1 % of the winner on validation; None if the complete trials do not differ."""
    trials, best = study.trials[study.trials["cell"] == cell], study.winner(cell)
    trials = trials[(trials["role"] == "search") & (trials["state"] == "complete")]
    if best is None or key not in study.space["tuned"] or trials[key].nunique() < 2 or pd.isna(best[key]):
        return None
    near = trials.loc[trials["val"] >= 0.99 * best["val"], key]
    return Near(best[key], near.dropna(), trials[key].dropna())


def did_as_well(study: Study) -> Rows:
    rows, heads = [], []
    for cell in study.cells:
        near_by_key = {key: as_well(study, cell, key) for key in study.space["tuned"]}
        near_by_key = {key: near for key, near in near_by_key.items() if near}
        if near_by_key:
            row = {"": study.title(cell), "val": score(study.winner(cell)["val"], study.metric)}
            rows.append(row | {SHORT.get(key, key): short(near) for key, near in near_by_key.items()})
            heads += [SHORT.get(key, key) for key in near_by_key]
    return [dict.fromkeys(heads, NONE) | row for row in rows]


def short(near: Near) -> str:
    ends = "–".join(dict.fromkeys((number(near.near.min()), number(near.near.max()))))
    return f"{number(near.winner)} ({f'{ends}; ' * (len(near.near) > 1)}{len(near.near)} of {len(near.tried)})"


def plateau(study: Study) -> Rows:
    rows = []
    for cell in study.cells:
        curves = study.scores("val", study.metric)
        curves = curves[curves["trial"].isin(study.again(cell)["trial"])]
        for share in (0.95, 0.99):
            first = [one[one["score"] >= share * one["score"].max()].iloc[0] for _, one in curves.groupby("trial")]
            reached = {name: pd.Series([float(row[name]) for row in first]) for name in ("epoch", "step")}
            means = {name: mean(values, 0, 1e9) for name, values in reached.items()}
            regime = study.trials.loc[study.trials["cell"] == cell, "regime"].iloc[0]
            row = {"": study.title(cell, "regime"), "#1": regime, "of its best": percent(share), "n": str(len(first))}
            rows.append(row | {f"{k} [95 %]": f"{v[0]:.1f} [{v[1]:.1f}, {v[2]:.1f}]" for k, v in means.items()})
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
    names = dict.fromkeys(keys["version"] for keys in study.cells.values()) if "version" in study.keys else {}
    for cell in study.cells if names else ():
        place, version = study.title(cell, "version"), study.cells[cell]["version"]
        row = rows.setdefault(place, {"": place} | {heads.get(name, f"only {name}"): NONE for name in names})
        row[heads.get(version, f"only {version}")] = f"{tested(study, cell)}, n = {len(study.again(cell))}"
    return list(rows.values())


def causes(study: Study) -> Rows:
    rows = []
    for cell, keys in study.cells.items() if "version" in study.keys else ():
        best = cell.replace(f"version={keys['version']}", "version=corrected")
        if cell == best or best not in study.cells:
            continue
        a, b = (study.again(name)["test"] for name in (best, cell))
        rows.append(
            {
                "": study.title(cell, "version"),
                "cause": EVERYTHING if keys["version"] == "published" else keys["version"],
                "corrected": score(a.mean(), study.metric),
                "with the cause": score(b.mean(), study.metric),
                "cost [95 %]": spread(welch(a, b), study.metric),
                "P(corrected > with it) [95 %]": chance(better(a, b)),
                "n": f"{len(a)} and {len(b)}",
            }
        )
    return rows


def alarms(study: Study) -> Rows:
    raised = study.own.dropna(subset="alarms").drop_duplicates(["trial", "epoch"]).sort_values(["trial", "epoch"])
    raised = raised.assign(alarm=raised["alarms"].str.split(" | ", regex=False)).explode("alarm")
    raised["kind"] = raised["alarm"].str.split(":").str[0]
    latest = study.own.groupby("trial")["epoch"].max()
    rows = []
    for (kind, cell), group in raised.groupby(["kind", "cell"]):
        trials, first = group.groupby("trial"), group.iloc[0]
        still = (trials["epoch"].max() == latest[list(trials.groups)]).sum()
        rows.append(
            {
                "alarm": kind,
                "cell": study.title(cell),
                "trials": f"{len(trials)} of {(study.trials['cell'] == cell).sum()}",
                "first at epoch": few(trials["epoch"].min()),
                "at the end": NONE if kind in ONCE else f"{still} of {len(trials)}",
                "example": f"{first['trial']}: {first['alarm'].split(': ', 1)[1]}",
            }
        )
    return rows


def cells(study: Study) -> Rows:
    rows = []
    for cell, keys in study.cells.items():
        best, again = study.winner(cell), study.again(cell)
        one = again.iloc[0] if best is None else best
        cell_states = study.trials[(study.trials["cell"] == cell) & (study.trials["role"] != "replicate")]["state"]
        row = {SHORT.get(key, key): percent(v) if key == "label_fraction" else v for key, v in keys.items()}
        row |= {"images": few(study.own.loc[study.own["trial"] == one["trial"], "train_images"])}
        row |= {"winner": NONE if best is None else best["trial"].split("-")[1]}
        row |= {SHORT.get(name, name): number(one[name]) for name in study.space["tuned"]}
        row |= {"val": score(again["val"].mean() if best is None else best["val"], study.metric)}
        row |= {"repl. val": score(again["val"].mean(), study.metric), "test [95 %]": tested(study, cell)}
        row |= {
            "n": str(len(again)),
            "c/p/f": "/".join(str((cell_states == s).sum()) for s in ("complete", "pruned", "failed")),
        }
        rows.append(row)
    return rows


def metrics(study: Study) -> Rows:
    names = [name for name in study.own.loc[study.own["split"] == "test", "metric"].unique() if name != "loss"]
    rows = []
    for cell in study.cells:
        trials = study.again(cell)["trial"]
        texts = {name: spread(mean(study.last("test", name)[trials]), name) for name in names}
        rows.append({"": study.title(cell), **texts, "n": str(len(trials))})
    return rows


def lost(study: Study, cell: str, task: str, metric: str) -> pd.DataFrame:
    """An earlier task's test score in each trial before and after, the forgetting, and its parts."""
    scores = study.df[study.earlier & (study.df["task"] == task) & (study.df["split"] == "test")]
    scores = scores[scores["trial"].isin(study.again(cell)["trial"])].sort_values("epoch")
    wide = scores.pivot_table("score", "trial", "metric", aggfunc="last")
    before, own, after = (wide[metric + ending] for ending in ("_before", "_own_batchnorm", ""))
    parts = {"before": before, "after": after, "forgetting": before - after}
    return pd.DataFrame(parts | {"weights": before - own, "batchnorm": own - after}).join(study.trials["seed"])


def forgetting(study: Study) -> Rows:
    rows, earlier = [], study.df[study.earlier]
    names = {"forgetting": "forgetting [95 %]", "weights": "weights part", "batchnorm": "BatchNorm part"}
    known = [name for name in earlier["metric"].unique() if f"{name}_before" in set(earlier["metric"])]
    for cell in study.cells:
        for task in earlier["task"].unique():
            for metric in known:
                losses = lost(study, cell, task, metric)
                row = {"": study.title(cell), "earlier task": task, "metric": metric, "n": str(len(losses))}
                row |= {name: score(losses[name].mean(), metric) for name in ("before", "after")}
                row |= {head: amount(losses[name], metric) for name, head in names.items()}
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
    "Values that did as well on validation": did_as_well,
    "Other metrics of the replicates": metrics,
}
"""Heading → the rows of the table below it."""
