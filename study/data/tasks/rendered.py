"""Renders pictures into tracks of images, as stand-ins for data sets, without a network; lays them out as a montage.
Knows nothing of a picture's content. `python -m study.data.tasks.rendered OUT.png [TASK]` writes a task's montage."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from study.data.tasks import load
from study.data.tasks._drawing import Picture, draw
from study.data.tasks._scenes import frame, look_of
from study.data.types import Arrays
from study.errors import UserError
from study.seeds import stream

_SIDE = 384  # pixels at which a picture is drawn, once


def tracks(
    pictures: Sequence[Picture], count: int, frames: int, size: int, zoom: float, seed: int, split: str
) -> Arrays:
    """Render tracks of every picture, frame by frame and lazily.

    Args:
        pictures: one per class.
        count: tracks per class.
        frames: per track; the camera comes closer from the first to the last.
        size: side of the images in pixels; scenes do not depend on it.
        zoom: size of the picture in the frame; 1 fills most of it.
        seed: of all scenes; each track has its own stream.
        split: a name, so that the tracks of different splits differ.

    Returns:
        The images, their classes, and their tracks as groups.
    """
    targets = np.repeat(np.arange(len(pictures)), count * frames)
    groups = np.repeat(np.arange(len(pictures) * count), frames)
    seeds = [stream(seed, split, label, track) for label in range(len(pictures)) for track in range(count)]
    return Arrays(_Frames(pictures, count, frames, size, zoom, seeds), targets, groups)


class _Frames:
    """The images of `tracks`, rendered again in each pass."""

    def __init__(self, pictures: Sequence[Picture], count: int, frames: int, size: int, zoom: float, seeds: list[int]):
        self.plan = pictures, count, frames, size, zoom, seeds

    def __iter__(self) -> Iterator[np.ndarray]:
        pictures, count, frames, size, zoom, seeds = self.plan
        for label, picture in enumerate(pictures):
            drawn = _drawn(picture)
            for seed in seeds[label * count : (label + 1) * count]:
                yield from _track(drawn, frames, size, zoom, np.random.default_rng(seed))


def _drawn(picture: Picture) -> list[Image.Image]:
    """Draw a picture once, and halve it repeatedly, so that a small frame starts from a small drawing."""
    drawn = [draw(picture, 2 * _SIDE).reduce(2)]
    while drawn[-1].width > 48:
        drawn.append(drawn[-1].reduce(2))
    return drawn


def _track(
    drawn: list[Image.Image], frames: int, size: int, zoom: float, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    look = look_of(rng, zoom)
    for step in range(frames):
        yield frame(drawn, look, step / max(1, frames - 1), size, rng)


def montage(images: Sequence[np.ndarray], columns: int, gap: int = 4) -> Image.Image:
    """Lay out images of one size in rows.

    Args:
        images: (size, size, 3) uint8 each.
        columns: of the montage.
        gap: white pixels between images.
    """
    step = images[0].shape[0] + gap
    sheet = Image.new("RGB", (columns * step - gap, -(-len(images) // columns) * step - gap), "white")
    for number, image in enumerate(images):
        sheet.paste(Image.fromarray(image), (number % columns * step, number // columns * step))
    return sheet


def show(task: str, size: int = 64) -> Image.Image:
    """Lay out a task's stand-in: images of each class, in three rows or one per class, then the frames of a track.

    If images have several labels, the first three rows of images are laid out.
    """
    module = load(task)
    arrays = module.stand_in(size, module.CROPS[0]).splits["train"]
    images, columns = list(arrays.images), 15
    if arrays.targets.ndim == 2:
        return montage(images[: 3 * columns], columns)
    lasts = [
        np.flatnonzero(np.diff(arrays.groups, append=-1) * (arrays.targets == label))
        for label in np.unique(arrays.targets)
    ]
    per_class = max(1, 3 * columns // len(lasts))
    classes = [
        images[rows[(7 * (label + n)) % len(rows)]] for label, rows in enumerate(lasts) for n in range(per_class)
    ]
    blank = np.full((size, size, 3), 255, np.uint8)
    first = lasts[len(lasts) // 3][0]
    track = np.flatnonzero(arrays.groups == arrays.groups[first])
    rows = [*classes, *[blank] * (-len(classes) % columns)]
    return montage([*rows, *(images[row] for row in track if len(track) > 1)], columns)


def main(arguments: list[str]) -> int:
    """Write a task's montage; returns the exit code."""
    if len(arguments) not in (1, 2):
        print("usage: python -m study.data.tasks.rendered OUT.png [TASK]", file=sys.stderr)
        return 2
    try:
        show(arguments[1] if arguments[1:] else "gtsrb").save(Path(arguments[0]), optimize=True)
    except (UserError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
