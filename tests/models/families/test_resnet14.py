import torch
from torch import nn

from study.models import families
from study.models.families._basic_block import BasicBlock


def test_fourteen_weight_layers():
    net = families.build("resnet14", "none", 10)
    assert len([layer for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]) == 14


def test_size_is_the_papers_formula():
    """The weights of 6n convolutions, the first one and the head; of each map two numbers of BatchNorm; n = 2."""
    widths = [(3, 16), *[(16, 16)] * 4, (16, 32), *[(32, 32)] * 3, (32, 64), *[(64, 64)] * 3]
    count = sum(9 * before * after + 2 * after for before, after in widths) + 64 * 10 + 10
    assert sum(each.numel() for each in families.build("resnet14", "none", 10).parameters()) == count


def test_maps_are_halved_twice():
    net, sides = families.build("resnet14", "none", 10).eval(), []
    for stage in net.stages[:2]:
        stage.register_forward_hook(lambda stage, _, out: sides.append(tuple(out.shape[1:])))
    net(torch.rand(1, 3, 32, 32))
    assert sides == [(16, 32, 32), (32, 16, 16)]


def test_a_block_of_no_weights_passes_its_input_on():
    """In the shortcut every second pixel, and zeros in the new channels."""
    for before, after, stride in ((16, 16, 1), (16, 32, 2)):
        block = BasicBlock(before, after).eval()
        nn.init.zeros_(block.layers[3].weight)
        maps = torch.rand(2, before, 7, 7)
        passed = block(maps)
        assert torch.equal(passed[:, :before], maps[:, :, ::stride, ::stride])
        assert not passed[:, before:].any()
