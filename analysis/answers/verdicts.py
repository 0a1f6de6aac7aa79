"""Who wins at each place of a study, and by how much, in sentences; who cannot be told apart is said to be so.

Knows words and the intervals of `places`; knows nothing of figures, HTML or files.
"""

from typing import Any, NamedTuple

import pandas as pd

from analysis.numbers import alarms, comparisons, format, grid, stats
from analysis.numbers.cell_table import ONE_CLASS
from analysis.numbers.comparisons import Place

TIES = 3  # contenders that are named where several cannot be told apart from the highest
WORDS = (
    "wins: the interval of the difference leaves out 0 and the exact test separates the two; leads: one of both alone. "
    "Differences are of mean test scores, with a 95 % t interval: paired where replicates have the same seeds, Welch's "
    "where they have not; of differences that are all equal it has no width, and does not count"
)
EQUAL = "all differences are equal, which tells nothing of their spread"


class Answer(NamedTuple):
    """A sentence with its interval, and in which numbers it rests."""

    claim: str
    evidence: str = ""


def verdicts(df: pd.DataFrame) -> list[Answer]:
    """Per place where contenders meet: who has the highest test mean, by how much, and whether that stands out.

    The highest is held against all others there; told are the next, those that it cannot be told apart from, and the
    contender that transfers nothing. Where either of the first two has no interval, nothing is concluded.
    """
    found, classless = pairs(df), alarms.one_class(df)
    told = [
        (place, _verdict(place, found[found["place"] == comparisons.title(place)], classless))
        for place in comparisons.met(df)
    ]
    return [
        answer._replace(claim=f"{answer.claim.removesuffix('.')}; {rest}.") if (rest := untested(df, place)) else answer
        for place, answer in told
    ]


def untested(df: pd.DataFrame, place: Place) -> str:
    """Who is to compete at a place of test scores and has none: `without a test score here: scratch`, or empty."""
    found, key = grid.grid(df), str(place.rows["key"].iloc[0])
    if (place.rows["split"] != "test").any() or key not in found:
        return ""
    here = found[grid.titles(df, (key, "label_fraction")).to_numpy() == place.panel]
    if "label_fraction" in found:
        here = here[here["label_fraction"].isna() | (here["label_fraction"] == place.label_fraction)]
    names = [
        format.called(key, format.number(value)) for value in here.loc[~here["cell"].isin(place.rows["cell"]), key]
    ]
    return f"without a test score here: {format.listed(names)}" if names else ""


def pairs(df: pd.DataFrame) -> pd.DataFrame:
    """The rows of `places.improvements`, whose contenders are called as in a sentence: `fine_tune`, `weights=none`."""
    found, key = comparisons.improvements(df), grid.contender(df) or "regime"
    return found.assign(**{name: [format.called(key, value) for value in found[name]] for name in ("better", "other")})


def _verdict(place: Place, pairs: pd.DataFrame, one_class: set[str]) -> Answer:
    key, first = str(place.rows["key"].iloc[0]), place.rows["cell"].iloc[0]
    mine = list(pairs[pairs["cell_better"] == first].itertuples())
    base = [row for row in mine if row.other == format.called(key, comparisons.BASELINES.get(key, ""))]
    if pd.isna(mine[0].difference_low) and mine[0].how != "both fixed":
        n = format.counts([mine[0].n_better, mine[0].n_other])
        said = f"nothing can be concluded: at n = {n} the best two {format.many(key)} have no interval for both."
        return Answer(f"{where(place)} {said}", _means(place, _once([mine[0], *base]), one_class))
    tied = [row for row in mine if standing(row) == 0]
    told = _once([*(tied[:TIES] or mine[:1]), *base])
    claim = _tie(tied, [row for row in base if row not in tied]) if tied else _win(told)
    return Answer(f"{where(place)} {claim}.", f"{_means(place, told, one_class)} {'; '.join(map(_tested, told))}.")


def _once(rows: list[Any]) -> list[Any]:
    return list(dict.fromkeys(rows))


def _win(rows: list[Any]) -> str:
    """`partial_freeze wins: 2.04 [1.50, 2.58] points above fine_tune, 27.07 [26.70, 27.44] above scratch`."""
    best, *others = rows
    verb = "wins" if standing(best) == 2 else "leads"
    told = [f"{spread(best)}{_points(best.metric)} above {best.other}"]
    return f"{best.better} {verb}: {', '.join(told + [f'{spread(row)} above {row.other}' for row in others])}"


def _tie(tied: list[Any], base: list[Any]) -> str:
    """`fine_tune cannot be told apart at n = 3 from lp_ft (0.4 [-2.5, 3.3] points below); it is … above scratch`."""
    best, more = tied[0], len(tied) - TIES
    told = [f"{row.other} ({spread(row)}{_points(row.metric)} below)" for row in tied[:TIES]]
    told += [f"{more} more"] if more > 0 else []
    n = format.counts(number for row in tied for number in (row.n_better, row.n_other) if not row.how.endswith("fixed"))
    above = "".join(f"; it is {spread(row)} above {row.other}" for row in base)
    at = "" if n == format.NONE else f" at n = {n}"
    them = format.listed(told, "or")
    return f"{best.better} has the highest mean but cannot be told apart{at} from {them}{above}"


def standing(row: Any) -> int:
    """How much speaks for the better of a row of `places.improvements`: the interval of the difference, the test.

    Returns:
        0 cannot be told apart, 1 one of both alone, 2 both; of two fixed scores, which no seed changes, 2 or 0.
    """
    if row.how == "both fixed":
        return 2 * bool(row.difference > 0)
    clear = row.difference > 0 and stats.leaves_out_0(row.difference_low, row.difference_high)
    return int(clear) + int(not pd.isna(row.separated) and bool(row.separated))


def spread(row: Any) -> str:
    """The difference of a row of `places.improvements` with its interval."""
    return format.spread(stats.Interval(row.difference, row.difference_low, row.difference_high, row.pairs), row.metric)


def _points(metric: str) -> str:
    return " points" if metric in stats.SHARES else ""


def _means(place: Place, rivals: list[Any], one_class: set[str]) -> str:
    """The mean test scores of those who are spoken of."""
    kept = [rivals[0].cell_better, *(row.cell_other for row in rivals)]
    rows = place.rows.set_index("cell").loc[kept].reset_index().itertuples()
    told = [
        f"{format.called(row.key, row.contender)} "
        f"{format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        f"{ONE_CLASS * (row.cell in one_class)}, " + ("nothing trained" if row.fixed else f"n = {row.n}")
        for row in rows
    ]
    return f"Mean test {format.unit(rivals[0].metric)}: {'; '.join(told)}."


def _tested(row: Any) -> str:
    """`P(fine_tune > scratch) = 0.89 [0.51, 0.98], Mann–Whitney p = 0.0286, difference paired by seed: separated`."""
    p = "" if pd.isna(row.mann_whitney_p) else f", Mann–Whitney p = {format.p_value(row.mann_whitney_p)}"
    told = format.probability(stats.Interval(row.p, row.low, row.high, 0))
    how = comparisons.HOW[row.how] + (f", {format.plural(row.pairs, 'pair')}" if row.how == "paired" else "")
    return f"P({row.better} > {row.other}) = {told}{p.replace('= <', '<')}, difference {how}: {tested(row)}"


def tested(row: Any) -> str:
    """Whether the two of a row of `places.improvements` are separated, and where no result could, that."""
    if row.how == "both fixed":
        return "they differ" if row.difference else "they are equal"
    if pd.isna(row.difference_low):
        return "no interval"
    equal = row.difference_high - row.difference_low <= stats.WIDTH
    if pd.isna(row.separated):
        return EQUAL if equal else f"its interval {'leaves out' if row.difference_low > 0 else 'includes'} 0"
    return f"{EQUAL}; {_exactly(row)}" if equal else _exactly(row)


def _exactly(row: Any) -> str:
    """What the exact test says of two."""
    m, n = row.n_better, row.n_other
    if stats.separable(m, n):
        return "separated" if row.separated else "not separated"
    few = f"{m} each" if m == n else f"{m} and {n}"
    return f"not separated, as no result can be at n = {few}"


def where(place: Place) -> str:
    """A place in words, at a sentence's start: `At 10 % of the labels (corrected)`, `Overall`."""
    panel = place.panel if place.panel != format.title({}) else ""
    if pd.isna(place.label_fraction):
        return f"At {panel}" if panel else "Overall"
    return f"At {format.fraction(place.label_fraction)} of the labels" + (f" ({panel})" if panel else "")
