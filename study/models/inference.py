"""Images in, probabilities out: decodes files as for training, a batch at a time, and runs a network on them."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch

from study.data import images as decoding
from study.data.device_split import BATCH, Feed
from study.models.cards import ImageCard
from study.models.net import Net

Answer = tuple[str, np.ndarray | str]
"""A path, and (outputs,) float64 probabilities or a message about what is wrong with the file."""


def predict(
    net: Net,
    card: ImageCard,
    paths: Iterable[str],
    device: str = "cpu",
    note: Callable[[str], object] = lambda text: None,
) -> Iterator[Answer]:
    """Predict files one batch after the other; at most one batch and one full-size image are in memory.

    Args:
        net: from `study.models.load`; it is moved to the device.
        card: its card, which says how an image is prepared and how many labels it may have.
        paths: image files.
        device: torch's name of it.
        note: called with a line for each file that is odd but readable; the line names the file.

    Yields:
        An answer for each path, in order. Probabilities sum to one if images have one label each; otherwise each label
        has an independent probability.
    """
    net.lay_out(device, net.contiguous)
    side, square = card["image_size"], card["crop"] == "centre"
    for batch in _batches(paths, BATCH["cpu"]):
        decoded = [decoding.decode(path, square, side, note) for path in batch]
        images = [image for image in decoded if not isinstance(image, str)]
        probabilities = iter(_probabilities(net, card, images, device) if images else ())
        for path, image in zip(batch, decoded, strict=True):
            yield path, image if isinstance(image, str) else next(probabilities)


def outputs(net: Net, card: ImageCard) -> int:
    """Count a network's outputs; with padded labels there are more than classes."""
    side = card["upsample"] or card["image_size"]
    with torch.inference_mode():
        return net(torch.zeros(1, 3, side, side)).shape[1]


def _batches(paths: Iterable[str], count: int) -> Iterator[list[str]]:
    batch: list[str] = []
    for path in paths:
        batch.append(path)
        if len(batch) == count:
            yield batch
            batch = []
    if batch:
        yield batch


def _probabilities(net: Net, card: ImageCard, images: Sequence[np.ndarray], device: str) -> np.ndarray:
    """Run the network on decoded images; gives (images, outputs) float64."""
    pixels = torch.from_numpy(np.stack(images)).to(device)
    mean, std = (torch.tensor(card[name], device=device).view(1, 3, 1, 1) for name in ("mean", "std"))
    rows = torch.arange(len(images), device=device)
    feed = Feed(pixels, rows, torch.zeros_like(rows), mean, std, card["upsample"], card["colour"] == "grey")
    exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)  # the same on every device
    with torch.inference_mode(), exact:
        logits = net.eval()(feed.normalized(feed.pixels(slice(0, len(images))))).cpu().double()
    return (logits.softmax(1) if card["labels_per_image"] == "one" else logits.sigmoid()).numpy()
