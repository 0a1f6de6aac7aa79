"""The verdicts follow from the figures; a missed bound, a wrong score and one that nobody can compare are said."""

import pytest

from benchmarks import _outcome, _tables
from benchmarks._account import BESIDE, PARTS


def run(way, trial_epochs, accuracy=0.5, repeat=1, **more):
    row = {"trial": 0, "depth": 0, "baseline": True, "epoch": 1, "accuracy": accuracy}
    counts = {"trials": 100, "trial_epochs": trial_epochs, "wall": 36.0, "start": 6.0, "memory": 2**30}
    about = {"workload": "w", "repeat": repeat, "way": way, "seconds": dict.fromkeys(PARTS, 1.0), "records": [row]}
    return about | {"overhead": dict.fromkeys(BESIDE, 0.01)} | counts | more


def figures(*runs):
    workload = {"bounds": [10, 5], "images": {"train": 100, "val": 100}}
    return {"machine": {"cores": "2"}, "setting": {"size": "32 px"}, "workloads": {"w": workload}, "runs": list(runs)}


@pytest.mark.parametrize(("trial_epochs", "missed"), [(100, 0), (60, 1), (40, 2)])
def test_bounds(trial_epochs, missed):
    found = figures(run("ours", trial_epochs), run("ray", 10), run("optuna", 10))
    assert len(_outcome.verdicts(found)) == missed
    assert _tables.text(found).count("**MISSED**") == missed


def test_wrong_scores_are_a_failure():
    found = figures(run("ours", 100, accuracy=0.9), run("ray", 10), run("optuna", 10, accuracy=0.9))
    assert _outcome.verdicts(found) == ["w: the scores differ by +40.0 points from those of (a) Ray Tune"]
    assert _tables.text(found).count("**NO**") == 1


def test_scores_that_nobody_can_compare_are_a_failure():
    found = figures(run("ours", 100), run("ray", 10), run("optuna", 10))
    found["runs"][1]["records"][0]["baseline"] = False
    assert _outcome.verdicts(found) == ["w: no score of this project can be compared with one of (a) Ray Tune"]


def test_what_is_missing_is_said():
    assert len(_outcome.verdicts(figures(run("ours", 100)))) == 2
    assert len(_outcome.verdicts(figures())) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"start": 13.0}, "w: 13.00 s of start-up, at most 12 are wanted"),
        ({"overhead": dict.fromkeys(BESIDE, 0.2)}, "w: 0.60 s of overhead a trial, at most 0.3 are wanted"),
        ({"overhead": {}}, "w: nan s of overhead a trial, at most 0.3 are wanted"),
    ],
)
def test_start_up_and_overhead(more, said):
    found = figures(run("ours", 100, **more), run("ray", 10), run("optuna", 10))
    assert _outcome.verdicts(found) == [said]
    assert _tables.text(found).count("**MISSED**") == 1


def test_overhead_is_setup_other_and_between():
    told = _outcome.cost(figures(run("ours", 100)), "w")
    assert told.parts == {"setup": [0.01], "other": [0.01], "between": [0.01]}
    assert told.overhead == [pytest.approx(0.03)]


def test_ratio_of_each_repeat_and_its_geometric_mean():
    found = figures(run("ours", 40), run("ray", 10), run("ours", 160, repeat=2), run("ray", 10, repeat=2))
    assert "| w | (a) Ray Tune | 8 (4–16) | 4, 16 | 8 (4–16) | 10 | **MISSED** |" in _tables.text(found)


def test_ratio_without_start_up():
    found = figures(run("ours", 100, start=18.0), run("ray", 10, start=0.0))
    assert _outcome.ratio(found, "w", "ray").each == [10]
    assert _outcome.ratio(found, "w", "ray").without_start == [20]
