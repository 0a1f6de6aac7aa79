"""What a study noticed about its own trials."""

import pytest

from analysis import alarms
from tests.analysis import synthetic


@pytest.fixture(scope="module")
def models():
    return synthetic.models(epochs=3)


def test_an_alarm_is_told_once_a_trial_with_its_first_epoch(models):
    found = alarms.records(models)
    assert not found.duplicated(["trial", "kind"]).any()
    told = models.dropna(subset="alarms")
    assert len(found[found["kind"] == "batchnorm_gap"]) == told["trial"].nunique()
    assert set(found["epoch"]) == {2}
    assert set(found[found["kind"] == "batchnorm_gap"]["detail"]) == {"train mode 0.98, eval mode 0.38 on 512 images"}
    assert found[found["kind"] == "constant_class"]["trial"].tolist() == ["c002-s001", "c006-s001", "c010-s001"]


def test_alarms_are_shown_by_kind_and_cell(models):
    shown = alarms.text(models)
    assert shown["alarm"].tolist() == ["constant_class"] * 3 + ["batchnorm_gap"] * 3
    assert shown.iloc[0].tolist() == [
        "constant_class",
        "cnn · only batchnorm",
        "1 of 9",
        "2",
        "c002-s001: all 40 are class 1",
    ]


def test_each_kind_that_occurs_is_explained(models):
    assert [sentence.partition(":")[0] for sentence in alarms.meanings(models)] == ["constant_class", "batchnorm_gap"]
    assert all(len(sentence) > 40 for sentence in alarms.meanings(models))


def test_an_alarm_without_detail_or_of_a_new_kind_is_kept(made):
    odd = made.assign(alarms=made["alarms"].mask(made["trial"] == "c000-s000", "not_moved | my_own: a: b\nc"))
    assert alarms.records(odd)[["kind", "detail"]].to_numpy().tolist() == [["my_own", "a: b\nc"], ["not_moved", ""]]
    assert alarms.text(odd)["example"].tolist() == ["c000-s000", "c000-s000: a: b\nc"]


def test_no_alarms_are_none(made):
    assert alarms.records(made).empty
    assert alarms.text(made).empty
    assert alarms.meanings(made) == []


def test_the_frozen_state_is_equal_or_its_trials_are_named(models, made):
    trials = models.dropna(subset="frozen_before")["trial"].nunique()
    assert alarms.frozen(models) == (
        f"Frozen state: hash equal before and after in all {trials} trials that freeze something."
    )
    one = (models["trial"] == "c001-s000") & (models["epoch"] == 2)
    moved = models.assign(frozen_after=models["frozen_after"].mask(one, "other"))
    assert alarms.moved(moved) == ["c001-s000"]
    assert alarms.frozen(moved) == (
        f"Frozen state: what was frozen MOVED in 1 of {trials} trials that freeze something: c001-s000."
    )
    assert alarms.frozen(made) == "Frozen state: no trial froze anything."
