"""How figures look: their common style, and each contender's colour, marker and dashes."""

from typing import Any, NamedTuple

import seaborn as sns

RC: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": "0.9",
    "grid.linewidth": 0.6,
    "lines.markersize": 5,
    "svg.hashsalt": "transfer-study",  # the same numbers give the same file
    "text.parse_math": False,  # a `$` in a name is a character, not mathematics
}


class Look(NamedTuple):
    """A contender's colour, marker and dashes; the latter distinguish contenders in a grey print."""

    colour: tuple[float, float, float]
    marker: str
    dash: Any


_PALETTE = sns.color_palette("colorblind", 10)
# A regime has one look in every figure of every study, whichever others are present. Grey is for pruned trials.
LOOKS = {
    "scratch": Look(_PALETTE[1], "s", (0, (4, 1.5))),
    "feature_extraction": Look(_PALETTE[4], "^", (0, (1, 1.2))),
    "partial_freeze": Look(_PALETTE[2], "D", (0, (5, 1.2, 1, 1.2))),
    "fine_tune": Look(_PALETTE[0], "o", "solid"),
    "lp_ft": Look(_PALETTE[3], "v", (0, (7, 1.5))),
    "gradual_unfreeze": Look(_PALETTE[9], "P", (0, (3, 1, 1, 1, 1, 1))),
    "stage_rates": Look((0.12, 0.12, 0.45), "X", (0, (8, 1.5, 2, 1.5))),
    "discriminative": Look(_PALETTE[5], "p", (0, (2, 1))),
    "lora": Look((0.55, 0.05, 0.1), "*", (0, (3, 1.5, 1, 1.5))),
    "bias": Look((0.0, 0.35, 0.35), "d", (0, (2, 2))),
    "norm": Look((0.4, 0.4, 0.0), "H", (0, (5, 3))),
    "zero_shot": Look(_PALETTE[8], "<", (0, (1, 3))),
    "prototype": Look(_PALETTE[6], ">", (0, (6, 3))),
}
OTHER = Look((0.0, 0.0, 0.0), "h", (0, (2, 3)))
_COLOURS = [_PALETTE[place] for place in (0, 1, 2, 4, 3, 9, 5, 6, 8)]  # without the grey
_MARKERS = "osD^vPp<>Xh"
_DASHES: tuple[Any, ...] = ("solid", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)), (0, (7, 1.5)))


def look(name: Any) -> Look:
    """The look of a regime; of a number as text one in turn ("1" is the first); of any other name a black one."""
    if not isinstance(name, str):
        return OTHER
    if not name.isdecimal():
        return LOOKS.get(name, OTHER)
    place = int(name) - 1  # lists of 9, 11 and 5: no two of the first 495 are alike
    return Look(_COLOURS[place % 9], _MARKERS[place % 11], _DASHES[place % 5])
