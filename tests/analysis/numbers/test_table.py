"""Reading a table, and the tables that are refused."""

import pandas as pd
import pytest

from analysis.numbers import table
from analysis.numbers.columns import LATER
from tests.analysis import synthetic, synthetic_chains


def test_a_table_comes_back_as_it_was_written(made, folder):
    pd.testing.assert_frame_equal(table.load(folder), made)


def test_an_empty_table_keeps_its_types(made, tmp_path):
    df = table.load(synthetic.write(made.iloc[:0], tmp_path))
    assert {name: str(dtype) for name, dtype in df.dtypes.items()} == table.COLUMNS


def test_columns_that_are_all_empty_may_have_any_type(made, tmp_path):
    rows = made.astype(object).where(made.notna(), None).assign(momentum=None, crop=None)
    assert table.load(synthetic.write(rows, tmp_path))["momentum"].isna().all()


def test_a_newer_tables_columns_are_left_out(made, tmp_path):
    assert list(table.load(synthetic.write(made.assign(something_new=0.5), tmp_path))) == list(table.COLUMNS)


def test_columns_that_an_earlier_version_lacks_are_empty(made, tmp_path):
    df = table.load(synthetic.write(made.drop(columns=list(LATER)), tmp_path))
    assert {name: str(dtype) for name, dtype in df.dtypes.items()} == table.COLUMNS
    assert df[list(LATER)].isna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda df: df.drop(columns=["lr", "score"]), "lacks the columns lr, score"),
        (lambda df: df.assign(score="high"), "score (large_string, not float64)"),
        (lambda df: df.drop(columns="lr"), "lacks the column lr"),
        (lambda df: df.assign(trial=1), "trial (int64, not string)"),
        (lambda df: df.assign(epoch=0.5), "values in epoch that are not Int64"),
        (lambda df: df.assign(state="paused"), "the state 'paused'; one of complete, pruned, failed, running, not_run"),
        (lambda df: df.assign(role="best"), "the role 'best'; one of search, replicate, published"),
        (lambda df: df.assign(cell=None), "rows without cell"),
    ],
)
def test_a_table_that_is_wrong_is_refused_in_one_line(made, tmp_path, change, message):
    with pytest.raises(table.TableError) as error:
        table.load(synthetic.write(change(made), tmp_path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_table_is_named(tmp_path):
    with pytest.raises(table.NoTableError, match=r"no table\.parquet in"):
        table.load(tmp_path)


def test_studies_in_a_folder_are_named_and_one_that_has_just_begun_is_distinguished(tmp_path):
    for name in "abcdefg":
        (tmp_path / name).mkdir()
        (tmp_path / name / "table.parquet").touch()
    with pytest.raises(table.NoTableError, match=r"give the folder of a study in it: a, b, c, d, e, …$"):
        table.load(tmp_path)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "study.json").touch()
    with pytest.raises(table.NoTableError, match="yet; it is written with the first scores"):
        table.load(tmp_path / "new")


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


def test_enlarging_on_the_device_is_no_other_data(made, tmp_path):
    zoomed = made.assign(upsample=made["regime"].map(lambda name: 256 if name == "scratch" else 32).astype("Int64"))
    assert len(table.load(synthetic.write(zoomed, tmp_path))) == len(made)


def test_a_cell_that_cannot_run_has_a_row(tmp_path):
    df = synthetic.models(epochs=2)
    assert (table.load(synthetic.write(df, tmp_path))["state"] == "not_run").sum() == 4


def test_a_file_that_cannot_be_opened_is_no_fault_of_its_content(folder, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("analysis.numbers.parquet.os.open", refuse)
    with pytest.raises(PermissionError):
        table.load(folder)


def test_a_task_that_is_not_the_last_of_a_chain_is_an_earlier_one(made):
    few = made.iloc[:5].copy()
    few["task"] = ["animals", "gtsrb", "animals", None, "animals"]
    few["trained_on"] = ["gtsrb", "gtsrb", None, "gtsrb", "gtsrb"]
    few["role"] = ["search"] * 4 + ["pretrain"]
    assert table.earlier(few.astype(table.COLUMNS)).tolist() == [True, False, False, False, False]
    assert not table.earlier(made).any()
    assert table.earlier(made.iloc[:0]).empty


def test_earlier_tasks_may_have_data_of_their_own_but_each_task_one(made, tmp_path):
    df = synthetic_chains.with_earlier(made[made["regime"] == "fine_tune"])
    earlier = table.earlier(df)
    other = df.assign(data=df["data"].mask(earlier, "stand-in: drawn animals"))
    assert len(table.load(synthetic.write(other, tmp_path))) == len(df)
    mixed = other.assign(data=other["data"].mask(earlier & (df["seed"] == 100), "stand-in: other animals"))
    with pytest.raises(table.TableError, match="mixes scores of different data"):
        table.load(synthetic.write(mixed, tmp_path))
