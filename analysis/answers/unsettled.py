"""What a study's table could not settle, in sentences: pairs that are not separated, cells without a test.

Knows words; knows nothing of figures, HTML or files.
"""

import pandas as pd

from analysis.answers import verdicts
from analysis.answers.verdicts import Answer
from analysis.numbers import comparisons, format, grid, stats, summary

NAMED = 8  # cells, or pairs of a place, that a sentence names
RULE = (
    "An interval covers fresh seeds of one winner a cell, on these data: not the choice of the winner, not another "
    "draw of images, not other data"
)


def sentences(df: pd.DataFrame) -> list[Answer]:
    """Pairs that meet and are not told apart, cells without a test score, cells with one replicate."""
    return [Answer(sentence) for sentence in [*_pairs(df), *_untested(df), *_single(df)]]


def _pairs(df: pd.DataFrame) -> list[str]:
    """Per place the pairs that neither the interval of their difference nor the exact test tells apart."""
    found, told = verdicts.pairs(df), []
    for place in comparisons.met(df):
        pairs = list(found[found["place"] == comparisons.title(place)].itertuples())
        open_ones = [row for row in pairs if not pd.isna(row.difference_low) and not verdicts.standing(row)]
        names = [f"{row.better} and {row.other} ({verdicts.spread(row)})" for row in open_ones]
        if names:
            count = f"{len(names)} of {format.plural(len(pairs), 'pair')} not told apart at n = {_counts(open_ones)}"
            told.append(f"{verdicts.where(place)}, {count}: {_named(names)}.")
    return [*told, *_too_few(found)]


def _counts(rows: list) -> str:
    return format.counts(number for row in rows for number in (row.n_better, row.n_other))


def _too_few(found: pd.DataFrame) -> list[str]:
    """Whether pairs could not have been separated by the exact test, whatever their scores."""
    pairs = found[found["separated"].notna()]
    few = [row for row in pairs.itertuples() if not stats.separable(row.n_better, row.n_other)]
    if not few:
        return []
    some = f"{len(few)} of {format.plural(len(pairs), 'pair')}" if len(few) < len(pairs) else "No pair"
    verb = "cannot be" if len(few) < len(pairs) else "can be"
    return [
        f"{some} {verb} separated by the exact test at n = {_counts(few)}; four replicates each can be (p = 0.029)."
    ]


def _untested(df: pd.DataFrame) -> list[str]:
    """The cells that can run and have no test score."""
    can, tested = summary.ran(df)["cell"].unique(), summary.replicates(df).dropna(subset="test")["cell"].unique()
    titles = grid.titles(df)
    names = [title for cell, title in titles.items() if cell in can and cell not in tested]
    if not names:
        return []
    some = "" if len(can) == df["cell"].nunique() else " that can run"
    verb = "has" if len(names) == 1 else "have"
    return [f"{len(names)} of {format.plural(len(can), 'cell')}{some} {verb} no test score yet: {_named(names)}."]


def _single(df: pd.DataFrame) -> list[str]:
    """The cells whose one replicate has no interval."""
    data = comparisons.scored(df)
    alone = data[(data["split"] == "test") & (data["n"] == 1) & ~data["fixed"]]["cell"]
    titles = grid.titles(df)
    names = [titles[cell] for cell in alone]
    verb = "has" if len(names) == 1 else "have"
    said = f"{format.plural(len(names), 'cell')} {verb} one test score and no interval"
    return [f"{said}: {_named(names)}."] if names else []


def _named(names: list[str]) -> str:
    more = len(names) - NAMED
    return "; ".join(names[:NAMED]) + (f"; and {more} more" if more > 0 else "")
