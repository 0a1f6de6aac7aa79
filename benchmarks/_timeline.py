"""Draws each worker's time line: its trials as bars, from a command's start to its exit.

Knows nothing of ledgers: it gets the bars as numbers.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.figures import looks

WIDTH, PANEL = 9.0, 1.25  # inches


def draw(runs: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw one panel a run.

    Args:
        runs: each with workload, wall (seconds), workers (their number) and spans (worker, begin, end, trials, depth).
        path: of the picture.
    """
    with matplotlib.rc_context(looks.RC):
        figure = Figure(figsize=(WIDTH, PANEL * len(runs) + 0.6), layout="constrained")
        axes = figure.subplots(len(runs), squeeze=False)[:, 0]
        for ax, run in zip(axes, runs, strict=True):
            _panel(ax, run)
        axes[-1].set_xlabel("seconds since the command's start")
        depths = sorted({span["depth"] for run in runs for span in run["spans"]})
        figure.legend(handles=_key(depths), loc="outside lower center", ncols=len(depths) + 1, title="frozen stages")
        figure.savefig(path, dpi=150)


def _panel(ax: Axes, run: dict[str, Any]) -> None:
    """Draw a run: grey where no trial runs, a bar for each trial, their number on it where they are several."""
    for worker in range(1, run["workers"] + 1):
        ax.barh(worker, run["wall"], color="0.93", height=0.8)
    for span in run["spans"]:
        length, middle = span["end"] - span["begin"], (span["begin"] + span["end"]) / 2
        ax.barh(
            span["worker"],
            length,
            left=span["begin"],
            height=0.8,
            color=looks.look(str(span["depth"] + 1)).colour,
            edgecolor="white",
            linewidth=0.5,
        )
        if span["trials"] > 1 and length > run["wall"] / 20:
            ax.text(middle, span["worker"], f"{span['trials']} trials", ha="center", va="center", color="white")
    ax.set_title(f"{run['workload']}: {run['trials']} trials in {run['wall']:.1f} s", loc="left")
    ax.set_yticks(range(1, run["workers"] + 1))
    ax.set_ylabel("worker")
    ax.invert_yaxis()
    ax.grid(False)
    ax.set_xlim(0, run["wall"])


def _key(depths: Sequence[int]) -> list[Patch]:
    bars = [Patch(color=looks.look(str(depth + 1)).colour, label=str(depth)) for depth in depths]
    return [*bars, Patch(color="0.93", label="no trial")]
