"""What a study could not settle, in sentences: pairs that are not separated, cells without a test score."""

import pandas as pd

from analysis.answers import verdicts
from analysis.answers.verdicts import Answer
from analysis.numbers import comparisons, format, stats, summary
from analysis.numbers.study_table import StudyTable

NAMED = 8  # cells, or pairs of one comparison, that a sentence names
RULE = (
    "An interval covers fresh seeds of one winner a cell, on these data: not the choice of the winner, not another "
    "draw of images, not other data"
)


def sentences(table: StudyTable) -> list[Answer]:
    """The pairs that tie, the cells without a test score, and the cells with one replicate."""
    return [Answer(sentence) for sentence in [*_pairs(table), *_untested(table), *_single(table)]]


def _pairs(table: StudyTable) -> list[str]:
    """Per comparison the pairs that neither the interval of their difference nor the exact test separates."""
    rows, sentences = verdicts.pairs(table), []
    for place in comparisons.met(table):
        pairs = list(rows[rows["place"] == comparisons.title(place)].itertuples())
        ties = [row for row in pairs if not pd.isna(row.difference_low) and not verdicts.standing(row)]
        names = [f"{row.better} and {row.other} ({verdicts.spread(row)})" for row in ties]
        if names:
            count = f"{len(names)} of {format.plural(len(pairs), 'pair')} not told apart at n = {_counts(ties)}"
            sentences.append(f"{verdicts.where(place)}, {count}: {_named(names)}.")
    return [*sentences, *_too_few(rows)]


def _counts(rows: list) -> str:
    return format.counts(number for row in rows for number in (row.n_better, row.n_other))


def _too_few(rows: pd.DataFrame) -> list[str]:
    """The pairs that the exact test could not have separated, whatever their scores."""
    pairs = rows[rows["separated"].notna()]
    few = [row for row in pairs.itertuples() if not stats.separable(row.n_better, row.n_other)]
    if not few:
        return []
    some = f"{len(few)} of {format.plural(len(pairs), 'pair')}" if len(few) < len(pairs) else "No pair"
    verb = "cannot be" if len(few) < len(pairs) else "can be"
    return [
        f"{some} {verb} separated by the exact test at n = {_counts(few)}; four replicates each can be (p = 0.029)."
    ]


def _untested(table: StudyTable) -> list[str]:
    """The cells that can run and have no test score."""
    runnable = summary.ran(table.trial_rows)["cell"].unique()
    tested = table.replicates.dropna(subset="test")["cell"].unique()
    titles = table.titles()
    names = [title for cell, title in titles.items() if cell in runnable and cell not in tested]
    if not names:
        return []
    qualifier = "" if len(runnable) == table.trial_rows["cell"].nunique() else " that can run"
    verb = "has" if len(names) == 1 else "have"
    cells = f"{format.plural(len(runnable), 'cell')}{qualifier}"
    return [f"{len(names)} of {cells} {verb} no test score yet: {_named(names)}."]


def _single(table: StudyTable) -> list[str]:
    """The cells whose one replicate has no interval."""
    data = comparisons.scored(table)
    alone = data[(data["split"] == "test") & (data["n"] == 1) & ~data["fixed"]]["cell"]
    titles = table.titles()
    names = [titles[cell] for cell in alone]
    verb = "has" if len(names) == 1 else "have"
    count = f"{format.plural(len(names), 'cell')} {verb} one test score and no interval"
    return [f"{count}: {_named(names)}."] if names else []


def _named(names: list[str]) -> str:
    unnamed = len(names) - NAMED
    return "; ".join(names[:NAMED]) + (f"; and {unnamed} more" if unnamed > 0 else "")
