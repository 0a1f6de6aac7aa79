"""Which values won, and which values did as well."""

import pandas as pd
import pytest

from analysis.answers import choices
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def test_the_range_is_of_complete_trials_within_a_hundredth_of_the_winner(made_table):
    table = choices.numbers(made_table).set_index(["cell", "key"])
    trials = made_table.trials
    for cell, rows in trials[(trials["role"] == "search") & (trials["state"] == "complete")].groupby("cell"):
        best = rows.loc[rows["val"].idxmax()]
        near = rows[rows["val"] >= 0.99 * best["val"]]
        row = table.loc[(cell, "lr")]
        assert (row["low"], row["high"], row["near"]) == (near["lr"].min(), near["lr"].max(), len(near))
        assert (row["tried_low"], row["tried_high"], row["trials"]) == (rows["lr"].min(), rows["lr"].max(), len(rows))
        assert row["low"] <= best["lr"] <= row["high"]


def test_the_depth_is_reported_where_it_is_read_and_before_the_rate(made_table):
    claim = choices.sentences(made_table)[0].claim
    assert claim.startswith("At 10 % of the labels, partial_freeze: freezing depth 2, and 2–5 as well (3 of 7 trials; ")
    assert claim.index("freezing depth") < claim.index("learning rate 0.001")
    assert "freezing" not in choices.sentences(made_table)[1].claim


def test_a_range_is_never_without_the_number_of_trials(made_table):
    for answer in choices.sentences(made_table)[:-1]:
        for part in answer.claim.split("; learning"):
            assert "trials" in part
            assert "tried: " in part


def test_a_winner_alone_has_no_range():
    df = synthetic.study(("fine_tune",), (1.0,), searched=3, repeated=0, epochs=1)
    low = df["score"].where(df["trial"].str.endswith("s000"), 0.1)
    answer = choices.sentences(StudyTable(df.assign(score=low)))[0]
    assert (
        "learning rate 0.001, and no other of 3 trials did as well (tried: " in answer.claim
        or "of 2 trials" in answer.claim
    )
    assert "highest on validation" in answer.evidence


def test_a_cell_with_one_complete_trial_of_several_compares_no_value(made):
    pruned = (made["role"] == "search") & ~made["trial"].str.endswith("s000") & (made["label_fraction"] == 1)
    answers = choices.sentences(StudyTable(made.assign(state=made["state"].mask(pruned, "pruned"))))
    claims = [answer.claim for answer in answers if "no value was compared, as one search trial" in answer.claim]
    assert len(claims) == 1
    assert claims[0].startswith("At 100 % of the labels, ")


def test_names_are_listed(made):
    named = StudyTable(
        made.assign(optimizer=made["optimizer"].mask(made["trial"].str.endswith(("s000", "s002")), "sgd"))
    )
    table = choices.numbers(named)
    row = table[(table["key"] == "optimizer") & (table["cell"] == table["cell"].iloc[0])].iloc[0]
    assert set(row["values"].split(", ")) <= {"adamw", "sgd"}
    assert pd.isna(row["low"])
    assert "optim" in choices.text(named)


def test_the_table_has_every_cell_that_has_a_winner(made_table):
    table = choices.text(made_table)
    assert len(table) == 12
    assert table[""].iloc[0] == "scratch · 10 % labels"
    assert table["depth"].ne("–").sum() == 3
    assert table["lr"].str.contains(r"^\S+ \((?:1|\S+; \d+) of \d+\)$").all()


@pytest.mark.parametrize("state", ["pruned", "failed", "running"])
def test_without_complete_trials_there_is_no_choice(made, state):
    ended = StudyTable(made[made["role"] == "search"].assign(state=state))
    assert choices.numbers(ended).empty
    assert choices.sentences(ended) == []
    assert choices.text(ended).empty
    assert choices.sentences(StudyTable(made.iloc[:0])) == []


def test_cells_as_published_have_nothing_to_choose():
    df = StudyTable(synthetic.models(versions=("published",)))
    assert choices.numbers(df).empty
    assert choices.sentences(df) == []
