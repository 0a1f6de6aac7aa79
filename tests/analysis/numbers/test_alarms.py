"""What a study noticed about its own trials."""

import pytest

from analysis.numbers import alarms
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


@pytest.fixture(scope="module")
def models():
    return synthetic.models(epochs=3)


@pytest.fixture(scope="module")
def models_table(models):
    return StudyTable(models)


def test_an_alarm_is_reported_once_per_trial_with_its_first_epoch(models, models_table):
    rows = alarms.records(models_table)
    assert not rows.duplicated(["trial", "kind"]).any()
    raised = models.dropna(subset="alarms")
    assert len(rows[rows["kind"] == "batchnorm_gap"]) == raised["trial"].nunique()
    assert set(rows["epoch"]) == {2}
    assert set(rows[rows["kind"] == "batchnorm_gap"]["detail"]) == {"train mode 0.98, eval mode 0.38 on 512 images"}
    assert rows[rows["kind"] == "constant_class"]["trial"].tolist() == ["c002-s001", "c006-s001", "c010-s001"]


def test_alarms_are_grouped_by_kind_and_cell(models_table):
    texts = alarms.text(models_table)
    assert texts["alarm"].tolist() == ["constant_class"] * 3 + ["batchnorm_gap"] * 3
    assert texts.columns.tolist() == ["alarm", "cell", "trials", "first at epoch", "at the end", "example"]
    assert texts.iloc[0].tolist() == [
        "constant_class",
        "cnn · only batchnorm",
        "1 of 9",
        "2",
        "1 of 1",
        "c002-s001: all 40 are class 1",
    ]


def noticed(df, **alarms):
    """The table with only these alarms: `c000=["constant_class: …", None]` at the first epochs of a cell's trials."""
    table = df.assign(alarms=df["alarms"].mask(df["cell"].notna()))
    for cell, by_epoch in alarms.items():
        for epoch, alarm in enumerate(by_epoch):
            table.loc[table["trial"].str.startswith(cell) & (table["epoch"] == epoch), "alarms"] = alarm
    return table


def test_an_alarm_that_is_gone_at_the_end_is_distinguished_from_one_that_stays(models):
    stays, gone = [None, "constant_class: all"] + ["constant_class: all"] * 2, [None, "constant_class: all", None, None]
    df = noticed(models, c001=gone, c002=stays, c003=["input_size: 32 px", None, None, None])
    at_end, texts = alarms.records(StudyTable(df)).set_index("trial")["at_end"], alarms.text(StudyTable(df))
    assert (at_end["c001-s000"], at_end["c002-s000"]) == (False, True)
    assert at_end[at_end.index.str.startswith("c003")].isna().all()
    trials = df[df["trial"].str.startswith("c002")]["trial"].nunique()
    assert texts["cell"].tolist() == ["cnn · only batchnorm", "cnn · corrected", "cnn · only learning_rate"]
    assert texts["at the end"].tolist()[:2] == [f"{trials} of {trials}", "–"]
    ended = df[df["trial"].str.startswith("c001") & (df["role"] == "search")].groupby("trial")["epoch"].max()
    assert texts["at the end"].iloc[2].startswith(f"{(ended < 2).sum()} of ")


def test_alarms_of_a_pruned_trial_are_checked_at_its_last_report(models):
    one = noticed(models[models["trial"] == "c001-s000"], c001=[None, "constant_class: all", None])
    assert alarms.records(StudyTable(one))["at_end"].tolist() == [False]
    assert alarms.records(StudyTable(one[one["epoch"] < 2]))["at_end"].tolist() == [True]


def test_a_cell_predicts_one_class_where_all_its_replicates_do_at_the_end(models, models_table):
    stays = [None, None, None, "constant_class: all"]
    assert alarms.one_class(StudyTable(noticed(models, c000=stays))) == {"model=cnn, version=published"}
    assert alarms.one_class(StudyTable(noticed(models, **{"c000-r00": stays, "c000-r001": [None] * 4}))) == set()
    assert alarms.one_class(StudyTable(noticed(models, c000=[None, "constant_class: all", None, None]))) == set()
    assert alarms.one_class(models_table) == alarms.one_class(StudyTable(models.iloc[:0])) == set()


def test_the_meanings_say_when_an_alarm_is_raised():
    assert "class 0 is taken for source class 0" in alarms.MEANING["labels_unmapped"]
    assert "more than 10 points lower in eval mode" in alarms.MEANING["batchnorm_gap"]
    assert "last epoch alone" in alarms.MEANING["batchnorm_gap"]
    assert set(alarms.ONCE) == set(alarms.MEANING) - {"constant_class", "batchnorm_gap"}


def test_each_kind_that_occurs_is_explained(models_table):
    assert [sentence.partition(":")[0] for sentence in alarms.meanings(models_table)] == [
        "constant_class",
        "batchnorm_gap",
    ]
    assert all(len(sentence) > 40 for sentence in alarms.meanings(models_table))


def test_an_alarm_without_detail_or_of_a_new_kind_is_reported(made):
    odd = StudyTable(
        made.assign(alarms=made["alarms"].mask(made["trial"] == "c000-s000", "not_moved | my_own: a: b\nc"))
    )
    assert alarms.records(odd)[["kind", "detail"]].to_numpy().tolist() == [["my_own", "a: b\nc"], ["not_moved", ""]]
    assert alarms.text(odd)["example"].tolist() == ["c000-s000: a: b\nc", "c000-s000"]


def test_no_alarms_are_none(made_table):
    assert alarms.records(made_table).empty
    assert alarms.text(made_table).empty
    assert alarms.meanings(made_table) == []


def test_the_frozen_state_is_equal_or_its_trials_are_named(models, models_table, made_table):
    trials = models.dropna(subset="frozen_before")["trial"].nunique()
    assert alarms.frozen(models_table) == (
        f"Frozen state: hash equal before and after, and throughout each phase, in all {trials} trials that freeze "
        "something."
    )
    one = (models["trial"] == "c001-s000") & (models["epoch"] == 2)
    moved = StudyTable(models.assign(frozen_after=models["frozen_after"].mask(one, "other")))
    assert alarms.moved(moved) == ["c001-s000"]
    assert alarms.frozen(moved) == (
        f"Frozen state: what was frozen MOVED in 1 of {trials} trials that freeze something: c001-s000."
    )
    assert alarms.frozen(made_table) == "Frozen state: no trial froze anything."


def test_a_frozen_state_that_differs_between_rows_of_a_phase_moved(models):
    later = (models["trial"] == "c001-s000") & (models["epoch"] == 2)
    other = {name: models[name].mask(later, "other") for name in ("frozen_before", "frozen_after")}
    assert alarms.moved(StudyTable(models.assign(**other))) == ["c001-s000"]
    assert alarms.moved(StudyTable(models.assign(**other, phase=models["phase"].mask(later, 1)))) == []


def test_one_trial_that_moved_is_singular(models):
    one = StudyTable(models[models["trial"] == "c001-s000"].assign(frozen_after="other"))
    assert alarms.frozen(one).startswith("Frozen state: what was frozen MOVED in 1 of 1 trial that freezes something: ")
