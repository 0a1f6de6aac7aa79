"""The figure of versions: the numbers of `versions`, a mark for what was published."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import versions as version_plot
from analysis.numbers import versions
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


@pytest.fixture(scope="module")
def models():
    return synthetic.models(searched=2, repeated=3, epochs=2)


@pytest.fixture(scope="module")
def models_table(models):
    return StudyTable(models)


def test_its_numbers_are_those_of_the_table(models_table):
    data, want = version_plot.data(models_table), versions.numbers(models_table)
    want = want[want["place"] != "nasnet"].set_index(["place", "version"])
    assert len(data) == len(want) == 12
    for row in data.itertuples():
        assert row.mean == want.loc[(row.panel, row.version), "mean"]
    assert data["version"].unique().tolist() == ["published", "learning_rate", "batchnorm", "corrected"]


def test_published_figures_are_hollow_marks(models_table):
    data, ax = version_plot.data(models_table), Figure().subplots()
    version_plot.plot(data[data["panel"] == "cnn"], ax)
    (marks,) = [collection for collection in ax.collections if collection.get_label() == "published figure"]
    assert marks.get_offsets().tolist() == [[0, 0.88]]
    assert not marks.get_facecolor().any()
    assert "Hollow: the figure that was published" in version_plot.caption(data)
    assert "(published: 88.00)" in version_plot.alt(data)


def test_a_study_without_published_figures_has_no_such_mark(models):
    data, ax = (
        version_plot.data(StudyTable(models.assign(published=None).astype(synthetic.COLUMNS))),
        Figure().subplots(),
    )
    version_plot.plot(data[data["panel"] == "cnn"], ax)
    assert ax.get_legend_handles_labels()[1] == []
    assert "Hollow" not in version_plot.caption(data)


def test_a_version_that_a_place_lacks_keeps_its_column(models):
    data = version_plot.data(StudyTable(models[models["cell"] != "model=cnn, version=batchnorm"]))
    mine = data[data["panel"] == "cnn"]
    assert mine["column"].tolist() == [0, 1, 2, 3]
    assert mine["n"].tolist() == [3, 3, 0, 3]
    version_plot.plot(mine, Figure().subplots())
    assert "cnn: as published" in version_plot.alt(data)


def test_one_class_is_written_beside_its_point(models):
    odd = models["alarms"].mask(models["cell"] == "model=cnn, version=corrected", "constant_class: all are class 1")
    data, ax = version_plot.data(StudyTable(models.assign(alarms=odd))), Figure().subplots()
    version_plot.plot(data[data["panel"] == "cnn"], ax)
    assert [text.get_text() for text in ax.texts] == ["one class"]
    assert "one class: at its end every replicate" in version_plot.caption(data)


def test_without_two_versions_there_is_nothing_to_draw(models, made):
    for df in (made, models.iloc[:0], models[models["role"] == "search"], synthetic.models(versions=("published",))):
        assert version_plot.data(StudyTable(df)).empty


def test_versions_alone_have_one_look(models):
    alone = models[models["cell"].str.contains("model=cnn")]
    data = version_plot.data(StudyTable(alone.assign(cell=alone["cell"].str.replace("model=cnn, ", ""))))
    assert set(data["look"]) == {"1"}
    assert pd.api.types.is_integer_dtype(data["n"])
