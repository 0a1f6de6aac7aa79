"""Pretrained weights whose files are not what they should be, in the cache where torch looks. Knows no data."""

import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bad_inputs import spaces
from tests.bad_inputs.case import Case

SPACE = spaces.text(
    compared="{'regime': ('feature_extraction', 'fine_tune')}",
    fixed="{'family': 'resnet18', 'image_size': 32, 'batch_size': 32}",
)
FILE = Path("hub", "checkpoints", "resnet18-f37072fd.pth")


class Canary:
    """What a pickle may do where it is read carelessly: it leaves a file, which the test would see."""

    def __reduce__(self) -> tuple:
        return Path.touch, (Path("ran"),)


def _tensors(network: str = "resnet18") -> dict:
    import torchvision.models as zoo

    return getattr(zoo, network)(weights=None).state_dict()


def _saved(kept: Callable[[], object], path: Path) -> None:
    import torch

    torch.save(kept(), path)


def _cut(path: Path) -> None:
    _saved(_tensors, path)
    path.write_bytes(path.read_bytes()[:100_000])


def _flat() -> dict:
    whole = _tensors()
    return whole | {"conv1.weight": whole["conv1.weight"][:, :1]}


def _case(name: str, write: Callable[[Path], object]) -> Case:
    def make(here: Path) -> None:
        spaces.write(SPACE, here)
        (here / FILE).parent.mkdir(parents=True)
        write(here / FILE)

    told = f"resnet18: cannot get its ImageNet weights {FILE.name} ("
    return Case(name, "--space mine.py", 2, told, make, environment={"TORCH_HOME": "{here}"})


CASES = [
    _case("weights that are a page of HTML", lambda path: path.write_text("<!DOCTYPE html><html>login</html>")),
    _case("weights of 0 bytes", Path.touch),
    _case("weights cut short", _cut),
    _case("weights that are a pickle of code", lambda path: path.write_bytes(pickle.dumps({"conv1.weight": Canary()}))),
    _case("weights of another network", partial(_saved, partial(_tensors, "mobilenet_v3_large"))),
    _case("weights of another shape", partial(_saved, _flat)),
    _case("weights that are no tensors", partial(_saved, lambda: [1, 2, 3])),
]
