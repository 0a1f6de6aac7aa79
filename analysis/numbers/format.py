"""Values as short texts: a number's digits, a share in per cent, a score with its interval, a cell's short name.

Knows nothing of tables, colours or files.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from analysis.numbers import stats

NONE = "–"


SHORT = {
    "label_fraction": "labels",
    "train_images": "images",
    "weight_decay": "decay",
    "freeze_depth": "depth",
    "label_smoothing": "smooth",
    "batch_size": "batch",
    "image_size": "size",
    "optimizer": "optim",
    "normalization": "norm",
    "freeze_batchnorm": "freeze BN",
    "batchnorm_momentum": "BN mom.",
    "batchnorm_epsilon": "BN eps.",
    "stage_rates": "rates",
    "probe_share": "probe",
}


def number(value: Any) -> str:
    """A hyperparameter's value in few characters: 0.0031, 1.2e-5, 3, adamw; a dash where it is empty."""
    if pd.isna(value):
        return NONE
    if not isinstance(value, float):
        return str(value)
    return f"{value:.2g}" if not 0 < abs(value) < 1e-3 else f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")


def fraction(value: float) -> str:
    """A label fraction as a percentage: 0.1 is `10 %`."""
    return NONE if pd.isna(value) else f"{100 * value:.4g} %"


def percent(value: float) -> str:
    """A share that was worked out, as a percentage of two digits: 0.4567 is `46 %`, 0.0123 is `1.2 %`."""
    return NONE if pd.isna(value) else f"{float(f'{100 * value:.2g}'):g} %"


def score(value: float, metric: str) -> str:
    """A score as text: shares in per cent with two decimals and no sign, others with three digits."""
    if pd.isna(value):
        return NONE
    return f"{100 * value:.2f}" if metric in stats.SHARES else f"{value:.3g}"


def spread(interval: stats.Interval, metric: str) -> str:
    """A mean with its interval: `83.10 [82.00, 84.20]`; without the brackets where there is none."""
    mean = score(interval.mean, metric)
    if pd.isna(interval.low):
        return mean
    return f"{mean} [{score(interval.low, metric)}, {score(interval.high, metric)}]"


def value(key: str, found: Any) -> str:
    """A compared key's value as text: label fractions in per cent."""
    return fraction(found) if key == "label_fraction" and isinstance(found, float) else number(found)


def probability(interval: stats.Interval) -> str:
    """A probability with its interval: `0.89 [0.51, 0.98]`; ends that only round to one half have more digits."""
    if pd.isna(interval.mean):
        return NONE
    ends = f" [{_end(interval.low)}, {_end(interval.high)}]" if not pd.isna(interval.low) else ""
    return f"{interval.mean:.2f}{ends}"


def _end(value: float) -> str:
    texts = [f"{value:.{digits}f}" for digits in (2, 3, 4)]
    return texts[0] if value == 0.5 else next((text for text in texts if float(text) != 0.5), texts[0])


def p_value(value: float) -> str:
    """A test's p: `0.0286`, `< 0.0001`; a dash where there is none."""
    return NONE if pd.isna(value) else "< 0.0001" if value < 1e-4 else f"{value:.3g}"


def unit(metric: str) -> str:
    """A metric's name with its unit, for an axis: `accuracy (%)`."""
    return f"{metric} (%)" if metric in stats.SHARES else metric


def counts(values: Iterable[Any]) -> str:
    """How many, over several points: `5`, or `3–5` where they differ; those that are empty are left out."""
    found = sorted({int(value) for value in values if not pd.isna(value)})
    return NONE if not found else f"{found[0]:,}" if len(found) == 1 else f"{found[0]:,}–{found[-1]:,}"


def listed(names: Iterable[str], last: str = "and") -> str:
    """Names as in a sentence: `a`, `a and b`, `a, b and c`."""
    *first, end = names
    return f"{', '.join(first)} {last} {end}" if first else end


def plural(count: int, noun: str) -> str:
    """How many of what: `1 trial`, `2 trials`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def kinds(found: Iterable[tuple[Any, int]]) -> str:
    """How many trials of which kind: `3 pruned, 4 winners`."""
    told = [(plural(number, kind) if kind == "winner" else f"{number:,} {kind}") for kind, number in found]
    return ", ".join(told)


def version(name: str) -> str:
    """A version in words; what is neither published nor corrected is the one cause that is switched on."""
    return {"published": "as published", "corrected": "corrected"}.get(name, f"only {name}")


def on_test(published: bool) -> str:
    """What is said of a cell whose validation split is the test split."""
    return "validated on the test split" + ", as published" * published


def many(key: str) -> str:
    """What a key's values are called together: `regimes`, `values of head`."""
    return {"regime": "regimes", "model": "models", "family": "families", "pretext": "pretexts"}.get(
        key, f"values of {key}"
    )


def title(compared: Mapping[str, Any]) -> str:
    """A cell's short name: `fine_tune · 10 % labels · crop=roi`."""
    return " · ".join(_named(key, value) for key, value in compared.items()) or "all trials"


def _named(key: str, value: Any) -> str:
    if key == "label_fraction" and isinstance(value, float):
        return f"{fraction(value)} labels"
    if key == "version":
        return version(value)
    return called(key, number(value))


def called(key: str, value: str) -> str:
    """A value with its key where it does not tell the key by itself: `fine_tune`, `weights=none`."""
    return value if key in ("regime", "family", "model", "transfer") else f"{key}={value}"


def power(value: float, _: int = 0) -> str:
    """A power of ten as on a logarithmic axis, `10⁻³`, and a digit's multiple, `2·10⁻³`; other values as they are."""
    digits = f"{value:e}".split("e")
    if not (times := float(digits[0])).is_integer():
        return f"{value:g}"
    raised = str(int(digits[1])).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{times:g}·" * (times != 1) + "10" + raised


def hundredths(value: float, _: int = 0) -> str:
    """A share as a number of per cent, for an axis whose label has the unit."""
    return f"{100 * value:g}"
