"""Levers of `benchmarks.levers` on the way from a file to a batch: decoded once, augmented a batch at a time.

Knows no network.
"""

from collections.abc import Callable, Iterator

import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks import _peer
from benchmarks._pairs import RATE, Row, Setting, Ways, compare, seconds
from study.data import augment
from study.data.device_split import Feed, feed

BATCH, LEAST = 64, 0.3
HALF = (0.5, 0.5, 0.5)
"""Mean and std of efficientnet_lite0's input."""


def decoded_once(setting: Setting) -> Iterator[Row]:
    """Memory-mapped arrays that stay on the device, against decoding every file in every epoch."""
    shown = _feed(setting)
    plain = transforms.Compose([transforms.ToTensor(), transforms.Normalize(HALF, HALF)])
    loader = DataLoader(ImageFolder(setting.links / "train", plain), batch_size=BATCH, shuffle=True)

    def ours() -> None:
        for rows in torch.randperm(len(shown.rows)).to(setting.device).split(BATCH):
            shown.normalized(shown.pixels(rows)), shown.targets[rows]

    def theirs() -> None:
        for images, targets in loader:
            images.to(setting.device), targets.to(setting.device)

    expected = "5.9×: 3,000 → 17,700 images per CPU s (prototypes)"
    yield compare("data decoded once", expected, RATE, _rates(setting, ours, theirs), setting.repeats)


def batched_augmentation(setting: Setting) -> Iterator[Row]:
    """One map for a whole batch of tensors, against PIL's image after image, both from memory."""
    shown, ranges = _feed(setting), setting.opened.augment
    change = transforms.Compose([*_peer.changes(ranges), transforms.ToTensor()])
    pictures = [Image.fromarray(setting.opened.train.images[row]) for row in setting.opened.train.index]
    generator = torch.Generator().manual_seed(0)

    def ours() -> None:
        draws = augment.draw(len(shown.rows), generator).to(setting.device)
        for rows in torch.randperm(len(shown.rows)).to(setting.device).split(BATCH):
            augment.augment(shown.pixels(rows), draws[rows], ranges, 1.0)

    def theirs() -> None:
        for rows in torch.randperm(len(pictures)).split(BATCH):
            torch.stack([change(pictures[row]) for row in rows.tolist()]).to(setting.device)

    expected = "2.6×: 4,300 → 11,300 images per CPU s (prototypes)"
    yield compare("augmentation batched", expected, RATE, _rates(setting, ours, theirs), setting.repeats)


def _feed(setting: Setting) -> Feed:
    return feed(setting.opened.train, f"{setting.opened.key}/train", setting.device, HALF, HALF)


def _rates(setting: Setting, ours: Callable[[], None], theirs: Callable[[], None]) -> Ways:
    """Turn epochs into what measures their images a second, each tried once before."""
    count = len(setting.opened.train.index)
    ours()
    theirs()
    return (
        lambda: count / seconds(ours, setting.device, LEAST),
        lambda: count / seconds(theirs, setting.device, LEAST),
    )
