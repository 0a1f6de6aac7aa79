"""Compared keys: the order of values, which key competes, and the looks of contenders."""

import pytest

from analysis.figures import looks as style
from analysis.numbers import grid
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def table(*cells):
    """One trial per cell, in the order of a study."""
    rows = [{"cell": cell, "trial": f"c{place:03d}-s000", "regime": "scratch"} for place, cell in enumerate(cells)]
    return synthetic.frame(rows)


def test_a_cells_name_is_parsed():
    assert grid.compared("regime=lp_ft, label_fraction=0.1") == {"regime": "lp_ft", "label_fraction": "0.1"}
    assert grid.compared("tasks=(a, b), regime=scratch") == {"tasks": "(a, b)", "regime": "scratch"}
    assert grid.compared("") == {}


@pytest.mark.parametrize(
    ("cells", "ordered"),
    [
        (["regime=fine_tune", "regime=stage_rates", "regime=scratch"], ["scratch", "stage_rates", "fine_tune"]),
        (["image_size=64", "image_size=224", "image_size=32"], [32, 64, 224]),
        (["model=b", "model=c", "model=a"], ["b", "c", "a"]),
        (
            ["version=corrected", "version=z", "version=a", "version=published"],
            ["published", "z", "a", "corrected"],
        ),
    ],
)
def test_values_have_an_order(cells, ordered):
    df = table(*cells)
    assert StudyTable(df.sample(frac=1, random_state=1)).grid.iloc[:, 1].tolist() == ordered


def test_cells_beyond_a_thousand_stay_in_the_order_of_the_study():
    df = table("model=b", "model=a").assign(trial=["c999-s000", "c1000"])
    assert StudyTable(df.iloc[::-1]).grid["model"].tolist() == ["b", "a"]


@pytest.mark.parametrize(
    ("cells", "key"),
    [
        (["model=a, regime=scratch", "model=b, regime=fine_tune"], "regime"),
        (["head=linear, model=a", "head=512, model=b"], "model"),
        (["label_fraction=0.1, version=a, image_size=32, upsample=64, head=linear", "head=512"], "head"),
        (["regime=scratch, family=a", "regime=scratch, family=b"], "family"),
        (["regime=scratch, label_fraction=0.1", "regime=scratch, label_fraction=0.5"], "regime"),
        (["label_fraction=0.1, version=published"], None),
        ([""], None),
    ],
)
def test_who_competes(cells, key):
    assert StudyTable(table(*cells)).contender == key


def test_regimes_keep_their_look_and_others_get_one_in_the_order_of_the_study():
    assert StudyTable(table("regime=lp_ft", "regime=scratch")).contenders["look"].tolist() == ["scratch", "lp_ft"]
    models = StudyTable(
        table("model=fine_tune, version=x", "model=a, version=x", "model=fine_tune, version=y")
    ).contenders
    assert models["look"].tolist() == ["1", "1", "2"]
    assert models["contender"].tolist() == ["fine_tune", "fine_tune", "a"]
    assert set(StudyTable(table("label_fraction=0.1")).contenders["look"]) == {"scratch"}


def test_numbered_looks_differ_in_all_that_is_printed():
    looks = [style.look(str(number)) for number in range(1, 12)]
    assert len({(look.colour, str(look.dash)) for look in looks}) == len({look.marker for look in looks}) == len(looks)
    assert style.OTHER not in looks


def test_a_version_is_named_in_titles():
    titles = StudyTable(
        table("model=cnn, version=published", "model=cnn, version=lr", "model=cnn, version=corrected")
    ).titles()
    assert titles.tolist() == ["cnn · as published", "cnn · only lr", "cnn · corrected"]


def test_a_value_that_no_trial_read_is_taken_from_the_cells_name():
    df = synthetic.with_zero_shot()
    trials = grid.filled(df.drop_duplicates("trial"), grid.grid(df))
    assert sorted(trials[trials["regime"] == "zero_shot"]["label_fraction"].unique()) == [0.05, 0.1]
    assert trials["lr"].isna().any()
