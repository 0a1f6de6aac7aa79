"""What of a network can train: described once, read by checks, refused in one line where it is lacking."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from study.errors import UserError
from study.models import families, layers, tuning
from study.models.layers import Layers
from study.space.config import Config
from study.training.active import unread_by_network

BARE = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.Flatten())


@pytest.fixture(autouse=True)
def _store(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path))


def test_a_stage_is_described_by_its_ranks_and_by_the_number_of_its_biases_and_norms():
    block = nn.Sequential(nn.Conv2d(3, 32, 3), nn.BatchNorm2d(32), nn.Linear(5, 7), nn.Conv2d(32, 32, 3, groups=32))
    assert tuning.layers(block) == Layers(rank=27, attention_rank=0, biases=4, norms=2, batchnorms=1)
    attention = nn.ModuleDict(
        {"attn": nn.MultiheadAttention(8, 2), "table_bias": nn.ParameterList([nn.Parameter(torch.rand(2, 2))])}
    )
    assert tuning.layers(attention) == Layers(rank=8, attention_rank=8, biases=2, norms=0, batchnorms=0)
    assert tuning.layers(BARE) == Layers(rank=4, attention_rank=0, biases=0, norms=0, batchnorms=0)


def test_a_block_that_is_named_after_its_norm_is_no_norm():
    class NormFreeBlock(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain, self.layer = nn.Parameter(torch.ones(1)), nn.Linear(2, 2)

    assert tuning.layers(NormFreeBlock()).norms == 0


@pytest.mark.parametrize("family", families.names())
def test_every_family_that_is_a_file_has_batchnorm(family):
    assert any(stage.batchnorms for stage in layers.of(Config(family=family)))
    assert unread_by_network(Config(family=family), ("batchnorm_epsilon",)) == {}


def test_the_second_look_reads_the_store_alone():
    code = "import sys; from study.models import layers; from study.space.config import Config; "
    code += "print(layers.of(Config())[0].rank, 'torch' in sys.modules)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    rank = layers.of(Config())[0].rank
    assert [done.stdout for done in runs] == [f"{rank} True\n", f"{rank} False\n"]


@pytest.mark.parametrize(("values", "tuned", "message"), [
    ({"lora_rank": 257}, "lora", "lora_rank 257: no matrix in the stages of small_cnn that train has a rank above 256"),
    ({"lora_layers": "attention"}, "lora",
     "lora_layers 'attention': the stages of small_cnn that train have no matrix of attention"),
])  # fmt: skip
def test_what_a_network_lacks_is_refused(values, tuned, message):
    with pytest.raises(UserError) as caught:
        layers.check(Config(regime=tuned, **values), tuned)
    assert str(caught.value) == message


def test_where_all_stages_are_frozen_nothing_is_lacking():
    layers.check(Config(regime="lora", lora_rank=9999, freeze_depth=4), "lora")


@pytest.mark.parametrize(("part", "message"), [
    ("bias", "regime 'bias': the stages of small_cnn that train have no biases"),
    ("norm", "regime 'norm': the stages of small_cnn that train have no normalization layers"),
])  # fmt: skip
def test_networks_without_biases_or_norms_are_refused(part, message, monkeypatch):
    monkeypatch.setattr(layers, "of", lambda config: (tuning.layers(BARE),))
    with pytest.raises(UserError) as caught:
        layers.check(Config(regime=part), part)
    assert str(caught.value) == message


def test_networks_without_batchnorm_do_not_read_its_hyperparameters():
    pytest.importorskip("timm")
    names = ("batchnorm_epsilon", "freeze_batchnorm", "lr")
    vit, resnet = (Config(family=f"timm/test_{name}") for name in ("vit", "resnet"))
    assert unread_by_network(vit, names) == {"batchnorm_epsilon": "family", "freeze_batchnorm": "family"}
    assert unread_by_network(vit, ("lr",)) == unread_by_network(resnet, names) == {}
