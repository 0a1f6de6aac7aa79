"""What networks cost: which keys name a network, the front, and licences in words."""

import itertools

import pandas as pd
import pytest

from analysis.numbers import licences, networks
from analysis.numbers.columns import COSTS
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic, synthetic_networks


@pytest.fixture(scope="module")
def made_table() -> StudyTable:
    return StudyTable(synthetic_networks.networks())


def test_a_key_names_a_network_if_its_values_change_the_operations(made_table):
    assert networks.keys(made_table) == ("family",)
    assert networks.keys(StudyTable(synthetic.study(searched=2, repeated=2, epochs=1))) == ()


def test_an_image_size_that_changes_the_operations_is_a_network_too():
    small, large = (synthetic_networks.networks(regimes=("fine_tune",), fractions=(1.0,), repeated=2) for _ in range(2))
    places = {f"c{place:03d}": f"c{place + 50:03d}" for place in range(6)}
    for name in ("trial", "replicate_of"):
        large[name] = large[name].replace(places, regex=True)
    small["cell"], large["cell"] = small["cell"] + ", image_size=112", large["cell"] + ", image_size=224"
    small["macs"] = small["macs"] // 4
    both = StudyTable(pd.concat([small, large], ignore_index=True))
    assert networks.keys(both) == ("family", "image_size")
    rows = networks.data(both)
    assert "torchvision/resnet50 · image_size=112" in set(rows["contender"])
    assert len(rows) == 12
    assert rows["panel"].nunique() == 1


def test_a_panel_has_all_networks_the_highest_mean_first(made_table):
    rows = networks.data(made_table)
    assert len(rows) == len(synthetic_networks.NETWORKS) * 4
    for _, group in rows.groupby("panel", sort=False):
        assert set(group["contender"]) == set(synthetic_networks.NETWORKS)
        assert group["mean"].is_monotonic_decreasing
    assert rows.groupby("contender")["look"].nunique().eq(1).all()


def test_costs_are_those_of_the_trials_that_are_scored(made_table):
    rows = networks.data(made_table).set_index("cell")
    for cell, again in made_table.replicates.groupby("cell"):
        assert rows.loc[cell, "macs"] == again["macs"].iloc[0]
        for name in networks.MEASURED:
            assert rows.loc[cell, name] == pytest.approx(again[name].median())


def test_nobody_on_the_front_is_beaten(made_table):
    for _, group in networks.data(made_table).groupby("panel"):
        on, off = group[group["front"]], group[~group["front"]]
        for one, other in itertools.permutations(on.itertuples(), 2):
            assert not (other.macs <= one.macs and other.mean >= one.mean)
        for one in off.itertuples():
            assert ((on["macs"] <= one.macs) & (on["mean"] >= one.mean)).any()
        fastest = group.loc[group["predict_images_per_second"].idxmax()]
        assert fastest["front_by_speed"]
        assert group["front"].iloc[0]


def test_equal_networks_share_the_front():
    rows = pd.DataFrame({"mean": [0.9, 0.9, 0.8], "macs": [2.0, 2.0, 3.0]})
    assert networks._front(rows, -rows["macs"]).tolist() == [True, True, False]


def test_an_unknown_cost_is_on_no_front_and_a_dash():
    df = synthetic_networks.networks(regimes=("fine_tune",), fractions=(1.0,), repeated=2)
    unknown = df["family"] == "torchvision/resnet50"
    table = StudyTable(df.assign(macs=df["macs"].mask(unknown), licence=df["licence"].mask(unknown)))
    texts = networks.text(table).set_index("network")
    assert texts.loc["torchvision/resnet50", ["front", "G MACs", "licence"]].tolist() == ["", "–", "–"]
    assert "where" not in texts


def test_winners_stand_for_networks_without_replicates():
    df = synthetic_networks.networks(regimes=("fine_tune",), fractions=(1.0,))
    rows = networks.data(StudyTable(df[df["role"] == "search"]))
    assert set(rows["split"]) == {"val"}
    assert rows["macs"].notna().all()
    assert "val [95 %]" in networks.text(StudyTable(df[df["role"] == "search"]))


def test_tables_without_costs_have_no_networks(made_table):
    older = StudyTable(made_table.frame.assign(**dict.fromkeys(COSTS)).astype(synthetic.COLUMNS))
    assert networks.keys(older) == ()
    assert networks.data(older).empty
    assert networks.text(older).empty
    alone = StudyTable(synthetic_networks.networks(names=("torchvision/resnet50",)))
    assert networks.text(alone).empty


@pytest.mark.parametrize(
    ("licence", "text"),
    [
        ("apache-2.0", "apache-2.0"),
        ("cc-by-nc-4.0", "cc-by-nc-4.0 (not for commercial use)"),
        ("fair-noncommercial-research-license", "fair-noncommercial-research-license (not for commercial use)"),
        ("apple-amlr", "apple-amlr (not for commercial use)"),
        ("dinov3-license", "dinov3-license (terms of its own)"),
        ("unknown", "licence not stated"),
        ("not stated", "licence not stated"),
    ],
)
def test_what_to_mind_of_a_licence_is_written_out(licence, text):
    assert licences.described(licence) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4089184256, 1e9, "4.09"),
        (25, 1, "25"),
        (12345.6, 1, "12,346"),
        (0, 1, "0"),
        (None, 1, "–"),
        (999.7, 1, "1,000"),
    ],
)
def test_counts_have_three_digits(value, unit, text):
    assert networks.scaled(value, unit) == text
