"""What trials gain that start from pretrained weights, over trials that do not: differences with intervals.

Knows the contender `none` of the keys `pretext` and `weights`.
"""

from typing import Any

import pandas as pd

from analysis.numbers import alarms, format, grid, plateau, stats
from analysis.numbers.study_table import StudyTable, once

KEYS, WITHOUT = ("pretext", "weights"), "none"
EARLY = 0.25
"""The share of the epochs after which early scores are compared."""
KIND = "95 % Welch t interval of the difference"
_COLUMNS = (
    *("place", "question", "metric", "weights", "without", "with", "difference", "low", "high", "n_without", "n_with"),
    "one_class",
)
QUESTIONS = {
    "loss": "validation loss after a quarter of the epochs",
    "score": "validation {metric} after a quarter of the epochs",
    "plateau": "first epoch within 1 % of its best validation {metric}",
    "best": "test {metric} at the end",
}


@once
def differences(table: StudyTable) -> pd.DataFrame:
    """Scores with pretrained weights minus those without, in every comparison that has both; see `QUESTIONS`.

    Returns:
        One row per comparison, question and weights: `place` (the comparison's title), `question`, `metric`,
        `weights`, `without`, `with` (means), `difference`, `low`, `high` (95 % Welch t interval), `n_without`,
        `n_with`, `one_class` (at its end either of them predicts one class for all images). Empty unless one of `KEYS`
        competes and `none` is among its values.
    """
    grid_cells = table.grid.set_index("cell")
    key = next((key for key in KEYS if key in grid_cells and (grid_cells[key] == WITHOUT).any()), None)
    if key is None:
        return pd.DataFrame(columns=_COLUMNS)
    titles = table.titles((key,))
    values, one_class, rows = _values(table), alarms.one_class(table), []
    for place in grid.meetings(table.grid, key):
        here = grid_cells[titles[grid_cells.index] == place]
        cells = dict(zip(here[key], here.index, strict=True))
        base = cells.pop(WITHOUT, None)
        for (question, metric), scores in values.items() if base else ():
            for weights, cell in cells.items():
                if base in scores and cell in scores:
                    row: dict[str, Any] = {"place": place, "question": question, "metric": metric, "weights": weights}
                    row |= _difference(scores[cell], scores[base], metric)
                    rows.append(row | {"one_class": not one_class.isdisjoint((base, cell))})
    return pd.DataFrame(rows, columns=_COLUMNS)


def _difference(pretrained: pd.Series, without: pd.Series, metric: str) -> dict[str, float]:
    """The numbers of a row of `differences`, of the scores of replicates with pretrained weights and without."""
    gain = stats.difference(pretrained, without, stats.bounds(metric))
    return {
        "without": without.mean(),
        "with": pretrained.mean(),
        "difference": gain.mean,
        "low": gain.low,
        "high": gain.high,
        "n_without": len(without),
        "n_with": len(pretrained),
    }


def _values(table: StudyTable) -> dict[tuple[str, str], dict[str, pd.Series]]:
    """The value of each replicate, by question and metric, then by cell."""
    metric, replicates = table.objective, table.replicates["trial"]
    values: dict[tuple[str, str], pd.DataFrame] = {}
    for question, name in (("loss", "loss"), ("score", metric)):
        rows = table.scores("val", name).dropna(subset=["epoch"])
        rows = rows[rows["epoch"] >= EARLY * rows.groupby("trial")["epoch"].transform("max")]
        values[question, name] = rows.drop_duplicates("trial")[["cell", "trial", "score"]]
    reached = plateau.runs(table)
    reached = reached[reached["share"] == plateau.SHARES[-1]]
    values["plateau", "epoch"] = reached.rename(columns={"epoch": "score"})[["cell", "trial", "score"]]
    tested = set(table.trial_rows.loc[table.trial_rows["split"] == "test", "metric"].dropna())
    for name in [metric, *(share for share in stats.SHARES if share in tested and share != metric)]:
        values["best", name] = table.scores("test", name).drop_duplicates("trial", keep="last")
    values = {key: rows[rows["trial"].isin(replicates)] for key, rows in values.items()}
    return {key: {str(cell): group["score"] for cell, group in rows.groupby("cell")} for key, rows in values.items()}


def text(table: StudyTable) -> pd.DataFrame:
    """The table of `differences` as short texts."""
    objective = table.objective
    rows = differences(table).to_dict("records")
    columns = {
        "where": [row["place"] for row in rows],
        "question": [_question(row, objective) for row in rows],
        "weights": [row["weights"] for row in rows],
        "with": [_number(row["with"], row["metric"]) for row in rows],
        "without": [_number(row["without"], row["metric"]) for row in rows],
        "difference [95 %]": [_spread(row) for row in rows],
        "n": [f"{row['n_with']} and {row['n_without']}" for row in rows],
    }
    return pd.DataFrame(columns, dtype="string")


def _question(row: dict[str, Any], objective: str) -> str:
    return QUESTIONS[row["question"]].format(metric=row["metric"] if row["question"] == "best" else objective)


def _spread(row: dict[str, Any]) -> str:
    """The difference with its interval, in the metric's digits."""
    mean, low, high = (_number(row[name], row["metric"]) for name in ("difference", "low", "high"))
    return mean if pd.isna(row["low"]) else f"{mean} [{low}, {high}]"


def _number(value: float, metric: str) -> str:
    digits = {"epoch": 1, "loss": 3}.get(metric)
    return format.score(value, metric) if digits is None else f"{value:.{digits}f}"


def sentences(table: StudyTable) -> list[str]:
    """Pretraining's gain on test and its earlier plateau, one sentence per comparison and weights."""
    metric, sentences = table.objective, []
    for (place, weights), rows in differences(table).groupby(["place", "weights"], sort=False):
        best = rows[(rows["question"] == "best") & (rows["metric"] == metric)]
        soon = rows[rows["question"] == "plateau"]
        if best.empty:
            continue
        gain = best.iloc[0]
        spread = format.spread(stats.Interval(gain["difference"], gain["low"], gain["high"], 0), metric)
        verdict = _verdict(gain, "a gain", "a loss", "no gain is claimed, since the interval includes 0")
        n = f"n = {gain['n_with']} and {gain['n_without']}"
        sentence = f"{place}, {weights}: {spread} points of test {metric}, {n}: {verdict}"
        if len(soon):
            late = soon.iloc[0]
            ends = plateau.spread(late["difference"], late["low"], late["high"])
            when = _verdict(late, "later", "sooner", "not told apart")
            if late["one_class"]:
                when = "nothing is claimed, since a run that gives one class is on its plateau from the start"
            sentence += f"; its plateau (99 % of its own best on validation) comes {ends} epochs after the other's"
            sentence += f": {when}"
        sentences.append(f"{sentence}.")
    return sentences


def _verdict(row: pd.Series, above: str, below: str, between: str) -> str:
    if not row["high"] - row["low"] > stats.WIDTH:
        return "nothing is claimed, since there is no interval"  # equal values are no estimate of a spread
    return above if row["low"] > 0 else below if row["high"] < 0 else between
