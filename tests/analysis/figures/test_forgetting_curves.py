"""Forgetting by epoch: means over replicates, and a dashed line for the old statistics."""

import pytest
from matplotlib.figure import Figure

from analysis.figures import forgetting_curves
from analysis.numbers import stats
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic_chains


@pytest.fixture(scope="module")
def chains():
    return synthetic_chains.chain()


@pytest.fixture(scope="module")
def chains_table(chains):
    return StudyTable(chains)


def test_curves_are_the_means_over_replicates(chains, chains_table):
    data = forgetting_curves.data(chains_table)
    assert len(data) == 9 * 2 * 5
    for row in data.sample(20, random_state=0).itertuples():
        metric = {"as it is": "accuracy"}.get(row.net, "accuracy_own_batchnorm")
        rows = chains[(chains["cell"] == row.cell) & (chains["task"] == "animals") & (chains["metric"] == metric)]
        rows = rows[(rows["split"] == "val") & (rows["role"] != "search") & (rows["epoch"] == row.epoch)]
        assert (row.mean, row.low, row.high, row.n) == pytest.approx(stats.t_interval(rows["score"], (0, 1)))


def test_the_old_statistics_are_dashed_over_the_network_as_it_is(chains_table):
    data = forgetting_curves.data(chains_table)
    rows, ax = data[data["panel"] == data["panel"].iloc[0]], Figure().subplots()
    forgetting_curves.plot(rows, ax)
    solid, dashed = ax.lines
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert solid.get_label() == "as it is"
    assert dashed.get_zorder() > solid.get_zorder()
    assert solid.get_ydata() == pytest.approx(rows.loc[rows["net"] == "as it is", "mean"])


def test_several_tasks_have_a_panel_each(chains):
    data = forgetting_curves.data(
        StudyTable(synthetic_chains.chain(tasks=("animals", "canines"), versions=("corrected",)))
    )
    assert data["panel"].drop_duplicates().tolist()[:2] == [
        "feature_extraction · corrected · animals",
        "feature_extraction · corrected · canines",
    ]
