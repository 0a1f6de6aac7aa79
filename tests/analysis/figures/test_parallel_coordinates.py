"""Where trials cross the axes, recomputed in plain pandas, and odd studies."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import parallel_coordinates
from analysis.numbers.study_table import StudyTable
from analysis.numbers.table import COLUMNS
from tests.analysis import synthetic


@pytest.fixture(scope="module")
def searched():
    return synthetic.study(regimes=("partial_freeze", "fine_tune"), fractions=(0.1, 1.0), searched=6, repeated=1)


@pytest.fixture(scope="module")
def searched_table(searched):
    return StudyTable(searched)


def of(data, axis):
    return data[data["axis"] == axis].set_index("trial")


def test_heights_are_logarithms_of_the_learning_rate_over_all_cells(searched, searched_table):
    axis = of(parallel_coordinates.data(searched_table), "lr")
    rates = np.log10(searched.drop_duplicates("trial").set_index("trial").loc[axis.index, "lr"])
    wanted = (rates - rates.min()) / (rates.max() - rates.min())
    assert axis["height"].tolist() == pytest.approx(wanted.tolist())
    assert axis["log"].all()
    assert axis["low"].nunique() == axis["high"].nunique() == 1


def test_depths_are_numbers_and_only_of_cells_that_read_them(searched, searched_table):
    axis = of(parallel_coordinates.data(searched_table), "freeze_depth")
    assert set(axis["contender"]) == {"partial_freeze"}
    depths = searched.drop_duplicates("trial").set_index("trial").loc[axis.index, "freeze_depth"].astype(float)
    wanted = (depths - depths.min()) / (depths.max() - depths.min())
    assert axis["height"].tolist() == pytest.approx(wanted.tolist())
    assert not axis["log"].any()
    assert axis["value"].tolist() == [f"{depth:.0f}" for depth in depths]


def test_the_last_axis_is_the_last_validation_score(searched, searched_table):
    data = parallel_coordinates.data(searched_table)
    axis = of(data, parallel_coordinates.SCORE)
    rows = searched[(searched["split"] == "val") & (searched["metric"] == "accuracy")]
    last = rows.groupby("trial")["score"].last()
    assert axis["value"].tolist() == [f"{100 * last[trial]:.2f}" for trial in axis.index]
    assert axis["height"].idxmax() == last[axis.index].idxmax()
    assert (data.groupby("cell")["place"].max() == axis.groupby("cell")["place"].first()).all()


def test_search_trials_alone_are_drawn_each_through_all_axes(searched, searched_table):
    data = parallel_coordinates.data(searched_table)
    scored = searched[(searched["role"] == "search") & searched["score"].notna()]
    assert set(data["trial"]) == set(scored["trial"])
    assert (data.groupby("trial").size() == data.groupby("trial")["cell"].first().map(axes_of(data))).all()
    one, ax = data[data["cell"] == data["cell"].iloc[0]], Figure().subplots()
    parallel_coordinates.plot(one, ax)
    assert len(ax.lines) == one["trial"].nunique()
    ticks = [text.get_text() for text in ax.get_xticklabels()]
    assert ticks == ["lr\n(log)", "decay\n(log)", "depth", "accuracy\n(%)"]


def axes_of(data: pd.DataFrame) -> pd.Series:
    return data.groupby("cell")["axis"].nunique()


def test_names_are_in_order_and_empty_values_at_the_lower_end(searched):
    trials = searched["trial"].drop_duplicates()
    names = dict(zip(trials, ["sgd", "adamw", pd.NA] * len(trials), strict=False))
    axis = of(
        parallel_coordinates.data(StudyTable(searched.assign(optimizer=searched["trial"].map(names)).astype(COLUMNS))),
        "optimizer",
    )
    heights = {name: set(rows["height"]) for name, rows in axis.groupby("value")}
    assert heights == {"adamw": {0.0}, "sgd": {1.0}, "–": {0.0}}


def test_equal_scores_are_in_the_middle(searched):
    assert set(
        of(parallel_coordinates.data(StudyTable(searched.assign(score=0.5))), parallel_coordinates.SCORE)["height"]
    ) == {0.5}


def test_one_trial_differs_in_nothing(searched):
    one = StudyTable(searched[searched["trial"].str.endswith("s000")])
    assert parallel_coordinates.data(one).empty
    assert not parallel_coordinates.data(StudyTable(searched[searched["cell"] == searched["cell"].iloc[0]])).empty


@pytest.mark.parametrize("state", ["pruned", "failed", "running"])
def test_trials_that_all_ended_alike(searched, state):
    data = parallel_coordinates.data(StudyTable(searched[searched["role"] == "search"].assign(state=state)))
    assert set(data["kind"]) == {state}
    parallel_coordinates.plot(data[data["cell"] == data["cell"].iloc[0]], Figure().subplots())
    assert parallel_coordinates.alt(data).endswith("Winners: none yet.")


def test_an_empty_table_and_a_missing_metric(searched, searched_table):
    for df in (searched.iloc[:0], searched[searched["metric"] == "loss"]):
        assert parallel_coordinates.data(StudyTable(df)).empty
        assert list(parallel_coordinates.data(StudyTable(df))) == list(parallel_coordinates.data(searched_table))
