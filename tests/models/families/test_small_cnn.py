import torch
from torch import nn

from study.models import families


def test_ten_weight_layers():
    layers = [
        layer for layer in families.build("small_cnn", "none", 43).modules() if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    assert len(layers) == 10


def test_cost_is_near_45_million_multiplications():
    net, total = families.build("small_cnn", "none", 43).eval(), []
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(lambda layer, _, out: total.append(layer.weight[0].numel() * out[0].numel()))
    net(torch.rand(1, 3, 32, 32))
    assert 40e6 < sum(total) < 50e6
