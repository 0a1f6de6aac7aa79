"""The verdicts follow from the figures; a missed bound and a wrong score are said."""

import pytest

from benchmarks import _tables
from benchmarks._account import PARTS


def run(way, trial_epochs, accuracy=0.5, repeat=1):
    row = {"trial": 0, "depth": 0, "baseline": True, "epoch": 1, "accuracy": accuracy}
    counts = {"trials": 1, "trial_epochs": trial_epochs, "wall": 36.0, "memory": 2**30, "records": [row]}
    return {"workload": "w", "repeat": repeat, "way": way, "seconds": dict.fromkeys(PARTS, 1.0)} | counts


def figures(*runs):
    workload = {"bounds": [10, 5], "images": {"train": 100, "val": 100}}
    return {"machine": {"cores": "2"}, "setting": {"size": "32 px"}, "workloads": {"w": workload}, "runs": list(runs)}


@pytest.mark.parametrize(("trial_epochs", "missed"), [(100, 0), (60, 1), (40, 2)])
def test_bounds(trial_epochs, missed):
    found = figures(run("ours", trial_epochs), run("ray", 10), run("optuna", 10))
    assert len(_tables.verdicts(found)) == missed
    assert _tables.text(found).count("**MISSED**") == missed


def test_wrong_scores_are_a_failure():
    found = figures(run("ours", 100, accuracy=0.9), run("ray", 10), run("optuna", 10))
    assert _tables.verdicts(found) == ["w: the ways' scores disagree"]
    assert "**NO**" in _tables.text(found)


def test_what_is_missing_is_said():
    assert len(_tables.verdicts(figures(run("ours", 100)))) == 2


def test_ratio_of_each_repeat():
    found = figures(run("ours", 100), run("ray", 10), run("ours", 300, repeat=2), run("ray", 10, repeat=2))
    assert "| w | (a) Ray Tune | 20 (10–30) | 10, 30 | 10 | ok |" in _tables.text(found)
