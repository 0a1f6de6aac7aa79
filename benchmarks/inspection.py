"""`python -m benchmarks.inspection`: how long does the inspection of many images take, first, resumed and again?

It draws small JPEG files in two classes, kills an inspection in the middle of the scan, resumes it, inspects once more,
and once more with one file changed. docs/own-data.md has the figures.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks import _markdown, _options, _process
from study.storage import store

HOURS = 6 * 3600.0
_KINDS = ("cat", "dog")


class Figures(NamedTuple):
    """Of one inspection."""

    what: str
    seconds: float
    memory: int
    """Bytes, at most at one time."""
    scanned: int
    """Images whose files were opened and whose results were stored."""
    near: int
    """Pairs of near copies."""


def draw(folder: Path, count: int, side: int) -> None:
    """Draw pictures of coarse and fine noise, of which no two are alike."""
    for number in range(count):
        path = folder / "train" / _KINDS[number % 2] / f"{number // 2:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        _picture(number, side).save(path, quality=90)


def _picture(seed: int, side: int) -> Image.Image:
    random = np.random.default_rng(seed)
    layers = [
        Image.fromarray(random.integers(0, 256, (cells, cells, 3), np.uint8)).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        for cells in (4, 8, 16)
    ]
    return Image.blend(Image.blend(layers[0], layers[1], 0.5), layers[2], 0.33)


def stored(place: Path) -> int:
    """Count the images whose scans are in a store."""
    entries = (store.whole(manifest.parent) for manifest in (place / "looks").glob(f"*/{store.MANIFEST}"))
    return sum(entry.meta["images"] for entry in entries if entry)


def inspect(what: str, data: Path, place: Path, timeout: float = HOURS) -> Figures:
    """Inspect in a process of its own, which is killed after `timeout` seconds."""
    log, before = place.with_suffix(".log"), stored(place)
    command = [sys.executable, "-m", "benchmarks._inspect", str(data)]
    run = _process.run(command, Path.cwd(), {"STUDY_STORE": str(place)}, log, timeout)
    if run.code not in (0, -9):
        sys.exit(f"benchmarks.inspection: {what} ended with code {run.code}: {log.read_text()[-500:]}")
    near = 0 if run.code else json.loads(log.read_text().splitlines()[-1])["near"]
    figures = Figures(what, run.end - run.start, run.memory, stored(place) - before, near)
    print(f"{what}: {figures.seconds:.1f} s, {figures.memory / 1e6:,.0f} MB", file=sys.stderr, flush=True)
    return figures


def measure(folder: Path, count: int, side: int, kill: float) -> list[Figures]:
    """Draw the images and inspect them.

    Args:
        folder: gets the images and the store.
        count: of images.
        side: of each image, pixels.
        kill: seconds after which the first inspection is killed.
    """
    data, place = folder / "images", folder / "store"
    draw(data, count, side)
    figures = [
        inspect(f"killed (SIGKILL) after {kill:g} s", data, place, kill),
        inspect("resumed", data, place),
        inspect("again", data, place),
    ]
    _picture(count, side).save(data / "train/cat/000000.jpg", quality=90)
    return [*figures, inspect("again, one file changed", data, place)]


def report(figures: list[Figures], count: int) -> str:
    """Write the table."""
    rows = [
        [
            each.what,
            f"{each.seconds:.1f}",
            f"{10_000 * each.seconds / count:.2f}",
            f"{each.scanned:,}",
            f"{each.memory / 1e6:,.0f}",
            f"{each.near:,}",
        ]
        for each in figures
    ]
    return _markdown.table(["inspection", "seconds", "per 10,000", "scanned", "MB at most", "pairs"], rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = _options.Parser(prog="python -m benchmarks.inspection", description=__doc__)
    parser.add_argument("--images", type=_options.at_least(2), default=100_000)
    parser.add_argument("--side", type=_options.at_least(16), default=64, help="pixels")
    parser.add_argument("--kill", type=_options.at_least(1), default=40, help="seconds")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="inspection-"))
    try:
        print(report(measure(folder, options.images, options.side, options.kill), options.images))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
