"""How many labels transfer saves: at which label fraction a contender scores what the baseline does with all labels.

Knows test scores of replicates at each label fraction; knows nothing of figures, pages or files.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from analysis.answers.verdicts import Answer
from analysis.numbers import comparisons, format, grid, stats, summary
from analysis.numbers.comparisons import BASELINES
from analysis.numbers.memo import once

RESAMPLES = 2000
SEED = 20_26
BELOW, BEYOND = -np.inf, np.inf  # a crossing below the smallest fraction tested, or above the largest
KIND = (
    f"95 % percentile interval of {RESAMPLES:,} bootstrap samples of each cell's replicates; with so few replicates "
    "it is rather too narrow"
)
RULE = (
    "The share of the labels at which a contender scores what the baseline scores with the most that it was tested "
    "with is where straight lines between its mean test scores, over the logarithm of the label fraction, first reach "
    "the baseline's mean"
)


class Crossing(NamedTuple):
    """A label fraction with its interval; `BELOW` and `BEYOND` stand for fractions that were not tested."""

    at: float
    low: float
    high: float


def crossing(shares: np.ndarray, means: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Where straight lines between means over the logarithm of the shares first reach a target.

    Args:
        shares: (k,) label fractions, ascending.
        means: (…, k) mean scores at them.
        target: (…) the score to be reached.

    Returns:
        (…) label fractions; `BELOW` where the first is there already, `BEYOND` where none is.
    """
    logs, above = np.log(shares), means >= np.asarray(target)[..., None]
    right = np.maximum(above.argmax(axis=-1), 1) if len(shares) > 1 else np.zeros(above.shape[:-1], int)
    left = np.maximum(right - 1, 0)
    low, high = (np.take_along_axis(means, place[..., None], -1)[..., 0] for place in (left, right))
    with np.errstate(all="ignore"):
        part = (target - low) / (high - low)
        at = np.exp(logs[left] + part * (logs[right] - logs[left]))
    return np.where(above[..., 0], BELOW, np.where(above.any(axis=-1), at, BEYOND))


def interval(shares: list[float], scores: list[pd.Series], target: pd.Series, draw: np.random.Generator) -> Crossing:
    """Where a contender reaches a target, with the interval of `KIND`.

    Args:
        shares: k label fractions, ascending.
        scores: the test scores of the contender's replicates at each of them.
        target: those of the baseline's replicates.
        draw: what the resampling draws from.

    Returns:
        The crossing; without ends (nan) where any cell has one score.
    """
    samples = [np.asarray(values, dtype=float) for values in (*scores, target)]

    def found(*drawn: np.ndarray, axis: int = -1) -> np.ndarray:
        *mine, goal = (values.mean(axis=axis) for values in drawn)
        return crossing(np.asarray(shares), np.stack(mine, axis=-1), goal)

    at = float(found(*samples))
    if min(map(len, samples)) < 2:
        return Crossing(at, np.nan, np.nan)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # that crossings beyond the fractions tested are infinite
        drawn = scipy_stats.bootstrap(samples, found, n_resamples=RESAMPLES, method="percentile", rng=draw)
    tail = (1 - stats.CONFIDENCE) / 2
    ends = np.quantile(drawn.bootstrap_distribution, [tail, 1 - tail], method="inverted_cdf")  # an infinite end is one
    return Crossing(at, *map(float, ends))


@once
def numbers(df: pd.DataFrame, seed: int = SEED) -> pd.DataFrame:
    """Each contender against the baseline with all of its labels.

    Args:
        df: the trials of a study.
        seed: of the resampling.

    Returns:
        One row per panel (what else is compared) and contender that reads labels, where the baseline has a test score:
        `panel`, `contender`, `baseline`, `full` (the largest label fraction that the baseline was tested at), `target`,
        `target_low`, `target_high` (its mean score there), `metric`, `smallest`, `largest` (fractions that the
        contender was tested at), `at`, `low`, `high` (see `Crossing`), `images`, `images_low`, `images_high` (training
        images at these; nan where unknown), `images_full` (the baseline's), `n` (the fewest replicates of a cell).
    """
    draw, scores, rows = np.random.default_rng(seed), comparisons.repeated(df), []
    for panel, data in _panels(df):
        base = data[data["contender"] == BASELINES[data["key"].iloc[0]]].tail(1)
        for row in base.itertuples():
            others = data[data["contender"] != row.contender]
            for _, mine in others.groupby("contender", sort=False):
                rows.append((panel, *_row(mine, row, scores, draw)))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _row(mine: pd.DataFrame, base: Any, scores: dict[str, pd.Series], draw: np.random.Generator) -> tuple[Any, ...]:
    """What `numbers` has of one contender, whose rows of `places.scored` ascend, and the baseline's with all labels."""
    each, shares = [scores[cell] for cell in mine["cell"]], mine["label_fraction"].tolist()
    found = interval(shares, each, scores[base.cell], draw)
    names = (format.called(base.key, mine["contender"].iloc[0]), format.called(base.key, base.contender))
    target = (base.label_fraction, base.mean, base.low, base.high, base.metric)
    full = np.nan if pd.isna(base.most) else float(base.most)
    n = min(map(len, (*each, scores[base.cell])))
    return (*names, *target, shares[0], shares[-1], *found, *(_images(mine, at) for at in found), full, n)


_COLUMNS = (
    *("panel", "contender", "baseline", "full", "target", "target_low", "target_high", "metric"),
    *("smallest", "largest", "at", "low", "high", "images", "images_low", "images_high", "images_full", "n"),
)


def _panels(df: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """What reads labels at several fractions, by what else is compared; the fractions ascend."""
    spoken = [place.rows[place.rows["split"] == "test"] for place in comparisons.answered(df)]
    if grid.contender(df) not in BASELINES or not spoken:
        return []
    data = pd.concat(spoken).drop_duplicates("cell").dropna(subset="label_fraction")
    data = data[~data["regime"].isin(summary.UNTRAINED)].sort_values("label_fraction", kind="stable")
    groups = [(str(panel), rows) for panel, rows in data.groupby("panel", sort=False)]
    return [(panel, rows) for panel, rows in groups if rows["label_fraction"].nunique() > 1]


def _images(mine: pd.DataFrame, share: float) -> float:
    """Training images at a label fraction, on straight lines between those of the cells, both logarithmic."""
    known = mine.dropna(subset="most")
    if known.empty or not np.isfinite(share):
        return np.nan
    logs = np.log(known["label_fraction"].astype(float)), np.log(known["most"].astype(float))
    return float(np.exp(np.interp(np.log(share), *logs)))


def sentences(df: pd.DataFrame, seed: int = SEED) -> list[Answer]:
    """How many labels each contender needs for what the baseline reaches with all of its own."""
    found = numbers(df, seed)
    told = [_sentence(row) for row in found[found["low"].notna()].itertuples()]
    for (panel, baseline), rows in found[found["low"].isna()].groupby(["panel", "baseline"], sort=False):
        names, where = format.listed(rows["contender"]), _where(str(panel))
        told.append(Answer(f"Nothing is claimed of {names} against {baseline}{where}: a cell has one replicate."))
    return told


def _where(panel: str) -> str:
    return f" ({panel})" if panel != format.title({}) else ""


def _sentence(row: Any) -> Answer:
    target = format.spread(stats.Interval(row.target, row.target_low, row.target_high, row.n), row.metric)
    goal = f"what {row.baseline} scores with {format.fraction(row.full)}"
    evidence = f"That is a test {format.unit(row.metric)} of {target}; at least n = {row.n} replicates a cell."
    return Answer(f"{row.contender}{_where(row.panel)} {_outcome(row, goal)}.", evidence)


def _outcome(row: Any, goal: str) -> str:
    few, many = (
        f"{format.fraction(row.smallest)} of the labels",
        f"{format.fraction(row.largest)} of the labels",
    )
    if row.at == BELOW:
        said, sure = f"is above {goal} already with {few}, the fewest tested", row.high == BELOW
    elif row.at == BEYOND:
        said, sure = f"does not reach, with up to {many}, {goal}", row.low == BEYOND
    else:
        return f"reaches with {format.percent(row.at)} {_ends(row)} of the labels {goal}{_images_told(row)}"
    return f"{said}, {'in all of the interval' if sure else f'but the interval of where it does is {_ends(row)}'}"


def _ends(row: Any) -> str:
    """The interval of a crossing in words: `[46 %, 56 %]`, `[below 10 %, 11 %]`."""
    outside = {BELOW: f"below {format.fraction(row.smallest)}", BEYOND: f"above {format.fraction(row.largest)}"}
    return f"[{', '.join(outside.get(at) or format.percent(at) for at in (row.low, row.high))}]"


def _images_told(row: Any) -> str:
    """`: about 1,750 images [1,580, 1,940] instead of 3,440`; nothing where images are unknown."""
    if pd.isna([row.images, row.images_low, row.images_high, row.images_full]).any():
        return ""
    about, *ends = (f"{float(f'{number:.3g}'):,.0f}" for number in (row.images, row.images_low, row.images_high))
    return f": about {about} images [{', '.join(ends)}] instead of {row.images_full:,.0f}"
