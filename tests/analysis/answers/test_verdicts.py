"""Who wins which comparison, by how much, and how surely."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from analysis.answers import choices, verdicts
from analysis.numbers import comparisons, stats
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic

SMALL = {"regimes": ("partial_freeze", "fine_tune"), "fractions": (0.1, 1.0), "searched": 3, "repeated": 2, "epochs": 3}


def repeated(first, second):
    """Two regimes with these test scores, of the same seeds in this order."""
    df = synthetic.study(("scratch", "fine_tune"), (1.0,), searched=2, repeated=max(len(first), len(second)), epochs=1)
    for regime, scores in {"scratch": second, "fine_tune": first}.items():
        rows = df.index[(df["split"] == "test") & (df["regime"] == regime)]
        df = df.drop(rows[len(scores) :])
        df.loc[rows[: len(scores)], "score"] = scores
    return df


def only(df):
    (answer,) = verdicts.sentences(StudyTable(df))
    return answer


def scores_of(df, cell):
    rows = df[(df["cell"] == cell) & (df["split"] == "test")]
    return rows.set_index("seed")["score"]


def test_a_verdict_is_the_paired_difference_to_the_next_and_to_scratch(made, made_table):
    cells = made_table.cells
    for answer, share in zip(verdicts.sentences(made_table), synthetic.FRACTIONS, strict=True):
        ranked = cells[cells["label_fraction"] == share].sort_values("test_mean", ascending=False).to_dict("records")
        first, second = ranked[:2]
        base = next(row for row in ranked if row["regime"] == "scratch")
        margins = []
        for rival in dict.fromkeys((second["cell"], base["cell"])):
            less = scores_of(made, first["cell"]) - scores_of(made, rival)
            low, high = scipy_stats.t.interval(0.95, 4, less.mean(), scipy_stats.sem(less))
            margins.append(f"{100 * less.mean():.2f} [{100 * low:.2f}, {100 * high:.2f}]")
        assert all(margin in answer.claim for margin in margins)
        assert answer.claim.startswith(f"At {100 * share:g} % of the labels {first['regime']} wins: ")
        assert "difference paired by seed, 5 pairs: separated" in answer.evidence


def test_evidence_has_means_and_the_probability_of_improvement(made, made_table):
    cells = made_table.cells
    for answer, share in zip(verdicts.sentences(made_table), synthetic.FRACTIONS, strict=True):
        first, second = cells[cells["label_fraction"] == share].nlargest(2, "test_mean").to_dict("records")
        a, b = (scores_of(made, row["cell"]) for row in (first, second))
        p, low, high, _ = stats.improvement(a, b)
        exact = scipy_stats.mannwhitneyu(a, b, method="exact").pvalue
        chance = f"P({first['regime']} > {second['regime']}) = {p:.2f} [{low:.2f}, {high:.2f}], Mann–Whitney p = "
        assert f"{chance}{exact:.3g}, difference" in answer.evidence
        assert f"{first['regime']} {100 * first['test_mean']:.2f} [{100 * first['test_low']:.2f}" in answer.evidence


def test_without_common_seeds_the_interval_is_welchs():
    df = repeated([0.81, 0.82, 0.83, 0.84], [0.51, 0.53, 0.54, 0.52])
    apart = StudyTable(df.assign(seed=df["seed"].mask(df["regime"] == "scratch", df["seed"] + 1000)))
    (row,) = comparisons.improvements(apart).itertuples()
    want = stats.difference([0.81, 0.82, 0.83, 0.84], [0.51, 0.53, 0.54, 0.52], (0, 1))
    assert (row.how, row.difference, row.difference_low) == ("welch", pytest.approx(want.mean), pytest.approx(want.low))
    (row,) = comparisons.improvements(StudyTable(df)).itertuples()
    assert (row.how, row.pairs, row.difference) == ("paired", 4, pytest.approx(0.3))
    assert row.difference_low != pytest.approx(want.low, abs=1e-4)


def test_a_smaller_cell_whose_seeds_are_all_in_the_other_is_paired():
    (row,) = comparisons.improvements(StudyTable(repeated([0.81, 0.82, 0.83, 0.84], [0.51, 0.52, 0.53]))).itertuples()
    assert (row.how, row.pairs) == ("paired", 3)
    assert (row.difference, row.difference_low) == pytest.approx((0.3, 0.3))


def test_seeds_that_are_unknown_are_not_paired():
    df = repeated([0.81, 0.82, 0.83, 0.84], [0.51, 0.52, 0.53, 0.54])
    (row,) = comparisons.improvements(StudyTable(df.assign(seed=df["seed"].mask(df["seed"] > 0)))).itertuples()
    assert row.how == "welch"


def test_three_against_three_lead_and_never_win():
    df = repeated([0.81, 0.82, 0.83], [0.51, 0.525, 0.53])
    assert only(df).claim.startswith(
        "At 100 % of the labels fine_tune leads: 29.83 [29.12, 30.55] points above scratch"
    )
    assert "= 1.00 [0.501, 1.00], Mann–Whitney p = 0.1, difference paired by seed, 3 pairs: not" in only(df).evidence
    assert only(df).evidence.endswith("not separated, as no result can be at n = 3 each.")
    assert comparisons.improvements(StudyTable(df))["separated"].tolist() == [False]


def test_three_against_four_are_reported_with_both_numbers():
    evidence = only(repeated([0.81, 0.82, 0.83, 0.84], [0.51, 0.52, 0.53])).evidence
    assert "not separated, as no result can be at n = 4 and 3" in evidence


def test_four_against_four_win_where_they_do_not_mix():
    df = repeated([0.81, 0.82, 0.83, 0.85], [0.51, 0.52, 0.53, 0.54])
    assert only(df).claim == "At 100 % of the labels fine_tune wins: 30.25 [29.45, 31.05] points above scratch."
    assert only(df).evidence.endswith("Mann–Whitney p = 0.0286, difference paired by seed, 4 pairs: separated.")


def test_differences_that_are_all_equal_show_nothing_by_themselves():
    few = only(repeated([0.81, 0.82], [0.71, 0.72]))
    assert "fine_tune has the highest mean but cannot be told apart at n = 2 from scratch (10.00 [" in few.claim
    assert few.evidence.endswith(f"{verdicts.EQUAL}; not separated, as no result can be at n = 2 each.")
    many = only(repeated([0.81, 0.82, 0.83, 0.84], [0.51, 0.52, 0.53, 0.54]))
    assert many.claim == "At 100 % of the labels fine_tune leads: 30.00 [30.00, 30.00] points above scratch."
    assert many.evidence.endswith(f"{verdicts.EQUAL}; separated.")


def test_a_tie_is_a_tie():
    answer = only(repeated([0.81, 0.52, 0.53, 0.54], [0.60, 0.61, 0.59, 0.55]))
    assert answer.claim.startswith(
        "At 100 % of the labels fine_tune has the highest mean but cannot be told apart at n = 4 from scratch (1.25 [-"
    )
    assert answer.claim.endswith("] points below).")
    assert answer.evidence.endswith(": not separated.")


def test_any_tie_with_the_highest_forbids_a_win():
    """The second is clearly below; the third scatters so much that it is not."""
    df = synthetic.study(("scratch", "partial_freeze", "fine_tune"), (1.0,), searched=2, repeated=4, epochs=1)
    scores = {"fine_tune": [0.9, 0.91, 0.92, 0.93], "partial_freeze": [0.8, 0.81, 0.82, 0.83]}
    scores["scratch"] = [0.1, 0.95, 0.96, 0.97]
    for regime, values in scores.items():
        df.loc[df.index[(df["split"] == "test") & (df["regime"] == regime)], "score"] = values
    assert "cannot be told apart at n = 4 from scratch (" in only(df).claim
    assert "partial_freeze" not in only(df).claim


def test_contenders_without_a_test_score_are_named_after_the_verdict(made, made_table):
    gone = ((made["regime"] == "fine_tune") & (made["label_fraction"] < 0.5)) | (made["regime"] == "feature_extraction")
    answers = verdicts.sentences(StudyTable(made[~(gone & (made["role"] == "replicate"))]))
    rest = "; without a test score here: feature_extraction"
    ends = [answer.claim.partition(" above scratch")[2] for answer in answers]
    assert ends == [f"{rest} and fine_tune.", f"{rest}.", f"{rest}."]
    (first, *_) = choices.sentences(StudyTable(made[~(gone & (made["role"] == "replicate"))]))
    assert first.claim.endswith(f"{rest} and fine_tune.")
    assert "without" not in verdicts.sentences(made_table)[0].claim + choices.sentences(made_table)[0].claim


def test_one_replicate_concludes_nothing():
    answers = verdicts.sentences(StudyTable(synthetic.study(**SMALL | {"repeated": 1})))
    assert len(answers) == 2
    assert all("nothing can be concluded: at n = 1 the best two regimes" in answer.claim for answer in answers)


def test_fixed_scores_are_equal_or_differ():
    df = synthetic.with_zero_shot(fractions=(0.1,))
    both = df.assign(regime="zero_shot", score=df["score"].mask(df["split"] == "test", 0.5))
    assert "cannot be told apart from feature_extraction (0.00 points below)" in only(both).claim
    assert only(both).evidence.endswith("difference two fixed scores: they are equal.")


def test_zero_shot_is_compared_with_the_others_interval():
    df = synthetic.with_zero_shot()
    answers = verdicts.sentences(StudyTable(df))
    places = ["At 5 % of the labels", "At 10 % of the labels"]
    assert [answer.claim.partition(" feature")[0] for answer in answers] == places
    scores = scores_of(df, "regime=feature_extraction, label_fraction=0.1")
    mean, low, high, _ = stats.t_interval(scores - 0.21)
    spread = f"{100 * mean:.2f} [{100 * low:.2f}, {100 * high:.2f}] points above zero_shot"
    assert answers[1].claim.endswith(f"leads: {spread}.")
    assert "zero_shot 21.00, nothing trained" in answers[1].evidence
    assert answers[1].evidence.endswith("difference against one fixed score: its interval leaves out 0.")


def test_only_corrected_cells_are_reported_where_versions_are_compared():
    models = synthetic.models()
    assert only(models).claim.startswith("At 100 % of the labels (corrected) parallel_net wins: ")
    published = verdicts.sentences(StudyTable(synthetic.models(versions=("published",))))
    assert [answer.claim.partition(" parallel_net")[0] for answer in published] == [
        "At 100 % of the labels (as published)"
    ]


def test_comparisons_without_a_label_fraction_are_named_by_the_rest():
    models = synthetic.models(missing=False, epochs=2).assign(label_fraction=np.nan)
    assert only(models).claim.startswith("At corrected parallel_net wins")
    one = synthetic.models(versions=(), missing=False, epochs=2).assign(label_fraction=np.nan)
    assert only(one).claim.startswith("Overall parallel_net wins")


def test_weights_are_named_with_their_key():
    answer = verdicts.sentences(StudyTable(synthetic.pretrained()))[0]
    assert "weights=patches wins: " in answer.claim
    assert " above weights=none" in answer.claim


def test_a_cell_that_predicts_one_class_is_marked(made):
    row = made["alarms"].mask((made["regime"] == "scratch") & (made["epoch"] == 10), "constant_class: all are class 1")
    assert "(one class), n = 5" in verdicts.sentences(StudyTable(made.assign(alarms=row)))[0].evidence


@pytest.mark.parametrize("role", ["search", "replicate"])
def test_without_test_scores_or_contenders_there_is_no_verdict(made, role):
    alone = made[made["regime"] == "scratch"]
    assert verdicts.sentences(StudyTable(alone.assign(cell=alone["cell"].str.replace("regime=scratch, ", "")))) == []
    assert verdicts.sentences(StudyTable(made[(made["role"] == role) & (made["split"] == "val")])) == []
    assert verdicts.sentences(StudyTable(made.iloc[:0])) == []
