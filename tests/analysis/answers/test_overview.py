"""The opening of a report, which names what was studied, and the table of pairs."""

import numpy as np
import pandas as pd
import pytest

from analysis.answers import overview, verdicts
from analysis.numbers import comparisons
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


@pytest.fixture(scope="module")
def models():
    return synthetic.models()


@pytest.fixture(scope="module")
def models_table(models):
    return StudyTable(models)


@pytest.fixture(scope="module")
def prototypes():
    """Two regimes at two fractions, the first made to be prototypes."""
    df = synthetic.study(("feature_extraction", "fine_tune"), (0.1, 1.0), searched=2, repeated=4, epochs=2)
    return df.assign(**{name: df[name].str.replace("feature_extraction", "prototype") for name in ("cell", "regime")})


def test_every_pair_meets_once_with_the_better_first(models, models_table):
    pairs = comparisons.improvements(models_table)
    assert len(pairs) == 4 * 3
    means = models_table.cells.set_index("cell")["test_mean"]
    for row in pairs.itertuples():
        a, b = (models[(models["cell"] == c) & (models["split"] == "test")] for c in (row.cell_better, row.cell_other))
        wins = [x > y for x in a["score"] for y in b["score"]]
        assert means[row.cell_better] >= means[row.cell_other]
        assert (row.p, row.n_better, row.n_other) == (pytest.approx(np.mean(wins)), 5, 5)
    assert overview.improvements(models_table)["a > b"].iloc[0] == "parallel_net > cnn"


def test_a_fixed_score_counts_once():
    pairs = comparisons.improvements(StudyTable(synthetic.with_zero_shot()))
    assert pairs[["better", "other", "n_better", "n_other"]].drop_duplicates().to_numpy().tolist() == [
        ["feature_extraction", "zero_shot", 5, 1]
    ]
    assert pairs["p"].tolist() == [1, 1]
    assert pairs[["low", "high", "mann_whitney_p", "separated"]].isna().all(axis=None)


def test_prototypes_have_an_interval_where_seeds_change_the_labels_read(prototypes):
    test = (prototypes["split"] == "test") & (prototypes["regime"] == "prototype")
    score = prototypes["score"].mask(test & (prototypes["label_fraction"] == 1), 0.8)
    cells = comparisons.scored(StudyTable(prototypes.assign(score=score))).set_index(["contender", "label_fraction"])
    assert cells.loc["prototype", "fixed"].to_dict() == {0.1: False, 1.0: True}
    assert cells.loc["prototype", "low"].notna().to_dict() == {0.1: True, 1.0: False}
    assert not cells.loc["fine_tune", "fixed"].any()
    assert (
        "prototype 80.00, nothing trained" in verdicts.sentences(StudyTable(prototypes.assign(score=score)))[1].evidence
    )


def test_cells_that_were_not_run_are_named_and_counted_in_nothing(models, models_table):
    assert f"4 of 16 cells were not run: {synthetic.NO_WEIGHTS}." in overview.opening(models_table)
    assert not models_table.trials["state"].eq("not_run").any()
    only = StudyTable(models[models["state"] == "not_run"])
    assert "4 of 4 cells were not run" in overview.opening(only)[1]


def test_trials_as_published_are_described(models_table):
    assert any(
        sentence.startswith("In cells as published nothing is searched") for sentence in overview.opening(models_table)
    )
    assert not any(
        "as published" in sentence for sentence in overview.opening(StudyTable(synthetic.models(versions=())))
    )


def test_an_empty_table_has_nothing_to_claim(models, models_table):
    assert overview.improvements(StudyTable(models.iloc[:0])).empty
    assert pd.api.types.is_float_dtype(comparisons.scored(models_table)["mean"])


def test_fractions_with_equally_many_images_are_named(made, made_table):
    assert overview.equal_fractions(made_table) == []
    few = made["train_images"].mask(made["label_fraction"] < 1, 172)
    table = StudyTable(made.assign(train_images=few))
    assert overview.equal_fractions(table) == [
        "Cells at 10 % and 50 % of the labels trained on equally many images (172): these fractions are not told apart."
    ]
    assert overview.equal_fractions(table)[0] in overview.opening(table)
