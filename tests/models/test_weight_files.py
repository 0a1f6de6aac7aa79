"""A network's weights in files as people have them: what is taken, what is left out, and what is refused in a line."""

import argparse
import os
import re

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from study.errors import UserError
from study.models import weight_files, weight_tensors
from study.models.weight_tensors import Fitted, Layout


def network(width: int = 4, blocks: int = 3) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Module()
    model.stem = nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width))
    model.blocks = nn.ModuleList(
        nn.Sequential(nn.Conv2d(width, width, 3), nn.BatchNorm2d(width)) for _ in range(blocks)
    )
    return model


def state(**options) -> dict[str, torch.Tensor]:
    return network(**options).state_dict()


OWN = state()
HEAD = {"head.fc.weight": torch.ones(5, 4), "head.fc.bias": torch.ones(5)}


def fit(path, prefix=None, **layout) -> Fitted:
    layout = Layout(OWN, classifiers=("head.fc",), **layout)
    return weight_tensors.fit(path, weight_tensors.read(path), [layout], prefix)[1]


def under(prefix: str, tensors: dict) -> dict:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


FILES = {  # by name: the file's content, the prefix, whether it has a classifier, and what is left out
    "plain": (state(), "", False, 0),
    "with its classifier": (state() | HEAD, "", True, 0),
    "of a trainer": ({"model": state() | HEAD, "optimizer": {"lr": 0.1, "steps": [1, 2]}}, "model.", True, 0),
    "of several processes": ({"net": under("module.", state() | HEAD), "epoch": 3}, "net.module.", True, 0),
    "of Lightning": ({"state_dict": under("model.", state()), "loops": {}}, "state_dict.model.", False, 0),
    "of MoCo's queries": (
        {"state_dict": under("module.encoder_q.", state() | {"fc.0.weight": torch.ones(2, 4)})
         | {"module.queue": torch.ones(2, 9)}},
        "state_dict.module.encoder_q.", False, 2,
    ),
    "with a decoder": (state() | under("decoder.", state(blocks=1)), "", False, 14),
    "in half precision": ({name: tensor.half() for name, tensor in state().items()}, "", False, 0),
    "with the trainer's arguments": (
        {"model": state(), "args": argparse.Namespace(lr=0.1), "best": np.float64(0.9)}, "model.", False, 0),
    "without counters of batches": (
        {name: tensor for name, tensor in state().items() if "num_batches" not in name}, "", False, 0),
}  # fmt: skip


def save(content: dict, path):
    torch.save(content, path)
    return path


@pytest.mark.parametrize("name", FILES)
def test_the_network_is_found(name, tmp_path):
    content, prefix, has_head, left_out = FILES[name]
    path = save(content, tmp_path / "weights.pth")
    fitted = fit(path)
    assert fitted.prefix == prefix
    assert fitted.network.keys() == OWN.keys()
    assert torch.equal(fitted.network["blocks.1.0.weight"].float(), state()["blocks.1.0.weight"]) or "half" in name
    assert fitted.classes == (5 if has_head else 0)
    assert len(fitted.left_out) == left_out
    assert str(fitted).startswith(f"{len(OWN)} tensors of the network")
    network().load_state_dict(fitted.network)


def test_safetensors_are_read(tmp_path):
    save_file(under("model.", state()), tmp_path / "weights.safetensors")
    fitted = fit(tmp_path / "weights.safetensors")
    assert str(fitted) == f"{len(OWN)} tensors of the network under model.; nothing left out"


class Runs:
    def __reduce__(self):
        return (print, ("it runs",))


REFUSED = {
    "twice": (under("teacher.", state()) | under("student.", state()),
              "has the network 2 times, under student. and teacher.; say which, e.g. "),
    "a deeper one": (state(blocks=4), "has 6 tensors more than this network: blocks.3.0.weight, blocks.3.0.bias, "),
    "a missing block": (state(blocks=2), "lacks 6 of the network's 28 tensors: blocks.2.0.weight, blocks.2.0.bias, "),
    "another architecture": ({"layer1.conv.weight": torch.ones(2)},
                             "none of its 1 tensors is this network's; it has layer1.conv.weight; the network has "),
    "another width": (state(width=8), "has another shape of stem.0.weight, (8, 3, 3, 3) where the network has (4, 3,"),
    "a grey first kernel": (state() | {"stem.0.weight": torch.ones(4, 1, 3, 3)}, "(4, 1, 3, 3) where the network has"),
    "not finite": (state() | {"stem.0.bias": torch.full((4,), torch.nan)}, "stem.0.bias has numbers that are not"),
    "quantised": ({name: (9 * tensor).to(torch.int8) for name, tensor in state().items()},
                  "has another kind of numbers in stem.0.weight, int8 where the network has float32"),
    "complex": (state() | {"stem.0.bias": torch.ones(4, dtype=torch.complex64)}, "in stem.0.bias, complex64 where the"),
    "beyond float32": (state() | {"stem.0.bias": torch.full((4,), 1e39, dtype=torch.float64)},
                       "stem.0.bias has numbers that are not finite as float32"),
    "no tensor": ({"epoch": 3}, "holds no tensor"),
    "code": ({"model": Runs()}, "it holds more than tensors (print), which may be code, and is not opened"),
    "a whole model": (network(), "it holds more than tensors"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_such_network_is_refused_in_a_line(name, tmp_path, capsys):
    content, text = REFUSED[name]
    path = save(content, tmp_path / "weights.pt")
    with pytest.raises(UserError, match=re.escape(text)) as refusal:
        fit(path)
    assert str(refusal.value).startswith(f"weights {path}: ")
    assert "\n" not in str(refusal.value)
    assert capsys.readouterr().out == ""


def test_of_several_the_one_that_is_named_is_taken(tmp_path):
    teacher = {name: tensor + 1 for name, tensor in state().items()}
    path = save(under("teacher.", teacher) | under("student.", state()), tmp_path / "weights.pt")
    file, prefix = weight_files.split(f"{path}#teacher.")
    fitted = fit(file, prefix)
    assert torch.equal(fitted.network["stem.0.bias"], teacher["stem.0.bias"])
    assert len(fitted.left_out) == len(OWN)


@pytest.mark.parametrize("size", [0, 10, 200, -1])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_truncated_file_is_refused(size, suffix, tmp_path):
    path = tmp_path / f"weights{suffix}"
    save(state(), path) if suffix == ".pt" else save_file(state(), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UserError, match=f"weights {path}: (cannot be read as|it holds more)"):
        weight_tensors.read(path)


def test_what_is_no_file_of_weights_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"none\.pt: no such file"):
        weight_tensors.read(tmp_path / "none.pt")
    (tmp_path / "weights.txt").touch()
    with pytest.raises(UserError, match=r"weights\.txt: is none of \.safetensors, \.pt, \.pth"):
        weight_tensors.read(tmp_path / "weights.txt")
    with pytest.raises(UserError, match=r": is a folder; name a file of it"):
        weight_tensors.read(tmp_path)
    assert weight_files.is_file("~/mine.pth#teacher.")
    assert weight_files.is_file("./mine")
    assert not any(map(weight_files.is_file, ("imagenet", "none", "rotation:gtsrb")))


@pytest.mark.parametrize(
    ("written", "file", "prefix"),
    [
        ("a.pt", "a.pt", None),
        ("a.pt#", "a.pt", ""),
        ("a.pt#teacher.", "a.pt", "teacher."),
        ("run#3/a.pt", "run#3/a.pt", None),
        ("c#3.pt#teacher", "c#3.pt", "teacher"),
        ("./mine#teacher", "mine", "teacher"),
    ],
)
def test_a_path_may_have_the_sign_of_a_prefix(written, file, prefix):
    assert weight_files.is_file(written)
    found, named = weight_files.split(written)
    assert (str(found), named) == (file, prefix)


def test_paths_that_no_file_can_have_are_refused_in_a_line(tmp_path):
    with pytest.raises(UserError, match=r"cannot be read \(File name too long\)"):
        weight_files.check(tmp_path / f"{'x' * 300}.pt")
    os.mkfifo(tmp_path / "pipe.pt")
    with pytest.raises(UserError, match=r"pipe\.pt: is not a regular file"):
        weight_files.check(tmp_path / "pipe.pt")


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_a_torchscript_program_is_refused_without_a_warning(tmp_path, recwarn):
    torch.jit.trace(nn.Linear(3, 4), torch.ones(1, 3)).save(tmp_path / "script.pt")
    recwarn.clear()
    with pytest.raises(UserError, match=r"script\.pt: cannot be read as torch's \(it is a TorchScript program"):
        weight_tensors.read(tmp_path / "script.pt")
    assert not recwarn
