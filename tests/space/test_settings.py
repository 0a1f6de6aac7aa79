"""Settings of a part of the grid, and cells that repeat a publication."""

import re

import pytest

from study.errors import UserError
from study.space import Space, log_uniform
from study.space.settings import settled, versions
from study.space.space import select

MODELS = {"model=cnn": {"regime": "fine_tune"}, "model=net": {"family": "resnet18", "regime": "feature_extraction"}}
RATES = {"model=net, version=published": {"lr": 3e-4}}


def space(**changes):
    fields = {
        "task": "toy",
        "compared": {"model": ("cnn", "net"), "version": ("corrected", "rate", "published")},
        "settings": MODELS | versions({"rate": {"lr": 1e-4}}, {"schedule": "step"}) | RATES,
        "tuned": {"lr": log_uniform(1e-5, 1e-1), "weight_decay": log_uniform(1e-5, 1e-1)},
        "baseline": {"lr": 1e-3, "weight_decay": 1e-2},
        "fixed": {"batch_size": 32},
        "published": {"model=net, version=published": 0.92},
    }
    return Space(**fields | changes)


def test_a_cell_has_what_its_place_sets():
    cells = {cell.name: cell for cell in space().cells()}
    corrected = cells["model=net, version=corrected"]
    assert corrected.values == {"batch_size": 32, "task": "toy", **MODELS["model=net"]}
    assert list(corrected.tuned) == ["lr", "weight_decay"]
    alone = cells["model=net, version=rate"]
    assert alone.values["lr"] == 1e-4
    assert list(alone.tuned) == list(alone.baseline) == ["weight_decay"]


def test_nothing_is_searched_where_a_publication_is_repeated():
    cells = {cell.name: cell for cell in space().cells()}
    assert [cell.name for cell in cells.values() if cell.as_published] == [
        "model=cnn, version=published",
        "model=net, version=published",
    ]
    net = cells["model=net, version=published"]
    assert (net.tuned, net.baseline, net.published) == ({}, {}, 0.92)
    assert net.values["weight_decay"] == 1e-2
    assert net.values["schedule"] == "step"


def test_more_conditions_outweigh_fewer():
    assert [cell.values["lr"] for cell in space().cells() if cell.as_published] == [1e-4, 3e-4]


def test_equally_many_conditions_must_agree():
    both = {"a=1": {"lr": 0.1}, "b=x": {"lr": 0.2}}
    with pytest.raises(UserError, match=r"settings: 'a=1' and 'b=x' disagree on lr: 0\.1, 0\.2"):
        settled(both, {"a": 1, "b": "x"})
    assert settled(both, {"a": 1, "b": "y"}) == {"lr": 0.1}
    assert settled(both | {"a=1, b=x": {"lr": 0.3}}, {"a": 1}) == {"lr": 0.1}


def test_causes_that_disagree_are_refused():
    with pytest.raises(UserError, match=r"cause 'two' sets lr to 0\.2, another one to 0\.1"):
        versions({"one": {"lr": 0.1}, "two": {"lr": 0.2}})


def test_cells_are_selected_by_any_compared_key():
    selected = select(space().cells(), ["model=net", "version=published", "version=rate"])
    assert [cell.name for cell in selected] == ["model=net, version=rate", "model=net, version=published"]
    with pytest.raises(UserError, match="model has no value 'vgg'; one of cnn, net"):
        select(space().cells(), ["model=vgg"])


def test_a_smaller_scale_keeps_the_settings_of_what_it_has():
    small = {
        "compared": {"model": ("net",), "version": ("corrected", "published")},
        "settings": {"version=published": {"batch_size": 4}},
    }
    scaled = space(demo=small).scaled("demo")
    assert "model=cnn" not in scaled.settings
    assert "version=rate" not in scaled.settings
    assert scaled.settings["version=published"] == {"schedule": "step", "lr": 1e-4, "batch_size": 4}


@pytest.mark.parametrize(("change", "message"), [
    ({"settings": {"model=vgg": {"lr": 0.1}, "version=rate": {}}}, "settings: 'model=vgg' is not in the grid"),
    ({"settings": MODELS | {"version=rate": {"rate": 0.1}}}, "unknown hyperparameter 'rate'"),
    ({"settings": MODELS | {"version=rate": {"lr": "high"}}}, "settings: 'version=rate': lr 'high' (str) must be"),
    ({"settings": MODELS | {"version=rate": {"task": "gtsrb"}}}, "sets 'task', which is compared or the space's own"),
    ({"settings": MODELS | {"version=rate": {"label_fraction": 2.0}, "version=published": {}}}, "label_fraction 2.0"),
    ({"settings": MODELS | {"version=rate": {"lr": 1e-4}}}, "settings: nothing is set for 'version=published'"),
    ({"settings": {"model=cnn": {}, "version=rate": {}}}, "settings: nothing is set for 'model=net'"),
    ({"settings": {}}, "unknown hyperparameter 'model'"),
    ({"compared": {"model": ("cnn", "a,b")}}, "'a,b' has a comma or an equals sign"),
])  # fmt: skip
def test_a_mistake_is_named(change, message):
    with pytest.raises(UserError, match=re.escape(message)):
        space(**{"published": {}} | change)
