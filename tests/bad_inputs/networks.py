"""Networks of libraries that do not exist or do not fit, and files of weights that hold something else."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bad_inputs import spaces
from tests.bad_inputs.case import Case
from tests.bad_inputs.weights import Canary

TRANSFER = {"family": "small_cnn", "regime": "fine_tune", "image_size": 16, "batch_size": 32}


def _named(name: str, said: str, **fixed: object) -> Case:
    text = spaces.text(fixed=repr(TRANSFER | fixed))
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": "{here}"}
    return Case(name, "--space mine.py", 2, said, partial(spaces.write, text), environment=offline)


def _file(name: str, said: str, write: Callable[[Path], object], file: str = "mine.pth", **fixed: object) -> Case:
    def make(here: Path) -> None:
        spaces.write(spaces.text(fixed=repr(TRANSFER | {"weights": file} | fixed)), here)
        write(here / file.partition("#")[0])

    return Case(name, "--space mine.py", 2, said, make)


def _tensors() -> dict:
    from torch import nn

    from study.models import families

    return {f"stages.{name}": tensor for name, tensor in nn.ModuleList(
        families.load("small_cnn").backbone("none")[0]).state_dict().items()}  # fmt: skip


def _saved(content: Callable[[], object], path: Path) -> None:
    import torch

    torch.save(content(), path)


def _cut(path: Path) -> None:
    _saved(_tensors, path)
    path.write_bytes(path.read_bytes()[:5000])


def _not_finite() -> dict:
    import torch

    first, *others = _tensors().items()
    return dict([(first[0], torch.full_like(first[1], torch.nan)), *others])


def _twice() -> dict:
    return {"teacher": _tensors(), "student": _tensors()}


def _without(count: int) -> dict:
    return dict([*_tensors().items()][:-count])


def _other() -> dict:
    import torch

    return {"encoder.layer.0.weight": torch.ones(2), "encoder.layer.0.bias": torch.ones(2)}


def _safetensors(header: bytes, path: Path) -> None:
    path.write_bytes(len(header).to_bytes(8, "little") + header)


VIT, RESNET = "timm/vit_small_patch14_dinov2", "torchvision/resnet18"
CASES = [
    _named("an unknown network of timm", "unknown network 'resnet18_x' of timm; the nearest: resnet18",
           family="timm/resnet18_x", image_size=32),
    _named("an unknown network of torchvision", "unknown network 'resnet19' of torchvision; the nearest: resnet1",
           family="torchvision/resnet19", image_size=32),
    _named("an unknown tag", "unknown network 'resnet18.in22k' of timm; the nearest: resnet18.",
           family="timm/resnet18.in22k", image_size=32),
    _named("unknown weights of torchvision", "unknown network 'resnet18.V3' of torchvision; the nearest: resnet18",
           family="torchvision/resnet18.V3", image_size=32),
    _named("a library without a network", "unknown family 'timm/'; one of", family="timm/", image_size=32),
    _named("another library", "unknown family 'keras/resnet50'; one of", family="keras/resnet50", image_size=32),
    _named("a side that is no multiple of the patches", f"images of 32 px do not fit family {VIT}; a multiple of 14",
           family=VIT, image_size=32, weights="none", regime="scratch"),
    _named("a side that a network's windows do not take", "px do not fit family timm/swin_tiny_patch4_window7_224; a",
           family="timm/swin_tiny_patch4_window7_224", image_size=50, weights="none", regime="scratch"),
    _named("unknown stages", f"unknown stages 'all' of {RESNET}; blocks, or leave it out",
           family=RESNET, image_size=32, stages="all", weights="none", regime="scratch"),
    _named("weights that are not here, and no network", "timm/resnet18: cannot get its pretrained weights (OSError('",
           family="timm/resnet18", image_size=32, weights="pretrained"),
    _named("weights that are not published", "unknown weights 'imagenet' of family timm/davit_giant; one of none",
           family="timm/davit_giant", image_size=32, weights="imagenet"),
    _named("a file of weights that is nowhere", "weights nowhere.pth: no such file", weights="nowhere.pth"),
    _named("a folder in the place of weights", "weights .: is a folder; name a file of it", weights="./"),
    _file("a file of another kind as weights", "weights mine.txt: is none of .safetensors, .pt, .pth", Path.touch,
          "./mine.txt"),
    _file("a file of weights of 0 bytes", "weights mine.pth: cannot be read as torch's (it ends early)", Path.touch),
    _file("a file of weights cut short", "weights mine.pth: cannot be read as torch's (", _cut),
    _file("a file of weights that is a page of HTML", "weights mine.pth: cannot be read as torch's (",
          lambda path: path.write_text("<!DOCTYPE html><html>login</html>")),
    _file("a file of weights with code", "weights mine.pth: it holds more than tensors (",
          partial(_saved, lambda: {"model": Canary()})),
    _file("a file of weights without tensors", "weights mine.pth: holds no tensor", partial(_saved, lambda: {"a": 1})),
    _file("a file of weights of another network", "weights mine.pth: none of its 2 tensors is this network's; it has",
          partial(_saved, _other)),
    _file("a file of weights that lacks tensors", "of the network's", partial(_saved, partial(_without, 4))),
    _file("a file of weights with the network twice", "has the network 2 times, under student.stages. and teacher.sta",
          partial(_saved, _twice)),
    _file("a prefix that a file of weights lacks", "weights mine.pth: has nothing of this network under 'backbone'; it",
          partial(_saved, _tensors), file="mine.pth#backbone"),
    _file("a file of weights that are not finite", "has numbers that are not finite", partial(_saved, _not_finite)),
    _file("safetensors whose header lies", "weights mine.safetensors: cannot be read as safetensors (",
          partial(_safetensors, b'{"a":{"dtype":"F32","shape":[9999999999],"data_offsets":[0,4]}}'),
          file="mine.safetensors"),
    _file("safetensors whose header is endless", "weights mine.safetensors: cannot be read as safetensors (",
          lambda path: path.write_bytes(b"\xff" * 100), file="mine.safetensors"),
]  # fmt: skip
