"""Values as short texts: a number's digits, a share in per cent, a score with its interval, a cell's short name."""

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
    "lora_rank": "rank",
    "lora_alpha": "alpha",
    "lora_layers": "LoRA in",
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
    """A computed share as a percentage of two digits: 0.4567 is `46 %`, 0.0123 is `1.2 %`."""
    return NONE if pd.isna(value) else f"{float(f'{100 * value:.2g}'):g} %"


def score(value: float, metric: str) -> str:
    """A score as text: shares in per cent with two decimals and no sign, others with three digits."""
    if pd.isna(value):
        return NONE
    return f"{100 * value:.2f}" if metric in stats.SHARES else f"{value:.3g}"


def spread(interval: stats.Interval, metric: str) -> str:
    """A mean with its interval: `83.10 [82.00, 84.20]`; without brackets if there is no interval."""
    mean = score(interval.mean, metric)
    if pd.isna(interval.low):
        return mean
    return f"{mean} [{score(interval.low, metric)}, {score(interval.high, metric)}]"


def value(key: str, compared: Any) -> str:
    """A compared key's value as text: label fractions in per cent."""
    return fraction(compared) if key == "label_fraction" and isinstance(compared, float) else number(compared)


def probability(interval: stats.Interval) -> str:
    """A probability with its interval: `0.89 [0.51, 0.98]`; ends that would round to one half get more digits."""
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
    """The range of several counts: `5`, or `3–5` if they differ; empty values are left out."""
    numbers = sorted({int(value) for value in values if not pd.isna(value)})
    return NONE if not numbers else f"{numbers[0]:,}" if len(numbers) == 1 else f"{numbers[0]:,}–{numbers[-1]:,}"


def listed(names: Iterable[str], last: str = "and") -> str:
    """Names as in a sentence: `a`, `a and b`, `a, b and c`."""
    *first, end = names
    return f"{', '.join(first)} {last} {end}" if first else end


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 trial`, `2 trials`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def kinds(counts: Iterable[tuple[Any, int]]) -> str:
    """The number of trials of each kind: `3 pruned, 4 winners`."""
    texts = [(plural(number, kind) if kind == "winner" else f"{number:,} {kind}") for kind, number in counts]
    return ", ".join(texts)


def version(name: str) -> str:
    """A version in words; one that is neither published nor corrected is the only cause that is switched on."""
    return {"published": "as published", "corrected": "corrected"}.get(name, f"only {name}")


def on_test(published: bool) -> str:
    """How a cell is described whose validation split is the test split."""
    return "validated on the test split" + ", as published" * published


def many(key: str) -> str:
    """The plural for a key's values: `regimes`, `values of head`."""
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
    """A value, with its key unless the value makes the key clear: `fine_tune`, `weights=none`."""
    return value if key in ("regime", "family", "model", "transfer") else f"{key}={value}"


def power(value: float, _: int = 0) -> str:
    """A power of ten as on a logarithmic axis, `10⁻³`, or a digit times it, `2·10⁻³`; other values as plain numbers."""
    digits = f"{value:e}".split("e")
    if not (factor := float(digits[0])).is_integer():
        return f"{value:g}"
    exponent = str(int(digits[1])).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{factor:g}·" * (factor != 1) + "10" + exponent


def hundredths(value: float, _: int = 0) -> str:
    """A share in per cent without the sign, for an axis whose label has the unit."""
    return f"{100 * value:g}"
