"""The learning-rate response and each cell's basin, recomputed in plain pandas, and odd studies."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.figures import lr_response, response
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def complete(made, cell):
    """The learning rate and last validation accuracy of a cell's complete search trials."""
    rows = made[(made["cell"] == cell) & (made["role"] == "search") & (made["state"] == "complete")]
    rows = rows[(rows["split"] == "val") & (rows["metric"] == "accuracy")]
    return rows.sort_values("epoch").groupby("trial")[["lr", "score"]].last()


def test_a_basin_spans_the_rates_within_one_per_cent_of_the_best(made, made_table):
    basins = lr_response.numbers(lr_response.data(made_table))
    assert len(basins) == 12
    for row in basins.itertuples():
        trials = complete(made, row.cell)
        near = trials[trials["score"] >= 0.99 * trials["score"].max()]
        assert (row.low, row.high, row.within, row.n) == (near["lr"].min(), near["lr"].max(), len(near), len(trials))
        assert row.decades == pytest.approx(np.log10(near["lr"].max() / near["lr"].min()))


def test_the_winner_is_within_and_no_pruned_trial_is(made_table):
    data = lr_response.data(made_table)
    assert data.loc[data["kind"] == "winner", "within"].all()
    assert not data.loc[data["kind"] == "pruned", "within"].any()
    assert data.drop(columns="within").equals(response.last_scores(made_table, "lr"))


def test_the_band_is_drawn_where_there_are_several_rates():
    df = synthetic.study(regimes=("fine_tune",), fractions=(1.0,), searched=4, repeated=0)
    flat = df.assign(score=df["score"].where(df["metric"] != "accuracy", 0.9))
    for study, bands in ((flat, 1), (flat[flat["trial"] == "c000-s000"], 0)):
        ax, data = Figure().subplots(), lr_response.data(StudyTable(study))
        lr_response.plot(data, ax)
        assert len(ax.patches) == bands
    assert "(n = 1 a cell" in lr_response.caption(data)


def test_scores_below_zero_have_a_basin_too(made):
    data = lr_response.data(StudyTable(made.assign(score=-made["score"])))
    assert (lr_response.numbers(data)["within"] > 0).all()


@pytest.mark.parametrize("state", ["pruned", "failed", "running"])
def test_without_a_complete_trial_there_is_no_basin(made, state):
    data = lr_response.data(StudyTable(made[made["role"] == "search"].assign(state=state)))
    assert lr_response.numbers(data).empty
    assert len(data)
    lr_response.plot(data[data["cell"] == data["cell"].iloc[0]], Figure().subplots())
    assert "Band" not in lr_response.caption(data)


def test_an_empty_table_and_a_missing_metric(made):
    for df in (made.iloc[:0], made[made["metric"] == "loss"]):
        assert lr_response.data(StudyTable(df)).empty
        assert lr_response.numbers(lr_response.data(StudyTable(df))).empty


def test_learning_rate_response_has_each_search_trial_once(made, made_table):
    data = lr_response.data(made_table)
    once = made[made["role"] == "search"].drop_duplicates("trial").set_index("trial")
    assert set(data["trial"]) == set(once[once["state"] != "failed"].index)
    assert data.set_index("trial")["lr"].to_dict() == once.loc[data["trial"], "lr"].to_dict()
    assert data[data["kind"] == "pruned"]["epoch"].max() == 2


def test_trials_as_published_have_no_learning_rate_response():
    assert not lr_response.data(StudyTable(synthetic.models(epochs=2)))["cell"].str.contains("published").any()


def test_a_rate_of_0_has_no_place_on_a_logarithmic_axis(made, made_table):
    without = made["trial"] == made["trial"].iloc[0]
    data = lr_response.data(StudyTable(made.assign(lr=made["lr"].mask(without, 0.0))))
    assert set(response.last_scores(made_table, "lr")["trial"]) - set(data["trial"]) == {made["trial"].iloc[0]}
