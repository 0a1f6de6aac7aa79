"""Who reached which rung and was pruned there, counted in plain pandas, and odd studies."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import rungs
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def twice(df: pd.DataFrame) -> pd.DataFrame:
    """The same, but that the worse half of each cell's complete search trials were pruned at epoch 5."""
    done = df[(df["role"] == "search") & (df["state"] == "complete") & (df["split"] == "val")]
    last = done[done["metric"] == "accuracy"].groupby(["cell", "trial"])["score"].last()
    worse = last[last < last.groupby("cell").transform("median")].reset_index()["trial"]
    stopped = df["trial"].isin(worse)
    rows = df[~(stopped & (df["epoch"] > 5).fillna(False))]
    return rows.assign(state=rows["state"].mask(rows["trial"].isin(worse), "pruned"))


@pytest.fixture(scope="module")
def searched(made):
    return twice(made[made["role"] == "search"])


@pytest.fixture(scope="module")
def searched_table(searched):
    return StudyTable(searched)


def test_scores_are_those_of_the_table_at_the_rungs(searched, searched_table):
    data = rungs.data(searched_table)
    assert sorted(data["rung"].unique()) == [2, 5, 10]
    rows = searched[(searched["split"] == "val") & (searched["metric"] == "accuracy")]
    rows = rows[rows["epoch"].isin([2, 5, 10])].set_index(["trial", "epoch"])["score"]
    assert data.set_index(["trial", "rung"])["score"].sort_index().tolist() == rows.sort_index().tolist()


def test_who_reached_a_rung_and_was_not_pruned_there_reached_the_next(searched, searched_table):
    counts = rungs.counts(rungs.data(searched_table))
    for _, rows in counts.groupby("cell"):
        assert (rows["reached"] - rows["pruned"]).tolist()[:-1] == rows["reached"].tolist()[1:]
    total = searched[searched["state"] == "pruned"]["trial"].nunique()
    assert counts["pruned"].sum() == total


def test_a_trial_is_pruned_once_at_its_last_rung(searched_table):
    data = rungs.data(searched_table)
    pruned = data[data["pruned"]]
    assert pruned["trial"].is_unique
    assert (pruned["rung"] == pruned["trial"].map(data.groupby("trial")["rung"].max())).all()
    assert set(pruned["kind"]) == {"pruned"}


def test_rungs_of_all_cells_have_one_place_and_a_cell_its_own_end(made):
    short = made[made["regime"] != "scratch"]
    early = made[(made["regime"] == "scratch") & (made["epoch"] <= 6).fillna(True)]
    data = rungs.data(StudyTable(pd.concat([early, short])))
    assert data.groupby("rung")["place"].nunique().eq(1).all()
    assert data[data["regime"] == "scratch"]["rung"].max() == 6
    assert 6 not in set(data[data["regime"] != "scratch"]["rung"])


def test_a_rungs_tick_has_the_numbers_pruned_and_reached(searched_table):
    data, ax = rungs.data(searched_table), Figure().subplots()
    one = data[data["cell"] == data["cell"].iloc[0]]
    rungs.plot(one, ax)
    wanted = [f"{row.rung}\n{row.pruned}/{row.reached}" for row in rungs.counts(one).itertuples()]
    assert [text.get_text() for text in ax.get_xticklabels()] == wanted
    assert len(ax.lines) == one["trial"].nunique()


def test_without_pruning_there_is_nothing_to_draw():
    assert rungs.data(StudyTable(synthetic.study(regimes=("scratch",), fractions=(1.0,), searched=2, repeated=0))).empty


@pytest.mark.parametrize("state", ["pruned", "failed", "running"])
def test_trials_that_all_ended_alike(made, state):
    data = rungs.data(StudyTable(made[made["role"] == "search"].assign(state=state)))
    assert data.empty == (state != "pruned")
    if len(data):
        rungs.plot(data[data["cell"] == data["cell"].iloc[0]], Figure().subplots())
        assert set(data["kind"]) == {"pruned"}


def test_an_empty_table_and_a_missing_metric(made):
    assert rungs.data(StudyTable(made.iloc[:0])).empty
    assert rungs.data(StudyTable(made[made["metric"] == "loss"])).empty


def test_replicates_reach_no_rung(made_table):
    assert set(rungs.data(made_table)["trial"].str[5]) == {"s"}
