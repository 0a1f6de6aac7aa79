"""One corrected cell as the twin of two cells as published."""

import pandas as pd
import pytest

from analysis.numbers import counterparts, versions
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic

FIRST, SECOND = "model=cnn, version=published", "model=meta_extractor, version=published"
CORRECTED = "model=cnn, version=corrected"


@pytest.fixture(scope="module")
def shared():
    """Two models as published that differ only in the learning rate; only the first has a corrected cell."""
    df = synthetic.models(versions=("published", "corrected"), missing=False, alarms=False, searched=2, epochs=2)
    df = df[~df["cell"].isin(["model=meta_extractor, version=corrected", "model=parallel_net, version=published"])]
    df.loc[df["cell"] == FIRST, ["lr", "optimizer"]] = [5e-3, "sgd"]
    df.loc[df["cell"] == SECOND, ["lr", "optimizer"]] = [1e-4, "sgd"]
    return df


@pytest.fixture(scope="module")
def shared_table(shared):
    return StudyTable(shared)


def test_the_twin_differs_only_where_its_own_published_cell_does(shared_table):
    assert counterparts.twins(shared_table) == {SECOND: CORRECTED}


def test_a_cell_with_other_differences_is_no_twin(shared):
    other = StudyTable(shared.assign(family=shared["family"].mask(shared["cell"] == SECOND, "small_cnn")))
    assert counterparts.twins(other) == {}


def test_no_twins_if_every_comparison_has_its_own_or_without_versions(made, made_table):
    assert counterparts.twins(StudyTable(synthetic.models(searched=2, repeated=2, epochs=2))) == {}
    assert counterparts.twins(made_table) == {}
    assert counterparts.twins(StudyTable(made.iloc[:0])) == {}


def test_a_corrected_cell_that_did_not_run_is_no_twin_and_gets_none(shared):
    without = StudyTable(shared.assign(state=shared["state"].mask(shared["cell"] == CORRECTED, "not_run")))
    assert counterparts.twins(without) == {}


def test_several_candidates_are_no_twin(shared):
    more = shared[shared["cell"].isin([FIRST, CORRECTED])]
    again = more.assign(cell=more["cell"].str.replace("cnn", "cnn2"), trial=more["trial"] + "b")
    assert counterparts.twins(StudyTable(pd.concat([shared, again]))) == {}


def test_the_tables_put_it_beside_both(shared, shared_table):
    corrected = versions.text(shared_table).set_index("")["corrected"]
    assert corrected["meta_extractor"] == f"{corrected['cnn']} (the cell of cnn)"
    costs = versions.causes(shared_table).set_index("place")
    best = shared[(shared["cell"] == CORRECTED) & (shared["split"] == "test")]["score"].mean()
    worse = shared[(shared["cell"] == SECOND) & (shared["split"] == "test")]["score"].mean()
    assert costs.loc["meta_extractor", "cost"] == pytest.approx(best - worse)
    assert costs.loc["meta_extractor", "corrected"] == pytest.approx(best)
