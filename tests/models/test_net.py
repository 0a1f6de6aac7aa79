import pytest
import torch
from torch import nn

from study.models.net import Net, batchnorms, copied, set_batchnorm


@pytest.fixture
def net():
    torch.manual_seed(0)
    stage = lambda before: nn.Sequential(nn.Linear(before, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))  # noqa: E731
    return Net([stage(3), stage(4)], nn.Linear(4, 2))


def test_frozen_stages_stay_in_eval_mode_in_train_mode_too(net):
    net.freeze({0})
    net.train()
    assert not any(module.training for module in net.stages[0].modules())
    assert all(module.training for module in [*net.stages[1].modules(), net.head])


def test_frozen_stages_need_no_gradient_and_a_thaw_gives_it_back(net):
    for depth in (2, 1, 0):
        net.freeze(range(depth))
        needs = [all(parameter.requires_grad for parameter in stage.parameters()) for stage in net.stages]
        assert needs == [depth <= 0, depth <= 1]
        assert all(parameter.requires_grad for parameter in net.head.parameters())


def test_the_frozen_prefix_keeps_no_graph(net):
    net.freeze({0})
    net(torch.rand(3, 3, requires_grad=True)).sum().backward()
    assert all(parameter.grad is None for parameter in net.stages[0].parameters())


def test_the_digest_sees_frozen_parameters_and_buffers_only(net):
    net.freeze({0})
    before = net.frozen_digest()
    with torch.no_grad():
        net.stages[1][0].weight.add_(1)
        net.head.bias.add_(1)
    assert net.frozen_digest() == before
    net.stages[0][1].running_mean.add_(1e-3)
    assert net.frozen_digest() != before


def test_changing_tensors_are_those_that_are_not_frozen(net):
    assert {name.rpartition(".")[0] for name in net.changing({1})} == {"stages.1.0", "stages.1.1", "head"}
    assert net.changing({0, 1}).keys() == net.state_dict().keys()
    assert set(net.changing(())) == {"head.weight", "head.bias"}


def test_any_stage_can_be_frozen_and_gradients_pass_through_it(net):
    net.freeze({1})
    net(torch.rand(3, 3)).sum().backward()
    assert all(parameter.grad is None for parameter in net.stages[1].parameters())
    assert all(parameter.grad is not None for parameter in net.stages[0].parameters())
    assert {name.split(".")[1] for name in net.changing({0}) if name.startswith("stages")} == {"0"}


def test_nothing_frozen_has_no_digest(net):
    assert net.frozen_digest() is None


def test_batchnorm_that_may_drift_moves_its_buffers_and_nothing_else(net):
    net.freeze({0, 1}, batchnorm=False)
    net.train()
    digest, before = net.frozen_digest(), {name: tensor.clone() for name, tensor in net.state_dict().items()}
    net(torch.rand(8, 3))
    moved = {name for name, tensor in net.state_dict().items() if not torch.equal(tensor, before[name])}
    buffers = {f"stages.{stage}.1.{name}" for stage in (0, 1) for name, _ in nn.BatchNorm1d(4).named_buffers()}
    assert moved == set(net.drifting()) == buffers
    assert buffers <= net.changing(()).keys()
    assert net.frozen_digest() == digest
    net.freeze({0, 1})
    assert net.drifting() == {}
    assert net.frozen_digest() != digest


def test_batchnorm_can_be_set(net):
    set_batchnorm(net, 0.0003, None)
    set_batchnorm(net, None, 1e-3)
    assert [(layer.momentum, layer.eps) for layer in batchnorms(net)] == [(0.0003, 1e-3)] * 2


def test_a_copy_does_not_follow(net):
    copy = copied(net.changing(()))
    with torch.no_grad():
        net.head.bias.add_(1)
    assert not torch.equal(copy["head.bias"], net.head.bias)
