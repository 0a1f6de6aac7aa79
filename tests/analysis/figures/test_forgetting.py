"""The figure of forgetting: its numbers from the table, its ink read back from the axes."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.figures import draw
from analysis.figures import forgetting as forgetting_figure
from analysis.numbers import forgetting
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic, synthetic_chains


@pytest.fixture(scope="module")
def chains():
    return synthetic_chains.chain()


@pytest.fixture(scope="module")
def chains_table(chains):
    return StudyTable(chains)


def drawn(data):
    ax = Figure().subplots()
    forgetting_figure.plot(data[data["panel"] == data["panel"].iloc[0]], ax)
    return ax


def bars(ax):
    """Per bar (place, from, to, hatch), those of the legend left out."""
    parts = [bar for bar in ax.patches if bar.get_height() < 0.7]
    return [(bar.get_y() + 0.31, bar.get_x(), bar.get_x() + bar.get_width(), bool(bar.get_hatch())) for bar in parts]


def test_bars_are_the_parts_of_the_objective(chains_table):
    data, numbers = forgetting_figure.data(chains_table), forgetting.numbers(chains_table)
    numbers = numbers[numbers["metric"] == "accuracy"]
    assert data["cell"].tolist() == numbers["cell"].tolist()
    for name in ("weights", "batchnorm", "forgetting"):
        assert data[name].tolist() == numbers[name].tolist()
    assert set(data["panel"]) == {"animals"}


def test_the_weights_part_is_filled_and_the_batchnorm_part_hatched_beside_it(chains_table):
    data = forgetting_figure.data(chains_table)
    ax = drawn(data)
    wanted = []
    for row in data.itertuples():
        wanted += [(row.place, 0, row.weights, False), (row.place, row.weights, row.forgetting, True)]
    assert np.array(bars(ax)) == pytest.approx(np.array(wanted))
    assert [text.get_text() for text in ax.get_yticklabels()] == data["bar"].tolist()
    assert ax.get_legend_handles_labels()[1] == ["weights part", "BatchNorm part", "forgetting"]
    assert [text.get_text() for text in ax.texts] == ["exactly 0"]


def test_parts_of_unlike_sign_lie_on_their_own_side_of_0(chains):
    rows = (chains["metric"] == "accuracy_own_batchnorm") & (chains["regime"] == "fine_tune")
    ax = drawn(
        forgetting_figure.data(StudyTable(chains.assign(score=chains["score"].mask(rows, chains["score"] + 0.1))))
    )
    weights, batchnorm = bars(ax)[-2:]
    assert weights[2] < 0 < batchnorm[2]
    assert weights[1] == batchnorm[1] == 0
    after = (chains["metric"] == "accuracy") & (chains["task"] == "animals")
    gained = StudyTable(
        chains.assign(score=chains["score"].mask(rows, chains["score"] + 0.1).mask(after, chains["score"] + 0.2))
    )
    weights, batchnorm = bars(drawn(forgetting_figure.data(gained)))[-2:]
    assert weights[2] == batchnorm[1] < 0
    assert batchnorm[2] < weights[2]


def test_the_whole_is_a_point_with_its_interval(chains_table):
    data = forgetting_figure.data(chains_table)
    ax = drawn(data)
    whole = next(container for container in ax.containers if container.get_label() == "forgetting")
    assert list(whole.lines[0].get_xdata()) == pytest.approx(list(data["forgetting"]))
    ends = [segment[:, 0] for segment in whole.lines[2][0].get_segments()]
    assert np.array(ends) == pytest.approx(data[["low", "high"]].to_numpy())


def test_all_panels_have_the_same_bars(chains):
    two = synthetic_chains.chain(tasks=("animals", "canines"))
    less = StudyTable(two[~((two["task"] == "canines") & (two["regime"] == "fine_tune"))])
    data = forgetting_figure.data(less)
    names = [rows["bar"].tolist() for _, rows in data.groupby("panel")]
    assert names[0] == names[1]
    assert (data["n"] == 0).sum() == 3
    assert "fine_tune" not in forgetting_figure.alt(data).split("canines", 1)[1]
    assert len(list(draw.pictures(draw.OF_CHAINS[0], data, ""))) == 1


def test_bars_without_parts_or_interval_are_points(chains):
    bare = drawn(forgetting_figure.data(StudyTable(chains[~chains["metric"].str.endswith("_own_batchnorm")])))
    assert np.isnan([end for _, _, end, _ in bars(bare)]).all()
    one = drawn(forgetting_figure.data(StudyTable(synthetic_chains.chain(repeated=1))))
    whole = next(container for container in one.containers if container.get_label() == "forgetting")
    assert np.isfinite(whole.lines[0].get_xdata().astype(float)).all()


def test_many_bars_have_a_higher_panel(chains_table):
    data = forgetting_figure.data(chains_table)
    longer = data.loc[data.index.repeat(3)].assign(cell=range(3 * len(data)))
    assert forgetting_figure.height(longer) - forgetting_figure.height(data) == pytest.approx(18 * 0.24)


@pytest.mark.parametrize("kind", draw.OF_CHAINS, ids=lambda kind: kind.stem)
def test_the_words_have_n_the_interval_and_every_cell(chains_table, kind, monkeypatch):
    monkeypatch.setattr(draw, "DPI", 40)
    (picture,) = draw.pictures(kind, kind.data(chains_table), synthetic.SOURCE)
    assert "n = 3 trials" in picture.caption
    assert "95 % t interval" in picture.caption
    assert all(
        f"{regime} · {version}" in picture.alt
        for regime in synthetic_chains.FORGOTTEN
        for version in ("as published", "only batchnorm_drift", "corrected")
    )


@pytest.mark.parametrize("kind", draw.OF_CHAINS, ids=lambda kind: kind.stem)
def test_without_replicates_nothing_is_drawn(chains, kind):
    for odd in (chains.iloc[:0], chains[chains["role"] == "search"]):
        assert list(draw.pictures(kind, kind.data(StudyTable(odd)), "")) == []
