"""Sentences about forgetting: only what the numbers show, each with its interval."""

import pytest

from analysis.answers import forgetting as forgetting_claims
from analysis.numbers import forgetting
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic_chains


@pytest.fixture(scope="module")
def chains():
    return synthetic_chains.chain()


@pytest.fixture(scope="module")
def chains_table(chains):
    return StudyTable(chains)


def sentences(df, *words):
    """The sentences that have all these words."""
    claims = forgetting_claims.sentences(StudyTable(df))
    return [claim for claim in claims if all(word in claim for word in words)]


def on_test(df, regime, ending, version="corrected"):
    rows = (df["metric"] == "accuracy" + ending) & (df["split"] == "test") & (df["task"] != df["trained_on"])
    return rows & (df["cell"] == f"regime={regime}, version={version}")


def shifted(df, rows, by):
    return df.assign(score=df["score"].mask(rows, df["score"] + by))


def test_the_least_and_the_most_forgetful_are_named_at_every_version(chains, chains_table):
    (sentence,) = sentences(chains, "(corrected)", " least: ")
    rows = forgetting.numbers(chains_table)
    most = rows[(rows["metric"] == "accuracy") & (rows["panel"] == "corrected")].set_index("contender")
    lost = most.loc["stage_rates"]
    spread = " [".join(f"{100 * lost[name]:.2f}" for name in ("forgetting", "forgetting_low"))
    assert sentence.startswith("Of animals (corrected) feature_extraction forgets least: exactly 0, in all 3 trials; ")
    assert (
        f"stage_rates most: {spread}, {100 * lost['forgetting_high']:.2f}] points of test accuracy, n = 3" in sentence
    )
    assert sentence.endswith(": told apart.")
    assert len(sentences(chains, " least: ")) == 3


def test_cells_that_share_the_least_are_named_together(chains):
    rows = on_test(chains, "fine_tune", "") | on_test(chains, "fine_tune", "_own_batchnorm")
    before = chains[on_test(chains, "fine_tune", "_before")].set_index("seed")["score"]
    same = chains.assign(score=chains["score"].mask(rows, chains["seed"].map(before)))
    assert sentences(same, "feature_extraction and fine_tune forget least: exactly 0, in all 3 trials")
    both = same[~same["cell"].str.contains("stage_rates")]
    assert sentences(both, "Of animals (corrected) all 2 forget the same: exactly 0, in all 3 trials.")


def test_exactly_0_is_claimed_of_all_trials_only(chains):
    assert sentences(chains, "feature_extraction · corrected", "forgets exactly 0 of animals, in all 3 trials")
    one = on_test(chains, "feature_extraction", "") & (chains["seed"] == 101)
    assert not sentences(shifted(chains, one, -0.01), "feature_extraction · corrected", "exactly 0 of animals")


@pytest.mark.parametrize("version", ["as published", "only batchnorm_drift"])
def test_statistics_are_the_cause_where_putting_them_back_restores_all(chains, chains_table, version):
    (sentence,) = sentences(chains, f"feature_extraction · {version}: ")
    rows = forgetting.numbers(chains_table)
    row = rows[(rows["panel"] == version) & (rows["regime"] == "feature_extraction")].iloc[0]
    assert f"of animals {100 * row['forgetting']:.2f} [" in sentence
    assert sentence.endswith(
        "with the BatchNorm statistics of before put back exactly 0, in all 3 trials, are lost: the weights are the "
        "same, and statistics that follow the new task's batches are the cause."
    )


def test_statistics_are_a_part_where_putting_them_back_restores_some(chains):
    rows = on_test(chains, "feature_extraction", "_own_batchnorm", "batchnorm_drift")
    (sentence,) = sentences(shifted(chains, rows, -0.02), "feature_extraction · only batchnorm_drift: ")
    assert "the weights are the same" not in sentence
    assert "batches make up 10.07 [" in sentence


def test_no_cause_is_named_where_another_metric_of_the_same_weights_is_lost(chains):
    rows = (chains["metric"] == "sensitivity_own_batchnorm") & chains["cell"].str.contains("batchnorm_drift")
    (sentence,) = sentences(shifted(chains, rows, -0.02), "feature_extraction · only batchnorm_drift: ")
    assert "the weights are the same" not in sentence


def test_no_cause_is_named_where_the_loss_may_be_none(chains):
    rows = on_test(chains, "feature_extraction", "", "batchnorm_drift")
    noisy = shifted(chains, rows & (chains["seed"] == 100), 0.4)
    (sentence,) = sentences(noisy, "feature_extraction · only batchnorm_drift: ")
    assert sentence.endswith("that they matter cannot be told at n = 3.")
    bare = chains[~chains["metric"].str.endswith("_own_batchnorm")]
    (sentence,) = sentences(bare, "feature_extraction · only batchnorm_drift: ")
    assert sentence.endswith("what BatchNorm statistics have to do with it was not measured.")


@pytest.mark.parametrize(("by", "word"), [(0, "forget more of"), (0.1, "forget less of")])
def test_lower_rates_of_early_layers_forget_more_or_less(chains, by, word):
    df = shifted(chains, on_test(chains, "stage_rates", ""), by)
    (sentence,) = sentences(df, "ower rates", "(corrected)")
    difference = forgetting.paired(
        StudyTable(df), "regime=stage_rates, version=corrected", "regime=fine_tune, version=corrected", "animals"
    )
    assert sentence.startswith(f"Lower rates of early layers (stage_rates) {word} animals (corrected) than fine_tune: ")
    assert (
        f"is {100 * difference.mean:.2f} [{100 * difference.low:.2f}, {100 * difference.high:.2f}] points" in sentence
    )


def test_a_difference_within_the_spread_of_seeds_is_no_claim(chains):
    noisy = shifted(chains, on_test(chains, "stage_rates", "") & (chains["seed"] == 100), 0.3)
    (sentence,) = sentences(noisy, "ower rates", "(corrected)")
    assert "cannot be told at n = 3: the difference is" in sentence
    assert sentences(
        noisy[noisy["regime"] != "feature_extraction"], " least: ", "(corrected)", "cannot be told apart at n = 3."
    )


def test_trials_of_other_seeds_are_not_compared(chains):
    other = chains.assign(seed=chains["seed"].mask(chains["regime"] == "stage_rates", chains["seed"] + 50))
    assert sentences(other, "ower rates", "(corrected)", "their trials share no seed.")
    assert sentences(other, " least: ", "(corrected)", "so that the two are not compared.")


def test_the_average_is_reported_of_several_tasks_only(chains):
    assert not sentences(chains, "Average forgetting")
    (sentence,) = sentences(
        synthetic_chains.chain(tasks=("animals", "canines")), "Average forgetting over 2 earlier tasks"
    )
    assert "feature_extraction · corrected exactly 0 (n = 3)" in sentence


def test_one_trial_has_no_interval():
    single = sentences(synthetic_chains.chain(repeated=1))
    assert single
    assert all("n = 1, no interval" in sentence or "at n = 1" in sentence for sentence in single)
    assert not any("told apart" in sentence or "the cause" in sentence or "all 1" in sentence for sentence in single)


def test_without_numbers_there_is_no_sentence(chains):
    for odd in (chains.iloc[:0], chains[chains["role"] == "search"], chains[chains["split"] == "val"]):
        assert forgetting_claims.sentences(StudyTable(odd)) == []


def test_one_cell_is_compared_with_none(chains):
    alone = StudyTable(chains[chains["cell"] == "regime=fine_tune, version=corrected"])
    assert forgetting_claims.sentences(alone) == []
    frozen = StudyTable(chains[chains["cell"] == "regime=feature_extraction, version=corrected"])
    assert len(forgetting_claims.sentences(frozen)) == 1
