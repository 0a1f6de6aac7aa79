"""When a run reaches its plateau, recomputed in the plainest way."""

import numpy as np
import pandas as pd
import pytest

from analysis.numbers import plateau, stats
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


@pytest.fixture(scope="module")
def made():
    return synthetic.study(regimes=("scratch", "fine_tune"), fractions=(0.1, 1.0), searched=3, repeated=4)


@pytest.fixture(scope="module")
def made_table(made):
    return StudyTable(made)


def test_the_first_epoch_near_the_best_is_as_by_hand(made, made_table):
    runs = plateau.runs(made_table)
    assert len(runs) == 2 * 4 * 4  # shares × cells × replicates
    for row in runs.itertuples():
        curve = made[(made["trial"] == row.trial) & (made["split"] == "val") & (made["metric"] == "accuracy")]
        scores = curve.set_index("epoch")["score"]
        wanted = next(epoch for epoch in sorted(scores.index) if scores[epoch] >= row.share * max(scores))
        assert row.epoch == wanted
        assert row.step == 34 * wanted
        assert row.best == max(scores)


def test_intervals_are_those_of_the_mean_over_replicates(made_table):
    runs, means = plateau.runs(made_table), plateau.numbers(made_table)
    for row in means.itertuples():
        epochs = runs[(runs["cell"] == row.cell) & (runs["share"] == row.share)]["epoch"].astype(float)
        assert (row.epoch, row.n) == (np.mean(epochs), 4)
        assert (row.epoch_low, row.epoch_high) == pytest.approx(stats.t_interval(epochs)[1:3])


def test_a_curve_that_is_flat_is_on_its_plateau_at_once():
    df = synthetic.study(regimes=("scratch",), fractions=(1.0,), searched=2, repeated=2)
    flat = StudyTable(df.assign(score=df["score"].mask(df["metric"] == "accuracy", 0.5)))
    assert (plateau.numbers(flat)["epoch"] == 0).all()


@pytest.mark.parametrize("roles", [["search"], []])
def test_without_replicates_there_is_no_plateau(made, roles):
    few = StudyTable(made[made["role"].isin(roles)])
    assert plateau.numbers(few).empty
    assert plateau.text(few).empty


def test_one_replicate_has_no_interval(made):
    one = StudyTable(made[(made["role"] != "replicate") | made["trial"].str.endswith("r000")])
    assert plateau.numbers(one)["epoch_low"].isna().all()
    assert not plateau.text(one)["epoch [95 %]"].str.contains(r"\[").any()


def test_the_text_is_a_table_of_strings(made_table):
    assert isinstance(plateau.text(made_table), pd.DataFrame)
    assert plateau.text(made_table)["epoch [95 %]"].str.match(r"\d+\.\d \[\d+\.\d, \d+\.\d\]").all()
