"""Reading a table, and its trials and cells recomputed in the plainest way."""

import pandas as pd
import pytest

from analysis import stats, table
from tests.analysis import synthetic


def test_a_table_comes_back_as_it_was_written(made, folder):
    pd.testing.assert_frame_equal(table.load(folder), made)


def test_an_empty_table_keeps_its_types(made, tmp_path):
    found = table.load(synthetic.write(made.iloc[:0], tmp_path))
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == table.COLUMNS


def test_columns_that_are_all_empty_may_have_any_type(made, tmp_path):
    rows = made.astype(object).where(made.notna(), None).assign(momentum=None, crop=None)
    assert table.load(synthetic.write(rows, tmp_path))["momentum"].isna().all()


def test_a_newer_tables_columns_are_left_out(made, tmp_path):
    assert list(table.load(synthetic.write(made.assign(lr_decay=0.5), tmp_path))) == list(table.COLUMNS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda df: df.drop(columns=["lr", "score"]), "lacks the columns lr, score"),
        (lambda df: df.assign(score="high"), "score (large_string, not float64)"),
        (lambda df: df.assign(trial=1), "trial (int64, not string)"),
        (lambda df: df.assign(epoch=0.5), "values in epoch that are not Int64"),
        (lambda df: df.assign(state="paused"), "the state 'paused'; one of complete, pruned, failed, running"),
        (lambda df: df.assign(role="best"), "the role 'best'; one of search, replicate, published"),
        (lambda df: df.assign(cell=None), "rows without cell"),
    ],
)
def test_a_table_that_is_wrong_is_refused_in_one_line(made, tmp_path, change, said):
    with pytest.raises(table.TableError) as error:
        table.load(synthetic.write(change(made), tmp_path))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_table_is_named(tmp_path):
    with pytest.raises(table.TableError, match=r"no table\.parquet in"):
        table.load(tmp_path)


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    (tmp_path / "table.parquet").write_bytes(b"PAR0 not at all")
    with pytest.raises(table.TableError, match="cannot be read as Parquet"):
        table.load(tmp_path)


def test_stand_in_and_real_scores_are_not_put_side_by_side(made, tmp_path):
    real = made["data"].mask(made["cell"] == made["cell"].iloc[0], "GTSRB official: 39,209 train + 12,630 test images")
    with pytest.raises(table.TableError, match=r"mixes scores of different data.*GTSRB official.*stand-in"):
        table.load(synthetic.write(made.assign(data=real), tmp_path))


def test_crops_of_one_data_set_may_be_compared(made, tmp_path):
    whole = made["regime"] == "scratch"
    crops = made.assign(
        crop=whole.map({True: "none", False: "roi"}), data=whole.map({True: "G, whole", False: "G, roi"})
    )
    assert len(table.load(synthetic.write(crops, tmp_path))) == len(made)


def test_a_cells_name_is_parsed():
    assert table.compared("regime=lp_ft, label_fraction=0.1") == {"regime": "lp_ft", "label_fraction": "0.1"}
    assert table.compared("tasks=(a, b), regime=scratch") == {"tasks": "(a, b)", "regime": "scratch"}
    assert table.compared("") == {}


def test_cells_are_in_the_order_of_what_they_compare(made):
    found = table.cells(made.sample(frac=1, random_state=0))
    wanted = [(regime, share) for regime in synthetic.REGIMES for share in synthetic.FRACTIONS]
    assert list(zip(found["regime"], found["label_fraction"], strict=True)) == wanted


def test_winners_are_the_best_complete_search_trials(made):
    rows = made[(made["role"] == "search") & (made["state"] == "complete")]
    rows = rows[(rows["split"] == "val") & (rows["metric"] == "accuracy") & (rows["epoch"] == 10)]
    for cell, group in rows.groupby("cell"):
        best = group.loc[group["score"].idxmax()]
        found = table.cells(made).set_index("cell").loc[cell]
        assert (found["winner"], found["val"], found["lr"]) == (best["trial"], best["score"], best["lr"])


def test_the_last_epoch_decides_not_the_best_one(made):
    rows = made[made["trial"].isin(["c000-s000", "c000-s001"])].copy()
    rows.loc[(rows["trial"] == "c000-s001") & (rows["epoch"] == 5) & (rows["metric"] == "accuracy"), "score"] = 1.0
    assert (
        table.winners(rows)["trial"].tolist()
        == table.winners(made[made["trial"].isin(rows["trial"])])["trial"].tolist()
    )


def test_of_equal_trials_the_lower_number_wins(made):
    rows = made[(made["cell"] == made["cell"].iloc[0]) & (made["role"] == "search") & (made["state"] == "complete")]
    rows = rows.assign(score=0.5, trial=rows["trial"].str.replace("c000-s000", "c000-s1000"))
    assert table.winners(rows)["trial"].tolist() == [min(set(rows["trial"]) - {"c000-s1000"})]


def test_test_scores_are_the_replicates_with_their_interval(made):
    for row in table.cells(made).itertuples():
        test = made[(made["cell"] == row.cell) & (made["split"] == "test")]["score"]
        assert (row.test_mean, row.test_low, row.test_high) == pytest.approx(stats.t_interval(test, (0, 1))[:3])
        assert row.replicates == 5


def test_replicates_of_an_earlier_winner_do_not_count(made):
    old = made["replicate_of"].mask(made["role"] == "replicate", "c000-s999")
    found = table.cells(made.assign(replicate_of=old))
    assert (found["replicates"] == 0).all()
    assert found["test_mean"].isna().all()


def test_trials_are_counted_by_state(made):
    found = table.cells(made)
    once = made[made["role"] == "search"].drop_duplicates("trial")
    assert found["trials"].tolist() == [8] * 12
    for state in ("complete", "pruned", "failed", "running"):
        assert found[state].sum() == (once["state"] == state).sum()
    assert found["failed"].tolist() == [0, 1] + [0] * 10


def test_tuned_is_what_varies_inside_a_cell(made):
    assert table.tuned(made) == ["lr", "weight_decay", "freeze_depth"]
    assert table.tuned(made[made["trial"].str.endswith("s000")]) == []


def test_a_depth_that_is_not_read_stays_empty(made):
    found = table.cells(made).set_index("regime")["freeze_depth"]
    assert found["scratch"].isna().all()
    assert found["partial_freeze"].notna().all()


def test_the_objective_is_the_tasks_metric_and_never_the_loss(made):
    assert table.objective(made) == "accuracy"
    assert table.objective(made.assign(metric=made["metric"].replace("accuracy", "mAP"))) == "mAP"
    assert table.objective(made[made["metric"] == "loss"]) == "accuracy"


def test_a_trial_without_score_is_counted(made):
    bare = made[made["trial"] == "c001-s007"]
    assert len(bare) == 1
    assert table.trials(bare)[["val", "test"]].isna().all(axis=None)
    assert table.cells(bare)[["trials", "failed"]].to_numpy().tolist() == [[1, 1]]


def test_cells_of_nothing_are_none(made):
    assert table.cells(made.iloc[:0]).empty
