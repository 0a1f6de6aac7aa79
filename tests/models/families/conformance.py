"""Checks that every family must pass; a test calls them for each family."""

from typing import Any, NamedTuple

import pytest
import torch

from study.errors import UserError
from study.models import families
from study.models.families import Family
from study.models.net import Net

CLASSES = 7


class Made(NamedTuple):
    """A family, and a network of it with random weights in eval mode."""

    name: str
    options: dict[str, str]
    family: Family
    net: Net


def make(name: str, **options: str) -> Made:
    torch.manual_seed(0)
    net = families.build(name, "none", CLASSES, **options).eval()
    return Made(name, options, families.load(name, **options), net)


def each_tensor_is_in_one_stage_or_the_head(made: Made) -> None:
    parts = [*made.net.stages, made.net.head]
    tensors = [id(tensor) for part in parts for tensor in part.state_dict(keep_vars=True).values()]
    assert len(set(tensors)) == len(tensors)
    assert set(tensors) == {id(tensor) for tensor in made.net.state_dict(keep_vars=True).values()}
    assert len(made.net.stages) == len(made.family.stages)


def every_stage_has_something_to_train(made: Made) -> None:
    assert all(list(stage.parameters()) for stage in made.net.stages)


def forward(made: Made) -> None:
    for batch, size in ((1, 32), (3, 32), (1, 64), (1, 224)):
        images = torch.rand(batch, 3, size, size)
        with torch.no_grad():
            features: Any = images
            for stage in made.net.stages:
                features = stage(features)
            assert features.shape == (batch, made.family.features)
            assert made.net(images).shape == (batch, CLASSES)


def one_image_scores_alone_as_in_a_batch(made: Made) -> None:
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(made.net(images)[:1], made.net(images[:1]), rtol=1e-3, atol=1e-4)


def smallest_size_works_and_a_smaller_one_is_refused(made: Made) -> None:
    smallest = made.family.min_size
    with torch.no_grad():
        assert made.net(torch.rand(1, 3, smallest, smallest)).isfinite().all()
    families.check(made.name, "none", smallest, **made.options)
    with pytest.raises(UserError, match=f"images of {smallest - 1} px .*{made.name}.* {smallest}"):
        families.check(made.name, "none", smallest - 1, **made.options)


def sizes_between_work_or_are_refused(made: Made) -> None:
    for size in (33, 40, 47):
        if size % made.family.multiple:
            with pytest.raises(UserError, match=f"images of {size} px .*{made.name}; a multiple of"):
                families.check(made.name, "none", size, **made.options)
        else:
            with torch.no_grad():
                made.net(torch.rand(1, 3, size, size))


def the_contract_is_stated(made: Made) -> None:
    family = made.family
    assert len(family.mean) == len(family.std) == 3
    assert all(0 <= mean <= 1 for mean in family.mean)
    assert all(0 < std <= 1 for std in family.std)
    assert "none" in family.weights
    assert (family.source_size is not None) == (len(family.weights) > 1)
    assert family.source_classes is None or family.source_size is not None
    assert family.min_size % family.multiple == 0


def random_weights_come_from_the_global_seed(made: Made) -> None:
    first, second = make(made.name, **made.options).net.state_dict(), made.net.state_dict()
    assert all(torch.equal(first[key], second[key]) for key in second)


def random_weights_bring_no_source_head(made: Made) -> None:
    with pytest.raises(UserError, match=f"{made.name}.*no source head"):
        families.build(made.name, "none", CLASSES, source_head=True, **made.options)


def unknown_weights_are_refused_with_the_choices(made: Made) -> None:
    with pytest.raises(UserError, match=f"'jft' of family {made.name}; one of {', '.join(made.family.weights)}"):
        families.build(made.name, "jft", CLASSES, **made.options)


def every_parameter_gets_a_gradient(made: Made) -> None:
    """In one training step, with a linear head and with hidden layers."""
    for head in ("linear", "16-8"):
        torch.manual_seed(0)
        net = families.build(made.name, "none", CLASSES, dropout=0.1, head=head, **made.options).train()
        images = (torch.rand(8, 3, 32, 32) - 0.5) * 4
        torch.nn.functional.cross_entropy(net(images), torch.arange(8) % CLASSES).backward()
        dead = [name for name, weight in net.named_parameters() if weight.grad is None or not weight.grad.any()]
        assert not dead


CHECKS = (
    each_tensor_is_in_one_stage_or_the_head,
    every_stage_has_something_to_train,
    forward,
    one_image_scores_alone_as_in_a_batch,
    smallest_size_works_and_a_smaller_one_is_refused,
    sizes_between_work_or_are_refused,
    the_contract_is_stated,
    random_weights_come_from_the_global_seed,
    random_weights_bring_no_source_head,
    unknown_weights_are_refused_with_the_choices,
    every_parameter_gets_a_gradient,
)
