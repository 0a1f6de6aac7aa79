"""The score of networks against their cost: points, the front, licences and words."""

import pytest
from matplotlib.figure import Figure

from analysis.figures import draw, network_costs
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic_networks


@pytest.fixture(scope="module")
def made_table() -> StudyTable:
    return StudyTable(synthetic_networks.networks(regimes=("fine_tune",)))


@pytest.mark.parametrize("kind", draw.OF_NETWORKS, ids=lambda kind: kind.stem)
def test_a_panel_has_a_point_a_network_over_the_front(made_table, kind):
    data, ax = kind.data(made_table), Figure().subplots()
    panel = data[data["panel"] == data["panel"].iloc[0]]
    kind.plot(panel, ax)
    labels = ax.get_legend_handles_labels()[1]
    assert len(labels) == len(synthetic_networks.NETWORKS) + 1
    assert {"front", "torchvision/resnet50 (licence not stated)", "timm/tf_efficientnet_lite0"} <= set(labels)
    assert "timm/convnextv2_atto.fcmae_ft_in1k (not for commercial use)" in labels
    assert ax.get_xscale() == "log"
    front = network_costs.FRONTS[network_costs.MACS if kind.stem == "score-and-macs" else network_costs.SPEED]
    assert len(ax.lines[0].get_xdata()) == panel[front].sum()


@pytest.mark.parametrize("kind", draw.OF_NETWORKS, ids=lambda kind: kind.stem)
def test_its_words_have_n_the_interval_and_every_network(made_table, kind):
    data = kind.data(made_table)
    assert "n = 5 replicates" in kind.caption(data)
    assert "95 % " in kind.caption(data)
    assert all(name in kind.alt(data) for name in synthetic_networks.NETWORKS)
    assert "on the front" in kind.alt(data)


def test_winners_before_replicates_are_hollow_and_have_no_interval():
    df = synthetic_networks.networks(regimes=("fine_tune",), fractions=(1.0,))
    data = network_costs.data(StudyTable(df[df["role"] == "search"]))
    ax = Figure().subplots()
    network_costs.plot(data, ax)
    assert {line.get_markerfacecolor() for line in ax.lines if line.get_marker() not in ("", "None")} >= {"white"}
    assert "no interval" in network_costs.caption(data)


def test_a_network_whose_cost_is_unknown_has_no_point(made_table):
    df = made_table.frame
    unknown = df["family"] == "torchvision/resnet50"
    less = StudyTable(df.assign(macs=df["macs"].mask(unknown)))
    assert "torchvision/resnet50" not in set(network_costs.data(less)["contender"])
    assert "torchvision/resnet50" in set(network_costs.by_speed(less)["contender"])


def test_ticks_are_close_on_few_decades():
    data = network_costs.data(
        StudyTable(synthetic_networks.networks(regimes=("fine_tune",), fractions=(1.0,), repeated=2))
    )
    near, far = (network_costs._ticks(data["macs"] * wide) for wide in (1.0, [1.0, 1e3, 1.0, 1.0, 1.0, 1.0]))
    assert (type(near).__name__, type(far).__name__) == ("LogLocator", "Ticks")


def test_a_legend_has_no_more_columns_than_fit():
    short, long = ["a", "b", "c", "d"], ["x" * 60] * 4
    assert draw._fitting(short, 4, 7.2) == 4
    assert draw._fitting(long, 4, 7.2) == 1
    assert draw._fitting(["x" * 40] * 4, 4, 7.2) == 2
