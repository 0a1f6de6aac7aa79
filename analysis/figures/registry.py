"""Which figures a report can hold, each with its numbers, its ink and its words.

Knows the modules that draw; knows nothing of panels, pages or files.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import (
    captions,
    depth_map,
    importance,
    label_fraction,
    lr_response,
    mean_curves,
    overtaking,
    parallel_coordinates,
    plots,
    rungs,
    timeline,
    tuning_curves,
    winners_curse,
)


class Kind(NamedTuple):
    """A figure that a report can hold: its numbers, its ink and its words."""

    stem: str
    title: str
    data: Callable[[pd.DataFrame], pd.DataFrame]
    plot: Callable[[pd.DataFrame, Axes], None]
    caption: Callable[[pd.DataFrame], str]
    alt: Callable[[pd.DataFrame], str]
    shared: bool  # whether all panels have one horizontal axis
    none: str  # what is said where there is nothing to draw
    height: Callable[[pd.DataFrame], float] = lambda _: 0.0  # inches that a panel needs at least
    notes: Callable[[pd.DataFrame], list[str]] = lambda _: []  # sentences of a table, that stand by the figure


KINDS = (
    Kind(
        "label-fraction",
        "Scores",
        label_fraction.data,
        label_fraction.plot,
        captions.label_fraction_caption,
        captions.label_fraction_alt,
        False,
        "no cell has a winner or a replicate with a score yet",
    ),
    Kind(
        "winners-curse",
        "The winner's curse",
        winners_curse.data,
        winners_curse.plot,
        winners_curse.caption,
        winners_curse.alt,
        True,
        "no winner that was picked from several complete trials has replicates",
        winners_curse.height,
    ),
    Kind(
        "learning-curves",
        "Learning curves",
        plots.curves_data,
        plots.curves_plot,
        captions.curves_caption,
        captions.curves_alt,
        True,
        "no trial has a validation score yet",
    ),
    Kind(
        "mean-curves",
        "Learning curves side by side",
        mean_curves.data,
        mean_curves.plot,
        mean_curves.caption,
        mean_curves.alt,
        False,
        "nothing competes, or no replicate has a validation score yet",
    ),
    Kind(
        "mean-curves-steps",
        "Learning curves side by side, by optimizer steps",
        mean_curves.by_step,
        partial(mean_curves.plot, against="step"),
        partial(mean_curves.caption, against="step"),
        partial(mean_curves.alt, against="step"),
        False,
        "an epoch has as many steps in all cells, so that the curves are those above",
    ),
    Kind(
        "mean-loss",
        "Loss curves side by side",
        mean_curves.loss,
        mean_curves.plot,
        mean_curves.caption,
        mean_curves.alt,
        False,
        "nothing competes, or no replicate has a validation loss yet",
    ),
    Kind(
        "tuning-curves",
        "Tuning curves",
        tuning_curves.data,
        tuning_curves.plot,
        tuning_curves.caption,
        tuning_curves.alt,
        False,
        "no search trial has ended with a validation score yet",
        notes=overtaking.sentences,
    ),
    Kind(
        "tuning-curves-epochs",
        "Tuning curves, by epochs",
        tuning_curves.by_epochs,
        partial(tuning_curves.plot, against="epochs"),
        partial(tuning_curves.caption, against="epochs"),
        partial(tuning_curves.alt, against="epochs"),
        False,
        "a search trial takes as many epochs on average in all cells, so that the curves are those above",
    ),
    Kind(
        "rungs",
        "Rungs of early stopping",
        rungs.data,
        rungs.plot,
        rungs.caption,
        rungs.alt,
        False,
        "no search trial was pruned",
        rungs.height,
    ),
    Kind(
        "learning-rate",
        "Learning-rate response",
        lr_response.data,
        lr_response.plot,
        lr_response.caption,
        lr_response.alt,
        True,
        "no search trial that reads a learning rate has a validation score yet",
    ),
    Kind(
        "freezing-depth",
        "Freezing-depth response",
        plots.depth_data,
        plots.depth_plot,
        captions.depth_caption,
        captions.depth_alt,
        True,
        "no search trial that reads a freezing depth has a validation score",
    ),
    Kind(
        "depth-and-labels",
        "Freezing depth and label fraction",
        depth_map.data,
        depth_map.plot,
        depth_map.caption,
        depth_map.alt,
        True,
        "no two freezing depths were tried at two label fractions",
        depth_map.height,
    ),
    Kind(
        "importance",
        "Importance of hyperparameters",
        importance.data,
        importance.plot,
        importance.caption,
        importance.alt,
        True,
        "no cell has enough scored search trials, or two tuned hyperparameters",
        importance.height,
        importance.sentences,
    ),
    Kind(
        "parallel-coordinates",
        "Search trials in parallel coordinates",
        parallel_coordinates.data,
        parallel_coordinates.plot,
        parallel_coordinates.caption,
        parallel_coordinates.alt,
        False,
        "no cell has scored search trials that differ in a hyperparameter",
        parallel_coordinates.height,
    ),
    Kind(
        "workers",
        "Time line of the workers",
        timeline.data,
        timeline.plot,
        timeline.caption,
        timeline.alt,
        True,
        "no trial has reported yet",
        timeline.height,
    ),
)
