"""Who wins each comparison of a study, and by how much, in sentences; ties are called ties.

Reads the intervals of `comparisons`.
"""

from typing import Any, NamedTuple

import pandas as pd

from analysis.numbers import alarms, comparisons, format, stats
from analysis.numbers.cell_table import ONE_CLASS
from analysis.numbers.comparisons import Place
from analysis.numbers.study_table import StudyTable

TIES = 3  # contenders named where several tie with the highest
RULE = (
    "wins: the interval of the difference leaves out 0 and the exact test separates the two; leads: one of both alone. "
    "Differences are of mean test scores, with a 95 % t interval: paired where replicates have the same seeds, Welch's "
    "where they have not; of differences that are all equal it has no width, and does not count"
)
EQUAL = "all differences are equal, which tells nothing of their spread"


class Answer(NamedTuple):
    """A sentence with its interval, and the numbers that it rests on."""

    claim: str
    evidence: str = ""


def sentences(table: StudyTable) -> list[Answer]:
    """Per comparison: which contender has the highest test mean, by how much, and whether the difference is clear.

    The highest is compared with every other contender. The sentence names the next, those that tie with the highest,
    and the contender that transfers nothing. Where either of the first two has no interval, nothing is concluded.
    """
    rows, one_class = pairs(table), alarms.one_class(table)
    answers = [
        (place, _verdict(place, rows[rows["place"] == comparisons.title(place)], one_class))
        for place in comparisons.met(table)
    ]
    return [_with_untested(answer, untested(table, place)) for place, answer in answers]


def _with_untested(answer: Answer, names: str) -> Answer:
    """An answer whose claim ends with the contenders that have no test score, if there are any."""
    return answer._replace(claim=f"{answer.claim.removesuffix('.')}; {names}.") if names else answer


def untested(table: StudyTable, place: Place) -> str:
    """The contenders of a comparison that have no test score: `without a test score here: scratch`, or empty."""
    cells, key = table.grid, str(place.rows["key"].iloc[0])
    if (place.rows["split"] != "test").any() or key not in cells:
        return ""
    here = cells[table.titles((key, "label_fraction")).to_numpy() == place.panel]
    if "label_fraction" in cells:
        here = here[here["label_fraction"].isna() | (here["label_fraction"] == place.label_fraction)]
    names = [
        format.called(key, format.number(value)) for value in here.loc[~here["cell"].isin(place.rows["cell"]), key]
    ]
    return f"without a test score here: {format.listed(names)}" if names else ""


def pairs(table: StudyTable) -> pd.DataFrame:
    """The rows of `comparisons.improvements` with contenders named as in a sentence: `fine_tune`, `weights=none`."""
    rows, key = comparisons.improvements(table), table.contender or "regime"
    return rows.assign(**{name: [format.called(key, value) for value in rows[name]] for name in ("better", "other")})


def _verdict(place: Place, pairs: pd.DataFrame, one_class: set[str]) -> Answer:
    key, first = str(place.rows["key"].iloc[0]), place.rows["cell"].iloc[0]
    rivals = list(pairs[pairs["cell_better"] == first].itertuples())
    base = [row for row in rivals if row.other == format.called(key, comparisons.BASELINES.get(key, ""))]
    if pd.isna(rivals[0].difference_low) and rivals[0].how != "both fixed":
        n = format.counts([rivals[0].n_better, rivals[0].n_other])
        claim = f"nothing can be concluded: at n = {n} the best two {format.many(key)} have no interval for both."
        return Answer(f"{where(place)} {claim}", _means(place, _distinct([rivals[0], *base]), one_class))
    tied = [row for row in rivals if standing(row) == 0]
    named = _distinct([*(tied[:TIES] or rivals[:1]), *base])
    claim = _tie(tied, [row for row in base if row not in tied]) if tied else _win(named)
    return Answer(f"{where(place)} {claim}.", f"{_means(place, named, one_class)} {'; '.join(map(evidence, named))}.")


def verdict(rivals: list[Any]) -> str:
    """Whether the better of some rows of `comparisons.improvements` wins, leads, or ties with others; no full stop."""
    tied = [row for row in rivals if standing(row) == 0]
    return _tie(tied, []) if tied else _win(rivals)


def _distinct(rows: list[Any]) -> list[Any]:
    return list(dict.fromkeys(rows))


def _win(rows: list[Any]) -> str:
    """`partial_freeze wins: 2.04 [1.50, 2.58] points above fine_tune, 27.07 [26.70, 27.44] above scratch`."""
    best, *others = rows
    verb = "wins" if standing(best) == 2 else "leads"
    margins = [f"{spread(best)}{points(best.metric)} above {best.other}"]
    return f"{best.better} {verb}: {', '.join(margins + [f'{spread(row)} above {row.other}' for row in others])}"


def _tie(tied: list[Any], base: list[Any]) -> str:
    """`fine_tune cannot be told apart at n = 3 from lp_ft (0.4 [-2.5, 3.3] points below); it is … above scratch`."""
    best, unnamed = tied[0], len(tied) - TIES
    rivals = [f"{row.other} ({spread(row)}{points(row.metric)} below)" for row in tied[:TIES]]
    rivals += [f"{unnamed} more"] if unnamed > 0 else []
    n = format.counts(number for row in tied for number in (row.n_better, row.n_other) if not row.how.endswith("fixed"))
    above = "".join(f"; it is {spread(row)} above {row.other}" for row in base)
    at = "" if n == format.NONE else f" at n = {n}"
    return f"{best.better} has the highest mean but cannot be told apart{at} from {format.listed(rivals, 'or')}{above}"


def standing(row: Any) -> int:
    """How many of two criteria favour the better of a row of `comparisons.improvements`.

    The criteria are the interval of the difference and the exact test.

    Returns:
        0 for a tie, 1 where one criterion holds, 2 where both do. Two fixed scores, which no seed changes, give 2 or 0.
    """
    if row.how == "both fixed":
        return 2 * bool(row.difference > 0)
    clear = row.difference > 0 and stats.leaves_out_0(row.difference_low, row.difference_high)
    return int(clear) + int(not pd.isna(row.separated) and bool(row.separated))


def spread(row: Any) -> str:
    """The difference of a row of `comparisons.improvements` with its interval."""
    return format.spread(stats.Interval(row.difference, row.difference_low, row.difference_high, row.pairs), row.metric)


def points(metric: str) -> str:
    """The unit of a difference of scores, with a space before it."""
    return " points" if metric in stats.SHARES else ""


def _means(place: Place, rivals: list[Any], one_class: set[str]) -> str:
    """The mean test scores of the contenders that a sentence names."""
    cells = [rivals[0].cell_better, *(row.cell_other for row in rivals)]
    rows = place.rows.set_index("cell").loc[cells].reset_index().itertuples()
    means = [
        f"{format.called(row.key, row.contender)} "
        f"{format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        f"{ONE_CLASS * (row.cell in one_class)}, " + ("nothing trained" if row.fixed else f"n = {row.n}")
        for row in rows
    ]
    return f"Mean test {format.unit(rivals[0].metric)}: {'; '.join(means)}."


def evidence(row: Any) -> str:
    """The numbers behind a pair.

    `P(fine_tune > scratch) = 0.89 [0.51, 0.98], Mann–Whitney p = 0.0286, difference paired by seed: separated`.
    """
    p = "" if pd.isna(row.mann_whitney_p) else f", Mann–Whitney p = {format.p_value(row.mann_whitney_p)}"
    chance = format.probability(stats.Interval(row.p, row.low, row.high, 0))
    how = comparisons.HOW[row.how] + (f", {format.plural(row.pairs, 'pair')}" if row.how == "paired" else "")
    return f"P({row.better} > {row.other}) = {chance}{p.replace('= <', '<')}, difference {how}: {tested(row)}"


def tested(row: Any) -> str:
    """Whether the two of a row of `comparisons.improvements` are separated, or that no result could separate them."""
    if row.how == "both fixed":
        return "they differ" if row.difference else "they are equal"
    if pd.isna(row.difference_low):
        return "no interval"
    equal = row.difference_high - row.difference_low <= stats.WIDTH
    if pd.isna(row.separated):
        return EQUAL if equal else f"its interval {'leaves out' if row.difference_low > 0 else 'includes'} 0"
    return f"{EQUAL}; {_exactly(row)}" if equal else _exactly(row)


def _exactly(row: Any) -> str:
    """The result of the exact test."""
    m, n = row.n_better, row.n_other
    if stats.separable(m, n):
        return "separated" if row.separated else "not separated"
    few = f"{m} each" if m == n else f"{m} and {n}"
    return f"not separated, as no result can be at n = {few}"


def where(place: Place) -> str:
    """The name of a comparison at a sentence's start: `At 10 % of the labels (corrected)`, `Overall`."""
    panel = place.panel if place.panel != format.title({}) else ""
    if pd.isna(place.label_fraction):
        return f"At {panel}" if panel else "Overall"
    return f"At {format.fraction(place.label_fraction)} of the labels" + (f" ({panel})" if panel else "")
