"""Which hyperparameter matters, where that is known, and of which cells nothing is claimed."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import importance
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


@pytest.fixture(scope="module")
def searched():
    return synthetic.study(regimes=("partial_freeze", "fine_tune"), fractions=(1.0,), searched=16, repeated=0)


@pytest.fixture(scope="module")
def searched_table(searched):
    return StudyTable(searched)


def configs(size=40, seed=0):
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "lr": 10 ** draw.uniform(-5, -1, size),
            "weight_decay": 10 ** draw.uniform(-6, -2, size),
            "freeze_depth": pd.array(draw.integers(0, 6, size), "Int64"),
            "optimizer": pd.array(draw.choice(["sgd", "adamw"], size), "string"),
        }
    )


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        ("lr", lambda values: -((np.log10(values["lr"]) + 3) ** 2)),
        ("freeze_depth", lambda values: values["freeze_depth"].astype(float)),
        ("optimizer", lambda values: (values["optimizer"] == "sgd").astype(float)),
    ],
)
def test_what_alone_decides_the_score_matters_most(name, scores):
    values = configs()
    shares = importance.importances(values, scores(values), importance.good(len(values)))
    assert max(shares, key=shares.get) == name
    assert shares[name] > 0.5
    assert sum(shares.values()) == pytest.approx(1)


def test_order_of_trials_and_a_monotone_change_of_scores_change_nothing():
    values = configs()
    scores = values["freeze_depth"].astype(float) + np.log10(values["lr"]) / 10
    shares = importance.importances(values, scores, 8)
    assert importance.importances(values, np.exp(scores), 8) == pytest.approx(shares)
    assert importance.importances(values[::-1], scores[::-1], 8) == pytest.approx(shares)


@pytest.mark.parametrize(("trials", "top"), [(8, 4), (9, 4), (10, 5), (16, 5), (50, 5), (51, 6), (100, 10)])
def test_how_many_count_as_good(trials, top):
    assert importance.good(trials) == top


def test_every_cell_has_the_same_bars_and_shares_of_one(searched_table):
    data = importance.data(searched_table)
    assert data.groupby("cell")["name"].apply(list).tolist() == [["lr", "weight_decay", "freeze_depth"]] * 2
    assert data.groupby("cell")["importance"].sum().tolist() == pytest.approx([1, 1])
    unread = data[data["contender"] == "fine_tune"].set_index("name")["importance"].isna()
    assert unread.to_dict() == {"lr": False, "weight_decay": False, "freeze_depth": True}


def test_pruned_trials_count(searched, searched_table):
    data = importance.data(searched_table).drop_duplicates("cell").set_index("cell")
    once = searched.drop_duplicates("trial")
    assert data["n"].to_dict() == once[once["state"] != "failed"].groupby("cell").size().to_dict()
    assert data["pruned"].to_dict() == once[once["state"] == "pruned"].groupby("cell").size().to_dict()
    assert "a pruned trial counts with its last score" in importance.caption(importance.data(searched_table))


def test_of_few_trials_nothing_is_claimed():
    df = StudyTable(synthetic.study(regimes=("fine_tune",), fractions=(1.0,), searched=7, repeated=0))
    assert importance.data(df).empty
    assert importance.notes(df) == ["Nothing is claimed of any cell: fewer than 8 scored search trials."]


def test_of_one_hyperparameter_and_of_equal_scores_nothing_is_claimed(searched):
    one = StudyTable(searched.assign(weight_decay=0.1))
    assert set(importance.data(one)["contender"]) == {"partial_freeze"}
    why = "fewer than two tuned hyperparameters, so that there is nothing to rank"
    assert importance.notes(one) == [f"Nothing is claimed of fine_tune · 100 % labels: {why}."]
    equal = StudyTable(searched.assign(score=0.5))
    assert importance.data(equal).empty
    assert importance.notes(equal) == ["Nothing is claimed of any cell: the same score in all trials."]


@pytest.mark.parametrize("state", ["failed", "running"])
def test_trials_without_an_end_say_nothing(searched, state):
    df = StudyTable(searched.assign(state=state))
    assert importance.data(df).empty
    assert importance.notes(df) == []


def test_all_pruned_an_empty_table_and_a_missing_metric(searched):
    assert len(importance.data(StudyTable(searched.assign(state="pruned")))) == 6
    for df in (searched.iloc[:0], searched[searched["metric"] == "loss"]):
        assert importance.data(StudyTable(df)).empty
        assert importance.notes(StudyTable(df)) == []


def test_a_hyperparameter_that_a_cell_does_not_tune_has_a_note_instead_of_a_bar(searched_table):
    data, ax = importance.data(searched_table), Figure().subplots()
    importance.plot(data[data["contender"] == "fine_tune"], ax)
    assert [text.get_text() for text in ax.texts] == ["not tuned", "n = 15, 8 pruned"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["lr", "decay", "depth"]
