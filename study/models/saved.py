"""Saves and loads trained networks: the tensors as safetensors, and a card with all that is needed to use them."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from study.models import cards, families, fixed_heads, heads, own_family
from study.models.cards import CARD, MODEL, Card, EarlierTask, NewCard
from study.models.input_contract import channels
from study.models.net import Net, set_batchnorm
from study.space.config import Config, config
from study.storage import checksums, durable, reading

if TYPE_CHECKING:
    from study.models.earlier import Earlier

HEAD, STAGES = "head.", "stages."


def save(folder: Path, tensors: dict[str, torch.Tensor], card: NewCard, earlier: Sequence["Earlier"] = ()) -> None:
    """Write `model.safetensors`, `card.json` and a file for each earlier task; the folder appears whole or not at all.

    Args:
        folder: replaced if it exists.
        tensors: the network's state.
        card: plain values: configuration, classes, source labels, the training data, scores.
        earlier: tasks that the network had learnt before, in order; their heads and BatchNorm buffers are saved too.
    """
    files = [f"earlier-{number}.safetensors" for number in range(len(earlier))]
    whole = {**card, "earlier": [_description(task, file) for task, file in zip(earlier, files, strict=True)]}

    def fill(making: Path) -> None:
        save_file(tensors, making / MODEL)
        for task, file in zip(earlier, files, strict=True):
            head = {f"{HEAD}{name}": tensor for name, tensor in task.head().state_dict().items()}
            save_file(head | {f"{STAGES}{name}": tensor for name, tensor in task.batchnorm().items()}, making / file)
        (making / CARD).write_text(
            json.dumps(checksums.sealed(whole, making), indent=1, ensure_ascii=False), encoding="utf-8"
        )

    durable.write_folder(folder, fill)


def _description(earlier: "Earlier", file: str) -> EarlierTask:
    """Describe an earlier task for the card."""
    data = earlier.data
    return {
        "task": data.task,
        "classes": list(data.classes),
        "head": earlier.config.head,
        "file": file,
        **cards.image_card(earlier.config, data, *channels(earlier.config, families.of(earlier.config), data)),
    }


def load(folder: Path | str, task: str | None = None, own_batchnorm: bool = False) -> tuple[Net, Card]:
    """Rebuild a saved network in eval mode; no code is read from the folder.

    Args:
        folder: `results/<study>/models/<trial>`.
        task: an earlier task of the network, whose head is used; None is the task that it was trained on last.
        own_batchnorm: restores the BatchNorm buffers of the time when that earlier task had been learnt.

    Returns:
        The network, which takes (batch, 3, size, size) images, prepared as the card says (see `cards.image_card`),
        and the card. The first len(card["classes"]) outputs are the classes. For an earlier task, the card describes
        that task, its classes and its images.

    Raises:
        UserError: there is no card in the folder, or the network had learnt no such task before.
        study.errors.Damaged: a file is not what was written; names the file.
    """
    folder = Path(folder)
    card = cards.read(folder)
    with own_family.resolved(card, folder):
        return _loaded(folder, card, task, own_batchnorm)


def _loaded(folder: Path, card: Card, task: str | None, own_batchnorm: bool) -> tuple[Net, Card]:
    with cards.refusing(folder / CARD, ValueError, TypeError, KeyError, AttributeError, RuntimeError, IndexError):
        _check_head(card, folder / MODEL)
        net = _built(card)
    with _refusing(folder / MODEL):
        net.load_state_dict(_tensors(folder / MODEL, net.state_dict()))
    if task is not None:
        description = cards.earlier(card, folder, task)
        _set_head(net, config(card["config"]), folder=folder, description=description, own_batchnorm=own_batchnorm)
        card = {**card, **description}
    return net.eval(), card


def _built(card: Card) -> Net:
    """Build the network that a card describes; its tensors are still to be loaded."""
    values, classes = config(card["config"]), card["classes"]
    options = families.options_from(values.family, vars(values))
    outputs, head = values.head_classes or len(classes), values.head
    if values.regime in ("zero_shot", "prototype"):
        outputs, head = len(classes), "linear"
    net = families.build(values.family, "none", outputs, values.dropout, head=head, **options)
    if values.regime == "zero_shot":
        family = families.load(values.family, **options)
        source = nn.Linear(family.features, family.source_classes or 0)
        labels = card["source_labels"].get(families.published(values.weights), {})
        net.head, _ = fixed_heads.source_head(source, classes, labels, values.head_classes)
    set_batchnorm(net, values.batchnorm_momentum, values.batchnorm_epsilon)
    return net.lay_out("cpu", families.load(values.family, **options).contiguous)


def _check_head(card: Card, file: Path) -> None:
    """Refuse a head that is larger than the file of its weights, before memory for it is allocated."""
    values = config(card["config"])
    features = families.of(values).features
    sizes = [features, *heads.widths(values.head), values.head_classes or len(card["classes"])]
    numbers = sum(before * after for before, after in pairwise(sizes))
    if values.regime not in ("zero_shot", "prototype") and 4 * numbers > file.stat().st_size:
        raise ValueError(f"head {values.head} of {sizes[-1]} outputs has more numbers than {MODEL} has room for")


def _tensors(file: Path, expected: Mapping[str, torch.Tensor] | None = None) -> dict[str, torch.Tensor]:
    """Read a file's tensors, which must be finite.

    Args:
        file: of safetensors.
        expected: tensors whose names, shapes and dtypes the file must have; None allows any. Names and shapes are
            checked before a tensor is read.

    Raises:
        ValueError: names the tensor that is something else.
    """
    with reading.open_regular(file):
        pass
    with safe_open(file, "pt") as opened:
        names = sorted(opened.keys())
        if expected is not None:
            shapes = {name: tuple(opened.get_slice(name).get_shape()) for name in names}
            needed = {name: tuple(tensor.shape) for name, tensor in expected.items()}
            for name in sorted(shapes.keys() | needed.keys()):
                if shapes.get(name) != needed.get(name):
                    raise ValueError(f"{name} is {_shape(shapes.get(name))} and must be {_shape(needed.get(name))}")
        tensors = {name: opened.get_tensor(name) for name in names}
    for name, tensor in tensors.items():
        if expected is not None and tensor.dtype != expected[name].dtype:
            raise ValueError(f"{name} is of {tensor.dtype} and must be of {expected[name].dtype}")
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ValueError(f"{name} has numbers that are not finite")
    return tensors


def _shape(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else "x".join(map(str, shape)) or "one number"


def _set_head(net: Net, values: Config, *, folder: Path, description: EarlierTask, own_batchnorm: bool) -> None:
    """Give a network the head of an earlier task."""
    file = folder / description["file"]
    with _refusing(file):
        tensors = _tensors(file)
        sizes = [tensor.shape[0] for name, tensor in tensors.items() if name.startswith(HEAD) and tensor.ndim == 2]
        if sorted(sizes) != sorted([*heads.widths(description["head"]), len(description["classes"])]):
            raise ValueError(f"its head is not the one that {CARD} describes")
        net.head = heads.make(description["head"], families.of(values).features, len(description["classes"]))
        net.head.load_state_dict(_below(HEAD, tensors))
        if own_batchnorm:
            net.stages.load_state_dict(_below(STAGES, tensors), strict=False)


def _refusing(file: Path) -> contextlib.AbstractContextManager[None]:
    return cards.refusing(file, SafetensorError, FileNotFoundError, RuntimeError, ValueError, TypeError, KeyError)


def _below(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
