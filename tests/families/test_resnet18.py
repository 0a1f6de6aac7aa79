import pytest
import torch
from torchvision.models import ResNet18_Weights, resnet18

from study import families
from study.config import UserError

URL = ResNet18_Weights.IMAGENET1K_V1.url
NAME = URL.rpartition("/")[2]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of torch's own, without the real weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_weights_in_the_cache_are_loaded_and_score_as_torchvision_does(cache):
    torch.manual_seed(1)
    whole = resnet18(weights=None).eval()
    torch.save(whole.state_dict(), cache / NAME)
    net = families.build("resnet18", "imagenet", 43, source_head=True).eval()
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(net(images), whole(images))


def test_a_new_head_has_the_tasks_classes(cache):
    torch.save(resnet18(weights=None).state_dict(), cache / NAME)
    assert families.build("resnet18", "imagenet", 43).head.out_features == 43


def no_network(*args, **kwargs):
    raise OSError("no network")


def test_a_failed_download_says_what_to_place_where(cache, monkeypatch):
    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    with pytest.raises(UserError) as error:
        families.build("resnet18", "imagenet", 43)
    assert all(part in str(error.value) for part in ("no network", URL, str(cache / NAME)))


def test_a_damaged_file_says_what_to_place_where(cache):
    (cache / NAME).write_bytes(b"not weights")
    with pytest.raises(UserError, match=NAME):
        families.build("resnet18", "imagenet", 43)
