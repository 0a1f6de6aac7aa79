"""Low-rank additions, biases and norms: what trains, that nothing else moves, and that merged is plain again."""

import copy
import importlib

import pytest
import torch
from torch import nn

from study.errors import UserError
from study.models import families, tuning
from study.models.net import Net

pytest.importorskip("timm")
NETWORKS = [
    ("small_cnn", 32),
    ("timm/test_vit", 32),
    *(pytest.param(case, marks=pytest.mark.slow) for case in (
        ("efficientnet_lite0", 32), ("timm/eva02_tiny_patch14_224", 56), ("timm/convnext_atto", 32),
    )),
]  # fmt: skip


@pytest.fixture(params=NETWORKS, ids=lambda case: case[0])
def made(request) -> tuple[Net, torch.Tensor]:
    name, side = request.param
    torch.manual_seed(0)
    net = families.build(name, "none", 3, **({"image_size": side} if "/" in name else {}))
    return net, torch.rand(4, 3, side, side)


def train(net: Net, images: torch.Tensor) -> None:
    """Take two steps: after the first an addition's second matrix is no longer 0."""
    net.train()
    optimizer = torch.optim.SGD([tensor for tensor in net.parameters() if tensor.requires_grad], lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), torch.arange(4) % 3).backward()
        optimizer.step()


def low_rank(net: Net, frozen: int = 0) -> Net:
    tuning.adapt(list(net.stages[frozen:]), rank=4, alpha=8.0, layers="all")
    net.freeze(range(frozen), tuned="lora")
    return net


def test_with_additions_a_network_begins_as_it_was(made):
    net, images = made
    before = net.eval()(images)
    assert torch.equal(low_rank(net).eval()(images), before)


def test_the_digest_does_not_depend_on_how_additions_that_are_0_were_drawn(made):
    net, images = made
    stages, other = range(len(net.stages)), low_rank(copy.deepcopy(net))
    digest = low_rank(net).digest(stages)
    assert other.digest(stages) == digest
    train(net, images)
    assert net.digest(stages) != digest


def test_additions_train_and_the_whole_network_below_stays(made):
    net, images = made
    before = {name: tensor.clone() for name, tensor in net.state_dict().items() if name.startswith("stages.")}
    digest = low_rank(net).frozen_digest()
    train(net, images)
    assert net.frozen_digest() == digest
    after = {tuning.plain_name(name): tensor for name, tensor in net.state_dict().items()}
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    additions = {name: tensor for name, tensor in net.named_parameters() if ".parametrizations." in name}
    moved = [tensor for name, tensor in additions.items() if name.endswith("up")]
    assert moved
    assert all(tensor.any() for tensor in moved)


def test_merged_the_network_is_plain_and_scores_the_same_to_the_bit(made):
    net, images = made
    plain = copy.deepcopy(net)
    train(low_rank(net), images)
    merged = tuning.merged(net)
    assert merged.keys() == plain.state_dict().keys()
    plain.load_state_dict(merged)
    assert torch.equal(plain.eval()(images), net.eval()(images))


def test_frozen_stages_get_no_additions(made):
    net, _ = made
    low_rank(net, frozen=2)
    assert not [name for name in net.state_dict() if ".parametrizations." in name and name[7] in "01"]
    assert net.prefix == 2


@pytest.mark.parametrize("tuned", ["bias", "norm"])
def test_biases_or_norms_alone_move(made, tuned):
    net, images = made
    before = {name: tensor.clone() for name, tensor in net.stages.named_parameters()}
    net.freeze((), tuned=tuned)
    digest = net.frozen_digest()
    train(net, images)
    assert net.frozen_digest() == digest
    moved = {name for name, tensor in net.stages.named_parameters() if not torch.equal(tensor, before[name])}
    norms = {
        f"{path}.{name}"
        for path, module in net.stages.named_modules()
        if "norm" in type(module).__name__.lower()
        for name, _ in module.named_parameters(recurse=False)
    }
    assert moved
    assert moved <= ({name for name in before if name.endswith("bias")} if tuned == "bias" else norms)


def test_what_trains_is_what_a_checkpoint_has(made):
    net, _ = made
    low_rank(net)
    stages = range(len(net.stages))
    names = {name for name, tensor in net.named_parameters() if tensor.requires_grad}
    assert net.changing(stages).keys() - names == set()


def test_attention_alone_can_be_added_to():
    net = families.build("timm/test_vit", "none", 3, image_size=32)
    tuning.adapt(list(net.stages), rank=2, alpha=4.0, layers="attention")
    names = [name for name in net.state_dict() if name.endswith("up")]
    assert len(names) == 12
    assert all(".attn." in name for name in names)
    with pytest.raises(UserError, match="lora_layers 'attention': the stages that train have no matrix of attention"):
        tuning.adapt(list(families.build("small_cnn", "none", 3).stages), rank=2, alpha=4.0, layers="attention")


def test_in_projections_of_attention_are_reached():
    """They are read without a call of their module, so a layer beside it would never get a gradient."""
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    tuning.adapt([attention], rank=2, alpha=4.0, layers="all")
    tuning.select(attention, "lora")
    for _ in range(2):
        attention(*[torch.rand(1, 3, 8)] * 3)[0].sum().backward()
        with torch.no_grad():
            for parameter in attention.parameters():
                if parameter.grad is not None:
                    parameter -= 0.1 * parameter.grad
    additions = {name: tensor for name, tensor in attention.named_parameters() if tensor.requires_grad}
    assert any("in_proj_weight" in name for name in additions)
    assert all(tensor.grad is not None and tensor.grad.any() for tensor in additions.values())


@pytest.mark.parametrize("kind", ["beit.Beit", "eva.Eva"])
def test_every_addition_gets_a_gradient_where_weights_are_read_without_their_modules_call(kind):
    module, _, name = kind.partition(".")
    make = getattr(importlib.import_module(f"timm.models.{module}"), name)
    model = make(img_size=32, patch_size=16, embed_dim=32, depth=2, num_heads=2, num_classes=3)
    tuning.adapt([model], rank=2, alpha=4.0, layers="all")
    tuning.select(model, "lora")
    with torch.no_grad():
        for _, up in tuning.additions(model).values():
            up.normal_()
    model(torch.rand(2, 3, 32, 32)).square().sum().backward()
    trained = {name: tensor for name, tensor in model.named_parameters() if tensor.requires_grad}
    assert [name for name in trained if "attn.qkv" in name]
    assert [name for name, tensor in trained.items() if tensor.grad is None or not tensor.grad.any()] == []


def test_tables_of_position_biases_are_no_biases():
    model = importlib.import_module("timm.models.beit").Beit(
        img_size=32, patch_size=16, embed_dim=32, depth=1, num_heads=2, num_classes=3, use_rel_pos_bias=True
    )
    tuning.select(model, "bias")
    trained = {name for name, tensor in model.named_parameters() if tensor.requires_grad}
    assert {"blocks.0.attn.q_bias", "blocks.0.mlp.fc1.bias", "blocks.0.norm1.bias"} <= trained
    assert not [name for name in trained if "table" in name or name.endswith("weight")]
