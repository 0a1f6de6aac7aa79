"""How many labels are saved, against straight lines drawn by hand and a bootstrap in a loop."""

import numpy as np
import pandas as pd
import pytest

from analysis.answers import label_savings
from analysis.answers.label_savings import BELOW, BEYOND
from analysis.numbers import stats
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic

SHARES = np.array([0.1, 0.5, 1.0])


@pytest.mark.parametrize(
    ("means", "target", "at"),
    [
        ([0.5, 0.7, 0.9], 0.7, 0.5),
        ([0.5, 0.7, 0.9], 0.5, BELOW),
        ([0.5, 0.7, 0.9], 0.95, BEYOND),
        ([0.5, 0.7, 0.9], 0.6, 0.1 * 5**0.5),
        ([0.5, 0.9, 0.6], 0.7, 0.1 * 5**0.5),  # the first crossing, not the last
        ([0.5, 0.5, 0.5], 0.5, BELOW),
    ],
)
def test_a_crossing_is_on_straight_lines_over_the_logarithm(means, target, at):
    assert label_savings.crossing(SHARES, np.array(means), np.array(target)) == pytest.approx(at)


def test_crossings_of_several_contenders_are_computed_at_once():
    means = np.array([[0.5, 0.7, 0.9], [0.8, 0.9, 0.95], [0.1, 0.2, 0.3]])
    crossings = label_savings.crossing(SHARES, means, np.array([0.8, 0.8, 0.8]))
    assert crossings.tolist() == pytest.approx([(0.5) ** 0.5, BELOW, BEYOND])


def test_one_fraction_is_reached_or_not():
    for score, at in ((0.9, BELOW), (0.5, BEYOND)):
        assert label_savings.crossing(np.array([0.1]), np.array([score]), np.array(0.8)) == at


def test_the_interval_is_that_of_a_bootstrap_in_a_loop():
    draw = np.random.default_rng(0)
    samples = [0.6 + 0.03 * draw.normal(size=5), 0.8 + 0.03 * draw.normal(size=5)]
    target = 0.7 + 0.02 * draw.normal(size=5)
    again, crossings = np.random.default_rng(1), []
    for _ in range(4000):
        low, high, goal = (again.choice(values, len(values)).mean() for values in (*samples, target))
        part = (goal - low) / (high - low)
        crossings.append(BELOW if low >= goal else BEYOND if high < goal else 0.1 ** (1 - part))
    scores = [pd.Series(values) for values in samples]
    _, *ends = label_savings.interval([0.1, 1.0], scores, target=pd.Series(target), draw=np.random.default_rng(2))
    expected = np.quantile(crossings, [0.025, 0.975])
    assert np.log10(ends) == pytest.approx(np.log10(expected), abs=0.05)


def test_the_same_seed_gives_the_same_interval(made, made_table):
    assert label_savings.numbers(StudyTable(made)).equals(label_savings.numbers(made_table))
    assert not label_savings.numbers(made_table, 1).equals(label_savings.numbers(made_table, 2))


def test_each_contender_is_held_against_scratch_with_all_labels(made_table):
    savings = label_savings.numbers(made_table).set_index("contender")
    cells = made_table.cells.set_index(["regime", "label_fraction"])["test_mean"]
    target = cells["scratch", 1.0]
    assert set(savings.index) == {"feature_extraction", "partial_freeze", "fine_tune"}
    assert savings["target"].tolist() == pytest.approx([target] * 3)
    part = (target - cells["fine_tune", 0.5]) / (cells["fine_tune", 1.0] - cells["fine_tune", 0.5])
    row = savings.loc["fine_tune"]
    assert row["at"] == pytest.approx(0.5 * 2**part)
    assert row["low"] < row["at"] < row["high"]
    assert row["images"] == pytest.approx(synthetic.IMAGES * row["at"], rel=0.01)
    assert (row["images_full"], row["n"]) == (synthetic.IMAGES, 5)


def test_targets_outside_the_fractions_tested_are_reported(made, made_table):
    claims = {answer.claim.split()[0]: answer.claim for answer in label_savings.sentences(made_table)}
    assert claims["fine_tune"].startswith("fine_tune reaches with 51 % [")
    assert "of the labels what scratch scores with 100 %: about 1,750 images [" in claims["fine_tune"]
    assert claims["feature_extraction"] == (
        "feature_extraction does not reach, with up to 100 % of the labels, what scratch scores with 100 %, in all of "
        "the interval."
    )
    high = made["score"].mask((made["split"] == "test") & (made["regime"] == "fine_tune"), made["score"] / 2 + 0.55)
    easy = next(
        a.claim for a in label_savings.sentences(StudyTable(made.assign(score=high))) if a.claim.startswith("fine_tune")
    )
    assert "is above what scratch scores with 100 % already with 10 % of the labels, the fewest tested" in easy


def test_no_number_without_an_interval():
    df = StudyTable(synthetic.study(repeated=1))
    (answer,) = label_savings.sentences(df)
    assert answer.claim.startswith("Nothing is claimed of ")
    assert label_savings.numbers(df)[["low", "high"]].isna().all(axis=None)


def test_equal_scores_have_an_interval_of_no_width(made):
    level = made["score"].mask(made["split"] == "test", 0.6 + 0.3 * made["label_fraction"])
    savings = label_savings.numbers(StudyTable(made.assign(score=level)))
    assert savings[["at", "low", "high"]].to_numpy().tolist() == [[1.0] * 3] * 3


def test_a_study_without_baseline_fractions_or_tests_saves_nothing(made):
    for rows in (made["regime"] != "scratch", made["label_fraction"] == 1, made["role"] == "search"):
        assert label_savings.numbers(StudyTable(made[rows])).empty
        assert label_savings.sentences(StudyTable(made[rows])) == []
    assert label_savings.numbers(StudyTable(made.iloc[:0])).empty


def test_a_baseline_that_was_run_with_all_labels_alone_is_enough(made, made_table):
    savings = label_savings.numbers(StudyTable(made[(made["regime"] != "scratch") | (made["label_fraction"] == 1)]))
    assert savings["contender"].tolist() == label_savings.numbers(made_table)["contender"].tolist()


def test_zero_shot_reads_no_labels_and_saves_none():
    df = StudyTable(synthetic.with_zero_shot(("scratch", "fine_tune"), (0.1, 1.0)))
    assert label_savings.numbers(df)["contender"].tolist() == ["fine_tune"]


def test_the_intervals_cover_the_truth_less_than_they_say_at_five():
    """What `KIND` says: the bootstrap of few replicates is too narrow, and not absurdly so."""
    draw, covered = np.random.default_rng(4), []
    truth = label_savings.crossing(np.array([0.1, 1.0]), np.array([0.6, 0.8]), np.array(0.7))
    for _ in range(60):
        samples = [pd.Series(mean + 0.02 * draw.normal(size=5)) for mean in (0.6, 0.8, 0.7)]
        reached = label_savings.interval([0.1, 1.0], samples[:2], target=samples[2], draw=draw)
        covered.append(reached.low <= truth <= reached.high)
    assert 0.75 < np.mean(covered) <= 1
    assert stats.CONFIDENCE == 0.95
