"""Which figures a report can hold: one entry each, whose module has the numbers, the ink and the words."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import (
    class_scores,
    confusion,
    depth_map,
    depth_response,
    forgetting,
    forgetting_curves,
    importance,
    label_fraction,
    lr_response,
    mean_curves,
    network_costs,
    overtaking,
    parallel_coordinates,
    pretext_transfer,
    pretraining,
    rungs,
    timeline,
    trial_curves,
    tuning_curves,
    versions,
    winners_curse,
)
from analysis.numbers.study_table import StudyTable


class Kind(NamedTuple):
    """A figure that a report can hold: its numbers, its ink and its words."""

    stem: str
    title: str
    data: Callable[[StudyTable], pd.DataFrame]
    plot: Callable[[pd.DataFrame, Axes], None]
    caption: Callable[[pd.DataFrame], str]
    alt: Callable[[pd.DataFrame], str]
    shared_x: bool  # whether all panels share one horizontal axis
    empty: str  # why there is no picture if `data` gives no row
    height: Callable[[pd.DataFrame], float] = lambda _: 0.0  # inches that a panel needs at least
    notes: Callable[[StudyTable], list[str]] = lambda _: []  # sentences from the table beside the figure


def figure(
    stem: str,
    title: str,
    module: ModuleType,
    *,
    empty: str,
    shared_x: bool = False,
    against: str | None = None,
    **functions: Callable[..., Any],
) -> Kind:
    """A figure whose functions are those of a module.

    Args:
        stem: the name of its files and tables, and for `analysis.figure`.
        title: its heading.
        module: has `data`, `plot`, `caption` and `alt`, and may have `height` and `notes` (see `Kind`).
        empty: why there is no picture if `data` gives no row.
        shared_x: whether all panels share one horizontal axis.
        against: the horizontal axis that `plot`, `caption` and `alt` are called with; None is their default.
        functions: replace functions of the module, by name.
    """
    names = ("data", "plot", "caption", "alt", "height", "notes")
    functions = {name: getattr(module, name) for name in names if hasattr(module, name)} | functions
    if against is not None:
        functions |= {name: partial(functions[name], against=against) for name in ("plot", "caption", "alt")}
    return Kind(stem, title, shared_x=shared_x, empty=empty, **functions)


KINDS = (
    figure("label-fraction", "Scores", label_fraction, empty="no cell has a winner or a replicate with a score yet"),
    figure(
        "winners-curse",
        "The winner's curse",
        winners_curse,
        empty="no winner that was picked from several complete trials has replicates",
        shared_x=True,
    ),
    figure(
        "learning-curves", "Learning curves", trial_curves, empty="no trial has a validation score yet", shared_x=True
    ),
    figure(
        "mean-curves",
        "Learning curves side by side",
        mean_curves,
        empty="nothing competes, or no replicate has a validation score yet",
    ),
    figure(
        "mean-curves-steps",
        "Learning curves side by side, by optimizer steps",
        mean_curves,
        empty="an epoch has as many steps in all cells, so that the curves are those above",
        against="step",
        data=mean_curves.by_step,
    ),
    figure(
        "mean-loss",
        "Loss curves side by side",
        mean_curves,
        empty="nothing competes, or no replicate has a validation loss yet",
        data=mean_curves.loss,
    ),
    figure(
        "tuning-curves",
        "Tuning curves",
        tuning_curves,
        empty="no search trial has ended with a validation score yet",
        notes=overtaking.sentences,
    ),
    figure(
        "tuning-curves-epochs",
        "Tuning curves, by epochs",
        tuning_curves,
        empty="a search trial takes as many epochs on average in all cells, so that the curves are those above",
        against="epochs",
        data=tuning_curves.by_epochs,
    ),
    figure("rungs", "Rungs of early stopping", rungs, empty="no search trial was pruned"),
    figure(
        "learning-rate",
        "Learning-rate response",
        lr_response,
        empty="no search trial that reads a learning rate has a validation score yet",
        shared_x=True,
    ),
    figure(
        "freezing-depth",
        "Freezing-depth response",
        depth_response,
        empty="no search trial that reads a freezing depth has a validation score",
        shared_x=True,
    ),
    figure(
        "depth-and-labels",
        "Freezing depth and label fraction",
        depth_map,
        empty="no two freezing depths were tried at two label fractions",
        shared_x=True,
    ),
    figure(
        "importance",
        "Importance of hyperparameters",
        importance,
        empty="no cell has enough scored search trials, or two tuned hyperparameters",
        shared_x=True,
    ),
    figure(
        "parallel-coordinates",
        "Search trials in parallel coordinates",
        parallel_coordinates,
        empty="no cell has scored search trials that differ in a hyperparameter",
    ),
    figure("workers", "Time line of the workers", timeline, empty="no trial has reported yet", shared_x=True),
)
"""Figures of every study."""
OF_VERSIONS = (
    figure(
        "versions",
        "As published and corrected",
        versions,
        empty="no two versions of a cell have been scored on test",
        shared_x=True,
    ),
)
"""Figures of a study that compares versions."""
NO_COUNTS = "the table has no counts of answers of a winner's replicates"
OF_CLASSES = (
    figure(
        "confusion",
        "Which classes are taken for which",
        confusion,
        empty=f"{NO_COUNTS}, or of more than {confusion.MOST} classes",
        shared_x=True,
    ),
    figure("classes", "Recall and precision by class", class_scores, empty=NO_COUNTS),
)
"""Figures of rows that count answers."""
OF_PRETRAINING = (
    figure("pretext", "Pretraining", pretraining, empty="no weights were trained first"),
    figure(
        "pretext-and-transfer",
        "Skill at the pretext and transfer",
        pretext_transfer,
        empty="no cell that starts from weights trained first has a test score yet",
    ),
)
"""Figures of weights that were trained first."""
OF_NETWORKS = (
    figure(
        "score-and-macs",
        "Score and operations",
        network_costs,
        empty="no two networks whose operations are known have a score yet",
    ),
    figure(
        "score-and-speed",
        "Score and speed",
        network_costs,
        empty="no two networks whose speed was measured have a score yet",
        against=network_costs.SPEED,
        data=network_costs.by_speed,
    ),
)
"""Figures of a study that compares networks."""
OF_CHAINS = (
    figure(
        "forgetting",
        "What was forgotten",
        forgetting,
        empty="no replicate has been scored on an earlier task before and after",
        shared_x=True,
    ),
    figure(
        "forgetting-curves",
        "Forgetting by epoch",
        forgetting_curves,
        empty="no replicate has a validation score on an earlier task yet",
        shared_x=True,
    ),
)
"""Figures of rows of earlier tasks."""
ALL = (*KINDS, *OF_NETWORKS, *OF_VERSIONS, *OF_CLASSES, *OF_PRETRAINING, *OF_CHAINS)
