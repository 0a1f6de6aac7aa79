import pytest
import torch
from torch import nn

from study.net import Net, copied


@pytest.fixture
def net():
    torch.manual_seed(0)
    stage = lambda before: nn.Sequential(nn.Linear(before, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))  # noqa: E731
    return Net([stage(3), stage(4)], nn.Linear(4, 2))


def test_frozen_stages_stay_in_eval_mode_whatever_is_asked(net):
    net.freeze(1)
    net.train()
    assert not any(module.training for module in net.stages[0].modules())
    assert all(module.training for module in [*net.stages[1].modules(), net.head])


def test_frozen_stages_need_no_gradient_and_a_thaw_gives_it_back(net):
    for depth in (2, 1, 0):
        net.freeze(depth)
        needs = [all(parameter.requires_grad for parameter in stage.parameters()) for stage in net.stages]
        assert needs == [depth <= 0, depth <= 1]
        assert all(parameter.requires_grad for parameter in net.head.parameters())


def test_the_frozen_prefix_keeps_no_graph(net):
    net.freeze(1)
    net(torch.rand(3, 3, requires_grad=True)).sum().backward()
    assert all(parameter.grad is None for parameter in net.stages[0].parameters())


def test_the_digest_sees_frozen_parameters_and_buffers_only(net):
    net.freeze(1)
    before = net.frozen_digest()
    with torch.no_grad():
        net.stages[1][0].weight.add_(1)
        net.head.bias.add_(1)
    assert net.frozen_digest() == before
    net.stages[0][1].running_mean.add_(1e-3)
    assert net.frozen_digest() != before


def test_changing_is_what_is_not_frozen(net):
    assert {name.rpartition(".")[0] for name in net.changing(1)} == {"stages.1.0", "stages.1.1", "head"}
    assert net.changing(0).keys() == net.state_dict().keys()
    assert set(net.changing(2)) == {"head.weight", "head.bias"}


def test_a_copy_does_not_follow(net):
    copy = copied(net.changing(2))
    with torch.no_grad():
        net.head.bias.add_(1)
    assert not torch.equal(copy["head.bias"], net.head.bias)
