"""What a study's table allows to be said, in sentences: what was studied, and who is ahead where.

Knows words; knows nothing of tables as text, figures, HTML or files.
"""

from typing import Any

import pandas as pd

from analysis import cells, grid, places, stats, style, summary, table
from analysis.places import Place


def opening(df: pd.DataFrame) -> list[str]:
    """What was studied, in sentences: the cells, what was tuned in them, what was fixed, which score selects."""
    told = [_studied(df), *_not_run(df)]
    settings = summary.tuned(df)
    told += [f"Tuned inside each cell: {', '.join(settings)}."] if settings else []
    if fixed := _fixed(df):
        told += [f"The same in all trials: {', '.join(fixed)}."]
    return told + _selected(df) + _untested(df) + equal_fractions(df)


def _studied(df: pd.DataFrame) -> str:
    found = grid.grid(df)
    told = [
        f"{key} ({', '.join(style.value(key, value) for value in grid.ordered(found[key]))})"
        for key in found.columns[1:]
    ]
    listed = f": {' × '.join(told)}" if told else ""
    return f"{style.plural(len(found), 'cell')}{listed}."


def _not_run(df: pd.DataFrame) -> list[str]:
    found, number = cells.not_run(df), df["cell"].nunique()
    if found.empty:
        return []
    reasons = "; ".join(reason.split("\n", 1)[0].rstrip(".") for reason in found["reason"])
    count = int(found["number"].astype(int).sum())
    return [f"{count} of {style.plural(number, 'cell')} {'was' if count == 1 else 'were'} not run: {reasons}."]


def _fixed(df: pd.DataFrame) -> list[str]:
    named, df = grid.grid(df).columns, summary.ran(df)
    single = [name for name in table.CONFIG if name not in named and df[name].nunique() == 1]
    return [f"{name}={style.number(df[name].dropna().iloc[0])}" for name in single if df[name].notna().all()]


def _selected(df: pd.DataFrame) -> list[str]:
    metric, roles = summary.objective(df), set(summary.ran(df)["role"])
    told = [
        f"In each cell the complete search trial with the highest validation {metric} at its last epoch wins; its "
        "replicates are trained with fresh seeds, and they alone are scored on the test split."
    ]
    if "published" not in roles:
        return told
    again = (
        "In cells as published nothing is searched: the published values are run with fresh seeds, and each run is "
        "scored on the test split at its last epoch."
    )
    return [*told, again] if roles & {"search", "replicate"} else [again]


def _untested(df: pd.DataFrame) -> list[str]:
    number = summary.ran(df)["cell"].nunique()
    untested = number - summary.replicates(df).dropna(subset="test")["cell"].nunique()
    if not untested:
        return []
    some = "" if number == df["cell"].nunique() else " that can run"
    return [
        f"{untested} of {style.plural(number, 'cell')}{some} {'has' if untested == 1 else 'have'} no test score yet."
    ]


def equal_fractions(df: pd.DataFrame) -> list[str]:
    """Which label fractions came to the same number of training images, in cells that differ in nothing else."""
    names = list(grid.grid(df).columns[1:])
    if "label_fraction" not in names:
        return []
    by = [*(name for name in names if name != "label_fraction"), "train_images"]
    found = summary.cells(df).dropna(subset=["label_fraction", "train_images"])
    groups = [
        (rows["train_images"].iloc[0], grid.ordered(rows["label_fraction"]))
        for _, rows in found.groupby(by, dropna=False)
    ]
    equal = {(images, " and ".join(map(style.fraction, shares))) for images, shares in groups if len(shares) > 1}
    return [
        f"Cells at {shares} of the labels trained on equally many images ({images:,}): these fractions are not told "
        "apart."
        for images, shares in sorted(equal)
    ]


def claims(df: pd.DataFrame) -> list[str]:
    """Per place where contenders meet: the one with the highest test mean, and whether it stands out.

    A claim needs a key whose values compete (`grid.contender`) and two contenders with test scores; where an interval
    is unknown, it says so. Two that have one each are separated or not by `stats.compare`. What fresh seeds cannot
    change has a score without spread; that one number is held against the other's interval.
    """
    if grid.contender(df) is None:
        return []
    data, scores = places.scored(df), places.repeated(df)
    met = [place for place in places.places(data[data["split"] == "test"]) if len(place.rows) > 1]
    return [_claim(place, scores) for place in met]


def _claim(place: Place, scores: dict[str, pd.Series]) -> str:
    rows = place.rows
    metric, key, best = rows["metric"].iloc[0], rows["key"].iloc[0], list(rows.head(2).itertuples())
    trained = [row for row in best if not row.fixed]
    shared, n = stats.overlap(*map(_ends, best)), style.counts(row.n for row in trained)
    if shared is None:
        several = style.many(key)
        return f"{_where(place)} nothing can be concluded: at n = {n} the best two {several} have no interval for both."
    told = [
        f"{row.contender} {style.spread(stats.Interval(row.mean, row.low, row.high, row.n), metric)}, "
        + (f"n = {row.n}" if row in trained else "nothing trained")
        for row in best
    ]
    verdict = _verdict(best, shared, scores)
    return f"{_where(place)} the highest mean test {style.unit(metric)} is {told[0]}; next {told[1]}: {verdict}."


def _verdict(best: list[Any], shared: bool, scores: dict[str, pd.Series]) -> str:
    """How the two intervals lie, how surely the first is better, and whether the two are separated."""
    found = stats.compare(*(scores[row.cell] for row in best))
    trained = [row for row in best if not row.fixed]
    fact = FACTS[len(trained)][shared]
    if len(trained) == 2:
        return f"{fact}; {_chance(best, found)}: {_separated(found, *(row.n for row in best))}"
    at = f" at n = {style.counts(row.n for row in trained)}" if trained else ""
    return fact + f": not separated{at}" * shared + (f"; {_chance(best, found)}" if trained else "")


def _separated(found: stats.Comparison, m: int, n: int) -> str:
    """Whether two are separated, and where no result could have separated so few, that."""
    if stats.separable(m, n):
        return "separated" if found.separated else "not separated"
    few = f"{m} each" if m == n else f"{m} and {n}"
    return f"not separated; at n = {few} no result can separate at 95 % by the exact Mann–Whitney test"


def _where(place: Place) -> str:
    panel = place.panel if place.panel != style.title({}) else ""
    if pd.isna(place.label_fraction):
        return f"At {panel}" if panel else "Overall"
    return f"At {style.fraction(place.label_fraction)} of the labels" + (f" ({panel})" if panel else "")


def _chance(best: list[Any], found: stats.Comparison) -> str:
    """How surely the first is better: `P(fine_tune > scratch) = 0.89 [0.51, 0.98], Mann–Whitney p = …, n = 5 and 5`."""
    told = [str(row.n) if not row.fixed else "one fixed score" for row in best]
    names = " > ".join(row.contender for row in best)
    p = "" if pd.isna(found.p) else f", Mann–Whitney p = {style.p_value(found.p)}".replace("= <", "<")
    return f"P({names}) = {style.probability(found.chance)}{p}, n = {' and '.join(told)}"


FACTS = {  # by how many of the two have a spread: where they are apart, and where not
    2: ("intervals do not overlap", "intervals overlap"),
    1: ("the score lies outside the interval", "the score lies within the interval"),
    0: ("fixed scores that differ", "fixed scores that are equal"),
}


def _ends(row: Any) -> stats.Interval:
    """A row's interval; where fresh seeds can change nothing the one score that each of them gives."""
    return stats.Interval(row.mean, row.mean if row.fixed else row.low, row.mean if row.fixed else row.high, row.n)


def improvements(df: pd.DataFrame) -> pd.DataFrame:
    """The table of `places.improvements` as short texts."""
    found = places.improvements(df)
    rows = [
        (
            row.place,
            f"{row.better} > {row.other}",
            style.probability(stats.Interval(row.p, row.low, row.high, 0)),
            style.p_value(row.mann_whitney_p),
            style.NONE if pd.isna(row.separated) else "yes" if row.separated else "no",
            f"{row.n_better} and {row.n_other}",
        )
        for row in found.itertuples()
    ]
    heads = ["where", "a > b", "P(a > b) [95 %]", "Mann–Whitney p", "separated", "n"]
    return pd.DataFrame(rows, columns=heads, dtype="string")
