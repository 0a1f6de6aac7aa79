"""What every family in the folder must satisfy; a new one is picked up by its file."""

import pytest
import torch

from study import families
from study.config import UserError

ALL = families.names()


@pytest.fixture(scope="module", params=ALL)
def made(request):
    torch.manual_seed(0)
    return request.param, families.load(request.param), families.build(request.param, "none", 7).eval()


def test_each_tensor_is_in_one_stage_or_the_head(made):
    _, family, net = made
    parts = [*net.stages, net.head]
    held = [id(tensor) for part in parts for tensor in part.state_dict(keep_vars=True).values()]
    assert len(set(held)) == len(held)
    assert set(held) == {id(tensor) for tensor in net.state_dict(keep_vars=True).values()}
    assert len(net.stages) == len(family.stages)


def test_every_stage_has_something_to_train(made):
    assert all(list(stage.parameters()) for stage in made[2].stages)


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("batch", [1, 3])
def test_forward(made, size, batch):
    _, family, net = made
    images = torch.rand(batch, 3, size, size)
    features = images
    for stage in net.stages:
        features = stage(features)
    assert features.shape == (batch, family.features)
    assert net(images).shape == (batch, 7)


def test_smallest_size_works_and_a_smaller_one_is_refused(made):
    name, family, net = made
    assert net(torch.rand(1, 3, family.min_size, family.min_size)).isfinite().all()
    families.check(name, "none", family.min_size)
    with pytest.raises(UserError, match=f"image_size {family.min_size - 1} .*{name}.* {family.min_size}"):
        families.check(name, "none", family.min_size - 1)


def test_the_contract_is_stated(made):
    _, family, _ = made
    assert len(family.mean) == len(family.std) == 3
    assert all(0 <= mean <= 1 for mean in family.mean)
    assert all(0 < std <= 1 for std in family.std)
    assert "none" in family.weights
    assert (family.source_classes is not None) == ("imagenet" in family.weights)


def test_random_weights_come_from_the_global_seed(made):
    name, _, _ = made
    torch.manual_seed(3)
    first = families.build(name, "none", 7).state_dict()
    torch.manual_seed(3)
    second = families.build(name, "none", 7).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_unknown_names_are_refused_with_the_choices(made):
    name, family, _ = made
    with pytest.raises(UserError, match=f"'vgg'; one of {', '.join(ALL)}"):
        families.load("vgg")
    with pytest.raises(UserError, match=f"'jft' of family {name}; one of {', '.join(family.weights)}"):
        families.build(name, "jft", 7)


def test_random_weights_bring_no_source_head(made):
    with pytest.raises(UserError, match=f"{made[0]}.*no source head"):
        families.build(made[0], "none", 7, source_head=True)
