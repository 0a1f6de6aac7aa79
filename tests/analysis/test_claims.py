"""Who is said to be ahead, where, and how surely."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from analysis import claims, places, stats, summary
from tests.analysis import synthetic

SMALL = {"regimes": ("partial_freeze", "fine_tune"), "fractions": (0.1, 1.0), "searched": 3, "repeated": 2, "epochs": 3}


@pytest.fixture(scope="module")
def models():
    return synthetic.models()


@pytest.fixture(scope="module")
def prototypes():
    """Two regimes at two fractions, the first made to be prototypes."""
    df = synthetic.study(("feature_extraction", "fine_tune"), (0.1, 1.0), searched=2, repeated=4, epochs=2)
    return df.assign(**{name: df[name].str.replace("feature_extraction", "prototype") for name in ("cell", "regime")})


def test_models_compete_at_each_version(models):
    told = claims.claims(models)
    versions = ["as published", "only learning_rate", "only batchnorm", "corrected"]
    assert [claim.partition(" the highest")[0] for claim in told] == [
        f"At 100 % of the labels ({version})" for version in versions
    ]
    assert all("is parallel_net " in claim and "; next cnn " in claim for claim in told)


def test_a_claim_says_the_probability_of_improvement(made):
    cells = summary.cells(made)
    for claim, share in zip(claims.claims(made), synthetic.FRACTIONS, strict=True):
        first, second = cells[cells["label_fraction"] == share].nlargest(2, "test_mean").to_dict("records")
        a, b = (made[(made["cell"] == row["cell"]) & (made["split"] == "test")]["score"] for row in (first, second))
        p, low, high, _ = stats.improvement(a, b)
        chance = f"P({first['regime']} > {second['regime']}) = {p:.2f} [{low:.2f}, {high:.2f}], Mann–Whitney p = "
        exact = scipy_stats.mannwhitneyu(a, b, method="exact").pvalue
        verdict = "separated" if low > 0.5 and exact < 0.05 else "not separated"
        assert claim.endswith(f"{chance}{exact:.3g}, n = 5 and 5: {verdict}.")


def repeated(first, second):
    """Two regimes with these test scores."""
    df = synthetic.study(("scratch", "fine_tune"), (1.0,), searched=2, repeated=max(len(first), len(second)), epochs=1)
    for regime, scores in {"scratch": second, "fine_tune": first}.items():
        rows = df.index[(df["split"] == "test") & (df["regime"] == regime)]
        df = df.drop(rows[len(scores) :])
        df.loc[rows[: len(scores)], "score"] = scores
    return df


def test_three_against_three_are_never_separated():
    df = repeated([0.81, 0.82, 0.83], [0.51, 0.52, 0.53])
    assert claims.claims(df)[0].endswith(
        "intervals do not overlap; P(fine_tune > scratch) = 1.00 [0.501, 1.00], Mann–Whitney p = 0.1, n = 3 and 3: not "
        "separated; at n = 3 each no result can separate at 95 % by the exact Mann–Whitney test."
    )
    assert places.improvements(df)["separated"].tolist() == [False]
    assert claims.improvements(df)[["Mann–Whitney p", "separated"]].to_numpy().tolist() == [["0.1", "no"]]


def test_three_against_four_are_told_with_both_numbers():
    told = claims.claims(repeated([0.81, 0.82, 0.83, 0.84], [0.51, 0.52, 0.53]))[0]
    assert "not separated; at n = 4 and 3 no result can" in told


def test_four_against_four_are_separated_where_they_do_not_mix():
    df = repeated([0.81, 0.82, 0.83, 0.84], [0.51, 0.52, 0.53, 0.54])
    assert claims.claims(df)[0].endswith("Mann–Whitney p = 0.0286, n = 4 and 4: separated.")
    assert claims.improvements(df)["separated"].tolist() == ["yes"]
    assert claims.claims(repeated([0.81, 0.82, 0.83, 0.5], [0.51, 0.52, 0.53, 0.54]))[0].endswith(": not separated.")


def test_fixed_scores_that_are_equal_are_not_separated():
    df = synthetic.with_zero_shot(fractions=(0.1,))
    both = df.assign(regime="zero_shot", score=df["score"].mask(df["split"] == "test", 0.5))
    assert claims.claims(both)[0].endswith("nothing trained: fixed scores that are equal: not separated.")


def test_without_a_key_that_competes_nothing_is_claimed(made):
    alone = made[made["regime"] == "scratch"]
    assert claims.claims(alone.assign(cell=alone["cell"].str.replace("regime=scratch, ", ""))) == []


def test_places_without_a_label_fraction_are_named_by_the_rest(models):
    bare = models.assign(label_fraction=np.nan)
    assert claims.claims(bare)[0].startswith("At as published the highest")
    one = synthetic.models(versions=(), missing=False, epochs=2).assign(label_fraction=np.nan)
    assert claims.claims(one)[0].startswith("Overall the highest mean test accuracy (%) is parallel_net")


def test_every_pair_meets_once_with_the_better_first(models):
    found = places.improvements(models)
    assert len(found) == 4 * 3
    means = summary.cells(models).set_index("cell")["test_mean"]
    for row in found.itertuples():
        a, b = (models[(models["cell"] == c) & (models["split"] == "test")] for c in (row.cell_better, row.cell_other))
        wins = [x > y for x in a["score"] for y in b["score"]]
        assert means[row.cell_better] >= means[row.cell_other]
        assert (row.p, row.n_better, row.n_other) == (pytest.approx(np.mean(wins)), 5, 5)
    assert claims.improvements(models)["a > b"].iloc[0] == "parallel_net > cnn"


def test_a_fixed_score_counts_once():
    found = places.improvements(synthetic.with_zero_shot())
    assert found[["better", "other", "n_better", "n_other"]].drop_duplicates().to_numpy().tolist() == [
        ["feature_extraction", "zero_shot", 5, 1]
    ]
    assert found["p"].tolist() == [1, 1]
    assert found[["low", "high", "mann_whitney_p", "separated"]].isna().all(axis=None)
    assert claims.claims(synthetic.with_zero_shot())[0].endswith(
        "P(feature_extraction > zero_shot) = 1.00, n = 5 and one fixed score."
    )


def test_prototypes_have_an_interval_where_seeds_change_the_labels_read(prototypes):
    test = (prototypes["split"] == "test") & (prototypes["regime"] == "prototype")
    score = prototypes["score"].mask(test & (prototypes["label_fraction"] == 1), 0.8)
    found = places.scored(prototypes.assign(score=score)).set_index(["contender", "label_fraction"])
    assert found.loc["prototype", "fixed"].to_dict() == {0.1: False, 1.0: True}
    assert found.loc["prototype", "low"].notna().to_dict() == {0.1: True, 1.0: False}
    assert not found.loc["fine_tune", "fixed"].any()
    assert "prototype 80.00, nothing trained" in claims.claims(prototypes.assign(score=score))[1]


def test_cells_that_were_not_run_are_told_and_counted_in_nothing(models):
    told = claims.opening(models)
    assert f"4 of 16 cells were not run: {synthetic.NO_WEIGHTS}." in told
    assert not any("test score yet" in sentence for sentence in told)
    assert not summary.trials(models)["state"].eq("not_run").any()
    only = models[models["state"] == "not_run"]
    assert "4 of 4 cells were not run" in claims.opening(only)[1]
    assert claims.claims(only) == []


def test_as_published_trials_are_told(models):
    assert any(sentence.startswith("In cells as published nothing is searched") for sentence in claims.opening(models))
    assert not any("as published" in sentence for sentence in claims.opening(synthetic.models(versions=())))


def test_an_empty_table_has_nothing_to_claim(models):
    assert claims.claims(models.iloc[:0]) == []
    assert claims.improvements(models.iloc[:0]).empty
    assert pd.api.types.is_float_dtype(places.scored(models)["mean"])


def test_a_claim_names_both_intervals_and_whether_they_are_apart(made):
    told = claims.claims(made)
    cells = summary.cells(made)
    for claim, share in zip(told, synthetic.FRACTIONS, strict=True):
        first, second = cells[cells["label_fraction"] == share].nlargest(2, "test_mean").to_dict("records")
        assert f"is {first['regime']} {100 * first['test_mean']:.2f} [{100 * first['test_low']:.2f}" in claim
        assert f"next {second['regime']}" in claim
        assert ("do not overlap" in claim) == (first["test_low"] > second["test_high"])


def test_overlapping_intervals_are_not_separated():
    small = synthetic.study(**SMALL)
    level = small["score"].mask(small["split"] == "test", 0.8 + small["seed"].astype(float) / 1e4)
    for claim in claims.claims(small.assign(score=level)):
        assert "intervals overlap; P(" in claim
        assert "not separated; at n = 2 each no result can separate" in claim


def test_zero_shot_is_held_against_the_others_interval():
    told = claims.claims(synthetic.with_zero_shot())
    assert [claim.partition(" the highest")[0] for claim in told] == ["At 5 % of the labels", "At 10 % of the labels"]
    assert all("next zero_shot 21.00, nothing trained: the score lies outside the interval" in each for each in told)


def test_fractions_that_came_to_as_many_images_are_not_told_apart(made):
    assert claims.equal_fractions(made) == []
    few = made["train_images"].mask(made["label_fraction"] < 1, 172)
    assert claims.equal_fractions(made.assign(train_images=few)) == [
        "Cells at 10 % and 50 % of the labels trained on equally many images (172): these fractions are not told apart."
    ]
    assert claims.equal_fractions(made.assign(train_images=few))[0] in claims.opening(made.assign(train_images=few))


def test_one_replicate_claims_nothing():
    told = claims.claims(synthetic.study(**SMALL | {"repeated": 1}))
    assert len(told) == 2
    assert all("nothing can be concluded" in claim for claim in told)
