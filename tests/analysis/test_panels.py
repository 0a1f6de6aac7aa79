"""A figure's panels as notebooks draw them."""

import matplotlib
import pytest

matplotlib.use("agg")

from matplotlib import pyplot as plt

from analysis import panels, plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_every_panel_is_drawn_with_one_legend(made):
    data = plots.curves_data(made)
    figure = panels.draw(data, plots.curves_plot, columns=5)
    drawn = [ax for ax in figure.axes if ax.axison]
    assert [ax.get_title() for ax in drawn] == list(dict.fromkeys(data["panel"]))
    assert [bool(ax.get_ylabel()) for ax in drawn] == [number % 5 == 0 for number in range(12)]
    names = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert len(names) == len(set(names))
    assert "winner" in names


def test_without_rows_nothing_is_drawn(made):
    figure = panels.draw(plots.curves_data(made.iloc[:0]), plots.curves_plot)
    assert [ax.axison for ax in figure.axes] == [False]
