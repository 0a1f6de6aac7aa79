"""Families with torchvision's weights, which are read from torch's own cache; here the test puts them there."""

from pathlib import Path

import pytest
import torch
import torchvision.models as zoo

from study.errors import UserError
from study.models import families

WHOLE = {
    "resnet18": (zoo.resnet18, zoo.ResNet18_Weights.IMAGENET1K_V1),
    "mobilenet_v3_large": (zoo.mobilenet_v3_large, zoo.MobileNet_V3_Large_Weights.IMAGENET1K_V1),
}


@pytest.fixture(params=WHOLE)
def name(request):
    return request.param


@pytest.fixture
def file(name, tmp_path, monkeypatch):
    """Where the weights belong in a cache of torch's own; they are not there."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder / WHOLE[name][1].url.rpartition("/")[2]


@pytest.fixture
def whole(name, file):
    """A network whose weights are in the cache."""
    torch.manual_seed(1)
    made = WHOLE[name][0](weights=None).eval()
    torch.save(made.state_dict(), file)
    return made


def test_weights_in_the_cache_are_loaded_and_score_as_torchvision_does(name, whole):
    net = families.build(name, "imagenet", 43, source_head=True).eval()
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(net(images), whole(images))
    assert net.head.out_features == families.load(name).source_classes


def test_a_new_head_has_the_tasks_classes(name, whole):
    assert families.build(name, "imagenet", 43).head.out_features == 43


def test_an_extractor_has_the_encoders_weights_and_source_head(name, whole):
    net = families.build("meta_extractor", "imagenet", 43, source_head=True, encoder=name).eval()
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(net(images), whole(images))


def test_a_parallel_net_has_the_encoders_weights_but_no_source_head(name, whole):
    net = families.build("parallel_net", "imagenet", 43, encoder=name).eval()
    encoder = families.build(name, "imagenet", 43)
    assert all(
        torch.equal(*pair)
        for pair in zip(net.stages[0].state_dict().values(), encoder.stages.state_dict().values(), strict=True)
    )
    with pytest.raises(UserError, match="parallel_net with weights 'imagenet' has no source head"):
        families.build("parallel_net", "imagenet", 43, source_head=True, encoder=name)


def test_fetch_is_the_encoders(name, whole):
    for family in (families.load(name), families.load("parallel_net", encoder=name)):
        assert family.fetch().keys() == whole.state_dict().keys()


def no_network(*args, **kwargs):
    raise OSError("no network")


def test_a_failed_download_says_what_to_place_where(name, file, monkeypatch):
    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    with pytest.raises(UserError) as error:
        families.build(name, "imagenet", 43)
    assert all(part in str(error.value) for part in (name, "no network", WHOLE[name][1].url, str(file)))


def test_a_damaged_file_says_what_to_place_where(name, file):
    Path(file).write_bytes(b"not weights")
    with pytest.raises(UserError, match=file.name):
        families.build(name, "imagenet", 43)
