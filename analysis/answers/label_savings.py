"""How many labels transfer saves: at which label fraction a contender scores what the baseline does with all labels.

Reads the test scores of replicates at each label fraction.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from analysis.answers.verdicts import Answer
from analysis.numbers import comparisons, format, stats, summary
from analysis.numbers.comparisons import BASELINES
from analysis.numbers.study_table import StudyTable, once

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
    f"the baseline's mean. Brackets: {KIND}"
)


class Crossing(NamedTuple):
    """A label fraction with its interval. `BELOW` and `BEYOND` stand for fractions outside those tested."""

    at: float
    low: float
    high: float


class Saving(NamedTuple):
    """A row of `numbers`: one contender against the baseline with all of its labels."""

    panel: str
    """What else is compared."""
    contender: str
    baseline: str
    full: float
    """The largest label fraction that the baseline was tested at."""
    target: float
    """The baseline's mean test score there, with its interval."""
    target_low: float
    target_high: float
    metric: str
    smallest: float
    """The smallest and largest label fraction that the contender was tested at."""
    largest: float
    at: float
    """The label fraction at which the contender reaches the target, see `Crossing`."""
    low: float
    high: float
    images: float
    """Training images at these three fractions; nan where unknown."""
    images_low: float
    images_high: float
    images_full: float
    """The baseline's training images."""
    n: int
    """The fewest replicates of a cell."""


def crossing(shares: np.ndarray, means: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Where straight lines between means over the logarithm of the shares first reach a target.

    Args:
        shares: (k,) label fractions, ascending.
        means: (…, k) mean scores at them.
        target: (…) the score to be reached.

    Returns:
        (…) label fractions; `BELOW` where the first mean reaches the target already, `BEYOND` where no mean does.
    """
    logs, above = np.log(shares), means >= np.asarray(target)[..., None]
    right = np.maximum(above.argmax(axis=-1), 1) if len(shares) > 1 else np.zeros(above.shape[:-1], int)
    left = np.maximum(right - 1, 0)
    low, high = (np.take_along_axis(means, index[..., None], -1)[..., 0] for index in (left, right))
    with np.errstate(all="ignore"):
        part = (target - low) / (high - low)
        at = np.exp(logs[left] + part * (logs[right] - logs[left]))
    return np.where(above[..., 0], BELOW, np.where(above.any(axis=-1), at, BEYOND))


def interval(shares: list[float], scores: list[pd.Series], *, target: pd.Series, draw: np.random.Generator) -> Crossing:
    """Where a contender reaches a target, with the interval of `KIND`.

    Args:
        shares: k label fractions, ascending.
        scores: the test scores of the contender's replicates at each fraction.
        target: the test scores of the baseline's replicates.
        draw: the random stream of the resampling.

    Returns:
        The crossing; its ends are nan where any cell has one score.
    """
    samples = [np.asarray(values, dtype=float) for values in (*scores, target)]

    def crossing_of(*resampled: np.ndarray, axis: int = -1) -> np.ndarray:
        *means, goal = (values.mean(axis=axis) for values in resampled)
        return crossing(np.asarray(shares), np.stack(means, axis=-1), goal)

    at = float(crossing_of(*samples))
    if min(map(len, samples)) < 2:
        return Crossing(at, np.nan, np.nan)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # crossings outside the fractions tested are infinite
        bootstrap = scipy_stats.bootstrap(samples, crossing_of, n_resamples=RESAMPLES, method="percentile", rng=draw)
    tail = (1 - stats.CONFIDENCE) / 2
    # The inverted CDF never averages two values, so that an infinite end stays infinite.
    ends = np.quantile(bootstrap.bootstrap_distribution, [tail, 1 - tail], method="inverted_cdf")
    return Crossing(at, *map(float, ends))


@once
def numbers(table: StudyTable, seed: int = SEED) -> pd.DataFrame:
    """Each contender against the baseline with all of its labels.

    Args:
        table: the study's.
        seed: of the resampling.

    Returns:
        One row per panel and contender that reads labels, where the baseline has a test score. The columns are the
        fields of `Saving`.
    """
    draw, scores, rows = np.random.default_rng(seed), comparisons.repeated(table), []
    for panel, cells in _panels(table):
        baselines = cells[cells["contender"] == BASELINES[cells["key"].iloc[0]]].tail(1)
        for base in baselines.itertuples():
            rivals = cells[cells["contender"] != base.contender]
            for _, rival in rivals.groupby("contender", sort=False):
                rows.append(_saving(rival, base, panel=panel, scores=scores, draw=draw))
    return pd.DataFrame(rows, columns=list(Saving._fields))


def _saving(
    rival: pd.DataFrame, base: Any, *, panel: str, scores: dict[str, pd.Series], draw: np.random.Generator
) -> Saving:
    """Compare one contender with the baseline.

    Args:
        rival: the contender's rows of `comparisons.scored`, label fractions ascending.
        base: the baseline's row at its largest label fraction.
        panel: what else is compared.
        scores: the test scores of each cell's replicates.
        draw: the random stream of the resampling.
    """
    shares, samples = rival["label_fraction"].tolist(), [scores[cell] for cell in rival["cell"]]
    reached = interval(shares, samples, target=scores[base.cell], draw=draw)
    images, images_low, images_high = (_images(rival, share) for share in reached)
    return Saving(
        panel=panel,
        contender=format.called(base.key, rival["contender"].iloc[0]),
        baseline=format.called(base.key, base.contender),
        full=base.label_fraction,
        target=base.mean,
        target_low=base.low,
        target_high=base.high,
        metric=base.metric,
        smallest=shares[0],
        largest=shares[-1],
        at=reached.at,
        low=reached.low,
        high=reached.high,
        images=images,
        images_low=images_low,
        images_high=images_high,
        images_full=np.nan if pd.isna(base.most) else float(base.most),
        n=min(map(len, (*samples, scores[base.cell]))),
    )


def _panels(table: StudyTable) -> list[tuple[str, pd.DataFrame]]:
    """Test scores of the cells that read labels, by panel; label fractions ascend, and a panel has several."""
    tested = [place.rows[place.rows["split"] == "test"] for place in comparisons.answered(table)]
    if table.contender not in BASELINES or not tested:
        return []
    data = pd.concat(tested).drop_duplicates("cell").dropna(subset="label_fraction")
    data = data[~data["regime"].isin(summary.UNTRAINED)].sort_values("label_fraction", kind="stable")
    groups = [(str(panel), rows) for panel, rows in data.groupby("panel", sort=False)]
    return [(panel, rows) for panel, rows in groups if rows["label_fraction"].nunique() > 1]


def _images(rows: pd.DataFrame, share: float) -> float:
    """Training images at a label fraction, on straight lines between those of the cells, both logarithmic."""
    known = rows.dropna(subset="most")
    if known.empty or not np.isfinite(share):
        return np.nan
    logs = np.log(known["label_fraction"].astype(float)), np.log(known["most"].astype(float))
    return float(np.exp(np.interp(np.log(share), *logs)))


def sentences(table: StudyTable, seed: int = SEED) -> list[Answer]:
    """How many labels each contender needs for what the baseline reaches with all of its own."""
    savings = numbers(table, seed)
    answers = [_sentence(row) for row in savings[savings["low"].notna()].itertuples()]
    for (panel, baseline), rows in savings[savings["low"].isna()].groupby(["panel", "baseline"], sort=False):
        names, where = format.listed(rows["contender"]), _where(str(panel))
        answers.append(Answer(f"Nothing is claimed of {names} against {baseline}{where}: a cell has one replicate."))
    return answers


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
        outcome, sure = f"is above {goal} already with {few}, the fewest tested", row.high == BELOW
    elif row.at == BEYOND:
        outcome, sure = f"does not reach, with up to {many}, {goal}", row.low == BEYOND
    else:
        return f"reaches with {format.percent(row.at)} {_ends(row)} of the labels {goal}{_images_saved(row)}"
    return f"{outcome}, {'in all of the interval' if sure else f'but the interval of where it does is {_ends(row)}'}"


def _ends(row: Any) -> str:
    """The interval of a crossing in words: `[46 %, 56 %]`, `[below 10 %, 11 %]`."""
    outside = {BELOW: f"below {format.fraction(row.smallest)}", BEYOND: f"above {format.fraction(row.largest)}"}
    return f"[{', '.join(outside.get(at) or format.percent(at) for at in (row.low, row.high))}]"


def _images_saved(row: Any) -> str:
    """`: about 1,750 images [1,580, 1,940] instead of 3,440`; nothing where images are unknown."""
    if pd.isna([row.images, row.images_low, row.images_high, row.images_full]).any():
        return ""
    images, *ends = (f"{float(f'{number:.3g}'):,.0f}" for number in (row.images, row.images_low, row.images_high))
    return f": about {images} images [{', '.join(ends)}] instead of {row.images_full:,.0f}"
