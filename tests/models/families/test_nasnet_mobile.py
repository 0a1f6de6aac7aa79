import io
import socket
import zipfile
from pathlib import Path

import pytest
import torch
from pytorchcv.models.nasnet import nasnet_4a1056
from torch import nn

from study.errors import UserError
from study.models import families

NAME = "nasnet_4a1056-0803-44f5ecbe.pth"
STORE = "pytorchcv.models.common.model_store"


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Where the weights belong in pytorchcv's folder; they are not there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".torch" / "models"
    folder.mkdir(parents=True)
    return folder / NAME


@pytest.fixture
def whole(file, monkeypatch):
    """A network whose weights are in the folder; their checksum passes for the published one."""
    torch.manual_seed(1)
    made = nasnet_4a1056().eval()
    torch.save(made.state_dict(), file)
    monkeypatch.setattr(f"{STORE}._check_sha1", lambda file, sha1: True)
    return made


def test_weights_in_the_folder_are_loaded_and_score_as_pytorchcv_does(whole):
    net = families.build("nasnet_mobile", "imagenet", 43, source_head=True).eval()
    with torch.no_grad():
        small, images = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 224, 224)
        torch.testing.assert_close(net(images), whole(images), rtol=1e-3, atol=1e-3)  # the only size of pytorchcv
        whole.features.final_pool = nn.AdaptiveAvgPool2d(1)
        assert all(torch.equal(net(batch), whole(batch)) for batch in (small, images))


@pytest.mark.slow
def test_all_of_it_is_used(whole):
    net = families.build("nasnet_mobile", "imagenet", 43, source_head=True)
    ours, theirs = net.state_dict().values(), whole.state_dict().values()
    assert len(ours) == len(theirs)
    assert sum(map(torch.numel, net.parameters())) == 5_289_978


def test_batchnorm_is_pytorchcvs():
    layers = families.build("nasnet_mobile", "none", 7).modules()
    assert {(layer.eps, layer.momentum) for layer in layers if isinstance(layer, nn.BatchNorm2d)} == {(0.001, 0.1)}


def test_stages_pass_two_paths_and_each_halves_the_maps():
    net, sides = families.build("nasnet_mobile", "none", 7).eval(), []
    paths = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        for stage in net.stages[:-1]:
            paths = stage(paths)
            sides.append([path.shape[-1] for path in paths])
    assert [newer for newer, _ in sides] == [56, 28, 14]


def no_network(*args, **kwargs):
    raise OSError("no network")


@pytest.mark.parametrize("damaged", [False, True])
def test_a_failed_download_says_what_to_place_where(file, monkeypatch, damaged, capsys):
    monkeypatch.setattr("requests.get" if damaged else "urllib.request.urlopen", no_network)
    if damaged:
        Path(file).write_bytes(b"not weights")
    with pytest.raises(UserError) as error:
        families.build("nasnet_mobile", "imagenet", 43)
    url = f"https://github.com/osmr/imgclsmob/releases/download/v0.0.495/{NAME}.zip"
    assert all(part in str(error.value) for part in ("nasnet_mobile", "no network", url, str(file)))
    assert not capsys.readouterr().out


def test_a_file_of_something_else_says_what_to_place_where(file, monkeypatch):
    monkeypatch.setattr(f"{STORE}._check_sha1", lambda file, sha1: True)
    Path(file).write_bytes(b"not weights")
    with pytest.raises(UserError, match=NAME):
        families.build("nasnet_mobile", "imagenet", 43)


def test_a_download_is_unpacked_where_pytorchcv_looks(file, monkeypatch):
    file.parent.rmdir()
    made, packed = nasnet_4a1056().state_dict(), io.BytesIO()
    torch.save(made, weights := io.BytesIO())
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr(NAME, weights.getvalue())
    packed.seek(0)
    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: packed)
    monkeypatch.setattr(f"{STORE}._check_sha1", lambda file, sha1: True)
    assert families.load("nasnet_mobile").fetch().keys() == made.keys()
    assert file.exists()


def test_a_silent_server_times_out(file, monkeypatch):
    monkeypatch.setattr("study.models.families.nasnet_mobile.SILENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(f"{STORE}.imgclsmob_repo_url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(UserError, match="timed out"):
            families.load("nasnet_mobile").fetch()
