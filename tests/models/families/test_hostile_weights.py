"""Reading weights never runs code from a pickle."""

import json
from pathlib import Path

import pytest
import torchvision.models as zoo

from study.errors import Damaged, UserError
from study.models import families, weights
from study.storage import checkpoints, store
from tests.support import canary

FORMS = ("pickle", "torch", "old torch")


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song"
    yield path
    assert not path.exists(), "the payload was run"


@pytest.fixture(params=FORMS)
def payload(request, song):
    return canary.FORMS[request.param](song)


def refused(family, file):
    with pytest.raises(UserError) as error:
        families.build(family, "imagenet", 3)
    assert str(file) in str(error.value)


@pytest.mark.parametrize(("family", "whose"), [
    ("resnet18", zoo.ResNet18_Weights.IMAGENET1K_V1),
    ("mobilenet_v3_large", zoo.MobileNet_V3_Large_Weights.IMAGENET1K_V1),
])  # fmt: skip
def test_torchvisions_weights_run_no_code(family, whose, payload, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub" / "checkpoints" / whose.url.rpartition("/")[2]
    file.parent.mkdir(parents=True)
    file.write_bytes(payload)
    refused(family, file)


def test_nasnets_weights_run_no_code_even_with_a_matching_checksum(payload, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("pytorchcv.models.common.model_store._check_sha1", lambda file, sha1: True)
    file = tmp_path / ".torch" / "models" / "nasnet_4a1056-0803-44f5ecbe.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(payload)
    refused("nasnet_mobile", file)


def test_efficientnets_weights_run_no_code(payload, tmp_path, monkeypatch):
    file = tmp_path / "weights.pth"
    file.write_bytes(payload)
    monkeypatch.setattr("study.models.families._efficientnet_lite.file", lambda number: str(file))
    refused("efficientnet_lite0", file)


def test_weights_of_the_store_run_no_code_even_with_a_matching_size(payload, tmp_path):
    def fill(folder: Path):
        (folder / weights.MODEL).write_bytes(b"x" * len(payload))
        return {}

    entry = store.make_once("weights", {"canary": str(tmp_path)}, fill)
    (entry.path / weights.MODEL).write_bytes(payload)
    net = families.build("small_cnn", "none", 3)
    with pytest.raises(Damaged, match=f"{weights.MODEL} is not as it was written"):
        weights.fill(net, entry.path)


def test_a_checkpoint_runs_no_code_even_with_a_matching_checksum(payload, tmp_path):
    place = tmp_path / "trial" / "000001"
    place.mkdir(parents=True)
    (place / "state.safetensors").write_bytes(payload)
    digest = checkpoints._digest(place / "state.safetensors", {})
    (place / "manifest.json").write_text(json.dumps({"report": {}, "sha256": digest}))
    assert checkpoints.latest(tmp_path / "trial") is None
