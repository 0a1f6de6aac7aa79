"""`python -m benchmarks.levers`: what each thing that makes a study fast gains alone, as docs/speed.md quotes it.

Knows which levers there are and in what order; each was given its expected gain before it was measured.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from benchmarks import _data, _figures, _options, _pairs
from benchmarks._levers_data import batched_augmentation, decoded_once
from benchmarks._levers_frozen import (
    cached_evaluation,
    cached_training,
    frozen_compared,
    fused_heads,
    small_checkpoints,
)
from benchmarks._levers_steps import channels_last, no_waiting, one_pass_optimizer
from benchmarks._levers_workers import reuse
from benchmarks._pairs import Row, Setting
from study.data import prepare, splits

LEVERS: tuple[Callable[[Setting], Iterator[Row]], ...] = (
    reuse,
    decoded_once,
    batched_augmentation,
    channels_last,
    cached_training,
    cached_evaluation,
    fused_heads,
    small_checkpoints,
    one_pass_optimizer,
    no_waiting,
    frozen_compared,
)
SIZE, TRACKS, FRAMES = 32, 6, 4  # of each class: about 800 images to train on, 200 to validate on


def main(argv: list[str] | None = None) -> int:
    """Print the table, a line as soon as it is measured; returns the exit code."""
    args = _arguments(argv)
    torch.set_num_threads(1)
    rows = []
    with _setting(args.repeats, args.device) as setting:
        print(_pairs.HEADER)
        for lever in LEVERS:
            for row in lever(setting) if not args.only or lever.__name__ in args.only else ():
                rows.append(row)
                print(_pairs.line(row), flush=True)
    if args.json:
        about = _figures.machine() | {"device": args.device, "load": f"{os.getloadavg()[1]:.1f} in the last 5 minutes"}
        args.json.write_text(
            json.dumps({"machine": about, "rows": list(map(as_dict, rows))}, indent=1), encoding="utf-8"
        )
    return 0


def as_dict(row: Row) -> dict[str, object]:
    """Give a row as plain values."""
    return row._asdict() | {"gain": _pairs.gains(row)}


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = _options.Parser(prog="python -m benchmarks.levers", description=__doc__)
    add, names = parser.add_argument, [lever.__name__ for lever in LEVERS]
    add("--json", type=_options.figures_file, metavar="FILE", help="write all figures there")
    add("--only", nargs="+", choices=names, metavar="LEVER", help=f"of {', '.join(names)} (default: all)")
    add("--repeats", type=_options.at_least(1), default=3, metavar="N", help="default: 3")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    args = parser.parse_args(argv)
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch sees no GPU here; name --device cpu")
    return args


@contextmanager
def _setting(repeats: int, device: str) -> Iterator[Setting]:
    """Draw the images and open them, in a folder that is deleted at the end, the store included."""
    with tempfile.TemporaryDirectory(prefix="levers-") as name:
        folder, before = Path(name), os.environ.get("STUDY_STORE")
        os.environ["STUDY_STORE"] = str(folder / "store")
        try:
            _data.write(folder / "images", TRACKS, FRAMES, SIZE)
            _data.link(folder / "links", folder / "images", SIZE, 1.0, 0)
            _data.warm(folder)
            prepared = prepare.prepare("gtsrb", folder / "images", SIZE, None)
            opened = prepare.open_data(prepared, splits.SplitOptions(), 0, 0, sealed=True)
            yield Setting(opened, folder / "links", folder, device, repeats)
        finally:
            os.environ.pop("STUDY_STORE")
            os.environ.update({"STUDY_STORE": before} if before else {})


if __name__ == "__main__":
    raise SystemExit(main())
