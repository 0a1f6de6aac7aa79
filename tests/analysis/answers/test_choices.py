"""Which values won, and which did as well."""

import pandas as pd
import pytest

from analysis.answers import choices
from analysis.numbers import summary
from analysis.numbers.memo import remembering
from tests.analysis import synthetic


@pytest.fixture(autouse=True)
def once():
    """Ask a table the same thing once a test."""
    with remembering():
        yield


def test_the_range_is_of_complete_trials_within_a_hundredth_of_the_winner(made):
    found = choices.numbers(made).set_index(["cell", "key"])
    trials = summary.trials(made)
    for cell, rows in trials[(trials["role"] == "search") & (trials["state"] == "complete")].groupby("cell"):
        best = rows.loc[rows["val"].idxmax()]
        near = rows[rows["val"] >= 0.99 * best["val"]]
        row = found.loc[(cell, "lr")]
        assert (row["low"], row["high"], row["near"]) == (near["lr"].min(), near["lr"].max(), len(near))
        assert (row["tried_low"], row["tried_high"], row["trials"]) == (rows["lr"].min(), rows["lr"].max(), len(rows))
        assert row["low"] <= best["lr"] <= row["high"]


def test_depth_is_told_where_it_is_read_and_before_the_rate(made):
    told = choices.sentences(made)[0].claim
    assert told.startswith("At 10 % of the labels, partial_freeze: freezing depth 2, and 2–5 as well (3 of 7 trials; ")
    assert told.index("freezing depth") < told.index("learning rate 0.001")
    assert "freezing" not in choices.sentences(made)[1].claim


def test_a_range_is_never_without_the_number_of_trials(made):
    for answer in choices.sentences(made)[:-1]:
        for part in answer.claim.split("; learning"):
            assert "trials" in part
            assert "tried: " in part


def test_a_winner_alone_has_no_range():
    df = synthetic.study(("fine_tune",), (1.0,), searched=3, repeated=0, epochs=1)
    low = df["score"].where(df["trial"].str.endswith("s000"), 0.1)
    told = choices.sentences(df.assign(score=low))[0]
    assert (
        "learning rate 0.001, and no other of 3 trials did as well (tried: " in told.claim
        or "of 2 trials" in told.claim
    )
    assert "highest on validation" in told.evidence


def test_where_one_trial_alone_came_to_its_end_that_is_said(made):
    pruned = (made["role"] == "search") & ~made["trial"].str.endswith("s000") & (made["label_fraction"] == 1)
    told = choices.sentences(made.assign(state=made["state"].mask(pruned, "pruned")))
    said = [answer.claim for answer in told if "no value was compared, as one search trial" in answer.claim]
    assert len(said) == 1
    assert said[0].startswith("At 100 % of the labels, ")


def test_names_are_listed(made):
    named = made.assign(optimizer=made["optimizer"].mask(made["trial"].str.endswith(("s000", "s002")), "sgd"))
    found = choices.numbers(named)
    row = found[(found["key"] == "optimizer") & (found["cell"] == found["cell"].iloc[0])].iloc[0]
    assert set(row["values"].split(", ")) <= {"adamw", "sgd"}
    assert pd.isna(row["low"])
    assert "optim" in choices.text(named)


def test_the_table_has_every_cell_that_has_a_winner(made):
    found = choices.text(made)
    assert len(found) == 12
    assert found[""].iloc[0] == "scratch · 10 % labels"
    assert found["depth"].ne("–").sum() == 3
    assert found["lr"].str.contains(r"^\S+ \((?:1|\S+; \d+) of \d+\)$").all()


@pytest.mark.parametrize("state", ["pruned", "failed", "running"])
def test_without_complete_trials_nothing_is_said(made, state):
    ended = made[made["role"] == "search"].assign(state=state)
    assert choices.numbers(ended).empty
    assert choices.sentences(ended) == []
    assert choices.text(ended).empty
    assert choices.sentences(made.iloc[:0]) == []


def test_cells_as_published_have_nothing_to_choose():
    df = synthetic.models(versions=("published",))
    assert choices.numbers(df).empty
    assert choices.sentences(df) == []
