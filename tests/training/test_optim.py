import math
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from study.errors import UserError
from study.models import families
from study.space.config import CHOICES
from study.training import optim
from tests.support.toy_task import SMALL


@pytest.fixture
def net():
    torch.manual_seed(0)
    return families.build("small_cnn", "none", 3)


def test_every_trained_parameter_is_in_one_group_with_its_rate_and_decay(net):
    multipliers = (0.0, 0.25, 0.5, 1.0)
    net.freeze({0})
    optimizer = optim.build(net, multipliers, replace(SMALL, weight_decay=0.1))
    optim.set_rate(optimizer, 2.0)
    groups = {id(parameter): group for group in optimizer.param_groups for parameter in group["params"]}
    assert len(groups) == sum(len(group["params"]) for group in optimizer.param_groups)
    for part, multiplier in zip([*net.stages, net.head], [*multipliers, 1.0], strict=True):
        for parameter in part.parameters():
            assert (id(parameter) in groups) == parameter.requires_grad == (multiplier > 0)
            if multiplier:
                assert groups[id(parameter)]["lr"] == 2.0 * multiplier
                assert groups[id(parameter)]["weight_decay"] == (0.1 if parameter.ndim > 1 else 0.0)


def test_an_unknown_optimizer_is_refused_with_the_choices(net):
    with pytest.raises(UserError, match="'lamb'; one of adamw, sgd"):
        optim.build(net, (1.0,) * 4, replace(SMALL, optimizer="lamb"))


def test_the_rate_rises_then_follows_half_a_cosine():
    rates = [optim.schedule(step, 10, 0.2) for step in range(10)]
    assert rates[:3] == [0.5, 1.0, 1.0]
    assert rates[6] == pytest.approx((1 + math.cos(math.pi / 2)) / 2)
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert rates[-1] > 0


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.0), (1, 0.1), (1, 1.0), (3, 1.0), (7, 0.5)])
def test_the_rate_is_positive_at_every_step(steps, warmup):
    assert all(0 < optim.schedule(step, steps, warmup) <= 1 for step in range(steps))


@pytest.mark.parametrize("name", CHOICES["optimizer"])
def test_a_restored_optimizer_steps_as_the_first_would(net, name):
    def step():
        optimizer.zero_grad()
        net(torch.ones(2, 3, 32, 32)).square().sum().backward()
        optimizer.step()

    optimizer = optim.build(net, (1.0,) * 4, replace(SMALL, optimizer=name))
    step()
    weights = {key: tensor.clone() for key, tensor in net.state_dict().items()}
    state = {key: tensor.clone() for key, tensor in optim.state(optimizer, net).items()}
    step()
    expected = {key: tensor.clone() for key, tensor in net.state_dict().items()}
    net.load_state_dict(weights)
    optimizer = optim.build(net, (1.0,) * 4, replace(SMALL, optimizer=name))
    optim.restore(optimizer, net, state)
    step()
    assert all(torch.equal(tensor, expected[key]) for key, tensor in net.state_dict().items())


def test_a_constant_and_a_stepped_rate():
    assert {optim.schedule(step, 10, 0.0, "constant") for step in range(10)} == {1.0}
    assert optim.schedule(0, 10, 0.2, "constant") == 0.5
    epochs = [optim.schedule(step, 25, 0.0, "step") for step in range(25)]
    assert epochs == pytest.approx([0.1 ** (epoch // 7) for epoch in range(25)])
    with pytest.raises(UserError, match="unknown schedule 'linear'; one of cosine, constant, step"):
        optim.schedule(5, 10, 0.0, "linear")


def test_a_parameter_outside_of_the_optimizer_is_named(net):
    net.freeze({0})
    optimizer = optim.build(net, (0.0, 1.0, 1.0, 1.0), SMALL)
    assert optim.unoptimized(optimizer, net) == []
    net.head = torch.nn.Linear(256, 3)
    assert optim.unoptimized(optimizer, net) == ["head.weight", "head.bias"]


OPTIMIZERS = {
    "adamw": lambda groups, fused: torch.optim.AdamW(groups, fused=fused),
    "sgd": lambda groups, fused: torch.optim.SGD(groups, momentum=0.9, nesterov=True, fused=fused),
    "sgd without momentum": lambda groups, fused: torch.optim.SGD(groups, fused=fused),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("family", ["small_cnn", "efficientnet_lite0"])
def test_it_steps_as_torchs_own_to_the_bit_and_as_its_loop_but_for_rounding_in_any_layout(family, optimizer):
    nets = {}
    momentum = 0.0 if "without" in optimizer else 0.9
    config = replace(SMALL, optimizer=optimizer.split()[0], lr=1e-2, weight_decay=0.1, momentum=momentum)
    for way in ("ours", "torch's", "its loop"):
        torch.manual_seed(0)
        net = nets[way] = families.build(family, "none", 3).to(memory_format=torch.channels_last)
        built = optim.build(net, (1.0,) * len(net.stages), config)
        if way != "ours":
            built = OPTIMIZERS[optimizer](built.param_groups, way == "torch's")
        for _ in range(3):
            images = torch.randn(4, 3, 32, 32).contiguous(memory_format=torch.channels_last)
            built.zero_grad()
            net.eval()(images).square().mean().backward()
            built.step()
    ours, torchs, loops = (list(nets[way].parameters()) for way in nets)
    assert all(torch.equal(one, other) for one, other in zip(ours, torchs, strict=True))
    for one, other in zip(ours, loops, strict=True):
        off = ~torch.isclose(one, other, rtol=1e-3, atol=1e-3)  # of steps of 1e-2
        assert off.float().mean() < 1e-4  # AdamW takes a full step along a gradient that is rounding alone


def test_what_has_no_gradient_stays():
    moved, stays = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    group = {"params": [moved, stays], "multiplier": 1.0, "lr": 0.1, "weight_decay": 0.1}
    built = optim.Optimizer([group], optim._adamw)
    moved.grad = torch.ones(2)
    built.step()
    assert list(built.state) == [moved]
    assert (moved < 1).all()
    assert torch.equal(stays, torch.ones(2))
    built.zero_grad()
    assert moved.grad is None


TRAINS = """
import sys
from study.training import trial
from tests.support.toy_task import SMALL, task
list(trial.run(SMALL, task(), 0, epochs=1))
print(sorted({"torch._dynamo", "torchvision", "timm", "ray", "pandas"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_a_process_that_trains_a_small_network_imports_no_compiler():
    """The machinery of `torch.compile` takes as long to import as torch does, in each worker of a study."""
    assert subprocess.run([sys.executable, "-c", TRAINS], capture_output=True, text=True).stdout == "[]\n"
