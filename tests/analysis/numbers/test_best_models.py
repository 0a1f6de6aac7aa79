"""The saved model of each cell, with the mean validation score of its replicates."""

import pytest

from analysis.numbers import table
from analysis.numbers.best_models import NoModelError, best_models
from tests.analysis import synthetic


def saved_by(df):
    """The first replicate of each cell, as a study saves it."""
    return {trial for trial in df["trial"].unique() if trial.endswith("-r000")}


def last_scores(df, cell, split):
    """The accuracy of each replicate of a cell at its last epoch."""
    rows = df[(df["cell"] == cell) & (df["role"] == "replicate") & (df["split"] == split)]
    return rows[rows["metric"] == "accuracy"].sort_values("epoch").groupby("trial")["score"].last()


def test_each_cell_has_its_model_with_the_mean_of_its_replicates(made, made_table, folder):
    models = best_models(folder, saved_by(made))
    assert [model.cell for model in models] == made_table.grid["cell"].tolist()
    for model in models:
        scores = last_scores(made, model.cell, "val")
        assert model.trial == scores.index[0]
        assert (model.val, model.n, model.metric) == (pytest.approx(scores.mean()), 5, "accuracy")
        assert not model.on_test
        assert model.score == f"accuracy {100 * scores.mean():.2f} %, 5 replicates"


def test_scores_on_the_test_split_play_no_part(small, tmp_path):
    worse = small.assign(score=small["score"].mask(small["split"] == "test", 0.01))
    folders = [synthetic.write(df, tmp_path / name) for name, df in (("a", small), ("b", worse))]
    first, second = (best_models(folder, saved_by(small)) for folder in folders)
    assert first == second


def test_of_several_saved_replicates_the_lowest_number_counts(folder):
    models = best_models(folder, ["c001-r003", "c000-r002", "c001-r001"])
    assert [model.trial for model in models] == ["c000-r002", "c001-r001"]


def test_search_trials_and_unknown_names_are_no_models(small, tmp_path):
    with pytest.raises(NoModelError, match=r"^trials: \d+ complete"):
        best_models(synthetic.write(small, tmp_path), ["c000-s000", "nobody"])


def test_without_any_trial_there_is_no_model(small, tmp_path):
    with pytest.raises(NoModelError, match=r"^trials: none$"):
        best_models(synthetic.write(small.iloc[:0], tmp_path), [])


def test_cells_validated_on_the_test_split_are_marked(tmp_path):
    df = synthetic.on_test(synthetic.models(("published", "corrected"), missing=False, epochs=2))
    models = best_models(synthetic.write(df, tmp_path), saved_by(df))
    assert len(models) == 6
    assert {model.cell for model in models if model.on_test} == set(df.loc[df["role"] == "published", "cell"])


def test_a_folder_without_a_table_is_refused(tmp_path):
    with pytest.raises(table.NoTableError):
        best_models(tmp_path, [])
