"""Which tuned values won in each cell, and over which range others of its search did as well.

Knows validation scores of search trials; knows nothing of the test split, figures or files.
"""

from typing import Any

import pandas as pd

from analysis.answers import verdicts
from analysis.answers.verdicts import Answer
from analysis.numbers import comparisons, format, grid, stats, summary, winners_curse
from analysis.numbers.memo import once
from analysis.numbers.table import COLUMNS

NEAR = 0.01  # as well as the winner: within this share of its score
FIRST = ("freeze_depth", "lr")  # what is spoken of; the table has the others too
NAMES = {"freeze_depth": "freezing depth", "lr": "learning rate"}
RULE = (
    "trials: complete search trials; as well: those of the same cell within 1 % of the winner's validation score at "
    "their last epoch, one run each, in which the other tuned values differ too. The range is that of their values, no "
    "interval, and nothing was repeated at other values than the winner's"
)


@once
def numbers(df: pd.DataFrame) -> pd.DataFrame:
    """The winner's value of each tuned hyperparameter, and the values of trials that did as well.

    Returns:
        One row per cell with a winner and hyperparameter that varies among its complete search trials: `cell`, `key`,
        `winner` (its value, as text), `low`, `high` (the smallest and largest value of trials within `NEAR` of the
        winner's score, itself too; empty for names), `values` (these, as text, where they are names), `near` (how many
        they are), `tried_low`, `tried_high`, `trials` (complete ones that read it), `metric`, `val` (the winner's).
        Cells are in their order.
    """
    done = summary.trials(df)
    done = done[(done["role"] == "search") & (done["state"] == "complete")].dropna(subset="val")
    best, rows = summary.winners(df).set_index("cell"), []
    for cell in [cell for cell in grid.grid(df)["cell"] if cell in best.index]:
        mine, winner = done[done["cell"] == cell], best.loc[cell]
        near = mine["val"] >= winner["val"] - NEAR * abs(winner["val"])
        for key in [key for key in summary.tuned(df) if mine[key].nunique() > 1 and not pd.isna(winner[key])]:
            rows.append((cell, key, format.number(winner[key]), *_range(mine[key], near), winner["val"]))
    columns = ["cell", "key", "winner", "low", "high", "values", "near", "tried_low", "tried_high", "trials", "val"]
    return pd.DataFrame(rows, columns=columns).assign(metric=summary.objective(df)).astype({"cell": "string"})


def _range(values: pd.Series, near: pd.Series) -> tuple[Any, ...]:
    kept, tried = values[near].dropna(), values.dropna()
    if COLUMNS[str(values.name)] == "string":
        return (None, None, ", ".join(sorted(kept.unique())), len(kept), None, None, len(tried))
    ends = (float(kept.min()), float(kept.max()), "", len(kept), float(tried.min()), float(tried.max()))
    return (*ends, len(tried))


def text(df: pd.DataFrame) -> pd.DataFrame:
    """The same as short texts: one row per cell, a column per hyperparameter, `0.001 (3e-4–0.002; 3 of 8)`."""
    found, titles, metric = numbers(df), grid.titles(df), summary.objective(df)
    rows = []
    for cell, group in found.groupby("cell", sort=False):
        told = {format.SHORT.get(row.key, row.key): _short(row) for row in group.itertuples()}
        rows.append({"": titles[cell], "val": format.score(group["val"].iloc[0], metric), **told})
    heads = ["", "val", *(format.SHORT.get(key, key) for key in summary.tuned(df) if key in set(found["key"]))]
    return pd.DataFrame(rows, columns=heads, dtype="string").fillna(format.NONE)


def _short(row: Any) -> str:
    others = f"{row.values or _ends(row.key, row.low, row.high)}; " if row.near > 1 else ""
    return f"{row.winner} ({others}{row.near} of {row.trials})"


def _ends(key: str, low: float, high: float) -> str:
    kind = int if COLUMNS[key] == "Int64" else float
    found = [format.number(kind(value)) for value in (low, high)]
    return "–".join(dict.fromkeys(found))


def sentences(df: pd.DataFrame) -> list[Answer]:
    """Per place, the values of whoever is highest there; then how much the winners' own scores lean upwards."""
    found, told = numbers(df), []
    found = found[found["key"].isin(FIRST)].sort_values("key", key=lambda keys: keys.map(FIRST.index), kind="stable")
    for place in comparisons.answered(df):
        first = place.rows.iloc[0]
        mine = list(found[found["cell"] == first["cell"]].itertuples())
        where = verdicts.where(place).removesuffix("Overall")
        who = f", {format.called(first['key'], first['contender'])}" if grid.contender(df) else ""
        if claim := "; ".join(map(_choice, mine)) or _alone(df, first["cell"]):
            rest = verdicts.untested(df, place)
            claim = f"{where}{who}: {claim}{'; ' * bool(rest)}{rest}.".removeprefix(", ")
            told.append(Answer(claim, _from(first)))
    return told + [Answer(sentence) for sentence in curse_sentences(df)] * bool(told)


def _alone(df: pd.DataFrame, cell: str) -> str:
    """That one search trial came to its end in a cell of several, so that its values were compared with none."""
    search = summary.trials(df).query("role == 'search'")
    states = search.loc[search["cell"] == cell, "state"]
    alone = len(states) > 1 and (states == "complete").sum() == 1
    return "no value was compared, as one search trial alone came to its end" if alone else ""


def _choice(row: Any) -> str:
    """`learning rate 0.001, and 3e-4–0.002 as well (3 of 8 trials; tried: 1e-5–0.1)`."""
    tried = f"tried: {_ends(row.key, row.tried_low, row.tried_high)}"
    if row.near == 1:
        return f"{NAMES[row.key]} {row.winner}, and no other of {row.trials} trials did as well ({tried})"
    several = _ends(row.key, row.low, row.high)
    also = f"and {several} as well" if row.low < row.high else "as in all that did as well"
    return f"{NAMES[row.key]} {row.winner}, {also} ({row.near} of {row.trials} trials; {tried})"


def _from(first: pd.Series) -> str:
    return "No cell has a test score yet: the place's highest on validation." if first["split"] == "val" else ""


def curse_sentences(df: pd.DataFrame) -> list[str]:
    """How much the winners' validation scores lean upwards, over all cells; nothing without such a cell."""
    found, metric = winners_curse.average(df), summary.objective(df)
    if not found.n:
        return []
    points = " points" if metric in stats.SHARES else ""
    whose, n = "winners' validation {} lies {} above that of their replicates on average", f"{found.n} cells"
    if found.n == 1:
        row = next(winners_curse.data(df).drop_duplicates("cell").itertuples())
        found = stats.Interval(row.excess, row.low, row.high, row.n)
        whose, n = "winner's validation {} lies {} above that of its replicates", str(row.n)
    lies = whose.format(metric, format.spread(found, metric) + points)
    return [f"Picked for being the highest, the {lies} (n = {n}){_interval_verdict(found)}."]


def _interval_verdict(found: stats.Interval) -> str:
    if pd.isna(found.low):
        return ", without an interval"
    return "" if found.low > 0 or found.high < 0 else ", an interval that includes 0"
