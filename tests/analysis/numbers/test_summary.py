"""Trials and cells of a table, recomputed in the plainest way."""

import numpy as np
import pytest

from analysis.numbers import stats
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def test_cells_are_in_the_order_of_what_they_compare(made):
    cells = StudyTable(made.sample(frac=1, random_state=0)).cells
    wanted = [(regime, share) for regime in synthetic.REGIMES for share in synthetic.FRACTIONS]
    assert list(zip(cells["regime"], cells["label_fraction"], strict=True)) == wanted


def test_winners_are_the_best_complete_search_trials(made, made_table):
    rows = made[(made["role"] == "search") & (made["state"] == "complete")]
    rows = rows[(rows["split"] == "val") & (rows["metric"] == "accuracy") & (rows["epoch"] == 10)]
    for cell, group in rows.groupby("cell"):
        best = group.loc[group["score"].idxmax()]
        row = made_table.cells.set_index("cell").loc[cell]
        assert (row["winner"], row["val"], row["lr"]) == (best["trial"], best["score"], best["lr"])


def test_the_last_epoch_decides_not_the_best_one(made):
    rows = made[made["trial"].isin(["c000-s000", "c000-s001"])].copy()
    rows.loc[(rows["trial"] == "c000-s001") & (rows["epoch"] == 5) & (rows["metric"] == "accuracy"), "score"] = 1.0
    assert (
        StudyTable(rows).winners["trial"].tolist()
        == StudyTable(made[made["trial"].isin(rows["trial"])]).winners["trial"].tolist()
    )


def test_of_equal_trials_the_lower_number_wins(made):
    rows = made[(made["cell"] == made["cell"].iloc[0]) & (made["role"] == "search") & (made["state"] == "complete")]
    rows = rows.assign(score=0.5, trial=rows["trial"].str.replace("c000-s000", "c000-s1000"))
    assert StudyTable(rows).winners["trial"].tolist() == [min(set(rows["trial"]) - {"c000-s1000"})]


def test_test_scores_are_the_replicates_with_their_interval(made, made_table):
    for row in made_table.cells.itertuples():
        test = made[(made["cell"] == row.cell) & (made["split"] == "test")]["score"]
        assert (row.test_mean, row.test_low, row.test_high) == pytest.approx(stats.t_interval(test, (0, 1))[:3])
        assert row.replicates == 5


def test_replicates_of_an_earlier_winner_do_not_count(made):
    old = made["replicate_of"].mask(made["role"] == "replicate", "c000-s999")
    cells = StudyTable(made.assign(replicate_of=old)).cells
    assert (cells["replicates"] == 0).all()
    assert cells["test_mean"].isna().all()


def test_trials_are_counted_by_state(made, made_table):
    cells = made_table.cells
    once = made[made["role"] == "search"].drop_duplicates("trial")
    assert cells["trials"].tolist() == [8] * 12
    for state in ("complete", "pruned", "failed", "running"):
        assert cells[state].sum() == (once["state"] == state).sum()
    assert cells["failed"].tolist() == [0, 1] + [0] * 10


def test_tuned_is_what_varies_inside_a_cell(made, made_table):
    assert made_table.tuned == ["lr", "weight_decay", "freeze_depth"]
    assert StudyTable(made[made["trial"].str.endswith("s000")]).tuned == []


def test_a_depth_that_is_not_read_stays_empty(made_table):
    depths = made_table.cells.set_index("regime")["freeze_depth"]
    assert depths["scratch"].isna().all()
    assert depths["partial_freeze"].notna().all()


def test_the_objective_is_the_tasks_metric_and_never_the_loss(made, made_table):
    assert made_table.objective == "accuracy"
    assert StudyTable(made.assign(metric=made["metric"].replace("accuracy", "mAP"))).objective == "mAP"
    assert StudyTable(made[made["metric"] == "loss"]).objective == "accuracy"


def test_a_trial_without_score_is_counted(made):
    bare = made[made["trial"] == "c001-s007"]
    assert len(bare) == 1
    assert StudyTable(bare).trials[["val", "test"]].isna().all(axis=None)
    assert StudyTable(bare).cells[["trials", "failed"]].to_numpy().tolist() == [[1, 1]]


def test_cells_on_the_test_split_are_named(made, made_table):
    assert made_table.on_test == set()
    some = made["cell"] == made["cell"].iloc[0]
    df = StudyTable(made.assign(validation=some.map({True: "test", False: "groups"}).astype("string")))
    assert df.on_test == {made["cell"].iloc[0]}
    assert df.cells["val_is_test"].sum() == 1


def test_cells_of_nothing_are_none(made):
    assert StudyTable(made.iloc[:0]).cells.empty


def test_the_number_of_training_images_is_reported_by_trial_and_by_cell(made, made_table):
    images = made_table.cells.set_index("label_fraction")["train_images"]
    assert {share: set(images[share]) for share in synthetic.FRACTIONS} == {0.1: {344}, 0.5: {1720}, 1.0: {3440}}
    assert StudyTable(made[made["state"] != "complete"]).cells["train_images"].notna().any()
    assert set(made_table.trials["train_images"].dropna()) == {344, 1720, 3440}


def test_where_nothing_is_trained_there_is_a_score_and_no_interval():
    cells = StudyTable(synthetic.with_zero_shot()).cells.set_index("regime").loc["zero_shot"]
    assert cells["test_mean"].tolist() == pytest.approx([0.21, 0.21])
    assert np.isnan(cells[["test_low", "test_high"]].to_numpy(float)).all()
    assert cells["train_images"].isna().all()
