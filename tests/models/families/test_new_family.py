"""A family is one new file: nothing else names it."""

import sys
from dataclasses import replace

import pytest
import torch

from study.models import families
from study.training import trial
from tests.models.families import conformance
from tests.support.toy_task import SMALL, task

NAME = "two_layers"
FILE = '''"""Two convolutions."""

from study.models.families import Family


def _backbone(weights):
    from torch import nn

    last = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return [nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU()), last], None


FAMILY = Family(
    stages=("8 channels", "16 channels"),
    features=16,
    mean=(0.5, 0.5, 0.5),
    std=(0.25, 0.25, 0.25),
    min_size=8,
    weights=("none",),
    source_classes=None,
    source_size=None,
    backbone=_backbone,
)
'''


@pytest.fixture
def added(tmp_path, monkeypatch):
    (tmp_path / f"{NAME}.py").write_text(FILE)
    monkeypatch.setattr(families, "__path__", [*families.__path__, str(tmp_path)])
    yield
    sys.modules.pop(f"study.models.families.{NAME}", None)
    if hasattr(families, NAME):
        delattr(families, NAME)


def test_it_is_found(added):
    assert NAME in families.names()
    assert families.load(NAME).features == 16


@pytest.mark.parametrize("outer", [None, "meta_extractor", "parallel_net"])
def test_it_conforms_also_as_an_encoder(added, outer):
    made = conformance.make(outer, encoder=NAME) if outer else conformance.make(NAME)
    for check in conformance.CHECKS:
        check(made)


def test_it_trains(added):
    before, after = (report.model() for report in trial.run(replace(SMALL, family=NAME), task(), 0, epochs=1))
    assert not any(torch.equal(tensor, after[name]) for name, tensor in before.items())


def test_it_is_gone_afterwards():
    assert NAME not in families.names()
