"""The texts that a report must have below each heading; see the other `plain_` modules."""

from collections.abc import Callable, Iterator

from tests.analysis.plain import Study
from tests.analysis.plain_answers import curse, open_pairs, saved, values, wins
from tests.analysis.plain_chains import forgotten
from tests.analysis.plain_classes import confusion, recall
from tests.analysis.plain_networks import best
from tests.analysis.plain_search import basin, by_epochs, rungs, tuning, workers

SAID: dict[str, Callable[[Study], Iterator[str]]] = {
    "Which wins, and by how much?": wins,
    "Which network, and which at a quarter of the cost?": best,
    "Which freezing depth and learning rate?": values,
    "How many labels are saved?": saved,
    "What was forgotten of earlier tasks?": forgotten,
    "What could not be concluded?": open_pairs,
    "The winner's curse": curse,
    "Tuning curves": tuning,
    "Tuning curves, by epochs": by_epochs,
    "Rungs of early stopping": rungs,
    "Learning-rate response": basin,
    "Time line of the workers": workers,
    "Which classes are taken for which": confusion,
    "Recall and precision by class": recall,
}
"""Heading → the texts that must be below it."""
