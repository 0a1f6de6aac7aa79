"""Which network is best, and which at a quarter of its cost: claims with their intervals, and none without."""

import re

import numpy as np
import pandas as pd
import pytest

from analysis.answers import networks, questions
from analysis.numbers import networks as numbers
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic, synthetic_networks

NAMES = {"large": 0.95, "middle": 0.90, "small": 0.85, "tiny": 0.80}
MACS = {"large": 8e9, "middle": 4e9, "small": 2e9, "tiny": 1e9}


def answer(means=NAMES, macs=MACS, repeated=5, spread=0.002) -> networks.Answer:
    """The only answer of a study of networks with these mean test scores; seeds differ by `spread` alone."""
    df = synthetic_networks.networks(tuple(synthetic_networks.NETWORKS)[: len(means)], ("fine_tune",), (1.0,), repeated)
    names = dict(zip(synthetic_networks.NETWORKS, means, strict=False))
    cells = df["cell"].replace(names, regex=True)
    short = cells.str.extract(r"family=(\w+)")[0]
    noise = np.random.default_rng(1).normal(0, spread, (len(means), repeated))
    places = {name: place for place, name in enumerate(means)}
    scores = [
        means[name] + noise[places[name], int(trial[-1])] if test else score
        for name, trial, test, score in zip(
            short, df["trial"], df["split"].eq("test").fillna(False), df["score"], strict=True
        )
    ]
    df = df.assign(cell=cells, family=short, score=scores, macs=short.map(macs).astype("Int64"))
    (only,) = networks.sentences(StudyTable(df.astype(synthetic.COLUMNS)))
    return only


def test_the_best_and_the_best_of_the_cheap():
    claim, evidence = answer()
    number = r"\d+\.\d\d \[\d+\.\d\d, \d+\.\d\d\]"
    assert re.fullmatch(
        rf"At fine_tune · 100 % labels large wins: {number} points above middle; of 2 with at most a quarter of the "
        rf"MACs of large, small \(2 G MACs\) wins: {number} points above tiny; "
        rf"small lies {number} points below large\.",
        claim,
    )
    assert "tiny " in evidence
    assert "8 G MACs" in evidence
    assert "P(small > tiny) = " in evidence


def test_a_quarter_is_included_and_less_than_that_is_not():
    assert "small (2 G MACs) alone has at most a quarter" in answer(macs=MACS | {"tiny": 2.1e9}).claim
    none = answer(macs=MACS | {"small": 2.1e9, "tiny": 2.1e9}).claim
    assert none.endswith("; no network has at most a quarter of the MACs of large.")


def test_there_is_no_claim_where_the_interval_includes_0():
    claim = answer({"large": 0.9001, "middle": 0.90, "small": 0.9, "tiny": 0.8999}, spread=0.02).claim
    assert " wins" not in claim
    assert " leads" not in claim
    assert " lies " not in claim
    assert claim.count("cannot be told apart") >= 2


def test_one_replicate_tells_nothing():
    claim, evidence = answer(repeated=1)
    assert claim.endswith("nothing can be concluded: the best two networks have no interval for both.")
    assert "n = 1" in evidence


def test_unknown_operations_are_said():
    claim = answer(macs=MACS | {"large": None}).claim
    assert claim.endswith("; the operations of large are not known.")


@pytest.mark.parametrize(
    "df", [synthetic.study(epochs=1), synthetic_networks.networks(names=("torchvision/resnet50",))]
)
def test_a_study_of_one_network_has_no_such_answer(df):
    assert networks.sentences(StudyTable(df)) == []


def test_every_comparison_is_answered_and_placed_behind_who_wins():
    table = StudyTable(synthetic_networks.networks(repeated=3))
    texts = [question.text for question in questions.answers(table)]
    assert texts[:2] == ["Which wins, and by how much?", "Which network, and which at a quarter of the cost?"]
    assert len(networks.sentences(table)) == numbers.data(table)["panel"].nunique() == 4
    assert pd.Series([answer.claim for answer in networks.sentences(table)]).str.startswith("At ").all()
