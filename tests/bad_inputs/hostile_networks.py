"""Networks of somebody else's study whose checksums fit, and that no study has kept. Knows no studies."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.bad_inputs import data, results
from tests.bad_inputs.case import Case
from tests.bad_inputs.hostile import HUGE, put


class Network(NamedTuple):
    """What is changed of a saved network, whose checksums fit."""

    card: Callable[[dict[str, Any]], object] = lambda card: None
    tensors: Callable[[dict[str, Any]], object] = lambda tensors: None
    raw: Callable[[Path], object] = lambda folder: None
    """Changes the folder afterwards."""

    def __call__(self, here: Path) -> None:
        """Write it, and a picture to be shown to it."""
        import torch
        from safetensors.torch import save_file

        from study.models import families
        from study.storage import checksums

        data.picture(here / "picture.png", 0)
        folder = here / "out" / "models" / "c000-r000"
        folder.mkdir(parents=True)
        torch.manual_seed(0)
        tensors = dict(families.build("small_cnn", "none", 2).state_dict())
        card = results.NETWORK | {"config": {"task": "pets", "image_size": 16}, "image_size": 16}
        self.tensors(tensors)
        save_file(tensors, folder / "model.safetensors")
        self.card(card)
        (folder / "card.json").write_text(json.dumps(checksums.sealed(card, folder)))
        self.raw(folder)


def _spoil(value: float) -> Callable[[dict[str, Any]], None]:
    def change(tensors: dict[str, Any]) -> None:
        tensors["head.weight"][0, 0] = value

    return change


def _own(kind: str) -> Network:
    """A network whose card names a file as its family or task, which is not to be run."""
    evil = "from pathlib import Path\nPath('ran').write_text('')\n"
    return Network(
        put("config", kind, value="./evil.py"), raw=lambda folder: (folder.parents[2] / "evil.py").write_text(evil)
    )


def _larger(tensors: dict[str, Any]) -> None:
    """Numbers that are finite, and what they come to is not."""
    for tensor in tensors.values():
        if tensor.ndim == 4:
            tensor *= 1e30


def _header(folder: Path) -> None:
    """Promise terabytes in the header of a file of 1 MB; the card knows this file."""
    import struct

    from study.storage import checksums

    about = json.dumps({"head.weight": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(about)) + about + bytes(2**20))
    card = {name: value for name, value in json.loads((folder / "card.json").read_text()).items() if name != "sum"}
    (folder / "card.json").write_text(json.dumps(checksums.sealed(card, folder)))


def _pipe(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")


def _raw_card(text: str) -> Network:
    return Network(raw=lambda folder: (folder / "card.json").write_text(text))


CARD, MODEL = "card.json: is not what was written (", "model.safetensors: is not what was written ("
NETWORKS: dict[str, tuple[Network, str]] = {
    "whose card is a list": (_raw_card("[1]"), CARD),
    "whose card is 200,000 brackets": (_raw_card("[" * 200_000), f"{CARD}it is nested more than 128 deep)"),
    "whose card has NaN": (_raw_card('{"config": {"lr": NaN}}'), f"{CARD}it has NaN, which is no number)"),
    "whose card has a key twice": (_raw_card('{"a": 1, "a": 2}'), f"{CARD}it has the key 'a' twice)"),
    "whose card is a pipe": (
        Network(raw=lambda folder: ((folder / "card.json").unlink(), os.mkfifo(folder / "card.json"))),
        "card.json: is no regular file",
    ),
    "of images of a billion pixels": (Network(put("image_size", value=10**9)), f"{CARD}image_size 1000000000 is outs"),
    "of images of 401 digits": (Network(put("image_size", value=HUGE)), f"{CARD}it has a number of 401 digits)"),
    "enlarged to a billion pixels": (Network(put("upsample", value=10**9)), f"{CARD}upsample 1000000000 is outside"),
    "whose classes are numbers": (Network(put("classes", value=[1, 2])), f"{CARD}classes [1, 2] must be a list of na"),
    "with a class too many": (Network(put("classes", value=["a", "b", "c"])), f"{MODEL}head.bias is 2 and must be 3"),
    "with a billion outputs": (
        Network(put("config", "head_classes", value=10**9)),
        f"{CARD}head_classes 1000000000 must be a number from 2",
    ),
    "with fewer outputs than classes": (
        Network(put("config", "head_classes", value=1)),
        f"{CARD}head_classes 1 must be a number from 2",
    ),
    "with a head of billions": (
        Network(put("config", "head", value="9999-9999")),
        f"{CARD}head 9999-9999 of 2 outputs has more numbers",
    ),
    "with dropout of 5": (Network(put("config", "dropout", value=5.0)), CARD),
    "with a mean of two": (Network(put("mean", value=[0.5, 0.5])), f"{CARD}mean [0.5, 0.5] must be three numbers)"),
    "with a mean beyond numbers": (Network(put("mean", value=[0.5, 0.5, 1e300])), f"{CARD}mean [0.5, 0.5, 1e+300] mu"),
    "with std 0": (Network(put("std", value=[0.5, 0.5, 0])), f"{CARD}std [0.5, 0.5, 0] must be three numbers above 0)"),
    "with std near 0": (Network(put("std", value=[0.5, 0.5, 1e-300])), f"{CARD}std [0.5, 0.5, 1e-300] must be three"),
    "with files elsewhere": (
        Network(raw=lambda folder: (folder / "card.json").write_text(_elsewhere(folder))),
        f"{CARD}files must be a tab",
    ),
    "of a family in a file": (_own("family"), "does not say by which code family ./evil.py was made"),
    "of a task in a file": (_own("task"), f"{CARD}no 'crop')"),
    "of NaN": (Network(tensors=_spoil(float("nan"))), f"{MODEL}head.weight has numbers that are not finite)"),
    "of infinity": (Network(tensors=_spoil(float("inf"))), f"{MODEL}head.weight has numbers that are not finite)"),
    "whose answers overflow": (
        Network(tensors=_larger),
        "model.safetensors: answers picture.png with what is no numbe",
    ),
    "of another type": (
        Network(tensors=lambda found: found.update({"head.bias": found["head.bias"].double()})),
        f"{MODEL}head.bias is of torch.float64 and must be of torch.float32)",
    ),
    "without a tensor": (Network(tensors=lambda found: found.pop("head.bias")), f"{MODEL}head.bias is missing and mu"),
    "that promises terabytes": (Network(raw=_header), MODEL),
    "that is a pipe": (Network(raw=_pipe), "model.safetensors: is no"),
}
"""What is wrong with a network whose checksums fit → what is said of it."""


def _elsewhere(folder: Path) -> str:
    from study.storage import checksums

    card = json.loads((folder / "card.json").read_text()) | {"files": {"../../../picture.png": "0"}}
    return json.dumps(card | {"sum": checksums._sum(card)})


CASES = [
    Case(f"a network {name}", "out/models/c000-r000 picture.png", 4, said, make, "study.predict")
    for name, (make, said) in NETWORKS.items()
]
