"""Which network scores best, and which at a quarter of its cost, in sentences with the rules of all comparisons.

Reads the scores and costs of `numbers.networks`.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.answers import verdicts
from analysis.answers.verdicts import Answer
from analysis.numbers import comparisons, format, networks, stats
from analysis.numbers.study_table import StudyTable

SHARE = 4  # the cheap network has at most this part of the best one's operations
PART = "a quarter"
RULE = (
    "best: the highest mean test score; wins, leads and cannot be told apart: as above, for networks within one "
    "combination of all else that is compared, each with the values that its own search found. Cost: "
    "multiply-accumulate operations (MACs) of the backbone for one image. Of several networks the highest mean is "
    "picked, and leans upwards"
)


def sentences(table: StudyTable) -> list[Answer]:
    """Per comparison of networks: the best, the best at a quarter of its cost, and how far apart the two are."""
    rows, scores = networks.data(table), comparisons.repeated(table)
    tested = rows[rows["split"] == "test"]
    groups = [group for _, group in tested.groupby("panel", sort=False)]
    return [_answer(list(group.itertuples()), scores) for group in groups]


def _answer(rows: Sequence[Any], scores: dict[str, pd.Series]) -> Answer:
    """Answer for one comparison, its rows the highest mean first."""
    panel = rows[0].panel
    where = f"At {panel}" if panel != format.title({}) else "Overall"
    best, *others = rows
    rivals = _named([_pair(best, other, scores) for other in others])
    if not _measurable(rivals[0]):
        return Answer(
            f"{where} nothing can be concluded: the best two networks have no interval for both.", _costs(rows)
        )
    cheap, pairs = _cheaper(rows, scores)
    claim = f"{where} {verdicts.verdict(rivals)}; {cheap}."
    return Answer(claim, f"{_costs(rows)} {'; '.join(map(verdicts.evidence, dict.fromkeys([*rivals, *pairs])))}.")


def _pair(better: Any, other: Any, scores: dict[str, pd.Series]) -> Any:
    """Compare two networks as `comparisons.improvements` does."""
    return comparisons.improvement(better.panel, better, other, scores=scores)


def _measurable(pair: Any) -> bool:
    return pair.how == "both fixed" or not pd.isna(pair.difference_low)


def _named(pairs: list[Any]) -> list[Any]:
    """The pairs that a sentence names: those that tie, else the first."""
    return [pair for pair in pairs if not verdicts.standing(pair)][: verdicts.TIES] or pairs[:1]


def _cheaper(rows: Sequence[Any], scores: dict[str, pd.Series]) -> tuple[str, list[Any]]:
    """The sentence's second half, and the pairs that it rests on."""
    best = rows[0]
    if pd.isna(best.macs):
        return f"the operations of {best.contender} are not known", []
    limit = f"at most {PART} of the MACs of {best.contender}"
    cheap = [row for row in rows if not pd.isna(row.macs) and SHARE * row.macs <= best.macs]
    if not cheap:
        return f"no network has {limit}", []
    first, *others = cheap
    apart = _pair(best, first, scores)
    among = _named([_pair(first, other, scores) for other in others]) if others else []
    name = f"{first.contender} ({networks.scaled(first.macs, networks.GIGA)} G MACs)"
    opening = f"of {len(cheap)} with {limit}, {_among(name, among)}" if others else f"{name} alone has {limit}"
    return f"{opening}; {_apart(apart)}", [*among, apart]


def _among(name: str, pairs: list[Any]) -> str:
    """`tiny (0.1 G MACs) wins: 2.0 [1.5, 2.5] points above smaller`, of the cheap networks."""
    if not _measurable(pairs[0]):
        return f"{name} has the highest mean, without an interval against the next"
    return verdicts.verdict([pair._replace(better=name) for pair in pairs])


def _apart(pair: Any) -> str:
    """How the cheap network compares with the best."""
    if not _measurable(pair):
        return f"{pair.other} against {pair.better}: no interval"
    below = f"{verdicts.spread(pair)}{verdicts.points(pair.metric)} below"
    if verdicts.standing(pair):
        return f"{pair.other} lies {below} {pair.better}"
    return f"{pair.other} cannot be told apart from {pair.better} ({below})"


def _costs(rows: Sequence[Any]) -> str:
    """The mean test score and the operations of each network."""
    means = [format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric) for row in rows]
    texts = [
        f"{row.contender} {mean}, n = {row.n}, {networks.scaled(row.macs, networks.GIGA)} G MACs"
        for row, mean in zip(rows, means, strict=True)
    ]
    return f"Mean test {format.unit(rows[0].metric)}: {'; '.join(texts)}."
