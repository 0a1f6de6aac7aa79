"""What could not be concluded."""

from analysis.answers import unsettled
from analysis.numbers import comparisons
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def claims(df):
    return [answer.claim for answer in unsettled.sentences(StudyTable(df))]


def test_pairs_that_tie_are_listed_with_their_interval(made, made_table):
    pairs = comparisons.improvements(made_table)
    ties = pairs[(pairs["difference_low"] <= 0) & ~pairs["separated"].astype(bool)]
    assert len(ties) == 1
    (row,) = ties.itertuples()
    low, high = (f"{100 * end:.2f}" for end in (row.difference_low, row.difference_high))
    assert claims(made) == [
        f"At {row.place}, 1 of 6 pairs not told apart at n = 5: {row.better} and {row.other} "
        f"({100 * row.difference:.2f} [{low}, {high}])."
    ]


def test_three_replicates_are_too_few_for_the_exact_test():
    few = claims(synthetic.study(repeated=3, epochs=2))
    assert "No pair can be separated by the exact test at n = 3; four replicates each can be (p = 0.029)." in few
    assert not any("exact test" in sentence for sentence in claims(synthetic.study(repeated=4, epochs=2)))


def test_cells_without_a_test_are_counted_and_named(made):
    search = made[(made["role"] == "search") | (made["regime"] != "scratch")]
    assert claims(search)[-1] == (
        "3 of 12 cells have no test score yet: scratch · 10 % labels; scratch · 50 % labels; scratch · 100 % labels."
    )
    assert claims(made[made["role"] == "search"])[-1].endswith("; and 4 more.")
    one = synthetic.study(("fine_tune",), (1.0,), searched=1, repeated=0, epochs=1)
    assert claims(one) == ["1 of 1 cell has no test score yet: fine_tune · 100 % labels."]


def test_cells_that_cannot_run_are_not_waited_for():
    models = synthetic.models()
    assert not any("test score yet" in sentence for sentence in claims(models))
    search = models[models["role"] != "published"]
    assert claims(search[(search["role"] == "search") | (search["state"] == "not_run")])[-1].startswith(
        "9 of 9 cells that can run have no test score yet: "
    )


def test_one_replicate_is_reported_and_a_fixed_score_is_not(made):
    first = made["trial"].str.endswith(("r000", "s000", "s001", "s002"))
    alone = claims(made[first | (made["regime"] != "scratch")])
    assert any(sentence.startswith("3 cells have one test score and no interval: scratch") for sentence in alone)
    assert not any("one test score" in sentence for sentence in claims(synthetic.with_zero_shot()))


def test_nothing_is_open_in_an_empty_table(made):
    assert claims(made.iloc[:0]) == []
