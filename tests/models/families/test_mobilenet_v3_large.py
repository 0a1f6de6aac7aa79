import pytest
import torch
from torch import nn

from study.models import families


@pytest.mark.parametrize(("stem", "side"), [("standard", 1), ("small", 4)])
def test_the_small_stem_keeps_larger_maps(stem, side):
    net, sides = families.build("mobilenet_v3_large", "none", 7, stem=stem).eval(), []
    (pool,) = (layer for layer in net.stages[-1] if isinstance(layer, nn.AdaptiveAvgPool2d))
    pool.register_forward_hook(lambda layer, inputs, out: sides.append(tuple(inputs[0].shape[2:])))
    net(torch.rand(1, 3, 32, 32))
    assert sides == [(side, side)]


def test_both_stems_have_the_same_tensors():
    torch.manual_seed(0)
    standard = families.build("mobilenet_v3_large", "none", 7).state_dict()
    torch.manual_seed(0)
    small = families.build("mobilenet_v3_large", "none", 7, stem="small")
    assert all(torch.equal(tensor, standard[name]) for name, tensor in small.state_dict().items())


def test_each_stage_but_the_first_starts_with_a_halving():
    net = families.build("mobilenet_v3_large", "none", 7).eval()
    maps, sides = torch.rand(1, 3, 224, 224), []
    for stage in net.stages[:-1]:
        maps = stage(maps)
        sides.append(maps.shape[-1])
    assert sides == [112, 56, 28, 14]


def test_batchnorm_is_torchvisions():
    layers = families.build("mobilenet_v3_large", "none", 7).modules()
    assert {(layer.eps, layer.momentum) for layer in layers if isinstance(layer, nn.BatchNorm2d)} == {(0.001, 0.01)}
