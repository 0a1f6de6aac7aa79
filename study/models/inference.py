"""Pictures in, probabilities out: decodes files as training's were, a batch at a time, and runs a network on them.

Knows nothing of studies, or of how answers are shown.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from study.data import images as decoding
from study.data.device_split import BATCH, Feed
from study.models.net import Net

Answer = tuple[str, np.ndarray | str]
"""A path, and (outputs,) float64 probabilities; or what is wrong with the file."""


def predict(
    net: Net,
    card: Mapping[str, Any],
    paths: Iterable[str],
    device: str = "cpu",
    note: Callable[[str], object] = lambda text: None,
) -> Iterator[Answer]:
    """Predict files one batch after the other; no more than one batch, and one picture of full size, is in memory.

    Args:
        net: of `study.models.load`; is moved to the device.
        card: its card: what is done to a picture first, and how many labels it may have.
        paths: of files.
        device: of torch.
        note: called with a path and what is odd about its file.

    Yields:
        An answer for each path, in their order. Probabilities sum to one where an image has one label; where it may
        have several, each is its label's own.
    """
    net.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    side, square = card["image_size"], card["crop"] == "centre"
    for some in _batches(paths, BATCH["cpu"]):
        found = [decoding.decode(path, square, side, note) for path in some]
        images = [each for each in found if not isinstance(each, str)]
        given = iter(_probabilities(net, card, images, device) if images else ())
        for path, each in zip(some, found, strict=True):
            yield path, each if isinstance(each, str) else next(given)


def outputs(net: Net, card: Mapping[str, Any]) -> int:
    """Count a network's outputs: with padded labels there are more than classes."""
    side = card["upsample"] or card["image_size"]
    with torch.inference_mode():
        return net(torch.zeros(1, 3, side, side)).shape[1]


def _batches(paths: Iterable[str], count: int) -> Iterator[list[str]]:
    some: list[str] = []
    for path in paths:
        some.append(path)
        if len(some) == count:
            yield some
            some = []
    if some:
        yield some


def _probabilities(net: Net, card: Mapping[str, Any], images: Sequence[np.ndarray], device: str) -> np.ndarray:
    """Give (images, outputs) float64."""
    pixels = torch.from_numpy(np.stack(images)).to(device)
    mean, std = (torch.tensor(card[name], device=device).view(1, 3, 1, 1) for name in ("mean", "std"))
    rows = torch.arange(len(images), device=device)
    feed = Feed(pixels, rows, torch.zeros_like(rows), mean, std, card["upsample"], card["colour"] == "grey")
    exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)  # the same on every device
    with torch.inference_mode(), exact:
        logits = net.eval()(feed.normalized(feed.pixels(slice(0, len(images))))).cpu().double()
    return (logits.softmax(1) if card["labels_per_image"] == "one" else logits.sigmoid()).numpy()
