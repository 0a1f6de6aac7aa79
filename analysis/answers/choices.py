"""Which tuned values won in each cell, and over which range other trials of its search did as well.

Reads the validation scores of search trials; knows nothing of the test split.
"""

from typing import Any

import pandas as pd

from analysis.answers import verdicts
from analysis.answers.verdicts import Answer
from analysis.numbers import comparisons, format, stats, winners_curse
from analysis.numbers.study_table import StudyTable, once
from analysis.numbers.table import COLUMNS

NEAR = 0.01  # a trial did as well as the winner within this share of the winner's score
FIRST = ("freeze_depth", "lr")  # hyperparameters that sentences name; the table has the others too
NAMES = {"freeze_depth": "freezing depth", "lr": "learning rate"}
RULE = (
    "trials: complete search trials; as well: those of the same cell within 1 % of the winner's validation score at "
    "their last epoch, one run each, in which the other tuned values differ too. The range is that of their values, no "
    "interval, and nothing was repeated at other values than the winner's"
)


@once
def numbers(table: StudyTable) -> pd.DataFrame:
    """The winner's value of each tuned hyperparameter, and the values of trials that did as well.

    Returns:
        One row per cell with a winner and hyperparameter that varies among its complete search trials: `cell`, `key`,
        `winner` (its value, as text), `low`, `high` (the smallest and largest value of trials within `NEAR` of the
        winner's score, the winner included; empty for names), `values` (the names, as text), `near` (the number of
        these trials), `tried_low`, `tried_high`, `trials` (complete ones that read it), `metric`, `val` (the winner's).
        Cells are in the study's order.
    """
    done = table.trials
    done = done[(done["role"] == "search") & (done["state"] == "complete")].dropna(subset="val")
    best, rows = table.winners.set_index("cell"), []
    for cell in [cell for cell in table.grid["cell"] if cell in best.index]:
        trials, winner = done[done["cell"] == cell], best.loc[cell]
        near = trials["val"] >= winner["val"] - NEAR * abs(winner["val"])
        for key in [key for key in table.tuned if trials[key].nunique() > 1 and not pd.isna(winner[key])]:
            rows.append((cell, key, format.number(winner[key]), *_range(trials[key], near), winner["val"]))
    columns = ["cell", "key", "winner", "low", "high", "values", "near", "tried_low", "tried_high", "trials", "val"]
    return pd.DataFrame(rows, columns=columns).assign(metric=table.objective).astype({"cell": "string"})


def _range(values: pd.Series, near: pd.Series) -> tuple[Any, ...]:
    """The columns of `numbers` from `low` to `trials`."""
    good, tried = values[near].dropna(), values.dropna()
    if COLUMNS[str(values.name)] == "string":
        return (None, None, ", ".join(sorted(good.unique())), len(good), None, None, len(tried))
    ends = (float(good.min()), float(good.max()), "", len(good), float(tried.min()), float(tried.max()))
    return (*ends, len(tried))


def text(table: StudyTable) -> pd.DataFrame:
    """The same as short texts: one row per cell, a column per hyperparameter, `0.001 (3e-4–0.002; 3 of 8)`."""
    choices, titles, metric = numbers(table), table.titles(), table.objective
    rows = []
    for cell, group in choices.groupby("cell", sort=False):
        values = {format.SHORT.get(row.key, row.key): _short(row) for row in group.itertuples()}
        rows.append({"": titles[cell], "val": format.score(group["val"].iloc[0], metric), **values})
    heads = ["", "val", *(format.SHORT.get(key, key) for key in table.tuned if key in set(choices["key"]))]
    return pd.DataFrame(rows, columns=heads, dtype="string").fillna(format.NONE)


def _short(row: Any) -> str:
    values = f"{row.values or _ends(row.key, row.low, row.high)}; " if row.near > 1 else ""
    return f"{row.winner} ({values}{row.near} of {row.trials})"


def _ends(key: str, low: float, high: float) -> str:
    kind = int if COLUMNS[key] == "Int64" else float
    return "–".join(dict.fromkeys(format.number(kind(value)) for value in (low, high)))


def sentences(table: StudyTable) -> list[Answer]:
    """Per comparison the values of the highest contender; then how far the winners' own scores are biased upwards."""
    choices, answers = numbers(table), []
    choices = choices[choices["key"].isin(FIRST)]
    choices = choices.sort_values("key", key=lambda keys: keys.map(FIRST.index), kind="stable")
    for place in comparisons.answered(table):
        first = place.rows.iloc[0]
        rows = choices[choices["cell"] == first["cell"]].itertuples()
        where = verdicts.where(place).removesuffix("Overall")
        contender = f", {format.called(first['key'], first['contender'])}" if table.contender else ""
        if claim := "; ".join(map(_choice, rows)) or _alone(table, first["cell"]):
            rest = verdicts.untested(table, place)
            claim = f"{where}{contender}: {claim}{'; ' * bool(rest)}{rest}.".removeprefix(", ")
            answers.append(Answer(claim, _split_note(first)))
    return answers + [Answer(sentence) for sentence in curse_sentences(table)] * bool(answers)


def _alone(table: StudyTable, cell: str) -> str:
    """The sentence for a cell where one of several search trials completed, so that no values were compared."""
    search = table.trials.query("role == 'search'")
    states = search.loc[search["cell"] == cell, "state"]
    alone = len(states) > 1 and (states == "complete").sum() == 1
    return "no value was compared, as one search trial alone came to its end" if alone else ""


def _choice(row: Any) -> str:
    """`learning rate 0.001, and 3e-4–0.002 as well (3 of 8 trials; tried: 1e-5–0.1)`."""
    tried = f"tried: {_ends(row.key, row.tried_low, row.tried_high)}"
    if row.near == 1:
        return f"{NAMES[row.key]} {row.winner}, and no other of {row.trials} trials did as well ({tried})"
    values = _ends(row.key, row.low, row.high)
    also = f"and {values} as well" if row.low < row.high else "as in all that did as well"
    return f"{NAMES[row.key]} {row.winner}, {also} ({row.near} of {row.trials} trials; {tried})"


def _split_note(first: pd.Series) -> str:
    return "No cell has a test score yet: the place's highest on validation." if first["split"] == "val" else ""


def curse_sentences(table: StudyTable) -> list[str]:
    """How far the winners' validation scores are biased upwards, over all cells; empty without a repeated winner."""
    excess, metric = winners_curse.average(table), table.objective
    if not excess.n:
        return []
    points = " points" if metric in stats.SHARES else ""
    template, n = "winners' validation {} lies {} above that of their replicates on average", f"{excess.n} cells"
    if excess.n == 1:
        row = next(winners_curse.data(table).drop_duplicates("cell").itertuples())
        excess = stats.Interval(row.excess, row.low, row.high, row.n)
        template, n = "winner's validation {} lies {} above that of its replicates", str(row.n)
    bias = template.format(metric, format.spread(excess, metric) + points)
    return [f"Picked for being the highest, the {bias} (n = {n}){_interval_verdict(excess)}."]


def _interval_verdict(excess: stats.Interval) -> str:
    if pd.isna(excess.low):
        return ", without an interval"
    return "" if excess.low > 0 or excess.high < 0 else ", an interval that includes 0"
