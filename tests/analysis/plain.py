"""The numbers of a report, recomputed in the plainest way: pandas, scipy and arithmetic, without the analysis.

The trials of a table, statistics of samples, and how numbers are written. `plain_tables` makes the rows of each table
of a report from it, `plain_facts` the numbers of sentences.
"""

import json
from itertools import combinations
from math import isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize, stats

NONE = "–"
NOT_SHARES = ("loss", "chance")
WORDS = {"published": "as published", "corrected": "corrected"}
SHORT = {"label_fraction": "labels", "weight_decay": "decay", "freeze_depth": "depth"}
EVERYTHING = "everything as published (all causes, its recipe)"
ONCE = ("batchnorm_drift", "not_optimized", "not_moved", "input_size", "input_normalization", "input_range")


class Study:
    """A study's table and the scores of each trial in it."""

    def __init__(self, folder: Path) -> None:
        self.df = pd.read_parquet(folder / "table.parquet")
        self.space = json.loads((folder / "study.json").read_text())["space"]
        self.keys = list(self.space["compared"])
        known = self.df["task"].notna() & self.df["trained_on"].notna()
        self.first = self.df["role"] == "pretrain"  # pretraining, before all trials
        counts = self.df["metric"] == "count"  # counts of answers, not scores
        self.earlier = known & (self.df["task"] != self.df["trained_on"]) & ~self.first & ~counts
        self.own = self.df[~self.first & ~self.earlier & ~counts]
        validated = self.own.loc[self.own["split"] == "val", "metric"]
        self.metric = "accuracy" if (validated == "accuracy").any() else "mAP"
        self.trials = self.own.drop_duplicates("trial").set_index("trial", drop=False).rename_axis(None)
        self.trials = self.trials.assign(val=self.last("val", self.metric), test=self.last("test", self.metric))
        self.cells = {cell: dict(part.split("=") for part in cell.split(", ")) for cell in self.trials["cell"].unique()}

    def scores(self, split: str, metric: str) -> pd.DataFrame:
        return self.own[(self.own["split"] == split) & (self.own["metric"] == metric)].sort_values("epoch")

    def last(self, split: str, metric: str) -> pd.Series:
        return self.scores(split, metric).groupby("trial")["score"].last()

    def winner(self, cell: str) -> pd.Series | None:
        complete = self.trials[(self.trials["cell"] == cell) & (self.trials["role"] == "search")]
        complete = complete[complete["state"] == "complete"].sort_values("trial")
        return None if complete.empty else complete.loc[complete["val"].idxmax()]

    def again(self, cell: str) -> pd.DataFrame:
        """The trials that repeat one configuration of a cell with fresh seeds."""
        best, own = self.winner(cell), self.trials[self.trials["cell"] == cell]
        of_winner = (own["replicate_of"] == best["trial"]).fillna(False) if best is not None else False
        return own[(own["state"] == "complete") & (of_winner | (own["role"] == "published"))]

    def title(self, cell: str, *without: str) -> str:
        values = {key: value for key, value in self.cells[cell].items() if key not in without}
        return " · ".join(_named(key, value) for key, value in values.items())


def _named(key: str, value: str) -> str:
    if key == "label_fraction":
        return f"{percent(value)} labels"
    if key == "version":
        return WORDS.get(value, f"only {value}")
    return value if key in ("regime", "family") else f"{key}={value}"


def percent(share: object) -> str:
    return f"{100 * float(share):g} %"


def number(value: object) -> str:
    if pd.isna(value):
        return NONE
    if not isinstance(value, float):
        return str(value)
    return (
        f"{value:.2g}" if value == 0 or abs(value) >= 1e-3 else f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")
    )


def score(value: float, metric: str) -> str:
    return NONE if isnan(value) else f"{value:.3g}" if metric in NOT_SHARES else f"{100 * value:.2f}"


def mean(values: pd.Series, low: float = 0, high: float = 1) -> tuple[float, float, float]:
    """Student's interval: the mean and both ends, clipped to the range of the mean; a single value has no ends."""
    known, middle = values.dropna().astype(float), values.mean()
    if len(known) < 2:
        return (middle, nan, nan)
    half = stats.t.ppf(0.975, len(known) - 1) * known.std(ddof=1) / len(known) ** 0.5
    return (middle, max(middle - half, low), min(middle + half, high))


def welch(a: pd.Series, b: pd.Series) -> tuple[float, float, float]:
    """Welch's interval of a difference of means."""
    parts, middle = [sample.var(ddof=1) / len(sample) for sample in (a, b)], a.mean() - b.mean()
    if not sum(parts):
        return (middle, middle, middle)
    freedom = sum(parts) ** 2 / sum(part**2 / (len(sample) - 1) for part, sample in zip(parts, (a, b), strict=True))
    half = stats.t.ppf(0.975, freedom) * sum(parts) ** 0.5
    return (middle, max(middle - half, -1), min(middle + half, 1))


def spread(interval: tuple[float, float, float], metric: str) -> str:
    middle, low, high = (score(value, metric) for value in interval)
    return middle if low == NONE else f"{middle} [{low}, {high}]"


def better(a: pd.Series, b: pd.Series) -> tuple[float, float, float]:
    """P(a > b) with the limits of method 5 of Newcombe 2006, each the root of its defining equation."""
    m, n = len(a), len(b)
    point = float(np.mean([(x > y) + (x == y) / 2 for x in a for y in b]))
    return (point, 1 - _limit(1 - point, m, n), _limit(point, m, n))


def _limit(point: float, m: int, n: int) -> float:
    z, extra = stats.norm.ppf(0.975), (m + n) / 2 - 1

    def off(p: float) -> float:
        return p - point - z * (p * (1 - p) * (1 + extra * (1 - p) / (2 - p) + extra * p / (1 + p)) / (m * n)) ** 0.5

    return 1.0 if point > 1 - 1e-9 else optimize.brentq(off, max(point, 1e-12), 1)


def chance(interval: tuple[float, float, float]) -> str:
    ends = [next(t for t in (f"{end:.2f}", f"{end:.3f}", f"{end:.4f}") if float(t) != 0.5) for end in interval[1:]]
    return f"{interval[0]:.2f} [{ends[0]}, {ends[1]}]"


def mann_whitney(a: pd.Series, b: pd.Series) -> float:
    """Two-sided, exact: over all ways to deal the values out."""
    both = [*a, *b]
    ranks = stats.rankdata(both)
    sums = np.array([sum(ranks[list(chosen)]) for chosen in combinations(range(len(both)), len(a))])
    seen = sum(ranks[: len(a)])
    return float(min(1, 2 * min((sums <= seen + 1e-9).mean(), (sums >= seen - 1e-9).mean())))


def p_value(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.3g}"


def few(values: pd.Series) -> str:
    counts = sorted({int(value) for value in values.dropna()})
    return NONE if not counts else f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,}–{counts[-1]:,}"
