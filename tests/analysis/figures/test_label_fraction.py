"""Scores against label fraction: the numbers recomputed from the table, the ink where it says something of its own."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import label_fraction
from analysis.numbers import stats
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def axes():
    return Figure().subplots()


def test_label_fraction_shows_the_replicates_on_test(made, made_table):
    data = label_fraction.data(made_table)
    assert len(data) == 12
    for row in data.itertuples():
        test = made[(made["cell"] == row.cell) & (made["split"] == "test")]["score"]
        assert (row.mean, row.low, row.high, row.n) == pytest.approx(stats.t_interval(test, (0, 1)))
    assert set(data["split"]) == {"test"}


def test_label_fraction_falls_back_to_the_winners_and_says_so(made, made_table):
    data = label_fraction.data(StudyTable(made[made["role"] == "search"]))
    winners = made_table.cells.set_index("cell")["val"]
    assert data.set_index("cell")["mean"].to_dict() == winners.to_dict()
    assert set(data["n"]) == {1}
    assert data[["low", "high"]].isna().all(axis=None)
    assert "validation scores of the cells' winners, n = 1" in label_fraction.caption(data)


def test_other_compared_keys_make_panels(made):
    wider = StudyTable(made.assign(cell="family=resnet18, " + made["cell"]))
    assert set(label_fraction.data(wider)["panel"]) == {"resnet18"}


def test_one_label_fraction_is_drawn_as_dots_named_on_the_axis():
    ax, data = axes(), label_fraction.data(StudyTable(synthetic.study(fractions=(0.5,))))
    label_fraction.plot(data, ax)
    assert [text.get_text().replace("\n", "") for text in ax.get_xticklabels()] == list(synthetic.REGIMES)
    assert "50 % of the labels (1,720 images)" in ax.get_xlabel()


def test_several_label_fractions_have_ticks_in_per_cent(made_table):
    ax = axes()
    label_fraction.plot(label_fraction.data(made_table), ax)
    assert [text.get_text() for text in ax.get_xticklabels()] == [
        "10\n(344 images)",
        "50\n(1,720 images)",
        "100\n(3,440 images)",
    ]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("labels asked for (%)", "test accuracy (%)")


def test_a_number_of_images_that_differs_is_left_to_the_caption(made):
    more = made["train_images"] + (made["regime"] == "fine_tune").astype("Int64") * 3
    data, ax = (
        label_fraction.data(StudyTable(made.assign(train_images=more.where(made["label_fraction"] < 1, 3440)))),
        axes(),
    )
    label_fraction.plot(data, ax)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["10", "50", "100\n(3,440 images)"]
    assert "10 %: 344–347; 50 %: 1,720–1,723; 100 %: 3,440." in label_fraction.caption(data)


def test_the_caption_says_that_validation_keeps_its_labels(made):
    for df in (made, made[made["role"] == "search"]):
        assert "validation split keeps its full labels" in label_fraction.caption(label_fraction.data(StudyTable(df)))


def test_narrow_panels_name_the_unit_once(made_table):
    _, ax = Figure().subplots(1, 2)
    label_fraction.plot(label_fraction.data(made_table), ax)
    assert ax.get_xticklabels()[0].get_text() == "10\n344"
    assert ax.get_xlabel() == "labels asked for (%)\ntraining images"


def test_zero_shot_is_a_level_line_without_interval():
    data, ax = label_fraction.data(StudyTable(synthetic.with_zero_shot())), axes()
    label_fraction.plot(data, ax)
    shot = data[data["regime"] == "zero_shot"]
    assert shot["label_fraction"].tolist() == [0.05, 0.1]
    assert shot[["low", "high"]].isna().all(axis=None)
    line = next(line for line in ax.lines if line.get_label() == "zero_shot")
    assert line.get_ydata() == pytest.approx([0.21, 0.21])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["5\n(172 images)", "10\n(344 images)"]
    assert np.isfinite([*ax.get_xlim(), *ax.get_ylim()]).all()
    assert "zero_shot trains nothing" in label_fraction.caption(data)


@pytest.mark.parametrize("drop", ["", ", label_fraction=0.05"])
def test_zero_shot_alone_or_without_a_fraction_is_drawn(drop):
    df = synthetic.with_zero_shot()
    df = df[df["cell"].str.contains("zero_shot")]
    df = df.assign(cell=df["cell"].str.replace(drop, "") if drop else df["cell"])
    ax = axes()
    label_fraction.plot(label_fraction.data(StudyTable(df)), ax)
    assert np.isfinite([*ax.get_xlim(), *ax.get_ylim()]).all()


def test_models_are_drawn_as_dots_or_as_lines():
    ax, df = axes(), synthetic.models(versions=(), missing=False, epochs=2)
    label_fraction.plot(label_fraction.data(StudyTable(df)), ax)
    assert [text.get_text().replace("\n", "") for text in ax.get_xticklabels()] == list(synthetic.MODELS)
    assert ax.get_xlabel() == "model, at 100 % of the labels (3,440 images)"
    half = df.assign(label_fraction=0.5, cell=df["cell"] + ", label_fraction=0.5", trial="c1" + df["trial"].str[1:])
    half = half.assign(replicate_of="c1" + half["replicate_of"].str[1:])
    both, ax = pd.concat([df.assign(cell=df["cell"] + ", label_fraction=1"), half]), axes()
    label_fraction.plot(label_fraction.data(StudyTable(both)), ax)
    assert [line.get_label() for line in ax.containers] == list(synthetic.MODELS)
    assert "Models are shifted sideways" in label_fraction.caption(label_fraction.data(StudyTable(both)))


def test_many_names_in_narrow_panels_are_turned():
    data = label_fraction.data(StudyTable(synthetic.models(epochs=2)))
    for columns, turned in ((1, 0), (5, 90)):
        ax = np.ravel(Figure().subplots(1, columns))[0]
        label_fraction.plot(data[data["panel"] == "corrected"], ax)
        assert ax.get_xticklabels()[0].get_rotation() == turned
