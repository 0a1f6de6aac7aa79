"""Any network in stages does what it does whole, to the bit: at every place where it can be cut, in both modes."""

import copy

import pytest
import torch
from torch import nn

from study.models.staging.recording import CannotCut
from study.models.staging.stages import staged

timm = pytest.importorskip("timm")
SMALL = {"test_vit": 96, "test_resnet": 64}
MORE = {
    "test_efficientnet": 64,
    "convnext_atto": 64,
    "ghostnet_050": 64,
    "test_byobnet": 64,
    "eva02_tiny_patch14_224": 56,
    "crossvit_tiny_240": 240,
    "mobilevit_xxs": 64,
    "swin_tiny_patch4_window7_224": 56,
    "hrnet_w18_small": 64,
    "coat_lite_tiny": 64,
    "xcit_nano_12_p16_224": 64,
    "fastvit_t8": 64,
    "densenet121": 64,
}
NETWORKS = [*SMALL.items(), *(pytest.param(*case, marks=pytest.mark.slow) for case in MORE.items())]


def network(name: str, size: int) -> nn.Module:
    torch.manual_seed(0)
    fixed = timm.models.get_pretrained_cfg(name).fixed_input_size
    return timm.create_model(name, num_classes=0, **({"img_size": size} if fixed else {}))


def through(stages, images):
    for stage in stages:
        images = stage(images)
    return images


@pytest.mark.parametrize(("name", "size"), NETWORKS)
def test_a_network_cut_everywhere_does_what_it_does_whole(name, size):
    model = network(name, size)
    whole, parts = copy.deepcopy(model), staged(model, size, every=True)
    assert len(parts.stages) >= 4
    for mode in (False, True):
        outputs = []
        for run, modules in ((whole, [whole]), (lambda images: through(parts.stages, images), parts.stages)):
            for module in modules:
                module.train(mode)
            torch.manual_seed(1)
            outputs.append(run(torch.rand(3, 3, size, size)))
        assert torch.equal(*outputs)
    for output in outputs:
        output.square().mean().backward()
    gradients = {name: parameter.grad for name, parameter in whole.named_parameters(remove_duplicate=False)}
    mine = {name: tensor for stage in parts.stages for name, tensor in stage.named_parameters()}
    assert len(mine) == len({*dict(whole.named_parameters())} - {*parts.unused})  # a shared weight has one of its names
    assert all(same(mine[name].grad, gradients[name]) for name in mine)
    buffers = {name: tensor for stage in parts.stages for name, tensor in stage.named_buffers()}
    assert all(same(buffers[name], tensor) for name, tensor in whole.named_buffers() if name in buffers)
    assert len(buffers) == len({*dict(whole.named_buffers())} - {*parts.unused})


def same(one, other) -> bool:
    return torch.equal(one, other) if one is not None and other is not None else one is other


@pytest.mark.parametrize(("name", "count"), [("test_vit", 5), ("test_resnet", 4), ("convnext_atto", 4)])
def test_a_cut_is_found_again_at_another_size(name, count):
    parts = staged(network(name, 160), 160)
    assert len(parts.stages) == count
    assert staged(network(name, 64), 64, before=parts.before).before == parts.before


def test_maps_are_cut_before_they_halve_and_tokens_at_each_quarter():
    assert staged(network("test_vit", 96), 96).before == ("blocks.0", "blocks.2", "blocks.3", "blocks.4")
    lite = staged(network("tf_efficientnet_lite0", 224), 224)
    assert lite.before == ("blocks.1.0", "blocks.2.0", "blocks.3.0", "blocks.5.0")


class Odd(nn.Module):
    """Two convolutions and something odd between them."""

    def __init__(self, between) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, 2), nn.Conv2d(4, 4, 3, 2)
        self.between = between

    def forward(self, images):
        return self.second(self.between(self, self.first(images))).mean((2, 3))


@pytest.mark.parametrize(("between", "reason"), [
    (lambda net, maps: maps * torch.rand(()) if net.training else maps, "other things in train mode"),
    (lambda net, maps: maps + (len(maps) ** 2), "depends on the batch, and not linearly"),
])  # fmt: skip
def test_what_cannot_be_cut_says_why(between, reason):
    with pytest.raises(CannotCut, match=reason):
        staged(Odd(between), 32)


def test_a_cut_that_a_size_does_not_leave_is_named():
    with pytest.raises(CannotCut, match=r"images of 96 px leave no cut before blocks\.99"):
        staged(network("test_vit", 96), 96, before=("blocks.0", "blocks.99"))


def test_a_network_that_gives_maps_is_refused():
    with pytest.raises(CannotCut, match=r"it gives Tensor of shape \(2, 4, 15, 15\)"):
        staged(nn.Sequential(nn.Conv2d(3, 4, 3, 2)), 32)


def test_a_batch_of_any_size_and_the_mode_are_followed():
    def between(net, maps):
        flat = maps.reshape(maps.shape[0], -1)
        return nn.functional.dropout(flat, 0.5, net.training).reshape(maps.shape)

    model = Odd(between)
    parts = staged(model, 32)
    images = torch.rand(7, 3, 32, 32)
    assert torch.equal(through([stage.eval() for stage in parts.stages], images), model.eval()(images))
    assert not torch.equal(through([stage.train() for stage in parts.stages], images), model.eval()(images))


def test_a_copy_of_the_stages_has_weights_of_its_own():
    parts = nn.ModuleList(staged(network("test_resnet", 64), 64).stages).eval()
    twin = copy.deepcopy(parts)
    images = torch.rand(2, 3, 64, 64)
    before = through(parts, images)
    with torch.no_grad():
        for parameter in parts.parameters():
            parameter.zero_()
    assert torch.equal(through(twin, images), before)
